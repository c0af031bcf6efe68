"""Places, the discriminant and shares, beside SciPy and counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from leeward.network._votes.lean import lean, like, places_of, shares_above

SCORES = st.lists(st.integers(-(2**15), 2**15).map(float), min_size=1, max_size=60)
EVERYBODY = np.arange(-2.0, 3.0)
"""Five places with the mean 0 and the variance 2."""


@given(scores=SCORES)
def test_places_are_the_log_odds_of_mean_ranks(scores: list[float]) -> None:
    share = (rankdata(scores) - 0.5) / len(scores)
    expected = np.log(share / (1 - share))
    assert places_of(np.array(scores)).tolist() == pytest.approx(expected.tolist())


def test_sums_in_another_order_stand_together() -> None:
    parts = np.array([0.1, 0.2, 0.3])
    even = np.array([parts.sum(), 0.0, parts[::-1].sum() + 1e-12, 1.0])
    places = places_of(even)
    assert places[0] == places[2]
    assert places[1] < places[0] < places[3]


def test_nobody_has_no_place() -> None:
    assert len(places_of(np.empty(0))) == 0


def test_the_lean_is_fishers_discriminant() -> None:
    """Two at 2, and two in doubt at the middle: their mean is 1, a half of the variance."""
    found = lean(EVERYBODY, np.array([2.0, 2.0]), np.ones(5, np.bool_))
    expected = [(1 - 0) / 2 * (x - (1 + 0) / 2) for x in EVERYBODY]
    assert found.tolist() == pytest.approx(expected)


@given(
    places=st.lists(st.floats(-5, 5), min_size=3, max_size=40),
    members=st.lists(st.floats(-5, 5), max_size=10),
)
def test_the_lean_is_the_ratio_of_two_normal_densities(
    places: list[float], members: list[float]
) -> None:
    everybody = np.array(places)
    middle, spread = float(np.mean(places)), max(float(np.var(places)), 1e-9)
    theirs = (sum(members) + 2 * middle) / (len(members) + 2)
    found = lean(everybody, np.array(members), np.ones(len(places), np.bool_))
    steepness = (theirs - middle) / spread
    if steepness <= 0:
        assert found.tolist() == pytest.approx([0.0] * len(places), abs=1e-9)
    elif steepness < 2:
        densities = ((everybody - middle) ** 2 - (everybody - theirs) ** 2) / (2 * spread)
        assert found.tolist() == pytest.approx(densities.tolist(), abs=1e-9)


def test_nothing_leans_where_the_confirmed_stand_as_everybody_does() -> None:
    all_of_them = np.ones(5, np.bool_)
    assert not lean(EVERYBODY, EVERYBODY, all_of_them).any()
    assert not lean(EVERYBODY, np.empty(0), all_of_them).any()
    assert not lean(EVERYBODY, np.array([-2.0]), all_of_them).any()


def test_a_place_counts_twice_at_most() -> None:
    """However far off the confirmed stand."""
    found = lean(EVERYBODY, np.full(20, 100.0), np.ones(5, np.bool_))
    assert np.diff(found).tolist() == pytest.approx([2] * 4)


def test_those_who_did_nothing_do_not_tell_where_everybody_stands() -> None:
    active = np.array([True] * 5 + [False] * 20)
    places = np.concatenate([EVERYBODY, np.full(20, -9.0)])
    found = lean(places, np.array([2.0, 2.0]), active)
    alone = lean(EVERYBODY, np.array([2.0, 2.0]), np.ones(5, np.bool_))
    assert found[:5].tolist() == alone.tolist()


@given(
    accounts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), min_size=1, max_size=40),
    data=st.data(),
)
def test_shares_above_are_counted_among_accounts_of_like_activity(
    accounts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Half to twice as active; and at least a tenth of those who did anything at all."""
    chosen = data.draw(st.lists(st.integers(0, len(accounts) - 1), unique=True))
    scores = np.array([score for score, _ in accounts], np.float64)
    activity = np.array([acts for _, acts in accounts], np.int64)
    found = shares_above(scores, activity, np.array(chosen, np.int32))
    for member, share in zip(chosen, found.tolist(), strict=True):
        mine, acts = accounts[member]
        near = like(activity, acts / 2, 2 * acts).nonzero()[0].tolist()
        of_them = [accounts[i][0] for i in near]
        above = sum(1.0 if score > mine else 0.5 for score in of_them if score >= mine)
        assert share == pytest.approx(above / len(of_them))
        assert 0 < share <= 1


@given(
    activity=st.lists(st.integers(0, 40), min_size=1, max_size=80),
    least=st.integers(0, 40),
    more=st.integers(0, 40),
)
def test_like_accounts_are_a_tenth_at_least_and_the_nearest(
    activity: list[int], least: int, more: int
) -> None:
    most = least + more
    found = like(np.array(activity), least, most).tolist()
    within = [least <= acts <= most for acts in activity]
    active = sum(acts > 0 for acts in activity)
    assert all(is_like for is_like, is_within in zip(found, within, strict=True) if is_within)
    if sum(within) >= 0.1 * active:
        assert found == within
        return
    assert sum(found) >= 0.1 * active
    chosen = [acts for acts, is_like in zip(activity, found, strict=True) if is_like]
    low, high = min(chosen), max(chosen)
    assert found == [
        is_in or low <= acts <= high for acts, is_in in zip(activity, within, strict=True)
    ]
    # No wider than it has to be: without its two ends it would hold fewer than a tenth.
    assert sum(low < acts < high for acts in activity) < max(0.1 * active, 1)


def test_the_most_active_of_all_are_compared_with_others_than_themselves() -> None:
    """Ten of a thousand do a hundred times as much as anybody else; half of them stand on top."""
    activity = np.array([1_000] * 10 + list(range(1, 991)), np.int64)
    scores = np.array([9.0] * 5 + [1.0] * 5 + [0.0] * 990)
    last = shares_above(scores, activity // 100 + 1, np.array([9], np.int32))
    assert last[0] < 0.1
