"""The one writer of a log: group commit, back-pressure, sealing in the background."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from leeward.errors import Overloaded, QuarantineFull, StoreError
from leeward.model import ADMITTED_SCHEMA, EVENT_SCHEMA, Domain, Event, Hasher
from leeward.store import _quarantine, _scored
from leeward.store._blocks import pack, unpack
from leeward.store._disk import translated
from leeward.store._findings import FINDINGS
from leeward.store._hot import Hot
from leeward.store._idset import HotIds, marked
from leeward.store._layout import Layout, WriterLock
from leeward.store._pending import Pending, admitted, one_batch
from leeward.store._sealing import Sealer
from leeward.store._types import Checkpoint, Receipt, Refused

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from typing import Self

    import numpy.typing as npt

    from leeward.model import Finding, LogSettings
    from leeward.store._scored import Scored, Stored
    from leeward.store._segment import Segment

__all__ = ["Writer"]

GROUP_ROWS: Final = 65_536
"""Rows that one transaction takes at most, unless one call brings more."""

GROUP_BYTES: Final = 512 << 20
"""Bytes in memory that one transaction takes at most, unless one call brings more."""

DIRECT_ROWS: Final = 131_072
"""From this many rows on a group is sealed at once: hot rows would be rewritten anyway."""

SEAL_BYTES: Final = 1 << 30
"""Bytes in memory at which hot rows are sealed however few they are: Arrow's string columns
address 2 GiB."""

MANY_SEGMENTS: Final = 32
"""Below this, merging waits until nothing else is in the queue."""

BULK_SECONDS: Final = 10.0
"""So long after a group was sealed at once, more of them are taken to be on their way."""

PATIENCE: Final = 10
"""Seconds that an erasure waits for readers to let go of what was deleted."""

SMALL_ROWS: Final = 256
SMALL_BLOCKS: Final = 64
"""So many blocks of fewer rows than that are packed into one."""


class Writer:
    """Appends to a log. One process at a time; as many of its threads as like.

    Use :meth:`open`. A context manager: leaving it finishes what was submitted.
    """

    def __init__(self, layout: Layout, settings: LogSettings, lock: WriterLock) -> None:
        self.layout = layout
        self._settings = settings
        self._lock = lock
        self._hot = Hot(layout.hot, write=True)
        self.hasher = Hasher(self._hot.hash_key)
        self._db_lock = threading.RLock()
        self._quiet_lock = threading.RLock()
        self._sealer = Sealer(layout, self._hot, self._db_lock, self.hasher)
        with translated(layout.log):
            self._sealer.recover()
        self._seen = 0
        self._loaded = float("-inf")
        self._queue: deque[Pending] = deque()
        self._queued = 0
        self._changed = threading.Condition()
        self._closing = False
        self._broken: Exception | None = None
        self._reload()
        self._committer = threading.Thread(target=self._run, name="leeward-commit", daemon=True)
        self._committer.start()

    @classmethod
    def open(cls, data: str | os.PathLike[str], settings: LogSettings | None = None) -> Self:
        """Open a log for writing, and make it where there is none.

        Args:
            data: The data folder.
            settings: Sizes and bounds; read from the folder's settings file by default.

        Raises:
            WriterBusy: Another process writes to it.
            NewerFormat: A newer Leeward made it.
            Corrupt: A segment that the manifest names is missing or differs.
        """
        from leeward.store._settings import read_settings

        layout = Layout(data)
        layout.make()
        if settings is None:
            settings = read_settings(layout.data).log
        lock = WriterLock(layout.lock)
        try:
            return cls(layout, settings, lock)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- appending -----------------------------------------------------------------------------

    def append(
        self,
        batch: pa.RecordBatch | Sequence[Event],
        *,
        refused: Sequence[Refused] = (),
        format: str = "leeward",  # noqa: A002 - the word of the design
        origin: str = "",
        checkpoint: Checkpoint | None = None,
    ) -> Receipt:
        """Add events and return when they would survive a power cut.

        Args:
            batch: Rows of :data:`~leeward.model.ADMITTED_SCHEMA`, or events.
            refused: Lines of the same input that may not enter; they go to quarantine.
            format: Name of the decoder that can read them again.
            origin: Name of the file or the client they came from.
            checkpoint: How far the input has come, to be stored with the batch.

        Raises:
            QuarantineFull: The refused lines can no longer be kept; nothing was stored.
            OutOfSpace: The disk is full; nothing was stored.
        """
        pending = self._pending(batch, refused, format, origin, checkpoint)
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._has_room(pending))
            self._enqueue(pending)
        return pending.future.result()

    def submit(
        self,
        batch: pa.RecordBatch | Sequence[Event],
        *,
        refused: Sequence[Refused] = (),
        format: str = "leeward",  # noqa: A002 - the word of the design
        origin: str = "",
        checkpoint: Checkpoint | None = None,
    ) -> Future[Receipt]:
        """As :meth:`append`, without waiting: the future is done when the batch is durable.

        Raises:
            Overloaded: The queue is full. Nothing was taken.
        """
        pending = self._pending(batch, refused, format, origin, checkpoint)
        with self._changed:
            if not self._has_room(pending):
                raise Overloaded("the writer's queue is full", retry_after=1)
            self._enqueue(pending)
        return pending.future

    def _pending(
        self,
        batch: pa.RecordBatch | Sequence[Event],
        refused: Sequence[Refused],
        form: str,
        origin: str,
        checkpoint: Checkpoint | None,
    ) -> Pending:
        if not isinstance(batch, pa.RecordBatch):
            batch, refused = admitted(batch, refused)
        if not batch.schema.equals(ADMITTED_SCHEMA):
            raise TypeError("a batch of ADMITTED_SCHEMA is needed; see leeward.model.admit_columns")
        return Pending(batch, refused, form, origin, checkpoint)

    def _has_room(self, pending: Pending) -> bool:
        return not self._queued or self._queued + pending.weight <= self._settings.queue_events

    def _enqueue(self, pending: Pending) -> None:
        if self._closing or self._broken is not None:
            raise StoreError(
                "the log is closed, or stopped after an error",
                where=str(self.layout.data),
                hint="check the disk, then open it again",
            )
        self._queue.append(pending)
        self._queued += pending.weight
        self._changed.notify_all()

    @property
    def trouble(self) -> str | None:
        """What keeps the log from working as it should, in words, or None."""
        if self._broken is not None:
            return "the log stopped after an error and takes nothing more"
        for work, error in self._sealer.errors.items():
            return f"{work} fails ({type(error).__name__})"
        return None

    @property
    def queued(self) -> int:
        """Events that wait to be committed."""
        return self._queued

    @property
    def last_seq(self) -> int:
        """The last place that was given away."""
        return self._seq

    def position(self, key: str) -> int:
        """How far the input of a checkpoint has come; 0 where it is unknown."""
        with self._db_lock:
            return self._hot.position(key)

    def add_findings(
        self,
        findings: Iterable[Finding],
        checkpoints: Sequence[Checkpoint] = (),
        *,
        rewritten: int | None = None,
    ) -> int | None:
        """Store what signals found, durably; how many were not there yet.

        Args:
            findings: What they found.
            checkpoints: How far the signals have come, to be stored with the findings.
            rewritten: What ``Log.rewritten`` said before the events were read. Where events were
                erased since, nothing is stored and None returned: read them again.
        """
        with self.transaction() as hot:
            if rewritten is not None and hot.counters().get("rewritten", 0) != rewritten:
                return None
            hot.set_positions(checkpoints)
            found = list(findings)
            _scored.note_late(hot, found)
            return FINDINGS.add(hot, self.layout.findings, found)

    def add_scored(self, scored: Scored, *, rewritten: int) -> Stored | None:
        """Store what came of some events, durably and in one transaction.

        Args:
            scored: Findings, verdicts, and how far that is.
            rewritten: What ``Log.rewritten`` said before the events were read. Where events were
                erased since, nothing is stored and None returned: read them again.
        """
        with self.transaction() as hot:
            if hot.counters().get("rewritten", 0) != rewritten:
                return None
            return _scored.add(hot, self.layout, scored)

    def release(self, ids: Iterable[int]) -> int:
        """Let go of quarantined items; how many there were."""
        with self.transaction() as hot:
            return _quarantine.remove(hot, ids)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Hot]:
        """The writer's connection, in a transaction of its own."""
        with self._db_lock, translated(self.layout.log), self._hot.transaction():
            yield self._hot

    def seal(self) -> None:
        """Turn all hot rows into a segment, and merge segments that have become many."""
        with self.quiet(), self._db_lock, translated(self.layout.log):
            built = self._sealer.build(self._hot, self._seq)
            if built is not None:
                self._sealer.publish_alone(built)
                self._reload()
        self.merge()

    def merge(self) -> None:
        """Merge segments that have become many, until none is due."""
        with self.quiet(), translated(self.layout.log):
            self._sealer.compact(self._reload)

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Keep segments from being sealed or merged in the background; events go on coming."""
        with self._quiet_lock:
            with self._db_lock:
                outer, self._sealer.paused = self._sealer.paused, True
            try:
                self._sealer.wait_all()
                yield
            finally:
                self._sealer.paused = outer

    def segments(self) -> list[Segment]:
        """The live segments, in order."""
        with self._db_lock:
            return self._sealer.segments()

    def replace(
        self,
        segment: Segment,
        change: Callable[[pa.Table], pa.Table | None],
        still: Callable[[], bool],
    ) -> bool:
        """Write a segment anew with changed rows. Call it within :meth:`quiet`.

        Args:
            segment: The segment.
            change: Gets some rows and returns what they become, or None to leave them.
            still: Asked just before the change counts; False drops it.

        Returns:
            Whether the segment now is as ``change`` made it.
        """
        with translated(self.layout.log):
            built = self._sealer.rewrite(segment, change)
            if built is None:
                return True
            with self._db_lock:
                if not still():
                    self._sealer.discard(built)
                    return False
                self._sealer.publish_alone(built)
                self._reload()
        return True

    def forget_deleted(self) -> None:
        """Leave nothing of deleted rows on the disk. Call it within :meth:`quiet`.

        Raises:
            StoreError: A reader still holds an old state of the log, or a file cannot be removed.
        """
        with self._db_lock, translated(self.layout.log):
            self._sealer.sweep()
            self._hot.db.execute("VACUUM")
        for _ in range(PATIENCE):
            with self._db_lock, translated(self.layout.log):
                busy = self._hot.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                return
            time.sleep(1)
        raise StoreError(
            "a reader holds an old state of the log, so what was deleted is still in hot.db-wal",
            where=str(self.layout.log),
            hint="end long scans and tails of other programs, then give the same command again",
        )

    def close(self) -> None:
        """Finish what was submitted and give up the right to write."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._committer.join()
        self._sealer.wait_all()
        self._hot.close()
        self._lock.release()

    # --- the committer -------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            group = self._take()
            if not group:
                if self._closing and not self._queue:
                    return
                continue
            try:
                with translated(self.layout.log):
                    self._commit(group)
            except BaseException as error:  # it belongs to whoever submitted
                self._fail(group, error)
            with self._changed:
                self._queued -= sum(pending.weight for pending in group)
                self._changed.notify_all()

    def _take(self) -> list[Pending]:
        """The next group; empty when the log closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            group: list[Pending] = []
            rows = 0
            limit = GROUP_ROWS
            size = 0
            while self._queue and (not group or self._fits(rows, size, limit)):
                pending = self._queue.popleft()
                if not pending.future.set_running_or_notify_cancel():
                    self._queued -= pending.weight
                    continue
                group.append(pending)
                rows += len(pending.batch)
                size += pending.batch.nbytes
                if rows >= DIRECT_ROWS:
                    limit = self._settings.seal_events
            return group

    def _fits(self, rows: int, size: int, limit: int) -> bool:
        """Whether the next in the queue may join a group."""
        batch = self._queue[0].batch
        return rows + len(batch) <= limit and size + batch.nbytes <= GROUP_BYTES

    def _fail(self, group: list[Pending], error: BaseException) -> None:
        """Nothing of the group is stored: say so to each, and forget its identities."""
        for pending in group:
            if not pending.future.done():
                pending.future.set_exception(error)
        try:
            with self._db_lock:
                self._hot.abandon()
                self._reload()
        except Exception as second:  # the log itself cannot be read any more: take nothing further
            self._broken = second
            with self._changed:
                while self._queue:
                    waiting = self._queue.popleft()
                    self._queued -= waiting.weight
                    if waiting.future.set_running_or_notify_cancel():
                        waiting.future.set_exception(error)

    def _commit(self, group: list[Pending]) -> None:
        if sum(len(pending.batch) for pending in group) >= DIRECT_ROWS:
            self._sealer.wait()  # only this thread starts it, so it stays idle from here on
        with self._db_lock:
            group = self._with_room_in_quarantine(group)
            if not group:
                return
            hashes, fresh = self._fresh(group)
            rows = self._numbered(group, fresh)
            built = None
            if len(rows) >= DIRECT_ROWS:
                built = self._sealer.build(self._hot, self._seq, rows, hashes[fresh])
            with self._hot.transaction():
                if built is not None:
                    self._sealer.publish(built)
                else:
                    self._store_block(rows, hashes[fresh])
                receipts = self._record(group, fresh, rows)
            self._seq += len(rows)
            if built is not None:
                self._loaded = time.monotonic()
                self._sealer.published(built)
                self._reload()
            self._maintain()
        for pending, receipt in zip(group, receipts, strict=True):
            pending.future.set_result(receipt)

    def _with_room_in_quarantine(self, group: list[Pending]) -> list[Pending]:
        if not any(pending.refused for pending in group):
            return group
        used = _quarantine.size(self._hot)
        kept = []
        for pending in group:
            weight = _quarantine.weight(pending.refused)
            if pending.refused and used + weight > self._settings.quarantine_bytes:
                pending.future.set_exception(_quarantine_full(self.layout))
                continue
            used += weight
            kept.append(pending)
        return kept

    def _fresh(self, group: list[Pending]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
        """The identity hashes of a group and which of them the log does not hold yet."""
        columns = [self.hasher.column(p.batch["id"], Domain.ID) for p in group]
        hashes = np.concatenate(columns)
        return hashes, self._hot_ids.add(hashes, marked(self._sealed_ids, hashes))

    def _numbered(self, group: list[Pending], fresh: npt.NDArray[np.bool_]) -> pa.RecordBatch:
        """The new rows of a group with their places and the time of receipt."""
        whole = pa.Table.from_batches([p.batch for p in group], ADMITTED_SCHEMA)
        if not fresh.all():
            whole = whole.filter(pa.array(fresh))
        count = len(whole)
        self._seen = max(self._seen, time.time_ns() // 1_000)
        columns = {name: whole[name] for name in ADMITTED_SCHEMA.names}
        columns["seq"] = pa.array(np.arange(self._seq + 1, self._seq + 1 + count))
        columns["seen"] = pa.array(np.full(count, self._seen))
        table = pa.table([columns[name] for name in EVENT_SCHEMA.names], schema=EVENT_SCHEMA)
        return one_batch(table)

    def _store_block(self, rows: pa.RecordBatch, ids: npt.NDArray[np.uint64]) -> None:
        if not len(rows):
            return
        first, last = self._seq + 1, self._seq + len(rows)
        block = pack(rows, first, last, self.hasher)
        self._hot.add_block(block, ids)
        self._hot_rows += block.rows
        self._hot_memory += block.memory
        if block.rows >= SMALL_ROWS:
            self._small.clear()
            return
        self._small.append(first)
        if len(self._small) >= SMALL_BLOCKS:
            self._pack_small(last)

    def _pack_small(self, last: int) -> None:
        """Pack the newest small blocks into one, so that look-ups open few."""
        first = self._small[0]
        self._small.clear()
        small = list(self._hot.blocks(first - 1, last))
        if sum(block.memory for block in small) > GROUP_BYTES:
            return
        ids = self._hot.ids(first, last)
        table = pa.Table.from_batches([part for b in small for part in unpack(b.body)])
        self._hot.drop_blocks(first, last)
        self._hot.add_block(pack(one_batch(table), first, last, self.hasher), ids)

    def _record(
        self, group: list[Pending], fresh: npt.NDArray[np.bool_], rows: pa.RecordBatch
    ) -> list[Receipt]:
        """Store what goes with the rows, and write the receipts."""
        receipts = []
        seq = self._seq + 1
        begin = 0
        for pending in group:
            end = begin + len(pending.batch)
            accepted = int(fresh[begin:end].sum())
            repeated = end - begin - accepted
            receipts.append(Receipt(seq, accepted, repeated, len(pending.refused)))
            seq += accepted
            begin = end
            _quarantine.add(self._hot, self._seen, pending.format, pending.origin, pending.refused)
        repeated = len(fresh) - len(rows)
        quarantined = sum(receipt.quarantined for receipt in receipts)
        self._hot.count(
            seq=len(rows), accepted=len(rows), repeated=repeated, quarantined=quarantined
        )
        self._hot.rate(self._seen // 60_000_000, len(rows))
        self._hot.set_positions([p.checkpoint for p in group if p.checkpoint is not None])
        return receipts

    def _maintain(self) -> None:
        """Seal in the background once the hot rows are many, and merge what has become many."""
        full = self._hot_rows >= self._settings.seal_events or self._hot_memory >= SEAL_BYTES
        if full and not self._sealer.busy and not self._sealer.resting:
            self._small.clear()  # a block must not be packed with one that is being sealed
            self._sealer.start(self._seq, self._reload)
        elif not full and (not self._queue or len(self._sealed_ids) > MANY_SEGMENTS):
            loading = time.monotonic() < self._loaded + BULK_SECONDS
            self._sealer.start_compaction(self._reload, ripe=loading)

    def _reload(self) -> None:
        """Read back from the file what this object keeps of it in memory."""
        with self._db_lock:
            self._sealer.refresh()
            self._seq = self._hot.last_seq()
            self._hot_rows, self._hot_memory, _ = self._hot.hot_totals()
            ids = self._hot.ids()
            self._hot_ids = HotIds()
            self._hot_ids.add(ids, np.zeros(len(ids), np.bool_))
            self._sealed_ids = self._sealer.ids()
            self._small: list[int] = []
            self._seen = max(self._seen, self._hot.max_seen())


def _quarantine_full(layout: Layout) -> QuarantineFull:
    return QuarantineFull(
        "the quarantine is full, so the refused lines cannot be kept; nothing was stored",
        where=str(layout.data),
        hint="see `leeward quarantine list`, fix the cause and `leeward quarantine replay`, "
        "or raise log.quarantine_bytes",
    )
