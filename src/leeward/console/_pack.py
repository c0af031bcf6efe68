"""Where cells go on the sheet: discs side by side, each with a sign on its edge.

Deterministic. Lengths are in units of the drawing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Bools: TypeAlias = npt.NDArray[np.bool_]

__all__ = ["pack"]

_SHEET: Final = 1.6
_ANGLES: Final = 24
_CLEAR: Final = 7.0
_FURTHER: Final = (_CLEAR + 1e-6, 16.0, 30.0, 60.0, 120.0)


def pack(radii: Sequence[float], signs: Sequence[tuple[float, float]], near: Floats) -> Floats:
    """Place discs on a wide sheet, close together, so that neither they nor their signs overlap.

    Each disc in turn takes the best place beside those already there: the sheet stays small, and
    discs with ties come near each other.

    Args:
        radii: The discs, in the order in which they are placed.
        signs: Width and height of the sign that lies across the top of each disc's edge.
        near: float[m, m], how much two discs ask to be near, 0 to 1.

    Returns:
        float[m, 2], the middles.
    """
    size = np.asarray(radii, dtype=np.float64)
    sign = np.asarray(signs, dtype=np.float64).reshape(-1, 2)
    middles = np.zeros((len(size), 2))
    for disc in range(1, len(size)):
        placed, around = middles[:disc], size[:disc]
        spots = np.concatenate([_spots(placed, around, size[disc] + more) for more in _FURTHER])
        spots = spots[_free(spots, size[disc], sign[disc], placed, around, sign[:disc])]
        low = np.minimum((placed - around[:, None]).min(axis=0), spots - size[disc])
        high = np.maximum((placed + around[:, None]).max(axis=0), spots + size[disc])
        wide, tall = (high - low).T
        pull = np.linalg.norm(spots[:, None] - placed, axis=2) @ near[disc, :disc]
        cost = np.maximum(wide / _SHEET, tall) + 0.2 * np.hypot(*spots.T) + 0.2 * pull
        middles[disc] = spots[np.argmin(np.round(cost, 6))]
    return middles


def _free(
    spots: Floats, radius: float, sign: Floats, placed: Floats, around: Floats, signs: Floats
) -> Bools:
    """Which spots keep a disc and its sign clear of the others and of theirs."""
    shift = spots[:, None] - placed
    clear = np.linalg.norm(shift, axis=2) >= around + radius + _CLEAR
    own = shift - [0.0, radius]
    clear &= _outside(own, sign / 2) >= around + _CLEAR
    theirs = -shift - np.stack([np.zeros(len(placed)), around], axis=1)
    clear &= _outside(theirs, signs / 2) >= radius + _CLEAR
    between = np.abs(own + np.stack([np.zeros(len(placed)), around], axis=1))
    clear &= (between >= (sign + signs) / 2 + _CLEAR).any(axis=2)
    free: Bools = clear.all(axis=1)
    return free


def _outside(shift: Floats, half: Floats) -> Floats:
    """How far the middle of a disc lies outside a box, given the way between their middles."""
    distance: Floats = np.linalg.norm(np.maximum(np.abs(shift) - half, 0), axis=2)
    return distance


def _spots(placed: Floats, around: Floats, radius: float) -> Floats:
    """Middles at which a disc touches one disc at some angle, or two discs at once."""
    angles = np.arange(_ANGLES) * (2 * math.pi / _ANGLES)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    spots = [(placed[:, None] + ring * (around + radius)[:, None, None]).reshape(-1, 2)]
    first, second = np.triu_indices(len(placed), 1)
    if first.size:
        line = placed[second] - placed[first]
        distance = np.linalg.norm(line, axis=1)
        reach, other = around[first] + radius, around[second] + radius
        along = (reach**2 - other**2 + distance**2) / (2 * distance)
        height = reach**2 - along**2
        meet = height >= 0
        unit = line[meet] / distance[meet, None]
        foot = placed[first][meet] + unit * along[meet, None]
        aside = np.stack([-unit[:, 1], unit[:, 0]], axis=1) * np.sqrt(height[meet])[:, None]
        spots += [foot + aside, foot - aside]
    return np.concatenate(spots)
