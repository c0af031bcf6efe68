"""A crash, or an error of the system, at each step of sealing and merging."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from leeward.errors import LeewardError, OutOfSpace
from leeward.model import LogSettings
from leeward.store import Log, Receipt, Refused, Writer, _compaction, _sealing
from tests.store._helpers import assert_whole, batch, start
from tests.store._steps import MERGING, SEALING, STEPS, act, arm, cases, findings, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LARGE = LogSettings(seal_events=100_000)
IDS = [f"{action}-{step.rpartition(':')[2]}-{count}" for action, step, count in cases()]


def _assert_tidy(data: Path) -> None:
    """The folders hold what the manifest names, and nothing else."""
    with Log(data) as log, log._snapshot() as (hot, segments):
        named = sorted(segment.info.name for segment in segments)
        findings = sorted(row[0] for row in hot.db.execute("SELECT name FROM finding_segment"))
    assert sorted(path.name for path in (data / "log" / "segments").iterdir()) == named
    assert sorted(path.name for path in (data / "log" / "findings").iterdir()) == findings
    assert list((data / "log" / "scratch").iterdir()) == []


def _assert_all_there(data: Path, writer: Writer, direct: bool) -> None:
    """60 events and their findings; of the 70 that were sealed at once either all or none."""
    with Log(data) as log:
        numbers = [number for _, number in assert_whole(log)]
        assert numbers[:60] == list(range(60))
        assert len(numbers) in ({60, 130} if direct else {60})
        seqs = sorted(s for part in log.findings() for s in part["seq"].to_pylist())
        assert seqs == list(range(1, 61))
        assert writer.append(batch(range(60))).repeated == 60
        assert writer.append(batch(range(500, 503))) == Receipt(len(numbers) + 1, 3, 0, 0)
        writer.seal()
        assert len(assert_whole(log)) == len(numbers) + 3


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_crash_at_any_step_leaves_a_whole_log(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    """The process ends at once, without a chance to tidy up; two at a time."""
    chosen = cases()[:: rounds(1, 4)]
    folders = [tmp_path / str(number) for number in range(len(chosen))]

    def crash(folder: Path, case: tuple[str, str, int]) -> int:
        with start("_crasher", folder, *case) as process:
            process.communicate(timeout=120)
        return process.returncode

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(crash, folders, chosen))
    for folder, case, code in zip(folders, chosen, codes, strict=True):
        assert (case, code) == (case, 9)
        with Writer.open(folder, LARGE) as writer:
            _assert_tidy(folder)
            _assert_all_there(folder, writer, case[0] == "direct")


def _full_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("action", "step", "count"), cases(), ids=IDS)
def test_after_an_error_at_any_step_the_same_writer_goes_on(
    data: Path, action: str, step: str, count: int
) -> None:
    """The disk is full once; then there is space again and the caller tries again."""
    with Writer.open(data, LARGE) as writer:
        prepare(writer)
        with pytest.MonkeyPatch.context() as patch:
            arm(step, count, _full_disk, patch.setattr)
            if step.endswith("write_whole"):
                # The manifest for other readers comes after the commit: the rows are safe, so
                # the caller must not be told otherwise. It is noted, and made good the next time.
                act(writer, action)
                # After a seal a merge follows, which already wrote it.
                assert (writer.trouble is None) == (action == "seal")
            else:
                with pytest.raises(OutOfSpace) as caught:
                    act(writer, action)
                assert caught.value.hint
        with Log(data) as log:
            before = len(assert_whole(log))
        act(writer, action)
        _assert_all_there(data, writer, action == "direct")
        assert before in (60, 130)
    with Writer.open(data, LARGE):
        _assert_tidy(data)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("step", "count"), [step for step in STEPS + SEALING + MERGING if step[1] == 1]
)
def test_an_error_in_the_background_loses_nothing(data: Path, step: str, count: int) -> None:
    with Writer.open(data, LogSettings(seal_events=20)) as writer, Log(data) as log:
        with pytest.MonkeyPatch.context() as patch:
            arm(step, count, _full_disk, patch.setattr)
            for turn in range(6):
                writer.append(batch(range(turn * 25, turn * 25 + 25)))
                with writer.quiet():
                    pass
        for turn in range(6):
            assert writer.append(batch(range(turn * 25, turn * 25 + 25))).repeated == 25
        writer.append(batch(range(150, 175)))
        writer.seal()
        assert len(assert_whole(log)) == 175


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO block", "INSERT INTO quar", "COMMIT"])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR])
def test_an_append_that_fails_stores_nothing_and_the_next_one_works(
    data: Path, statement: str, code: int
) -> None:
    refused = [Refused(1, "text", "is not UTF-8", b"\xff")]
    with Writer.open(data) as writer, Log(data) as log:
        writer.append(batch(range(5)))
        real = writer._hot.db
        writer._hot.db = _Failing(real, statement, code)  # type: ignore[assignment]
        with pytest.raises(LeewardError) as caught:
            writer.append(batch(range(3, 9)), refused=refused)
        assert isinstance(caught.value, OutOfSpace) == (code == sqlite3.SQLITE_FULL)
        writer._hot.db = real
        assert len(assert_whole(log)) == 5
        assert list(log.quarantine()) == []
        assert writer.append(batch(range(3, 9)), refused=refused) == Receipt(6, 4, 2, 1)
        assert len(assert_whole(log)) == 9


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT OR IGNORE INTO finding", "COMMIT"])
def test_findings_that_fail_leave_no_transaction_open(data: Path, statement: str) -> None:
    with Writer.open(data) as writer:
        writer.append(batch(range(5)))
        real = writer._hot.db
        for rolled_back in (False, True):  # SQLite may have undone it before it tells
            writer._hot.db = _Failing(  # type: ignore[assignment]
                real, statement, sqlite3.SQLITE_FULL, undo=rolled_back
            )
            with pytest.raises(OutOfSpace):
                writer.add_findings(findings([1]))
            writer._hot.db = real
            assert writer.append(batch([7])).quarantined == 0
        assert writer.add_findings(findings([1])) == 1


class _Failing:
    """A connection on which one kind of statement fails once, as on a full disk."""

    def __init__(
        self, db: sqlite3.Connection, statement: str, code: int, *, undo: bool = True
    ) -> None:
        self._db = db
        self._statement = statement
        self._code = code
        self._undo = undo
        self._failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def _check(self, statement: str) -> None:
        if statement.startswith(self._statement) and not self._failed:
            self._failed = True
            if self._undo and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            error = sqlite3.OperationalError("a failure made by the test")
            error.sqlite_errorcode = self._code
            raise error

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        self._check(statement)
        return self._db.execute(statement, *arguments)

    def executemany(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        self._check(statement)
        return self._db.executemany(statement, *arguments)


def test_an_error_while_an_error_is_handled_leaves_nobody_waiting(data: Path) -> None:
    """The writer may go on or stop, but each caller gets an answer, and the log opens again."""
    with Writer.open(data) as writer:
        with pytest.MonkeyPatch.context() as patch:
            for step in ("leeward.store._hot:Hot.add_block", "leeward.store._hot:Hot.hot_totals"):
                arm(step, 1, _full_disk, patch.setattr)
            with pytest.raises(LeewardError):
                writer.submit(batch([1])).result(10)
        with contextlib.suppress(LeewardError):
            writer.submit(batch([1])).result(10)
    with Writer.open(data) as writer, Log(data) as log:
        writer.append(batch([1, 2]))
        assert len(assert_whole(log)) == 2


def test_a_caller_that_gives_up_takes_no_acknowledgement_from_others(data: Path) -> None:
    """A client that disconnects cancels its future; its neighbours are stored all the same."""
    with Writer.open(data) as writer, Log(data) as log:
        with writer.quiet():
            waiting = [writer.submit(batch([n])) for n in range(4)]
            waiting[1].cancel()
            waiting[2].cancel()
        assert waiting[0].result(10).accepted == 1
        assert waiting[3].result(10).accepted == 1
        writer.append(batch([9]))
        assert len(assert_whole(log)) >= 3


@pytest.mark.usefixtures("small")
def test_two_threads_may_seal_at_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one of them merges, the other finds the same segments due."""
    both = threading.Barrier(2)
    merge = _compaction.merge

    def slow_merge(*arguments: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):  # raised if one comes alone: good
            both.wait(1)
        return merge(*arguments)

    with Writer.open(data, LARGE) as writer, Log(data) as log:
        monkeypatch.setattr("leeward.store._compaction.FAN_IN", 1_000)
        for turn in range(4):
            writer.append(batch(range(turn * 10, turn * 10 + 10)))
            writer.seal()
        monkeypatch.setattr("leeward.store._compaction.FAN_IN", 2)
        monkeypatch.setattr(_sealing, "merge", slow_merge)
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(writer.seal) for _ in range(2)]:
                future.result(60)
        assert len(assert_whole(log)) == 40


@pytest.mark.usefixtures("small")
def test_appending_goes_on_while_a_caller_merges(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The background must not begin the merge that the caller of ``seal`` is in the midst of."""
    begun, go_on = threading.Event(), threading.Event()
    merge = _compaction.merge

    def slow_merge(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return merge(*arguments)

    with Writer.open(data, LARGE) as writer, Log(data) as log:
        writer.append(batch(range(30)))
        writer.seal()
        writer.append(batch(range(30, 60)))
        monkeypatch.setattr(_sealing, "merge", slow_merge)
        with ThreadPoolExecutor(1) as pool:
            sealing = pool.submit(writer.seal)
            assert begun.wait(60)
            for number in range(60, 65):
                assert writer.append(batch([number])).accepted == 1
            go_on.set()
            sealing.result(60)
        assert len(assert_whole(log)) == 65
