"""How much a picture may ask of the machine; checked before it is decoded."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from leeward.errors import InputError

__all__ = ["Limits", "check_bytes", "check_size"]

_MOST_PIXELS: Final = 178_956_970
"""Pillow refuses more than this by itself."""

_MOST_SIDE: Final = 65_535
"""What a JPEG can state; longer sides are no photograph's."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what is decoded.

    Attributes:
        max_bytes: Bytes of a file.
        max_pixels: Rows times columns of a picture or a frame. Decoding takes up to 16 bytes of
            memory for each.
        max_side: Rows or columns.
        max_frames: Frames of an animation that are decoded; later ones are not looked at.
        max_frame_pixels: Pixels of all frames of an animation that are decoded, together.
        max_views: Frames of an animation that are hashed besides the first, spread evenly.
    """

    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 64 << 20
    max_pixels: Annotated[int, msgspec.Meta(ge=1, le=_MOST_PIXELS)] = 80_000_000
    max_side: Annotated[int, msgspec.Meta(ge=1, le=_MOST_SIDE)] = 32_768
    max_frames: Annotated[int, msgspec.Meta(ge=1)] = 1_000
    max_frame_pixels: Annotated[int, msgspec.Meta(ge=1)] = 200_000_000
    max_views: Annotated[int, msgspec.Meta(ge=0)] = 16


def check_bytes(size: int, limits: Limits, where: str | None) -> None:
    """Refuse a file of too many bytes, or of none.

    Raises:
        InputError: It is such a file.
    """
    if size == 0:
        raise InputError("the file is empty", where=where, hint="send the picture again")
    if size > limits.max_bytes:
        raise InputError(
            f"the file has {size:,} bytes, and {limits.max_bytes:,} are allowed",
            where=where,
            hint="raise max_bytes, or have such files looked at by a person",
        )


def check_size(width: int, height: int, limits: Limits, where: str | None) -> None:
    """Refuse a picture that would take too much memory.

    Raises:
        InputError: It has too many pixels, too long a side, or no pixels.
    """
    if width < 1 or height < 1:
        raise InputError("the picture has no pixels", where=where, hint="send the picture again")
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise InputError(
            f"the picture states {width:,} x {height:,} pixels, and at most "
            f"{limits.max_pixels:,} pixels and a side of {limits.max_side:,} are allowed",
            where=where,
            hint="raise max_pixels or max_side, or have such files looked at by a person",
        )
