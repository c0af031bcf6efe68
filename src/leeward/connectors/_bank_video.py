"""Known videos as entries: what a list says of one, and how it is written again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from leeward.errors import InputError
from leeward.hashing import MAX_VIDEO_FRAMES, QUALITY_FLOOR, FrameHash, read_vpdq, write_vpdq
from leeward.model import VIDEO, NewEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Provenance

__all__ = ["frames_in", "frames_json", "frames_line", "video_entry"]


def video_entry(frames: Sequence[FrameHash], provenance: Provenance) -> NewEntry:
    """A known video on its way into a bank.

    Raises:
        InputError: It has too many frames, or none that is good enough to be compared. The
            message goes on after "line 3".
    """
    if len(frames) > MAX_VIDEO_FRAMES:
        raise InputError(f"has more than {MAX_VIDEO_FRAMES:,} frames")
    if not any(frame.quality >= QUALITY_FLOOR for frame in frames):
        raise InputError(f"has no frame with a quality of {QUALITY_FLOOR}")
    text = write_vpdq(frames).encode()
    return NewEntry(VIDEO, hashlib.sha256(text).digest(), provenance, text)


def frames_in(text: str) -> list[FrameHash]:
    """The frames that a cell or a line of a list holds.

    Raises:
        InputError: It holds none; the message goes on after "line 3".
    """
    try:
        return read_vpdq(text)
    except InputError:
        raise InputError("has no frames of frame,quality,hash,seconds;...") from None


def frames_line(frames: Sequence[FrameHash]) -> str:
    """Frames in one cell: vPDQ's lines, with semicolons between them."""
    return write_vpdq(frames, end=";")


def frames_json(frames: Sequence[FrameHash]) -> str:
    """Frames as the threatexchange library has them: ``hash,quality,seconds`` in a JSON list."""
    items = [f"{frame.pdq.hex()},{frame.quality},{frame.seconds:.3f}" for frame in frames]
    return msgspec.json.encode(items).decode()
