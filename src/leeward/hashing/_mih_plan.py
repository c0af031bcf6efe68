"""Which buckets a search reads, and when it is cheaper to compare all hashes.

:mod:`leeward.hashing._mih_search` tells why these buckets are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.hashing._bits import LANES
from leeward.hashing._mih import BANDS, Tables, band_of
from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]
    UInt16 = npt.NDArray[np.uint16]
    UInt32 = npt.NDArray[np.uint32]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["BATCH", "MAX_DISTANCE", "SCAN", "Scratch", "plan", "scratch_for"]

MAX_DISTANCE: Final = 64
"""The largest distance that can be searched, in bits."""

SCAN: Final = 1.2
"""Nanoseconds to compare a query with one hash where all are compared, one after the other."""

_BUCKET: Final = 40.0
_SKETCH: Final = 0.22
_HASH: Final = 29.0
"""Nanoseconds to find a bucket, to look at one of its sketches, and to fetch a hash.

These four only decide which way is taken; what is found is the same.
"""

BATCH: Final = 1024
"""Hashes that are gathered before they are looked at."""


def _rings() -> tuple[UInt16, Int64]:
    """All values of up to 4 bits, those of fewer bits first; and where each count begins."""
    values = np.arange(1 << 16, dtype=np.uint16)
    bits = np.bitwise_count(values)
    order = np.argsort(bits, kind="stable")
    starts = np.searchsorted(bits[order], np.arange(MAX_DISTANCE // BANDS + 2))
    return values[order][: starts[-1]], starts.astype(np.int64)


_FLIPS, _RINGS = _rings()
_SHARE = np.cumsum(np.bincount(np.bitwise_count(np.arange(1 << 16, dtype=np.uint16)))) / (1 << 16)
"""Which share of all values differs from a given one by so many bits at most."""


class Scratch(NamedTuple):
    """What is known of one query while it is searched for.

    Attributes:
        radius: (16) Of each band; -1 where it is not read.
        value: (16) The query's bands.
        begin, end: (buckets) Places in the sketches of all bands.
        limit: (buckets) In how many bits the next band may differ.
        band: (buckets) Whose bucket it is.
        place: (batch) Of what was gathered: where its row's number stands, then the row.
        of: (batch) The band in which it was met.
    """

    radius: Int64
    value: Int64
    begin: Int64
    end: Int64
    limit: UInt16
    band: UInt8
    place: Int64
    of: UInt8


@kernel
def _radius(distance: int, band: int) -> int:
    """The radii of all bands, each with 1 more, sum up to the distance and 1."""
    return (distance + BANDS - band) // BANDS - 1


@kernel
def scratch_for(distance: int) -> Scratch:
    """Room for one query at a time, within a distance at most."""
    buckets = 0
    for band in range(BANDS):
        buckets += _RINGS[_radius(distance, band) + 1]
    return Scratch(
        np.empty(BANDS, np.int64),
        np.empty(BANDS, np.int64),
        np.empty(buckets, np.int64),
        np.empty(buckets, np.int64),
        np.empty(buckets, np.uint16),
        np.empty(buckets, np.uint8),
        np.empty(BATCH + LANES, np.int64),
        np.empty(BATCH + LANES, np.uint8),
    )


@kernel
def plan(
    tables: Tables,
    hashes: int,
    queries: UInt64,
    query: int,
    distance: int,
    scratch: Scratch,
    scan: float,
) -> tuple[int, int]:
    """List the buckets to read.

    Args:
        tables: The bank's.
        hashes: How many there are.
        queries: (queries, 4) Their bits in the bank's order.
        query: Which of them it is.
        distance: Its own.
        scratch: Is written.
        scan: Nanoseconds to compare one hash.

    Returns:
        How many they are, and how many hashes may be looked at before it is cheaper to compare
        all; 0 if it is at once.
    """
    radius, value = scratch.radius, scratch.value
    for band in range(BANDS):
        radius[band] = _radius(distance, band)
        value[band] = band_of(queries, query, band)
    buckets = 0
    cost = 0.0
    for band in range(BANDS):
        for ring in range(radius[band] + 1):
            limit = min(radius[band] + radius[(band + 1) % BANDS] + 1 - ring, 16)
            before = buckets
            buckets, sketches = _ring(
                tables.starts[band], band * hashes, band, ring, limit, scratch, buckets
            )
            cost += _BUCKET * (buckets - before)
            cost += sketches * (_SKETCH + _HASH * _SHARE[limit])
    all_of_them = scan * hashes
    if cost > all_of_them:
        return buckets, 0
    # What is expected, and as much again as comparing all would take.
    return buckets, int(min((cost + all_of_them) / _HASH, 2.0**40)) + BATCH


@kernel
def _ring(
    starts: UInt32, begin: int, band: int, ring: int, limit: int, scratch: Scratch, buckets: int
) -> tuple[int, int]:
    """List the buckets of values that differ from the query's in ``ring`` bits."""
    value = scratch.value[band]
    sketches = 0
    for flip in range(_RINGS[ring], _RINGS[ring + 1]):
        bucket = value ^ np.int64(_FLIPS[flip])
        size = np.int64(starts[bucket + 1]) - np.int64(starts[bucket])
        if size > 0:
            scratch.begin[buckets] = begin + np.int64(starts[bucket])
            scratch.end[buckets] = scratch.begin[buckets] + size
            scratch.limit[buckets] = limit
            scratch.band[buckets] = band
            buckets += 1
            sketches += int(size)
    return buckets, sketches
