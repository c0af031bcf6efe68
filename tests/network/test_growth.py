"""Growth by ranks: so many suspects, never those about whom it is known."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network._searching.growth import Confirmed, Growth, sizes
from leeward.network._touches.touches import Touches, touches_of
from leeward.network._votes.ways import Ways
from tests.network._events import HASHER, event, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network import Graph

    Int32 = npt.NDArray[np.int32]


@given(accounts=st.integers(1, 20_000_000))
def test_sizes_double_and_stay_within_a_twentieth(accounts: int) -> None:
    """On a small platform the twentieth is all there is."""
    found = sizes(accounts)
    assert found[0] == min(max(accounts // 500, 50), 400, max(accounts // 20, 1))
    assert all(more == 2 * less for less, more in pairwise(found))
    assert found[-1] <= max(accounts / 20, 1)
    assert 2 * found[-1] > int(accounts / 20)


def test_the_sizes_of_a_large_platform() -> None:
    assert sizes(200_000) == [400, 800, 1_600, 3_200, 6_400]
    assert sizes(1_000) == [50]


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(harbour())


@pytest.fixture(scope="module")
def touches(platform: Graph) -> Touches:
    return touches_of(platform)


def places(graph: Graph, touches: Touches, names: list[str]) -> Int32:
    nodes = [graph.find("account", name, HASHER) for name in names]
    return np.sort(touches.account_at[[node for node in nodes if node is not None]])


@pytest.fixture(scope="module")
def confirmed(platform: Graph, touches: Touches) -> Confirmed:
    """Ten members; two others, who look like members, are known to be none."""
    members = places(platform, touches, [f"ring/{i}" for i in range(10)])
    innocent = places(platform, touches, ["ring/20", "ring/21", "account/7"])
    return Confirmed(members, np.ones(10), innocent, np.zeros(len(touches.things)), members)


@pytest.fixture(scope="module")
def growth(platform: Graph, touches: Touches, confirmed: Confirmed) -> Growth:
    return Growth.of_each(platform, touches, Ways(touches), [confirmed])[0]


@pytest.mark.parametrize("size", [1, 50, 60, 333])
def test_exactly_so_many_are_suspected_and_nobody_of_whom_it_is_known(
    growth: Growth, confirmed: Confirmed, size: int
) -> None:
    suspicion = growth.step(size).suspicion
    suspects = np.setdiff1d(np.flatnonzero(suspicion), confirmed.members)
    assert len(suspects) == size
    assert not np.isin(suspects, confirmed.innocent).any()
    assert {*suspicion[suspects].tolist()} == {1.0}
    assert {*suspicion[confirmed.members].tolist()} == {1.0}


def test_more_than_there_are_cannot_be_suspected(
    growth: Growth, touches: Touches, confirmed: Confirmed
) -> None:
    """Who touched nothing is none in any case."""
    active = np.count_nonzero(touches.by_account.degrees())
    suspicion = growth.step(10_000_000).suspicion
    suspects = np.count_nonzero(suspicion) - len(confirmed.members)
    open_ = (
        active
        - len(confirmed.members)
        - np.count_nonzero(touches.by_account.degrees()[confirmed.innocent])
    )
    assert suspects == open_


def test_suspects_are_those_who_stand_highest(
    platform: Graph, touches: Touches, confirmed: Confirmed
) -> None:
    (growth,) = Growth.of_each(platform, touches, Ways(touches), [confirmed])
    before = growth.total.copy()
    suspects = growth.step(50).suspicion > 0
    others = (touches.by_account.degrees() > 0) & ~suspects
    suspects[confirmed.members] = False
    others[confirmed.innocent] = False
    assert before[suspects].min() >= before[others].max()


def test_the_evidence_adds_up(growth: Growth) -> None:
    step = growth.step(50)
    total = step.conduct.total + step.dissent.total + step.vote
    assert step.total.tolist() == total.tolist()
    assert growth.total is step.total


def test_votes_count_for_less_the_further_it_goes(
    platform: Graph, touches: Touches, confirmed: Confirmed
) -> None:
    (growth,) = Growth.of_each(platform, touches, Ways(touches), [confirmed])
    votes = [np.abs(growth.step(size).vote).max() for size in (50, 100, 200, 800)]
    assert all(less < more for more, less in pairwise(votes))


def test_growth_from_ten_finds_the_others(
    platform: Graph, touches: Touches, confirmed: Confirmed
) -> None:
    (growth,) = Growth.of_each(platform, touches, Ways(touches), [confirmed])
    growth.step(50)
    total = growth.step(50).total
    hidden = [f"ring/{i}" for i in range(10, MEMBERS) if i not in (20, 21)]
    ranks = [np.count_nonzero(total > total[p]) for p in places(platform, touches, hidden)]
    assert np.mean(np.array(ranks) < 60) > 0.8


def test_hidden_ones_are_left_out_and_nobody_else(confirmed: Confirmed) -> None:
    hidden = confirmed.members[[2, 5]]
    left = confirmed._replace(weights=np.arange(10.0)).without(hidden)
    assert left.members.tolist() == [m for m in confirmed.members.tolist() if m not in hidden]
    assert left.weights.tolist() == [0, 1, 3, 4, 6, 7, 8, 9]
    assert left.innocent is confirmed.innocent


def test_things_vote_only_where_members_are_few() -> None:
    """A tainted tag leads to those who took it up; with four members it has no vote."""
    events = [event("post", i, f"account/{i}", tags=("boats",)) for i in range(1, 41)]
    events += [event("post", i, f"account/{i}", tags=(f"garden{i % 9}",)) for i in range(41, 400)]
    graph = graph_of(events)
    touches = touches_of(graph)
    boats = graph.find("tag", "boats", HASHER)
    assert boats is not None
    things = np.zeros(len(touches.things))
    things[touches.thing_at[boats]] = 6.0
    none = np.empty(0, np.int32)
    alone = places(graph, touches, ["account/2"])
    one = Confirmed(alone, np.ones(1), none, things, alone)
    votes = Growth.of_each(graph, touches, Ways(touches), [one])[0].votes
    near = places(graph, touches, [f"account/{i}" for i in range(2, 41)])
    assert votes[near].min() > np.delete(votes, near).max()
    members = places(graph, touches, [f"account/{i}" for i in range(41, 45)])
    both = [
        Confirmed(members, np.ones(4), none, known, members)
        for known in (things, np.zeros(len(things)))
    ]
    with_thing, without = Growth.of_each(graph, touches, Ways(touches), both)
    assert with_thing.votes.tolist() == without.votes.tolist()


def test_growth_of_several_at_one_go_is_that_of_each(
    platform: Graph, touches: Touches, confirmed: Confirmed
) -> None:
    several = [confirmed.without(confirmed.members[i::3]) for i in range(3)]
    together = Growth.of_each(platform, touches, Ways(touches), several)
    for one, grown in zip(several, together, strict=True):
        (alone,) = Growth.of_each(platform, touches, Ways(touches), [one])
        assert grown.votes.tolist() == alone.votes.tolist()
        assert grown.step(50).total.tolist() == alone.step(50).total.tolist()
