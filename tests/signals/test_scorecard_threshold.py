"""Thresholds: stated where labels support them, and refused with the number it would take."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from leeward.errors import UsageError
from leeward.signals._threshold import INNOCENTS, HeldOut, lower_bound, threshold_of

MANY: Final = 400


def held(good: int, bad: int, beyond: int = 60, *, groups: list[int] | None = None) -> HeldOut:
    """Some with high scores, ``bad`` of them innocent, and innocent ones with low scores."""
    count = good + bad + beyond
    order = np.random.default_rng(0).permutation(good + bad).tolist()
    scores = [5 + place / 1_000 for place in order] + [-5.0 - i / 1_000 for i in range(beyond)]
    offender = [i < good for i in range(good + bad)] + [False] * beyond
    return HeldOut(tuple(scores), tuple(offender), tuple(groups or range(count)))


@given(st.integers(0, 3_000), st.integers(1, 3_000), st.floats(0.001, 0.3))
def test_the_lower_bound_is_that_of_scipy(right: int, of: int, error: float) -> None:
    right = min(right, of)
    expected = beta.ppf(error, right, of - right + 1) if right else 0.0
    assert lower_bound(right, of, error) == pytest.approx(expected, abs=1e-9)


def test_many_labels_that_are_right_support_a_threshold() -> None:
    found = threshold_of(held(MANY, 4), 0.9)
    assert found.refused is None
    assert found.score is not None
    assert 0 < found.score < 6
    assert found.low >= 0.9
    assert found.words.startswith("a precision of 90% from a score of +")


def test_the_lowest_cut_that_is_supported_is_taken() -> None:
    """Below it stand the innocent ones."""
    scores = tuple(np.linspace(3, 0, 500).tolist())
    offender = tuple(i < 250 for i in range(500))
    found = threshold_of(HeldOut(scores, offender, tuple(range(500))), 0.9)
    assert found.groups == 240
    assert found.right == 240


def test_few_labels_are_refused_with_the_number_it_takes() -> None:
    found = threshold_of(held(20, 0, 15), 0.9)
    assert found.score is None
    assert found.refused is not None
    assert "It takes at least" in found.refused
    assert lower_bound(found.at_least, found.at_least, 0.05) >= 0.9


def test_the_number_that_it_takes_is_enough_at_the_same_share() -> None:
    """Where so many stand above one cut; there may be one cut more in a larger sample."""
    found = threshold_of(held(56, 3, 60), 0.9)
    assert found.needs is not None
    share = (found.right + 0.5) / (found.groups + 1)
    for count, is_enough in ((found.needs, True), (found.groups, False)):
        low = lower_bound(round(share * count), count, 0.05 / 2)
        assert (low >= 0.9) == is_enough


def test_labels_that_are_often_wrong_are_refused_for_good() -> None:
    found = threshold_of(held(300, 200), 0.9)
    assert found.score is None
    assert found.needs is None
    assert "no number is enough" in (found.refused or "")


def test_without_innocent_labels_nothing_is_said_of_precision() -> None:
    """Where people write down only whom they caught, everything is right."""
    found = threshold_of(held(MANY, 0, INNOCENTS - 1), 0.9)
    assert found.score is None
    assert "where nobody writes down who was innocent" in (found.refused or "")
    assert threshold_of(held(MANY, 0, INNOCENTS), 0.9).score is not None


def test_a_group_counts_once() -> None:
    """Four hundred messages of one template are one case."""
    one = [0] * MANY + list(range(1, 61))
    found = threshold_of(held(MANY, 0, 60, groups=one), 0.9)
    assert found.score is None


def test_a_group_with_an_innocent_one_is_wrong() -> None:
    groups = [i % 100 for i in range(200)] + list(range(200, 260))
    held_out = HeldOut(
        tuple([5.0] * 200 + [-5.0] * 60),
        tuple([i >= 100 or i < 50 for i in range(200)] + [False] * 60),
        tuple(groups),
    )
    found = threshold_of(held_out, 0.4)
    assert (found.right, found.groups) == (50, 100)


def test_equal_scores_stand_on_one_side() -> None:
    scores = tuple([1.0] * 45 + [0.0] * 45)
    found = threshold_of(HeldOut(scores, (True,) * 45 + (False,) * 45, tuple(range(90))), 0.9)
    assert (found.score, found.groups) == (1.0, 45)


def test_a_scorecard_without_labels_refuses() -> None:
    assert threshold_of(None, 0.9).score is None


def test_it_is_wrong_in_no_more_than_one_of_twenty_samples() -> None:
    """With a true precision just below what is asked for, at every cut."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(120):
        offender = rng.random(300) < 0.895
        offender[-INNOCENTS:] = False
        scores = tuple(np.linspace(1, 0, 300).tolist())
        held_out = HeldOut(scores, tuple(offender.tolist()), tuple(range(300)))
        wrong += threshold_of(held_out, 0.9).score is not None
    assert wrong <= 0.05 * 120


@pytest.mark.parametrize("precision", [0.0, 1.0, -1.0, 90.0])
def test_a_precision_out_of_range_is_refused(precision: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        threshold_of(None, precision)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(UsageError, match="differ in length"):
        HeldOut((1.0,), (True, False), (1,))
