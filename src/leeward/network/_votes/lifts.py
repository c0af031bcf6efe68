"""Walkers from witnesses: how much more often than expected they come by each account.

From each witness walkers go to a thing that it touched, to somebody else who touched that, and the
same once more. They come to an account by what it did itself: by a post of another that it
reposted or liked and by what that carries; by what its own posts carry from others who made posts
with the same; never by its own posts, which others touched, and never by what it was the first to
post.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Node
from leeward.network._graph.prefetch import AHEAD, prefetch
from leeward.network._touches.touches import CAME, MADE

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Int32, Int64, UInt8
    from leeward.network._touches.touches import Rows, Touches

    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]

__all__ = ["COLUMNS", "Counted", "Lifts", "Walkers", "counted_ways"]

COLUMNS: Final = 16
"""Witnesses whose walkers go together: a cache line of float32."""
_QUIET: Final = 3.0
"""Touches added to everybody's activity, so that one chance meeting lifts nobody to the top."""
_FEW: Final = 3
"""Where a way leads through one in so many touches or fewer, these are gone through, not all."""
_THREADS: Final = 2
_POST: Final = int(Node.POST)
_KINDS: Final = int(Node.LINK) - _POST + 1


class Counted(NamedTuple):
    """How much each account and each thing was touched.

    Attributes:
        degree: (kinds, accounts) The touches of each account, by kind of thing from posts on.
        ways: (kinds, accounts) Those of them by which walkers come to it.
        spread: (things) One by the number of accounts that touched each.
    """

    degree: Int32
    ways: Int32
    spread: Floats

    def of(self, kind: Node | None) -> tuple[Int32, Int32]:
        """(accounts) Touches and ways through things of one kind; of all kinds if None."""
        if kind is None:
            degree: Int32 = self.degree.sum(axis=0, dtype=np.int32)
            ways: Int32 = self.ways.sum(axis=0, dtype=np.int32)
            return degree, ways
        return self.degree[kind - _POST], self.ways[kind - _POST]


class Walkers(NamedTuple):
    """Walkers who leave things, each for one of those who touched it; and walkers at accounts.

    Attributes:
        row: (things) Where those of a thing stand in the other two; -1 where there are none.
        there: (things of the ways, :data:`COLUMNS`) All of them.
        made: (carried things, :data:`COLUMNS`) Those who came from an account that made a post
            with it; at :attr:`Lifts.inner` of its row.
        at: (accounts, :data:`COLUMNS`) Those at accounts.
        sources: (accounts) Where there are any.
    """

    row: Int32
    there: Floats
    made: Floats
    at: Floats
    sources: Bools


class Lifts:
    """The lifts of all accounts, from some witnesses at a time.

    Args:
        touches: Who touched what.
        kind: Lead the ways through things of this kind alone; through all of them if None.
        everywhere: How many ways to accounts there are, if it is not to be counted.
        counted: From :func:`counted_ways`, if that was done before.
        only: (things) Through which walkers are followed, for :meth:`at_things`: all that the
            witnesses touched, and those that are asked for. All of them if None.

    Attributes:
        everywhere: The same, as counted or given.
        inner: Where walkers who came from makers stand, by the row of a thing.
    """

    def __init__(
        self,
        touches: Touches,
        kind: Node | None = None,
        everywhere: float | None = None,
        counted: Counted | None = None,
        only: Bools | None = None,
    ) -> None:
        self._touches, self._everybody = touches, len(touches.accounts)
        led = np.ones(len(touches.things), np.bool_) if kind is None else touches.kind == kind
        led = led if only is None else led & only
        self._slot = np.where(led, np.cumsum(led) - 1, -1).astype(np.int32)
        is_carried = touches.kind[led] != Node.POST
        self.inner = np.where(is_carried, np.cumsum(is_carried) - 1, -1).astype(np.int32)
        # How many walkers come by an account of so many ways to it, if they come from anywhere.
        counted = counted or counted_ways(touches)
        degree, ways = counted.of(kind)
        self._spread = counted.spread
        self._leave = (1 / np.maximum(degree, 1)).astype(np.float32)
        self._few = _FEW * degree.sum(dtype=np.int64) <= len(touches.by_account.other)
        self.everywhere = float(ways.sum(dtype=np.float64)) if everywhere is None else everywhere
        self._expected = self.expected(ways).astype(np.float32)

    def expected(self, ways: Doubles | Int32) -> Doubles:
        """One by the walkers who are expected where so many ways lead."""
        expected: Doubles = self.everywhere / (ways.astype(np.float64) + _QUIET)
        return expected

    def of(self, witnesses: Int64, room: Walkers | None = None) -> Floats:
        """(accounts, :data:`COLUMNS`) The lifts from each witness, one behind the other in memory.

        Args:
            witnesses: At most :data:`COLUMNS` places of accounts; or, counted on from the last
                account, of things that the ways lead through.
            room: From :meth:`room`, for several calls in turn.
        """
        touches, lifts = self._touches, np.zeros((COLUMNS, self._everybody), np.float32)
        by_account, kind, beginner = touches.by_account.unsigned(), touches.kind, touches.beginner
        room = self.at_things(witnesses, room or self.room())

        by_thing, live = touches.by_thing.unsigned(), np.empty(0, np.int64)
        if self._few:
            live = np.flatnonzero(room.row >= 0)

        def to_accounts(low: int, high: int) -> None:
            if self._few:
                _spread_out(live, by_thing, kind, beginner, self.inner, room, low, high)
            else:
                _to_accounts(by_account, kind, beginner, self.inner, room, low, high)
            _write(room.at, self._expected, len(witnesses), lifts, low, high)

        _in_halves(by_account, to_accounts)
        return lifts.T

    def at_things(self, witnesses: Int64, room: Walkers) -> Walkers:
        """The walkers at things, before the last step, which leads to accounts.

        Args:
            witnesses: As in :meth:`of`.
            room: From :meth:`room`; is written.
        """
        self._begin(witnesses, room)
        _leave(room.at, self._leave, room.sources)
        by_thing = self._touches.by_thing.unsigned()

        def to_things(low: int, high: int) -> None:
            _to_things(by_thing, self._slot, self.inner, self._spread, room, low, high)

        _in_halves(by_thing, to_things)
        return room

    def room(self, other: Walkers | None = None) -> Walkers:
        """Room for walkers, not filled yet; in the room of other ways, as far as it will do."""
        return Walkers(
            np.empty(len(self._slot), np.int32) if other is None else other.row,
            np.empty((len(self.inner), COLUMNS), np.float32),
            np.empty((int(self.inner.max(initial=-1)) + 1, COLUMNS), np.float32),
            np.empty((self._everybody, COLUMNS), np.float32) if other is None else other.at,
            np.empty(self._everybody, np.bool_) if other is None else other.sources,
        )

    def _begin(self, witnesses: Int64, room: Walkers) -> None:
        """The first step, from things that each witness touched to accounts."""
        touches = self._touches
        room.row.fill(-1)
        room.at.fill(0)
        room.sources.fill(False)
        live = _begin(
            witnesses,
            touches.by_account.unsigned(),
            self._everybody,
            self._slot,
            self.inner,
            self._leave,
            self._spread,
            room,
        )
        by_thing = touches.by_thing.unsigned()
        _scatter(np.sort(live), by_thing, touches.kind, touches.beginner, self.inner, room)


def counted_ways(touches: Touches) -> Counted:
    """Count how much each account and each thing was touched."""
    rows, beginner = touches.by_account.unsigned(), touches.beginner
    degree, ways = np.zeros((2, _KINDS, len(touches.accounts)), np.int32)
    _in_halves(rows, lambda low, high: _ways(rows, touches.kind, beginner, degree, ways, low, high))
    spread = (1 / np.maximum(touches.by_thing.degrees(), 1)).astype(np.float32)
    return Counted(degree, ways, spread)


def _in_halves(rows: Rows, work: Callable[[int, int], None]) -> None:
    """Do something for all rows, in two threads that have about as many touches."""
    half = int(np.searchsorted(rows.start, rows.start[-1] // 2))
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, (0, half), (half, len(rows.start) - 1)))


@kernel
def _ways(
    rows: Rows,
    kind: UInt8,
    beginner: Int32,
    degree: Int32,
    ways: Int32,
    low: int,
    high: int,
) -> None:
    """Count the touches of each account, and those by which walkers come to it."""
    start, other, hows = rows.start, rows.other, rows.how
    for i in range(low, high):
        for e in range(start[i], start[i + 1]):
            thing, how = other[e], hows[e]
            at = kind[thing] - _POST
            degree[at, i] += 1
            if at == 0:
                ways[at, i] += how & CAME != 0
            else:
                ways[at, i] += not (how & MADE and beginner[thing] == i)


@kernel
def _begin(
    witnesses: Int64,
    rows: Rows,
    accounts: int,
    slot: Int32,
    inner: Int32,
    leave: Floats,
    spread: Floats,
    room: Walkers,
) -> Int64:
    """Lead walkers from each witness to what it touched; which things have some."""
    start, other, hows = rows.start, rows.other, rows.how
    row, there, made = room.row, room.there, room.made
    live, found = np.empty(16, np.int64), 0
    for c in range(len(witnesses)):
        account, is_thing = witnesses[c], witnesses[c] >= accounts
        first = np.uint64(0 if is_thing else start[account])
        last = np.uint64(1 if is_thing else start[account + 1])
        for e in range(first, last):
            thing = account - accounts if is_thing else np.int64(other[e])
            at = slot[thing]
            if at < 0:
                continue
            if row[thing] < 0:
                row[thing] = at
                there[at] = 0
                if inner[at] >= 0:
                    made[inner[at]] = 0
                if found == len(live):
                    live = np.append(live, np.empty_like(live))
                live[found] = thing
                found += 1
            walkers = spread[thing] if is_thing else leave[account] * spread[thing]
            there[at, c] = walkers
            if inner[at] >= 0 and (is_thing or hows[e] & MADE):
                made[inner[at], c] = walkers
    return live[:found]


@kernel
def _scatter(
    live: Int64,
    rows: Rows,
    kind: UInt8,
    beginner: Int32,
    inner: Int32,
    room: Walkers,
) -> None:
    """Lead walkers from few things to accounts; the things ascend, as in an account's row."""
    start, other, hows = rows.start, rows.other, rows.how
    row, there, made, at, sources = room.row, room.there, room.made, room.at, room.sources
    for thing in live:
        slot, first, is_post = row[thing], beginner[thing], kind[thing] == _POST
        for e in range(start[thing], start[thing + 1]):
            i, how = other[e], hows[e]
            if how & MADE == 0 or (is_post and how & CAME):
                sources[i] = True
                for c in range(COLUMNS):
                    at[i, c] += there[slot, c]
            elif not is_post and np.int64(i) != first:
                sources[i] = True
                for c in range(COLUMNS):
                    at[i, c] += made[inner[slot], c]


@kernel
def _leave(at: Floats, leave: Floats, sources: Bools) -> None:
    """Part walkers at accounts by the things that each may go to."""
    for i in range(len(at)):
        if sources[i]:
            for c in range(COLUMNS):
                at[i, c] *= leave[i]


@kernel
def _to_things(  # noqa: C901 - a kernel that calls another takes longer
    rows: Rows,
    slots: Int32,
    inner: Int32,
    spread: Floats,
    room: Walkers,
    low: int,
    high: int,
) -> None:
    """Lead walkers to things."""
    start, other, how = rows.start, rows.other, rows.how
    row, there, made, at, sources = room.row, room.there, room.made, room.at, room.sources
    total, of_makers = np.zeros(COLUMNS, np.float32), np.zeros(COLUMNS, np.float32)
    for j in range(low, high):
        slot = slots[j]
        if slot < 0:
            continue
        carried, live, share = inner[slot] >= 0, False, spread[j]
        total[:] = 0
        of_makers[:] = 0
        for e in range(start[j], start[j + 1]):
            if e + AHEAD < len(other):
                prefetch(at, other[e + AHEAD])
            account = other[e]
            if not sources[account]:
                continue
            live = True
            for c in range(COLUMNS):
                total[c] += at[account, c] * share
            if carried and how[e] & MADE:
                for c in range(COLUMNS):
                    of_makers[c] += at[account, c] * share
        row[j] = slot if live else -1
        if live:
            there[slot] = total
            if carried:
                made[inner[slot]] = of_makers


@kernel
def _to_accounts(
    rows: Rows,
    kind: UInt8,
    beginner: Int32,
    inner: Int32,
    room: Walkers,
    low: int,
    high: int,
) -> None:
    """Lead walkers to accounts by what these did themselves."""
    start, other, hows = rows.start, rows.other, rows.how
    row, there, made, at = room.row, room.there, room.made, room.at
    total = np.zeros(COLUMNS, np.float32)
    for i in range(low, high):
        total[:] = 0
        for e in range(start[i], start[i + 1]):
            if e + 2 * AHEAD < len(other):
                prefetch(row, other[e + 2 * AHEAD])
                upcoming = row[other[e + AHEAD]]
                if upcoming >= 0:
                    prefetch(there, upcoming)
            thing, how = other[e], hows[e]
            slot = row[thing]
            if slot < 0:
                continue
            if how & MADE == 0 or (kind[thing] == _POST and how & CAME):
                for c in range(COLUMNS):
                    total[c] += there[slot, c]
            elif kind[thing] != _POST and beginner[thing] != i:
                for c in range(COLUMNS):
                    total[c] += made[inner[slot], c]
        at[i] = total


@kernel
def _spread_out(  # noqa: C901 - a kernel that calls another takes longer
    live: Int64,
    rows: Rows,
    kind: UInt8,
    beginner: Int32,
    inner: Int32,
    room: Walkers,
    low: int,
    high: int,
) -> None:
    """The same from the side of things, which ascend as in an account's row: to the last bit."""
    start, other, hows = rows.start, rows.other, rows.how
    row, there, made, at = room.row, room.there, room.made, room.at
    for i in range(low, high):
        at[i] = 0
    for thing in live:
        slot, beginning, is_post = row[thing], beginner[thing], kind[thing] == _POST
        first, end = start[thing], start[thing + 1]
        last = end
        while first < last:
            middle = (first + last) >> np.uint64(1)
            if other[middle] < low:
                first = middle + np.uint64(1)
            else:
                last = middle
        for e in range(first, end):
            account, how = np.int64(other[e]), hows[e]
            if account >= high:
                break
            if e + AHEAD < len(other):
                prefetch(at, other[e + AHEAD])
            if how & MADE == 0 or (is_post and how & CAME):
                for c in range(COLUMNS):
                    at[account, c] += there[slot, c]
            elif not is_post and account != beginning:
                for c in range(COLUMNS):
                    at[account, c] += made[inner[slot], c]


@kernel
def _write(
    at: Floats,
    expected: Floats,
    columns: int,
    lifts: Floats,
    low: int,
    high: int,
) -> None:
    """Turn rows of walkers into columns of lifts."""
    for i in range(low, high):
        for c in range(columns):
            lifts[c, i] = at[i, c] * expected[i]
