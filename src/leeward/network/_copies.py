"""Pictures that are near copies of each other become one node.

Two PDQ hashes within :data:`NEAR` bits of each other agree in one of 16 bands of 16 bits at
least (the pigeonhole principle), so only hashes that share a band are compared: nothing within
the distance is missed. What is wider apart is the business of the hash banks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Bools, Int32, Int64, UInt8

    UInt64 = npt.NDArray[np.uint64]

__all__ = ["NEAR", "leaders", "stand_ins"]

NEAR: Final = 15
"""Bits, of 256, by which two near copies differ at most."""

_BANDS: Final = 16
_VALUES: Final = 1 << 16


def leaders(pdq: UInt64, node: Int32, first: Int64, settled: int, to: Int32) -> None:
    """Let every PDQ hash stand for itself, or point to an earlier one that it is near to.

    In the order of the first events that name them each hash becomes a leader, unless it is
    within :data:`NEAR` bits of one; then it points to that leader, the earliest of several.
    Hashes are compared with leaders only: chains of copies do not run away from where they
    began, and what was decided for earlier hashes does not change when later ones come.

    Args:
        pdq: (hashes, 4) PDQ hashes, no two alike.
        node: (hashes) Their nodes.
        first: (nodes) The first event that names each node.
        settled: How many of the hashes, from the first place on, were decided before.
        to: (nodes) Where they point; -1 for leaders. Is written.
    """
    if settled == len(node):
        return
    # Hashes of one event have no order there; their bits give them one.
    order = np.lexsort((*pdq.T[::-1], first[node]))
    _lead(np.ascontiguousarray(pdq[order]), node[order], order < settled, to)


def stand_ins(kind: UInt8, to: Int32) -> Int32:
    """For each node the one that stands for it: what a name of a picture leads to in the end."""
    same_as = np.arange(len(kind), dtype=np.int32)
    _follow(np.flatnonzero(kind == Node.MEDIA), to, same_as)
    return same_as


@kernel
def _follow(media: Int64, to: Int32, same_as: Int32) -> None:
    for name in media:
        end = name
        while to[end] >= 0:
            end = to[end]
        same_as[name] = end


@kernel
def _ones(word: np.uint64) -> int:
    """How many bits are set (the parallel count of Hacker's Delight, section 5-1)."""
    m1 = np.uint64(0x5555555555555555)
    m2 = np.uint64(0x3333333333333333)
    m4 = np.uint64(0x0F0F0F0F0F0F0F0F)
    word = word - ((word >> np.uint64(1)) & m1)
    word = (word & m2) + ((word >> np.uint64(2)) & m2)
    word = (word + (word >> np.uint64(4))) & m4
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def _band(pdq: UInt64, i: int, band: int) -> int:
    return int((pdq[i, band // 4] >> np.uint64(16 * (band % 4))) & np.uint64(_VALUES - 1))


@kernel
def _rooms(pdq: UInt64) -> Int32:
    """Where the room for each value of each band begins; one after the other, and the end."""
    start = np.zeros((_BANDS, _VALUES + 1), np.int32)
    for i in range(len(pdq)):
        for band in range(_BANDS):
            start[band, _band(pdq, i, band) + 1] += 1
    for band in range(_BANDS):
        for value in range(_VALUES):
            start[band, value + 1] += start[band, value]
    return start


@kernel
def _nearest(pdq: UInt64, i: int, start: Int32, count: Int32, leader: Int32, sketch: UInt64) -> int:
    """The earliest leader within reach of hash ``i``; as many as there are hashes, if none is."""
    earliest = len(pdq)
    for band in range(_BANDS):
        value = _band(pdq, i, band)
        begin = start[band, value]
        word = pdq[i, _other(band)]
        for place in range(begin, begin + count[band, value]):
            # Two hashes that have nothing to do with each other hardly ever get beyond this.
            if _ones(sketch[band, place] ^ word) > NEAR:
                continue
            j = leader[band, place]
            if j >= earliest:
                break
            apart = 0
            for w in range(4):
                apart += _ones(pdq[i, w] ^ pdq[j, w])
            if apart <= NEAR:
                earliest = j
                break
    return earliest


@kernel
def _other(band: int) -> int:
    """A word of the hash in which a band does not lie."""
    return (band // 4 + 1) % 4


@kernel
def _lead(pdq: UInt64, node: Int32, settled: Bools, to: Int32) -> None:
    # By band and value the leaders so far, the earliest first, each with another word of its
    # hash beside it: most comparisons end there, and read memory in a row.
    start = _rooms(pdq)
    count = np.zeros((_BANDS, _VALUES), np.int32)
    leader = np.empty((_BANDS, len(node)), np.int32)
    sketch = np.empty((_BANDS, len(node)), np.uint64)
    for i in range(len(node)):
        if not settled[i]:
            j = _nearest(pdq, i, start, count, leader, sketch)
            if j < len(node):
                to[node[i]] = node[j]
        if to[node[i]] < 0:
            for band in range(_BANDS):
                value = _band(pdq, i, band)
                place = start[band, value] + count[band, value]
                leader[band, place] = i
                sketch[band, place] = pdq[i, _other(band)]
                count[band, value] += 1
