"""How many members there are, above and below a line, from answers spread over bands of ranks.

Each band has a rate ``t`` of accounts that belong. A reviewed account is answered "yes" at the rate
``q = (1 - false_no) t + false_yes (1 - t)`` (Rogan and Gladen, "Estimating prevalence from the
results of a screening test", 1978), so ``y`` of ``n`` answers have the likelihood
``q^y (1 - q)^(n - y)``. Before them two things are thought of ``t``, and both are kept:

* that nothing is known: Jeffreys' prior, Beta(1/2, 1/2), for the estimate; Beta(0, 1) for the
  lower end and Beta(1, 0) for the upper one, whose posteriors have the bounds of Clopper and
  Pearson (1934) as quantiles. Sums over bands take all their lower, or all their upper, ends from
  such draws: Fay, Proschan and Brittain, "Combining one-sample confidence procedures" (2015);
* that the model is right but for a factor: a beta law around the mean ``m`` of its probabilities
  whose shape on the rarer side is 1, so that it holds from a twentieth to three times ``m``; for
  the lower end of a rare rate, or the upper end of a common one, of shape 0.

The weight of the second begins at a share that the caller may set, and follows in each band from
how well either foretold the band's answers (a mixture with its evidence: Berger, Statistical
Decision Theory and Bayesian Analysis, 1985, section 3.5). What the model foretold rightly in one
band is no reason to trust it in another: that it finds the loud says nothing of the silent.

Given ``t``, of the accounts that were not asked about a binomial number belongs; of those that
were, so many of each answer as Bayes' rule says. Reviewers' errors are drawn from what is known of
them, the same for all bands. The result is made of random draws with a seed of its own.

Where no "yes" was found in a huge band, the interval reaches to a few accounts in each stretch as
long as the band is to its answers. Only more answers there make it shorter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.network._review.reviewers import FAULTLESS

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._review.reviewers import ErrorRate, ReviewErrors
    from leeward.network._statistics.binomial import Doubles, Int64

    Bools = npt.NDArray[np.bool_]

__all__ = ["Band", "Members", "Range", "agreed", "members"]

_GRID: Final = 240
"""Rates of a band, evenly spaced in log-odds."""
_ERRORS: Final = 40
"""Pairs of reviewers' errors that are tried."""
_TRUST: Final = 0.2
"""The weight of the model's own probabilities before any answer. With 0.5 intervals are shorter,
but hold the truth in two of three cases only when a third of a ring is silent and 1,500 answers,
spread over all bands, have just not met it."""
_DRAWS: Final = 4_000
_SPAN: Final = 2 * 1.96
"""Between the bounds of a rate of errors lie so many standard deviations of its log-odds."""
_TINY: Final = 1e-12


class Band(NamedTuple):
    """Accounts of neighbouring ranks, and what was found among them.

    Attributes:
        size: Accounts that questions were drawn from. Those that were asked about for other
            reasons are left out and to be added by themselves: they are no random sample.
        asked: Of them asked about, drawn at random.
        yes: Answers "belongs".
        expected: The model's probabilities of all of them, added up.
        above: Whether the band stands above the line.
    """

    size: int
    asked: int
    yes: int
    expected: float
    above: bool


class Range(Struct, frozen=True):
    """A number of accounts.

    Attributes:
        low, high: The ends of the interval.
        estimate: The median.
    """

    low: float
    estimate: float
    high: float


class Members(Struct, frozen=True):
    """How many belong.

    Attributes:
        everywhere: In all bands.
        above: Above the line.
        below: Below it: what remains unfound.
    """

    everywhere: Range
    above: Range
    below: Range


def agreed(first: Range, second: Range) -> Range:
    """What two estimates say together of the same number, each from evidence of its own.

    The truth lies in both intervals but where one of them misses it: where each misses in one of
    twenty cases, what they have in common misses in at most two (Bonferroni). So a number that
    answers leave open, since nobody was asked in a huge band, is bounded by what the search knows,
    and the other way round. Where they have nothing in common one of them is wrong, nobody knows
    which, and the interval holds both. The estimate is the mean of the logarithms, each weighed by
    its interval's inverse square, within the interval.
    """
    low, high = max(first.low, second.low), min(first.high, second.high)
    if low > high:
        low, high = min(first.low, second.low), max(first.high, second.high)
    weight, logs = 0.0, 0.0
    for one in (first, second):
        width = np.log(max(one.high, 1.0) / max(one.low, 1.0))
        of_one = 1 / max(width, 1e-6) ** 2
        weight, logs = weight + of_one, logs + of_one * np.log(max(one.estimate, 1.0))
    return Range(low, float(np.clip(np.exp(logs / weight), low, high)), high)


class _Bands(NamedTuple):
    """The same bands, one array a field."""

    size: Int64
    asked: Int64
    yes: Int64
    expected: Doubles
    above: Bools


def members(
    bands: list[Band],
    *,
    errors: ReviewErrors = FAULTLESS,
    confidence: float = 0.9,
    trust: float = _TRUST,
    seed: int = 0,
) -> Members:
    """Estimate how many accounts belong.

    Args:
        bands: The bands of ranks.
        errors: The reviewers'. Where few belong, most "yes" are errors: have each looked at
            twice, and give :meth:`~leeward.network.ReviewErrors.yes_confirmed`.
        confidence: Of the intervals.
        trust: The weight of the model's probabilities before any answer, 0 to 1.
        seed: Of the random draws.

    Raises:
        UsageError: A band holds fewer accounts than were asked about, or fewer of them than
            "yes"; or more are expected than it holds.
    """
    for band in bands:
        fits = 0 <= band.yes <= band.asked <= band.size and 0 <= band.expected <= band.size
        if not fits:
            raise UsageError(
                "a band holds fewer accounts than were counted in it",
                where="members",
                hint="count answers and probabilities of the band's own accounts",
            )
    if not bands:
        nobody = Range(0.0, 0.0, 0.0)
        return Members(nobody, nobody, nobody)
    table = _Bands(
        np.array([band.size for band in bands], np.int64),
        np.array([band.asked for band in bands], np.int64),
        np.array([band.yes for band in bands], np.int64),
        np.array([band.expected for band in bands], np.float64),
        np.array([band.above for band in bands], np.bool_),
    )
    draws = _drawn(table, errors, trust, np.random.default_rng(seed))
    tail = (1 - confidence) / 2

    def summed(which: Bools) -> Range:
        low, middle, high = (draws[end][:, which].sum(axis=1) for end in range(3))
        estimate = float(np.median(middle))
        return Range(
            min(float(np.quantile(low, tail)), estimate),
            estimate,
            max(float(np.quantile(high, 1 - tail)), estimate),
        )

    everywhere = np.ones(len(bands), np.bool_)
    return Members(summed(everywhere), summed(table.above), summed(~table.above))


def _drawn(bands: _Bands, errors: ReviewErrors, trust: float, rng: np.random.Generator) -> Doubles:
    """(3, draws, bands) Members of each band: for the lower end, the estimate, the upper end."""
    unsure = any(rate.low < rate.high for rate in (errors.false_yes, errors.false_no))
    both = [
        _rates(rate, _ERRORS if unsure else 1, rng) for rate in (errors.false_yes, errors.false_no)
    ]
    rates = np.stack(both, axis=1)
    grid, nothing, model = _priors(bands)
    q = rates[:, :1, None] + (1 - rates.sum(axis=1))[:, None, None] * grid  # (errors, bands, grid)
    q = np.clip(q, _TINY, 1 - _TINY)
    seen = bands.yes[:, None] * np.log(q) + (bands.asked - bands.yes)[:, None] * np.log1p(-q)
    likely = np.exp(seen - seen.max(axis=(0, 2), keepdims=True))
    by_model = trust * (likely * model[1]).sum(axis=2)
    mixed = by_model + (1 - trust) * (likely * nothing[1]).sum(axis=2)  # (errors, bands)
    mixed = np.maximum(mixed, 1e-300)
    weight = np.log(mixed).sum(axis=1)
    weight = np.exp(weight - weight.max())
    counts = rng.multinomial(_DRAWS, weight / weight.sum())
    result = np.empty((3, _DRAWS, len(bands.size)))
    at = 0
    for e in np.flatnonzero(counts).tolist():
        some, believed = int(counts[e]), (by_model[e] / mixed[e])[:, None]
        for end in range(3):
            laws = believed * _law(likely[e] * model[end])
            laws += (1 - believed) * _law(likely[e] * nothing[end])
            chances = _of_laws(laws, grid, rng.random((some, len(grid))))
            result[end, at : at + some] = _counts(bands, chances, rates[e], rng)
        at += some
    result[0][:, bands.yes == 0] = 0.0  # as Clopper and Pearson's lower bound is there
    return result


def _rates(rate: ErrorRate, count: int, rng: np.random.Generator) -> Doubles:
    """Rates of errors drawn as log-odds from a normal law with these bounds."""
    if rate.low == rate.high:
        return np.full(count, rate.value)
    low, middle, high = (
        float(np.log(f / (1 - f)))
        for f in (max(r, 1e-6) for r in (rate.low, rate.value, rate.high))
    )
    drawn = middle + (high - low) / _SPAN * rng.standard_normal(count)
    return np.asarray(1 / (1 + np.exp(-np.clip(drawn, low - 2, min(high + 2, -0.01)))))


def _priors(bands: _Bands) -> tuple[Doubles, Doubles, Doubles]:
    """The rates of each band, and what is thought of them before any answer.

    Returns:
        (bands, grid) rates; (3, bands, grid) when nothing is known, (3, bands, grid) by the
        model: for the lower end, the estimate, the upper end.
    """
    edge = np.log(100.0 * np.maximum(bands.size, 1))
    log_odds = np.linspace(-edge, edge, _GRID, axis=1)
    # Densities in log-odds: a Beta(a, b) law is p^a (1 - p)^b.
    log_p, log_not = -np.logaddexp(0, -log_odds), -np.logaddexp(0, log_odds)
    ends = ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0))
    nothing = np.stack([_law(np.exp(a * log_p + b * log_not)) for a, b in ends])
    mean = np.clip(bands.expected / np.maximum(bands.size, 1), 1e-9, 1 - 1e-9)[:, None]
    rarer = np.minimum(mean, 1 - mean)
    a, b = mean / rarer, (1 - mean) / rarer
    rare = mean <= 0.5
    shapes = ((np.where(rare, 0.0, a), b), (a, b), (a, np.where(rare, b, 0.0)))
    model = []
    for of_p, of_not in shapes:
        log_density = of_p * log_p + of_not * log_not
        model.append(_law(np.exp(log_density - log_density.max(axis=1, keepdims=True))))
    return np.exp(log_p), nothing, np.stack(model)


def _law(density: Doubles) -> Doubles:
    """Chances that add up to 1 in each row."""
    return np.asarray(density / np.maximum(density.sum(axis=1, keepdims=True), 1e-300))


def _of_laws(laws: Doubles, grid: Doubles, uniform: Doubles) -> Doubles:
    """(draws, bands) Rates drawn from the law of each band."""
    upto = np.cumsum(laws, axis=1)
    places = [
        np.searchsorted(upto[h], uniform[:, h] * upto[h, -1]).clip(0, grid.shape[1] - 1)
        for h in range(len(grid))
    ]
    return np.stack([grid[h, place] for h, place in enumerate(places)], axis=1)


def _counts(bands: _Bands, chances: Doubles, rates: Doubles, rng: np.random.Generator) -> Doubles:
    """(draws, bands) Members of each band, given its rate."""
    q = np.clip(rates[0] + (1 - rates.sum()) * chances, _TINY, 1 - _TINY)
    of_yes = np.clip((1 - rates[1]) * chances / q, 0.0, 1.0)
    of_no = np.clip(rates[1] * chances / (1 - q), 0.0, 1.0)
    found = rng.binomial(bands.size - bands.asked, chances) + rng.binomial(bands.yes, of_yes)
    return np.asarray(found + rng.binomial(bands.asked - bands.yes, of_no), np.float64)
