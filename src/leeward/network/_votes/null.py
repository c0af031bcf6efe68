"""Whether seeds have more in common than any accounts have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._graph.order import in_order
from leeward.network._statistics.chance import least_likely
from leeward.network._votes.lean import like, standing

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.ways import Ways

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]

__all__ = ["drawn", "least_of", "nothing_in_common", "placebo"]

_SETS: Final = 3
_MOST: Final = 10
"""Accounts in a set of placebo seeds."""
_FEWEST: Final = 4
"""Accounts to compare with, at least."""
_DEVIATIONS: Final = 2.33
"""One-sided, one in a hundred."""
_CHANCE: Final = 0.01
_RANKINGS: Final = 5
"""As many are compared, co-sharing left out."""
_FAR: Final = 2.0
"""So many times as far from the middle, one set of placebo seeds is enough to tell."""


def nothing_in_common(
    graph: Graph, touches: Touches, ways: Ways, members: Int32, best: float
) -> str | None:
    """Why to abstain, in words; None where there is a signal.

    Accounts drawn from everybody who is about as active are taken for seeds, and each is hidden
    once. Where they find each other as well as the real seeds do, what the real ones have in
    common is what anybody has.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        ways: Where votes come from.
        members: The seeds.
        best: The best standing of the hidden seeds among all rankings.
    """
    sets = drawn(graph, touches, members)
    if not sets:
        return (
            "there are too few other accounts that posted, reposted or liked what somebody else "
            "did, too, to tell whether the seeds have more in common than anybody has. (To follow "
            "or to answer somebody is none of these.) A longer log may help."
        )
    if len(sets[0]) == _MOST:  # where seeds stand far beyond what chance makes likely, one will do
        logs = placebo(ways, sets[:1])
        if best < least_of(logs, len(members), _FAR * _DEVIATIONS, _RANKINGS):
            return None
    logs = placebo(ways, sets)
    if best < least_of(logs, len(members), rankings=_RANKINGS):
        return None
    middle = float(logs.mean())
    return (
        "the seeds have no more in common than accounts drawn at random: hidden one after the "
        f"other, {_compared(1 - np.exp(best), 1 - np.exp(middle))}. Either they do not belong "
        "together, or what they share is not in the log. More confirmed accounts, pictures or "
        "hashtags may help."
    )


def _compared(seeds: float, random: float) -> str:
    """What both stand above, in words that nobody reads as a success of the seeds."""
    no, spread = "no", ""
    if seeds > random:
        no, spread = "not clearly", ", with a spread that covers the difference"
    return (
        f"the seeds stood {no} higher among like accounts (above {seeds:.0%} of them on average) "
        f"than accounts drawn at random do ({random:.0%}{spread})"
    )


def placebo(ways: Ways, sets: list[Int64]) -> Doubles:
    """The log shares of like accounts above random seeds, each found by the others of its set.

    Args:
        ways: Where votes come from.
        sets: The seeds, from :func:`drawn`.
    """
    if not sets:
        return np.empty(0)
    ways.ahead(np.unique(np.concatenate(sets)))
    found = []
    for chosen in sets:
        shares = ways.shares(chosen, np.ones(len(chosen)), chosen.astype(np.int32)).values()
        found.append(min(shares, key=standing))  # the real seeds may choose their way, too
    logs: Doubles = np.log(np.concatenate(found))
    return logs


def least_of(
    logs: Doubles, members: int, deviations: float = _DEVIATIONS, rankings: int = 1
) -> float:
    """Below which standing so many seeds have more in common than anybody has.

    It is never higher than what the best of so many rankings reaches by chance alone: random seeds
    to whom nothing leads all stand in the middle, and their spread says too little.

    Args:
        logs: The log shares of like accounts above random seeds.
        members: How many seeds.
        deviations: How many standard errors below their mean.
        rankings: Of how many the standing is the best.
    """
    spread = float(logs.mean() - deviations * logs.std() / np.sqrt(members))
    return min(spread, -least_likely(members, _CHANCE / rankings) / members)


def drawn(graph: Graph, touches: Touches, members: Int32) -> list[Int64]:
    """Sets of accounts that may be taken for the members; none where there are too few others.

    Who is drawn depends on the order in which the log met them, and not on the numbers of their
    nodes.
    """
    activity = touches.by_account.degrees()
    rng = np.random.default_rng(len(activity))
    others = np.setdiff1d(np.flatnonzero(activity > 0), members)
    if len(others) < _FEWEST:
        return []
    low, high = float(activity[members].min()), max(float(activity[members].max()), 1.0)
    near = others[like(activity, low, high)[others]]
    while len(near) < _FEWEST:  # nobody else is just as active
        low, high = low / 2, high * 2
        near = others[like(activity, low, high)[others]]
    near = touches.account_at[in_order(graph, touches.accounts[near])]
    count = min(_MOST, len(members), len(near))
    return [np.sort(rng.choice(near, count, replace=False)).astype(np.int64) for _ in range(_SETS)]
