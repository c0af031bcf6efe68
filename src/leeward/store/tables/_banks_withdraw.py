"""Withdrawing listings, and pausing entries: what ends or stays a match."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update

from leeward.errors import UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_acts import begin_act, finish_act, grow_act
from leeward.store.tables._banks_add import count_entries
from leeward.store.tables._banks_floods import end_floods
from leeward.store.tables._banks_rows import chunked, lock_banks, note_entries, subject_of
from leeward.store.tables._checks import now, person, words
from leeward.store.tables._schema import bank_entry, bank_listing, bank_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from leeward.store.tables._banks_acts import Act

__all__ = [
    "ENDED_COLUMNS",
    "Withdrawn",
    "end_listings",
    "pause_entries",
    "resume_entries",
    "withdraw_entries",
]

_ROWS: Final = 20_000
"""Listings that are withdrawn at a time."""

_MOST_TOLD: Final = 100
"""Numbers of entries that an audit entry names; beyond that it names how many."""


class Withdrawn(NamedTuple):
    """What a withdrawal did.

    Attributes:
        listings: Listings that stood until now.
        entries: Entries that match no more, since no listing of theirs stands.
    """

    listings: int
    entries: int


def withdraw_entries(
    connection: Connection,
    name: str,
    by: str,
    why: str,
    *,
    entries: Sequence[int] = (),
    values: Sequence[tuple[str, bytes]] = (),
    external_ids: Sequence[str] = (),
    acts: Sequence[int] = (),
    exchange: str | None = None,
    member: str | None = None,
    at: int | None = None,
) -> Withdrawn:
    """Withdraw listings of a bank; an entry without one matches no more.

    Args:
        connection: Of :meth:`Tables.begin`.
        name: Of the bank.
        by: Who does it.
        why: In words.
        entries: Numbers of entries.
        values: Algorithms and values.
        external_ids: What the exchange calls the items.
        acts: Numbers of imports, all listings of which go.
        exchange: Only the listings that came through this exchange.
        member: Only those of this member of it.
        at: When.

    Raises:
        UsageError: There is no such bank, nothing says what to withdraw, or an argument is not
            usable.
    """
    if not (entries or values or external_ids or acts):
        raise UsageError(
            "nothing says what to withdraw", hint="name entries, values, external ids or imports"
        )
    found = get_bank(connection, name)
    act = begin_act(
        connection, found, "withdraw", by, why=words(why, "the reason"), origin=exchange, at=at
    )
    only = _of_source(connection, exchange, member)
    sums = {"listings": 0, "entries": 0}
    mine = bank_entry.c.bank_id == found.id, bank_listing.c.withdrawn.is_(None), *only
    for condition in _selected(entries, values, external_ids, acts):
        for rows in _standing(connection, (*mine, condition)):
            sums["listings"] += len(rows)
            sums["entries"] += end_listings(connection, act, rows, at)
    done = Withdrawn(**sums)
    grow_act(connection, act, listed=done.listings)
    told: dict[str, Any] = {"entries": done.entries}
    if entries:
        told["named"] = list(entries[:_MOST_TOLD])
    told |= {key: given for key, given in (("member", member), ("acts", list(acts))) if given}
    finish_act(connection, act, details=told, at=at)
    return done


def pause_entries(
    connection: Connection,
    name: str,
    entries: Iterable[int],
    by: str,
    why: str,
    *,
    at: int | None = None,
) -> int:
    """Let matches of some entries cause nothing but a person's task; how many were not paused.

    Raises:
        UsageError: There is no such bank, an entry is not in it, or an argument is not usable.
    """
    when = now() if at is None else at
    values = {"paused_at": when, "paused_by": person(by), "paused_why": words(why, "the reason")}
    return _set_pause(connection, name, sorted(set(entries)), by, why, values, when)


def resume_entries(
    connection: Connection,
    name: str,
    entries: Iterable[int],
    by: str,
    why: str,
    *,
    at: int | None = None,
) -> int:
    """Put paused entries in force again; how many were paused or flooded.

    A flood of them that waited for a person is over, and what it came to is what is usual now.

    Raises:
        UsageError: There is no such bank, an entry is not in it, or an argument is not usable.
    """
    values = dict.fromkeys(("paused_at", "paused_by", "paused_why"))
    when = now() if at is None else at
    return _set_pause(connection, name, sorted(set(entries)), by, why, values, when)


def _selected(
    entries: Sequence[int],
    values: Sequence[tuple[str, bytes]],
    external_ids: Sequence[str],
    acts: Sequence[int],
) -> Iterator[ColumnElement[bool]]:
    """Conditions, each short enough for a statement, that together say what is meant."""
    for some in chunked(entries):
        yield bank_entry.c.id.in_(some)
    for algorithm in sorted({algorithm for algorithm, _ in values}):
        of_it = [value for name, value in values if name == algorithm]
        for some in chunked(of_it):
            yield (bank_entry.c.algorithm == algorithm) & bank_entry.c.value.in_(some)
    for some in chunked(external_ids):
        yield bank_listing.c.external_id.in_(some)
    for some in chunked(acts):
        yield bank_listing.c.added.in_(some)


def _of_source(
    connection: Connection, exchange: str | None, member: str | None
) -> list[ColumnElement[bool]]:
    if exchange is None and member is None:
        return []
    query = select(bank_source.c.id)
    if exchange is not None:
        query = query.where(bank_source.c.exchange == exchange)
    if member is not None:
        query = query.where(bank_source.c.member == member)
    return [bank_listing.c.source_id.in_(list(connection.scalars(query)))]


def _standing(
    connection: Connection, conditions: Iterable[ColumnElement[bool]]
) -> Iterator[Sequence[Row[Any]]]:
    """Listings of which each part is withdrawn before the next one is asked for."""
    together = bank_listing.c.entry_id == bank_entry.c.id
    query = select(*ENDED_COLUMNS).join_from(bank_listing, bank_entry, together).where(*conditions)
    query = query.order_by(bank_listing.c.entry_id, bank_listing.c.number).limit(_ROWS)
    after = 0
    while rows := connection.execute(query.where(bank_listing.c.entry_id >= after)).all():
        yield rows
        after = rows[-1].entry_id


def end_listings(connection: Connection, act: Act, rows: Sequence[Row[Any]], at: int | None) -> int:
    """Withdraw listings that stand; how many entries match no more.

    Args:
        connection: Of a transaction that holds the lock of the banks.
        act: What withdraws them.
        rows: With :data:`ENDED_COLUMNS`; all listings of an entry that go, at once.
        at: When, for the feed of changes.
    """
    which = bank_listing.c.entry_id == bindparam("e"), bank_listing.c.number == bindparam("n")
    change = update(bank_listing).where(*which).values(withdrawn=act.id)
    connection.execute(change, [{"e": row.entry_id, "n": row.number} for row in rows])
    left: dict[int, int] = {}
    algorithms: dict[int, str] = {}
    for row in rows:
        left[row.entry_id] = left.get(row.entry_id, row.listed) - 1
        algorithms[row.entry_id] = row.algorithm
    fewer = update(bank_entry).where(bank_entry.c.id == bindparam("e"))
    fewer = fewer.values(listed=bindparam("c"))
    connection.execute(fewer, [{"e": entry, "c": count} for entry, count in left.items()])
    gone = [entry for entry, count in left.items() if not count]
    note_entries(connection, "withdrawn", gone, at)
    counts = Counter(algorithms[entry] for entry in gone)
    count_entries(connection, act.bank_id, {name: (0, -n) for name, n in counts.items()})
    return len(gone)


def _set_pause(
    connection: Connection,
    name: str,
    entries: list[int],
    by: str,
    why: str,
    values: dict[str, Any],
    when: int,
) -> int:
    lock_audit(connection)
    lock_banks(connection)
    found = get_bank(connection, name)
    pausing = values["paused_at"] is not None
    column = bank_entry.c.paused_at
    changed: list[int] = []
    for some in chunked(entries):
        mine = bank_entry.c.bank_id == found.id, bank_entry.c.id.in_(some)
        there = set(connection.scalars(select(bank_entry.c.id).where(*mine)))
        if len(there) < len(some):
            raise UsageError("an entry is not in this bank", where=name)
        which = *mine, column.is_(None) if pausing else column.is_not(None)
        change = update(bank_entry).where(*which).values(**values).returning(bank_entry.c.id)
        changed.extend(connection.scalars(change))
    resumed = list(changed)
    if not pausing:
        flooded = end_floods(connection, found.id, entries, by, when)
        changed = sorted({*changed, *flooded})
    if changed:
        note_entries(connection, "paused" if pausing else "resumed", resumed, when)
        details = {"entries": len(changed), "named": sorted(changed)[:_MOST_TOLD]}
        details |= {"reason": words(why, "the reason"), "version": found.version}
        verb = "bank.pause_entry" if pausing else "bank.resume_entry"
        record(connection, by, verb, subject_of(name), details, at=when)
    return len(changed)


ENDED_COLUMNS: Final = (
    *bank_listing.c["entry_id", "number"],
    *bank_entry.c["algorithm", "listed"],
)
