"""Banks of made-up hashes, and what a search must find in them, found the long way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.hashing import Matches

    UInt8 = npt.NDArray[np.uint8]

BITS = 256


def random_hashes(count: int, seed: int) -> UInt8:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def turned(hashes: UInt8, bits: int, seed: int) -> UInt8:
    """Hashes with as many bits of each turned over, at random places."""
    generator = np.random.default_rng(seed)
    unpacked = np.unpackbits(hashes, axis=1)
    places = generator.permuted(np.tile(np.arange(BITS), (len(hashes), 1)), axis=1)[:, :bits]
    np.put_along_axis(unpacked, places, 1 - np.take_along_axis(unpacked, places, 1), 1)
    return np.packbits(unpacked, axis=1)


def clustered(count: int, seed: int) -> UInt8:
    """A few pictures with many copies, 0 to 80 bits from them."""
    generator = np.random.default_rng(seed)
    centres = random_hashes(max(count // 20, 1), seed + 1)
    hashes = centres[generator.integers(0, len(centres), count)]
    flips = generator.random((count, BITS)) < generator.integers(0, 80, (count, 1)) / BITS
    return np.packbits(np.unpackbits(hashes, axis=1) ^ flips, axis=1)


def shared_prefix(count: int, seed: int) -> UInt8:
    hashes = random_hashes(count, seed)
    hashes[:, : 4 + seed % 28] = 0
    return hashes


def sparse(count: int, seed: int) -> UInt8:
    """Hardly a bit set: what flat pictures would give, were they not refused."""
    generator = np.random.default_rng(seed)
    return np.packbits(generator.random((count, BITS)) < 0.03, axis=1)


def alike(count: int, seed: int) -> UInt8:
    return np.repeat(random_hashes(1, seed), count, axis=0)


def zero(count: int, seed: int) -> UInt8:
    return np.zeros((count, 32), np.uint8) + np.uint8(255 * (seed % 2))


KINDS = [random_hashes, clustered, shared_prefix, sparse, alike, zero]

banks = st.tuples(st.sampled_from(KINDS), st.integers(0, 300), st.integers(0, 2**32 - 1)).map(
    lambda drawn: drawn[0](drawn[1], drawn[2])
)


def queries_for(bank: UInt8, count: int, seed: int) -> UInt8:
    """Copies of what is in a bank, 0 to 80 bits away, and strangers."""
    generator = np.random.default_rng(seed)
    strangers = random_hashes(count, seed)
    if len(bank) == 0:
        return strangers
    copies = bank[generator.integers(0, len(bank), count)]
    flips = generator.random((count, BITS)) < generator.integers(0, 80, (count, 1)) / BITS
    copies = np.packbits(np.unpackbits(copies, axis=1) ^ flips, axis=1)
    return np.concatenate((copies, strangers, bank[:2]))


def expected(bank: UInt8, ids: Any, queries: UInt8, distance: Any) -> list[tuple[int, int, int]]:
    """(query, distance, id) for each id once, by comparing each query with each hash."""
    within = np.broadcast_to(distance, len(queries))
    found = []
    for query, octets in enumerate(queries):
        bits = np.bitwise_count(bank ^ octets).sum(axis=1, dtype=int)
        nearest: dict[int, int] = {}
        for entry in np.flatnonzero(bits <= within[query]).tolist():
            known = nearest.get(int(ids[entry]), BITS)
            nearest[int(ids[entry])] = min(known, int(bits[entry]))
        found += [(query, apart, name) for name, apart in nearest.items()]
    return sorted(found)


def listed(matches: Matches) -> list[tuple[int, int, int]]:
    """Matches in the form of :func:`expected`, in the order they came in."""
    columns = (matches.query, matches.distance, matches.id)
    return list(zip(*(column.tolist() for column in columns), strict=True))
