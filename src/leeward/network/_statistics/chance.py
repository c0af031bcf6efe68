"""Places that chance gives: the sum of their logarithms.

A place that is as likely as any other has minus the logarithm of the share above it distributed
exponentially, and the sum of several is a gamma variable (Fisher 1932).
"""

from __future__ import annotations

from math import exp, fsum, lgamma, log
from typing import Final

__all__ = ["chance_of", "least_likely"]

_HALVINGS: Final = 60


def chance_of(total: float, number: int) -> float:
    """How likely so many places have logarithms that add up to minus so much, or to more below 0.

    The upper tail of the gamma law, which for a whole number is that of Poisson's below it.

    Args:
        total: Minus the sum of the logarithms of shares; 0 or more.
        number: Of how many.
    """
    if total <= 0:
        return 1.0
    terms = [i * log(total) - lgamma(i + 1) for i in range(number)]
    most = max(terms)
    return exp(most - total + log(fsum(exp(term - most) for term in terms)))


def least_likely(number: int, chance: float) -> float:
    """What minus the sum of logarithms exceeds with such a chance, at so many places.

    Args:
        number: Of how many.
        chance: Above 0 and below 1.
    """
    low, high = 0.0, 1.0
    while chance_of(high, number) > chance:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of(middle, number) > chance else (low, middle)
    return high
