"""Snapshots of an index: one file of arrays that every process maps, so that all share its pages.

::

    magic        8 octets   LWDHASH and a newline
    version      uint32     little-endian, as all numbers are
    length       uint32     octets of the header
    checksum     uint32     CRC-32 of the header
    header       JSON       {"segments": n, "size": octets of the file, "sections": [...]}
    sections                arrays; each begins at a multiple of 4096 octets

A section of the header names an array and gives its type, shape and place, and a CRC-32 of each
16 MiB of it. A file is written beside its final name, forced to the disk and then renamed: there
is the old snapshot or the new one, whole. It can be read by its owner only, since hash values are
secrets. Two who write the same one at a time do so one after the other.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import mmap
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from leeward.errors import Corrupt, InputError, NewerFormat, NoPermission, OutOfSpace, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

__all__ = ["Snapshot", "corrupt", "read_snapshot", "write_snapshot"]

_MAGIC: Final = b"LWDHASH\n"
_VERSION: Final = 1
_START: Final = struct.Struct("<8sIII")
_ALIGNED: Final = 4096
_PIECE: Final = 1 << 24
"""Octets of a section of which one checksum is taken."""
_MOST: Final = 1 << 26
"""Octets that a header may have: a file whose header claims more is damaged."""
_KINDS: Final = ("<u8", "<u4", "<u2", "|u1")
_THREADS: Final = 2
_REBUILD: Final = "delete it, and build the index again from the entries in the store"


@dataclass(frozen=True, repr=False, eq=False)
class Snapshot:
    """A mapped snapshot.

    Attributes:
        path: The file.
        segments: How many parts the index has.
        arrays: By name; read from the disk when they are used, and never written.
        checksums: By name, of each piece.
    """

    path: Path
    segments: int
    arrays: Arrays
    checksums: dict[str, list[int]]

    def verify(self, names: list[str] | None = None) -> None:
        """Compare arrays, or all, with their checksums.

        Raises:
            Corrupt: They differ.
        """
        for name in self.arrays if names is None else names:
            if _checksums(self.arrays[name]) != self.checksums[name]:
                raise corrupt(self.path, "its bytes differ from what was written")


def corrupt(path: Path, why: str) -> Corrupt:
    """The error for a snapshot that cannot be used."""
    return Corrupt(
        f"the snapshot of a hash index is damaged: {why}", where=str(path), hint=_REBUILD
    )


def write_snapshot(path: Path, segments: int, arrays: Mapping[str, Any]) -> None:
    """Write arrays to a file, which appears whole or not at all.

    Args:
        path: Replaced, should it exist.
        segments: How many parts the index has.
        arrays: Contiguous arrays of unsigned integers by name.

    Raises:
        StoreError: It cannot be written; what was there before still is.
    """
    head = _head(segments, arrays)
    beside = path.with_name(path.name + ".new")
    with _translated(path), _alone(beside) as handle:
        try:
            with open(os.dup(handle), "wb") as file:  # noqa: PTH123 - of a handle
                file.truncate(0)
                file.write(head)
                for array in arrays.values():
                    file.seek(_aligned(file.tell()))
                    file.write(array.reshape(-1).view(np.uint8))
                file.truncate(_aligned(file.tell()))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        _sync_folder(path.parent)


@contextlib.contextmanager
def _alone(beside: Path) -> Iterator[int]:
    """A handle of the file beside, held by nobody else until the end.

    Whoever had it before may have renamed or removed it meanwhile; then another one is made.
    """
    while True:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _stands_at(beside, handle):
                os.fchmod(handle, 0o600)  # one that a crash left may have another mode
                yield handle
                return
        finally:
            os.close(handle)


def _stands_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def read_snapshot(path: Path) -> Snapshot:
    """Map a snapshot. Its header is verified, its arrays are not: see :meth:`Snapshot.verify`.

    Raises:
        InputError: It is no snapshot.
        NewerFormat: A newer Leeward wrote it.
        Corrupt: It is damaged or cut short.
        StoreError: There is none, or it cannot be read.
    """
    with _translated(path), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = _header(path, file)
        if header["size"] != size:
            raise corrupt(path, "it is cut short, or something was put after it")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    arrays: Arrays = {}
    checksums: dict[str, list[int]] = {}
    for section in header["sections"]:
        arrays[section["name"]] = _mapped(path, mapped, section)
        checksums[section["name"]] = section["crc32"]
    return Snapshot(path, header["segments"], arrays, checksums)


def _header(path: Path, file: BinaryIO) -> dict[str, Any]:
    start = file.read(_START.size)
    if len(start) < _START.size or not start.startswith(_MAGIC):
        if len(start) == 0 or _MAGIC.startswith(start[: len(_MAGIC)]):
            raise corrupt(path, "it is cut short")
        raise InputError("this file is no snapshot of a hash index", where=str(path), hint=_REBUILD)
    _, version, length, checksum = _START.unpack(start)
    if version > _VERSION:
        raise NewerFormat(
            f"the snapshot has format {version}, and this Leeward reads up to {_VERSION}",
            where=str(path),
            hint="upgrade Leeward, or " + _REBUILD,
        )
    text = file.read(min(length, _MOST))
    if len(text) < length or zlib.crc32(text) != checksum:
        raise corrupt(path, "its header differs from what was written")
    header: dict[str, Any] = json.loads(text)
    return header


def _mapped(path: Path, mapped: mmap.mmap, section: dict[str, Any]) -> Any:
    shape, kind = section["shape"], section["kind"]
    count = int(np.prod(shape, dtype=np.int64))
    if kind not in _KINDS:
        raise corrupt(path, "its header names a type that is not used")
    if count == 0:
        array = np.empty(shape, kind)
        array.flags.writeable = False
        return array
    if section["begin"] + count * np.dtype(kind).itemsize > len(mapped):
        raise corrupt(path, "its header names a place that is not there")
    return np.frombuffer(mapped, kind, count, section["begin"]).reshape(shape)


def _head(segments: int, arrays: Mapping[str, Any]) -> bytes:
    """Magic, version and header. Places depend on its length, which depends on places."""
    sections = [
        {"name": name, "kind": array.dtype.str, "shape": array.shape, "crc32": _checksums(array)}
        for name, array in arrays.items()
    ]
    header: dict[str, Any] = {"segments": segments, "size": 0, "sections": sections}
    first = _aligned(_START.size + len(json.dumps(header)) + 64 * (len(sections) + 1))
    at = first
    for section, array in zip(sections, arrays.values(), strict=True):
        section["begin"] = at
        at = _aligned(at + array.nbytes)
    header["size"] = at
    text = json.dumps(header).encode()
    return _START.pack(_MAGIC, _VERSION, len(text), zlib.crc32(text)) + text.ljust(
        first - _START.size, b"\0"
    )


def _checksums(array: Any) -> list[int]:
    octets = array.reshape(-1).view(np.uint8)
    pieces = [octets[at : at + _PIECE] for at in range(0, len(octets), _PIECE)]
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(zlib.crc32, pieces))


def _aligned(at: int) -> int:
    return -(-at // _ALIGNED) * _ALIGNED


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn errors of the system into errors of ours that say what to do."""
    where = str(path)
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            "there is no snapshot of a hash index, or no such folder",
            where=where,
            hint="build the index from the entries in the store, and save it",
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OutOfSpace(
                "the disk is full; the snapshot was not written, and the one before it still is",
                where=where,
                hint="free space, then save the index again",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise NoPermission(
                "the system refuses access",
                where=where,
                hint="run as the user who owns the folder, or give that user the right to write",
            ) from error
        raise StoreError(
            f"the system reports: {os.strerror(error.errno or errno.EIO)}",
            where=where,
            hint="check the disk and the folder, then try again",
        ) from error
