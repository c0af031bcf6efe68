"""PDQ's filter step by step, with the rounding of the reference implementation.

The reference adds and subtracts pixels in 32-bit floats along each row and column, and each step
rounds. Folding the steps into one operator gives the same picture but for those roundings. Where
a bit of the hash hangs on them, they are done here as the reference does them, in its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.hashing._fold import centres, window
from leeward.hashing._scratch import scratch
from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Plane = npt.NDArray[np.float32]

__all__ = ["stepwise"]


def stepwise(rgb: npt.NDArray[np.uint8], *, filtered: bool = True) -> Plane:
    """The 64 x 64 picture, each rounding as in the reference.

    Args:
        rgb: uint8 (rows, columns, 3).
        filtered: False for a picture of 64 x 64 that the reference takes as it is.

    Returns:
        float32 (64, 64).
    """
    rows, columns, _ = rgb.shape
    across, down = centres(columns), centres(rows)
    plane = _plane("plane", rows, columns)
    _luma(rgb, plane)
    if filtered:
        other = _plane("other plane", rows, columns)
        _along_rows(plane, other, window(columns), np.ones(columns, np.bool_))
        _along_columns(other, plane, window(rows))
        # The second pass along columns reads 64 of them; the others need no division.
        needed = np.zeros(columns, np.bool_)
        needed[across] = True
        _along_rows(plane, other, window(columns), needed)
        chosen = np.ascontiguousarray(other[:, across])
        small = np.empty_like(chosen)
        _along_columns(chosen, small, window(rows))
        return np.ascontiguousarray(small[down])
    return np.ascontiguousarray(plane[np.ix_(down, across)])


def _plane(purpose: str, rows: int, columns: int) -> Plane:
    return scratch(purpose, 4 * rows * columns).view(np.float32).reshape(rows, columns)


@kernel
def _luma(rgb: npt.NDArray[np.uint8], plane: Plane) -> None:
    """Luma as pdqhash computes it: in 64-bit floats, rounded to 32 bits.

    Thousandths are integers, and their quotient rounds to the same 32 bits for every colour.
    """
    rows, columns, _ = rgb.shape
    for i in range(rows):
        for j in range(columns):
            thousandths = (
                np.int32(299) * np.int32(rgb[i, j, 0])
                + np.int32(587) * np.int32(rgb[i, j, 1])
                + np.int32(114) * np.int32(rgb[i, j, 2])
            )
            plane[i, j] = np.float32(np.int32(thousandths)) / np.float32(1000)


@kernel
def _along_rows(source: Plane, target: Plane, wide: int, needed: npt.NDArray[np.bool_]) -> None:
    """A box filter along each row: a running sum, divided by the pixels in it where needed.

    A sum waits for the one before it, so four rows (of five or more) go side by side.
    """
    rows, columns = source.shape
    after = (wide + 2) // 2
    for block in range(0, rows, 4):
        i = min(block, rows - 4)
        first, second, third, fourth = source[i], source[i + 1], source[i + 2], source[i + 3]
        a = b = c = d = np.float32(0)
        count = 0
        for right in range(columns + after - 1):
            left, j = right - wide, right - after + 1
            if right < columns:
                count += 1
                a += first[right]
                b += second[right]
                c += third[right]
                d += fourth[right]
            if left >= 0:
                count -= 1
                a -= first[left]
                b -= second[left]
                c -= third[left]
                d -= fourth[left]
            if j >= 0 and needed[j]:
                divisor = np.float32(count)
                target[i, j] = a / divisor
                target[i + 1, j] = b / divisor
                target[i + 2, j] = c / divisor
                target[i + 3, j] = d / divisor


@kernel
def _along_columns(source: Plane, target: Plane, wide: int) -> None:
    """The same along each column, all columns side by side."""
    rows, columns = source.shape
    after = (wide + 2) // 2
    total = np.zeros(columns, np.float32)
    for bottom in range(after - 1):
        for j in range(columns):
            total[j] += source[bottom, j]
    count = after - 1
    for i in range(rows):
        if i + after <= rows:
            count += 1
            for j in range(columns):
                total[j] += source[i + after - 1, j]
        if i + after > wide:
            count -= 1
            for j in range(columns):
                total[j] -= source[i + after - 1 - wide, j]
        divisor = np.float32(count)
        for j in range(columns):
            target[i, j] = total[j] / divisor
