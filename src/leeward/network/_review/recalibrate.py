"""Bring a model's log-odds to what reviewers found, and never turn them upside down.

First a line, ``a + b x`` of the log-odds ``x``, ``b >= 0`` (Platt, "Probabilistic outputs for
support vector machines", 1999; logistic calibration). It is drawn towards the identity by normal
priors, ``a ~ N(0, 2)`` and ``b ~ N(1, 0.5)``, so that without answers nothing changes. Each answer
is weighed by the inverse of the chance that its account had of being asked (Horvitz and Thompson,
1952) to a power, scaled so that the weights add up to as many answers as they are worth (Kish,
Survey Sampling, 1965: the square of their sum over the sum of their squares). Power 1 fits the
population, which is nearly all far below any line; 0 fits the sample, and is right where the line
is. Between the two lies what loses least over worlds of several shapes. Reviewers' errors stand
in the likelihood: ``P(yes) = (1 - false_no) p + false_yes (1 - p)``.

Then, where answers suffice, steps: the line's own probabilities count as some answers in each
band, and the rates of bands are made monotone by pooling adjacent violators (Ayer et al., "An
empirical distribution function for sampling with incomplete information", 1955; Zadrozny and
Elkan, 2002). Between the bands' middles log-odds are interpolated; beyond the first and the last
they keep their distance from the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.network._review.reviewers import FAULTLESS

if TYPE_CHECKING:
    from leeward.network._review.reviewers import ReviewErrors
    from leeward.network._review.spread import Bools
    from leeward.network._statistics.binomial import Doubles

__all__ = ["Calibration", "recalibrate"]

_SHIFT: Final = 2.0
_SLOPE: Final = 0.5
_ROUNDS: Final = 100
_EDGE: Final = 1e-6


class Calibration(Struct, frozen=True):
    """A way from a model's log-odds to calibrated ones; it never changes their order.

    Attributes:
        shift: ``a`` of the line.
        slope: ``b`` of the line, 0 or more.
        at: (bands) Where the steps' bands have their middles; empty without steps.
        beside: (bands) How far from the line calibrated log-odds are there.
    """

    shift: float
    slope: float
    at: Doubles
    beside: Doubles

    def __call__(self, log_odds: Doubles) -> Doubles:
        """Calibrated log-odds."""
        line = self.shift + self.slope * log_odds
        return line + np.interp(log_odds, self.at, self.beside) if len(self.at) else line


def recalibrate(
    log_odds: Doubles,
    yes: Bools,
    chance: Doubles,
    *,
    errors: ReviewErrors = FAULTLESS,
    bands: int = 0,
    pseudo: float = 10.0,
    power: float = 0.5,
) -> Calibration:
    """Calibrate from answers about accounts that were drawn with known chances.

    Args:
        log_odds: (answers) The model's, as they were before any answer was used.
        yes: (answers) Whether the answer was "belongs".
        chance: (answers) The chance that the account had of being asked about, above 0.
        errors: The reviewers'.
        bands: Steps beside the line: as many bands with about equal weight; 0 for the line alone.
        pseudo: As many answers in a band is the line worth.
        power: Of the inverse chances, 0 to 1.

    Raises:
        UsageError: The arrays do not fit together, or a chance is not above 0 and at most 1.
    """
    if not len(log_odds) == len(yes) == len(chance) or not ((chance > 0) & (chance <= 1)).all():
        raise UsageError(
            "each answer needs log-odds and the chance with which it was asked for",
            where="recalibrate",
            hint="use the chance of spread(); answers chosen otherwise are no sample",
        )
    if not len(log_odds):
        return Calibration(0.0, 1.0, np.empty(0), np.empty(0))
    weight = chance**-power
    weight = weight * weight.sum() / (weight @ weight)  # they add up to Kish's number of answers
    rates = (errors.false_yes.value, errors.false_no.value)
    shift, slope = _line(log_odds, yes, weight, rates)
    at, beside = np.empty(0), np.empty(0)
    if bands > 0:
        at, beside = _steps(log_odds, yes, weight, rates, (shift, slope), bands, pseudo)
    return Calibration(shift, slope, at, beside)


def _line(
    x: Doubles, yes: Bools, weight: Doubles, rates: tuple[float, float]
) -> tuple[float, float]:
    """The likeliest line, by Fisher's scoring with halved steps."""
    design = np.stack((np.ones(len(x)), x))
    mean, precision = np.array([0.0, 1.0]), np.array([_SHIFT**-2, _SLOPE**-2])

    def worth(line: Doubles) -> float:
        q = _said_yes(line @ design, rates)[0]
        likelihood = weight @ np.log(np.where(yes, q, 1 - q))
        return float(likelihood - precision @ (line - mean) ** 2 / 2)

    line = mean.copy()
    for _ in range(_ROUNDS):
        q, steepness = _said_yes(line @ design, rates)
        spread = q * (1 - q)
        gradient = design @ (weight * (yes - q) * steepness / spread) - precision * (line - mean)
        curvature = (design * (weight * steepness**2 / spread)) @ design.T + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        now, length = worth(line), 1.0
        while length > 1e-9 and worth(_monotone(line + length * step)) < now:
            length /= 2
        after = _monotone(line + length * step)
        moved = float(np.abs(after - line).max())
        line = after
        if moved < 1e-10 or length <= 1e-9:
            break
    return float(line[0]), float(line[1])


def _monotone(line: Doubles) -> Doubles:
    return np.array([line[0], max(line[1], 0.0)])


def _said_yes(log_odds: Doubles, rates: tuple[float, float]) -> tuple[Doubles, Doubles]:
    """The chance of a "yes", and how fast it rises with the log-odds."""
    p = 1 / (1 + np.exp(-np.clip(log_odds, -30.0, 30.0)))
    q = (1 - rates[1]) * p + rates[0] * (1 - p)
    return np.clip(q, 1e-12, 1 - 1e-12), (1 - rates[0] - rates[1]) * p * (1 - p) + 1e-300


def _steps(
    x: Doubles,
    yes: Bools,
    weight: Doubles,
    rates: tuple[float, float],
    line: tuple[float, float],
    bands: int,
    pseudo: float,
) -> tuple[Doubles, Doubles]:
    """Where the bands are, and how far from the line."""
    order = np.argsort(x, kind="stable")
    x, yes, weight = x[order], yes[order], weight[order]
    band = np.minimum((np.cumsum(weight) - weight / 2) / weight.sum() * bands, bands - 1).astype(
        int
    )
    band = np.unique(band, return_inverse=True)[1]
    total = np.bincount(band, weight)
    # Bands that part equal log-odds have one middle; rounding must not put it in disorder.
    at = np.maximum.accumulate(np.bincount(band, weight * x) / total)
    on_line = line[0] + line[1] * at
    expected = 1 / (1 + np.exp(-np.clip(on_line, -30.0, 30.0)))
    share = np.bincount(band, weight * yes) / total
    # Rogan and Gladen (1978): the rate that belongs, from the rate of "yes".
    found = np.clip((share - rates[0]) / (1 - rates[0] - rates[1]), 0.0, 1.0)
    rate = (total * found + pseudo * expected) / (total + pseudo)
    rate = np.clip(_pooled(rate, np.add(total, pseudo)), _EDGE, 1 - _EDGE)
    # Where bands share a middle, or are pooled, the calibrated log-odds are level, not falling.
    beside = np.log(rate / (1 - rate)) - on_line
    at, first = np.unique(at, return_index=True)
    return at, beside[first]


def _pooled(rate: Doubles, weight: Doubles) -> Doubles:
    """The nearest rates that do not fall, by pooling adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for r, w in zip(rate.tolist(), weight.tolist(), strict=True):
        mean, total, length = r, w, 1
        while blocks and blocks[-1][0] > mean:
            before, more, count = blocks.pop()
            mean = (mean * total + before * more) / (total + more)
            total, length = total + more, length + count
        blocks.append((mean, total, length))
    return np.concatenate([np.full(length, mean) for mean, _, length in blocks])
