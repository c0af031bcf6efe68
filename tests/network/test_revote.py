"""Votes brought up to date, beside walkers who are led through everything anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from leeward.network import Graph, Search, refresh, search
from leeward.network._touches.extend import extended
from leeward.network._votes.consensus import bin_of
from leeward.network._votes.lifts import COLUMNS, Lifts
from leeward.network._votes.revote import revoted
from leeward.network._votes.ways import Later, odds_of
from tests.network._events import event, graph_of
from tests.network.test_refresh import mixed, numbered, seeds_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.ways import Way

    Doubles = npt.NDArray[np.float64]


def votes_anew(touches: Touches, ways: tuple[Way, ...]) -> Doubles:
    """(accounts) By the definition: all walkers anew, measured on the scales of old."""
    count = len(touches.accounts)
    total = np.zeros(count)
    for way in ways:
        places = touches.account_at[way.witnesses].astype(np.int64)
        lifts, each = Lifts(touches, way.kind, way.everywhere), []
        for begin in range(0, len(places), COLUMNS):
            found = lifts.of(places[begin : begin + COLUMNS])
            each += [found[:, i] for i in range(len(places[begin : begin + COLUMNS]))]
        means = np.zeros(count)
        for account in range(count):
            heard = [w for w in range(len(places)) if places[w] != account]
            weights = np.abs(way.weights[heard])
            votes = [vote(way, w, float(each[w][account])) for w in heard]
            means[account] = np.dot(way.weights[heard], votes) / weights.sum() + 0.5
        total += way.weight * (way.steep * (odds_of(means) - way.center))
    return total


def vote(way: Way, witness: int, lift: float) -> float:
    low, steps, places = (column[witness] for column in way.scales)
    place = 0
    if lift > 0:
        place = int(np.clip(bin_of(lift, low, steps), 1, len(places) - 1))
    return float(places[place]) / 65535 - 0.5


def batch(events: list[Event], count: int) -> tuple[Graph, Graph, Search]:
    known = len(events) - count
    before = graph_of(events[:known])
    return before, graph_of(events[known:], base=before), search(before, seeds_of(before))


@pytest.fixture(scope="module")
def grown() -> tuple[Graph, Graph, Search]:
    return batch(mixed(), 100)


def test_votes_are_near_to_those_of_all_walkers_anew(grown: tuple[Graph, Graph, Search]) -> None:
    before, graph, found = grown
    more = extended(found.touches, before, graph)
    again = revoted(more, found.kept.ways, len(found.log_odds))
    anew = votes_anew(more.touches, found.kept.ways)
    old = found.families["votes"].astype(np.float64)
    was = np.concatenate([old, np.zeros(len(anew) - len(old))])
    off = np.abs(again.votes - anew[again.accounts])
    moved = np.abs(was[again.accounts] - anew[again.accounts])
    # Walkers elsewhere moved a little, too; this platform is so small that it shows.
    assert np.median(off) < 0.1
    assert off.max() < 0.2
    assert off.sum() < 0.5 * moved.sum()


def test_who_touched_nothing_that_is_shared_keeps_its_votes(
    grown: tuple[Graph, Graph, Search],
) -> None:
    before, _, found = grown
    alone = numbered(
        [*mixed()[: before.events], event("post", 0, "ring/3", "post/alone"), follow("ring/4")]
    )
    graph = graph_of(alone[before.events :], base=before)
    more = extended(found.touches, before, graph)
    again = revoted(more, found.kept.ways, len(found.log_odds))
    assert more.acted.sum() == 2
    assert len(again.accounts) == 0
    assert again.ways is found.kept.ways


def follow(name: str) -> Event:
    return event("follow", 0, name, target="ring/5")


def test_whose_touches_are_the_same_by_now_has_the_same_votes(
    grown: tuple[Graph, Graph, Search],
) -> None:
    """Who is counted from nothing comes to what the search itself came to."""
    before, _, found = grown
    more = extended(found.touches, before, before)
    everybody = more._replace(acted=np.ones(len(more.acted), np.bool_))
    again = revoted(everybody, found.kept.ways, len(found.log_odds), found.touches)
    voted = found.families["votes"][again.accounts]
    assert again.votes == pytest.approx(voted, abs=1e-3)


def test_on_another_ground_they_are_taken_anew(grown: tuple[Graph, Graph, Search]) -> None:
    before, graph, found = grown
    more = extended(found.touches, before, graph)
    again = revoted(more, found.kept.ways, len(found.log_odds), more.touches)
    assert again.accounts.tolist() == np.flatnonzero(more.acted).tolist()
    anew = votes_anew(more.touches, found.kept.ways)
    assert again.votes == pytest.approx(anew[again.accounts], abs=1e-6)


def test_later_votes_stand_in_the_place_of_earlier_ones() -> None:
    def shares(*values: int) -> Any:
        return np.array([values], np.uint16)

    before = (np.array([1, 2, 3, 4], np.uint16),)
    none = Later.none(1)
    assert none.shares(before, np.array([0, 3, 7])).tolist() == [[1, 4, 0]]
    once = none.joined(np.array([1, 7]), shares(20, 70))
    assert once.shares(before, np.array([0, 1, 7])).tolist() == [[1, 20, 70]]
    twice = once.joined(np.array([0, 7]), shares(11, 71))
    assert twice.accounts.tolist() == [0, 1, 7]
    assert twice.shares(before, np.array([0, 1, 2, 7, 9])).tolist() == [[11, 20, 3, 71, 0]]


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_what_is_shared_for_the_first_time_can_be_taken_in(seeds: int) -> None:
    """On the first day of a platform nobody shares anything yet."""
    events = [event("post", n, f"u{n}", f"p{n}") for n in range(1, 9)]
    graph = graph_of(events)
    known = {int(node): 1.0 for node in graph.accounts()[:seeds]}
    shared = [("u5", "p1"), ("u6", "p1"), ("u1", "p2"), ("u7", "p2")]
    more = [event("repost", 9 + i, by, target=post) for i, (by, post) in enumerate(shared)]
    found = refresh(search(graph, known), graph_of(events + more), known).search
    assert np.isfinite(found.log_odds).all()
    assert np.allclose(sum(found.parts.values()), found.log_odds)
