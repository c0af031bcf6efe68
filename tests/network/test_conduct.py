"""What accounts did themselves: beside counts in which their own touches really are absent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from leeward.network import Act, Graph, Node
from leeward.network._evidence.conduct import Conduct, conduct_of, habit_of
from leeward.network._evidence.picks import LEAST, Picker, likely_things, picks_of
from leeward.network._evidence.taint import suspect_touches, taint_of
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._evidence import SORTS_MADE, WEIGHT, Naive, World, chance_of, taint_by, worlds

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network._evidence.taint import Taint

    Doubles = npt.NDArray[np.float64]


def without(world: World, taint: Taint, account: int, act: Act, thing: int) -> float:
    """The probability of a thing in a world without the touch of an account."""
    is_post = world.touches.kind[world.touches.thing_at[thing]] == Node.POST
    if act == Act.AUTHORED or (not is_post and account in world.naive.made[thing]):
        return without_maker(world, taint, account, thing)
    touches = world.touches
    others = {a: w for a, w in world.naive.shared()[thing].items() if a != account}
    found = sum(w * world.level(a) for a, w in others.items())
    place = int(touches.thing_at[thing])
    # The same number, from numbers that are rounded as the code's: what is equal stays so.
    own = float(np.float32(world.naive.touched[account][thing]))
    rest = taint.touches[place] - world.level(account) * own
    size = float(touches.size[place]) - own
    assert size == pytest.approx(sum(others.values()), abs=1e-5)
    if taint.touches[place] > 0:
        assert rest == pytest.approx(found, abs=1e-5)
    if max(taint.light[place], taint.heavy[place]) <= LEAST:
        return 0
    prior = float(taint.priors[place])
    return chance_of(rest, size, taint.sorts[touches.kind[place] - 1], prior)


def without_maker(world: World, taint: Taint, account: int, thing: int) -> float:
    """The same by who else made posts with it, and for a post by what is known of it."""
    naive, place = world.naive, int(world.touches.thing_at[thing])
    kind, prior = world.touches.kind[place], float(taint.priors[place])
    if taint.made[place] <= LEAST or (kind != Node.POST and naive.first[thing] == account):
        return 0
    others = naive.made[thing] - {account}
    rest = taint.makers[place] - world.level(account)
    if taint.makers[place] > 0:
        assert rest == pytest.approx(sum(world.level(a) for a in others), abs=1e-9)
    return chance_of(rest, len(others), taint.sorts_made[kind - 1], prior)


def met_late(world: World, thing: int) -> tuple[int, int, int]:
    graph = world.graph
    return -int(graph.first[thing]), -int(graph.slot[thing]), -int(graph.kind[thing])


def tainted_acts(world: World, taint: Taint, account: int) -> list[float]:
    """The tainted acts of an account, of each kind."""
    known = world.naive.shared()
    best: list[tuple[Act, int, float]] = []
    for act, post in world.naive.acts[account]:
        things = [post, *sorted(world.naive.carried[post])]
        chances = [
            without(world, taint, account, act, thing) if thing in known else 0 for thing in things
        ]
        # Of equal ones the thing that the log met first.
        first = max(range(len(things)), key=lambda i: (chances[i], *met_late(world, things[i])))
        if chances[first] > LEAST:
            best.append((act, things[first], chances[first]))
    repeats = Counter(thing for _, thing, _ in best)
    return [
        sum(one / np.sqrt(repeats[thing]) for act, thing, one in best if act == kind)
        for kind in WEIGHT
    ]


@given(world=worlds(), seed=st.integers(0, 1000))
def test_tainted_acts_are_counted_as_if_the_account_had_not_touched_the_things(
    world: World, seed: int
) -> None:
    """Some posts are judged by persons: they alone count for who made them."""
    priors = np.random.default_rng(seed).choice([0, 0, 0, 3, -3], len(world.touches.things)) * 1.0
    taint = taint_by(world, priors=priors)
    conduct = conduct_of(world.graph, world.touches, taint, world.suspicion)
    for i, account in enumerate(world.touches.accounts.tolist()):
        expected = tainted_acts(world, taint, account)
        assert conduct.tainted[i].tolist() == pytest.approx(expected, abs=1e-4)


@given(world=worlds(innocent=True))
def test_the_evidence_is_the_ratio_of_scipy_and_adds_up(world: World) -> None:
    taint = taint_of(world.touches, world.suspicion, np.zeros(len(world.touches.things)))
    conduct = conduct_of(world.graph, world.touches, taint, world.suspicion)
    assert np.isfinite(conduct.total).all()
    assert conduct.total.tolist() == pytest.approx(conduct.parts.sum(axis=1).tolist())
    assert np.all(conduct.tainted <= world.touches.acts + 1e-9)
    for act, (member, other) in enumerate(conduct.habits):
        for n, part, k in zip(
            world.touches.acts[:, act], conduct.parts[:, act], conduct.tainted[:, act], strict=True
        ):
            if k == 0:
                expected = betabinom.logpmf(0, n, *member) - betabinom.logpmf(0, n, *other)
                assert part == pytest.approx(expected, abs=1e-6)


def test_many_acts_on_one_thing_count_as_their_square_root() -> None:
    """Ann posts four times under a tag that three suspects used."""
    events = [event("post", i, f"account/{i}", tags=("boats",)) for i in (1, 2, 3)]
    events += [event("post", 10 + i, "ann", f"post/ann{i}", tags=("boats",)) for i in range(4)]
    graph = graph_of(events)
    touches = touches_of(graph)
    suspicion = np.ones(4)
    ann = int(touches.account_at[graph.find("account", "ann", HASHER) or 0])
    suspicion[ann] = 0
    world = World(events, graph, touches, Naive(graph, events), suspicion)
    conduct = conduct_of(graph, touches, taint_by(world), suspicion)
    one = chance_of(3, 3, SORTS_MADE[2])
    assert conduct.tainted[ann].tolist() == pytest.approx([2 * one, 0, 0], abs=1e-6)


# --- laws --------------------------------------------------------------------------------------


def tainted_by_name(
    events: list[Event], suspects: dict[str, float]
) -> tuple[dict[str, list[float]], Conduct, Graph]:
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    suspicion = np.array([suspects.get(name, 0.0) for name in names])
    world = World(events, graph, touches, Naive(graph, events), suspicion)
    conduct = conduct_of(graph, touches, taint_by(world), suspicion)
    return dict(zip(names, conduct.tainted.tolist(), strict=True)), conduct, graph


SUSPECTS = {f"account/{i}": 0.8 for i in range(4)}


def bare(events: list[Event]) -> list[Event]:
    """The same, with posts that carry nothing: of equal things either may be counted."""
    return [e if e.kind != "post" else event("post", e.seq or 0, e.actor, e.object) for e in events]


def done_to(rng: np.random.Generator, begin: int, count: int) -> list[Event]:
    """Follows, complaints, and answers that mention somebody, about any account or post."""
    events = []
    for seq in range(begin, begin + count):
        by, about = (f"account/{rng.integers(10)}" for _ in range(2))
        post = f"post/{rng.integers(1, begin)}"
        events += [
            event("follow", 3 * seq, by, target=about),
            event("flag", 3 * seq + 1, by, target=str(rng.choice([about, post]))),
            event("post", 3 * seq + 2, by, f"answer/{seq}", reply_to=post, mentions=(about,)),
        ]
    return events


@given(seed=st.integers(0, 2**32), count=st.integers(2, 80))
def test_what_others_do_to_an_account_says_nothing_of_it(seed: int, count: int) -> None:
    """Not even where suspects follow it, answer it, mention it or complain about it."""
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    before, _, _ = tainted_by_name(events, SUSPECTS)
    after, _, _ = tainted_by_name([*events, *done_to(rng, count + 1, 10)], SUSPECTS)
    for name, tainted in before.items():
        assert after[name] == pytest.approx(tainted, abs=1e-6)


@given(seed=st.integers(0, 2**32), count=st.integers(2, 60))
def test_bystanders_who_touch_the_same_posts_taint_nobody(seed: int, count: int) -> None:
    """Reposts and likes by those who are no suspects never raise the tainted acts of others.

    Posts carry nothing here. Where a picture loses its taint, posts that carry it may speak for
    themselves, and are no longer repeats of one thing.
    """
    rng = np.random.default_rng(seed)
    events = bare(random_events(rng, count))
    more = [
        event(
            str(rng.choice(["repost", "like"])),
            seq,
            f"bystander/{rng.integers(5)}",
            target=f"post/{rng.integers(1, count + 1)}",
        )
        for seq in range(count + 1, count + 30)
    ]
    before, _, _ = tainted_by_name(events, SUSPECTS)
    after, _, _ = tainted_by_name([*events, *more], SUSPECTS)
    for name, tainted in before.items():
        assert np.all(np.array(after[name]) <= np.array(tainted) + 1e-6)


@given(seed=st.integers(0, 2**32), count=st.integers(2, 80), own=st.sampled_from([0.1, 0.5, 1]))
def test_the_own_suspicion_of_an_account_never_counts_for_it(
    seed: int, count: int, own: float
) -> None:
    """Whether it is a suspect makes no difference to its own tainted acts."""
    events = bare(random_events(np.random.default_rng(seed), count))
    one, _, _ = tainted_by_name(events, SUSPECTS)
    other, _, _ = tainted_by_name(events, {**SUSPECTS, "account/9": own})
    if "account/9" in one:
        assert one["account/9"] == pytest.approx(other["account/9"], abs=1e-6)


@given(seed=st.integers(0, 2**32), count=st.integers(2, 80))
def test_the_order_of_the_events_makes_no_difference(seed: int, count: int) -> None:
    events = bare(random_events(np.random.default_rng(seed), count))
    one, _, _ = tainted_by_name(events, SUSPECTS)
    other, _, _ = tainted_by_name(events[::-1], SUSPECTS)
    assert one.keys() == other.keys()
    for name, tainted in one.items():
        assert other[name] == pytest.approx(tainted, abs=1e-6)


# --- habits ------------------------------------------------------------------------------------


def drawn(rng: np.random.Generator, mean: float, alike: float, n: npt.NDArray[np.int64]) -> Doubles:
    """Counts whose rates differ: ``alike`` is the correlation between acts of one account."""
    concentration = 1 / alike - 1
    rates = rng.beta(mean * concentration, (1 - mean) * concentration, len(n))
    return rng.binomial(n, rates).astype(np.float64)


def test_habits_that_are_known_are_found_again() -> None:
    rng = np.random.default_rng(1)
    n = rng.integers(5, 100, 20_000)
    members = (np.arange(len(n)) < 2_000).astype(np.float64)
    k = np.where(members > 0, drawn(rng, 0.2, 0.08, n), drawn(rng, 0.01, 0.02, n))
    habit = habit_of(k, n.astype(np.float64), members)
    for beta, mean, alike in ((habit.member, 0.2, 0.08), (habit.other, 0.01, 0.02)):
        assert beta.a / (beta.a + beta.b) == pytest.approx(mean, rel=0.1)
        assert 1 / (beta.a + beta.b + 1) == pytest.approx(alike, rel=0.2)


def test_members_do_it_more_often_than_others_whatever_was_counted() -> None:
    n = np.full(20, 10.0)
    for k in (np.zeros(20), n, np.where(np.arange(20) < 10, 0.0, n)):
        habit = habit_of(k, n, (np.arange(20) < 10).astype(np.float64))
        member, other = (beta.a / (beta.a + beta.b) for beta in habit)
        assert 0 < other < member < 1


def test_one_who_did_what_members_do_is_likelier_one() -> None:
    """Ann reposts what suspects posted; Bob as much of what others did."""
    events = [event("post", i, f"account/{i % 10}", f"post/{i}") for i in range(1, 101)]
    seq = 1000
    for i in range(1, 101):
        for by in range(10):
            alike = (by < 4) == (i % 10 < 4)
            if by != i % 10 and (alike or (i + by) % 9 == 0):
                seq += 1
                events.append(event("repost", seq, f"account/{by}", target=f"post/{i}"))
    events += [
        event("repost", 5000 + i, "ann" if i % 10 < 4 else "bob", target=f"post/{i}")
        for i in range(1, 101)
    ]
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    suspicion = np.array([SUSPECTS.get(name, 0.0) for name in names])
    found, conduct, _ = tainted_by_name(events, SUSPECTS)
    total = dict(zip(names, conduct.total.tolist(), strict=True))
    assert suspect_touches(touches, suspicion)[0].max() > 0
    assert found["ann"][Act.REPOSTED] > found["bob"][Act.REPOSTED]
    assert total["ann"] > total["bob"]


@given(world=worlds())
def test_the_acts_of_one_account_are_those_that_it_has_among_all(world: World) -> None:
    taint = taint_by(world)
    likely = likely_things(taint)
    known = world.graph, world.touches, taint, world.suspicion, likely
    everybody, picker = picks_of(*known), Picker(*known)
    for place in range(len(world.touches.accounts)):
        alone = picker.of(place)
        row = slice(everybody.start[place], everybody.start[place + 1])
        for name in ("post", "thing", "act", "chance"):
            assert getattr(alone, name).tolist() == getattr(everybody, name)[row].tolist()
