"""A part of an index: hashes with their entries and tables. All but the withdrawals is fixed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.hashing._index_fold import fold
from leeward.hashing._mih import no_tables, tables_of, width_for
from leeward.hashing._mih_plan import SCAN
from leeward.hashing._mih_search import Bank, Found, search
from leeward.model import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["SMALL", "Segment", "merged", "segment_of"]

SMALL: Final = 4096
"""Up to so many hashes are compared one by one, without tables."""

_ROOM: Final = 1024
"""For how many matches there is room at first."""


@dataclass(frozen=True, repr=False, eq=False)
class Segment:
    """A part of an index.

    Attributes:
        bank: The arrays. ``dead`` may change while others search: bits are only ever set.
    """

    bank: Bank

    @property
    def entries(self) -> int:
        """How many entries there are, withdrawn ones among them."""
        return len(self.bank.ids) + len(self.bank.twin_id)

    @property
    def alive(self) -> int:
        """How many entries were not withdrawn."""
        return self.entries - int(np.bitwise_count(self.bank.dead).sum(dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Octets of all arrays."""
        return sum(array.nbytes for array in (*self.bank[:-1], *self.bank.tables))

    def search(self, queries: UInt64, distance: Int64, scan: float = SCAN) -> list[Found]:
        """All entries within a distance of each query.

        Args:
            queries: (queries, 4) Shuffled as the hashes are.
            distance: (queries) 0 to 64.
            scan: Nanoseconds to compare one hash: what decides between tables and comparing all.

        Returns:
            The matches in parts, queries ascending.
        """
        parts = []
        at, room = 0, _ROOM + 2 * len(queries)
        width = width_for(len(self.bank.hashes))
        while at < len(queries):
            found = Found.room(room)
            after, count = search(self.bank, width, queries, distance, at, scan, found)
            parts.append(found.begin(count))
            at, room = after, 2 * room
        return parts

    def withdraw(self, ids: UInt64) -> int:
        """Let the entries with some ids match no more.

        Args:
            ids: Ascending, each once.

        Returns:
            How many entries they were.
        """
        bank = self.bank
        twins = _places(bank.twin_id[self._twin_order], ids) if len(bank.twin_id) else _NONE
        entries = np.concatenate(
            (_places(bank.ids, ids), self._twin_order[twins] + len(bank.hashes))
        )
        return int(_bury(bank.dead, entries))

    @cached_property
    def _twin_order(self) -> Int64:
        """Twins, which lie in the order of their hashes, in the order of their ids."""
        return np.argsort(self.bank.twin_id, kind="stable")

    def living(self) -> tuple[UInt64, UInt64]:
        """The hashes and the ids of entries that were not withdrawn."""
        bank = self.bank
        dead = np.unpackbits(bank.dead, count=self.entries, bitorder="little").view(np.bool_)
        first, twins = ~dead[: len(bank.ids)], ~dead[len(bank.ids) :]
        return (
            np.concatenate((bank.hashes[first], bank.hashes[bank.twin_row[twins]])),
            np.concatenate((bank.ids[first], bank.twin_id[twins])),
        )


_NONE: Final = np.empty(0, np.int64)


def segment_of(hashes: UInt64, ids: UInt64, small: int = SMALL) -> Segment:
    """Fold duplicates and make the tables.

    Args:
        hashes: (entries, 4) Shuffled. Are written: they become the segment's.
        ids: (entries) In any order; an id may have several hashes, and a hash several ids.
        small: Up to how many hashes there are no tables.
    """
    if len(ids) > 1 and not (ids[1:] >= ids[:-1]).all():
        order = np.argsort(ids, kind="stable")
        hashes, ids = hashes[order], ids[order]
    count, first, row = fold(hashes)
    if count < len(hashes):
        hashes = hashes[:count].copy()
    own, twin_row, twin_id = ids[first], row[~first], ids[~first]
    keep = own[twin_row] != twin_id
    twin_row, twin_id = twin_row[keep], twin_id[keep]
    order = np.lexsort((twin_id, twin_row))
    twin_row, twin_id = twin_row[order], twin_id[order]
    if len(order) > 1:
        again = (twin_row[1:] == twin_row[:-1]) & (twin_id[1:] == twin_id[:-1])
        twin_row, twin_id = twin_row[np.append(True, ~again)], twin_id[np.append(True, ~again)]
    dead = np.zeros((count + len(twin_row) + 7) // 8, np.uint8)
    tables = tables_of(hashes) if count > small else no_tables()
    for array in (hashes, own, twin_row, twin_id, *tables):
        array.flags.writeable = False  # as those of a mapped file are: kernels compile once
    return Segment(Bank(hashes, own, twin_row, twin_id, dead, tables))


def merged(segments: Sequence[Segment], small: int = SMALL) -> Segment:
    """One segment of all entries that were not withdrawn."""
    parts = [segment.living() for segment in segments]
    ids = np.concatenate([ids for _, ids in parts])
    hashes = np.concatenate([hashes for hashes, _ in parts])
    del parts  # it is as large as what follows
    return segment_of(hashes, ids, small)


def _places(ascending: UInt64, ids: UInt64) -> Int64:
    """All places in an ascending array at which one of some numbers stands."""
    first = np.searchsorted(ascending, ids, "left")
    count = np.searchsorted(ascending, ids, "right") - first
    before = np.cumsum(count) - count
    return np.asarray(np.repeat(first - before, count) + np.arange(count.sum()), np.int64)


@kernel
def _bury(dead: UInt8, entries: Int64) -> int:
    """Mark entries as withdrawn; how many were not yet."""
    newly = 0
    for entry in entries:
        bit = np.uint8(1 << (entry & 7))
        if dead[entry >> 3] & bit == 0:
            dead[entry >> 3] |= bit
            newly += 1
    return newly
