"""The rows of a log in parts of a size that scoring can take at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from leeward.store import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.store import Log

__all__ = ["Part", "Rows"]


class Part(NamedTuple):
    """Some rows in the order of the log.

    Attributes:
        batch: The rows, of :data:`~leeward.model.EVENT_SCHEMA`; none where all are gone.
        first, through: All events from one place to the other are in it.
        rewritten: What ``Log.rewritten`` said before they were read.
    """

    batch: pa.RecordBatch | None
    first: int
    through: int
    rewritten: int


class Rows:
    """Reads a log on from where it was.

    Args:
        log: The log.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._parts: Iterator[Part] = iter(())
        self._place = -1
        self._most = 0

    def read(self, after: int, most: int) -> Part | None:
        """The next rows behind a place; None at the end of the log.

        Args:
            after: The place.
            most: So many rows, or a few more.
        """
        if (after, most) == (self._place, self._most):
            part = next(self._parts, None)
            if part is not None:
                self._place = part.through
                return part
        if self._log.last_seq() <= after:
            return None
        self._parts, self._most = self._read(after, most), most
        part = next(self._parts, None)
        self._place = -1 if part is None else part.through
        return part

    def _read(self, after: int, most: int) -> Iterator[Part]:
        rewritten = self._log.rewritten()
        piece = read_events(self._log, after)
        begin, gathered, rows = after, list[pa.RecordBatch](), 0
        for batch in piece.batches:
            for at in range(0, len(batch), most):
                if rows >= most:
                    through = gathered[-1]["seq"][-1].as_py()
                    yield Part(_one(gathered), begin + 1, through, rewritten)
                    begin, gathered, rows = through, [], 0
                gathered.append(batch.slice(at, most))
                rows += len(gathered[-1])
        if piece.through > begin:
            yield Part(_one(gathered) if gathered else None, begin + 1, piece.through, rewritten)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
