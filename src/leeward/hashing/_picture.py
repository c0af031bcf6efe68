"""One picture in, its PDQ hashes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from leeward.errors import InputError
from leeward.hashing._decode import decode, later_frames
from leeward.hashing._formats import FORMATS, sniff
from leeward.hashing._limits import Limits, check_bytes
from leeward.hashing._pdq import UPRIGHT, Turn, pdq, pdq_dihedral

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.hashing._decode import Decoded

    Pixels = npt.NDArray[np.uint8]

__all__ = ["POSITIONS", "PictureHash", "View", "hash_picture"]

POSITIONS: Final = (
    "upright",
    "turned_90",
    "turned_180",
    "turned_270",
    "flipped_rows",
    "flipped_columns",
    "transposed",
    "antitransposed",
)
"""The eight positions in their order: as it is, turned by right angles against the clock, mirrored
top to bottom, left to right, and on either diagonal."""


class View(msgspec.Struct, frozen=True):
    """Another way in which the same file can be looked at.

    Attributes:
        kind: ``as_stored``: before it is turned the way EXIF asks, which is what the reference
            hashes. ``over_white``: with what is transparent white. ``frame``: a later frame of an
            animation.
        frame: Its number, from 0.
        pdq: 32 bytes.
        quality: 0 to 100.
    """

    kind: Literal["as_stored", "over_white", "frame"]
    frame: int
    pdq: bytes
    quality: int

    def __repr__(self) -> str:
        return f"View(kind={self.kind!r}, frame={self.frame}, quality={self.quality})"


class PictureHash(msgspec.Struct, frozen=True):
    """What is known of a picture's looks. Hash values are secrets and stay out of ``repr``.

    Attributes:
        pdq: 32 bytes, of the picture as it is shown; the first frame of an animation.
        quality: 0 to 100. Below 50 a picture has too little in it to be told from others.
        width: Pixels across, as it is shown.
        height: Pixels down, as it is shown.
        mime: The media type, by the bytes.
        damaged: The file was cut short or broken; the hash is of what could be decoded.
        frames: Frames that were decoded; the limits end it.
        dihedral: The hashes of the eight positions, in the order of :func:`pdq_dihedral`, where
            they were asked for.
        views: Other looks of the same file, each to be matched too.
    """

    pdq: bytes
    quality: int
    width: int
    height: int
    mime: str
    damaged: bool = False
    frames: int = 1
    dihedral: tuple[bytes, ...] = ()
    views: tuple[View, ...] = ()

    def __repr__(self) -> str:
        return (
            f"PictureHash({self.mime}, {self.width} x {self.height}, quality={self.quality}, "
            f"damaged={self.damaged}, frames={self.frames}, views={len(self.views)})"
        )


def hash_picture(
    data: bytes,
    *,
    dihedral: bool = False,
    limits: Limits | None = None,
    where: str | None = None,
) -> PictureHash:
    """Hash a JPEG, PNG, WebP, GIF, AVIF or HEIC file.

    Bytes from strangers belong in a process of their own: see :class:`MediaHasher`.

    Args:
        data: The whole file.
        dihedral: Hash its eight positions as well.
        limits: What it may ask for; the defaults where not given.
        where: What an error calls it.

    Raises:
        InputError: Not such a file, too large, or nothing of it could be decoded.
        DependencyDown: The decoder for its kind is not installed.
    """
    limits = limits or Limits()
    check_bytes(len(data), limits, where)
    mime = sniff(data)
    if mime is None or mime not in FORMATS:
        raise InputError(
            "the file is of no kind of picture that is known",
            where=where,
            hint="send it as a JPEG, PNG, WebP, GIF, HEIC or AVIF file",
        )
    decoded = decode(data, mime, limits, where)
    bits, quality = pdq(decoded.rgb, decoded.turn)
    positions = pdq_dihedral(decoded.rgb, decoded.turn)[0] if dihedral else ()
    frames, views = _views(decoded, limits, where)
    height, width = decoded.rgb.shape[:2]
    if decoded.turn.transpose:
        height, width = width, height
    main = pack(bits)
    return PictureHash(
        pdq=main,
        quality=quality,
        width=width,
        height=height,
        mime=mime,
        damaged=decoded.damaged,
        frames=frames,
        dihedral=tuple(map(pack, positions)),
        views=tuple(view for view in views if view.pdq != main),
    )


def pack(bits: npt.NDArray[np.uint8]) -> bytes:
    """256 bits as 32 bytes; their hexadecimal form is the one that the reference writes."""
    return np.packbits(bits).tobytes()


def _views(decoded: Decoded, limits: Limits, where: str | None) -> tuple[int, list[View]]:
    """How many frames there are, and the other looks of the file."""
    views = []
    if decoded.turn != UPRIGHT:
        views.append(_view("as_stored", 0, decoded.rgb))
    if decoded.over_white is not None:
        views.append(_view("over_white", 0, decoded.over_white, decoded.turn))
    frames, sample = 1, list[View]()
    if decoded.animation is not None and limits.max_views:
        step = 1
        for number, rgb in later_frames(decoded.animation, limits, where):
            frames = number + 1
            if number % step:
                continue
            sample.append(_view("frame", number, rgb, decoded.turn))
            if len(sample) > limits.max_views:
                # How many will come is not known beforehand: keep every second, go on so.
                step *= 2
                sample = [view for view in sample if view.frame % step == 0]
    return frames, views + sample


def _view(
    kind: Literal["as_stored", "over_white", "frame"],
    frame: int,
    rgb: Pixels,
    turn: Turn = UPRIGHT,
) -> View:
    bits, quality = pdq(rgb, turn)
    return View(kind, frame, pack(bits), quality)
