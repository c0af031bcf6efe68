"""An index of all PDQ entries that match, kept like the store: built, saved, followed."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import LeewardError, StoreError
from leeward.hashing import HashIndex
from leeward.store.tables import bank_changes, entry_arrays, last_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import numpy.typing as npt
    from sqlalchemy import Connection

    from leeward.store.tables import BankChange, Tables

    UInt64 = npt.NDArray[np.uint64]

__all__ = ["Place", "apply_change", "bank_of", "entry_of", "opened", "save_index"]

FOLDER: Final = "match"

_SHIFT: Final = np.uint64(40)
"""An id in the index is the bank's number before these bits, and the entry's number in them."""
_ENTRY: Final = np.uint64((1 << 40) - 1)
_NAME: Final = re.compile(r"pdq-(\d+)-(\d+)\.index")
_AT_ONCE: Final = 1 << 16


class Place(NamedTuple):
    """How far the store's feed of changes was followed.

    Attributes:
        seq: The last change; 0 where there was none.
        at: When it was made. Another store's change of that number was at another time.
    """

    seq: int
    at: int


def bank_of(ids: UInt64) -> npt.NDArray[np.int64]:
    """The numbers of the banks in some ids of the index."""
    return (ids >> _SHIFT).astype(np.int64)


def entry_of(ids: UInt64) -> npt.NDArray[np.int64]:
    """The numbers of the entries in some ids of the index."""
    return (ids & _ENTRY).astype(np.int64)


def opened(
    tables: Tables, folder: Path, report: Callable[[str], None]
) -> tuple[HashIndex, Place, bool]:
    """The index as a snapshot has it, or else as the store has it.

    Args:
        tables: The store.
        folder: The data folder; snapshots lie in a folder in it.
        report: Told why a snapshot was of no use.

    Returns:
        The index, how far it follows the store, and whether it was built anew.
    """
    for place, path in _snapshots(folder / FOLDER):
        with tables.read() as connection:
            ours = _place(connection, place.seq) == place
        if not ours:
            report("the snapshot of the hash index is not of this store; the index is built anew")
            continue
        try:
            index = HashIndex.open(path)
            index.verify()
        except LeewardError as error:
            report(f"{error.message}; the hash index is built anew from the store")
            with contextlib.suppress(OSError):
                path.unlink()
            continue
        return index, place, False
    with tables.read() as connection:
        place = _place(connection, last_change(connection))
        hashes, ids = _columns(connection, 0, None)
    return HashIndex.build(hashes, ids), place, True


def save_index(index: HashIndex, place: Place, folder: Path) -> None:
    """Write a snapshot that follows the store up to a place or further, and remove older ones.

    Raises:
        StoreError: It cannot be written; an older one is still there.
    """
    kept = folder / FOLDER
    try:
        kept.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        raise StoreError(
            "the folder of the hash index cannot be made",
            where=str(kept),
            hint="let the user who runs Leeward write to the data folder",
        ) from None
    path = kept / f"pdq-{place.seq}-{place.at}.index"
    index.save(path)
    for older, other in _snapshots(kept):
        if older.seq < place.seq or (older.seq == place.seq and other != path):
            # Whoever has mapped it goes on reading it.
            with contextlib.suppress(OSError):
                other.unlink()


def apply_change(
    connection: Connection, index: HashIndex, change: BankChange, banks: Iterable[int]
) -> int:
    """Let an index follow one change of entries; how many match no more."""
    if change.kind == "added":
        for part in entry_arrays(
            connection, "pdq", after=change.first - 1, until=change.last, rows=_AT_ONCE
        ):
            index.add(part.values, _names(part.ids, part.banks))
        return 0
    if change.kind != "withdrawn":
        return 0
    gone = 0
    for first in range(change.first, change.last + 1, _AT_ONCE):
        numbers = np.arange(first, min(first + _AT_ONCE, change.last + 1), dtype=np.uint64)
        # The feed does not say of which bank they were, and no entry is in two.
        for bank in banks:
            gone += index.withdraw(_names(numbers, np.full(len(numbers), bank, np.int64)))
    return gone


def _names(entries: UInt64, banks: npt.NDArray[np.int64]) -> UInt64:
    return (banks.astype(np.uint64) << _SHIFT) | entries


def _columns(
    connection: Connection, after: int, until: int | None
) -> tuple[npt.NDArray[np.uint8], UInt64]:
    hashes, ids = [np.empty((0, 32), np.uint8)], [np.empty(0, np.uint64)]
    for part in entry_arrays(connection, "pdq", after=after, until=until):
        hashes.append(part.values)
        ids.append(_names(part.ids, part.banks))
    return np.concatenate(hashes), np.concatenate(ids)


def _place(connection: Connection, seq: int) -> Place:
    """The place of a change as the store has it."""
    found = bank_changes(connection, seq - 1, 1) if seq else []
    return Place(found[0].seq, found[0].at) if found and found[0].seq == seq else Place(0, 0)


def _snapshots(kept: Path) -> list[tuple[Place, Path]]:
    """What is there, the newest first."""
    try:
        paths = list(kept.iterdir())
    except OSError:
        return []
    named = [(_NAME.fullmatch(path.name), path) for path in paths]
    found = [(Place(int(n[1]), int(n[2])), path) for n, path in named if n]
    return sorted(found, reverse=True)
