"""The events of a log piece by piece, without holding on to a state of it in between.

A scan or a tail that lasts keeps what was deleted on the disk, so an erasure would have to wait
for it. What reads the whole log over hours takes it in pieces.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import EVENT_SCHEMA
from leeward.store._blocks import unpack
from leeward.store._order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leeward.store._log import Log

__all__ = ["Piece", "events_at", "read_events", "waiting_since"]

HOT_ROWS: Final = 1 << 16


class Piece(NamedTuple):
    """Some events of a log, in order.

    Attributes:
        through: All events up to this place are in it.
        batches: Rows of :data:`~leeward.model.EVENT_SCHEMA`, ascending by ``seq``.
    """

    through: int
    batches: Iterator[pa.RecordBatch]


def read_events(log: Log, after: int) -> Piece:
    """Some of the events behind a place: a segment, or some of the hot rows.

    Call it again with its ``through`` until that does not move any more.

    Args:
        log: The log.
        after: The last place that the caller has.
    """
    with log._snapshot() as (hot, segments):
        for segment in segments:
            if segment.info.last_seq > after:
                batches = in_order(segment, after, log.layout.scratch)
                # With its first rows all of it is read, or lies in files without a name.
                first = next(batches, None)
                return Piece(
                    segment.info.last_seq, chain([] if first is None else [first], batches)
                )
        bodies: list[bytes] = []
        rows, through = 0, after
        for block in hot.blocks(after):
            bodies.append(block.body)
            rows, through = rows + block.rows, block.last_seq
            if rows >= HOT_ROWS:
                break
    return Piece(through, _behind(bodies, after))


def _behind(bodies: Iterable[bytes], after: int) -> Iterator[pa.RecordBatch]:
    for body in bodies:
        for part in unpack(body):
            if part.num_rows and part["seq"][-1].as_py() > after:
                yield part.filter(pc.greater(part["seq"], after))


def events_at(log: Log, seqs: Sequence[int]) -> pa.Table:
    """Some events by their places, in order. Only the segments that cover one are read.

    Args:
        log: The log.
        seqs: Their places, ascending; what is gone is left out.
    """
    wanted = pa.array(seqs, pa.int64())
    found: list[pa.RecordBatch] = []
    if not seqs:
        return pa.Table.from_batches(found, EVENT_SCHEMA)
    with log._snapshot() as (hot, segments):
        due = [one for one in segments if _covers(seqs, one.info.first_seq, one.info.last_seq)]
        blocks = hot.blocks(seqs[0] - 1)
        bodies = [one.body for one in blocks if _covers(seqs, one.first_seq, one.last_seq)]
    # Their files are open, so an erasure need not wait for this.
    for batches in (*(one.batches() for one in due), *map(unpack, bodies)):
        for batch in batches:
            rows = batch.filter(pc.is_in(batch["seq"], wanted))
            if len(rows):
                found.append(rows.select(EVENT_SCHEMA.names))
    return pa.Table.from_batches(found, EVENT_SCHEMA).sort_by("seq")


def _covers(seqs: Sequence[int], first: int, last: int) -> bool:
    at = bisect_left(seqs, first)
    return at < len(seqs) and seqs[at] <= last


def waiting_since(log: Log, after: int) -> tuple[int, int | None]:
    """How many places lie behind one, and when the log received what comes first there.

    Args:
        log: The log.
        after: The place.

    Returns:
        The number, and microseconds since 1970 UTC to about a block or a segment; None where
        nothing is there.
    """
    with log._snapshot() as (hot, segments):
        behind = max(hot.last_seq() - after, 0)
        for segment in segments:
            if segment.info.last_seq > after:
                return behind, segment.info.min_seen
        query = "SELECT min_seen FROM block WHERE last_seq > ? ORDER BY first_seq LIMIT 1"
        row = hot.db.execute(query, (after,)).fetchone()
        return behind, None if row is None else row[0]
