"""What a backup folder holds: the list of its files, its lock, and the names in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from leeward.errors import AlreadyExists, Corrupt, NewerFormat, NotALog, WriterBusy
from leeward.store._disk import sync_folder
from leeward.store._hot import FORMAT
from leeward.store._layout import WriterLock
from leeward.store._segment import FileInfo  # noqa: TC001 - msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FOLDERS",
    "HOT",
    "LIST",
    "RUNS",
    "TABLES",
    "Contents",
    "alone",
    "log_name",
    "own_list",
    "read_list",
    "together",
]

LIST: Final = "backup.json"
RUNS: Final = "runs"
HOT: Final = "hot.db"
TABLES: Final = "tables.jsonl.zst"
FOLDERS: Final = ("segments", "findings", "verdicts", RUNS)
"""Everything below them is the backup's own; beside them may lie what is not."""

_LOCK: Final = "backup.lock"


class Contents(Struct, frozen=True, kw_only=True):
    """``backup.json``: the format, whose log it is, when it was made, and every file."""

    format: int
    log: str
    made: int
    events: int
    files: dict[str, FileInfo]


def log_name(name: str) -> str:
    """What the log calls a file of a backup: its name without the folder of a run."""
    parts = Path(name).parts
    return "/".join(parts[2:] if parts[0] == RUNS else parts)


def read_list(folder: Path) -> Contents:
    """The list of a backup.

    Raises:
        NotALog: There is no finished backup.
        NewerFormat: A newer Leeward made it.
        Corrupt: It cannot be read, or names a file outside of the folder.
    """
    path = folder / LIST
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
        contents = msgspec.json.decode(path.read_bytes(), type=Contents)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _unsound(path, "cannot be read") from None
    if not all(map(_is_inside, contents.files)):
        raise _unsound(path, "names a file outside of it")
    return contents


def _is_inside(name: str) -> bool:
    parts = Path(name).parts
    depth = 3 if parts[:1] == (RUNS,) else 2
    return len(parts) >= depth and parts[0] in FOLDERS and ".." not in parts


def _unsound(path: Path, problem: str) -> Corrupt:
    return Corrupt(
        f"the list of the backup {problem}", where=str(path), hint="restore an earlier backup"
    )


def own_list(folder: Path, log_id: str) -> Contents | None:
    """The list of a log's backup; None where the folder is new or empty.

    Raises:
        AlreadyExists: The folder holds something else.
    """
    if (folder / LIST).exists():
        contents = read_list(folder)
        if contents.log == log_id:
            return contents
    elif not folder.exists() or (folder.is_dir() and _unfinished(folder)):
        return None
    raise AlreadyExists(
        "the folder holds something that is not a backup of this log",
        where=str(folder),
        hint="name an empty folder, or the one of an earlier backup of the same log",
    )


def _unfinished(folder: Path) -> bool:
    """Whether it is empty, or left by a first run that did not come to its end."""
    names = {path.name for path in folder.iterdir()}
    # Its lock is the first thing that a run makes: without it these are somebody else's folders.
    return not names or (_LOCK in names and names <= {_LOCK, f"{LIST}.new", *FOLDERS})


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs, and restores, away from a backup folder.

    Raises:
        WriterBusy: One is under way.
    """
    try:
        lock = WriterLock(folder / _LOCK)
    except WriterBusy:
        raise _busy(folder) from None
    with lock:
        sync_folder(folder)
        yield


@contextlib.contextmanager
def together(folder: Path) -> Iterator[None]:
    """Keep runs away from a backup folder while it is read.

    Raises:
        WriterBusy: One is under way.
    """
    try:
        handle = os.open(folder / _LOCK, os.O_RDONLY)
    except OSError:
        yield  # a copy of a backup may lack the lock, and then no run works on it
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise _busy(folder) from None
    except OSError:
        pass  # a file system without locks: there a restore is still better than none
    try:
        yield
    finally:
        os.close(handle)


def _busy(folder: Path) -> WriterBusy:
    return WriterBusy(
        "another backup or restore uses this folder at the moment",
        where=str(folder),
        hint="wait until it has ended, then give the command again",
    )
