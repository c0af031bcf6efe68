"""API keys: shown once, stored hashed.

A key is ``lw_<8 characters>_<43 characters>``. Its first two parts are its prefix, by which
people and the log speak of it. The last part has 256 random bits, so one SHA-256 is enough:
there is nothing to guess, and slow password hashes would only slow the door.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast, get_args

from sqlalchemy import and_, insert, or_, select, update

from leeward.errors import AlreadyExists, UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._checks import now, person, plain_line
from leeward.store.tables._schema import api_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Row

__all__ = [
    "SCOPES",
    "Key",
    "Scope",
    "create_key",
    "list_keys",
    "note_use",
    "revoke_key",
    "verify_key",
]

Scope: TypeAlias = Literal["events:write", "match", "reports:write", "cases:read", "metrics:read"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_PREFIX_SIGNS: Final = string.ascii_lowercase + string.digits
_SECRET_SIGNS: Final = string.ascii_letters + string.digits
_WHOLE: Final = re.compile(r"lw_[a-z0-9]{8}_[A-Za-z0-9]{43}")
_NO_DIGEST: Final = "0" * 64


class Key(NamedTuple):
    """An API key without its secret.

    Attributes:
        id: Number of its row.
        name: What people call it.
        prefix: Its first part, as ``lw_ab12cd34``.
        scopes: What it may be used for.
        created_at, created_by: When and by whom it was made.
        revoked_at, revoked_by: When and by whom it was revoked; None while it is in force.
        last_used_at: When it last opened the door, as far as that was noted.
    """

    id: int
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_at: int
    created_by: str
    revoked_at: int | None = None
    revoked_by: str | None = None
    last_used_at: int | None = None


def create_key(
    connection: Connection, name: str, scopes: Collection[str], by: str, *, at: int | None = None
) -> tuple[Key, str]:
    """Make a key.

    Returns:
        The key, and the whole of it as its user will send it, which is stored nowhere.

    Raises:
        UsageError: A name or a scope is not usable.
        AlreadyExists: A key in force has that name.
    """
    if plain_line(name, "the key's name", 128).startswith("lw_"):
        raise UsageError("the key's name begins as a prefix does", hint="choose another name")
    lock_audit(connection)
    taken = and_(api_key.c.name == name, api_key.c.revoked_at.is_(None))
    if connection.execute(select(api_key.c.id).where(taken)).first() is not None:
        raise AlreadyExists(
            "a key of that name is in force", hint="choose another name, or revoke that key first"
        )
    prefix = f"lw_{_random(_PREFIX_SIGNS, 8)}"
    secret = f"{prefix}_{_random(_SECRET_SIGNS, 43)}"
    row = {
        "name": name,
        "prefix": prefix,
        "scopes": " ".join(_known(scopes)),
        "created_at": now() if at is None else at,
        "created_by": person(by),
    }
    made = insert(api_key).values(**row, digest=_digest(secret)).returning(*_COLUMNS)
    key = _key(connection.execute(made).one())
    record(
        connection,
        by,
        "key.create",
        prefix,
        {"name": name, "scopes": sorted(key.scopes)},
        at=key.created_at,
    )
    return key, secret


def list_keys(connection: Connection, *, revoked: bool = False) -> list[Key]:
    """The keys in force, or also those that were revoked, oldest first."""
    query = select(*_COLUMNS).order_by(api_key.c.id)
    if not revoked:
        query = query.where(api_key.c.revoked_at.is_(None))
    return [_key(row) for row in connection.execute(query)]


def revoke_key(connection: Connection, which: str, by: str, *, at: int | None = None) -> Key:
    """Revoke the key in force that has this prefix or name.

    Raises:
        UsageError: There is none.
    """
    plain_line(which, "the key's prefix or name", 128)
    lock_audit(connection)
    named = or_(api_key.c.prefix == which, api_key.c.name == which)
    values = {"revoked_at": now() if at is None else at, "revoked_by": person(by)}
    change = update(api_key).where(named, api_key.c.revoked_at.is_(None)).values(**values)
    row = connection.execute(change.returning(*_COLUMNS)).one_or_none()
    if row is None:
        # What was given is not repeated: it may be a whole key, pasted by mistake.
        raise UsageError("no key in force has that prefix or name", hint="list the keys to see it")
    key = _key(row)
    record(connection, by, "key.revoke", key.prefix, {"name": key.name}, at=key.revoked_at)
    return key


def verify_key(connection: Connection, secret: str) -> Key | None:
    """The key in force that a user sent, or None.

    How long it takes does not depend on how much of the secret part is right.
    """
    if not _WHOLE.fullmatch(secret):
        return None
    prefix = api_key.c.prefix == secret.rpartition("_")[0]
    row = connection.execute(select(api_key.c.digest, *_COLUMNS).where(prefix)).one_or_none()
    same = hmac.compare_digest(_digest(secret), _NO_DIGEST if row is None else row.digest)
    if row is None or not same or row.revoked_at is not None:
        return None
    return _key(row)


def note_use(connection: Connection, key: Key, *, at: int | None = None) -> None:
    """Remember that a key was used; a door that caches keys calls it once a look-up."""
    when = now() if at is None else at
    connection.execute(update(api_key).where(api_key.c.id == key.id).values(last_used_at=when))


_COLUMNS: Final = tuple(api_key.c[name] for name in Key._fields)


def _key(row: Row[Any]) -> Key:
    values = row._asdict()
    scopes = cast("frozenset[Scope]", frozenset(row.scopes.split()))
    return Key(**{name: values[name] for name in Key._fields} | {"scopes": scopes})


def _known(scopes: Collection[str]) -> list[Scope]:
    """The scopes in the order of :data:`SCOPES`."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise UsageError("a key needs one or more known scopes", hint=f"use: {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in scopes]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _random(signs: str, length: int) -> str:
    return "".join(secrets.choice(signs) for _ in range(length))
