"""What several searches agree on."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network._searching.agreement import middle_of, nearest

TOTALS = st.integers(1, 7).flatmap(
    lambda accounts: st.lists(
        st.lists(st.floats(-20, 20, width=32), min_size=accounts, max_size=accounts),
        min_size=1,
        max_size=7,
    )
)


@given(totals=TOTALS)
def test_it_is_the_median_of_each_account(totals: list[list[float]]) -> None:
    found = middle_of([np.array(one, np.float32) for one in totals])
    expected = [statistics.median(one[i] for one in totals) for i in range(len(totals[0]))]
    assert found.tolist() == pytest.approx(expected, abs=1e-5)


@given(totals=TOTALS, size=st.integers(0, 9))
def test_one_search_is_named_and_the_last_unless_another_is_nearer(
    totals: list[list[float]], size: int
) -> None:
    arrays = [np.array(one) for one in totals]
    middle = middle_of(arrays)
    which = nearest(arrays, middle, size)
    highest = sorted(range(len(middle)), key=lambda i: -middle[i])[:size]
    apart = [sum(abs(one[i] - middle[i]) for i in highest) for one in totals]
    if len({*middle.tolist()}) == len(middle):  # no equal ones: it is known who is compared
        assert which == len(totals) - 1 or apart[which] == pytest.approx(min(apart))


def test_a_mistake_that_fewer_than_half_of_the_searches_make_moves_nobody() -> None:
    """Two of five searches are sure of a stranger, and doubt a member."""
    right, astray = np.array([5.0, -5.0, 0.0]), np.array([-9.0, 12.0, 0.0])
    totals = [right, astray, right, right, astray]
    assert middle_of(totals).tolist() == right.tolist()
    assert nearest(totals, middle_of(totals), 2) == 0


def test_the_search_that_knows_everybody_explains_where_it_is_about_as_near() -> None:
    one, last = np.array([5.0, -5.0]), np.array([5.1, -5.1])
    totals = [one, one + 0.4, last]
    assert nearest(totals, middle_of(totals), 2) == 2


@given(lower=st.lists(st.tuples(st.floats(-20, 20), st.floats(0, 9)), min_size=1, max_size=7))
def test_who_stands_no_higher_in_any_search_stands_no_higher_in_the_middle(
    lower: list[tuple[float, float]],
) -> None:
    """So what no search counts for an account, the middle does not count for it either."""
    one, other = middle_of([np.array([low, low + more]) for low, more in lower])
    assert one <= other
