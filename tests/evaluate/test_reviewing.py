"""A review of a simulated platform: what is asked, what is made of the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.evaluate import Panel, open_world, ranking_measures, reviewing, searched
from leeward.evaluate._answered import Answered, learned
from leeward.evaluate._asking import next_items
from leeward.evaluate._placing import placebo, seeds_of
from leeward.evaluate._reviewing import longest
from leeward.network import Node, ReviewErrors, Trait
from tests.evaluate._stand_in import stand_in
from tests.evaluate._worlds import simulated

if TYPE_CHECKING:
    from leeward.evaluate import Milestone, Searched, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return open_world(simulated(tmp_path_factory.mktemp("world"), 5_000), oracle=False)


@pytest.fixture(scope="module")
def first(world: World) -> Searched:
    return searched(world, stand_in, seeds_of(world, 10, 0, 0))


@pytest.fixture(scope="module")
def milestones(world: World, first: Searched) -> list[Milestone]:
    return list(reviewing(world, stand_in, first, Panel(world, 0.02), (100, 200)))


def test_answers_make_the_ranking_better(
    world: World, first: Searched, milestones: list[Milestone]
) -> None:
    counted = ~first.seeds
    found = [
        ranking_measures(scores[counted], world.ring[counted], ()).average_precision or 0
        for scores in (first.log_odds, *(stands.log_odds for stands in milestones))
    ]
    assert found[0] + 0.05 < found[1] < found[2]


def test_no_more_answers_are_given_than_a_milestone_allows(milestones: list[Milestone]) -> None:
    given = [stands.answers for stands in milestones]
    assert 80 <= given[0] <= 100 + 10  # a few of those that are spread are looked at twice
    assert 180 <= given[1] <= 200 + 10


def test_seeds_are_not_asked_about_and_stand_above_no_line(milestones: list[Milestone]) -> None:
    for stands in milestones:
        seeds = stands.searched.seeds
        assert not (stands.reviewed & seeds).any()
        assert not (stands.open & seeds).any()
        assert not (stands.above & ~stands.open).any()
        assert (stands.probability >= 0).all()
        assert (stands.probability <= 1).all()
        assert stands.size.low <= stands.size.estimate <= stands.size.high


def test_items_are_asked_about_that_touch_accounts_in_doubt(world: World, first: Searched) -> None:
    errors = Panel(world).errors
    nobody = np.zeros(len(world.accounts), np.bool_)
    asked = next_items(first, 50, items_asked=set(), accounts_asked=nobody, errors=errors)
    assert len(asked) == len({*asked.tolist()}) == 50
    assert (world.graph.kind[asked] != Node.ACCOUNT).all()
    known = {*asked.tolist()}
    others = next_items(first, 50, items_asked=known, accounts_asked=nobody, errors=errors)
    assert not known & {*others.tolist()}
    assert not len(next_items(first, 0, items_asked=set(), accounts_asked=nobody, errors=errors))


def test_no_item_is_asked_about_where_replies_led(world: World, first: Searched) -> None:
    search = first.search._replace(replied=())  # type: ignore[attr-defined]  # the stand-in is a tuple
    panel = Panel(world, 0.02)
    asked: list[int] = []
    panel.item = asked.append  # type: ignore[method-assign,assignment]
    (stands,) = reviewing(world, stand_in, first._replace(search=search), panel, (100,))
    assert asked == []
    assert stands.reviewed.sum() > 80
    assert stands.searched.search is search


def held(first: Searched, places: list[int]) -> Searched:
    """The same search, where these are to be asked about first."""
    search = first.search
    asked_first = search.asked_first.copy()
    asked_first[first.place[places]] = True
    return first._replace(search=search._replace(asked_first=asked_first))  # type: ignore[attr-defined]  # the stand-in is a tuple


def test_who_is_to_be_asked_about_first_stands_above_the_line_by_a_yes_alone(
    world: World, first: Searched
) -> None:
    sure = np.argsort(-np.where(first.seeds, -np.inf, first.log_odds))[:24].tolist()
    answered = Answered(len(world.accounts))
    errors = ReviewErrors.known(0.02, 0.02)
    for place in (sure[0], *sure[4:]):
        answered.add(place, errors, yes=True)
    answered.add(sure[1], errors, yes=False)
    found = learned(world, held(first, sure[:3]), answered, None)
    assert found.held[sure[:3]].all()
    assert found.settled[sure[:4]].tolist() == [True, False, False, False]


def test_no_answer_puts_a_minor_above_the_line(world: World, first: Searched) -> None:
    sure = int(np.argmax(np.where(first.seeds, -np.inf, first.log_odds)))
    answered = Answered(len(world.accounts))
    answered.add(sure, ReviewErrors.known(0.02, 0.02), yes=True)
    traits = world.graph.traits.copy()
    traits[world.accounts[sure]] |= Trait.MINOR
    graph = replace(world.graph, traits=traits)
    found = learned(world._replace(graph=graph), held(first, [sure]), answered, None)
    assert found.held[sure]
    assert not found.settled.any()


def test_wrong_seeds_are_no_members_and_more_seeds_hold_the_fewer(world: World) -> None:
    chosen = seeds_of(world, 10, 3, 4)
    assert world.ring[chosen].tolist() == [True] * 7 + [False] * 3
    assert not (world.roles[chosen] == "silent").any()
    few, many = (seeds_of(world, count, 0, 4).tolist() for count in (3, 10))
    assert many[:3] == few
    assert seeds_of(world, 3, 0, 5).tolist() != few


def test_placebo_seeds_are_anybody(world: World) -> None:
    drawn = np.concatenate([placebo(world, 10, draw) for draw in range(100)])
    assert np.mean(world.ring[drawn]) == pytest.approx(1 / 70, abs=0.013)
    assert len({*placebo(world, 10, 1).tolist()}) == 10


# --- the line ----------------------------------------------------------------------------------


def test_the_line_stands_where_the_mean_falls_below_the_precision() -> None:
    said = np.array([0.2, 1.0, 0.95, 0.99, 0.6])
    everybody = np.ones(5, np.bool_)
    assert longest(said, 0.98, everybody).tolist() == [False, True, True, True, False]
    assert longest(said, 0.99, everybody).tolist() == [False, True, False, True, False]
    assert not longest(said[:1], 0.99, everybody[:1]).any()


def test_nobody_fills_up_a_list_who_hardly_belongs() -> None:
    said = np.array([*[1.0] * 1_000, 0.4, 0.01])
    assert longest(said, 0.99, np.ones(1_002, np.bool_)).sum() == 1_000


def test_who_does_not_count_stands_in_no_list() -> None:
    assert longest(np.ones(3), 0.99, np.array([True, False, True])).tolist() == [True, False, True]
