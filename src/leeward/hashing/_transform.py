"""From the 64 x 64 picture to PDQ's bits: quality, cosine transform, median."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.hashing._fold import SIDE
from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Plane = npt.NDArray[np.float32]

__all__ = ["BITS", "bits_of", "quality_of", "settled", "transform", "turned"]

BITS: Final = 256
"""Bits of a PDQ hash: 16 x 16 frequencies, without the constant one."""

_FREQUENCIES: Final = 16


def _cosines() -> Plane:
    """The 16 x 64 matrix of the transform, frequencies 1 to 16, rounded as in the reference."""
    scale = float(np.float32(math.sqrt(2 / SIDE)))
    step = math.pi / 2 / SIDE
    rows = [
        [scale * math.cos(step * i * (2 * j + 1)) for j in range(SIDE)]
        for i in range(1, _FREQUENCIES + 1)
    ]
    return np.array(rows).astype(np.float32)


_COSINES: Final = _cosines()

_ROUNDING: Final = np.array(
    [1 / 32 / (1 + min(i, j)) for i in range(_FREQUENCIES) for j in range(_FREQUENCIES)],
    np.float32,
)
"""By how much a frequency may differ from the reference's, which rounds at every step.

Errors of a running sum drift, so they are largest in the waves along one axis. These bounds are
two to six times the most that was seen, over pictures of 5 to 4000 pixels a side.
"""


def transform(small: Plane) -> Plane:
    """The 16 x 16 frequencies of a 64 x 64 picture, summed in the reference's order."""
    return _transform(small, _COSINES)


@kernel
def _transform(small: Plane, cosines: Plane) -> Plane:
    count, side = cosines.shape
    half = np.zeros((count, side), np.float32)
    for i in range(count):
        for k in range(side):
            cosine = cosines[i, k]
            for j in range(side):
                half[i, j] += cosine * small[k, j]
    across = np.ascontiguousarray(cosines.T)
    whole = np.zeros((count, count), np.float32)
    for i in range(count):
        for k in range(side):
            value = half[i, k]
            for j in range(count):
                whole[i, j] += value * across[k, j]
    return whole


def bits_of(frequencies: Plane) -> npt.NDArray[np.uint8]:
    """Which frequencies lie above the median: 256 of 0 or 1, the highest frequency first.

    The median is the lower of the two in the middle, so a hash has 128 ones or fewer.
    """
    flat = frequencies.ravel()
    median = np.partition(flat, BITS // 2 - 1)[BITS // 2 - 1]
    bits: npt.NDArray[np.uint8] = (flat > median)[::-1].astype(np.uint8)
    return bits


def settled(frequencies: Plane) -> bool:
    """Whether the bits stay as they are when each frequency moves by as much as rounding moves it.

    They do where half of them lie above the median, and none of these can change places with one
    of the other half.
    """
    flat = frequencies.ravel()
    above = flat > np.partition(flat, BITS // 2 - 1)[BITS // 2 - 1]
    if np.count_nonzero(above) != BITS // 2:
        return False
    lowest = np.min(flat - _ROUNDING, where=above, initial=np.inf)
    return bool(lowest > np.max(flat + _ROUNDING, where=~above, initial=-np.inf))


def turned(frequencies: Plane) -> list[Plane]:
    """The frequencies of the picture in its eight positions.

    A mirrored axis changes the sign of its odd waves; a turn by a right angle is a mirror and
    an exchange of the axes. The order is that of the reference: as it is, turned by 90, 180 and
    270 degrees against the clock, mirrored top to bottom, mirrored left to right, and mirrored on
    either diagonal.
    """
    sign = np.where(np.arange(_FREQUENCIES) % 2, 1, -1).astype(np.float32)
    down = frequencies * sign[:, None]
    across = frequencies * sign
    both = down * sign
    return [frequencies, across.T, both, down.T, down, across, frequencies.T, both.T]


@kernel
def quality_of(small: Plane, error: float) -> tuple[int, int]:
    """PDQ's quality: the sum of gradients that count, over 90, at most 100.

    A gradient is the difference of neighbours in hundredths of the whole range, cut to an
    integer, so that slight noise counts nothing.

    Args:
        small: float32 (64, 64), pixels from 0 to 255.
        error: By how much a pixel may differ from the reference's.

    Returns:
        The least and the greatest quality that pixels within that error could have.
    """
    least, greatest = 0, 0
    side = small.shape[0]
    # One hundredth is 2.55; 32-bit steps in the reference's order keep the exact case exact.
    for i in range(side):
        for j in range(side):
            for direction in range(2):
                below, right = i + 1 - direction, j + direction
                if below < side and right < side:
                    step = (small[i, j] - small[below, right]) * np.float32(100) / np.float32(255)
                    size = abs(step)
                    least += int(max(size - np.float32(error), np.float32(0)))
                    greatest += int(size + np.float32(error))
    return min(100, least // 90), min(100, greatest // 90)
