"""The connection to the operational tables, and their two kinds of transaction."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from leeward.errors import DependencyDown, NotALog
from leeward.store._disk import translated
from leeward.store.tables._address import shown, sound_url
from leeward.store.tables._refusals import BUSY_SECONDS, meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

__all__ = ["Tables", "connect"]

_WRITES = "leeward_writes"


class Tables:
    """The operational tables of one data folder.

    Safe to share between threads. Every function of this package takes the connection of a
    transaction, so that several acts can stand or fall together.
    """

    def __init__(self, engine: Engine) -> None:
        self._reader = engine
        self._writer = engine.execution_options(**{_WRITES: True})

    @property
    def url(self) -> URL:
        """The address; its password does not show in ``str`` or ``repr``."""
        return self._reader.url

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, undone by an exception.

        On SQLite there is one at a time in all processes; another waits for it.

        Raises:
            LeewardError: What the database refused, in words without values.
        """
        with self._explained(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one moment of all tables."""
        with self._explained(), self._reader.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Tables {shown(self.url)}>"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise meaning(error, self.url) from None


def connect(address: str | URL) -> Tables:
    """Tables at an address, whatever their revision; a missing SQLite file is made.

    Raises:
        SettingsError: The address is of no known form.
        DependencyDown: The driver is not installed.
        NotALog: There is no folder for the SQLite file.
        StoreError: The system does not let the file be made.
    """
    url = sound_url(address)
    if url.get_backend_name() == "sqlite":
        return Tables(_sqlite(url))
    return Tables(_postgresql(url))


def _postgresql(url: URL) -> Engine:
    # lock_timeout gives both databases the same patience.
    options = f"-c lock_timeout={BUSY_SECONDS * 1000} -c timezone=UTC"
    arguments = {"connect_timeout": 10, "application_name": "leeward", "options": options}
    try:
        return create_engine(
            url,
            connect_args=arguments,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        raise DependencyDown(
            "the PostgreSQL driver is not installed",
            where="tables.url",
            hint="pip install 'leeward[postgresql]'",
        ) from None


def _sqlite(url: URL) -> Engine:
    _make_file(Path(str(url.database)))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _make_file(path: Path) -> None:
    """Make the file readable by its owner only, before SQLite makes it readable by all."""
    with translated(path):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except (FileNotFoundError, NotADirectoryError):
            raise NotALog(
                "the folder of the tables is not there",
                where=str(path.parent),
                hint="make it first",
            ) from None


def _set_up(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where _begin says, not in the driver
    _set_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _set_wal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, which SQLite refuses at once while another does the same."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
