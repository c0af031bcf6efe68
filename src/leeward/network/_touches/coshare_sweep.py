"""Windows that slide over the acts on one thing after the other, compiled.

All kernels here take acts sorted by thing and, on one thing, by time. They keep the accounts
that acted within the window before the act at hand, each once, with how often and when last. So
an act costs as much as there are other accounts in its window, however often each of them acted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Int16 = npt.NDArray[np.int16]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Table = npt.NDArray[Any]

__all__ = ["PAIR", "by_thing", "count_pairs", "in_company", "often", "present"]

PAIR = np.dtype(
    [
        ("pair", np.uint64),
        ("acts", np.int64),
        ("closest", np.int64),
        ("things", np.int32),
        ("last", np.int32),
    ]
)
"""A slot of the table of pairs, half a cache line: the two accounts as ``a << 32 | b``, what is
counted of them, and the thing that was counted last. No pair is 0, since a < b."""


@kernel
def by_thing(thing: Int32, order: Int64, things: int) -> Int64:
    """``order`` sorted by thing, stable: a counting sort."""
    place = np.zeros(things + 1, np.int64)
    for t in thing:
        place[t + 1] += 1
    for t in range(things):
        place[t + 1] += place[t]
    out = np.empty(len(order), np.int64)
    for i in order:
        out[place[thing[i]]] = i
        place[thing[i]] += 1
    return out


@kernel
def _gap(later: int, earlier: int) -> np.uint64:
    # Modulo 2^64, so that no two times are too far apart to be subtracted.
    return np.uint64(later) - np.uint64(earlier)


@kernel
def _leave(account: int, active: Int32, place: Int32, held: Int32, used: int) -> int:
    """Take one act of an account out of the window; how many accounts are left in it."""
    held[account] -= 1
    if held[account] > 0:
        return used
    last = active[used - 1]
    active[place[account]] = last
    place[last] = place[account]
    return used - 1


@kernel
def _enter(account: int, active: Int32, place: Int32, held: Int32, used: int) -> int:
    """Take an act of an account into the window; how many accounts are in it then."""
    held[account] += 1
    if held[account] > 1:
        return used
    active[used] = account
    place[account] = used
    return used + 1


@kernel
def present(thing: Int32, account: Int32, at: Int64, window: np.uint64, accounts: int) -> Int32:
    """For each act, how many accounts acted on its thing within the window that it ends."""
    out = np.empty(len(thing), np.int32)
    active, place = np.empty(accounts, np.int32), np.empty(accounts, np.int32)
    held = np.zeros(accounts, np.int32)
    used = begin = 0
    for i in range(len(thing)):
        while begin < i and (thing[begin] != thing[i] or _gap(at[i], at[begin]) > window):
            used = _leave(account[begin], active, place, held, used)
            begin += 1
        used = _enter(account[i], active, place, held, used)
        out[i] = used
    return out


@kernel
def in_company(
    thing: Int32, account: Int32, at: Int64, window: np.uint64, accounts: int
) -> tuple[Bools, Int32]:
    """Which acts have one of another account within the window; on how many things, by account."""
    rows = len(thing)
    near = np.zeros(rows, np.bool_)
    other = -1
    for i in range(1, rows):
        # The nearest act before this one, on the same thing, by another account.
        if thing[i] != thing[i - 1]:
            other = -1
        elif account[i] != account[i - 1]:
            other = i - 1
        near[i] = other >= 0 and _gap(at[i], at[other]) <= window
    other = -1
    for i in range(rows - 2, -1, -1):
        if thing[i] != thing[i + 1]:
            other = -1
        elif account[i] != account[i + 1]:
            other = i + 1
        near[i] |= other >= 0 and _gap(at[other], at[i]) <= window
    counts, last = np.zeros(accounts, np.int32), np.full(accounts, -1, np.int32)
    for i in range(rows):
        if near[i] and last[account[i]] != thing[i]:
            last[account[i]] = thing[i]
            counts[account[i]] += 1
    return near, counts


@kernel
def _slot(table: Table, pair: np.uint64) -> int:
    """Where a pair stands, or would stand. Hashed by the finalizer of MurmurHash3."""
    h = pair ^ (pair >> np.uint64(33))
    h = np.uint64(h * np.uint64(0xFF51AFD7ED558CCD))
    h ^= h >> np.uint64(33)
    h = np.uint64(h * np.uint64(0xC4CEB9FE1A85EC53))
    h ^= h >> np.uint64(33)
    mask = np.uint64(len(table) - 1)
    slot = h & mask
    while table[slot].pair != 0 and table[slot].pair != pair:
        slot = (slot + np.uint64(1)) & mask
    return int(slot)


@kernel
def count_pairs(
    thing: Int32,
    account: Int32,
    at: Int64,
    window: np.uint64,
    kind: Int16,
    across: bool,
    table: Table,
) -> None:
    """Count the pairs of accounts with acts on one thing within the window.

    Args:
        thing: What, by act, sorted.
        account: Who, by act.
        at: When, by act, sorted on one thing.
        window: Largest gap, inclusive.
        kind: (accounts) A class of each account.
        across: Whether only pairs from two classes are wanted.
        table: A hash table, all zero: a power of two of slots, more than there are pairs.
    """
    accounts = len(kind)
    active, place = np.empty(accounts, np.int32), np.empty(accounts, np.int32)
    held, latest = np.zeros(accounts, np.int32), np.empty(accounts, np.int64)
    used = begin = 0
    for i in range(len(thing)):
        while begin < i and (thing[begin] != thing[i] or _gap(at[i], at[begin]) > window):
            used = _leave(account[begin], active, place, held, used)
            begin += 1
        x = account[i]
        for k in range(used):
            y = active[k]
            if y == x or (across and kind[x] == kind[y]):
                continue
            pair = (np.uint64(min(x, y)) << np.uint64(32)) | np.uint64(max(x, y))
            gap = np.int64(_gap(at[i], latest[y]))
            row = table[_slot(table, pair)]
            if row.pair == 0:
                row.pair, row.last, row.closest = pair, -1, gap
            row.acts += held[y]
            row.closest = min(row.closest, gap)
            if row.last != thing[i]:
                row.last = thing[i]
                row.things += 1
        used = _enter(x, active, place, held, used)
        latest[x] = at[i]


@kernel
def often(table: Table, repeated: int) -> Table:
    """The pairs of a table with at least so many things."""
    count = 0
    for i in range(len(table)):
        count += table[i].things >= repeated
    out = np.empty(count, PAIR)
    count = 0
    for i in range(len(table)):
        if table[i].things >= repeated:
            out[count] = table[i]
            count += 1
    return out
