"""Taking a bank out. Hash values leave only with a permission that somebody else gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import insert, select, update

from leeward.errors import ApprovalRequired, UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_read import count_banks
from leeward.store.tables._banks_rows import subject_of
from leeward.store.tables._checks import now, person, words
from leeward.store.tables._schema import bank_permission

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

__all__ = [
    "Permission",
    "begin_export",
    "list_permissions",
    "permit_values",
    "revoke_permissions",
]

_DAY: Final = 86_400_000_000
_MOST_DAYS: Final = 366


class Permission(NamedTuple):
    """That a person may export a bank's hash values.

    Attributes:
        id: Its number.
        person: Who may.
        given_at, given_by: When it was given, and by whom: always somebody else.
        expires_at: When it ends, microseconds since 1970 UTC.
        revoked_at, revoked_by: When and by whom it was ended before that.
    """

    id: int
    person: str
    given_at: int
    given_by: str
    expires_at: int
    revoked_at: int | None = None
    revoked_by: str | None = None


_COLUMNS: Final = tuple(bank_permission.c[name] for name in Permission._fields)


def permit_values(
    connection: Connection, name: str, who: str, by: str, days: int = 7, *, at: int | None = None
) -> Permission:
    """Let a person export a bank's hash values for some days.

    Raises:
        UsageError: Somebody gives it to themselves, there is no such bank, or an argument is not
            usable.
    """
    when = now() if at is None else at
    if person(who) == person(by):
        raise UsageError(
            "nobody gives this permission to themselves", hint="ask another person to give it"
        )
    if not 1 <= days <= _MOST_DAYS:
        raise UsageError("a permission lasts 1 to 366 days", where="days")
    lock_audit(connection)
    found = get_bank(connection, name)
    row = {"person": who, "given_at": when, "given_by": by, "expires_at": when + days * _DAY}
    made = insert(bank_permission).values(bank_id=found.id, **row).returning(*_COLUMNS)
    permission = Permission(*connection.execute(made).one())
    details = {"permission": permission.id, "person": who, "expires_at": permission.expires_at}
    record(connection, by, "bank.permit", subject_of(name), details, at=when)
    return permission


def revoke_permissions(
    connection: Connection, name: str, who: str, by: str, *, at: int | None = None
) -> int:
    """End the permissions of a person; how many were in force.

    Raises:
        UsageError: There is no such bank, or an argument is not usable.
    """
    when = now() if at is None else at
    lock_audit(connection)
    found = get_bank(connection, name)
    values = {"revoked_at": when, "revoked_by": person(by)}
    change = update(bank_permission).where(*_in_force(found.id, who, when)).values(**values)
    count = connection.execute(change).rowcount
    if count:
        details = {"person": who, "permissions": count}
        record(connection, by, "bank.revoke", subject_of(name), details, at=when)
    return count


def list_permissions(connection: Connection, name: str) -> list[Permission]:
    """All permissions on a bank, oldest first, also those that have ended.

    Raises:
        UsageError: There is no such bank.
    """
    number = get_bank(connection, name).id
    query = select(*_COLUMNS).where(bank_permission.c.bank_id == number)
    return [Permission(*row) for row in connection.execute(query.order_by(bank_permission.c.id))]


def begin_export(
    connection: Connection,
    name: str,
    by: str,
    *,
    values: bool,
    form: str,
    reason: str | None = None,
    at: int | None = None,
) -> None:
    """Put an export into the audit chain, before the first line of it leaves.

    Args:
        connection: Of :meth:`Tables.begin`.
        name: Of the bank.
        by: Who exports.
        values: Whether hash values leave.
        form: The format, in a word.
        reason: What for; needed where values leave.
        at: When.

    Raises:
        ApprovalRequired: Values would leave, and nobody has permitted it to this person.
        UsageError: There is no such bank, or an argument is not usable.
    """
    when = now() if at is None else at
    lock_audit(connection)
    found = get_bank(connection, name)
    details: dict[str, Any] = {"values": values, "format": form, "version": found.version}
    details["entries"] = sum(count.standing for count in count_banks(connection, name))
    if reason is not None:
        details["reason"] = words(reason, "the reason")
    if values:
        if reason is None:
            raise UsageError("it is not said what the values are for", hint="give the reason")
        query = select(bank_permission.c.id).where(*_in_force(found.id, person(by), when))
        permission = connection.scalar(query.order_by(bank_permission.c.id.desc()).limit(1))
        if permission is None:
            raise ApprovalRequired(
                "nobody has permitted this person to export the bank's hash values",
                where=name,
                hint="another person gives it: leeward bank permit BANK PERSON",
            )
        details["permission"] = permission
    record(connection, by, "bank.export", subject_of(name), details, at=when)


def _in_force(bank_id: int, who: str, when: int) -> tuple[ColumnElement[bool], ...]:
    return (
        bank_permission.c.bank_id == bank_id,
        bank_permission.c.person == who,
        bank_permission.c.expires_at > when,
        bank_permission.c.revoked_at.is_(None),
    )
