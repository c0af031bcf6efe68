"""Fit an additive model over bins whose weights are monotone and near to what was set by hand.

What is minimised, over the intercept and the weights ``w`` of all bins, is

    sum_i mass_i ln(1 + exp(z_i)) - sum_i right_i z_i + pull / 2 sum_b (w_b - hand_b)^2

where ``z_i`` is the score of subject ``i``. It is convex. Newton's method takes it to the second
order around where it stands, and goes to the minimum of that under the constraints, or part of the
way where the sum would not fall. The constraints bind one feature at a time, and within one the
second derivatives are a diagonal, since a subject is in one bin. So that minimum is found feature
by feature, in turns, each by a weighted isotonic regression that pools adjacent violators (Barlow
and others, "Statistical inference under order restrictions", 1972; in turns for additive models:
Bacchetti, "Additive isotonic models", 1989).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Longs = npt.NDArray[np.int64]

__all__ = ["Shape", "Table", "Weights", "fit", "isotonic", "table_of"]

_ROUNDS: Final = 50
_TURNS: Final = 1_000
_STILL: Final = 1e-5
"""Log-odds by which no weight moves any more."""
_SHORTEST: Final = 1e-6
_LEAST: Final = 1e-9
_HIGHEST: Final = 20.0
"""Where the intercept is held."""


class Shape(NamedTuple):
    """What a feature's weights have to be.

    Attributes:
        hand: (bins) As they were set by hand.
        rises: Whether they never fall from bin to bin; never rise where not.
        cap: What none of them exceeds.
    """

    hand: Doubles
    rises: bool
    cap: float


class Table(NamedTuple):
    """Subjects that fall into the same bins, taken together.

    Attributes:
        bins: (rows, features); the number of bins where the value is not known.
        right: (rows) How many of them are confirmed.
        mass: (rows) How many they stand for among all.
    """

    bins: Longs
    right: Doubles
    mass: Doubles


class Weights(NamedTuple):
    """What was fitted: log-odds."""

    intercept: float
    weights: tuple[Doubles, ...]

    def scores(self, bins: Longs) -> Doubles:
        """(rows) The intercept and the weights of the bins; an unknown value adds 0."""
        found = np.full(len(bins), self.intercept)
        for place, each in enumerate(self.weights):
            found += np.append(each, 0.0)[bins[:, place]]
        return found


def table_of(bins: Longs, right: Doubles, mass: Doubles) -> Table:
    """Take subjects together that fall into the same bins."""
    rows, which = np.unique(bins, axis=0, return_inverse=True)
    which = which.reshape(-1)
    return Table(
        rows,
        np.bincount(which, right, len(rows)).astype(np.float64),
        np.bincount(which, mass, len(rows)).astype(np.float64),
    )


def fit(table: Table, shapes: Sequence[Shape], intercept: float, pull: float) -> Weights:
    """The weights at the minimum.

    Args:
        table: The subjects.
        shapes: One a feature.
        intercept: Where to begin; nothing pulls it back there.
        pull: How strongly weights are held near those set by hand: with one over the variance
            that they are thought to have around them.
    """
    now = Weights(intercept, tuple(np.minimum(shape.hand, shape.cap) for shape in shapes))
    scores = now.scores(table.bins)
    for _ in range(_ROUNDS):
        to = _Model(table, shapes, now, scores, pull).minimum()
        now, scores, moved = _towards(table, shapes, now, scores, to, pull)
        if moved < _STILL:
            break
    return now


def _towards(
    table: Table, shapes: Sequence[Shape], old: Weights, scores: Doubles, to: Weights, pull: float
) -> tuple[Weights, Doubles, float]:
    """Go to the minimum of the model, or as far as the sum falls; with how far any weight moved.

    Between two points that the constraints allow they allow all.
    """
    before = _loss(table, shapes, old, scores, pull)
    aim = to.scores(table.bins)
    part = 1.0
    while part > _SHORTEST:
        new = Weights(
            old.intercept + part * (to.intercept - old.intercept),
            tuple(a + part * (b - a) for a, b in zip(old.weights, to.weights, strict=True)),
        )
        reached = scores + part * (aim - scores)
        if _loss(table, shapes, new, reached, pull) <= before:
            return new, reached, _apart(old, new)
        part /= 2
    return old, scores, 0.0


def _loss(
    table: Table, shapes: Sequence[Shape], at: Weights, scores: Doubles, pull: float
) -> float:
    held = sum(
        float(((each - shape.hand) ** 2).sum())
        for each, shape in zip(at.weights, shapes, strict=True)
    )
    return float(table.mass @ np.logaddexp(0, scores) - table.right @ scores) + pull / 2 * held


def _apart(one: Weights, other: Weights) -> float:
    pairs = zip(one.weights, other.weights, strict=True)
    return max(
        abs(one.intercept - other.intercept), *(float(np.abs(a - b).max()) for a, b in pairs)
    )


class _Model:
    """The sum to the second order around a point: in bins, and no longer in subjects."""

    def __init__(
        self,
        table: Table,
        shapes: Sequence[Shape],
        at: Weights,
        scores: Doubles,
        pull: float,
    ) -> None:
        self._shapes, self._at = shapes, at
        chance = 1 / (1 + np.exp(-np.clip(scores, -50, 50)))
        bend = table.mass * chance * (1 - chance)
        slope = table.mass * chance - table.right
        ends = np.cumsum([1, *(len(shape.hand) for shape in shapes)])
        self._rows = [slice(a, b) for a, b in pairwise(ends.tolist())]
        # Subjects whose value is not known stand in a bin of their own, left out in the end.
        whole = np.cumsum([1, *(len(shape.hand) + 1 for shape in shapes)])
        kept = np.delete(np.arange(whole[-1]), whole[1:] - 1)
        index = np.column_stack([np.zeros(len(table.bins), np.int64), table.bins + whole[:-1]])
        curve = np.zeros((whole[-1], whole[-1]))
        for column in range(index.shape[1]):
            places = index[:, [column]] * whole[-1] + index
            weights = np.repeat(bend, index.shape[1])
            curve += np.bincount(places.ravel(), weights, curve.size).reshape(curve.shape)
        pulled = np.bincount(index.ravel(), np.repeat(slope, index.shape[1]), whole[-1])
        self._curve = curve[np.ix_(kept, kept)] + np.diag([_LEAST, *[pull] * (len(kept) - 1)])
        self._slope = pulled[kept]
        for rows, shape, each in zip(self._rows, shapes, at.weights, strict=True):
            self._slope[rows] += pull * (each - shape.hand)

    def minimum(self) -> Weights:
        """Where the model is least, under the constraints: feature by feature, again and again."""
        start = np.concatenate([[self._at.intercept], *self._at.weights])
        now, heavy = start.copy(), np.diag(self._curve)
        slope = self._slope.copy()
        for _ in range(_TURNS):
            moved = self._put(now, slope, slice(0, 1), now[:1] - slope[:1] / heavy[:1])
            for rows, shape in zip(self._rows, self._shapes, strict=True):
                aim = isotonic(
                    now[rows] - slope[rows] / heavy[rows], heavy[rows], rises=shape.rises
                )
                moved = max(moved, self._put(now, slope, rows, np.minimum(aim, shape.cap)))
            if moved < _STILL / 10:
                break
        return Weights(
            float(np.clip(now[0], -_HIGHEST, _HIGHEST)), tuple(now[rows] for rows in self._rows)
        )

    def _put(self, now: Doubles, slope: Doubles, rows: slice, values: Doubles) -> float:
        step = values - now[rows]
        now[rows] = values
        slope += self._curve[:, rows] @ step
        return float(np.abs(step).max())


def isotonic(values: Doubles, weights: Doubles, *, rises: bool) -> Doubles:
    """The nearest numbers by weighted squares that never fall, or never rise.

    Args:
        values: (n)
        weights: (n) All above 0.
        rises: Whether they may rise.
    """
    if not rises:
        return isotonic(values[::-1], weights[::-1], rises=True)[::-1]
    pools: list[list[float]] = []  # sum, weight, length
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append([value * weight, weight, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    return np.concatenate([np.full(int(length), total / weight) for total, weight, length in pools])
