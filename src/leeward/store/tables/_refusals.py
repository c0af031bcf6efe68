"""What a database's refusal means to the caller, without the values it quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.errors import (
    Corrupt,
    DependencyDown,
    LeewardError,
    NoPermission,
    OutOfSpace,
    StoreError,
)
from leeward.store.tables._address import shown

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.exc import SQLAlchemyError

__all__ = ["BUSY_SECONDS", "meaning"]

BUSY_SECONDS = 15
"""How long a process waits for another's transaction."""


def meaning(error: SQLAlchemyError, url: URL) -> LeewardError:
    """The error to raise for what the database said.

    The driver's own message is left out: it may quote a row.
    """
    where = shown(url)
    cause = getattr(error, "orig", None)
    if url.get_backend_name() == "sqlite":
        return _sqlite(str(getattr(cause, "sqlite_errorname", type(error).__name__)), where)
    state = getattr(cause, "sqlstate", None)
    return _postgresql(state, str(cause), type(error).__name__, where)


def _sqlite(name: str, where: str) -> LeewardError:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            f"another process kept the tables locked for {BUSY_SECONDS} s",
            where=where,
            hint="try again; if it stays so, end the process that has the file open",
        )
    if name == "SQLITE_FULL":
        return OutOfSpace("the disk is full", where=where, hint="free some space and try again")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return NoPermission(
            "the tables cannot be opened for writing",
            where=where,
            hint="let this user write to the file and its folder",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Corrupt(
            "the file of the tables is damaged or is no SQLite database",
            where=where,
            hint="restore it from a backup",
        )
    return StoreError(f"the database refused a statement ({name})", where=where)


def _postgresql(state: str | None, message: str, kind: str, where: str) -> LeewardError:
    if state is None and kind not in {"OperationalError", "InterfaceError"}:
        return StoreError(f"the database refused a statement ({kind})", where=where)
    if state is None or state.startswith(("08", "57P", "28", "3D", "533")):
        return _unreachable(state, message, where)
    if state in {"53100", "53200"}:
        return OutOfSpace(
            "the database server is out of disk or memory",
            where=where,
            hint="free some and try again",
        )
    if state == "42501":
        return NoPermission(
            "the database user lacks a right",
            where=where,
            hint="make it the owner of the database",
        )
    if state == "55P03":
        return StoreError(
            f"another process kept the tables locked for {BUSY_SECONDS} s",
            where=where,
            hint="try again; if it stays so, end the session that holds the lock",
        )
    # Class 40: two transactions were in each other's way, and this one was undone.
    hint = "try again" if state.startswith("40") else None
    return StoreError(f"the database refused a statement ({state})", where=where, hint=hint)


def _unreachable(state: str | None, message: str, where: str) -> DependencyDown:
    """No session: the server is down, or refuses the login, or has no such database."""
    if state in {"28P01", "28000"} or "authentication failed" in message or "password" in message:
        return DependencyDown(
            "PostgreSQL refuses the login",
            where=where,
            hint="check the user in tables.url and the variable named by tables.password_env",
        )
    if state == "3D000" or "does not exist" in message:
        return DependencyDown(
            "PostgreSQL has no such database or user",
            where=where,
            hint="create it, or correct tables.url",
        )
    return DependencyDown(
        "PostgreSQL does not answer", where=where, hint="start the server, or correct tables.url"
    )
