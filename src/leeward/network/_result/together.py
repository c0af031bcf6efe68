"""Sharing the same things within moments of each other, as evidence beside the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._graph.acts import Act, Node
from leeward.network._graph.order import met
from leeward.network._touches.coshare import Shares, co_shares
from leeward.network._touches.times import fineness, seconds_known
from leeward.network._types import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.network._graph.csr import Int32
    from leeward.network._graph.graph import Graph

__all__ = ["WINDOW", "shares_of", "together"]

WINDOW: Final = 60
"""Seconds."""

_SHARED: Final = (Node.MEDIA, Node.TAG, Node.LINK)


def together(graph: Graph, accounts: Sequence[int], seeds: frozenset[int]) -> dict[int, Evidence]:
    """For accounts that shared two things or more within a minute of a seed: what and with whom.

    The weight of this evidence is 0: it stands beside the score and is no part of it.

    Args:
        graph: The interaction graph.
        accounts: The accounts to look at, seeds among them.
        seeds: Nodes that are offending seeds.
    """
    shares = shares_of(graph, np.array(sorted({*accounts}), np.int32))
    pairs = co_shares(*shares, window=WINDOW * 1_000_000, repeated=2)
    best: dict[int, tuple[int, int, int]] = {}

    def strength(found: tuple[int, int, int]) -> tuple[int, int, tuple[int, ...]]:
        """Most things, then least time apart, then the seed that the log met first."""
        things, gap, other = found
        return -things, gap, met(graph, other)

    for a, b, things, gap in zip(
        pairs.a.tolist(), pairs.b.tolist(), pairs.things.tolist(), pairs.closest.tolist(),
        strict=True,
    ):  # fmt: skip
        for account, other in ((a, b), (b, a)):
            if other in seeds:
                found = things, gap, other
                best[account] = min(best.get(account, found), found, key=strength)
    return {
        account: Evidence(
            "co-shared",
            graph.subject(other),
            0.0,
            f"shared {things} of the same things as seed {_short(graph.name(other))} within "
            f"{WINDOW} seconds of it, the closest {gap // 1_000_000} s apart",
        )
        for account, (things, gap, other) in best.items()
    }


def shares_of(graph: Graph, accounts: Int32) -> Shares:
    """What some accounts shared and when: posts they reposted, and what their own posts carry.

    Each account shares a thing once at a time; communities are no things to share. What was
    shared at a time that is only known to the minute, the hour or the day is left out.
    """
    acts = graph.out.edges(accounts)
    reposts, own = (acts.chosen(acts.act == act) for act in (Act.REPOSTED, Act.AUTHORED))
    carried = graph.out.edges(own.target).target
    of_post = np.repeat(np.arange(len(own.target)), graph.out.degrees_of(own.target))
    shown = np.isin(graph.kind[carried], _SHARED)
    carried, of_post = carried[shown], of_post[shown]
    rows = np.unique(
        np.stack(
            [
                np.concatenate([reposts.source, own.source[of_post]]).astype(np.int64),
                np.concatenate([reposts.target, carried]).astype(np.int64),
                np.concatenate([reposts.at, own.at[of_post]]).astype(np.int64) * 1_000_000,
            ]
        ),
        axis=1,
    )
    seconds = (rows[2] // 1_000_000).astype(np.uint32)
    rows = rows[:, seconds_known(seconds, fineness(graph)) == 1]
    return Shares(rows[0].astype(np.int32), rows[1].astype(np.int32), rows[2])


def _short(name: str) -> str:
    """A name as it is shown: without the scheme of a URI, so that nothing makes a link of it."""
    return name.partition("://")[2] or name
