"""Events as columns: the Arrow schema of the log, and the way there and back."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from leeward.model._event import Event, MediaRef

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "EVENT_SCHEMA",
    "FINDING_SCHEMA",
    "INPUT_SCHEMA",
    "columns_of",
    "events_of",
]

_STRINGS: Final = pa.list_(pa.field("element", pa.string()))
_MEDIA: Final = pa.struct(
    [(name, pa.string()) for name in ("uri", "sha256", "pdq", "mime")],
)

INPUT_SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("op", pa.string(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("actor", pa.string(), nullable=False),
        pa.field("object", pa.string(), nullable=False),
        pa.field("target", pa.string()),
        pa.field("reply_to", pa.string()),
        pa.field("root", pa.string()),
        pa.field("text", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("community", pa.string()),
        pa.field("tags", _STRINGS),
        pa.field("media", pa.list_(pa.field("element", _MEDIA))),
        pa.field("links", _STRINGS),
        pa.field("mentions", _STRINGS),
        pa.field("visibility", pa.string()),
        pa.field("extra", pa.string()),
    ]
)
"""What a producer says of an event; ``at`` in microseconds since 1970 UTC, ``extra`` as JSON."""

EVENT_SCHEMA: Final = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("seen", pa.int64(), nullable=False),
        *INPUT_SCHEMA,
        pa.field("folded", pa.string()),
    ]
)
"""A row of the log. ``folded`` is null where ``text`` is ASCII: there it is the lower case."""

FINDING_SCHEMA: Final = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("score", pa.float64()),
        pa.field(
            "evidence",
            pa.list_(
                pa.field(
                    "element",
                    pa.struct(
                        [
                            ("kind", pa.string()),
                            ("subject", pa.string()),
                            ("weight", pa.float64()),
                            ("start", pa.int32()),
                            ("end", pa.int32()),
                            ("value", pa.float64()),
                            ("low", pa.float64()),
                            ("high", pa.float64()),
                            ("count", pa.int64()),
                        ]
                    ),
                )
            ),
        ),
    ]
)
"""A row of a findings segment."""

_fields_of = attrgetter(*INPUT_SCHEMA.names)
_media_of = attrgetter("uri", "sha256", "pdq", "mime")


def columns_of(events: Sequence[Event]) -> pa.RecordBatch:
    """Events as a record batch of :data:`INPUT_SCHEMA`, ``extra`` written as JSON.

    Raises:
        UnicodeEncodeError: A string holds a lone surrogate.
    """
    if not events:
        return _empty()
    columns = dict(zip(INPUT_SCHEMA.names, zip(*map(_fields_of, events), strict=True), strict=True))
    arrays = []
    for field in INPUT_SCHEMA:
        values = columns[field.name]
        if field.name == "media":
            arrays.append(_media_column(values))
        elif field.name == "extra":
            arrays.append(pa.array(map(_json_or_none, values), pa.string(), size=len(values)))
        elif pa.types.is_list(field.type) and not any(values):
            arrays.append(_empty_lists(len(values), pa.array([], pa.string()), field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=INPUT_SCHEMA)


def events_of(batch: pa.RecordBatch | pa.Table) -> list[Event]:
    """The rows of a batch of :data:`EVENT_SCHEMA` (or a part of it) as events."""
    return [_event_of(row) for row in batch.to_pylist()]


def _event_of(row: dict[str, Any]) -> Event:
    text = row.get("text")
    if text is not None and row.get("folded") is None:
        row["folded"] = text.lower()
    extra = row.get("extra")
    row["extra"] = None if extra is None else msgspec.json.decode(extra)
    for name in ("tags", "links", "mentions"):
        row[name] = tuple(row.get(name) or ())
    row["media"] = tuple(MediaRef(**item) for item in row.get("media") or ())
    return Event(**row)


def _empty() -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([], field.type) for field in INPUT_SCHEMA], schema=INPUT_SCHEMA
    )


def _json_or_none(extra: dict[str, Any] | None) -> str | None:
    return None if not extra else msgspec.json.encode(extra).decode()


def _media_column(rows: Sequence[tuple[MediaRef, ...]]) -> pa.Array:
    flat = [item for row in rows for item in row]
    if not flat:
        nothing = [pa.array([], pa.string())] * 4
        values = pa.StructArray.from_arrays(nothing, fields=list(_MEDIA))
        return _empty_lists(len(rows), values, INPUT_SCHEMA.field("media").type)
    parts = [pa.array(part, pa.string()) for part in zip(*map(_media_of, flat), strict=True)]
    values = pa.StructArray.from_arrays(parts, fields=list(_MEDIA))
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), values, type=INPUT_SCHEMA.field("media").type)


def _empty_lists(length: int, values: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.zeros(length + 1, np.int32)), values, type=kind)
