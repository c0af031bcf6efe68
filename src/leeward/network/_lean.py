"""From any ranking to log-odds, by where the confirmed ones stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["lean", "leaning", "places_of", "shares_above", "standing"]

_DOUBT: Final = 2.0
"""Confirmed ones, standing where everybody does, that are added to the true ones."""
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
    """(members) The share of accounts of half to twice the activity that stand above a member.

    Equal ones count a half; the member counts as one of them, so that no share is 0.
    """
    found, scores = np.empty(len(members)), _rounded(scores)
    for i, member in enumerate(members.tolist()):
        like = (activity >= activity[member] / 2) & (activity <= 2 * activity[member])
        score = scores[member]
        above = np.count_nonzero(like & (scores > score))
        even = np.count_nonzero(like & (scores == score))
        found[i] = (above + even / 2) / np.count_nonzero(like)
    return found


def standing(shares: Doubles) -> float:
    """The mean log share; 0 where there are none."""
    return float(np.log(shares).mean()) if len(shares) else 0.0


def _rounded(scores: npt.NDArray[np.floating]) -> Doubles:
    """To 16 bits: sums of the same parts are equal, in whatever order they were added."""
    mantissa, exponent = np.frexp(scores.astype(np.float64))
    rounded: Doubles = np.ldexp(np.round(mantissa * 2**16), exponent - 16)
    return rounded
