"""Files that are whole or absent, and the system's refusals in our words."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from leeward.errors import Corrupt, NoPermission, OutOfSpace, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "damaged",
    "digest",
    "make_folder",
    "remove",
    "sync_file",
    "sync_folder",
    "translated",
    "write_whole",
]


def sync_file(path: Path) -> None:
    """Return when a file's bytes would survive a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Return when the names in a folder would survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Delete a file or a folder with all that is in it; neither need be there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder for the owner alone, and its parents; all of them would survive a power cut.

    Raises:
        StoreError: It cannot be made.
    """
    with translated(path):
        missing = [place for place in (path, *path.parents) if not place.exists()]
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for place in missing:
            sync_folder(place.parent)


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace a file in one step: after a crash it holds the old bytes or the new ones.

    Raises:
        StoreError: It cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    with translated(path):
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:  # noqa: PTH123 - Path.open cannot set the mode at creation
            os.fchmod(file.fileno(), mode)  # a file that a crash left may have another
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def translated(where: Path) -> Iterator[None]:
    """Turn errors of the system and of SQLite into errors of ours that say what to do."""
    try:
        yield
    except OSError as error:
        raise _of_system(error, where) from error
    except sqlite3.DatabaseError as error:
        raise _of_sqlite(error, where) from error


def _of_system(error: OSError, where: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _full(where)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _refused(where)
    return StoreError(
        f"the system reports: {os.strerror(error.errno or errno.EIO)}",
        where=str(where),
        hint="check the disk and the folder, then try again",
    )


def _of_sqlite(error: sqlite3.DatabaseError, where: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full(where)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return _refused(where)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(where)
    return StoreError(
        f"SQLite reports: {error}",
        where=str(where),
        hint="check the disk and that no other program uses the folder, then try again",
    )


def damaged(where: Path) -> Corrupt:
    """The file of hot rows and the manifest is not what was written."""
    return Corrupt(
        "the hot rows and the manifest cannot be read",
        where=str(where),
        hint="keep a copy of the folder, then `leeward restore` the last backup",
    )


def _full(where: Path) -> OutOfSpace:
    return OutOfSpace(
        "the disk is full; what was not acknowledged is not stored",
        where=str(where),
        hint="free space, then send the same input again; repeats are dropped",
    )


def _refused(where: Path) -> NoPermission:
    return NoPermission(
        "the system refuses access",
        where=str(where),
        hint="run as the user who owns the folder, or give that user the right to write in it",
    )
