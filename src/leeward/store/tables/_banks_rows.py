"""What all changes of banks share: their lock, bulk rows, and the feed of changes.

Entries and changes are numbered by us and without gaps, so whoever writes them holds one lock
until the end of the transaction. What a reader sees is then always a whole beginning of the feed:
one that has seen change ``n`` has missed none before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import func, insert, select

from leeward.store.tables._checks import now
from leeward.store.tables._schema import bank_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Column, Connection, Table

__all__ = [
    "AT_ONCE",
    "CHANGE_KINDS",
    "ChangeKind",
    "bulk_insert",
    "chunked",
    "lock_banks",
    "note_change",
    "note_entries",
    "ranges",
    "subject_of",
]

ChangeKind: TypeAlias = Literal["added", "withdrawn", "paused", "resumed", "bank"]
CHANGE_KINDS: Final[tuple[ChangeKind, ...]] = get_args(ChangeKind)

AT_ONCE: Final = 1_000
"""Values of one ``IN``: SQLite takes 32,766 of them, and more at once is not faster."""

_LOCK: Final = 0x1EE_0BA2
"""The key of PostgreSQL's advisory lock for changes of banks."""


def lock_banks(connection: Connection) -> None:
    """Wait until no other transaction changes a bank, and keep others from it until this one ends.

    One that also appends to the audit chain calls ``lock_audit`` first, so that two cannot wait
    for each other in a circle. SQLite's transaction is a lock in itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def note_change(
    connection: Connection, kind: ChangeKind, spans: Iterable[tuple[int, int]], at: int | None
) -> None:
    """Append to the feed; the caller holds the lock.

    Args:
        connection: Of the transaction of the change.
        kind: What happened.
        spans: The first and the last id that it happened to, one row each.
        at: When.
    """
    last = connection.scalar(select(func.max(bank_change.c.seq))) or 0
    when = now() if at is None else at
    rows = [
        {"seq": seq, "at": when, "kind": kind, "first": first, "last": final}
        for seq, (first, final) in enumerate(spans, last + 1)
    ]
    if rows:
        connection.execute(insert(bank_change), rows)


def note_entries(
    connection: Connection, kind: ChangeKind, ids: Iterable[int], at: int | None
) -> None:
    """Append to the feed what happened to some entries; neighbours share a row."""
    note_change(connection, kind, ranges(ids), at)


def ranges(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as ranges, both ends included: 1, 2, 3, 7 are (1, 3), (7, 7)."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(ids)):
        if found and found[-1][1] + 1 == number:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def chunked(items: Sequence[Any], size: int = AT_ONCE) -> Iterator[Sequence[Any]]:
    """Some items at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def bulk_insert(
    connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert very many rows: what SQLAlchemy does for each parameter would be most of the time.

    Args:
        connection: Of :meth:`Tables.begin`.
        columns: Of one table; the others become null.
        rows: Their values, in the order of the columns.
    """
    if not rows:
        return
    table: Table = columns[0].table
    names = ", ".join(column.name for column in columns)
    # Names of the schema only; every value is a parameter.
    into = f"INSERT INTO {table.name} ({names})"
    if connection.dialect.name == "postgresql":
        kinds = [column.type.compile(connection.dialect) for column in columns]
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
        given = tuple(list(column) for column in zip(*rows, strict=True))
        statement = f"{into} SELECT * FROM unnest({arrays})"  # noqa: S608 - see above
        connection.exec_driver_sql(statement, given)
        return
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"{into} VALUES ({marks})", list(rows))


def subject_of(name: str) -> str:
    """What the audit chain calls a bank."""
    return f"bank:{name}"
