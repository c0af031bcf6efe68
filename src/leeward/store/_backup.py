"""Backups while the log is in use; :mod:`leeward.store._restore` is the way back.

A backup is a folder: the segments and findings, and for each run a folder with a copy of the
SQLite file, the operational tables as lines of JSON, and the settings. ``backup.json`` is
written last and names every file with its checksum; until it is, nothing that it named before
has changed, so the backup before still stands. Segments never change, so a later run copies
only what is new, and removes what is gone from the log: an erasure reaches the backup with its
next run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa

from leeward.errors import Corrupt, StoreError
from leeward.store._backup_list import (
    FOLDERS,
    HOT,
    LIST,
    RUNS,
    TABLES,
    Contents,
    alone,
    log_name,
    own_list,
)
from leeward.store._disk import digest, make_folder, sync_file, sync_folder, translated, write_whole
from leeward.store._findings import FINDINGS
from leeward.store._hot import FORMAT, Hot
from leeward.store._layout import Layout
from leeward.store._segment import FileInfo
from leeward.store._settings import read_settings
from leeward.store._verdicts import VERDICTS
from leeward.store.tables import database_url, dump, open_tables

__all__ = ["BackedUp", "backup"]

_TRIES: Final = 20


class BackedUp(NamedTuple):
    """What a backup did.

    Attributes:
        events: Events that it holds.
        copied, copied_bytes: Files that were copied, and their bytes.
        kept: Files that a run before had copied.
        removed: Files of runs before that are no longer needed.
        mended: How many of the copied files a run before had copied too, and the folder had
            lost or damaged since.
    """

    events: int
    copied: int
    copied_bytes: int
    kept: int
    removed: int
    mended: int


def backup(
    data: str | os.PathLike[str], folder: str | os.PathLike[str], *, verify: bool = False
) -> BackedUp:
    """Copy a log, its tables, settings, lists, policies and models, while others write to the log.

    Args:
        data: The data folder.
        folder: Where the backup lies, or shall lie; it must not hold another log's.
        verify: Read what runs before have copied, and copy again what differs from its
            checksum. Otherwise only sizes are compared.

    Raises:
        AlreadyExists: The folder holds something else.
        WriterBusy: Another run, or a restore, uses the folder.
        Corrupt: A file of the log is missing or differs from its checksum. The backup before
            still stands.
    """
    layout = Layout(data)
    target = Path(folder)
    source = Hot(layout.hot)
    try:
        with translated(target):
            own_list(target, source.log_id)  # before anything is made in a folder of others
            make_folder(target)
            with alone(target):
                before = own_list(target, source.log_id)
                return _Run(layout, target, before, source, verify).run()
    finally:
        source.close()


class _File(NamedTuple):
    """A file that the log names: where it lies, by which name, and what it must be."""

    path: Path
    name: str
    info: FileInfo


class _Run:
    def __init__(
        self,
        layout: Layout,
        target: Path,
        before: Contents | None,
        source: Hot,
        verify: bool,
    ) -> None:
        self._layout = layout
        self._target = target
        self._source = source
        self._verify = verify
        # By the log's name: where the folder has it, and what it must be.
        self._held = (
            {} if before is None else {log_name(n): (n, i) for n, i in before.files.items()}
        )
        self._files: dict[str, FileInfo] = {}
        self._copied: set[str] = set()
        self._mended: set[str] = set()
        self._made = time.time_ns() // 1_000
        self._run = f"{RUNS}/{self._made}"

    def run(self) -> BackedUp:
        (self._target / self._run).mkdir(mode=0o700, parents=True)
        events = self._copy_log()
        self._copy_others()
        self._sync_folders()
        contents = Contents(
            format=FORMAT,
            log=self._source.log_id,
            made=self._made,
            events=events,
            files=self._files,
        )
        write_whole(self._target / LIST, msgspec.json.format(msgspec.json.encode(contents)))
        removed = self._remove_the_rest()
        copied = [info.size for name, info in self._files.items() if name in self._copied]
        mended = len(self._mended & self._files.keys())
        kept = len(self._files) - len(copied)
        return BackedUp(events, len(copied), sum(copied), kept, removed, mended)

    def _copy_log(self) -> int:
        """Copy one state of the log, and the tables as of a moment before; how many events."""
        for _ in range(_TRIES):
            self._files.clear()
            # The tables first: an erasure that they call finished is then finished in the log
            # too. The other way round its text would come back, and nobody would know.
            self._copy_tables()
            rows, named = self._copy_hot()
            try:
                for file in named:
                    self._copy(file)
            except FileNotFoundError:
                if _named(self._layout, self._source) == named:
                    raise  # nothing was merged meanwhile
                continue  # what was copied is kept
            return rows
        raise StoreError(
            "the log changes faster than it can be copied",
            where=str(self._layout.log),
            hint="try again at a quieter time",
        )

    def _copy_tables(self) -> None:
        fresh = self._target / self._run / f"{TABLES}.new"
        settings = read_settings(self._layout.data).tables
        with (
            open_tables(database_url(settings, self._layout.data, os.environ)) as tables,
            pa.CompressedOutputStream(str(fresh), "zstd") as sink,
        ):
            for name, values in dump(tables):
                sink.write(msgspec.json.encode((str(name), values)) + b"\n")
        self._adopt(fresh, f"{self._run}/{TABLES}", _info(fresh))

    def _copy_hot(self) -> tuple[int, list[_File]]:
        """Copy the SQLite file; how many events that state of the log has, and its files."""
        fresh = self._target / self._run / f"{HOT}.new"
        fresh.unlink(missing_ok=True)
        # A copy made this way has no free pages, so nothing of deleted rows comes along.
        with contextlib.closing(sqlite3.connect(self._layout.hot, timeout=30)) as db:
            db.execute("VACUUM INTO ?", (str(fresh),))
        hot = Hot(fresh)
        try:
            named = _named(self._layout, hot)
            rows = hot.hot_totals()[0] + sum(info.rows for info in hot.segments())
        finally:
            hot.close()
        self._adopt(fresh, f"{self._run}/{HOT}", _info(fresh))
        return rows, named

    def _copy(self, file: _File) -> None:
        stored, held = self._held.get(file.name, (file.name, None))
        if held == file.info:
            if self._stands(stored, file.info):
                self._files[stored] = file.info
                return
            self._mended.add(stored)
        elif held is not None:
            # The log has used a name again; the backup before still needs what it had then.
            stored = f"{self._run}/{file.name}"
        target = self._target / stored
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".new")
        try:
            shutil.copyfile(file.path, fresh)
        except FileNotFoundError:
            if not file.path.exists() and file in _named(self._layout, self._source):
                raise _damaged(file.path) from None
            raise
        if _info(fresh) != file.info:
            raise _damaged(file.path)
        self._adopt(fresh, stored, file.info)
        self._held[file.name] = stored, file.info

    def _stands(self, stored: str, info: FileInfo) -> bool:
        """Whether the folder still has what a run has copied."""
        path = self._target / stored
        try:
            if path.stat().st_size != info.size:
                return False
            return not self._verify or stored in self._copied or digest(path) == info.sha256
        except OSError:
            return False  # gone, or the disk cannot read it any more

    def _copy_others(self) -> None:
        """The settings, lists, policies and models; none of them is written a second time."""
        for path in self._layout.others():
            stored = f"{self._run}/{path.relative_to(self._layout.data).as_posix()}"
            fresh = self._target / f"{stored}.new"
            fresh.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                shutil.copyfile(path, fresh)
            except FileNotFoundError:
                continue  # it was removed meanwhile
            self._adopt(fresh, stored, _info(fresh))

    def _adopt(self, fresh: Path, stored: str, info: FileInfo) -> None:
        fresh.chmod(0o600)
        sync_file(fresh)
        fresh.replace(self._target / stored)
        self._files[stored] = info
        self._copied.add(stored)

    def _sync_folders(self) -> None:
        """A file that was synced is lost all the same if the name of a folder above it was not."""
        for place in sorted({place for name in self._files for place in Path(name).parents}):
            sync_folder(self._target / place)

    def _remove_the_rest(self) -> int:
        """Remove what the list does not name, where only backups write."""
        removed = 0
        changed: set[Path] = set()
        for top in FOLDERS:
            for path in sorted((self._target / top).rglob("*"), reverse=True):
                if path.is_dir() and not path.is_symlink():
                    if not any(path.iterdir()):
                        path.rmdir()
                        changed.add(path.parent)
                elif path.relative_to(self._target).as_posix() not in self._files:
                    path.unlink()
                    changed.add(path.parent)
                    removed += 1
        for place in changed:
            if place.is_dir():
                sync_folder(place)
        return removed


def _named(layout: Layout, hot: Hot) -> list[_File]:
    """The files that the manifest names."""
    files = [
        _File(layout.segments / segment.name / name, f"segments/{segment.name}/{name}", info)
        for segment in hot.segments()
        for name, info in segment.files.items()
    ]
    for kind, folder in ((FINDINGS, layout.findings), (VERDICTS, layout.verdicts)):
        files += [_File(folder / n, f"{folder.name}/{n}", info) for n, info in kind.segments(hot)]
    return files


def _info(path: Path) -> FileInfo:
    return FileInfo(path.stat().st_size, digest(path))


def _damaged(path: Path) -> Corrupt:
    return Corrupt(
        "a file of the log is missing or differs from what was written; it was not backed up",
        where=str(path),
        hint="keep the backup before this one, and `leeward restore` it",
    )
