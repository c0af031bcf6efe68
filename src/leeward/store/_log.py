"""Reading a log: scan it, follow it, look something up. Any number of readers at a time."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.errors import Corrupt, UsageError
from leeward.model import (
    EVENT_SCHEMA,
    FINDING_SCHEMA,
    VERDICT_SCHEMA,
    Domain,
    Hasher,
    events_of,
    fold_tag,
)
from leeward.store import _quarantine
from leeward.store._blocks import BlockKeys, unpack, unpack_parts
from leeward.store._coverage import covered
from leeward.store._disk import translated
from leeward.store._findings import FINDINGS
from leeward.store._hot import Hot
from leeward.store._layout import Layout
from leeward.store._order import in_order
from leeward.store._segment import Segment
from leeward.store._settings import read_settings
from leeward.store._types import LogStatus, Quarantined
from leeward.store._verdicts import VERDICTS

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from leeward.model import Event
    from leeward.store._coverage import Covered

__all__ = ["Log"]

_TRIES = 20
"""How often a look-up begins again because segments were merged under it."""

_MATCHES = {
    "account": (Domain.ACCOUNT, ("actor",)),
    "post": (Domain.POST, ("object", "target", "reply_to", "root")),
    "media": (Domain.MEDIA, ("media",)),
    "tag": (Domain.TAG, ("tags",)),
    "community": (Domain.COMMUNITY, ("community",)),
}


class Log:
    """Reads the event log of a data folder.

    Args:
        data: The data folder.

    Raises:
        NotALog: There is none.
        NewerFormat: A newer Leeward made it.
    """

    def __init__(self, data: str | os.PathLike[str]) -> None:
        self.layout = Layout(data)
        self._lock = threading.Lock()
        self._idle: list[Hot] = []
        self._open: dict[str, Segment] = {}
        self._keys: dict[tuple[int, int, int], BlockKeys] = {}
        with self._hot() as hot:
            self.hasher = Hasher(hot.hash_key)
        self._threads = ThreadPoolExecutor(2, "leeward-read")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Log {str(self.layout.data)!r}>"

    def close(self) -> None:
        """Close the files."""
        self._threads.shutdown()
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    @contextlib.contextmanager
    def _hot(self) -> Iterator[Hot]:
        """A connection that nobody else uses: look-ups may run within a scan."""
        with self._lock:
            hot = self._idle.pop() if self._idle else None
        hot = hot or Hot(self.layout.hot)
        try:
            with translated(self.layout.log):
                yield hot
        finally:
            with self._lock:
                self._idle.append(hot)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[tuple[Hot, list[Segment]]]:
        """One state of the whole log, with every segment open."""
        with self._hot() as hot:
            for _ in range(_TRIES):
                hot.db.execute("BEGIN")
                try:
                    try:
                        segments = self._segments(hot)
                    except FileNotFoundError:
                        continue
                    yield hot, segments
                    return
                finally:
                    hot.abandon()
        raise self._missing()

    def _missing(self) -> Corrupt:
        return Corrupt(
            "a segment that the manifest names is missing",
            where=str(self.layout.segments),
            hint="keep a copy of the folder, then `leeward restore` the last backup",
        )

    def _segments(self, hot: Hot) -> list[Segment]:
        infos = hot.segments()
        folder = self.layout.segments
        self._open = {i.name: self._open.get(i.name) or Segment(folder, i).open() for i in infos}
        return list(self._open.values())

    def signal_key(self) -> bytes:
        """16 secret bytes of this log: under it signals hash the identities they remember."""
        with self._hot() as hot:
            return hot.hash_key

    def last_seq(self) -> int:
        """The last place that was given away."""
        with self._hot() as hot:
            return hot.last_seq()

    def last_seen(self) -> int:
        """When the newest event was received, microseconds since 1970 UTC; 0 without events."""
        with self._hot() as hot:
            return hot.max_seen()

    def rewritten(self) -> int:
        """Counts what changed events that were stored: erasures and retention."""
        with self._hot() as hot:
            return hot.counters().get("rewritten", 0)

    # --- scan ----------------------------------------------------------------------------------

    def scan(
        self,
        columns: Sequence[str] | None = None,
        since: int | None = None,
        until: int | None = None,
        *,
        clock: Literal["seen", "at"] = "seen",
        after: int = 0,
    ) -> Iterator[pa.RecordBatch]:
        """Stream all events, sealed and hot alike, from one state of the log.

        Args:
            columns: Names out of :data:`~leeward.model.EVENT_SCHEMA`; all by default.
            since: Leave out what is earlier; microseconds since 1970 UTC.
            until: Leave out what is at this time or later.
            clock: Which time is meant: when the log received it, or when its maker claims it
                happened. A claim can be false, so it is not the default.
            after: Only events behind this place in the log.

        Yields:
            Batches in no order that means anything, hot rows last.
        """
        names = list(EVENT_SCHEMA.names if columns is None else columns)
        unknown = [name for name in names if name not in EVENT_SCHEMA.names]
        if unknown:
            raise UsageError(
                f"there is no column {unknown[0]!r}",
                hint=f"choose among {', '.join(EVENT_SCHEMA.names)}",
            )
        needed = {clock} if since is not None or until is not None else set()
        wanted = list(dict.fromkeys([*names, *needed, *(["seq"] if after else [])]))
        with self._snapshot() as (hot, segments):
            for batch in self._all(hot, segments, wanted, since, until, clock, after):
                kept = _between(batch, clock, since, until)
                if after:
                    kept = kept.filter(pc.greater(kept["seq"], after))
                if len(kept):
                    yield kept.select(names)

    def _all(
        self,
        hot: Hot,
        segments: list[Segment],
        columns: list[str],
        since: int | None,
        until: int | None,
        clock: str,
        after: int,
    ) -> Iterator[pa.RecordBatch]:
        for segment in segments:
            if segment.info.last_seq <= after:
                continue
            low, high = (getattr(segment.info, f"{end}_{clock}") for end in ("min", "max"))
            if (since is None or high >= since) and (until is None or low < until):
                yield from segment.batches(columns)
        for block in hot.blocks(after):
            for part in unpack(block.body):
                yield part.select(columns)

    # --- tail ----------------------------------------------------------------------------------

    def tail(
        self,
        after: int = 0,
        *,
        follow: bool = False,
        poll: float = 0.2,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[pa.RecordBatch]:
        """The events behind a place in the log, in order.

        Args:
            after: The last ``seq`` that the caller has.
            follow: Wait for more at the end, rather than stop there.
            poll: Seconds between two looks at the log while waiting.
            stop: Asked while waiting; True ends it.
        """
        with self._hot() as watch:
            while True:
                version = watch.data_version()
                for batch in self._behind(after):
                    if len(batch):
                        after = batch["seq"][-1].as_py()
                        yield batch
                if not follow or stop():
                    return
                while watch.data_version() == version and not stop():
                    time.sleep(poll)

    def _behind(self, after: int) -> Iterator[pa.RecordBatch]:
        with self._snapshot() as (hot, segments):
            for segment in segments:
                if segment.info.last_seq > after:
                    yield from in_order(segment, after, self.layout.scratch)
            for block in hot.blocks(after):
                for part in unpack(block.body):
                    yield part.filter(pc.greater(part["seq"], after))

    # --- look-ups ------------------------------------------------------------------------------

    def of(
        self,
        *,
        account: str | None = None,
        post: str | None = None,
        media: str | None = None,
        tag: str | None = None,
        community: str | None = None,
        last: int = 50,
    ) -> list[Event]:
        """The last events of one subject, newest first. Name exactly one.

        Args:
            account: What this account did.
            post: The events that have this URI as their object, their target, the post they
                answer or their thread: a post with its reposts, likes, replies and flags, an
                account with its profile and its followers, a like.
            media: Events that carry a picture or video, by handle, SHA-256 or PDQ hash.
            tag: Events with this hashtag; folded here.
            community: Events in this group, room or server.
            last: How many.
        """
        named = {
            "account": account,
            "post": post,
            "media": media,
            "tag": None if tag is None else fold_tag(tag),
            "community": community,
        }
        given = [(kind, value) for kind, value in named.items() if value is not None]
        if len(given) != 1 or last < 1:
            raise UsageError(
                "a look-up needs exactly one subject and a number of events above 0",
                hint="call log.of(account=...), or with post, media, tag or community",
            )
        return _newest_events(self._look_up(*given[0], last), last)

    def _look_up(self, kind: str, value: str, last: int) -> list[pa.Table]:
        """Matching rows, the newest ``last`` of them among others."""
        domain, columns = _MATCHES[kind]
        key = self.hasher.one(value, domain)
        found: list[pa.Table] = []
        missing = last
        with self._snapshot() as (hot, segments):
            for table in self._hits(hot, segments, key, columns, value, last):
                found.append(table)
                missing -= len(table)
                if missing <= 0:
                    break
        return found

    def _hits(
        self,
        hot: Hot,
        segments: list[Segment],
        key: int,
        columns: tuple[str, ...],
        value: str,
        last: int,
    ) -> Iterator[pa.Table]:
        """The matching rows, the newest place of origin first."""
        yield from self._hot_hits(hot, key, columns, value)
        due = [(s, groups) for s in reversed(segments) if (groups := s.postings.find(key))]
        reads = [
            self._threads.submit(_matching_rows, segment, groups, columns, value, last)
            for segment, groups in due
        ]
        try:
            for read in reads:
                yield read.result()
        finally:
            for read in reads:
                read.cancel()

    def _hot_hits(
        self, hot: Hot, key: int, columns: tuple[str, ...], value: str
    ) -> Iterator[pa.Table]:
        spans = hot.spans()
        known = {}
        for span in spans:
            keys = self._keys.get(span)
            known[span] = keys if keys is not None else BlockKeys(hot.keys(span[0]))
        self._keys = known
        for span in reversed(spans):
            parts = known[span].find(key)
            if parts:
                yield _matching(unpack_parts(hot.body(span[0]), parts), columns, value)

    # --- findings, quarantine, status ----------------------------------------------------------

    def findings(self, *, signal: str | None = None, after: int = 0) -> Iterator[pa.RecordBatch]:
        """Stream what signals found, of :data:`~leeward.model.FINDING_SCHEMA`.

        Args:
            signal: Only of this signal.
            after: Only of events behind this place in the log.
        """
        with self._snapshot() as (hot, _):
            for batch in FINDINGS.scan(hot, self.layout.findings, after):
                kept = batch if signal is None else batch.filter(pc.equal(batch["signal"], signal))
                if len(kept):
                    yield kept.select(FINDING_SCHEMA.names)

    def verdicts(self, *, policy: str | None = None, after: int = 0) -> Iterator[pa.RecordBatch]:
        """Stream what policies said, of :data:`~leeward.model.VERDICT_SCHEMA`.

        Args:
            policy: Only of this policy.
            after: Only of events behind this place in the log.
        """
        with self._snapshot() as (hot, _):
            for batch in VERDICTS.scan(hot, self.layout.verdicts, after):
                kept = batch if policy is None else batch.filter(pc.equal(batch["policy"], policy))
                if len(kept):
                    yield kept.select(VERDICT_SCHEMA.names)

    def coverage(self) -> list[Covered]:
        """What each version of a signal has looked at, and each version of a policy judged."""
        with self._hot() as hot:
            return covered(hot)

    def position(self, key: str) -> int:
        """How far the input of a checkpoint has come; 0 where it is unknown."""
        with self._hot() as hot:
            return hot.position(key)

    def quarantine(self, after: int = 0) -> Iterator[Quarantined]:
        """What waits in quarantine, oldest first, behind an id."""
        with self._hot() as hot:
            yield from _quarantine.items(hot, after)

    def status(self) -> LogStatus:
        """The log in figures."""
        bound = read_settings(self.layout.data).log.quarantine_bytes
        with self._snapshot() as (hot, segments):
            counters = hot.counters()
            rows, _, _ = hot.hot_totals()
            # What is counted are whole minutes and the part of the running one that has passed.
            minute, passed = divmod(time.time(), 60)
            spans = {"minute": 1, "hour": 60, "day": 1_440}
            return LogStatus(
                events=rows + sum(segment.info.rows for segment in segments),
                hot=rows,
                last_seq=hot.last_seq(),
                segments=len(segments),
                sealed_bytes=sum(segment.info.size for segment in segments),
                hot_bytes=sum(
                    path.stat().st_size for path in self.layout.log.glob(f"{self.layout.hot.name}*")
                ),
                accepted=counters.get("accepted", 0),
                repeated=counters.get("repeated", 0),
                quarantined=counters.get("quarantined", 0),
                per_second={
                    name: hot.accepted_since(int(minute) - length) / (length * 60 + passed)
                    for name, length in spans.items()
                },
                quarantine=_quarantine.status(hot, bound),
            )

    def verify(self) -> int:
        """Compare every byte that is sealed with its checksum; how many segments there are.

        Raises:
            Corrupt: A file differs.
        """
        for _ in range(_TRIES):
            with self._snapshot() as (hot, segments):
                try:
                    for segment in segments:
                        segment.verify()
                    FINDINGS.verify(hot, self.layout.findings)
                    VERDICTS.verify(hot, self.layout.verdicts)
                except FileNotFoundError:
                    continue  # merged away meanwhile
                return len(segments)
        raise self._missing()


def _between(
    batch: pa.RecordBatch, clock: str, since: int | None, until: int | None
) -> pa.RecordBatch:
    if since is not None:
        batch = batch.filter(pc.greater_equal(batch[clock], since))
    if until is not None:
        batch = batch.filter(pc.less(batch[clock], until))
    return batch


def _newest_events(tables: Sequence[pa.Table], last: int) -> list[Event]:
    """The newest events of some tables, newest first; few rows are made into objects in vain."""
    seqs = [table["seq"].to_numpy() for table in tables]
    every = np.sort(np.concatenate([np.empty(0, np.int64), *seqs]))[-last:]
    if not len(every):
        return []
    kept = [
        _rows(table, np.flatnonzero(seq >= every[0]))
        for table, seq in zip(tables, seqs, strict=True)
    ]
    return sorted(events_of(pa.concat_tables(kept)), key=lambda event: -(event.seq or 0))


def _rows(table: pa.Table, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Table:
    """Some rows, without a copy where they lie together, as those of one account do."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return table.slice(rows[0], len(rows))
    return table.take(pa.array(rows, pa.int64()))


def _matching_rows(
    segment: Segment, groups: list[int], columns: tuple[str, ...], value: str, last: int
) -> pa.Table:
    """The newest matching rows of a segment. Many groups are narrowed down before they are read."""
    if len(groups) > 2:  # below that, a look ahead costs more than it saves
        table = segment.look(groups, ["seq", *columns])
        where = np.repeat(groups, segment.group_rows(groups))
        hits = _mask(table, columns, value)
        newest = np.sort(table["seq"].to_numpy()[hits])[-last:]
        keep = hits & (table["seq"].to_numpy() >= (newest[0] if len(newest) else 0))
        groups = np.unique(where[keep]).tolist()
        if not groups:
            return EVENT_SCHEMA.empty_table()
    return _matching(segment.look(groups), columns, value)


def _matching(table: pa.Table, columns: tuple[str, ...], value: str) -> pa.Table:
    return _rows(table, np.flatnonzero(_mask(table, columns, value)))


def _mask(
    table: pa.Table, columns: tuple[str, ...], value: str
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = np.zeros(len(table), np.bool_)
    for name in columns:
        column = table[name].combine_chunks()
        if not pa.types.is_list(column.type):
            found |= pc.equal(column, value).fill_null(False).to_numpy(zero_copy_only=False)
            continue
        items = column.flatten()
        parts = items.flatten()[:3] if pa.types.is_struct(items.type) else [items]
        owners = np.repeat(np.arange(len(column)), np.diff(column.offsets.to_numpy()))
        for part in parts:
            hit = pc.equal(part, value).fill_null(False).to_numpy(zero_copy_only=False)
            found[owners[hit]] = True
    return found
