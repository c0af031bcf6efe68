"""Reviewers who are simulated: how often they err, and how their answers are counted."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.evaluate import Panel
from leeward.evaluate._panel import weight_of
from leeward.network import ReviewErrors
from tests.evaluate._worlds import world_of

ROLES = ["producer", "ordinary"]


@pytest.mark.parametrize("place", [0, 1])
def test_two_of_a_hundred_answers_are_wrong_either_way(place: int) -> None:
    panel = Panel(world_of(ROLES), 0.02, seed=5)
    truth = place == 0
    asked = 20_000
    wrong = sum(panel.account(place) != truth for _ in range(asked))
    assert panel.given == asked
    assert wrong / asked == pytest.approx(0.02, abs=0.004)  # four standard deviations
    items = sum(panel.item(place) != truth for _ in range(asked))
    assert items / asked == pytest.approx(0.02, abs=0.004)


def test_who_never_errs_says_the_truth() -> None:
    panel = Panel(world_of(ROLES), 0.0)
    assert [panel.account(0), panel.account(1), panel.item(0), panel.item(1)] == [
        *(True, False, True, False)
    ]


def test_a_second_look_counts_as_an_answer_and_rarely_errs_on_that_side() -> None:
    panel = Panel(world_of(ROLES), 0.1, seed=6)
    asked = 20_000
    wrong = sum(panel.confirmed(1, when=True) for _ in range(asked))
    assert wrong / asked == pytest.approx(0.01, abs=0.003)
    assert panel.given == pytest.approx(1.1 * asked, rel=0.01)  # a tenth was looked at twice
    lost = sum(not panel.confirmed(0, when=True) for _ in range(asked))
    assert lost / asked == pytest.approx(0.19, abs=0.012)


def test_equal_seeds_give_equal_answers() -> None:
    panels = [Panel(world_of(ROLES), 0.3, seed) for seed in (1, 1, 2)]
    said = [[panel.account(0) for _ in range(100)] for panel in panels]
    assert said[0] == said[1]
    assert said[0] != said[2]


def test_an_answer_weighs_what_its_errors_leave_of_it() -> None:
    errors = ReviewErrors.known(0.02, 0.02)
    assert weight_of(errors, yes=True) == pytest.approx(log(0.98 / 0.02))
    assert weight_of(errors, yes=False) == pytest.approx(-log(0.98 / 0.02))
    assert np.isfinite(weight_of(ReviewErrors.known(0.0, 0.0), yes=True))


@pytest.mark.parametrize("error", [-0.1, 0.5, 2])
def test_a_coin_is_no_reviewer(error: float) -> None:
    with pytest.raises(UsageError, match="wrong answers"):
        Panel(world_of(ROLES), error)
