"""How likely a thing belongs to the network, by who else touched it.

Things are of two sorts. Of an ordinary thing's touches, the share that comes from suspects is
about what their activity makes it; of a tainted thing's, far more. Both shares differ from thing
to thing, so each sort is beta-binomial: what is viral is touched by some suspects, too, and one
suspect among three touches is no proof. For each kind of thing the shares, and how many are
tainted, are found by expectation-maximisation (Dempster, Laird and Rubin 1977).

Who made a post chose what is in it, and not who passed it on. So for makers a thing is judged by
who else made a post with it, apart from all touches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Node
from leeward.network._betabinomial import Beta, log_ratio, log_ratios
from leeward.network._touches import MADE

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Int64, UInt8
    from leeward.network._touches import Rows, Touches

    Doubles = npt.NDArray[np.float64]

__all__ = ["KINDS", "Sorts", "Taint", "chance", "sorts_of", "suspect_touches", "taint_of"]

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
_POST: Final = int(Node.POST)
_FEWEST, _MOST = 1e-4, 0.02
"""Bounds of the share of things that are tainted."""
_ROUNDS: Final = 20
_NEGLIGIBLE: Final = 1e-3
"""Weights of touches by suspects that are rounding."""
_SMALL: Final = 1 << 14
"""Tenths of touches that are counted in a table."""
_MEMORY: Final = 1 << 12
"""Probabilities that are kept while things are judged."""
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


class Taint(NamedTuple):
    """What is known of all things.

    Attributes:
        touches: (things) The weight of the touches by suspects, each by its probability.
        makers: (things) The same of those who made a post with it.
        light: (things) The probability for somebody who liked it and is no suspect.
        heavy: (things) The same for somebody who reposted it.
        made: (things) The same for somebody who made a post with it; for a post, by what is known
            of it from elsewhere alone.
        priors: (things) What is known of each from elsewhere, as log-odds; mostly 0.
        sorts: By place in :data:`KINDS`.
        sorts_made: The same by who made posts with it.
    """

    touches: Doubles
    makers: Doubles
    light: Doubles
    heavy: Doubles
    made: Doubles
    priors: Doubles
    sorts: tuple[Sorts, ...]
    sorts_made: tuple[Sorts, ...]

    @property
    def most(self) -> Doubles:
        """(things) The highest of the probabilities."""
        highest: Doubles = np.maximum(np.maximum(self.light, self.heavy), self.made)
        return highest


def suspect_touches(touches: Touches, suspicion: Doubles) -> tuple[Doubles, Doubles]:
    """(things) The weights of touches, each times the probability of who touched; and by makers."""
    found, makers = np.zeros(len(touches.things)), np.zeros(len(touches.things))
    suspects = np.flatnonzero(suspicion != 0)
    _sum(suspects, touches.by_account.unsigned(), suspicion, found, makers)
    return np.maximum(found, 0), np.maximum(makers, 0)


def taint_of(
    touches: Touches, suspicion: Doubles, priors: Doubles, *, hashtags: bool = True
) -> Taint:
    """Judge all things.

    Args:
        touches: Who touched what.
        suspicion: (accounts) The probability of each account; 0 for those who are no suspects,
            below 0 for innocent ones, who speak against what they touched.
        priors: (things) What is known of each from elsewhere, as log-odds that are added to those
            of its kind; 0 for most, of which nothing is known.
        hashtags: Whether a hashtag may be tainted that no person judged.
    """
    found, makers = suspect_touches(touches, suspicion)
    sorts = tuple(sorts_of(found, touches.size, touches.kind, kind) for kind in KINDS)
    # A post has one maker; and what one alone made ties no makers.
    several = np.where((touches.makers >= 2) & (touches.kind != _POST), touches.kind, 0)
    sorts_made = tuple(
        sorts_of(makers, touches.makers, several.astype(np.uint8), kind) for kind in KINDS
    )
    # For who made a post that a person judged, that judgement alone counts.
    sorts_made = (sorts_made[_POST - 1]._replace(odds=0.0), *sorts_made[_POST:])
    light, heavy, made = np.zeros((3, len(found)))
    heard = (found > 0) | (makers > 0)
    if not hashtags:
        heard &= touches.kind != Node.TAG
    some = np.flatnonzero(heard | (priors != 0))
    _judge(some, touches, found, makers, sorts, sorts_made, priors, light, heavy, made)
    return Taint(found, makers, light, heavy, made, priors, sorts, sorts_made)


def sorts_of(found: Doubles, size: npt.NDArray[np.generic], kinds: UInt8, kind: int) -> Sorts:
    """Tell the tainted things of a kind from the ordinary ones.

    Args:
        found: (things) The touches by suspects.
        size: (things) All touches.
        kinds: (things) Which kind each is of.
        kind: Only the things of this kind are looked at.
    """
    # Things that no suspect touched differ by their number of touches alone, in tenths.
    tenths = np.zeros(_SMALL, np.int64)
    some, large = _sifted(found, size, kinds, kind, tenths)
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
    return _fitted(k, n, each)


def _fitted(k: Doubles, n: Doubles, each: Doubles) -> Sorts:
    """Expectation-maximisation; ``each`` is how many things are like this one."""
    ordinary = max(float((each * k).sum() / max((each * n).sum(), 1)), 1e-9)
    tainted, share = min(max(15 * ordinary, 0.02), _HIGHEST), 0.002
    sorts = _sorts(ordinary, tainted, share)
    first, same = _alike(k, n)  # few counts are different, and the ratios take most of the time
    for _ in range(_ROUNDS if len(k) else 0):
        odds = sorts.odds + log_ratios(k[first], n[first], sorts.tainted, sorts.ordinary)
        chance = each / (1 + np.exp(-np.clip(odds, -50, 50)))[same]
        rest = each - chance
        ordinary = max(float((rest * k).sum() / max((rest * n).sum(), 1e-9)), 1e-9)
        mean = float((chance * k).sum() / max((chance * n).sum(), 1e-9))
        tainted = float(np.clip(mean, min(_APART * ordinary, _HIGHEST), _HIGHEST))
        share = float(np.clip(chance.sum() / each.sum(), _FEWEST, _MOST))
        sorts = _sorts(ordinary, tainted, share)
    return sorts


def _sorts(ordinary: float, tainted: float, share: float) -> Sorts:
    ordinary = min(ordinary, _HIGHEST / _APART)  # where nearly everybody is a suspect
    # With a concentration c, the next touch after a suspect's is one with the probability
    # (c m + 1) / (c + 1), for a mean m: about m + 1 / c.
    concentration = 1 / (ordinary * (_LIKENESS - 1))
    return Sorts(
        float(np.log(share / (1 - share))),
        Beta.of(ordinary, concentration),
        Beta.of(tainted, _TAINTED),
    )


@kernel
def _sifted(
    found: Doubles, size: npt.NDArray[np.generic], kinds: UInt8, kind: int, tenths: Int64
) -> tuple[Int64, Int64]:
    """Count things without a suspect's touch by tenths of touches.

    Returns:
        The places of those with a suspect's touch, and of those without that have too many others
        to be counted so.
    """
    some, large = np.empty(1 << 10, np.int64), np.empty(16, np.int64)
    count = many = 0
    for i in range(len(found)):
        if kinds[i] != kind:
            continue
        if found[i] > 0 and size[i] > 0:
            if count == len(some):
                some = np.append(some, np.empty_like(some))
            some[count] = i
            count += 1
            continue
        place = np.rint(np.float64(size[i]) * 10)
        if place < len(tenths):
            tenths[int(place)] += 1
        else:
            if many == len(large):
                large = np.append(large, np.empty_like(large))
            large[many] = i
            many += 1
    return some[:count], large[:many]


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


@kernel
def _sum(
    suspects: npt.NDArray[np.int64],
    rows: Rows,
    suspicion: Doubles,
    found: Doubles,
    makers: Doubles,
) -> None:
    for i in suspects:
        for e in range(rows.start[i], rows.start[i + 1]):
            found[rows.other[e]] += rows.weight[e] * suspicion[i]
            if rows.how[e] & MADE:
                makers[rows.other[e]] += suspicion[i]


@kernel
def _judge(
    which: npt.NDArray[np.int64],
    touches: Touches,
    found: Doubles,
    makers: Doubles,
    sorts: tuple[Sorts, ...],
    sorts_made: tuple[Sorts, ...],
    priors: Doubles,
    light: Doubles,
    heavy: Doubles,
    made: Doubles,
) -> None:
    # Few things differ in these numbers, and the probabilities take most of the time.
    last = np.full((_MEMORY, 3), -1.0)
    known = np.zeros((_MEMORY, 2))
    for j in which:
        kind, size = touches.kind[j], touches.size[j]
        if priors[j] == 0:
            slot = hash((found[j], size, kind)) & (_MEMORY - 1)
            if last[slot, 0] != found[j] or last[slot, 1] != size or last[slot, 2] != kind:
                last[slot, 0], last[slot, 1], last[slot, 2] = found[j], size, kind
                known[slot, 0] = chance(found[j], size - 0.6, sorts[kind - 1], 0.0)
                known[slot, 1] = chance(found[j], size - 1.0, sorts[kind - 1], 0.0)
            light[j], heavy[j] = known[slot, 0], known[slot, 1]
        else:
            light[j] = chance(found[j], size - 0.6, sorts[kind - 1], priors[j])
            heavy[j] = chance(found[j], size - 1.0, sorts[kind - 1], priors[j])
        if kind != _POST or priors[j] != 0:  # who made a post that a person judged, made it
            made[j] = chance(makers[j], touches.makers[j] - 1.0, sorts_made[kind - 1], priors[j])


@kernel
def chance(found: float, size: float, sorts: Sorts, prior: float) -> float:
    """The probability that a thing is tainted, by the touches of others and what else is known.

    What a person judged may be tainted and still say little of who touched it: a hashtag that a
    network took from others. So it counts less, the smaller the share of suspects among its
    touches is beside what is usual at tainted things.
    """
    if (found <= _NEGLIGIBLE or size <= 0) and prior == 0:
        return 0.0
    size = max(size, 0.0)
    found = min(max(found, 0.0), size)
    odds = sorts.odds + prior + log_ratio(found, size, sorts.tainted, sorts.ordinary)
    tainted = float(1 / (1 + np.exp(-odds)))
    if prior == 0:
        return tainted
    usual = sorts.tainted
    share = (found + usual.a) / (size + usual.a + usual.b)
    return tainted * min(1.0, share * (usual.a + usual.b) / usual.a)
