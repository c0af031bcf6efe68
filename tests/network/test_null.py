"""Whether seeds have more in common than any accounts have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import gammainccinv

from leeward.network._touches.touches import Touches, touches_of
from leeward.network._votes.null import drawn, nothing_in_common, placebo
from leeward.network._votes.ways import Ways
from tests.network._events import event, graph_of

if TYPE_CHECKING:
    from leeward.network._graph.graph import Graph

SEEDS = 6
Places = npt.NDArray[np.int32]


class Town(NamedTuple):
    """Who lives there, and what is asked of them."""

    graph: Graph
    touches: Touches

    def drawn(self, members: Places) -> npt.NDArray[np.float64]:
        sets = drawn(self.graph, self.touches, members)
        return placebo(Ways(self.touches), sets)

    def words(self, members: Places, best: float) -> str | None:
        return nothing_in_common(self.graph, self.touches, Ways(self.touches), members, best)


@pytest.fixture(scope="module")
def town() -> Town:
    """Two hundred accounts that each like six of a hundred posts, drawn at random."""
    rng = np.random.default_rng(0)
    events = [event("post", i, f"gardener/{i}", f"post/{i}") for i in range(1, 101)]
    for account in range(200):
        for post in rng.choice(np.arange(1, 101), SEEDS, replace=False).tolist():
            seq = len(events) + 1
            events.append(event("like", seq, f"account/{account}", target=f"post/{post}"))
    graph = graph_of(events)
    return Town(graph, touches_of(graph))


def members(town: Town) -> Places:
    """Accounts of the middle activity."""
    return np.flatnonzero(town.touches.by_account.degrees() == SEEDS)[:SEEDS].astype(np.int32)


def test_random_seeds_stand_as_chance_puts_them(town: Town) -> None:
    """A uniform share has a mean logarithm of -1 and a deviation of 1."""
    logs = town.drawn(members(town))
    assert len(logs) == 3 * SEEDS
    assert np.all(logs <= 0)
    assert logs.mean() == pytest.approx(-1, abs=4 / np.sqrt(len(logs)))


def test_the_seeds_themselves_are_never_drawn(town: Town) -> None:
    """All but four of those who are as active are seeds: no more are left to draw."""
    activity = town.touches.by_account.degrees()
    like = np.flatnonzero(activity == SEEDS).astype(np.int32)
    assert len(town.drawn(like[:-4])) == 3 * 4


def test_seeds_that_stand_as_random_ones_do_are_abstained_from_in_words(town: Town) -> None:
    some = members(town)
    middle = float(town.drawn(some).mean())
    words = town.words(some, middle)
    assert words is not None
    assert "no more in common than accounts drawn at random" in words
    assert "stood no higher among like accounts" in words
    assert f"above {1 - np.exp(middle):.0%} of them on average" in words


def test_a_little_higher_is_not_told_as_a_success(town: Town) -> None:
    some = members(town)
    middle = float(town.drawn(some).mean())
    words = town.words(some, middle - 0.2)
    assert words is not None
    assert "stood not clearly higher among like accounts" in words
    assert f"({1 - np.exp(middle):.0%}, with a spread that covers the difference)" in words


def test_seeds_that_stand_far_higher_are_not(town: Town) -> None:
    assert town.words(members(town), -5.0) is None


def test_how_much_higher_is_a_test_at_one_in_a_hundred(town: Town) -> None:
    some = members(town)
    logs = town.drawn(some)
    border = min(
        logs.mean() - 2.3263 * logs.std() / np.sqrt(SEEDS),
        -gammainccinv(SEEDS, 0.01 / 5) / SEEDS,  # of five rankings, if nothing led to anybody
    )
    assert town.words(some, float(border) + 0.02) is not None
    assert town.words(some, float(border) - 0.02) is None


def test_where_nobody_is_just_as_active_those_who_are_nearest_are_compared_with(
    town: Town,
) -> None:
    like = np.flatnonzero(town.touches.by_account.degrees() == SEEDS).astype(np.int32)
    assert len(town.drawn(like)) == 3 * 10


def test_where_there_is_nobody_to_compare_with_words_say_so(town: Town) -> None:
    active = np.flatnonzero(town.touches.by_account.degrees()).astype(np.int32)
    assert len(town.drawn(active[:-3])) == 0
    words = town.words(active[:-3], -5.0)
    assert words is not None
    assert "too few other accounts" in words


def test_seeds_no_higher_than_the_best_of_five_rankings_by_chance_are_abstained_from(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random seeds to whom nothing leads stand all in the middle: their spread says nothing."""
    monkeypatch.setattr("leeward.network._votes.null.placebo", lambda *_: np.log(np.full(30, 0.5)))
    assert town.words(members(town), -1.5) is not None
    assert town.words(members(town), -3.0) is None
