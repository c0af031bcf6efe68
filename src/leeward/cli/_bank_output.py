"""A bank on its way out, for ``leeward bank export``."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO, TYPE_CHECKING

from leeward.cli._options import tables_of
from leeward.connectors import write_bank
from leeward.errors import AlreadyExists, NoPermission, StoreError
from leeward.store.tables import begin_export, listed_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from leeward.connectors import ExportForm
    from leeward.store.tables import Listed

__all__ = ["export_bank"]


def export_bank(
    data: Path,
    name: str,
    out: Path,
    form: ExportForm,
    by: str,
    *,
    values: bool,
    reason: str | None,
) -> int:
    """Write a bank to a new file or to stdout; how many listings.

    Raises:
        AlreadyExists: There is such a file.
        ApprovalRequired: Values would leave, and nobody has permitted it.
        UsageError: The format is nothing without values, or there is no such bank.
        StoreError: The file cannot be written.
    """
    write_bank((), form, values=values)  # before anything is on record
    with tables_of(data) as tables, _new_file(out) as file:
        with tables.begin() as connection:
            begin_export(connection, name, by, values=values, form=form, reason=reason)
        with tables.read() as connection:
            rows = _Counted(listed_entries(connection, name, values=values))
            file.writelines(write_bank(rows, form, values=values))
            return rows.count


class _Counted:
    """Listings on their way, counted."""

    def __init__(self, rows: Iterable[Listed]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Listed]:
        for row in self._rows:
            self.count += 1
            yield row


@contextlib.contextmanager
def _new_file(out: Path) -> Iterator[IO[str]]:
    """A file that appears under its name only when all of it is written and on disk."""
    if str(out) == "-":
        yield sys.stdout
        return
    if os.path.lexists(out):
        raise _there(out)
    beside = out.with_name(f".{out.name}.{os.getpid()}.new")
    with _explained(out):
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with _explained(out):
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, out)
    finally:
        beside.unlink()


@contextlib.contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise _there(out) from None
    except PermissionError:
        raise NoPermission(
            "the system does not let this file be written",
            where=str(out),
            hint="choose another folder",
        ) from None
    except OSError as error:
        raise StoreError(
            f"the file cannot be written: {os.strerror(error.errno or 0)}",
            where=str(out),
            hint="check the folder and the disk",
        ) from None


def _there(out: Path) -> AlreadyExists:
    return AlreadyExists(
        "there is a file of that name", where=str(out), hint="choose another name, or remove it"
    )
