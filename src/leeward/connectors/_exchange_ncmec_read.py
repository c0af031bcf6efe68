"""What documents of NCMEC Hash Sharing v2 say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import structs

from leeward.connectors._atproto import micros_of
from leeward.connectors._exchange import ExchangeItem, ToldOpinion, Withdrawal, plain_word
from leeward.errors import InputError
from leeward.model import hash_octets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from leeward.connectors._exchange_xml import Element
    from leeward.model import Opinion

__all__ = [
    "LARGE",
    "Entries",
    "Large",
    "Member",
    "read_entries",
    "read_members",
    "read_reasons",
    "settled",
]

LARGE: Final = frozenset({"videntifier", "tmk_pdqf", "ssvh_pdna", "ssvh_safer_hash"})
"""Fingerprints that an entry only points to."""

_KNOWN: Final = LARGE | {"md5", "sha1", "sha256", "pdq", "pdna", "netclean"}
_LISTS: Final = {"images": ("image", "deletedImage"), "videos": ("video", "deletedVideo")}
_OPINIONS: Final[dict[str, Opinion]] = {
    "affirmativeFeedback": "affirmative",
    "negativeFeedback": "negative",
}


class Member(NamedTuple):
    """A member of the exchange.

    Attributes:
        id: Its number, which entries name.
        name: In words.
    """

    id: str
    name: str


class Large(NamedTuple):
    """A fingerprint that has to be fetched. Its address is good for this reading only.

    Attributes:
        item: Place of its item among the items.
        algorithm: Its name.
        address: Where it lies, below the exchange's address.
    """

    item: int
    algorithm: str
    address: str

    def __repr__(self) -> str:
        """The algorithm: addresses are not to be kept."""
        return f"<Large {self.algorithm}>"


class Entries(NamedTuple):
    """One page of entries.

    Attributes:
        items, withdrawals: What it states.
        large: Fingerprints to fetch.
        ignored: What could not be used, by reason.
        next: Where the next page lies; empty on the last one.
    """

    items: list[ExchangeItem]
    withdrawals: list[Withdrawal]
    large: list[Large]
    ignored: Counter[str]
    next: str

    def __repr__(self) -> str:
        """How many."""
        return f"<Entries items={len(self.items)} withdrawals={len(self.withdrawals)}>"


def read_entries(
    root: Element, licensed: Collection[str], members: Collection[str] | None
) -> Entries:
    """The entries of a ``queryResult``.

    Args:
        root: It.
        licensed: Algorithms that are used besides those that Leeward knows.
        members: The members whose entries are wanted; all where None.
    """
    found = Entries([], [], [], Counter(), root.child("paging").child("next").text)
    for name, (standing, deleted) in _LISTS.items():
        for entry in root.child(name).children:
            if entry.name not in (standing, deleted):
                found.ignored["an entry of an unknown kind"] += 1
                continue
            key = _key(entry)
            if key is None:
                found.ignored["an entry without a usable member and id"] += 1
            elif entry.name == deleted:
                at = micros_of(entry.child("timestamp").text)
                found.withdrawals.append(Withdrawal(member=key[0], external_id=key[1], at=at))
            elif members is None or key[0] in members:
                _add(found, entry, key, licensed)
            else:
                found.ignored["an entry of a member that is not wanted"] += 1
    return found


def settled(
    items: list[ExchangeItem], withdrawals: list[Withdrawal]
) -> tuple[tuple[ExchangeItem, ...], tuple[Withdrawal, ...]]:
    """One statement for each member and id: the later one; a picture and a video are one item."""
    gone = {(each.member, each.external_id): each for each in withdrawals}
    standing: dict[tuple[str, str], ExchangeItem] = {}
    for item in items:
        key = item.member, item.external_id
        other = standing.get(key)
        if other is not None:
            item = structs.replace(item, hashes=tuple(dict.fromkeys(other.hashes + item.hashes)))
        standing[key] = item
    for key in standing.keys() & gone.keys():
        if (gone[key].at or 0) > (standing[key].at or 0):
            del standing[key]
        else:
            del gone[key]
    return tuple(standing.values()), tuple(gone.values())


def read_members(root: Element) -> list[Member]:
    """The members that a document names."""
    return [
        Member(member.attributes.get("id", ""), member.text)
        for member in root.all("member")
        if plain_word(member.attributes.get("id")) and plain_word(member.text)
    ]


def read_reasons(root: Element) -> dict[str, str]:
    """Reasons for negative feedback: their names and ids."""
    lists = [root, *root.all("availableFeedbackReasons")]
    found = {}
    for element in lists:
        for reason in element.all("reason"):
            name, guid = (plain_word(reason.attributes.get(key)) for key in ("name", "guid"))
            if name and guid:
                found[name] = guid
    return found


def _key(entry: Element) -> tuple[str, str] | None:
    member = plain_word(entry.child("member").attributes.get("id"))
    name = plain_word(entry.child("id").text)
    return None if member is None or name is None else (member, name)


def _add(found: Entries, entry: Element, key: tuple[str, str], licensed: Collection[str]) -> None:
    hashes: dict[tuple[str, bytes], None] = {}
    for fingerprint in entry.child("fingerprints").children:
        name = fingerprint.name.lower()
        address = fingerprint.attributes.get("href")
        if name in LARGE and name in licensed and address:
            found.large.append(Large(len(found.items), name, address))
        elif name not in _KNOWN or (name in LARGE and name not in licensed):
            shown = name if name in _KNOWN else "unknown"
            found.ignored[f"a fingerprint of an algorithm not used here: {shown}"] += 1
        else:
            _value(found, hashes, name, fingerprint.text, licensed)
    found.items.append(
        ExchangeItem(
            member=key[0],
            external_id=key[1],
            hashes=tuple(hashes),
            classification=plain_word(entry.child("classification").text),
            at=micros_of(entry.child("timestamp").text),
            told=tuple(_told(entry.child("feedback"))),
        )
    )


def _value(
    found: Entries,
    hashes: dict[tuple[str, bytes], None],
    name: str,
    text: str,
    licensed: Collection[str],
) -> None:
    try:
        hashes[hash_octets(name, text, licensed)] = None
    except InputError as fault:
        if fault.message == "is of an unknown algorithm":
            found.ignored[f"a fingerprint of an algorithm not used here: {name}"] += 1
        else:
            found.ignored[f"a fingerprint that {fault.message}"] += 1


def _told(feedback: Element) -> Iterator[ToldOpinion]:
    """Opinions, wherever the members stand: among the reasons or beside them."""
    for group in feedback.children:
        opinion = _OPINIONS.get(group.name)
        if opinion is None:
            continue
        algorithm = group.attributes.get("type", "").lower()
        reason: str | None = None
        for part in (*group.children, *group.child("reasons").children):
            if part.name == "reason":
                reason = plain_word(part.attributes.get("name"))
            for member in part.all("member"):
                who = plain_word(member.attributes.get("id"))
                if who is not None:
                    yield ToldOpinion(
                        member=who,
                        opinion=opinion,
                        algorithm=algorithm if algorithm in _KNOWN else None,
                        reasons=reason if opinion == "negative" else None,
                    )
