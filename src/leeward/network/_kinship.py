"""How likely a thing belongs to what the seeds have in common.

Nine tenths of what a member of a network does is ordinary, so what one seed touched tells little,
and what several touched while few others did tells much. The log-odds of a thing are::

    s * seed - (n - s) * other - prior

where ``n`` counts the accounts that acted on it, each by the weight of its strongest act, and
``s`` those of them that are seeds (innocent ones below zero). A post is at least as likely as the
likeliest thing that it carries, communities apart. The numbers were chosen on one simulated
platform; the docs say which, and what they are worth on others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.network._csr import Csr, Int32
    from leeward.network._graph import Graph
    from leeward.network._steps import WalkSettings

    Floats = npt.NDArray[np.float32]

__all__ = ["FLOOR", "kinship"]

FLOOR: Final = 1e-5
"""The probability of what no seed has touched."""

_INNOCENT: Final = 0.1
"""An innocent seed in ``s``, below zero. Bots, critics and passers-by touch what a network spreads,
so one of them says little against a thing."""

_REPOSTED: Final = int(Act.REPOSTED)
_COMMON: Final = (Node.MEDIA, Node.TAG, Node.LINK)


def kinship(graph: Graph, seeds: Mapping[int, float], settings: WalkSettings) -> Floats:
    """The probability of each node that is no account.

    Args:
        graph: The interaction graph.
        seeds: Nodes and their signs: above zero for offending ones, below for innocent ones.
        settings: The weights.

    Returns:
        float32 by node; a thing that is itself a seed has 1, or ``FLOOR`` if it is innocent.
    """
    member = np.zeros(len(graph.kind), np.float32)
    for node, weight in seeds.items():
        member[node] = 1 if weight > 0 else -_INNOCENT
    accounts = [node for node in seeds if graph.kind[node] == Node.ACCOUNT]
    posts = _posts_of(graph, accounts)
    things = _things_of(graph, posts)
    weights = (settings.seed, settings.other, settings.prior)
    odds = np.full(len(graph.kind), -np.inf)
    odds[posts] = _log_odds(*_touched(posts, graph.into, member, settings.acts()), *weights)
    odds[things] = _log_odds(*_used(things, graph.into, member), *weights)
    given = {node: weight for node, weight in seeds.items() if graph.kind[node] != Node.ACCOUNT}
    for node, weight in given.items():
        odds[node] = np.copysign(np.inf, weight)
    chosen = np.flatnonzero(np.isfinite(odds) | (odds > 0))
    for thing in chosen[np.isin(graph.kind[chosen], _COMMON)].tolist():
        carriers = graph.into.node[graph.into.row(thing)]
        odds[carriers] = np.maximum(odds[carriers], odds[thing])
    for node, weight in given.items():  # an innocent post stays one, whatever it carries
        odds[node] = np.copysign(np.inf, weight)
    kin: Floats = (FLOOR + (1 - FLOOR) / (1 + np.exp(-np.clip(odds, -50, 50)))).astype(np.float32)
    return kin


def _log_odds(
    seeds: npt.NDArray[np.float64],
    everybody: npt.NDArray[np.float64],
    seed: float,
    other: float,
    prior: float,
) -> npt.NDArray[np.float64]:
    odds: npt.NDArray[np.float64] = seeds * seed - (everybody - np.abs(seeds)) * other - prior
    return odds


def _posts_of(graph: Graph, accounts: list[int]) -> Int32:
    """The posts that some accounts made, reposted or liked."""
    found = [np.empty(0, np.int32)]
    for node in accounts:
        row = graph.out.row(node)
        found.append(graph.out.node[row][graph.out.act[row] <= Act.LIKED])
    return np.unique(np.concatenate(found))


def _things_of(graph: Graph, posts: Int32) -> Int32:
    """What some posts carry, communities apart."""
    rows = [graph.out.node[graph.out.row(post)] for post in posts.tolist()]
    things = np.unique(np.concatenate([np.empty(0, np.int32), *rows]))
    return things[np.isin(graph.kind[things], _COMMON)]


@kernel
def _touched(
    posts: Int32, into: Csr, member: Floats, acts: Floats
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """By post, the weights of the acts of seeds and of everybody: of an account, the strongest."""
    seeds, everybody = np.zeros(len(posts)), np.zeros(len(posts))
    for i in range(len(posts)):
        end = into.start[posts[i] + 1]
        strongest = np.float32(0)
        for e in range(into.start[posts[i]], end):
            account = into.node[e]
            strongest = max(strongest, acts[into.act[e]])
            if e + 1 == end or into.node[e + 1] != account:  # edges of an account stand together
                seeds[i] += strongest * member[account]
                everybody[i] += strongest
                strongest = np.float32(0)
    return seeds, everybody


@kernel
def _used(
    things: Int32, into: Csr, member: Floats
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """By thing, how many seeds and how many accounts posted or reposted it."""
    seeds, everybody = np.zeros(len(things)), np.zeros(len(things))
    seen = np.full(len(member), -1, np.int32)
    for i in range(len(things)):
        for e in range(into.start[things[i]], into.start[things[i] + 1]):
            post = into.node[e]
            for j in range(into.start[post], into.start[post + 1]):
                account = into.node[j]
                if into.act[j] <= _REPOSTED and seen[account] != i:
                    seen[account] = i
                    seeds[i] += member[account]
                    everybody[i] += 1
    return seeds, everybody
