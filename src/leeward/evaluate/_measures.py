"""How well scores put the right accounts first; accounts with equal scores count alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Ints: TypeAlias = npt.NDArray[np.int64]
    Bools: TypeAlias = npt.NDArray[np.bool_]

__all__ = [
    "DEFAULT_AT",
    "At",
    "Groups",
    "Measures",
    "expected_in_top",
    "hits_of",
    "ranking_measures",
    "tied",
]

DEFAULT_AT: Final = (10, 20, 50, 100, 200, 500, 1_000)
_DRAWN: Final = 200


class At(NamedTuple):
    """What the first ``k`` of a ranking hold.

    Attributes:
        k: How many accounts were looked at.
        found: How many of them are right; a fraction where the cut goes through equal scores.
        precision: ``found / k``.
        recall: ``found`` over all that are right; None where there are none.
    """

    k: int
    found: float
    precision: float
    recall: float | None


class Measures(Struct, frozen=True):
    """The measures of one ranking.

    Attributes:
        positives: How many are right.
        at: One entry a cut, in rising order.
        average_precision: None where nothing is right, so that there is nothing to find.
        curve: Points (recall, precision) for drawing, at most 200, recall rising to 1.
    """

    positives: int
    at: tuple[At, ...]
    average_precision: float | None
    curve: tuple[tuple[float, float], ...]


class Groups(NamedTuple):
    """Equal scores, the highest first.

    Attributes:
        start, size: int64[g], where a group begins in the ranking, and how many it holds.
        of: int64[n], the group of each account, in the caller's order.
    """

    start: Ints
    size: Ints
    of: Ints


def ranking_measures(
    scores: npt.ArrayLike, truth: npt.ArrayLike, at: Iterable[int] = DEFAULT_AT
) -> Measures:
    """Measure a ranking against the truth.

    Every measure is its expectation over all orders of equal scores, so that it does not depend
    on the order of the input (McSherry and Najork, Computing Information Retrieval Performance
    Measures Efficiently in the Presence of Tied Scores, ECIR 2008).

    Args:
        scores: float[n], higher is stronger. Without the seeds: they were given, not found.
        truth: bool[n], which accounts are right.
        at: The cuts; one beyond the end means the whole ranking.

    Raises:
        UsageError: Lengths differ, a score is not a number, or a cut is below 1.
    """
    right = np.asarray(truth, dtype=np.bool_)
    groups = tied(scores)
    if right.shape != groups.of.shape:
        raise UsageError(f"{groups.of.size} scores and {right.size} truths do not fit together")
    cuts = sorted({min(int(k), right.size) for k in at})
    if right.size and cuts and cuts[0] < 1:
        raise UsageError("a cut of a ranking is 1 or more")
    hits = hits_of(groups, right)
    positives = int(right.sum())
    return Measures(
        positives=positives,
        at=tuple(_at(groups, hits, k, positives) for k in cuts if k),
        average_precision=_average_precision(groups, hits) if positives else None,
        curve=_curve(groups, hits) if positives else (),
    )


def tied(scores: npt.ArrayLike) -> Groups:
    """Group equal scores, the highest first.

    Raises:
        UsageError: A score is not a number, or they are not one row.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or np.isnan(values).any():
        raise UsageError("scores are one row of numbers, without NaN")
    _, inverse, size = np.unique(-values, return_inverse=True, return_counts=True)
    return Groups(np.cumsum(size) - size, size.astype(np.int64), inverse.astype(np.int64))


def hits_of(groups: Groups, right: Bools) -> Floats:
    """How many are right in each group."""
    count = np.bincount(groups.of, weights=right, minlength=groups.size.size)
    return count.astype(np.float64)


def expected_in_top(groups: Groups, hits: Floats, k: int) -> float:
    """How many hits the first ``k`` hold on average over the orders of equal scores."""
    share = np.clip((k - groups.start) / groups.size, 0.0, 1.0)
    return float(hits @ share)


def _at(groups: Groups, hits: Floats, k: int, positives: int) -> At:
    found = expected_in_top(groups, hits, k)
    return At(k, found, found / k, found / positives if positives else None)


def _average_precision(groups: Groups, hits: Floats) -> float:
    """The mean, over what is right, of the precision at its place.

    In a group of ``n`` with ``p`` right, after ``h`` right ones before it: the j-th place is
    right with probability p/n, and then has on average (j-1)(p-1)/(n-1) right ones of the same
    group before it.
    """
    before = np.cumsum(hits) - hits
    holds = hits > 0
    start, size, right = groups.start[holds], groups.size[holds], hits[holds]
    place = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)  # j - 1
    among = np.repeat((right - 1) / np.maximum(size - 1, 1), size) * place
    precision = (np.repeat(before[holds], size) + 1 + among) / (np.repeat(start, size) + place + 1)
    return float((np.repeat(right / size, size) * precision).sum() / hits.sum())


def _curve(groups: Groups, hits: Floats) -> tuple[tuple[float, float], ...]:
    """The points at which something was found; evenly thinned, the first and last kept."""
    holds = np.flatnonzero(hits > 0)
    found = np.cumsum(hits)[holds]
    precision = found / (groups.start + groups.size)[holds]
    recall = found / hits.sum()
    kept = np.unique(np.linspace(0, holds.size - 1, min(_DRAWN, holds.size)).round().astype(int))
    return tuple(zip(recall[kept].tolist(), precision[kept].tolist(), strict=True))
