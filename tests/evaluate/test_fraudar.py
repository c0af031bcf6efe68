"""FRAUDAR beside a naive greedy that looks at every node at each step."""

from __future__ import annotations

from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.evaluate._fraudar import fraudar
from leeward.model import MediaRef
from leeward.network import Act, Graph, Node
from tests.network._events import HASHER, event, graph_of, random_events

Pairs = set[tuple[int, int]]


def touches(graph: Graph) -> Pairs:
    """Accounts and the posts and pictures that they touched."""
    found: Pairs = set()
    for a in graph.accounts().tolist():
        row = graph.out.row(a)
        for post, act in zip(graph.out.node[row].tolist(), graph.out.act[row], strict=True):
            if act <= Act.LIKED:
                found.add((a, post))
            if act <= Act.REPOSTED:
                carried = graph.out.node[graph.out.row(post)].tolist()
                found |= {(a, t) for t in carried if graph.kind[t] == Node.MEDIA}
    return found


def greedy(pairs: Pairs, weight: dict[int, int]) -> set[int]:
    """Take away the lightest node, the first of several, and remember the densest set."""
    left = {node for pair in pairs for node in pair}
    best, most = set(left), Fraction(0)
    while left:
        load = dict.fromkeys(sorted(left), 0)
        for a, i in pairs:
            if a in left and i in left:
                load[a] += weight[i]
                load[i] += weight[i]
        density = Fraction(sum(load.values()), len(left))
        if density > most:
            best, most = {*left}, density
        left.remove(min(load, key=lambda node: load[node]))
    return best


@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_each_block_is_the_one_that_a_naive_greedy_finds(seed: int, count: int) -> None:
    """The edges of one block are not there for the next; their weights stay."""
    graph = graph_of(random_events(np.random.default_rng(seed), count))
    pairs = touches(graph)
    times = {i: sum(item == i for _, item in pairs) for _, i in pairs}
    weight = {i: round(2**32 / log(x + 5)) for i, x in times.items()}
    found = fraudar(graph, blocks=3)
    for block in found.blocks:
        nodes = {*block.accounts.tolist(), *block.items.tolist()}
        assert greedy(pairs, weight) == nodes
        inside = {(a, i) for a, i in pairs if a in nodes and i in nodes}
        density = sum(1 / log(times[i] + 5) for _, i in inside) / len(nodes)
        assert block.density == pytest.approx(density)
        pairs -= inside
    assert len(found.blocks) == 3 or not pairs


def quay() -> Graph:
    """Six accounts that all repost the same six posts, among thirty that each repost another."""
    picture = (MediaRef(uri="picture/1"),)
    events = [event("post", n, "harbour", f"p/{n}") for n in range(1, 7)]
    events += [
        event("repost", 10 * n + i, f"member/{i}", target=f"p/{n}")
        for n in range(1, 7)
        for i in range(6)
    ]
    events += [
        event("post", 100 + n, f"crowd/{n}", f"p/{100 + n}", media=picture if n == 1 else ())
        for n in range(30)
    ]
    events += [
        event("repost", 200 + n, f"crowd/{n}", target=f"p/{100 + (n + 1) % 30}") for n in range(30)
    ]
    return graph_of(events)


def test_a_group_that_shares_everything_is_the_first_block() -> None:
    graph = quay()
    found = fraudar(graph)
    names = {graph.name(node) for node in found.blocks[0].accounts.tolist()}
    assert names == {"harbour", *(f"member/{i}" for i in range(6))}
    assert found.blocks[0].density == pytest.approx(42 / log(7 + 5) / 13)


def test_scores_put_the_first_block_first_and_hold_nothing_but_accounts() -> None:
    graph = quay()
    found = fraudar(graph)
    first, others = (
        found.blocks[0].accounts,
        np.setdiff1d(graph.accounts(), found.blocks[0].accounts),
    )
    assert found.scores[first].min() > found.scores[others].max()
    assert not found.scores[graph.kind != Node.ACCOUNT].any()


def test_flags_and_replies_make_no_block_denser() -> None:
    graph = quay()
    more = graph_of(
        [
            event("flag", 300, "crowd/1", target="p/1"),
            event("post", 301, "crowd/2", "p/301", reply_to="p/1", root="p/1"),
        ],
        base=graph,
    )
    assert fraudar(more).blocks[0].density == pytest.approx(fraudar(graph).blocks[0].density)


def test_where_nothing_is_there_is_no_block() -> None:
    assert fraudar(Graph.empty(HASHER)).blocks == ()


def test_no_blocks_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError):
        fraudar(quay(), blocks=0)
