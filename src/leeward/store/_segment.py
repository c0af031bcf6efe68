"""A sealed segment: a folder with the events as Parquet and an index beside them.

Rows are sorted by the keyed hash of their actor, then by ``seq``, in small row groups: the
events of one account lie side by side, so a look-up reads one or two groups.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from leeward.errors import Corrupt
from leeward.store._arrays import map_arrays
from leeward.store._disk import digest
from leeward.store._idset import SealedIds
from leeward.store._postings import Postings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

    import numpy as np
    import numpy.typing as npt

__all__ = ["EVENTS", "INDEX", "FileInfo", "KindSpan", "Segment", "SegmentInfo", "footer_digest"]

EVENTS: Final = "events.parquet"
INDEX: Final = "index.arrow"

_GROUPS: Final = 32
"""Row groups that are decoded at a time where all are."""


class FileInfo(Struct, frozen=True):
    """Size in bytes and SHA-256 of one file of a segment."""

    size: int
    sha256: str


class KindSpan(Struct, frozen=True):
    """How many rows of a kind a segment has, and when the log received the first."""

    rows: int
    min_seen: int


class SegmentInfo(Struct, frozen=True, kw_only=True):
    """What the manifest says of a segment.

    Attributes:
        name: Its folder.
        first_seq, last_seq: The places in the log that it covers, both included.
        rows: Rows that it holds; fewer than it covers once some were erased or expired.
        memory: Bytes of the rows in memory, as Arrow.
        min_at, max_at, min_seen, max_seen: Time range, microseconds since 1970 UTC.
        kinds: Rows by kind.
        footer: SHA-256 of the Parquet file's footer; its pages carry checksums of their own.
        files: Its files by name.
    """

    name: str
    first_seq: int
    last_seq: int
    rows: int
    memory: int
    min_at: int
    max_at: int
    min_seen: int
    max_seen: int
    kinds: dict[str, KindSpan]
    footer: str
    files: dict[str, FileInfo]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files.values())


class Segment:
    """Reads one segment. Safe to use from several threads.

    Args:
        folder: The folder that holds all segments.
        info: What the manifest says of this one.

    Raises:
        FileNotFoundError: It was superseded since the manifest was read.
        Corrupt: A file is shorter or longer than the manifest says.
    """

    def __init__(self, folder: Path, info: SegmentInfo) -> None:
        self.info = info
        self._path = folder / info.name
        self._lock = threading.Lock()
        for name, file in info.files.items():
            if (self._path / name).stat().st_size != file.size:
                raise _differs(self._path / name)

    @cached_property
    def _file(self) -> pa.MemoryMappedFile:
        return pa.memory_map(str(self._path / EVENTS))

    @cached_property
    def _parquet(self) -> pq.ParquetFile:
        return self._opened()

    def _opened(self) -> pq.ParquetFile:
        """The Parquet file with its footer, once that is known to be what was written.

        A footer takes some 30 MB of memory a million rows, so only look-ups keep it.
        """
        if footer_digest(self._file) != self.info.footer:
            raise _differs(self._path / EVENTS)
        # The file is mapped: reading ahead would only hand each piece from thread to thread.
        return pq.ParquetFile(self._file, page_checksum_verification=True, pre_buffer=False)

    @cached_property
    def _index(self) -> dict[str, npt.NDArray[Any]]:
        with self._readable(INDEX):
            return map_arrays(self._path / INDEX)

    @contextlib.contextmanager
    def _readable(self, name: str) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, KeyError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise _differs(self._path / name) from error

    def open(self) -> Self:
        """Map both files now: what is mapped stays readable after it is superseded."""
        with self._lock:
            _ = self._file, self._index
        return self

    @cached_property
    def ids(self) -> SealedIds:
        """The identities that it covers. Compiled code reads them, so they are checked first."""
        if digest(self._path / INDEX) != self.info.files[INDEX].sha256:
            raise _differs(self._path / INDEX)
        index = self._index
        return SealedIds(index["id_heads"], index["id_checks"], index["id_starts"])

    @cached_property
    def postings(self) -> Postings:
        """Where its keys are."""
        index = self._index
        return Postings(index["key_starts"], index["key_rests"], index["key_groups"])

    @property
    def groups(self) -> int:
        """How many row groups it has."""
        return len(self.first_hashes())

    def group_rows(self, groups: Sequence[int]) -> list[int]:
        """How many rows each of some row groups has."""
        metadata = self._parquet.metadata
        return [metadata.row_group(group).num_rows for group in groups]

    def read(self, groups: Sequence[int]) -> pa.Table:
        """Some row groups whole, in the order asked for."""
        with self._lock, self._readable(EVENTS):
            return self._parquet.read_row_groups(list(groups))

    def look(self, groups: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """As :meth:`read`, in this thread alone: quicker for one or two groups."""
        with self._lock, self._readable(EVENTS):
            return self._parquet.read_row_groups(
                list(groups), columns=_list(columns), use_threads=False
            )

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows in the order they lie in, a slice at a time."""
        with self._readable(EVENTS):
            parquet = self._opened()
            count = parquet.metadata.num_row_groups
            for begin in range(0, count, _GROUPS):
                groups = range(begin, min(begin + _GROUPS, count))
                part = parquet.read_row_groups(list(groups), columns=_list(columns))
                yield from part.combine_chunks().to_batches()

    def first_hashes(self) -> npt.NDArray[np.uint64]:
        """The hash of the first actor of each row group, ascending."""
        hashes: npt.NDArray[np.uint64] = self._index["group_actors"]
        return hashes

    def verify(self) -> None:
        """Compare every byte with the checksum that the manifest has.

        Raises:
            Corrupt: A file differs.
        """
        for name, file in self.info.files.items():
            if digest(self._path / name) != file.sha256:
                raise _differs(self._path / name)


def footer_digest(file: pa.NativeFile) -> str:
    """SHA-256 of a Parquet file's footer with its length and magic (the format's last 8 bytes)."""
    size = file.size()
    tail = file.read_at(min(8, size), max(0, size - 8))
    length = min(size, int.from_bytes(tail[:4], "little") + 8)
    return hashlib.sha256(file.read_at(length, size - length)).hexdigest()


def _list(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)


def _differs(path: Path) -> Corrupt:
    return Corrupt(
        "a segment's file differs from what was written",
        where=str(path),
        hint="keep a copy of the folder, then `leeward restore` the last backup",
    )
