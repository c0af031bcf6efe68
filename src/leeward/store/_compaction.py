"""Merging segments, so that a look-up opens few of them.

Tiered, as in a log-structured merge tree (O'Neil et al., 1996): neighbours of similar size
become one, so a row is rewritten about log4(n) times. The inputs are sorted by the same hash,
so they are merged one range of hashes at a time, in bounded memory.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from leeward.model import Domain
from leeward.store._idset import SealedIds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leeward.model import Hasher
    from leeward.store._segment import Segment, SegmentInfo, SegmentWriter

__all__ = ["merge", "plan"]

FAN_IN: Final = 4
MAX_ROWS: Final = 8_400_000
"""No segment is merged beyond this: a rewrite (erasure, expiry) has to stay affordable."""

RANGE_BYTES: Final = 128 << 20
"""Memory that one range of hashes may take, about."""


def plan(segments: Sequence[SegmentInfo]) -> list[SegmentInfo] | None:
    """The longest run of neighbours worth merging, the newest of equals, or None.

    A run is worth it when it has four members or more and none holds over half of its rows:
    then every row ends in a segment at least twice as large as the one it leaves.
    """
    best: list[SegmentInfo] | None = None
    for end in range(len(segments), FAN_IN - 1, -1):
        total = largest = 0
        for begin in range(end - 1, -1, -1):
            total += segments[begin].rows
            largest = max(largest, segments[begin].rows)
            if total > MAX_ROWS:
                break
            length = end - begin
            if length >= FAN_IN and 2 * largest <= total and (not best or length > len(best)):
                best = list(segments[begin:end])
    return best


def merge(segments: Sequence[Segment], writer: SegmentWriter, hasher: Hasher) -> SegmentInfo:
    """Write the rows and the identities of neighbouring segments as one."""
    memory = sum(segment.info.memory for segment in segments)
    for low, high in _ranges(1 + memory // RANGE_BYTES):
        rows = [part for s in segments for part in _rows_between(s, low, high, hasher)]
        if rows:
            writer.add(pa.concat_tables(rows).combine_chunks())
    ids = SealedIds.merge([segment.ids for segment in segments])
    return writer.finish(segments[0].info.first_seq, segments[-1].info.last_seq, ids)


def _ranges(count: int) -> Iterator[tuple[int, int]]:
    """The 64-bit hashes in equal ranges, both ends included."""
    edges = [(1 << 64) * i // count for i in range(count + 1)]
    return ((low, high - 1) for low, high in pairwise(edges))


def _rows_between(segment: Segment, low: int, high: int, hasher: Hasher) -> Iterator[pa.Table]:
    firsts = segment.first_hashes()
    # The group before the first that begins at or above `low` may still reach into the range.
    begin = max(0, int(np.searchsorted(firsts, np.uint64(low), "left")) - 1)
    end = int(np.searchsorted(firsts, np.uint64(high), "right"))
    if begin >= end:
        return
    table = segment.read(range(begin, end))
    hashes = hasher.column(table["actor"].combine_chunks(), Domain.ACCOUNT)[:, 0]
    inside = (hashes >= np.uint64(low)) & (hashes <= np.uint64(high))
    if inside.any():
        yield table if inside.all() else table.filter(pa.array(inside))
