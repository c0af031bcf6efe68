"""A review of a simulated platform: what is asked, what is made of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.evaluate import Panel, open_world, ranking_measures, reviewing, searched
from leeward.evaluate._asking import next_questions
from leeward.evaluate._placing import placebo, seeds_of
from leeward.evaluate._reviewing import longest
from leeward.network import Node
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


def test_seeds_are_not_asked_about_and_answers_move_only_whom_they_are_about(
    milestones: list[Milestone],
) -> None:
    for stands in milestones:
        assert not (stands.reviewed & stands.searched.seeds).any()
        moved = stands.log_odds != stands.searched.log_odds
        assert not (moved & ~stands.reviewed).any()
        assert (stands.probability >= 0).all()
        assert (stands.probability <= 1).all()
        assert stands.size.low <= stands.size.estimate <= stands.size.high


def test_items_are_asked_about_as_well_as_accounts(world: World, first: Searched) -> None:
    errors = Panel(world).errors
    nobody = np.zeros(len(world.accounts), np.bool_)
    asked = next_questions(first, 50, items_asked=set(), accounts_asked=nobody, errors=errors)
    assert len(asked.items) + len(asked.accounts) == 50
    assert len(asked.items) > 0
    assert len(asked.accounts) > 0
    assert (world.graph.kind[asked.items] != Node.ACCOUNT).all()
    assert not first.seeds[asked.accounts].any()
    known = nobody.copy()
    known[asked.accounts] = True
    items = {*asked.items.tolist()}
    others = next_questions(first, 50, items_asked=items, accounts_asked=known, errors=errors)
    assert not items & {*others.items.tolist()}
    assert not {*asked.accounts.tolist()} & {*others.accounts.tolist()}


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
