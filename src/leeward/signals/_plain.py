"""Matches in the plain view: which of them can count at all. Compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.signals._places import LONGEST_TAG

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["may_count"]

_HASH: Final = 0x23
_UNDERLINE: Final = 0x5F


@kernel
def _word(octet: int) -> bool:
    small = octet | 0x20
    return 0x61 <= small <= 0x7A or 0x30 <= octet <= 0x39


@kernel
def _in_tag(octets: npt.NDArray[np.uint8], at: int, low: int) -> bool:
    # In octets; a letter has four at most.
    low = max(low, at - 4 * LONGEST_TAG)
    while at > low and (
        _word(octets[at - 1]) or octets[at - 1] == _UNDERLINE or octets[at - 1] >= 0x80
    ):
        at -= 1
    return bool(at > low and octets[at - 1] == _HASH)


@kernel
def may_count(
    matches: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int32],
    octets: npt.NDArray[np.uint8],
    edges: npt.NDArray[np.uint8],
) -> npt.NDArray[np.int64]:
    """The row of each match, or -1 where it crosses rows or touches a letter it must not.

    Only ASCII letters and digits beside it are judged here; all else, and hashtags, are left to
    the source text.

    Args:
        matches: int64, n x 3: term, first and last octet + 1.
        starts: int32: where rows begin in the octets, n + 1.
        octets: The texts, folded, in UTF-8.
        edges: uint8: bit 0, a term needs a boundary at its start; bit 1, at its end.
    """
    rows = np.full(len(matches), -1, np.int64)
    for i in range(len(matches)):
        begin, end, edge = matches[i, 1], matches[i, 2], edges[matches[i, 0]]
        row = np.searchsorted(starts, begin, side="right") - 1
        low, high = starts[row], starts[row + 1]
        if end > high:
            continue
        touches = (edge & 1 and begin > low and _word(octets[begin - 1])) or (
            edge & 2 and end < high and _word(octets[end])
        )
        if touches and not _in_tag(octets, begin, low):
            continue
        rows[i] = row
    return rows
