"""Exact search among tens of millions of PDQ hashes, which change while others search."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from leeward.errors import UsageError
from leeward.hashing._index_fold import BITS, OCTETS, bit_order, shuffle, shuffler
from leeward.hashing._index_matches import Matches, matches_of
from leeward.hashing._index_segment import SMALL, Segment, merged, segment_of
from leeward.hashing._index_snapshot import load, store
from leeward.hashing._mih_plan import MAX_DISTANCE

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

    from leeward.hashing._index_file import Snapshot

    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["MAX_DISTANCE", "PDQ_DISTANCE", "QUALITY_FLOOR", "HashIndex"]

PDQ_DISTANCE: Final = 31
"""Bits within which two PDQ hashes are taken for the same picture, unless a bank says otherwise."""

QUALITY_FLOOR: Final = 50
"""The PDQ quality below which a hash says too little of its picture to be searched for."""


class _Parts(NamedTuple):
    """What a search goes through; replaced as a whole, so that it sees one state of the index."""

    base: Segment
    freezing: tuple[Segment, ...]  # what a compaction under way puts into the base
    recent: tuple[Segment, ...]

    def all(self) -> tuple[Segment, ...]:
        return (self.base, *self.freezing, *self.recent)


class HashIndex:
    """Every entry within some bits of a hash: nothing is missed, and nothing is approximated.

    An entry is an id and a hash; one id may have several hashes (frames of a video), and many
    entries one hash, which is then kept once. Threads may search at any time, while one at a time
    adds, withdraws or compacts: those wait for each other. What was added matches as soon as
    :meth:`add` returns, what was withdrawn does not once :meth:`withdraw` has.

    Recent entries lie in small parts beside the base, each at least twice as large as the next,
    and every search goes through all of them. :meth:`compact` puts everything into a new base; it
    is for a thread in the background, or for the night. Nothing else takes time in proportion to
    the base.
    """

    def __init__(self, order: UInt8, parts: _Parts, snapshot: Snapshot | None = None) -> None:
        self._order = order
        self._shuffler = shuffler(order)
        self._parts = parts
        self._snapshot = snapshot
        self._writing = threading.Lock()
        self._compacting = threading.Lock()
        self._withdrawn: list[UInt64] = []  # while a compaction is under way

    @classmethod
    def build(
        cls,
        hashes: UInt8,
        ids: npt.ArrayLike,
        *,
        quality: npt.ArrayLike | None = None,
        floor: int = QUALITY_FLOOR,
        seed: int | None = None,
    ) -> Self:
        """Make an index in memory.

        Args:
            hashes: (entries, 32) PDQ hashes.
            ids: (entries) Their ids, in any order; ascending ones save time.
            quality: (entries) Their PDQ quality, 0 to 100. Entries below the floor are left out:
                hashes of flat pictures are alike without meaning it. Without it all are taken.
            floor: See there.
            seed: For the order in which bits are kept; what is found does not depend on it.

        Raises:
            UsageError: Lengths, shapes or types do not fit.
        """
        order = bit_order(seed)
        accepted, names = _accepted(hashes, ids, quality, floor)
        base = segment_of(shuffle(accepted, shuffler(order)), names)
        return cls(order, _Parts(base, (), ()))

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Map a snapshot. All processes that do so share its pages.

        Only what leads a search through the file is verified at once; :meth:`verify` reads
        the rest. A damaged file may hide matches until then, and breaks nothing else.

        Raises:
            InputError: It is no snapshot.
            NewerFormat: A newer Leeward wrote it.
            Corrupt: It is damaged or cut short.
            StoreError: There is none, or it cannot be read.
        """
        snapshot, order, segments = load(Path(path))
        return cls(order, _Parts(segments[0], (), tuple(segments[1:])), snapshot)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a snapshot: entries, withdrawals and tables. It replaces an older one as a whole.

        Withdrawn hashes are still in it, unless :meth:`compact` came before.

        Raises:
            StoreError: It cannot be written; an older one is still there.
        """
        with self._writing:
            segments = self._parts.all()
            dead = [segment.bank.dead.copy() for segment in segments]
        store(Path(path), self._order, segments, dead)

    def verify(self) -> None:
        """Read all of the snapshot that was opened, and compare it with its checksums.

        It takes about as long as reading the file, and brings it into memory. An index that was
        not opened from a snapshot has nothing to compare with.

        Raises:
            Corrupt: Bytes differ from what was written; build the index again from the store.
        """
        if self._snapshot is not None:
            self._snapshot.verify()

    def search(self, queries: UInt8, distance: npt.ArrayLike = PDQ_DISTANCE) -> Matches:
        """All entries within a distance of each query.

        Args:
            queries: (queries, 32) PDQ hashes.
            distance: 0 to 64 bits: one number, or (queries) one for each.

        Raises:
            UsageError: Shapes or types do not fit, or a distance is out of range.
        """
        hashes = shuffle(_hashes(queries), self._shuffler)
        within = _distances(distance, len(hashes))
        parts = [part for segment in self._parts.all() for part in segment.search(hashes, within)]
        return matches_of(parts)

    def add(
        self,
        hashes: UInt8,
        ids: npt.ArrayLike,
        *,
        quality: npt.ArrayLike | None = None,
        floor: int = QUALITY_FLOOR,
    ) -> int:
        """Let more entries match from now on. Many at once cost much less than one at a time.

        Args:
            hashes: As in :meth:`build`.
            ids: As in :meth:`build`. An id that is there already gets a further hash.
            quality: As in :meth:`build`.
            floor: As in :meth:`build`.

        Returns:
            How many entries are new: neither below the floor nor there already.

        Raises:
            UsageError: Lengths, shapes or types do not fit.
        """
        accepted, names = _accepted(hashes, ids, quality, floor)
        shuffled = shuffle(accepted, self._shuffler)
        with self._writing:
            new = ~self._known(shuffled, names)
            recent = [*self._parts.recent, segment_of(shuffled[new], names[new])]
            added = recent[-1].alive
            while len(recent) > 1 and recent[-2].entries <= max(2 * recent[-1].entries, SMALL):
                recent[-2:] = [merged(recent[-2:])]
            if added:
                self._parts = self._parts._replace(recent=tuple(recent))
        return added

    def withdraw(self, ids: npt.ArrayLike) -> int:
        """Let all entries with some ids match no more.

        Their hashes leave memory with the next :meth:`compact`. A snapshot that was opened stays
        as it is: other processes hear of it from whoever told this one.

        Returns:
            How many entries matched until now.

        Raises:
            UsageError: They are not numbers of 64 bits without a sign.
        """
        gone = np.unique(_ids(ids))
        with self._writing:
            if self._compacting.locked():
                self._withdrawn.append(gone)
            return sum(segment.withdraw(gone) for segment in self._parts.all())

    def compact(self) -> None:
        """Put all entries into one base, without those withdrawn.

        Others search, add and withdraw meanwhile. It takes as long as :meth:`build`, and memory
        for both bases.
        """
        with self._compacting:
            with self._writing:
                self._withdrawn = []
                base, _, recent = self._parts
                if not recent and base.alive == base.entries:
                    return
                self._parts = _Parts(base, recent, ())
            whole: Segment | None = None
            try:
                whole = merged((base, *recent))
            finally:
                with self._writing:
                    self._settle(whole)

    def _settle(self, whole: Segment | None) -> None:
        """End a compaction: with a new base, or, where it failed, as if it had never begun."""
        base, freezing, recent = self._parts
        if whole is None:
            self._parts = _Parts(base, (), freezing + recent)
            return
        for gone in self._withdrawn:
            whole.withdraw(gone)
        self._parts = _Parts(whole, (), recent)
        self._snapshot = None

    def _known(self, hashes: UInt64, ids: UInt64) -> npt.NDArray[np.bool_]:
        """Which entries are there already."""
        known = np.zeros(len(ids), np.bool_)
        exactly = np.zeros(len(ids), np.int64)
        for segment in self._parts.all():
            for part in segment.search(hashes, exactly):
                known[part.query[part.id == ids[part.query]]] = True
        return known

    def __len__(self) -> int:
        """How many entries there are that were not withdrawn."""
        return sum(segment.alive for segment in self._parts.all())

    @property
    def recent(self) -> int:
        """How many entries lie beside the base, withdrawn ones among them."""
        return sum(segment.entries for segment in self._parts.all()[1:])

    @property
    def nbytes(self) -> int:
        """Octets of all arrays, mapped ones among them."""
        parts = self._parts.all()
        return self._shuffler.nbytes + sum(segment.nbytes for segment in parts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} entries)"


def _accepted(
    hashes: UInt8, ids: npt.ArrayLike, quality: npt.ArrayLike | None, floor: int
) -> tuple[UInt8, UInt64]:
    """Hashes and ids as they must be, without those of a quality below the floor."""
    hashes, names = _hashes(hashes), _ids(ids)
    if len(hashes) != len(names):
        raise UsageError(f"there are {len(hashes)} hashes and {len(names)} ids")
    if quality is None:
        return hashes, names
    good = np.asarray(quality)
    if good.shape != names.shape:
        raise UsageError(f"there are {len(names)} ids, and quality has shape {good.shape}")
    return hashes[good >= floor], names[good >= floor]


def _hashes(hashes: Any) -> UInt8:
    array = np.asarray(hashes)
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != OCTETS:
        raise UsageError(
            f"hashes must be {OCTETS} octets each, not {array.dtype} of shape {array.shape}",
            hint=f"a PDQ hash has {BITS} bits: pass an array of uint8 of shape (n, {OCTETS})",
        )
    if not array.flags.writeable or not array.flags.c_contiguous:
        array = array.copy()  # one kind of array compiles once
    return array


def _ids(ids: Any) -> UInt64:
    array = np.asarray(ids)
    if array.size == 0:
        return np.zeros(0, np.uint64)
    if array.ndim != 1 or array.dtype.kind not in "ui" or (array < 0).any():
        raise UsageError("ids must be integers from 0 to 2**64 - 1 in an array of one dimension")
    return np.ascontiguousarray(array, np.uint64)


def _distances(distance: Any, count: int) -> Int64:
    if isinstance(distance, int) and 0 <= distance <= MAX_DISTANCE:
        return np.full(count, distance, np.int64)
    array = np.asarray(distance)
    if array.ndim and array.shape != (count,):
        raise UsageError(f"there are {count} queries, and distance has shape {array.shape}")
    whole = array.dtype.kind in "ui" and array.size
    if array.size and not (whole and array.min() >= 0 and array.max() <= MAX_DISTANCE):
        raise UsageError(f"a distance must be a whole number from 0 to {MAX_DISTANCE}")
    return np.full(count, array, np.int64)
