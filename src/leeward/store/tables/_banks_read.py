"""Reading banks: for a search index, for an explanation, for an export and for status."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from sqlalchemy import bindparam, func, select

from leeward.model import VIDEO, BankEntry, BankPause, Listing, Provenance
from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_frames import frames_of
from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._schema import (
    bank,
    bank_act,
    bank_change,
    bank_count,
    bank_entry,
    bank_listing,
    bank_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from sqlalchemy import Connection, Row

    from leeward.hashing import FrameHash
    from leeward.store.tables._banks_rows import ChangeKind

__all__ = [
    "BankChange",
    "BankCount",
    "EntryArrays",
    "ExactMatch",
    "Listed",
    "bank_changes",
    "count_banks",
    "entry_arrays",
    "get_entries",
    "last_change",
    "listed_entries",
    "look_up",
    "paused_entries",
]

_ROWS: Final = 65_536


class BankChange(NamedTuple):
    """Something that an index or a cache of banks must follow.

    Attributes:
        seq: Its place in the feed, from 1, dense and monotone.
        at: When, microseconds since 1970 UTC.
        kind: ``added`` (the entries from ``first`` to ``last`` match, as far as they still do),
            ``withdrawn`` (they match no more), ``paused``, ``resumed``, or ``bank``: the settings
            of the banks with these numbers.
        first, last: Ids, both ends included.
    """

    seq: int
    at: int
    kind: ChangeKind
    first: int
    last: int


class EntryArrays(NamedTuple):
    """Entries as columns.

    Attributes:
        ids: uint64 (entries), ascending.
        banks: int64 (entries): numbers of their banks.
        values: uint8 (entries, octets).
    """

    ids: npt.NDArray[np.uint64]
    banks: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint8]

    def __repr__(self) -> str:
        """How many: hash values are secrets."""
        return f"<EntryArrays {len(self.ids)}>"


class ExactMatch(NamedTuple):
    """An entry that has exactly the value that was asked for.

    Attributes:
        place: Of the value among those asked for.
        entry: Number of the entry.
        bank_id: Number of its bank.
        paused: Whether the entry is paused.
    """

    place: int
    entry: int
    bank_id: int
    paused: bool


class Listed(NamedTuple):
    """A listing that stands, as an export has it.

    Attributes:
        entry: Number of the entry.
        algorithm, value: What is listed; no value unless it was asked for.
        provenance: Who lists it.
        added_at: When it came here.
        frames: Of a video, where values were asked for.
    """

    entry: int
    algorithm: str
    value: bytes | None
    provenance: Provenance
    added_at: int
    frames: tuple[FrameHash, ...] = ()

    def __repr__(self) -> str:
        """The number and the algorithm: a hash value is a secret."""
        return f"<Listed {self.entry} {self.algorithm}>"


class BankCount(NamedTuple):
    """How much there is of one algorithm in a bank.

    Attributes:
        bank: Its name.
        algorithm: The algorithm.
        entries: Entries ever made.
        standing: Those that match.
        paused: Those of them that are paused.
    """

    bank: str
    algorithm: str
    entries: int
    standing: int
    paused: int


def bank_changes(connection: Connection, after: int, limit: int = 1_000) -> list[BankChange]:
    """What happened after a place in the feed, in order; the first ``limit`` of it.

    Whoever has followed the feed up to its last ``seq`` has missed nothing.
    """
    query = select(bank_change).where(bank_change.c.seq > after)
    query = query.order_by(bank_change.c.seq).limit(limit)
    return [BankChange(*row) for row in connection.execute(query)]


def last_change(connection: Connection) -> int:
    """The end of the feed; 0 where nothing ever happened.

    An index that is built from :func:`entry_arrays` in the same read transaction follows from here.
    """
    return connection.scalar(select(func.max(bank_change.c.seq))) or 0


def entry_arrays(
    connection: Connection,
    algorithm: str,
    *,
    after: int = 0,
    until: int | None = None,
    rows: int = _ROWS,
) -> Iterator[EntryArrays]:
    """The entries of an algorithm that match, in all banks, some at a time.

    Args:
        connection: Of :meth:`Tables.read`.
        algorithm: Its name.
        after: Only entries with a greater id.
        until: Only entries up to this id.
        rows: Most entries of a part. Values of a part have one length.
    """
    query = select(*bank_entry.c["id", "bank_id", "value"])
    query = query.where(bank_entry.c.id > after, bank_entry.c.listed > 0)
    query = query.where(bank_entry.c.algorithm == algorithm).order_by(bank_entry.c.id)
    if until is not None:
        query = query.where(bank_entry.c.id <= until)
    with connection.execute(query.execution_options(yield_per=rows)) as result:
        for part in result.partitions():
            for _, group in groupby(part, key=_length):
                yield _arrays(list(group))


def look_up(connection: Connection, algorithm: str, values: Sequence[bytes]) -> list[ExactMatch]:
    """The entries of all banks that have exactly one of some values, as digests are searched."""
    places: dict[bytes, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    columns = bank_entry.c["value", "id", "bank_id", "paused_at"]
    query = select(*columns).where(bank_entry.c.value.in_(bindparam("v", expanding=True)))
    query = query.where(bank_entry.c.algorithm == algorithm, bank_entry.c.listed > 0)
    found = [
        ExactMatch(place, row.id, row.bank_id, row.paused_at is not None)
        for some in chunked(list(places))
        for row in connection.execute(query, {"v": some})
        for place in places[row.value]
    ]
    return sorted(found)


def paused_entries(connection: Connection, name: str | None = None) -> dict[int, BankPause]:
    """The entries that are paused, in all banks or one, and why."""
    query = select(*bank_entry.c["id", "paused_at", "paused_by", "paused_why"])
    query = query.where(bank_entry.c.paused_at.is_not(None)).order_by(bank_entry.c.id)
    if name is not None:
        query = query.where(bank_entry.c.bank_id == get_bank(connection, name).id)
    return {entry: BankPause(*why) for entry, *why in connection.execute(query)}


def get_entries(connection: Connection, ids: Sequence[int]) -> list[BankEntry]:
    """Entries with all their listings, by number; a number without an entry is left out."""
    found: list[BankEntry] = []
    for some in chunked(sorted(set(ids))):
        listings: dict[int, list[Listing]] = {}
        query = _LISTINGS.where(bank_listing.c.entry_id.in_(some))
        for row in connection.execute(query.order_by(*bank_listing.primary_key)):
            listings.setdefault(row.entry_id, []).append(_listing(row))
        entries = select(bank_entry, bank.c.name.label("bank"))
        entries = entries.join_from(bank_entry, bank, bank.c.id == bank_entry.c.bank_id)
        entries = entries.where(bank_entry.c.id.in_(some)).order_by(bank_entry.c.id)
        found.extend(
            _entry(row, tuple(listings.get(row.id, ()))) for row in connection.execute(entries)
        )
    return found


def listed_entries(connection: Connection, name: str, *, values: bool = False) -> Iterator[Listed]:
    """Every listing of a bank that stands, by entry.

    Args:
        connection: Of :meth:`Tables.read`.
        name: Of the bank.
        values: Give the hash values, which are secrets: see ``begin_export``.

    Raises:
        UsageError: There is no such bank.
    """
    number = get_bank(connection, name).id
    columns = [*bank_entry.c["id", "algorithm"], *_TOLD, _ADDED.c.at]
    if values:
        columns.append(bank_entry.c.value)
    query = select(*columns).join_from(
        bank_entry, bank_listing, bank_entry.c.id == bank_listing.c.entry_id
    )
    query = query.join(bank_source, bank_source.c.id == bank_listing.c.source_id)
    query = query.join(_ADDED, _ADDED.c.id == bank_listing.c.added)
    query = query.where(bank_entry.c.bank_id == number, bank_listing.c.withdrawn.is_(None))
    query = query.order_by(bank_entry.c.id, bank_listing.c.number)
    with connection.execute(query.execution_options(yield_per=_ROWS // 16)) as rows:
        for row in rows:
            value = row.value if values else None
            frames: Sequence[FrameHash] = ()
            if values and row.algorithm == VIDEO:
                frames = frames_of(connection, [row.id]).get(row.id, ())
            yield Listed(row.id, row.algorithm, value, _provenance(row), row.at, tuple(frames))


def count_banks(connection: Connection, name: str | None = None) -> list[BankCount]:
    """How many entries there are, by bank and algorithm; it reads no entry but paused ones."""
    paused = select(*bank_entry.c["bank_id", "algorithm"], func.count().label("paused")).where(
        bank_entry.c.paused_at.is_not(None), bank_entry.c.listed > 0
    )
    sub = paused.group_by(*bank_entry.c["bank_id", "algorithm"]).subquery()
    same = (sub.c.bank_id == bank_count.c.bank_id) & (sub.c.algorithm == bank_count.c.algorithm)
    columns = (
        bank.c.name,
        *bank_count.c["algorithm", "entries", "standing"],
        func.coalesce(sub.c.paused, 0),
    )
    query = select(*columns).join_from(bank_count, bank, bank.c.id == bank_count.c.bank_id)
    query = query.outerjoin(sub, same).order_by(bank.c.id, bank_count.c.algorithm)
    if name is not None:
        query = query.where(bank.c.name == name)
    return [BankCount(*row) for row in connection.execute(query)]


def _length(row: Row[Any]) -> int:
    return len(row.value)


def _arrays(rows: Sequence[Row[Any]]) -> EntryArrays:
    ids, banks, values = zip(*rows, strict=True)
    octets = np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)
    return EntryArrays(np.array(ids, np.uint64), np.array(banks, np.int64), octets)


_ADDED: Final = bank_act.alias("act_added")
_WITHDRAWN: Final = bank_act.alias("act_withdrawn")
_TOLD: Final = (
    *bank_source.c["exchange", "member"],
    *bank_listing.c["external_id", "classification", "listed_at"],
)
_LISTINGS: Final = (
    select(
        *bank_listing.c["entry_id", "number"],
        *_TOLD,
        _ADDED.c.at.label("added_at"),
        _ADDED.c.by.label("added_by"),
        _WITHDRAWN.c.at.label("withdrawn_at"),
        _WITHDRAWN.c.by.label("withdrawn_by"),
        _WITHDRAWN.c.why.label("withdrawn_why"),
    )
    .join_from(bank_listing, bank_source, bank_source.c.id == bank_listing.c.source_id)
    .join(_ADDED, _ADDED.c.id == bank_listing.c.added)
    .outerjoin(_WITHDRAWN, _WITHDRAWN.c.id == bank_listing.c.withdrawn)
)


def _provenance(row: Any) -> Provenance:
    return Provenance(
        exchange=row.exchange,
        member=row.member,
        external_id=row.external_id,
        classification=row.classification,
        at=row.listed_at,
    )


def _listing(row: Any) -> Listing:
    return Listing(
        number=row.number,
        provenance=_provenance(row),
        added_at=row.added_at,
        added_by=row.added_by,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_why=row.withdrawn_why,
    )


def _entry(row: Row[Any], listings: tuple[Listing, ...]) -> BankEntry:
    paused = None
    if row.paused_at is not None:
        paused = BankPause(row.paused_at, row.paused_by, row.paused_why)
    return BankEntry(
        id=row.id,
        bank=row.bank,
        algorithm=row.algorithm,
        value=row.value,
        listings=listings,
        paused=paused,
    )
