"""Following the log for media that arrive without a hash.

Only media that events of the operator's own log name, and only of origins that the settings list,
come to wait. What is passed over is counted with its reason, and never lost: the log names it
still, and is looked at again when the list of origins changes.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pyarrow.compute as pc

from leeward.connectors import origin_of, place_of
from leeward.store.tables import (
    QueuedFetch,
    catch_up_fetches,
    enqueue_fetches,
    fetch_state_of,
    origins_behind,
    relist_origins,
    waiting_fetches,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from leeward.connectors import Origin, Origins
    from leeward.model import FetchSettings
    from leeward.store import Log
    from leeward.store.tables import Tables

__all__ = ["COLUMNS", "Follower", "NamedMedia", "PassedOver", "cutoff_of", "listed_or_not", "named"]

PassedOver: TypeAlias = Literal["not_listed", "no_address", "old"]

COLUMNS: Final = ("op", "actor", "kind", "seq", "seen", "media")
"""What is looked at of an event."""

_AT_ONCE: Final = 2.0
"""Seconds for which the log is read before something else is done."""


class NamedMedia(NamedTuple):
    """A media item without a hash, as an event names it."""

    uri: str
    owner: str
    kind: str
    seq: int
    seen: int

    def __repr__(self) -> str:
        """The place in the log: the rest is content."""
        return f"<NamedMedia seq={self.seq}>"


class _Rewritten(Exception):
    """Events were erased while they were read."""


class Follower:
    """Lets media wait that the log names.

    Args:
        log: The log.
        tables: Where they wait, and how far the log was read.
        origins: What is listed.
        settings: How old an event may be, and how many media may wait.
        clock: Seconds since 1970 UTC.
    """

    def __init__(
        self,
        log: Log,
        tables: Tables,
        origins: Origins,
        settings: FetchSettings,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._tables = tables
        self._origins = origins
        self._settings = settings
        self._clock = clock
        self._listed = _digest(origins, settings)

    def step(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Read on in the log, for a moment.

        An origin of which too many media wait, as when it is down, is left behind, so that it
        keeps no other waiting. When half of them are done, the log is read again for it alone.

        Returns:
            Whether there is nothing to read at present.

        Raises:
            StoreError, DependencyDown: The log or the tables do not answer.
        """
        with self._tables.read() as connection:
            state = fetch_state_of(connection)
        head = state.seq if state.listed == self._listed else self._begin()
        try:
            at_end = self._log.last_seq() <= head or self._read(head, stop)
            return self._catch_up(stop) and at_end
        except _Rewritten:
            return False

    def _begin(self) -> int:
        """Go back to the oldest event that is not too old."""
        first = None
        for batch in self._log.scan(["seq"], since=self._cutoff()):
            least = pc.min(batch["seq"]).as_py()
            first = least if first is None else min(first, least)
        after = self._log.last_seq() if first is None else first - 1
        with self._tables.begin() as connection:
            relist_origins(connection, self._listed, after)
        return after

    def _read(self, after: int, stop: Callable[[], bool]) -> bool:
        """Read on for all origins; whether the log's end was reached."""
        until = time.monotonic() + _AT_ONCE
        rewritten = self._log.rewritten()
        for batch in self._log.tail(after):
            through = batch["seq"][-1].as_py()
            passed: Counter[str] = Counter()
            wanted = self._wanted(batch, passed)
            with self._tables.begin() as connection:
                followed = enqueue_fetches(
                    connection,
                    wanted,
                    after=after,
                    through=through,
                    passed_over=passed,
                    most=self._settings.waiting,
                )
                self._check(rewritten)
            after = through
            if not followed or stop() or time.monotonic() > until:
                return False
        return True

    def _catch_up(self, stop: Callable[[], bool]) -> bool:
        """Read again for origins that were left behind and have room; whether none is left."""
        done = True
        for origin, (after, room) in self.lagging().items():
            with self._tables.read() as connection:
                head = fetch_state_of(connection).seq
            done &= self._read_for(origin, after, head, room, stop)
        return done

    def lagging(self) -> dict[str, tuple[int, int]]:
        """The origins that were left behind and have room again: from where on, and how much."""
        with self._tables.read() as connection:
            behind = origins_behind(connection)
            waiting = waiting_fetches(connection) if behind else {}
        most = self._settings.waiting
        rooms = {origin: most - waiting.get(origin, 0) for origin in behind}
        return {name: (behind[name], room) for name, room in rooms.items() if 2 * room >= most}

    def _read_for(
        self, origin: str, after: int, head: int, room: int, stop: Callable[[], bool]
    ) -> bool:
        """Read again for one origin; whether it is as far as the others then."""
        until = time.monotonic() + _AT_ONCE
        rewritten = self._log.rewritten()
        for batch in self._log.tail(after):
            part = batch.filter(pc.less_equal(batch["seq"], head))
            through = min(head, batch["seq"][-1].as_py())
            wanted = [item for item in self._wanted(part, Counter()) if item.origin == origin]
            with self._tables.begin() as connection:
                followed = catch_up_fetches(
                    connection, origin, wanted, after=after, through=through
                )
                self._check(rewritten)
            after, room = through, room - len(wanted)
            if through >= head:
                return True
            if not followed or room <= 0 or stop() or time.monotonic() > until:
                return False
        # What was behind is gone from the log: the last of it is noted as read.
        with self._tables.begin() as connection:
            catch_up_fetches(connection, origin, [], after=after, through=head)
        return True

    def _check(self, rewritten: int) -> None:
        """Raise where the log was rewritten since it was read; the transaction is undone.

        Whoever erases takes what waits away after the log was rewritten. So either this is undone
        here, or it is committed before and taken away then.
        """
        if self._log.rewritten() != rewritten:
            raise _Rewritten

    def _wanted(self, batch: pa.RecordBatch, passed: Counter[str]) -> list[QueuedFetch]:
        """What some events name of listed origins, each once."""
        wanted: dict[str, QueuedFetch] = {}
        cutoff = self._cutoff()
        now = int(self._clock() * 1e6)
        for media in named(batch):
            found = listed_or_not(self._origins, media, cutoff)
            if isinstance(found, str):
                passed[found] += 1
            elif media.uri not in wanted:
                wanted[media.uri] = QueuedFetch(*media, origin=found.name, due_at=now)
        return list(wanted.values())

    def _cutoff(self) -> int:
        return cutoff_of(self._settings, self._clock())


def cutoff_of(settings: FetchSettings, now: float) -> int:
    """When the log must have received an event for its media to be fetched, in microseconds."""
    return int((now - settings.max_age) * 1e6)


def listed_or_not(origins: Origins, media: NamedMedia, cutoff: int) -> Origin | PassedOver:
    """The origin that a media item belongs to, or why it is passed over."""
    head = origin_of(media.uri)
    if head is None:
        return "no_address"
    origin = None
    if head in origins.heads:
        place = place_of(media.uri)
        if place is None:
            return "no_address"
        origin = origins.find(place)
    if origin is None:
        return "not_listed"
    return "old" if media.seen < cutoff else origin


def named(batch: pa.RecordBatch) -> Iterator[NamedMedia]:
    """The media of some events that have a handle and no PDQ hash.

    What a platform says is a video or a sound and whose SHA-256 is known is left out: fetched, it
    would have no other hash.

    Args:
        batch: With :data:`COLUMNS`.
    """
    lengths = pc.fill_null(pc.list_value_length(batch["media"]), 0)
    kept = pc.and_(pc.not_equal(batch["op"], "delete"), pc.greater(lengths, 0))
    rows = batch.filter(kept)
    media = rows["media"]
    if not len(media):
        return
    events = np.repeat(np.arange(len(media)), pc.list_value_length(media).to_numpy())
    uri, sha256, pdq, mime = media.flatten().flatten()
    hushed = pc.or_(pc.starts_with(mime, "video/"), pc.starts_with(mime, "audio/"))
    enough = pc.and_(sha256.is_valid(), pc.fill_null(hushed, False))
    wanted = pc.and_(pc.and_(uri.is_valid(), pdq.is_null()), pc.invert(enough))
    places = np.flatnonzero(wanted.to_numpy(zero_copy_only=False))
    about = [rows[name].take(events[places]).to_pylist() for name in COLUMNS[1:5]]
    for text, *event in zip(uri.take(places).to_pylist(), *about, strict=True):
        yield NamedMedia(text, *event)


def _digest(origins: Origins, settings: FetchSettings) -> str:
    """Changes when media may be listed now that were not before."""
    listed = sorted((name, *origin.place) for name, origin in origins.by_name.items())
    return hashlib.sha256(msgspec.json.encode([listed, int(settings.max_age)])).hexdigest()
