"""The door of the log: which events may enter, and in what form.

``problem`` says of one event why it may not enter. The columns are checked by kernels that
are sound but not complete: a row that passes them has no problem, a row that does not is
put before ``problem``. So there is one definition of what is admissible, and it is fast.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import _bounds as b
from leeward.model import _kernels
from leeward.model._columns import INPUT_SCHEMA, columns_of
from leeward.model._event import SOURCE_PATTERN, Event, Kind, Op, Visibility
from leeward.model._extra import normal_extra
from leeward.model._fold import fold, fold_tag
from leeward.model._identity import parse_identity
from leeward.model._messages import explain
from leeward.model._numba import string_buffers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

__all__ = ["ADMITTED_SCHEMA", "Admission", "Refusal", "admit_columns", "admit_events"]

ADMITTED_SCHEMA: Final = INPUT_SCHEMA.append(pa.field("folded", pa.string()))
"""A row that may enter the log, before the log gives it ``seq`` and ``seen``."""

_WORDS: Final = {"kind": get_args(Kind), "op": get_args(Op), "visibility": get_args(Visibility)}
_URIS: Final = ("id", "actor", "object", "target", "reply_to", "root", "community")
_REQUIRED: Final = ("id", "source", "kind", "op", "at", "actor", "object")
_LISTS: Final = {"tags": b.MAX_TAGS, "links": b.MAX_LINKS, "mentions": b.MAX_MENTIONS}
_CONTROLS: Final = frozenset(map(chr, [*range(0x20), 0x7F]))
_BAD_ID: Final = "is not <source>:<native uri>@<version>#<op> with this event's source and op"


class Refusal(NamedTuple):
    """Why a row may not enter: its place in the input, the field, the reason without a value."""

    row: int
    field: str
    reason: str


class Admission(NamedTuple):
    """What became of some input.

    Attributes:
        batch: The admitted rows, of :data:`ADMITTED_SCHEMA`, in the order of the input.
        rows: Their places in the input, ascending.
        refusals: The other rows.
    """

    batch: pa.RecordBatch
    rows: npt.NDArray[np.int64]
    refusals: list[Refusal]


def admit_events(events: Sequence[Event]) -> Admission:
    """Admit events whose types and lengths a decoder has checked already."""
    refusals: list[Refusal] = []
    rows: Sequence[int] = range(len(events))
    if any(event.extra is not None for event in events):
        rows, events = _with_normal_extra(rows, events, refusals)
    try:
        batch = columns_of(events)
    except UnicodeEncodeError:
        rows, events = _writable(rows, events, refusals)
        batch = columns_of(events)
    slow = [int(i) for i in np.flatnonzero(~_passes(batch, typed=True))]
    bad = set()
    for i in slow:
        found = problem(events[i])
        if found is not None:
            bad.add(i)
            refusals.append(Refusal(rows[i], *found))
    kept = np.array([row for i, row in enumerate(rows) if i not in bad], np.int64)
    if bad:
        batch = batch.take(pa.array([i for i in range(len(events)) if i not in bad], pa.int64()))
    return Admission(_folded(batch), kept, sorted(refusals))


def admit_columns(batch: pa.RecordBatch) -> Admission:
    """Admit rows of :data:`INPUT_SCHEMA` of which nothing is known but the column types.

    String columns may hold bytes that are not UTF-8; such rows are refused.
    """
    try:
        batch.validate(full=True)
        passes = _passes(batch, typed=False)
    except (pa.ArrowInvalid, ValueError):
        passes = np.zeros(len(batch), np.bool_)
    refusals: list[Refusal] = []
    slow = np.flatnonzero(~passes)
    fast = np.flatnonzero(passes)
    if not len(slow):
        return Admission(_folded(batch), fast, refusals)
    mended: list[Event] = []
    mended_rows: list[int] = []
    for row, values in zip(slow.tolist(), _python_rows(batch, slow), strict=True):
        event = _typed(row, values, refusals)
        if event is None:
            continue
        found = problem(event)
        if found is None:
            mended.append(event)
            mended_rows.append(row)
        else:
            refusals.append(Refusal(row, *found))
    rows = np.concatenate([fast, np.array(mended_rows, np.int64)])
    order = np.argsort(rows, kind="stable")
    parts = [_fresh(batch.take(pa.array(fast))), columns_of(mended)]
    joined = pa.Table.from_batches(parts, INPUT_SCHEMA).take(pa.array(order)).combine_chunks()
    whole = joined.to_batches()[0] if len(joined) else columns_of([])
    return Admission(_folded(whole), rows[order], sorted(refusals))


def problem(event: Event) -> tuple[str, str] | None:
    """The field and the reason for which an event of sound types may not enter, or None."""
    parts = parse_identity(event.id)
    if parts is None or parts.source != event.source or parts.op != event.op:
        return "id", _BAD_ID
    if (found := _bad_uri(event)) is not None:
        return found, "holds a control character"
    if not all(0 < len(fold_tag(tag)) <= b.MAX_TAG for tag in event.tags):
        return "tags", "holds a tag that is empty or too long once it is folded"
    try:
        columns_of([event])
    except UnicodeEncodeError:
        return "$", "holds a character that UTF-8 cannot write"
    return None


def _bad_uri(event: Event) -> str | None:
    for name in _URIS:
        if _has_control(getattr(event, name)):
            return name
    for name in ("links", "mentions"):
        if any(map(_has_control, getattr(event, name))):
            return name
    return "media" if any(_has_control(item.uri) for item in event.media) else None


def _has_control(text: str | None) -> bool:
    return text is not None and not _CONTROLS.isdisjoint(text)


def _writable(
    rows: Sequence[int], events: Sequence[Event], refusals: list[Refusal]
) -> tuple[Sequence[int], Sequence[Event]]:
    """The events of which every string can be written as UTF-8."""
    kept = []
    for row, event in zip(rows, events, strict=True):
        if (found := problem(event)) is None:
            kept.append((row, event))
        else:
            refusals.append(Refusal(row, *found))
    return [row for row, _ in kept], [event for _, event in kept]


def _with_normal_extra(
    rows: Sequence[int], events: Sequence[Event], refusals: list[Refusal]
) -> tuple[Sequence[int], Sequence[Event]]:
    numbers: list[int] = []
    kept: list[Event] = []
    for row, event in zip(rows, events, strict=True):
        if event.extra:
            try:
                extra = normal_extra(event.extra)
            except ValueError as error:
                refusals.append(Refusal(row, "extra", str(error)))
                continue
            event = msgspec.structs.replace(event, extra=extra)
        numbers.append(row)
        kept.append(event)
    return numbers, kept


# --- columns -----------------------------------------------------------------------------------


def _passes(batch: pa.RecordBatch, *, typed: bool) -> Mask:
    """The rows that are certainly free of problems."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    ok = _kernels.good_ids(
        *string_buffers(columns["id"]),
        *string_buffers(columns["source"]),
        *string_buffers(columns["op"]),
    )
    for name in _URIS:
        ok &= _plain(columns[name], 1, b.MAX_URI)
    for name, most in _LISTS.items():
        ok &= _lists(columns[name], most, b.MAX_TAG if name == "tags" else b.MAX_URI)
    ok &= _media(columns["media"])
    ok &= _good_tags(columns["tags"])
    if typed:
        return ok
    for name in _REQUIRED:
        ok &= _mask(columns[name].is_valid())
    at = columns["at"].fill_null(-1).to_numpy()
    ok &= (at >= 0) & (at <= b.MAX_INTEGER)
    for name, words in _WORDS.items():
        ok &= _mask(pc.is_in(columns[name], pa.array([*words, None], pa.string())))
    ok &= _good_sources(columns["source"])
    ok &= _plain(columns["lang"], 0, b.MAX_LANG)
    ok &= _short(columns["text"], b.MAX_TEXT)
    ok &= _mask(columns["extra"].is_null())
    return ok


def _mask(values: pa.BooleanArray) -> Mask:
    found: Mask = values.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _plain(array: pa.Array, least: int, most: int) -> Mask:
    if array.null_count == len(array):
        return np.ones(len(array), np.bool_)
    return _kernels.plain(*string_buffers(array), least, most) | _mask(array.is_null())


def _short(array: pa.Array, most: int) -> Mask:
    starts, _ = string_buffers(array)
    return np.diff(starts) <= most


def _items(array: pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Where each row's items begin and end in the items that belong to this slice."""
    ends = array.offsets.to_numpy()
    return ends - ends[0], array.values.slice(ends[0], ends[-1] - ends[0])


def _lists(array: pa.Array, most: int, longest: int) -> Mask:
    starts, items = _items(array)
    good = _plain(items, 1, longest) & _mask(items.is_valid())
    return _whole(array, starts, good) & (np.diff(starts) <= most)


def _whole(array: pa.Array, starts: npt.NDArray[np.int32], good: Mask) -> Mask:
    """Lists that are there and of which every item is good."""
    valid = _mask(array.is_valid())
    return valid if good.all() else valid & _kernels.all_of(starts, good)


def _media(array: pa.Array) -> Mask:
    starts, items = _items(array)
    good = _mask(items.is_valid())
    uri, sha256, pdq, mime = items.flatten()
    good &= _plain(uri, 1, b.MAX_URI) & _plain(mime, 1, b.MAX_MIME)
    for digest in (sha256, pdq):
        good &= _kernels.hexadecimal(*string_buffers(digest), 64) | _mask(digest.is_null())
    return _whole(array, starts, good) & (np.diff(starts) <= b.MAX_MEDIA)


def _good_tags(array: pa.Array) -> Mask:
    starts, items = _items(array)
    return _whole(array, starts, _kernels.simple_tag(*string_buffers(items)))


def _good_sources(array: pa.Array) -> Mask:
    seen = pc.unique(array).to_pylist()
    good = [name for name in seen if name and _SOURCE.match(name)]
    return _mask(pc.is_in(array, pa.array(good, pa.string())))


_SOURCE: Final = re.compile(SOURCE_PATTERN)


# --- the admitted form -------------------------------------------------------------------------


def _folded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Fold the tags, and the text where it is not ASCII."""
    batch = batch.set_column(
        batch.schema.get_field_index("tags"), INPUT_SCHEMA.field("tags"), _fold_tags(batch["tags"])
    )
    text = batch["text"]
    plain = _mask(pc.string_is_ascii(text).fill_null(True))
    if plain.all():
        folded = pa.nulls(len(batch), pa.string())
    else:
        folded = pa.array(
            [
                None if ascii_ else fold(value)
                for ascii_, value in zip(plain.tolist(), text.to_pylist(), strict=True)
            ],
            pa.string(),
        )
    return pa.RecordBatch.from_arrays([*batch.columns, folded], schema=ADMITTED_SCHEMA)


def _fold_tags(array: pa.Array) -> pa.Array:
    if len(array.flatten()) == 0:
        return array
    starts, items = _items(array)
    if _kernels.simple_tag(*string_buffers(items)).all():
        items = pc.ascii_lower(pc.ascii_ltrim(items, characters="#"))
    else:
        items = pa.array([fold_tag(tag) for tag in items.to_pylist()], pa.string())
    folded = pa.ListArray.from_arrays(pa.array(starts), items, type=array.type)
    if not _repeats(starts, items):
        return folded
    return pa.array([list(dict.fromkeys(tags)) for tags in folded.to_pylist()], array.type)


def _repeats(starts: npt.NDArray[np.int32], items: pa.Array) -> bool:
    """Whether any list holds an item twice."""
    owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    codes = items.dictionary_encode().indices.to_numpy()
    order = np.lexsort((codes, owners))
    return bool(np.any((np.diff(owners[order]) == 0) & (np.diff(codes[order]) == 0)))


def _fresh(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(batch.columns, schema=INPUT_SCHEMA)


# --- rows that the kernels would not vouch for -------------------------------------------------


def _python_rows(batch: pa.RecordBatch, rows: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Rows as dictionaries without nulls; strings as bytes, so that bad UTF-8 survives."""
    octets = pa.schema([pa.field(f.name, _as_binary(f.type)) for f in batch.schema])
    taken = pa.RecordBatch.from_arrays(
        [_view(column, field.type) for column, field in zip(batch.columns, octets, strict=True)],
        schema=octets,
    ).take(pa.array(rows))
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in taken.to_pylist()
    ]


def _as_binary(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string(kind):
        return pa.binary()
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", _as_binary(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _as_binary(field.type)) for field in kind])
    return kind


def _view(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)


def _typed(row: int, values: dict[str, Any], refusals: list[Refusal]) -> Event | None:
    try:
        values = {name: _text(value) for name, value in values.items()}
    except UnicodeDecodeError:
        name = next(name for name, value in values.items() if not _is_text(value))
        refusals.append(Refusal(row, name, "is not UTF-8"))
        return None
    try:
        if (extra := values.get("extra")) is not None:
            values["extra"] = _read_extra(extra)
    except ValueError as error:
        refusals.append(Refusal(row, "extra", str(error)))
        return None
    try:
        return msgspec.convert(values, Event)
    except msgspec.ValidationError as error:
        refusals.append(Refusal(row, *explain(error)))
        return None


def _read_extra(text: str) -> dict[str, Any]:
    """The object that ``extra`` holds as JSON, in its normal form."""
    try:
        extra = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(explain(error)[1]) from None
    except RecursionError:
        raise ValueError(f"is nested deeper than {b.MAX_DEPTH}") from None
    return normal_extra(extra)


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, dict):
        return {name: _text(item) for name, item in value.items() if item is not None}
    return value


def _is_text(value: Any) -> bool:
    try:
        _text(value)
    except UnicodeDecodeError:
        return False
    return True
