"""PDQ's linear stages as one small operator for each axis.

Between the pixels and the 64 x 64 picture that PDQ transforms stand luma, two passes of a box
filter along rows and columns, and the choice of 64 rows and columns. All of that is linear and
works on each axis by itself, so for an axis of N pixels it is one matrix of 64 x N, of which a
row has about N/64 numbers that are not zero. A picture then costs one pass over its bytes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["SIDE", "Operator", "centres", "fold", "operator", "window"]

SIDE: Final = 64
"""Rows and columns of the picture that PDQ transforms."""

_KEPT: Final = 512
"""Operators kept: of 4 N bytes each, so some 4 MB for pictures of 2000 pixels."""


class Operator(NamedTuple):
    """The non-zero part of a 64 x N matrix.

    Attributes:
        start: int64 (64), where the non-zero part of each row starts.
        weight: float32 (64, width), the numbers from there on.
    """

    start: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]

    def reversed(self, size: int) -> Operator:
        """The operator for an axis of ``size`` pixels that is read backwards."""
        width = self.weight.shape[1]
        return Operator(size - width - self.start, np.ascontiguousarray(self.weight[:, ::-1]))


def window(size: int) -> int:
    """Pixels that one pass of the box filter averages, as in the paper on PDQ."""
    return (size + 2 * SIDE - 1) // (2 * SIDE)


def centres(size: int) -> npt.NDArray[np.int64]:
    """Which 64 of ``size`` rows or columns remain after the filter."""
    return ((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.int64)


@lru_cache(maxsize=_KEPT)
def operator(size: int) -> Operator:
    """Both passes of the filter and the choice of 64, for an axis of ``size`` pixels."""
    wide = window(size)
    chosen = centres(size)
    width = min(2 * wide - 1, size)
    start = np.clip(chosen - 2 * (wide - (wide + 2) // 2), 0, size - width)
    return Operator(start, _weights(chosen, start, width, wide, size).astype(np.float32))


@kernel
def _weights(
    chosen: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    width: int,
    wide: int,
    size: int,
) -> npt.NDArray[np.float64]:
    """The second pass averages means, each of which the first pass made of pixels.

    A window of ``wide`` pixels reaches further to the right where ``wide`` is even, and is cut
    at the edges, where the mean is of what is left.
    """
    after = (wide + 2) // 2
    before = wide - after
    weights = np.zeros((len(chosen), width))
    change = np.empty(width + 1)
    for i in range(len(chosen)):
        change[:] = 0.0
        low, high = max(0, chosen[i] - before), min(size, chosen[i] + after)
        for mean in range(low, high):
            left, right = max(0, mean - before), min(size, mean + after)
            share = 1.0 / ((high - low) * (right - left))
            change[left - start[i]] += share
            change[right - start[i]] -= share
        weights[i] = np.cumsum(change)[:-1]
    return weights


@kernel
def fold(
    picture: npt.NDArray[np.uint8],
    row_start: npt.NDArray[np.int64],
    row_weight: npt.NDArray[np.float32],
    column_start: npt.NDArray[np.int64],
    column_weight: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Apply an operator to the rows, luma, and an operator to the columns.

    Rows come first and luma second, because bytes side by side are what a processor multiplies
    best, and four rows at a time, because each saves three passes over the sum.

    Args:
        picture: uint8 (rows, 3 * columns): red, green and blue of each pixel in turn.
        row_start: Of the operator for the rows.
        row_weight: Of the operator for the rows.
        column_start: Of the operator for the columns.
        column_weight: Of the operator for the columns.

    Returns:
        float32 (64, 64).
    """
    length = picture.shape[1]
    folded = np.empty((len(row_start), len(column_start)), np.float32)
    total = np.empty(length, np.float32)
    luma = np.empty(length // 3, np.float32)
    height, width = row_weight.shape[1], column_weight.shape[1]
    for i in range(len(row_start)):
        top = row_start[i]
        total[:] = np.float32(0)
        k = 0
        while k + 4 <= height:
            a, b = row_weight[i, k], row_weight[i, k + 1]
            c, d = row_weight[i, k + 2], row_weight[i, k + 3]
            first, second = picture[top + k], picture[top + k + 1]
            third, fourth = picture[top + k + 2], picture[top + k + 3]
            for x in range(length):
                total[x] += (a * np.float32(first[x]) + b * np.float32(second[x])) + (
                    c * np.float32(third[x]) + d * np.float32(fourth[x])
                )
            k += 4
        while k < height:
            a, first = row_weight[i, k], picture[top + k]
            for x in range(length):
                total[x] += a * np.float32(first[x])
            k += 1
        for x in range(len(luma)):
            luma[x] = (
                np.float32(0.299) * total[3 * x]
                + np.float32(0.587) * total[3 * x + 1]
                + np.float32(0.114) * total[3 * x + 2]
            )
        for j in range(len(column_start)):
            left = column_start[j]
            value = np.float32(0)
            for k in range(width):
                value += column_weight[j, k] * luma[left + k]
            folded[i, j] = value
    return folded
