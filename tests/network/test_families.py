"""Families of rankings beside plain loops and an exact chain, and the laws that they keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Graph, Node
from leeward.network._families.rankings import (
    FAMILIES,
    cosine,
    naive_bayes,
    pagerank,
    rankings,
    trust_ratio,
)
from leeward.network._families.walk import columns_of_walks
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._families_oracle import Oracle, walkers

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event

    Floats = npt.NDArray[np.float32]
    Seeds = tuple[npt.NDArray[np.int32], Floats]

names = pytest.mark.parametrize("name", FAMILIES)
by_touch = pytest.mark.parametrize("name", [name for name in FAMILIES if name != "co-sharing"])
"""Those that lead to an account by what it touched; the other one asks when it did."""


def complaints(rng: np.random.Generator, begin: int, count: int) -> list[Event]:
    """Complaints and answers by any account about any post."""
    return [
        event(
            "flag",
            begin + i,
            f"account/{rng.integers(10)}",
            target=f"post/{rng.integers(1, begin + 1)}",
        )
        for i in range(count)
    ]


def some_seeds(rng: np.random.Generator, graph: Graph, folds: int = 3) -> Seeds:
    """Nodes of any kind with weights of any sign."""
    count = min(5, len(graph.kind))
    seeds = rng.choice(len(graph.kind), count, replace=False).astype(np.int32)
    return seeds, rng.choice([-0.5, 0, 1, 1, 2], (count, folds)).astype(np.float32)


def of_accounts(graph: Graph, scores: Floats) -> dict[str, list[float]]:
    return {graph.name(node): scores[node].tolist() for node in graph.accounts().tolist()}


def at(graph: Graph, *accounts: str) -> npt.NDArray[np.int32]:
    return np.array([graph.find("account", name, HASHER) for name in accounts], np.int32)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Graph, Seeds]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, 100))
    graph = graph_of(random_events(rng, count), complaints(rng, count + 1, 5))
    return graph, some_seeds(rng, graph)


# --- beside the oracles ------------------------------------------------------------------------


@given(world=worlds())
def test_visits_are_those_of_the_chain(world: tuple[Graph, Seeds]) -> None:
    """In the last fold walkers begin at every account besides."""
    graph, (seeds, weights) = world
    everywhere = np.array([0, 0, 0.5], np.float32)
    actual = columns_of_walks(graph, seeds, weights, everywhere, rounds=60)
    for fold, column in enumerate(weights.T):
        restart = np.where(graph.kind == Node.ACCOUNT, everywhere[fold], 0).astype(float)
        restart[seeds] += column
        expected = walkers(graph, restart)[graph.accounts()]
        np.testing.assert_allclose(actual[:, fold], expected, atol=5e-5)


@given(world=worlds())
def test_few_rounds_leave_little_to_be_walked(world: tuple[Graph, Seeds]) -> None:
    graph, (seeds, weights) = world
    enough = columns_of_walks(graph, seeds, weights, rounds=60)
    soon = pagerank(graph, seeds, weights)[graph.accounts()]
    missing = np.abs(soon - enough).sum(axis=0)
    assert (missing <= 0.8**8 / 0.2 * np.abs(weights).sum(axis=0) + 1e-4).all()


@given(world=worlds())
def test_the_trust_ratio_is_that_of_two_walks(world: tuple[Graph, Seeds]) -> None:
    graph, (seeds, weights) = world
    people = graph.kind == Node.ACCOUNT
    nobody = np.zeros((len(seeds), 1), np.float32)
    everywhere = np.zeros(len(graph.kind), np.float32)
    everywhere[people] = columns_of_walks(graph, seeds, nobody, np.ones(1, np.float32))[:, 0]
    visits, actual = pagerank(graph, seeds, weights), trust_ratio(graph, seeds, weights)
    for fold, column in enumerate(weights.T):
        total = column[column > 0].sum() or np.inf
        share = visits[:, fold] * people.sum() / total
        expected = np.sign(share) * np.log1p(np.abs(share) / (everywhere + 5))
        np.testing.assert_allclose(actual[:, fold], expected, atol=1e-5)


@given(world=worlds())
def test_the_cosine_is_that_of_plain_loops(world: tuple[Graph, Seeds]) -> None:
    graph, (seeds, weights) = world
    actual, oracle = cosine(graph, seeds, weights), Oracle(graph)
    for fold, column in enumerate(weights.T.tolist()):
        expected = oracle.cosine(seeds.tolist(), column)
        np.testing.assert_allclose(actual[:, fold], expected, atol=1e-5)


@given(world=worlds())
def test_naive_bayes_is_that_of_plain_loops(world: tuple[Graph, Seeds]) -> None:
    graph, (seeds, weights) = world
    actual, oracle = naive_bayes(graph, seeds, weights), Oracle(graph)
    for fold, column in enumerate(weights.T.tolist()):
        expected = oracle.naive_bayes(seeds.tolist(), column)
        np.testing.assert_allclose(actual[:, fold], expected, atol=1e-4)


# --- folds -------------------------------------------------------------------------------------


@names
def test_a_fold_is_the_same_whatever_stands_beside_it(name: str) -> None:
    """Also where there are more folds than stand side by side."""
    rng = np.random.default_rng(3)
    graph = graph_of(random_events(rng, 200))
    seeds, weights = some_seeds(rng, graph, 19)
    together = FAMILIES[name](graph, seeds, weights)
    for fold in range(19):
        alone = FAMILIES[name](graph, seeds, weights[:, fold : fold + 1])
        np.testing.assert_array_equal(together[:, fold : fold + 1], alone)


def test_pagerank_of_two_sets_is_the_sum_of_theirs() -> None:
    rng = np.random.default_rng(4)
    graph = graph_of(random_events(rng, 200))
    seeds, weights = some_seeds(rng, graph, 2)
    both = pagerank(graph, seeds, weights.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(
        both[:, 0], pagerank(graph, seeds, weights).sum(axis=1), rtol=1e-4, atol=1e-6
    )


@names
def test_the_strength_of_all_weights_together_changes_no_cosine_and_no_ratio(name: str) -> None:
    rng = np.random.default_rng(5)
    graph = graph_of(random_events(rng, 200))
    seeds, weights = some_seeds(rng, graph)
    once, twice = (FAMILIES[name](graph, seeds, weights * by) for by in (1, 2))
    if name == "pagerank":
        np.testing.assert_array_equal(twice, once * 2)
    elif name != "naive Bayes":  # there a weight says how many seeds a seed stands for
        np.testing.assert_allclose(twice, once, rtol=1e-5)


def test_all_at_once_are_those_one_after_the_other() -> None:
    rng = np.random.default_rng(6)
    graph = graph_of(random_events(rng, 200))
    seeds, weights = some_seeds(rng, graph)
    found = rankings(graph, seeds, weights)
    assert list(FAMILIES) == list(found)
    for name, family in FAMILIES.items():
        np.testing.assert_array_equal(found[name], family(graph, seeds, weights))


def test_how_nodes_are_dealt_out_to_threads_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(8)
    graph = graph_of(random_events(rng, 600))
    seeds, weights = some_seeds(rng, graph)
    alone = rankings(graph, seeds, weights)
    monkeypatch.setattr("leeward.network._graph.parallel._SMALL", 0)
    for name, scores in rankings(graph, seeds, weights).items():
        np.testing.assert_array_equal(scores, alone[name])


@names
def test_scores_stand_by_node_and_nothing_leads_to_things(name: str) -> None:
    rng = np.random.default_rng(9)
    graph = graph_of(random_events(rng, 200))
    seeds, weights = some_seeds(rng, graph)
    scores = FAMILIES[name](graph, seeds, weights)
    assert scores.dtype == np.float32
    assert scores.shape == (len(graph.kind), 3)
    assert not scores[graph.kind != Node.ACCOUNT].any()
    assert np.isfinite(scores).all()


@names
def test_from_nowhere_nothing_leads_anywhere(name: str) -> None:
    graph = graph_of(random_events(np.random.default_rng(10), 200))
    nobody = np.empty(0, np.int32)
    assert not FAMILIES[name](graph, nobody, np.empty((0, 2), np.float32)).any()
    someone = np.array([0, 3], np.int32)
    assert not FAMILIES[name](graph, someone, np.zeros((2, 2), np.float32)).any()
    empty = FAMILIES[name](Graph.empty(HASHER), nobody, np.empty((0, 2), np.float32))
    assert empty.shape == (0, 2)


# --- what leads to an account ------------------------------------------------------------------


def harbour() -> list[Event]:
    """The seed makes, reposts, likes and follows; others do likewise, each in one way."""
    buoy, crane = (MediaRef(uri="picture/buoy"),), (MediaRef(uri="picture/crane"),)
    return [
        event("post", 1, "seed", "p/1", tags=("tide",), links=("link/1",), media=buoy),
        event("post", 2, "star", "p/2", media=crane),
        event("repost", 3, "seed", target="p/2"),
        event("post", 4, "gale", "p/4"),
        event("like", 5, "seed", target="p/4"),
        event("follow", 6, "seed", target="gale"),
        event("repost", 11, "reposter", target="p/2"),
        event("like", 12, "liker", target="p/4"),
        event("post", 13, "tagger", "p/13", tags=("tide",)),
        event("post", 14, "linker", "p/14", links=("link/1",)),
        event("post", 15, "copier", "p/15", media=buoy),
        event("post", 16, "copier of a repost", "p/16", media=crane),
        event("follow", 17, "follower", target="seed"),
        event("repost", 18, "reposter of the seed", target="p/1"),
        event("post", 19, "bystander", "p/19"),
        *(event("post", 20 + n, f"crowd/{n}", f"p/{20 + n}") for n in range(20)),
    ]


@by_touch
def test_each_of_an_accounts_own_acts_leads_to_it(name: str) -> None:
    graph = graph_of(harbour())
    scores = of_accounts(graph, FAMILIES[name](graph, at(graph, "seed"), np.ones((1, 1), "f4")))
    led = {account for account, (score,) in scores.items() if score > 0}
    expected = {
        "reposter", "liker", "tagger", "linker", "copier", "copier of a repost", "follower",
        "reposter of the seed",
    }  # fmt: skip
    assert led - {"seed"} == expected


@names
def test_nothing_that_others_do_to_an_account_leads_to_it(name: str) -> None:
    """Ada's picture is reposted, copied, liked and flagged; she likes and reposts only her own."""
    picture = (MediaRef(uri="picture/lighthouse"),)
    graph = graph_of(
        [
            *harbour(),
            event("post", 50, "ada", "p/50", media=picture, tags=("lighthouse",)),
            event("repost", 51, "ada", target="p/50"),
            event("like", 52, "ada", target="p/50"),
            *(
                event(kind, 60 + 4 * i + j, actor, target="p/50")
                for i, actor in enumerate(["seed", "reposter", "copier"])
                for j, kind in enumerate(["repost", "like", "flag"])
            ),
            event("post", 80, "seed", "p/80", media=picture),
            event("post", 81, "seed", "p/81", reply_to="p/50", mentions=("ada",)),
            event("follow", 82, "seed", target="ada"),
        ]
    )
    scores = FAMILIES[name](graph, at(graph, "seed", "copier"), np.eye(2, dtype=np.float32))
    assert of_accounts(graph, scores)["ada"] == [0, 0]


@pytest.mark.parametrize("name", ["cosine", "naive Bayes"])
def test_a_repost_of_a_copy_is_no_evidence_against_the_copier(name: str) -> None:
    """The seed knows the picture only from ben's post; cleo, who copied it too, is led to."""
    picture = (MediaRef(uri="picture/lighthouse"),)
    graph = graph_of(
        [
            event("post", 1, "ada", "p/1", media=picture),
            event("post", 2, "ben", "p/2", media=picture),
            event("repost", 3, "seed", target="p/2"),
            event("post", 4, "cleo", "p/4", media=picture),
            *(event("post", 20 + n, f"crowd/{n}", f"p/{20 + n}") for n in range(20)),
        ]
    )
    found = of_accounts(graph, FAMILIES[name](graph, at(graph, "seed"), np.ones((1, 1), "f4")))
    assert found["ben"] == [0]
    assert found["cleo"][0] > 0
    assert found["ada"] == [0]


@names
@given(seed=st.integers(0, 2**32))
def test_a_flag_moves_nobody(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, 60)
    graph = graph_of(events)
    people = [graph.name(node) for node in graph.accounts().tolist()]
    posts = [e.object for e in events if e.kind == "post"]
    if not posts:
        return
    flags = [
        event("flag", 100 + i, str(rng.choice(people)), target=str(rng.choice(posts)))
        for i in range(8)
    ]
    flagged = graph_of(events, flags)
    seeds, weights = some_seeds(rng, graph)
    before, after = (FAMILIES[name](g, seeds, weights) for g in (graph, flagged))
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-6)  # up to float32


@by_touch
def test_an_innocent_seed_takes_away_what_an_offending_one_gives(name: str) -> None:
    graph = graph_of(harbour())
    seeds = at(graph, "seed", "reposter")
    one = FAMILIES[name](graph, seeds, np.array([[1, 1], [0, -1]], np.float32))
    copier, star = at(graph, "copier", "copier of a repost")
    assert one[copier, 1] > 0
    assert one[star, 1] < one[star, 0]


@by_touch
def test_the_author_of_a_post_that_is_a_seed_is_led_to(name: str) -> None:
    """Who made it did so by an own act."""
    graph = graph_of(harbour())
    post = np.array([graph.find("post", "p/2", HASHER)], np.int32)
    scores = of_accounts(graph, FAMILIES[name](graph, post, np.ones((1, 1), "f4")))
    led = {account for account, (score,) in scores.items() if score > 0}
    assert {"star", "reposter", "seed", "copier of a repost"} <= led
    assert "bystander" not in led
