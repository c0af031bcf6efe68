"""How likely a thing belongs to the network, by who else touched it.

A thing is tainted or ordinary; :mod:`~leeward.network._evidence.sorts` says what both look like.
For an account that touched it, a thing is judged by the others: its own touch is left out.

Who made a post chose what is in it, and not who passed it on. So for makers a thing is judged by
who else made a post with it, apart from all touches.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.sorts import Sorts, Usual, sorts_of
from leeward.network._graph.acts import Node
from leeward.network._statistics.betabinomial import log_ratio
from leeward.network._touches.touches import MADE
from leeward.network._types import CONCLUSIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Int64, UInt8
    from leeward.network._touches.touches import Rows, Touches

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "Judge",
    "Taint",
    "chance",
    "suspect_touches",
    "taint_of",
    "without_hints",
]


_POST: Final = int(Node.POST)
_SURE: Final = CONCLUSIVE
_NEGLIGIBLE: Final = 1e-3
"""Weights of touches by suspects that are rounding."""
_MEMORY: Final = 1 << 14
"""Probabilities that are kept while things are judged."""


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
        self._usual = Usual.of(touches.size, touches.kind)
        self._usual_made = Usual.of(touches.makers, several.astype(np.uint8))
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
        sorts = sorts_of(found, places, self._usual)
        sorts_made = sorts_of(makers, places, self._usual_made)
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
