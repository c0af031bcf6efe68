"""The law of summed log places, beside SciPy's gamma distribution and by drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincc

from leeward.network._statistics.chance import chance_of, least_likely


@given(number=st.integers(1, 400), total=st.floats(0, 3_000))
def test_it_is_the_upper_tail_of_the_gamma_law(number: int, total: float) -> None:
    expected = float(gammaincc(number, total))
    assert chance_of(total, number) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_drawn_places_exceed_it_as_often_as_it_says() -> None:
    shares = np.random.default_rng(0).random((200_000, 10))
    totals = -np.log(shares).sum(axis=1)
    for chance in (0.5, 0.1, 0.01):
        assert (totals > least_likely(10, chance)).mean() == pytest.approx(chance, rel=0.1)


@given(number=st.integers(1, 300), chance=st.floats(1e-6, 0.99))
def test_the_least_likely_sum_has_that_chance(number: int, chance: float) -> None:
    assert chance_of(least_likely(number, chance), number) == pytest.approx(chance, rel=1e-6)
