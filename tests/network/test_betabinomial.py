"""Ratios of beta-binomial likelihoods, beside SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution
from scipy.stats import betabinom

from leeward.network._statistics.betabinomial import Beta, log_beta, log_ratio, log_ratios

betas = st.builds(Beta.of, st.floats(0.001, 0.95), st.floats(0.5, 500))
counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(count=counts, one=betas, other=betas)
def test_whole_counts_are_those_of_scipy(count: tuple[int, int], one: Beta, other: Beta) -> None:
    k, n = count
    expected = betabinom.logpmf(k, n, *one) - betabinom.logpmf(k, n, *other)
    assert log_ratio(float(k), float(n), one, other) == pytest.approx(expected, abs=1e-7)


def test_fractions_of_counts_are_the_mean_over_all_rates() -> None:
    one, other, k, n = Beta(2.0, 5.0), Beta(1.5, 9.0), 2.3, 7.9

    def mean(rates: Beta) -> float:
        of = beta_distribution(*rates)
        return float(quad(lambda r: r**k * (1 - r) ** (n - k) * of.pdf(r), 0, 1)[0])

    assert log_ratio(k, n, one, other) == pytest.approx(np.log(mean(one) / mean(other)), abs=1e-7)


@given(some=st.lists(counts), one=betas, other=betas)
def test_arrays_say_what_numbers_do(some: list[tuple[int, int]], one: Beta, other: Beta) -> None:
    k = np.array([count[0] for count in some], np.float64)
    n = np.array([count[1] for count in some], np.float64)
    expected = [log_ratio(float(a), float(b), one, other) for a, b in zip(k, n, strict=True)]
    assert log_ratios(k, n, one, other).tolist() == pytest.approx(expected, abs=1e-9)


@given(one=betas, other=betas, n=st.floats(0, 100))
def test_nothing_is_said_where_nothing_was_done_or_both_are_alike(
    one: Beta, other: Beta, n: float
) -> None:
    assert log_ratio(0.0, 0.0, one, other) == pytest.approx(0, abs=1e-9)
    assert log_ratio(n / 2, n, one, one) == pytest.approx(0, abs=1e-9)


@given(mean=st.floats(0.001, 0.999), concentration=st.floats(0.1, 1000))
def test_a_beta_has_the_mean_and_the_concentration_that_it_was_given(
    mean: float, concentration: float
) -> None:
    made = Beta.of(mean, concentration)
    assert beta_distribution(*made).mean() == pytest.approx(mean)
    assert made.a + made.b == pytest.approx(concentration)


def test_the_beta_function_has_its_known_values() -> None:
    """B(1, 1) = 1, B(2, 3) = 1/12, B(1/2, 1/2) = pi."""
    known = {(1.0, 1.0): 1, (2.0, 3.0): 1 / 12, (0.5, 0.5): np.pi}
    for (a, b), value in known.items():
        assert log_beta(a, b) == pytest.approx(np.log(value), abs=1e-12)
