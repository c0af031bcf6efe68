"""A search brought up to date, beside a search anew."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.model import Hasher
from leeward.network import Graph, Search, refresh, search
from tests.network._events import HASHER, event, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.model import Event

TOLERANCE: Final = 1.0
"""In log-odds, where the batch is up to a twentieth of the log."""
BATCHES: Final = (0.001, 0.01, 0.05)
SEEDS: Final = 10
_POSTS: Final = 700
"""Events at the beginning that make the posts."""


def mixed(seed: int = 0) -> list[Event]:
    """The harbour, its people in any order, so that the last events are of all of them."""
    events = harbour(seed)
    late = np.random.default_rng(seed).permutation(np.arange(_POSTS, len(events)))
    ordered = [*events[:_POSTS], *(events[i] for i in late.tolist())]
    return [renamed(one, seq) for seq, one in enumerate(ordered, 1)]


def renamed(one: Event, seq: int) -> Event:
    at = seq * 1_000_000
    return msgspec.structs.replace(one, seq=seq, at=at, seen=at, folded=None)


def seeds_of(graph: Graph) -> dict[int, float]:
    return {node_of(graph, f"ring/{i}"): 1.0 for i in range(SEEDS)}


def node_of(graph: Graph, name: str) -> int:
    node = graph.find("account", name, HASHER)
    assert node is not None
    return node


def by_name(graph: Graph, found: Search, values: npt.NDArray[np.floating]) -> dict[str, float]:
    names = [graph.name(node) for node in found.touches.accounts.tolist()]
    return dict(zip(names, values.tolist(), strict=True))


def difference(graph: Graph, one: Search, other_graph: Graph, other: Search) -> float:
    """The largest of log-odds, whatever the order of the nodes."""
    ours = by_name(graph, one, one.log_odds)
    theirs = by_name(other_graph, other, other.log_odds)
    assert ours.keys() == theirs.keys()
    return max(abs(ours[name] - theirs[name]) for name in ours)


def foremost(found: Search, count: int) -> set[int]:
    return {*np.argsort(-found.log_odds, kind="stable")[:count].tolist()}


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return mixed()


@pytest.fixture(scope="module")
def platform(events: list[Event]) -> Graph:
    return graph_of(events)


@pytest.fixture(scope="module")
def anew(platform: Graph) -> Search:
    return search(platform, seeds_of(platform))


def test_without_a_new_event_it_is_the_same_number_for_number(
    platform: Graph, anew: Search
) -> None:
    again = refresh(anew, platform, seeds_of(platform))
    assert again.due is None
    assert again.acted == 0
    for _ in range(2):
        assert again.search.log_odds.tolist() == anew.log_odds.tolist()
        assert again.search.line == anew.line
        assert again.search.asked_first.tolist() == anew.asked_first.tolist()
        assert again.search.suspicion.tolist() == anew.suspicion.tolist()
        assert {*again.search.parts} == {*anew.parts}
        for name, part in again.search.parts.items():
            assert part.tolist() == anew.parts[name].tolist(), name
        again = refresh(again.search, platform, seeds_of(platform))


@pytest.mark.parametrize("share", BATCHES)
def test_after_new_events_it_is_what_a_search_anew_finds(
    events: list[Event], platform: Graph, anew: Search, share: float
) -> None:
    known = len(events) - int(share * len(events))
    before = graph_of(events[:known])
    graph = graph_of(events[known:], base=before)
    found = refresh(search(before, seeds_of(before)), graph, seeds_of(graph)).search
    assert difference(graph, found, platform, anew) < TOLERANCE
    assert found.log_odds.tolist() == pytest.approx(
        np.sum([*found.parts.values()], axis=0).tolist()
    )
    full = search(graph, seeds_of(graph))
    assert len(foremost(found, MEMBERS) & foremost(full, MEMBERS)) >= MEMBERS - 1
    assert len(foremost(found, 100) & foremost(full, 100)) >= 95


def test_refreshing_again_and_again_does_not_lead_away(
    events: list[Event], platform: Graph, anew: Search
) -> None:
    steps = 6
    cuts = np.linspace(0.95 * len(events), len(events), steps + 1).astype(int).tolist()
    graph = graph_of(events[: cuts[0]])
    found = once = search(graph, seeds_of(graph))
    for low, high in pairwise(cuts):
        graph = graph_of(events[low:high], base=graph)
        found = refresh(found, graph, seeds_of(graph)).search
    assert difference(graph, found, platform, anew) < TOLERANCE
    at_once = refresh(once, graph, seeds_of(graph)).search
    assert difference(graph, found, graph, at_once) < TOLERANCE


def test_how_the_events_came_in_batches_makes_no_difference(events: list[Event]) -> None:
    known = int(0.98 * len(events))
    before = graph_of(events[:known])
    searched = search(before, seeds_of(before))
    rest = events[known:]
    at_once = graph_of(rest, base=before)
    halves = graph_of(rest[50:], base=graph_of(rest[:50], base=before))
    shuffled = [rest[i] for i in np.random.default_rng(1).permutation(len(rest)).tolist()]
    found = refresh(searched, at_once, seeds_of(at_once)).search
    for graph in (halves, graph_of(shuffled, base=before)):
        other = refresh(searched, graph, seeds_of(graph)).search
        assert difference(graph, other, at_once, found) < 1e-9
        assert other.line == pytest.approx(found.line, abs=1e-9)


def acts_of(name: str) -> list[Event]:
    """Posts of one's own, three tainted reposts and some likes."""
    return [
        *(event("post", 0, name, f"post/{name}/{i}", tags=("pier",)) for i in range(4)),
        *(event("repost", 0, name, target=f"post/tainted/{i}") for i in (3, 17, 31)),
        *(event("like", 0, name, target=f"post/5/{i}") for i in range(8)),
    ]


def done_to(name: str) -> list[Event]:
    """What every member does to somebody's posts, and to it."""
    ring = [f"ring/{i}" for i in range(MEMBERS)]
    posts = [f"post/{name}/{i}" for i in range(4)]
    return [
        *(event("repost", 0, r, target=post) for r in ring for post in posts),
        *(event("like", 0, r, target=post) for r in ring for post in posts),
        *(event("post", 0, r, f"{r}/re/{name}", reply_to=posts[0]) for r in ring),
        *(event("follow", 0, r, target=name) for r in ring),
        *(event("flag", 0, r, target=name) for r in ring),
    ]


def numbered(events: Sequence[Event]) -> list[Event]:
    return [renamed(one, seq) for seq, one in enumerate(events, 1)]


def test_what_others_do_to_an_account_never_raises_it(events: list[Event]) -> None:
    """Ann and Bob do the same before the search; then the whole ring is busy with Bob's posts."""
    tags = [event("post", 0, f"ring/{i}", tags=("pier",)) for i in (15, 16, 17)]
    known = [*events, *tags, *acts_of("ann"), *acts_of("bob")]
    everything = numbered([*known, *done_to("bob")])
    before = graph_of(everything[: len(known)])
    graph = graph_of(everything[len(known) :], base=before)
    searched = search(before, seeds_of(before))
    found = refresh(searched, graph, seeds_of(graph)).search
    ann, bob = (int(found.touches.account_at[node_of(graph, name)]) for name in ("ann", "bob"))
    for name, part in found.parts.items():
        assert part[bob] <= part[ann] + 1e-9, name
    assert found.families["votes"][bob] == searched.families["votes"][bob]


def test_who_did_nothing_keeps_its_votes_and_who_came_is_judged(events: list[Event]) -> None:
    known = len(events) - 100
    before = graph_of(events[:known])
    searched = search(before, seeds_of(before))
    newcomer = [event("repost", 0, "new", target=f"post/tainted/{i}") for i in range(8)]
    more = numbered([*events[:known], *events[known:], *newcomer])[known:]
    graph = graph_of(more, base=before)
    found = refresh(searched, graph, seeds_of(graph))
    actors = {e.actor for e in more}
    assert found.acted == len(actors)
    votes = by_name(graph, found.search, found.search.families["votes"])
    for name, vote in by_name(before, searched, searched.families["votes"]).items():
        assert name in actors or votes[name] == vote
    log_odds = by_name(graph, found.search, found.search.log_odds)
    assert log_odds["new"] > np.median([*log_odds.values()]) + 3


def test_decisions_count_as_they_stand_now(platform: Graph, anew: Search) -> None:
    seeds, place = seeds_of(platform), anew.touches.account_at
    suspected = anew.touches.accounts[(anew.suspicion > 0) & (anew.parts["priors"] == 0)]
    cleared, confirmed = (int(node) for node in suspected[:2])
    known = {cleared: -6.0, confirmed: 6.0}
    found = refresh(anew, platform, seeds, priors=known).search
    assert found.suspicion[place[cleared]] == 0
    assert found.suspicion[place[confirmed]] == 1
    assert found.parts["priors"][place[cleared]] == -6
    assert (found.suspicion > 0).sum() == (anew.suspicion > 0).sum() + 1
    # Taken back, they leave little behind.
    again = refresh(found, platform, seeds).search
    assert ((again.suspicion > 0) & (anew.suspicion > 0)).sum() >= 0.9 * (anew.suspicion > 0).sum()
    assert difference(platform, again, platform, anew) < TOLERANCE


def test_what_is_judged_of_things_counts(platform: Graph, anew: Search) -> None:
    post = platform.find("post", "post/tainted/5", HASHER)
    assert post is not None
    found = refresh(anew, platform, seeds_of(platform), priors={post: -6.0}).search
    thing = found.touches.thing_at[post]
    assert found.taint.heavy[thing] < anew.taint.heavy[thing]


def test_it_says_when_a_full_search_is_due(events: list[Event]) -> None:
    known = int(0.9 * len(events))
    before = graph_of(events[:known])
    searched = search(before, seeds_of(before))
    graph = graph_of(events[known:], base=before)
    grown = refresh(searched, graph, seeds_of(graph))
    assert grown.due is not None
    assert "grown by 11%" in grown.due
    others = seeds_of(before) | {node_of(before, "ring/12"): 1.0}
    due = refresh(searched, before, others).due
    assert due is not None
    assert "seeds" in due
    fallen = searched._replace(kept=searched.kept._replace(standing=-9.0))
    due = refresh(fallen, before, seeds_of(before)).due
    assert due is not None
    assert "lower" in due


@pytest.mark.parametrize("members", [1, 3])
def test_a_search_from_few_is_refreshed_too(events: list[Event], members: int) -> None:
    known = len(events) - 100
    before = graph_of(events[:known])
    graph = graph_of(events[known:], base=before)
    post = before.find("post", "post/tainted/5", HASHER)
    assert post is not None
    seeds = {node_of(before, f"ring/{i}"): 1.0 for i in range(members)} | {post: 1.0}
    searched = search(before, seeds)
    same = refresh(searched, before, seeds).search
    assert same.log_odds.tolist() == searched.log_odds.tolist()
    found = refresh(searched, graph, seeds).search
    assert found.line == np.inf
    assert np.isfinite(found.log_odds).all()


def test_a_graph_of_another_log_or_an_earlier_one_is_refused(
    events: list[Event], platform: Graph, anew: Search
) -> None:
    earlier = graph_of(events[:-10])
    other = graph_of(events, hasher=Hasher(b"some other key.."))
    for graph in (earlier, other):
        with pytest.raises(UsageError, match="later state"):
            refresh(anew, graph, seeds_of(platform))
