"""A search from seeds: what it finds, what it adds up, and when it keeps silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.evaluate import RING, open_world
from leeward.network import Graph, Search, Trait, search
from leeward.pipeline import ingest
from leeward.simulate import simulate
from leeward.store import Writer
from tests.network._events import HASHER, event, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.evaluate import World

    Bools = npt.NDArray[np.bool_]

SEEDS = 10
KNOWN = range(10, 10 + SEEDS)
"""The members of the harbour's ring that are seeds; those before them made its posts."""


def told(**traits: bool) -> dict[str, Any]:
    """What the platform says of an account."""
    return {"account": traits}


def node(graph: Graph, name: str, kind: str = "account") -> int:
    found = graph.find(kind, name, HASHER)
    assert found is not None
    return found


def place(graph: Graph, found: Search, name: str) -> int:
    return int(found.touches.account_at[node(graph, name)])


def ring(graph: Graph) -> dict[int, float]:
    return {node(graph, f"ring/{i}"): 1.0 for i in KNOWN}


# --- a simulated platform ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    simulate(folder / "platform", accounts=3_000, ring=90, seed=1)
    with Writer.open(folder / "data") as writer:
        ingest([folder / "platform" / "events.parquet"], writer)
    return open_world(folder, oracle=False)


@pytest.fixture(scope="module")
def seeds(world: World) -> dict[int, float]:
    """Ten of the half of the ring that did the most."""
    members = world.accounts[np.isin(world.roles, RING)]
    acts = np.diff(world.graph.out.start)[members]
    active = members[np.argsort(-acts, kind="stable")[: len(members) // 2]]
    chosen = np.random.default_rng(0).choice(active, SEEDS, replace=False)
    return dict.fromkeys(chosen.tolist(), 1.0)


@pytest.fixture(scope="module")
def found(world: World, seeds: dict[int, float]) -> Search:
    return search(world.graph, seeds)


def is_ring(world: World, found: Search) -> Bools:
    belongs = np.zeros(len(found.log_odds), np.bool_)
    belongs[found.touches.account_at[world.accounts[world.ring]]] = True
    return belongs


def test_ten_seeds_find_the_ring_far_above_chance(
    world: World, seeds: dict[int, float], found: Search
) -> None:
    assert found.abstained is None
    belongs = is_ring(world, found)
    others = ~np.isin(found.touches.accounts, list(seeds))
    ranked = belongs[others][np.argsort(-found.log_odds[others], kind="stable")]
    assert ranked.mean() < 0.03
    assert ranked[:25].mean() > 0.5
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    assert precision[ranked].mean() > 10 * ranked.mean()


def test_the_log_odds_are_the_sum_of_the_parts(found: Search) -> None:
    parts = list(found.parts)
    assert parts[0] == "base rate"
    assert parts[-1] == "priors"
    total = sum(found.parts.values(), np.zeros(len(found.log_odds)))
    assert found.log_odds.tolist() == pytest.approx(total.tolist(), abs=1e-12)
    assert found.probability.tolist() == pytest.approx((1 / (1 + np.exp(-total))).tolist())


def test_the_order_of_the_seeds_makes_no_difference(
    world: World, seeds: dict[int, float], found: Search
) -> None:
    again = search(world.graph, dict(reversed(seeds.items())))
    assert again.log_odds.tolist() == found.log_odds.tolist()
    assert again.line == found.line
    assert again.extent == found.extent
    assert again.weights == found.weights


def test_members_of_the_portfolio_count_by_what_they_are_worth(found: Search) -> None:
    assert set(found.worth) < set(found.weights) == set(found.families)
    assert sum(found.weights.values()) == pytest.approx(1)
    assert max(found.weights, key=found.weights.__getitem__) == min(
        found.worth, key=found.worth.__getitem__
    )
    assert min(found.worth.values()) < -2  # -1 is chance


def test_the_size_is_an_interval_that_holds_the_estimate(found: Search) -> None:
    extent = found.extent
    assert 1 <= extent.low <= extent.estimate <= extent.high <= len(found.log_odds) / 2


def test_what_the_seeds_found_of_their_own_is_told(found: Search) -> None:
    assert found.own is not None
    count, of, within = found.own
    assert of == SEEDS
    assert 0.8 * SEEDS <= count <= SEEDS
    assert str(within).rstrip("0") in ("1", "2", "5")


def test_minors_and_bots_are_asked_about_first(world: World, found: Search) -> None:
    traits = world.graph.traits[found.touches.accounts]
    shielded = (traits & (Trait.MINOR | Trait.BOT)) > 0
    assert shielded.any()
    assert found.asked_first[shielded].all()


def test_random_seeds_are_abstained_from_in_words(world: World) -> None:
    drawn = np.random.default_rng(5).choice(world.accounts[~world.ring], SEEDS, replace=False)
    nothing = search(world.graph, dict.fromkeys(drawn.tolist(), 1.0))
    assert nothing.abstained is not None
    assert "no more in common" in nothing.abstained
    assert nothing.line == np.inf


def test_three_seeds_have_no_line_and_make_no_claim(world: World, seeds: dict[int, float]) -> None:
    few = search(world.graph, dict(list(seeds.items())[:3]))
    assert few.line == np.inf
    assert few.own is None
    assert few.extent.high == len(few.log_odds) / 2
    assert sum(few.weights.values()) == pytest.approx(1)


def test_one_seed_is_hidden_from_nobody(world: World, seeds: dict[int, float]) -> None:
    one = search(world.graph, dict(list(seeds.items())[:1]))
    assert (one.line, one.own, one.path, one.worth) == (np.inf, None, (), {})
    assert {name for name, weight in one.weights.items() if weight} == {"evidence", "pagerank"}


# --- a platform made by hand -------------------------------------------------------------------


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(harbour())


@pytest.fixture(scope="module")
def harboured(platform: Graph) -> Search:
    return search(platform, ring(platform))


def test_a_clear_ring_stands_above_everybody_else(platform: Graph, harboured: Search) -> None:
    assert harboured.abstained is None
    members = [place(platform, harboured, f"ring/{i}") for i in range(MEMBERS)]
    others = np.delete(harboured.log_odds, members)
    above = [np.count_nonzero(others > harboured.log_odds[member]) for member in members]
    assert np.mean(np.array(above) <= 5) > 0.9


def test_of_those_at_the_line_99_of_100_are_expected_to_belong(
    platform: Graph, harboured: Search
) -> None:
    judged = ~harboured.asked_first
    judged[[place(platform, harboured, f"ring/{i}") for i in KNOWN]] = False
    above = harboured.probability[judged & (harboured.log_odds >= harboured.line)]
    assert len(above) > 5
    assert above.mean() >= 0.99
    assert above.min() > 0.5


def test_minors_bots_and_complainers_of_the_ring_are_asked_about_first() -> None:
    """All of the ring did the same; of three there is a reason to ask a person first."""
    events = [
        event("account", 1, "ring/20", "ring/20", extra=told(minor=True)),
        event("account", 2, "ring/21", "ring/21", extra=told(bot=True)),
    ]
    events += [msgspec.structs.replace(e, seq=(e.seq or 0) + 10) for e in harbour()]
    begin = len(events) + 100
    events += [event("flag", begin + i, "ring/22", target=f"post/tainted/{i}") for i in range(5)]
    graph = graph_of(events)
    found = search(graph, ring(graph))
    first = [bool(found.asked_first[place(graph, found, f"ring/{i}")]) for i in range(20, MEMBERS)]
    assert all(first[:3])
    assert not all(first[3:])
    assert found.parts["complained"][place(graph, found, "ring/22")] <= 0


def test_the_sign_of_a_weight_says_who_belongs(platform: Graph, harboured: Search) -> None:
    """A member that is said not to belong falls, and one that is said to belong rises."""
    doubted = ring(platform) | {node(platform, "ring/20"): -1.0, node(platform, "ring/21"): 1.0}
    found = search(platform, doubted)
    innocent, guilty = (place(platform, found, f"ring/{i}") for i in (20, 21))
    assert found.parts["priors"][innocent] == -found.parts["priors"][guilty] < 0
    assert found.log_odds[innocent] < harboured.log_odds[innocent]
    assert found.log_odds[guilty] > harboured.log_odds[guilty]
    assert found.suspicion[innocent] == 0
    assert found.suspicion[guilty] == 1


def test_a_prior_on_an_account_is_added_to_the_base_rate(
    platform: Graph, harboured: Search
) -> None:
    told_of = node(platform, "account/500")
    found = search(platform, ring(platform), priors={told_of: -1.5})
    at = int(found.touches.account_at[told_of])
    assert found.parts["priors"][at] == -1.5
    assert found.log_odds[at] == pytest.approx(harboured.log_odds[at] - 1.5, abs=1e-9)
    assert np.count_nonzero(found.parts["priors"]) == SEEDS + 1
    own = [name for name in found.parts if name not in ("base rate", "priors")]
    for name in own:  # too weak to be a conclusion: nobody else is judged otherwise
        assert found.parts[name].tolist() == harboured.parts[name].tolist()


def test_things_that_are_only_suspected_lead_nowhere(platform: Graph, harboured: Search) -> None:
    """False hints on half of all posts: other rankings still go by what persons confirmed."""
    strange = harboured.touches.things[::2].tolist()
    hinted = search(platform, ring(platform), priors=dict.fromkeys(strange, 1.9))
    for name in set(harboured.families) - {"votes", "evidence"}:
        assert hinted.families[name].tolist() == harboured.families[name].tolist()
    told_so = search(platform, ring(platform), priors=dict.fromkeys(strange, 2.0))
    assert told_so.families["pagerank"].tolist() != harboured.families["pagerank"].tolist()


def test_a_hint_alone_is_no_seed(platform: Graph) -> None:
    post = node(platform, "post/tainted/55", "post")
    with pytest.raises(UsageError, match="no seed belongs"):
        search(platform, {node(platform, "account/500"): -1.0}, priors={post: 1.9})


def lagoon() -> tuple[Graph, list[str]]:
    """The harbour, and a post that only five people reposted, of whom nothing is known."""
    events = harbour()
    people = [f"account/{i}" for i in range(700, 705)]
    seq = len(events) + 1
    events.append(event("post", seq, "zoe", "post/lagoon"))
    events += [
        event("repost", seq + 1 + i, name, target="post/lagoon") for i, name in enumerate(people)
    ]
    return graph_of(events), people


def test_a_confirmed_post_raises_those_who_reposted_it_and_a_cleared_one_does_not() -> None:
    graph, people = lagoon()
    post = node(graph, "post/lagoon", "post")
    without = search(graph, ring(graph))
    tainted = search(graph, {**ring(graph), post: 1.0})
    cleared = search(graph, {**ring(graph), post: -1.0})
    for name in people:
        at = place(graph, without, name)
        assert tainted.parts["reposted"][at] > without.parts["reposted"][at] + 1
        assert tainted.log_odds[at] > without.log_odds[at]
        assert cleared.parts["reposted"][at] <= without.parts["reposted"][at] + 0.1


def test_a_cleared_post_lowers_those_who_reposted_it(platform: Graph, harboured: Search) -> None:
    """A person cleared half of the posts of the ring: its members look less like members."""
    posts = [node(platform, f"post/tainted/{i}", "post") for i in range(50)]
    cleared = search(platform, ring(platform), priors=dict.fromkeys(posts, -8.0))
    members = [place(platform, harboured, f"ring/{i}") for i in range(KNOWN.stop, MEMBERS)]
    assert cleared.parts["reposted"][members].mean() < harboured.parts["reposted"][members].mean()


def test_a_post_alone_is_a_seed(platform: Graph) -> None:
    """Who reposted it stands above who did not."""
    post = node(platform, "post/tainted/55", "post")
    found = search(platform, {post: 1.0})
    assert found.line == np.inf
    touched = found.touches.by_thing
    row = touched.row(int(found.touches.thing_at[post]))
    near = touched.other[row]
    far = np.delete(found.log_odds, near)
    assert np.median(found.log_odds[near]) > np.quantile(far, 0.9)


def test_without_an_offending_seed_there_is_nothing_to_search_for(platform: Graph) -> None:
    for none in ({}, {node(platform, "ring/1"): -1.0}):
        with pytest.raises(UsageError, match="no seed belongs") as caught:
            search(platform, none)
        assert caught.value.hint


def test_a_small_platform_is_searched_all_the_same() -> None:
    """All five accounts but one are seeds."""
    graph = graph_of(
        [event("post", i, f"account/{i}", f"post/{i}", tags=("boats",)) for i in range(1, 6)]
    )
    for count in range(1, 6):
        seeds = {node(graph, f"account/{i}"): 1.0 for i in range(1, count + 1)}
        found = search(graph, seeds)
        assert found.line == np.inf
        assert np.isfinite(found.log_odds).all()
        assert found.extent.low <= found.extent.estimate <= found.extent.high <= 2.5


def test_who_was_only_reposted_by_the_ring_is_never_above_the_line() -> None:
    """What the ring did with Bob's posts is no act of his."""
    events = harbour()
    for i in range(4):
        events.append(event("post", len(events) + 1, "bob", f"post/bob/{i}"))
        events += [
            event("repost", len(events) + 1 + r, f"ring/{r}", target=f"post/bob/{i}")
            for r in range(MEMBERS)
        ]
    graph = graph_of(events)
    found = search(graph, ring(graph))
    assert found.line < np.inf
    assert found.log_odds[place(graph, found, "bob")] < found.line
