"""How many belong, and how far down nearly all of them do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._searching.hiding import Hidden

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["Extent", "extent_of", "likely_members", "line_of", "settled_members"]

_TARGET: Final = 0.99
_DRAWS: Final = 2_000
_SURE: Final = 0.95
"""Evidence is trusted to count members where so many of those who are counted belong."""
_SOME: Final = 3
"""Hidden ones who have to stand among those who are counted, if there are so many suspects."""
_LEAST: Final = 50
"""Accounts that are counted, at least."""
_CUTS: Final = 64
_ROUNDS: Final = 200
_STILL: Final = 1e-3
"""A change by such a share is none."""
_NOBODY: Final = 0.5


class Extent(NamedTuple):
    """How many accounts belong; 90 of 100 such intervals are meant to hold the true number."""

    estimate: float
    low: float
    high: float


def extent_of(total: Doubles, members: Int32, hidden: Hidden | None, accounts: int) -> Extent:
    """Estimate the number of members.

    Among so many accounts stood a share of the hidden ones; of all members, the same share is
    taken to stand there (Lincoln 1930, Petersen 1896: capture and recapture). How many of these
    accounts are members follows from their own evidence, which says it best where nearly all of
    them are: by a base rate that agrees with the answer for the estimate and the lower end, and for
    the upper end by one at which all of them are. Confirmed ones are mostly the active ones, so the
    silent may be missed: the upper end allows for as many again.

    Args:
        total: (accounts) Log-odds without a base rate.
        members: Those who were hidden in turn.
        hidden: What hiding them showed.
        accounts: How many accounts there are.
    """
    most = accounts / 2
    if hidden is None:
        low = min(max(len(members), 1), most)
        likely = likely_members(total, max(len(members), 1) * 10)
        return Extent(float(np.clip(likely, low, most)), low, most)
    ranked = np.sort(total)[::-1]
    cut = _cut(ranked, hidden)
    found = int((hidden.ranks < cut).sum())
    # The share of members that is found, after Jeffreys.
    share = np.random.default_rng(0).beta(found + 0.5, len(members) - found + 0.5, _DRAWS)
    whole = 1 / np.maximum(share, 1e-3)
    low, middle = settled_members(total, cut) * np.quantile(whole, (0.05, 0.5))
    high = _likely(ranked, cut, len(ranked) - cut) * np.quantile(whole, 0.95)
    least = min(len(members), most)  # those at least
    return Extent(*(float(np.clip(one, least, most)) for one in (middle, low, 2 * high)))


def _cut(ranked: Doubles, hidden: Hidden) -> int:
    """The most of the suspects that are nearly all members, and some hidden ones among them.

    Where few of them, or none, are so likely, all suspects.
    """
    least = min(_LEAST, hidden.size)
    cuts = np.unique(np.geomspace(max(least, 1), max(hidden.size, 1), _CUTS).round().astype(int))
    sure: list[int] = [
        cut for cut in cuts.tolist() if _likely(ranked, cut, len(ranked) - cut) >= _SURE * cut
    ]
    if not sure:
        return hidden.size
    some = int(np.sort(hidden.ranks)[:_SOME][-1]) + 1
    return min(max(*sure, some), hidden.size)


def likely_members(total: Doubles, size: int) -> float:
    """How many of so many suspects are members, if so many belong in all.

    Args:
        total: (accounts) Log-odds without a base rate.
        size: How many of the highest are suspects.
    """
    others = max(len(total) - size, 0)
    suspects = np.partition(total, others)[others:] if others else total
    return _likely(np.sort(suspects)[::-1], size, others)


def _likely(ranked: Doubles, size: int, others: int) -> float:
    """The same of the highest, in order; ``others`` is how many stand below them."""
    odds = ranked[:size] + np.log(size / max(others, 1))
    return float((1 / (1 + np.exp(-np.clip(odds, -50, 50)))).sum())


def settled_members(total: Doubles, size: int) -> float:
    """How many of so many suspects are members, by a base rate that agrees with the answer.

    That all of so many belong is only where it begins; how common members are then follows by
    expectation-maximisation (Saerens, Latinne and Decaestecker 2002). Evidence that says too little
    makes it too low, as the other count is too high where few of the suspects belong.

    Args:
        total: (accounts) Log-odds without a base rate.
        size: How many of the highest are suspects.
    """
    ranked, found = np.sort(total)[::-1][:size], float(size)
    for _ in range(_ROUNDS):
        odds = ranked + np.log(found / max(len(total) - found, 1))
        before, found = found, float((1 / (1 + np.exp(-np.clip(odds, -50, 50)))).sum())
        if found < _NOBODY or abs(before - found) < _STILL * before:
            break
    return found


def line_of(log_odds: Doubles) -> float:
    """The lowest log-odds at and above which the target is expected to belong.

    Args:
        log_odds: Of those whom the line is for: without the confirmed, who were given, and those
            who are asked about first in any case.
    """
    ranked = np.sort(log_odds)[::-1]
    right = np.cumsum(1 / (1 + np.exp(-np.clip(ranked, -50, 50))))
    # Each of them is likelier a member than not: a mean of many sure ones would admit strangers.
    good = (right / np.arange(1, len(ranked) + 1) >= _TARGET) & (ranked > 0)
    good[:-1] &= ranked[:-1] > ranked[1:]  # equal ones stand on the same side
    last = np.flatnonzero(good)
    return float(ranked[last[-1]]) if len(last) else float("inf")
