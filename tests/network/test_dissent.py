"""What speaks against suspicion, beside counts over the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network._evidence.dissent import Shared, dissent_of
from leeward.network._evidence.picks import LEAST, came_by
from leeward.network._evidence.taint import Taint
from leeward.network._touches.touches import Touches, touches_of
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import SORTS, World, worlds

if TYPE_CHECKING:
    from leeward.model import Event
    from leeward.network import Graph

PICTURE = (MediaRef(uri="media/boat"),)


def tainted_by(touches: Touches, chances: dict[int, float]) -> Taint:
    """Taint of so much by the nodes of things; nothing else is tainted."""
    some = np.array([chances.get(node, 0.0) for node in touches.things.tolist()])
    none = np.zeros(len(some))
    return Taint(some, none, some.copy(), some.copy(), none, none, SORTS, SORTS)


def nothing(touches: Touches) -> Shared:
    """Nobody is confirmed, and all shared alike."""
    return Shared(np.zeros(len(touches.accounts)), 5, np.zeros(0, np.int32))


def drawn(world: World, seed: int) -> dict[int, float]:
    """Some things, tainted more or less."""
    rng = np.random.default_rng(seed)
    levels = rng.choice([0, 0, 0.005, 0.3, 0.9], len(world.touches.things))
    return dict(zip(world.touches.things.tolist(), levels.tolist(), strict=True))


def opposed(world: World, seed: int) -> World:
    """The same with replies and complaints by anybody about any post."""
    rng = np.random.default_rng(seed)
    begin = len(world.events) + 1
    more: list[Event] = []
    for seq in range(begin, begin + 30):
        actor, post = f"account/{rng.integers(10)}", f"post/{rng.integers(1, begin + 1)}"
        if rng.random() < 0.5:
            more.append(event("flag", seq, actor, target=post))
        else:
            more.append(event("post", seq, actor, f"post/{seq}", reply_to=post))
    events = world.events + more
    graph = graph_of(events)
    touches = touches_of(graph)
    suspicion = rng.choice([0, 0, 0.8, 1], len(touches.accounts))
    return world._replace(events=events, graph=graph, touches=touches, suspicion=suspicion)


@given(world=worlds(), seed=st.integers(0, 1000))
def test_replies_and_complaints_are_counted_by_the_worst_thing_in_the_post(
    world: World, seed: int
) -> None:
    """Who also complained argues, and is counted by the complaint; so replies are others'."""
    world = opposed(world, seed)
    chances = drawn(world, seed)
    graph, touches = world.graph, world.touches
    taint = tainted_by(touches, chances)
    found = dissent_of(graph, touches, taint, world.suspicion, nothing(touches))

    def node(kind: str, name: str) -> int:
        place = graph.find(kind, name, HASHER)
        return -1 if place is None else place  # a complaint alone makes no post known

    carried: dict[str, list[int]] = {}
    for one in world.events:
        if one.kind == "post" and one.object is not None:
            carried[one.object] = [
                *(node("tag", tag) for tag in one.tags),
                *(node("link", link) for link in one.links),
                *(node("media", media.uri) for media in one.media if media.uri),
            ]

    def worst(post: str) -> float:
        most = max(chances.get(n, 0) for n in [node("post", post), *carried.get(post, [])])
        return most if most > 0.01 else 0

    complaints = {(e.actor, e.target) for e in world.events if e.kind == "flag" and e.target}
    for i, account in enumerate(touches.accounts.tolist()):
        name = graph.name(account)
        mine = sum(worst(post) for actor, post in complaints if actor == name and post)
        assert found.complaints[i] == pytest.approx(mine)
        if not any(actor == name for actor, _ in complaints):
            answers = [e for e in world.events if e.actor == name and e.reply_to != e.object]
            replied = {e.reply_to for e in answers if e.reply_to}
            assert found.replies[i] == pytest.approx(sum(worst(post) for post in replied))


@given(world=worlds(), seed=st.integers(0, 1000))
def test_dissent_never_counts_in_favour_of_suspicion(world: World, seed: int) -> None:
    world = opposed(world, seed)
    taint = tainted_by(world.touches, drawn(world, seed))
    shared = nothing(world.touches)
    found = dissent_of(world.graph, world.touches, taint, world.suspicion, shared)
    assert np.all(found.argued <= 0)
    assert np.all(found.complained <= 0)
    assert found.total.tolist() == (found.argued + found.complained).tolist()
    assert not found.complained[found.complaints < 0.5].any()


@given(world=worlds(), seed=st.integers(0, 1000))
def test_who_came_by_anything_tainted_is_known(world: World, seed: int) -> None:
    chances = drawn(world, seed)
    taint = tainted_by(world.touches, chances)
    found = came_by(world.touches, taint.heavy > LEAST)
    for i, account in enumerate(world.touches.accounts.tolist()):
        mine = [chances.get(thing, 0) for thing in world.naive.touched[account]]
        assert found[i] == any(one > 0.01 for one in mine)


def harbour() -> tuple[Graph, Touches, Taint, dict[str, int]]:
    """Ten members post one picture; ten critics reply to each post, ten others complain."""
    events = [event("post", i, f"member/{i}", f"post/{i}", media=PICTURE) for i in range(1, 11)]
    seq = 100
    for i in range(1, 11):
        for j in range(1, 11):
            seq += 2
            events += [
                event("post", seq, f"critic/{j}", f"post/{seq}", reply_to=f"post/{i}"),
                event("flag", seq + 1, f"flagger/{j}", target=f"post/{i}"),
            ]
    events += [
        event("post", 1000 + i, f"account/{i % 200}", f"post/{1000 + i}") for i in range(600)
    ]
    graph = graph_of(events)
    touches = touches_of(graph)
    media = graph.find("media", "media/boat", HASHER)
    assert media is not None
    place = {graph.name(node): i for i, node in enumerate(touches.accounts.tolist())}
    return graph, touches, tainted_by(touches, {media: 0.9}), place


def test_critics_and_complainers_are_less_likely_members() -> None:
    graph, touches, taint, place = harbour()
    suspicion = np.zeros(len(place))
    members = [place[f"member/{i}"] for i in range(1, 11)]
    suspicion[members] = 1
    shared = Shared(np.full(len(place), -2.0), 30, np.array(members, np.int32))
    shared.log_odds[[*members, *(place[f"critic/{i}"] for i in range(1, 11))]] = 8
    found = dissent_of(graph, touches, taint, suspicion, shared)
    assert found.replies[place["critic/3"]] == pytest.approx(9)
    assert found.complaints[place["flagger/3"]] == pytest.approx(9)
    assert found.argued[place["critic/3"]] < -1
    assert found.complained[place["flagger/3"]] < -1
    assert found.total[place["account/3"]] == 0
    assert found.total[place["member/3"]] == 0


def test_complaints_say_nothing_where_members_complain_as_well() -> None:
    """A ring that files complaints as a cover."""
    graph, touches, taint, place = harbour()
    suspicion = np.zeros(len(place))
    suspicion[[place[f"flagger/{i}"] for i in range(1, 11)]] = 1
    found = dissent_of(graph, touches, taint, suspicion, nothing(touches))
    assert not found.complained.any()
