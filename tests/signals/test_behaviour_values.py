"""Values and intervals, beside the distributions that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leeward.signals import FEATURES, Tracked
from leeward.signals._behaviour_shares import SHARE_PRIORS, features_of, values_of

_COLUMNS = [(kind, place) for kind, features in FEATURES.items() for place in range(len(features))]


def _one(kind: Tracked, place: int, k: float, n: float) -> tuple[float, float, float]:
    some, all_ = np.zeros((1, len(FEATURES[kind]))), np.zeros((1, len(FEATURES[kind])))
    some[0, place], all_[0, place] = k, n
    features = features_of(kind, some, all_)
    assert np.array_equal(features.values, values_of(kind, some, all_), equal_nan=True)
    assert np.isnan(np.delete(features.values, place, axis=1)).all()
    return tuple(float(part[0, place]) for part in (features.values, features.low, features.high))  # type: ignore[return-value]


def test_every_share_has_a_prior_and_nothing_else_has() -> None:
    shares = {one.name for each in FEATURES.values() for one in each if one.unit == "share"}
    assert shares == set(SHARE_PRIORS)


@pytest.mark.parametrize(("kind", "place"), _COLUMNS)
@given(n=st.integers(1, 500), part=st.floats(0, 1))
def test_a_value_lies_in_its_interval_and_rises_with_the_count(
    kind: Tracked, place: int, n: int, part: float
) -> None:
    k = round(n * part)
    value, low, high = _one(kind, place, k, n)
    assert low <= value <= high
    if k < n:
        assert _one(kind, place, k + 1, n)[0] > value


@given(n=st.integers(5, 2_000), part=st.floats(0, 1))
def test_a_share_is_the_mean_of_a_beta_posterior_and_covers_its_middle(n: int, part: float) -> None:
    k = round(n * part)
    place = [one.name for one in FEATURES["thread"]].index("untied_repliers")
    value, low, high = _one("thread", place, k, n)
    prior = SHARE_PRIORS["untied_repliers"]
    posterior = stats.beta(k + prior.mean * prior.worth, n - k + (1 - prior.mean) * prior.worth)
    assert value == pytest.approx(posterior.mean())
    assert low == pytest.approx(posterior.ppf(0.05), abs=0.05)
    assert high == pytest.approx(posterior.ppf(0.95), abs=0.05)


@given(k=st.integers(0, 1_000))
def test_a_number_has_the_interval_of_a_poisson_rate(k: int) -> None:
    place = [one.name for one in FEATURES["account"]].index("minors_contacted")
    value, low, high = _one("account", place, k, k + 1)
    posterior = stats.gamma(k + 0.5)
    assert value == k
    assert low == pytest.approx(min(k, posterior.ppf(0.05)), rel=0.02, abs=0.02)
    assert high == pytest.approx(posterior.ppf(0.95), rel=0.02, abs=0.1)


def test_log_odds_are_those_above_the_base_rate() -> None:
    value, low, high = _one("tag", 0, 0, 40)
    assert value < 0
    assert _one("tag", 0, 0, 1e-9)[0] == pytest.approx(0, abs=1e-6)
    value, low, high = _one("tag", 0, 10, 20)
    assert value == pytest.approx(np.log(10.2 / 29.8) - np.log(0.01 / 0.99))
    assert high - value == pytest.approx(value - low)
    draws = stats.beta(10.2, 29.8).rvs(200_000, random_state=1)
    logit = np.log(draws / (1 - draws)) - np.log(0.01 / 0.99)
    assert (low, high) == pytest.approx(tuple(np.quantile(logit, (0.05, 0.95))), abs=0.1)


def test_what_was_not_counted_is_not_known() -> None:
    for kind, features in FEATURES.items():
        nothing = np.zeros((3, len(features)))
        found = features_of(kind, nothing, nothing)
        assert np.isnan(found.values).all()
        assert np.isnan(found.low).all()
        assert np.isnan(found.high).all()
        assert not found.counts.any()
