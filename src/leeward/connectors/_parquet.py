"""Leeward's own columns in a Parquet file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leeward.connectors import _scan
from leeward.connectors._conform import check_names, conform
from leeward.connectors._decoded import Decoded, Refused
from leeward.connectors._lines import has_repeated_key
from leeward.connectors._rows import native_json, rows_as_dicts
from leeward.errors import InputError
from leeward.model import admit_columns, bounds, string_buffers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BATCH_ROWS", "decode_columns", "open_parquet", "parquet_batches"]

BATCH_ROWS: Final = 524_288
"""Rows that are decoded at a time: large enough that the log seals them directly."""

_UNREADABLE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises for a damaged file; names that are not UTF-8 are among the causes."""

_DAMAGED: Final = "fetch or write the file again; what was ingested is skipped then"


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises:
        InputError: It is cut short or damaged.
    """
    try:
        file = pq.ParquetFile(path)
        file.schema_arrow  # noqa: B018 - read now, for it may be what is damaged
    except _UNREADABLE:
        raise InputError(
            "The Parquet file has no footer that can be read: it is cut short or damaged",
            where=path.name,
            hint=_DAMAGED,
        ) from None
    return file


def parquet_batches(file: pq.ParquetFile, where: str, start: int = 0) -> Iterator[pa.RecordBatch]:
    """The rows from ``start`` on, at most ``BATCH_ROWS`` at a time.

    Row groups that end before ``start`` are not read.

    Raises:
        InputError: A part of the file is damaged.
    """
    groups, skip = _groups_from(file, start)
    try:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups):
            dropped = min(skip, len(batch))
            skip -= dropped
            if dropped < len(batch):
                yield batch.slice(dropped)
    except _UNREADABLE:
        raise InputError(
            "A part of the Parquet file cannot be read: it is damaged", where=where, hint=_DAMAGED
        ) from None


def _groups_from(file: pq.ParquetFile, start: int) -> tuple[list[int], int]:
    """The row groups that hold the rows from ``start`` on, and the rows to skip in the first."""
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if start < rows:
            return list(range(group, file.num_row_groups)), start
        start -= rows
    return [], 0


def decode_columns(batch: pa.RecordBatch, first_row: int = 1, where: str = "table") -> Decoded:
    """Admit rows of the design's columns.

    Args:
        batch: Columns of an event, in any order and of any sensible type.
        first_row: Number of the first row in its input, from 1.
        where: Name of the input, for messages.

    Raises:
        InputError: A column is unknown, missing, there twice or of a wrong type.
    """
    check_names(batch.schema.names, where)
    columns = conform(batch, where)
    faults = _faults_in_extra(columns["extra"])
    sound = np.delete(np.arange(len(columns)), [*faults])
    admission = admit_columns(columns.take(pa.array(sound)) if faults else columns)
    found = {row: ("extra", reason) for row, reason in faults.items()}
    for row, field, reason in admission.refusals:
        found[int(sound[row])] = (field, reason)
    places = sorted(found)
    raws = map(native_json, rows_as_dicts(columns, places)) if places else ()
    refused = [
        Refused(first_row + row, *found[row], raw) for row, raw in zip(places, raws, strict=True)
    ]
    return Decoded(admission.batch, refused, Counter(), Counter(), len(batch))


def _faults_in_extra(extra: pa.StringArray) -> dict[int, str]:
    """What a decoder would let pass in the JSON of ``extra``, by row."""
    if extra.null_count == len(extra):
        return {}
    starts, octets = string_buffers(extra)
    places = starts.astype(np.int64)
    # The event around it is the first level of nesting.
    verdicts = _scan.scan(octets, places[:-1], places[1:], bounds.MAX_DEPTH - 1, bounds.MAX_LINE)
    faults = {}
    for row in np.flatnonzero(verdicts > _scan.BLANK).tolist():
        text = octets[starts[row] : starts[row + 1]].tobytes()
        if verdicts[row] == _scan.DEEP:
            faults[row] = f"is nested deeper than {bounds.MAX_DEPTH}"
        elif verdicts[row] == _scan.UNSURE and has_repeated_key(text):
            faults[row] = "has the same key twice in one object"
        elif verdicts[row] in (_scan.LONG, _scan.ODD):
            faults[row] = "is not one JSON object, or is too long"
    return faults
