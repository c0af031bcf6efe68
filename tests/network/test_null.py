"""Whether seeds have more in common than any accounts have."""

from __future__ import annotations

import numpy as np
import pytest

from leeward.network._null import nothing_in_common, placebo
from leeward.network._touches import Touches, touches_of
from leeward.network._ways import Ways
from tests.network._events import event, graph_of

SEEDS = 6


@pytest.fixture(scope="module")
def town() -> Touches:
    """Two hundred accounts that each like six of a hundred posts, drawn at random."""
    rng = np.random.default_rng(0)
    events = [event("post", i, f"gardener/{i}", f"post/{i}") for i in range(1, 101)]
    for account in range(200):
        for post in rng.choice(np.arange(1, 101), SEEDS, replace=False).tolist():
            seq = len(events) + 1
            events.append(event("like", seq, f"account/{account}", target=f"post/{post}"))
    return touches_of(graph_of(events))


def members(touches: Touches) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Accounts of the middle activity."""
    return np.flatnonzero(touches.by_account.degrees() == SEEDS)[:SEEDS].astype(np.int32)


def test_random_seeds_stand_as_chance_puts_them(town: Touches) -> None:
    """A uniform share has a mean logarithm of -1 and a deviation of 1."""
    logs = placebo(town, Ways(town), members(town))
    assert len(logs) == 3 * SEEDS
    assert np.all(logs <= 0)
    assert logs.mean() == pytest.approx(-1, abs=4 / np.sqrt(len(logs)))


def test_the_seeds_themselves_are_never_drawn(town: Touches) -> None:
    """All but four of those who are as active are seeds: no more are left to draw."""
    activity = town.by_account.degrees()
    like = np.flatnonzero(activity == SEEDS).astype(np.int32)
    assert len(placebo(town, Ways(town), like[:-4])) == 3 * 4


def test_seeds_that_stand_as_random_ones_do_are_abstained_from_in_words(town: Touches) -> None:
    some = members(town)
    middle = float(placebo(town, Ways(town), some).mean())
    words = nothing_in_common(town, Ways(town), some, middle)
    assert words is not None
    assert "no more in common than accounts drawn at random" in words
    assert "stood no higher among like accounts" in words
    assert f"above {1 - np.exp(middle):.0%} of them on average" in words


def test_a_little_higher_is_not_told_as_a_success(town: Touches) -> None:
    some = members(town)
    middle = float(placebo(town, Ways(town), some).mean())
    words = nothing_in_common(town, Ways(town), some, middle - 0.2)
    assert words is not None
    assert "stood not clearly higher among like accounts" in words
    assert f"({1 - np.exp(middle):.0%}, with a spread that covers the difference)" in words


def test_seeds_that_stand_far_higher_are_not(town: Touches) -> None:
    assert nothing_in_common(town, Ways(town), members(town), -5.0) is None


def test_how_much_higher_is_a_test_at_one_in_a_hundred(town: Touches) -> None:
    some = members(town)
    logs = placebo(town, Ways(town), some)
    border = logs.mean() - 2.3263 * logs.std() / np.sqrt(SEEDS)
    assert nothing_in_common(town, Ways(town), some, float(border) + 0.02) is not None
    assert nothing_in_common(town, Ways(town), some, float(border) - 0.02) is None


def test_where_nobody_is_just_as_active_those_who_are_nearest_are_compared_with(
    town: Touches,
) -> None:
    like = np.flatnonzero(town.by_account.degrees() == SEEDS).astype(np.int32)
    assert len(placebo(town, Ways(town), like)) == 3 * 10


def test_where_there_is_nobody_to_compare_with_words_say_so(town: Touches) -> None:
    active = np.flatnonzero(town.by_account.degrees()).astype(np.int32)
    assert len(placebo(town, Ways(town), active[:-3])) == 0
    words = nothing_in_common(town, Ways(town), active[:-3], -5.0)
    assert words is not None
    assert "too few other accounts" in words
