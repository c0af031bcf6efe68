"""What members of an exchange told of listings, kept in bulk and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, insert, select

from leeward.store.tables._audit import record
from leeward.store.tables._banks_add import kept_name
from leeward.store.tables._banks_rows import chunked, subject_of
from leeward.store.tables._checks import now
from leeward.store.tables._schema import (
    bank,
    bank_entry,
    bank_feedback,
    bank_listing,
    bank_source,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection

    from leeward.model import NewEntry, Opinion
    from leeward.store.tables._banks_acts import Act

__all__ = ["GivenOpinion", "keep_opinions"]

Key = tuple[str, bytes, str, str, str | None]
"""A listing: algorithm and value, exchange, member, and what the member calls the item."""
Said = tuple[int, int, str, str, str | None]
"""Entry, listing, member, opinion and reasons."""


class GivenOpinion(NamedTuple):
    """What a member told of an item.

    Attributes:
        member: Who.
        opinion: ``affirmative`` or ``negative``.
        algorithm: Of the values that it is about; None: of all.
        reasons: In the exchange's words.
    """

    member: str
    opinion: Opinion
    algorithm: str | None = None
    reasons: str | None = None


def keep_opinions(
    connection: Connection,
    act: Act,
    told: Iterable[tuple[Sequence[NewEntry], Sequence[GivenOpinion]]],
) -> int:
    """Keep what members told of listings that stand; how many opinions are new.

    The caller holds the locks of the audit chain and of the banks. The chain says how many.

    Args:
        connection: Of :meth:`Tables.begin`.
        act: What they came with.
        told: The entries of an item, and the opinions of it.
    """
    about = [
        (entry, opinion)
        for entries, opinions in told
        for opinion in opinions
        for entry in entries
        if opinion.algorithm in {None, entry.algorithm}
    ]
    places = _places(connection, act.bank_id, {entry.value for entry, _ in about})
    wanted: dict[Said, None] = {}
    for entry, opinion in about:
        if (place := places.get(_key(entry))) is not None:
            wanted[*place, opinion.member, opinion.opinion, opinion.reasons] = None
    known = _known(connection, {entry for entry, *_ in wanted})
    new = [said for said in wanted if said not in known]
    if new:
        alike = {"bank_id": act.bank_id, "given": 0, "at": now()}
        rows = [
            {"entry_id": entry, "listing": number, "by": by, "opinion": said, "reasons": why}
            | alike
            for entry, number, by, said, why in new
        ]
        connection.execute(insert(bank_feedback), rows)
        name = connection.execute(select(bank.c.name).where(bank.c.id == act.bank_id)).scalar_one()
        details = {"act": act.id, "opinions": len(new)}
        record(connection, act.by, "bank.feedback_received", subject_of(name), details)
    return len(new)


def _key(entry: NewEntry) -> Key:
    told = entry.provenance
    return entry.algorithm, entry.value, told.exchange, told.member, kept_name(entry)


def _places(
    connection: Connection, bank_id: int, values: Collection[bytes]
) -> dict[Key, tuple[int, int]]:
    """Entry and number of the listings of some values that stand."""
    query = (
        select(
            *bank_listing.c["entry_id", "number"],
            *bank_entry.c["algorithm", "value"],
            *bank_source.c["exchange", "member"],
            bank_listing.c.external_id,
        )
        .join_from(bank_entry, bank_listing, bank_listing.c.entry_id == bank_entry.c.id)
        .join(bank_source, bank_source.c.id == bank_listing.c.source_id)
        .where(bank_entry.c.bank_id == bank_id, bank_listing.c.withdrawn.is_(None))
        .where(bank_entry.c.value.in_(bindparam("v", expanding=True)))
    )
    found: dict[Key, tuple[int, int]] = {}
    for some in chunked(sorted(values)):
        for entry, number, *rest in connection.execute(query, {"v": some}):
            algorithm, value, exchange, member, name = rest
            found[algorithm, value, exchange, member, name] = entry, number
    return found


def _known(connection: Connection, entries: Collection[int]) -> set[Said]:
    """What has been told of some entries before."""
    columns = bank_feedback.c["entry_id", "listing", "by", "opinion", "reasons"]
    query = select(*columns).where(
        bank_feedback.c.entry_id.in_(bindparam("v", expanding=True)), bank_feedback.c.given == 0
    )
    found: set[Said] = set()
    for some in chunked(sorted(entries)):
        found.update(
            (e, n, by, said, why) for e, n, by, said, why in connection.execute(query, {"v": some})
        )
    return found
