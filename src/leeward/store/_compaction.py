"""Merging segments, so that a look-up opens few of them.

Tiered, as in a log-structured merge tree (O'Neil et al., 1996): neighbours of similar size
become one, so a row is rewritten about log4(n) times. The inputs are sorted by the same hash,
so they are merged one range of hashes at a time, in bounded memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from leeward.model import Domain
from leeward.store._idset import SealedIds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.store._segment import Segment, SegmentInfo
    from leeward.store._segment_writer import SegmentWriter

__all__ = ["merge", "plan"]

FAN_IN: Final = 4
MAX_ROWS: Final = 8_400_000
"""No segment is merged beyond this: a rewrite (erasure, expiry) has to stay affordable."""

LONG_RUN: Final = 32
"""A run of so many segments is merged at once, small as they may be."""

RANGE_BYTES: Final = 64 << 20
"""Memory that one range of hashes may take, about."""


def plan(segments: Sequence[SegmentInfo], *, ripe: bool = False) -> list[SegmentInfo] | None:
    """The longest run of neighbours worth merging, the newest of equals, or None.

    A run is worth it when it has four members or more and none holds over half of its rows:
    then every row ends in a segment at least twice as large as the one it leaves.

    Args:
        segments: All segments, in order.
        ripe: Only a run that would hardly grow by waiting: it is as large as a segment may be,
            or very long. While a bulk load goes on, a row is then rewritten once and not twice.
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
    return best if best and (not ripe or _is_ripe(best)) else None


def _is_ripe(run: Sequence[SegmentInfo]) -> bool:
    rows = sum(info.rows for info in run)
    return len(run) >= LONG_RUN or rows + run[-1].rows > MAX_ROWS


def merge(segments: Sequence[Segment], writer: SegmentWriter, hasher: Hasher) -> SegmentInfo:
    """Write the rows and the identities of neighbouring segments as one."""
    memory = sum(segment.info.memory for segment in segments)
    cursors = [_Cursor(segment, hasher) for segment in segments]
    for high in _ends(1 + memory // RANGE_BYTES):
        parts = [part for cursor in cursors for part in cursor.upto(high)]
        if parts:
            rows = pa.concat_tables([part.rows for part in parts]).combine_chunks()
            writer.add(rows, np.concatenate([part.hashes for part in parts]))
    ids = SealedIds.merge([segment.ids for segment in segments])
    return writer.finish(segments[0].info.first_seq, segments[-1].info.last_seq, ids)


def _ends(count: int) -> Iterator[int]:
    """Where each of some equal ranges of the 64-bit hashes ends, itself included."""
    return ((1 << 64) * i // count - 1 for i in range(1, count + 1))


class _Part(NamedTuple):
    """Some rows and the hashes of their actors, ascending."""

    rows: pa.Table
    hashes: npt.NDArray[np.uint64]


class _Cursor:
    """Reads a segment from its lowest hash to its highest, each row group once."""

    def __init__(self, segment: Segment, hasher: Hasher) -> None:
        self._segment = segment
        self._hasher = hasher
        self._firsts = segment.first_hashes()
        self._next = 0
        self._rest: list[_Part] = []

    def upto(self, high: int) -> Iterator[_Part]:
        """The rows up to a hash that were not given yet."""
        parts = self._rest
        end = int(np.searchsorted(self._firsts, np.uint64(high), "right"))
        if end > self._next:
            rows = self._segment.read(range(self._next, end))
            actors = rows["actor"].combine_chunks()
            parts = [*parts, _Part(rows, self._hasher.keys(actors, Domain.ACCOUNT))]
            self._next = end
        self._rest = []
        for rows, hashes in parts:
            cut = int(np.searchsorted(hashes, np.uint64(high), "right"))
            if cut:
                yield _Part(rows.slice(0, cut), hashes[:cut])
            if cut < len(hashes):
                # A copy of the few, so that the many are let go.
                left = rows.take(pa.array(np.arange(cut, len(hashes))))
                self._rest.append(_Part(left, hashes[cut:].copy()))
