"""Hash banks and their versions. A version is never changed: a verdict names the one it used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, insert, select, update

from leeward.errors import AlreadyExists, UsageError
from leeward.model import (
    CAUSES,
    BankPause,
    BankSettings,
    HashBank,
    check_bank_name,
)
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks_floods import WHOLE_BANK, end_floods
from leeward.store.tables._banks_rows import lock_banks, note_change, subject_of
from leeward.store.tables._checks import now, person, plain_line, words
from leeward.store.tables._schema import bank, bank_version

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

__all__ = [
    "bank_history",
    "bank_settings_row",
    "change_bank",
    "create_bank",
    "get_bank",
    "list_banks",
    "pause_bank",
    "resume_bank",
]

_SETTINGS: Final = ("meaning", "source", "distance", "automation_distance", "review")


def create_bank(
    connection: Connection, name: str, settings: BankSettings, by: str, *, at: int | None = None
) -> HashBank:
    """Make an empty bank.

    Raises:
        UsageError: The name, the source or the person is not usable.
        AlreadyExists: There is a bank of that name.
    """
    when = now() if at is None else at
    plain_line(settings.source, "the bank's source", 200)
    lock_audit(connection)
    lock_banks(connection)
    taken = select(bank.c.id).where(bank.c.name == check_bank_name(name))
    if connection.execute(taken).first() is not None:
        raise AlreadyExists(
            "there is a bank of that name", hint="choose another name, or change that bank"
        )
    row = {"name": name, "version": 1, "created_at": when, "created_by": person(by)}
    made = connection.execute(insert(bank).values(**row).returning(bank.c.id)).scalar_one()
    _add_version(connection, made, 1, settings, None, by, None, when)
    note_change(connection, "bank", [(made, made)], when)
    record(connection, by, "bank.create", subject_of(name), bank_settings_row(settings), at=when)
    return get_bank(connection, name)


def change_bank(
    connection: Connection,
    name: str,
    settings: BankSettings,
    by: str,
    *,
    reason: str | None = None,
    at: int | None = None,
) -> HashBank:
    """Give a bank other settings, as its next version; the same settings change nothing.

    Raises:
        UsageError: There is no such bank, or an argument is not usable.
    """
    plain_line(settings.source, "the bank's source", 200)
    before = _locked(connection, name)
    new = bank_settings_row(settings)
    if new == bank_settings_row(before.settings):
        return before
    old = bank_settings_row(before.settings)
    details = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
    return _next(
        connection, before, settings, before.paused, by, "bank.change", details, reason, at
    )


def pause_bank(
    connection: Connection, name: str, by: str, why: str, *, at: int | None = None
) -> HashBank:
    """Let a bank's matches cause nothing but a person's task, until somebody resumes it.

    Raises:
        UsageError: There is no such bank, it is paused already, or an argument is not usable.
    """
    before = _locked(connection, name)
    if before.paused is not None:
        raise UsageError("the bank is paused already", where=name)
    paused = BankPause(now() if at is None else at, person(by), words(why, "the reason"))
    return _next(connection, before, before.settings, paused, by, "bank.pause", {}, why, paused.at)


def resume_bank(
    connection: Connection, name: str, by: str, why: str, *, at: int | None = None
) -> HashBank:
    """Put a paused bank in force again, and end a flood of it that waited for a person.

    Raises:
        UsageError: There is no such bank, it is neither paused nor flooded, or an argument is not
            usable.
    """
    before = _locked(connection, name)
    when = now() if at is None else at
    flooded = end_floods(connection, before.id, [WHOLE_BANK], person(by), when)
    if before.paused is None and not flooded:
        raise UsageError("the bank is not paused", where=name)
    if before.paused is None:
        details = {"reason": words(why, "the reason"), "version": before.version}
        record(connection, by, "bank.resume", subject_of(name), details, at=when)
        return before
    return _next(connection, before, before.settings, None, by, "bank.resume", {}, why, at)


def get_bank(connection: Connection, name: str) -> HashBank:
    """The bank of that name, as it stands.

    Raises:
        UsageError: There is none.
    """
    row = connection.execute(_banks().where(bank.c.name == name)).one_or_none()
    if row is None:
        raise UsageError("there is no bank of that name", hint="see `leeward bank list`")
    return _bank(row)


def list_banks(connection: Connection) -> list[HashBank]:
    """All banks as they stand, oldest first."""
    return [_bank(row) for row in connection.execute(_banks().order_by(bank.c.id))]


def bank_history(connection: Connection, name: str) -> list[HashBank]:
    """Every version of a bank, oldest first.

    Raises:
        UsageError: There is no such bank.
    """
    query = select(*_COLUMNS).join_from(bank, bank_version, bank.c.id == bank_version.c.bank_id)
    query = query.where(bank.c.name == name).order_by(bank_version.c.version)
    found = [_bank(row) for row in connection.execute(query)]
    if not found:
        raise UsageError("there is no bank of that name", hint="see `leeward bank list`")
    return found


def bank_settings_row(settings: BankSettings) -> dict[str, Any]:
    """Settings as columns and as JSON keep them."""
    row = {name: getattr(settings, name) for name in _SETTINGS}
    return row | {"causes": " ".join(c for c in CAUSES if c in settings.may_cause)}


def _locked(connection: Connection, name: str) -> HashBank:
    lock_audit(connection)
    lock_banks(connection)
    return get_bank(connection, name)


def _next(
    connection: Connection,
    before: HashBank,
    settings: BankSettings,
    paused: BankPause | None,
    by: str,
    verb: str,
    details: dict[str, Any],
    reason: str | None,
    at: int | None,
) -> HashBank:
    when = now() if at is None else at
    number = before.version + 1
    if reason is not None:
        details = {**details, "reason": words(reason, "the reason")}
    _add_version(connection, before.id, number, settings, paused, by, reason, when)
    connection.execute(update(bank).where(bank.c.id == before.id).values(version=number))
    note_change(connection, "bank", [(before.id, before.id)], when)
    details = {**details, "version": number}
    record(connection, by, verb, subject_of(before.name), details, at=when)
    return get_bank(connection, before.name)


def _add_version(
    connection: Connection,
    bank_id: int,
    number: int,
    settings: BankSettings,
    paused: BankPause | None,
    by: str,
    reason: str | None,
    when: int,
) -> None:
    row = {
        "bank_id": bank_id,
        "version": number,
        **bank_settings_row(settings),
        "changed_at": when,
        "changed_by": person(by),
        "reason": reason,
    }
    if paused is not None:
        row |= {"paused_at": paused.at, "paused_by": paused.by, "paused_why": paused.why}
    connection.execute(insert(bank_version).values(**row))


_COLUMNS: Final = (
    bank.c.id,
    bank.c.name,
    bank.c.created_at,
    bank.c.created_by,
    *(column for column in bank_version.c if column.name != "bank_id"),
)


def _banks() -> Select[Any]:
    newest = and_(bank.c.id == bank_version.c.bank_id, bank.c.version == bank_version.c.version)
    return select(*_COLUMNS).join_from(bank, bank_version, newest)


def _bank(row: Row[Any]) -> HashBank:
    settings = {name: getattr(row, name) for name in _SETTINGS}
    paused = None
    if row.paused_at is not None:
        paused = BankPause(row.paused_at, row.paused_by, row.paused_why)
    return HashBank(
        id=row.id,
        name=row.name,
        version=row.version,
        settings=BankSettings(**settings, causes=frozenset(row.causes.split())),
        paused=paused,
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        reason=row.reason,
    )
