"""A structural scan of JSON objects: what a decoder would let pass, found at memory speed.

A decoder keeps the last of two equal keys, so what a reader before it saw may differ from what
was stored; and it recurses as deep as the sender likes. The scan finds both without decoding.
For valid JSON it is exact but for keys, where it only ever errs towards ``UNSURE``; what is not
valid JSON is the decoder's to refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["BLANK", "CLEAN", "DEEP", "LONG", "ODD", "UNSURE", "scan"]

CLEAN: Final = 0
"""One object, no key twice in any object."""
BLANK: Final = 1
LONG: Final = 2
DEEP: Final = 3
UNSURE: Final = 4
"""A key may be there twice; only decoding tells."""
ODD: Final = 5
"""Not one JSON object: no decoder takes it."""

_KEYS: Final = 64
"""Keys of one object that the scan compares; larger objects are ``UNSURE``."""


@kernel
def scan(
    octets: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    max_depth: int,
    max_length: int,
) -> npt.NDArray[np.uint8]:
    """Judge the text ``octets[starts[i]:ends[i]]`` for each ``i``.

    Args:
        octets: Bytes that hold all texts.
        starts: Where each text begins, shape (n,).
        ends: Where each text ends, shape (n,).
        max_depth: Objects and arrays inside each other that are still sound.
        max_length: Bytes of a text that are still sound.

    Returns:
        One of this module's constants for each text, shape (n,).
    """
    found = np.empty(len(starts), np.uint8)
    hashes = np.empty((max_depth + 1) * _KEYS, np.uint64)
    counts = np.zeros(max_depth + 1, np.int64)
    for i in range(len(starts)):
        found[i] = _judge(octets, starts[i], ends[i], max_depth, max_length, hashes, counts)
    return found


@kernel
def _judge(  # noqa: C901 - one pass over the bytes, one branch a structural sign
    octets: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    max_depth: int,
    max_length: int,
    hashes: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.int64],
) -> int:
    """Walk one text; ``hashes`` and ``counts`` are scratch, a row of keys for each depth."""
    i = _after_blanks(octets, begin, end)
    if i == end:
        return BLANK
    if end - begin > max_length:
        return LONG
    if octets[i] != 0x7B:
        return ODD
    verdict = CLEAN
    depth = 0
    key = key_end = i
    escaped = False
    while i < end:
        c = octets[i]
        if c == 0x22:
            i += 1
            key = i
            escaped = False
            while i < end:
                d = octets[i]
                if d == 0x22:
                    break
                if d == 0x5C:
                    escaped = True
                    i += 1
                i += 1
            key_end = i
        elif c == 0x3A:
            # In valid JSON a colon outside strings follows a key, and nothing else does.
            exact = not escaped and counts[depth] < _KEYS
            if not exact or _seen_before(octets, key, key_end, hashes, counts, depth):
                verdict = UNSURE
        elif c == 0x7B or c == 0x5B:
            depth += 1
            if depth > max_depth:
                return DEEP
            counts[depth] = 0
        elif c == 0x7D or c == 0x5D:
            depth -= 1
            if depth == 0:
                return verdict if _after_blanks(octets, i + 1, end) == end else ODD
        i += 1
    return ODD


@kernel
def _after_blanks(octets: npt.NDArray[np.uint8], i: int, end: int) -> int:
    """The first place that is not white space as RFC 8259 has it."""
    while i < end:
        c = octets[i]
        if not (c == 0x20 or c == 0x0A or c == 0x0D or c == 0x09):
            break
        i += 1
    return i


@kernel
def _seen_before(
    octets: npt.NDArray[np.uint8],
    begin: int,
    end: int,
    hashes: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.int64],
    depth: int,
) -> bool:
    """Add a key to those of the object at ``depth``; FNV-1a, whose collisions cost time only."""
    code = np.uint64(0xCBF29CE484222325)
    for i in range(begin, end):
        code = (code ^ np.uint64(octets[i])) * np.uint64(0x100000001B3)
    row = depth * _KEYS
    for i in range(row, row + counts[depth]):
        if hashes[i] == code:
            return True
    hashes[row + counts[depth]] = code
    counts[depth] += 1
    return False
