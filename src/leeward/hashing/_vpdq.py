"""A video as a set of frame hashes: its text form and its match rule, as in vPDQ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from leeward.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

__all__ = [
    "MAX_VIDEO_FRAMES",
    "FrameHash",
    "VideoMatch",
    "compare_videos",
    "read_vpdq",
    "write_vpdq",
]

MAX_VIDEO_FRAMES: Final = 1_000
"""Frames of a known video: a quarter of an hour of them, and a line that a CSV can hold."""

_LINE: Final = re.compile(
    r"(?P<number>\d{1,9}),(?P<quality>\d{1,3}),(?P<pdq>[0-9a-fA-F]{64}),(?P<seconds>\d{1,9}(\.\d+)?)"
)
_COMPACT: Final = re.compile(
    r"(?P<pdq>[0-9a-fA-F]{64}),(?P<quality>\d{1,3}),(?P<seconds>\d{1,9}(\.\d*)?)"
)
"""How the threatexchange library writes a frame, in a list in JSON."""

_ROWS: Final = 256
"""Query frames compared with all bank frames at a time."""


class FrameHash(msgspec.Struct, frozen=True):
    """One frame of a video.

    Attributes:
        number: Of the frame in the video, from 0.
        quality: 0 to 100.
        pdq: 32 bytes, kept out of ``repr``.
        seconds: When it is shown, from the start.
    """

    number: int
    quality: int
    pdq: bytes
    seconds: float

    def __repr__(self) -> str:
        return (
            f"FrameHash(number={self.number}, quality={self.quality}, seconds={self.seconds:.3f})"
        )


class VideoMatch(NamedTuple):
    """How much two videos have in common.

    Attributes:
        query_share: Share of the query's frames that are like some frame of the bank's, 0 to 1.
        bank_share: Share of the bank's frames that are like some frame of the query's.
        query_frames: Frames of the query that were good enough to be compared.
        bank_frames: The same of the bank's.
    """

    query_share: float
    bank_share: float
    query_frames: int
    bank_frames: int

    def matches(self, *, query: float = 0.0, bank: float = 0.8) -> bool:
        """Whether enough of each is in the other; vPDQ suggests these shares.

        A small share of the query lets a known clip be found inside a long video. Where no frame
        could be compared there is no match, and none was ruled out.
        """
        if not self.query_frames or not self.bank_frames:
            return False
        return self.query_share >= query and self.bank_share >= bank


def compare_videos(
    query: Sequence[FrameHash],
    bank: Sequence[FrameHash],
    *,
    distance: int = 31,
    quality: int = 50,
) -> VideoMatch:
    """Compare each frame with each, as vPDQ does; order and time do not count.

    vPDQ's program takes frames *below* its distance, and its description frames *within* it, as
    here: its 32 is our 31.

    Args:
        query: Frames of the video in question.
        bank: Frames of the known one.
        distance: Bits by which two frames may differ.
        quality: Frames below it are left out on both sides.
    """
    one, other = _words(query, quality), _words(bank, quality)
    if not len(one) or not len(other):
        return VideoMatch(0.0, 0.0, len(one), len(other))
    forth = np.zeros(len(one), np.bool_)
    back = np.zeros(len(other), np.bool_)
    for start in range(0, len(one), _ROWS):
        rows = one[start : start + _ROWS]
        apart = np.bitwise_count(rows[:, None, :] ^ other[None, :, :]).sum(axis=2, dtype=np.int32)
        near = apart <= distance
        forth[start : start + _ROWS] = near.any(axis=1)
        back |= near.any(axis=0)
    return VideoMatch(float(forth.mean()), float(back.mean()), len(one), len(other))


def _words(frames: Iterable[FrameHash], quality: int) -> npt.NDArray[np.uint64]:
    kept = b"".join(frame.pdq for frame in frames if frame.quality >= quality)
    return np.frombuffer(kept, np.uint64).reshape(-1, 4)


def write_vpdq(frames: Iterable[FrameHash], *, end: str = "\n") -> str:
    """The text form: ``frame,quality,hash,seconds`` a line, the hash in hexadecimal.

    It shows hash values, which are secrets.

    Args:
        frames: Of one video.
        end: What ends a frame; with a semicolon a video is one line, or one cell of a table.
    """
    return "".join(
        f"{frame.number},{frame.quality},{frame.pdq.hex()},{frame.seconds:.3f}{end}"
        for frame in frames
    )


def read_vpdq(text: str, *, where: str | None = None) -> list[FrameHash]:
    """Read the text form.

    Args:
        text: Of :func:`write_vpdq` or of vPDQ, frames apart by line breaks or semicolons, empty
            ones left out; or a list in JSON as the threatexchange library writes it.
        where: What an error calls it.

    Raises:
        InputError: A line is of another form; it is named by its number only.
    """
    if text.lstrip().startswith("["):
        return _read_list(text, where)
    frames = []
    for number, line in enumerate(text.replace(";", "\n").splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or int(match["quality"]) > 100:
            place = f"line {number}" if where is None else f"{where}, line {number}"
            raise InputError(
                "a line is not frame,quality,hash,seconds",
                where=place,
                hint="give a frame number, a quality to 100, 64 hexadecimal digits and seconds",
            )
        pdq, seconds = bytes.fromhex(match["pdq"]), float(match["seconds"])
        frames.append(FrameHash(int(match["number"]), int(match["quality"]), pdq, seconds))
    return frames


def _read_list(text: str, where: str | None) -> list[FrameHash]:
    """The frames of a list in JSON, which has no numbers of frames: they are counted."""
    try:
        items = msgspec.json.decode(text, type=list[str])
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        items = [""]
    frames = []
    for number, item in enumerate(items):
        match = _COMPACT.fullmatch(item)
        if match is None or int(match["quality"]) > 100:
            raise InputError(
                "a list of frames is not hash,quality,seconds in JSON",
                where=where,
                hint="give it as the threatexchange library writes it",
            )
        pdq, seconds = bytes.fromhex(match["pdq"]), float(match["seconds"])
        frames.append(FrameHash(number, int(match["quality"]), pdq, seconds))
    return frames
