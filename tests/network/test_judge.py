"""Things judged again and again in the same memory, beside things judged once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.network._evidence.taint import Judge, taint_of
from leeward.network._searching.growth import Confirmed, Growth
from leeward.network._votes.ways import Ways
from tests.network._evidence import World, worlds


@given(world=worlds(innocent=True), seed=st.integers(0, 1000), hashtags=st.booleans())
def test_nothing_is_left_of_who_was_suspected_before(
    world: World, seed: int, *, hashtags: bool
) -> None:
    touches, rng = world.touches, np.random.default_rng(seed)
    judge = Judge(touches)
    for _ in range(3):
        suspicion = rng.permutation(world.suspicion)
        priors = rng.choice([0, 0, 0, 2, -20], len(touches.things)) * 1.0
        expected = taint_of(touches, suspicion, priors, hashtags=hashtags)
        with judge.lent(suspicion, priors, hashtags=hashtags) as (taint, most):
            for ours, theirs in zip(taint[:6], expected[:6], strict=True):
                assert ours.tolist() == theirs.tolist()
            assert taint[6:] == expected[6:]
            assert most.tolist() == expected.most.tolist()


@given(world=worlds())
def test_a_look_is_the_total_of_a_step(world: World) -> None:
    touches = world.touches
    members = np.flatnonzero(world.suspicion > 0).astype(np.int32)
    none, things = np.empty(0, np.int32), np.zeros(len(touches.things))
    confirmed = Confirmed(members, np.ones(len(members)), none, things, members)
    looking, stepping = (
        Growth.of_each(world.graph, touches, Ways(touches), [confirmed])[0] for _ in range(2)
    )
    for size in (1, 2, 4):
        assert looking.look(size).tolist() == stepping.step(size).total.tolist()
