"""Digests of pictures: which picture, and which copy of it.

A picture is a number of 64 bits, a copy of it another number. The PDQ hash of a picture has
exactly 128 ones, as signs against a median have. A picture has fourteen bits that give way when
it is scaled or recompressed, seven of them ones; a near copy differs in up to ten of these, as
many ones as zeros, so that two copies of one picture are within fourteen bits of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.simulate._chance import draw

if TYPE_CHECKING:
    from leeward.simulate._types import Octets, Whole

__all__ = ["pdq_bits", "sha256_of", "write_hexadecimal", "write_sha256"]

BITS: Final = 256
_HALF: Final = 128
_GIVING_WAY: Final = 7
_MOST_FLIPPED: Final = 5
DIGITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)


@kernel
def pdq_bits(picture: np.uint64, copy: np.uint64, bits: Octets) -> None:
    """Write the 256 bits of a PDQ hash, as zeros and ones.

    Args:
        picture: Which picture.
        copy: Which copy; 0 is the original.
        bits: Where to.
    """
    order = np.empty(BITS, np.uint8)
    for i in range(BITS):
        order[i] = i
        bits[i] = 0
    # A random order begins with the ones; 16 bits of chance for each step.
    for i in range(_HALF + _GIVING_WAY):
        chance = draw(picture, 16 + i // 4) >> np.uint64(16 * (i % 4))
        _swap(order, i, i + np.int64(chance & np.uint64(0xFFFF)) % (BITS - i))
    for i in range(_HALF):
        bits[order[i]] = 1
    if copy == 0:
        return
    own = draw(picture ^ copy, 1)
    flips = np.int64(draw(own, 0) % np.uint64(_MOST_FLIPPED + 1))
    ones, zeros = _HALF - _GIVING_WAY, _HALF
    for i in range(flips):
        left = np.uint64(_GIVING_WAY - i)
        _swap(order, ones + i, ones + i + np.int64(draw(own, 1 + 2 * i) % left))
        _swap(order, zeros + i, zeros + i + np.int64(draw(own, 2 + 2 * i) % left))
        bits[order[ones + i]] = 0
        bits[order[zeros + i]] = 1


@kernel
def _swap(order: Octets, i: Whole, j: Whole) -> None:
    order[i], order[j] = order[j], order[i]


@kernel
def write_hexadecimal(bits: Octets, out: Octets, place: Whole, digits: Octets) -> None:
    """Write 256 bits, the most significant first, as 64 hexadecimal digits."""
    for i in range(64):
        value = bits[4 * i] * 8 + bits[4 * i + 1] * 4 + bits[4 * i + 2] * 2 + bits[4 * i + 3]
        out[place + i] = digits[value]


@kernel
def write_sha256(
    picture: np.uint64, copy: np.uint64, out: Octets, place: Whole, digits: Octets
) -> None:
    """Write a digest for that copy, 64 hexadecimal digits. It stands for a SHA-256."""
    for word in range(4):
        value = draw(draw(picture, 7) ^ copy, word)
        for i in range(16):
            out[place + 16 * word + i] = digits[(value >> np.uint64(60 - 4 * i)) & np.uint64(15)]


def sha256_of(picture: int, copy: int) -> str:
    """The digest of one copy."""
    out = np.empty(64, np.uint8)
    write_sha256(np.uint64(picture), np.uint64(copy), out, 0, DIGITS)
    return out.tobytes().decode()
