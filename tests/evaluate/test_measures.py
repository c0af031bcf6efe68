"""A ranking measured against the truth; the oracles average over every order of equal scores."""

from __future__ import annotations

from itertools import groupby, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.evaluate import ranking_measures

few = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=7)
many = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=400)


def orders(rows: list[tuple[int, bool]]) -> list[list[bool]]:
    """The truth along every order that the scores allow."""
    ranked = sorted(rows, key=lambda row: -row[0])
    tied = [[right for _, right in group] for _, group in groupby(ranked, key=lambda row: row[0])]
    return [
        [right for part in parts for right in part]
        for parts in product(*(permutations(group) for group in tied))
    ]


def average_precision(order: list[bool]) -> float:
    """By its definition: the mean over what is right of the precision at its place."""
    places = [place for place, right in enumerate(order, 1) if right]
    return sum(number / place for number, place in enumerate(places, 1)) / len(places)


def test_a_ranking_worked_out_by_hand() -> None:
    measures = ranking_measures([9, 8, 7, 6, 5], [True, False, True, False, False], at=(1, 3, 9))
    assert measures.average_precision == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert [
        (1, 1.0, 1.0, 0.5),
        (3, 2.0, pytest.approx(2 / 3), 1.0),
        (5, 2.0, 0.4, 1.0),
    ] == list(measures.at)
    assert np.array(measures.curve) == pytest.approx(np.array([[0.5, 1.0], [1.0, 2 / 3]]))


@given(few)
def test_equal_scores_count_as_the_mean_over_their_orders(rows: list[tuple[int, bool]]) -> None:
    scores, truth = zip(*rows, strict=True)
    measures = ranking_measures(scores, truth, at=range(1, len(rows) + 1))
    every = orders(rows)
    for at in measures.at:
        assert at.found == pytest.approx(np.mean([sum(order[: at.k]) for order in every]))
        assert at.precision == pytest.approx(at.found / at.k)
        assert at.recall == (pytest.approx(at.found / sum(truth)) if any(truth) else None)
    expected = np.mean([average_precision(order) for order in every]) if any(truth) else None
    assert measures.average_precision == (None if expected is None else pytest.approx(expected))


@given(many)
def test_the_order_of_the_input_changes_nothing(rows: list[tuple[float, bool]]) -> None:
    scores, truth = zip(*rows, strict=True)
    there = ranking_measures(scores, truth)
    back = ranking_measures(scores[::-1], truth[::-1])
    assert there.average_precision == (
        None if back.average_precision is None else pytest.approx(back.average_precision)
    )
    assert [at.k for at in there.at] == [at.k for at in back.at]
    assert there.curve == back.curve


@given(many)
def test_every_drawn_point_is_on_the_curve(rows: list[tuple[float, bool]]) -> None:
    """A point is a threshold: what stands at or above it, how much of that is right."""
    scores, truth = (np.array(column) for column in zip(*rows, strict=True))
    points = set()
    for threshold in scores:
        chosen = scores >= threshold
        right = (chosen & truth).sum()
        points.add(
            (round(float(right / max(truth.sum(), 1)), 9), round(float(right / chosen.sum()), 9))
        )
    curve = ranking_measures(scores, truth).curve
    assert {(round(recall, 9), round(precision, 9)) for recall, precision in curve} <= points
    assert [recall for recall, _ in curve] == sorted({recall for recall, _ in curve})
    assert (bool(curve) and curve[-1][0] == 1.0) == bool(truth.any())


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    truth = np.random.default_rng(5).random(5_000) < 0.3
    full = truth.sum()
    curve = ranking_measures(-np.arange(5_000), truth).curve
    assert len(curve) == 200
    first = int(np.argmax(truth)) + 1
    last = 5_000 - int(np.argmax(truth[::-1]))
    assert curve[0] == pytest.approx((1 / full, 1 / first))
    assert curve[-1] == pytest.approx((1.0, full / last))


def test_nothing_to_find_is_no_measure_instead_of_a_bad_one() -> None:
    measures = ranking_measures([2, 1], [False, False])
    assert measures.average_precision is None
    assert measures.at[-1].recall is None
    assert measures.curve == ()


def test_nothing_ranked_is_measured_as_nothing() -> None:
    measures = ranking_measures([], [])
    assert ((), None, ()) == (measures.at, measures.average_precision, measures.curve)


@pytest.mark.parametrize(
    ("scores", "truth", "at"),
    [
        ([1.0, float("nan")], [True, False], (1,)),
        ([1.0], [True, False], (1,)),
        ([[1.0, 2.0]], [True, False], (1,)),
        ([1.0], [True], (0,)),
    ],
)
def test_what_cannot_be_measured_is_refused(
    scores: list[float], truth: list[bool], at: tuple[int, ...]
) -> None:
    with pytest.raises(UsageError):
        ranking_measures(scores, truth, at)
