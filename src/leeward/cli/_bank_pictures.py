"""Picture and video files on their way into a bank, for ``leeward bank add``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.cli._options import shown
from leeward.connectors import video_entry
from leeward.errors import InputError
from leeward.hashing import MAX_VIDEO_FRAMES, QUALITY_FLOOR, MediaHasher, VideoLimits
from leeward.model import NewEntry, Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from leeward.connectors import BankDefaults
    from leeward.hashing import Hashed

__all__ = ["picture_entries"]

_SECONDS: Final = 3_600.0
"""For one file: a video of hours is decoded to its end."""


def picture_entries(
    paths: Sequence[Path], defaults: BankDefaults
) -> tuple[list[NewEntry], list[str]]:
    """What some files are known by: their looks, and SHA-256 for the very files.

    Returns:
        The entries, and what a person should know of the files.

    Raises:
        InputError: A file cannot be read, or is neither a picture nor a video; nothing was added.
    """
    told = Provenance(
        exchange=defaults.exchange,
        member=defaults.member,
        classification=defaults.classification,
    )
    entries: list[NewEntry] = []
    notes: list[str] = []
    video = VideoLimits(max_hashed=MAX_VIDEO_FRAMES)
    with MediaHasher(seconds=_SECONDS, video=video) as hasher:
        for path in paths:
            hashed = hasher.hash(path)
            looks, note = _looks(hashed, path, told)
            entries += [*looks, NewEntry("sha256", hashed.digests.sha256, told)]
            notes += [] if note is None else [f"{shown(str(path))}: {note}"]
    return entries, notes


def _looks(hashed: Hashed, path: Path, told: Provenance) -> tuple[list[NewEntry], str | None]:
    if hashed.video is not None:
        try:
            entry = video_entry(hashed.video.frames, told)
        except InputError as fault:
            return [], f"the video {fault.message}; it is known by its SHA-256 only"
        note = None if hashed.video.complete else "only the first part of the video is known"
        return [entry], note
    if hashed.picture is None:
        raise InputError(
            f"a file is no picture that can be added: {hashed.refused}",
            where=str(path),
            hint="leave it out, and repeat the command; nothing was added",
        )
    if hashed.picture.quality < QUALITY_FLOOR:
        return [], "too little is in the picture for PDQ; it is known by its SHA-256 only"
    note = "the file is damaged; the hash is of what could be decoded"
    return [NewEntry("pdq", hashed.picture.pdq, told)], note if hashed.picture.damaged else None
