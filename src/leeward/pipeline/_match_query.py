"""What is asked of the banks, and what they answer. No answer holds a hash value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from leeward.errors import InputError
from leeward.hashing import QUALITY_FLOOR
from leeward.model import Cause, Meaning, Withheld, hash_octets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leeward.hashing import Hashed

__all__ = [
    "MatchListing",
    "MatchQuery",
    "MatchResult",
    "Matched",
    "Status",
    "hash_query",
    "media_query",
]

Status: TypeAlias = Literal["matched", "unmatched", "abstained"]

_FLAT: Final = f"the PDQ quality is below {QUALITY_FLOOR}: too little is in the picture"
_DAMAGED: Final = "the file is damaged, and only a part of the picture was compared"
_NO_LOOKS: Final = "the file's looks are not known"


class MatchQuery(Struct, frozen=True):
    """One picture, by whatever is known of it.

    Attributes:
        looks: PDQ values of 32 octets, each to be searched for; none below the quality floor.
        digests: Algorithm and octets.
        abstained: What of it could not be compared, and why; None where all of it is.
    """

    looks: tuple[bytes, ...] = ()
    digests: tuple[tuple[str, bytes], ...] = ()
    abstained: str | None = None

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


class Matched(Struct, frozen=True, kw_only=True):
    """An entry that the query is near to.

    Attributes:
        bank, version: The bank's name, and the version of its settings that was in force.
        meaning, review: What it says of a picture to be there, and how well that was reviewed.
        entry: Number of the entry.
        algorithm: By which they match.
        distance: Bits of 256 for PDQ, 0 for a digest.
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


def hash_query(values: Mapping[str, str], quality: int | None = None) -> MatchQuery:
    """A query by hashes that somebody computed.

    Args:
        values: Algorithm to hexadecimal digits; all of one picture.
        quality: The PDQ quality, 0 to 100, where it is known.

    Raises:
        InputError: A value is none of its algorithm, which ``where`` names. No message holds it.
    """
    looks: list[bytes] = []
    found: list[tuple[str, bytes]] = []
    for algorithm, text in values.items():
        try:
            name, value = hash_octets(algorithm, text)
        except InputError as fault:
            raise InputError(fault.message, where=algorithm) from None
        if name == "pdq":
            looks.append(value)
        else:
            found.append((name, value))
    if looks and quality is not None and quality < QUALITY_FLOOR:
        return MatchQuery((), tuple(found), _FLAT)
    return MatchQuery(tuple(looks), tuple(found))


def media_query(hashed: Hashed) -> MatchQuery:
    """A query by a file: its digests, and every look of the picture."""
    exact = hashed.digests
    found = (("sha256", exact.sha256), ("sha1", exact.sha1), ("md5", exact.md5))
    picture = hashed.picture
    if picture is None:
        return MatchQuery((), found, hashed.refused or _NO_LOOKS)
    all_looks = ((picture.pdq, picture.quality), *((v.pdq, v.quality) for v in picture.views))
    looks = tuple(dict.fromkeys(pdq for pdq, good in all_looks if good >= QUALITY_FLOOR))
    abstained = _DAMAGED if picture.damaged else None
    # A flat frame of an animation is no matter; the picture that is seen first is.
    if picture.quality < QUALITY_FLOOR:
        abstained = _FLAT
    return MatchQuery(looks, found, abstained)
