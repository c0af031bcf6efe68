"""Hashtags are words that anybody may use: they count where the confirmed ones need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from leeward.network import Node, refresh, search
from leeward.network._evidence.taint import taint_of
from leeward.network._searching import hiding
from leeward.network._searching.growth import Confirmed
from leeward.network._touches.touches import touches_of
from leeward.network._votes.ways import Ways
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import World, worlds
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network import Graph, Search

GARDENERS = 20
FLOODING = range(10, 40)
"""The members of the ring that also post under the gardeners' hashtags."""
WORDS = ("roses", "tulips", "hedges")
SEEDS = range(10, 20)


def flooded() -> list[Event]:
    """Gardeners post their own things under three hashtags; then a ring posts there, too."""
    events = harbour()
    names = [f"gardener/{i}" for i in range(GARDENERS)]
    names += [f"ring/{i}" for i in FLOODING]
    for i, name in enumerate(names):
        for turn in (0, 1):
            tags = (WORDS[(i + turn) % len(WORDS)],)
            events.append(event("post", len(events) + 1, name, f"post/{name}/{turn}", tags=tags))
    rng = np.random.default_rng(1)
    for name in names[:GARDENERS]:  # beside that they live in the towns
        for i in rng.choice(20, 6, replace=False).tolist():
            target = f"post/{int(rng.integers(30))}/{i}"
            kind = str(rng.choice(["like", "repost"]))
            events.append(event(kind, len(events) + 1, name, target=target))
    return events


def found_in(graph: Graph) -> Search:
    seeds = [graph.find("account", f"ring/{i}", HASHER) for i in SEEDS]
    return search(graph, {node: 1.0 for node in seeds if node is not None})


def above(graph: Graph, found: Search, names: list[str]) -> int:
    """How many of them stand above the line and need no person first."""
    stands = (found.log_odds >= found.line) & ~found.asked_first
    return int(stands[likely(graph, found, names)].sum())


def likely(graph: Graph, found: Search, names: list[str]) -> npt.NDArray[np.int32]:
    """The places of those of them who are likelier than not to belong."""
    nodes = [graph.find("account", name, HASHER) for name in names]
    places = found.touches.account_at[[node for node in nodes if node is not None]]
    return places[found.probability[places] >= 0.5]


@pytest.fixture(scope="module")
def garden() -> Graph:
    return graph_of(flooded())


@pytest.fixture(scope="module")
def in_garden(garden: Graph) -> Search:
    return found_in(garden)


STRANGERS = [f"gardener/{i}" for i in range(GARDENERS)]
OTHERS = [f"ring/{i}" for i in range(20, MEMBERS)]


def test_who_uses_a_hashtag_that_a_ring_floods_does_not_stand_above_the_line(
    garden: Graph, in_garden: Search
) -> None:
    assert not in_garden.kept.hashtags
    assert len(likely(garden, in_garden, STRANGERS)) == 0
    assert len(likely(garden, in_garden, OTHERS)) > 0.9 * len(OTHERS)


def test_it_would_if_hashtags_counted_there(garden: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test before would say nothing."""
    monkeypatch.setattr(hiding, "_as_good", lambda *_: False)
    found = found_in(garden)
    assert found.kept.hashtags
    assert len(likely(garden, found, STRANGERS)) > GARDENERS / 2
    assert above(garden, found, STRANGERS) == 0  # the confirmed hardly vote for them


def test_hashtags_are_no_reason_where_they_do_not_count(in_garden: Search) -> None:
    tags = in_garden.touches.kind == Node.TAG
    assert tags.any()
    assert (in_garden.taint.most[tags] == 0).all()
    assert (in_garden.taint.most[~tags] > 0).any()


def test_a_refresh_goes_on_without_hashtags(garden: Graph, in_garden: Search) -> None:
    nodes = [garden.find("account", f"ring/{i}", HASHER) for i in SEEDS]
    again = refresh(in_garden, garden, {node: 1.0 for node in nodes if node is not None})
    assert again.search.log_odds.tolist() == in_garden.log_odds.tolist()
    assert again.search.asked_first.tolist() == in_garden.asked_first.tolist()
    assert again.search.line == in_garden.line


@pytest.mark.parametrize(
    ("lower", "count"),
    [(0.5, False), (1.0, False), (1.2, False), (1.3, True), (5.0, True)],
)
def test_hashtags_count_where_the_hidden_ones_need_them(
    garden: Graph, monkeypatch: pytest.MonkeyPatch, lower: float, *, count: bool
) -> None:
    """So many times as many accounts stand above each of them without hashtags."""
    shares = np.linspace(0.001, 0.1, 10)

    def at(trial: hiding._Trial, size: int, _: object) -> hiding._Tried:
        stood = shares if trial._hashtags else lower * shares
        return hiding._Tried(size, stood, 1000 * stood, 1.0, (), None)

    monkeypatch.setattr(hiding._Trial, "_at", at)
    touches = touches_of(garden)
    places = np.arange(10, dtype=np.int32)
    known = Confirmed(places, np.ones(10), places[:0], np.zeros(len(touches.things)), places)
    found = hiding.hide_and_grow(
        garden, touches, Ways(touches), known, hiding.dealt(places, 5), lambda _: None
    )
    assert found.hashtags == count


def test_sizes_that_differ_from_one_to_the_next_are_no_worse() -> None:
    """One in ten stands far lower: that may be chance. A search is not chosen by that."""
    assert not hiding._as_good(np.full(10, 0.0126), np.full(10, 0.01))
    shares = np.full(10, 0.01)
    one = shares.copy()
    one[3] = 0.4
    assert hiding._no_worse(one, shares)
    assert not hiding._no_worse(3 * shares, shares)


@given(world=worlds())
def test_without_hashtags_everything_else_is_judged_as_before(world: World) -> None:
    nothing = np.zeros(len(world.touches.things))
    told = taint_of(world.touches, world.suspicion, nothing)
    plain = taint_of(world.touches, world.suspicion, nothing, hashtags=False)
    tags = world.touches.kind == Node.TAG
    for name in ("light", "heavy", "made"):
        assert getattr(plain, name)[~tags].tolist() == getattr(told, name)[~tags].tolist()
        assert not getattr(plain, name)[tags].any()
    assert plain.sorts == told.sorts


@given(world=worlds())
def test_a_hashtag_that_a_person_judged_counts_in_any_case(world: World) -> None:
    known = np.where(world.touches.kind == Node.TAG, 20.0, 0.0)
    told = taint_of(world.touches, world.suspicion, known)
    plain = taint_of(world.touches, world.suspicion, known, hashtags=False)
    assert plain.most.tolist() == told.most.tolist()
