"""PDQ: 256 bits of a picture that stay alike when it is stored, scaled or brightened anew.

The algorithm is Meta's (*The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
Algorithm*, 2019): luma, a box filter, 64 x 64 pixels, 16 x 16 frequencies, and a bit for each that
lies above the median. The hash and the quality are those of the reference implementation, bit
by bit. Its linear stages are folded (:mod:`leeward.hashing._fold`); a fold rounds less than the
reference, and where that could tip a bit or the quality, the stages are done step by step
(:mod:`leeward.hashing._stepwise`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.hashing._fold import SIDE, fold, operator
from leeward.hashing._stepwise import stepwise
from leeward.hashing._transform import BITS, bits_of, quality_of, settled, transform, turned

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Plane = npt.NDArray[np.float32]

__all__ = ["UPRIGHT", "Turn", "pdq", "pdq_dihedral"]

_LEAST: Final = 5
"""Rows and columns below which the reference gives no hash: zeros of quality 0."""

_STEP_ERROR: Final = 1 / 128
"""By how much a gradient may differ from the reference's, in hundredths of the range of a pixel.

Four times the most that was seen.
"""


class Turn(NamedTuple):
    """How stored pixels become the picture as it is shown: mirrored first, then transposed.

    Attributes:
        flip_rows: The last stored row is shown first.
        flip_columns: The last stored column is shown first.
        transpose: Rows are shown as columns.
    """

    flip_rows: bool = False
    flip_columns: bool = False
    transpose: bool = False

    def apply(self, rgb: Pixels) -> Pixels:
        """The picture as it is shown, in memory of its own."""
        step_rows, step_columns = 1 - 2 * self.flip_rows, 1 - 2 * self.flip_columns
        shown = rgb[::step_rows, ::step_columns]
        return np.ascontiguousarray(shown.swapaxes(0, 1) if self.transpose else shown)


UPRIGHT: Final = Turn()


def pdq(rgb: Pixels, turn: Turn = UPRIGHT) -> tuple[npt.NDArray[np.uint8], int]:
    """The PDQ hash of a picture and its quality.

    Args:
        rgb: uint8 (rows, columns, 3); rows one after the other in memory, or they are copied.
        turn: How the pixels are shown. It costs nothing but where a bit hangs on rounding.

    Returns:
        256 bits, uint8 of 0 or 1, as ``pdqhash.compute`` gives them, and the quality from 0 to
        100. A picture with a side under 5 pixels has no hash: 256 zeros of quality 0.

    Raises:
        UsageError: Not such an array.
    """
    rgb = _checked(rgb)
    if min(rgb.shape[:2]) < _LEAST:
        return np.zeros(BITS, np.uint8), 0
    filtered = rgb.shape[:2] != (SIDE, SIDE)
    small = _folded(rgb, turn)
    frequencies = transform(small)
    least, most = quality_of(small, _STEP_ERROR)
    if least != most or not settled(frequencies):
        small = stepwise(turn.apply(rgb), filtered=filtered)
        frequencies = transform(small)
        least, _ = quality_of(small, 0.0)
    return bits_of(frequencies), int(least)


def pdq_dihedral(rgb: Pixels, turn: Turn = UPRIGHT) -> tuple[npt.NDArray[np.uint8], int]:
    """The hashes of a picture in its eight positions, from one transform.

    They are those of the mirrored and turned frequencies, as the reference makes them. The box
    filter is not symmetric, so the hash of a picture whose pixels were turned is near them and
    not equal; :func:`pdq` with a turn gives that one. The positions are: as it is, turned by 90,
    180 and 270 degrees against the clock, mirrored top to bottom, mirrored left to right,
    mirrored on the main diagonal and on the other.

    Args:
        rgb: As for :func:`pdq`.
        turn: As for :func:`pdq`.

    Returns:
        uint8 (8, 256) as ``pdqhash.compute_dihedral`` gives them, and the quality.

    Raises:
        UsageError: Not such an array.
    """
    rgb = _checked(rgb)
    if min(rgb.shape[:2]) < _LEAST:
        return np.zeros((8, BITS), np.uint8), 0
    small = _folded(rgb, turn)
    positions = turned(transform(small))
    least, most = quality_of(small, _STEP_ERROR)
    if least != most or not all(map(settled, positions)):
        small = stepwise(turn.apply(rgb))
        positions = turned(transform(small))
        least, _ = quality_of(small, 0.0)
    return np.stack([bits_of(frequencies) for frequencies in positions]), int(least)


def _folded(rgb: Pixels, turn: Turn) -> Plane:
    """The 64 x 64 picture as it is shown: operators are turned in place of pixels."""
    rows, columns, _ = rgb.shape
    down, across = operator(rows), operator(columns)
    if turn.flip_rows:
        down = down.reversed(rows)
    if turn.flip_columns:
        across = across.reversed(columns)
    small = fold(rgb.reshape(rows, 3 * columns), *down, *across)
    return np.ascontiguousarray(small.T) if turn.transpose else small


def _checked(rgb: Pixels) -> Pixels:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise UsageError(
            f"a picture is uint8 of (rows, columns, 3), not {rgb.dtype} of {rgb.ndim} axes",
            hint="give the pixels as numpy.asarray(picture.convert('RGB'))",
        )
    return np.ascontiguousarray(rgb)
