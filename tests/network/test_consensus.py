"""Votes of witnesses, beside walkers in dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network._touches.touches import touches_of
from leeward.network._votes.consensus import Votes, mean_vote
from tests.network._events import event, graph_of
from tests.network._evidence import World, lifts_by, worlds

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

GRAIN = 1 / 65535
ROUNDING = 1e-5
"""Of lifts, which are kept as float32."""


def some_witnesses(world: World, seed: int) -> npt.NDArray[np.int64]:
    """Accounts and things, none twice."""
    rng = np.random.default_rng(seed)
    everybody = len(world.touches.accounts) + len(world.touches.things)
    return rng.permutation(everybody)[:5].astype(np.int64)


@given(world=worlds(), seed=st.integers(0, 1000))
def test_a_vote_is_the_share_of_accounts_that_stand_lower(world: World, seed: int) -> None:
    """Lifts nearer than a place of the histogram may count as equal."""
    witnesses = some_witnesses(world, seed)
    for witness, vote in zip(witnesses, Votes(world.touches).of(witnesses), strict=True):
        _, lift = lifts_by(world, int(witness))
        above = lift[lift > 0]
        step = (above.max() / above.min()) ** (1 / 4095) + ROUNDING if len(above) else 1
        for mine, share in zip(lift, vote / 65535, strict=True):
            least = np.count_nonzero(lift < mine / step) / len(lift)
            most = np.count_nonzero(lift <= mine * step) / len(lift)
            assert least - GRAIN <= share <= most + GRAIN


def test_equal_lifts_count_a_half() -> None:
    """Ann and Bob like one post, Cid and Dan another: Ann sees two like her, two below."""
    graph = graph_of(
        [
            event("like", 1, "ann", target="post/1"),
            event("like", 2, "bob", target="post/1"),
            event("like", 3, "cid", target="post/2"),
            event("like", 4, "dan", target="post/2"),
        ]
    )
    (vote,) = Votes(touches_of(graph)).of(np.array([0], np.int64))
    assert (vote / 65535).tolist() == pytest.approx([0.75, 0.75, 0.25, 0.25], abs=GRAIN)


@given(world=worlds(), seed=st.integers(0, 1000))
def test_the_mean_leaves_each_witness_out_of_its_own(world: World, seed: int) -> None:
    witnesses = some_witnesses(world, seed)
    weights = np.random.default_rng(seed).choice([-1, 0.5, 1, 2], len(witnesses))
    votes, count = Votes(world.touches), len(world.touches.accounts)
    mean = mean_vote(votes, witnesses, weights, count)
    each = votes.of(witnesses)
    for account in range(count):
        others = [
            (weight, vote[account] / 65535 - 0.5)
            for witness, weight, vote in zip(witnesses, weights, each, strict=True)
            if witness != account
        ]
        expected = 0.5
        if others:
            expected += sum(w * v for w, v in others) / sum(abs(w) for w, _ in others)
        assert mean[account] == pytest.approx(expected, abs=1e-9)


@given(world=worlds(), seed=st.integers(0, 1000))
def test_a_mean_stays_between_0_and_1_whatever_the_weights(world: World, seed: int) -> None:
    witnesses = some_witnesses(world, seed)
    weights = 10.0 ** np.random.default_rng(seed).integers(-6, 7, len(witnesses)).astype(np.float64)
    mean = mean_vote(Votes(world.touches), witnesses, weights, len(world.touches.accounts))
    assert np.all((mean >= 0) & (mean <= 1))


def test_where_nobody_votes_all_stand_in_the_middle() -> None:
    graph = graph_of([event("post", i, f"account/{i}", tags=("boats",)) for i in (1, 2)])
    none = np.empty(0, np.int64)
    votes = Votes(touches_of(graph))
    assert mean_vote(votes, none, np.empty(0), 2).tolist() == [0.5, 0.5]
    assert mean_vote(votes, np.array([1], np.int64), np.ones(1), 2)[1] == 0.5


@given(world=worlds(), seed=st.integers(0, 1000))
def test_votes_do_not_depend_on_who_is_asked_beside(world: World, seed: int) -> None:
    witnesses = some_witnesses(world, seed)
    together = Votes(world.touches).of(witnesses)
    one_by_one = Votes(world.touches)
    for witness, vote in zip(witnesses, together, strict=True):
        assert one_by_one.of(np.array([witness]))[0].tolist() == vote.tolist()


def test_more_witnesses_than_go_together_all_vote() -> None:
    """Forty accounts, each of whom shares a tag with the next."""
    graph = graph_of(
        [event("post", i, f"account/{i}", tags=(f"tag{i}", f"tag{i + 1}")) for i in range(1, 41)]
    )
    touches = touches_of(graph)
    together = Votes(touches).of(np.arange(40))
    for witness in range(40):
        assert np.argmax(together[witness]) in range(witness - 1, witness + 2)
        alone = Votes(touches).of(np.array([witness]))
        assert alone[0].tolist() == together[witness].tolist()


@given(world=worlds(), seed=st.integers(0, 1000))
def test_the_order_of_the_events_makes_no_difference(world: World, seed: int) -> None:
    """But for lifts that rounding puts on this or that side of a border of the histogram."""
    half = len(world.events) // 2
    graph = graph_of(world.events[half:], world.events[:half])
    touches = touches_of(graph)
    place = {graph.name(node): i for i, node in enumerate(touches.accounts.tolist())}
    there = np.array([place[world.graph.name(n)] for n in world.touches.accounts.tolist()])
    witness = int(np.random.default_rng(seed).integers(len(there)))
    _, lift = lifts_by(world, witness)
    ours = Votes(world.touches).of(np.array([witness]))[0]
    theirs = Votes(touches).of(there[[witness]].astype(np.int64))[0][there]
    above = lift[lift > 0]
    if len(above) and above.max() > above.min():
        places = 4095 * np.log(above / above.min()) / np.log(above.max() / above.min())
        slack = 4095 * ROUNDING / np.log(above.max() / above.min())
        if np.any(np.abs(places % 1 - 0.5) < slack):
            return
    assert ours.tolist() == theirs.tolist()
