"""Where things go: boxes within a cell by forces, and cells on the sheet as discs.

Deterministic: the same input gives the same drawing. Lengths are in units of the drawing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    Floats: TypeAlias = npt.NDArray[np.float64]
    Link: TypeAlias = tuple[int, int, float]

__all__ = ["pack", "settle"]

_STEPS: Final = 150
_GOLDEN: Final = math.pi * (3 - math.sqrt(5))
_SHEET: Final = 1.6
_ANGLES: Final = 24


def settle(boxes: Floats, links: Sequence[Link], spacing: float) -> Floats:
    """Place boxes around the origin so that linked ones are near and none overlap.

    Args:
        boxes: float[n, 4], how far each box reaches left, right, up and down from its point.
        links: Pairs of boxes with a weight above 0.
        spacing: About how far apart neighbours stand.

    Returns:
        float[n, 2], the points.
    """
    n = len(boxes)
    points = _sunflower(n, spacing)
    if n > 1 and links:
        points = _forces(points, links, spacing)
    return _apart(points, boxes)


def pack(radii: Sequence[float], near: Floats) -> Floats:
    """Place discs on a wide sheet, close together, without overlap.

    Each disc in turn takes the best place that touches those already there: near the middle, and
    near the discs to which it has ties.

    Args:
        radii: The discs, in the order in which they are placed.
        near: float[m, m], how much two discs ask to be near, 0 to 1.

    Returns:
        float[m, 2], the middles.
    """
    size = np.asarray(radii, dtype=np.float64)
    middles = np.zeros((len(size), 2))
    for disc in range(1, len(size)):
        placed, around = middles[:disc], size[:disc]
        spots = _spots(placed, around, size[disc])
        gap = np.linalg.norm(spots[:, None] - placed, axis=2) - around - size[disc]
        spots = spots[gap.min(axis=1) > -1e-6]
        cost = np.hypot(spots[:, 0] / _SHEET, spots[:, 1])
        pull = np.linalg.norm(spots[:, None] - placed, axis=2) @ near[disc, :disc]
        middles[disc] = spots[np.argmin(np.round(cost + 0.5 * pull, 6))]
    return middles


def _sunflower(n: int, spacing: float) -> Floats:
    """Points at even distances in a disc: where forces start, and where there are none."""
    number = np.arange(n)
    radius = 0.62 * spacing * np.sqrt(number)
    return np.stack([radius * np.cos(_GOLDEN * number), radius * np.sin(_GOLDEN * number)], axis=1)


def _forces(points: Floats, links: Sequence[Link], spacing: float) -> Floats:
    """Fruchterman and Reingold, Graph Drawing by Force-directed Placement (1991), with a middle."""
    a = np.array([link[0] for link in links])
    b = np.array([link[1] for link in links])
    weight = np.sqrt([link[2] for link in links])
    weight /= weight.max()
    for step in range(_STEPS):
        apart = points[:, None] - points
        squared = np.maximum((apart**2).sum(axis=2), 1e-2)
        force = (apart * (spacing**2 / squared)[:, :, None]).sum(axis=1)
        along = points[a] - points[b]
        pull = along * (weight * np.linalg.norm(along, axis=1) / spacing)[:, None]
        np.add.at(force, a, -pull)
        np.add.at(force, b, pull)
        force -= points * 0.3
        length = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        most = 2 * spacing * (1 - step / _STEPS)
        points = points + force / length * np.minimum(length * 0.2, most)
    points -= points.mean(axis=0)
    spread = math.sqrt(float((points**2).sum(axis=1).mean())) or 1.0
    return points * (0.5 * spacing * math.sqrt(len(points)) / spread)


def _apart(points: Floats, boxes: Floats) -> Floats:
    """Push boxes apart, each pair along the shorter way, until none overlap."""
    first, second = np.triu_indices(len(boxes), 1)
    if not first.size:
        return points
    left, right, up, down = boxes.T
    for step in range(600):
        shift = points[second] - points[first]
        across = np.where(
            shift[:, 0] >= 0, right[first] + left[second], left[first] + right[second]
        )
        along = np.where(shift[:, 1] >= 0, down[first] + up[second], up[first] + down[second])
        over_x, over_y = across - np.abs(shift[:, 0]), along - np.abs(shift[:, 1])
        hit = np.minimum(over_x, over_y) > 1e-3
        if not hit.any():
            break
        sideways = hit & (over_x <= over_y)
        upwards = hit & ~sideways
        # A little more than half each, and more with time, so that a crowd comes to rest.
        part = 0.26 + 0.3 * step / 600
        move = np.zeros((first.size, 2))
        move[sideways, 0] = np.where(shift[sideways, 0] >= 0, 1, -1) * over_x[sideways] * part
        move[upwards, 1] = np.where(shift[upwards, 1] >= 0, 1, -1) * over_y[upwards] * part
        points = points.copy()
        np.add.at(points, first, -move)
        np.add.at(points, second, move)
    return points


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
