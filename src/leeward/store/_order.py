"""A segment's rows in the order of the log, in bounded memory."""

from __future__ import annotations

import contextlib
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import EVENT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leeward.store._segment import Segment

__all__ = ["in_order"]

WINDOW: Final = 131_072
"""Places in the log that are brought into order at a time."""


def in_order(segment: Segment, after: int, scratch: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a segment behind a place, ascending by ``seq``.

    A segment lies in the order of its accounts. Its rows are dealt into windows of ``seq``,
    on disk where there is more than one, and each window is sorted in memory.
    """
    first = max(segment.info.first_seq, after + 1)
    count = -(-(segment.info.last_seq + 1 - first) // WINDOW)
    if count <= 1:
        parts = [_behind(batch, after) for batch in segment.batches()]
        yield from _sorted(pa.Table.from_batches(parts, EVENT_SCHEMA))
        return
    with contextlib.ExitStack() as stack:
        # Files without a name: nothing of them is left, whatever becomes of this process.
        files = [stack.enter_context(TemporaryFile(dir=scratch)) for _ in range(count)]
        _deal(segment, after, first, files)
        for file in files:
            file.seek(0)
            yield from _sorted(pa.ipc.open_stream(pa.PythonFile(file, "r")).read_all())


def _deal(segment: Segment, after: int, first: int, files: Sequence[IO[bytes]]) -> None:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    sinks = [pa.PythonFile(file, "w") for file in files]
    writers = [pa.ipc.new_stream(sink, EVENT_SCHEMA, options=options) for sink in sinks]
    for batch in segment.batches():
        rows = _behind(batch, after)
        windows = (rows["seq"].to_numpy() - first) // WINDOW
        order = np.argsort(windows, kind="stable")
        edges = np.searchsorted(windows[order], np.arange(len(files) + 1))
        dealt = rows.take(pa.array(order))
        for window, writer in enumerate(writers):
            begin, end = int(edges[window]), int(edges[window + 1])
            if end > begin:
                writer.write_batch(dealt.slice(begin, end - begin))
    for writer, sink in zip(writers, sinks, strict=True):
        writer.close()
        sink.flush()


def _behind(batch: pa.RecordBatch, after: int) -> pa.RecordBatch:
    return batch.filter(pc.greater(batch["seq"], after))


def _sorted(table: pa.Table) -> Iterator[pa.RecordBatch]:
    order = pa.array(np.argsort(table["seq"].to_numpy(), kind="stable"))
    for begin in range(0, len(order), 8_192):
        yield from table.take(order[begin : begin + 8_192]).combine_chunks().to_batches()
