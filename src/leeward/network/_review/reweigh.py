"""Weigh what is known of accounts anew, by what people answered about some of them.

A score adds its evidence up as its model assumes. Some hundred answers show where that is wrong:
who argues may score as high as who belongs. So the log-odds ``x`` of an account are corrected by a
line in ``x`` and in its signs ``z``, each with mean 0 and standard deviation 1 among the highest:

    x + a + b x' + sum_j c_j z_j,      a ~ N(0, 1), b ~ N(0, 0.5), c_j ~ N(0, t)

(logistic regression with an offset; scores that are learned on top of others: Wolpert, "Stacked
generalization", 1992). Reviewers' errors stand in the likelihood: an answer is "yes" with chance
``(1 - false_no) p + false_yes (1 - p)``.

How far signs may move anything, ``t``, is not chosen but weighed: each of some values counts by the
evidence of the answers for it, after Laplace (MacKay, "The evidence framework applied to
classification networks", 1992). Where answers show nothing of signs the smallest prevails, and
the scores stay what they were. Probabilities are averaged over what is not known of the weights
(the same, "moderated outputs": the log-odds shrink by ``sqrt(1 + pi s^2 / 8)``, ``s^2`` their
variance), so that few answers make nobody sure.

Accounts may be chosen for asking by all of this: given the signs, how they were chosen says
nothing of the answers, so answers are not weighed by their chances here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._statistics.binomial import Doubles, Int64

    Bools = npt.NDArray[np.bool_]

__all__ = ["Reweighed", "Said", "reweigh"]

_SHIFT, _SLOPE = 1.0, 0.5
_SCALES: Final = (0.03, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations of the weights of signs that are tried."""
_ROUNDS: Final = 50
_FAR: Final = (4.0, 6.0)
"""Standard deviations to which signs, and log-odds, are cut: nothing is known farther out."""
_SURE: Final = 27.6
"""Log-odds beyond which a probability is 1 to twelve digits."""


class Said(NamedTuple):
    """Answers, one array a field.

    Attributes:
        account: Places of the accounts.
        yes: Whether the answer was "belongs".
        false_yes, false_no: How often such an answer is wrong, for who does not belong and who
            does.
    """

    account: Int64
    yes: Bools
    false_yes: Doubles
    false_no: Doubles


class Reweighed(Struct, frozen=True):
    """Scores after the answers, without what was answered of an account itself.

    Attributes:
        log_odds: (accounts) With the likeliest weights: by these accounts are ranked.
        moderated: (accounts) Log-odds of the probabilities averaged over what is not known of
            the weights: never farther from 0 than they may be trusted.
        weights: (2 + signs) What one standard deviation adds: of everybody, of the log-odds, of
            each sign.
        scale: The mean of the standard deviations that the answers speak for.
    """

    log_odds: Doubles
    moderated: Doubles
    weights: Doubles
    scale: float


def reweigh(log_odds: Doubles, signs: Doubles, said: Said, highest: Int64) -> Reweighed:
    """Learn from answers what signs are worth.

    Args:
        log_odds: (accounts) The model's, without what was answered.
        signs: (accounts, signs) What else is known.
        said: The answers; an account may stand in them more than once.
        highest: Places of the accounts among whom answers were asked for. Means and standard
            deviations are theirs.

    Raises:
        UsageError: The arrays do not fit together.
    """
    fits = len(signs) == len(log_odds) and len({len(field) for field in said}) == 1
    if not fits or (len(said.account) and not len(highest)):
        raise UsageError(
            "answers, log-odds and signs do not fit together",
            where="reweigh",
            hint="give each account log-odds and signs, and each answer an account and its errors",
        )
    if not len(said.account):
        return Reweighed(log_odds, log_odds, np.zeros(2 + signs.shape[1]), 0.0)
    design = np.column_stack(
        [
            np.ones(len(log_odds)),
            _standard(log_odds[:, None], highest, _FAR[1]),
            _standard(signs, highest, _FAR[0]),
        ]
    )
    fitted = [_Fit.of(design, log_odds, said, scale) for scale in _SCALES]
    best = max(fit.evidence for fit in fitted)
    shares = np.exp([fit.evidence - best for fit in fitted])
    shares /= shares.sum()
    weights = sum(share * fit.weights for share, fit in zip(shares, fitted, strict=True))
    probability = np.zeros(len(log_odds))
    for share, fit in zip(shares.tolist(), fitted, strict=True):
        variance = np.einsum("ij,ij->i", design @ fit.covariance, design)
        shrunk = (log_odds + design @ fit.weights) / np.sqrt(1 + np.pi * variance / 8)
        probability += share * _chance(shrunk)
    edge = float(np.exp(-_SURE))
    probability = np.clip(probability, edge, 1 - edge)
    return Reweighed(
        log_odds + design @ weights,
        np.log(probability) - np.log1p(-probability),
        np.asarray(weights),
        float(shares @ np.array(_SCALES)),
    )


def _standard(columns: Doubles, highest: Int64, far: float) -> Doubles:
    """Columns with mean 0 and standard deviation 1 among the highest, cut far out."""
    some = columns[highest]
    spread = some.std(axis=0)
    # What is the same for all of them can be no sign, and is nobody else's either.
    shifted = np.where(spread > 0, columns - some.mean(axis=0), 0.0)
    return np.asarray(np.clip(shifted / np.where(spread > 0, spread, 1.0), -far, far))


def _chance(log_odds: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -_SURE, _SURE))))


class _Fit(NamedTuple):
    """The likeliest weights at one scale, how sure they are, and what speaks for the scale."""

    weights: Doubles
    covariance: Doubles
    evidence: float

    @classmethod
    def of(cls, design: Doubles, log_odds: Doubles, said: Said, scale: float) -> _Fit:
        """By Fisher's scoring with halved steps."""
        x, offset = design[said.account], log_odds[said.account]
        deviation = np.full(design.shape[1], scale)
        deviation[:2] = _SHIFT, _SLOPE
        precision = deviation**-2

        def worth(weights: Doubles) -> float:
            q = _said_yes(offset + x @ weights, said)[0]
            likelihood = np.log(np.where(said.yes, q, 1 - q)).sum()
            return float(likelihood - precision @ weights**2 / 2)

        weights = np.zeros(design.shape[1])
        now = worth(weights)
        for _ in range(_ROUNDS):
            gradient, curvature = _slopes(x, offset, said, weights, precision)
            step, length = np.linalg.solve(curvature, gradient), 1.0
            while length > 1e-6 and worth(weights + length * step) < now:
                length /= 2
            if length <= 1e-6:
                break
            weights = weights + length * step
            now = worth(weights)
            if np.abs(length * step).max() < 1e-8:
                break
        curvature = _slopes(x, offset, said, weights, precision)[1]
        # Laplace: the posterior's height at its peak, times its width beside the prior's.
        width = -np.linalg.slogdet(curvature)[1] / 2 - np.log(deviation).sum()
        return cls(weights, np.asarray(np.linalg.inv(curvature), np.float64), now + float(width))


def _slopes(
    x: Doubles, offset: Doubles, said: Said, weights: Doubles, precision: Doubles
) -> tuple[Doubles, Doubles]:
    """The gradient of the log posterior, and its expected curvature turned about."""
    q, steepness = _said_yes(offset + x @ weights, said)
    spread = q * (1 - q)
    gradient = x.T @ ((said.yes - q) * steepness / spread) - precision * weights
    curvature = (x.T * (steepness**2 / spread)) @ x + np.diag(precision)
    return gradient, curvature


def _said_yes(log_odds: Doubles, said: Said) -> tuple[Doubles, Doubles]:
    """The chance of a "yes", and how fast it rises with the log-odds."""
    p, trust = _chance(log_odds), 1 - said.false_yes - said.false_no
    q = np.clip(said.false_yes + trust * p, 1e-12, 1 - 1e-12)
    return q, trust * p * (1 - p)
