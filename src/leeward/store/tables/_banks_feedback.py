"""What members of an exchange are told of their listings, and what they tell of each other's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from leeward.errors import UsageError
from leeward.model import OPINIONS, Feedback, Opinion
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_rows import lock_banks, subject_of
from leeward.store.tables._checks import now, person, plain_line, words
from leeward.store.tables._schema import bank_entry, bank_feedback, bank_listing

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

__all__ = ["list_feedback", "note_feedback_sent", "put_feedback"]

_COLUMNS: Final = tuple(
    bank_feedback.c[
        "id", "entry_id", "listing", "given", "opinion", "reasons", "at", "by", "sent_at"
    ]
)


def put_feedback(
    connection: Connection,
    name: str,
    entry: int,
    opinion: Opinion,
    by: str,
    *,
    listing: int | None = None,
    reasons: str | None = None,
    received_from: str | None = None,
    at: int | None = None,
) -> Feedback:
    """Keep an opinion of a listing. What we give waits until the exchange has taken it.

    Args:
        connection: Of :meth:`Tables.begin`.
        name: Of the bank.
        entry: Number of the entry.
        opinion: ``affirmative``: it is what the listing says; ``negative``: it is not.
        by: Who acts: who reviewed what it matched, or who had the exchange read.
        listing: Its number within the entry; needed only where the entry has more than one.
        reasons: In words, or what the exchange calls them.
        received_from: The member whose opinion this is, where it is not ours.
        at: When.

    Raises:
        UsageError: There is no such bank, entry or listing, or an argument is not usable.
    """
    when = now() if at is None else at
    if opinion not in OPINIONS:
        raise UsageError("there is no such opinion", hint=f"use {' or '.join(OPINIONS)}")
    given = received_from is None
    author = by if received_from is None else plain_line(received_from, "the member", 255)
    lock_audit(connection)
    lock_banks(connection)
    found = get_bank(connection, name)
    row = {
        "bank_id": found.id,
        "entry_id": entry,
        "listing": _one(connection, found.id, entry, listing),
        "given": int(given),
        "opinion": opinion,
        "reasons": None if reasons is None else words(reasons, "the reasons"),
        "at": when,
        "by": author,
    }
    person(by)
    made = insert(bank_feedback).values(**row).returning(*_COLUMNS)
    kept = _feedback(connection.execute(made).one())
    details = {"entry": entry, "listing": kept.listing, "feedback": kept.id, "opinion": opinion}
    verb = "bank.feedback" if given else "bank.feedback_received"
    record(connection, by, verb, subject_of(name), details, at=when)
    return kept


def list_feedback(
    connection: Connection, name: str, *, entry: int | None = None, unsent: bool = False
) -> list[Feedback]:
    """The feedback on a bank's listings, oldest first.

    Args:
        connection: Of a transaction.
        name: Of the bank.
        entry: Only on this entry.
        unsent: Only what we give and the exchange has not taken yet.

    Raises:
        UsageError: There is no such bank.
    """
    number = get_bank(connection, name).id
    query = select(*_COLUMNS).where(bank_feedback.c.bank_id == number).order_by(bank_feedback.c.id)
    if entry is not None:
        query = query.where(bank_feedback.c.entry_id == entry)
    if unsent:
        query = query.where(bank_feedback.c.given == 1, bank_feedback.c.sent_at.is_(None))
    return [_feedback(row) for row in connection.execute(query)]


def note_feedback_sent(connection: Connection, feedback: int, *, at: int | None = None) -> None:
    """Remember that the exchange took it; a second time changes nothing."""
    change = update(bank_feedback).where(bank_feedback.c.id == feedback, bank_feedback.c.given == 1)
    change = change.where(bank_feedback.c.sent_at.is_(None))
    connection.execute(change.values(sent_at=now() if at is None else at))


def _one(connection: Connection, bank_id: int, entry: int, listing: int | None) -> int:
    """The listing that is meant."""
    query = select(bank_listing.c.number)
    query = query.join_from(bank_listing, bank_entry, bank_entry.c.id == bank_listing.c.entry_id)
    query = query.where(bank_entry.c.bank_id == bank_id, bank_entry.c.id == entry)
    numbers: list[int] = list(connection.scalars(query.order_by(bank_listing.c.number)))
    if not numbers:
        raise UsageError("the bank has no entry of that number", where="entry")
    if listing is None and len(numbers) > 1:
        problem = "the entry has more than one listing"
    elif listing is None or listing in numbers:
        return listing or numbers[0]
    else:
        problem = "the entry has no listing of that number"
    raise UsageError(problem, where="listing", hint=f"use one of 1 to {numbers[-1]}")


def _feedback(row: Row[Any]) -> Feedback:
    return Feedback(
        id=row.id,
        entry=row.entry_id,
        listing=row.listing,
        given=bool(row.given),
        opinion=row.opinion,
        reasons=row.reasons,
        at=row.at,
        by=row.by,
        sent_at=row.sent_at,
    )
