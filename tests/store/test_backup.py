"""A backup is taken while the log is in use, holds what the log holds, and comes back whole."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import AlreadyExists, Corrupt, WriterBusy
from leeward.model import Event, Finding, LogSettings
from leeward.store import BackedUp, Kept, Log, Refused, Writer, backup, erase, restore
from tests.store._helpers import assert_whole, batch, in_order
from tests.store._steps import arm, findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a backup can lie."""
    return tmp_path / "backup"


@pytest.fixture
def sealed(data: Path) -> Path:
    """A log of ten sealed events and two hot ones."""
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.seal()
        writer.append(batch(range(10, 12)))
    return data


def _events(folder: Path, data: Path) -> list[tuple[int, int]]:
    """The events of a backup, after it was restored and read in every way."""
    restore(folder, data)
    with Writer.open(data), Log(data) as log:
        return assert_whole(log)


def _segment_file(folder: Path) -> Path:
    (path,) = folder.glob("segments/*/events.parquet")
    return path


def _flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def _armed(step: str, count: int, fault: Callable[[], object], run: Callable[[], object]) -> None:
    """Run something in which one step does something else first."""
    with pytest.MonkeyPatch.context() as patch:
        arm(step, count, fault, patch.setattr)
        run()


def _broken_disk() -> None:
    raise OSError(5, "Input/output error")


# --- one run at a time -------------------------------------------------------------------------


def test_a_second_run_into_the_same_folder_is_refused(sealed: Path, folder: Path) -> None:
    def again() -> None:
        with pytest.raises(WriterBusy, match="another backup") as caught:
            backup(sealed, folder)
        assert caught.value.hint

    _armed("leeward.store._backup:dump", 1, again, lambda: backup(sealed, folder))

    assert len(_events(folder, folder.with_name("back"))) == 12


def test_a_restore_waits_for_no_run_and_says_so(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)

    def meanwhile() -> None:
        with pytest.raises(WriterBusy, match="another backup"):
            restore(folder, folder.with_name("back"))

    _armed("leeward.store._backup:dump", 1, meanwhile, lambda: backup(sealed, folder))

    assert not folder.with_name("back").exists()
    assert len(_events(folder, folder.with_name("back"))) == 12


def test_no_run_removes_what_a_restore_reads(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)

    def meanwhile() -> None:
        with pytest.raises(WriterBusy, match="restore"):
            backup(sealed, folder)

    back = folder.with_name("back")
    _armed("leeward.store._restore:load", 1, meanwhile, lambda: restore(folder, back))

    with Log(back) as log:
        assert log.status().events == 12


def test_the_lock_of_a_killed_run_holds_nobody_up(sealed: Path, folder: Path) -> None:
    code = (
        "import os, sys; from leeward.store import _backup;"
        "_backup.write_whole = lambda *_: os.kill(os.getpid(), 9);"
        "_backup.backup(sys.argv[1], sys.argv[2])"
    )
    killed = subprocess.run([sys.executable, "-c", code, sealed, folder], check=False)
    assert killed.returncode == -9
    (folder / "backup.json.new").write_bytes(b"{")

    backup(sealed, folder)

    assert not list(folder.rglob("*.new"))
    assert len(list((folder / "runs").iterdir())) == 1
    assert len(_events(folder, folder.with_name("back"))) == 12


# --- what a run keeps --------------------------------------------------------------------------


def test_a_kept_file_of_another_size_is_copied_again(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)
    os.truncate(_segment_file(folder), 100)

    done = backup(sealed, folder)

    assert done.mended == 1
    assert len(_events(folder, folder.with_name("back"))) == 12


def test_a_kept_file_that_is_gone_is_copied_again(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)
    _segment_file(folder).unlink()

    assert backup(sealed, folder).mended == 1
    assert len(_events(folder, folder.with_name("back"))) == 12


def test_verify_finds_a_bit_that_flipped_and_copies_the_file_again(
    sealed: Path, folder: Path
) -> None:
    backup(sealed, folder)
    _flip(_segment_file(folder))
    unseen = backup(sealed, folder)
    with pytest.raises(Corrupt):
        restore(folder, folder.with_name("spoilt"))

    done = backup(sealed, folder, verify=True)

    assert (unseen.mended, done.mended) == (0, 1)
    assert (done.copied, done.kept) == (3, 1)  # beside hot.db and the tables
    assert len(_events(folder, folder.with_name("back"))) == 12


def test_verify_copies_nothing_that_is_sound(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)
    done = backup(sealed, folder, verify=True)
    assert (done.mended, done.kept, done.removed) == (0, 2, 2)


def test_a_damaged_file_of_the_log_does_not_replace_a_sound_copy(
    sealed: Path, folder: Path
) -> None:
    backup(sealed, folder)
    _flip(_segment_file(sealed / "log"))
    _segment_file(folder).unlink()
    with pytest.raises(Corrupt, match="not backed up"):
        backup(sealed, folder)


def test_a_file_that_the_log_has_lost_is_named(sealed: Path, folder: Path) -> None:
    victim = _segment_file(sealed / "log")
    victim.unlink()
    with pytest.raises(Corrupt) as caught:
        backup(sealed, folder)
    assert caught.value.where == str(victim)


def test_a_name_that_the_log_uses_again_leaves_the_backup_before_alone(
    data: Path, folder: Path, tmp_path: Path
) -> None:
    """Two erasures between two runs give a file of findings the name of the first one."""
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
        writer.add_findings(findings(range(1, 11)))
        writer.seal()
        backup(data, folder)
        for subject in ("boat:5", "boat:6"):
            erase(writer, subject, Kept)
        assert {p.name for p in (data / "log" / "findings").iterdir()} == {
            p.name for p in (folder / "findings").iterdir()
        }
        with pytest.raises(Exception, match="Input/output"):
            _armed(
                "leeward.store._backup:write_whole", 1, _broken_disk, lambda: backup(data, folder)
            )
        restore(folder, tmp_path / "first")
        backup(data, folder)
        kept = backup(data, folder)
        restore(folder, tmp_path / "second")

    assert (kept.kept, kept.removed) == (3, 2)
    for name, count in (("first", 10), ("second", 8)):
        with Log(tmp_path / name) as log:
            log.verify()
            assert sum(len(part) for part in log.findings()) == count


# --- what is not the backup's ------------------------------------------------------------------


def test_what_lies_beside_a_backup_stays(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)
    (folder / "leeward.anchor").write_text("a head of the chain")
    (folder / "letters" / "empty").mkdir(parents=True)
    (folder / "letters" / "to-ada.new").write_text("ahoy")
    (folder / "segments" / "left.new").write_text("left by a run")

    backup(sealed, folder)

    assert {path.name for path in folder.iterdir()} == {
        *("backup.json", "backup.lock", "leeward.anchor", "letters", "runs", "segments")
    }
    assert (folder / "letters" / "to-ada.new").read_text() == "ahoy"
    assert (folder / "letters" / "empty").is_dir()
    assert not (folder / "segments" / "left.new").exists()


@pytest.mark.parametrize("name", ["runs", "segments", "leeward.anchor"])
def test_a_folder_of_somebody_else_is_left_alone(sealed: Path, folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "notes").write_text("ahoy")
    with pytest.raises(AlreadyExists):
        backup(sealed, folder)
    assert [p.name for p in folder.rglob("*")] == [name, "notes"]


def test_a_list_that_leads_elsewhere_is_refused(sealed: Path, folder: Path) -> None:
    backup(sealed, folder)
    path = folder / "backup.json"
    whole = msgspec.json.decode(path.read_bytes())
    for name in ("../letter", "/etc/passwd", "segments/../../letter", "letter", "runs/letter"):
        body = whole | {"files": whole["files"] | {name: {"size": 1, "sha256": "0" * 64}}}
        path.write_bytes(msgspec.json.encode(body))
        with pytest.raises(Corrupt, match="outside"):
            restore(folder, folder.with_name("back"))


# --- a restore that fails ----------------------------------------------------------------------


def test_a_failed_restore_removes_what_it_made_and_nothing_else(
    sealed: Path, folder: Path, tmp_path: Path
) -> None:
    (sealed / "leeward.toml").write_text("[log]\nseal_events = 4321\n")
    _written(sealed)
    backup(sealed, folder)
    back = tmp_path / "back"

    def trouble() -> None:
        (back / "lost+found").mkdir()
        (back / "note").write_text("ahoy")
        _broken_disk()

    with pytest.raises(Exception, match="Input/output"):
        _armed("leeward.store._restore:load", 1, trouble, lambda: restore(folder, back))

    assert {path.name for path in back.iterdir()} == {"lost+found", "note"}


def test_a_restore_that_failed_at_its_last_step_can_be_repeated(
    sealed: Path, folder: Path, tmp_path: Path
) -> None:
    backup(sealed, folder)
    with pytest.raises(Exception, match="Input/output"):
        _armed("pathlib:Path.rename", 1, _broken_disk, lambda: restore(folder, tmp_path / "back"))
    assert not list((tmp_path / "back").iterdir())
    assert len(_events(folder, tmp_path / "back")) == 12


# --- what people wrote -------------------------------------------------------------------------


def _written(data: Path) -> dict[str, str]:
    """Lists, policies, their earlier versions and models, by place; and what is made again."""
    kept = ["policies/tide.yaml", "policies/.versions/tide@1.yaml", "signals/rare-text/1-a.model"]
    kept += ["lists/harbour.csv"]
    texts = {name: f"of {name}" for name in kept}
    remade = ["signals/state-scoring.bin", "signals/scoring.json", "policies/tide.yaml.new"]
    for name in [*kept, *remade]:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(f"of {name}")
    return texts


def test_policies_and_models_come_back_and_what_scoring_makes_again_does_not(
    sealed: Path, folder: Path, tmp_path: Path
) -> None:
    """A verdict of last year can be explained only with its policy as it was."""
    written = _written(sealed)
    backup(sealed, folder)
    (sealed / "policies" / "tide.yaml").write_text("another")
    (sealed / "signals" / "rare-text" / "1-a.model").unlink()
    written |= {"policies/tide.yaml": "another"}
    del written["signals/rare-text/1-a.model"]
    backup(sealed, folder)

    back = tmp_path / "back"
    restore(folder, back)

    folders = ("lists", "policies", "signals")
    found = [p for name in folders for p in (back / name).rglob("*") if p.is_file()]
    assert {p.relative_to(back).as_posix(): p.read_text() for p in found} == written
    assert {oct(p.stat().st_mode & 0o777) for p in found} == {"0o600"}


# --- while the log is in use -------------------------------------------------------------------


def test_a_log_without_tables_is_backed_up(sealed: Path, folder: Path) -> None:
    assert not (sealed / "leeward.db").exists()
    backup(sealed, folder)
    assert len(_events(folder, folder.with_name("back"))) == 12


def test_the_tables_are_never_newer_than_the_log(sealed: Path, folder: Path) -> None:
    """An erasure that is on record as finished has reached the events that come back with it."""
    order: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for step, what in (("dump", "tables"), ("Hot", "log")):
            # The first Hot is the log itself, the second one the copy of its file.
            arm(
                f"leeward.store._backup:{step}",
                2 if step == "Hot" else 1,
                lambda what=what: order.append(what),  # type: ignore[misc]
                patch.setattr,
            )
        backup(sealed, folder)
    assert order == ["tables", "log"]


@pytest.mark.usefixtures("small")
def test_backups_beside_a_busy_writer_are_whole_beginnings_of_its_log(
    data: Path, folder: Path, tmp_path: Path
) -> None:
    """Three threads append while segments are sealed and merged; nothing acknowledged is lost."""
    acknowledged: list[int] = []
    ended = threading.Event()
    runs: list[tuple[set[int], BackedUp]] = []

    def produce(thread: int) -> None:
        number = thread * 1_000_000
        while not ended.is_set():
            writer.append(batch(range(number, number + 7)))
            acknowledged.extend(range(number, number + 7))
            number += 7
            ended.wait(0.005)  # so that segments come in similar sizes, which are merged

    def seal() -> None:
        while not ended.wait(0.02):
            writer.seal()

    with Writer.open(data, LogSettings(seal_events=40)) as writer:
        threads = [threading.Thread(target=produce, args=(n,)) for n in range(1, 4)]
        threads.append(threading.Thread(target=seal))
        for thread in threads:
            thread.start()
        try:
            while len(runs) < 6 or (
                not any(done.removed > 2 for _, done in runs) and len(runs) < 50
            ):
                known = set(acknowledged)
                done = backup(data, folder, verify=len(runs) % 2 == 0)
                restore(folder, tmp_path / f"{len(runs)}")
                runs.append((known, done))
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        with Log(data) as log:
            final = in_order(log)

    assert any(done.kept for _, done in runs)
    assert any(done.removed > 2 for _, done in runs)
    for turn, (known, done) in enumerate(runs):
        with Writer.open(tmp_path / f"{turn}"), Log(tmp_path / f"{turn}") as log:
            rows = assert_whole(log)
        assert done.events == len(rows)
        assert rows == final[: len(rows)]
        assert known <= {number for _, number in rows}


@pytest.mark.usefixtures("small")
def test_segments_that_are_merged_under_a_run_do_not_stop_it(data: Path, folder: Path) -> None:
    with Writer.open(data) as writer:
        for begin in range(0, 40, 10):
            writer.append(batch(range(begin, begin + 10)))
            if begin < 30:
                writer.seal()
        segments = list((data / "log" / "segments").iterdir())
        assert len(segments) > 1

        def merge() -> None:
            writer.seal()
            assert not any(path.exists() for path in segments)

        _armed("shutil:copyfile", 1, merge, lambda: backup(data, folder))

    assert len(_events(folder, folder.with_name("back"))) == 40


# --- what was erased ---------------------------------------------------------------------------


def _texts(path: Path) -> Iterator[bytes]:
    """Everything that a file says: its bytes as they are, and what is packed in them."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path).to_pylist()).encode()
    elif path.suffix == ".zst":
        with pa.CompressedInputStream(str(path), "zstd") as stream:
            yield stream.read()
    elif path.suffix == ".db":
        db = sqlite3.connect(path)
        for (table,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            for row in db.execute(f"SELECT * FROM {table}"):
                yield repr(row).encode()
        for (body,) in db.execute("SELECT body FROM block"):
            yield repr(pa.ipc.open_file(body).read_all().to_pylist()).encode()
        db.close()


def _speaking(folder: Path, needle: bytes) -> set[str]:
    """Names of the files below a folder that hold some bytes, packed or not."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return {path.name for path in files if any(needle in text for text in _texts(path))}


def _letter(number: int, actor: str, text: str) -> Event:
    return Event(
        id=f"example:letter:{number}@1#create",
        source="example",
        kind="post",
        op="create",
        at=number,
        actor=actor,
        object=f"letter:{number}",
        text=text,
    )


def _seen_finding(seq: int, needle: str) -> Finding:
    return Finding(
        seq=seq, signal="fog", version="1", subject=f"{needle}:{seq}", outcome="hit", at=seq
    )


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_run_after_an_erasure_holds_nothing_of_the_erased_text(
    data: Path, folder: Path, tmp_path: Path, interrupted: bool
) -> None:
    """Also where a run was interrupted before it, and left files that no list names."""
    rng = random.Random(7)  # noqa: S311 - not a secret
    needle = f"{rng.getrandbits(256):x}"
    with Writer.open(data) as writer:
        letters = [_letter(n, f"skipper:{n % 2}", needle if n % 2 else "ahoy") for n in range(20)]
        refused = Refused(
            1, "at", "is missing", f'{{"actor":"skipper:1","text":"{needle}"}}'.encode()
        )
        writer.append(letters, refused=[refused])
        writer.add_findings([_seen_finding(seq, needle) for seq in (2, 4)])
        writer.seal()
        more = [_letter(n, f"skipper:{n % 2}", needle if n % 2 else "ahoy") for n in range(20, 30)]
        writer.append(more)
        writer.add_findings([_seen_finding(22, needle)])
        backup(data, folder)
        (finding,) = (path.name for path in (folder / "findings").iterdir())
        assert _speaking(folder, needle.encode()) == {"hot.db", "events.parquet", finding}

        if interrupted:
            writer.seal()
            with pytest.raises(Exception, match="Input/output"):
                _armed(
                    "leeward.store._backup:write_whole",
                    1,
                    _broken_disk,
                    lambda: backup(data, folder),
                )
        erase(writer, "skipper:1", Kept)
        backup(data, folder)

    assert _speaking(folder, needle.encode()) == set()
    restore(folder, tmp_path / "back")
    with Log(tmp_path / "back") as log:
        assert log.status().events == 15
    assert _speaking(tmp_path / "back" / "log", needle.encode()) == set()
