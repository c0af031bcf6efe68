"""Evidence of time: what it says *when* an account touched tainted things.

Members of a network may be early on what it spreads, touch it within moments of each other, or
come in bursts; or not: that differs from network to network. So how much each of these says is
learnt from the suspects there are. Accounts that touched tainted things are compared with each
other, never with those that touched none: that they touched is counted elsewhere.

For each feature (:mod:`_moments_count`) accounts are parted by how much it rests on, and within
each part by its value into bins. Of the suspicion ``M`` and the rest ``O`` in a part, a bin has
``m`` and ``o``; with a half added to each, it has the log-likelihood ratio::

    l = ln (m / M) - ln (o / O),    with the variance  1 / m + 1 / o.

Within a part, members touched somewhat more than others. So the same is counted with the touches
of each thing dealt anew to its times, three times: ``r``, the ratio less the mean of these, is
what only time can say. Its variance ``v`` is the sum of theirs.

How far the ratios of a feature truly differ from 0 is estimated beside what chance makes of them:
the variance ``t``, less two standard errors, and 0 if that is below 0 (moments, as DerSimonian and
Laird, "Meta-analysis in clinical trials", 1986). Each ratio is shrunk to ``r t / (t + v)``: where
time says nothing, nothing is said. Then the ratios are made monotone over the bins by weighted
isotonic regression (Ayer et al., "An empirical distribution function for sampling with incomplete
information", 1955), rising or falling, whichever is nearer. An account is judged by ratios that
others alone were counted for: accounts are dealt into folds, each judged by what the rest taught.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._moments_count import FEATURES, by_lot, sums_of, times_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.network._csr import Int64
    from leeward.network._graph import Graph
    from leeward.network._moments_count import Times
    from leeward.network._taint import Taint
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]

__all__ = ["Bins", "Counts", "Moments", "moments_of", "ratios_of"]

_EDGES: Final = np.array([-1.5, -0.8, -0.25, 0.25, 0.8, 1.5, 2.5])
"""Between bins, in standard deviations of what chance makes."""
_AMOUNTS: Final = (
    np.array([0.1, 1.5, 3.5, 8.0]),
    np.array([0.5, 4.0, 32.0, 256.0]),
    np.array([0.5, 4.0, 32.0, 256.0]),
    np.array([0.1, 1.5, 3.5, 8.0]),
)
"""By feature: tainted things, or suspects met on them, between parts; below the first there is
silence. These amounts are the same whatever the times are."""
_LARGE: Final = 0.25
"""Ratios of a half and more are looked for; bins that could show far smaller ones do not drown
the others."""
_DOUBTS: Final = 2.0
"""Standard errors that the spread of ratios has to be above that of chance."""
_FOLDS: Final = 5
_DRAWS: Final = 3
_SEED: Final = 60323


class Bins(NamedTuple):
    """What one feature was found to say.

    Attributes:
        feature: One of :data:`~leeward.network._moments_count.FEATURES`.
        amounts: (parts) The least that each part rests on.
        edges: (bins - 1) Values between bins.
        members, others: (parts, bins) The suspicion of the accounts in each, and what is left.
        ratios: (parts, bins) The log-likelihood ratio by all accounts.
    """

    feature: str
    amounts: Doubles
    edges: Doubles
    members: Doubles
    others: Doubles
    ratios: Doubles


class Moments(NamedTuple):
    """The evidence of time for all accounts.

    Attributes:
        parts: (accounts, features) The log-likelihood ratio of each feature; 0 where it is silent.
        total: (accounts) Their sum.
        bins: By feature.
    """

    parts: Doubles
    total: Doubles
    bins: tuple[Bins, ...]


def moments_of(graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles) -> Moments:
    """Judge all accounts by time.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probability that each is a member.
    """
    members = np.clip(suspicion, 0, 1)
    times = times_of(graph, touches, taint.heavy)
    rng = np.random.default_rng(_SEED)
    placed = _placed(times, taint.heavy, members)
    dealt = [_placed(by_lot(times, rng), taint.heavy, members) for _ in range(_DRAWS)]
    parts = np.zeros((len(members), len(FEATURES)))
    found = []
    for f, feature in enumerate(FEATURES):
        counted = _counted(placed[f], members)
        chance = [_counted(draw[f], members) for draw in dealt]
        parts[placed[f].accounts, f] = _judged(placed[f], counted, chance)
        ratios = ratios_of(counted.summed(), [draw.summed() for draw in chance])
        found.append(Bins(feature, _AMOUNTS[f], _EDGES, *counted.summed(), ratios))
    return Moments(parts, parts.sum(axis=1), tuple(found))


class _Placed(NamedTuple):
    """The accounts for which a feature speaks, and where it puts them: part by part, bin by bin."""

    accounts: Int64
    cell: Int64


class Counts(NamedTuple):
    """(..., parts, bins) The suspicion in each bin, and the rest of it."""

    members: Doubles
    others: Doubles

    def summed(self) -> Counts:
        """Of all folds."""
        return Counts(self.members.sum(axis=0), self.others.sum(axis=0))

    def without(self, fold: int) -> Counts:
        """Of all folds but one."""
        everything = self.summed()
        return Counts(
            everything.members - self.members[fold], everything.others - self.others[fold]
        )


def _placed(times: Times, tainted: Doubles, members: Doubles) -> tuple[_Placed, ...]:
    """By feature."""
    sums = sums_of(times, tainted, members)
    values, amounts = sums.values(), sums.amount
    placed = []
    for f, least in enumerate(_AMOUNTS):
        accounts = np.flatnonzero(amounts[:, f] >= least[0])
        part = np.searchsorted(least, amounts[accounts, f], side="right") - 1
        place = np.searchsorted(_EDGES, values[accounts, f])
        placed.append(_Placed(accounts, part * (len(_EDGES) + 1) + place))
    return tuple(placed)


def _counted(placed: _Placed, members: Doubles) -> Counts:
    """By fold."""
    shape = _FOLDS, len(_AMOUNTS[0]), len(_EDGES) + 1
    size = shape[1] * shape[2]
    slot = _fold(placed.accounts) * size + placed.cell
    mine = members[placed.accounts]
    member: Doubles = np.bincount(slot, mine, shape[0] * size).astype(np.float64)
    other: Doubles = np.bincount(slot, 1 - mine, shape[0] * size).astype(np.float64)
    return Counts(member.reshape(shape), other.reshape(shape))


def _judged(placed: _Placed, counted: Counts, chance: Sequence[Counts]) -> Doubles:
    """Each account by what the other folds taught."""
    learnt = np.stack(
        [
            ratios_of(counted.without(fold), [draw.without(fold) for draw in chance]).ravel()
            for fold in range(_FOLDS)
        ]
    )
    found: Doubles = learnt[_fold(placed.accounts), placed.cell]
    return found


def _fold(accounts: Int64) -> Int64:
    """Dealt by a multiplicative hash (Knuth), so that neighbours in the log are apart."""
    return (accounts * 2_654_435_761 % (1 << 32)) * _FOLDS >> 32


def ratios_of(counted: Counts, chance: Sequence[Counts]) -> Doubles:
    """(parts, bins) The log-likelihood ratios, shrunk towards 0 and monotone within each part.

    Args:
        counted: What there is.
        chance: What there is where touches are dealt anew; several times.
    """
    raw, variance = _raw(counted)
    for draw in chance:
        by_lot, doubt = _raw(draw)
        raw -= by_lot / len(chance)
        variance += doubt / len(chance) ** 2
    real = _spread(raw, variance)
    if real == 0:
        return np.zeros_like(raw)
    shrunk = raw * real / (real + variance)
    weights = 1 / (real + variance)
    rising = np.stack([_isotonic(r, w) for r, w in zip(shrunk, weights, strict=True)])
    falling = np.stack([-_isotonic(-r, w) for r, w in zip(shrunk, weights, strict=True)])
    loss = [float((weights * (fit - shrunk) ** 2).sum()) for fit in (rising, falling)]
    return rising if loss[0] <= loss[1] else falling


def _raw(counts: Counts) -> tuple[Doubles, Doubles]:
    """The ratios as counted, and their variances (Haldane 1956 for the halves)."""
    m, o = counts.members + 0.5, counts.others + 0.5
    ratio = np.log(m / m.sum(axis=1, keepdims=True)) - np.log(o / o.sum(axis=1, keepdims=True))
    return ratio, 1 / m + 1 / o


def _spread(raw: Doubles, variance: Doubles) -> float:
    """How much ratios differ from 0 beyond chance, at the least: a variance, by moments.

    Weighted by the inverse of the variance that the square of a ratio has.
    """
    weights = 1 / (variance + _LARGE) ** 2
    excess = float((weights * (raw**2 - variance)).sum())
    doubt = float(np.sqrt((2 * (weights * variance) ** 2).sum()))
    return max(0.0, (excess - _DOUBTS * doubt) / float(weights.sum()))


def _isotonic(values: Doubles, weights: Doubles) -> Doubles:
    """The nearest values that never fall, by pooling adjacent violators."""
    means: list[float] = []
    sizes: list[float] = []
    lengths: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, size, length = value, weight, 1
        while means and means[-1] >= mean:
            joined = sizes[-1] + size
            mean = (means.pop() * sizes[-1] + mean * size) / joined
            size, length = joined, length + lengths.pop()
            sizes.pop()
        means.append(mean)
        sizes.append(size)
        lengths.append(length)
    return np.repeat(means, lengths)
