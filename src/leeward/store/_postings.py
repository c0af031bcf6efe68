"""Which row groups of a segment speak of an account, a post, a media item, a tag, a community.

A posting keeps 16 bits of a key's hash beyond its bucket, so a look-up may name a row group
that does not hold the key (about once in ten thousand); it never misses one that does. Who
reads the rows compares the strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from leeward.model import Domain
from leeward.store._idset import bucket_starts

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from leeward.model import Hasher

    Words = npt.NDArray[np.uint64]

__all__ = ["Postings", "keys_of", "pack_keys"]

_PER_BUCKET = 8
_GROUP_MASK = (1 << 20) - 1
_PORTION = 1 << 20


def keys_of(
    batch: pa.RecordBatch, hasher: Hasher, actors: Words | None = None
) -> tuple[Words, npt.NDArray[np.int64]]:
    """The hashes of all keys in a batch, and the row of each.

    Args:
        batch: Rows of the log.
        hasher: The log's hashes.
        actors: The hash of each row's actor, where it is known already.
    """
    hashes: list[Words] = []
    rows: list[npt.NDArray[np.int64]] = []

    def add(values: pa.Array, owners: npt.NDArray[np.int64], domain: Domain) -> None:
        valid = values.is_valid().to_numpy(zero_copy_only=False)
        if valid.any():
            hashes.append(hasher.keys(values, domain)[valid])
            rows.append(owners[valid])

    every = np.arange(len(batch))
    if actors is None:
        add(batch["actor"], every, Domain.ACCOUNT)
    else:  # an actor is never null
        hashes.append(actors)
        rows.append(every)
    for name in ("object", "target", "reply_to", "root"):
        add(batch[name], every, Domain.POST)
    add(batch["community"], every, Domain.COMMUNITY)
    owners = np.repeat(every, _lengths(batch["tags"]))
    add(batch["tags"].flatten(), owners, Domain.TAG)
    owners = np.repeat(every, _lengths(batch["media"]))
    if len(owners):
        for part in batch["media"].flatten().flatten()[:3]:
            add(part, owners, Domain.MEDIA)
    if not hashes:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    return np.concatenate(hashes), np.concatenate(rows)


def pack_keys(hashes: Words, groups: npt.NDArray[np.int64]) -> Words:
    """Keys and their row groups in one word each, without repeats: 44 bits and 20 bits."""
    return _distinct((hashes & ~np.uint64(_GROUP_MASK)) | groups.astype(np.uint64))


def _distinct(words: Words) -> Words:
    """Words in order, each once; sorted in place.

    ``np.unique`` puts them into a hash table first, and takes many times as long.
    """
    words.sort()
    repeats = words[1:] == words[:-1]
    return words[np.append(True, ~repeats)] if repeats.any() else words


def _lengths(lists: pa.Array) -> npt.NDArray[np.int32]:
    lengths: npt.NDArray[np.int32] = np.diff(lists.offsets.to_numpy())
    return lengths


class Postings:
    """Keys to row groups, for one segment.

    Args:
        starts: Where each bucket of leading bits begins, shape (2^k + 1,).
        rests: The 16 bits after those k, in order of the hash.
        groups: The row group of each posting.
    """

    def __init__(
        self,
        starts: npt.NDArray[np.uint32],
        rests: npt.NDArray[np.uint16],
        groups: npt.NDArray[np.unsignedinteger[Any]],
    ) -> None:
        self.starts = starts
        self.rests = rests
        self.groups = groups

    @classmethod
    def build(cls, packed: Words, count: int) -> Postings:
        """From what :func:`pack_keys` gave, in any order and with repeats.

        Args:
            packed: Keys and row groups; sorted in place.
            count: How many row groups the segment has.
        """
        packed = _distinct(packed)
        bits = max(0, (len(packed) // _PER_BUCKET).bit_length())
        rests = np.empty(len(packed), np.uint16)
        narrow: type[np.unsignedinteger[Any]] = np.uint16 if count <= 1 << 16 else np.uint32
        groups = np.empty(len(packed), narrow)
        # In portions: whole, what lies between would be larger than all that is kept.
        for begin in range(0, len(packed), _PORTION):
            part = packed[begin : begin + _PORTION]
            rests[begin : begin + _PORTION] = (part << np.uint64(bits)) >> np.uint64(48)
            groups[begin : begin + _PORTION] = part & np.uint64(_GROUP_MASK)
        return cls(bucket_starts(packed, bits), rests, groups)

    def find(self, key: int) -> list[int]:
        """The row groups that may hold a key, ascending."""
        bits = (len(self.starts) - 1).bit_length() - 1
        bucket = key >> (64 - bits) if bits else 0
        rest = (key << bits & 0xFFFF_FFFF_FFFF_FFFF) >> 48
        begin, end = int(self.starts[bucket]), int(self.starts[bucket + 1])
        near = self.groups[begin:end][self.rests[begin:end] == rest]
        return sorted(set(near.tolist()))
