"""Reading a file that a stranger sends: never more bytes than are allowed, packed or unpacked."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpcore

__all__ = ["BodyRefused", "read_body"]

_EITHER: Final = 32 + zlib.MAX_WBITS
"""zlib's word for: a stream of gzip or of zlib, whichever it is."""

_PACKED: Final = frozenset({b"gzip", b"x-gzip", b"deflate"})


class BodyRefused(Exception):
    """The file is too large, or packed in a way that is not known.

    Args:
        too_large: Which of the two.
    """

    def __init__(self, *, too_large: bool) -> None:
        super().__init__("too large" if too_large else "packed")
        self.too_large = too_large


def read_body(response: httpcore.Response, headers: Mapping[bytes, bytes], most: int) -> bytes:
    """The whole file.

    Args:
        response: Whose body was not read yet.
        headers: Its headers, by their names in small letters.
        most: Bytes that the file may have.

    Raises:
        BodyRefused: It has more, or is packed in a way that was not asked for and is not known.
    """
    told = headers.get(b"content-length", b"")
    if told.isdigit() and int(told[:19]) > most:
        raise BodyRefused(too_large=True)
    coding = headers.get(b"content-encoding", b"identity").strip().lower()
    if coding not in _PACKED | {b"identity", b""}:
        raise BodyRefused(too_large=False)
    unpack = _Unpacker() if coding in _PACKED else None
    parts: list[bytes] = []
    arrived = size = 0
    for chunk in response.iter_stream():
        arrived += len(chunk)
        part = chunk if unpack is None else unpack.more(chunk, most - size)
        size += len(part)
        if max(arrived, size) > most:
            raise BodyRefused(too_large=True)
        parts.append(part)
    if unpack is not None and not unpack.whole:
        raise BodyRefused(too_large=False)
    return b"".join(parts)


class _Unpacker:
    """Unpacks a stream, and makes no more than it is told."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_EITHER)

    @property
    def whole(self) -> bool:
        """Whether the stream came to its end."""
        return self._stream.eof

    def more(self, chunk: bytes, left: int) -> bytes:
        """What some bytes unpack to; one byte too much where there is more than is left.

        Raises:
            BodyRefused: It is no such stream.
        """
        try:
            return self._stream.decompress(chunk, left + 1)
        except zlib.error:
            raise BodyRefused(too_large=False) from None
