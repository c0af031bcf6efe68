"""Snapshots of the indexes of the media map: they hold hash values, and save a start its time."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

from leeward.errors import LeewardError, StoreError
from leeward.hashing import HashIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.store.tables import MediaPlace

__all__ = ["forget_snapshots", "open_snapshots", "save_snapshots"]

FOLDER: Final = "media"
_PARTS: Final = ("medoids", "members")
_NAME: Final = re.compile(r"(medoids|members)-(\d+)-(\d+)\.index")
_LEAST: Final = 10_000
"""Values below which a snapshot saves no time."""


def open_snapshots(
    folder: Path, place: MediaPlace, report: Callable[[str], None]
) -> tuple[HashIndex, HashIndex, int] | None:
    """The two indexes as the newest snapshots have them, and the last value in them."""
    found = sorted(
        int(name[3])
        for path in _files(folder)
        if (name := _NAME.fullmatch(path.name)) and int(name[2]) == place.epoch
    )
    known = next((n for n in reversed(found) if found.count(n) == len(_PARTS)), None)
    if known is None or known > place.hashes:
        return None
    try:
        indexes = [HashIndex.open(_path(folder, part, place.epoch, known)) for part in _PARTS]
        for index in indexes:
            index.verify()
    except LeewardError as error:
        report(f"{error.message}; the index of seen media is built anew from the tables")
        forget_snapshots(folder)
        return None
    return indexes[0], indexes[1], known


def save_snapshots(
    folder: Path,
    medoids: HashIndex,
    members: HashIndex,
    place: MediaPlace,
    report: Callable[[str], None],
) -> None:
    """Write both, and remove older ones. Without them the next start takes longer."""
    if len(medoids) + len(members) < _LEAST:
        return
    kept = folder / FOLDER
    older = _files(folder)
    try:
        kept.mkdir(mode=0o700, exist_ok=True)
        new = {part: _path(folder, part, place.epoch, place.hashes) for part in _PARTS}
        medoids.save(new["medoids"])
        members.save(new["members"])
    except (OSError, StoreError):
        report("the snapshot of the index of seen media was not written")
        return
    _remove([path for path in older if path not in new.values()])


def forget_snapshots(folder: Path) -> None:
    """Remove all of them: they may hold what has to go."""
    _remove(_files(folder))


def _path(folder: Path, part: str, epoch: int, known: int) -> Path:
    return folder / FOLDER / f"{part}-{epoch}-{known}.index"


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list((folder / FOLDER).iterdir())
    return []


def _remove(paths: list[Path]) -> None:
    for path in paths:
        # Whoever has mapped it goes on reading it.
        with contextlib.suppress(OSError):
            path.unlink()
