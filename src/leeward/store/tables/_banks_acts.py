"""What was done to the entries of a bank: by whom, when, from where, and how much.

An import, and the sync of an exchange, is many transactions, so that others are not kept waiting:
its act is written first, with an entry in the audit chain, and grows with each of them. One that
was killed has no end; the same once more adds what is missing and nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from sqlalchemy import insert, select, update

from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_rows import lock_banks, subject_of
from leeward.store.tables._checks import now, person, plain_line, words
from leeward.store.tables._schema import bank, bank_act

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from leeward.model import HashBank

__all__ = ["Act", "ActKind", "begin_act", "finish_act", "grow_act", "list_acts"]

ActKind: TypeAlias = Literal["add", "import", "sync", "withdraw"]


class Act(NamedTuple):
    """One thing that was done to the entries of a bank.

    Attributes:
        id: Its number.
        bank_id: The bank.
        kind: ``add``, ``import``, ``sync`` or ``withdraw``.
        at, by: When it began, and who did it.
        why: In words.
        origin: Name of the file, or of the exchange.
        added: New entries, and entries that match again.
        listed: Listings that were added or withdrawn.
        known: Listings that stood already.
        kept_out: Listings that were withdrawn before and stay so.
        refused: Lines that could not be read.
        digest: SHA-256 of what was read.
        finished_at: When it ended; None for one that is under way or was killed.
    """

    id: int
    bank_id: int
    kind: ActKind
    at: int
    by: str
    why: str | None = None
    origin: str | None = None
    added: int = 0
    listed: int = 0
    known: int = 0
    kept_out: int = 0
    refused: int = 0
    digest: str | None = None
    finished_at: int | None = None


_COLUMNS: Final = tuple(bank_act.c[name] for name in Act._fields)
_COUNTS: Final = ("added", "listed", "known", "kept_out")


def begin_act(
    connection: Connection,
    found: HashBank,
    kind: ActKind,
    by: str,
    *,
    why: str | None = None,
    origin: str | None = None,
    at: int | None = None,
) -> Act:
    """Begin to do something to entries.

    An import or a sync is in the audit chain from here on; the other kinds when they end, which is
    in the same transaction.

    Raises:
        UsageError: An argument is not usable.
    """
    when = now() if at is None else at
    lock_audit(connection)
    lock_banks(connection)
    row = {
        "bank_id": found.id,
        "kind": kind,
        "at": when,
        "by": person(by),
        "why": None if why is None else words(why, "the reason"),
        "origin": None if origin is None else plain_line(origin, "the name of the input", 255),
        **dict.fromkeys((*_COUNTS, "refused"), 0),
    }
    act = Act(*connection.execute(insert(bank_act).values(**row).returning(*_COLUMNS)).one())
    if kind in {"import", "sync"}:
        details = {"act": act.id, "origin": origin, "version": found.version}
        if why is not None:
            details["reason"] = why
        record(connection, by, f"bank.{kind}_begin", subject_of(found.name), details, at=when)
    return act


def grow_act(connection: Connection, act: Act, **counts: int) -> None:
    """Count what one transaction of an act did."""
    more = {name: bank_act.c[name] + count for name, count in counts.items() if count}
    if more:
        connection.execute(update(bank_act).where(bank_act.c.id == act.id).values(more))


def finish_act(
    connection: Connection,
    act: Act,
    *,
    digest: str | None = None,
    details: dict[str, Any] | None = None,
    at: int | None = None,
) -> Act:
    """End an act: what it did, in numbers, goes into the audit chain. No value does."""
    lock_audit(connection)
    lock_banks(connection)
    values = {"finished_at": now() if at is None else at, "digest": digest}
    change = update(bank_act).where(bank_act.c.id == act.id).values(**values)
    done = Act(*connection.execute(change.returning(*_COLUMNS)).one())
    name = connection.execute(select(bank.c.name).where(bank.c.id == act.bank_id)).scalar_one()
    told: dict[str, Any] = {"act": done.id, **(details or {})}
    told |= {name: getattr(done, name) for name in _told_counts(done)}
    for key, value in (("reason", done.why), ("origin", done.origin), ("sha256", digest)):
        if value is not None:
            told[key] = value
    verb = f"bank.{done.kind}"
    record(connection, done.by, verb, subject_of(name), told, at=done.finished_at)
    return done


def list_acts(connection: Connection, name: str, *, unfinished: bool = False) -> list[Act]:
    """What was done to the entries of a bank, oldest first.

    Raises:
        UsageError: There is no such bank.
    """
    query = select(*_COLUMNS).where(bank_act.c.bank_id == get_bank(connection, name).id)
    if unfinished:
        query = query.where(bank_act.c.finished_at.is_(None))
    return [Act(*row) for row in connection.execute(query.order_by(bank_act.c.id))]


def _told_counts(act: Act) -> tuple[str, ...]:
    return ("listed",) if act.kind == "withdraw" else (*_COUNTS, "refused")
