"""Checks of a whole column at once, compiled. Each is sound: what it passes is good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.model._numba import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

__all__ = ["all_of", "good_ids", "hexadecimal", "plain", "simple_tag"]


@kernel
def plain(
    starts: npt.NDArray[np.int32], octets: npt.NDArray[np.uint8], least: int, most: int
) -> Mask:
    """Between ``least`` and ``most`` bytes long and without ASCII control characters."""
    rows = len(starts) - 1
    good = np.ones(rows, np.bool_)
    for row in range(rows):
        length = starts[row + 1] - starts[row]
        if length < least or length > most:
            good[row] = False
            continue
        for i in range(starts[row], starts[row + 1]):
            if octets[i] < 0x20 or octets[i] == 0x7F:
                good[row] = False
                break
    return good


@kernel
def hexadecimal(starts: npt.NDArray[np.int32], octets: npt.NDArray[np.uint8], length: int) -> Mask:
    """Exactly ``length`` lower-case hexadecimal digits."""
    rows = len(starts) - 1
    good = np.ones(rows, np.bool_)
    for row in range(rows):
        good[row] = starts[row + 1] - starts[row] == length
        for i in range(starts[row], starts[row + 1]):
            c = octets[i]
            if not (0x30 <= c <= 0x39 or 0x61 <= c <= 0x66):
                good[row] = False
                break
    return good


@kernel
def simple_tag(starts: npt.NDArray[np.int32], octets: npt.NDArray[np.uint8]) -> Mask:
    """ASCII letters, digits and ``_`` after any ``#``: such a tag folds to its lower case."""
    rows = len(starts) - 1
    good = np.ones(rows, np.bool_)
    for row in range(rows):
        i = starts[row]
        while i < starts[row + 1] and octets[i] == 0x23:
            i += 1
        good[row] = i < starts[row + 1]
        while i < starts[row + 1]:
            c = octets[i]
            if not (0x30 <= c <= 0x39 or 0x41 <= c <= 0x5A or 0x61 <= c <= 0x7A or c == 0x5F):
                good[row] = False
                break
            i += 1
    return good


@kernel
def all_of(starts: npt.NDArray[np.int32], good: Mask) -> Mask:
    """Whether all items of each list are good."""
    rows = len(starts) - 1
    whole = np.ones(rows, np.bool_)
    for row in range(rows):
        for i in range(starts[row], starts[row + 1]):
            if not good[i]:
                whole[row] = False
                break
    return whole


@kernel
def good_ids(
    id_starts: npt.NDArray[np.int32],
    id_octets: npt.NDArray[np.uint8],
    source_starts: npt.NDArray[np.int32],
    source_octets: npt.NDArray[np.uint8],
    op_starts: npt.NDArray[np.int32],
    op_octets: npt.NDArray[np.uint8],
) -> Mask:
    """``<source>:<one or more>@<one or more without @ and #>#<op>``, byte for byte."""
    rows = len(id_starts) - 1
    good = np.zeros(rows, np.bool_)
    for row in range(rows):
        begin = id_starts[row]
        end = id_starts[row + 1]
        source = source_starts[row + 1] - source_starts[row]
        op = op_starts[row + 1] - op_starts[row]
        first = begin + source + 1
        last = end - op - 1
        if source < 1 or op < 1 or last - first < 3:
            continue
        if id_octets[first - 1] != 0x3A or id_octets[last] != 0x23:
            continue
        same = True
        for i in range(source):
            same &= id_octets[begin + i] == source_octets[source_starts[row] + i]
        for i in range(op):
            same &= id_octets[last + 1 + i] == op_octets[op_starts[row] + i]
        at = last - 1
        while at > first and id_octets[at] != 0x40 and id_octets[at] != 0x23:
            at -= 1
        good[row] = same and id_octets[at] == 0x40 and at > first and at < last - 1
    return good
