"""One ranking beside the truth: every figure that an evaluation tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.evaluate._ceiling import recall_at
from leeward.evaluate._measures import ranking_measures
from leeward.evaluate._world import SHIELDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.evaluate._world import World

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Reliability", "above_line", "calibration", "curve_of", "ranked_figures"]

_BINS: Final = 10


def ranked_figures(
    world: World, scores: Doubles, counted: Bools
) -> Iterator[tuple[str, float | None]]:
    """How well scores put the ring first.

    Args:
        world: The platform.
        scores: (accounts) Higher is more suspect.
        counted: (accounts) Those that count. Seeds do not: they were given, not found.
    """
    ring = world.ring[counted]
    reached = ranking_measures(scores[counted], ring, ()).average_precision
    possible = ranking_measures(world.oracle[counted], ring, ()).average_precision
    known = reached is not None and possible is not None and world.oracle.any()
    yield "average precision", reached
    yield "average precision over the ceiling's", reached / possible if known else None  # type: ignore[operator]  # both are known
    yield "recall at the best .99", recall_at(scores[counted], ring)


def curve_of(world: World, scores: Doubles, counted: Bools) -> tuple[tuple[float, float], ...]:
    """Points (recall, precision)."""
    return ranking_measures(scores[counted], world.ring[counted], ()).curve


def above_line(world: World, above: Bools, counted: Bools) -> Iterator[tuple[str, float | None]]:
    """Who stands above a line that was chosen without the truth.

    Args:
        world: The platform.
        above: (accounts) Who stands there.
        counted: (accounts) Those that count.
    """
    there = above & counted
    found, hidden = int((there & world.ring).sum()), int((world.ring & counted).sum())
    total = int(there.sum())
    yield "above the line", total
    yield "recall at the line", found / hidden if hidden else None
    yield "precision at the line", found / total if total else None
    yield "innocent above the line", total - found
    shielded = [int((there & (world.roles == role)).sum()) for role in SHIELDED]
    yield "shields above the line", sum(shielded)
    for role, count in zip(SHIELDED, shielded, strict=True):
        yield f"above the line: {role}", count


class Reliability(NamedTuple):
    """How far probabilities are to be believed.

    Attributes:
        brier: The mean squared distance of a probability from the truth, 0 or 1.
        error: The mean distance of what was said from what was so, over bins, each by its size.
        bins: By tenths of probability: the mean said, the share that belongs, how many.
    """

    brier: float | None
    error: float | None
    bins: tuple[tuple[float, float, float], ...]


def calibration(probability: Doubles, ring: Bools) -> Reliability:
    """Compare what was said with what is so, in ten bins of equal width.

    Brier, "Verification of forecasts expressed in terms of probability" (1950); the expected
    calibration error of Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities
    using Bayesian binning" (2015).

    Args:
        probability: (accounts) From 0 to 1.
        ring: (accounts) Who belongs.
    """
    if not len(ring):
        return Reliability(None, None, ())
    place = np.minimum((probability * _BINS).astype(np.int64), _BINS - 1)
    count = np.bincount(place, minlength=_BINS)
    full = count > 0
    said = np.bincount(place, probability, _BINS)[full] / count[full]
    so = np.bincount(place, ring.astype(np.float64), _BINS)[full] / count[full]
    brier = float(np.mean((probability - ring) ** 2))
    error = float(np.abs(said - so) @ count[full] / count.sum())
    bins = zip(said.tolist(), so.tolist(), count[full].astype(float).tolist(), strict=True)
    return Reliability(brier, error, tuple(bins))
