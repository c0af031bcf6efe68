"""Arrays and a description as bytes that are the same for the same content, and checked.

A magic number, the length of the description, the description as JSON with its keys in order, the
arrays as they lie in memory (little-endian), and SHA-256 of all that. Nothing in it is executed
when it is read.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from leeward.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

__all__ = ["pack", "unpack"]

_DIGEST: Final = 32
_HEAD: Final = 4
_TYPES: Final = ("<f4", "<f8", "<i4", "<i8", "<u8", "|u1")
_BROKEN: Final = (KeyError, TypeError, ValueError, OverflowError, msgspec.MsgspecError)


def pack(
    magic: bytes, described: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]
) -> bytes:
    """The bytes.

    Args:
        magic: What kind of file it is, eight bytes.
        described: JSON values; ``arrays`` is taken.
        arrays: By name, of any shape; no objects.
    """
    shapes = {
        name: [array.dtype.newbyteorder("<").str, *array.shape] for name, array in arrays.items()
    }
    head = msgspec.json.encode({**described, "arrays": shapes}, order="sorted")
    body = b"".join(
        np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<")).tobytes()
        for name in sorted(arrays)
    )
    whole = magic + len(head).to_bytes(_HEAD, "little") + head + body
    return whole + hashlib.sha256(whole).digest()


def unpack(
    magic: bytes, octets: bytes, where: str
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The description and the arrays.

    Raises:
        Corrupt: These are not the bytes that :func:`pack` made.
    """
    start = len(magic) + _HEAD
    whole, digest = octets[:-_DIGEST], octets[-_DIGEST:]
    if len(whole) < start or whole[: len(magic)] != magic:
        raise Corrupt("this is not a file of the form that was expected", where=where)
    if hashlib.sha256(whole).digest() != digest:
        raise Corrupt(
            "the file is damaged: its checksum differs",
            where=where,
            hint="restore it from a backup, or make it anew",
        )
    size = int.from_bytes(whole[len(magic) : start], "little")
    try:
        return _read(whole, start, start + size)
    except (*_BROKEN, RecursionError):
        raise Corrupt("the file does not say what it holds", where=where) from None


def _read(whole: bytes, start: int, at: int) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """A checksum says that a file is whole, not who wrote it: whatever it says may be wrong."""
    described = msgspec.json.decode(whole[start:at], type=dict[str, Any])
    shapes = msgspec.convert(described.pop("arrays"), dict[str, list[str | int]])
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, (kind, *shape) in sorted(shapes.items()):
        if kind not in _TYPES or not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ValueError("no such array")
        sides = [int(side) for side in shape]
        count = math.prod(sides)
        arrays[name] = np.frombuffer(whole, np.dtype(kind), count, at).reshape(sides).copy()
        at += arrays[name].nbytes
    return described, arrays
