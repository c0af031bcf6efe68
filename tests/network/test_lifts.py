"""Walkers from witnesses, beside a walk in dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from leeward.model import MediaRef
from leeward.network import Graph
from leeward.network._evidence.sorts import KINDS
from leeward.network._touches.touches import touches_of
from leeward.network._votes.lifts import COLUMNS, Lifts
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import World, lifts_by, worlds

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event

    Floats = npt.NDArray[np.float32]

PICTURE = (MediaRef(uri="media/boat"),)


@given(world=worlds())
def test_lifts_are_those_of_walkers_in_dictionaries(world: World) -> None:
    """From every account and every thing, many together."""
    lifts = Lifts(world.touches)
    everybody = len(world.touches.accounts) + len(world.touches.things)
    for begin in range(0, everybody, COLUMNS):
        some = np.arange(begin, min(begin + COLUMNS, everybody))
        found = lifts.of(some)
        for column, witness in enumerate(some.tolist()):
            _, expected = lifts_by(world, witness)
            assert found[:, column].tolist() == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-6)
        assert not found[:, len(some) :].any()


@given(world=worlds())
def test_lifts_through_one_kind_of_things_are_those_of_walkers_who_see_no_others(
    world: World,
) -> None:
    for kind in KINDS:
        lifts = Lifts(world.touches, kind)
        of_kind = np.flatnonzero(world.touches.kind == kind)
        everybody = [*range(len(world.touches.accounts)), *(of_kind + len(world.touches.accounts))]
        some = np.array(everybody[-COLUMNS:], np.int64)
        found = lifts.of(some)
        for column, witness in enumerate(some.tolist()):
            _, expected = lifts_by(world, witness, kind)
            assert found[:, column].tolist() == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-6)


def lifted(events: list[Event], witness: str) -> dict[str, float]:
    """By name, the lift of each account from a witness."""
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    lift: Floats = Lifts(touches).of(np.array([names.index(witness)]))
    return dict(zip(names, lift[:, 0].tolist(), strict=True))


def test_walkers_do_not_come_by_a_post_to_who_made_it() -> None:
    """Ann made a post; Bob and Cid, who repost it, come by each other."""
    events = [event("post", 1, "ann", "post/ann")]
    events += [event("repost", 2 + i, by, target="post/ann") for i, by in enumerate(("bob", "cid"))]
    lift = lifted(events, "bob")
    assert lift["ann"] == 0
    assert lift["cid"] > 0


def test_walkers_do_not_come_by_copies_to_who_was_first() -> None:
    """Ann posted the picture first; Bob and Cid copied it."""
    events = [event("post", i, by, media=PICTURE) for i, by in enumerate(("ann", "bob", "cid"), 1)]
    lift = lifted(events, "bob")
    assert lift["ann"] == 0
    assert lift["cid"] > 0


def test_walkers_come_to_a_maker_from_makers_and_not_from_those_who_passed_it_on() -> None:
    """Dan began a tag that Ann and Bob use as well; Cid only reposted a post with it."""
    events = [
        event("post", 1, "dan", "post/dan", tags=("boats",)),
        event("post", 2, "ann", "post/ann", tags=("boats",)),
        event("post", 3, "bob", "post/bob", tags=("boats",)),
        event("repost", 4, "cid", target="post/ann"),
        event("like", 5, "cid", target="post/other"),
        event("like", 6, "eve", target="post/other"),
    ]
    assert lifted(events[:3], "bob")["ann"] > 0
    from_cid = lifted([*events[:2], *events[3:]], "cid")
    assert from_cid["ann"] == 0
    assert from_cid["eve"] > 0


def test_who_came_by_a_thing_is_led_to_by_all_who_touched_it() -> None:
    """Bob reposted a post with the picture, Cid liked another one, and Dan made that one."""
    events = [
        event("post", 1, "ann", "post/1", media=PICTURE),
        event("post", 2, "dan", "post/2", media=PICTURE),
        event("repost", 3, "bob", target="post/1"),
        event("like", 4, "cid", target="post/2"),
    ]
    lift = lifted(events, "bob")
    assert lift["cid"] > 0
    assert lift["dan"] == lift["ann"] == 0


def test_where_nothing_is_shared_nobody_is_lifted() -> None:
    graph = graph_of([event("post", i, f"account/{i}") for i in (1, 2)])
    assert not Lifts(touches_of(graph)).of(np.array([0])).any()
    empty = touches_of(Graph.empty(HASHER))
    assert Lifts(empty).of(np.empty(0, np.int64)).shape == (0, COLUMNS)
