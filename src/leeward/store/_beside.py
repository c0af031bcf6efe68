"""What lies beside the events: hot in SQLite, sealed in Parquet, each row under a key.

A row says something of the event at its ``seq``, and is a pure function of its key: a second
one under the same key is dropped.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leeward.errors import Corrupt
from leeward.store._disk import digest, sync_file, sync_folder
from leeward.store._segment import FileInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from leeward.store._hot import Hot

__all__ = ["Beside"]

FILE_ROWS: Final = 1 << 17
"""Rows of a sealed file at most."""


class _Said(Protocol):
    """A row, as an object."""

    @property
    def seq(self) -> int: ...
    @property
    def subject(self) -> str: ...


T = TypeVar("T", bound=_Said)


class Beside(Generic[T]):
    """One kind of row that lies beside the events.

    Args:
        name: Of its table in SQLite; ``NAME_segment`` lists the sealed files.
        words: What a file of it is called in an error.
        keys: The columns of the key, the first of them ``seq``.
        kind: What a row is as an object.
        columns: Rows as columns, in the order of the schema's names.
    """

    def __init__(
        self,
        name: str,
        words: str,
        keys: tuple[str, ...],
        kind: type[T],
        columns: Callable[[list[T]], pa.Table],
    ) -> None:
        self._name, self._words, self._keys = name, words, keys
        self._kind, self._columns = kind, columns
        self._key_list = ", ".join(keys)

    # --- what comes in -------------------------------------------------------------------------

    def add(self, hot: Hot, folder: Path, items: Iterable[T]) -> int:
        """Store rows, in the caller's transaction; how many were new."""
        rows = [(self._key(item), msgspec.json.encode(item), item.seq) for item in items]
        if not rows:
            return 0
        sealed = self._sealed_keys(hot, folder, {seq for _, _, seq in rows})
        before = hot.db.total_changes
        marks = ", ".join("?" * (len(self._keys) + 1))
        hot.db.executemany(
            f"INSERT OR IGNORE INTO {self._name} VALUES ({marks})",  # noqa: S608 - our own name
            [(*key, body) for key, body, _ in rows if key not in sealed],
        )
        return hot.db.total_changes - before

    def _key(self, item: T) -> tuple[int | str, ...]:
        return tuple(getattr(item, name) for name in self._keys)

    def _sealed_keys(self, hot: Hot, folder: Path, seqs: set[int]) -> set[tuple[int | str, ...]]:
        keys: set[tuple[int | str, ...]] = set()
        for table in self._sealed_at(hot, folder, seqs, list(self._keys), []):
            keys.update(tuple(row.values()) for row in table.to_pylist())
        return keys

    # --- what is there -------------------------------------------------------------------------

    def segments(self, hot: Hot) -> list[tuple[str, FileInfo]]:
        """The sealed files and what they must be; none where an older Leeward made the log."""
        if not hot.has(self._name):
            return []
        rows = hot.db.execute(f"SELECT name, info FROM {self._name}_segment ORDER BY name")  # noqa: S608 - our own name
        return [(name, msgspec.json.decode(info, type=FileInfo)) for name, info in rows]

    def scan(self, hot: Hot, folder: Path, after: int = 0) -> Iterator[pa.RecordBatch]:
        """All rows behind a place, sealed and hot. A file of an earlier release may lack parts."""
        schema = self._columns([]).schema
        for name, info in self.segments(hot):
            if int(name.split("-", 2)[1]) <= after:
                continue
            with self._readable(folder / name, info):
                for batch in pq.ParquetFile(folder / name).iter_batches(65_536):
                    rows = batch.select(schema.names).cast(schema)
                    yield rows.filter(pc.greater(rows["seq"], after)) if after else rows
        if not hot.has(self._name):
            return
        rows = hot.db.execute(
            f"SELECT body FROM {self._name} WHERE seq > ? ORDER BY {self._key_list}",  # noqa: S608 - our own names
            (after,),
        )
        while part := rows.fetchmany(4_096):
            yield from self._columns(self._decoded(part)).to_batches()

    def at(
        self, hot: Hot, folder: Path, seqs: Collection[int], **only: str
    ) -> Iterator[pa.Table | list[T]]:
        """The rows of some events: of each sealed file as columns, the hot ones as objects.

        Args:
            hot: A connection.
            folder: Where the files are.
            seqs: Places of the events.
            only: A column of the key, and the value that it must have.
        """
        filters = [(name, "==", value) for name, value in only.items()]
        yield from self._sealed_at(hot, folder, set(seqs), None, filters)
        if not hot.has(self._name):
            return
        wanted = sorted(seqs)
        also = "".join(f" AND {name} = ?" for name in only)
        for begin in range(0, len(wanted), 1_000):
            some = wanted[begin : begin + 1_000]
            marks = ", ".join("?" * len(some))
            query = f"SELECT body FROM {self._name} WHERE seq IN ({marks}){also}"  # noqa: S608 - names and marks only
            yield self._decoded(hot.db.execute(query, (*some, *only.values())).fetchall())

    def _sealed_at(
        self,
        hot: Hot,
        folder: Path,
        seqs: Collection[int],
        columns: list[str] | None,
        filters: list[tuple[str, str, str]],
    ) -> Iterator[pa.Table]:
        if not seqs:
            return
        for name, info in self.segments(hot):
            first, last, _ = name.split("-", 2)
            if int(first) <= max(seqs) and int(last) >= min(seqs):
                wanted = [("seq", "in", set(seqs)), *filters]
                with self._readable(folder / name, info):
                    yield pq.read_table(folder / name, columns=columns, filters=wanted)

    def _decoded(self, rows: list[tuple[bytes]]) -> list[T]:
        return [msgspec.json.decode(body, type=self._kind) for (body,) in rows]

    def verify(self, hot: Hot, folder: Path) -> None:
        """Compare the files with their checksums.

        Raises:
            Corrupt: One differs.
            FileNotFoundError: One is gone.
        """
        for name, info in self.segments(hot):
            if digest(folder / name) != info.sha256:
                raise self._differs(folder / name)

    @contextlib.contextmanager
    def _readable(self, path: Path, info: FileInfo) -> Iterator[None]:
        try:
            if path.stat().st_size != info.size:
                raise self._differs(path)
            yield
        except (pa.ArrowException, OSError) as error:
            raise self._differs(path) from error

    def _differs(self, path: Path) -> Corrupt:
        return Corrupt(
            f"a file of {self._words} is missing or differs from what was written",
            where=str(path),
            hint="keep a copy of the folder, then `leeward restore` the last backup",
        )

    # --- sealing, and what goes ----------------------------------------------------------------

    def seal(self, hot: Hot, folder: Path, scratch: Path) -> None:
        """Move the hot rows into files, in the caller's transaction."""
        query = f"SELECT body FROM {self._name} ORDER BY {self._key_list}"  # noqa: S608 - our own names
        rows = hot.db.execute(query)
        # A log that is scored after it was sealed has more of them than memory takes at once.
        while part := rows.fetchmany(FILE_ROWS):
            self._write(hot, folder, scratch, self._columns(self._decoded(part)))
        hot.db.execute(f"DELETE FROM {self._name}")  # noqa: S608 - our own name

    def _write(self, hot: Hot, folder: Path, scratch: Path, table: pa.Table) -> None:
        """Write rows as a file and name it in the manifest, in the caller's transaction."""
        seqs = table["seq"].to_numpy()
        number = 0
        while (folder / (name := f"{seqs.min():016d}-{seqs.max():016d}-{number}.parquet")).exists():
            number += 1
        path = scratch / name
        pq.write_table(table, path, compression="zstd", row_group_size=16_384)
        path.chmod(0o600)
        sync_file(path)
        info = FileInfo(path.stat().st_size, digest(path))
        path.rename(folder / name)
        sync_folder(folder)
        row = (name, msgspec.json.encode(info))
        hot.db.execute(f"INSERT INTO {self._name}_segment VALUES (?, ?)", row)  # noqa: S608 - our own name

    def drop(
        self,
        hot: Hot,
        folder: Path,
        scratch: Path,
        seqs: npt.NDArray[np.int64],
        subjects: Collection[str],
        held: npt.NDArray[np.int64],
    ) -> int:
        """Remove rows of some events, or about some subjects; how many. In a transaction.

        Args:
            hot: The writer's connection.
            folder: Where the files are.
            scratch: Where they are written.
            seqs: Places of the events.
            subjects: Their URIs.
            held: Places of events that a hold keeps; their rows stay.
        """
        before = hot.db.total_changes
        gone = f"DELETE FROM {self._name} WHERE "  # noqa: S608 - our own name
        hot.db.executemany(gone + "seq = ?", [(int(seq),) for seq in seqs])
        if subjects:
            about = self._hot_about(hot, subjects, set(held.tolist()))
            hot.db.executemany(gone + " AND ".join(f"{key} = ?" for key in self._keys), about)
        count = hot.db.total_changes - before
        wanted, named = pa.array(seqs), pa.array(sorted(subjects), pa.string())
        for name, _ in self.segments(hot):
            table = pq.read_table(folder / name)
            mask = pc.is_in(table["seq"], wanted)
            if subjects:
                free = pc.invert(pc.is_in(table["seq"], pa.array(held)))
                mask = pc.or_(mask, pc.and_(pc.is_in(table["subject"], named), free))
            if pc.any(mask).as_py():
                rest = table.filter(pc.invert(mask))
                query = f"DELETE FROM {self._name}_segment WHERE name = ?"  # noqa: S608 - our own name
                hot.db.execute(query, (name,))
                count += len(table) - len(rest)
                if len(rest):
                    self._write(hot, folder, scratch, rest)
        return count

    def _hot_about(
        self, hot: Hot, subjects: Collection[str], held: set[int]
    ) -> list[tuple[int | str, ...]]:
        """The keys of hot rows about some subjects, but for those of some events."""
        rows = hot.db.execute(f"SELECT body FROM {self._name}")  # noqa: S608 - our own name
        found: list[tuple[int | str, ...]] = []
        while part := rows.fetchmany(4_096):
            found += [
                self._key(item)
                for item in self._decoded(part)
                if item.subject in subjects and item.seq not in held
            ]
        return found

    def sweep(self, hot: Hot, folder: Path) -> None:
        """Delete files that the manifest does not name."""
        live = {name for name, _ in self.segments(hot)}
        for path in folder.iterdir():
            if path.name not in live:
                path.unlink()
