"""Which hashes lie within a distance of a query, by multi-index hashing. Nothing is missed.

A search within d bits gives each band i of the m = 16 a radius t(i), as even as can be, such that
the sum of all t(i) + 1 is d + 1. Where two hashes differ by x(i) bits in band i and by d at most
in all, the sum of x(i) - t(i) - 1 is negative. Two things follow.

* Some x(i) <= t(i): the refined pigeonhole principle of multi-index hashing (M. Norouzi, A.
  Punjani, D. J. Fleet, "Fast exact search in Hamming space with multi-index hashing", 2014). So
  it is enough to read, in each band, the buckets of the values that differ from the query's by
  t(i) bits at most. A band of radius -1 is not read at all.
* In a ring of numbers whose sum is negative there is one from which all sums of followers stay
  negative (the cycle lemma; J. Qin and C. Xiao, "Pigeonring", 2018, make a filter of it). So
  there is a band where also x(i) + x(i+1) <= t(i) + t(i+1) + 1, and the sketch in the bucket, the
  next band's value, tells that before the hash itself is touched. Of a thousand hashes in the
  buckets read within 31 bits three remain.

A hash that is within the distance may remain in several bands. It is reported in the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.hashing._bits import LANES, apart, little, lowest, near, ones, prefetch
from leeward.hashing._mih import BANDS, Tables, band_of
from leeward.hashing._mih_plan import BATCH, Scratch, plan, scratch_for
from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]
    UInt16 = npt.NDArray[np.uint16]
    UInt32 = npt.NDArray[np.uint32]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["Bank", "Found", "search"]

_AHEAD: Final = 12
"""How many buckets ahead memory is fetched."""

_LINE: Final = 32
"""Sketches to a cache line."""

_STREAM: Final = 1024
"""Sketches of a bucket that are fetched ahead; the machine itself goes on from there."""

_SPENT: Final = -1
_NO_ROOM: Final = -2
"""Instead of a count: more hashes remained than it pays to look at; the room is full."""


class Bank(NamedTuple):
    """What is searched.

    Attributes:
        hashes: (hashes, 4) No two alike.
        ids: (hashes) Of the first entry of each hash.
        twin_row: (twins) The hash of each further entry, ascending.
        twin_id: (twins) Its id.
        dead: (hashes + twins, in bits) Set where the entry was withdrawn; twins come last.
        tables: Without any all hashes are compared.
    """

    hashes: UInt64
    ids: UInt64
    twin_row: UInt32
    twin_id: UInt64
    dead: UInt8
    tables: Tables


class Found(NamedTuple):
    """Room for what is found: a query's place, an entry's id and their distance."""

    query: UInt32
    id: UInt64
    distance: UInt8

    @classmethod
    def room(cls, length: int) -> Found:
        """Arrays of a length, not filled yet."""
        empty = np.empty
        return cls(empty(length, np.uint32), empty(length, np.uint64), empty(length, np.uint8))

    def begin(self, count: int) -> Found:
        """The first of them."""
        return Found(self.query[:count], self.id[:count], self.distance[:count])


class _Near(NamedTuple):
    """One query: its place, the distance, how many buckets to read, how many hashes to look at."""

    query: int
    distance: int
    buckets: int
    budget: int


@kernel
def search(
    bank: Bank, width: int, queries: UInt64, distance: Int64, first: int, scan: float, found: Found
) -> tuple[int, int]:
    """Search for queries from one on, as long as there is room for all that is found for one.

    Args:
        bank: What is searched.
        width: Octets to the number of a row.
        queries: (queries, 4) Their bits in the bank's order.
        distance: (queries) 0 to 64.
        first: The query to begin with.
        scan: Nanoseconds to compare one hash; 0 compares all, infinity never does.
        found: Is written.

    Returns:
        The query to go on with, and how many were found.
    """
    scratch = scratch_for(distance[first:].max() if first < len(queries) else 0)
    count = 0
    for query in range(first, len(queries)):
        before, count = count, _SPENT
        if len(bank.tables.starts) > 0 and scan > 0:
            buckets, budget = plan(
                bank.tables, len(bank.hashes), queries, query, distance[query], scratch, scan
            )
            if budget > 0:
                near_by = _Near(query, distance[query], buckets, budget)
                count = _probe(bank, width, queries, near_by, scratch, found, before)
        if count == _SPENT:
            count = _compare(bank, queries, query, distance[query], found, before)
        if count < 0:
            return query, before
    return len(queries), count


@kernel
def _probe(
    bank: Bank,
    width: int,
    queries: UInt64,
    near_by: _Near,
    scratch: Scratch,
    found: Found,
    count: int,
) -> int:
    """Read the buckets listed; how many were found in all, or why it did not come to an end."""
    budget = near_by.budget
    gathered = 0
    for bucket in range(min(_AHEAD, near_by.buckets)):
        _fetch(bank.tables.sketches, scratch.begin[bucket], scratch.end[bucket])
    for bucket in range(near_by.buckets):
        ahead = bucket + _AHEAD
        if ahead < near_by.buckets:
            _fetch(bank.tables.sketches, scratch.begin[ahead], scratch.end[ahead])
        begin, end, band = scratch.begin[bucket], scratch.end[bucket], scratch.band[bucket]
        pattern = np.uint16(scratch.value[(np.int64(band) + 1) % BANDS])
        limit = scratch.limit[bucket]
        while begin < end:
            which = near(bank.tables.sketches, begin, pattern, limit)
            if end - begin < LANES:
                which &= (1 << (end - begin)) - 1
            while which != 0:
                place = (begin + lowest(which)) * width
                which &= which - 1
                prefetch(bank.tables.rows, place)
                scratch.place[gathered] = place
                scratch.of[gathered] = band
                gathered += 1
            begin += LANES
            if gathered >= BATCH:
                count = _verify(bank, width, queries, near_by, scratch, gathered, found, count)
                budget -= gathered
                gathered = 0
                if count < 0:
                    return count
                if budget < 0:
                    return _SPENT
    return _verify(bank, width, queries, near_by, scratch, gathered, found, count)


@kernel
def _fetch(sketches: UInt16, begin: int, end: int) -> None:
    """Begin to bring a bucket near: each line it touches, the last one too."""
    for place in range(begin, min(end, begin + _STREAM), _LINE):
        prefetch(sketches, place)
    prefetch(sketches, end - 1)


@kernel
def _verify(
    bank: Bank,
    width: int,
    queries: UInt64,
    near_by: _Near,
    scratch: Scratch,
    gathered: int,
    found: Found,
    count: int,
) -> int:
    """Compare the hashes that were gathered: first fetch all of them, then look."""
    octets = (1 << (8 * width)) - 1
    for item in range(gathered):
        row = little(bank.tables.rows, scratch.place[item]) & octets
        # A damaged file may name a row that is not there. Memory is safe; `verify` will tell.
        scratch.place[item] = min(row, len(bank.hashes) - 1)
        prefetch(bank.hashes, 4 * scratch.place[item])
    for item in range(gathered):
        row = scratch.place[item]
        bits = apart(bank.hashes, row, queries, near_by.query)
        if bits <= near_by.distance and _first(bank, row, scratch) == scratch.of[item]:
            count = _report(bank, row, near_by.query, bits, found, count)
            if count < 0:
                return count
    return count


@kernel
def _first(bank: Bank, row: int, scratch: Scratch) -> int:
    """The first band in which a hash within the distance remains."""
    radius, value = scratch.radius, scratch.value
    after = ones(np.uint64(band_of(bank.hashes, row, 0) ^ value[0]))
    for band in range(BANDS):
        follower = (band + 1) % BANDS
        bits = after
        after = ones(np.uint64(band_of(bank.hashes, row, follower) ^ value[follower]))
        if bits <= radius[band] and bits + after <= radius[band] + radius[follower] + 1:
            return band
    return BANDS


@kernel
def _compare(
    bank: Bank, queries: UInt64, query: int, distance: int, found: Found, count: int
) -> int:
    """Compare a query with all hashes."""
    for row in range(len(bank.hashes)):
        bits = apart(bank.hashes, row, queries, query)
        if bits <= distance:
            count = _report(bank, row, query, bits, found, count)
            if count < 0:
                return count
    return count


@kernel
def _report(bank: Bank, row: int, query: int, bits: int, found: Found, count: int) -> int:
    """Write down all entries of a hash that were not withdrawn."""
    count = _entry(bank.dead, row, query, bank.ids[row], bits, found, count)
    if len(bank.twin_row) > 0:
        twin = int(np.searchsorted(bank.twin_row, np.uint32(row)))
        while count >= 0 and twin < len(bank.twin_row) and bank.twin_row[twin] == row:
            entry = len(bank.hashes) + twin
            count = _entry(bank.dead, entry, query, bank.twin_id[twin], bits, found, count)
            twin += 1
    return count


@kernel
def _entry(
    dead: UInt8, entry: int, query: int, name: int, bits: int, found: Found, count: int
) -> int:
    if (dead[entry >> 3] >> (entry & 7)) & 1:
        return count
    if count >= len(found.query):
        return _NO_ROOM
    found.query[count] = query
    found.id[count] = name
    found.distance[count] = bits
    return count + 1
