"""Listing values in banks.

A bank has one entry for each value, and the entry one listing for each member of an exchange that
names it. It matches while one of them stands. So what one member withdraws, another still lists:
the entry goes on matching, with its number, its pause and its feedback; and a thousandfold match
is paused once, not once for each member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from leeward.model import hash_text
from leeward.store.tables._banks_acts import Act, grow_act
from leeward.store.tables._banks_frames import put_frames
from leeward.store.tables._banks_rows import (
    bulk_insert,
    chunked,
    lock_banks,
    note_change,
    note_entries,
)
from leeward.store.tables._checks import plain_line
from leeward.store.tables._schema import bank_count, bank_entry, bank_listing, bank_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from leeward.model import NewEntry, Provenance

__all__ = ["Added", "add_entries", "count_entries", "kept_name"]

Value = tuple[str, bytes]
"""An algorithm and a value: what an entry of a bank is known by."""
Who = tuple[int, str | None]
"""A source and what it calls the item: what a listing of an entry is known by."""


class Added(NamedTuple):
    """What became of some values.

    Attributes:
        added: New entries, and entries that match again.
        listed: New listings, those of new entries among them.
        known: Listings that stood already, or that were given twice.
        kept_out: Listings that were withdrawn before and stay so.
    """

    added: int
    listed: int
    known: int
    kept_out: int


def add_entries(
    connection: Connection,
    act: Act,
    entries: Iterable[NewEntry],
    *,
    relist: bool = False,
    at: int | None = None,
) -> Added:
    """List values in the bank of an act. What stands already is left as it is.

    A listing with another classification takes the place of the old one. One that was withdrawn
    stays so, for the same file may be imported every night: unless it is stated at a later time
    than the old one was (``Provenance.at``), or ``relist`` asks for it.

    Args:
        connection: Of :meth:`Tables.begin`. Some ten thousand values at a time are a good measure.
        act: Of ``begin_act``, which may have been in an earlier transaction.
        entries: The values and who lists them.
        relist: Let what was withdrawn stand again.
        at: When, for the feed of changes.

    Raises:
        UsageError: An exchange's or a member's name is not usable.
    """
    lock_banks(connection)
    videos: dict[Value, bytes] = {}
    wanted, given = _wanted(connection, entries, videos)
    found = _existing(connection, act.bank_id, list(wanted))
    work = _Work(act)
    fresh = [key for key in wanted if key not in found]
    made = work.make(connection, wanted, sorted(fresh, key=lambda key: key[1]))
    put_frames(connection, {made[key]: text for key, text in videos.items() if key in made})
    listings = _listings(connection, [entry.id for entry in found.values()])
    for key, entry in found.items():
        work.renew(entry, listings.get(entry.id, {}), wanted[key], relist=relist)
    work.write(connection, at)
    known = given - work.count_listed - work.kept_out
    done = Added(work.count_added, work.count_listed, known, work.kept_out)
    grow_act(connection, act, **done._asdict())
    return done


def kept_name(entry: NewEntry) -> str | None:
    """What a listing is called in the tables: nothing where that is its own value."""
    name = entry.provenance.external_id
    if name is not None and len(name) == 2 * len(entry.value):
        # Such an exchange names items by their hash, which is kept once only.
        return None if name.lower() == hash_text(entry.value) else name
    return name


def count_entries(
    connection: Connection, bank_id: int, changes: dict[str, tuple[int, int]]
) -> None:
    """Add to how many entries there are and how many stand, by algorithm."""
    for algorithm, (entries, standing) in changes.items():
        row = {"entries": bank_count.c.entries + entries}
        row["standing"] = bank_count.c.standing + standing
        change = update(bank_count).values(row)
        keys = {"bank_id": bank_id, "algorithm": algorithm}
        change = change.where(*(bank_count.c[name] == value for name, value in keys.items()))
        if not connection.execute(change).rowcount:
            values = keys | {"entries": entries, "standing": standing}
            connection.execute(insert(bank_count).values(**values))


class _Entry(NamedTuple):
    id: int
    algorithm: str
    listed: int


class _Listed(NamedTuple):
    number: int
    classification: str | None
    listed_at: int | None
    withdrawn: int | None


class _Work:
    """The rows that some listings come to."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self._listings: list[tuple[Any, ...]] = []
        self._replaced: list[dict[str, int]] = []
        self._counts: dict[int, int] = {}  # entry to its new number of listings
        self._again: list[int] = []
        self._new: tuple[int, int] | None = None
        self._changes: dict[str, list[int]] = {}
        self.kept_out = 0

    @property
    def count_added(self) -> int:
        new = 0 if self._new is None else self._new[1] - self._new[0] + 1
        return new + len(self._again)

    @property
    def count_listed(self) -> int:
        return len(self._listings)

    def make(
        self,
        connection: Connection,
        wanted: dict[Value, dict[Who, Provenance]],
        fresh: Sequence[Value],
    ) -> dict[Value, int]:
        """Make entries of values that the bank has not had; their numbers."""
        if not fresh:
            return {}
        last = connection.scalar(select(func.max(bank_entry.c.id))) or 0
        rows = []
        for number, key in enumerate(fresh, last + 1):
            algorithm, value = key
            rows.append((number, self._act.bank_id, algorithm, value, len(wanted[key])))
            self._count(algorithm, 1, 1)
            for place, (who, told) in enumerate(wanted[key].items(), 1):
                self._list(number, place, who, told)
        bulk_insert(connection, _ENTRY_COLUMNS, rows)
        self._new = (last + 1, last + len(fresh))
        return dict(zip(fresh, range(last + 1, last + len(fresh) + 1), strict=True))

    def renew(
        self,
        entry: _Entry,
        before: dict[Who, _Listed],
        wanted: dict[Who, Provenance],
        *,
        relist: bool,
    ) -> None:
        """Add to an entry what it lacks."""
        place = max((listed.number for listed in before.values()), default=0)
        standing = entry.listed
        for who, told in wanted.items():
            old = before.get(who)
            if old is not None and old.withdrawn is None:
                if told.classification == old.classification:
                    continue
                self._replaced.append({"e": entry.id, "n": old.number})
                standing -= 1
            elif old is not None and not (relist or _later(told.at, old.listed_at)):
                self.kept_out += 1
                continue
            place += 1
            standing += 1
            self._list(entry.id, place, who, told)
        if standing != entry.listed:
            self._counts[entry.id] = standing
        if standing and not entry.listed:
            self._again.append(entry.id)
            self._count(entry.algorithm, 0, 1)

    def write(self, connection: Connection, at: int | None) -> None:
        """Write all of it, and tell the feed."""
        if self._replaced:
            which = (
                bank_listing.c.entry_id == bindparam("e"),
                bank_listing.c.number == bindparam("n"),
            )
            change = update(bank_listing).where(*which).values(withdrawn=self._act.id)
            connection.execute(change, self._replaced)
        bulk_insert(connection, _LISTING_COLUMNS, self._listings)
        if self._counts:
            change = update(bank_entry).where(bank_entry.c.id == bindparam("e"))
            rows = [{"e": entry, "c": count} for entry, count in self._counts.items()]
            connection.execute(change.values(listed=bindparam("c")), rows)
        if self._new is not None:
            note_change(connection, "added", [self._new], at)
        note_entries(connection, "added", self._again, at)
        counts = {name: (entries, standing) for name, (entries, standing) in self._changes.items()}
        count_entries(connection, self._act.bank_id, counts)

    def _list(self, entry: int, number: int, who: Who, told: Provenance) -> None:
        row = (entry, number, *who, told.classification, told.at, self._act.id)
        self._listings.append(row)

    def _count(self, algorithm: str, entries: int, standing: int) -> None:
        counts = self._changes.setdefault(algorithm, [0, 0])
        counts[0] += entries
        counts[1] += standing


def _later(at: int | None, than: int | None) -> bool:
    return at is not None and (than is None or at > than)


def _wanted(
    connection: Connection, entries: Iterable[NewEntry], videos: dict[Value, bytes]
) -> tuple[dict[Value, dict[Who, Provenance]], int]:
    """Each value once, with each of its listings once; and how many were given.

    The frames of videos are put into ``videos``.
    """
    wanted: dict[Value, dict[Who, Provenance]] = {}
    sources: dict[tuple[str, str], int] = {}
    given = 0
    for entry in entries:
        told = entry.provenance
        key = told.exchange, told.member
        source = sources.get(key)
        if source is None:
            source = sources[key] = _source(connection, *key)
        who = source, kept_name(entry)
        wanted.setdefault((entry.algorithm, entry.value), {})[who] = told
        if entry.frames:
            videos[entry.algorithm, entry.value] = entry.frames
        given += 1
    return wanted, given


def _source(connection: Connection, exchange: str, member: str) -> int:
    row = {"exchange": plain_line(exchange, "the exchange", 64), "member": member}
    if member:
        plain_line(member, "the member of the exchange", 255)
    query = select(bank_source.c.id)
    query = query.where(*(bank_source.c[name] == value for name, value in row.items()))
    known = connection.scalar(query)
    if known is None:
        made = insert(bank_source).values(**row).returning(bank_source.c.id)
        known = connection.execute(made).scalar_one()
    return int(known)


def _existing(connection: Connection, bank_id: int, keys: Sequence[Value]) -> dict[Value, _Entry]:
    """The entries of a bank that have some of these values already."""
    columns = bank_entry.c["id", "algorithm", "listed", "value"]
    values = bank_entry.c.value.in_(bindparam("v", expanding=True))
    query = select(*columns).where(values, bank_entry.c.bank_id == bank_id)
    wanted = set(keys)
    found = {}
    for some in chunked(sorted({value for _, value in keys})):
        for row in connection.execute(query, {"v": some}):
            if (key := (row.algorithm, row.value)) in wanted:
                found[key] = _Entry(row.id, row.algorithm, row.listed)
    return found


def _listings(connection: Connection, ids: Sequence[int]) -> dict[int, dict[Who, _Listed]]:
    """The newest listing by each source and name, of some entries."""
    entries = bank_listing.c.entry_id.in_(bindparam("v", expanding=True))
    query = select(*_READ_COLUMNS).where(entries).order_by(*bank_listing.primary_key)
    found: dict[int, dict[Who, _Listed]] = {}
    for some in chunked(sorted(ids)):
        for entry, source, name, *rest in connection.execute(query, {"v": some}):
            found.setdefault(entry, {})[source, name] = _Listed(*rest)
    return found


_ENTRY_COLUMNS: Final = tuple(bank_entry.c["id", "bank_id", "algorithm", "value", "listed"])
_LISTING_COLUMNS: Final = tuple(
    bank_listing.c[
        "entry_id",
        "number",
        "source_id",
        "external_id",
        "classification",
        "listed_at",
        "added",
    ]
)
_READ_COLUMNS: Final = tuple(
    bank_listing.c[
        "entry_id", "source_id", "external_id", "number", "classification", "listed_at", "withdrawn"
    ]
)
