"""One ranking beside the truth, from cases that are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from leeward.evaluate import calibration
from leeward.evaluate._scored import above_line, curve_of, ranked_figures
from tests.evaluate._worlds import world_of

ROLES = ["producer", "child", "reposter", "ordinary", "silent", "critic"]
EVERYBODY = np.ones(len(ROLES), np.bool_)


def test_average_precision_stands_beside_what_the_oracle_reaches() -> None:
    """The ring at the places 1, 3 and 5; for the oracle at 1, 2 and 4."""
    world = world_of(ROLES, [9, 7, 8, 1, 5, 2])
    figures = dict(ranked_figures(world, np.array([6, 5, 4, 3, 2, 1.0]), EVERYBODY))
    reached, possible = (1 + 2 / 3 + 3 / 5) / 3, (1 + 1 + 3 / 4) / 3
    assert figures["average precision"] == pytest.approx(reached)
    assert figures["average precision over the ceiling's"] == pytest.approx(reached / possible)
    assert figures["recall at the best .99"] == pytest.approx(1 / 3)


def test_without_the_oracle_there_is_no_ratio() -> None:
    figures = dict(ranked_figures(world_of(ROLES), np.arange(6.0), EVERYBODY))
    assert figures["average precision over the ceiling's"] is None
    assert figures["average precision"] is not None


def test_seeds_count_neither_for_the_method_nor_for_the_oracle() -> None:
    world = world_of(ROLES, [9, 7, 8, 1, 5, 2])
    figures = dict(ranked_figures(world, np.array([6, 5, 4, 3, 2, 1.0]), np.arange(6) > 0))
    assert figures["average precision"] == pytest.approx((1 / 2 + 2 / 4) / 2)
    possible = (1 + 2 / 3) / 2
    assert figures["average precision over the ceiling's"] == pytest.approx(0.5 / possible)


def test_where_everybody_of_the_ring_is_a_seed_nothing_is_left_to_find() -> None:
    world = world_of(["producer", "child"])
    figures = dict(ranked_figures(world, np.array([2.0, 1.0]), np.array([False, True])))
    assert figures["average precision"] is None
    assert curve_of(world, np.array([2.0, 1.0]), np.array([False, True])) == ()


def test_shields_above_the_line_are_counted_by_role() -> None:
    above = np.array([True, True, True, False, False, True])
    counted = np.array([False, True, True, True, True, True])  # the producer is a seed
    figures = dict(above_line(world_of(ROLES), above, counted))
    assert figures["above the line"] == 3
    assert figures["recall at the line"] == 1 / 2
    assert figures["precision at the line"] == 1 / 3
    assert figures["innocent above the line"] == 2
    assert figures["shields above the line"] == 2
    assert figures["above the line: child"] == 1
    assert figures["above the line: critic"] == 1
    assert figures["above the line: school"] == 0


def test_nobody_above_the_line_has_no_precision() -> None:
    figures = dict(above_line(world_of(ROLES), np.zeros(6, np.bool_), EVERYBODY))
    assert figures["precision at the line"] is None
    assert figures["recall at the line"] == 0


# --- calibration -------------------------------------------------------------------------------


def test_what_was_said_stands_beside_what_is_so() -> None:
    said = np.array([0.05, 0.05, 0.15, 1.0])
    belongs = np.array([False, True, False, True])
    found = calibration(said, belongs)
    expected = [(0.05, 0.5, 2.0), (0.15, 0.0, 1.0), (1.0, 1.0, 1.0)]
    np.testing.assert_allclose(found.bins, expected)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 0.15**2) / 4)
    assert found.error == pytest.approx((2 * 0.45 + 0.15) / 4)


def test_one_who_says_the_truth_has_no_error() -> None:
    rng = np.random.default_rng(3)
    said = rng.random(200_000)
    found = calibration(said, rng.random(200_000) < said)
    assert found.error == pytest.approx(0, abs=0.01)
    assert found.brier == pytest.approx(1 / 6, abs=0.005)  # the mean of p (1 - p)


def test_nobody_has_no_calibration() -> None:
    assert calibration(np.zeros(0), np.zeros(0, np.bool_)) == (None, None, ())
