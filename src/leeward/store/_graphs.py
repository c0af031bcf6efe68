"""The interaction graph of a log, kept beside it: one file of arrays that are read by mapping.

It is derived data. Whatever rewrites the log (an erasure, retention) removes it, and a file that
is damaged, of another format or of another log counts as absent: it is made again from the events.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from leeward.network import Csr, Flags, Graph
from leeward.network import fingerprint as fingerprint_of
from leeward.store._arrays import map_arrays, write_arrays
from leeward.store._disk import sync_folder, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.store._layout import Layout
    from leeward.store._log import Log

__all__ = ["forget_graph", "load_graph", "save_graph"]

_FORMAT: Final = 2
_HEADER: Final = ("format", "rewritten", "last_seq", "events")
_UNFINISHED: Final = ".tmp"
_PIECE: Final = 1 << 24
"""Bytes of an array of which one checksum is taken."""
_PARTS: Final[dict[str, Any]] = {"flags": Flags, "out": Csr, "into": Csr}


def load_graph(log: Log) -> Graph | None:
    """The graph that was saved for a log; None where there is none that can be used.

    One that is older than an erasure is removed, should it still be there.
    """
    try:
        return _load(log, map_arrays(log.layout.graph))
    except (OSError, pa.ArrowException, KeyError, IndexError, ValueError, TypeError):
        return None


def _load(log: Log, arrays: dict[str, Any]) -> Graph | None:
    checksum = int(arrays.pop("checksum")[0])
    if checksum != _checksum(arrays):
        return None
    header = dict(zip(_HEADER, arrays.pop("header").tolist(), strict=True))
    if header["rewritten"] != log.rewritten():
        log.layout.graph.unlink()
        return None
    fingerprint = int(arrays["fingerprint"][0])
    if header["format"] != _FORMAT or fingerprint != fingerprint_of(log.hasher):
        return None
    if header["last_seq"] > log.last_seq():
        return None
    return _graph(arrays, fingerprint, header["last_seq"], header["events"])


def save_graph(log: Log, graph: Graph, rewritten: int) -> None:
    """Keep a graph for the next time, for the owner of the data folder alone.

    It is left to the system when the bytes reach the disk. What a power cut spoils shows by the
    checksum, and then counts as absent.

    Args:
        log: What it was made of.
        graph: The graph.
        rewritten: What ``log.rewritten()`` said before the first event was read. Where the log
            has been rewritten since, nothing is kept: the graph may name whom it forgot.
    """
    path = log.layout.graph
    header = np.array([_FORMAT, rewritten, graph.last_seq, graph.events], np.int64)
    arrays = {"header": header, **_arrays(graph)}
    arrays["checksum"] = np.array([_checksum(arrays)], np.uint32)
    with translated(path.parent):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _remove_unfinished(path)
        with _beside(path) as (temporary, handle):
            # Not by its name: an erasure may have removed that.
            write_arrays(os.fdopen(os.dup(handle), "wb"), arrays)
            if log.rewritten() != rewritten:
                return
            with contextlib.suppress(FileNotFoundError):
                temporary.replace(path)
        if log.rewritten() != rewritten:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, int]]:
    """An open file for the owner alone; a lock on it shows that its writer lives."""
    handle, name = tempfile.mkstemp(_UNFINISHED, f"{path.name}.", path.parent)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield Path(name), handle
    finally:
        Path(name).unlink(missing_ok=True)
        os.close(handle)


def _remove_unfinished(path: Path) -> None:
    """Remove what writers left that were killed."""
    for left in path.parent.glob(f"{path.name}.*{_UNFINISHED}"):
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def forget_graph(layout: Layout) -> None:
    """Remove the saved graph, and what interrupted writers left."""
    if not layout.graph.parent.is_dir():
        return
    with translated(layout.graph.parent):
        for path in _files(layout.graph):
            path.unlink(missing_ok=True)
        sync_folder(layout.graph.parent)


def _files(path: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return list(path.parent.glob(f"{path.name}*"))
    return []


def _checksum(arrays: dict[str, Any]) -> int:
    """CRC-32 of all arrays with their names: kernels trust the numbers that they are given.

    It is the CRC-32 of those of their pieces, so that two threads share the work.
    """
    named = 0
    pieces: list[Any] = []
    for name in sorted(arrays):
        octets = arrays[name].view(np.uint8)
        named = zlib.crc32(f"{name}:{arrays[name].dtype.str}:{len(octets)};".encode(), named)
        pieces += [octets[at : at + _PIECE] for at in range(0, len(octets), _PIECE)]
    with ThreadPoolExecutor(2) as threads:
        sums = np.fromiter(threads.map(zlib.crc32, pieces), "<u4", len(pieces))
    return zlib.crc32(sums.tobytes(), named)


def _arrays(graph: Graph) -> dict[str, Any]:
    arrays: dict[str, Any] = {"fingerprint": np.array([graph.fingerprint], np.uint64)}
    for field in fields(Graph):
        value = getattr(graph, field.name)
        if field.name in _PARTS:
            arrays |= {f"{field.name}.{name}": a for name, a in value._asdict().items()}
        elif isinstance(value, np.ndarray):
            arrays[field.name] = value.reshape(-1)
    names = graph.names
    _, offsets, data = names.buffers()
    arrays["names.start"] = np.frombuffer(offsets, np.int64)[: len(names) + 1]
    arrays["names.data"] = np.frombuffer(data or b"", np.uint8)
    return arrays


def _graph(arrays: dict[str, Any], fingerprint: int, last_seq: int, events: int) -> Graph:
    starts, data = arrays.pop("names.start"), arrays.pop("names.data")
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(data)]
    names = pa.Array.from_buffers(pa.large_string(), len(starts) - 1, buffers)
    parts = {
        name: kind(*(arrays.pop(f"{name}.{field}") for field in kind._fields))
        for name, kind in _PARTS.items()
    }
    arrays["pdq"] = arrays["pdq"].reshape(-1, 4)
    arrays["fingerprint"] = fingerprint
    return Graph(last_seq=last_seq, events=events, names=names, **arrays, **parts)
