from __future__ import annotations

import gzip
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import _files, _parquet, parse_map
from leeward.errors import InputError, MapError, QuarantineFull, UsageError
from leeward.model import Event, columns_of
from leeward.pipeline import Summary, ingest
from leeward.store import Writer
from tests.connectors._native import event, lines
from tests.pipeline._sink import MemorySink

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.connectors import TableMap

BAD = b'{"id": 7}\n'
MAP = """
source = "harbour"
[fields]
object = "post:{post}"
actor = "account:{account}"
at = { column = "time", unit = "s" }
"""
GROUPED = parse_map('group_by = ["post"]\n' + MAP)
ROWS = parse_map(MAP)
CSV = b"post,account,time\n" + b"".join(b"%d,a,1700000000\n" % (n // 2) for n in range(100))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut input finely, so that a short file has many pieces."""
    monkeypatch.setattr(_files.chunks, "__defaults__", (2_000,))
    monkeypatch.setattr(_parquet, "BATCH_ROWS", 10)


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def parquet(path: Path, count: int) -> Path:
    batch = columns_of(msgspec.convert([event(n) for n in range(count)], list[Event]))
    pq.write_table(pa.Table.from_batches([batch]), path, row_group_size=15)
    return path


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    assert summary.adds_up
    quarantined = summary.quarantined.total()
    return summary.records, summary.accepted, summary.repeated, quarantined, summary.skipped


# --- formats -----------------------------------------------------------------------------------


def test_lines_and_parquet_of_one_feed_are_the_same_events(
    tmp_path: Path, sink: MemorySink
) -> None:
    jsonl = written(tmp_path / "a.jsonl", lines(*map(event, range(60))))
    assert counts(ingest([jsonl], sink)) == (60, 60, 0, 0, 0)
    expected = dict(sink.events)
    other = MemorySink()
    assert counts(ingest([parquet(tmp_path / "a.parquet", 60)], other)) == (60, 60, 0, 0, 0)
    assert expected == other.events
    assert sink.calls > 5
    assert other.calls == 6


def test_a_bad_line_goes_to_quarantine_with_its_origin(tmp_path: Path, sink: MemorySink) -> None:
    path = written(tmp_path / "a.jsonl", lines(event(1)) + b"\n" + BAD + lines(event(2)))
    summary = ingest([path], sink)
    assert counts(summary) == (3, 2, 0, 1, 0)
    [item] = sink.quarantine
    assert (item.line, item.origin, item.format, item.raw) == (3, "a.jsonl", "leeward", BAD[:-1])


def test_a_message_of_jetstream_is_known_behind_a_bad_line(
    tmp_path: Path, sink: MemorySink
) -> None:
    account = {"active": True, "seq": 5}
    message = {"did": "did:plc:pier", "time_us": 7, "kind": "account", "account": account}
    path = written(tmp_path / "a", b'{"did": \n' + json.dumps(message).encode())
    assert counts(ingest([path], sink)) == (2, 1, 0, 1, 0)
    assert sink.quarantine[0].format == "jetstream"


@pytest.mark.parametrize("table_map", [ROWS, GROUPED])
def test_a_table_is_ingested_by_its_map(
    tmp_path: Path, sink: MemorySink, table_map: TableMap
) -> None:
    summary = ingest([written(tmp_path / "a.csv", CSV)], sink, map=table_map)
    merged = 50 if table_map is GROUPED else 0
    assert counts(summary) == (100, 50, 50 - merged, 0, 0)
    assert summary.merged == merged


def test_a_map_is_read_from_its_file(tmp_path: Path, sink: MemorySink) -> None:
    path = written(tmp_path / "harbour.toml", MAP.encode())
    assert ingest([written(tmp_path / "a.csv", CSV)], sink, map=path).accepted == 50


def test_an_empty_folder_and_an_empty_file_hold_nothing(tmp_path: Path, sink: MemorySink) -> None:
    (tmp_path / "empty").mkdir()
    written(tmp_path / "empty.jsonl", b"")
    summary = ingest([tmp_path / "empty", tmp_path / "empty.jsonl"], sink)
    assert (counts(summary), summary.files) == ((0, 0, 0, 0, 0), 1)


def test_standard_input_is_resumed_like_a_file(
    monkeypatch: pytest.MonkeyPatch, sink: MemorySink
) -> None:
    data = lines(*map(event, range(30)))
    for expected in ((30, 30, 0, 0, 0), (30, 0, 0, 0, 30)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert counts(ingest(["-"], sink)) == expected


# --- what cannot be used -----------------------------------------------------------------------


def test_a_table_without_a_map_is_a_usage_error_that_leads_to_one(
    tmp_path: Path, sink: MemorySink
) -> None:
    table = tmp_path / "b.parquet"
    pq.write_table(pa.table({"post": [1]}), table)
    for path in (written(tmp_path / "a.csv", CSV), table):
        with pytest.raises(UsageError, match="nothing says what its columns are") as caught:
            ingest([path], sink)
        assert "--map" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"format": "mastodont"}, "no such format"),
        ({"format": "table"}, "needs a map"),
        ({"format": "leeward", "map": ROWS}, "does not go with"),
    ],
)
def test_a_call_that_contradicts_itself_is_a_usage_error(
    sink: MemorySink, arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        ingest([], sink, **arguments)


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"\x7fELF\x00\x01", "neither text nor Parquet"), (b'[{"a": 1}]', "JSON array")],
)
def test_what_is_not_read_is_an_input_error(
    tmp_path: Path, sink: MemorySink, data: bytes, problem: str
) -> None:
    for form in (None, "leeward"):
        with pytest.raises(InputError, match=problem):
            ingest([written(tmp_path / "a", data)], sink, format=form)


def test_a_parquet_file_is_no_jetstream(tmp_path: Path, sink: MemorySink) -> None:
    with pytest.raises(InputError, match="no jetstream input"):
        ingest([parquet(tmp_path / "a.parquet", 1)], sink, format="jetstream")


def test_a_map_that_does_not_fit_stores_nothing(tmp_path: Path, sink: MemorySink) -> None:
    with pytest.raises(MapError, match="no column `account`"):
        ingest([written(tmp_path / "a.csv", b"a,b\n1,2\n")], sink, map=ROWS)
    assert sink.calls == 0


# --- resuming ----------------------------------------------------------------------------------


def inputs(folder: Path) -> list[tuple[Path, TableMap | None]]:
    mixed = lines(*map(event, range(50))) + BAD + lines(*map(event, range(50, 99)))
    return [
        (written(folder / "a.jsonl", mixed), None),
        (parquet(folder / "a.parquet", 100), None),
        (written(folder / "a.csv", CSV), ROWS),
        (written(folder / "b.csv", CSV), GROUPED),
    ]


@pytest.mark.parametrize("which", range(4))
def test_a_second_run_skips_all_of_it(tmp_path: Path, sink: MemorySink, which: int) -> None:
    path, table_map = inputs(tmp_path)[which]
    ingest([path], sink, map=table_map)
    waiting, calls = len(sink.quarantine), sink.calls
    assert counts(ingest([path], sink, map=table_map)) == (100, 0, 0, 0, 100)
    assert (len(sink.quarantine), sink.calls) == (waiting, calls)


class InterruptedSink(MemorySink):
    """Is interrupted from the keyboard after some calls."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.left: int | None = calls

    def submit(self, batch: pa.RecordBatch, **more: Any) -> Any:
        if self.left is not None:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
        return super().submit(batch, **more)


@given(st.integers(0, 12), st.integers(0, 2))
def test_an_interrupted_run_is_resumed_where_it_ended(
    tmp_path: Path, calls: int, which: int
) -> None:
    path, table_map = inputs(tmp_path)[which]
    whole = MemorySink()
    ingest([path], whole, map=table_map)
    sink = InterruptedSink(calls)
    try:
        ingest([path], sink, map=table_map)
    except KeyboardInterrupt:
        stored = sum(1 for _ in sink.positions)
        assert stored == calls
    sink.left = None
    summary = ingest([path], sink, map=table_map)
    assert summary.adds_up
    assert summary.records == 100
    assert sink.events == whole.events
    assert [q.raw for q in sink.quarantine] == [q.raw for q in whole.quarantine]


def test_a_file_that_has_grown_moved_and_been_compressed_goes_on(
    tmp_path: Path, sink: MemorySink
) -> None:
    data = lines(*map(event, range(100)))
    ingest([written(tmp_path / "a.jsonl", data[:10_000])], sink)
    before = len(sink.events)
    summary = ingest([written(tmp_path / "b.gz", gzip.compress(data))], sink)
    assert summary.skipped >= before - 10
    assert list(sink.events) == [event(n)["id"] for n in range(100)]


def test_a_file_that_only_begins_like_another_is_read(tmp_path: Path, sink: MemorySink) -> None:
    """Or what follows could be slipped past the log behind a beginning that it knows."""
    first = [event(n) for n in range(100)]
    ingest([written(tmp_path / "a.jsonl", lines(*first))], sink)
    changed = [*first[:50], event(777), *first[51:]]
    ingest([written(tmp_path / "a.jsonl", lines(*changed))], sink)
    assert event(777)["id"] in sink.events


def test_another_map_reads_the_table_again(tmp_path: Path, sink: MemorySink) -> None:
    path = written(tmp_path / "a.csv", CSV)
    ingest([path], sink, map=ROWS)
    other = parse_map(MAP.replace("harbour", "pier"))
    assert ingest([path], sink, map=other).accepted == 50


# --- when the log is slow or full --------------------------------------------------------------


def test_a_full_queue_is_waited_for(tmp_path: Path, sink: MemorySink) -> None:
    sink.busy = 5
    path = written(tmp_path / "a.jsonl", lines(*map(event, range(60))))
    assert counts(ingest([path], sink)) == (60, 60, 0, 0, 0)


def test_a_full_quarantine_ends_the_run_and_loses_nothing(tmp_path: Path, sink: MemorySink) -> None:
    """The piece that did not fit is read again; pieces stored after it are known."""
    sink.room = 0
    data = lines(*map(event, range(50))) + BAD + lines(*map(event, range(50, 99)))
    path = written(tmp_path / "a.jsonl", data)
    with pytest.raises(QuarantineFull):
        ingest([path], sink)
    sink.room = 10
    assert ingest([path], sink).adds_up
    assert sorted(sink.events) == sorted(event(n)["id"] for n in range(99))
    assert [item.raw for item in sink.quarantine] == [BAD[:-1]]


def test_what_came_before_a_cut_is_in_the_log(tmp_path: Path, sink: MemorySink) -> None:
    data = gzip.compress(lines(*(event(n, text=f"{n * 7919}" * 9) for n in range(9_000))))
    with pytest.raises(InputError, match="cut short"):
        ingest([written(tmp_path / "a.gz", data[:-1_000])], sink)
    assert len(sink.events) > 1_000
    assert ingest([written(tmp_path / "a.gz", data)], sink).adds_up
    assert len(sink.events) == 9_000


def test_progress_is_told_after_each_piece(tmp_path: Path, sink: MemorySink) -> None:
    seen: list[int] = []
    path = written(tmp_path / "a.jsonl", lines(*map(event, range(60))))
    ingest([path], sink, progress=lambda summary: seen.append(summary.records))
    assert seen == sorted(seen)
    assert (len(seen), seen[-1]) == (sink.calls, 60)


def test_a_summary_is_json(tmp_path: Path, sink: MemorySink) -> None:
    summary = ingest([written(tmp_path / "a.jsonl", lines(event(1)) + BAD)], sink)
    found = json.loads(summary.to_json())
    assert found == summary.to_dict()
    assert found["quarantined"] == {"id: Expected `str`, got `int`": 1}
    assert found["adds_up"] is True


def test_reasons_that_a_sender_can_provoke_are_bounded(tmp_path: Path, sink: MemorySink) -> None:
    bad = b"".join(b'{"id": "' + b"x" * n + b"\n" for n in range(300))
    summary = ingest([written(tmp_path / "a.jsonl", bad)], sink)
    assert counts(summary) == (300, 0, 0, 300, 0)
    assert len(summary.quarantined) <= 101


# --- the real log ------------------------------------------------------------------------------


@pytest.mark.parametrize("which", range(4))
def test_the_log_holds_what_was_ingested_once(tmp_path: Path, which: int) -> None:
    path, table_map = inputs(tmp_path)[which]
    expected = MemorySink()
    ingest([path], expected, map=table_map)
    with Writer.open(tmp_path / "data") as writer:
        first = ingest([path], writer, map=table_map)
        again = ingest([path], writer, map=table_map)
    assert (first.adds_up, first.accepted) == (True, len(expected.events))
    assert counts(again) == (100, 0, 0, 0, 100)
