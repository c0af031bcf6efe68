"""Bytes of a file to pixels, by decoders that others keep.

What is decoded is what a browser would show, and where that is in doubt what Pillow's
``convert("RGB")`` gives:

* Transparency is ignored: the colours that lie beneath count. They are what the reference hashes.
  Where something is transparent, the picture over white is decoded as well.
* Colours of a palette are looked up, CMYK becomes RGB as Pillow does it, 16 bits become their
  upper 8.
* Of a picture that is cut short or damaged, what could be decoded counts; a browser shows it, and
  refusing it would let a missing last byte hide a known picture.
"""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import simplejpeg
from PIL import Image, ImageFile, features

from leeward.errors import DependencyDown, InputError, LeewardError
from leeward.hashing._formats import FORMATS, jpeg_turn, turn_of
from leeward.hashing._limits import check_size
from leeward.hashing._pdq import UPRIGHT, Turn
from leeward.hashing._scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.hashing._limits import Limits

    Pixels = npt.NDArray[np.uint8]

__all__ = ["Decoded", "decode", "later_frames"]


class Decoded(NamedTuple):
    """The pixels of a picture.

    Attributes:
        rgb: uint8 (rows, columns, 3), as they are stored; until the thread decodes the next.
        over_white: The same over white, where some of it is transparent.
        turn: How they are shown.
        damaged: The file was cut short or broken, and the rest is missing.
        animation: The opened picture where it has more frames.
    """

    rgb: Pixels
    over_white: Pixels | None
    turn: Turn
    damaged: bool
    animation: Image.Image | None


def decode(data: bytes, mime: str, limits: Limits, where: str | None) -> Decoded:
    """Decode a picture, or the first frame of an animation.

    Args:
        data: The whole file.
        mime: Of :data:`FORMATS`.
        limits: What it may ask for; checked by what its header states.
        where: What an error calls it.

    Raises:
        InputError: It is too large, or nothing could be decoded.
        DependencyDown: The decoder is not installed.
    """
    with _refusing(where):
        if mime == "image/jpeg":
            return _jpeg(data, limits, where) or _by_pillow(data, mime, limits, where)
        if mime == "image/heic":
            return _heic(data, limits, where)
        return _by_pillow(data, mime, limits, where)


def later_frames(
    animation: Image.Image, limits: Limits, where: str | None
) -> Iterator[tuple[int, Pixels]]:
    """The frames after the first, as far as the limits allow.

    Yields:
        Their number, from 1, and their pixels. It ends early where a frame is broken.
    """
    pixels = animation.width * animation.height
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(1, limits.max_frames):
            pixels += animation.width * animation.height
            if pixels > limits.max_frame_pixels:
                return
            try:
                animation.seek(number)
                check_size(animation.width, animation.height, limits, where)
                rgb, _ = _colours(animation)
            except Exception:  # the decoders fail in many ways; what was decoded before counts
                return
            yield number, rgb


@contextmanager
def _refusing(where: str | None) -> Iterator[None]:
    """Turn whatever a decoder raises into an error of ours, without what it quotes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except LeewardError:
        raise
    except MemoryError:
        raise InputError(
            "decoding the picture takes more memory than is allowed",
            where=where,
            hint="raise the memory of the worker, or lower max_pixels",
        ) from None
    except Image.DecompressionBombError:
        raise InputError(
            "the picture states far more pixels than are allowed",
            where=where,
            hint="have such files looked at by a person",
        ) from None
    except Exception as error:  # decoders of hostile bytes fail in many ways
        raise InputError(
            f"the picture cannot be decoded ({type(error).__name__})",
            where=where,
            hint="send it again as a JPEG, PNG, WebP, GIF, HEIC or AVIF file",
        ) from None


def _jpeg(data: bytes, limits: Limits, where: str | None) -> Decoded | None:
    """A JPEG by libjpeg-turbo itself, or nothing where Pillow knows better."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        return None
    check_size(width, height, limits, where)
    if space not in ("Gray", "YCbCr", "RGB"):
        return None
    damaged = False
    memory = scratch("jpeg", 3 * width * height)
    try:
        rgb = simplejpeg.decode_jpeg(data, buffer=memory)
    except ValueError:
        damaged = True
        memory[:] = 0
        try:
            rgb = simplejpeg.decode_jpeg(data, buffer=memory, strict=False)
        except ValueError:
            return None
    return Decoded(rgb, None, jpeg_turn(data), damaged, None)


def _by_pillow(data: bytes, mime: str, limits: Limits, where: str | None) -> Decoded:
    name = FORMATS[mime]
    if mime == "image/avif" and not features.check("avif"):
        raise DependencyDown(
            "this Pillow cannot decode AVIF", where=where, hint="install Pillow 11.3 or later"
        )
    picture = Image.open(io.BytesIO(data), formats=(name,))
    check_size(picture.width, picture.height, limits, where)
    damaged = _load(picture)
    rgb, over_white = _colours(picture)
    animated = mime != "image/jpeg" and not damaged and getattr(picture, "is_animated", False)
    turn = turn_of(picture.getexif())
    return Decoded(rgb, over_white, turn, damaged, picture if animated else None)


def _heic(data: bytes, limits: Limits, where: str | None) -> Decoded:
    """HEIC by libheif, which turns the pixels itself."""
    try:
        import pillow_heif
    except ImportError:
        raise DependencyDown(
            "HEIC needs the package pillow-heif",
            where=where,
            hint="run `pip install 'leeward[heif]'`; its wheels are under the GPL",
        ) from None
    opened = pillow_heif.open_heif(io.BytesIO(data))
    width, height = opened.size
    check_size(width, height, limits, where)
    rgb, over_white = _colours(opened.to_pillow())
    return Decoded(rgb, over_white, UPRIGHT, False, None)


def _load(picture: ImageFile.ImageFile) -> bool:
    """Decode, and keep what there is where the file ends too early.

    Returns:
        Whether something was missing.

    Raises:
        OSError: Nothing at all could be decoded.
    """
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError):
        if getattr(picture, "_im", None) is None:
            raise
        # The decoder has filled the rows that it had. Without tiles, Pillow takes them as all.
        picture.tile = []
        return True
    return False


def _colours(picture: Image.Image) -> tuple[Pixels, Pixels | None]:
    """The pixels as RGB, and over white where some are transparent."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # convert("RGB") would cut at 255 instead, which leaves a white sheet of most pictures.
        grey = np.clip(np.asarray(picture).astype(np.int64), 0, 65_535) >> 8
        return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2), None
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        rgb = np.asarray(layered)[:, :, :3]
        if layered.getchannel("A").getextrema()[0] == 255:
            return np.ascontiguousarray(rgb), None
        white = Image.new("RGB", layered.size, "white")
        white.paste(layered, mask=layered)
        return np.ascontiguousarray(rgb), np.asarray(white)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB")), None
