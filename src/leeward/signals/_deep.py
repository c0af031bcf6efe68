"""The deep view: texts as base letters alone. Compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.signals._alphabet import Alphabet

    Bytes = npt.NDArray[np.uint8]
    Points = npt.NDArray[np.int32]
    Places = npt.NDArray[np.int64]

__all__ = ["IN_TAG", "MIXED", "OF_SIGN", "View", "deep_view"]

IN_TAG: Final = 1
OF_SIGN: Final = 2

# As in the alphabet; the kernels need them as constants of their own module.
_SKIPPED: Final = 0
_ALNUM: Final = 1
_SIGN: Final = 2
_SYMBOL: Final = 3
_BLANK: Final = 4
_SMALL: Final = 8
_PICTURES: Final = 0x2000  # from here on symbols are taken for one and the same
_PICTURE: Final = 1
MIXED: Final = 2
_HASH: Final = 0x23
_WIDE_HASH: Final = 0xFF03
_UNDERLINE: Final = 0x5F


class View(NamedTuple):
    """Texts in the deep view. A unit is a base letter and its repeats.

    Attributes:
        octets: The units as UTF-8, a zero octet after each row.
        unit_at: int32: which unit an octet belongs to.
        rows: int64, n + 1: where the units of a row begin.
        start, end: int32: the code points of the source text, within its row, of a unit.
        whole: uint8: bit 0, it begins its code point; bit 1, it ends it.
        run: uint8: how often it is repeated, at most 255.
        masks: uint8: what its code points may stand for, together.
        seen: uint8: bit m - 1 is set where one of them has the mask m.
        ends: uint8: the masks of its first and, three bits further, of its last code point.
        gap: uint8: what stands before it: 0 nothing, 1 symbols, 2 a blank.
        between: int32: the symbol in that gap; all pictures are one; ``MIXED`` for several.
        marks: uint8: ``IN_TAG``, ``OF_SIGN``.
    """

    octets: npt.NDArray[np.uint8]
    unit_at: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    whole: npt.NDArray[np.uint8]
    run: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    seen: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.uint8]
    gap: npt.NDArray[np.uint8]
    between: npt.NDArray[np.int32]
    marks: npt.NDArray[np.uint8]


def deep_view(
    starts: npt.NDArray[np.int32], octets: npt.NDArray[np.uint8], table: Alphabet
) -> View:
    """The deep view of strings that lie one after the other in UTF-8.

    Args:
        starts: Where each begins, n + 1.
        octets: Valid UTF-8.
        table: What characters stand for.
    """
    size = 2 * int(starts[-1] - starts[0]) if len(starts) else 0
    start, end = np.empty(size, np.int32), np.empty(size, np.int32)
    whole, run, masks, seen, ends, gap, marks = (np.zeros(size, np.uint8) for _ in range(7))
    between = np.zeros(size, np.int32)
    text = np.empty(4 * size + len(starts), np.uint8)
    unit_at = np.empty(4 * size + len(starts), np.int32)
    rows = np.zeros(len(starts), np.int64)
    units, length = _fill(
        starts, octets, table.kind, table.first, table.count, table.units, table.masks,
        text, unit_at, rows, start, end, whole, run, masks, seen, ends, gap, between, marks,
    )  # fmt: skip
    return View(
        text[:length], unit_at[:length], rows, start[:units], end[:units], whole[:units],
        run[:units], masks[:units], seen[:units], ends[:units], gap[:units], between[:units],
        marks[:units],
    )  # fmt: skip


@kernel
def _decode(octets: Bytes, at: int) -> tuple[int, int]:
    """The code point at an octet, and the next octet."""
    head = int(octets[at])
    if head < 0x80:
        return head, at + 1
    if head < 0xE0:
        return (head & 0x1F) << 6 | int(octets[at + 1] & 0x3F), at + 2
    low = int(octets[at + 1] & 0x3F) << 6 | int(octets[at + 2] & 0x3F)
    if head < 0xF0:
        return (head & 0x0F) << 12 | low, at + 3
    return (head & 0x07) << 18 | low << 6 | int(octets[at + 3] & 0x3F), at + 4


@kernel
def _encode(point: int, text: Bytes, at: int) -> int:
    """Write a code point as UTF-8; the next place."""
    if point < 0x80:
        text[at] = point
        return at + 1
    if point < 0x800:
        text[at] = 0xC0 | point >> 6
        text[at + 1] = 0x80 | point & 0x3F
        return at + 2
    if point < 0x10000:
        text[at] = 0xE0 | point >> 12
        text[at + 1] = 0x80 | point >> 6 & 0x3F
        text[at + 2] = 0x80 | point & 0x3F
        return at + 3
    text[at] = 0xF0 | point >> 18
    text[at + 1] = 0x80 | point >> 12 & 0x3F
    text[at + 2] = 0x80 | point >> 6 & 0x3F
    text[at + 3] = 0x80 | point & 0x3F
    return at + 4


@kernel
def _fill(  # noqa: C901 - one pass over the text, all its state here
    starts: Points, octets: Bytes,
    kinds: Bytes, first: Points, count: Bytes, pool: Points, pool_masks: Bytes,
    text: Bytes, unit_at: Points, rows: Places, start: Points, end: Points,
    whole: Bytes, run: Bytes, masks: Bytes, seen: Bytes, ends: Bytes, gap: Bytes,
    between: Points, marks: Bytes,
) -> tuple[int, int]:  # fmt: skip
    """Fill the columns of a :class:`View`; how many units and octets there are."""
    units = 0
    length = 0
    for row in range(len(starts) - 1):
        rows[row] = units
        at = int(starts[row])
        source = 0
        before = 2  # the gap that the next unit has; a text begins as after a blank
        symbol = 0
        in_tag = False
        was_small = False
        last = -1  # the last unit's letter
        while at < starts[row + 1]:
            point, at = _decode(octets, at)
            full = kinds[point]
            kind = full & 7
            case = full & 24
            if kind == _SKIPPED:
                if units > rows[row] and before == 0:
                    end[units - 1] = source + 1
            elif kind == _BLANK:
                before, in_tag, was_small = 2, False, False
            elif kind == _SYMBOL:
                before = max(before, 1)
                same = _PICTURE if point >= _PICTURES else point
                symbol = same if symbol in (0, same) else MIXED
                in_tag = point in (_HASH, _WIDE_HASH) or (in_tag and point == _UNDERLINE)
                was_small = False
            else:
                in_tag = in_tag and kind == _ALNUM
                for k in range(count[point]):
                    unit = pool[first[point] + k]
                    mask = pool_masks[first[point] + k]
                    # A capital I after a small letter may well be an l.
                    if point == 0x49 and was_small:
                        mask = 3
                    if unit == last and before == 0:
                        here = units - 1
                        run[here] = min(run[here] + 1, 255)
                        masks[here] |= mask
                        seen[here] |= 1 << (mask - 1)
                        ends[here] = (ends[here] & 7) | mask << 3
                        end[here] = source + 1
                        if k == count[point] - 1:
                            whole[here] |= 2
                        else:
                            whole[here] &= 1
                        continue
                    start[units] = source
                    end[units] = source + 1
                    whole[units] = (1 if k == 0 else 0) | (2 if k == count[point] - 1 else 0)
                    run[units] = 1
                    masks[units] = mask
                    seen[units] = 1 << (mask - 1)
                    ends[units] = mask | mask << 3
                    gap[units] = before
                    between[units] = symbol
                    marks[units] = (IN_TAG if in_tag else 0) | (OF_SIGN if kind == _SIGN else 0)
                    after = _encode(unit, text, length)
                    for octet in range(length, after):
                        unit_at[octet] = units
                    length = after
                    units += 1
                    before, symbol = 0, 0
                    last = unit
                was_small = case == _SMALL
            source += 1
        text[length] = 0
        unit_at[length] = -1
        length += 1
    rows[len(starts) - 1] = units
    return units, length
