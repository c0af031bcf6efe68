"""Laws of counts, beside scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leeward.network._statistics.binomial import (
    beta_cdf,
    beta_quantile,
    likelihoods,
    log_factorials,
)


@given(
    a=st.floats(0.01, 5_000),
    b=st.floats(0.01, 5_000),
    x=st.floats(0, 1, allow_subnormal=False),  # scipy's lose digits there
)
def test_the_beta_law_is_scipys(a: float, b: float, x: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-9)


@given(a=st.floats(0.2, 3_000), b=st.floats(0.2, 3_000), share=st.floats(0.005, 0.995))
def test_its_quantiles_are_scipys(a: float, b: float, share: float) -> None:
    expected = stats.beta.ppf(share, a, b)
    assert beta_quantile(share, a, b) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def naive(bad: int, size: int, answers: int, no: int, rates: tuple[float, float]) -> float:
    """The chance of a count of "no": every number drawn, every way to split the "no"."""
    false_yes, false_no = rates
    total = 0.0
    for d in range(answers + 1):
        drawn = stats.hypergeom.pmf(d, size, bad, answers)
        split = sum(
            stats.binom.pmf(b, d, 1 - false_yes) * stats.binom.pmf(no - b, answers - d, false_no)
            for b in range(no + 1)
        )
        total += drawn * split
    return float(total)


@given(data=st.data(), rates=st.sampled_from([(0.0, 0.0), (0.05, 0.0), (0.0, 0.03), (0.1, 0.2)]))
def test_the_chance_of_a_count_of_answers_is_the_naive_sum(
    data: st.DataObject, rates: tuple[float, float]
) -> None:
    size = data.draw(st.integers(1, 25))
    answers = data.draw(st.integers(0, min(size, 9)))
    no = data.draw(st.integers(0, answers))
    counts = np.arange(size + 1)
    actual = np.exp(likelihoods(counts, size, answers, no, *rates, log_factorials(size)))
    expected = [naive(bad, size, answers, no, rates) for bad in counts.tolist()]
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-14)
