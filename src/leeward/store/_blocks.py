"""Hot rows: events packed into compressed blocks, each with an index of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from leeward.model import EVENT_SCHEMA
from leeward.store._postings import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from leeward.model import Hasher

__all__ = ["Block", "BlockKeys", "pack", "unpack", "unpack_parts"]

ROWS_PER_PART: Final = 2_048
"""A look-up in a block decodes parts, not the block."""

_KEY: Final = np.dtype([("hash", "<u8"), ("part", "<u2")])
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
"""Hot rows are few and soon rewritten: lz4 packs four times as fast as zstd, in 1.6 of the size."""

_LARGEST: Final = ROWS_PER_PART * 0xFFFF


class Block(NamedTuple):
    """What is stored of some consecutive rows.

    Attributes:
        first_seq, last_seq: The places that they cover, both included.
        rows: How many there are.
        memory: Bytes of the rows in memory, as Arrow.
        min_seen, max_seen: When the log received them.
        body: Arrow file, lz4, in parts of :data:`ROWS_PER_PART`.
        keys: Hashes of the keys, ascending, and the part that holds each.
    """

    first_seq: int
    last_seq: int
    rows: int
    memory: int
    min_seen: int
    max_seen: int
    body: bytes
    keys: bytes


def pack(rows: pa.RecordBatch, first_seq: int, last_seq: int, hasher: Hasher) -> Block:
    """Pack rows of :data:`EVENT_SCHEMA`, in order of ``seq``."""
    if len(rows) > _LARGEST:
        raise ValueError(f"a block holds at most {_LARGEST} rows")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, EVENT_SCHEMA, options=_OPTIONS) as writer:
        for begin in range(0, len(rows), ROWS_PER_PART):
            writer.write_batch(rows.slice(begin, ROWS_PER_PART))
    hashes, owners = keys_of(rows, hasher)
    parts = owners // ROWS_PER_PART
    order = np.lexsort((parts, hashes))
    hashes, parts = hashes[order], parts[order]
    new = np.append(True, (np.diff(hashes) != 0) | (np.diff(parts) != 0))[: len(order)]
    keys = np.empty(int(new.sum()), _KEY)
    keys["hash"] = hashes[new]
    keys["part"] = parts[new]
    seen = rows["seen"].to_numpy()
    return Block(
        first_seq,
        last_seq,
        len(rows),
        rows.nbytes,
        int(seen.min()) if len(seen) else 0,
        int(seen.max()) if len(seen) else 0,
        sink.getvalue().to_pybytes(),
        keys.tobytes(),
    )


def unpack(body: bytes) -> Iterator[pa.RecordBatch]:
    """All rows of a block, part by part."""
    reader = pa.ipc.open_file(pa.py_buffer(body))
    for part in range(reader.num_record_batches):
        yield reader.get_batch(part)


def unpack_parts(body: bytes, parts: Sequence[int]) -> pa.Table:
    """Some parts of a block."""
    reader = pa.ipc.open_file(pa.py_buffer(body))
    return pa.Table.from_batches([reader.get_batch(part) for part in parts], EVENT_SCHEMA)


class BlockKeys:
    """Finds the parts of a block that hold a key."""

    def __init__(self, keys: bytes) -> None:
        packed = np.frombuffer(keys, _KEY)
        self._hashes: npt.NDArray[np.uint64] = np.ascontiguousarray(packed["hash"])
        self._parts: npt.NDArray[np.uint16] = np.ascontiguousarray(packed["part"])

    def find(self, key: int) -> list[int]:
        """The parts that may hold a key, ascending."""
        wanted = np.uint64(key)
        begin = int(np.searchsorted(self._hashes, wanted, "left"))
        end = int(np.searchsorted(self._hashes, wanted, "right"))
        return sorted(self._parts[begin:end].tolist())
