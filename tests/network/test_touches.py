"""Who touched what, beside a count in dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from leeward.model import MediaRef
from leeward.network import Graph, Node
from leeward.network._touches import touches_of
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import World, worlds

if TYPE_CHECKING:
    from leeward.network._touches import Touches


def rows(touches: Touches) -> dict[int, dict[int, float]]:
    """The accounts of each thing, by nodes."""
    found: dict[int, dict[int, float]] = {}
    for j, thing in enumerate(touches.things.tolist()):
        row = touches.by_thing.row(j)
        accounts = touches.accounts[touches.by_thing.other[row]].tolist()
        weights = touches.by_thing.weight[row].tolist()
        found[thing] = dict(zip(accounts, weights, strict=True))
    return found


def named(graph: Graph) -> dict[str, dict[str, float]]:
    return {
        graph.subject(thing): {graph.name(account): weight for account, weight in by.items()}
        for thing, by in rows(touches_of(graph)).items()
    }


@given(world=worlds())
def test_things_and_accounts_are_those_that_dictionaries_count(world: World) -> None:
    shared = world.naive.shared()
    found = rows(world.touches)
    assert list(found) == sorted(shared)
    for thing, by in shared.items():
        assert found[thing] == pytest.approx(by)
        assert list(found[thing]) == sorted(by)


@given(world=worlds())
def test_both_ways_say_the_same(world: World) -> None:
    touches = world.touches
    for i in range(len(touches.accounts)):
        row = touches.by_account.row(i)
        things = touches.by_account.other[row].tolist()
        assert things == sorted(set(things))
        for j, weight in zip(things, touches.by_account.weight[row].tolist(), strict=True):
            assert rows(touches)[int(touches.things[j])][int(touches.accounts[i])] == weight
    assert touches.by_account.degrees().sum() == touches.by_thing.degrees().sum()


@given(world=worlds())
def test_sizes_acts_kinds_and_places_are_counted(world: World) -> None:
    touches, shared = world.touches, world.naive.shared()
    sizes = [sum(shared[thing].values()) for thing in touches.things.tolist()]
    assert touches.size.tolist() == pytest.approx(sizes)
    for i, account in enumerate(touches.accounts.tolist()):
        acts = [act for act, _ in world.naive.acts[account]]
        assert touches.acts[i].tolist() == [acts.count(act) for act in range(3)]  # type: ignore[arg-type]  # codes
        assert touches.account_at[account] == i
    assert touches.kind.tolist() == world.graph.kind[touches.things].tolist()
    assert touches.thing_at[touches.things].tolist() == list(range(len(touches.things)))
    assert np.count_nonzero(touches.thing_at >= 0) == len(touches.things)
    assert np.count_nonzero(touches.account_at >= 0) == len(touches.accounts)


@given(world=worlds())
def test_the_order_of_the_events_makes_no_difference(world: World) -> None:
    half = len(world.events) // 2
    other = graph_of(world.events[half:], world.events[:half])
    assert named(other) == named(world.graph)


def test_what_others_do_to_an_account_is_no_touch() -> None:
    """Follows, complaints, mentions and answers tie nobody to what they are about."""
    graph = graph_of(
        [
            event("post", 1, "ann", "post/boat", tags=("boats",)),
            event("follow", 2, "bob", target="ann"),
            event("flag", 3, "bob", target="post/boat"),
            event("post", 4, "bob", "post/answer", reply_to="post/boat", mentions=("ann",)),
        ]
    )
    assert not len(touches_of(graph).things)


def test_a_community_is_no_thing() -> None:
    graph = graph_of(
        [event("post", i, f"account/{i}", community="harbour", tags=("boats",)) for i in (1, 2)]
    )
    assert touches_of(graph).kind.tolist() == [Node.TAG]


def test_the_strongest_act_on_a_thing_counts() -> None:
    """Ann liked one post with the picture and reposted another one with it."""
    picture = (MediaRef(uri="media/boat"),)
    graph = graph_of(
        [
            event("post", 1, "bob", "post/1", media=picture),
            event("post", 2, "bob", "post/2", media=picture),
            event("like", 3, "ann", target="post/1"),
            event("repost", 4, "ann", target="post/2"),
            event("like", 5, "ann", target="post/2"),
        ]
    )
    ann = graph.find("account", "ann", HASHER)
    by_kind = {
        int(graph.kind[thing]): by[ann or 0] for thing, by in rows(touches_of(graph)).items()
    }
    assert by_kind[Node.MEDIA] == 1
    liked = rows(touches_of(graph))[graph.find("post", "post/1", HASHER) or 0]
    assert sorted(liked.values()) == pytest.approx([0.6, 1])


def test_an_empty_graph_has_no_things() -> None:
    touches = touches_of(Graph.empty(HASHER))
    assert (len(touches.accounts), len(touches.things), len(touches.size)) == (0, 0, 0)
