"""An index to and from a snapshot: which arrays there are, and whether they fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.hashing._bits import LANES
from leeward.hashing._index_file import Snapshot, corrupt, read_snapshot, write_snapshot
from leeward.hashing._index_fold import BITS
from leeward.hashing._index_segment import Segment
from leeward.hashing._mih import BANDS, SPARE, VALUES, Tables, no_tables, width_for
from leeward.hashing._mih_search import Bank

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    UInt8 = npt.NDArray[np.uint8]

__all__ = ["load", "store"]

_ORDER: Final = "order"
_STEERING: Final = ("starts", "dead")
"""What leads a search through the rest; it is small, and verified as soon as a file is opened."""


def store(path: Path, order: UInt8, segments: Sequence[Segment], dead: Sequence[UInt8]) -> None:
    """Write a snapshot.

    Args:
        path: Where.
        order: The order of bits.
        segments: The base first; empty ones after it are left out.
        dead: Their withdrawals at one moment.

    Raises:
        StoreError: It cannot be written.
    """
    arrays: dict[str, Any] = {_ORDER: order}
    kept = [
        (s, d) for i, (s, d) in enumerate(zip(segments, dead, strict=True)) if not i or s.entries
    ]
    for number, (segment, withdrawn) in enumerate(kept):
        bank = segment.bank._replace(dead=withdrawn)
        parts = {**bank._asdict(), **bank.tables._asdict()}
        del parts["tables"]
        arrays |= {f"{number}.{name}": array for name, array in parts.items()}
    write_snapshot(path, len(kept), arrays)


def load(path: Path) -> tuple[Snapshot, UInt8, list[Segment]]:
    """Map a snapshot.

    Returns:
        The snapshot, the order of bits and the segments, the base first.

    Raises:
        InputError: It is no snapshot.
        NewerFormat: A newer Leeward wrote it.
        Corrupt: It is damaged or cut short.
        StoreError: There is none, or it cannot be read.
    """
    snapshot = read_snapshot(path)
    names = [f"{number}.{name}" for number in range(snapshot.segments) for name in _STEERING]
    try:
        snapshot.verify([_ORDER, *names])
        segments = [_segment(snapshot, number) for number in range(snapshot.segments)]
    except KeyError:
        raise corrupt(path, "an array is missing") from None
    if not segments or snapshot.arrays[_ORDER].shape != (BITS,):
        raise corrupt(path, "an array is missing")
    return snapshot, snapshot.arrays[_ORDER], segments


def _segment(snapshot: Snapshot, number: int) -> Segment:
    def array(name: str) -> Any:
        return snapshot.arrays[f"{number}.{name}"]

    tables = Tables(*(array(name) for name in Tables._fields))
    dead = array("dead").copy()  # withdrawals of this process are its own
    hashes, ids, twin_row, twin_id = (array(name) for name in Bank._fields[:4])
    bank = Bank(hashes, ids, twin_row, twin_id, dead, tables)
    if [(a.dtype, a.shape) for a in (*bank[:-1], *tables)] != _expected(bank):
        raise corrupt(snapshot.path, "its arrays do not fit each other")
    return Segment(bank)


def _expected(bank: Bank) -> list[tuple[Any, tuple[int, ...]]]:
    """The types and shapes that arrays must have, by the numbers of hashes and of twins."""
    count, twins = len(bank.hashes), len(bank.twin_id)
    starts, sketches, rows = no_tables()
    shapes = [starts.shape, sketches.shape, rows.shape]
    if len(bank.tables.starts):
        octets = BANDS * count * width_for(count) + SPARE
        shapes = [(BANDS, VALUES + 1), (BANDS * count + LANES,), (octets,)]
    kinds = [np.uint64, np.uint64, np.uint32, np.uint64, np.uint8, np.uint32, np.uint16, np.uint8]
    all_shapes = [(count, 4), (count,), (twins,), (twins,), ((count + twins + 7) // 8,), *shapes]
    return [(np.dtype(kind), shape) for kind, shape in zip(kinds, all_shapes, strict=True)]
