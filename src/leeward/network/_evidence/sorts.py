"""What tainted and ordinary things look like: how many of their touches come from suspects.

Of an ordinary thing's touches, the share that comes from suspects is about what their activity
makes it; of a tainted thing's, far more. Both shares differ from thing to thing, so each sort is
beta-binomial: what is viral is touched by some suspects, too, and one suspect among three touches
is no proof. For each kind of thing the shares, and how many are tainted, are found by
expectation-maximisation (Dempster, Laird and Rubin 1977).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Node
from leeward.network._statistics.betabinomial import Beta, log_ratios

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Int64, UInt8

    Doubles = npt.NDArray[np.float64]

__all__ = ["KINDS", "Sorts", "Usual", "fitted", "sorts_of"]

KINDS: Final = (Node.POST, Node.MEDIA, Node.TAG, Node.LINK)
_TAINTED: Final = 3.0
"""The concentration of the share of suspects among the touches of a tainted thing: it may be
nearly anything."""
_LIKENESS: Final = 3.0
"""How much likelier the next touch of an ordinary thing is a suspect's once one is: suspects have
towns and hobbies in common, too."""
_APART: Final = 10.0
"""The share of suspects at a tainted thing is at least so many times that at an ordinary one."""
_HIGHEST: Final = 0.8
_FEWEST, _MOST = 1e-4, 0.02
"""Bounds of the share of things that are tainted."""
_ROUNDS: Final = 20
_SMALL: Final = 1 << 14
"""Tenths of touches that are counted in a table."""
_SAMPLE: Final = 100_000
"""Things of one kind with a suspect's touch that are looked at; more say nothing new."""


class Sorts(NamedTuple):
    """What things of one kind look like.

    Attributes:
        odds: The log-odds that one is tainted, before its touches are known.
        ordinary, tainted: The share of suspects among the touches.
    """

    odds: float
    ordinary: Beta
    tainted: Beta


class Usual(NamedTuple):
    """Things by how many touched them, whoever these are.

    Attributes:
        size: (things) All touches.
        kinds: (things) Which kind each is of; what is of none is not looked at.
        tenths: (kinds, tenths of touches) How many have so many.
        large: The places of those with more.
    """

    size: npt.NDArray[np.generic]
    kinds: UInt8
    tenths: Int64
    large: Int64

    @classmethod
    def of(cls, size: npt.NDArray[np.generic], kinds: UInt8) -> Usual:
        tenths = np.zeros((max(KINDS) + 1, _SMALL), np.int64)
        return cls(size, kinds, tenths, _count_tenths(size, kinds, tenths))


def sorts_of(found: Doubles, places: Int64, usual: Usual) -> tuple[Sorts, ...]:
    """The same, where those that suspects may have touched are known; they ascend."""
    size, kinds = usual.size, usual.kinds
    # Things that no suspect touched differ by their number of touches alone, in tenths.
    tenths, large = usual.tenths.copy(), usual.large
    some = _sifted(places, found, size, kinds, tenths)
    large = large[(found[large] <= 0) | (size[large].astype(np.float64) <= 0)]
    each = []
    for kind in KINDS:
        touched, rest = some[kinds[some] == kind], large[kinds[large] == kind]
        each.append(_sort_of(found, size, touched, rest, tenths[kind]))
    return tuple(each)


def _sort_of(
    found: Doubles, size: npt.NDArray[np.generic], some: Int64, large: Int64, tenths: Int64
) -> Sorts:
    """The same for one kind, from what :func:`_sifted` gives of it."""
    stride = -(-len(some) // _SAMPLE)
    sizes, number = np.unique(np.round(size[large].astype(np.float64), 1), return_counts=True)
    there = np.flatnonzero(tenths)
    sizes = np.concatenate([there / 10, sizes])
    number = np.concatenate([tenths[there], number])
    n, k = sizes.astype(np.float64), np.zeros(len(sizes))
    if stride:
        sample = some[::stride]
        many = size[sample].astype(np.float64)
        k = np.concatenate([np.minimum(found[sample], many), k])
        n = np.concatenate([many, n])
    each = np.concatenate([np.full(len(n) - len(sizes), float(stride)), number])
    first, same = _alike(k, n)  # few counts are different
    return fitted(k[first], n[first], np.bincount(same, each, len(first)), _LIKENESS)


def fitted(k: Doubles, n: Doubles, each: npt.NDArray[np.number[Any]], likeness: float) -> Sorts:
    """Tell the two sorts apart by expectation-maximisation.

    Args:
        k: The touches by suspects.
        n: All touches.
        each: How many things are like this one.
        likeness: How much likelier the next touch of an ordinary thing is a suspect's once one is.
    """
    ordinary = max(float((each * k).sum() / max((each * n).sum(), 1)), 1e-9)
    tainted, share = min(max(15 * ordinary, 0.02), _HIGHEST), 0.002
    sorts = _sorts(ordinary, tainted, share, likeness)
    for _ in range(_ROUNDS if len(k) else 0):
        odds = sorts.odds + log_ratios(k, n, sorts.tainted, sorts.ordinary)
        chance = each / (1 + np.exp(-np.clip(odds, -50, 50)))
        rest = each - chance
        ordinary = max(float((rest * k).sum() / max((rest * n).sum(), 1e-9)), 1e-9)
        mean = float((chance * k).sum() / max((chance * n).sum(), 1e-9))
        tainted = float(np.clip(mean, min(_APART * ordinary, _HIGHEST), _HIGHEST))
        share = float(np.clip(chance.sum() / each.sum(), _FEWEST, _MOST))
        sorts = _sorts(ordinary, tainted, share, likeness)
    return sorts


def _sorts(ordinary: float, tainted: float, share: float, likeness: float) -> Sorts:
    ordinary = min(ordinary, _HIGHEST / _APART)  # where nearly everybody is a suspect
    # With a concentration c, the next touch after a suspect's is one with the probability
    # (c m + 1) / (c + 1), for a mean m: about m + 1 / c.
    concentration = 1 / (ordinary * (likeness - 1))
    return Sorts(
        float(np.log(share / (1 - share))),
        Beta.of(ordinary, concentration),
        Beta.of(tainted, _TAINTED),
    )


@kernel
def _count_tenths(size: npt.NDArray[np.generic], kinds: UInt8, tenths: Int64) -> Int64:
    """Count things by their kinds and by tenths of touches.

    Returns:
        The places of those that have too many to be counted so.
    """
    large, many = np.empty(16, np.int64), 0
    for i in range(len(size)):
        if kinds[i] == 0:
            continue
        place = np.rint(np.float64(size[i]) * 10)
        if place < tenths.shape[1]:
            tenths[kinds[i], int(place)] += 1
            continue
        if many == len(large):
            large = np.append(large, np.empty_like(large))
        large[many] = i
        many += 1
    return large[:many]


@kernel
def _sifted(
    places: Int64,
    found: Doubles,
    size: npt.NDArray[np.generic],
    kinds: UInt8,
    tenths: Int64,
) -> Int64:
    """The things with a suspect's touch, which are counted no longer among the others."""
    some, count = np.empty(len(places), np.int64), 0
    for i in places:
        if kinds[i] == 0 or found[i] <= 0 or size[i] <= 0:
            continue
        some[count] = i
        count += 1
        place = np.rint(np.float64(size[i]) * 10)
        if place < tenths.shape[1]:
            tenths[kinds[i], int(place)] -= 1
    return some[:count]


@kernel
def _alike(k: Doubles, n: Doubles) -> tuple[Int64, Int64]:
    """The first place of each pair of numbers, and for each place its pair's among those.

    By a table that is looked up by the numbers themselves and has room for all of them.
    """
    slots = 16
    while slots < 2 * len(k):
        slots *= 2
    table = np.full(slots, -1, np.int64)
    first, same = np.empty(len(k), np.int64), np.empty(len(k), np.int64)
    found = 0
    for i in range(len(k)):
        slot = hash((k[i], n[i])) & (slots - 1)
        while table[slot] >= 0 and (k[first[table[slot]]] != k[i] or n[first[table[slot]]] != n[i]):
            slot = (slot + 1) & (slots - 1)
        if table[slot] < 0:
            table[slot] = found
            first[found] = i
            found += 1
        same[i] = table[slot]
    return first[:found], same
