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

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Node
from leeward.network._betabinomial import Beta, log_ratio, log_ratios
from leeward.network._touches import MADE
from leeward.network._types import CONCLUSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.network._csr import Bools, Int64, UInt8
    from leeward.network._touches import Rows, Touches

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "KINDS",
    "Judge",
    "Sorts",
    "Taint",
    "chance",
    "sorts_of",
    "suspect_touches",
    "taint_of",
    "without_hints",
]

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
_SURE: Final = CONCLUSIVE
_FEWEST, _MOST = 1e-4, 0.02
"""Bounds of the share of things that are tainted."""
_ROUNDS: Final = 20
_NEGLIGIBLE: Final = 1e-3
"""Weights of touches by suspects that are rounding."""
_SMALL: Final = 1 << 14
"""Tenths of touches that are counted in a table."""
_MEMORY: Final = 1 << 14
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
        hashtags: Whether a hashtag may be tainted that no person judged.
    """

    touches: Doubles
    makers: Doubles
    light: Doubles
    heavy: Doubles
    made: Doubles
    priors: Doubles
    sorts: tuple[Sorts, ...]
    sorts_made: tuple[Sorts, ...]
    hashtags: bool = True

    @property
    def most(self) -> Doubles:
        """(things) The highest of the probabilities."""
        return _highest(self.light, self.heavy, self.made)


class Judge:
    """Judges the things of one ground again and again; only those that suspects touched take time.

    Args:
        touches: Who touched what.
    """

    def __init__(self, touches: Touches) -> None:
        self._touches = touches
        # A post has one maker; and what one alone made ties no makers.
        several = np.where((touches.makers >= 2) & (touches.kind != _POST), touches.kind, 0)
        self._usual = _Usual.of(touches.size, touches.kind)
        self._usual_made = _Usual.of(touches.makers, several.astype(np.uint8))
        self._known: tuple[Doubles, Int64] | None = None
        self._rooms: list[_Room] = []

    def taint(self, suspicion: Doubles, priors: Doubles, *, hashtags: bool = True) -> Taint:
        """As :func:`taint_of`; what was lent is given back."""
        self._rooms.clear()
        return self._judged(_Room.of(len(self._touches.things)), suspicion, priors, hashtags)[0]

    @contextmanager
    def lent(
        self, suspicion: Doubles, priors: Doubles, *, hashtags: bool = True
    ) -> Iterator[tuple[Taint, Doubles]]:
        """The same with ``taint.most``, in memory that the next one gets."""
        room = self._rooms.pop() if self._rooms else _Room.of(len(self._touches.things))
        taint, places = self._judged(room, suspicion, priors, hashtags)
        _fill_most(places, taint.light, taint.heavy, taint.made, room.most)
        yield taint, room.most
        _clear(places, *room)
        self._rooms.append(room)

    def _judged(
        self, room: _Room, suspicion: Doubles, priors: Doubles, hashtags: bool
    ) -> tuple[Taint, Int64]:
        """What is known of all things, and the places of those of which anything is."""
        touches = self._touches
        found, makers, light, heavy, made, _, marked = room
        suspects = np.flatnonzero(suspicion != 0)
        _sum(suspects, touches.by_account.unsigned(), suspicion, found, makers, marked)
        marked[self._known_of(priors)] = True
        places = np.flatnonzero(marked)
        _floor(places, found, makers)
        sorts = _all_sorts(found, places, self._usual)
        sorts_made = _all_sorts(makers, places, self._usual_made)
        # For who made a post that a person judged, that judgement alone counts.
        sorts_made = (sorts_made[_POST - 1]._replace(odds=0.0), *sorts_made[_POST:])
        deaf = 0 if hashtags else int(Node.TAG)
        _judge(
            _heard(places, found, makers, priors, touches.kind, deaf),
            touches,
            found,
            makers,
            sorts,
            sorts_made,
            priors,
            light,
            heavy,
            made,
        )
        taint = Taint(
            found, makers, light, heavy, made, priors, sorts, sorts_made, hashtags=hashtags
        )
        return taint, places

    def _known_of(self, priors: Doubles) -> Int64:
        """The places of things of which something is known; of the same array looked up once."""
        known = self._known
        if known is None or known[0] is not priors:
            self._known = known = priors, np.flatnonzero(priors)
        return known[1]


class _Room(NamedTuple):
    """(things) Memory in which things are judged, all 0."""

    found: Doubles
    makers: Doubles
    light: Doubles
    heavy: Doubles
    made: Doubles
    most: Doubles
    marked: Bools

    @classmethod
    def of(cls, things: int) -> _Room:
        found, makers, light, heavy, made, most = (np.zeros(things) for _ in range(6))
        return cls(found, makers, light, heavy, made, most, np.zeros(things, np.bool_))


class _Usual(NamedTuple):
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
    def of(cls, size: npt.NDArray[np.generic], kinds: UInt8) -> _Usual:
        tenths = np.zeros((max(KINDS) + 1, _SMALL), np.int64)
        return cls(size, kinds, tenths, _count_tenths(size, kinds, tenths))


def suspect_touches(touches: Touches, suspicion: Doubles) -> tuple[Doubles, Doubles]:
    """(things) The weights of touches, each times the probability of who touched; and by makers."""
    found, makers = np.zeros(len(touches.things)), np.zeros(len(touches.things))
    marked = np.zeros(len(touches.things), np.bool_)
    suspects = np.flatnonzero(suspicion != 0)
    _sum(suspects, touches.by_account.unsigned(), suspicion, found, makers, marked)
    return np.maximum(found, 0, out=found), np.maximum(makers, 0, out=makers)


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
    return Judge(touches).taint(suspicion, priors, hashtags=hashtags)


def without_hints(taint: Taint) -> Taint:
    """The same, as if nothing of which somebody gave a hint were tainted.

    Who touched it shows nothing, either: a hint that is false makes suspects of them, and they
    would bear each other out.
    """
    hinted = (taint.priors > 0) & (taint.priors < CONCLUSIVE)
    if not hinted.any():
        return taint
    light, heavy, made = (np.where(hinted, 0.0, o) for o in (taint.light, taint.heavy, taint.made))
    priors = np.where(hinted, 0.0, taint.priors)
    return taint._replace(light=light, heavy=heavy, made=made, priors=priors)


def sorts_of(found: Doubles, size: npt.NDArray[np.generic], kinds: UInt8) -> tuple[Sorts, ...]:
    """Tell the tainted things of each kind from the ordinary ones.

    Args:
        found: (things) The touches by suspects.
        size: (things) All touches.
        kinds: (things) Which kind each is of; what is of none is not looked at.

    Returns:
        By place in :data:`KINDS`.
    """
    return _all_sorts(found, np.flatnonzero(found > 0), _Usual.of(size, kinds))


def _all_sorts(found: Doubles, places: Int64, usual: _Usual) -> tuple[Sorts, ...]:
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
    return _fitted(k[first], n[first], np.bincount(same, each, len(first)).astype(np.float64))


def _fitted(k: Doubles, n: Doubles, each: Doubles) -> Sorts:
    """Expectation-maximisation; ``each`` is how many things are like this one."""
    ordinary = max(float((each * k).sum() / max((each * n).sum(), 1)), 1e-9)
    tainted, share = min(max(15 * ordinary, 0.02), _HIGHEST), 0.002
    sorts = _sorts(ordinary, tainted, share)
    for _ in range(_ROUNDS if len(k) else 0):
        odds = sorts.odds + log_ratios(k, n, sorts.tainted, sorts.ordinary)
        chance = each / (1 + np.exp(-np.clip(odds, -50, 50)))
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
def _highest(light: Doubles, heavy: Doubles, made: Doubles) -> Doubles:
    found = np.empty(len(light))
    for j in range(len(found)):
        found[j] = max(light[j], heavy[j], made[j])
    return found


@kernel
def _fill_most(places: Int64, light: Doubles, heavy: Doubles, made: Doubles, most: Doubles) -> None:
    for j in places:
        most[j] = max(light[j], heavy[j], made[j])


@kernel
def _floor(places: Int64, found: Doubles, makers: Doubles) -> None:
    for j in places:
        found[j], makers[j] = max(found[j], 0.0), max(makers[j], 0.0)


@kernel
def _clear(
    places: Int64,
    found: Doubles,
    makers: Doubles,
    light: Doubles,
    heavy: Doubles,
    made: Doubles,
    most: Doubles,
    marked: Bools,
) -> None:
    for j in places:
        found[j] = makers[j] = light[j] = heavy[j] = made[j] = most[j] = 0.0
        marked[j] = False


@kernel
def _heard(
    places: Int64, found: Doubles, makers: Doubles, priors: Doubles, kind: UInt8, deaf: int
) -> Int64:
    """The things that a suspect touched, but those of one kind, and those that were judged."""
    some, count = np.empty(len(places), np.int64), 0
    for j in places:
        is_heard = (found[j] > 0 or makers[j] > 0) and kind[j] != deaf
        if is_heard or priors[j] != 0:
            some[count] = j
            count += 1
    return some[:count]


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


@kernel
def _sum(
    suspects: npt.NDArray[np.int64],
    rows: Rows,
    suspicion: Doubles,
    found: Doubles,
    makers: Doubles,
    marked: Bools,
) -> None:
    for i in suspects:
        for e in range(rows.start[i], rows.start[i + 1]):
            found[rows.other[e]] += rows.weight[e] * suspicion[i]
            marked[rows.other[e]] = True
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
            slot = int(found[j] * 1021 + size * 310 + kind) & (_MEMORY - 1)
            if last[slot, 0] != found[j] or last[slot, 1] != size or last[slot, 2] != kind:
                last[slot, 0], last[slot, 1], last[slot, 2] = found[j], size, kind
                known[slot, 0] = chance(found[j], size - 0.6, sorts[kind - 1], 0.0)
                known[slot, 1] = chance(found[j], size - 1.0, sorts[kind - 1], 0.0)
            light[j], heavy[j] = known[slot, 0], known[slot, 1]
        else:
            light[j] = chance(found[j], size - 0.6, sorts[kind - 1], priors[j])
            heavy[j] = chance(found[j], size - 1.0, sorts[kind - 1], priors[j])
        # Who made a post that a person judged, made it. A hint says nothing of who made one: what
        # goes on under it may be others' doing.
        if kind != _POST or abs(priors[j]) >= _SURE:
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
    tainted *= min(1.0, share * (usual.a + usual.b) / usual.a)
    if not 0 < prior < _SURE or found <= _NEGLIGIBLE or size <= 0:
        return tainted
    # A hint that speaks for it never makes it less likely than it is without.
    return max(tainted, float(1 / (1 + np.exp(prior - odds))))
