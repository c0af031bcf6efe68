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
from leeward.network._touches import CAME, MADE

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._csr import Bools, Int32, Int64
    from leeward.network._touches import Rows, Touches

    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]

__all__ = ["COLUMNS", "Lifts"]

COLUMNS: Final = 16
"""Witnesses whose walkers go together: a cache line of float32."""
_QUIET: Final = 3.0
"""Touches added to everybody's activity, so that one chance meeting lifts nobody to the top."""
_STEPS: Final = 2
_THREADS: Final = 2


class _Walkers(NamedTuple):
    """Walkers who leave things, each for one of those who touched it.

    Attributes:
        there: (things, :data:`COLUMNS`) All of them.
        made: (carried things, :data:`COLUMNS`) Those who came from an account that made a post
            with it.
        live: (things) Whether there are any.
    """

    there: Floats
    made: Floats
    live: Bools


class Lifts:
    """The lifts of all accounts, from some witnesses at a time.

    Args:
        touches: Who touched what; some kinds of things only, where the ways are to lead through
            no others.
    """

    def __init__(self, touches: Touches) -> None:
        self._touches = touches
        degree = touches.by_account.degrees()
        self._leave = (1 / np.maximum(degree, 1)).astype(np.float32)
        self._spread = (1 / np.maximum(touches.by_thing.degrees(), 1)).astype(np.float32)
        is_carried = touches.kind != Node.POST
        self._inner = np.where(is_carried, np.cumsum(is_carried) - 1, -1).astype(np.int32)
        # How many walkers come by an account of so many ways to it, if they come from anywhere.
        ways = np.zeros(len(degree))
        rows, beginner = touches.by_account.unsigned(), touches.beginner
        _in_halves(rows, lambda low, high: _ways(rows, self._inner, beginner, ways, low, high))
        self._expected = (ways.sum() / (ways + _QUIET)).astype(np.float32)

    def of(self, witnesses: Int64) -> Floats:
        """(accounts, :data:`COLUMNS`) The lifts from each witness.

        Args:
            witnesses: At most :data:`COLUMNS` places of accounts; or, counted on from the last
                account, of things.
        """
        accounts = len(self._leave)
        column = np.arange(len(witnesses))
        is_thing = witnesses >= accounts
        at = np.zeros((accounts, COLUMNS), np.float32)
        at[witnesses[~is_thing], column[~is_thing]] = 1
        room = self._room()
        for step in range(_STEPS):
            at *= self._leave[:, None]
            self._to_things(at, room)
            if step == 0:
                self._begin(room, witnesses[is_thing] - accounts, column[is_thing])
            self._to_accounts(room, at)
        at *= self._expected[:, None]
        return at

    def _room(self) -> _Walkers:
        things, inner = len(self._spread), int(self._inner.max(initial=-1)) + 1
        return _Walkers(
            np.empty((things, COLUMNS), np.float32),
            np.empty((inner, COLUMNS), np.float32),
            np.empty(things, np.bool_),
        )

    def _to_things(self, at: Floats, room: _Walkers) -> None:
        rows = self._touches.by_thing.unsigned()
        sources = np.asarray(at.any(axis=1))

        def some(low: int, high: int) -> None:
            _to_things(rows, self._inner, self._spread, at, sources, room, low, high)

        _in_halves(rows, some)

    def _to_accounts(self, room: _Walkers, at: Floats) -> None:
        rows, beginner = self._touches.by_account.unsigned(), self._touches.beginner

        def some(low: int, high: int) -> None:
            _to_accounts(rows, self._inner, beginner, room, at, low, high)

        _in_halves(rows, some)

    def _begin(self, room: _Walkers, things: Int64, columns: Int64) -> None:
        """Let walkers leave things that are witnesses."""
        room.live[things] = True
        room.there[things, columns] = self._spread[things]
        carried = self._inner[things] >= 0
        room.made[self._inner[things[carried]], columns[carried]] = self._spread[things[carried]]


def _in_halves(rows: Rows, work: Callable[[int, int], None]) -> None:
    """Do something for all rows, in two threads that have about as many touches."""
    half = int(np.searchsorted(rows.start, rows.start[-1] // 2))
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, (0, half), (half, len(rows.start) - 1)))


@kernel
def _leads(how: int, inner: int, is_first: bool) -> bool:
    """Whether a touch leads to who touched."""
    return bool(how & CAME) if inner < 0 else not (how & MADE and is_first)


@kernel
def _ways(rows: Rows, inner: Int32, beginner: Int32, ways: Doubles, low: int, high: int) -> None:
    for i in range(low, high):
        for e in range(rows.start[i], rows.start[i + 1]):
            thing = rows.other[e]
            ways[i] += _leads(rows.how[e], inner[thing], beginner[thing] == i)


@kernel
def _to_things(
    rows: Rows,
    inner: Int32,
    spread: Floats,
    at: Floats,
    sources: Bools,
    room: _Walkers,
    low: int,
    high: int,
) -> None:
    """Lead walkers to things.

    Most accounts have no walkers, and most things none: that is looked up in arrays that are
    small enough to be at hand.
    """
    there, made, live = room.there, room.made, room.live
    for j in range(low, high):
        there[j] = 0
        live[j] = False
        if inner[j] >= 0:
            made[inner[j]] = 0
        for e in range(rows.start[j], rows.start[j + 1]):
            account = rows.other[e]
            if not sources[account]:
                continue
            live[j] = True
            for c in range(COLUMNS):
                there[j, c] += at[account, c] * spread[j]
            if inner[j] >= 0 and rows.how[e] & MADE:
                for c in range(COLUMNS):
                    made[inner[j], c] += at[account, c] * spread[j]


@kernel
def _to_accounts(
    rows: Rows,
    inner: Int32,
    beginner: Int32,
    room: _Walkers,
    at: Floats,
    low: int,
    high: int,
) -> None:
    """Lead walkers to accounts by what these did themselves."""
    there, made, live = room.there, room.made, room.live
    for i in range(low, high):
        at[i] = 0
        for e in range(rows.start[i], rows.start[i + 1]):
            thing = rows.other[e]
            if not live[thing] or not _leads(rows.how[e], inner[thing], beginner[thing] == i):
                continue
            if inner[thing] < 0 or not rows.how[e] & MADE:
                for c in range(COLUMNS):
                    at[i, c] += there[thing, c]
            else:
                for c in range(COLUMNS):
                    at[i, c] += made[inner[thing], c]
