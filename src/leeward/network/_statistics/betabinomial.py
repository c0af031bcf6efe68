"""The beta-binomial distribution: counts whose rate differs from case to case.

``k`` of ``n`` with a rate drawn from Beta(a, b) has the probability
``C(n, k) B(k + a, n - k + b) / B(a, b)`` (Skellam 1948). The mean rate is ``a / (a + b)``; the
smaller the concentration ``a + b``, the more rates differ. Counts may be fractions here: sums of
probabilities. The binomial coefficient is left out, since only ratios are asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

_MEMORY: Final = 1 << 12
"""Ratios that are kept while others are computed."""

__all__ = ["Beta", "log_beta", "log_ratio", "log_ratios"]


class Beta(NamedTuple):
    """A Beta distribution of rates."""

    a: float
    b: float

    @classmethod
    def of(cls, mean: float, concentration: float) -> Beta:
        """By its mean and by how many observations it is worth."""
        return cls(mean * concentration, (1 - mean) * concentration)


@kernel
def log_beta(a: float, b: float) -> float:
    """The logarithm of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@kernel
def log_ratio(k: float, n: float, one: Beta, other: Beta) -> float:
    """The log-likelihood ratio of ``k`` of ``n`` under one distribution over another."""
    return float(
        log_beta(k + one.a, n - k + one.b)
        - log_beta(one.a, one.b)
        - log_beta(k + other.a, n - k + other.b)
        + log_beta(other.a, other.b)
    )


@kernel
def log_ratios(k: Doubles, n: Doubles, one: Beta, other: Beta) -> Doubles:
    """The same for arrays."""
    found = np.empty(len(k))
    same = log_beta(other.a, other.b) - log_beta(one.a, one.b)
    # Counts are mostly small, so the same ones come again and again.
    last, known = np.full((_MEMORY, 2), -1.0), np.empty(_MEMORY)
    for i in range(len(k)):
        slot = int(k[i] * 1021 + n[i] * 31) & (_MEMORY - 1)
        if last[slot, 0] != k[i] or last[slot, 1] != n[i]:
            last[slot, 0], last[slot, 1] = k[i], n[i]
            known[slot] = (
                same
                + log_beta(k[i] + one.a, n[i] - k[i] + one.b)
                - log_beta(k[i] + other.a, n[i] - k[i] + other.b)
            )
        found[i] = known[slot]
    return found
