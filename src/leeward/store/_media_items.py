"""The pictures and videos of a log: read in its order, or found by what leads to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import Domain
from leeward.store._blocks import BlockKeys, unpack, unpack_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.store._hot import Hot
    from leeward.store._log import Log
    from leeward.store._segment import Segment

    Int64 = npt.NDArray[np.int64]

__all__ = ["MediaItems", "media_key", "media_keys", "media_with", "read_media"]

COLUMNS: Final = ("seq", "seen", "kind", "op", "actor", "object", "media")
WINDOW: Final = 1 << 21
"""Places in the log of which the media are held in memory at a time."""
HOT_ROWS: Final = 1 << 16
_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class MediaItems:
    """What some events carry, one item a place, in the order of the log.

    Attributes:
        through: All events up to this place were read.
        row: (items) Which of the events carries it.
        key: (items) The log's keyed hash of its handle; 0 where it has none.
        sha256_key: (items) The same of its SHA-256.
        uri, sha256, pdq: (items) As the events have them.
        events: The events, of :data:`COLUMNS` without ``media``, ascending by ``seq``.
    """

    through: int
    row: Int64
    key: Int64
    sha256_key: Int64
    uri: pa.Array
    sha256: pa.Array
    pdq: pa.Array
    events: pa.Table

    def __len__(self) -> int:
        """How many items there are."""
        return len(self.row)

    def __repr__(self) -> str:
        """How many: content stays out of ``repr``."""
        return f"<MediaItems {len(self)} through={self.through}>"

    def parts(self, events: int, upto: int) -> Iterator[MediaItems]:
        """The same in parts of some events each, without what lies behind a place.

        The last part ends where all of it does; there is always one.
        """
        seq = self.events["seq"].to_numpy()
        count = int(np.searchsorted(seq, upto, "right"))
        for begin in range(0, max(count, 1), events):
            end = min(begin + events, count)
            some = slice(*np.searchsorted(self.row, [begin, end]).tolist())
            yield MediaItems(
                self.through if end == count else int(seq[end - 1]),
                self.row[some] - begin,
                self.key[some],
                self.sha256_key[some],
                self.uri[some],
                self.sha256[some],
                self.pdq[some],
                self.events.slice(begin, end - begin),
            )

    def values(self) -> list[bytes | None]:
        """The PDQ value of each item, 32 octets."""
        return [None if text is None else bytes.fromhex(text) for text in self.pdq.to_pylist()]


def media_key(hasher: Hasher, name: str) -> int:
    """The keyed hash of one handle, SHA-256 or PDQ value, as a number with a sign."""
    return int(np.uint64(hasher.one(name, Domain.MEDIA)).astype(np.int64))


def read_media(log: Log, after: int) -> MediaItems:
    """What the events behind a place carry: some of it, in the order of the log.

    Call it again with its ``through`` until that does not move any more.

    Args:
        log: The log.
        after: The last place that the caller has.
    """
    with log._snapshot() as (hot, segments):
        for segment in segments:
            if segment.info.last_seq > after:
                begin = max(after, segment.info.first_seq - 1)
                upto = min(segment.info.last_seq, begin + WINDOW)
                batches = segment.batches(list(COLUMNS))
                return _items(_between(batches, after, upto), log.hasher, upto)
        parts: list[pa.RecordBatch] = []
        rows, upto = 0, after
        for block in hot.blocks(after):
            parts += unpack(block.body)
            rows, upto = rows + block.rows, block.last_seq
            if rows >= HOT_ROWS:
                break
        return _items(_between(parts, after, upto), log.hasher, upto)


def media_with(log: Log, keys: Iterable[int]) -> MediaItems:
    """All events that carry an item with one of some keys, and all that those events carry.

    Args:
        log: The log.
        keys: What :func:`media_key` gives for handles, SHA-256 and PDQ values.
    """
    wanted = np.fromiter(keys, np.int64).astype(np.uint64)
    if not len(wanted):
        return _items([], log.hasher, 0)
    found: list[pa.RecordBatch] = []
    with log._snapshot() as (hot, segments):
        last = hot.last_seq()
        for table in _candidates(hot, segments, wanted):
            rows = _with_media(table.select(COLUMNS))
            _, owners, hit = _keyed(rows, log.hasher, wanted)
            kept = np.unique(owners[hit])
            found += rows.take(pa.array(kept)).to_batches()
    return _items(found, log.hasher, last)


def media_keys(log: Log) -> tuple[npt.NDArray[np.uint64], int]:
    """The keys of all media of a log, ascending, and the last place that was read."""
    last = log.last_seq()
    every = [np.empty(0, np.uint64)]
    for batch in log.scan(["seq", "media"]):
        items = batch.filter(pc.less_equal(batch["seq"], last))["media"].flatten()
        for part in items.flatten()[:3]:
            valid = part.drop_null()
            if len(valid):
                every.append(np.unique(log.hasher.keys(valid, Domain.MEDIA)))
    return np.unique(np.concatenate(every)), last


def _between(batches: Iterable[pa.RecordBatch], after: int, upto: int) -> Iterator[pa.RecordBatch]:
    """The rows of some places that carry something."""
    for batch in batches:
        seq = batch["seq"].to_numpy()
        carries = pc.list_value_length(batch["media"]).fill_null(0).to_numpy() > 0
        kept = np.flatnonzero((seq > after) & (seq <= upto) & carries)
        if len(kept):
            yield batch.select(list(COLUMNS)).take(pa.array(kept))


def _candidates(
    hot: Hot, segments: list[Segment], wanted: npt.NDArray[np.uint64]
) -> Iterator[pa.Table]:
    keys = wanted.tolist()
    for segment in segments:
        groups = sorted({group for key in keys for group in segment.postings.find(key)})
        for begin in range(0, len(groups), _AT_ONCE):
            yield segment.look(groups[begin : begin + _AT_ONCE], list(COLUMNS))
    for first, _, _ in hot.spans():
        block = BlockKeys(hot.keys(first))
        parts = sorted({part for key in keys for part in block.find(key)})
        if parts:
            yield unpack_parts(hot.body(first), parts)


def _with_media(table: pa.Table) -> pa.Table:
    return table.filter(pc.greater(pc.list_value_length(table["media"]), 0))


def _keyed(
    table: pa.Table, hasher: Hasher, wanted: npt.NDArray[np.uint64]
) -> tuple[pa.StructArray, Int64, npt.NDArray[np.bool_]]:
    """The items of a table, the row of each, and which of them has a wanted key."""
    lists = table["media"].combine_chunks()
    owners = np.repeat(np.arange(len(lists)), lists.value_lengths().fill_null(0).to_numpy())
    items = lists.flatten()
    hit = np.zeros(len(items), np.bool_)
    for part in items.flatten()[:3]:
        hit |= np.isin(_keys(part, hasher).view(np.uint64), wanted)
    return items, owners, hit


def _keys(names: pa.Array, hasher: Hasher) -> Int64:
    if names.null_count == len(names):
        return np.zeros(len(names), np.int64)
    keys = hasher.keys(names, Domain.MEDIA).view(np.int64)
    keys[names.is_null().to_numpy(zero_copy_only=False)] = 0
    return keys


def _items(batches: Iterable[pa.RecordBatch], hasher: Hasher, through: int) -> MediaItems:
    parts = list(batches)
    if not parts:
        none, empty = np.empty(0, np.int64), pa.array([], pa.string())
        no_events = pa.table({"seq": none, "object": empty})
        return MediaItems(through, none, none, none, empty, empty, empty, no_events)
    table = pa.Table.from_batches(parts).combine_chunks()
    table = table.take(pa.array(np.argsort(table["seq"].to_numpy(), kind="stable")))
    lists = table["media"].combine_chunks()
    row = np.repeat(np.arange(len(lists)), lists.value_lengths().fill_null(0).to_numpy())
    items = lists.flatten()
    uri, sha256, pdq = items.flatten()[:3]
    key, sha256_key = _keys(uri, hasher), _keys(sha256, hasher)
    events = table.drop_columns(["media"])
    return MediaItems(through, row, key, sha256_key, uri, sha256, pdq, events)
