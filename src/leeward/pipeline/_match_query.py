"""What is asked of the banks, and what they answer. No answer holds a hash value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from leeward.errors import InputError
from leeward.hashing import POSITIONS, QUALITY_FLOOR
from leeward.model import Cause, Meaning, Withheld, hash_octets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leeward.hashing import Hashed, VideoHash

__all__ = [
    "DAMAGED",
    "FLAT",
    "FRAME",
    "MatchListing",
    "MatchQuery",
    "MatchResult",
    "Matched",
    "SharedFrames",
    "Status",
    "hash_query",
    "media_query",
]

Status: TypeAlias = Literal["matched", "unmatched", "abstained"]

FRAME: Final = "frame"
"""How the name of a look begins that is a frame of an animation or a video."""

FLAT: Final = f"the PDQ quality is below {QUALITY_FLOOR}: too little is in the picture"
DAMAGED: Final = "the file is damaged, and only a part of the picture was compared"
_PART: Final = "only the first part of the video was compared"
_FLAT_VIDEO: Final = f"no frame of the video has a PDQ quality of {QUALITY_FLOOR}"
_NO_LOOKS: Final = "the file's looks are not known"


class MatchQuery(Struct, frozen=True):
    """One picture or video, by whatever is known of it.

    Attributes:
        looks: PDQ values of 32 octets, each to be searched for; none below the quality floor.
        digests: Algorithm and octets.
        abstained: What of it could not be compared, and why; None where all of it is.
        names: What each look is, for the answer: a position, ``as_stored``, ``over_white``,
            ``view N`` or ``frame N``. Without them each is ``upright``.
        weights: Of a video: how many of its frames have each look. Without them it is a picture.
    """

    looks: tuple[bytes, ...] = ()
    digests: tuple[tuple[str, bytes], ...] = ()
    abstained: str | None = None
    names: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()

    def name(self, look: int) -> str:
        """What a look is."""
        return self.names[look] if self.names else POSITIONS[0]

    def scene(self, look: int) -> int:
        """Which looks are of the same picture: frames are pictures of their own."""
        return look + 1 if self.name(look).startswith(FRAME) else 0

    def __repr__(self) -> str:
        """How much there is: hash values are secrets."""
        return f"<MatchQuery looks={len(self.looks)} digests={len(self.digests)}>"


class MatchListing(Struct, frozen=True):
    """Who says that an entry belongs into its bank.

    Attributes:
        exchange, member: Where it came from.
        classification: What the member calls it; null where it says nothing.
        at: When the member listed it, microseconds since 1970 UTC; null where that is not known.
    """

    exchange: str
    member: str
    classification: str | None
    at: int | None


class SharedFrames(Struct, frozen=True):
    """How much an uploaded video and a known one have in common.

    Attributes:
        query_share: Share of the upload's frames that are like some frame of the known one, 0 to 1.
        bank_share: Share of the known one's frames that are like some frame of the upload.
        query_frames, bank_frames: Frames of each that were good enough to be compared.
    """

    query_share: float
    bank_share: float
    query_frames: int
    bank_frames: int


class Matched(Struct, frozen=True, kw_only=True):
    """An entry that the query is near to.

    Attributes:
        bank, version: The bank's name, and the version of its settings that was in force.
        meaning, review: What it says of a picture to be there, and how well that was reviewed.
        entry: Number of the entry.
        algorithm: By which they match.
        distance: Bits of 256 for PDQ, 0 for a digest or a video.
        look: Which look of the query is so near: ``upright``, one of the other seven positions
            (the query must be turned or mirrored like that to look like the entry),
            ``as_stored``, ``over_white``, ``view N`` or ``frame N``; null for a digest or a video.
        video: What two videos have in common; null where the entry is no video.
        suppressed: Whether a known innocent picture explains the match: then nothing follows.
        may_follow: What this match may cause.
        withheld: Why it causes less than its bank says; null where it does not.
        listings: Who lists the entry; the first ones that stand.
    """

    bank: str
    version: int
    meaning: Meaning
    review: int
    entry: int
    algorithm: str
    distance: int
    look: str | None = None
    video: SharedFrames | None = None
    suppressed: bool
    may_follow: tuple[Cause, ...]
    withheld: Withheld | None
    listings: tuple[MatchListing, ...]


class MatchResult(Struct, frozen=True, kw_only=True):
    """What the banks say of one query.

    Attributes:
        status: ``matched``; ``unmatched``: all of it was compared, and nothing is near; or
            ``abstained``: something could not be compared, which is not to be read as clear.
        may_follow: What all matches together may cause.
        accuses: Whether some match says something against the picture. One with a known innocent
            picture or a protected photograph does not.
        needs_person: Whether a match is paused, which is a person's task.
        matches: The nearest matches, those that stand before suppressed ones.
        matches_total: How many there are.
        abstained: What could not be compared, and why; null where everything was.
    """

    status: Status
    may_follow: tuple[Cause, ...]
    accuses: bool
    needs_person: bool
    matches: tuple[Matched, ...]
    matches_total: int
    abstained: str | None


def hash_query(
    values: Mapping[str, str], quality: int | None = None, views: Sequence[str] = ()
) -> MatchQuery:
    """A query by hashes that somebody computed.

    Args:
        values: Algorithm to hexadecimal digits; all of one picture.
        quality: The PDQ quality, 0 to 100, where it is known.
        views: Further PDQ values of the same picture, as turned or mirrored: they cannot be
            derived from one hash.

    Raises:
        InputError: A value is none of its algorithm, which ``where`` names. No message holds it.
    """
    looks: dict[bytes, str] = {}
    found: list[tuple[str, bytes]] = []
    for algorithm, text in values.items():
        name, value = _octets(algorithm, text, algorithm)
        if name == "pdq":
            looks[value] = POSITIONS[0]
        else:
            found.append((name, value))
    for number, text in enumerate(views):
        looks.setdefault(_octets("pdq", text, f"views[{number}]")[1], f"view {number}")
    if looks and quality is not None and quality < QUALITY_FLOOR:
        return MatchQuery((), tuple(found), FLAT)
    return MatchQuery(tuple(looks), tuple(found), names=tuple(looks.values()))


def media_query(hashed: Hashed) -> MatchQuery:
    """A query by a file: its digests, every look of a picture, or the frames of a video.

    A picture is searched for in its eight positions where they were hashed.
    """
    exact = hashed.digests
    found = (("sha256", exact.sha256), ("sha1", exact.sha1), ("md5", exact.md5))
    if hashed.video is not None:
        return _video_query(hashed.video, found)
    picture = hashed.picture
    if picture is None:
        return MatchQuery((), found, hashed.refused or _NO_LOOKS)
    looks: dict[bytes, str] = {}
    if picture.quality >= QUALITY_FLOOR:
        looks[picture.pdq] = POSITIONS[0]
    for view in picture.views:
        if view.quality >= QUALITY_FLOOR:
            named = f"{FRAME} {view.frame}" if view.kind == "frame" else view.kind
            looks.setdefault(view.pdq, named)
    # After the views, which are exact, where the eight positions are near.
    for name, value in list(zip(POSITIONS, picture.dihedral, strict=False))[1:]:
        if picture.quality >= QUALITY_FLOOR:
            looks.setdefault(value, name)
    abstained = DAMAGED if picture.damaged else None
    # A flat frame of an animation is no matter; the picture that is seen first is.
    if picture.quality < QUALITY_FLOOR:
        abstained = FLAT
    return MatchQuery(tuple(looks), found, abstained, tuple(looks.values()))


def _video_query(video: VideoHash, found: tuple[tuple[str, bytes], ...]) -> MatchQuery:
    """Each look of a video once: a still of an hour is one look-up."""
    good = [frame for frame in video.frames if frame.quality >= QUALITY_FLOOR]
    weights = Counter(frame.pdq for frame in good)
    first: dict[bytes, int] = {}
    for frame in good:
        first.setdefault(frame.pdq, frame.number)
    abstained = None if video.complete else _PART
    return MatchQuery(
        tuple(first),
        found,
        abstained if good else _FLAT_VIDEO,
        tuple(f"{FRAME} {number}" for number in first.values()),
        tuple(weights[look] for look in first),
    )


def _octets(algorithm: str, text: str, where: str) -> tuple[str, bytes]:
    try:
        return hash_octets(algorithm, text)
    except InputError as fault:
        raise InputError(fault.message, where=where) from None
