"""The pictures themselves: abstract patterns, drawn only when somebody asks to see one."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.errors import UsageError

if TYPE_CHECKING:
    from leeward.simulate._types import Floats, Mask, Octets

__all__ = ["render"]

_SIDE: Final = 16
_SMALLEST, _LARGEST = 64, 4_096


def render(pdq: str, size: int = 256) -> bytes:
    """Draw the picture that a simulated event stands for.

    A PDQ hash tells for each of the 16 x 16 lowest frequencies of a picture (without those that
    are constant in a row or a column) whether its coefficient is above their median (Facebook,
    The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm, 2019). So the
    picture is a sum of cosines of these frequencies, added or subtracted as the hash says.

    Args:
        pdq: The hash in the event, 64 hexadecimal digits.
        size: Width and height in pixels, 64 to 4,096.

    Returns:
        A PNG file. Its own PDQ hash is close to the one that was asked for.

    Raises:
        UsageError: The hash or the size cannot be used.
    """
    bits = _bits(pdq)
    if not _SMALLEST <= size <= _LARGEST:
        raise UsageError(
            f"a picture is {_SMALLEST} to {_LARGEST} pixels wide", where="size", hint="choose one"
        )
    waves = np.cos(
        np.pi * np.arange(1, _SIDE + 1)[:, None] * (2 * np.arange(size) + 1) / (2 * size)
    )
    signs = np.where(bits, 1.0, -1.0).reshape(_SIDE, _SIDE)
    level = waves.T @ signs @ waves
    level = 127.5 + 100 * np.clip(level / (3 * level.std()), -1, 1)
    return _png(_tinted(level, signs))


def _bits(pdq: str) -> Mask:
    try:
        octets = bytes.fromhex(pdq)
    except ValueError:
        octets = b""
    if len(octets) != _SIDE * _SIDE // 8:
        raise UsageError(
            "this is not a PDQ hash", where="pdq", hint="give the 64 hexadecimal digits of an event"
        )
    # The hash is written from its last bit to its first.
    return np.unpackbits(np.frombuffer(octets, np.uint8))[::-1].astype(np.bool_)


def _tinted(level: Floats, signs: Floats) -> Octets:
    """Red, green and blue with a tint that leaves the luma (BT.601) as it is."""
    red, blue = 24 * signs[0, :2] + 6 * signs[1, :2]
    tint = np.array([red, -(0.299 * red + 0.114 * blue) / 0.587, blue])
    coloured = level[:, :, None] + tint * np.sin(level / 40)[:, :, None]
    pixels: Octets = np.clip(np.rint(coloured), 0, 255).astype(np.uint8)
    return pixels


def _png(pixels: Octets) -> bytes:
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = pixels.reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 6)
    parts = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
