"""A ranking by sharing the same things just after those who are confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.evaluate import ranking_measures
from leeward.network import Act, Graph, Node, search
from leeward.network._families.cosharing import CO_SHARING, _scores, co_sharing
from leeward.network._searching.portfolio import weights_of
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._quayside import Habit, alike

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network import Search

OWNER = "account/0"


def at_times(events: list[Event], seconds: list[int]) -> list[Event]:
    return [
        msgspec.structs.replace(e, at=s * 1_000_000, seen=10**12)
        for e, s in zip(events, seconds, strict=True)
    ]


def level_of(graph: Graph) -> npt.NDArray[np.float32]:
    """Two sets of witnesses."""
    names = [graph.name(node) for node in graph.accounts().tolist()]
    sets = {"account/1", "account/2"}, {"account/2", "account/3", "account/4"}
    return np.array([[name in one for one in sets] for name in names], np.float32)


def acts_of(graph: Graph) -> dict[int, list[tuple[int, int]]]:
    """By thing: who shared it, and when; the maker of a post among them."""
    acts: dict[int, list[tuple[int, int]]] = {}
    for account in graph.accounts().tolist():
        row = graph.out.row(account)
        for e in range(row.start, row.stop):
            post, at = int(graph.out.node[e]), int(graph.out.at[e])
            if graph.out.act[e] == Act.AUTHORED:
                acts.setdefault(post, []).append((account, at))
                carried = graph.out.edges(np.array([post], np.int32))
                for thing, when in zip(carried.target.tolist(), carried.at.tolist(), strict=True):
                    if graph.kind[thing] != Node.COMMUNITY:
                        acts.setdefault(thing, []).append((account, when))
            elif graph.out.act[e] == Act.REPOSTED and graph.author[post] != account:
                acts.setdefault(post, []).append((account, at))
    return acts


def began(graph: Graph, thing: int) -> int:
    if graph.kind[thing] == Node.POST:
        return int(graph.author[thing])
    row = graph.into.row(thing)
    posts = [int(graph.into.node[e]) for e in range(row.start, row.stop)]
    return int(graph.author[min(posts, key=lambda post: int(graph.first[post]))])


def by_loops(graph: Graph, witnesses: set[int]) -> dict[int, float]:
    """The scores of one round, by the definition."""
    theirs = {
        thing: done
        for thing, done in acts_of(graph).items()
        if len(done) > 1 and any(who in witnesses for who, _ in done)
    }
    every = [who for done in theirs.values() for who, _ in done]
    share = min(sum(who in witnesses for who in every) / max(len(every), 1), 0.5)
    best: dict[int, float] = dict.fromkeys(graph.accounts().tolist(), 0.0)
    for window in (10, 60):
        met, likely = dict.fromkeys(best, 0.0), dict.fromkeys(best, 0.25)
        for thing, done in theirs.items():
            for who, at in done:
                others = [w for w, t in done if w != who and at - window <= t < at]
                if who == began(graph, thing) or not others:
                    continue
                each = sum(w == who for w, _ in done) ** -0.5
                met[who] += each * any(w in witnesses for w in others)
                likely[who] += each * (1 - (1 - share) ** len(others))
        for who, k in met.items():
            if k > likely[who]:
                best[who] = max(best[who], k * np.log(k / likely[who]) - (k - likely[who]))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 120), st.sampled_from([100, 1_000]))
def test_it_is_what_loops_find(seed: int, count: int, span: int) -> None:
    rng = np.random.default_rng(seed)
    # No second is a whole minute, so that all are known.
    seconds = (60 * rng.integers(0, 1 + span // 60, count) + rng.integers(1, 60, count)).tolist()
    graph = graph_of(at_times(random_events(rng, count), seconds))
    level = level_of(graph)
    accounts = graph.accounts()
    for fold in range(2):
        alone = _scores(graph, level[:, fold : fold + 1])[:, 0]
        expected = by_loops(graph, {*accounts[level[:, fold] > 0].tolist()})
        np.testing.assert_allclose(alone, [expected[int(a)] for a in accounts], atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 100), st.integers(1, 3_000))
def test_what_others_do_later_does_not_lead_to_an_account(
    seed: int, count: int, shift: int
) -> None:
    rng = np.random.default_rng(seed)
    seconds = 60 * rng.integers(0, 20, count) + rng.integers(1, 60, count)
    events = random_events(rng, count)
    last = max((s for e, s in zip(events, seconds, strict=True) if e.actor == OWNER), default=0)
    moved = np.where(seconds > last, seconds + 60 * shift, seconds)

    def of_owner(when: list[int]) -> list[float]:
        graph = graph_of(at_times(events, when))
        node = graph.find("account", OWNER, HASHER)
        if node is None:
            return []
        scores = _scores(graph, level_of(graph))
        found: list[float] = scores[np.searchsorted(graph.accounts(), node)].tolist()
        return found

    assert of_owner(moved.tolist()) == of_owner(seconds.tolist())


def scores_of(*acts: tuple[str, int, str]) -> dict[str, float]:
    """From ada, of accounts that post under tags in some second."""
    events = [
        event("post", n, who, f"p/{n}", tags=(tag,), at=at * 1_000_000, seen=10**12)
        for n, (who, at, tag) in enumerate(acts, 1)
    ]
    graph = graph_of(events)
    ada = np.array([graph.find("account", "ada", HASHER)], np.int32)
    found = co_sharing(graph, ada, np.ones((1, 1), np.float32))
    return {graph.name(node): float(found[node, 0]) for node in graph.accounts().tolist()}


def test_who_shares_what_a_seed_shared_just_before_stands_high() -> None:
    begun = [("zoe", 1, f"tag{n}") for n in range(6)]
    ada = [("ada", 1_001 + 300 * n, f"tag{n}") for n in range(6)]
    ben = [("ben", 1_005 + 300 * n, f"tag{n}") for n in range(6)]
    before = [("cleo", 999 + 300 * n, f"tag{n}") for n in range(6)]
    late = [("dora", 1_101 + 300 * n, f"tag{n}") for n in range(6)]
    found = scores_of(*begun, *ada, *ben, *before, *late)
    assert found["ben"] > 1.5
    assert found["cleo"] == found["dora"] == found["zoe"] == 0


def test_two_who_are_always_there_meet_by_chance() -> None:
    """Busy accounts act each few seconds; one of them meets the seed no more than any other."""
    rng = np.random.default_rng(0)
    acts = [("zoe", 1, f"tag{n}") for n in range(5)]
    for n in range(400):
        who = ["ada", "busy/1", "busy/2", "busy/3"][int(rng.integers(4))]
        acts.append((who, 101 + 7 * n, f"tag{rng.integers(5)}"))
    acts += [("ben", at + 2, tag) for who, at, tag in acts if who == "ada"][:20]
    found = scores_of(*acts)
    assert found["ben"] > max(found[f"busy/{i}"] for i in (1, 2, 3))
    assert max(found[f"busy/{i}"] for i in (1, 2, 3)) < 1


@pytest.mark.parametrize("second", [60, 3_600])
def test_rounded_times_make_nobody_meet(second: int) -> None:
    graph = graph_of(alike("together", second=second))
    seeds = np.array([graph.find("account", f"ring/{i}", HASHER) for i in range(8)], np.int32)
    assert not co_sharing(graph, seeds, np.ones((8, 1), np.float32)).any()


def test_where_touching_leads_sharing_at_once_counts_one_half_at_most() -> None:
    worth = {"evidence": -4.0, "cosine": -3.9, CO_SHARING: -6.0}
    weights = weights_of(worth, 10)
    assert weights[CO_SHARING] == 0.5
    assert weights["evidence"] > weights["cosine"] > 0
    assert sum(weights.values()) == pytest.approx(1)
    assert weights_of({"evidence": -2.0, CO_SHARING: -6.0}, 10) == {CO_SHARING: 1}
    assert CO_SHARING not in weights_of({"evidence": -5.0, CO_SHARING: -4.0}, 10)


def searched(habit: Habit) -> Search:
    graph = graph_of(alike(habit))
    seeds = [graph.find("account", f"ring/{i}", HASHER) for i in range(8)]
    return search(graph, {node: 1.0 for node in seeds if node is not None})


def test_a_ring_that_only_shares_together_is_found() -> None:
    """Twenty repost the same posts within 30 s, as 200 others do at any time; eight are known."""
    found = searched("together")
    graph = found.kept.graph
    names = [graph.name(int(node)) for node in found.touches.accounts]
    open_ = np.array([name not in {f"ring/{i}" for i in range(8)} for name in names])
    ring = np.array([name.startswith("ring") for name in names])

    def precision(scores: npt.NDArray[np.floating]) -> float:
        found = ranking_measures(scores[open_].astype(np.float64), ring[open_], (10,))
        return found.average_precision or 0.0

    assert found.abstained is None
    assert precision(found.log_odds) > 0.95
    for name in ("evidence", "pagerank", "trust ratio", "cosine", "naive Bayes"):
        assert precision(found.families[name]) < 0.2, name


def test_where_a_ring_does_not_share_together_that_counts_nothing() -> None:
    found = searched("none")
    assert found.weights[CO_SHARING] == 0
    assert CO_SHARING not in found.worth
