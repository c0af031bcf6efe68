"""Erasing a person: nothing of theirs is left anywhere, and nothing else is missing."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import StoreError
from leeward.model import Event, Finding, identity
from leeward.store import Kept, Log, Refused, Writer, backup, erase, expire, prove
from leeward.store import _writer as writer_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PERSON = "harbour/ada"
CANARY = "quokka-lantern-7f3a"
"""A text that occurs nowhere else; it is looked for in every byte."""


def post(number: int, actor: str, text: str) -> Event:
    uri = f"{actor}/post/{number}"
    return Event(
        id=identity("harbour", uri, "1", "create"),
        source="harbour",
        kind="post",
        op="create",
        at=number,
        actor=actor,
        object=uri,
        text=text,
    )


def nothing_held() -> Kept:
    return Kept()


def fill(writer: Writer) -> None:
    """Rows of the person and of others: merged, sealed and hot; findings; refused lines."""
    for begin in range(0, 60, 10):
        writer.append([_of(n) for n in range(begin, begin + 10)])
        writer.add_findings(
            [
                _finding(begin + 1, PERSON),  # at an event of somebody else
                _finding(begin + 2, PERSON),
                _finding(begin + 3, "harbour/bo"),
            ]
        )
        if begin < 50:
            writer.seal()
    refused = [
        Refused(1, "$", "is bad", msgspec.json.encode({"actor": PERSON, "text": CANARY})),
        Refused(2, "$", "is bad", b'{"actor":"harbour\\/ada","text":"' + CANARY.encode()),
        Refused(3, "$", "is bad", b'{"actor":"harbour/adam","text":"a buoy"}'),
        Refused(4, "$", "is bad", b'{"actor":"harbour/bo","text":"thanks to harbour/ada"}'),
    ]
    writer.append([], refused=refused)


def _of(number: int) -> Event:
    if number % 2:
        return post(number, PERSON, f"{CANARY} {number}")
    return post(number, "harbour/bo", f"a buoy {number}")


def _finding(seq: int, subject: str) -> Finding:
    return Finding(
        seq=seq,
        signal="tide",
        version="1",
        subject=subject,
        outcome="hit",
        at=1,
        reason=CANARY if subject == PERSON else "a buoy",
    )


def everything_in(folder: Path) -> bytes:
    """Every byte below a folder, and what is packed in it as well."""
    parts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    parts.extend(repr(pq.read_table(p).to_pylist()).encode() for p in folder.rglob("*.parquet"))
    for path in folder.rglob("hot.db"):
        with sqlite3.connect(path) as db:
            for (body,) in db.execute("SELECT body FROM block"):
                parts.append(repr(pa.ipc.open_file(body).read_all().to_pylist()).encode())
            parts.extend(row[0] for row in db.execute("SELECT body FROM finding"))
        db.close()
    return b"\n".join(parts)


def test_nothing_of_the_person_is_left_in_any_byte(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    with Writer.open(data) as writer:
        fill(writer)
        backup(data, copy)
        assert CANARY.encode() in everything_in(data)
        assert CANARY.encode() in everything_in(copy)
        done = erase(writer, PERSON, nothing_held)
        backup(data, copy)
    assert (done.removed, done.skeletons, done.withheld, done.quarantined) == (30, 0, 0, 2)
    with Log(data) as log:
        left = [row for part in log.findings() for row in part.to_pylist()]
    assert [row["subject"] for row in left] == ["harbour/bo"] * 6
    for folder in (data, copy):
        assert CANARY.encode() not in everything_in(folder)
        assert f"{PERSON}/post".encode() not in everything_in(folder)


def test_what_others_wrote_stays_to_the_last_byte(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        fill(writer)
        before = log.of(account="harbour/bo", last=100)
        erase(writer, PERSON, nothing_held)
        assert log.of(account="harbour/bo", last=100) == before
        raws = [item.raw for item in log.quarantine()]
        assert raws[2:] == [
            b'{"actor":"harbour/adam","text":"a buoy"}',
            b'{"actor":"harbour/bo","text":"thanks to harbour/ada"}',
        ]
        assert raws[:2] == [b"", b""]
        assert prove(log, PERSON).clean


def test_what_was_erased_does_not_come_back(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        fill(writer)
        erase(writer, PERSON, nothing_held)
        again = writer.append([_of(n) for n in range(60)])
    assert (again.accepted, again.repeated) == (0, 60)


def test_a_hold_on_one_post_keeps_it_with_its_findings(tmp_path: Path) -> None:
    held = f"{PERSON}/post/21"
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        fill(writer)
        (seq,) = [e.seq for e in log.of(post=held)]
        done = erase(writer, PERSON, lambda: Kept(content=frozenset([held])))
        assert (done.removed, done.withheld) == (29, 1)
        assert [e.text for e in log.of(account=PERSON)] == [f"{CANARY} 21"]
        kept = [row for part in log.findings() for row in part.to_pylist()]
        assert [row["seq"] for row in kept if row["subject"] == PERSON] == [seq]


def test_a_hold_that_is_placed_meanwhile_is_obeyed(tmp_path: Path) -> None:
    """It is not there when the erasure begins, and is there when the first segment is written."""
    answers = iter([Kept()] * 3)

    def kept() -> Kept:
        return next(answers, Kept(content=frozenset([PERSON])))

    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        writer.append([_of(n) for n in range(20)])
        writer.seal()
        erase(writer, PERSON, kept)
        assert len(log.of(account=PERSON)) == 10


@pytest.mark.parametrize("after", range(4))
def test_an_erasure_that_was_killed_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """The process ends after some of its transactions; the log is opened anew."""

    class Killed(BaseException):
        pass

    data = tmp_path / "data"
    writer = Writer.open(data)
    fill(writer)
    with monkeypatch.context() as fault:
        _end_after(fault, after, Killed)
        with pytest.raises(Killed):
            erase(writer, PERSON, nothing_held)
    writer.close()
    with Writer.open(data) as again, Log(data) as log:
        erase(again, PERSON, nothing_held)
        assert prove(log, PERSON).clean
        assert len(log.of(account="harbour/bo", last=100)) == 30
        subjects = {row["subject"] for part in log.findings() for row in part.to_pylist()}
    assert subjects == {"harbour/bo"}


def _end_after(fault: pytest.MonkeyPatch, count: int, end: type[BaseException]) -> None:
    from leeward.store._hot import Hot

    real: Callable[[Hot], object] = Hot.transaction
    begun = 0

    def transaction(self: Hot) -> object:
        nonlocal begun
        begun += 1
        # The first transaction of an erasure only looks.
        if begun > 1 + count:
            raise end
        return real(self)

    fault.setattr(Hot, "transaction", transaction)


def test_a_reader_that_holds_the_old_state_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write-ahead log cannot be emptied under it, and the erasure says so."""
    monkeypatch.setattr(writer_module, "PATIENCE", 1)
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        writer.append([_of(n) for n in range(20)])
        reading = log.scan()
        next(reading)
        with pytest.raises(StoreError, match="reader"):
            erase(writer, PERSON, nothing_held)
        del reading
        erase(writer, PERSON, nothing_held)
    assert CANARY.encode() not in everything_in(tmp_path)


def test_nothing_is_rewritten_where_nothing_is_due(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        fill(writer)
        names = sorted(path.name for path in log.layout.segments.iterdir())
        erase(writer, "harbour/nobody", nothing_held)
        expire(writer, {"post": 10**15}, 1, nothing_held)
        assert sorted(path.name for path in log.layout.segments.iterdir()) == names


def test_retention_takes_the_findings_along(tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        fill(writer)
        (last,) = [e.seen for e in log.of(account=PERSON, last=1)]
        assert last is not None
        done = expire(writer, {"post": 1}, last + 10, nothing_held)
        assert done.removed == {"post": 60}
        assert list(log.scan()) == []
        assert list(log.findings()) == []
