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
from leeward.network._acts import Node
from leeward.network._prefetch import AHEAD, prefetch
from leeward.network._touches import CAME, MADE

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._csr import Bools, Int32, Int64, UInt8
    from leeward.network._touches import Rows, Touches

    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]

__all__ = ["COLUMNS", "Lifts"]

COLUMNS: Final = 16
"""Witnesses whose walkers go together: a cache line of float32."""
_QUIET: Final = 3.0
"""Touches added to everybody's activity, so that one chance meeting lifts nobody to the top."""
_THREADS: Final = 2
_POST: Final = int(Node.POST)


class _Walkers(NamedTuple):
    """Walkers who leave things, each for one of those who touched it.

    Attributes:
        row: (things) Where those of a thing stand in the other two; -1 where there are none.
        there: (things of the ways, :data:`COLUMNS`) All of them.
        made: (carried things, :data:`COLUMNS`) Those who came from an account that made a post
            with it; at :attr:`Lifts._inner` of its row.
    """

    row: Int32
    there: Floats
    made: Floats


class Lifts:
    """The lifts of all accounts, from some witnesses at a time.

    Args:
        touches: Who touched what.
        kind: Lead the ways through things of this kind alone; through all of them if None.
        everywhere: How many ways to accounts there are, if it is not to be counted.

    Attributes:
        everywhere: The same, as counted or given.
    """

    def __init__(
        self, touches: Touches, kind: Node | None = None, everywhere: float | None = None
    ) -> None:
        self._touches, self._everybody = touches, len(touches.accounts)
        led = np.ones(len(touches.things), np.bool_) if kind is None else touches.kind == kind
        self._slot = np.where(led, np.cumsum(led) - 1, -1).astype(np.int32)
        # Where walkers who came from makers stand, by slot.
        is_carried = touches.kind[led] != Node.POST
        self._inner = np.where(is_carried, np.cumsum(is_carried) - 1, -1).astype(np.int32)
        self._spread = (1 / np.maximum(touches.by_thing.degrees(), 1)).astype(np.float32)
        # How many walkers come by an account of so many ways to it, if they come from anywhere.
        degree, ways = np.zeros((2, self._everybody))
        rows, beginner = touches.by_account.unsigned(), touches.beginner
        _in_halves(
            rows,
            lambda low, high: _ways(
                rows, self._slot, touches.kind, beginner, degree, ways, low, high
            ),
        )
        self._leave = (1 / np.maximum(degree, 1)).astype(np.float32)
        self.everywhere = float(ways.sum()) if everywhere is None else everywhere
        self._expected = (self.everywhere / (ways + _QUIET)).astype(np.float32)

    def of(self, witnesses: Int64) -> Floats:
        """(accounts, :data:`COLUMNS`) The lifts from each witness, one behind the other in memory.

        Args:
            witnesses: At most :data:`COLUMNS` places of accounts; or, counted on from the last
                account, of things that the ways lead through.
        """
        return self._of(witnesses, np.arange(self._everybody), self._slot)

    def of_some(self, witnesses: Int64, accounts: Int64) -> Floats:
        """The same of some accounts alone, in less time.

        Args:
            witnesses: As in :meth:`of`.
            accounts: Their places.
        """
        rows, needed = self._touches.by_account, np.zeros(len(self._slot), np.bool_)
        _need(accounts, rows.start, rows.other, needed)
        return self._of(witnesses, accounts, np.where(needed, self._slot, np.int32(-1)))

    def one_step(self, witnesses: Int64) -> Floats:
        """(accounts, :data:`COLUMNS`) The walkers at each account after the first of two steps.

        Args:
            witnesses: As in :meth:`of`.
        """
        return self._begun(witnesses, self._room())[0]

    def _begun(self, witnesses: Int64, room: _Walkers) -> tuple[Floats, Bools]:
        """The same, and at which accounts there are any."""
        touches, by_account = self._touches, self._touches.by_account.unsigned()
        live = _begin(
            witnesses,
            by_account,
            self._everybody,
            self._slot,
            self._inner,
            self._leave,
            self._spread,
            room,
        )
        at = np.zeros((self._everybody, COLUMNS), np.float32)
        sources = np.zeros(self._everybody, np.bool_)
        by_thing = touches.by_thing.unsigned()
        _scatter(
            np.sort(live),
            by_thing,
            touches.kind,
            touches.beginner,
            self._inner,
            room,
            at,
            sources,
        )
        return at, sources

    def _of(self, witnesses: Int64, accounts: Int64, slots: Int32) -> Floats:
        """The lifts of some accounts, through things that have a slot in the end."""
        touches, lifts = self._touches, np.zeros((COLUMNS, len(accounts)), np.float32)
        by_account, by_thing = touches.by_account.unsigned(), touches.by_thing.unsigned()
        kind, beginner, room = touches.kind, touches.beginner, self._room()
        at, sources = self._begun(witnesses, room)
        _leave(at, self._leave, sources)

        def to_things(low: int, high: int) -> None:
            _to_things(by_thing, slots, self._inner, self._spread, at, sources, room, low, high)

        def to_accounts(low: int, high: int) -> None:
            _to_accounts(accounts, by_account, kind, beginner, self._inner, room, at, low, high)
            _write(accounts, at, self._expected, len(witnesses), lifts, low, high)

        _in_halves(by_thing, to_things)
        half = len(accounts) // 2
        if len(accounts) == self._everybody:
            half = int(np.searchsorted(by_account.start, by_account.start[-1] // 2))
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(to_accounts, (0, half), (half, len(accounts))))
        return lifts.T

    def _room(self) -> _Walkers:
        return _Walkers(
            np.full(len(self._slot), -1, np.int32),
            np.empty((len(self._inner), COLUMNS), np.float32),
            np.empty((int(self._inner.max(initial=-1)) + 1, COLUMNS), np.float32),
        )


def _in_halves(rows: Rows, work: Callable[[int, int], None]) -> None:
    """Do something for all rows, in two threads that have about as many touches."""
    half = int(np.searchsorted(rows.start, rows.start[-1] // 2))
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, (0, half), (half, len(rows.start) - 1)))


@kernel
def _ways(
    rows: Rows,
    slot: Int32,
    kind: UInt8,
    beginner: Int32,
    degree: Doubles,
    ways: Doubles,
    low: int,
    high: int,
) -> None:
    """Count the touches of each account, and those by which walkers come to it."""
    start, other, hows = rows.start, rows.other, rows.how
    for i in range(low, high):
        for e in range(start[i], start[i + 1]):
            thing, how = other[e], hows[e]
            if slot[thing] >= 0:
                degree[i] += 1
                if kind[thing] == _POST:
                    ways[i] += how & CAME != 0
                else:
                    ways[i] += not (how & MADE and beginner[thing] == i)


@kernel
def _begin(
    witnesses: Int64,
    rows: Rows,
    accounts: int,
    slot: Int32,
    inner: Int32,
    leave: Floats,
    spread: Floats,
    room: _Walkers,
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
    room: _Walkers,
    at: Floats,
    sources: Bools,
) -> None:
    """Lead walkers from few things to accounts; the things ascend, as in an account's row."""
    start, other, hows = rows.start, rows.other, rows.how
    row, there, made = room.row, room.there, room.made
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
    at: Floats,
    sources: Bools,
    room: _Walkers,
    low: int,
    high: int,
) -> None:
    """Lead walkers to things."""
    start, other, how = rows.start, rows.other, rows.how
    row, there, made = room.row, room.there, room.made
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
    accounts: Int64,
    rows: Rows,
    kind: UInt8,
    beginner: Int32,
    inner: Int32,
    room: _Walkers,
    at: Floats,
    low: int,
    high: int,
) -> None:
    """Lead walkers to accounts by what these did themselves."""
    start, other, hows = rows.start, rows.other, rows.how
    row, there, made = room.row, room.there, room.made
    total = np.zeros(COLUMNS, np.float32)
    for i in accounts[low:high]:
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
def _write(
    accounts: Int64,
    at: Floats,
    expected: Floats,
    columns: int,
    lifts: Floats,
    low: int,
    high: int,
) -> None:
    """Turn rows of walkers into columns of lifts."""
    for place in range(low, high):
        i = accounts[place]
        for c in range(columns):
            lifts[c, place] = at[i, c] * expected[i]


@kernel
def _need(accounts: Int64, start: Int64, other: Int32, needed: Bools) -> None:
    """Mark the things that some accounts touched."""
    for i in accounts:
        for e in range(start[i], start[i + 1]):
            needed[other[e]] = True
