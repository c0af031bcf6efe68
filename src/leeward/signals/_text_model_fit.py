"""Fitting a text model: logistic regression, and Platt's calibration of its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Places = npt.NDArray[np.int32]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Rows", "fit_logistic", "fit_platt", "part_of", "times"]

_ROUNDS: Final = 60
_INNER: Final = 250
_SMALL: Final = 1e-5  # of the gradient at the start


class Rows(NamedTuple):
    """A sparse matrix by rows.

    Attributes:
        begin: int64[n + 1], where each row begins.
        columns: int32, the columns of its entries.
        values: float64, the entries.
        width: How many columns there are.
    """

    begin: Ints
    columns: Places
    values: Doubles
    width: int


def fit_logistic(rows: Rows, rare: Bools, cost: float) -> tuple[Doubles, float]:
    """Logistic regression with a penalty on the squares of the weights, both classes as heavy.

    The least of ``|w|^2 / 2 + cost * sum_i s_i log(1 + exp(-y_i (x_i w + b)))``, where ``s_i``
    gives both classes the same weight in sum. By Newton's method with conjugate gradients (Lin,
    Weng and Keerthi, "Trust region Newton method for large-scale logistic regression", JMLR 2008,
    with a line search instead of the trust region).

    Returns:
        The weights and the bias.
    """
    share = np.where(rare, 0.5 / max(1, rare.sum()), 0.5 / max(1, (~rare).sum())) * len(rare)
    share *= cost
    sign = np.where(rare, 1.0, -1.0)
    point = np.zeros(rows.width + 1)
    value, gradient, bend = _loss(rows, sign, share, point)
    least = _SMALL**2 * _inner(gradient, gradient)
    for _ in range(_ROUNDS):
        if _inner(gradient, gradient) <= least:
            break
        step = _newton(rows, bend, gradient)
        slope, length = _inner(gradient, step), 1.0
        while length > 1e-10:
            tried = point + length * step
            new, *rest = _loss(rows, sign, share, tried)
            if new <= value + 1e-4 * length * slope:
                break
            length /= 2
        else:
            break  # no step lowers it any more: what is left is rounding
        point, value, (gradient, bend) = tried, new, rest
    return point[:-1], float(point[-1])


def _loss(
    rows: Rows, sign: Doubles, share: Doubles, point: Doubles
) -> tuple[float, Doubles, Doubles]:
    margin = sign * (times(rows, point[:-1]) + point[-1])
    value = 0.5 * _inner(point[:-1], point[:-1]) + _inner(share, np.logaddexp(0.0, -margin))
    chance = np.exp(-np.logaddexp(0.0, margin))  # of the other class
    pull = -share * sign * chance
    gradient = np.append(point[:-1] + _transposed(rows, pull), pull.sum())
    return value, gradient, share * chance * (1 - chance)


def _newton(rows: Rows, bend: Doubles, gradient: Doubles) -> Doubles:
    """The step to the least of the parabola that touches here, about."""
    step = np.zeros_like(gradient)
    left = -gradient
    way = left.copy()
    size = _inner(left, left)
    enough = min(0.1, size**0.25) ** 2 * size
    for _ in range(_INNER):
        if size <= enough:
            break
        inner = bend * (times(rows, way[:-1]) + way[-1])
        bent = np.append(way[:-1] + _transposed(rows, inner), inner.sum())
        far = size / _inner(way, bent)
        step += far * way
        left -= far * bent
        before, size = size, _inner(left, left)
        way = left + size / before * way
    return step


def fit_platt(scores: Doubles, rare: Bools) -> tuple[float, float]:
    """The slope and offset that turn scores into log odds, by Newton's method.

    Platt, "Probabilistic outputs for support vector machines" (1999), with his targets that keep
    a small sample from certainty, in the form of Lin, Lin and Weng, "A note on Platt's
    probabilistic outputs" (2007). The slope is never negative: scores that say the opposite of the
    labels say nothing.
    """
    positives, others = int(rare.sum()), int((~rare).sum())
    target = np.where(rare, (positives + 1) / (positives + 2), 1 / (others + 2))
    columns = np.stack([scores, np.ones_like(scores)])
    point = np.array([0.0, np.log((positives + 1) / (others + 1))])

    def loss(at: Doubles) -> float:
        odds = at @ columns
        return float((np.logaddexp(0.0, odds) - target * odds).sum())

    value = loss(point)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(point @ columns, -500, 500)))
        gradient = columns @ (chance - target)
        if float(np.abs(gradient).max()) < 1e-7 * len(scores):
            break
        bent = (columns * (chance * (1 - chance))) @ columns.T + 1e-12 * np.eye(2)
        step = -np.linalg.solve(bent, gradient)
        length = 1.0
        while length > 1e-10 and loss(point + length * step) > value:
            length /= 2
        point = point + length * step
        value = loss(point)
    if point[0] <= 0:
        return 0.0, float(np.log((positives + 1) / (others + 1)))
    return float(point[0]), float(point[1])


def part_of(rows: Rows, chosen: Ints) -> Rows:
    """Some rows of a matrix, in the order asked for."""
    sizes = np.diff(rows.begin)[chosen]
    begin = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(rows.begin[chosen] - begin[:-1], sizes) + np.arange(begin[-1])
    return Rows(begin, rows.columns[places], rows.values[places], rows.width)


def times(rows: Rows, weights: Doubles) -> Doubles:
    """The matrix times a column."""
    return _times(rows.begin, rows.columns, rows.values, weights)


def _transposed(rows: Rows, column: Doubles) -> Doubles:
    return _times_transposed(rows.begin, rows.columns, rows.values, column, rows.width)


def _inner(one: Doubles, other: Doubles) -> float:
    """The sum of the products, in an order that no number of threads changes."""
    return float(np.multiply(one, other).sum())


@kernel
def _times(begin: Ints, columns: Places, values: Doubles, weights: Doubles) -> Doubles:
    out = np.empty(len(begin) - 1, np.float64)
    for row in range(len(begin) - 1):
        sum_ = 0.0
        for i in range(begin[row], begin[row + 1]):
            sum_ += values[i] * weights[columns[i]]
        out[row] = sum_
    return out


@kernel
def _times_transposed(
    begin: Ints, columns: Places, values: Doubles, column: Doubles, width: int
) -> Doubles:
    out = np.zeros(width, np.float64)
    for row in range(len(begin) - 1):
        for i in range(begin[row], begin[row + 1]):
            out[columns[i]] += values[i] * column[row]
    return out
