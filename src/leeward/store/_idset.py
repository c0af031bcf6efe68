"""Which identities the log holds: a hash table for hot rows, sorted arrays for sealed ones.

Both compare 80 bits of a keyed hash: among a thousand million events the chance that any two
distinct identities meet is under one in a million, and nobody without the key can aim for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Words = npt.NDArray[np.uint64]

__all__ = ["HotIds", "SealedIds", "marked"]

_PER_BUCKET = 8
"""Entries that share a bucket of the directory, on average: one or two cache lines."""

_MANY = 4_096
"""Hashes from which on it pays to sort them before they are looked up."""


class HotIds:
    """An open-addressing set of identity hashes."""

    def __init__(self, capacity: int = 1 << 16) -> None:
        self._slots: Words = np.zeros((capacity, 2), np.uint64)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def add(self, hashes: Words, skip: Mask) -> Mask:
        """Insert hashes, shape (n, 2), and tell which were new.

        Rows that ``skip`` marks are left out. Of equal hashes in one call the first is new.
        """
        capacity = len(self._slots)
        while (self._used + len(hashes)) * 2 > capacity:
            capacity *= 2
        if capacity > len(self._slots):
            larger: Words = np.zeros((capacity, 2), np.uint64)
            _insert(larger, self._slots, _empty(self._slots))
            self._slots = larger
        fresh: Mask = _insert(self._slots, hashes, skip)
        self._used += int(fresh.sum())
        return fresh


class SealedIds:
    """The identity hashes of one segment, sorted, with a directory over their leading bits.

    Args:
        heads: First 64 bits, ascending, shape (n,).
        checks: 16 further bits of each.
        starts: Where each bucket begins in ``heads``; shape (2^k + 1,).
    """

    def __init__(
        self, heads: Words, checks: npt.NDArray[np.uint16], starts: npt.NDArray[np.uint32]
    ) -> None:
        self.heads = heads
        self.checks = checks
        self.starts = starts

    @classmethod
    def build(cls, hashes: Words) -> SealedIds:
        """From hashes in any order, shape (n, 2)."""
        heads = np.ascontiguousarray(hashes[:, 0])
        checks = (hashes[:, 1] >> np.uint64(48)).astype(np.uint16)
        return cls._in_order(heads, checks, np.argsort(heads))

    @classmethod
    def merge(cls, parts: list[SealedIds]) -> SealedIds:
        """The union of several."""
        heads = np.concatenate([part.heads for part in parts])
        checks = np.concatenate([part.checks for part in parts])
        # The stable sort is a merge sort, and makes use of the order that is there.
        return cls._in_order(heads, checks, np.argsort(heads, kind="stable"))

    @classmethod
    def _in_order(
        cls, heads: Words, checks: npt.NDArray[np.uint16], order: npt.NDArray[np.int64]
    ) -> SealedIds:
        heads = heads[order]
        bits = max(0, (len(heads) // _PER_BUCKET).bit_length())
        return cls(heads, checks[order], bucket_starts(heads, bits))

    def mark(self, hashes: Words, found: Mask) -> None:
        """Set ``found`` where a hash, shape (n, 2), is in this segment."""
        bits = (len(self.starts) - 1).bit_length() - 1
        _mark(self.heads, self.checks, self.starts, bits, hashes, found)


def marked(sealed: Sequence[SealedIds], hashes: Words) -> Mask:
    """Which hashes, shape (n, 2), any of some segments holds."""
    found = np.zeros(len(hashes), np.bool_)
    if len(hashes) < _MANY or not sealed:
        for ids in sealed:
            ids.mark(hashes, found)
        return found
    # In ascending order each search begins where the one before it ended, in the cache.
    order = np.argsort(hashes[:, 0])
    ordered = hashes[order]
    hits = np.zeros(len(hashes), np.bool_)
    for ids in sealed:
        ids.mark(ordered, hits)
    found[order] = hits
    return found


def bucket_starts(heads: Words, bits: int) -> npt.NDArray[np.uint32]:
    """Where each value of the leading ``bits`` begins in sorted ``heads``; 2^bits + 1 places."""
    edges = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits if bits else 0)
    return np.append(np.searchsorted(heads, edges), len(heads)).astype(np.uint32)


def _empty(slots: Words) -> Mask:
    free: Mask = (slots[:, 0] == 0) & (slots[:, 1] == 0)
    return free


@kernel
def _insert(slots: Words, hashes: Words, skip: Mask) -> Mask:
    """Linear probing; an all-zero slot is free (a hash of zero has probability 2^-128)."""
    fresh = np.zeros(len(hashes), np.bool_)
    last = np.uint64(len(slots) - 1)
    for row in range(len(hashes)):
        if skip[row]:
            continue
        a = hashes[row, 0]
        b = hashes[row, 1]
        slot = a & last
        while True:
            x = slots[slot, 0]
            y = slots[slot, 1]
            if x == 0 and y == 0:
                slots[slot, 0] = a
                slots[slot, 1] = b
                fresh[row] = True
                break
            if x == a and y == b:
                break
            slot = (slot + np.uint64(1)) & last
    return fresh


@kernel
def _mark(
    heads: Words,
    checks: npt.NDArray[np.uint16],
    starts: npt.NDArray[np.uint32],
    bits: int,
    hashes: Words,
    found: Mask,
) -> None:
    shift = np.uint64(64 - bits)
    for row in range(len(hashes)):
        if found[row]:
            continue
        head = hashes[row, 0]
        bucket = np.uint64(0) if bits == 0 else head >> shift
        check = np.uint16(hashes[row, 1] >> np.uint64(48))
        for i in range(starts[bucket], starts[bucket + np.uint64(1)]):
            if heads[i] == head and checks[i] == check:
                found[row] = True
                break
