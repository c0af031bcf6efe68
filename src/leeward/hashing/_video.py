"""A video to frame hashes: one a second, and one at each cut of a scene."""

from __future__ import annotations

import io
import math
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np

from leeward.errors import DependencyDown, InputError, LeewardError
from leeward.hashing._formats import sniff
from leeward.hashing._limits import Limits, check_bytes, check_size
from leeward.hashing._pdq import UPRIGHT, Turn, pdq
from leeward.hashing._picture import pack
from leeward.hashing._video_program import (
    Programs,
    find_programs,
    handed_over,
    program_frames,
    stream_of,
)
from leeward.hashing._vpdq import FrameHash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

__all__ = ["VideoHash", "VideoLimits", "hash_video"]

_CONTAINERS: Final = {
    "video/mp4": "mov,mp4,m4a,3gp,3g2,mj2",
    "video/webm": "matroska,webm",
    "video/x-msvideo": "avi",
}
"""Media types, and FFmpeg's name for each. Formats that name other files or addresses, such as
playlists, are never opened."""

_TURNS: Final = {
    90: Turn(flip_columns=True, transpose=True),
    -90: Turn(flip_rows=True, transpose=True),
    180: Turn(flip_rows=True, flip_columns=True),
    -180: Turn(flip_rows=True, flip_columns=True),
}
"""How frames are shown, by the angle against the clock that the container asks for."""

_SMALL: Final = 32
"""Rows and columns of the grey picture by which cuts are seen."""

_CUT: Final = 24.0
"""Mean difference of two frames' grey pixels, 0 to 255, from which on a scene was cut."""

_APART: Final = 5
"""Frames between two hashed ones at least, so that a flicker is not hashed frame by frame."""

_LONGEST: Final = 120
"""Frames between two hashed ones at most, where a video's clock stands still."""


class VideoLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what is decoded of a video.

    Attributes:
        max_bytes: Bytes of a file.
        max_pixels: Rows times columns of a frame.
        max_side: Rows or columns of a frame.
        max_decoded: Frames that are decoded; later ones are not looked at.
        max_hashed: Frames that are hashed; later ones are not looked at.
        max_seconds: Time that decoding may take; later frames are not looked at.
    """

    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 1 << 30
    max_pixels: Annotated[int, msgspec.Meta(ge=1)] = 34_000_000
    max_side: Annotated[int, msgspec.Meta(ge=1, le=32_768)] = 8_192
    max_decoded: Annotated[int, msgspec.Meta(ge=1)] = 100_000
    max_hashed: Annotated[int, msgspec.Meta(ge=1)] = 4_000
    max_seconds: Annotated[float, msgspec.Meta(gt=0)] = 3_600.0


class VideoHash(msgspec.Struct, frozen=True):
    """What is known of a video's looks.

    Attributes:
        frames: The hashed frames, in the order in which they are shown.
        width: Pixels across, as it is shown.
        height: Pixels down, as it is shown.
        mime: The media type of the container, by the bytes.
        decoded: Frames that were decoded.
        complete: Every frame was decoded: neither a limit nor damage ended it.
    """

    frames: tuple[FrameHash, ...]
    width: int
    height: int
    mime: str
    decoded: int
    complete: bool


def hash_video(
    source: bytes | Path, *, limits: VideoLimits | None = None, where: str | None = None
) -> VideoHash:
    """Hash frames of an MP4, QuickTime, Matroska, WebM or AVI file.

    The first frame that is shown in each second is hashed, and the first after each cut.

    Args:
        source: The whole file, or where it lies.
        limits: What it may ask for; the defaults where not given.
        where: What an error calls it; the path where not given.

    Raises:
        InputError: Not such a file, too large, or nothing of it could be decoded.
        DependencyDown: Neither PyAV nor FFmpeg's programs are installed.
    """
    limits = limits or VideoLimits()
    where = where or (str(source) if isinstance(source, Path) else None)
    try:
        import av
    except ImportError:
        programs = find_programs()
        if programs is None:
            raise DependencyDown(
                "videos need the package av, or the programs ffmpeg and ffprobe",
                where=where,
                hint="run `pip install 'leeward[video]'`; its wheels hold FFmpeg with GPL parts",
            ) from None
        with source.open("rb") if isinstance(source, Path) else handed_over(source) as file:
            mime = _checked(file, limits, where)
            return _by_programs(programs, file, mime, limits, where)
    try:
        with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
            mime = _checked(file, limits, where)
            with av.open(file, format=_CONTAINERS[mime], io_open=_refused) as container:
                return _hash(_by_package(container, limits, where), mime, limits, where)
    except LeewardError:
        raise
    except Exception as error:  # demuxers of hostile bytes fail in many ways
        raise InputError(
            f"the video cannot be decoded ({type(error).__name__})",
            where=where,
            hint="send it again as an MP4, WebM or AVI file",
        ) from None


class _Frame(NamedTuple):
    """A frame that was decoded.

    Attributes:
        seconds: When it is shown, from the first one.
        grey: uint8 (32, 32), by which cuts are seen.
        rgb: Gives uint8 (rows, columns, 3), as stored.
        turn: How it is shown.
    """

    seconds: float
    grey: Grey
    rgb: Callable[[], npt.NDArray[np.uint8]]
    turn: Turn


def _checked(file: BinaryIO, limits: VideoLimits, where: str | None) -> str:
    """The media type of a video that may be opened."""
    size = file.seek(0, io.SEEK_END)
    check_bytes(size, Limits(max_bytes=limits.max_bytes), where)
    file.seek(0)
    mime = sniff(file.read(512)) or ""
    file.seek(0)
    if mime not in _CONTAINERS:
        raise InputError(
            "the file is of no kind of video that is known",
            where=where,
            hint="send it as an MP4, WebM or AVI file",
        )
    return mime


def _refused(*_: object) -> None:
    """A video that names another file or address does not get it."""
    raise PermissionError


def _hash(
    decoded: Iterator[_Frame | None], mime: str, limits: VideoLimits, where: str | None
) -> VideoHash:
    sampler, frames = _Sampler(), list[FrameHash]()
    width, height, number, complete = 0, 0, 0, False
    end = time.monotonic() + limits.max_seconds
    for frame in decoded:
        if frame is None:
            complete = True
            break
        if number == limits.max_decoded or len(frames) == limits.max_hashed:
            break
        if frames and time.monotonic() > end:
            break
        if sampler.wants(number, frame.seconds, frame.grey):
            pixels = frame.rgb()
            height, width = pixels.shape[:2]
            if frame.turn.transpose:
                width, height = height, width
            bits, quality = pdq(pixels, frame.turn)
            frames.append(FrameHash(number, quality, pack(bits), frame.seconds))
        number += 1
    if not frames:
        raise InputError(
            "no frame of the video can be decoded", where=where, hint="send the video again"
        )
    return VideoHash(tuple(frames), width, height, mime, number, complete)


def _by_package(container: Any, limits: VideoLimits, where: str | None) -> Iterator[_Frame | None]:
    """The frames that PyAV decodes; at the end of the file, None."""
    if not container.streams.video:
        raise InputError("the file has no video in it", where=where, hint="send the video again")
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    check_size(stream.width, stream.height, _frame_limits(limits), where)
    for frame, seconds in _shown(container, stream):
        if frame is None:
            yield None
            return
        check_size(frame.width, frame.height, _frame_limits(limits), where)
        grey = frame.reformat(width=_SMALL, height=_SMALL, format="gray").to_ndarray()
        rgb = partial(frame.to_ndarray, format="rgb24")
        yield _Frame(seconds, grey, rgb, _TURNS.get(round(frame.rotation), UPRIGHT))


def _by_programs(
    programs: Programs, file: BinaryIO, mime: str, limits: VideoLimits, where: str | None
) -> VideoHash:
    """The same by FFmpeg's programs."""
    container = _CONTAINERS[mime]
    stream = stream_of(programs, file, container, where)
    check_size(stream.width, stream.height, _frame_limits(limits), where)
    turn = _TURNS.get(stream.rotation, UPRIGHT)
    with closing(program_frames(programs, file, container, stream, _SMALL)) as found:
        frames = (
            None if one is None else _Frame(one[2], one[1], partial(_itself, one[0]), turn)
            for one in found
        )
        return _hash(frames, mime, limits, where)


def _itself(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return pixels


def _frame_limits(limits: VideoLimits) -> Limits:
    return Limits(max_pixels=limits.max_pixels, max_side=limits.max_side)


def _shown(container: Any, stream: Any) -> Iterator[tuple[Any, float]]:
    """The frames with their seconds from the first; at the end of the file, nothing.

    Where a frame is broken it ends without that: what was decoded before counts.
    """
    first: float | None = None
    frames = container.decode(stream)
    while True:
        try:
            frame = next(frames, None)
        except Exception:  # a decoder fails in many ways
            return
        if frame is None:
            break
        shown = 0.0 if frame.time is None or not math.isfinite(frame.time) else float(frame.time)
        first = shown if first is None else first
        yield frame, max(0.0, shown - first)
    yield None, 0.0


class _Sampler:
    """Which frames are hashed."""

    def __init__(self) -> None:
        self._due = 0.0
        self._hashed = -_LONGEST
        self._before: Grey | None = None
        self._cut = False

    def wants(self, number: int, seconds: float, now: Grey) -> bool:
        """Whether to hash the frame: a second is over, or the scene was cut."""
        before, self._before = self._before, now
        if before is not None:
            self._cut |= float(np.abs(now.astype(np.int16) - before).mean()) >= _CUT
        since = number - self._hashed
        wanted = seconds >= self._due or since >= _LONGEST or (self._cut and since >= _APART)
        if wanted:
            self._hashed, self._cut = number, False
            self._due = max(self._due, math.floor(seconds) + 1.0)
        return wanted
