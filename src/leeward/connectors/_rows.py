"""A refused row of a table as one line of JSON, so that quarantine can hold and replay it."""

from __future__ import annotations

import datetime
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from leeward.connectors._lines import has_repeated_key

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["native_json", "rows_as_dicts", "to_json"]


def to_json(value: Any) -> bytes:
    """JSON in ASCII; a byte that is no UTF-8 shows as a lone surrogate, U+DC80 to U+DCFF.

    No decoder takes that for text, so a row does not change by having been in quarantine.
    """
    return json.dumps(value, default=_plain, separators=(",", ":")).encode("ascii")


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def rows_as_dicts(batch: pa.RecordBatch, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Rows as dictionaries without nulls, whatever bytes their strings hold."""
    octets = [column.cast(_octets(column.type)) for column in batch.columns]
    taken = pa.RecordBatch.from_arrays(octets, names=batch.schema.names).take(
        pa.array(rows, pa.int64())
    )
    return [_readable(row) for row in taken.to_pylist()]


def native_json(row: dict[str, Any]) -> bytes:
    """A row of ``INPUT_SCHEMA`` as a line of Leeward's own JSON.

    ``extra`` becomes the object that it spells, unless spelling it again would lose something.
    """
    extra = row.get("extra")
    if isinstance(extra, str) and not has_repeated_key(extra.encode("utf-8", "surrogateescape")):
        with suppress(ValueError, RecursionError):
            row = {**row, "extra": msgspec.json.decode(extra)}
    return to_json(row)


def _octets(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string(kind):
        return pa.binary()
    if pa.types.is_large_string(kind):
        return pa.large_binary()
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", _octets(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _octets(field.type)) for field in kind])
    return kind


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {name: _readable(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value
