"""Folders that are not as they should be: a clear error of the right class, and nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leeward.errors import Corrupt, LeewardError, NewerFormat, NotALog, OutOfSpace, StoreError
from leeward.store import Log, Writer
from tests.conftest import absent
from tests.store._helpers import ROOT, assert_whole, batch, in_order, program
from tests.store._steps import findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def sealed(data: Path) -> Path:
    """A log of one segment, one file of findings and a few hot rows."""
    with Writer.open(data) as writer:
        writer.append(batch(range(40)))
        writer.add_findings(findings([1, 2, 3]))
        writer.seal()
        writer.append(batch(range(40, 45)))
    return data


def _segment_file(data: Path, name: str) -> Path:
    (folder,) = (data / "log" / "segments").iterdir()
    return folder / name


def _flip(path: Path, place: int) -> None:
    octets = bytearray(path.read_bytes())
    octets[place] ^= 0x10
    path.write_bytes(octets)


def _read_everything(data: Path) -> int:
    with Log(data) as log:
        rows = sum(len(part) for part in log.scan())
        list(log.tail())
        list(log.findings())
        log.of(account="skipper:1")
        log.verify()
    return rows


def _open_writer(data: Path) -> None:
    Writer.open(data).close()


READ_AND_WRITE = pytest.mark.parametrize("attempt", [_read_everything, _open_writer])


@READ_AND_WRITE
@pytest.mark.parametrize("name", ["events.parquet", "index.arrow"])
@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_file_cut_short_is_named(
    sealed: Path, name: str, size: int, attempt: Callable[[Path], object]
) -> None:
    path = _segment_file(sealed, name)
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(Corrupt) as caught:
        attempt(sealed)

    assert caught.value.where == str(path)
    assert "leeward restore" in str(caught.value.hint)


@READ_AND_WRITE
def test_a_missing_segment_is_named(sealed: Path, attempt: Callable[[Path], object]) -> None:
    shutil.rmtree(_segment_file(sealed, "events.parquet").parent)

    with pytest.raises(Corrupt) as caught:
        attempt(sealed)

    assert caught.value.hint


@pytest.mark.parametrize("name", ["events.parquet", "index.arrow"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.99])
def test_verify_finds_a_flipped_bit(sealed: Path, name: str, part: float) -> None:
    path = _segment_file(sealed, name)
    with Log(sealed) as log:
        assert log.verify() == 1
        _flip(path, int(part * path.stat().st_size))
        with pytest.raises(Corrupt) as caught:
            log.verify()

    assert caught.value.where == str(path)


def test_reading_a_file_with_a_flipped_bit_ends_in_an_error_of_ours(
    sealed: Path, rounds: Callable[[int, int], int]
) -> None:
    """The file's own checks may catch it, or a value is off; ``verify`` tells in any case."""
    path = _segment_file(sealed, "events.parquet")
    whole = path.read_bytes()
    count = rounds(1_000, 80)
    for part in range(count):
        _flip(path, part * (len(whole) - 1) // (count - 1))
        with pytest.raises(LeewardError):
            _read_everything(sealed)
        path.write_bytes(whole)


def test_verify_covers_the_findings_too(sealed: Path) -> None:
    (path,) = (sealed / "log" / "findings").iterdir()
    _flip(path, path.stat().st_size // 3)

    with Log(sealed) as log, pytest.raises(Corrupt) as caught:
        log.verify()

    assert caught.value.where == str(path)


@pytest.mark.parametrize("damage", ["cut", "gone", "garbage"])
def test_findings_that_cannot_be_read_are_named(sealed: Path, damage: str) -> None:
    (path,) = (sealed / "log" / "findings").iterdir()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:50] if damage == "cut" else b"boats" * 100)

    with Log(sealed) as log, pytest.raises(Corrupt) as caught:
        list(log.findings())

    assert caught.value.where == str(path)
    assert caught.value.hint


def test_an_error_leaves_the_reader_usable(sealed: Path) -> None:
    path = _segment_file(sealed, "events.parquet")
    whole = path.read_bytes()
    with Log(sealed) as log:
        path.write_bytes(whole[:-1])
        for _ in range(2):
            with pytest.raises(Corrupt):
                log.status()
        path.write_bytes(whole)
        assert log.status().events == 45


@READ_AND_WRITE
@pytest.mark.parametrize("garbage", [b"boats" * 5_000, b"SQLite format 3\0" + b"x" * 9_000, b"x"])
def test_hot_rows_replaced_by_garbage_are_called_corrupt(
    sealed: Path, garbage: bytes, attempt: Callable[[Path], object]
) -> None:
    (sealed / "log" / "hot.db").write_bytes(garbage)

    with pytest.raises(Corrupt) as caught:
        attempt(sealed)

    assert caught.value.hint
    assert _segment_file(sealed, "events.parquet").exists()


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_segments_are_not_swept_away_because_the_manifest_is_lost(
    sealed: Path, damage: str
) -> None:
    """A new and empty manifest names no segment; that must not make all of them orphans."""
    hot = sealed / "log" / "hot.db"
    hot.unlink()
    if damage == "empty":
        hot.touch()

    with pytest.raises(Corrupt) as caught:
        Writer.open(sealed)

    assert caught.value.hint
    assert _segment_file(sealed, "events.parquet").exists()


@READ_AND_WRITE
def test_a_newer_format_is_left_alone(sealed: Path, attempt: Callable[[Path], object]) -> None:
    with sqlite3.connect(sealed / "log" / "hot.db") as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'format'", (b"3",))
    db.close()

    with pytest.raises(NewerFormat) as caught:
        attempt(sealed)

    assert "format 3" in caught.value.message
    assert "install" in str(caught.value.hint)
    assert _segment_file(sealed, "events.parquet").exists()


@READ_AND_WRITE
@pytest.mark.parametrize("below", [".", "log", "log/hot.db", "parent"])
def test_what_stands_in_the_way_is_told(
    tmp_path: Path, below: str, attempt: Callable[[Path], object]
) -> None:
    """A file where a folder should be, or a folder where a file should be."""
    data = tmp_path / "parent" / "data"
    place = tmp_path / "parent" if below == "parent" else data / below
    if below == "log/hot.db":
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("a boat")

    with pytest.raises(StoreError) as caught:
        attempt(data)

    assert caught.value.hint
    assert below == "log/hot.db" or place.read_text() == "a boat"


def test_a_folder_without_a_log_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(NotALog) as caught:
        Log(tmp_path)

    assert caught.value.where == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_was_never_finished_being_made_is_not_one(data: Path) -> None:
    """The process that made it was killed before its first transaction."""
    with Writer.open(data):
        pass
    (data / "log" / "hot.db").write_bytes(b"")

    with pytest.raises(NotALog):
        Log(data)
    with Writer.open(data) as writer:
        assert writer.append(batch([1])).accepted == 1


# --- what the system refuses -------------------------------------------------------------------


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _run(case: str, folder: Path) -> str:
    command = program("_limited", case, folder)
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=300)
    if ended.returncode == 77:
        absent("this system lets nobody mount a small disk")
    assert ended.stderr.decode() == ""
    return ended.stdout.decode().strip()


@pytest.mark.parametrize("closed", [".", "log", "log/hot.db", "log/segments", "log/writer.lock"])
def test_a_user_who_may_not_is_told_so(open_place: Path, closed: str) -> None:
    if os.geteuid() != 0:
        absent("only root can act as another user")
    data = open_place / "data"
    with Writer.open(data) as writer:
        writer.append(batch([1]))
        writer.seal()
    for path in [data, *data.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    (data / closed).chmod(0o000)

    reader = "done" if closed == "log/writer.lock" else "NoPermission"
    assert _run("permission", data) == f"write: NoPermission, read: {reader}"


@pytest.mark.slow
def test_a_full_disk_loses_nothing_and_is_overcome(open_place: Path) -> None:
    """A disk of 12 MiB in memory: hot rows, segments and the manifest all meet its end."""
    assert _run("space", open_place) == "nothing lost"


def _append_until_full(writer: Writer) -> None:
    for part in range(40):
        writer.append(batch(range(100 + part * 50, 150 + part * 50)))


@pytest.mark.parametrize("pages", [0, 1, 5])
def test_a_full_database_loses_nothing_and_is_overcome(data: Path, pages: int) -> None:
    """The same, where nobody may mount: SQLite itself is given a bound."""
    with Writer.open(data) as writer, Log(data) as log:
        writer.append(batch(range(10)))
        db = writer._hot.db
        used = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {used + pages}")
        for _ in range(4):
            with pytest.raises(OutOfSpace):
                _append_until_full(writer)
            assert_whole(log)
        stored = in_order(log)
        db.execute("PRAGMA max_page_count = 1000000")
        again = writer.append(batch(range(100, 2_100)))
        assert again.repeated == len(stored) - 10
        assert len(assert_whole(log)) == 2_010
