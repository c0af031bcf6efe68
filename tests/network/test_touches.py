"""Who touched what, beside a count in dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from leeward.model import MediaRef
from leeward.network import Graph, Node
from leeward.network._touches.touches import CAME, MADE, touches_of
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import World, worlds

if TYPE_CHECKING:
    from leeward.network._touches.touches import Touches


PEOPLE = ("ann", "bob")


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
def test_how_a_thing_was_touched_who_made_it_and_who_was_first_are_known(world: World) -> None:
    touches, naive = world.touches, world.naive
    for j, thing in enumerate(touches.things.tolist()):
        row = touches.by_thing.row(j)
        for place, how in zip(touches.by_thing.other[row], touches.by_thing.how[row], strict=True):
            account = int(touches.accounts[place])
            assert bool(how & MADE) == (account in naive.made[thing])
            assert bool(how & CAME) == (account in naive.came[thing])
        assert touches.makers[j] == len(naive.made[thing])
        first = naive.first.get(thing)
        assert touches.beginner[j] == (-1 if first is None else touches.account_at[first])


@given(world=worlds())
def test_both_ways_say_the_same(world: World) -> None:
    touches = world.touches
    for i in range(len(touches.accounts)):
        row = touches.by_account.row(i)
        things = touches.by_account.other[row].tolist()
        assert things == sorted(set(things))
        for j, weight in zip(things, touches.by_account.weight[row].tolist(), strict=True):
            assert rows(touches)[int(touches.things[j])][int(touches.accounts[i])] == weight
        for j, how in zip(things, touches.by_account.how[row].tolist(), strict=True):
            other = touches.by_thing.row(j)
            at = touches.by_thing.other[other].tolist().index(i)
            assert touches.by_thing.how[other][at] == how
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


def test_to_repost_or_like_a_post_of_ones_own_is_no_act() -> None:
    """Ann made the picture known before she reposted her post with it; Bob came by it in hers."""
    picture = (MediaRef(uri="media/boat"),)
    graph = graph_of(
        [
            event("post", 1, "ann", "post/ann", media=picture),
            event("repost", 2, "ann", target="post/ann"),
            event("like", 3, "ann", target="post/ann"),
            event("like", 4, "bob", target="post/ann"),
        ]
    )
    touches = touches_of(graph)
    ann, bob = (touches.account_at[graph.find("account", name, HASHER) or 0] for name in PEOPLE)
    assert touches.acts[ann].tolist() == [1, 0, 0]
    assert touches.acts[bob].tolist() == [0, 0, 1]
    for place, how in ((ann, MADE), (bob, CAME)):
        assert touches.by_account.how[touches.by_account.row(int(place))].tolist() == [how, how]
    assert touches.makers.tolist() == [1, 1]
    assert touches.beginner.tolist() == [ann, ann]


def test_who_made_a_post_first_is_first_though_another_log_was_read_before() -> None:
    """The order of the log counts, not that in which its parts were read."""
    tag = ("boats",)
    graph = graph_of([event("post", 5, "bob", tags=tag)], [event("post", 2, "ann", tags=tag)])
    touches = touches_of(graph)
    assert graph.name(int(touches.accounts[touches.beginner[0]])) == "ann"


def test_nobody_is_known_to_have_begun_a_post_that_the_log_has_not() -> None:
    graph = graph_of([event("like", i, f"account/{i}", target="post/old") for i in (1, 2)])
    touches = touches_of(graph)
    assert touches.beginner.tolist() == [-1]
    assert touches.makers.tolist() == [0]


def test_an_empty_graph_has_no_things() -> None:
    touches = touches_of(Graph.empty(HASHER))
    assert (len(touches.accounts), len(touches.things), len(touches.size)) == (0, 0, 0)
