"""One sync of an exchange into a bank at a time, in all processes.

Two at once would do no harm to what is stored, for a page is one transaction, but they would read
everything twice and end each other's acts. The lock is the system's (a lock on a file, or of a
session of PostgreSQL), so it ends with whoever holds it, killed or not.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from leeward.errors import WriterBusy
from leeward.store._disk import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.store.tables._tables import Tables

__all__ = ["sync_lock"]


@contextlib.contextmanager
def sync_lock(tables: Tables, bank: str, exchange: str) -> Iterator[None]:
    """Be the only one who reads an exchange into a bank.

    Args:
        tables: Where the bank is.
        bank: Its name.
        exchange: The exchange's name.

    Raises:
        WriterBusy: Another sync of it is under way.
        StoreError, DependencyDown: The lock cannot be asked for.
    """
    name = hashlib.blake2b(f"{bank}\n{exchange}".encode(), digest_size=8)
    if tables.url.get_backend_name() == "sqlite":
        path = Path(str(tables.url.database))
        with _file_lock(path.with_name(f"{path.name}-sync-{name.hexdigest()}"), exchange):
            yield
        return
    key = int.from_bytes(name.digest(), "big", signed=True)
    with tables.read() as connection:
        # Of the session, not of the transaction: nothing is kept from being cleaned up meanwhile.
        taken = connection.scalar(select(func.pg_try_advisory_lock(key)))
        if not taken:
            raise _busy(exchange)
        connection.rollback()
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(key)))


@contextlib.contextmanager
def _file_lock(path: Path, exchange: str) -> Iterator[None]:
    with translated(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(exchange) from None
        yield
    finally:
        os.close(handle)


def _busy(exchange: str) -> WriterBusy:
    return WriterBusy(
        "another sync of this exchange is under way",
        where=exchange,
        hint="wait for it; the lock ends with the process that holds it",
    )
