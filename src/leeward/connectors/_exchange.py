"""What a hash exchange is to Leeward: items that come and go, and what we think of them.

An exchange states *items*. An item is known by the member that listed it and by what the exchange
calls it, and each statement says all of it: what an earlier one said and a later one leaves out no
longer holds. So an item may be stated any number of times, by a sync that was killed and begins
again, and the end is the same.

Two kinds of service stand beside each other here. An :class:`Exchange` gives a list, which is kept
in a bank and searched locally. A :class:`Lookup` keeps its list and is asked about one picture at
a time; nothing of it can be kept, and each question tells the service what was seen here.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import NewEntry, Opinion, Provenance, hash_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "Exchange",
    "ExchangeCheckpoint",
    "ExchangeItem",
    "Hashes",
    "Lookup",
    "LookupAnswer",
    "LookupKind",
    "Page",
    "ReviewedFeedback",
    "ToldOpinion",
    "Withdrawal",
    "named_by_hash",
    "plain_word",
    "reviewed",
]

Hashes: TypeAlias = tuple[tuple[str, bytes], ...]
"""Algorithms and values of one item."""

LookupKind: TypeAlias = Literal["illegal", "harmful", "unknown"]

_LONGEST: Final = 255


class ExchangeCheckpoint(Struct, frozen=True, kw_only=True):
    """How far an exchange has been read: all that it changed before then is in the bank.

    Attributes:
        through: Microseconds since 1970 UTC.
        token: What else the exchange needs to go on from here.
    """

    through: int
    token: str = ""


class ToldOpinion(Struct, frozen=True, kw_only=True):
    """What a member of the exchange told of an item.

    Attributes:
        member: Who.
        opinion: ``affirmative`` or ``negative``.
        algorithm: Of the value that it is about; none where it is about the whole item.
        reasons: In the exchange's words.
    """

    member: str
    opinion: Opinion
    algorithm: str | None = None
    reasons: str | None = None


class ExchangeItem(Struct, frozen=True, kw_only=True):
    """An item as the exchange states it now.

    Attributes:
        member: Who lists it; empty where the exchange does not say.
        external_id: What the exchange calls it; :func:`named_by_hash` where it has no name, and
            so a secret then.
        hashes: Its values, as far as Leeward can use them; maybe none.
        classification: What the member calls it.
        at: When it was stated, microseconds since 1970 UTC.
        told: What members think of it.
    """

    member: str
    external_id: str
    hashes: Hashes
    classification: str | None = None
    at: int | None = None
    told: tuple[ToldOpinion, ...] = ()

    def entries(self, exchange: str) -> list[NewEntry]:
        """The item as entries of a bank, one for each value."""
        return [
            NewEntry(algorithm, value, self._provenance(exchange, algorithm, value))
            for algorithm, value in self.hashes
        ]

    def _provenance(self, exchange: str, algorithm: str, value: bytes) -> Provenance:
        # A value is kept once, as a value, and not a second time as a name.
        named = self.external_id == named_by_hash(algorithm, value)
        return Provenance(
            exchange=exchange,
            member=self.member,
            external_id=None if named else self.external_id,
            classification=self.classification,
            at=self.at,
        )

    def __repr__(self) -> str:
        """How many values: they are secrets, and so may the id be."""
        return f"<ExchangeItem hashes={len(self.hashes)}>"


class Withdrawal(Struct, frozen=True, kw_only=True):
    """An item that no longer stands.

    Attributes:
        member, external_id: As of the item.
        hashes: Its values, where they are all that it is called by.
        at: When it was withdrawn, microseconds since 1970 UTC.
    """

    member: str
    external_id: str
    hashes: Hashes = ()
    at: int | None = None

    def __repr__(self) -> str:
        """That it is one."""
        return "<Withdrawal>"


class Page(Struct, frozen=True, kw_only=True):
    """Some of what an exchange states, in the order in which it is to be applied.

    Attributes:
        items: What stands.
        withdrawals: What stands no more. No item is in both.
        ignored: What could not be used, counted by reason, without any value.
        checkpoint: Only where all before it has been given; it is stored together with the page.
        whole: Whether the pages of this reading give all that stands, so that what is not among
            them stands no more. The same on every page of a reading.
        last: Whether the reading ends here.
    """

    items: tuple[ExchangeItem, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    ignored: Mapping[str, int] = {}
    checkpoint: ExchangeCheckpoint | None = None
    whole: bool = False
    last: bool = False

    def __repr__(self) -> str:
        """How many."""
        counts = f"items={len(self.items)} withdrawals={len(self.withdrawals)}"
        return f"<Page {counts}{' last' if self.last else ''}>"


class ReviewedFeedback(Struct, frozen=True, kw_only=True):
    """Our opinion of an item, after a person looked at what it matched.

    Attributes:
        id: Its number; what was sent is remembered by it.
        member, external_id: The item.
        algorithm, value: The value that matched.
        opinion: ``affirmative``: it is what the item says; ``negative``: it is not.
        reasons: A reason in the exchange's words, where it has a list of them.
        reviewed_by: The person. Without one nothing is sent.
    """

    id: int
    member: str
    external_id: str
    algorithm: str
    value: bytes
    opinion: Opinion
    reviewed_by: str
    reasons: str | None = None

    def __repr__(self) -> str:
        """The number and the opinion."""
        return f"<ReviewedFeedback {self.id} {self.opinion}>"


class Exchange(Protocol):
    """Where a list of hashes comes from."""

    @property
    def name(self) -> str:
        """What provenance, settings and commands call it."""

    def pages(self, since: ExchangeCheckpoint | None) -> Iterator[Page]:
        """What the exchange states, or has stated since a checkpoint.

        Raises:
            DependencyDown: The exchange does not answer, or refuses.
            InputError: Its answer cannot be read.
        """

    def send_feedback(self, feedback: ReviewedFeedback) -> None:
        """Tell the exchange our opinion. Telling it twice is the same as once.

        Raises:
            UsageError: The exchange does not take such feedback.
            DependencyDown: The exchange does not answer, or refuses.
        """

    def close(self) -> None:
        """Close the connections."""


class LookupAnswer(Struct, frozen=True, kw_only=True):
    """What a service says of one picture.

    Attributes:
        kind: ``illegal``, ``harmful`` or ``unknown``.
        classification: In the service's words.
        exact: Whether it is the very file; False where it is only near to one.
        near: Pictures that it is near to.
    """

    kind: LookupKind
    classification: str
    exact: bool = False
    near: int = 0


class Lookup(Protocol):
    """A service that is asked about one picture at a time and gives no list.

    Its answer may open a Case. It is nothing to be kept in a bank: what the service unlists
    tomorrow nobody would tell us.
    """

    @property
    def name(self) -> str:
        """What settings, findings and commands call it."""

    def look_up_pdq(self, values: Sequence[bytes]) -> list[LookupAnswer | None]:
        """What is known of PDQ hashes, in their order; None where the service cannot say.

        Raises:
            UsageError: One is no PDQ hash, or there are too many of them.
            DependencyDown: The service does not answer, or refuses.
            InputError: Its answer cannot be read.
        """

    def look_up_media(self, media: bytes, mime: str) -> LookupAnswer:
        """What is known of a picture or a video itself.

        Raises:
            UsageError: It is larger than the service takes, or its type is none.
            DependencyDown: The service does not answer, or refuses.
            InputError: Its answer cannot be read.
        """

    def close(self) -> None:
        """Close the connections."""


def named_by_hash(algorithm: str, value: bytes) -> str:
    """What an item is called where the exchange has no other name for it than its value."""
    return f"{algorithm}:{hash_text(value)}"


def plain_word(text: object) -> str | None:
    """A name as it may be kept: one line of at most 255 characters; None for any other."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    if not 0 < len(text) <= _LONGEST:
        return None
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in text):
        return None
    return text


def reviewed(exchange: str, feedback: ReviewedFeedback) -> ReviewedFeedback:
    """Feedback, where a person stands behind it.

    Raises:
        UsageError: Nobody does.
    """
    if not feedback.reviewed_by.strip():
        raise UsageError(
            "feedback goes out only after a person has looked",
            where=f"{exchange}, feedback",
            hint="review what the entry matched, and give feedback under your name",
        )
    return feedback
