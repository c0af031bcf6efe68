"""The book of erasures: who asked for which subject, and the proof that it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import insert, select, update

from leeward.errors import UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._checks import canonical, now, person, subject_uri
from leeward.store.tables._schema import erasure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

__all__ = ["Erasure", "ask_erasure", "finish_erasure", "list_erasures"]


class Erasure(NamedTuple):
    """One request to erase a subject.

    Attributes:
        id: Number of its row; ascending in the order of asking.
        subject: URI of the account, post or media item.
        asked_at, asked_by: When and by whom it was asked for.
        done_at: When it was finished, microseconds since 1970 UTC; None while it is not.
        events: How many events were erased.
        kept_for_hold: How many of them left their bare skeleton because of a hold.
        proof: What the scan that looked for the rest found, a JSON object.
    """

    id: int
    subject: str
    asked_at: int
    asked_by: str
    done_at: int | None = None
    events: int | None = None
    kept_for_hold: int | None = None
    proof: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """The number and the state: who it concerns stays out of ``repr``."""
        return f"<Erasure {self.id} {'asked' if self.done_at is None else 'done'}>"


def ask_erasure(connection: Connection, subject: str, by: str, *, at: int | None = None) -> Erasure:
    """Note that a subject is to be erased; an interrupted erasure is found by it.

    Raises:
        UsageError: An argument is not usable.
    """
    when = now() if at is None else at
    lock_audit(connection)
    row = {"subject": subject_uri(subject), "asked_at": when, "asked_by": person(by)}
    asked = _erasure(connection.execute(insert(erasure).values(**row).returning(*_COLUMNS)).one())
    record(connection, by, "erasure.ask", subject, {"erasure": asked.id}, at=when)
    return asked


def finish_erasure(
    connection: Connection,
    erasure_id: int,
    by: str,
    *,
    events: int,
    kept_for_hold: int,
    proof: Mapping[str, Any],
    at: int | None = None,
) -> Erasure:
    """Note that an erasure is done, and what proves it.

    Raises:
        UsageError: No unfinished erasure has that number, or an argument is not usable.
    """
    if not 0 <= kept_for_hold <= events:
        raise UsageError("the counts of an erasure do not fit together")
    when = now() if at is None else at
    lock_audit(connection)
    values = {"done_at": when, "events": events, "kept_for_hold": kept_for_hold}
    change = update(erasure).where(erasure.c.id == erasure_id, erasure.c.done_at.is_(None))
    change = change.values(**values, proof=canonical(proof))
    row = connection.execute(change.returning(*_COLUMNS)).one_or_none()
    if row is None:
        raise UsageError("no unfinished erasure has that number")
    done = _erasure(row)
    details = {"erasure": done.id, "events": events, "kept_for_hold": kept_for_hold}
    record(connection, by, "erasure.finish", done.subject, details, at=when)
    return done


def list_erasures(
    connection: Connection, *, after: int = 0, done: bool | None = None
) -> list[Erasure]:
    """The erasures whose number is above ``after``, in the order of asking.

    Args:
        connection: Of any transaction.
        after: The last number that the caller knows.
        done: Only the finished ones, or only the others; both, if None.
    """
    query = select(*_COLUMNS).where(erasure.c.id > after).order_by(erasure.c.id)
    if done is not None:
        query = query.where(erasure.c.done_at.is_not(None) if done else erasure.c.done_at.is_(None))
    return [_erasure(row) for row in connection.execute(query)]


_COLUMNS: Final = tuple(erasure.c[name] for name in Erasure._fields)


def _erasure(row: Row[Any]) -> Erasure:
    proof = None if row.proof is None else msgspec.json.decode(row.proof)
    return Erasure(**row._asdict() | {"proof": proof})
