"""Holds: legal clocks that forbid deletion.

A hold is open until a person releases it. Its clock says when that may be considered; that it
has run out releases nothing. A subject can be under several holds at once.

A hold keeps either the content, which stops an erasure, or the skeleton: that something
happened, by whom, when and to what, without the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

from sqlalchemy import insert, select, update

from leeward.errors import UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._checks import now, person, subject_uri, words
from leeward.store.tables._schema import hold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

__all__ = ["Hold", "Keeps", "list_holds", "open_holds", "place_hold", "release_hold"]

Keeps: TypeAlias = Literal["content", "skeleton"]

_AT_ONCE: Final = 500


class Hold(NamedTuple):
    """One legal reason for which a subject must not be deleted.

    Attributes:
        id: Number of its row.
        subject: URI of the account, post or media item.
        basis: The legal reason, in words.
        keeps: What must stay: ``content``, or only the ``skeleton``.
        placed_at, placed_by: When and by whom it was placed.
        expires_at: When its clock runs out, microseconds since 1970 UTC; None: never.
        released_at, released_by: When and by whom it was released; None while it is open.
    """

    id: int
    subject: str
    basis: str
    keeps: Keeps
    placed_at: int
    placed_by: str
    expires_at: int | None = None
    released_at: int | None = None
    released_by: str | None = None

    def __repr__(self) -> str:
        """The number and the state: who it concerns stays out of ``repr``."""
        return f"<Hold {self.id} {'open' if self.released_at is None else 'released'}>"


def place_hold(
    connection: Connection,
    subject: str,
    basis: str,
    by: str,
    *,
    keeps: Keeps = "content",
    expires_at: int | None = None,
    at: int | None = None,
) -> Hold:
    """Forbid the deletion of a subject.

    Raises:
        UsageError: An argument is not usable, or the clock would have run out already.
    """
    when = now() if at is None else at
    if expires_at is not None and expires_at <= when:
        raise UsageError("the hold would expire before it is placed")
    if keeps not in get_args(Keeps):
        raise UsageError("a hold keeps `content` or `skeleton`")
    lock_audit(connection)
    row = {
        "subject": subject_uri(subject),
        "basis": words(basis, "the legal basis"),
        "keeps": keeps,
        "placed_at": when,
        "placed_by": person(by),
        "expires_at": expires_at,
    }
    placed = Hold(*connection.execute(insert(hold).values(**row).returning(*_COLUMNS)).one())
    details = {"hold": placed.id, "basis": basis, "keeps": keeps, "expires_at": expires_at}
    record(connection, by, "hold.place", subject, details, at=when)
    return placed


def release_hold(
    connection: Connection, hold_id: int, by: str, reason: str, *, at: int | None = None
) -> Hold:
    """Release a hold; the only way in which one ends.

    Raises:
        UsageError: No open hold has that number, or an argument is not usable.
    """
    when = now() if at is None else at
    lock_audit(connection)
    change = update(hold).where(hold.c.id == hold_id, hold.c.released_at.is_(None))
    change = change.values(released_at=when, released_by=person(by))
    row = connection.execute(change.returning(*_COLUMNS)).one_or_none()
    if row is None:
        raise UsageError("no open hold has that number", hint="list the holds to see it")
    released = Hold(*row)
    details = {"hold": hold_id, "reason": words(reason, "the reason")}
    record(connection, by, "hold.release", released.subject, details, at=when)
    return released


def list_holds(
    connection: Connection, *, subject: str | None = None, released: bool = False
) -> list[Hold]:
    """The open holds, or also the released ones, oldest first."""
    query = select(*_COLUMNS).order_by(hold.c.id)
    if subject is not None:
        query = query.where(hold.c.subject == subject)
    if not released:
        query = query.where(hold.c.released_at.is_(None))
    return [Hold(*row) for row in connection.execute(query)]


def open_holds(connection: Connection, subjects: Iterable[str]) -> dict[str, list[Hold]]:
    """The open holds on any of these subjects, oldest first; a subject without one is absent.

    For a path of deletion that knows its subjects; one that does not takes all open holds.
    """
    found: dict[str, list[Hold]] = {}
    wanted = sorted(set(subjects))
    for start in range(0, len(wanted), _AT_ONCE):
        some = hold.c.subject.in_(wanted[start : start + _AT_ONCE])
        query = select(*_COLUMNS).where(some, hold.c.released_at.is_(None)).order_by(hold.c.id)
        for row in connection.execute(query):
            found.setdefault(row.subject, []).append(Hold(*row))
    return found


_COLUMNS: Final = tuple(hold.c[name] for name in Hold._fields)
