"""How likely an account belongs to the network, by what it did itself.

Of the posts that a member made, reposted and liked, some share is tainted; of anybody else's a
far smaller one. Each account is compared with both, for each of the three acts: so many acts, so
many of them tainted. That is why a bot that reposts everything and came by six tainted posts among
three hundred reposts does not look like a member, who would have reposted fifty.

What an account itself added to a thing's taint is taken away before the thing speaks for it
(leave one out), and many acts on one picture, hashtag or link count as their square root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.picks import LEAST, likely_things, picks_of
from leeward.network._statistics.betabinomial import Beta, log_ratios

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.picks import Picks
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.csr import Int32
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]

__all__ = ["Conduct", "Habit", "conduct_of", "habit_of"]

_SURE: Final = 0.3
"""Suspects at least so likely show how much members differ."""
_HARDLY: Final = 0.1
"""Those less likely show how much others differ."""
_FEWEST: Final = 5
"""Accounts that show nothing of that yet, so few."""
_MANY: Final = 3
"""Acts of a kind that an account needs to show how much accounts differ."""
_LEAST_ALIKE, _MOST_ALIKE = 0.01, 0.1
"""Bounds of the correlation between acts of one account. Wrong suspects among the members would
make members look as different from each other as one likes."""


class Habit(NamedTuple):
    """The share of tainted acts among acts of one kind."""

    member: Beta
    other: Beta


class Conduct(NamedTuple):
    """The evidence of all accounts.

    Attributes:
        tainted: (accounts, 3) How many acts of each kind were on tainted things, each by its
            probability; repeats on one thing shrunk.
        parts: (accounts, 3) The log-likelihood ratio of each kind of acts.
        total: (accounts) Their sum.
        habits: By kind of act.
    """

    tainted: Doubles
    parts: Doubles
    total: Doubles
    habits: tuple[Habit, ...]


def conduct_of(
    graph: Graph,
    touches: Touches,
    taint: Taint,
    suspicion: Doubles,
    chances: Doubles | None = None,
) -> Conduct:
    """Judge all accounts.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        chances: ``taint.most``, if it is at hand.
    """
    # Columns one behind the other in memory: each kind of acts is gone through by itself.
    tainted = np.zeros(touches.acts.shape, order="F")
    likely = likely_things(taint) if chances is None else chances > LEAST
    picks = picks_of(graph, touches, taint, suspicion, likely)
    _tainted_acts(picks, np.zeros(len(touches.things), np.int32), tainted)
    acts = touches.acts.astype(np.float64, order="F")
    members = np.clip(suspicion, 0, 1)
    habits = tuple(habit_of(tainted[:, a], acts[:, a], members) for a in range(acts.shape[1]))
    parts = np.empty_like(tainted)
    total = np.zeros(len(members))
    for a, habit in enumerate(habits):
        parts[:, a] = log_ratios(np.minimum(tainted[:, a], acts[:, a]), acts[:, a], *habit)
        total += parts[:, a]
    return Conduct(tainted, parts, total, habits)


def habit_of(k: Doubles, n: Doubles, members: Doubles) -> Habit:
    """How members and others spend one kind of acts."""
    theirs, of_theirs, rest, of_rest = _sums(k, n, members)
    rare = min(max(rest / max(of_rest, 1), 1e-7), 0.3)
    often = min(max(theirs / max(of_theirs, 1e-9), 3 * rare), 0.9)
    return Habit(
        Beta.of(often, _concentration(often, *_spread(often, k, n, members, True), 4.0)),
        Beta.of(rare, _concentration(rare, *_spread(rare, k, n, members, False), 50.0)),
    )


def _concentration(
    mean: float, accounts: int, spread: float, chance: float, default: float
) -> float:
    """By moments: how much shares differ beyond what chance makes them (Williams 1982)."""
    if accounts <= _FEWEST:
        return default
    correlation = (spread - chance) / max(mean * (1 - mean) - chance, 1e-12)
    return 1 / float(np.clip(correlation, _LEAST_ALIKE, _MOST_ALIKE)) - 1


@kernel
def _sums(k: Doubles, n: Doubles, members: Doubles) -> tuple[float, float, float, float]:
    """The tainted acts and all acts of members, and those of others."""
    theirs = of_theirs = rest = of_rest = 0.0
    for i in range(len(k)):
        theirs += members[i] * k[i]
        of_theirs += members[i] * n[i]
        rest += (1 - members[i]) * k[i]
        of_rest += (1 - members[i]) * n[i]
    return theirs, of_theirs, rest, of_rest


@kernel
def _spread(
    mean: float, k: Doubles, n: Doubles, members: Doubles, of_members: bool
) -> tuple[int, float, float]:
    """How many accounts act often enough, how much their shares differ, and how much by chance."""
    accounts, weights, spread, chance = 0, 0.0, 0.0, 0.0
    for i in range(len(k)):
        if n[i] < _MANY or (members[i] <= _SURE if of_members else members[i] >= _HARDLY):
            continue
        weight = members[i] if of_members else 1.0
        accounts += 1
        weights += weight
        spread += weight * (k[i] / n[i] - mean) ** 2
        chance += weight * mean * (1 - mean) / n[i]
    return accounts, spread / max(weights, 1e-300), chance / max(weights, 1e-300)


@kernel
def _tainted_acts(picks: Picks, repeats: Int32, tainted: Doubles) -> None:
    """Add up the acts of each account; ``repeats`` is room for a number by thing, all 0."""
    start, thing, act, chance = picks.start, picks.thing, picks.act, picks.chance
    for i in range(len(start) - 1):
        for p in range(start[i], start[i + 1]):
            repeats[thing[p]] += 1
        for p in range(start[i], start[i + 1]):
            tainted[i, act[p]] += chance[p] / np.sqrt(repeats[thing[p]])
        for p in range(start[i], start[i + 1]):
            repeats[thing[p]] = 0
