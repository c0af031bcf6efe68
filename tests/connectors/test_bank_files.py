"""Hash lists as files: what is read, what is refused, and that no message holds a value."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import (
    EXPORT_FORMS,
    BankDefaults,
    BankFile,
    ExportForm,
    detect_bank_form,
    open_input,
    write_bank,
)
from leeward.errors import InputError, UsageError
from leeward.model import NewEntry, Provenance
from leeward.store.tables import Listed

if TYPE_CHECKING:
    from pathlib import Path

PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
OTHER = "0f0f0f31001b57b0f9c8f5ddfc709c0f4c91d12a699de1e2cc194c63b16364dd"
MD5 = "00112233445566778899aabbccddeeff"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(
    folder: Path, text: str | bytes, defaults: BankDefaults | None = None, form: Any = None
) -> tuple[list[NewEntry], list[tuple[int, str]]]:
    path = folder / "list.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with open_input(path) as opened:
        parts = list(BankFile(opened, form, defaults).parts())
    bad = [tuple(line) for part in parts for line in part.bad]
    return [entry for part in parts for entry in part.entries], bad  # type: ignore[return-value]


def pdq(value: str = PDQ, algorithm: str = "pdq", **told: Any) -> NewEntry:
    return NewEntry(algorithm, bytes.fromhex(value), Provenance(**told))


# --- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (f"value\n{PDQ}\n", [pdq()]),
        (f"algorithm,value\nMD5,{MD5}\r\npdq,{OTHER.upper()}", [pdq(MD5, "md5"), pdq(OTHER)]),
        (
            (
                "value,algorithm,exchange,member,external_id,classification,listed_at,colour\n"
                f'{PDQ},pdq,pilots,"north, and west",17,A1,1970-01-01T00:00:01Z,red\n'
            ),
            [
                pdq(
                    exchange="pilots",
                    member="north, and west",
                    external_id="17",
                    classification="A1",
                    at=1_000_000,
                )
            ],
        ),
        # `threatexchange dataset -P --csv`
        (
            f"signal_type,signal_str,collab,category,tags\nvideo_md5,{MD5},Pilots,POSITIVE,a b\n",
            [pdq(MD5, "md5", exchange="Pilots", classification="POSITIVE")],
        ),
        # `threatexchange dataset -P -S`, and its file exchange
        (f"pdq {PDQ}\nvideo_md5 {MD5}\n", [pdq(), pdq(MD5, "md5")]),
        (f"pdq,{PDQ}\n", [pdq()]),
        # the PDQ tools
        (f"{PDQ}\n\n{OTHER}", [pdq(), pdq(OTHER)]),
        (f"{PDQ},100,harbours/one.jpg\n", [pdq()]),
        (f"{PDQ},idx=3\n", [pdq()]),
        (f"hash={PDQ},norm=128,delta=0,quality=100,filename=one.jpg\n", [pdq()]),
        # our own JSONL
        (
            json.dumps({"algorithm": "pdq", "value": PDQ, "external_id": 17, "member": None}),
            [pdq(external_id="17")],
        ),
        # /c/bank/NAME/content/ID of HMA, and the body of /c/bank/NAME/signal
        (
            json.dumps({"id": 4, "disable_until_ts": 1, "signals": {"pdq": PDQ, "video_md5": MD5}}),
            [pdq(external_id="4"), pdq(MD5, "md5", external_id="4")],
        ),
        (json.dumps({"pdq": PDQ, "note": "a boat"}), [pdq()]),
        (json.dumps([{"pdq": PDQ}, {"value": OTHER}], indent=1), [pdq(), pdq(OTHER)]),
    ],
)
def test_the_lists_of_others_are_read_as_they_are_written(
    folder: Path, text: str, entries: list[NewEntry]
) -> None:
    assert read(folder, text) == (entries, [])


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_compressed_list_is_read_and_its_content_digested(folder: Path, codec: str) -> None:
    body = f"{PDQ}\n{OTHER}\n".encode()
    path = folder / "list"
    path.write_bytes(pa.compress(body, codec, asbytes=True) if codec == "zstd" else _gzip(body))
    with open_input(path) as opened:
        file = BankFile(opened)
        assert [len(part.entries) for part in file.parts()] == [2]
        assert file.digest() == hashlib.sha256(body).hexdigest()


def _gzip(body: bytes) -> bytes:
    import gzip

    return gzip.compress(body)


def test_what_lines_leave_out_is_filled_in(folder: Path) -> None:
    told = BankDefaults("md5", "pilots", "north", "A1", {"photodna"})
    entries, bad = read(folder, f"{MD5}\nphotodna 00ff\n", told)
    provenance: dict[str, Any] = {
        "exchange": "pilots",
        "member": "north",
        "classification": "A1",
    }
    assert entries == [pdq(MD5, "md5", **provenance), pdq("00ff", "photodna", **provenance)]
    assert bad == []


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_a_list_comes_in_parts_and_in_order(folder: Path, rows: int) -> None:
    path = folder / "list"
    path.write_text("".join(f"{n:064x}\n" for n in range(20)))
    with open_input(path) as opened:
        parts = list(BankFile(opened).parts(rows))
    assert [len(part.entries) for part in parts][:-1] == [rows] * ((20 - 1) // rows)
    values = [int(entry.value.hex(), 16) for part in parts for entry in part.entries]
    assert values == list(range(20))


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("pdq,,", "has no value"),
        (f"pdq,{PDQ[:-1]},", "has not the 64 digits of pdq"),
        (f"pdq,{PDQ}0,", "has not the 64 digits of pdq"),
        (f"pdq,{PDQ[:-1]}g,", "is not hexadecimal"),
        (f"pdq,{PDQ[:-1]}\N{FULLWIDTH DIGIT ONE},", "is not hexadecimal"),
        (f"md5,{PDQ},", "has not the 32 digits of md5"),
        (f"photodna,{PDQ},", "is of an unknown algorithm"),
        (f"pdq,{PDQ},49", "has a quality below 50"),
        (f"pdq,{PDQ},101", "has no quality of 0 to 100"),
        (f"pdq,{PDQ},good", "has no quality of 0 to 100"),
        (f"pdq,{PDQ}", "has 2 cells, and the header has 3"),
        (f'pdq,"{PDQ}"x,', "has a quote out of place, or a cell that is too long"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_others_are_kept(
    folder: Path, row: str, reason: str
) -> None:
    text = f"algorithm,value,quality\npdq,{OTHER},50\n{row}\nmd5,{MD5},0\n"
    entries, bad = read(folder, text)
    assert entries == [pdq(OTHER), pdq(MD5, "md5")]
    assert bad == [(3, reason)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not JSON"),
        ("17", "is not a JSON object"),
        ("{}", "has no value"),
        ('{"signals": {}}', "has no value"),
        ('{"signals": []}', "has no value"),
        ('{"signals": {"raw_text": "ahoy"}}', "is of an unknown algorithm"),
        ('{"signals": {"pdq": ["f"]}}', "has a value that is not text"),
        ('{"signals": {"pdq": "' + PDQ + '"}, "disable_until_ts": 99999999999}', "is disabled"),
        ('{"value": "' + PDQ + '", "listed_at": "yesterday"}', "has a time that is not RFC 3339"),
        ('{"value": "' + PDQ + '", "member": "' + "n" * 256 + '"}', "has a member of more than"),
        ('{"value": "' + PDQ + '", "member": "a\\nb"}', "has a member that is not one line"),
    ],
)
def test_a_bad_object_is_named_by_its_line(folder: Path, line: str, reason: str) -> None:
    entries, bad = read(folder, f'{{"pdq": "{OTHER}"}}\n\n{line}\n{{"pdq": "{PDQ}"}}\n')
    assert entries == [pdq(OTHER), pdq()]
    assert [number for number, _ in bad] == [3]
    assert bad[0][1].startswith(reason)


@pytest.mark.parametrize("line", ["ahoy", "boat " + PDQ, PDQ[:-1], PDQ + ",10,one.jpg", "md5 00"])
def test_a_bad_line_is_named_by_its_number(folder: Path, line: str) -> None:
    entries, bad = read(folder, f"{OTHER}\n{line}\n{PDQ}\n")
    assert entries == [pdq(OTHER), pdq()]
    assert [number for number, _ in bad] == [2]


def test_bytes_that_are_no_text_are_a_bad_line(folder: Path) -> None:
    assert read(folder, PDQ.encode() + b"\n\xff\xfe\n") == ([pdq()], [(2, "is not UTF-8")])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"algorithm,value,value\n", "does not name the columns"),
        (b'[{"pdq": "00"}', "begins as a JSON array and is none"),
        (b"PAR1" + b"\x00" * 20, "not read from Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused(
    folder: Path, body: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(folder, body)
    assert caught.value.where == "list.txt"


@given(st.binary(max_size=300), st.sampled_from(["csv", "json", "lines", None]))
def test_no_bytes_break_the_reader_or_come_back_in_a_message(
    folder: Path, noise: bytes, form: Any
) -> None:
    canary = b"canary7f3acanary7f3a"
    body = noise + b"\n" + canary + b",1\n" + canary + b" " + canary + b"\n"
    try:
        entries, bad = read(folder, body, form=form)
    except InputError as error:
        bad = [(0, str(error))]
        entries = []
    assert "canary" not in repr(bad)
    assert all(entry.algorithm in {"pdq", "sha256", "sha1", "md5"} for entry in entries)


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=32, max_size=32)), max_size=30))
def test_every_line_is_an_entry_or_is_named(folder: Path, lines: list[tuple[bool, bytes]]) -> None:
    text = [value.hex() if good else value.hex()[1:] for good, value in lines]
    entries, bad = read(folder, "".join(f"{line}\n" for line in text), form="lines")
    assert [entry.value for entry in entries] == [value for good, value in lines if good]
    assert [number for number, _ in bad] == [n for n, (good, _) in enumerate(lines, 1) if not good]


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b'\n {"value": ""}', "json"),
        (b"[", "json"),
        (b'"Algorithm","Value"\n', "csv"),
        (b"signal_type,signal_str\r\n", "csv"),
        (b"", "lines"),
        (PDQ.encode(), "lines"),
        (b"hash=", "lines"),
    ],
)
def test_the_form_is_seen_from_the_beginning(head: bytes, form: str) -> None:
    assert detect_bank_form(head) == form


# --- what is written ---------------------------------------------------------------------------


def listed(number: int, algorithm: str, value: str | None, **told: Any) -> Listed:
    octets = None if value is None else bytes.fromhex(value)
    return Listed(number, algorithm, octets, Provenance(**told), 1_000_000)


ROWS = [
    listed(1, "pdq", PDQ, exchange="pilots", member='the "north"', external_id="a,b", at=5),
    listed(1, "pdq", PDQ, exchange="harbour", classification="A1"),
    listed(2, "md5", MD5),
]


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_what_is_exported_is_imported_again(folder: Path, form: ExportForm) -> None:
    text = "".join(write_bank(ROWS, form, values=True))
    entries, bad = read(folder, text)
    values = [(entry.algorithm, entry.value) for entry in entries]
    wanted = [(row.algorithm, row.value) for row in ROWS]
    assert bad == []
    if form in {"csv", "jsonl"}:
        assert [entry.provenance for entry in entries] == [row.provenance for row in ROWS]
        assert values == wanted
    elif form == "threatexchange":
        assert values == wanted
        assert [e.provenance.exchange for e in entries] == ["pilots", "harbour", "local"]
    else:
        assert values == wanted[1 : 2 if form == "pdq" else 3]


def test_the_csv_is_one_that_others_read() -> None:
    text = "".join(write_bank(ROWS, "csv", values=True))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["value"] for row in rows] == [PDQ, PDQ, MD5]
    assert rows[0]["member"] == 'the "north"'
    assert rows[0]["listed_at"] == "1970-01-01T00:00:00.000005Z"
    assert rows[0]["added_at"] == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_without_values_has_none(form: ExportForm) -> None:
    bare = [row._replace(value=None) for row in ROWS]
    text = "".join(write_bank(bare, form, values=False))
    assert PDQ not in text
    assert MD5 not in text
    assert text.count("\n") == len(ROWS) + (form == "csv")


@pytest.mark.parametrize("form", ["threatexchange", "hma", "pdq"])
def test_a_list_of_values_is_nothing_without_values(form: ExportForm) -> None:
    with pytest.raises(UsageError, match="list of hash values"):
        write_bank([], form, values=False)


def test_an_empty_bank_is_a_file_of_columns() -> None:
    assert "".join(write_bank([], "csv", values=False)).startswith("entry,algorithm,value,")
    assert list(write_bank([], "jsonl", values=False)) == []
