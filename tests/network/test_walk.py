"""The walk beside an explicit Markov chain, solved exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Graph, Node, WalkSettings
from leeward.network._paths import paths
from leeward.network._steps import steps_of
from leeward.network._walk import walk
from tests.network._chain import transitions, visits
from tests.network._events import HASHER, event, graph_of, random_events

CLOSE = WalkSettings(tolerance=1e-7, rounds=400)


def restart_at(graph: Graph, *nodes: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    restart = np.zeros(len(graph.kind), np.float32)
    restart[list(nodes)] = 1 / len(nodes)
    return restart


@given(seed=st.integers(0, 2**32), count=st.integers(1, 120), starts=st.integers(1, 3))
def test_visits_equal_those_of_the_chain(seed: int, count: int, starts: int) -> None:
    rng = np.random.default_rng(seed)
    graph = graph_of(random_events(rng, count))
    if not len(graph.kind):
        return
    restart = restart_at(graph, *rng.integers(len(graph.kind), size=starts).tolist())
    walked = walk(graph, steps_of(graph, CLOSE), restart, CLOSE)
    expected = visits(graph, restart.astype(np.float64), CLOSE)
    actual = np.concatenate([walked.visits.x, walked.visits.y])
    np.testing.assert_allclose(actual, expected, atol=2e-6)


@given(seed=st.integers(0, 2**32), count=st.integers(1, 80))
def test_the_best_way_is_the_most_probable_of_all(seed: int, count: int) -> None:
    """Dijkstra over minus the logarithms of the same chain."""
    from scipy.sparse.csgraph import dijkstra

    rng = np.random.default_rng(seed)
    graph = graph_of(random_events(rng, count))
    if not len(graph.kind):
        return
    start = int(rng.integers(len(graph.kind)))
    chain = transitions(graph, CLOSE, together=False)
    if not chain.nnz:
        return
    lengths = chain.copy()
    # A step of probability 1 has a length of 0, which scipy takes for no step at all.
    lengths.data = np.maximum(-np.log(chain.data * (1 - CLOSE.restart)), 1e-12)
    n = len(graph.kind)
    starts = [start, n + start] if graph.kind[start] == Node.POST else [start]
    ways = np.exp(-dijkstra(lengths, indices=starts).min(axis=0))
    expected = np.concatenate([np.maximum(ways[:n], ways[2 * n :]), ways[n : 2 * n]])
    found = paths(graph, steps_of(graph, CLOSE), restart_at(graph, start), CLOSE)
    actual = np.concatenate([found.x, found.y])
    near = expected > 0.8**12  # what lies within reach for certain
    np.testing.assert_allclose(actual[near], expected[near], rtol=1e-4)
    assert (actual <= expected * (1 + 1e-4)).all()


def test_what_others_do_with_somebodys_posts_leads_nobody_to_their_author() -> None:
    """Ada's picture is reposted and copied by the seed; ada herself did nothing."""
    from leeward.model import MediaRef

    picture = (MediaRef(uri="picture/lighthouse"),)
    graph = graph_of(
        [
            event("post", 1, "ada", "post/1", media=picture),
            event("repost", 2, "seed", target="post/1"),
            event("post", 3, "seed", "post/3", media=picture),
            event("like", 4, "seed", target="post/1"),
            event("follow", 5, "seed", target="ada"),
            event("post", 6, "seed", "post/6", reply_to="post/1", mentions=("ada",)),
            event("repost", 7, "ben", target="post/1"),
            event("post", 8, "cleo", "post/8", media=picture),
        ]
    )
    at = {name: graph.find("account", name, HASHER) for name in ("ada", "seed", "ben", "cleo")}
    settings = WalkSettings()
    walked = walk(graph, steps_of(graph, settings), restart_at(graph, at["seed"] or 0), settings)
    assert walked.visits.x[at["ada"]] == 0
    assert walked.visits.x[at["ben"]] > 0
    assert walked.visits.x[at["cleo"]] > 0


@pytest.mark.parametrize("act", ["reply", "flag"])
def test_neither_a_reply_nor_a_flag_leads_anywhere(act: str) -> None:
    answer = (
        event("post", 2, "ben", "post/2", reply_to="post/1", root="post/1")
        if act == "reply"
        else event("flag", 2, "ben", target="post/1")
    )
    graph = graph_of([event("post", 1, "seed", "post/1"), answer])
    seed, ben = (graph.find("account", name, HASHER) for name in ("seed", "ben"))
    walked = walk(graph, steps_of(graph, CLOSE), restart_at(graph, seed or 0), CLOSE)
    assert walked.visits.x[ben] == 0


def test_an_innocent_seed_takes_away_what_an_equal_offender_gives() -> None:
    graph = graph_of(random_events(np.random.default_rng(5), 60))
    steps = steps_of(graph, CLOSE)
    one, other = restart_at(graph, 0), restart_at(graph, 1)
    both = walk(graph, steps, one - other, CLOSE).visits.x
    alone = [walk(graph, steps, seed, CLOSE).visits.x for seed in (one, other)]
    np.testing.assert_allclose(both, alone[0] - alone[1], atol=2e-6)


def test_a_walk_from_nowhere_ends_at_once() -> None:
    graph = graph_of(random_events(np.random.default_rng(5), 60))
    walked = walk(graph, steps_of(graph, CLOSE), np.zeros(len(graph.kind), np.float32), CLOSE)
    assert walked.rounds == 0
    assert not walked.visits.x.any()


def test_how_nodes_are_dealt_out_to_threads_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small graph is walked by one thread; here, then, by several, range by range."""
    graph = graph_of(random_events(np.random.default_rng(8), 600))
    restart = restart_at(graph, 0, 5, 9)

    def all_of() -> list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
        steps = steps_of(graph, CLOSE)
        visits = walk(graph, steps, restart, CLOSE).visits
        return [*steps, *visits, *paths(graph, steps, restart, CLOSE)]

    alone = all_of()
    monkeypatch.setattr("leeward.network._parallel._SMALL", 0)
    for expected, actual in zip(alone, all_of(), strict=True):
        np.testing.assert_array_equal(actual, expected)
