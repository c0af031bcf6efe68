"""The book of erasures: who asked for which subject, and the proof that it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import func, insert, select, update

from leeward.errors import UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._checks import canonical, now, person, subject_uri
from leeward.store.tables._schema import erasure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

__all__ = [
    "Erasure",
    "ask_again",
    "ask_erasure",
    "finish_erasure",
    "list_erasures",
    "pause_erasure",
]


class Erasure(NamedTuple):
    """One request to erase a subject.

    Attributes:
        id: Number of its row; ascending in the order of asking.
        subject: URI of the account.
        asked_at, asked_by: When and by whom it was asked for.
        done_at: When it was finished, microseconds since 1970 UTC; None while it is not.
        events: How many events were erased, over all runs that came to their end.
        kept_for_hold: How many of them left their bare skeleton because of a hold.
        proof: What the scan that looked for the rest found, a JSON object; of an unfinished one,
            how many events a hold withholds.
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


def ask_again(
    connection: Connection, erasure_id: int, by: str, *, at: int | None = None
) -> Erasure:
    """Note that an unfinished erasure is asked for once more, as after a hold was released.

    Raises:
        UsageError: No unfinished erasure has that number, or an argument is not usable.
    """
    asked = _change(connection, erasure_id, proof=None)
    record(connection, by, "erasure.ask", asked.subject, {"erasure": asked.id}, at=at)
    return asked


def pause_erasure(
    connection: Connection,
    erasure_id: int,
    by: str,
    *,
    events: int,
    kept_for_hold: int,
    withheld: int,
    at: int | None = None,
) -> Erasure:
    """Note that a run erased what it may, and that a hold keeps the rest as it is.

    Args:
        connection: Of a transaction that writes.
        erasure_id: Number of the request.
        by: Who acts.
        events: Events that this run erased.
        kept_for_hold: How many of them left their skeleton.
        withheld: Events that stay as they are until a hold is released.
        at: When, microseconds since 1970 UTC; now, if not given.

    Raises:
        UsageError: No unfinished erasure has that number, or an argument is not usable.
    """
    paused = _add(connection, erasure_id, events, kept_for_hold, {"withheld": withheld})
    details = {"erasure": paused.id, "events": events, "withheld": withheld}
    record(connection, by, "erasure.pause", paused.subject, details, at=at)
    return paused


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

    The counts are of this run; those of runs before it are added.

    Raises:
        UsageError: No unfinished erasure has that number, or an argument is not usable.
    """
    when = now() if at is None else at
    done = _add(connection, erasure_id, events, kept_for_hold, proof, done_at=when)
    details = {"erasure": done.id, "events": done.events, "kept_for_hold": done.kept_for_hold}
    record(connection, by, "erasure.finish", done.subject, details, at=when)
    return done


def _add(
    connection: Connection,
    erasure_id: int,
    events: int,
    kept_for_hold: int,
    proof: Mapping[str, Any],
    **values: int,
) -> Erasure:
    if not 0 <= kept_for_hold <= events:
        raise UsageError("the counts of an erasure do not fit together")
    return _change(
        connection,
        erasure_id,
        events=func.coalesce(erasure.c.events, 0) + events,
        kept_for_hold=func.coalesce(erasure.c.kept_for_hold, 0) + kept_for_hold,
        proof=canonical(proof),
        **values,
    )


def _change(connection: Connection, erasure_id: int, **values: Any) -> Erasure:
    lock_audit(connection)
    change = update(erasure).where(erasure.c.id == erasure_id, erasure.c.done_at.is_(None))
    row = connection.execute(change.values(**values).returning(*_COLUMNS)).one_or_none()
    if row is None:
        raise UsageError("no unfinished erasure has that number")
    return _erasure(row)


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
