"""Hash exchanges in banks: how far each was read, and what a part of a reading changes.

An exchange undoes only what an exchange did. What a person withdrew stays withdrawn, however often
it is stated again; ``leeward bank import --relist`` is how a person brings it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, select, tuple_, update

from leeward.model import hash_text
from leeward.store.tables._audit import lock_audit
from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_acts import Act, begin_act, finish_act, grow_act, list_acts
from leeward.store.tables._banks_add import add_entries, kept_name
from leeward.store.tables._banks_opinions import GivenOpinion, keep_opinions
from leeward.store.tables._banks_rows import chunked, lock_banks
from leeward.store.tables._banks_withdraw import ENDED_COLUMNS, end_listings
from leeward.store.tables._schema import (
    bank,
    bank_act,
    bank_entry,
    bank_exchange,
    bank_listing,
    bank_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row, Select

    from leeward.model import NewEntry
    from leeward.store.tables._tables import Tables

__all__ = [
    "StatedCounts",
    "StatedItem",
    "SyncState",
    "apply_stated",
    "begin_sync",
    "keep_sync_state",
    "list_sync_states",
    "standing_items",
]

_ROWS: Final = 10_000
_SHORTEST: Final = 16
"""Octets of the shortest value that an item is named by."""

Value = tuple[str, bytes]
Named = tuple[str, str]
"""A member and what it calls an item."""


class SyncState(NamedTuple):
    """How far an exchange has been read into a bank.

    Attributes:
        bank, exchange: Their names.
        through: All that it changed before then is in the bank; microseconds since 1970 UTC.
        token: What else the exchange needs to go on from there.
        completed_at: When a sync was last completed, likewise; None: never.
    """

    bank: str
    exchange: str
    through: int
    token: str
    completed_at: int | None


class StatedItem(NamedTuple):
    """An item as its exchange states it. One without entries stands no more.

    Attributes:
        member: Who lists it.
        name: What it is called; ``ALGORITHM:VALUE`` where its value is its only name.
        entries: Its values.
        opinions: What members think of it.
    """

    member: str
    name: str
    entries: Sequence[NewEntry] = ()
    opinions: Sequence[GivenOpinion] = ()

    def __repr__(self) -> str:
        """How many values: they are secrets, and so may the name be."""
        return f"<StatedItem entries={len(self.entries)}>"


class StatedCounts(NamedTuple):
    """What a statement changed, in listings.

    Attributes:
        added: New, or standing again.
        withdrawn: They stood until now.
        known: They stood already.
        kept_out: A person withdrew them, so they stay so.
    """

    added: int
    withdrawn: int
    known: int
    kept_out: int


def list_sync_states(
    connection: Connection, *, name: str | None = None, exchange: str | None = None
) -> list[SyncState]:
    """How far exchanges have been read: of all banks, or of one; all exchanges, or one."""
    columns = bank_exchange.c["exchange", "through", "token", "completed_at"]
    query = select(bank.c.name, *columns).join_from(
        bank_exchange, bank, bank.c.id == bank_exchange.c.bank_id
    )
    if name is not None:
        query = query.where(bank.c.name == name)
    if exchange is not None:
        query = query.where(bank_exchange.c.exchange == exchange)
    order = bank_exchange.c.exchange, bank.c.name
    return [SyncState(*row) for row in connection.execute(query.order_by(*order))]


def keep_sync_state(connection: Connection, state: SyncState) -> None:
    """Remember how far an exchange has been read; without a completion the last one stays.

    Raises:
        UsageError: There is no such bank.
    """
    lock_banks(connection)
    keys = {"bank_id": get_bank(connection, state.bank).id, "exchange": state.exchange}
    values: dict[str, Any] = {"through": state.through, "token": state.token}
    if state.completed_at is not None:
        values["completed_at"] = state.completed_at
    same = [bank_exchange.c[name] == value for name, value in keys.items()]
    if not connection.execute(update(bank_exchange).where(*same).values(values)).rowcount:
        connection.execute(insert(bank_exchange).values(keys | values))


def begin_sync(connection: Connection, name: str, exchange: str, by: str) -> Act:
    """Begin to read an exchange into a bank; what an earlier sync left open ends here.

    Raises:
        UsageError: There is no such bank, or an argument is not usable.
    """
    for act in list_acts(connection, name, unfinished=True):
        if act.kind == "sync" and act.origin == exchange:
            finish_act(connection, act, details={"interrupted": True})
    return begin_act(connection, get_bank(connection, name), "sync", by, origin=exchange)


def standing_items(tables: Tables, name: str, exchange: str) -> Iterator[StatedItem]:
    """The items of an exchange that stand in a bank, once for each value and without it.

    Some are read at a time, each in a transaction of its own: nobody waits for the whole.

    Raises:
        UsageError: There is no such bank.
    """
    with tables.read() as connection:
        found = get_bank(connection, name)
        through = select(bank_source.c.id, bank_source.c.member)
        through = through.where(bank_source.c.exchange == exchange).order_by(bank_source.c.id)
        sources = connection.execute(through).all()
    place = tuple_(bank_listing.c.entry_id, bank_listing.c.number)
    for source in sources:
        query = _standing(found.id).where(bank_listing.c.source_id == source.id)
        query = query.order_by(bank_listing.c.entry_id, bank_listing.c.number).limit(_ROWS)
        after = (0, 0)
        while True:
            with tables.read() as connection:
                rows = connection.execute(query.where(place > after)).all()
            for row in rows:
                yield StatedItem(source.member, row.external_id or _bare_name(row))
            if len(rows) < _ROWS:
                break
            after = rows[-1].entry_id, rows[-1].number


def apply_stated(
    connection: Connection, act: Act, exchange: str, items: Sequence[StatedItem]
) -> StatedCounts:
    """Make a bank say of some items what their exchange states.

    An item replaces what stood by its name: its values are listed, and listings of other values
    by that name are withdrawn. Doing it twice is the same as once.

    Args:
        connection: Of :meth:`Tables.begin`.
        act: Of :func:`begin_sync`, which may have been in an earlier transaction.
        exchange: Its name.
        items: What is stated.

    Raises:
        UsageError: A name is not usable.
    """
    lock_audit(connection)  # before the banks' lock, as every act does
    lock_banks(connection)
    gone = _gone(connection, act.bank_id, exchange, items)
    if gone:
        end_listings(connection, act, gone, None)
    stated = [entry for item in items for entry in item.entries]
    entries = _allowed(connection, act.bank_id, stated)
    kept_out = len(stated) - len(entries)
    done = add_entries(connection, act, entries, relist=True)
    grow_act(connection, act, kept_out=kept_out)
    keep_opinions(connection, act, [(item.entries, item.opinions) for item in items])
    return StatedCounts(done.listed, len(gone), done.known, kept_out)


def _standing(bank_id: int) -> Select[Any]:
    """Listings of a bank that stand."""
    columns = bank_entry.c.value, bank_listing.c.external_id, bank_source.c.member
    return (
        select(*ENDED_COLUMNS, *columns)
        .join_from(bank_listing, bank_entry, bank_listing.c.entry_id == bank_entry.c.id)
        .join(bank_source, bank_source.c.id == bank_listing.c.source_id)
        .where(bank_listing.c.withdrawn.is_(None), bank_entry.c.bank_id == bank_id)
    )


def _gone(
    connection: Connection, bank_id: int, exchange: str, items: Sequence[StatedItem]
) -> list[Row[Any]]:
    """Listings of items by whose name another statement stands now."""
    keep: dict[Named, set[Value]] = {}
    for item in items:
        values = keep.setdefault((item.member, item.name), set())
        values |= {(entry.algorithm, entry.value) for entry in item.entries}
    query = _standing(bank_id).where(bank_source.c.exchange == exchange)
    by_name = query.where(bank_listing.c.external_id.in_(bindparam("v", expanding=True)))
    gone = []
    for some in chunked(sorted({name for _, name in keep})):
        for row in connection.execute(by_name, {"v": some}):
            stated = keep.get((row.member, row.external_id))
            if stated is not None and (row.algorithm, row.value) not in stated:
                gone.append(row)
    return gone + _gone_bare(connection, query, keep)


def _gone_bare(
    connection: Connection, query: Select[Any], keep: dict[Named, set[Value]]
) -> list[Row[Any]]:
    """The same of listings that have no other name than their value."""
    bare: dict[Named, set[Value]] = {}
    values = set()
    for (member, name), stated in keep.items():
        value = _octets(name)
        if value is not None and value not in {octets for _, octets in stated}:
            bare[member, name.lower()] = stated
            values.add(value)
    nameless = query.where(
        bank_listing.c.external_id.is_(None),
        bank_entry.c.value.in_(bindparam("v", expanding=True)),
    )
    gone = []
    for some in chunked(sorted(values)):
        for row in connection.execute(nameless, {"v": some}):
            names = hash_text(row.value), _bare_name(row)
            if any((row.member, name) in bare for name in names):
                gone.append(row)
    return gone


def _bare_name(row: Row[Any]) -> str:
    return f"{row.algorithm}:{hash_text(row.value)}"


def _octets(name: str) -> bytes | None:
    """The value that an item is named by, with or without the algorithm before it."""
    try:
        value = bytes.fromhex(name.rpartition(":")[2])
    except ValueError:
        return None
    return value if len(value) >= _SHORTEST else None


def _allowed(connection: Connection, bank_id: int, entries: list[NewEntry]) -> list[NewEntry]:
    """What an exchange may list: all but what a person withdrew.

    A person withdraws a listing, so the member that had it cannot list it again by that name. And
    a person who takes the last listing of a value away withdraws the value, whoever names it.
    """
    by_people = bank_act.c.bank_id == bank_id, bank_act.c.kind == "withdraw"
    if connection.execute(select(bank_act.c.id).where(*by_people).limit(1)).first() is None:
        return entries
    barred: set[Value] = set()
    listings: set[tuple[Value, str, str, str | None]] = set()
    for key, history in _histories(connection, bank_id, entries).items():
        newest = {(row.exchange, row.member, row.external_id): row for row in history}
        listings |= {(key, *who) for who, row in newest.items() if row.kind == "withdraw"}
        last = max(history, key=lambda row: row.withdrawn or 0)
        if not last.listed and last.kind == "withdraw":
            barred.add(key)
    return [entry for entry in entries if not _is_barred(entry, barred, listings)]


def _is_barred(
    entry: NewEntry, barred: set[Value], listings: set[tuple[Value, str, str, str | None]]
) -> bool:
    key, told = (entry.algorithm, entry.value), entry.provenance
    return key in barred or (key, told.exchange, told.member, kept_name(entry)) in listings


def _histories(
    connection: Connection, bank_id: int, entries: list[NewEntry]
) -> dict[Value, list[Row[Any]]]:
    """All listings of some values, oldest first, each with the kind of act that withdrew it."""
    query: Select[Any] = (
        select(
            *bank_entry.c["algorithm", "value", "listed"],
            *bank_listing.c["external_id", "withdrawn"],
            *bank_source.c["exchange", "member"],
            bank_act.c.kind,
        )
        .join_from(bank_entry, bank_listing, bank_listing.c.entry_id == bank_entry.c.id)
        .join(bank_source, bank_source.c.id == bank_listing.c.source_id)
        .outerjoin(bank_act, bank_act.c.id == bank_listing.c.withdrawn)
        .where(bank_entry.c.bank_id == bank_id)
        .where(bank_entry.c.value.in_(bindparam("v", expanding=True)))
        .order_by(*bank_listing.primary_key)
    )
    found: dict[Value, list[Row[Any]]] = {}
    for some in chunked(sorted({entry.value for entry in entries})):
        for row in connection.execute(query, {"v": some}):
            found.setdefault((row.algorithm, row.value), []).append(row)
    return found
