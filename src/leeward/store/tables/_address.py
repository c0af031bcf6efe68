"""Which database the settings mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from leeward.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leeward.model import TablesSettings

__all__ = ["database_url", "shown", "sound_url"]

_EXAMPLE: Final = "sqlite:///leeward.db or postgresql+psycopg://USER@HOST:5432/DATABASE"


def database_url(settings: TablesSettings, folder: Path, environ: Mapping[str, str]) -> URL:
    """The address of the operational tables, complete with its password.

    The returned object hides the password from ``str`` and ``repr``.

    Args:
        settings: The group ``[tables]``.
        folder: The data folder, in which a relative SQLite file lies.
        environ: Where ``password_env`` is looked up.

    Raises:
        SettingsError: The address is of no known form, or the password is not there.
    """
    url = sound_url(settings.url)
    if url.get_backend_name() == "sqlite":
        return url.set(database=str(folder.absolute() / str(url.database)))
    if settings.password_env is None:
        return url
    password = environ.get(settings.password_env)
    if not password:
        raise SettingsError(
            "the database's password is not in the environment",
            where="tables.password_env",
            hint=f"set the variable {settings.password_env}",
        )
    return url.set(password=password)


def sound_url(text: str | URL) -> URL:
    """The address, parsed and limited to what Leeward can use.

    Raises:
        SettingsError: It is neither a SQLite file nor a PostgreSQL database. The message does
            not quote it.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _unusable("is not an address") from None
    if url.drivername in {"postgresql", "postgresql+psycopg"}:
        if any("pass" in key.lower() for key in url.query):
            raise SettingsError(
                "the database's address has a password among its parameters",
                where="tables.url",
                hint="name an environment variable that holds it in tables.password_env",
            )
        if not url.database:
            raise _unusable("names no database")
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise _unusable("is neither SQLite's nor PostgreSQL's")
    if url.host is not None or url.query or url.database in {None, "", ":memory:"}:
        raise _unusable("names no file")
    return url.set(drivername="sqlite")


def shown(url: URL) -> str:
    """The database as a message names it: the file, or host, port and database."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.host or 'local socket'}:{url.port or 5432}/{url.database}"


def _unusable(problem: str) -> SettingsError:
    return SettingsError(
        f"the database's address {problem}", where="tables.url", hint=f"write it as {_EXAMPLE}"
    )
