"""What a reader may do while others read, write, merge and rewrite."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import Overloaded, StoreError, UsageError
from leeward.model import EVENT_SCHEMA, LogSettings
from leeward.store import Kept, Log, Receipt, Writer, _disk, _segment, erase
from tests.store._helpers import assert_whole, batch, event, in_order, number_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from concurrent.futures import Future
    from pathlib import Path

LARGE = LogSettings(seal_events=100_000)


@pytest.fixture
def writer(data: Path, small: None) -> Iterator[Writer]:
    """A log of 90 events: two segments and hot rows."""
    with Writer.open(data, LARGE) as opened:
        opened.append(batch(range(70)))
        opened.append(batch(range(70, 80)))
        opened.seal()
        opened.append(batch(range(80, 90)))
        yield opened


@pytest.fixture
def log(data: Path, writer: Writer) -> Iterator[Log]:
    with Log(data) as opened:
        yield opened


def test_looking_things_up_while_scanning(log: Log) -> None:
    """The natural use: for each batch of a scan or a tail, ask about what is in it."""
    for stream in (log.scan(["actor"]), log.tail(), log.findings(), log.quarantine()):
        for part in stream:
            if isinstance(part, pa.RecordBatch) and "actor" in part.schema.names:
                assert log.of(account=part["actor"][0].as_py(), last=3)
                assert log.status().events == 90
                assert sum(len(other) for other in log.scan()) == 90
                assert len(in_order(log, after=80)) == 10


def test_a_stream_that_was_left_half_way_does_not_hinder_the_next(log: Log) -> None:
    with closing(cast("Generator[pa.RecordBatch]", log.scan())) as left:
        next(left)
        assert len(in_order(log)) == 90
    assert len(in_order(log)) == 90


def test_two_streams_at_once_see_one_state_each(writer: Writer, log: Log) -> None:
    with closing(cast("Generator[pa.RecordBatch]", log.tail())) as first:
        rows = [next(first)]
        writer.append(batch(range(90, 95)))
        second = list(log.tail())
        writer.seal()
        rows += list(first)

    assert sum(map(len, second)) == 95
    seqs = [seq for part in rows for seq in part["seq"].to_pylist()]
    assert seqs[:90] == list(range(1, 91))
    assert seqs == sorted(set(seqs))


def test_a_reader_shared_by_threads(writer: Writer, log: Log) -> None:
    def read(account: int) -> list[int]:
        own = [number_of(e.id) for e in log.of(account=f"skipper:{account}", last=100)]
        assert len(in_order(log)) >= 90
        return own

    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(read, n % 5) for n in range(20)]
        writer.seal()
        for n, found in enumerate(reads):
            assert found.result(60) == [k for k in reversed(range(90)) if k % 5 == n % 5]


def test_a_tail_survives_the_opening_of_a_writer(data: Path, writer: Writer) -> None:
    """A reader orders rows in files of its own; recovery must leave those alone."""
    writer.close()
    with Log(data) as log:
        stream = log.tail()
        rows = next(stream)["seq"].to_pylist()
        with Writer.open(data, LARGE) as again:
            again.append(batch([1_000]))
        rows += [seq for part in stream for seq in part["seq"].to_pylist()]

    assert rows == list(range(1, 91))


def test_verify_while_segments_are_merged_away(
    writer: Writer, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was merged away meanwhile is no damage."""
    digest = _disk.digest
    merged = threading.Event()

    def slow_digest(path: Path) -> str:
        if not merged.is_set():
            merged.set()
            writer.append(batch(range(100, 190)))
            writer.seal()
            writer.append(batch(range(200, 290)))
            writer.seal()
        return digest(path)

    monkeypatch.setattr(_segment, "digest", slow_digest)

    assert log.verify() >= 1


def test_a_look_up_sees_a_rewritten_block(writer: Writer, log: Log) -> None:
    """Rows move to other parts of a block when some before them are removed."""
    before = [e.seq for e in log.of(account="skipper:4", last=3)]
    erase(writer, "skipper:0", Kept)
    assert before == [e.seq for e in log.of(account="skipper:4", last=3)]
    assert log.of(account="skipper:0") == []
    assert sum(len(part) for part in log.scan()) == 72


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_look_up_does_not_depend_on_where_rows_lie(
    data: Path, together: bool, sealed: bool
) -> None:
    """Neither what stands beside an event nor whether it is sealed decides if it is found."""
    like = msgspec.structs.replace(event(2), object="boat:99", target=None, reply_to=None)
    reply = msgspec.structs.replace(event(9), actor=like.actor, reply_to="boat:99")
    assert like.kind == "like"
    with Writer.open(data) as writer, Log(data) as log:
        for events in [[like, reply]] if together else [[like], [reply]]:
            writer.append(events)
            if sealed:
                writer.seal()
        assert [reply.id, like.id] == [e.id for e in log.of(post="boat:99")]


def test_tail_follows_what_is_appended(writer: Writer, log: Log) -> None:
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        with Log(log.layout.data) as own:
            for part in own.tail(after=85, follow=True, poll=0.01, stop=done.is_set):
                seen.extend(part["seq"].to_pylist())
                if seen[-1] == 100:
                    return

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(90, 100):
        writer.append(batch([number]))
        if number == 94:
            writer.seal()
    thread.join(60)
    done.set()
    thread.join()

    assert seen == list(range(86, 101))


def test_all_batches_have_one_schema(log: Log) -> None:
    """Sealed and hot rows go into one table."""
    for batches in (list(log.scan()), list(log.tail())):
        assert all(part.schema.equals(EVENT_SCHEMA) for part in batches)
        assert len(pa.Table.from_batches(batches)) == 90


def test_segments_are_plain_parquet_sorted_for_look_ups(data: Path, writer: Writer) -> None:
    """Other engines read them as they are, and the events of an account lie together."""
    writer.seal()
    for path in (data / "log" / "segments").rglob("events.parquet"):
        table = pq.read_table(path)
        assert table.schema.remove_metadata().names == EVENT_SCHEMA.names
        actors = table["actor"].to_pylist()
        changes = sum(a != b for a, b in pairwise(actors))
        assert changes == len(set(actors)) - 1


@pytest.mark.parametrize(
    "call",
    [
        lambda log: list(log.scan(["boat"])),
        lambda log: log.of(),
        lambda log: log.of(account="a", post="b"),
        lambda log: log.of(account="a", last=0),
    ],
)
def test_a_wrong_question_is_answered_with_the_right_one(log: Log, call: Any) -> None:
    with pytest.raises(UsageError) as caught:
        call(log)

    assert caught.value.hint


def test_of_two_events_with_one_identity_the_first_stays(writer: Writer, log: Log) -> None:
    writer.append([event(300)])
    writer.append([event(300), event(301), event(301)])
    writer.seal()

    assert writer.append([event(301), event(300)]).repeated == 2
    assert len(assert_whole(log)) == 92


def test_a_full_queue_turns_callers_away_and_keeps_what_it_took(data: Path) -> None:
    with Writer.open(data, LogSettings(queue_events=10)) as writer, Log(data) as log:
        with writer.transaction():
            taken: list[Future[Receipt]] = []
            with pytest.raises(Overloaded) as caught:
                taken.extend(writer.submit(batch([number])) for number in range(100))
            assert caught.value.retry_after > 0
            assert writer.queued <= 10
        assert [future.result(60).accepted for future in taken] == [1] * len(taken)
        assert len(in_order(log)) == len(taken)


def test_a_batch_larger_than_the_queue_still_enters(data: Path) -> None:
    with Writer.open(data, LogSettings(queue_events=10)) as writer:
        assert writer.append(batch(range(50))).accepted == 50


def test_closing_finishes_what_was_submitted_and_takes_no_more(data: Path) -> None:
    with Writer.open(data) as writer:
        futures = [writer.submit(batch([n])) for n in range(20)]
    assert sum(future.result(0).accepted for future in futures) == 20
    with pytest.raises(StoreError):
        writer.append(batch([99]))
    with pytest.raises(StoreError):
        writer.submit(batch([99]))


def test_a_table_that_was_not_admitted_is_a_mistake_of_the_program(data: Path) -> None:
    with Writer.open(data) as writer, pytest.raises(TypeError):
        writer.append(batch([1]).drop_columns(["folded"]))
