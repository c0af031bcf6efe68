"""How many belong, and how far down nearly all of them do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network._searching.extent import extent_of, line_of, settled_members
from leeward.network._searching.hiding import Hidden

ODDS = st.lists(st.floats(-8, 8) | st.integers(-8, 8).map(float), min_size=1, max_size=60)


def hidden(size: int, ranks: list[int]) -> Hidden:
    return Hidden(size, np.full(len(ranks), 0.1), np.array(ranks, np.float64), (), ())


def places(count: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.arange(count, dtype=np.int32)


@given(
    total=ODDS,
    size=st.integers(1, 30),
    ranks=st.lists(st.integers(0, 60), min_size=1, max_size=12),
)
def test_the_interval_holds_the_estimate_and_at_most_half_of_all(
    total: list[float], size: int, ranks: list[int]
) -> None:
    accounts = len(total)
    found = extent_of(np.array(total), places(len(ranks)), hidden(size, ranks), accounts)
    assert 0 < found.low <= found.estimate <= found.high <= accounts / 2


@given(total=ODDS, members=st.integers(0, 3))
def test_so_it_is_where_nothing_was_hidden(total: list[float], members: int) -> None:
    accounts = len(total)
    found = extent_of(np.array(total), places(min(members, accounts)), None, accounts)
    assert 0 < found.low <= found.estimate <= found.high == accounts / 2


def test_all_found_among_sure_suspects_are_as_many_as_the_suspects() -> None:
    """40 sure ones among 2,000, and all of twenty hidden ones stood there."""
    total = np.concatenate([np.full(40, 30.0), np.full(1960, -30.0)])
    found = extent_of(total, places(20), hidden(40, list(range(20))), 2_000)
    assert found.low == pytest.approx(40, rel=0.05)
    assert 40 < found.estimate < 1.3 * 40
    assert found.high == pytest.approx(80, rel=0.2)


def test_where_half_of_the_hidden_were_found_there_are_twice_as_many() -> None:
    """Capture and recapture: the share of the hidden ones is the share of all."""
    total = np.concatenate([np.full(40, 30.0), np.full(1960, -30.0)])
    all_found = extent_of(total, places(20), hidden(40, [0] * 20), 2_000)
    half_found = extent_of(total, places(20), hidden(40, [0] * 10 + [500] * 10), 2_000)
    assert half_found.estimate == pytest.approx(2 * all_found.estimate, rel=0.1)
    assert half_found.high - half_found.low > all_found.high - all_found.low


def test_the_fewer_of_the_hidden_were_found_the_more_there_are() -> None:
    total = np.random.default_rng(0).normal(-3, 3, 5_000)
    estimates = [
        extent_of(total, places(10), hidden(100, [0] * n + [900] * (10 - n)), 5_000).estimate
        for n in range(11)
    ]
    assert all(more > less for more, less in pairwise(estimates))


@pytest.mark.parametrize(("ring", "accounts"), [(12, 1_000), (40, 4_000), (400, 4_000)])
def test_a_small_network_among_many_suspects_is_not_taken_for_as_many(
    ring: int, accounts: int
) -> None:
    """Log-likelihood ratios of two normal laws: what they say is true, whoever is suspected."""
    rng = np.random.default_rng(ring)
    apart = 5.0
    ratios = rng.normal(-apart, np.sqrt(2 * apart), accounts)
    ratios[:ring] += 2 * apart
    for suspects in (2 * ring, 4 * ring):
        among = int((np.argsort(-ratios)[:suspects] < ring).sum())
        assert settled_members(ratios, suspects) == pytest.approx(among, rel=0.3)


def test_how_many_are_members_agrees_with_itself() -> None:
    """With the number it says as the base rate, the probabilities add up to it."""
    ratios = np.sort(np.random.default_rng(1).normal(0, 4, 2_000))[::-1]
    found = settled_members(ratios, 300)
    odds = ratios[:300] + np.log(found / (2_000 - found))
    assert (1 / (1 + np.exp(-odds))).sum() == pytest.approx(found, rel=0.01)


def sure(odds: list[float]) -> list[float]:
    return [1 / (1 + np.exp(-one)) for one in odds]


@given(odds=ODDS)
def test_of_all_at_or_above_the_line_99_of_100_are_expected_to_belong(odds: list[float]) -> None:
    line = line_of(np.array(odds))
    above = [one for one in odds if one >= line]
    if above:
        assert np.mean(sure(above)) >= 0.99 - 1e-12
        assert min(sure(above)) > 0.5


@given(odds=ODDS)
def test_no_lower_line_would_do(odds: list[float]) -> None:
    line = line_of(np.array(odds))
    for lower in {one for one in odds if one < line}:
        above = sure([one for one in odds if one >= lower])
        assert np.mean(above) < 0.99 + 1e-12 or min(above) <= 0.5


def test_sure_ones_carry_some_who_are_less_sure() -> None:
    assert line_of(np.array([9.0] * 50 + [3.0, -9.0])) == 3.0


def test_sure_ones_do_not_carry_strangers() -> None:
    """A thousand sure ones and one below a half: the mean would allow for it."""
    assert line_of(np.array([12.0] * 1_000 + [-0.1])) == 12.0


def test_where_nobody_is_sure_there_is_no_line() -> None:
    assert line_of(np.array([4.0, 1.0])) == np.inf
    assert line_of(np.empty(0)) == np.inf


def test_those_in_doubt_are_not_counted_where_others_are_sure() -> None:
    """All hidden ones stood among a hundred sure ones: three hundred in doubt add nobody."""
    total = np.concatenate([np.full(100, 30.0), np.full(300, 3.0), np.full(9_600, -30.0)])
    found = extent_of(total, places(20), hidden(400, [50] * 20), 10_000)
    assert found.low == pytest.approx(100, rel=0.05)
    assert found.estimate < 1.1 * 100


def test_where_few_hidden_ones_stood_among_the_sure_the_others_are_counted_too() -> None:
    total = np.concatenate([np.full(100, 30.0), np.full(300, 30.0), np.full(9_600, -30.0)])
    found = extent_of(total, places(10), hidden(400, [50, 60, *[350] * 8]), 10_000)
    assert 300 < found.low <= found.estimate < 1.3 * 400
