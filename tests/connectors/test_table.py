from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import Table, csv_batches, numbered, parse_map, read_map
from leeward.connectors._files import Stream
from leeward.errors import InputError, MapError

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.connectors import Decoded, TableMap

HARBOUR = """
source = "harbour"
[fields]
object = "post:{post}"
actor = "account:{account}"
at = { column = "time", unit = "s" }
text = "{text}"
"""
GROUPED = 'group_by = ["account", "post"]\n' + HARBOUR + 'tags = "{tag}"\n'


class Bytes(Stream):
    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._file = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)


def decode(text: str, csv: str | bytes, encoding: str = "utf-8") -> Decoded:
    table_map = parse_map(text, "harbour.toml")
    data = csv if isinstance(csv, bytes) else csv.encode(encoding)
    decoded = Table(table_map, "boats.csv").decode_all(
        csv_batches(Bytes(data), table_map, "boats.csv")
    )
    assert decoded.adds_up
    return decoded


def test_rows_become_events() -> None:
    [row] = decode(HARBOUR, "post,account,time,text\n007,0012,1700000000,Back\n").batch.to_pylist()
    assert row["id"] == "harbour:post:007@1700000000000000#create"
    assert (row["object"], row["actor"], row["text"]) == ("post:007", "account:0012", "Back")
    assert (row["at"], row["kind"], row["op"]) == (1_700_000_000_000_000, "post", "create")


def test_every_field_can_be_mapped() -> None:
    text = """
source = "harbour"
kind = "{kind}"
op = "{op}"
version = "v{version}"
[fields]
object = "{{{post}}}"
actor = "{account}"
at = { column = "time", unit = "ms" }
target = "{target}"
tags = [{ column = "tags", split = " " }, "{tag}"]
links = ["https://a.example/{post}", "https://b.example/{missing}"]
mentions = "{account}"
media = [{ uri = "m:{post}", mime = "image/png" }, { sha256 = "{digest}" }]
visibility = "public"
[extra]
tide = "{tide}"
"""
    header = "kind,op,version,post,account,time,target,tags,tag,missing,digest,tide\n"
    cells = f"repost,update,2,p,a,1700000000123,t,Pier Boats  pier,Tide,,{'b' * 64},low\n"
    [row] = decode(text, header + cells).batch.to_pylist()
    assert row["id"] == "harbour:{p}@v2#update"
    assert (row["kind"], row["target"], row["at"]) == ("repost", "t", 1_700_000_000_123_000)
    assert row["tags"] == ["pier", "boats", "tide"]
    assert (row["links"], row["mentions"]) == (["https://a.example/p"], ["a"])
    assert row["media"] == [
        {"uri": "m:p", "sha256": None, "pdq": None, "mime": "image/png"},
        {"uri": None, "sha256": "b" * 64, "pdq": None, "mime": None},
    ]
    assert (row["visibility"], json.loads(row["extra"])) == ("public", {"tide": "low"})


# --- groups ------------------------------------------------------------------------------------


def test_rows_of_a_group_are_one_event_wherever_they_stand() -> None:
    csv = """post,account,time,text,tag
1,a,1700000000,One,pier
2,a,1700000001,Two,
1,a,1700000000,,boats
1,b,1700000002,Three,tide
1,a,1700000000,One,pier
"""
    decoded = decode(GROUPED, csv)
    found = [(r["actor"], r["text"], r["tags"]) for r in decoded.batch.to_pylist()]
    assert found == [
        ("account:a", "One", ["pier", "boats"]),
        ("account:a", "Two", []),
        ("account:b", "Three", ["tide"]),
    ]
    assert (decoded.records, decoded.merged, decoded.noted) == (5, 2, {})


def test_the_first_of_conflicting_values_stands_and_the_others_are_noted() -> None:
    csv = "post,account,time,text,tag\n1,a,1700000000,,\n1,a,1700000009,One,\n1,a,,Two,\n"
    decoded = decode(GROUPED, csv)
    [row] = decoded.batch.to_pylist()
    assert (row["at"], row["text"]) == (1_700_000_000_000_000, "One")
    assert decoded.noted == {"conflicting at": 1, "conflicting text": 1}


@pytest.mark.parametrize(("row", "column"), [("1,,1700000000,x,", "account"), (",a,7,x,", "post")])
def test_a_row_without_its_key_is_refused_by_itself(row: str, column: str) -> None:
    csv = f"post,account,time,text,tag\n1,a,1700000000,x,\n{row}\n2,a,1700000000,x,\n"
    decoded = decode(GROUPED, csv)
    [refused] = decoded.refused
    assert (refused.line, refused.field, refused.reason) == (2, column, "is empty")
    assert len(decoded.batch) == 2


def test_a_group_that_may_not_enter_comes_back_whole() -> None:
    csv = "post,account,time,text,tag\n1,a,noon,x,pier\n2,a,1700000000,y,\n1,a,noon,x,boats\n"
    decoded = decode(GROUPED, csv)
    [refused] = decoded.refused
    assert (refused.line, refused.field) == (1, "at")
    assert (decoded.records, decoded.merged, len(decoded.batch)) == (3, 1, 1)
    mended = GROUPED.replace('unit = "s"', 'unit = "rfc3339"')
    raw = refused.raw.replace(b"noon", b"2026-01-02T12:00:00Z")
    again = Table(parse_map(mended)).decode(raw)
    [row] = again.batch.to_pylist()
    assert (row["tags"], again.refused, again.merged) == (["pier", "boats"], [], 1)


CELL = st.sampled_from(["", "a", "b", "pier"])


@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=30))
def test_grouping_agrees_with_a_dictionary(rows: list[tuple[str, str, str, str]]) -> None:
    csv = "post,account,text,tag,time\n" + "".join(",".join(r) + ",1700000000\n" for r in rows)
    decoded = decode(GROUPED, csv)
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    lacking = 0
    for post, account, text, tag in rows:
        if not post or not account:
            lacking += 1
            continue
        event = expected.setdefault((account, post), {"text": None, "tags": []})
        event["text"] = event["text"] or text or None
        if tag and tag not in event["tags"]:
            event["tags"].append(tag)
    assert len(decoded.refused) == lacking
    assert list(expected.values()) == [
        {"text": row["text"], "tags": row["tags"]} for row in decoded.batch.to_pylist()
    ]


# --- CSV ---------------------------------------------------------------------------------------


def test_cells_may_hold_delimiters_quotes_and_line_feeds() -> None:
    csv = 'post;account;time;text\n1;a;1700000000;"One; ""two""\nthree"\n2;a;1700000000;x\n'
    rows = decode('delimiter = ";"\n' + HARBOUR, csv).batch.to_pylist()
    assert [row["text"] for row in rows] == ['One; "two"\nthree', "x"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("1,a", "has fewer cells than the header"),
        ("1,a,1700000000,x,y", "has more cells than the header"),
        ('1,a,1700000000,"x"y', "has a quote out of place, or a cell that is too long"),
        (
            '1,a,1700000000,"' + "x" * 140_000 + '"',
            "has a quote out of place, or a cell that is too long",
        ),
    ],
)
def test_a_row_that_breaks_the_form_is_refused_with_its_bytes(bad: str, reason: str) -> None:
    good = "1,a,1700000000,x\n"
    decoded = decode(HARBOUR, f"post,account,time,text\n{good}\n{bad}\n{good.replace('1', '2', 1)}")
    [refused] = decoded.refused
    assert (refused.line, refused.reason) == (2, reason)
    assert refused.raw.decode().rstrip("\n") == bad
    assert len(decoded.batch) == 2
    assert len(Table(parse_map(HARBOUR)).decode(refused.raw).refused) >= 1


def test_a_quote_that_is_never_closed_costs_no_more_than_its_rows() -> None:
    decoded = decode(HARBOUR, 'post,account,time,text\n1,a,1700000000,x\n2,a,1700000000,"x\n')
    assert (len(decoded.batch), len(decoded.refused)) == (1, 1)


def test_bytes_of_another_encoding_refuse_their_row_alone() -> None:
    csv = b"post,account,time,text\n1,a,1700000000,b\xf8at\n2,a,1700000000,boat\n3,\xf8\n"
    decoded = decode(HARBOUR, csv)
    assert [r.field for r in decoded.refused] == ["text", "$"]
    assert decoded.refused[1].raw == b"3,\xf8\n"
    assert len(decoded.batch) == 1


def test_the_map_states_the_encoding() -> None:
    csv = b"post,account,time,text\n1,a,1700000000,b\xf8at\n"
    [row] = decode('encoding = "latin-1"\n' + HARBOUR, csv).batch.to_pylist()
    assert row["text"] == "b\u00f8at"
    [row] = decode(
        'encoding = "utf-16"\n' + HARBOUR, csv.decode("latin-1"), "utf-16"
    ).batch.to_pylist()
    assert row["text"] == "b\u00f8at"


def test_a_table_in_another_encoding_than_stated_is_an_error() -> None:
    with pytest.raises(InputError, match="not written in utf-16"):
        decode('encoding = "utf-16"\n' + HARBOUR, b"post,account,time,text\n1,a,17,xy")


@pytest.mark.parametrize("csv", ["", "post,account,time,text\n", "\n"])
def test_no_rows_are_fine(csv: str) -> None:
    assert decode(HARBOUR, csv).records == 0


def test_a_column_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(InputError, match="Columns 1 and 5"):
        decode(HARBOUR, "post,account,time,text,post\n1,a,2,x,1\n")


def test_a_column_that_is_missing_is_an_error() -> None:
    with pytest.raises(MapError, match="no column `time`"):
        decode(HARBOUR, "post,account,when,text\n1,a,2,x\n")


def test_errors_about_a_table_without_a_header_show_none_of_its_cells() -> None:
    for csv in ("1,pier,1700000000,x\n2,a,17,y\n", "1,pier,pier,x\n2,a,17,y\n"):
        with pytest.raises((InputError, MapError)) as caught:
            decode(HARBOUR, csv)
        assert "pier" not in str(caught.value)


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "cell", "micros"),
    [
        ("s", "1700000000", 1_700_000_000_000_000),
        ("s", "1700000000.25", 1_700_000_000_250_000),
        ("s", "1.7e9", 1_700_000_000_000_000),
        ("ms", "1700000000123", 1_700_000_000_123_000),
        ("us", "1700000000123456", 1_700_000_000_123_456),
        ("ns", "1700000000123456789", 1_700_000_000_123_456),
        ("rfc3339", "2023-11-14T22:13:20.5+00:00", 1_700_000_000_500_000),
        ("s", "noon", None),
        ("s", "nan", None),
        ("s", "1e999999999", None),
        ("s", "1700000000123", None),
        ("s", "99999999999999999999", None),
        ("s", "-5", None),
        ("s", "", None),
        ("rfc3339", "1700000000", None),
    ],
)
def test_times_are_read_by_their_unit(unit: str, cell: str, micros: int | None) -> None:
    text = HARBOUR.replace('unit = "s"', f'unit = "{unit}"')
    decoded = decode(text, f"post,account,time,text\n1,a,{cell},x\n")
    if micros is None:
        assert [refused.field for refused in decoded.refused] == ["at"]
    else:
        assert decoded.batch["at"].to_pylist() == [micros]


def test_times_before_1990_are_noted_for_the_unit_may_be_wrong() -> None:
    text = HARBOUR.replace('unit = "s"', 'unit = "ms"')
    decoded = decode(text, "post,account,time,text\n1,a,1700000000,x\n")
    assert decoded.noted == {"claimed time before 1990: is the unit of `at` right?": 1}


# --- Parquet -----------------------------------------------------------------------------------


def from_columns(toml: str, /, **columns: pa.Array) -> Decoded:
    batch = pa.RecordBatch.from_pydict(columns)
    return Table(parse_map(toml), "boats.parquet").decode_all(numbered([batch]))


BOATS: dict[str, Any] = {"post": pa.array([1]), "account": pa.array(["a"]), "text": pa.array(["x"])}


@pytest.mark.parametrize(
    "time",
    [
        pa.array([1_700_000_000], pa.int32()),
        pa.array([1_700_000_000.0]),
        pa.array(["1700000000"]),
        pa.array([1_700_000_000], pa.timestamp("s")),
        pa.array([1_700_000_000], pa.timestamp("s", "Europe/Berlin")),
    ],
)
def test_parquet_times_of_any_type_are_taken(time: pa.Array) -> None:
    decoded = from_columns(HARBOUR, **BOATS, time=time)
    assert decoded.batch["at"].to_pylist() == [1_700_000_000_000_000]


def test_a_time_without_a_unit_needs_one_unless_it_is_a_timestamp() -> None:
    toml = HARBOUR.replace(', unit = "s"', "")
    stamp = pa.array([1_700_000_000], pa.timestamp("s"))
    assert len(from_columns(toml, **BOATS, time=stamp).batch) == 1
    with pytest.raises(MapError, match="no unit"):
        from_columns(toml, **BOATS, time=pa.array([1_700_000_000]))


def test_a_fraction_is_no_text() -> None:
    with pytest.raises(MapError, match="`post` is double"):
        from_columns(HARBOUR, **{**BOATS, "post": pa.array([1.0])}, time=pa.array([7]))


# --- maps --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("source = ", "not TOML"),
        (HARBOUR + "colour = 'red'\n", "`fields.colour` is not known"),
        ("colour = 'red'\n" + HARBOUR, "`colour` is not known"),
        (HARBOUR.replace("harbour", "Har bour"), "`source` may hold"),
        (HARBOUR.replace('actor = "account:{account}"', ""), "`fields.actor` is missing"),
        (HARBOUR.replace("{post}", "{post"), "brace that is not closed"),
        (HARBOUR.replace('unit = "s"', 'unit = "h"'), "`fields.at.unit` is not known"),
        (HARBOUR.replace("column =", "colum ="), "`fields.at` must name a column"),
        (HARBOUR.replace('{ column = "time", unit = "s" }', '"time"'), "`fields.at` must name"),
        ("group_by = 'post'\n" + HARBOUR, "`group_by` must be a list"),
        ("delimiter = ';;'\n" + HARBOUR, "`delimiter` must be one"),
        ("encoding = 'pier'\n" + HARBOUR, "`encoding` is not known"),
        (HARBOUR + "media = { uri = 'x', tide = 'y' }\n", "`fields.media.tide` is not known"),
        (HARBOUR + "tags = { column = 'x' }\n", "`fields.tags.split` must be a text"),
        (HARBOUR + "tags = 7\n", "`fields.tags` must be a text"),
        ("fields = 7\nsource = 'a'", "`fields` must be a table"),
        ("", "`fields.object` is missing"),
    ],
)
def test_a_bad_map_is_an_error_that_names_the_key(text: str, problem: str) -> None:
    with pytest.raises(MapError, match=problem) as caught:
        parse_map(text, "harbour.toml")
    assert caught.value.where == "harbour.toml"
    assert caught.value.hint is not None


def test_a_map_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="cannot be read"):
        read_map(tmp_path / "harbour.toml")


def test_a_map_is_known_by_its_text() -> None:
    maps: list[TableMap] = [parse_map(HARBOUR), parse_map(HARBOUR), parse_map(GROUPED)]
    assert maps[0].digest == maps[1].digest != maps[2].digest


@pytest.mark.parametrize("line", [b"post,1", b"[7]", b'{"post": "1"}', b'[{"post": [1]}]', b"\xff"])
def test_what_is_no_list_of_rows_stays_in_quarantine(line: bytes) -> None:
    [refused] = Table(parse_map(HARBOUR)).decode(line, 7).refused
    assert (refused.line, refused.raw) == (7, line)
