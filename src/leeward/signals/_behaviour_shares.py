"""From counts to values: shrunk where data are few, each with a 90 % interval.

A share ``k`` of ``n`` is the mean of a Beta posterior (beta-binomial, Skellam 1948); its interval
is Wilson's score interval (1927) with the prior's observations added. A number of things is itself;
its interval is that of a Poisson rate under a Gamma(1/2, 0) prior (Jeffreys), with Wilson and
Hilferty's approximation (1931) of the quantiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.signals._features import FEATURES, Features

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.signals._features import Tracked

    Doubles = npt.NDArray[np.float64]

__all__ = ["BASE_RATE", "LOG_ODDS_WORTH", "SHARE_PRIORS", "Prior", "features_of", "values_of"]

_Z: Final = 1.6448536269514722
"""The 95 % quantile of the normal distribution."""


class Prior(NamedTuple):
    """A Beta prior: its mean, and how many observations it is worth."""

    mean: float
    worth: float


SHARE_PRIORS: Final[Mapping[str, Prior]] = {
    "uploads_by_others": Prior(0.1, 2.0),
    "untied_repliers": Prior(0.3, 5.0),
    "untied_reposters": Prior(0.3, 5.0),
    "replier_overlap": Prior(0.02, 5.0),
    "linked_posts": Prior(0.02, 10.0),
    "flagged_posts": Prior(0.01, 10.0),
    "untied_poll_reactors": Prior(0.3, 5.0),
    "minor_contact_ratio": Prior(0.1, 10.0),
    "repost_ratio": Prior(0.3, 5.0),
    "template_messages": Prior(0.02, 10.0),
    "flagged_authors": Prior(0.01, 10.0),
    "confirmed_members": Prior(0.005, 20.0),
}
"""Set by hand: a mean that is nothing to worry about, and a handful of observations."""

BASE_RATE: Final = 0.01
LOG_ODDS_WORTH: Final = 20.0
"""The prior of ``case_log_odds``."""


def values_of(kind: Tracked, k: Doubles, n: Doubles) -> Doubles:
    """The value of each feature, NaN where nothing was counted.

    Args:
        kind: Of the subjects.
        k: Shape (rows, features): how many count.
        n: Of how many; 0 is not known.
    """
    values = np.full(k.shape, np.nan)
    for column, feature in enumerate(FEATURES[kind]):
        known = n[:, column] > 0
        some, all_ = k[known, column], n[known, column]
        if feature.unit == "share":
            a, b = _beta(feature.name, some, all_)
            values[known, column] = a / (a + b)
        elif feature.unit == "log-odds":
            values[known, column] = _log_odds(*_odds(some, all_))
        else:
            values[known, column] = some
    return values


def features_of(kind: Tracked, k: Doubles, n: Doubles) -> Features:
    """The same with intervals and counts."""
    values = values_of(kind, k, n)
    low, high = values.copy(), values.copy()
    for column, feature in enumerate(FEATURES[kind]):
        known = n[:, column] > 0
        some, all_ = k[known, column], n[known, column]
        if feature.unit == "share":
            ends = _wilson(*_beta(feature.name, some, all_))
        elif feature.unit == "log-odds":
            a, b = _odds(some, all_)
            spread = _Z * np.sqrt(1 / a + 1 / b)
            ends = (_log_odds(a, b) - spread, _log_odds(a, b) + spread)
        elif feature.unit in ("accounts", "polls", "replies"):
            ends = (_gamma(some + 0.5, -_Z), _gamma(some + 0.5, _Z))
        else:
            continue
        low[known, column] = np.minimum(ends[0], values[known, column])
        high[known, column] = np.maximum(ends[1], values[known, column])
    names = tuple(feature.name for feature in FEATURES[kind])
    return Features(names, values, low, high, _counted(n))


def _counted(n: Doubles) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    whole: np.ndarray[tuple[int, int], np.dtype[np.int64]] = np.ceil(n).astype(np.int64)
    return whole


def _beta(name: str, k: Doubles, n: Doubles) -> tuple[Doubles, Doubles]:
    prior = SHARE_PRIORS[name]
    return k + prior.mean * prior.worth, n - k + (1 - prior.mean) * prior.worth


def _odds(k: Doubles, n: Doubles) -> tuple[Doubles, Doubles]:
    return k + BASE_RATE * LOG_ODDS_WORTH, n - k + (1 - BASE_RATE) * LOG_ODDS_WORTH


def _log_odds(a: Doubles, b: Doubles) -> Doubles:
    # One logarithm, so that nothing confirmed among no users is exactly 0.
    odds: Doubles = np.log(a / b / (BASE_RATE / (1 - BASE_RATE)))
    return odds


def _wilson(a: Doubles, b: Doubles) -> tuple[Doubles, Doubles]:
    n = a + b
    share = a / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    spread = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return middle - spread, middle + spread


def _gamma(shape: Doubles, z: float) -> Doubles:
    """A quantile of the Gamma distribution with rate 1, never below 0."""
    root = 1 - 1 / (9 * shape) + z / (3 * np.sqrt(shape))
    quantile: Doubles = shape * np.maximum(root, 0.0) ** 3
    return quantile
