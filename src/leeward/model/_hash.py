"""Keyed hashes of strings: SipHash-2-4 with 128 bits of output.

Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). Each log has a random key, so
nobody outside can make two identities that collide, and no index shows what it holds.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from leeward.model._numba import kernel, string_buffers

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Words = npt.NDArray[np.uint64]

__all__ = ["Domain", "Hasher"]


class Domain(IntEnum):
    """What a hashed string names, so that equal strings of two kinds do not meet."""

    ID = 0
    ACCOUNT = 1
    POST = 2
    MEDIA = 3
    TAG = 4
    COMMUNITY = 5
    LINK = 6
    SHA256 = 7
    PDQ = 8


class Hasher:
    """Hashes strings under the key of one log.

    Args:
        key: 16 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._k0, self._k1 = (np.uint64(word) for word in np.frombuffer(key, "<u8"))

    def column(self, array: pa.Array, domain: Domain) -> Words:
        """The hashes of a string column, shape (n, 2); a null hashes as the empty string."""
        return self._hashed(array, domain, 2)

    def keys(self, array: pa.Array, domain: Domain) -> Words:
        """The first 64 bits of these hashes, shape (n,): what :meth:`one` gives for each."""
        return self._hashed(array, domain, 1)[:, 0]

    def _hashed(self, array: pa.Array, domain: Domain, words: int) -> Words:
        out = np.empty((len(array), words), np.uint64)
        _siphash(*string_buffers(array), self._k0 ^ np.uint64(domain), self._k1, out)
        return out

    def one(self, text: str, domain: Domain) -> int:
        """The first 64 bits of the hash of one string."""
        octets = np.frombuffer(text.encode(), np.uint8)
        out = np.empty((1, 1), np.uint64)
        starts = np.array([0, len(octets)], np.int32)
        _siphash(starts, octets, self._k0 ^ np.uint64(domain), self._k1, out)
        return int(out[0, 0])


@kernel
def _rotate(x: np.uint64, left: int) -> np.uint64:
    return np.uint64((x << np.uint64(left)) | (x >> np.uint64(64 - left)))


@kernel
def _rounds(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64, count: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    for _ in range(count):
        v0 = np.uint64(v0 + v1)
        v1 = _rotate(v1, 13) ^ v0
        v0 = _rotate(v0, 32)
        v2 = np.uint64(v2 + v3)
        v3 = _rotate(v3, 16) ^ v2
        v0 = np.uint64(v0 + v3)
        v3 = _rotate(v3, 21) ^ v0
        v2 = np.uint64(v2 + v1)
        v1 = _rotate(v1, 17) ^ v2
        v2 = _rotate(v2, 32)
    return v0, v1, v2, v3


@kernel
def _word(octets: npt.NDArray[np.uint8], place: np.uint64) -> np.uint64:
    """Eight bytes, the lowest first. Written out, the compiler makes one load of it."""
    return np.uint64(
        np.uint64(octets[place])
        | np.uint64(octets[place + np.uint64(1)]) << np.uint64(8)
        | np.uint64(octets[place + np.uint64(2)]) << np.uint64(16)
        | np.uint64(octets[place + np.uint64(3)]) << np.uint64(24)
        | np.uint64(octets[place + np.uint64(4)]) << np.uint64(32)
        | np.uint64(octets[place + np.uint64(5)]) << np.uint64(40)
        | np.uint64(octets[place + np.uint64(6)]) << np.uint64(48)
        | np.uint64(octets[place + np.uint64(7)]) << np.uint64(56)
    )


@kernel
def _siphash(
    starts: npt.NDArray[np.int32],
    octets: npt.NDArray[np.uint8],
    k0: np.uint64,
    k1: np.uint64,
    out: Words,
) -> None:
    # Unsigned places spare a check at each byte; then eight bytes are read as one word.
    for row in range(len(starts) - 1):
        place = np.uint64(starts[row])
        length = np.uint64(starts[row + 1]) - place
        v0 = k0 ^ np.uint64(0x736F6D6570736575)
        v1 = k1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE)
        v2 = k0 ^ np.uint64(0x6C7967656E657261)
        v3 = k1 ^ np.uint64(0x7465646279746573)
        for _ in range(length // np.uint64(8)):
            m = _word(octets, place)
            place += np.uint64(8)
            v3 ^= m
            v0, v1, v2, v3 = _rounds(v0, v1, v2, v3, 2)
            v0 ^= m
        m = length << np.uint64(56)
        for i in range(length % np.uint64(8)):
            m |= np.uint64(octets[place + np.uint64(i)]) << np.uint64(8 * i)
        v3 ^= m
        v0, v1, v2, v3 = _rounds(v0, v1, v2, v3, 2)
        v0 ^= m
        v2 ^= np.uint64(0xEE)
        v0, v1, v2, v3 = _rounds(v0, v1, v2, v3, 4)
        out[row, 0] = v0 ^ v1 ^ v2 ^ v3
        if out.shape[1] > 1:
            v1 ^= np.uint64(0xDD)
            v0, v1, v2, v3 = _rounds(v0, v1, v2, v3, 4)
            out[row, 1] = v0 ^ v1 ^ v2 ^ v3
