"""Files and standard input as streams of bytes: known by what they hold, not by their names."""

from __future__ import annotations

import abc
import io
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

import pyarrow as pa

from leeward.errors import InputError, NoPermission, UsageError
from leeward.model import bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Buffer

__all__ = [
    "CHUNK_BYTES",
    "HEAD_BYTES",
    "Chunk",
    "Opened",
    "Stream",
    "chunks",
    "expand",
    "open_input",
]

STDIN: Final = "-"
CHUNK_BYTES: Final = 4 << 20
"""Bytes of text that are decoded at a time."""
HEAD_BYTES: Final = 65_536
"""Bytes from the beginning by which the content of an input is known."""

_BOM: Final = b"\xef\xbb\xbf"
_COMPRESSED: Final = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_FOREIGN: Final = (
    (b"ARROW1", "an Arrow file", "write it as Parquet"),
    (b"BZh", "compressed with bzip2", "decompress it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ\x00", "compressed with xz", "decompress it, or compress it with gzip or zstd"),
    (b"PK\x03\x04", "a zip archive", "unpack it and give the folder"),
    (b"SQLite format 3\x00", "an SQLite database", "export its table as CSV or Parquet"),
)
_AGAIN: Final = "fetch or write the file again and repeat the command; what is done is skipped"


class Stream(io.RawIOBase):
    """Bytes that may come from anywhere; a subclass says how in :meth:`read`."""

    def readable(self) -> bool:
        """True: this is all that a stream is for."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer, for readers of the standard library that ask so."""
        view = memoryview(buffer)
        part = self.read(len(view))
        view[: len(part)] = part
        return len(part)

    @abc.abstractmethod
    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """An input that is open for reading.

    Attributes:
        name: Its file name without folders, or ``-``: what the log keeps as its origin.
        path: Where it lies; None for what can be read only once.
        content: What it holds once decompressed.
        head: Its first bytes, decompressed.
        stream: All its bytes, decompressed, without a byte order mark.
    """

    name: str
    path: Path | None
    content: Literal["text", "parquet"]
    head: bytes
    stream: Stream


class Chunk(NamedTuple):
    """Some whole lines.

    Attributes:
        first_line: Number of the first of them, from 1.
        data: Their bytes; only the last line of the input may lack its line feed.
        cut: Bytes of overlong lines that were passed over, and are not in ``data``.
    """

    first_line: int
    data: bytes
    cut: int

    def __repr__(self) -> str:
        """Without the bytes: content stays out of ``repr``."""
        return f"<Chunk first_line={self.first_line} bytes={len(self.data)}>"


def expand(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path | None]:
    """The files that are meant: a folder stands for all files in it, sorted; ``-`` is None.

    Raises:
        UsageError: There is no such file.
        NoPermission: A folder may not be read.
    """
    for given in paths:
        if os.fspath(given) == STDIN:
            yield None
            continue
        path = Path(given)
        if not path.exists():
            raise UsageError("There is no such file", where=path.name, hint="check the path")
        if not path.is_dir():
            yield path
            continue
        yield from _files_in(path)


@contextmanager
def open_input(path: Path | None) -> Iterator[Opened]:
    """Open a file, or standard input for None, and see what it holds.

    Raises:
        InputError: It is cut short, damaged, or of a kind that is not read.
        NoPermission: The system refuses access.
    """
    if path is None:
        yield _look("-", None, sys.stdin.buffer)
        return
    with _permitted(path):
        file = path.open("rb")
    with file:
        # A pipe has a path too, but nothing can be read from it twice.
        yield _look(path.name, path if path.is_file() else None, file)


def chunks(stream: _Readable, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Cut a stream into whole lines, with at most ``size`` + ``MAX_LINE`` bytes in memory.

    Of a line that does not fit, ``MAX_LINE`` + 1 bytes are kept, so that it is seen to be too
    long. Where the stream is cut depends on its bytes and ``size`` alone, not on how they arrive.
    """
    line = 1
    cut = 0
    passing = False
    rest = b""
    while block := _filled(stream, size):
        if passing:
            feed = block.find(b"\n")
            cut += len(block) if feed < 0 else feed
            if feed < 0:
                continue
            block = block[feed:]
            passing = False
        data = rest + block
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if end:
            yield Chunk(line, data[:end], cut)
            line += data.count(b"\n")
            cut = 0
        if len(rest) > bounds.MAX_LINE:
            cut += len(rest) - bounds.MAX_LINE - 1
            rest = rest[: bounds.MAX_LINE + 1]
            passing = True
    if rest:
        yield Chunk(line, rest, cut)


def _look(name: str, path: Path | None, raw: _Readable) -> Opened:
    head = _filled(raw, HEAD_BYTES)
    stream: Stream = _Joined(head, raw)
    plain = path is not None
    for magic, codec in _COMPRESSED:
        if head.startswith(magic):
            stream = _Decompressed(stream, codec, name)
            head = _filled(stream, HEAD_BYTES)
            stream = _Joined(head, stream)
            plain = False
            break
    for magic, kind, hint in _FOREIGN:
        if head.startswith(magic):
            raise InputError(f"The input is {kind}, which is not read", where=name, hint=hint)
    if not head.startswith(b"PAR1"):
        return Opened(name, path, "text", head.removeprefix(_BOM), _without_bom(head, stream))
    if not plain:
        raise InputError(
            "Parquet cannot be read from a pipe or inside another compression",
            where=name,
            hint="give the path of the plain Parquet file; it is compressed inside already",
        )
    return Opened(name, path, "parquet", head, stream)


def _without_bom(head: bytes, stream: Stream) -> Stream:
    if head.startswith(_BOM):
        stream.read(len(_BOM))
    return stream


def _filled(stream: _Readable, size: int) -> bytes:
    """Exactly ``size`` bytes unless the stream ends: pipes and decompressors give less."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _files_in(folder: Path) -> list[Path]:
    def stop(error: OSError) -> None:
        # A folder that is passed over in silence would be input that is lost in silence.
        raise error

    with _permitted(folder):
        found = [
            Path(parent, name)
            for parent, _, names in os.walk(folder, onerror=stop)
            for name in names
        ]
    return sorted(path for path in found if path.is_file())


@contextmanager
def _permitted(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise NoPermission(
            "The system does not let this user read it",
            where=path.name,
            hint="allow reading, or run the command as a user who may",
        ) from None


class _Joined(Stream):
    """Bytes that were read already, and then the rest of their stream."""

    def __init__(self, head: bytes, rest: _Readable) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        if not len(self._head):
            return self._rest.read(size)
        part = bytes(self._head[:size] if size >= 0 else self._head)
        self._head = self._head[len(part) :]
        return part


class _Decompressed(Stream):
    """A gzip or zstd stream, of one member or many, decompressed."""

    def __init__(self, stream: _Readable, codec: str, name: str) -> None:
        super().__init__()
        self._stream = pa.CompressedInputStream(pa.PythonFile(stream, "r"), codec)
        self._codec = codec
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        try:
            part: bytes = self._stream.read(size)
        except (OSError, pa.ArrowException) as error:
            # Arrow has one error for both; this is the only place that can tell them apart.
            cut = "Truncated" in str(error)
            raise InputError(
                f"The {self._codec} file is cut short: its end is missing"
                if cut
                else f"The {self._codec} file is damaged, or something else follows its end",
                where=self._name,
                hint=_AGAIN,
            ) from None
        return part
