"""Flood control: what is done about an entry that suddenly matches a thousandfold.

Such an entry is more likely a mistake than a thousand crimes, so it is paused: it goes on matching
and every match becomes a person's task. But somebody may also flood a bank with the very picture
that it lists, to have it paused. So nothing is paused that such a person could gain from:

* what matches by a digest is the listed file itself, which is no mistake of a likeness;
* a protected photograph would lose its protection;
* a known innocent picture causes nothing, and paused it would let loose what it suppresses;
* a bank as a whole has too many entries that are right.

Of the first two and of a whole bank a person is told, as loudly, and they stay in force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select, update

from leeward.model import DIGESTS
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks import list_banks
from leeward.store.tables._banks_floods import (
    WHOLE_BANK,
    Flood,
    FloodRule,
    Key,
    Rate,
    list_floods,
    match_rates,
)
from leeward.store.tables._banks_rows import chunked, lock_banks, subject_of
from leeward.store.tables._banks_withdraw import pause_entries
from leeward.store.tables._schema import bank_entry, bank_flood, bank_listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from leeward.model import HashBank

__all__ = ["FLOOD_ACTOR", "SAME_FLOOD", "control_floods"]

FLOOD_ACTOR: Final = "leeward"
"""Who acts where no person does."""

SAME_FLOOD: Final = 10
"""Entries of a bank that flood at once and are then one matter: a wrong import, or an attack."""

_MOST_TOLD: Final = 100
_NEVER: Final = "known_innocent"
_TOLD_ONLY: Final = "protected_photograph"


def control_floods(
    connection: Connection, keys: Iterable[Key], rule: FloodRule, at: int
) -> list[Flood]:
    """See which of some entries and banks flood, pause what may be paused, and tell a person.

    Args:
        connection: Of :meth:`Tables.begin`.
        keys: What has matched since the last time.
        rule: When it is a flood.
        at: Microseconds since 1970 UTC.

    Returns:
        The floods that are new.
    """
    rates = match_rates(connection, keys, rule, at)
    if not any(rate.floods for rate in rates.values()) and not _open(connection, rates):
        return []  # often enough, but always so: nobody else is kept waiting for that
    lock_audit(connection)
    lock_banks(connection)
    known = _open(connection, rates)
    _grow(connection, {known[key]: rates[key].recent for key in rates.keys() & known.keys()})
    fresh = {key: rate for key, rate in rates.items() if rate.floods and key not in known}
    banks = {bank.id: bank for bank in list_banks(connection)}
    before = {flood.id for flood in list_floods(connection)} if fresh else set()
    for number in sorted({bank_id for bank_id, _ in fresh}):
        mine = {key[1]: rate for key, rate in fresh.items() if key[0] == number}
        _control(connection, banks[number], mine, rule, at)
    return [flood for flood in list_floods(connection) if flood.id not in before] if fresh else []


def _control(
    connection: Connection, found: HashBank, rates: Mapping[int, Rate], rule: FloodRule, at: int
) -> None:
    """Deal with the new floods of one bank."""
    meaning = found.settings.meaning
    if meaning == _NEVER or found.paused is not None:
        return
    algorithms = _in_force(connection, [entry for entry in rates if entry != WHOLE_BANK])
    paused = [e for e, name in algorithms.items() if name not in DIGESTS and meaning != _TOLD_ONLY]
    told = sorted(algorithms.keys() - set(paused))
    if paused:
        pause_entries(connection, found.name, paused, FLOOD_ACTOR, _why(rates, paused, rule), at=at)
    for entries, is_paused in ((paused, True), (told, False)):
        for entry in entries:
            _begin(connection, found, entry, rates[entry], rule, is_paused, at)
    if told:
        _note(connection, found, told, _why(rates, told, rule), at)
    _control_whole(connection, found, rates.get(WHOLE_BANK), rule, at)


def _control_whole(
    connection: Connection, found: HashBank, rate: Rate | None, rule: FloodRule, at: int
) -> None:
    """Tell a person of a bank of which many entries flood, or that matches very much as a whole."""
    floods = [flood for flood in list_floods(connection, found.name) if flood.entry is not None]
    if any(flood.entry is None for flood in list_floods(connection, found.name)):
        return
    if len(floods) >= SAME_FLOOD:
        why = f"{len(floods):,} entries flood at once{_together(connection, floods)}"
        most = max(flood.matches for flood in floods)
        rate = rate or Rate(most, 0.0, floods=True)
    elif rate is not None:
        why = f"pictures that match something in the bank: {_numbers(rate, rule)}"
    else:
        return
    _begin(connection, found, WHOLE_BANK, rate, rule, False, at, why)
    _note(connection, found, [], why, at)


def _in_force(connection: Connection, entries: list[int]) -> dict[int, str]:
    """The algorithms of entries that match and are not paused already."""
    found: dict[int, str] = {}
    for some in chunked(sorted(entries)):
        query = select(*bank_entry.c["id", "algorithm"]).where(bank_entry.c.id.in_(some))
        query = query.where(bank_entry.c.listed > 0, bank_entry.c.paused_at.is_(None))
        found |= {row.id: row.algorithm for row in connection.execute(query)}
    return found


def _open(connection: Connection, rates: Mapping[Key, Rate]) -> dict[Key, int]:
    """The floods that wait for a person already."""
    query = select(*bank_flood.c["id", "bank_id", "entry_id"])
    query = query.where(bank_flood.c.ended_at.is_(None))
    open_floods = {(row.bank_id, row.entry_id): row.id for row in connection.execute(query)}
    return {key: open_floods[key] for key in rates.keys() & open_floods.keys()}


def _grow(connection: Connection, recent: Mapping[int, int]) -> None:
    """Remember the most that a flood came to: it is what a person then accepts."""
    for number, matches in recent.items():
        change = update(bank_flood).where(bank_flood.c.id == number)
        connection.execute(change.where(bank_flood.c.matches < matches).values(matches=matches))


def _begin(
    connection: Connection,
    found: HashBank,
    entry: int,
    rate: Rate,
    rule: FloodRule,
    paused: bool,
    at: int,
    why: str | None = None,
) -> None:
    row = {
        "bank_id": found.id,
        "entry_id": entry,
        "began_at": at,
        "matches": rate.recent,
        "usual": int(rate.usual),
        "window": rule.window,
        "paused": int(paused),
        "why": why or _numbers(rate, rule),
    }
    connection.execute(insert(bank_flood).values(**row))


def _note(connection: Connection, found: HashBank, entries: list[int], why: str, at: int) -> None:
    """Put a flood into the audit chain by which nothing is paused."""
    details = {"entries": len(entries), "named": entries[:_MOST_TOLD], "reason": why}
    details |= {"version": found.version}
    record(connection, FLOOD_ACTOR, "bank.flood", subject_of(found.name), details, at=at)


def _why(rates: Mapping[int, Rate], entries: list[int], rule: FloodRule) -> str:
    if len(entries) == 1:
        return _numbers(rates[entries[0]], rule)
    least = min(rates[entry].recent for entry in entries)
    return f"each has {least:,} matches or more in {_span(rule)}, far more than usual"


def _numbers(rate: Rate, rule: FloodRule) -> str:
    return f"{rate.recent:,} matches in {_span(rule)}, where {rate.usual:,.0f} are usual"


def _span(rule: FloodRule) -> str:
    for unit, length in (("hours", 3_600), ("minutes", 60)):
        if rule.window % length == 0:
            return f"{rule.window // length} {unit if rule.window > length else unit[:-1]}"
    return f"{rule.window} seconds"


def _together(connection: Connection, floods: list[Flood]) -> str:
    """Which import or act has listed all of them, if one has."""
    acts: set[int] | None = None
    for flood in floods:
        query = select(bank_listing.c.added).where(bank_listing.c.entry_id == flood.entry)
        mine = set(connection.scalars(query.where(bank_listing.c.withdrawn.is_(None))))
        acts = mine if acts is None else acts & mine
        if not acts:
            return ""
    return f"; all of them came with import {min(acts)}" if acts else ""
