"""The media map in memory: what arrives is compared with it, and what is asked is found in it.

Beside the rows in the tables it keeps two indexes of all PDQ values that were seen: medoids,
with which all that is new is compared, and the other members of clusters. Both are mapped from
snapshots in the data folder, or built from the tables.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.hashing import HashIndex
from leeward.model import Domain
from leeward.network import NEAR
from leeward.pipeline._media_reader import MediaReader
from leeward.pipeline._media_rule import Item, put
from leeward.pipeline._media_snapshot import forget_snapshots, open_snapshots, save_snapshots
from leeward.store import media_keys
from leeward.store.tables import (
    MediaPlace,
    flush_deleted,
    forget_seen,
    keep_media,
    lock_media,
    media_place,
    seen_hashes,
    set_place,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from sqlalchemy import Connection

    from leeward.store import Log, MediaItems
    from leeward.store.tables import NewMedia, Tables

    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]

__all__ = ["MediaMap", "Near", "tidy_media"]

EVENTS: Final = 16_384
"""Events that are read in one transaction: others who write to the tables wait for it."""

_TRIES: Final = 100
_UNTIDY: Final = 50_000
_UNTIDY_SHARE: Final = 8


class Near(NamedTuple):
    """PDQ values that were seen and are near to some queries.

    Attributes:
        query: (matches) The place of the query.
        hash: (matches) The number of the value.
        distance: (matches) Bits of 256.
    """

    query: npt.NDArray[np.uint32]
    hash: Int64
    distance: UInt8


class MediaMap:
    """The media map of a data folder. One thread follows the log; others may search meanwhile.

    Args:
        tables: The operational tables.
        folder: The data folder.
        report: Told in a sentence what a person may want to know.

    Raises:
        StoreError, DependencyDown: The tables cannot be read.
    """

    def __init__(
        self, tables: Tables, folder: Path, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._tables, self._folder, self._report = tables, folder, report
        self._medoids, self._members = _empty(), _empty()
        self._reader: MediaReader | None = None
        self._log: Log | None = None
        self.place = MediaPlace()
        with tables.read() as connection:
            place = media_place(connection)
            found = open_snapshots(folder, place, report)
            if found is not None:
                self._medoids, self._members, known = found
                self.place = place._replace(hashes=known)
            self._load(connection, place)

    def follow(self, log: Log) -> MediaItems | None:
        """Take in some of the events that came since, wholly or not at all.

        Returns:
            What was read; None where nothing has come.
        """
        for _ in range(_TRIES):
            rewritten = log.rewritten()
            if self.stale(log, rewritten):
                tidy_media(self._tables, log, self._folder)
                self.reload()
            if self._reader is None or self._log is not log:
                self._reader, self._log = MediaReader(log, EVENTS), log
            items = self._reader.read(self.place.seq, rewritten)
            if items.through <= self.place.seq:
                return None
            place = self.place._replace(seq=items.through, rewritten=rewritten)
            if self._take(_of(items), place, lambda r=rewritten: log.rewritten() == r):  # type: ignore[misc]
                return items
            self.reload()
        return None

    def stale(self, log: Log, rewritten: int) -> bool:
        """Whether events that it has read were erased since, or the log was restored."""
        place = self.place
        return place.seq > 0 and (place.rewritten != rewritten or place.seq > log.last_seq())

    def take(self, items: Sequence[Item], fetched: int) -> bool:
        """Take in what was fetched, up to a place in the list of that.

        Returns:
            Whether it was; otherwise another process has, and :meth:`reload` is due.
        """
        return self._take(items, self.place._replace(fetched=fetched), lambda: True)

    def near(self, values: UInt8, distance: npt.ArrayLike) -> Near:
        """All PDQ values that were seen and are within a distance of each query: none is missed.

        Args:
            values: (queries, 32).
            distance: 0 to 64 bits: one number, or one for each query.
        """
        parts = [index.search(values, distance) for index in (self._medoids, self._members)]
        return Near(
            np.concatenate([part.query for part in parts]),
            np.concatenate([part.id for part in parts]).astype(np.int64),
            np.concatenate([part.distance for part in parts]),
        )

    def reload(self) -> None:
        """Follow what other processes did to the tables."""
        with self._tables.read() as connection:
            self._load(connection, media_place(connection))

    def save(self) -> None:
        """Write snapshots, where so much came that they save time."""
        recent = self._medoids.recent + self._members.recent
        if recent > max(_UNTIDY, len(self) // _UNTIDY_SHARE):
            self._medoids.compact()
            self._members.compact()
            save_snapshots(self._folder, self._medoids, self._members, self.place, self._report)
            with self._tables.read() as connection:
                if media_place(connection).epoch != self.place.epoch:
                    forget_snapshots(self._folder)  # of what was erased meanwhile

    def __len__(self) -> int:
        """How many PDQ values were seen."""
        return len(self._medoids) + len(self._members)

    @property
    def nbytes(self) -> int:
        """Octets of both indexes, mapped ones among them."""
        return self._medoids.nbytes + self._members.nbytes

    def __repr__(self) -> str:
        return f"<MediaMap {len(self)} hashes seq={self.place.seq}>"

    # --- keeping up ----------------------------------------------------------------------------

    def _take(
        self, items: Sequence[Item], place: MediaPlace, unchanged: Callable[[], bool]
    ) -> bool:
        with self._tables.begin() as connection:
            lock_media(connection)
            if media_place(connection) != self.place or not unchanged():
                return False
            place = place._replace(epoch=place.epoch or time.time_ns() // 1_000)
            new, place = put(connection, items, place, self._medoid_near)
            place = keep_media(connection, new, place)
        self._add(new)
        self.place = place
        return True

    def _medoid_near(self, values: UInt8) -> Sequence[int]:
        """The earliest medoid near to each value, or 0."""
        found = np.zeros(len(values), np.int64)
        matches = self._medoids.search(values, NEAR)
        last = np.iinfo(np.int64).max
        found[:] = last
        np.minimum.at(found, matches.query, matches.id.astype(np.int64))
        found[found == last] = 0
        return found.tolist()

    def _add(self, new: NewMedia) -> None:
        if not new.hashes:
            return
        medoids = {medoid for _, _, medoid in new.clusters}
        octets = np.frombuffer(bytearray(b"".join(v for _, _, v in new.hashes)), np.uint8)
        ids = np.array([number for number, _, _ in new.hashes], np.uint64)
        first = np.array([number in medoids for number, _, _ in new.hashes], np.bool_)
        self._put(octets.reshape(-1, 32), ids, first)

    def _put(
        self, values: UInt8, ids: npt.NDArray[np.uint64], medoid: npt.NDArray[np.bool_]
    ) -> None:
        for index, chosen in ((self._medoids, medoid), (self._members, ~medoid)):
            if chosen.any():
                index.add(values[chosen], ids[chosen])

    def _load(self, connection: Connection, place: MediaPlace) -> None:
        """Bring the indexes to a place of the tables."""
        if place.epoch != self.place.epoch:
            self._medoids, self._members = _empty(), _empty()
            self.place = MediaPlace(epoch=place.epoch)
        parts = list(seen_hashes(connection, self.place.hashes))
        if parts:
            values = np.concatenate([part.values for part in parts])
            ids = np.concatenate([part.ids for part in parts]).astype(np.uint64)
            medoid = np.concatenate([part.medoid for part in parts])
            if len(self):
                self._put(values, ids, medoid)
            else:
                self._medoids = HashIndex.build(values[medoid], ids[medoid])
                self._members = HashIndex.build(values[~medoid], ids[~medoid])
        self.place = place


def tidy_media(tables: Tables, log: Log, folder: Path) -> int:
    """Take out of the map what the log does not hold any more; how many names and values went.

    Numbers of clusters stay. It reads the media of the whole log.
    """
    with tables.read() as connection:
        empty = not media_place(connection).seq
    if empty:
        flush_deleted(tables)  # of what was fetched, which may be there without a map
        return 0
    forget_snapshots(folder)
    while True:
        rewritten = log.rewritten()
        seen, last = media_keys(log)
        with tables.begin() as connection:
            lock_media(connection)
            if log.rewritten() != rewritten:
                continue
            before = media_place(connection)
            epoch = max(before.epoch + 1, time.time_ns() // 1_000)
            # What came while the log was read is read again: to add it twice changes nothing.
            place = before._replace(seq=min(before.seq, last), rewritten=rewritten, epoch=epoch)
            gone, place = forget_seen(
                connection, place, seen, lambda texts: _keys(log, texts), NEAR
            )
            set_place(connection, place)
        forget_snapshots(folder)
        flush_deleted(tables)
        return gone


def _keys(log: Log, texts: list[str]) -> npt.NDArray[np.uint64]:
    import pyarrow as pa

    return log.hasher.keys(pa.array(texts, pa.string()), Domain.MEDIA)


def _of(items: MediaItems) -> list[Item]:
    keys = items.key.tolist(), items.sha256_key.tolist()
    seqs = items.events["seq"].to_numpy()[items.row].tolist()
    return [Item(*known) for known in zip(*keys, items.values(), seqs, strict=True)]


def _empty() -> HashIndex:
    return HashIndex.build(np.empty((0, 32), np.uint8), [])
