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
from leeward.network._betabinomial import Beta, log_ratios
from leeward.network._picks import likely_things, picks_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Int32
    from leeward.network._graph import Graph
    from leeward.network._picks import Picks
    from leeward.network._taint import Taint
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]

__all__ = ["Conduct", "Habit", "conduct_of"]

_SURE: Final = 0.3
"""Suspects at least so likely show how much members differ."""
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


def conduct_of(graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles) -> Conduct:
    """Judge all accounts.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
    """
    tainted = np.zeros(touches.acts.shape)
    picks = picks_of(graph, touches, taint, suspicion, likely_things(taint))
    _tainted_acts(picks, np.zeros(len(touches.things), np.int32), tainted)
    acts = touches.acts.astype(np.float64)
    members = np.clip(suspicion, 0, 1)
    habits = tuple(_habit(tainted[:, a], acts[:, a], members) for a in range(acts.shape[1]))
    parts = np.stack(
        [
            log_ratios(np.minimum(tainted[:, a], acts[:, a]), acts[:, a], *habit)
            for a, habit in enumerate(habits)
        ],
        axis=1,
    )
    return Conduct(tainted, parts, parts.sum(axis=1), habits)


def _habit(k: Doubles, n: Doubles, members: Doubles) -> Habit:
    """How members and others spend one kind of acts."""
    other = 1 - members
    rare = float((other * k).sum() / max((other * n).sum(), 1))
    rare = min(max(rare, 1e-7), 0.3)
    often = float((members * k).sum() / max((members * n).sum(), 1e-9))
    often = min(max(often, 3 * rare), 0.9)
    many = n >= _MANY
    return Habit(
        Beta.of(often, _concentration(often, k, n, members * (many & (members > _SURE)), 4.0)),
        Beta.of(rare, _concentration(rare, k, n, (many & (members < 0.1)).astype(np.float64), 50)),
    )


def _concentration(mean: float, k: Doubles, n: Doubles, weights: Doubles, default: float) -> float:
    """By moments: how much shares differ beyond what chance makes them (Williams 1982)."""
    some = weights > 0
    if some.sum() <= 5:
        return default
    k, n, weights = k[some], n[some], weights[some] / weights[some].sum()
    spread = float((weights * (k / n - mean) ** 2).sum())
    chance = float((weights * mean * (1 - mean) / n).sum())
    correlation = (spread - chance) / max(mean * (1 - mean) - chance, 1e-12)
    return 1 / float(np.clip(correlation, _LEAST_ALIKE, _MOST_ALIKE)) - 1


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
