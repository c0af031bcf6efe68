"""Whose evidence rests on the pictures of one owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given

from leeward.model import MediaRef
from leeward.network import Act, Graph, Node
from leeward.network._evidence.guards import distinct_authors
from leeward.network._evidence.owners import of_one_owner
from leeward.network._evidence.picks import STRONG, picks_of
from leeward.network._evidence.taint import taint_of
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import World, taint_by, worlds

if TYPE_CHECKING:
    from leeward.model import Event

RING = {f"ring/{i}" for i in range(5)}


def picture(name: str) -> tuple[MediaRef, ...]:
    return (MediaRef(uri=f"media/{name}"),)


def taken(name: str, seq: int) -> list[Event]:
    """Somebody posts a picture; all of the ring copy it, over and over."""
    first = event("post", seq, name, f"post/{name}", media=picture(name))
    copies = [
        event("post", seq + 1 + 5 * i + r, f"ring/{r}", f"{name}/{r}/{i}", media=picture(name))
        for r in range(5)
        for i in range(4)
    ]
    return [first, *copies]


def rests_on_one(events: list[Event], name: str, authors: int = 2) -> bool:
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    suspicion = np.array([float(one in RING) for one in names])
    taint = taint_of(touches, suspicion, np.where(touches.kind == Node.MEDIA, 8.0, 0.0))
    picks = picks_of(graph, touches, taint, suspicion, taint.most >= STRONG)
    found = of_one_owner(graph, touches, picks)
    # Several authors stand behind it all the same: those who copied the picture.
    behind = distinct_authors(graph, touches, taint, suspicion, picks)
    assert behind[names.index(name)] >= authors
    return bool(found[names.index(name)])


def test_a_relative_who_likes_a_photograph_and_uploads_a_copy_rests_on_its_owner() -> None:
    mine = [
        event("like", 900, "ann", target="post/kim"),
        event("post", 901, "ann", "post/ann", media=picture("kim")),
    ]
    assert rests_on_one([*taken("kim", 1), *mine], "ann")


def test_copies_of_one_photograph_are_no_second_owner() -> None:
    mine = [event("repost", 900 + r, "ann", target=f"kim/{r}/1") for r in range(5)]
    assert rests_on_one([*taken("kim", 1), *mine], "ann")


def test_pictures_of_two_owners_are_no_acquaintance() -> None:
    mine = [
        event("repost", 900, "ann", target="kim/1/1"),
        event("post", 901, "ann", "post/ann", media=picture("lou")),
    ]
    assert not rests_on_one([*taken("kim", 1), *taken("lou", 100), *mine], "ann")


def test_ones_own_picture_is_not_another_owners() -> None:
    mine = [
        event("repost", 900, "kim", target="kim/1/1"),
        event("repost", 901, "kim", target="kim/2/1"),
        event("repost", 902, "kim", target="lou/3/1"),
    ]
    assert rests_on_one([*taken("kim", 1), *taken("lou", 100), *mine], "kim", authors=1)


@given(world=worlds())
def test_owners_are_those_that_sets_count(world: World) -> None:
    graph, touches, suspicion = world.graph, world.touches, world.suspicion
    taint = taint_by(world)
    picks = picks_of(graph, touches, taint, suspicion, taint.most >= STRONG)
    found = of_one_owner(graph, touches, picks)
    for i, account in enumerate(touches.accounts.tolist()):
        owners: set[tuple[str, int]] = set()
        owned = True
        for p in range(picks.start[i], picks.start[i + 1]):
            if picks.chance[p] < STRONG:
                continue
            thing = int(picks.thing[p])
            kind = touches.kind[thing]
            by = -1
            if kind == Node.MEDIA and touches.beginner[thing] >= 0:
                by = int(touches.accounts[touches.beginner[thing]])
            elif kind != Node.MEDIA and picks.act[p] != Act.AUTHORED:
                by = int(graph.author[picks.post[p]])
            owners.add(("account", by) if by >= 0 else ("thing", thing))
            owned = owned and kind not in (Node.TAG, Node.LINK)
        assert found[i] == (owned and len(owners - {("account", account)}) < 2)


def test_an_empty_graph_has_no_owners() -> None:
    graph = Graph.empty(HASHER)
    touches = touches_of(graph)
    taint = taint_of(touches, np.zeros(0), np.zeros(0))
    picks = picks_of(graph, touches, taint, np.zeros(0), np.zeros(0, np.bool_))
    assert not len(of_one_owner(graph, touches, picks))
