"""What a few accounts share with each other: the lines of a picture of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from math import log2
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.network._graph.acts import Act, Node
from leeward.network._types import Tie

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leeward.network._graph.graph import Graph

__all__ = ["ties"]

_CROWD: Final = 200
"""A thing that more have touched ties nobody to anybody."""

_WORDS: Final = {
    Node.ACCOUNT: ("follow", "follows"),
    Node.POST: ("post", "posts"),
    Node.MEDIA: ("picture", "pictures"),
    Node.TAG: ("tag", "tags"),
    Node.LINK: ("link", "links"),
    Node.COMMUNITY: ("community", "communities"),
}
_SUPPORTING: Final = (Act.AUTHORED, Act.REPOSTED, Act.LIKED)


class _Shared(NamedTuple):
    """Something that two accounts share."""

    a: int
    b: int
    kind: Node
    weight: float


def ties(graph: Graph, accounts: Sequence[int]) -> tuple[Tie, ...]:
    """The ties among some accounts, by their places.

    A thing that both have touched adds ``1 / log2(1 + d)`` to the weight of a pair, ``d`` being
    how many acts it met with or how many posts carry it, two at least (after Adamic and Adar,
    "Friends and neighbors on the Web", 2003); a follow adds 1.

    Args:
        graph: The graph.
        accounts: Nodes; the ends of a tie are places in this.
    """
    weights: dict[tuple[int, int], float] = defaultdict(float)
    counts: dict[tuple[int, int], Counter[Node]] = defaultdict(Counter)
    for shared in (*_follows(graph, accounts), *_things(graph, accounts)):
        pair = shared.a, shared.b
        weights[pair] += shared.weight
        counts[pair][shared.kind] += 1
    return tuple(Tie(*pair, weights[pair], _words(counts[pair])) for pair in sorted(weights))


def _follows(graph: Graph, accounts: Sequence[int]) -> Iterator[_Shared]:
    place = {node: i for i, node in enumerate(accounts)}
    for node, i in place.items():
        row = graph.out.row(node)
        for other in graph.out.node[row][graph.out.act[row] == Act.FOLLOWED].tolist():
            if other in place and other != node:
                j = place[other]
                yield _Shared(min(i, j), max(i, j), Node.ACCOUNT, 1.0)


def _things(graph: Graph, accounts: Sequence[int]) -> Iterator[_Shared]:
    holders: dict[int, set[int]] = defaultdict(set)
    for i, node in enumerate(accounts):
        for thing in _touched(graph, node):
            holders[thing].add(i)
    degree = {
        thing: int(graph.into.start[thing + 1] - graph.into.start[thing]) for thing in holders
    }
    # Summed in the order of their weights, whatever the numbers of the nodes are.
    for thing in sorted(holders, key=lambda thing: degree[thing]):
        if degree[thing] <= _CROWD:
            kind, weight = Node(graph.kind[thing]), 1 / log2(1 + max(degree[thing], 2))
            for a, b in combinations(sorted(holders[thing]), 2):
                yield _Shared(a, b, kind, weight)


def _touched(graph: Graph, account: int) -> Iterator[int]:
    """The posts that an account made, reposted or liked, and what its own and reposted carry."""
    row = graph.out.row(account)
    for post, act in zip(graph.out.node[row].tolist(), graph.out.act[row].tolist(), strict=True):
        if act in _SUPPORTING:
            yield post
        if act in (Act.AUTHORED, Act.REPOSTED):
            yield from graph.out.node[graph.out.row(post)].tolist()


def _words(counts: Counter[Node]) -> str:
    return ", ".join(f"{n} {_WORDS[kind][n > 1]}" for kind, n in sorted(counts.items()))
