"""What scoring stores: verdicts, coverage, its place; and a folder from before there was any."""

from __future__ import annotations

import random
import sqlite3
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from msgspec.structs import replace

from leeward.model import Event, Finding, Operand, Verdict
from leeward.store import (
    SCORING,
    Covered,
    Kept,
    Log,
    Scored,
    Stored,
    Writer,
    _beside,
    erase,
    events_at,
    read_events,
    scoring_standing,
    verdicts_at,
    verdicts_in,
    verdicts_of,
)
from tests.store._helpers import batch

if TYPE_CHECKING:
    from pathlib import Path

NEW_TABLES = ("verdict", "verdict_segment", "coverage", "told", "spent", "late")


def verdict(seq: int, subject: str = "skipper:1", rule: str = "crowded") -> Verdict:
    """What a rule says of a skipper."""
    return Verdict(
        seq=seq,
        at=seq,
        policy="moorings",
        version=2,
        rule=rule,
        severity="high",
        outcome="hit",
        causes=("open_case",),
        subject_kind="account",
        subject=subject,
        shadow=seq % 2 == 0,
        operands=(Operand("moorings.hit", True, (("moorings.hit", True), ("score", 1.5))),),
    )


def finding(seq: int) -> Finding:
    """What a signal says of a boat."""
    return Finding(seq=seq, signal="fog", version="1", subject="boat:1", outcome="hit", at=seq)


def test_verdicts_come_back_as_they_were_hot_and_sealed(data: Path) -> None:
    given = [verdict(1), verdict(1, rule="long"), verdict(2, "skipper:2"), verdict(3)]
    with Writer.open(data) as writer:
        writer.append(batch(range(5)))
        scored = Scored(verdicts=tuple(given[:3]), findings=(finding(1),), through=2)
        assert writer.add_scored(scored, rewritten=0) == Stored(1, 3)
        writer.seal()
        scored = Scored(verdicts=tuple(given), findings=(finding(1),), through=3)
        assert writer.add_scored(scored, rewritten=0) == Stored(0, 1)  # repeats are dropped
        writer.append(batch(range(5, 6)))

    with Log(data) as log:
        assert log.verify()
        assert sorted(verdicts_in(log.verdicts()), key=lambda one: (one.seq, one.rule)) == given
        assert [one.seq for one in verdicts_of(log, "skipper:1")] == [1, 1, 3]
        assert sorted(one.seq for one in verdicts_at(log, [2, 3])) == [2, 3]
        assert [b["seq"].to_pylist() for b in log.verdicts(after=2)] == [[3]]
        assert not list(log.verdicts(policy="other"))
        assert log.position(SCORING) == 3


def test_nothing_is_stored_of_rows_that_were_erased_since_they_were_read(data: Path) -> None:
    with Writer.open(data) as writer, Log(data) as log:
        writer.append(batch(range(10)))
        before = log.rewritten()
        erase(writer, "skipper:3", Kept)
        scored = Scored(verdicts=(verdict(4),), coverage=(), through=10)
        assert writer.add_scored(scored, rewritten=before) is None
        assert log.position(SCORING) == 0
        assert not list(log.verdicts())


@pytest.mark.parametrize("sealed", [False, True])
def test_an_erasure_takes_the_verdicts_on_a_person_and_on_what_the_person_did(
    data: Path, sealed: bool
) -> None:
    """Event n is of skipper n modulo 5."""
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        said = (verdict(2, "skipper:3"), verdict(4, "boat:9"), verdict(5, "skipper:4"))
        writer.add_scored(Scored(verdicts=said, through=10), rewritten=0)
        if sealed:
            writer.seal()
        assert erase(writer, "skipper:3", Kept).verdicts == 2
    with Log(data) as log:
        assert [one.seq for one in verdicts_in(log.verdicts())] == [5]


@pytest.mark.parametrize("sealed", [False, True])
def test_an_erasure_takes_what_was_said_of_a_persons_post_where_others_answered_it(
    data: Path, sealed: bool
) -> None:
    """Skipper 1 answers a post of skipper 3, and one of skipper 4: the threads were judged."""
    posts = [("3", "mine", None), ("4", "theirs", None), ("1", "answer", "mine")]
    events = [
        Event(
            id=f"example:{name}@1#create",
            source="example",
            kind="post",
            op="create",
            at=1,
            actor=f"skipper:{actor}",
            object=f"note:{name}",
            root=None if root is None else f"note:{root}",
        )
        for actor, name, root in posts
    ]
    with Writer.open(data) as writer:
        writer.append(events)
        said = (verdict(3, "note:mine"), verdict(3, "note:theirs", "long"))
        heard = (finding(3), replace(finding(3), signal="tide", subject="note:mine"))
        writer.add_scored(Scored(verdicts=said, findings=heard, through=3), rewritten=0)
        if sealed:
            writer.seal()
        (data / "signals").mkdir()
        (data / "signals" / "state-again-tide.bin").write_text("skipper:3")
        (data / "signals" / "tide.model").write_text("a model")
        done = erase(writer, "skipper:3", Kept)
        assert [path.name for path in (data / "signals").iterdir()] == ["tide.model"]
        assert (done.findings, done.verdicts) == (1, 1)
    with Log(data) as log:
        assert [one.subject for one in verdicts_in(log.verdicts())] == ["note:theirs"]
        assert [b["signal"].to_pylist() for b in log.findings()] == [["fog"]]


def test_ranges_that_touch_become_one(data: Path) -> None:
    """Beside a set of numbers."""
    rng = random.Random(3)  # noqa: S311 - not a secret
    looked: set[int] = set()
    with Writer.open(data) as writer, Log(data) as log:
        for _ in range(60):
            first = rng.randint(1, 200)
            last = first + rng.randint(0, 9)
            looked |= set(range(first, last + 1))
            each = Covered("signal", "fog", "1", first, last)
            other = Covered("policy", "fog", "1", first + 1_000, last + 1_000)
            writer.add_scored(Scored(coverage=(each, other), through=0), rewritten=0)
        ranges = [one for one in log.coverage() if one.by == "signal"]
        shifted = [one for one in log.coverage() if one.by == "policy"]
    assert {n for one in ranges for n in range(one.first, one.last + 1)} == looked
    assert all(a.last + 1 < b.first for a, b in pairwise(ranges))
    assert [one.first + 1_000 for one in ranges] == [one.first for one in shifted]


def test_a_folder_from_before_scoring_is_read_and_gets_its_tables_when_written_to(
    data: Path,
) -> None:
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.seal()
    with sqlite3.connect(data / "log" / "hot.db") as db:
        for table in NEW_TABLES:
            db.execute(f"DROP TABLE {table}")
        db.execute("UPDATE meta SET value = ? WHERE key = 'format'", (b"1",))
    db.close()
    (data / "log" / "verdicts").rmdir()

    with Log(data) as log:
        assert not list(log.verdicts())
        assert log.coverage() == []
        assert scoring_standing(log).told == {}
        assert log.verify()
    with Writer.open(data) as writer:
        scored = Scored(verdicts=(verdict(1),), told=((1, 5),), through=10)
        writer.add_scored(scored, rewritten=0)
    with Log(data) as log:
        assert scoring_standing(log).told == {1: 5}
        assert verdicts_in(log.verdicts()) == [verdict(1)]


@pytest.mark.usefixtures("small")
def test_pieces_are_the_log_in_order_wherever_they_begin(data: Path) -> None:
    with Writer.open(data) as writer:
        for first in range(0, 90, 15):
            writer.append(batch(range(first, first + 15)))
            if first in (15, 45):
                writer.seal()
        with Log(data) as log:
            for after in range(0, 91, 7):
                seqs: list[int] = []
                place = after
                while (piece := read_events(log, place)).through > place:
                    for rows in piece.batches:
                        seqs += rows["seq"].to_pylist()
                    place = piece.through
                assert seqs == list(range(after + 1, 91))


def test_many_rows_are_sealed_as_several_files_and_erased_from_each(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_beside, "FILE_ROWS", 4)
    given = [verdict(seq, f"skipper:{seq % 5}") for seq in range(1, 11)]
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.add_scored(Scored(verdicts=tuple(given), through=10), rewritten=0)
        writer.seal()
        names = sorted(path.name[:33] for path in (data / "log" / "verdicts").iterdir())
        assert names == [f"{a:016d}-{b:016d}" for a, b in ((1, 4), (5, 8), (9, 10))]
        assert writer.add_scored(Scored(verdicts=tuple(given), through=10), rewritten=0) == Stored(
            0, 0
        )
        assert erase(writer, "skipper:3", Kept).verdicts == 4
    with Log(data) as log:
        assert log.verify()
        left = [one.seq for one in verdicts_in(log.verdicts())]
    assert left == [1, 2, 5, 6, 7, 10]


@pytest.mark.usefixtures("small")
def test_events_are_found_by_their_places(data: Path) -> None:
    with Writer.open(data) as writer:
        for first in range(0, 90, 15):
            writer.append(batch(range(first, first + 15)))
            if first in (15, 45):
                writer.seal()
        with Log(data) as log:
            every = pa.Table.from_batches(log.scan()).sort_by("seq").to_pylist()
            for seqs in ([], [1], [7, 40, 41, 75, 90], [500], list(range(1, 91))):
                assert events_at(log, seqs).to_pylist() == [
                    row for row in every if row["seq"] in seqs
                ]
