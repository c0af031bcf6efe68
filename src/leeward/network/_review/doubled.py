"""How often reviewers err, from subjects that several looked at.

By expectation and maximisation over the unknown truths (Dawid and Skene, "Maximum likelihood
estimation of observer error-rates using the EM algorithm", 1979). The few answers of one reviewer
are drawn towards the rates of all, and those of all towards a prior: beta priors, as in Raykar et
al., "Learning from crowds" (2010). What was thought of a subject before stands in the likelihood
as log-odds ``a + b x``; the line is estimated with the rates, under the normal priors
``a ~ N(0, 2)`` and ``b ~ N(1, 0.5)``, since a model that is off would be taken for reviewers who
err.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.network._review.answers import LEAST, checked
from leeward.network._review.reviewers import ErrorRate, ReviewErrors

if TYPE_CHECKING:
    from leeward.network._review.answers import Answers
    from leeward.network._statistics.binomial import Doubles, Int64

__all__ = ["Reviewers", "reviewers"]

_MOST: Final = 0.49
_ROUNDS: Final = 1_000
_ENOUGH: Final = 1e-8
_WORTH: Final = 0.02
"""The least share of an answer that counts towards the bounds, where answers tell nothing."""
_STEP: Final = 0.05
"""Of the differences that curvature is taken from, in log-odds."""
_LINE: Final = np.array([0.0, 1.0])
_LINE_PRECISION: Final = np.array([2.0**-2, 0.5**-2])


class Reviewers(Struct, frozen=True):
    """How often reviewers err.

    Attributes:
        everyone: Of all together.
        each: Of each reviewer.
        belongs: (subjects) The probability that each belongs, given all answers.
        settled: Whether the rounds came to rest.
    """

    everyone: ReviewErrors
    each: tuple[ReviewErrors, ...]
    belongs: Doubles
    settled: bool


class _Case(NamedTuple):
    """What is given.

    Attributes:
        x: (subjects) The log-odds before any answer.
        answers: The answers.
        truth: (subjects) 1, 0, or -1 where it is not known.
        guessed: (subjects) 1 where there are answers and the truth is not known, or 0.
    """

    x: Doubles
    answers: Answers
    truth: Int64
    guessed: Doubles

    def prior(self, line: Doubles) -> Doubles:
        """(subjects) Log-odds before any answer; beyond doubt where the truth is known."""
        sure = np.where(self.truth == 1, 500.0, -500.0)
        return np.where(self.truth < 0, line[0] + line[1] * self.x, sure)

    def belongs(self, line: Doubles, rates: Doubles) -> Doubles:
        """(subjects) The probability that each belongs, given the (people, 2) rates."""
        said_yes = np.log((1 - rates[:, 1]) / rates[:, 0])
        said_no = np.log(rates[:, 1] / (1 - rates[:, 0]))
        by = self.answers.reviewer
        weight = np.where(self.answers.yes, said_yes[by], said_no[by])
        after = self.prior(line) + np.bincount(self.answers.subject, weight, len(self.x))
        return _chances(after)

    def counts(self, belongs: Doubles, people: int) -> Doubles:
        """(people, 2, 2) The expected answers, wrong and right, of strangers and of members."""
        p, yes = belongs[self.answers.subject], self.answers.yes
        parts = [[(1 - p) * yes, (1 - p) * ~yes], [p * ~yes, p * yes]]
        rows = [[np.bincount(self.answers.reviewer, one, people) for one in of] for of in parts]
        return np.array(rows).transpose(2, 0, 1)

    def moved(self, line: Doubles, belongs: Doubles) -> Doubles:
        """The line after a step of Newton's towards what is thought of the subjects."""
        design = np.stack((np.ones(len(self.x)), self.x))
        p = _chances(line @ design)
        gradient = design @ (self.guessed * (belongs - p)) - _LINE_PRECISION * (line - _LINE)
        curvature = (design * (self.guessed * p * (1 - p))) @ design.T + np.diag(_LINE_PRECISION)
        return np.asarray(line + np.linalg.solve(curvature, gradient))

    def log_likelihood(self, line: Doubles, rate: Doubles) -> float:
        """Of all that was said, if everybody errs at the same rates."""
        yes = self.answers.yes
        member = np.where(yes, np.log1p(-rate[1]), np.log(rate[1]))
        stranger = np.where(yes, np.log(rate[0]), np.log1p(-rate[0]))
        x = self.prior(line)
        said = [np.bincount(self.answers.subject, one, len(x)) for one in (member, stranger)]
        both = np.logaddexp(said[0] - np.logaddexp(0, -x), said[1] - np.logaddexp(0, x))
        return float(both.sum())


def reviewers(
    log_odds: Doubles,
    answers: Answers,
    people: int,
    *,
    known: Int64 | None = None,
    mean: float = 0.02,
    weight: float = 20.0,
    likeness: float = 50.0,
) -> Reviewers:
    """Estimate how often reviewers err from what they say of the same subjects.

    Subjects with one answer and no known truth tell next to nothing of errors and do no harm.

    The bounds come from beta laws around the rates. A truth that is guessed tells less than one
    that is known: of the expected counts only the share is taken that is known of them, the
    curvature of the likelihood of what was said beside that of the likelihood if the truths were
    known as well (Louis, "Finding the observed information matrix when using the EM algorithm",
    1982), at the rates of all.

    Args:
        log_odds: (subjects) What is thought of each before any answer; zeros where nothing is.
        answers: The answers; of one person about one subject the last counts.
        people: How many reviewers there are.
        known: (subjects) 1 for those known to belong, 0 for those known not to, -1 for all others.
        mean: The rate of errors that is expected before any answer.
        weight: As many answers is that worth, for all reviewers together.
        likeness: As many answers of a reviewer's own are worth as much as the rates of all.

    Raises:
        UsageError: An answer is about no subject, or by nobody.
    """
    answers = checked(answers, len(log_odds), people).last()
    truth = np.full(len(log_odds), -1) if known is None else known
    asked = np.bincount(answers.subject, minlength=len(log_odds)) > 0
    case = _Case(log_odds, answers, truth, (asked & (truth < 0)).astype(np.float64))
    line, rates, shared = _LINE, np.full((people, 2), mean), np.full(2, mean)
    belongs, settled = case.belongs(line, rates), False
    counts = case.counts(belongs, people)
    for _ in range(_ROUNDS):
        wrong, total = counts[:, :, 0], counts.sum(axis=2)
        shared = (wrong.sum(axis=0) + weight * mean) / (total.sum(axis=0) + weight)
        shared = np.clip(shared, LEAST, _MOST)
        new = np.clip((wrong + likeness * shared) / (total + likeness), LEAST, _MOST)
        moved = case.moved(line, belongs)
        change = max(np.abs(new - rates).max(initial=0), np.abs(moved - line).max())
        rates, line = new, moved
        belongs = case.belongs(line, rates)
        counts = case.counts(belongs, people)
        settled = bool(change < _ENOUGH)
        if settled:
            break
    size = counts.sum(axis=(0, 2)) + weight
    told = _told(case, line, shared, size, np.array([weight * mean, weight * (1 - mean)]))
    each = tuple(
        _errors(rate, told * (own + likeness))
        for rate, own in zip(rates, counts.sum(axis=2), strict=True)
    )
    return Reviewers(_errors(shared, told * size), each, belongs, settled)


def _chances(log_odds: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -500.0, 500.0))))


def _errors(rate: Doubles, worth: Doubles) -> ReviewErrors:
    """Rates that are worth as many answers of known truth."""
    yes, no = (
        ErrorRate.counted(f * n, (1 - f) * n, weight=0.0)
        for f, n in zip(rate.tolist(), worth.tolist(), strict=True)
    )
    return ReviewErrors(yes, no)


def _told(case: _Case, line: Doubles, rate: Doubles, size: Doubles, prior: Doubles) -> Doubles:
    """How much of what known truths would tell of each rate the answers alone tell."""

    def height(at: Doubles) -> float:
        """The logarithm of the posterior of the line and of the rates' log-odds."""
        f = _chances(at[2:])
        beta = (prior[0] * np.log(f) + prior[1] * np.log1p(-f)).sum()
        normal = _LINE_PRECISION @ (at[:2] - _LINE) ** 2 / 2
        return case.log_likelihood(at[:2], f) + float(beta - normal)

    top = np.concatenate((line, np.log(rate / (1 - rate))))
    steps = _STEP * np.eye(len(top))
    corners = [
        [
            height(top + a + b) - height(top + a - b) - height(top - a + b) + height(top - a - b)
            for b in steps
        ]
        for a in steps
    ]
    curvature = -np.array(corners) / (4 * _STEP**2)
    # The curvature of one rate when all the others are unknown is what its variance inverts to.
    variance = np.linalg.pinv(curvature, hermitian=True).diagonal()[2:]
    share = 1 / np.maximum(variance, _ENOUGH) / (size * rate * (1 - rate))
    return np.asarray(np.where(variance > 0, np.clip(share, _WORTH, 1.0), _WORTH))
