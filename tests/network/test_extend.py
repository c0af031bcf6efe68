"""Touches brought up to date, beside all of them counted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Graph
from leeward.network._touches.extend import extended
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._streams import PDQ, streams

if TYPE_CHECKING:
    from leeward.model import Event
    from leeward.network._touches.touches import Touches


def same(one: Touches, other: Touches) -> None:
    """Every number and every type."""
    for name in one._fields:
        ours, theirs = getattr(one, name), getattr(other, name)
        for mine, yours in zip(*(_arrays(ours), _arrays(theirs)), strict=True):
            assert mine.dtype == yours.dtype, name
            assert mine.tolist() == yours.tolist(), name


def _arrays(field: np.ndarray | tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return field if isinstance(field, tuple) else (field,)


def check(events: list[Event], *cuts: int) -> None:
    """In as many steps as there are cuts."""
    parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    before = graph_of(parts[0])
    touches = touches_of(before)
    for part in parts[1:]:
        graph = graph_of(part, base=before)
        touches = extended(touches, before, graph).touches
        same(touches, touches_of(graph))
        before = graph


@given(seed=st.integers(0, 2**32), count=st.integers(0, 80), data=st.data())
def test_touches_are_the_same_as_if_all_were_counted_anew(
    seed: int, count: int, data: st.DataObject
) -> None:
    events = random_events(np.random.default_rng(seed), count)
    cuts = data.draw(st.lists(st.integers(0, count), min_size=1, max_size=3))
    check(events, *sorted(cuts))


@given(events=streams(most=30), data=st.data())
def test_so_they_are_where_pictures_turn_out_to_be_one_and_names_mean_several_things(
    events: list[Event], data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(events)), min_size=1, max_size=2))
    check(events, *sorted(cuts))


def test_two_pictures_that_turn_out_to_be_one_are_touched_by_all_who_touched_either() -> None:
    far, between, near = PDQ[2], PDQ[1], PDQ[0]
    events = [
        event("post", seq, f"account/{seq}", media=(MediaRef(pdq=pdq),))
        for seq, pdq in enumerate((near, near, far, far, between), 1)
    ]
    check(events, 4)
    check(events, 2, 4)


def test_who_is_joined_at_a_thing_did_not_act() -> None:
    before = graph_of([event("post", 1, "ann", "post/ann")])
    graph = graph_of([event("repost", 2, "bob", target="post/ann")], base=before)
    more = extended(touches_of(before), before, graph)
    names = [graph.name(node) for node in more.touches.accounts.tolist()]
    assert dict(zip(names, more.acted.tolist(), strict=True)) == {"ann": False, "bob": True}


def test_an_empty_graph_may_grow() -> None:
    empty = Graph.empty(HASHER)
    events = random_events(np.random.default_rng(0), 30)
    graph = graph_of(events, base=empty)
    same(extended(touches_of(empty), empty, graph).touches, touches_of(graph))
    same(extended(touches_of(graph), graph, graph).touches, touches_of(graph))
