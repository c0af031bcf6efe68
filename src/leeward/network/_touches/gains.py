"""What came to rows of touches, and rows that are woven of old ones and that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._touches.touches import WEIGHTS, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Int32, Int64, UInt8
    from leeward.network._touches.touches import Touches

    Floats = npt.NDArray[np.float32]

__all__ = ["Gains", "in_halves", "lost_touches", "merged", "with_gains"]

_THREADS: Final = 2


class Gains(NamedTuple):
    """What came to the rows of some accounts.

    Attributes:
        account: Their places, ascending.
        rows: For each of them the touches that came or are stronger by now, as they are now.
        was: (touches of ``rows``) How the account had come by the thing before; 0 if it had not.
        anew: (all accounts) Whose rows here are whole: nothing of the old ones is left.
    """

    account: Int64
    rows: Rows
    was: UInt8
    anew: Bools


def with_gains(account: Int64, touch: Int64, anew: Bools, old: Rows, place: Int32) -> Gains:
    """Put touches in order, and beside those from before.

    Args:
        account: (touches) Who.
        touch: (touches) The thing, shifted by four bits; then how heavy the act is (the place in
            :data:`WEIGHTS`) and how the account came by it, two bits each. With repeats.
        anew: (accounts) Whose old touches count for nothing.
        old: The rows of accounts from before.
        place: (old things) Their places now.
    """
    counts = np.bincount(account, minlength=len(anew))
    some = np.flatnonzero((counts > 0) | anew)
    start = np.zeros(len(some) + 1, np.int64)
    np.cumsum(counts[some], out=start[1:])
    at = np.full(len(anew), -1, np.int64)
    at[some] = np.arange(len(some))
    sorted_ = np.empty_like(touch)
    _place(account, touch, at, start[:-1].copy(), sorted_)
    length = len(touch)
    rows = Rows(
        np.zeros_like(start),
        np.empty(length, np.int32),
        np.empty(length, np.float32),
        np.empty(length, np.uint8),
    )
    was = np.empty(length, np.uint8)
    end = _tidy(some, start, sorted_, anew, old, place, WEIGHTS, rows, was)
    tidy = Rows(rows.start, rows.other[:end], rows.weight[:end], rows.how[:end])
    return Gains(some, tidy, was[:end], anew)


def lost_touches(again: Int64, old: Rows, place: Int32, things: int) -> Int64:
    """(things) How many touches of each are lost with the old rows of some accounts."""
    lost = np.zeros(things, np.int64)
    _lose(again[again < len(old.start) - 1], old, place, lost)
    return lost


def merged(
    old: Touches,
    gains: Gains,
    anew: Bools,
    place: Int32,
    known: Int32,
    lost: Int64,
    accounts: int,
) -> tuple[Rows, Rows]:
    """The rows of all accounts and of all things.

    Args:
        old: The touches from before.
        gains: What came.
        anew: (accounts) Whose old touches count for nothing.
        place: (old things) Their places now.
        known: (things) Their places before; -1 for those that are new.
        lost: (things) From :func:`lost_touches`.
        accounts: How many there are.
    """
    is_new = gains.was == 0
    lengths = np.zeros(accounts, np.int64)
    lengths[: len(old.accounts)] = old.by_account.degrees()
    lengths[anew] = 0
    of_row = np.repeat(gains.account, gains.rows.degrees())
    lengths += np.bincount(of_row[is_new], minlength=accounts)
    by_account = _room(lengths)
    at = np.full(accounts, -1, np.int64)
    at[gains.account] = np.arange(len(gains.account))

    def weave_accounts(low: int, high: int) -> None:
        _weave_accounts(old.by_account, gains.rows, at, anew, place, by_account, low, high)

    in_halves(by_account.start, weave_accounts)
    counts = np.bincount(gains.rows.other, minlength=len(known))
    start = np.zeros(len(known) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    length = len(gains.rows.other)
    turned = Rows(
        start, np.empty(length, np.int32), np.empty(length, np.float32), np.empty(length, np.uint8)
    )
    _turn(gains.rows, gains.account, start[:-1].copy(), turned)
    lengths = np.where(known >= 0, old.by_thing.degrees()[known], 0) if len(old.things) else counts
    if len(old.things):
        lengths += np.bincount(gains.rows.other[is_new], minlength=len(known)) - lost
    by_thing = _room(lengths)
    affected = (counts > 0) | (lost > 0)

    def weave_things(low: int, high: int) -> None:
        _weave_things(old.by_thing, known, affected, anew, turned, by_thing, low, high)

    in_halves(by_thing.start, weave_things)
    return by_account, by_thing


def in_halves(start: Int64, work: Callable[[int, int], None]) -> None:
    """Do something for all rows, in two threads that have about as much to do."""
    half = int(np.searchsorted(start, start[-1] // 2))
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, (0, half), (half, len(start) - 1)))


def _room(lengths: Int64) -> Rows:
    start = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=start[1:])
    total = int(start[-1])
    return Rows(
        start, np.empty(total, np.int32), np.empty(total, np.float32), np.empty(total, np.uint8)
    )


@kernel
def _place(account: Int64, touch: Int64, at: Int64, end: Int64, sorted_: Int64) -> None:
    for t in range(len(touch)):
        row = at[account[t]]
        sorted_[end[row]] = touch[t]
        end[row] += 1


@kernel
def _tidy(
    some: Int64,
    start: Int64,
    touch: Int64,
    anew: Bools,
    old: Rows,
    place: Int32,
    weights: Floats,
    rows: Rows,
    was: UInt8,
) -> int:
    """Sort rows, make one touch of repeats, and add what was there before; where they end."""
    end = 0
    for r in range(len(some)):
        touch[start[r] : start[r + 1]].sort()
        begin, i = end, some[r]
        o, last = 0, 0
        if i < len(old.start) - 1 and not anew[i]:
            o, last = old.start[i], old.start[i + 1]
        for t in range(start[r], start[r + 1]):
            thing = touch[t] >> 4
            if end > begin and rows.other[end - 1] == thing:
                rows.how[end - 1] |= touch[t] & 3
                continue  # what stands first is the heaviest
            high = last
            while o < high:
                middle = (o + high) >> 1
                if place[old.other[middle]] < thing:
                    o = middle + 1
                else:
                    high = middle
            rows.other[end], rows.how[end], was[end] = thing, touch[t] & 3, 0
            rows.weight[end] = weights[(touch[t] >> 2) & 3]
            if o < last and place[old.other[o]] == thing:
                was[end] = old.how[o]
                rows.how[end] |= old.how[o]
                rows.weight[end] = max(rows.weight[end], old.weight[o])
            end += 1
        rows.start[r + 1] = end
    return end


@kernel
def _lose(again: Int64, old: Rows, place: Int32, lost: Int64) -> None:
    for i in again:
        for e in range(old.start[i], old.start[i + 1]):
            if place[old.other[e]] >= 0:
                lost[place[old.other[e]]] += 1


@kernel
def _weave_accounts(
    old: Rows,
    more: Rows,
    at: Int64,
    anew: Bools,
    place: Int32,
    new: Rows,
    low: int,
    high: int,
) -> None:
    """Move rows to which nothing came, several at a time, and merge the others."""
    known, i = len(old.start) - 1, low
    while i < high:
        to = new.start[i]
        if at[i] < 0:
            last = i
            while last < high and at[last] < 0:
                last += 1
            begin, count = old.start[min(i, known)], old.start[min(last, known)]
            count -= begin
            for e in range(count):
                new.other[to + e] = place[old.other[begin + e]]
            new.weight[to : to + count] = old.weight[begin : begin + count]
            new.how[to : to + count] = old.how[begin : begin + count]
            i = last
            continue
        begin, end = 0, 0
        if i < known and not anew[i]:
            begin, end = old.start[i], old.start[i + 1]
        m, last = more.start[at[i]], more.start[at[i] + 1]
        while begin < end or m < last:
            if m == last or (begin < end and place[old.other[begin]] < more.other[m]):
                new.other[to], new.weight[to] = place[old.other[begin]], old.weight[begin]
                new.how[to] = old.how[begin]
                begin += 1
            else:
                begin += begin < end and place[old.other[begin]] == more.other[m]
                new.other[to], new.weight[to] = more.other[m], more.weight[m]
                new.how[to] = more.how[m]
                m += 1
            to += 1
        i += 1


@kernel
def _turn(more: Rows, some: Int64, end: Int64, turned: Rows) -> None:
    """Write for each thing the accounts among some that touched it, ascending."""
    for f in range(len(some)):
        for e in range(more.start[f], more.start[f + 1]):
            to = end[more.other[e]]
            turned.other[to], turned.weight[to] = some[f], more.weight[e]
            turned.how[to] = more.how[e]
            end[more.other[e]] = to + 1


@kernel
def _weave_things(
    old: Rows,
    known: Int32,
    affected: Bools,
    anew: Bools,
    more: Rows,
    new: Rows,
    low: int,
    high: int,
) -> None:
    """Move rows that stay as they are, several at a time, and merge the others."""
    j = low
    while j < high:
        to, begin, end = new.start[j], 0, 0
        if known[j] >= 0:
            begin, end = old.start[known[j]], old.start[known[j] + 1]
        if not affected[j]:
            last = j + 1
            while last < high and not affected[last] and known[last] == known[last - 1] + 1:
                last += 1
            count = new.start[last] - to
            new.other[to : to + count] = old.other[begin : begin + count]
            new.weight[to : to + count] = old.weight[begin : begin + count]
            new.how[to : to + count] = old.how[begin : begin + count]
            j = last
            continue
        m, last = more.start[j], more.start[j + 1]
        while begin < end or m < last:
            if begin < end and anew[old.other[begin]]:
                begin += 1
            elif m == last or (begin < end and old.other[begin] < more.other[m]):
                new.other[to], new.weight[to] = old.other[begin], old.weight[begin]
                new.how[to] = old.how[begin]
                begin += 1
                to += 1
            else:
                begin += begin < end and old.other[begin] == more.other[m]
                new.other[to], new.weight[to] = more.other[m], more.weight[m]
                new.how[to] = more.how[m]
                m += 1
                to += 1
        j += 1
