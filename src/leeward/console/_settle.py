"""Where accounts go within a cell: forces first, then nothing overlaps.

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
    Link: TypeAlias = tuple[int, int, float]

__all__ = ["enclose", "settle"]

_STEPS: Final = 150
_PUSHES: Final = 800
_FALLING: Final = 150
_GOLDEN: Final = math.pi * (3 - math.sqrt(5))
_TOUCH: Final = 1e-3


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


def enclose(points: Floats, boxes: Floats) -> tuple[Floats, float]:
    """The middle and the radius of a small disc around boxes.

    Badoiu and Clarkson, Smaller core-sets for balls (2003): step towards what is farthest.
    """
    left, right, up, down = boxes.T
    around = _round(boxes)
    ways = ((-left, -up), (right, -up), (-left, down), (right, down))
    corners = np.concatenate([points + np.stack(way, axis=1) for way in ways])
    corners = np.concatenate([corners[np.tile(~around, 4)], points[around]])
    margin = np.concatenate([np.zeros(4 * int((~around).sum())), left[around]])
    middle = corners.mean(axis=0)
    for step in range(1, 200):
        far = int(np.argmax(np.linalg.norm(corners - middle, axis=1) + margin))
        middle = middle + (corners[far] - middle) / (step + 1)
    return middle, float((np.linalg.norm(corners - middle, axis=1) + margin).max())


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
    return _rounded(points - points.mean(axis=0), spacing)


def _rounded(points: Floats, spacing: float) -> Floats:
    """Fill a disc evenly, each point in its direction: forces leave the middle crowded."""
    n = len(points)
    length = np.maximum(np.linalg.norm(points, axis=1), 1e-9)
    order = np.empty(n)
    order[np.argsort(length, kind="stable")] = np.arange(n)
    even = 0.6 * spacing * np.sqrt(order + 0.5)
    own = length * (0.6 * spacing * math.sqrt(n) / length.max())
    rounded: Floats = points * ((0.8 * even + 0.2 * own) / length)[:, None]
    return rounded


def _apart(points: Floats, boxes: Floats) -> Floats:
    """Push boxes apart, and the whole together, until it is dense and none overlap."""
    first, second = np.triu_indices(len(boxes), 1)
    if not first.size:
        return points
    one, two = boxes[first], boxes[second]
    discs = (_round(boxes)[first] & _round(boxes)[second])[:, None]
    for step in range(_PUSHES):
        falling = max(0.0, 1 - step / _FALLING)
        shift = points[second] - points[first]
        push = np.where(discs, _push_discs(shift, one, two), _push_boxes(shift, one, two))
        if not push.any() and not falling:
            break
        # Half each, and more with time, so that a crowd comes to rest.
        push *= 0.52 + 0.5 * step / _PUSHES
        points = points * (1 - 0.006 * falling)
        np.add.at(points, first, -push)
        np.add.at(points, second, push)
    return points


def _push_boxes(shift: Floats, first: Floats, second: Floats) -> Floats:
    """How far the second of each pair must go to stand clear of the first; zero if it does."""
    side = np.where(shift >= 0, 1.0, -1.0)
    reach = np.where(side > 0, first[:, 1::2] + second[:, 0::2], first[:, 0::2] + second[:, 1::2])
    over = np.maximum(reach - np.abs(shift), 0.0)
    across, along = over.T
    hit = np.minimum(across, along) > _TOUCH
    # Names are wide and low: left to the shorter way alone, they would pile up in columns.
    sideways = across <= 1.6 * along
    push: Floats = side * over * np.stack([hit & sideways, hit & ~sideways], axis=1)
    return push


def _push_discs(shift: Floats, first: Floats, second: Floats) -> Floats:
    """The same for what is round: they part along the line between them."""
    length = np.hypot(shift[:, 0], shift[:, 1])
    over = first[:, 0] + second[:, 0] - length
    return shift * np.where(over > _TOUCH, over / np.maximum(length, 1e-9), 0.0)[:, None]


def _round(boxes: Floats) -> Bools:
    """A box that reaches equally far to all sides stands for a disc."""
    discs: Bools = (boxes == boxes[:, :1]).all(axis=1)
    return discs
