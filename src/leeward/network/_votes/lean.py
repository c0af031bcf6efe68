"""From any ranking to log-odds, by where the confirmed ones stand in it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["lean", "leaning", "like", "places_of", "shares_above", "standing"]

_DOUBT: Final = 2.0
"""Confirmed ones, standing where everybody does, that are added to the true ones."""
_POOL: Final = 0.1
"""The share of those who did anything with whom a member is compared, at least: twice what a
network is taken to be at most."""
_STEEPEST: Final = 2.0
"""How many times the log-odds of the place may count at most."""


def places_of(scores: npt.NDArray[np.floating]) -> Doubles:
    """The log-odds of each place: of the share that stands below, equal ones in their middle."""
    values, inverse, count = np.unique(_rounded(scores), return_inverse=True, return_counts=True)
    if not len(values):
        return np.zeros(0)
    share = (np.cumsum(count) - count / 2) / len(scores)
    odds: Doubles = np.log(share / (1 - share))[inverse]
    return odds


def lean(places: Doubles, of_members: Doubles, active: npt.NDArray[np.bool_]) -> Doubles:
    """Log-likelihood ratios by linear discriminant analysis (Fisher 1936).

    Both sorts are taken to have the spread that everybody has. Where the confirmed ones stand no
    higher than others do, nothing leans.

    Args:
        places: (accounts) From :func:`places_of` or the like.
        of_members: Places of the confirmed ones, each found without itself.
        active: (accounts) Who did anything; only they tell where everybody stands.
    """
    steep, center = leaning(places, of_members, active)
    return steep * (places - center)


def leaning(
    places: Doubles, of_members: Doubles, active: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """How steeply log-likelihood ratios rise with the places, and where they are 0.

    Parameters as for :func:`lean`.
    """
    everybody = places[active] if active.any() else places
    middle, spread = float(everybody.mean()), max(float(everybody.var()), 1e-9)
    members = (float(of_members.sum()) + _DOUBT * middle) / (len(of_members) + _DOUBT)
    steep = float(np.clip((members - middle) / spread, 0, _STEEPEST))
    return steep, (members + middle) / 2


def shares_above(
    scores: npt.NDArray[np.floating], activity: Ints, members: npt.NDArray[np.int32]
) -> Doubles:
    """(members) The share of :func:`like` accounts that stand above a member.

    They are those of half to twice its activity. Equal ones count a half; the member counts as one
    of them, so that no share is 0.
    """
    found, scores = np.empty(len(members)), _rounded(scores)
    for i, member in enumerate(members.tolist()):
        others = like(activity, activity[member] / 2, 2 * activity[member])
        score = scores[member]
        above = np.count_nonzero(others & (scores > score))
        even = np.count_nonzero(others & (scores == score))
        found[i] = (above + even / 2) / np.count_nonzero(others)
    return found


def like(activity: Ints, least: float, most: float) -> npt.NDArray[np.bool_]:
    """(accounts) Who is active like this.

    Where these are fewer than a tenth of all who did anything, the nearest in activity on both
    sides are like them, too. A network may be the most active of all, and would be compared with
    itself alone.

    Args:
        activity: (accounts) How much each did.
        least: As much at least, itself included.
        most: As much at most.
    """
    found: npt.NDArray[np.bool_] = (activity >= least) & (activity <= most)
    ranked = np.sort(activity[activity > 0]) if _are_few(found, activity) else activity[:0]
    if not len(ranked):
        return found
    begin, end = np.searchsorted(ranked, least), np.searchsorted(ranked, most, side="right")
    count = ceil(_POOL * len(ranked))
    first = min(int(begin) - (count - int(end - begin)) // 2, len(ranked) - count)
    low, high = ranked[max(first, 0)], ranked[max(first, 0) + count - 1]
    found |= (activity >= low) & (activity <= high)
    return found


def _are_few(found: npt.NDArray[np.bool_], activity: Ints) -> bool:
    return bool(np.count_nonzero(found) < _POOL * np.count_nonzero(activity))


def standing(shares: Doubles) -> float:
    """The mean log share; 0 where there are none."""
    return float(np.log(shares).mean()) if len(shares) else 0.0


def _rounded(scores: npt.NDArray[np.floating]) -> Doubles:
    """To 16 bits: sums of the same parts are equal, in whatever order they were added."""
    mantissa, exponent = np.frexp(scores.astype(np.float64))
    rounded: Doubles = np.ldexp(np.round(mantissa * 2**16), exponent - 16)
    return rounded
