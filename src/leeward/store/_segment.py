"""A sealed segment: a folder with the events as Parquet and an index beside them.

Rows are sorted by the keyed hash of their actor, then by ``seq``, in small row groups: the
events of one account lie side by side, so a look-up reads one or two groups. A segment is
written under a temporary name, made durable, and renamed; it never changes afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from leeward.errors import Corrupt
from leeward.model import EVENT_SCHEMA, Domain
from leeward.store._arrays import map_arrays, write_arrays
from leeward.store._disk import digest, sync_file, sync_folder
from leeward.store._idset import SealedIds
from leeward.store._postings import Postings, keys_of, pack_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Self

    import numpy.typing as npt

    from leeward.model import Hasher

__all__ = ["ROWS_PER_GROUP", "FileInfo", "KindSpan", "Segment", "SegmentInfo", "SegmentWriter"]

ROWS_PER_GROUP: Final = 2_048
"""Few enough that a look-up decodes little, enough that footers stay under 2 bytes a row."""

_SLICE: Final = 32 * ROWS_PER_GROUP
_EVENTS: Final = "events.parquet"
_INDEX: Final = "index.arrow"
_ENCODINGS: Final = dict.fromkeys(("seq", "at", "seen"), "DELTA_BINARY_PACKED")
_DICTIONARY: Final = [
    *("source", "kind", "op", "actor", "lang", "community", "visibility"),
    *("tags.list.element", "mentions.list.element", "media.list.element.mime"),
]
"""Columns whose values repeat within a row group. For URIs zstd alone is smaller and faster."""


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
        return pa.memory_map(str(self._path / _EVENTS))

    @cached_property
    def _parquet(self) -> pq.ParquetFile:
        return self._opened()

    def _opened(self) -> pq.ParquetFile:
        """The Parquet file with its footer, once that is known to be what was written.

        A footer takes some 30 MB of memory a million rows, so only look-ups keep it.
        """
        if _footer(self._file) != self.info.footer:
            raise _differs(self._path / _EVENTS)
        return pq.ParquetFile(self._file, page_checksum_verification=True)

    @cached_property
    def _index(self) -> dict[str, npt.NDArray[Any]]:
        with self._readable(_INDEX):
            return map_arrays(self._path / _INDEX)

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
        if digest(self._path / _INDEX) != self.info.files[_INDEX].sha256:
            raise _differs(self._path / _INDEX)
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
        with self._lock, self._readable(_EVENTS):
            return self._parquet.read_row_groups(list(groups))

    def look(self, groups: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """As :meth:`read`, in this thread alone: quicker for one or two groups."""
        with self._lock, self._readable(_EVENTS):
            return self._parquet.read_row_groups(
                list(groups), columns=_list(columns), use_threads=False
            )

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows in the order they lie in, a slice at a time."""
        with self._readable(_EVENTS):
            parquet = self._opened()
            count = parquet.metadata.num_row_groups
            for begin in range(0, count, _SLICE // ROWS_PER_GROUP):
                groups = range(begin, min(begin + _SLICE // ROWS_PER_GROUP, count))
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


class SegmentWriter:
    """Writes one segment; a context manager that leaves nothing behind when it fails.

    Args:
        folder: The folder that holds all segments.
        scratch: A folder on the same file system.
        name: The segment's name.
        hasher: The log's hashes.
    """

    def __init__(self, folder: Path, scratch: Path, name: str, hasher: Hasher) -> None:
        self._final = folder / name
        self._path = scratch / name
        self._hasher = hasher
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir(mode=0o700)
        self._parquet = pq.ParquetWriter(
            self._path / _EVENTS,
            EVENT_SCHEMA,
            compression="zstd",
            compression_level=1,
            use_dictionary=_DICTIONARY,
            column_encoding=_ENCODINGS,
            write_statistics=["seq", "seen", "at"],
            write_page_checksum=True,
            store_schema=False,
        )
        self._rows = self._memory = self._groups = 0
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._actors: list[npt.NDArray[np.uint64]] = []
        self._spans: list[tuple[int, int, int, int]] = []
        self._kinds: dict[str, KindSpan] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._parquet.is_open:
                self._parquet.close()
        finally:
            shutil.rmtree(self._path, ignore_errors=True)

    def add(self, rows: pa.Table) -> None:
        """Add rows in any order; their actors' hashes must not be below those added before."""
        actors = self._hasher.column(rows["actor"].combine_chunks(), Domain.ACCOUNT)[:, 0]
        order = np.lexsort((rows["seq"].to_numpy(), actors))
        for begin in range(0, len(order), _SLICE):
            part = order[begin : begin + _SLICE]
            done = 0
            for batch in rows.take(pa.array(part)).combine_chunks().to_batches():
                self._add_sorted(batch, actors[part[done : done + len(batch)]])
                done += len(batch)

    def _add_sorted(self, batch: pa.RecordBatch, actors: npt.NDArray[np.uint64]) -> None:
        self._parquet.write_batch(batch, row_group_size=ROWS_PER_GROUP)
        keys, owners = keys_of(batch, self._hasher)
        self._keys.append(pack_keys(keys, owners // ROWS_PER_GROUP + self._groups))
        self._actors.append(actors[::ROWS_PER_GROUP])
        self._groups += -(-len(batch) // ROWS_PER_GROUP)
        self._rows += len(batch)
        self._memory += batch.nbytes
        self._spans.append((*_span(batch["at"]), *_span(batch["seen"])))
        self._count_kinds(batch)

    def _count_kinds(self, batch: pa.RecordBatch) -> None:
        table = pa.table({"kind": batch["kind"], "seen": batch["seen"]})
        for row in (
            table.group_by("kind").aggregate([("seen", "count"), ("seen", "min")]).to_pylist()
        ):
            old = self._kinds.get(row["kind"], KindSpan(0, row["seen_min"]))
            self._kinds[row["kind"]] = KindSpan(
                old.rows + row["seen_count"], min(old.min_seen, row["seen_min"])
            )

    def finish(self, first_seq: int, last_seq: int, ids: SealedIds) -> SegmentInfo:
        """Make the segment durable under its name; only then is it a segment."""
        self._parquet.close()
        keys = np.concatenate([*self._keys, np.empty(0, np.uint64)])
        self._keys.clear()
        postings = Postings.build(keys, self._groups)
        index: dict[str, npt.NDArray[Any]] = {
            "id_heads": ids.heads,
            "id_checks": ids.checks,
            "id_starts": ids.starts,
            "key_starts": postings.starts,
            "key_rests": postings.rests,
            "key_groups": postings.groups,
            "group_actors": np.concatenate([*self._actors, np.empty(0, np.uint64)]),
        }
        write_arrays(self._path / _INDEX, index)
        files = {}
        for name in (_EVENTS, _INDEX):
            path = self._path / name
            path.chmod(0o600)
            sync_file(path)
            files[name] = FileInfo(path.stat().st_size, digest(path))
        sync_folder(self._path)
        # What an attempt before this one left behind is in no manifest.
        shutil.rmtree(self._final, ignore_errors=True)
        self._path.rename(self._final)
        sync_folder(self._final.parent)
        spans = list(zip(*self._spans, strict=True)) or [(0,)] * 4
        return SegmentInfo(
            name=self._final.name,
            first_seq=first_seq,
            last_seq=last_seq,
            rows=self._rows,
            memory=self._memory,
            min_at=min(spans[0]),
            max_at=max(spans[1]),
            min_seen=min(spans[2]),
            max_seen=max(spans[3]),
            kinds=self._kinds,
            footer=_footer(pa.memory_map(str(self._final / _EVENTS))),
            files=files,
        )


def _footer(file: pa.NativeFile) -> str:
    """SHA-256 of a Parquet file's footer with its length and magic (the format's last 8 bytes)."""
    size = file.size()
    tail = file.read_at(min(8, size), max(0, size - 8))
    length = min(size, int.from_bytes(tail[:4], "little") + 8)
    return hashlib.sha256(file.read_at(length, size - length)).hexdigest()


def _span(values: pa.Array) -> tuple[int, int]:
    ends = pc.min_max(values).as_py()
    return ends["min"], ends["max"]


def _list(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)


def _differs(path: Path) -> Corrupt:
    return Corrupt(
        "a segment's file differs from what was written",
        where=str(path),
        hint="keep a copy of the folder, then `leeward restore` the last backup",
    )
