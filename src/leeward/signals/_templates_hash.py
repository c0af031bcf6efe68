"""MinHash signatures of messages, with what differs from copy to copy masked.

Broder, "On the resemblance and containment of documents" (1997): the share of positions in which
two signatures agree estimates the share of pieces that two texts have in common.
"""

from __future__ import annotations

import unicodedata
import weakref
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import fold, kernel, string_buffers

if TYPE_CHECKING:
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint32]
    Mask = npt.NDArray[np.bool_]
    Octets = npt.NDArray[np.uint8]
    Starts = npt.NDArray[np.int32]

__all__ = ["LEAST", "PERMUTATIONS", "signatures", "signatures_of"]

PERMUTATIONS: Final = 32
LEAST: Final = 24
"""Code points that a message needs once it is masked; characters of East Asia count double."""

_PIECE: Final = 4  # code points
_MENTION: Final = 1
_URL: Final = 2
_DIGITS: Final = 3
_WIDE: Final = 0x2E80

# Where the ten digits of each script begin; ASCII's own are told apart without it.
_ZEROS: Final = np.array(
    [c for c in range(0x80, 0x20000) if unicodedata.decimal(chr(c), None) == 0], np.uint32
)
_RANDOM: Final = np.random.Generator(np.random.PCG64(20_971)).integers(
    0, 1 << 32, (2, PERMUTATIONS), np.uint32
)
_TIMES: Final = _RANDOM[0] | np.uint32(1)
_PLUS: Final = _RANDOM[1]

_last: tuple[weakref.ref[pa.RecordBatch], Hashes, Mask] | None = None


def signatures(batch: pa.RecordBatch) -> tuple[Hashes, Mask]:
    """Of each row's text: the signature, shape (n, 32), and whether there is enough to compare.

    Two signals read one batch after each other, so the last answer is kept.
    """
    global _last  # a cache of one; to swap a tuple is safe between threads
    kept = _last
    if kept is not None and kept[0]() is batch:
        return kept[1], kept[2]
    made, enough = signatures_of(_folded(batch))
    _last = (weakref.ref(batch), made, enough)
    return made, enough


def signatures_of(texts: pa.Array) -> tuple[Hashes, Mask]:
    """The same of folded texts; letters of ASCII may be large or small."""
    starts, octets = string_buffers(texts)
    made: Hashes = np.empty((len(texts), PERMUTATIONS), np.uint32)
    enough = np.zeros(len(texts), np.bool_)
    _sign(starts, octets, _ZEROS, _TIMES, _PLUS, made, enough)
    return made, enough


def _folded(batch: pa.RecordBatch) -> pa.Array:
    texts = pc.if_else(
        pc.is_in(batch.column("kind"), pa.array(["post", "poll"])), batch.column("text"), None
    )
    folded = pc.coalesce(pc.if_else(texts.is_valid(), batch.column("folded"), None), texts)
    missing = pc.and_(
        batch.column("folded").is_null(),
        pc.invert(pc.fill_null(pc.string_is_ascii(texts), fill_value=True)),
    )
    if not pc.any(missing).as_py():
        return folded
    own = pa.array([fold(text) for text in texts.filter(missing).to_pylist()], pa.string())
    return pc.replace_with_mask(folded, missing, own)


@kernel
def _sign(
    starts: Starts,
    octets: Octets,
    zeros: Hashes,
    times: Hashes,
    plus: Hashes,
    made: Hashes,
    enough: Mask,
) -> None:
    longest = 0
    for row in range(len(starts) - 1):
        longest = max(longest, starts[row + 1] - starts[row])
    points = np.empty(longest + 1, np.uint32)
    for row in range(len(starts) - 1):
        if starts[row + 1] - starts[row] < LEAST // 2:
            continue
        count, size = _masked(octets, starts[row], starts[row + 1], zeros, points)
        if size < LEAST:
            continue
        enough[row] = True
        _minhash(points, count, times, plus, made[row])


@kernel
def _minhash(points: Hashes, count: int, times: Hashes, plus: Hashes, made: Hashes) -> None:
    made[:] = np.uint32(0xFFFFFFFF)
    for at in range(count - _PIECE + 1):
        x = np.uint32(0)
        for j in range(_PIECE):
            x = np.uint32((x ^ points[at + j]) * np.uint32(0x85EBCA6B))
            x ^= x >> np.uint32(15)
        x = np.uint32(x * np.uint32(0xC2B2AE35))
        x ^= x >> np.uint32(16)
        for j in range(PERMUTATIONS):
            made[j] = min(made[j], np.uint32(np.uint32(x * times[j]) + plus[j]))


@kernel
def _masked(octets: Octets, begin: int, end: int, zeros: Hashes, points: Hashes) -> tuple[int, int]:
    """Write code points with mentions, addresses and numbers masked; how many, and their size."""
    count = 0
    size = 0
    at = begin
    while at < end:
        if octets[at] <= 0x20:
            at += 1
            continue
        after = at
        while after < end and octets[after] > 0x20:
            after += 1
        if count > 0:
            points[count] = 0x20
            count += 1
            size += 1
        mask = _mask_of(octets, at, after)
        if mask != 0:
            points[count] = mask
            count += 1
            at = after
        while at < after:
            point, at = _next(octets, at)
            if _is_digit(point, zeros):
                point = np.uint32(_DIGITS)
                if points[count - 1] == _DIGITS and count > 0:
                    continue
            else:
                size += 2 if point >= _WIDE else 1
            points[count] = point
            count += 1
    return count, size


@kernel
def _mask_of(octets: Octets, at: int, after: int) -> int:
    """What stands for a word: a mention has ``@``, an address ``://`` or both a dot and ``/``."""
    dot = False
    slash = False
    for i in range(at, after):
        if octets[i] == 0x40 and i + 1 < after:
            return _MENTION
        dot |= octets[i] == 0x2E
        slash |= octets[i] == 0x2F
        if octets[i] == 0x3A and i + 2 < after and octets[i + 1] == 0x2F and octets[i + 2] == 0x2F:
            return _URL
    return _URL if dot and slash else 0


@kernel
def _next(octets: Octets, at: int) -> tuple[np.uint32, int]:
    """The code point at a place, ASCII in lower case, and the place behind it."""
    first = np.uint32(octets[at])
    if first < 0x80:
        return np.uint32(first | np.uint32(0x20)) if 0x41 <= first <= 0x5A else first, at + 1
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    point = np.uint32(first & np.uint32((1 << (7 - length)) - 1))
    for i in range(1, length):
        point = np.uint32(point << np.uint32(6) | np.uint32(octets[at + i] & np.uint8(0x3F)))
    return point, at + length


@kernel
def _is_digit(point: np.uint32, zeros: Hashes) -> bool:
    if point < 0x80:
        return bool(0x30 <= point <= 0x39)
    low = np.searchsorted(zeros, point, side="right")
    return bool(low > 0 and point - zeros[low - 1] < 10)
