"""What it says when accounts touched things, beside a computation by hand and shuffled times."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from leeward.network import Act, Node
from leeward.network._moments import (
    Counts,
    Moments,
    _fold,
    _isotonic,
    _judged,
    _Placed,
    moments_of,
    ratios_of,
)
from leeward.network._moments_count import FEATURES, Times, by_lot, sums_of, times_of
from leeward.network._taint import taint_of
from leeward.network._touches import Touches, touches_of
from tests.network._events import event, graph_of, random_events

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network import Graph

    Doubles = npt.NDArray[np.float64]

MEMBERS, OTHERS, POSTS = 150, 600, 60
DAY = 86_400


class Platform(NamedTuple):
    """Reposts of the same posts by members and by others."""

    graph: Graph
    touches: Touches
    suspicion: Doubles

    def moments(self) -> Moments:
        taint = taint_of(self.touches, self.suspicion, np.zeros(len(self.touches.things)))
        heavy = np.ones(len(self.touches.things))
        return moments_of(self.graph, self.touches, taint._replace(heavy=heavy), self.suspicion)


def platform(habit: Literal["none", "early", "together"], seed: int = 0) -> Platform:
    """Members and others repost the same posts in a month; what members do in time differs."""
    rng = np.random.default_rng(seed)
    events = [event("post", p + 1, f"owner/{p}", f"post/{p}", at=1_000_000) for p in range(POSTS)]
    meetings = rng.uniform(5 * DAY, 25 * DAY, POSTS)
    for a in range(MEMBERS + OTHERS):
        name = f"member/{a}" if a < MEMBERS else f"other/{a}"
        for p in rng.choice(POSTS, 6, replace=False).tolist():
            when = rng.uniform(0, 30 * DAY)
            if a < MEMBERS and habit == "early":
                when /= 6
            if a < MEMBERS and habit == "together" and rng.random() < 0.5:
                when = meetings[p] + rng.uniform(0, 1_500)
            at = int((when + 100) * 1_000_000)
            seq = len(events) + 1
            events.append(event("repost", seq, name, target=f"post/{p}", at=at, seen=at))
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(int(node)) for node in touches.accounts]
    suspicion = np.array([0.9 * name.startswith("member") for name in names])
    return Platform(graph, touches, suspicion)


def gap(world: Platform, values: Doubles) -> float:
    """How much higher members stand than others, on average."""
    members = world.suspicion > 0
    return float(values[members].mean() - values[~members].mean())


@pytest.mark.parametrize("seed", range(5))
def test_time_that_says_nothing_adds_nothing(seed: int) -> None:
    """Members touch a quarter of everything; they are no nearer to each other in time for it."""
    world = platform("none", seed)
    found = world.moments()
    assert np.abs(found.total).max() < 0.5
    assert abs(gap(world, found.total)) < 0.05


def test_members_who_come_early_are_told_by_that() -> None:
    world = platform("early")
    found = world.moments()
    early = found.bins[FEATURES.index("early")].ratios
    assert gap(world, found.parts[:, FEATURES.index("early")]) > 1
    assert (np.diff(early, axis=1) >= 0).all()
    assert early.max() > 1


def test_members_who_come_together_are_told_by_that() -> None:
    world = platform("together")
    found = world.moments()
    assert gap(world, found.parts[:, FEATURES.index("within an hour")]) > 1
    assert gap(world, found.total) > 1


def test_shuffled_times_say_nothing_whatever_members_did() -> None:
    world = platform("together")
    times = times_of(world.graph, world.touches, np.ones(len(world.touches.things)))
    rng = np.random.default_rng(1)
    tainted = np.ones(len(world.touches.things))
    real = sums_of(times, tainted, world.suspicion).values()
    hour = FEATURES.index("within an hour")
    assert gap(world, real[:, hour]) > 2
    for _ in range(3):
        dealt = sums_of(by_lot(times, rng), tainted, world.suspicion).values()
        assert np.abs([gap(world, dealt[:, f]) for f in range(4)]).max() < 0.3


def test_the_total_is_the_sum_of_its_parts() -> None:
    found = platform("early").moments()
    np.testing.assert_allclose(found.total, found.parts.sum(axis=1))
    assert [bins.feature for bins in found.bins] == list(FEATURES)


def test_the_same_ratios_come_out_each_time() -> None:
    world = platform("early")
    np.testing.assert_array_equal(world.moments().parts, world.moments().parts)


def test_who_made_a_post_is_not_early_on_it() -> None:
    world = platform("early")
    times = times_of(world.graph, world.touches, np.ones(len(world.touches.things)))
    owners = [
        place
        for place, node in enumerate(world.touches.accounts)
        if world.graph.name(int(node)).startswith("owner")
    ]
    assert not np.isin(times.account, owners).any()


def test_a_platform_without_tainted_things_has_no_times() -> None:
    world = platform("none")
    nothing = taint_of(world.touches, world.suspicion, np.zeros(len(world.touches.things)))
    nothing = nothing._replace(heavy=np.zeros(len(world.touches.things)))
    found = moments_of(world.graph, world.touches, nothing, world.suspicion)
    assert not found.total.any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_times_are_the_first_of_each_account_on_each_thing(seed: int) -> None:
    graph = graph_of(random_events(np.random.default_rng(seed), 120))
    touches = touches_of(graph)
    expected: dict[tuple[int, int], int] = {}
    for i, account in enumerate(touches.accounts.tolist()):
        row = graph.out.row(account)
        for e in range(row.start, row.stop):
            if graph.out.act[e] > Act.LIKED:
                continue
            post = int(graph.out.node[e])
            things = [int(n) for n in graph.out.node[graph.out.row(post)]]
            if graph.out.act[e] != Act.AUTHORED:
                things.append(post)
            for thing in things:
                j = int(touches.thing_at[thing])
                if j >= 0 and graph.kind[thing] != Node.COMMUNITY:
                    at = int(graph.out.at[e])
                    expected[j, i] = min(expected.get((j, i), at), at)
    many = {j for j in range(len(touches.things)) if touches.by_thing.degrees()[j] >= 5}
    rows = sorted((j, at, i) for (j, i), at in expected.items() if j in many)
    times = times_of(graph, touches, np.ones(len(touches.things)))
    found = zip(times.thing.tolist(), times.at.tolist(), times.account.tolist(), strict=True)
    assert list(found) == rows


def by_hand(at: list[int], suspicion: list[float]) -> list[list[float]]:
    """The deviations of the acts on one thing, by the definitions."""
    count, found = len(at), []
    crowds = [sum(abs(x - y) <= 600 for y in at) - 1 for x in at]

    def rank(values: list[int], i: int) -> float:
        below = sum(v < values[i] for v in values)
        return ((below + 0.5 * values.count(values[i])) / count - 0.5) * 12**0.5

    for i, when in enumerate(at):
        rest = [j for j in range(count) if j != i]
        minute = [j for j in rest if abs(at[j] - when) <= 60]
        hour = [j for j in rest if 60 < abs(at[j] - when) <= 3_600]
        share = sum(suspicion[j] for j in rest) / (count - 1)
        found.append(
            [
                -rank(at, i),
                sum(suspicion[j] - share for j in minute),
                sum(suspicion[j] - share for j in hour),
                rank(crowds, i),
            ]
        )
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9_000), st.floats(0, 1)), min_size=5, max_size=30),
)
def test_deviations_are_those_by_hand(acts: list[tuple[int, float]]) -> None:
    acts = sorted(acts)
    at, suspicion = [when for when, _ in acts], [who for _, who in acts]
    count = len(acts)
    accounts = np.arange(count, dtype=np.int32)
    times = Times(np.zeros(count, np.int32), accounts, np.array(at, np.uint32))
    sums = sums_of(times, np.ones(1), np.array(suspicion))
    np.testing.assert_allclose(sums.deviation, by_hand(at, suspicion), atol=1e-9)


def test_over_all_orders_of_those_who_touched_a_thing_nobody_deviates() -> None:
    """Each account's deviations are 0 on average, however many suspects touched the thing."""
    at = np.array([0, 30, 50, 700, 900, 9_000], np.uint32)
    suspicion = np.array([1, 1, 0.5, 0, 0, 0.2])
    total = np.zeros((6, 4))
    for order in permutations(range(6)):
        times = Times(np.zeros(6, np.int32), np.array(order, np.int32), at)
        total += sums_of(times, np.ones(1), suspicion).deviation
    np.testing.assert_allclose(total, 0, atol=1e-9)


def test_an_account_is_not_judged_by_its_own_suspicion() -> None:
    rng = np.random.default_rng(3)
    count = 2_000
    placed = _Placed(np.arange(count), rng.integers(0, 32, count))
    members = rng.random(count) ** 4
    chance = [_counts(_Placed(placed.accounts, rng.permutation(placed.cell)), members)]
    before = _judged(placed, _counts(placed, members), chance)
    for account in (0, 7, 1_234):
        changed = members.copy()
        changed[account] = 1 - changed[account]
        after = _judged(placed, _counts(placed, changed), chance)
        assert after[account] == before[account]


def _counts(placed: _Placed, members: Doubles) -> Counts:
    slot = _fold(placed.accounts) * 32 + placed.cell
    one, other = np.zeros(5 * 32), np.zeros(5 * 32)
    np.add.at(one, slot, members[placed.accounts])
    np.add.at(other, slot, 1 - members[placed.accounts])
    return Counts(one.reshape(5, 4, 8), other.reshape(5, 4, 8))


def test_ratios_are_those_of_the_shares_where_counts_are_large() -> None:
    members = np.array([[1_000.0, 2_000, 3_000, 4_000]] * 2) * 100
    others = np.array([[4_000.0, 3_000, 2_000, 1_000]] * 2) * 100
    even = Counts(np.full((2, 4), 1e6), np.full((2, 4), 1e6))
    expected = np.log(np.array([1, 2, 3, 4]) / np.array([4, 3, 2, 1]))
    found = ratios_of(Counts(members, others), [even])
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-3)


def test_what_few_accounts_say_is_not_believed() -> None:
    members, others = np.array([[2.0, 0, 3, 1]]), np.array([[8.0, 10, 7, 9]])
    assert not ratios_of(Counts(members, others), []).any()


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 100)), min_size=1, max_size=12),
)
def test_monotone_ratios_are_those_of_scipy(values: list[tuple[float, float]]) -> None:
    numbers, weights = np.array(values).T
    expected = isotonic_regression(numbers, weights=weights).x
    np.testing.assert_allclose(_isotonic(numbers, weights), expected, atol=1e-9)
