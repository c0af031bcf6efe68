"""Bringing the tables to the revision that this Leeward knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import column, func, inspect, select, table

from leeward.errors import NewerFormat
from leeward.store.tables._address import shown
from leeward.store.tables._tables import Tables, connect

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

__all__ = ["HEAD", "REVISIONS", "open_tables", "revision_of", "upgrade"]

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision, oldest first: known here so that opening needs no look at the scripts."""

HEAD: Final = REVISIONS[-1]

_VERSION: Final = table("alembic_version", column("version_num"))
_LOCK: Final = 0x1EE_0A2D
"""The key of PostgreSQL's advisory lock for changes of the schema."""


def open_tables(url: str | URL) -> Tables:
    """The tables at an address, made or upgraded where needed.

    Any number of processes may do this at once: one changes the schema, in one transaction,
    and the others wait for it.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql+psycopg://...``; see
            :func:`leeward.store.tables.database_url`.

    Raises:
        SettingsError: The address is of no known form.
        NotALog: There is no folder for the SQLite file.
        NewerFormat: A newer Leeward has changed the schema.
        DependencyDown: PostgreSQL or its driver is not there.
        StoreError: The database refuses.
    """
    tables = connect(url)
    try:
        with tables.read() as connection:
            revision = revision_of(connection)
        if revision != HEAD:
            with tables.begin() as connection:
                upgrade(connection)
    except BaseException:
        tables.close()
        raise
    return tables


def revision_of(connection: Connection) -> str | None:
    """The revision of the schema; None where there is none yet."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.scalar(select(_VERSION.c.version_num))
    return revision


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """Bring the schema to a revision, in the transaction of the connection.

    Two processes that do so take turns; the second finds nothing left to do.

    Raises:
        NewerFormat: The schema has a revision that is not known here.
    """
    if connection.dialect.name == "postgresql":
        # There is no table yet to lock. SQLite's transaction is a lock in itself.
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    revision = revision_of(connection)
    if revision is not None and revision not in REVISIONS:
        raise NewerFormat(
            "the tables were changed by a newer Leeward than this one",
            where=shown(connection.engine.url),
            hint="use that Leeward, or a newer one",
        )
    _run_scripts(connection, to)


def _run_scripts(connection: Connection, to: str) -> None:
    from alembic import command  # slow to load, and only needed when the schema changes
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "newline")
    scripts = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
