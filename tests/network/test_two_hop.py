"""Clicking from repost to repost, beside a walk over sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Act, Graph
from leeward.network._families.two_hop import two_hops
from tests.network._events import HASHER, event, graph_of, random_events

if TYPE_CHECKING:
    from leeward.model import Event


def by_sets(events: list[Event], seeds: set[str]) -> set[str]:
    """Two hops over who posted or reposted the same posts, from the events themselves."""
    posts: dict[str, set[str]] = {}
    for e in events:
        if e.kind in ("post", "repost"):
            post = e.object if e.kind == "post" else str(e.target)
            posts.setdefault(post, set()).add(e.actor)
    reached = set(seeds)
    for _ in range(2):
        reached = reached.union(*(people for people in posts.values() if people & reached))
    return reached - seeds


def names(graph: Graph, seeds: set[str]) -> set[str]:
    nodes = [graph.find("account", seed, HASHER) for seed in sorted(seeds)]
    reached = two_hops(graph, np.array(nodes, np.int32))
    assert len(set(reached.tolist())) == len(reached)
    return {graph.name(node) for node in reached.tolist()}


@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), starts=st.integers(0, 3))
def test_it_reaches_whom_a_walk_over_sets_reaches(seed: int, count: int, starts: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    graph = graph_of(events)
    seeds = {graph.name(int(node)) for node in rng.choice(graph.accounts(), starts)}
    assert by_sets(events, seeds) == names(graph, seeds)


def test_likes_replies_and_follows_lead_nowhere() -> None:
    graph = graph_of(
        [
            event("post", 1, "ada", "p/1"),
            event("like", 2, "ben", target="p/1"),
            event("post", 3, "cleo", "p/3", reply_to="p/1", root="p/1", mentions=("ada",)),
            event("follow", 4, "dan", target="ada"),
            event("flag", 5, "emil", target="p/1"),
        ]
    )
    assert {Act.LIKED, Act.REPLIED, Act.FOLLOWED, Act.FLAGGED} < set(graph.out.act.tolist())
    assert names(graph, {"ada"}) == set()


def test_it_ends_after_two_hops() -> None:
    graph = graph_of(
        [event("post", n, f"boat/{n}", f"p/{n}") for n in range(1, 6)]
        + [event("repost", 10 + n, f"boat/{n}", target=f"p/{n - 1}") for n in range(2, 6)]
    )
    assert names(graph, {"boat/1"}) == {"boat/2", "boat/3"}


def test_it_accuses_the_author_of_what_a_seed_reposted() -> None:
    """Which is why it is a yardstick and no method."""
    graph = graph_of([event("post", 1, "dora", "p/1"), event("repost", 2, "ada", target="p/1")])
    assert names(graph, {"ada"}) == {"dora"}
