"""Votes through one kind of things: chosen by what ties the confirmed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as soft

from leeward.network import Graph, Node, touches_of
from leeward.network._votes.ways import ALL, Ways, softmax
from tests.network._events import HASHER, event, graph_of

if TYPE_CHECKING:
    from leeward.model import Event

MEMBERS = 24
PEOPLE = 600
TOWNS = 20


def linking() -> list[Event]:
    """People like the posts of their towns and link to a page of it; a ring also to its own pages.

    ``ring/0`` to ``ring/23`` live in all towns, and each posts four of thirty further links, which
    somebody else posted first.
    """
    rng = np.random.default_rng(1)
    events: list[Event] = []
    for town in range(TOWNS):
        for i in range(100):
            events.append(event("post", len(events) + 1, f"star/{town}", f"post/{town}/{i}"))
    for i in range(30):
        page = f"https://example/far/{i}"
        events.append(event("post", len(events) + 1, f"host/{i}", f"post/host/{i}", links=(page,)))
    names = [f"ring/{i}" for i in range(MEMBERS)] + [f"person/{i}" for i in range(PEOPLE)]
    for place, name in enumerate(names):
        town = place % TOWNS
        for i in rng.choice(100, 60, replace=False).tolist():
            events.append(event("like", len(events) + 1, name, target=f"post/{town}/{i}"))
        pages = [f"https://example/{town}/{rng.integers(3)}"]
        if place < MEMBERS:
            pages += [f"https://example/far/{i}" for i in rng.choice(30, 4, replace=False)]
        for page in pages:
            events.append(
                event("post", len(events) + 1, name, f"post/{name}/{page}", links=(page,))
            )
    return events


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(linking())


def places(graph: Graph, names: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    touches = touches_of(graph)
    nodes = [graph.find("account", name, HASHER) for name in names]
    return np.array(sorted(int(touches.account_at[n]) for n in nodes if n is not None), np.int64)


def test_those_who_link_are_found_through_links(platform: Graph) -> None:
    """Walks over everything are lost in the towns; the seeds themselves tell which way to go."""
    touches = touches_of(platform)
    ways = Ways(touches)
    seeds = places(platform, [f"ring/{i}" for i in range(6)])
    ring = places(platform, [f"ring/{i}" for i in range(6, MEMBERS)])
    ones, members = np.ones(len(seeds)), seeds.astype(np.int32)
    weights = ways.weights(seeds, ones, members)
    assert max(weights, key=weights.__getitem__) == "links"

    def found(chosen: dict[str, float]) -> int:
        order = np.argsort(-ways.blended(chosen, seeds, ones, members), kind="stable")
        first = order[~np.isin(order, seeds)][: len(ring)]
        return int(np.isin(first, ring).sum())

    assert found(weights) >= 0.8 * len(ring)
    assert found(weights) > found({ALL: 1.0})


def test_there_are_as_many_ways_as_kinds_of_things(platform: Graph) -> None:
    assert Ways(touches_of(platform)).names == (ALL, "posts", "links")


def test_votes_taken_ahead_are_the_same_and_may_be_forgotten(platform: Graph) -> None:
    touches = touches_of(platform)
    thing = len(touches.accounts) + int(np.flatnonzero(touches.kind == Node.LINK)[0])
    witnesses, weights = np.array([3, 7, 11, thing]), np.ones(4)
    one_by_one = {name: Ways(touches).of(name, witnesses, weights) for name in Ways(touches).names}
    ways = Ways(touches)
    ways.ahead(np.array([7, 11]), "links")
    ways.ahead(witnesses)
    for _ in range(2):
        for name, votes in one_by_one.items():
            assert ways.of(name, witnesses, weights).tolist() == votes.tolist()
        ways.forget()


def test_without_confirmed_accounts_all_things_count(platform: Graph) -> None:
    touches = touches_of(platform)
    thing = np.array([len(touches.accounts) + np.flatnonzero(touches.kind == Node.LINK)[-1]])
    ways, nobody = Ways(touches), np.empty(0, np.int32)
    weights = ways.weights(thing, np.ones(1), nobody)
    assert weights == {ALL: 1}
    blended = ways.blended(weights, thing, np.ones(1), nobody)
    on_it = touches.by_thing.other[touches.by_thing.row(int(thing[0]) - len(touches.accounts))]
    assert blended[on_it].min() > np.median(blended)


def test_a_thing_that_is_of_another_kind_is_no_witness(platform: Graph) -> None:
    touches = touches_of(platform)
    thing = np.array([len(touches.accounts) + np.flatnonzero(touches.kind == Node.LINK)[0]])
    assert (Ways(touches).of("posts", thing, np.ones(1)) == 0.5).all()


@given(
    worth=st.lists(st.floats(-6, 0), min_size=1, max_size=6),
    members=st.integers(1, 60),
)
def test_weights_are_likelihoods_and_the_negligible_is_left_out(
    worth: list[float], members: int
) -> None:
    named = {f"way {i}": one for i, one in enumerate(worth)}
    found = softmax(named, members)
    expected = soft(-members * np.array(worth))
    kept = {name: one for name, one in zip(named, expected, strict=True) if name in found}
    assert sum(found.values()) == pytest.approx(1)
    assert all(one >= 0.02 - 1e-9 for one in kept.values())
    assert all(
        one <= 0.02 + 1e-9 for name, one in zip(named, expected, strict=True) if name not in found
    )
    total = sum(kept.values())
    assert found == pytest.approx({name: one / total for name, one in kept.items()})
