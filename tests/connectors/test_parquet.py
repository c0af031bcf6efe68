from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import NativeLines, decode_columns, open_parquet, parquet_batches
from leeward.errors import InputError
from leeward.model import INPUT_SCHEMA, Event, columns_of
from tests.connectors._native import event, lines

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = [{"uri": "https://harbour.example/m/1", "sha256": "a" * 64}, {"mime": "image/png"}]


def columns(*events: dict[str, Any]) -> pa.RecordBatch:
    return columns_of(msgspec.convert(events, list[Event]))


def with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    place = batch.schema.get_field_index(name)
    arrays = [*batch.columns]
    arrays[place] = values
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def test_columns_and_lines_decode_to_the_same() -> None:
    events = [event(n, media=MEDIA[: n % 3], extra={"n": n} if n % 2 else {}) for n in range(20)]
    expected = NativeLines().decode(lines(*events)).batch
    assert expected.to_pylist() == decode_columns(columns(*events)).batch.to_pylist()


def test_missing_optional_columns_are_empty_and_those_of_the_log_are_ignored() -> None:
    needed = columns(event(1)).select(["id", "source", "kind", "op", "at", "actor", "object"])
    batch = needed.append_column("seq", pa.array([9])).append_column("seen", pa.array([9]))
    [row] = decode_columns(batch).batch.to_pylist()
    assert (row["tags"], row["media"], row["text"], row["extra"]) == ([], [], None, None)


def spellings() -> list[tuple[str, pa.DataType]]:
    texts = [pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()]
    item = pa.struct([("sha256", pa.large_string()), ("mime", pa.string()), ("uri", pa.string())])
    return [
        *(("text", kind) for kind in texts),
        ("kind", pa.dictionary(pa.int32(), pa.string())),
        ("tags", pa.large_list(pa.string())),
        ("tags", pa.list_view(pa.large_string())),
        ("tags", pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        ("media", pa.large_list(item)),
    ]


@pytest.mark.parametrize(("name", "kind"), spellings(), ids=str)
def test_any_spelling_of_a_type_is_taken(name: str, kind: pa.DataType) -> None:
    plain = columns(*(event(n, media=MEDIA) for n in range(4)))
    values = plain[name].to_pylist()
    if name == "media":
        values = [[{k: v for k, v in i.items() if k != "pdq"} for i in row] for row in values]
    expected = decode_columns(plain).batch
    other = with_column(plain, name, pa.array(values, kind))
    assert expected.to_pylist() == decode_columns(other).batch.to_pylist()


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("us", "UTC"), pa.timestamp("ns")])
def test_timestamps_are_taken_as_the_claimed_time(kind: pa.DataType) -> None:
    noon = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
    naive = noon if kind.tz else noon.replace(tzinfo=None)
    batch = with_column(columns(event(1)), "at", pa.array([naive], kind))
    expected = int(noon.timestamp()) * 1_000_000
    assert decode_columns(batch).batch["at"].to_pylist() == [expected]


def test_null_lists_are_empty_lists() -> None:
    batch = with_column(
        columns(event(1), event(2)), "tags", pa.array([None, ["Boats"]], pa.list_(pa.string()))
    )
    assert decode_columns(batch).batch["tags"].to_pylist() == [[], ["boats"]]


def test_a_slice_of_a_file_decodes_as_its_rows() -> None:
    batch = columns(*(event(n, tags=[f"t{n}"] * (n % 3), media=MEDIA[: n % 2]) for n in range(9)))
    expected = decode_columns(batch).batch.slice(3, 4).to_pylist()
    assert expected == decode_columns(batch.slice(3, 4)).batch.to_pylist()


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("at", pa.array(["noon"]), "string"),
        ("at", pa.array([1.5]), "double"),
        ("text", pa.array([7]), "int64"),
        ("tags", pa.array(["boats"]), "string"),
        ("tags", pa.array([[1]]), "list"),
        ("media", pa.array([[{"colour": "red"}]]), "colour"),
        ("extra", pa.array([{"a": 1}]), "struct"),
    ],
)
def test_a_wrong_type_is_an_error_that_names_column_and_types(
    name: str, values: pa.Array, found: str
) -> None:
    with pytest.raises(InputError, match=f"`{name}` is .*{found}.* was expected") as caught:
        decode_columns(with_column(columns(event(1)), name, values), where="boats.parquet")
    assert caught.value.where == "boats.parquet"


def test_an_unknown_column_is_an_error_that_leads_to_a_map() -> None:
    batch = columns(event(1)).append_column("colour", pa.array(["red"]))
    with pytest.raises(InputError, match="no column `colour`") as caught:
        decode_columns(batch)
    assert "map" in str(caught.value.hint)


def test_a_column_that_is_there_twice_is_an_error() -> None:
    batch = columns(event(1)).append_column("text", pa.array(["other"]))
    with pytest.raises(InputError, match="`text` is there twice"):
        decode_columns(batch)


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(InputError, match="`actor` is missing"):
        decode_columns(columns(event(1)).drop_columns(["actor"]))


def binary(batch: pa.RecordBatch, name: str, values: list[bytes | None]) -> pa.RecordBatch:
    return with_column(batch, name, pa.array(values, pa.binary()))


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("text", b"b\xf8at", "text"),
        ("actor", None, "$"),
        ("id", b"boat", "id"),
        ("kind", b"regatta", "kind"),
        ("extra", b'{"a": 1, "a": 2}', "extra"),
        ("extra", b'{"a":' * 40_000, "extra"),
        ("extra", b"[1]", "extra"),
        ("extra", b'{"a": NaN}', "extra"),
    ],
)
def test_a_bad_row_is_refused_alone_and_stays_bad_when_it_is_replayed(
    name: str, value: bytes | None, field: str
) -> None:
    good = columns(event(1), event(2), event(3))
    octets = [None if v is None else str(v).encode() for v in good[name].to_pylist()]
    batch = binary(good, name, [octets[0], value, octets[2]])
    decoded = decode_columns(batch, first_row=5)
    assert decoded.batch["id"].to_pylist() == [event(1)["id"], event(3)["id"]]
    [refused] = decoded.refused
    assert (refused.line, refused.field) == (6, field)
    assert json.loads(refused.raw)["object"] == event(2)["object"]
    assert len(NativeLines().decode(refused.raw).refused) == 1


def test_a_refused_row_enters_when_what_refused_it_is_gone() -> None:
    batch = with_column(columns(event(2, extra={"n": 1})), "kind", pa.array(["regatta"]))
    [refused] = decode_columns(batch).refused
    mended = NativeLines().decode(refused.raw.replace(b"regatta", b"post"))
    assert (
        mended.batch.to_pylist()
        == decode_columns(columns(event(2, extra={"n": 1}))).batch.to_pylist()
    )


def test_rows_are_read_from_anywhere_without_the_groups_before(tmp_path: Path) -> None:
    path = tmp_path / "boats.parquet"
    batch = columns(*map(event, range(100)))
    pq.write_table(pa.Table.from_batches([batch]), path, row_group_size=7)
    for start in (0, 6, 7, 50, 99, 100, 200):
        found = parquet_batches(open_parquet(path), "boats.parquet", start)
        ids = [row for part in found for row in part["id"].to_pylist()]
        assert ids == [event(n)["id"] for n in range(start, 100)]


@given(st.integers(0, 3_000), st.binary(min_size=1, max_size=40))
def test_a_damaged_file_is_an_input_error_or_decodes(tmp_path: Path, at: int, junk: bytes) -> None:
    path = tmp_path / "boats.parquet"
    batch = columns(*map(event, range(30)))
    pq.write_table(pa.Table.from_batches([batch]), path, write_page_checksum=True)
    data = path.read_bytes()
    path.write_bytes(data[:at] + junk + data[at + len(junk) :])
    try:
        for part in parquet_batches(open_parquet(path), "boats.parquet"):
            assert decode_columns(part).adds_up
    except InputError as error:
        assert error.hint is not None  # noqa: PT017 - decoding is allowed to succeed


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_file_that_is_cut_short_is_an_error_that_says_so(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "boats.parquet"
    pq.write_table(pa.Table.from_batches([columns(event(1))]), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="cut short or damaged"):
        open_parquet(path)


def test_no_rows_are_fine() -> None:
    empty = pa.RecordBatch.from_pylist([], INPUT_SCHEMA)
    decoded = decode_columns(empty)
    assert (decoded.records, len(decoded.batch)) == (0, 0)


def test_numbers_beyond_53_bits_become_text() -> None:
    batch = with_column(columns(event(1)), "extra", pa.array([json.dumps({"n": 2**60})]))
    [row] = decode_columns(batch).batch.to_pylist()
    assert json.loads(row["extra"]) == {"n": str(2**60)}


def test_unsigned_times_that_do_not_fit_are_a_wrong_type() -> None:
    batch = with_column(columns(event(1)), "at", pa.array(np.array([2**64 - 1], np.uint64)))
    with pytest.raises(InputError, match="`at` is uint64"):
        decode_columns(batch)
