"""A bounded table of records by key, for kernels: what is untouched longest goes first.

Records are rows of two arrays, one of integers and one of reals. A hash index with linear probing
leads from a key to its slot; links through the slots keep the order in which records were touched.
Slots are internal: what is saved is the records in that order, so equal memories give equal bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.signals._behaviour_kernel import borrowing_kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int32]
    Longs = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]

__all__ = ["Table", "find", "mix", "new_table", "pack", "place", "roomy", "unpack"]

USED: Final = 0
OLDEST: Final = 1
NEWEST: Final = 2
LIMIT: Final = 3
_FIRST: Final = 1 << 8


class Table(NamedTuple):
    """Records by key.

    Attributes:
        buckets: Slots plus one by place of the key; 0 is free. Twice as long as there are slots.
        keys: The key of each slot; 0 is no key.
        links: Of each slot the one touched before it and the one touched after it; -1 is none.
        state: How many slots are in use, the slots touched longest ago and last, the most records.
        ints, reals: The records; a fresh one is all zeros.
    """

    buckets: Ints
    keys: Words
    links: Ints
    state: Longs
    ints: Longs
    reals: Doubles


def new_table(most: int, ints: int, reals: int = 0) -> Table:
    """An empty table of at most ``most`` records with so many fields."""
    return _sized(min(_FIRST, most), most, ints, reals)


def roomy(table: Table, more: int) -> Table:
    """The table with room for ``more`` records, as far as its bound allows; perhaps itself."""
    most = int(table.state[LIMIT])
    needed = min(int(table.state[USED]) + more, most)
    if needed <= len(table.keys):
        return table
    size = len(table.keys)
    while size < needed:
        size *= 2
    larger = _sized(min(size, most), most, table.ints.shape[1], table.reals.shape[1])
    _fill(larger, *pack(table))
    return larger


def pack(table: Table) -> tuple[Words, Longs, Doubles]:
    """The keys and records, the one that is untouched longest first."""
    order = _order(table)
    return table.keys[order], table.ints[order], table.reals[order]


def unpack(most: int, keys: Words, ints: Longs, reals: Doubles) -> Table:
    """A table from what :func:`pack` gave."""
    table = roomy(new_table(most, ints.shape[1], reals.shape[1]), len(keys))
    _fill(table, keys, ints, reals)
    return table


def _sized(size: int, most: int, ints: int, reals: int) -> Table:
    places = 1 << (2 * size - 1).bit_length()
    return Table(
        np.zeros(places, np.int32),
        np.zeros(size, np.uint64),
        np.full((size, 2), -1, np.int32),
        np.array([0, -1, -1, most], np.int64),
        np.zeros((size, ints), np.int64),
        np.zeros((size, reals), np.float64),
    )


@borrowing_kernel
def mix(a: np.uint64, b: np.uint64) -> np.uint64:
    """One key of two, whose order matters (the finalizer of SplitMix64, Steele et al. 2014)."""
    x = np.uint64(a * np.uint64(0x9E3779B97F4A7C15)) ^ np.uint64(
        (b << np.uint64(23)) | (b >> np.uint64(41))
    )
    x = np.uint64((x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    x = np.uint64((x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    x = x ^ (x >> np.uint64(31))
    return np.uint64(1) if x == 0 else x


@borrowing_kernel
def find(table: Table, key: np.uint64) -> int:
    """The key's slot, -1 for none. Nothing is touched."""
    buckets, keys = table.buckets, table.keys
    last = np.uint64(len(buckets) - 1)
    at = key & last
    while True:
        slot = buckets[at]
        if slot == 0:
            return -1
        if keys[slot - 1] == key:
            return int(slot) - 1
        at = (at + np.uint64(1)) & last


@borrowing_kernel
def place(table: Table, key: np.uint64) -> int:
    """The key's slot, touched; made where there is none, in place of the one untouched longest.

    :func:`roomy` has to have made room for as many new keys as there may be.
    """
    slot = find(table, key)
    if slot >= 0:
        if table.state[NEWEST] != slot:
            _unlink(table, slot)
            _append(table, slot)
        return slot
    if table.state[USED] < table.state[LIMIT]:
        if table.state[USED] == len(table.keys):
            raise IndexError("no room was made for this record")
        slot = int(table.state[USED])
        table.state[USED] += 1
    else:
        slot = int(table.state[OLDEST])
        _forget(table, table.keys[slot])
        _unlink(table, slot)
        for field in range(table.ints.shape[1]):
            table.ints[slot, field] = 0
        for field in range(table.reals.shape[1]):
            table.reals[slot, field] = 0.0
    table.keys[slot] = key
    last = np.uint64(len(table.buckets) - 1)
    at = key & last
    while table.buckets[at] != 0:
        at = (at + np.uint64(1)) & last
    table.buckets[at] = slot + 1
    _append(table, slot)
    return slot


@borrowing_kernel
def _append(table: Table, slot: int) -> None:
    newest = table.state[NEWEST]
    table.links[slot, 0] = newest
    table.links[slot, 1] = -1
    if newest >= 0:
        table.links[newest, 1] = slot
    else:
        table.state[OLDEST] = slot
    table.state[NEWEST] = slot


@borrowing_kernel
def _unlink(table: Table, slot: int) -> None:
    before = table.links[slot, 0]
    after = table.links[slot, 1]
    if before >= 0:
        table.links[before, 1] = after
    else:
        table.state[OLDEST] = after
    if after >= 0:
        table.links[after, 0] = before
    else:
        table.state[NEWEST] = before


@borrowing_kernel
def _forget(table: Table, key: np.uint64) -> None:
    """Take a key out of the index; what was pushed on because of it moves back."""
    buckets, keys = table.buckets, table.keys
    last = np.uint64(len(buckets) - 1)
    one = np.uint64(1)
    hole = key & last
    while keys[buckets[hole] - 1] != key:
        hole = (hole + one) & last
    at = (hole + one) & last
    while buckets[at] != 0:
        home = keys[buckets[at] - 1] & last
        if (at - home) & last >= (at - hole) & last:
            buckets[hole] = buckets[at]
            hole = at
        at = (at + one) & last
    buckets[hole] = 0


@kernel
def _order(table: Table) -> Ints:
    order = np.empty(table.state[USED], np.int32)
    slot = table.state[OLDEST]
    for i in range(len(order)):
        order[i] = slot
        slot = table.links[slot, 1]
    return order


@kernel
def _fill(table: Table, keys: Words, ints: Longs, reals: Doubles) -> None:
    for i in range(len(keys)):
        slot = place(table, keys[i])
        table.ints[slot] = ints[i]
        table.reals[slot] = reals[i]
