"""The door of the log: JSON and tables meet one rule, and what enters has one form."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import (
    ADMITTED_SCHEMA,
    INPUT_SCHEMA,
    AccountBody,
    Admission,
    Event,
    PollBody,
    admit_columns,
    admit_events,
    bounds,
    columns_of,
    events_of,
    fold,
    fold_tag,
    parse_identity,
)
from leeward.model._admission import problem
from tests.model._events import HEX, MANY, SOUND, records, table_of

# --- three ways in, one rule -------------------------------------------------------------------


def _decoded(record: dict[str, Any]) -> Event | None:
    try:
        return msgspec.json.decode(json.dumps(record), type=Event)
    except msgspec.DecodeError:
        return None


def _admitted_by_json(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    decoded = [(row, _decoded(record)) for row, record in enumerate(rows)]
    sound = [(row, event) for row, event in decoded if event is not None]
    admission = admit_events([event for _, event in sound])
    _adds_up(admission, len(sound))
    places = [sound[place][0] for place in admission.rows.tolist()]
    return dict(zip(places, admission.batch.to_pylist(), strict=True))


def _admitted_by_columns(table: pa.RecordBatch) -> dict[int, dict[str, Any]]:
    admission = admit_columns(table)
    _adds_up(admission, len(table))
    return dict(zip(admission.rows.tolist(), admission.batch.to_pylist(), strict=True))


def _adds_up(admission: Admission, rows: int) -> None:
    """Every row is either in the batch or refused, once, in the order of the input."""
    places = admission.rows.tolist()
    refused = [refusal.row for refusal in admission.refusals]
    assert places == sorted(places)
    assert refused == sorted(refused)
    assert list(range(rows)) == sorted([*places, *refused])
    assert admission.batch.schema.equals(ADMITTED_SCHEMA)
    assert len(admission.batch) == len(places)


def _admissible(record: dict[str, Any]) -> bool:
    """One event by itself: its types, its problem, its extra. No column is looked at."""
    event = _decoded(record)
    if event is None or problem(event) is not None:
        return False
    return not event.extra or not admit_events([event]).refusals


@MANY
@given(st.lists(records(), max_size=6))
def test_json_and_tables_admit_the_same_events_in_the_same_form(rows: list[dict[str, Any]]) -> None:
    by_json = _admitted_by_json(rows)
    by_columns = _admitted_by_columns(table_of(rows))

    assert sorted(by_json) == [row for row, record in enumerate(rows) if _admissible(record)]
    assert by_json == by_columns


@given(st.lists(records(), min_size=1, max_size=6), st.data())
def test_a_slice_of_a_table_is_admitted_as_its_rows_are(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(rows)))
    end = data.draw(st.integers(begin, len(rows)))

    expected = _admitted_by_columns(table_of(rows[begin:end]))

    assert expected == _admitted_by_columns(table_of(rows).slice(begin, end - begin))


@MANY
@given(st.lists(records(), max_size=6))
def test_no_row_decides_over_another(rows: list[dict[str, Any]]) -> None:
    """A null list, an empty one or a bad byte elsewhere must not open the door."""
    alone = {
        row: _admitted_by_columns(table_of([record]))[0]
        for row, record in enumerate(rows)
        if _admitted_by_columns(table_of([record]))
    }

    assert alone == _admitted_by_columns(table_of(rows))


@MANY
@given(st.lists(records(), max_size=4))
def test_what_was_admitted_is_admitted_again_unchanged(rows: list[dict[str, Any]]) -> None:
    """So a log that is exported and ingested again is the same log."""
    once = admit_columns(table_of(rows)).batch
    again = admit_columns(once.select(INPUT_SCHEMA.names))

    assert again.refusals == []
    assert once.equals(again.batch)


# --- what an admitted row is -------------------------------------------------------------------


@given(st.lists(records(), max_size=4))
def test_an_admitted_event_is_within_every_bound(rows: list[dict[str, Any]]) -> None:
    """Checked by hand against the table of bounds, without the code of the door."""
    for row in _admitted_by_columns(table_of(rows)).values():
        parts = parse_identity(row["id"])
        assert parts is not None
        assert (parts.source, parts.op) == (row["source"], row["op"])
        names = ["id", "actor", "object", "target", "reply_to", "root", "community"]
        uris = [row[name] for name in names if row[name] is not None]
        uris += [*row["links"], *row["mentions"]]
        uris += [item["uri"] for item in row["media"] if item["uri"] is not None]
        assert all(0 < len(uri) <= bounds.MAX_URI for uri in uris)
        assert not any(ord(c) < 0x20 or ord(c) == 0x7F for uri in uris for c in uri)
        assert all(0 < len(tag) <= bounds.MAX_TAG and tag == fold_tag(tag) for tag in row["tags"])
        assert len(row["text"] or "") <= bounds.MAX_TEXT
        assert 0 <= row["at"] <= bounds.MAX_INTEGER
        for item in row["media"]:
            for digest in (item["sha256"], item["pdq"]):
                assert digest is None or (len(digest) == 64 and set(digest) <= set(HEX))
            assert item["mime"] is None or 0 < len(item["mime"]) <= bounds.MAX_MIME


@given(st.lists(st.text(max_size=20) | st.none(), min_size=1, max_size=6))
def test_text_is_folded_where_it_is_not_ascii_and_only_there(texts: list[str | None]) -> None:
    rows = [{**SOUND, "text": text} if text is not None else dict(SOUND) for text in texts]

    folded = admit_columns(table_of(rows)).batch["folded"].to_pylist()

    assert [None if t is None or t.isascii() else fold(t) for t in texts] == folded


# --- numbers and nesting -----------------------------------------------------------------------


def _extra(raw: str) -> Admission:
    """An event whose ``extra`` is some JSON, admitted from a table."""
    table = table_of([SOUND])
    place = table.schema.get_field_index("extra")
    column = pa.array([raw], pa.string())
    return admit_columns(table.set_column(place, INPUT_SCHEMA.field("extra"), column))


@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_beyond_two_to_the_53_become_strings(sign: str) -> None:
    limit, over, huge = f"{sign}{2**53}", f"{sign}{2**53 + 1}", f"{sign}{10**40}"

    admission = _extra(f'{{"a":[{limit},{over},{{"b":{huge}}}]}}')

    assert json.loads(admission.batch["extra"][0].as_py()) == {"a": [int(limit), over, {"b": huge}]}


@pytest.mark.parametrize(
    "raw",
    [
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '{"a":1e999}',
        '{"a":' + "[" * 15 + "]" * 15 + "}",
        '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        "null",
        "[]",
        '"boat"',
        "",
        "{",
        '{"a":1}}',
        '{"a":"\\ud800"}',
        '{"poll":{"options":"north"}}',
        '{"account":{"followers":-1}}',
    ],
    ids=lambda raw: raw[:16],
)
def test_extra_that_no_reader_could_keep_is_refused(raw: str) -> None:
    admission = _extra(raw)

    assert len(admission.batch) == 0
    assert [refusal.field for refusal in admission.refusals] == ["extra"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_program_cannot_bring_in_a_number_that_is_not_finite(number: float) -> None:
    event = msgspec.convert({**SOUND, "extra": {"a": [number]}}, Event)

    assert [(r.row, r.field) for r in admit_events([event]).refusals] == [(0, "extra")]


@pytest.mark.parametrize("field", ["text", "actor", "lang"])
def test_a_lone_surrogate_refuses_its_event_alone(field: str) -> None:
    """Python strings can hold it; UTF-8 cannot."""
    sound = msgspec.convert(SOUND, Event)
    broken = msgspec.structs.replace(sound, **{field: "boat\ud800"})

    admission = admit_events([sound, broken, sound])

    assert admission.rows.tolist() == [0, 2]
    assert [refusal.row for refusal in admission.refusals] == [1]


# --- bytes that are not UTF-8 ------------------------------------------------------------------

BAD_UTF8 = [b"\xff", b"boat\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"]


def _with_bytes(field: str, octets: list[bytes | None]) -> pa.RecordBatch:
    """Sound events of which one string column holds these bytes, whatever they are."""
    table = table_of([{**SOUND, "tags": ["pier"], "media": [{"uri": "m:1"}]}] * len(octets))
    binary = pa.array(octets, pa.binary())
    strings = pa.Array.from_buffers(pa.string(), len(octets), binary.buffers(), binary.null_count)
    place = table.schema.get_field_index(field)
    kind = INPUT_SCHEMA.field(field).type
    column = strings
    if field == "media":
        nothing = pa.nulls(len(octets), pa.string())
        items = pa.StructArray.from_arrays(
            [strings, nothing, nothing, nothing], fields=list(kind.value_type)
        )
        column = pa.ListArray.from_arrays(pa.array(range(len(octets) + 1), pa.int32()), items, kind)
    elif pa.types.is_list(kind):
        offsets = pa.array(range(len(octets) + 1), pa.int32())
        column = pa.ListArray.from_arrays(offsets, strings, kind)
    return table.set_column(place, INPUT_SCHEMA.field(field), column)


@pytest.mark.parametrize(
    "field", [field.name for field in INPUT_SCHEMA if field.name not in ("at", "extra")]
)
@pytest.mark.parametrize("octets", BAD_UTF8, ids=bytes.hex)
def test_bytes_that_are_not_utf8_refuse_their_row_alone(field: str, octets: bytes) -> None:
    good = {"id": SOUND["id"].encode(), "kind": b"post", "op": b"create", "source": b"example"}
    sound = b"public" if field == "visibility" else good.get(field, b"pier")

    admission = admit_columns(_with_bytes(field, [sound, octets, sound]))

    assert admission.rows.tolist() == [0, 2]
    assert [(1, field, "is not UTF-8")] == [tuple(refusal) for refusal in admission.refusals]


def test_no_events_are_an_empty_batch() -> None:
    for admission in (admit_events([]), admit_columns(table_of([]))):
        assert (len(admission.batch), admission.refusals) == (0, [])
        assert admission.batch.schema.equals(ADMITTED_SCHEMA)


# --- columns and events ------------------------------------------------------------------------


@given(st.lists(records(), max_size=4))
def test_events_survive_the_way_into_columns_and_back(rows: list[dict[str, Any]]) -> None:
    admitted = admit_columns(table_of(rows)).batch
    events = events_of(admitted)

    assert admitted.select(INPUT_SCHEMA.names).equals(columns_of(events))
    assert events == [
        msgspec.structs.replace(again, folded=event.folded)
        for event, again in zip(events, events_of(columns_of(events)), strict=True)
    ]
    for event, row in zip(events, admitted.to_pylist(), strict=True):
        assert event.folded == (None if row["text"] is None else fold(row["text"]))


def test_the_bodies_in_extra_are_read_as_what_they_are() -> None:
    poll = PollBody(options=("north", "south"), votes=(3, 4))
    account = AccountBody(handle="@pier", followers=7, bot=True)
    extra = {"poll": msgspec.to_builtins(poll), "account": msgspec.to_builtins(account), "x": 1}

    (event,) = events_of(admit_columns(table_of([{**SOUND, "extra": extra}])).batch)

    assert (poll, account) == (event.poll, event.account)
