"""How likely a thing belongs to what the seeds have in common: beside a computation by hand."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Act, Graph, Node, WalkSettings
from leeward.network._kinship import _INNOCENT, FLOOR, kinship
from tests.network._events import HASHER, event, graph_of, random_events

if TYPE_CHECKING:
    from leeward.model import Event

WEIGHTS = {Act.AUTHORED: 1.0, Act.REPOSTED: 0.75, Act.LIKED: 0.25}
SETTINGS = WalkSettings(
    authored=1.0, reposted=0.75, liked=0.25, seed=3.0, other=0.4, prior=4.0
)  # of a size at which nothing is certain
COMMON = (Node.MEDIA, Node.TAG, Node.LINK)


def by_hand(graph: Graph, seeds: dict[int, float]) -> dict[int, float]:
    """The probability of each node that is no account, from the formula in the docs."""
    acts = [
        (node, int(other), Act(act))
        for node in range(len(graph.kind))
        for other, act in zip(
            graph.out.node[graph.out.row(node)], graph.out.act[graph.out.row(node)], strict=True
        )
    ]
    sign = {node: 1 if weight > 0 else -_INNOCENT for node, weight in seeds.items()}

    def odds(strength: dict[int, float]) -> float:
        """Of something that accounts acted on, each as strongly as this."""
        ours = sum(sign.get(account, 0) * much for account, much in strength.items())
        return ours * 3.0 - (sum(strength.values()) - abs(ours)) * 0.4 - 4.0

    on: dict[int, dict[int, float]] = {}
    users: dict[int, dict[int, float]] = {}
    carried = [(post, thing) for post, thing, act in acts if act == Act.CARRIES]
    for account, post, act in acts:
        if act in WEIGHTS:
            strength = on.setdefault(post, {})
            strength[account] = max(strength.get(account, 0), WEIGHTS[act])
            if act != Act.LIKED:
                for thing in (t for p, t in carried if p == post and graph.kind[t] in COMMON):
                    users.setdefault(thing, {})[account] = 1.0
    touched = {post for post, strength in on.items() if seeds.keys() & strength.keys()}
    result = {post: odds(on[post]) for post in touched}
    result |= {
        t: odds(users.get(t, {})) for p, t in carried if p in touched and graph.kind[t] in COMMON
    }
    given = {n: weight * float("inf") for n, weight in seeds.items() if graph.kind[n]}
    result |= given
    for post, thing in carried:
        if thing in result and graph.kind[thing] in COMMON:
            result[post] = max(result.get(post, -float("inf")), result[thing])
    result |= given
    return {node: FLOOR + (1 - FLOOR) / (1 + exp(min(-much, 700))) for node, much in result.items()}


@given(seed=st.integers(0, 2**32), count=st.integers(1, 120), starts=st.integers(1, 5))
def test_it_is_what_the_formula_says(seed: int, count: int, starts: int) -> None:
    """Seeds are accounts mostly, but posts, tags and communities as well; some are innocent."""
    rng = np.random.default_rng(seed)
    graph = graph_of(random_events(rng, count))
    if not len(graph.kind):
        return
    accounts = graph.accounts()
    chosen = [
        int(rng.choice(accounts) if rng.random() < 0.7 else rng.integers(len(graph.kind)))
        for _ in range(starts)
    ]
    seeds = {node: float(rng.choice([0.5, -0.5], p=[0.75, 0.25])) for node in chosen}
    expected = np.full(len(graph.kind), FLOOR)
    for node, probability in by_hand(graph, seeds).items():
        expected[node] = probability
    things = graph.kind != Node.ACCOUNT
    np.testing.assert_allclose(kinship(graph, seeds, SETTINGS)[things], expected[things], rtol=1e-5)


def post(seq: int, actor: str, **other: object) -> Event:
    return event("post", seq, actor, f"post/{seq}", **other)


def found(graph: Graph, kind: str, name: str) -> int:
    node = graph.find(kind, name, HASHER)
    assert node is not None
    return node


def kin(graph: Graph, seeds: dict[str, float], kind: str, name: str) -> float:
    nodes = {found(graph, "account", account): sign for account, sign in seeds.items()}
    return float(kinship(graph, nodes, WalkSettings())[found(graph, kind, name)])


def test_what_one_seed_touches_tells_little_and_what_two_touch_tells_much() -> None:
    graph = graph_of(
        [post(1, "ada"), post(2, "ada"), event("repost", 3, "ben", target="post/1")]
        + [event("repost", n, f"crowd/{n}", target="post/2") for n in range(4, 300)]
        + [event("repost", 300, "ben", target="post/2")]
    )
    shared, crowded = (kin(graph, {"ada": 1, "ben": 1}, "post", f"post/{n}") for n in (1, 2))
    assert kin(graph, {"ada": 1}, "post", "post/1") < 0.01
    assert shared > 0.9
    assert crowded < 0.01


@pytest.mark.parametrize("kind", ["like", "repost"])
def test_nobody_counts_twice_for_one_post(kind: str) -> None:
    """Whoever reposts and likes what they made themselves is still one account."""
    once = graph_of([post(1, "ada")])
    again = graph_of([post(1, "ada"), event(kind, 2, "ada", target="post/1")])
    expected, actual = (kin(graph, {"ada": 1}, "post", "post/1") for graph in (once, again))
    assert expected == actual


def test_nobody_counts_twice_for_one_tag() -> None:
    once = graph_of([post(1, "ada", tags=("sail",)), post(2, "ben", tags=("sail",))])
    often = graph_of([post(n, "ada" if n < 50 else "ben", tags=("sail",)) for n in range(1, 51)])
    expected, actual = (kin(g, {"ada": 1, "ben": 1}, "tag", "sail") for g in (once, often))
    assert expected == actual


def test_an_innocent_seed_lowers_what_it_touches() -> None:
    graph = graph_of(
        [post(1, "ada"), *(event("repost", n, f"boat/{n}", target="post/1") for n in (2, 3, 4))]
    )
    offenders = {"ada": 1.0, "boat/2": 1.0}
    alone = kin(graph, offenders, "post", "post/1")
    beside = kin(graph, {**offenders, "boat/3": -1.0}, "post", "post/1")
    assert alone > beside


def test_a_thing_that_is_a_seed_is_certain_and_so_is_what_carries_it() -> None:
    graph = graph_of(
        [
            post(1, "ada", tags=("sail",), media=(MediaRef(uri="picture/pier"),)),
            post(2, "ben", tags=("sail",)),
            post(3, "cleo", tags=("sail",)),
        ]
    )
    tag, innocent = found(graph, "tag", "sail"), found(graph, "post", "post/3")
    likely = kinship(graph, {tag: 1.0, innocent: -1.0}, WalkSettings())
    names = ("post/1", "post/2", "post/3")
    assert [1, 1, FLOOR] == pytest.approx([likely[found(graph, "post", name)] for name in names])
    assert likely[tag] == 1
    assert likely[found(graph, "media", "picture/pier")] == pytest.approx(FLOOR)


def test_a_community_is_never_what_seeds_have_in_common() -> None:
    graph = graph_of([post(n, f"boat/{n}", community="the/quay") for n in range(1, 9)])
    seeds = {f"boat/{n}": 1.0 for n in range(1, 9)}
    assert kin(graph, seeds, "community", "the/quay") == pytest.approx(FLOOR)
    assert kin(graph, seeds, "post", "post/1") < 0.01
