"""Entries of hash banks: a value, and who listed it. Values stay out of every ``repr``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

from leeward.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection

    from leeward.model._bank import BankPause

__all__ = [
    "DIGESTS",
    "HASH_OCTETS",
    "LOCAL",
    "OPINIONS",
    "PDQ_FLOOR",
    "VIDEO",
    "BankEntry",
    "Feedback",
    "Listing",
    "NewEntry",
    "Opinion",
    "Provenance",
    "hash_octets",
    "hash_text",
]

HASH_OCTETS: Final[dict[str, int]] = {"pdq": 32, "sha256": 32, "sha1": 20, "md5": 16}
"""The algorithms that Leeward knows, and the octets of their values."""

DIGESTS: Final = frozenset({"sha256", "sha1", "md5"})
"""The algorithms of which two equal values mean the very same file."""

PDQ_FLOOR: Final = 50
"""PDQ quality below which a hash says too little of its picture to be in a bank."""

VIDEO: Final = "vpdq"
"""The algorithm of videos: the PDQ values of their frames."""

LOCAL: Final = "local"
"""The exchange of entries that came from no exchange."""

MAX_LICENSED: Final = 2_048
"""Octets of a value of a licensed algorithm: an index of PostgreSQL takes no row above 2,700."""

Opinion: TypeAlias = Literal["affirmative", "negative"]
OPINIONS: Final[tuple[Opinion, ...]] = get_args(Opinion)

_ALIASES: Final = {
    "sha-256": "sha256",
    "sha-1": "sha1",
    "video_md5": "md5",
    "video_sha256": "sha256",
}
_ALGORITHM: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-fA-F]*")

Word: TypeAlias = Annotated[str, Meta(max_length=255)]


def hash_octets(algorithm: str, text: str, licensed: Collection[str] = ()) -> tuple[str, bytes]:
    """The algorithm's name as banks keep it, and the value that some digits stand for.

    Args:
        algorithm: Its name, in any case.
        text: Hexadecimal digits.
        licensed: Names of further algorithms whose values are taken as they are.

    Raises:
        InputError: There is no such algorithm, or the text is no value of it. The message never
            holds the text.
    """
    name = algorithm.strip().lower()
    name = _ALIASES.get(name, name)
    length = HASH_OCTETS.get(name)
    if length is None and not (name in licensed and _ALGORITHM.fullmatch(name)):
        raise InputError("is of an unknown algorithm")
    digits = text.strip()
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    # Digits may not be set apart by blanks, which fromhex would pass over.
    plain = value and 2 * len(value) == len(digits) and len(value) <= MAX_LICENSED
    if plain and len(value) == (length or len(value)):
        return name, value
    raise InputError(_fault(name, digits, length))


def _fault(name: str, digits: str, length: int | None) -> str:
    """Why some text is no value, without it."""
    if not digits:
        return "has no value"
    if not _HEXADECIMAL.fullmatch(digits):
        return "is not hexadecimal"
    if length is not None:
        return f"has not the {2 * length} digits of {name}"
    return "has a length that no hash has"


def hash_text(value: bytes) -> str:
    """A value as it stands in files: hexadecimal digits in small letters."""
    return value.hex()


class Provenance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who says that a value belongs into a bank. One value may have many.

    Attributes:
        exchange: The exchange or list that it came through; ``local`` where there was none.
        member: The member of the exchange that listed it.
        external_id: What the exchange calls the item. One item may have several values.
        classification: What the member calls it, in the exchange's words.
        at: When the member listed it, microseconds since 1970 UTC.
    """

    exchange: Annotated[str, Meta(min_length=1, max_length=64)] = LOCAL
    member: Word = ""
    external_id: Word | None = None
    classification: Word | None = None
    at: int | None = None

    def __repr__(self) -> str:
        """The exchange only: some exchanges name items by their hash."""
        return f"<Provenance {self.exchange}>"


class NewEntry(Struct, frozen=True, gc=False):
    """A value that somebody lists, on its way into a bank.

    Attributes:
        algorithm: As :func:`hash_octets` gives it.
        value: Its octets.
        provenance: Who lists it.
        frames: Of a video in its text form, with the SHA-256 of that as the value.
    """

    algorithm: str
    value: bytes
    provenance: Provenance
    frames: bytes = b""

    def __repr__(self) -> str:
        """The algorithm only: a hash value is a secret."""
        return f"<NewEntry {self.algorithm}>"


class Feedback(Struct, frozen=True, kw_only=True):
    """What somebody thinks of a listing, after a look at what it matched.

    Attributes:
        id: Its number.
        entry, listing: What it is about.
        given: Whether we give it to the member; otherwise the exchange told it us.
        opinion: ``affirmative`` or ``negative``.
        reasons: In the exchange's words, or in ours.
        at, by: When, and who reviewed it or which member said so.
        sent_at: When the exchange took it; None for what still has to be sent.
    """

    id: int
    entry: int
    listing: int
    given: bool
    opinion: Opinion
    reasons: str | None = None
    at: int
    by: str
    sent_at: int | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """One provenance of an entry, and what became of it.

    Attributes:
        number: From 1, within the entry.
        provenance: Who lists it.
        added_at, added_by: When and through whom it came here.
        withdrawn_at, withdrawn_by, withdrawn_why: The same of its withdrawal; None while it
            stands.
    """

    number: int
    provenance: Provenance
    added_at: int
    added_by: str
    withdrawn_at: int | None = None
    withdrawn_by: str | None = None
    withdrawn_why: str | None = None


class BankEntry(Struct, frozen=True, kw_only=True):
    """A value in a bank. It matches while at least one of its listings stands.

    Attributes:
        id: Its number, dense and monotone over all banks.
        bank: The bank's name.
        algorithm: ``pdq``, ``vpdq``, ``sha256``, ``sha1``, ``md5`` or the name of a licensed one.
        value: Its octets.
        listings: Who lists it, oldest first.
        paused: Why it causes nothing at present.
    """

    id: int
    bank: str
    algorithm: str
    value: bytes
    listings: tuple[Listing, ...]
    paused: BankPause | None = None

    @property
    def stands(self) -> bool:
        """Whether it matches."""
        return any(listing.withdrawn_at is None for listing in self.listings)

    def __repr__(self) -> str:
        """The number, the bank and the algorithm: a hash value is a secret."""
        state = "" if self.stands else " withdrawn"
        return f"<BankEntry {self.id} {self.bank} {self.algorithm}{state}>"
