"""Which kind of picture some bytes are, and which way up it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image

from leeward.hashing._pdq import UPRIGHT, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "jpeg_turn", "sniff", "turn_of"]

FORMATS: Final[Mapping[str, str]] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}
"""Media types that are hashed, and Pillow's name for each. No other decoder is ever called."""

_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_ORIENTATION: Final = 0x0112
"""The EXIF tag that says how a picture is held."""

_TURNS: Final = {
    2: Turn(flip_columns=True),
    3: Turn(flip_rows=True, flip_columns=True),
    4: Turn(flip_rows=True),
    5: Turn(transpose=True),
    6: Turn(flip_rows=True, transpose=True),
    7: Turn(flip_rows=True, flip_columns=True, transpose=True),
    8: Turn(flip_columns=True, transpose=True),
}
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN: Final = 0xDA
_APP1: Final = 0xE1


def sniff(data: bytes) -> str | None:
    """The media type by the first bytes of a file; names and declared types can lie.

    Returns:
        A key of :data:`FORMATS`, ``video/mp4``, ``video/webm`` and the like for the containers
        of videos, or nothing.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(data[8:12])
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return _iso_media(data) if data[4:8] == b"ftyp" else None


def _iso_media(data: bytes) -> str:
    """The type of a file made of ISO boxes, by the brands that it claims."""
    size = min(int.from_bytes(data[:4]), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))}
    if brands & _AVIF:
        return "image/avif"
    return "image/heic" if brands & _HEIC else "video/mp4"


def turn_of(exif: Image.Exif) -> Turn:
    """How a picture is shown; as it is stored where the orientation is absent or absurd."""
    orientation = exif.get(_ORIENTATION)
    return _TURNS.get(orientation, UPRIGHT) if isinstance(orientation, int) else UPRIGHT


def jpeg_turn(data: bytes) -> Turn:
    """How a JPEG is shown, by its first EXIF segment. Broken EXIF counts as none."""
    payload = _exif_segment(data)
    if payload is None:
        return UPRIGHT
    exif = Image.Exif()
    try:
        exif.load(payload)
        return turn_of(exif)
    except Exception:  # a broken EXIF block fails in many ways, all harmless
        return UPRIGHT


def _exif_segment(data: bytes) -> bytes | None:
    """The payload of the first APP1 segment that holds EXIF, before the picture begins."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == _START_OF_SCAN:
            return None
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _APP1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 4 : end]
        at = end
    return None
