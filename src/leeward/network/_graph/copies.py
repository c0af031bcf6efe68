"""Pictures that are near copies of each other become one node.

Two PDQ hashes within :data:`NEAR` bits of each other agree in one of 16 bands of 16 bits at
least (the pigeonhole principle), so only hashes that share a band are compared: nothing within
the distance is missed. What is wider apart is the business of the hash banks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Int32, Int64, UInt8

    UInt64 = npt.NDArray[np.uint64]

__all__ = ["NEAR", "Joins", "join", "lead", "leaders", "stand_ins"]

NEAR: Final = 15
"""Bits, of 256, by which two near copies differ at most."""

_BANDS: Final = 16
_VALUES: Final = 1 << 16


class Joins(NamedTuple):
    """What is one picture for a reason that events do not say, by names of media.

    Attributes:
        keys: uint64 (names) The keyed hashes of handles and of PDQ values, as nodes have them.
        picture: (names) Names with one number are one picture.
    """

    keys: UInt64
    picture: Int64

    def __repr__(self) -> str:
        return f"<Joins {len(self.keys)}>"


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
    new = np.arange(settled, len(node))
    if settled and len(new):
        # What was decided comes earlier in the log: a near leader among that is the earliest.
        old = np.flatnonzero(to[node[:settled]] < 0)
        led = _led(pdq[:settled], old, first[node[:settled]], pdq[new])
        to[node[new[led >= 0]]] = node[led[led >= 0]]
        new = new[led < 0]
    if len(new):
        new = new[_in_order(pdq[new], first[node[new]])]
        _lead(pdq[new], node[new], to)


def join(picture: Int64, nodes: Int32, first: Int64, same_as: Int32, to: Int32) -> None:
    """Let what stands for one of several names of a picture point to the earliest of these.

    Args:
        picture: (names) Names with one number are one picture.
        nodes: (names) Their nodes, all of them media.
        first: (nodes of the graph) The first event that names each.
        same_as: (nodes of the graph) What stands for each so far.
        to: (nodes of the graph) Where they point; is written.
    """
    ends = same_as[nodes]
    order = np.lexsort((ends, first[ends], picture))
    ends, picture = ends[order], picture[order]
    begins = np.append(True, np.diff(picture) != 0)
    earliest = ends[begins][np.cumsum(begins) - 1] if len(ends) else ends
    later = ends != earliest
    to[ends[later]] = earliest[later]


def lead(values: UInt8) -> Int64:
    """The same for hashes that come one after the other: the place of each one's leader.

    Args:
        values: (hashes, 32) PDQ hashes as octets, no two alike, in the order in which they came.

    Returns:
        (hashes) Its own place for a leader.
    """
    places = np.arange(len(values), dtype=np.int64)
    to = np.full(len(values), -1, np.int32)
    pdq = np.ascontiguousarray(values).view(">u8").astype(np.uint64)
    leaders(pdq, places.astype(np.int32), places, 0, to)
    return np.where(to < 0, places, to)


def _in_order(pdq: UInt64, first: Int64) -> Int64:
    """Hashes by the events that name them first; those of one event, few, by their bits."""
    order = np.argsort(first, kind="stable")
    alike = np.diff(first[order]) == 0
    tied = np.flatnonzero(np.append(alike, False) | np.append(False, alike))
    some = order[tied]
    order[tied] = some[np.lexsort((*pdq[some].T[::-1], first[some]))]
    return order


def stand_ins(kind: UInt8, to: Int32) -> Int32:
    """For each node the one that stands for it: what a name of a picture leads to in the end."""
    same_as = np.empty(len(kind), np.int32)
    _follow(kind, int(Node.MEDIA), to, same_as)
    return same_as


@kernel
def _follow(kind: UInt8, media: int, to: Int32, same_as: Int32) -> None:
    for name in range(len(kind)):
        end = name
        while kind[name] == media and to[end] >= 0:
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
            if _apart(pdq, i, pdq, j) <= NEAR:
                earliest = j
                break
    return earliest


@kernel
def _other(band: int) -> int:
    """A word of the hash in which a band does not lie."""
    return (band // 4 + 1) % 4


@kernel
def _lead(pdq: UInt64, node: Int32, to: Int32) -> None:
    # By band and value the leaders so far, the earliest first, each with another word of its
    # hash beside it: most comparisons end there, and read memory in a row.
    start = _rooms(pdq)
    count = np.zeros((_BANDS, _VALUES), np.int32)
    leader = np.empty((_BANDS, len(node)), np.int32)
    sketch = np.empty((_BANDS, len(node)), np.uint64)
    for i in range(len(node)):
        j = _nearest(pdq, i, start, count, leader, sketch)
        if j < len(node):
            to[node[i]] = node[j]
        else:
            _seat(pdq, i, start, count, leader, sketch)


@kernel
def _seat(pdq: UInt64, i: int, start: Int32, count: Int32, hashes: Int32, sketch: UInt64) -> None:
    """Put a hash into the rooms for its bands."""
    for band in range(_BANDS):
        value = _band(pdq, i, band)
        place = start[band, value] + count[band, value]
        hashes[band, place] = i
        sketch[band, place] = pdq[i, _other(band)]
        count[band, value] += 1


@kernel
def _led(known: UInt64, leaders: Int64, first: Int64, new: UInt64) -> Int64:
    """For each new hash the earliest leader among known ones that it is near to, or -1.

    Here the new hashes sit in rooms and the leaders pass by, since as a rule few are new.
    """
    start = _rooms(new)
    count = np.zeros((_BANDS, _VALUES), np.int32)
    seated = np.empty((_BANDS, len(new)), np.int32)
    sketch = np.empty((_BANDS, len(new)), np.uint64)
    for i in range(len(new)):
        _seat(new, i, start, count, seated, sketch)
    led = np.full(len(new), -1, np.int64)
    for j in leaders:
        for band in range(_BANDS):
            value = _band(known, j, band)
            word = known[j, _other(band)]
            for place in range(start[band, value], start[band, value] + count[band, value]):
                if _ones(sketch[band, place] ^ word) > NEAR:
                    continue
                i = seated[band, place]
                if led[i] == j or _apart(known, j, new, i) > NEAR:
                    continue
                if led[i] < 0 or _before(known, first, j, led[i]):
                    led[i] = j
    return led


@kernel
def _apart(one: UInt64, i: int, other: UInt64, j: int) -> int:
    """The bits in which two hashes differ."""
    bits = 0
    for word in range(4):
        bits += _ones(one[i, word] ^ other[j, word])
    return bits


@kernel
def _before(pdq: UInt64, first: Int64, i: int, j: int) -> bool:
    """Whether a hash came before another one: of one event, by their bits."""
    if first[i] != first[j]:
        return bool(first[i] < first[j])
    for word in range(4):
        if pdq[i, word] != pdq[j, word]:
            return bool(pdq[i, word] < pdq[j, word])
    return False
