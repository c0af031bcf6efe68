"""The draws: against published values, and against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.simulate._accounts import END
from leeward.simulate._chance import (
    DAY,
    RHYTHM,
    TIME_OF_DAY,
    alias,
    delay,
    draw,
    moment,
    picked,
    unit,
    wakeful,
    zipf_table,
)

KEYS = st.integers(min_value=0, max_value=2**64 - 1)
UNITS = st.floats(min_value=0, max_value=1, exclude_max=True)


def test_draws_are_those_of_splitmix64() -> None:
    """The first five numbers of the generator seeded with 1234567, as its users publish them."""
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert expected == [int(draw(np.uint64(1234567), n)) for n in range(5)]


@given(KEYS)
def test_a_unit_is_below_one(bits: int) -> None:
    assert 0 <= unit(np.uint64(bits)) < 1
    assert unit(np.uint64(2**64 - 1)) < 1


@given(st.lists(st.floats(min_value=1e-3, max_value=1e3), min_size=1, max_size=12))
def test_an_alias_table_has_the_weights_it_was_made_of(weights: list[float]) -> None:
    """The chance of each place, from the table itself: its own part and what is redirected."""
    chance, other = alias(np.array([0, len(weights)]), np.array(weights))
    share = np.zeros(len(weights))
    np.add.at(share, np.arange(len(weights)), chance)
    np.add.at(share, other, 1 - chance)
    np.testing.assert_allclose(
        share / len(weights), np.array(weights) / sum(weights), rtol=1e-4, atol=1e-6
    )


def test_groups_have_alias_tables_of_their_own() -> None:
    weights = np.array([1.0, 3.0, 5.0, 5.0, 90.0])
    chance, other = alias(np.array([0, 2, 2, 5]), weights)
    draws = np.linspace(0, 1, 10_000, endpoint=False)
    first = np.bincount([picked(u, chance[:2], other[:2]) for u in draws]) / len(draws)
    last = np.bincount([picked(u, chance[2:], other[2:]) for u in draws]) / len(draws)
    np.testing.assert_allclose(first, [0.25, 0.75], atol=1e-3)
    np.testing.assert_allclose(last, [0.05, 0.05, 0.9], atol=1e-3)


@pytest.mark.parametrize(("count", "exponent"), [(1, 1.0), (16, 1.0), (500, 0.9), (4_096, 0.95)])
def test_ranks_have_zipfs_shares(count: int, exponent: float) -> None:
    weights = np.arange(1, count + 1) ** -exponent
    shares = np.bincount(zipf_table(count, exponent), minlength=count) / 65_536
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=2 / 65_536)


@given(UNITS, UNITS, st.integers(0, END - 2), st.integers(1, END), st.integers(-11, 12))
def test_a_moment_is_within_its_bounds(
    one: float, other: float, begin: int, length: int, zone: int
) -> None:
    end = min(END, begin + length)
    assert begin <= moment(one, other, begin, end, zone, TIME_OF_DAY) < end


def test_moments_follow_the_rhythm_of_a_local_day() -> None:
    rng = np.random.default_rng(3)
    zone = 5
    draws = rng.random((40_000, 2))
    at = [moment(one, other, 0, END, zone, TIME_OF_DAY) for one, other in draws]
    local = (np.array(at) + zone * 3_600_000) % DAY // 900_000
    found = np.bincount(local.astype(int), minlength=96) / len(at)
    np.testing.assert_allclose(found, RHYTHM / RHYTHM.sum(), atol=0.003)
    assert wakeful(20 * 3_600_000 + 1_800_000 - zone * 3_600_000, zone, RHYTHM) > 0.95


def test_reactions_take_a_while_and_some_take_long() -> None:
    rng = np.random.default_rng(4)
    lags = np.array([delay(*rng.random(2)) for _ in range(20_000)])
    assert lags.min() >= 1_000
    assert 80 < np.median(lags) / 60_000 < 100
    assert np.mean(lags > 24 * 3_600_000) > 0.05
