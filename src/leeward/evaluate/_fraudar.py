"""FRAUDAR, a peer: the densest blocks of accounts and posts, found without any seed.

Hooi, Song, Beutel, Shah, Shin and Faloutsos, "FRAUDAR: Bounding Graph Fraud in the Face of
Camouflage" (KDD 2016). An edge from an account to a post that ``x`` accounts touched weighs
``1 / log(x + 5)``. Taking away, again and again, the node with the least weight of edges that are
left, one passes by a set whose weight a node is at least half of the greatest possible. Its edges
are taken away, and the next block is sought among the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.model import kernel
from leeward.network import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network import Graph

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Block", "Fraudar", "fraudar"]

_OFFSET: Final = 5.0
"""The paper's constant in the weight of an edge."""
_UNIT: Final = 2**32
"""Weights are whole numbers of this part: sums are exact, so equal ones stay equal."""


class Block(NamedTuple):
    """A dense block.

    Attributes:
        accounts: Their nodes, in rising order.
        items: The nodes of posts and pictures.
        density: The weight of the edges among them over how many nodes there are.
    """

    accounts: Int32
    items: Int32
    density: float


class Fraudar(NamedTuple):
    """What FRAUDAR says.

    Attributes:
        blocks: In the order in which they were found.
        scores: (nodes) float64. Of an account the sum, over the blocks that it stands in, of the
            block's density and of the account's own share of the edges' weight there, the latter
            scaled below the former; 0 for all other nodes.
    """

    blocks: tuple[Block, ...]
    scores: Doubles


def fraudar(graph: Graph, blocks: int = 5) -> Fraudar:
    """Find dense blocks of accounts, and posts and pictures that they made, reposted or liked.

    A picture is touched by who made or reposted a post with it. Needs no seeds.

    Args:
        graph: The interaction graph.
        blocks: How many are sought at most; fewer are found where no edges are left.

    Raises:
        UsageError: ``blocks`` is below 1.
    """
    if blocks < 1:
        raise UsageError("at least one block is sought", where="blocks", hint="give 1 or more")
    account, item = _touches(graph)
    left = np.ones(len(account), np.bool_)
    degree = np.bincount(item, minlength=len(graph.kind))
    weight = np.rint(_UNIT / np.log(degree + _OFFSET)).astype(np.int64)
    found: list[Block] = []
    scores = np.zeros(len(graph.kind))
    while len(found) < blocks and left.any():
        block, share = _densest(graph, account[left], item[left], weight)
        found.append(block)
        inside = np.zeros(len(graph.kind), np.bool_)
        inside[block.accounts] = inside[block.items] = True
        left &= ~(inside[account] & inside[item])
        members = share[block.accounts]
        scores[block.accounts] += block.density * (1 + members / (1 + members))
    return Fraudar(tuple(found), scores)


def _touches(graph: Graph) -> tuple[Int32, Int32]:
    """Accounts and the posts and pictures that they touched, each pair once."""
    count = np.int64(len(graph.kind))
    source = np.repeat(np.arange(count), graph.out.degrees())
    acted = graph.out.act <= Act.LIKED
    account, post, act = source[acted], graph.out.node[acted], graph.out.act[acted]
    shown = act <= Act.REPOSTED
    begin, length = graph.out.start[post[shown]], graph.out.degrees()[post[shown]]
    edge = np.repeat(begin - np.cumsum(length) + length, length) + np.arange(length.sum())
    thing, who = graph.out.node[edge], np.repeat(account[shown], length)
    media = graph.kind[thing] == Node.MEDIA
    pairs = np.concatenate([account * count + post, who[media] * count + thing[media]])
    pairs = np.unique(pairs)
    return (pairs // max(count, 1)).astype(np.int32), (pairs % max(count, 1)).astype(np.int32)


def _densest(graph: Graph, account: Int32, item: Int32, weight: Int64) -> tuple[Block, Doubles]:
    """The densest block that greedy peeling passes by, and each node's weight of edges in it."""
    ends = np.concatenate([account, item])
    nodes, place = np.unique(ends, return_inverse=True)
    order = np.argsort(place, kind="stable")
    other = np.concatenate([place[len(account) :], place[: len(account)]])[order]
    weights = np.concatenate([weight[item], weight[item]])[order]
    start = np.zeros(len(nodes) + 1, np.int64)
    start[1:] = np.cumsum(np.bincount(place, minlength=len(nodes)))
    taken, density = _peel(start, other, weights)
    kept = nodes[taken]
    inside = np.zeros(len(graph.kind), np.bool_)
    inside[kept] = True
    among = inside[account] & inside[item]
    loads: Doubles = weight[item[among]] / _UNIT
    share: Doubles = np.bincount(account[among], loads, len(graph.kind)).astype(np.float64)
    people = graph.kind[kept] == Node.ACCOUNT
    return Block(kept[people], kept[~people], density / _UNIT), share


@kernel
def _peel(start: Int64, other: Int64, weights: Int64) -> tuple[Int64, float]:
    """Take away the lightest node until none is left; the densest set on the way, its density.

    The nodes stand in a binary heap that knows where each of them is, so that a node rises when
    it becomes lighter. Of two that are equally light the one of the lower number goes first.
    """
    count = len(start) - 1
    load = np.zeros(count, np.int64)
    for n in range(count):
        for e in range(start[n], start[n + 1]):
            load[n] += weights[e]
    total = load.sum() // 2
    heap, at = np.arange(count), np.arange(count)
    for place in range(count // 2 - 1, -1, -1):
        _sink(heap, at, load, place, count)
    order = np.empty(count, np.int64)
    best, best_left, size = -1.0, 0, count
    while size > 0:
        if total / size > best:
            best, best_left = total / size, size
        n = heap[0]
        order[count - size] = n
        size -= 1
        heap[0] = heap[size]
        at[heap[0]] = 0
        at[n] = -1
        _sink(heap, at, load, 0, size)
        total -= load[n]
        for e in range(start[n], start[n + 1]):
            if at[other[e]] >= 0:
                load[other[e]] -= weights[e]
                _rise(heap, at, load, at[other[e]])
    return np.sort(order[count - best_left :]), best


@kernel
def _sink(heap: Int64, at: Int64, load: Int64, place: int, size: int) -> None:
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and _before(load, heap[child + 1], heap[child]):
            child += 1
        if not _before(load, heap[child], heap[place]):
            return
        _swap(heap, at, place, child)
        place = child


@kernel
def _rise(heap: Int64, at: Int64, load: Int64, place: int) -> None:
    while place > 0 and _before(load, heap[place], heap[(place - 1) // 2]):
        _swap(heap, at, place, (place - 1) // 2)
        place = (place - 1) // 2


@kernel
def _before(load: Int64, a: int, b: int) -> bool:
    return bool(load[a] < load[b] or (load[a] == load[b] and a < b))


@kernel
def _swap(heap: Int64, at: Int64, a: int, b: int) -> None:
    heap[a], heap[b] = heap[b], heap[a]
    at[heap[a]] = a
    at[heap[b]] = b
