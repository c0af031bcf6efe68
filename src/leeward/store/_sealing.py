"""Turning hot rows into segments, and many segments into few."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from leeward.errors import Corrupt
from leeward.model import EVENT_SCHEMA
from leeward.store._blocks import unpack
from leeward.store._compaction import merge, plan
from leeward.store._disk import remove, write_whole
from leeward.store._findings import FINDINGS
from leeward.store._hot import FORMAT, Hot
from leeward.store._idset import SealedIds
from leeward.store._segment import Segment, SegmentInfo
from leeward.store._segment_writer import SegmentWriter
from leeward.store._verdicts import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.store._layout import Layout

__all__ = ["Built", "Sealer"]

REST: Final = 30.0
"""Seconds until failed work in the background is tried again."""

_NAME: Final = "{first:016d}-{last:016d}-{generation}"


class Built(NamedTuple):
    """A segment that is durable but that the manifest does not name yet."""

    info: SegmentInfo
    replaces: list[SegmentInfo]


class Sealer:
    """Owns the sealed part of a log on behalf of its writer.

    Args:
        layout: Where things lie.
        hot: The writer's connection.
        db_lock: Held by whoever uses that connection.
        hasher: The log's hashes.
    """

    def __init__(self, layout: Layout, hot: Hot, db_lock: threading.RLock, hasher: Hasher) -> None:
        self._layout = layout
        self._hot = hot
        self._db_lock = db_lock
        self._hasher = hasher
        self._open: dict[str, Segment] = {}
        self._sealing: threading.Thread | None = None
        self._compacting: threading.Thread | None = None
        self.errors: dict[str, BaseException] = {}
        self._rest_until = float("-inf")
        self.paused = False

    def recover(self) -> None:
        """Bring the folders back to what the manifest says: the state after any crash.

        Raises:
            Corrupt: A segment that the manifest names is missing or has another size.
        """
        for left in self._layout.scratch.iterdir():
            remove(left)
        self.sweep()
        self.refresh()
        self._write_manifest()

    def sweep(self) -> None:
        """Delete files that the manifest does not name. Call it under the lock."""
        live = {info.name for info in self._hot.segments()}
        for folder in self._layout.segments.iterdir():
            if folder.name not in live:
                remove(folder)
        FINDINGS.sweep(self._hot, self._layout.findings)
        VERDICTS.sweep(self._hot, self._layout.verdicts)

    def refresh(self) -> None:
        """Open what the manifest names, and let go of the rest."""
        infos = self._hot.segments()
        kept = {}
        for info in infos:
            try:
                kept[info.name] = self._open.get(info.name) or self._opened(info)
            except FileNotFoundError as error:
                raise Corrupt(
                    "a segment that the manifest names is missing",
                    where=str(self._layout.segments / info.name),
                    hint="keep a copy of the folder, then `leeward restore` the last backup",
                ) from error
        self._open = kept

    def _opened(self, info: SegmentInfo) -> Segment:
        return Segment(self._layout.segments, info)

    def ids(self) -> list[SealedIds]:
        """The identities of every segment."""
        return [segment.ids for segment in self._open.values()]

    def segments(self) -> list[Segment]:
        """The live segments, in order."""
        return list(self._open.values())

    # --- sealing -------------------------------------------------------------------------------

    def build(
        self,
        hot: Hot,
        upto: int,
        extra: pa.RecordBatch | None = None,
        extra_ids: npt.NDArray[np.uint64] | None = None,
    ) -> Built | None:
        """Write a segment of the hot rows up to a place, and of further rows behind them."""
        blocks = list(hot.blocks(0, upto))
        parts = [part for block in blocks for part in unpack(block.body)]
        hashes = [hot.ids(0, upto)]
        if extra is not None and extra_ids is not None:
            parts.append(extra)
            hashes.append(extra_ids)
        ids = np.concatenate(hashes)
        if not len(ids):
            return None
        first = blocks[0].first_seq if blocks else upto + 1
        last = upto + (0 if extra is None else len(extra))
        name = _NAME.format(first=first, last=last, generation=0)
        table = pa.Table.from_batches(parts, EVENT_SCHEMA).combine_chunks()
        del parts
        with SegmentWriter(
            self._layout.segments, self._layout.scratch, name, self._hasher
        ) as writer:
            writer.add(table)
            del table
            built = Built(writer.finish(first, last, SealedIds.build(ids)), [])
        pa.default_memory_pool().release_unused()
        return built

    def publish(self, built: Built) -> None:
        """Name a segment in the manifest and drop what it replaces; in a transaction."""
        self._hot.replace_segments(built.replaces, built.info)
        if not built.replaces:
            self._hot.drop_blocks(0, built.info.last_seq)
            FINDINGS.seal(self._hot, self._layout.findings, self._layout.scratch)
            VERDICTS.seal(self._hot, self._layout.verdicts, self._layout.scratch)

    def published(self, built: Built) -> None:
        """After that transaction: show it to others, and remove what it replaced.

        The rows are safe by then. What fails here is noted, and made good by the next time.
        """
        self.refresh()
        try:
            self._write_manifest()
            for info in built.replaces:
                if built.info.name != info.name:
                    remove(self._layout.segments / info.name)
            self.errors.pop("tidying", None)
        except OSError as error:
            self.errors["tidying"] = error

    def discard(self, built: Built) -> None:
        """Remove a segment that was not published."""
        remove(self._layout.segments / built.info.name)

    def publish_alone(self, built: Built) -> None:
        """Publish in a transaction of its own."""
        with self._db_lock:
            with self._hot.transaction():
                self.publish(built)
            self.published(built)

    def _write_manifest(self) -> None:
        """The manifest as a file, for those who read segments without us."""
        body = {"format": FORMAT, "segments": self._hot.segments()}
        write_whole(self._layout.manifest, msgspec.json.format(msgspec.json.encode(body)))

    def rewrite(
        self, segment: Segment, change: Callable[[pa.Table], pa.Table | None]
    ) -> Built | None:
        """Write a segment anew with changed rows; None where ``change`` changes none."""
        first, last, generation = segment.info.name.split("-")
        name = f"{first}-{last}-{int(generation) + 1}"
        changed = False
        with SegmentWriter(
            self._layout.segments, self._layout.scratch, name, self._hasher
        ) as writer:
            for batch in segment.batches():
                rows = pa.Table.from_batches([batch])
                new = change(rows)
                changed |= new is not None
                rows = rows if new is None else new
                if len(rows):
                    writer.add(rows)
            if not changed:
                return None
            info = writer.finish(segment.info.first_seq, segment.info.last_seq, segment.ids)
        return Built(info, [segment.info])

    # --- in the background ---------------------------------------------------------------------

    @property
    def resting(self) -> bool:
        """Whether nothing may begin in the background: work failed a moment ago, or is held."""
        return self.paused or time.monotonic() < self._rest_until

    @property
    def busy(self) -> bool:
        """Whether hot rows are being sealed."""
        return self._sealing is not None and self._sealing.is_alive()

    def start(self, upto: int, after: Callable[[], None]) -> None:
        """Seal the hot rows up to a place; ``after`` runs under the lock when that is done."""
        self._sealing = threading.Thread(
            target=self._guarded,
            args=("sealing", self._seal, upto, after),
            name="leeward-seal",
            daemon=True,
        )
        self._sealing.start()

    def start_compaction(self, after: Callable[[], None], *, ripe: bool = False) -> None:
        """Merge segments that have become many, unless that is under way.

        Args:
            after: Runs under the lock when that is done.
            ripe: Only runs of segments that would hardly grow by waiting.
        """
        if self.resting or (self._compacting and self._compacting.is_alive()):
            return
        if plan([segment.info for segment in self.segments()], ripe=ripe) is None:
            return
        self._compacting = threading.Thread(
            target=self._guarded,
            args=("merging", self.compact, after, ripe),
            name="leeward-compact",
            daemon=True,
        )
        self._compacting.start()

    def _guarded(self, name: str, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except BaseException as error:  # the rows stay where they are, and it is tried again
            self.errors[name] = error
            self._rest_until = time.monotonic() + REST
        else:
            self.errors.pop(name, None)

    def _seal(self, upto: int, after: Callable[[], None]) -> None:
        hot = Hot(self._layout.hot)
        try:
            built = self.build(hot, upto)
        finally:
            hot.close()
        if built is not None:
            with self._db_lock:
                self.publish_alone(built)
                after()

    def wait(self) -> None:
        """Return when hot rows are no longer being sealed."""
        if self._sealing is not None:
            self._sealing.join()

    def wait_all(self) -> None:
        """Return when nothing works in the background."""
        self.wait()
        if self._compacting is not None:
            self._compacting.join()

    def compact(self, after: Callable[[], None], ripe: bool = False) -> None:
        """Merge runs of segments until none is due; see :meth:`start_compaction`."""
        while True:
            with self._db_lock:
                self.refresh()
                run = plan([segment.info for segment in self.segments()], ripe=ripe)
                segments = [self._open[info.name].open() for info in run or ()]
            if run is None:
                return
            name = _NAME.format(
                first=run[0].first_seq,
                last=run[-1].last_seq,
                generation=1 + max(int(info.name.rsplit("-", 1)[1]) for info in run),
            )
            with SegmentWriter(
                self._layout.segments, self._layout.scratch, name, self._hasher
            ) as writer:
                info = merge(segments, writer, self._hasher)
            del segments
            pa.default_memory_pool().release_unused()
            with self._db_lock:
                self.publish_alone(Built(info, run))
                after()
