"""Files of events, written by a thread of its own while the next rows are made."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leeward.model import INPUT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Format", "write_events", "write_table"]

Format: TypeAlias = Literal["parquet", "jsonl"]

_FEW_VALUES: Final = [
    *("source", "kind", "op", "actor", "target", "lang", "community", "visibility"),
    *("tags.list.element", "links.list.element", "media.list.element.mime"),
]
"""Columns whose values repeat within a row group."""

_AHEAD: Final = 2
"""Batches that may wait to be written."""


def write_events(
    batches: Iterable[pa.RecordBatch],
    path: Path,
    form: Format,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write all batches, in order.

    Args:
        batches: Of ``INPUT_SCHEMA``; each becomes a row group in Parquet.
        path: The file to write.
        form: Parquet (zstd), or a JSON object a line.
        progress: Told the number of events so far.

    Raises:
        OSError: The system refuses to write, or the disk is full.
    """
    waiting: queue.Queue[pa.RecordBatch | None] = queue.Queue(_AHEAD)
    failed: list[BaseException] = []
    writer = threading.Thread(target=_drain, args=(waiting, path, form, failed))
    writer.start()
    rows = 0
    try:
        for batch in batches:
            if failed:
                break
            waiting.put(batch)
            rows += len(batch)
            if progress is not None:
                progress(rows)
    finally:
        waiting.put(None)
        writer.join()
    if failed:
        raise failed[0]


def _drain(
    waiting: queue.Queue[pa.RecordBatch | None],
    path: Path,
    form: Format,
    failed: list[BaseException],
) -> None:
    """Write what comes; after a failure, go on taking, so that nobody waits for room."""
    try:
        if form == "parquet":
            with pq.ParquetWriter(
                path,
                INPUT_SCHEMA,
                compression="zstd",
                compression_level=1,
                use_dictionary=_FEW_VALUES,
            ) as file:
                while (batch := waiting.get()) is not None:
                    file.write_batch(batch, row_group_size=len(batch))
        else:
            encoder = msgspec.json.Encoder()
            with path.open("wb") as lines:
                while (batch := waiting.get()) is not None:
                    lines.write(encoder.encode_lines([_bare(row) for row in batch.to_pylist()]))
    except BaseException as error:
        failed.append(error)
        while waiting.get() is not None:
            pass


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a JSON object without what is empty."""
    body = {name: value for name, value in row.items() if value is not None and value != []}
    if "extra" in body:
        body["extra"] = msgspec.Raw(body["extra"].encode())
    return body


def write_table(columns: dict[str, pa.Array], path: Path) -> None:
    """Write a small table."""
    pq.write_table(pa.table(columns), path, compression="zstd")
