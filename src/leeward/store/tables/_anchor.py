"""The head of the audit chain, kept in a file outside the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from leeward.errors import InputError
from leeward.store._disk import translated, write_whole
from leeward.store.tables._audit import AuditHead

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_anchor", "write_anchor"]

_ANCHOR: Final = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})\n?")


def read_anchor(path: Path) -> AuditHead:
    """The head that a file of :func:`write_anchor` holds.

    Raises:
        InputError: There is no such file, or it holds something else.
        StoreError: The system does not let it be read.
    """
    with translated(path):
        try:
            held = path.read_bytes()
        except FileNotFoundError:
            raise InputError(
                "the anchor is not there", where=str(path), hint="name the file that holds it"
            ) from None
    match = _ANCHOR.fullmatch(held.decode("ascii", "replace"))
    if match is None:
        raise InputError(
            "the file is not an anchor of the audit chain",
            where=str(path),
            hint="name a file with one line: the number and the digest of an entry",
        )
    return AuditHead(int(match[1]), match[2])


def write_anchor(path: Path, head: AuditHead) -> None:
    """Put a head into a file, whole or not at all, and durably.

    Raises:
        StoreError: The system does not let it be written.
    """
    with translated(path):
        write_whole(path, f"{head.seq} {head.digest}\n".encode())
