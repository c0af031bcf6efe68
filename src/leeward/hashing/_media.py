"""Everything that is known of one file: its digests, and its looks or why they are not known."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from leeward.errors import InputError, LeewardError
from leeward.hashing._digests import Digests, digests
from leeward.hashing._formats import sniff
from leeward.hashing._limits import Limits, check_bytes
from leeward.hashing._picture import PictureHash, hash_picture
from leeward.hashing._video import VideoHash, VideoLimits, hash_video

__all__ = ["Hashed", "hash_media"]

_HEAD: Final = 512
"""Bytes by which the kind of a file is told."""


class Hashed(msgspec.Struct, frozen=True):
    """What a file hashed to.

    Attributes:
        digests: Always there: an exact match needs no decoder.
        picture: Its looks, where it is a picture that could be decoded.
        video: Its looks, where it is a video and videos are decoded.
        refused: Otherwise why not, in a sentence without content. It is never to be read as "no
            match": nothing was compared.
    """

    digests: Digests
    picture: PictureHash | None = None
    video: VideoHash | None = None
    refused: str | None = None


def hash_media(
    source: bytes | Path,
    *,
    dihedral: bool = False,
    limits: Limits | None = None,
    video: VideoLimits | None = None,
    where: str | None = None,
) -> Hashed:
    """Compute the digests of a file and, if it is a picture or a video, its PDQ hashes.

    Bytes from strangers belong in a process of their own: see :class:`MediaHasher`.

    Args:
        source: The whole file, or where it lies.
        dihedral: Hash the eight positions of a picture as well.
        limits: What a picture may ask for; the defaults where not given. Digests have no limits.
        video: What a video may ask for; without it, a video has its digests only.
        where: What an error calls it; the path where not given.

    Raises:
        InputError: The file cannot be read.
    """
    limits = limits or Limits()
    if isinstance(source, Path):
        where = where or str(source)
    try:
        found, whole, mime = _read(source, limits)
    except OSError as error:
        raise InputError(
            f"the file cannot be read ({error.strerror})",
            where=where,
            hint="check the path and who may read it",
        ) from None
    try:
        if mime.startswith("video/"):
            if video is None:
                return Hashed(found, refused="the file is a video, and videos are not decoded here")
            return Hashed(found, video=hash_video(source, limits=video, where=where))
        check_bytes(found.size, limits, where)
        return Hashed(found, hash_picture(whole, dihedral=dihedral, limits=limits, where=where))
    except LeewardError as refusal:
        return Hashed(found, refused=refusal.message)


def _read(source: bytes | Path, limits: Limits) -> tuple[Digests, bytes, str]:
    """The digests, the bytes if they may be those of a picture, and the media type."""
    if isinstance(source, bytes):
        return digests(source), source, sniff(source[:_HEAD]) or ""
    with source.open("rb") as file:
        mime = sniff(file.read(_HEAD)) or ""
    if mime.startswith("video/") or source.stat().st_size > limits.max_bytes:
        return digests(source), b"", mime
    whole = source.read_bytes()
    return digests(whole), whole, mime
