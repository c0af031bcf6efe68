"""Any sensible spelling of a column type, brought to that of the model.

Nothing here looks at values: bytes that are not UTF-8 pass, for the model refuses them row by
row. A type that could only be guessed at is refused for the whole table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.errors import InputError
from leeward.model import INPUT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["as_list", "as_micros", "as_string", "check_names", "conform", "is_text"]

_REQUIRED: Final = tuple(field.name for field in INPUT_SCHEMA if not field.nullable)
_SET_BY_THE_LOG: Final = frozenset({"seq", "seen", "folded"})
_MEDIA: Final = INPUT_SCHEMA.field("media").type.value_type
_MAP_HINT: Final = "describe the table in a map and give it with --format table --map MAP.toml"


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse a table whose columns are not those of an event.

    Raises:
        InputError: A column is unknown, missing or there twice.
    """
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"The column `{name}` is there twice",
                where=where,
                hint="leave one of them out when the file is written",
            )
        if name not in INPUT_SCHEMA.names and name not in _SET_BY_THE_LOG:
            raise InputError(f"An event has no column `{name}`", where=where, hint=_MAP_HINT)
    for name in _REQUIRED:
        if name not in names:
            raise InputError(f"The column `{name}` is missing", where=where, hint=_MAP_HINT)


def conform(batch: pa.RecordBatch, where: str) -> pa.RecordBatch:
    """The columns of an event, of ``INPUT_SCHEMA``; what is missing is null or empty.

    Raises:
        InputError: A column has another type; its message names the column and both types.
    """
    arrays = []
    for field in INPUT_SCHEMA:
        if field.name not in batch.schema.names:
            arrays.append(_absent(field, len(batch)))
            continue
        column = batch.column(field.name)
        try:
            arrays.append(_cast(column, field))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
            raise InputError(
                f"The column `{field.name}` is {column.type}, and {_wanted(field)} was expected",
                where=where,
                hint="write the column with that type, or describe the table in a map (--map)",
            ) from None
    return pa.RecordBatch.from_arrays(arrays, schema=INPUT_SCHEMA)


def _absent(field: pa.Field, rows: int) -> pa.Array:
    if not pa.types.is_list(field.type):
        return pa.nulls(rows, field.type)
    nothing = pa.array([], field.type.value_type)
    return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), nothing, field.type)


def _wanted(field: pa.Field) -> str:
    return "int64 (microseconds) or timestamp" if field.name == "at" else str(field.type)


def _cast(column: pa.Array, field: pa.Field) -> pa.Array:
    if field.name == "at":
        return as_micros(column)
    if field.name == "media":
        return as_list(column, field.type, _media)
    if pa.types.is_list(field.type):
        return as_list(column, field.type, as_string)
    return as_string(column)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, or bytes that are meant as text."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
        )
    )


def as_string(column: pa.Array) -> pa.Array:
    """Text of any layout as ``string``, UTF-8 or not.

    Raises:
        TypeError: It is no text.
        pyarrow.ArrowInvalid: It is larger than one array of ``string`` can be.
    """
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    if not is_text(column.type):
        raise TypeError
    if pa.types.is_dictionary(column.type):
        return as_string(column.dictionary_decode())
    options = pc.CastOptions(target_type=pa.string(), allow_invalid_utf8=True)
    return pc.cast(column, options=options)


def as_micros(column: pa.Array) -> pa.Array:
    """Microseconds since 1970 UTC; a timestamp without a zone is taken as UTC.

    Raises:
        TypeError: It is neither integers nor timestamps.
        pyarrow.ArrowInvalid: A value does not fit.
    """
    if pa.types.is_timestamp(column.type):
        micros = pa.timestamp("us", column.type.tz)
        options = pc.CastOptions(target_type=micros, allow_time_truncate=True)
        return pc.cast(column, options=options).cast(pa.int64())
    if not pa.types.is_integer(column.type):
        raise TypeError
    return column.cast(pa.int64())


def as_list(
    column: pa.Array, kind: pa.ListType, cast_items: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """A list of any layout as ``kind``, with an empty list for a null.

    Raises:
        TypeError: It is no list, or its items are not as they should be.
    """
    if pa.types.is_null(column.type):
        return _absent(pa.field("", kind), len(column))
    if not hasattr(column, "flatten") or pa.types.is_struct(column.type):
        raise TypeError
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    ends = np.concatenate([np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)])
    return pa.ListArray.from_arrays(pa.array(ends), cast_items(column.flatten()), type=kind)


def _media(items: pa.Array) -> pa.Array:
    """Media items whose members may be missing or stand in another order."""
    if not pa.types.is_struct(items.type):
        raise TypeError
    members = [field.name for field in items.type]
    if len(set(members)) < len(members) or not set(members) <= {f.name for f in _MEDIA}:
        raise TypeError
    parts = dict(zip(members, items.flatten(), strict=True))
    columns = [
        as_string(parts[field.name]) if field.name in parts else pa.nulls(len(items), pa.string())
        for field in _MEDIA
    ]
    return pa.StructArray.from_arrays(columns, fields=list(_MEDIA), mask=pc.is_null(items))
