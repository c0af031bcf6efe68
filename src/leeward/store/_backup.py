"""Backups while the log is in use, and the way back.

A backup is a folder: the segments and findings, and for each run a folder with a copy of the
SQLite file, the operational tables as lines of JSON, and the settings. ``backup.json`` is
written last and names every file with its checksum; until it is, nothing that it named before
has changed, so the backup before still stands. Segments never change, so a later run copies
only what is new, and removes what is gone from the log: an erasure reaches the backup with its
next run.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import pyarrow as pa
from msgspec import Struct

from leeward.errors import AlreadyExists, Corrupt, NewerFormat, NotALog, StoreError
from leeward.store import _findings
from leeward.store._disk import digest, sync_file, sync_folder, translated, write_whole
from leeward.store._hot import FORMAT, Hot
from leeward.store._layout import Layout
from leeward.store._segment import FileInfo
from leeward.store._settings import SETTINGS_FILE, read_settings
from leeward.store.tables import database_url, dump, load, open_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BackedUp", "Restored", "backup", "restore"]

_LIST: Final = "backup.json"
_RUNS: Final = "runs"
_HOT: Final = "hot.db"
_TABLES: Final = "tables.jsonl.zst"
_TRIES: Final = 20


class _Contents(Struct, frozen=True, kw_only=True):
    """``backup.json``: the format, whose log it is, when it was made, and every file."""

    format: int
    log: str
    made: int
    events: int
    files: dict[str, FileInfo]


class BackedUp(NamedTuple):
    """What a backup did: files and bytes copied, kept from the run before, and removed."""

    events: int
    copied: int
    copied_bytes: int
    kept: int
    removed: int


class Restored(NamedTuple):
    """What a restore did: events, files and bytes that are back, all checked."""

    events: int
    files: int
    bytes: int


def backup(data: str | os.PathLike[str], folder: str | os.PathLike[str]) -> BackedUp:
    """Copy a log, its tables and its settings into a folder, while others write to the log.

    Args:
        data: The data folder.
        folder: Where the backup lies, or shall lie; it must not hold another log's.

    Raises:
        AlreadyExists: The folder holds something else.
        Corrupt: A segment differs from its checksum. The backup before still stands.
    """
    layout = Layout(data)
    target = Path(folder)
    source = Hot(layout.hot)
    try:
        with translated(target):
            before = _before(target, source.log_id)
            return _Run(layout, target, before, source).run()
    finally:
        source.close()


class _Run:
    def __init__(self, layout: Layout, target: Path, before: _Contents | None, source: Hot) -> None:
        self._layout = layout
        self._target = target
        self._before = {} if before is None else before.files
        self._source = source
        self._files: dict[str, FileInfo] = {}
        self._copied: list[int] = []
        self._made = time.time_ns() // 1_000
        self._run = f"{_RUNS}/{self._made}"

    def run(self) -> BackedUp:
        (self._target / self._run).mkdir(mode=0o700, parents=True)
        for _ in range(_TRIES):
            try:
                events = self._copy_log()
                break
            except FileNotFoundError:
                continue  # segments were merged meanwhile; what was copied is kept
        else:
            raise StoreError(
                "the log changes faster than it can be copied",
                where=str(self._layout.log),
                hint="try again at a quieter time",
            )
        self._copy_settings()
        self._copy_tables()
        for place in {(self._target / name).parent for name in self._files}:
            sync_folder(place)
        contents = _Contents(
            format=FORMAT,
            log=self._source.log_id,
            made=self._made,
            events=events,
            files=self._files,
        )
        write_whole(self._target / _LIST, msgspec.json.format(msgspec.json.encode(contents)))
        removed = self._remove_the_rest()
        kept = len(self._files) - len(self._copied)
        return BackedUp(events, len(self._copied), sum(self._copied), kept, removed)

    def _copy_log(self) -> int:
        """Copy the SQLite file, then everything that this copy names."""
        self._files.clear()
        self._copied.clear()
        fresh = self._target / self._run / f"{_HOT}.new"
        fresh.unlink(missing_ok=True)
        # A copy made this way has no free pages, so nothing of deleted rows comes along.
        with sqlite3.connect(self._layout.hot, timeout=30) as db:
            db.execute("VACUUM INTO ?", (str(fresh),))
        db.close()
        fresh.chmod(0o600)
        hot = Hot(fresh)
        try:
            segments = hot.segments()
            findings = _findings.segments(hot)
            rows = hot.hot_totals()[0] + sum(info.rows for info in segments)
        finally:
            hot.close()
        for info in segments:
            for name, file in info.files.items():
                self._copy(
                    self._layout.segments / info.name / name, f"segments/{info.name}/{name}", file
                )
        for name, file in findings:
            self._copy(self._layout.findings / name, f"findings/{name}", file)
        self._adopt(fresh, f"{self._run}/{_HOT}")
        return rows

    def _copy(self, source: Path, name: str, file: FileInfo) -> None:
        target = self._target / name
        if self._before.get(name) == file and target.exists():
            self._files[name] = file
            return
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".new")
        shutil.copyfile(source, fresh)
        if digest(fresh) != file.sha256:
            raise Corrupt(
                "a file of the log differs from what was written; it was not backed up",
                where=str(source),
                hint="keep the backup before this one, and `leeward restore` it",
            )
        self._adopt(fresh, name)

    def _adopt(self, fresh: Path, name: str) -> None:
        fresh.chmod(0o600)
        sync_file(fresh)
        info = FileInfo(fresh.stat().st_size, digest(fresh))
        fresh.replace(self._target / name)
        self._files[name] = info
        self._copied.append(info.size)

    def _copy_settings(self) -> None:
        if self._layout.settings.exists():
            fresh = self._target / self._run / f"{SETTINGS_FILE}.new"
            shutil.copyfile(self._layout.settings, fresh)
            self._adopt(fresh, f"{self._run}/{SETTINGS_FILE}")

    def _copy_tables(self) -> None:
        fresh = self._target / self._run / f"{_TABLES}.new"
        settings = read_settings(self._layout.data).tables
        with (
            open_tables(database_url(settings, self._layout.data, os.environ)) as tables,
            pa.CompressedOutputStream(str(fresh), "zstd") as sink,
        ):
            for name, values in dump(tables):
                sink.write(msgspec.json.encode((str(name), values)) + b"\n")
        self._adopt(fresh, f"{self._run}/{_TABLES}")

    def _remove_the_rest(self) -> int:
        removed = 0
        for path in sorted(self._target.rglob("*"), reverse=True):
            name = path.relative_to(self._target).as_posix()
            if path.is_file() and name not in self._files and name != _LIST:
                path.unlink()
                removed += 1
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        return removed


def _before(target: Path, log_id: str) -> _Contents | None:
    """The backup that the folder holds; None where it is new or empty."""
    if target.is_dir() and (target / _LIST).exists():
        contents = _contents(target)
        if contents.log == log_id:
            return contents
    elif not target.exists() or (target.is_dir() and _unfinished(target)):
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        return None
    raise AlreadyExists(
        "the folder holds something that is not a backup of this log",
        where=str(target),
        hint="name an empty folder, or the one of an earlier backup of the same log",
    )


def _unfinished(target: Path) -> bool:
    """Empty, or left by a first run that did not come to its end."""
    return {path.name for path in target.iterdir()} <= {"segments", "findings", _RUNS}


def _contents(folder: Path) -> _Contents:
    path = folder / _LIST
    if not path.exists():
        raise NotALog(
            "there is no finished backup here",
            where=str(folder),
            hint="name the folder that was given to `leeward backup`",
        )
    try:
        raw = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
        if msgspec.json.decode(raw.get("format", msgspec.Raw(b"0")), type=int) > FORMAT:
            raise NewerFormat(
                "this backup was made by a newer Leeward",
                where=str(path),
                hint="install the Leeward that made it, or a later one",
            )
        contents = msgspec.json.decode(path.read_bytes(), type=_Contents)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Corrupt(
            "the list of the backup cannot be read",
            where=str(path),
            hint="restore an earlier backup",
        ) from None
    for name in contents.files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise Corrupt(
                "the list of the backup names a file outside of it",
                where=str(path),
                hint="restore an earlier backup",
            )
    return contents


def restore(folder: str | os.PathLike[str], data: str | os.PathLike[str]) -> Restored:
    """Bring a backup back as a new data folder. Every byte is checked before it is used.

    Args:
        folder: The backup.
        data: The data folder to be; it must not exist or be empty.

    Raises:
        NotALog: There is no finished backup.
        AlreadyExists: The data folder, or the database of its tables, holds something.
        Corrupt: A file of the backup differs from its checksum; nothing was restored.
    """
    source = Path(folder)
    layout = Layout(data)
    contents = _contents(source)
    if layout.data.exists() and (not layout.data.is_dir() or any(layout.data.iterdir())):
        raise AlreadyExists(
            "the data folder is not empty",
            where=str(layout.data),
            hint="restore into a new folder, then point your service at it",
        )
    with translated(layout.data):
        layout.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = layout.data / "log.partial"
        try:
            _bring_back(source, contents, partial, layout)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            for path in layout.data.iterdir():
                path.unlink()
            raise
    files = contents.files.values()
    return Restored(contents.events, len(files), sum(file.size for file in files))


def _bring_back(source: Path, contents: _Contents, partial: Path, layout: Layout) -> None:
    for name, file in contents.files.items():
        target = _place(name, partial, layout)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copyfile(source / name, target)
        except FileNotFoundError:
            raise _differs(source / name) from None
        if digest(target) != file.sha256:
            raise _differs(source / name)
        target.chmod(0o600)
        sync_file(target)
    for place in (partial, partial / "segments", partial / "findings", partial / "scratch"):
        place.mkdir(mode=0o700, exist_ok=True)
        sync_folder(place)
    copy = layout.data / _TABLES
    url = database_url(read_settings(layout.data).tables, layout.data, os.environ)
    load(url, _table_rows(copy)).close()
    copy.unlink()
    partial.rename(layout.log)
    sync_folder(layout.data)


def _place(name: str, partial: Path, layout: Layout) -> Path:
    """Where a file of a backup belongs."""
    if not name.startswith(f"{_RUNS}/"):
        return partial / name
    own = Path(name).name
    return partial / own if own == _HOT else layout.data / own


def _table_rows(path: Path) -> Iterator[tuple[str, dict[str, str | int | None]]]:
    with pa.CompressedInputStream(str(path), "zstd") as stream:
        body = stream.read()
    decoder = msgspec.json.Decoder(tuple[str, dict[str, str | int | None]])
    return iter(decoder.decode_lines(body))


def _differs(path: Path) -> Corrupt:
    return Corrupt(
        "a file of the backup is missing or differs from its checksum; nothing was restored",
        where=str(path),
        hint="restore an earlier backup",
    )
