"""How often entries match, and which do so much more often than ever before.

Matches are counted in slots of a twelfth of the window that a rule looks at. What is older than
two windows is folded into days, and days are forgotten after four weeks; so an entry that matches
all the time has some fifty rows. Entry 0 stands for a bank as a whole.

A flood has a row of its own from the moment it is seen until a person ends it, by resuming the
entry or the bank. What the person accepted is the new measure: the entry floods again only when it
matches so many times more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._schema import bank, bank_entry, bank_flood, bank_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

__all__ = [
    "WHOLE_BANK",
    "Flood",
    "FloodRule",
    "Key",
    "Rate",
    "count_matches",
    "end_floods",
    "fold_matches",
    "list_floods",
    "match_rates",
]

WHOLE_BANK: Final = 0
"""In place of an entry's number: all pictures that matched something in the bank."""

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_PAST: Final = 28 * _DAY
"""How far back an entry is compared with itself: four weeks have every weekday four times."""

_ACCEPTED: Final = 30 * _DAY
"""How long what a person accepted is the measure; by then it is the entry's own past."""

_SLOTS: Final = 12
_BANK_FACTOR: Final = 10
"""A bank floods at so many times what an entry floods at."""

Key = tuple[int, int]
"""The number of a bank, and of an entry of it."""


class FloodRule(NamedTuple):
    """When matches are a flood.

    Attributes:
        matches: Of an entry within the window, below which there is none.
        window: Seconds.
        times: How many times more they must be than the entry usually has in a window.
    """

    matches: int
    window: int
    times: int

    @property
    def slot(self) -> int:
        """Microseconds that are counted together."""
        return max(1, self.window // _SLOTS) * _SECOND

    def least(self, key: Key) -> int:
        """Matches within a window below which there is no flood."""
        return self.matches * (_BANK_FACTOR if key[1] == WHOLE_BANK else 1)


class Rate(NamedTuple):
    """How often something matches.

    Attributes:
        recent: Matches within the window, and since a person last ended a flood of it.
        usual: Matches in a window as long, on average over its past or as a person accepted.
        floods: Whether that is a flood.
    """

    recent: int
    usual: float
    floods: bool


class Flood(NamedTuple):
    """A bank, or an entry of one, that suddenly matches very much.

    Attributes:
        id: Its number.
        bank: The bank's name.
        entry: Number of the entry; None for the bank as a whole.
        began_at: When it was seen, microseconds since 1970 UTC.
        matches: The most within a window so far.
        usual: What was usual before.
        window: Seconds.
        paused: Whether Leeward paused the entry for it. Otherwise a person is told, and nothing
            else changes.
        why: In words.
        ended_at, ended_by: When and by whom it was ended; None while it waits for a person.
    """

    id: int
    bank: str
    entry: int | None
    began_at: int
    matches: int
    usual: int
    window: int
    paused: bool
    why: str
    ended_at: int | None = None
    ended_by: str | None = None


def count_matches(
    connection: Connection, counts: Mapping[Key, int], rule: FloodRule, at: int
) -> None:
    """Add matches to what was counted. Any number of processes may; nothing is lost between them.

    Args:
        connection: Of :meth:`Tables.begin`.
        counts: How many there were, by bank and entry.
        rule: What they are counted for.
        at: When they were, microseconds since 1970 UTC.
    """
    began = at // rule.slot * rule.slot
    rows = [
        {"bank_id": key[0], "entry_id": key[1], "days": 0, "began": began, "matches": count}
        for key, count in sorted(counts.items())  # in one order: two processes never wait in a ring
    ]
    _add(connection, rows)


def match_rates(
    connection: Connection, keys: Iterable[Key], rule: FloodRule, at: int
) -> dict[Key, Rate]:
    """How often each matches now and usually, of those that match often enough for a flood."""
    found: dict[Key, Rate] = {}
    for some in chunked(sorted(set(keys))):
        begins = _begins(connection, some, rule, at)
        for row in connection.execute(_sums(some, at - rule.window * _SECOND)):
            key = row.bank_id, row.entry_id
            since, accepted = begins.get(key, (0, 0))
            recent = row.recent if not since else _since(connection, key, since)
            if recent >= rule.least(key):
                found[key] = _rate(recent, row, accepted, rule, at)
    return found


def fold_matches(connection: Connection, rule: FloodRule, at: int) -> None:
    """Put slots that no rule looks at singly any more into days, and forget old days."""
    old = bank_match.c.days == 0, bank_match.c.began < at - 2 * rule.window * _SECOND
    slots = connection.execute(delete(bank_match).where(*old).returning(bank_match)).all()
    days: dict[tuple[int, int, int], int] = {}
    for row in slots:
        key = row.bank_id, row.entry_id, row.began // _DAY * _DAY
        days[key] = days.get(key, 0) + row.matches
    rows = [
        {"bank_id": bank_id, "entry_id": entry, "days": 1, "began": began, "matches": matches}
        for (bank_id, entry, began), matches in sorted(days.items())
    ]
    _add(connection, rows)
    past = bank_match.c.days == 1, bank_match.c.began < at - _PAST - _DAY
    connection.execute(delete(bank_match).where(*past))


def list_floods(
    connection: Connection, name: str | None = None, *, ended: bool = False
) -> list[Flood]:
    """Floods that wait for a person, in all banks or one, oldest first; or all there ever were.

    A flood of an entry that was withdrawn waits for nobody.
    """
    columns = bank_flood.c["began_at", "matches", "usual", "window", "paused", "why"]
    query = select(
        bank_flood.c.id,
        bank.c.name,
        bank_flood.c.entry_id,
        *columns,
        *bank_flood.c["ended_at", "ended_by"],
    )
    query = query.join_from(bank_flood, bank, bank.c.id == bank_flood.c.bank_id)
    query = query.outerjoin(bank_entry, bank_entry.c.id == bank_flood.c.entry_id)
    if not ended:
        stands = or_(bank_flood.c.entry_id == WHOLE_BANK, bank_entry.c.listed > 0)
        query = query.where(bank_flood.c.ended_at.is_(None), stands)
    if name is not None:
        query = query.where(bank.c.name == name)
    return [_flood(row) for row in connection.execute(query.order_by(bank_flood.c.id))]


def end_floods(
    connection: Connection, bank_id: int, entries: Sequence[int], by: str, at: int
) -> list[int]:
    """Let a person end floods of a bank: which of the entries had one."""
    ended: list[int] = []
    for some in chunked(entries):
        mine = bank_flood.c.bank_id == bank_id, bank_flood.c.entry_id.in_(some)
        change = update(bank_flood).where(*mine, bank_flood.c.ended_at.is_(None))
        change = change.values(ended_at=at, ended_by=by)
        ended += connection.scalars(change.returning(bank_flood.c.entry_id))
    return ended


def _flood(row: Row[Any]) -> Flood:
    values = row._asdict()
    called, entry = values.pop("name"), values.pop("entry_id")
    return Flood(bank=called, entry=entry or None, **values | {"paused": bool(row.paused)})


def _add(connection: Connection, rows: Sequence[dict[str, int]]) -> None:
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(bank_match)
    more = bank_match.c.matches + new.excluded.matches
    key = [column.name for column in bank_match.primary_key]
    upsert = new.on_conflict_do_update(index_elements=key, set_={"matches": more})
    connection.execute(upsert, list(rows))


def _chosen(keys: Sequence[Key]) -> Any:
    banks = sorted({bank_id for bank_id, _ in keys})
    return and_(
        bank_match.c.bank_id.in_(banks), bank_match.c.entry_id.in_(sorted({e for _, e in keys}))
    )


def _sums(keys: Sequence[Key], window_began: int) -> Any:
    """What was counted within the window and before it, and since when anything was counted."""
    within = and_(bank_match.c.days == 0, bank_match.c.began >= window_began)
    matches = bank_match.c.matches
    columns = bank_match.c["bank_id", "entry_id"]
    # PostgreSQL sums whole numbers to a decimal; casting to what the column is keeps it whole.
    return (
        select(
            *columns,
            func.cast(func.sum(case((within, matches), else_=0)), matches.type).label("recent"),
            func.cast(func.sum(case((within, 0), else_=matches)), matches.type).label("past"),
            func.min(bank_match.c.began).label("first"),
        )
        .where(_chosen(keys))
        .group_by(*columns)
    )


def _begins(
    connection: Connection, keys: Sequence[Key], rule: FloodRule, at: int
) -> dict[Key, tuple[int, int]]:
    """Where a person ended a flood not long ago: since when to count, and what was accepted."""
    query = select(*bank_flood.c["bank_id", "entry_id", "ended_at", "matches", "window"]).where(
        bank_flood.c.entry_id.in_(sorted({entry for _, entry in keys})),
        bank_flood.c.bank_id.in_(sorted({bank_id for bank_id, _ in keys})),
        bank_flood.c.ended_at > at - _ACCEPTED,
    )
    found: dict[Key, tuple[int, int]] = {}
    for row in connection.execute(query.order_by(bank_flood.c.ended_at)):
        window_began = at - rule.window * _SECOND
        since = row.ended_at if row.ended_at >= window_began else 0
        accepted = row.matches * rule.window // row.window
        found[row.bank_id, row.entry_id] = since, accepted
    return found


def _since(connection: Connection, key: Key, since: int) -> int:
    """Matches in slots that began after a moment."""
    mine = bank_match.c.bank_id == key[0], bank_match.c.entry_id == key[1]
    query = select(func.sum(bank_match.c.matches)).where(*mine, bank_match.c.days == 0)
    return int(connection.scalar(query.where(bank_match.c.began >= since)) or 0)


def _rate(recent: int, row: Row[Any], accepted: int, rule: FloodRule, at: int) -> Rate:
    window = rule.window * _SECOND
    # Days are counted whole, so the past begins at a midnight whether or not it was folded.
    past = max(window, at - window - row.first // _DAY * _DAY)
    usual = max(row.past * window / past, float(accepted))
    return Rate(recent, usual, recent >= rule.times * usual)
