"""Bringing a backup back as a new data folder.

The log becomes visible with a rename, after everything else: until then there is none, and
what was begun is removed again. A database that lies elsewhere cannot be part of that step;
one that already holds exactly what the backup holds is taken as it is, so that a restore that
was interrupted behind it can be repeated.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import pyarrow as pa

from leeward.errors import AlreadyExists, Corrupt
from leeward.store._backup_list import TABLES, Contents, log_name, read_list, together
from leeward.store._disk import digest, make_folder, sync_file, sync_folder, translated
from leeward.store._layout import OTHERS, Layout
from leeward.store._settings import SETTINGS_FILE, read_settings
from leeward.store.tables import database_url, dump, load
from leeward.store.tables._tables import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

__all__ = ["Restored", "restore"]

_BESIDE_A_DATABASE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite appends to the names of its files."""


class Restored(NamedTuple):
    """What a restore did: events, files and bytes that are back, all checked."""

    events: int
    files: int
    bytes: int


def restore(folder: str | os.PathLike[str], data: str | os.PathLike[str]) -> Restored:
    """Bring a backup back as a new data folder. Every byte is checked before it is used.

    Where it fails, it leaves nothing in the data folder, and can be repeated.

    Args:
        folder: The backup.
        data: The data folder to be; it must not exist or be empty.

    Raises:
        NotALog: There is no finished backup.
        AlreadyExists: The data folder holds something, or the database of its tables holds
            something else than the backup.
        WriterBusy: A backup into the folder is under way.
        Corrupt: A file of the backup differs from its checksum; nothing was restored.
    """
    source = Path(folder)
    layout = Layout(data)
    with together(source):
        contents = read_list(source)
        if layout.data.exists() and (not layout.data.is_dir() or any(layout.data.iterdir())):
            raise _not_empty(layout)
        with translated(layout.data):
            make_folder(layout.data)
            _Way(source, contents, layout).go()
    files = contents.files.values()
    return Restored(contents.events, len(files), sum(file.size for file in files))


class _Way:
    def __init__(self, source: Path, contents: Contents, layout: Layout) -> None:
        self._source = source
        self._contents = contents
        self._layout = layout
        self._partial = layout.data / "log.partial"
        self._made: list[Path] = []

    def go(self) -> None:
        try:
            self._partial.mkdir(mode=0o700)
        except FileExistsError:
            raise _not_empty(self._layout) from None  # another restore was quicker
        try:
            self._copy_files()
            self._load_tables()
            self._sync_folders()
            self._partial.rename(self._layout.log)
        except BaseException:
            if self._partial.exists():
                self._undo()
            raise
        sync_folder(self._layout.data)

    def _copy_files(self) -> None:
        for name, file in self._contents.files.items():
            target = self._place(name)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                shutil.copyfile(self._source / name, target)
            except FileNotFoundError:
                raise _differs(self._source / name) from None
            if digest(target) != file.sha256:
                raise _differs(self._source / name)
            target.chmod(0o600)
            sync_file(target)
        for name in ("segments", "findings", "verdicts", "scratch"):
            (self._partial / name).mkdir(mode=0o700, exist_ok=True)

    def _place(self, name: str) -> Path:
        """Where a file of a backup belongs."""
        own = log_name(name)
        if own != SETTINGS_FILE and Path(own).parts[0] not in OTHERS:
            return self._partial / own
        self._made.append(self._layout.data / own)
        return self._layout.data / own

    def _load_tables(self) -> None:
        copy = self._partial / TABLES
        settings = read_settings(self._layout.data).tables
        url = database_url(settings, self._layout.data, os.environ)
        database = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
        if database is not None:
            files = [database.with_name(database.name + end) for end in _BESIDE_A_DATABASE]
            self._made += [path for path in files if not os.path.lexists(path)]
        try:
            load(url, _rows(copy)).close()
        except AlreadyExists:
            if not _holds(url, copy):
                raise
        copy.unlink()
        if database is not None:
            sync_folder(database.parent)

    def _sync_folders(self) -> None:
        for top in (self._partial, *(self._layout.data / name for name in OTHERS)):
            for place, _, _ in os.walk(top):
                sync_folder(Path(place))
        sync_folder(self._layout.data)

    def _undo(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        for path in self._made:
            with contextlib.suppress(OSError):  # the error that led here says more
                path.unlink()
        for name in OTHERS:
            for place, _, _ in os.walk(self._layout.data / name, topdown=False):
                with contextlib.suppress(OSError):  # somebody else's file lies there
                    Path(place).rmdir()


def _rows(copy: Path) -> Iterator[tuple[str, dict[str, str | int | None]]]:
    """The rows of a copy, one at a time: banks of tens of millions do not fit into memory."""
    decoder = msgspec.json.Decoder(tuple[str, dict[str, str | int | None]])
    with pa.CompressedInputStream(str(copy), "zstd") as stream, io.BufferedReader(stream) as lines:
        for line in lines:
            yield decoder.decode(line)


def _holds(url: URL, copy: Path) -> bool:
    """Whether a database holds exactly the rows of a copy. It is left as it is."""
    with connect(url) as tables:
        return all(mine == theirs for mine, theirs in zip_longest(dump(tables), _rows(copy)))


def _not_empty(layout: Layout) -> AlreadyExists:
    return AlreadyExists(
        "the data folder is not empty",
        where=str(layout.data),
        hint="restore into a new folder, then point your service at it",
    )


def _differs(path: Path) -> Corrupt:
    return Corrupt(
        "a file of the backup is missing or differs from its checksum; nothing was restored",
        where=str(path),
        hint="restore an earlier backup",
    )
