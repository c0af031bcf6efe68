"""Writes a segment: rows in the order of their actors as Parquet, and the index beside them.

A segment is written under a temporary name, made durable, and renamed; it never changes
afterwards.
"""

from __future__ import annotations

import shutil
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leeward.model import EVENT_SCHEMA, Domain
from leeward.store._arrays import write_arrays
from leeward.store._disk import digest, sync_file, sync_folder
from leeward.store._postings import Postings, keys_of, pack_keys
from leeward.store._segment import EVENTS, INDEX, FileInfo, KindSpan, SegmentInfo, footer_digest

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path
    from typing import Self

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.store._idset import SealedIds

__all__ = ["ROWS_PER_GROUP", "SegmentWriter"]

ROWS_PER_GROUP: Final = 2_048
"""Few enough that a look-up decodes little, enough that footers stay under 2 bytes a row."""

_SLICE: Final = 32 * ROWS_PER_GROUP
_ENCODINGS: Final = dict.fromkeys(("seq", "at", "seen"), "DELTA_BINARY_PACKED")
_DICTIONARY: Final = [
    *("source", "kind", "op", "actor", "lang", "community", "visibility"),
    *("tags.list.element", "mentions.list.element", "media.list.element.mime"),
]
"""Columns whose values repeat within a row group. For URIs zstd alone is smaller and faster."""

_DENSE: Final = frozenset(
    ("seq", "at", "source", "kind", "op", "lang", "visibility", "media.list.element.mime")
)
"""Columns that their encoding leaves nothing to squeeze out of: zstd would cost time alone."""

_LEVEL: Final = 1
_IN_FLIGHT: Final = 2
"""Slices that wait to be encoded while the next is put together."""


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
        leaves = _leaves(EVENT_SCHEMA)
        self._parquet = pq.ParquetWriter(
            self._path / EVENTS,
            EVENT_SCHEMA,
            compression={leaf: "NONE" if leaf in _DENSE else "ZSTD" for leaf in leaves},
            compression_level={leaf: _LEVEL for leaf in leaves if leaf not in _DENSE},
            use_dictionary=_DICTIONARY,
            column_encoding=_ENCODINGS,
            write_statistics=["seq", "seen", "at"],
            write_page_checksum=True,
            store_schema=False,
        )
        # Encoding takes about as long as all that leads to it, and holds no lock of Python's.
        self._thread = ThreadPoolExecutor(1, "leeward-encode")
        self._writes: deque[Future[None]] = deque()
        self._rows = self._memory = self._groups = 0
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._actors: list[npt.NDArray[np.uint64]] = []
        self._spans: list[tuple[int, int, int, int]] = []
        self._kinds: dict[str, KindSpan] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
        try:
            if self._parquet.is_open:
                self._parquet.close()
        finally:
            shutil.rmtree(self._path, ignore_errors=True)

    def add(self, rows: pa.Table, actors: npt.NDArray[np.uint64] | None = None) -> None:
        """Add rows in any order; their actors' hashes must not be below those added before.

        Args:
            rows: The rows.
            actors: The hash of each row's actor, where it is known already.
        """
        if actors is None:
            actors = self._hasher.keys(rows["actor"].combine_chunks(), Domain.ACCOUNT)
        order = _order(actors, rows["seq"].to_numpy())
        for begin in range(0, len(order), _SLICE):
            part = order[begin : begin + _SLICE]
            done = 0
            for batch in rows.take(pa.array(part)).combine_chunks().to_batches():
                self._add_sorted(batch, actors[part[done : done + len(batch)]])
                done += len(batch)
        if len(rows):
            self._spans.append((*_span(rows["at"]), *_span(rows["seen"])))
            self._count_kinds(rows)

    def _add_sorted(self, batch: pa.RecordBatch, actors: npt.NDArray[np.uint64]) -> None:
        self._writes.append(
            self._thread.submit(self._parquet.write_batch, batch, row_group_size=ROWS_PER_GROUP)
        )
        self._settle(_IN_FLIGHT)
        keys, owners = keys_of(batch, self._hasher, actors)
        self._keys.append(pack_keys(keys, owners // ROWS_PER_GROUP + self._groups))
        self._actors.append(actors[::ROWS_PER_GROUP])
        self._groups += -(-len(batch) // ROWS_PER_GROUP)
        self._rows += len(batch)
        self._memory += batch.nbytes

    def _settle(self, most: int) -> None:
        """Wait until no more than ``most`` slices are still to be encoded."""
        while len(self._writes) > most:
            self._writes.popleft().result()

    def _count_kinds(self, rows: pa.Table) -> None:
        counts = (
            rows.select(["kind", "seen"])
            .group_by("kind", use_threads=False)
            .aggregate([("seen", "count"), ("seen", "min")])
        )
        for row in counts.to_pylist():
            old = self._kinds.get(row["kind"], KindSpan(0, row["seen_min"]))
            self._kinds[row["kind"]] = KindSpan(
                old.rows + row["seen_count"], min(old.min_seen, row["seen_min"])
            )

    def finish(self, first_seq: int, last_seq: int, ids: SealedIds) -> SegmentInfo:
        """Make the segment durable under its name; only then is it a segment."""
        self._settle(0)
        self._parquet.close()
        postings = Postings.build(_joined(self._keys), self._groups)
        index: dict[str, npt.NDArray[Any]] = {
            "id_heads": ids.heads,
            "id_checks": ids.checks,
            "id_starts": ids.starts,
            "key_starts": postings.starts,
            "key_rests": postings.rests,
            "key_groups": postings.groups,
            "group_actors": np.concatenate([*self._actors, np.empty(0, np.uint64)]),
        }
        write_arrays(self._path / INDEX, index)
        files = {}
        for name in (EVENTS, INDEX):
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
            footer=footer_digest(pa.memory_map(str(self._final / EVENTS))),
            files=files,
        )


def _joined(parts: list[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Arrays one after the other; each is let go once it is copied."""
    whole = np.empty(sum(map(len, parts)), np.uint64)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def _order(actors: npt.NDArray[np.uint64], seq: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The order by actor, then by ``seq``.

    Sorting single words is several times faster than sorting by two keys, so the second is
    looked after only among rows of one actor, and mostly it is in order there.
    """
    order = np.argsort(actors)
    run = np.cumsum(np.diff(actors[order], prepend=actors[order[:1]]) != 0).astype(np.int64)
    places = (run << 32) | order
    places.sort()
    order = places & 0xFFFF_FFFF
    falls = np.diff(seq[order]) < 0
    if np.any(falls & (np.diff(run) == 0)):
        return np.lexsort((seq, actors))
    return order


def _leaves(schema: pa.Schema) -> list[str]:
    """The names that Parquet gives to the columns that hold values."""

    def below(name: str, kind: pa.DataType) -> list[str]:
        if pa.types.is_list(kind):
            return below(f"{name}.list.element", kind.value_type)
        if pa.types.is_struct(kind):
            return [leaf for field in kind for leaf in below(f"{name}.{field.name}", field.type)]
        return [name]

    return [leaf for field in schema for leaf in below(field.name, field.type)]


def _span(values: pa.Array) -> tuple[int, int]:
    ends = pc.min_max(values).as_py()
    return ends["min"], ends["max"]
