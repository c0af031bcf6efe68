"""Findings: hot in SQLite, sealed beside the events; the key is (seq, signal, version)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leeward.errors import Corrupt
from leeward.model import FINDING_SCHEMA, Finding
from leeward.store._disk import digest, sync_file, sync_folder
from leeward.store._segment import FileInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from leeward.store._hot import Hot
    from leeward.store._layout import Layout

__all__ = ["add", "drop", "scan", "seal", "segments", "sweep", "verify"]

_Key = tuple[int, str, str]


def add(hot: Hot, folder: Path, findings: Iterable[Finding]) -> int:
    """Store findings, in the caller's transaction; how many were new.

    A finding is a pure function of its key, so a second one under the same key is dropped.
    """
    rows = [(f.seq, f.signal, f.version, msgspec.json.encode(f)) for f in findings]
    sealed = _sealed_keys(hot, folder, {row[0] for row in rows})
    before = hot.db.total_changes
    hot.db.executemany(
        "INSERT OR IGNORE INTO finding VALUES (?, ?, ?, ?)",
        [row for row in rows if row[:3] not in sealed],
    )
    return hot.db.total_changes - before


def _sealed_keys(hot: Hot, folder: Path, seqs: set[int]) -> set[_Key]:
    if not seqs:
        return set()
    keys: set[_Key] = set()
    for name, _ in segments(hot):
        first, last, _rest = name.split("-", 2)
        if int(first) <= max(seqs) and int(last) >= min(seqs):
            table = pq.read_table(
                folder / name,
                columns=["seq", "signal", "version"],
                filters=[("seq", "in", seqs)],
            )
            keys.update(tuple(row.values()) for row in table.to_pylist())
    return keys


def segments(hot: Hot) -> list[tuple[str, FileInfo]]:
    """The sealed files and what they must be."""
    rows = hot.db.execute("SELECT name, info FROM finding_segment ORDER BY name")
    return [(name, msgspec.json.decode(info, type=FileInfo)) for name, info in rows]


def scan(hot: Hot, folder: Path) -> Iterator[pa.RecordBatch]:
    """All findings, sealed and hot."""
    for name, info in segments(hot):
        with _readable(folder / name, info):
            yield from pq.ParquetFile(folder / name).iter_batches(65_536)
    rows = hot.db.execute("SELECT body FROM finding ORDER BY seq, signal, version")
    while part := rows.fetchmany(4_096):
        yield table_of([msgspec.json.decode(body, type=Finding) for (body,) in part]).to_batches()[
            0
        ]


def verify(hot: Hot, folder: Path) -> None:
    """Compare the files with their checksums.

    Raises:
        Corrupt: One differs.
        FileNotFoundError: One is gone.
    """
    for name, info in segments(hot):
        if digest(folder / name) != info.sha256:
            raise _differs(folder / name)


@contextlib.contextmanager
def _readable(path: Path, info: FileInfo) -> Iterator[None]:
    try:
        if path.stat().st_size != info.size:
            raise _differs(path)
        yield
    except (pa.ArrowException, OSError) as error:
        raise _differs(path) from error


def _differs(path: Path) -> Corrupt:
    return Corrupt(
        "a file of findings is missing or differs from what was written",
        where=str(path),
        hint="keep a copy of the folder, then `leeward restore` the last backup",
    )


def seal(hot: Hot, folder: Path, scratch: Path) -> None:
    """Move the hot findings into a file, in the caller's transaction."""
    rows = hot.db.execute("SELECT body FROM finding ORDER BY seq, signal, version").fetchall()
    if not rows:
        return
    found = [msgspec.json.decode(body, type=Finding) for (body,) in rows]
    write(hot, folder, scratch, table_of(found))
    hot.db.execute("DELETE FROM finding")


def write(hot: Hot, folder: Path, scratch: Path, table: pa.Table) -> None:
    """Write findings as a file and name it in the manifest, in the caller's transaction."""
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
    hot.db.execute("INSERT INTO finding_segment VALUES (?, ?)", row)


def drop(
    hot: Hot,
    layout: Layout,
    seqs: npt.NDArray[np.int64],
    subject: str | None,
    held: npt.NDArray[np.int64],
) -> int:
    """Remove findings of some events, or about a subject; how many. In a transaction.

    Args:
        hot: The writer's connection.
        layout: Where findings lie.
        seqs: Places of the events.
        subject: URI of the subject.
        held: Places of events that a hold keeps; their findings stay.
    """
    before = hot.db.total_changes
    hot.db.executemany("DELETE FROM finding WHERE seq = ?", [(int(seq),) for seq in seqs])
    bodies = hot.db.execute("SELECT seq, signal, version, body FROM finding").fetchall()
    kept = set(held.tolist())
    about = [
        row[:3]
        for row in bodies
        if row[0] not in kept
        and subject is not None
        and msgspec.json.decode(row[3], type=Finding).subject == subject
    ]
    hot.db.executemany("DELETE FROM finding WHERE seq = ? AND signal = ? AND version = ?", about)
    count = hot.db.total_changes - before
    wanted = pa.array(seqs)
    for name, _ in segments(hot):
        table = pq.read_table(layout.findings / name)
        gone = pc.is_in(table["seq"], wanted)
        if subject is not None:
            free = pc.invert(pc.is_in(table["seq"], pa.array(held)))
            gone = pc.or_(gone, pc.and_(pc.equal(table["subject"], subject), free))
        if pc.any(gone).as_py():
            rest = table.filter(pc.invert(gone))
            hot.db.execute("DELETE FROM finding_segment WHERE name = ?", (name,))
            count += len(table) - len(rest)
            if len(rest):
                write(hot, layout.findings, layout.scratch, rest)
    return count


def sweep(hot: Hot, folder: Path) -> None:
    """Delete files that the manifest does not name."""
    live = {name for name, _ in segments(hot)}
    for path in folder.iterdir():
        if path.name not in live:
            path.unlink()


def table_of(findings: list[Finding]) -> pa.Table:
    """Findings as columns."""
    return pa.Table.from_pylist([msgspec.to_builtins(f) for f in findings], FINDING_SCHEMA)
