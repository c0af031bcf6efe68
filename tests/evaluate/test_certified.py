"""Attempts to certify a tier: what is certified, what is not, and at which price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.evaluate import Milestone, Panel, World, attempt
from leeward.evaluate._reviewing import longest
from leeward.network import Range
from tests.evaluate._worlds import found_size, world_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

RING = 4_000
OTHERS = 4_000
SEEDS = [0, 1]


def standing(world: World, probability: Doubles, size: float) -> Milestone:
    searched = found_size(size, SEEDS, len(world.accounts))
    everybody = ~searched.seeds
    nobody = np.zeros(len(world.accounts), np.bool_)
    return Milestone(
        0,
        searched,
        log_odds=probability,
        probability=probability,
        open=everybody,
        settled=nobody,
        above=longest(probability, 0.99, everybody),
        reviewed=nobody,
        size=Range(size, size, size),
    )


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(["reposter"] * RING + ["ordinary"] * OTHERS)


def test_a_pure_tier_is_certified_with_some_hundred_answers(world: World) -> None:
    probability = np.where(world.ring, 0.999, 0.01)
    panel = Panel(world, 0.02, seed=1)
    tried = attempt(world, standing(world, probability, RING), panel, 1_500)
    assert tried.certified
    assert (tried.tier, tried.precision) == (RING - len(SEEDS), 1.0)
    assert tried.recall == 1.0
    assert 250 < tried.asked < 1_500
    assert tried.asked == panel.given


def test_a_tier_that_is_not_what_it_seemed_is_not_certified(world: World) -> None:
    """A twentieth of those of whom the search is sure do not belong."""
    probability = np.where(world.ring, 0.999, 0.01)
    probability[RING : RING + 200] = 0.999
    panel = Panel(world, 0.02, seed=2)
    tried = attempt(world, standing(world, probability, RING), panel, 1_500)
    assert not tried.certified
    assert tried.asked > 0
    assert tried.precision == pytest.approx(0.952, abs=0.001)


def test_a_tier_of_less_than_half_of_the_ring_costs_nothing(world: World) -> None:
    probability = np.where(np.arange(RING + OTHERS) < RING // 4, 0.999, 0.01)
    panel = Panel(world, 0.02)
    tried = attempt(world, standing(world, probability, RING), panel, 1_500)
    assert (tried.certified, tried.asked, panel.given) == (False, 0, 0)
    assert "and not 2,000" in tried.words
    assert tried.recall == pytest.approx(0.25, abs=0.001)


def test_how_far_it_gets_may_be_asked_of_a_smaller_tier(world: World) -> None:
    probability = np.where(np.arange(RING + OTHERS) < RING // 4, 0.999, 0.01)
    tried = attempt(world, standing(world, probability, RING), Panel(world), 1_500, least=0.0)
    assert tried.certified
    assert tried.recall == pytest.approx(0.25, abs=0.001)


def test_who_was_settled_before_is_not_asked_about_again(world: World) -> None:
    probability = np.where(world.ring, 0.999, 0.01)
    settled = np.arange(RING + OTHERS) < RING // 2
    stands = standing(world, probability, RING)._replace(
        settled=settled & ~np.isin(range(8_000), SEEDS)
    )
    asked: list[int] = []

    class Listening(Panel):
        def account(self, place: int) -> bool:
            asked.append(place)
            return super().account(place)

    tried = attempt(world, stands, Listening(world, 0.02, seed=3), 1_500)
    assert tried.certified
    assert tried.tier == RING - len(SEEDS)
    assert not settled[asked].any()


@pytest.mark.parametrize("most", [-5, 0, 100])
def test_what_the_answers_that_are_left_cannot_do_is_not_begun(world: World, most: int) -> None:
    probability = np.where(world.ring, 0.999, 0.01)
    panel = Panel(world, 0.02)
    tried = attempt(world, standing(world, probability, RING), panel, most)
    assert (tried.certified, panel.given) == (False, 0)


def test_nobody_to_certify_is_no_tier(world: World) -> None:
    nothing = np.full(RING + OTHERS, 0.2)
    tried = attempt(world, standing(world, nothing, RING), Panel(world), 1_500)
    assert (tried.tier, tried.certified, tried.precision) == (0, False, None)
