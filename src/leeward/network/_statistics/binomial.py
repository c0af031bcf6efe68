"""Counts of answers: log factorials, quantiles of the beta law, likelihoods of reviewed samples."""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]

__all__ = ["beta_cdf", "beta_quantile", "likelihoods", "log_factorials"]

_TINY: Final = 1e-300
_ROUNDS: Final = 10_000


def log_factorials(most: int) -> Doubles:
    """``log(n!)`` for ``n`` from 0 to ``most``."""
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, most + 1, dtype=np.float64)))))


def beta_cdf(x: float, a: float, b: float) -> float:
    """The chance that a Beta(a, b) variable is at most ``x``.

    Source: the continued fraction of the regularised incomplete beta function, DLMF 8.17.22, by
    the method of Lentz.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x) - log(a)
    return exp(front) * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _held(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _held(1 + even * d), _held(1 + even / c)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _held(1 + odd * d), _held(1 + odd / c)
        result *= d * c
        if abs(d * c - 1) < 1e-14:
            break
    return result


def _held(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(share: float, a: float, b: float) -> float:
    """The point that a Beta(a, b) variable stays below with this chance, by bisection."""
    low, high = 0.0, 1.0
    while high - low > 1e-12 * high and high > _TINY:
        middle = (low + high) / 2
        if beta_cdf(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@kernel
def _log_times(count: int, log_chance: float) -> float:
    """``count * log_chance``, where nothing of what is impossible is no harm."""
    return 0.0 if count == 0 else count * log_chance


@kernel
def _log_add(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high if low == -inf else high + log1p(exp(low - high))


@kernel
def likelihoods(
    bad: Int64, size: int, answers: int, no: int, false_yes: float, false_no: float, table: Doubles
) -> Doubles:
    """How likely a count of "no" is, for each count of accounts that do not belong.

    ``answers`` accounts are drawn without replacement from ``size``, of which ``bad`` do not
    belong; a reviewer says "yes" of one that does not belong with chance ``false_yes`` and "no"
    of one that does with chance ``false_no``, each time anew. So of the ``d`` drawn accounts that
    do not belong (hypergeometric) each gives a "no" with chance ``1 - false_yes``, of the others
    with chance ``false_no``: the sum over ``d`` of a hypergeometric weight times a convolution of
    two binomials.

    Args:
        bad: (any) Counts of accounts that do not belong.
        size: Accounts in all.
        answers: Of them reviewed.
        no: Answers that said "does not belong".
        false_yes: The chance of a wrong "belongs".
        false_no: The chance of a wrong "does not belong".
        table: :func:`log_factorials` up to ``size`` or more.

    Returns:
        (as ``bad``) Logarithms of the chances.
    """
    of_sample = np.full(answers + 1, -inf)
    for d in range(answers + 1):
        of_sample[d] = _of_sample(d, answers - d, no, false_yes, false_no, table)
    result = np.full(len(bad), -inf)
    ways = table[size] - table[answers] - table[size - answers]
    for i in range(len(bad)):
        there, others = bad[i], size - bad[i]
        for d in range(max(0, answers - others), min(answers, there) + 1):
            if of_sample[d] > -inf:
                drawn = table[there] - table[d] - table[there - d] + table[others]
                drawn -= table[answers - d] + table[others - answers + d] + ways
                result[i] = _log_add(result[i], drawn + of_sample[d])
    return result


@kernel
def _of_sample(
    bad: int, good: int, no: int, false_yes: float, false_no: float, table: Doubles
) -> float:
    """How likely a count of "no" is when so many that do not belong were drawn."""
    right, wrong = log1p(-false_yes), log1p(-false_no)
    yes_of_bad = log(false_yes) if false_yes > 0 else -inf
    no_of_good = log(false_no) if false_no > 0 else -inf
    result = -inf
    for b in range(max(0, no - good), min(bad, no) + 1):
        g = no - b
        chance = table[bad] - table[b] - table[bad - b] + table[good] - table[g] - table[good - g]
        chance += _log_times(b, right) + _log_times(bad - b, yes_of_bad)
        chance += _log_times(g, no_of_good) + _log_times(good - g, wrong)
        if chance > -inf:
            result = _log_add(result, chance)
    return result
