"""What is done to hashes before they are put into tables: shuffle their bits, fold duplicates."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.hashing._bits import prefetch
from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    UInt8 = npt.NDArray[np.uint8]
    UInt32 = npt.NDArray[np.uint32]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["BITS", "OCTETS", "bit_order", "fold", "shuffle", "shuffler"]

BITS: Final = 256
OCTETS: Final = BITS // 8

_AHEAD: Final = 16
"""How many hashes ahead the place of one is fetched."""


def bit_order(seed: int | None = None) -> UInt8:
    """A random order of the 256 bits of a hash; nobody knows it, unless a seed is given.

    Distances stay as they are, but the bits that many hashes have in common (the zeros of flat
    pictures, a prefix that somebody chose) are spread over all bands, and no bucket grows hot.
    """
    generator = np.random.default_rng(secrets.randbits(128) if seed is None else seed)
    return generator.permutation(BITS).astype(np.uint8)


def shuffler(order: UInt8) -> UInt64:
    """What each octet of a hash contributes to the shuffled one: (32 octets, 256 values, 4).

    Args:
        order: (256) For each bit of the shuffled hash the bit it comes from.
    """
    table = np.zeros((OCTETS, 256, BITS // 64), np.uint64)
    values = np.arange(256, dtype=np.uint64)
    for to, bit in enumerate(order.tolist()):
        one = (values >> np.uint64(bit % 8)) & np.uint64(1)
        table[bit // 8, :, to // 64] |= one << np.uint64(to % 64)
    return table


def shuffle(octets: UInt8, table: UInt64) -> UInt64:
    """Hashes of 32 octets as four words, their bits in the order of a :func:`shuffler`."""
    hashes = np.empty((len(octets), 4), np.uint64)
    _shuffle(octets, table, hashes)
    return hashes


@kernel
def _shuffle(octets: UInt8, table: UInt64, hashes: UInt64) -> None:
    for row in range(len(octets)):
        for word in range(4):
            hashes[row, word] = 0
        for octet in range(OCTETS):
            value = octets[row, octet]
            for word in range(4):
                hashes[row, word] |= table[octet, value, word]


def fold(hashes: UInt64) -> tuple[int, Bools, UInt32]:
    """Number distinct hashes in the order of their first appearance, and put them in front.

    Args:
        hashes: (entries, 4) Is written: the distinct ones come first.

    Returns:
        How many are distinct; (entries) whether it is the first with its hash; and which of the
        distinct hashes is its own.
    """
    slots = np.zeros(1 << (3 * len(hashes) // 2 + 1).bit_length(), np.uint64)
    first = np.empty(len(hashes), np.bool_)
    row = np.empty(len(hashes), np.uint32)
    return int(_fold(hashes, slots, first, row)), first, row


@kernel
def _fold(hashes: UInt64, slots: UInt64, first: Bools, row: UInt32) -> int:
    """A hash table with open addresses; a slot holds half of a mixed hash, and 1 + the row."""
    last = np.uint64(len(slots) - 1)
    low = np.uint64(0xFFFFFFFF)
    distinct = 0
    for entry in range(len(hashes)):
        if entry + _AHEAD < len(hashes):
            prefetch(slots, int(np.int64(_mixed(hashes, entry + _AHEAD) & last)))
        mixed = _mixed(hashes, entry)
        slot = int(np.int64(mixed & last))
        first[entry] = False
        while True:
            there = slots[slot]
            if there == 0:
                slots[slot] = (mixed & ~low) | np.uint64(distinct + 1)
                hashes[distinct] = hashes[entry]
                first[entry] = True
                row[entry] = distinct
                distinct += 1
                break
            known = int(np.int64(there & low)) - 1
            if (there ^ mixed) & ~low == 0 and _same(hashes, known, entry):
                row[entry] = known
                break
            slot = (slot + 1) % len(slots)
    return distinct


@kernel
def _mixed(hashes: UInt64, row: int) -> np.uint64:
    """All bits of a hash in each bit of one word (the finisher of SplitMix64 for each word)."""
    mixed = np.uint64(0)
    for word in range(4):
        mixed = (mixed ^ hashes[row, word]) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


@kernel
def _same(hashes: UInt64, i: int, j: int) -> bool:
    differing = np.uint64(0)
    for word in range(4):
        differing |= hashes[i, word] ^ hashes[j, word]
    return bool(differing == 0)
