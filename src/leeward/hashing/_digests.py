"""SHA-256, SHA-1 and MD5 of a file in one pass over its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Digests", "digests"]

_CHUNK: Final = 1 << 18
"""Bytes that each algorithm reads in turn, so that the later ones find them in the cache."""


class Digests(msgspec.Struct, frozen=True):
    """What identifies a file exactly. The values are secrets and stay out of ``repr``.

    Attributes:
        sha256: 32 bytes.
        sha1: 20 bytes, for banks that hold nothing else.
        md5: 16 bytes, for banks that hold nothing else.
        size: Bytes of the file.
    """

    sha256: bytes
    sha1: bytes
    md5: bytes
    size: int

    def __repr__(self) -> str:
        return f"Digests(size={self.size})"


def digests(source: bytes | bytearray | memoryview | Path | Iterable[bytes]) -> Digests:
    """Compute all three digests, reading ``source`` once.

    Args:
        source: The bytes, a file, or pieces as a stream yields them.

    Raises:
        OSError: The file cannot be read.
    """
    sha256 = hashlib.sha256(usedforsecurity=False)
    sha1 = hashlib.sha1(usedforsecurity=False)
    md5 = hashlib.md5(usedforsecurity=False)
    size = 0
    for chunk in _chunks(source):
        for algorithm in (sha256, sha1, md5):
            algorithm.update(chunk)
        size += len(chunk)
    return Digests(sha256.digest(), sha1.digest(), md5.digest(), size)


def _chunks(
    source: bytes | bytearray | memoryview | Path | Iterable[bytes],
) -> Iterator[bytes | memoryview]:
    if isinstance(source, Path):
        with source.open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    elif isinstance(source, bytes | bytearray | memoryview):
        whole = memoryview(source).cast("B")
        for start in range(0, len(whole), _CHUNK):
            yield whole[start : start + _CHUNK]
    else:
        for piece in source:
            yield from _chunks(piece)
