"""Changing rows wherever they lie: judged on a few columns first, rewritten only where due.

Hot blocks are changed in one transaction. A segment is written anew as its next generation
and swapped in one transaction; one of which no row is due is not written at all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import EVENT_SCHEMA
from leeward.store._blocks import pack, unpack
from leeward.store._graphs import forget_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leeward.store._segment import Segment
    from leeward.store._writer import Writer

__all__ = [
    "CONTENT",
    "JUDGED",
    "Judge",
    "Judgement",
    "Mask",
    "Survey",
    "Tally",
    "rewrite",
    "survey",
]

Mask: TypeAlias = npt.NDArray[np.bool_]

JUDGED: Final = (
    "seq", "seen", "kind", "op", "actor", "object", "target", "reply_to", "root", "media",
)  # fmt: skip
"""The columns on which rows are judged."""

CONTENT: Final = ("text", "folded", "lang", "tags", "links", "mentions", "extra")
"""What a skeleton does not have: text and profile, and what was taken from them."""

_AT_ONCE: Final = 32
"""Row groups that are judged at a time."""


class Judge(Protocol):
    """Says what becomes of rows; two that are equal say the same."""

    def __call__(self, rows: pa.Table) -> Judgement:
        """Judge rows that have at least the columns :data:`JUDGED`."""


class Judgement(NamedTuple):
    """What becomes of some rows: three masks that exclude each other.

    Attributes:
        removed: Rows that go.
        bared: Rows of which the skeleton stays.
        held: Rows that would go, and that a hold keeps as they are.
    """

    removed: Mask
    bared: Mask
    held: Mask


@dataclass
class Tally:
    """How many rows met which fate; removed ones by kind."""

    removed: Counter[str] = field(default_factory=Counter)
    bared: int = 0
    held: int = 0

    def add(self, rows: pa.Table, judged: Judgement) -> None:
        """Count some rows."""
        kinds = rows["kind"].to_numpy()[judged.removed]
        self.removed.update(kinds.tolist())
        self.bared += int(judged.bared.sum())
        self.held += int(judged.held.sum())


class Survey(NamedTuple):
    """What a look at the log found due.

    Attributes:
        tally: Rows by fate.
        seqs: Places of the rows that are due.
        held: Places of the rows that a hold keeps.
        segments: Names of the segments that have rows due.
        posts: The posts that rows that are due have made, where that was asked.
    """

    tally: Tally
    seqs: npt.NDArray[np.int64]
    held: npt.NDArray[np.int64]
    segments: frozenset[str]
    posts: frozenset[str] = frozenset()


def survey(
    writer: Writer,
    judge: Judge,
    groups: Callable[[Segment], Sequence[int]],
    *,
    posts: bool = False,
) -> Survey:
    """Judge all rows without changing any.

    Args:
        writer: The log's writer.
        judge: Gets rows of :data:`JUDGED`.
        groups: The row groups of a segment that can hold rows that are due.
        posts: Whether the posts that they made are asked for, too.
    """
    tally = Tally()
    due: list[npt.NDArray[np.int64]] = []
    held: list[npt.NDArray[np.int64]] = []
    names = set()
    made: set[str] = set()

    def look(rows: pa.Table) -> bool:
        judged = judge(rows)
        tally.add(rows, judged)
        seqs = rows["seq"].to_numpy()
        changed = judged.removed | judged.bared
        due.append(seqs[changed])
        held.append(seqs[judged.held])
        if posts:
            made.update(_posts(rows.filter(pa.array(changed))))
        return bool(changed.any())

    with writer.transaction() as hot:
        for block in hot.blocks():
            look(_table(block.body).select(JUDGED))
    for segment in writer.segments():
        for rows in _narrow(segment, groups(segment)):
            if look(rows):
                names.add(segment.info.name)
    return Survey(tally, _joined(due), _joined(held), frozenset(names), frozenset(made))


def _posts(rows: pa.Table) -> list[str]:
    """The posts that rows have made."""
    made = pc.and_(pc.equal(rows["kind"], "post"), pc.equal(rows["op"], "create"))
    posts: list[str] = rows["object"].filter(made).to_pylist()
    return posts


def rewrite(
    writer: Writer,
    segments: frozenset[str],
    judge: Callable[[], Judge],
) -> Tally:
    """Change the hot rows and some segments.

    Args:
        writer: The log's writer.
        segments: Names of the segments that have rows due.
        judge: Gives the judge that is right at this moment. It is asked before a change and
            again before the change counts: a hold placed in between is obeyed.
    """
    total = Tally()
    _derived_again(writer)
    with writer.transaction() as hot:
        current = judge()
        for block in list(hot.blocks()):
            new = _changed(_table(block.body), current, total)
            if new is not None:
                batch = new.combine_chunks().to_batches() or [_none()]
                hot.update_block(pack(batch[0], block.first_seq, block.last_seq, writer.hasher))
    for segment in writer.segments():
        if segment.info.name in segments:
            _rewrite_segment(writer, segment, judge, total)
    _derived_again(writer)
    return total


def _derived_again(writer: Writer) -> None:
    """What was made from the rows is no longer true, and may hold what has to go.

    Done before and after: whoever reads in between must not keep what it makes of that.
    """
    with writer.transaction() as hot:
        hot.count(rewritten=1)
    forget_graph(writer.layout)


def _rewrite_segment(
    writer: Writer,
    segment: Segment,
    judge: Callable[[], Judge],
    total: Tally,
) -> None:
    while True:
        current, tally = judge(), Tally()
        change = partial(_changed, judge=current, tally=tally)
        if writer.replace(segment, change, partial(_same, judge, current)):
            total.removed += tally.removed
            total.bared += tally.bared
            total.held += tally.held
            return


def _same(judge: Callable[[], Judge], earlier: Judge) -> bool:
    return judge() == earlier


def _changed(rows: pa.Table, judge: Judge, tally: Tally) -> pa.Table | None:
    """What rows become; None where they stay as they are."""
    judged = judge(rows)
    if not (judged.removed.any() or judged.bared.any()):
        return None
    tally.add(rows, judged)
    return _bare(rows, judged.bared).filter(pa.array(~judged.removed))


def _narrow(segment: Segment, groups: Sequence[int]) -> Iterator[pa.Table]:
    for begin in range(0, len(groups), _AT_ONCE):
        yield segment.look(groups[begin : begin + _AT_ONCE], JUDGED)


def _table(body: bytes) -> pa.Table:
    return pa.Table.from_batches(unpack(body), EVENT_SCHEMA)


def _none() -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([], f.type) for f in EVENT_SCHEMA], schema=EVENT_SCHEMA
    )


def _joined(parts: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([*parts, np.empty(0, np.int64)])


def _bare(rows: pa.Table, bare: Mask) -> pa.Table:
    """The same rows, some of them without content."""
    if not bare.any():
        return rows
    mask = pa.array(bare)
    for name in CONTENT:
        own = rows.schema.field(name)
        empty = pa.scalar([] if pa.types.is_list(own.type) else None, own.type)
        column = pc.if_else(mask, empty, rows[name].combine_chunks())
        rows = rows.set_column(rows.schema.get_field_index(name), own, column)
    return rows
