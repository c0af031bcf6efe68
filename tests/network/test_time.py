"""What it says when accounts acted: beside loops by hand, and on platforms with and without it."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from leeward.evaluate import ranking_measures
from leeward.network import Act, Node, search
from leeward.network._evidence.taint import taint_of
from leeward.network._result.remaining import Remaining
from leeward.network._searching.time import MOST, RARELY, TIME, Timing, timing_of
from leeward.network._touches.time_count import EDGES, UNASKED, bins_of
from leeward.network._touches.times import fineness, seconds_known, times_of
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of, in_pieces, random_events
from tests.network._quayside import Habit, nearly_alike

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network import Graph, Search

    Doubles = npt.NDArray[np.float64]

OWNER = "account/0"
SUSPECTS = [f"account/{i}" for i in range(1, 5)]


def at_times(events: list[Event], seconds: list[int]) -> list[Event]:
    """The same events at other times; the log stays in its order."""
    return [
        msgspec.structs.replace(e, at=s * 1_000_000, seen=10**12)
        for e, s in zip(events, seconds, strict=True)
    ]


class Asked(NamedTuple):
    """What is asked of the acts on all shared things: rows of (account, thing, act, at, bins)."""

    rows: list[tuple[str, str, int, int, tuple[int, ...]]]

    @classmethod
    def of(cls, graph: Graph) -> Asked:
        touches = touches_of(graph)
        names = [graph.name(node) for node in touches.accounts.tolist()]
        suspicion = np.array([float(name in SUSPECTS) for name in names])
        times = times_of(graph, touches.things, likes=True)
        bins = bins_of(times, touches.kind == Node.POST, suspicion, touches.accounts, graph.out)
        return cls(
            sorted(
                (names[a], graph.subject(int(touches.things[t])), act, at, tuple(each))
                for a, t, act, at, each in zip(
                    times.account.tolist(), times.thing.tolist(), times.act.tolist(),
                    times.at.tolist(), np.stack(bins, axis=1).tolist(), strict=True,
                )
            )
        )  # fmt: skip


class ByHand:
    """The same from the edges of the graph, act by act."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._fine = graph, fineness(graph)
        touches = touches_of(graph)
        self._acts: dict[int, list[tuple[int, int, int]]] = {int(n): [] for n in touches.things}
        self._own: dict[int, list[int]] = {int(n): [] for n in touches.accounts}
        for account in self._own:
            did: dict[int, list[tuple[int, int]]] = {}
            row = graph.out.row(account)
            for e in range(row.start, row.stop):
                if graph.out.act[e] <= Act.LIKED:
                    one = int(graph.out.act[e]), int(graph.out.at[e])
                    self._own[account].append(one[1])
                    did.setdefault(int(graph.out.node[e]), []).append(one)
            for post, done in did.items():
                self._add(account, post, done)

    def _add(self, account: int, post: int, done: list[tuple[int, int]]) -> None:
        """The earliest of what it did with a post; of its own post, that it made it."""
        graph = self._graph
        own = graph.author[post] == account
        act, at = min((one for one in done if not own or one[0] == Act.AUTHORED), key=itemgetter(1))
        if post in self._acts:
            self._acts[post].append((account, act, at))
        if act == Act.AUTHORED:
            carried = graph.out.edges(np.array([post], np.int32))
            for thing, when in zip(carried.target.tolist(), carried.at.tolist(), strict=True):
                if thing in self._acts:
                    self._acts[thing].append((account, int(Act.AUTHORED), when))

    def _known(self, at: int) -> int:
        return int(seconds_known(np.array([at], np.uint32), self._fine)[0])

    def _begins(self, thing: int) -> tuple[int, int | None]:
        """Who began a thing, and when; None where it is not known well enough."""
        graph, done = self._graph, self._acts[thing]
        if graph.kind[thing] == Node.POST:
            made = [at for _, act, at in done if act == Act.AUTHORED and self._known(at) <= 60]
            return int(graph.author[thing]), made[0] if made else None
        row = graph.into.row(thing)
        edges = zip(graph.into.node[row].tolist(), graph.into.act[row].tolist(), strict=True)
        first = min((n for n, act in edges if act == Act.CARRIES), key=lambda n: graph.first[n])
        return int(graph.author[first]), min(at for _, _, at in done)

    def _quick(self, thing: int, account: int, at: int) -> int:
        before = [
            (self._graph.name(who) in SUSPECTS, who, when)
            for who, _, when in self._acts[thing]
            if when < at
        ]
        led = [t for is_, who, t in before if is_ and who != account and self._known(t) == 1]
        others = sum(not is_ for is_, _, t in before if t >= at - 60)
        hour = sum(at - 3_660 <= t < at - 60 for _, _, t in before)
        if not led or others > 5 or hour > 5:
            return UNASKED
        return binned(at - max(led), EDGES[1]) if at - max(led) <= 60 else len(EDGES[1])

    def _bins(self, thing: int, account: int, at: int) -> tuple[int, ...]:
        by, begin = self._begins(thing)
        bins = [UNASKED] * 3
        if account == by:
            return tuple(bins)
        if begin is not None and at > begin and self._known(at) <= 60:
            bins[0] = binned(at - begin, EDGES[0])
        mine = [t for t in self._own[account] if t < at]
        if self._known(at) == 1:
            bins[1] = self._quick(thing, account, at)
            bins[2] = binned(at - max(mine), EDGES[2]) if mine else UNASKED
        return tuple(bins)

    def rows(self) -> list[tuple[str, str, int, int, tuple[int, ...]]]:
        graph = self._graph
        return sorted(
            (graph.name(who), graph.subject(thing), act, at, self._bins(thing, who, at))
            for thing, done in self._acts.items()
            for who, act, at in done
        )


def binned(gap: int, edges: tuple[int, ...]) -> int:
    return sum(gap >= edge for edge in edges)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 120), st.sampled_from([200, 2_000, 40_000]))
def test_what_is_asked_of_each_act_is_what_loops_find(seed: int, count: int, span: int) -> None:
    rng = np.random.default_rng(seed)
    events = at_times(random_events(rng, count), rng.integers(1, span, count).tolist())
    graph = graph_of(events)
    assert Asked.of(graph).rows == ByHand(graph).rows()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 100), st.integers(1, 3_000))
@example(8_723_582, 5, 1)  # one that had liked a post reposts it in the end
def test_what_others_do_later_changes_nothing(seed: int, count: int, shift: int) -> None:
    """From some second on all others act later than they did, or once more; the owner is done."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(1, 3_000, count)
    events = at_times(random_events(rng, count), seconds.tolist())
    last = max((s for e, s in zip(events, seconds, strict=True) if e.actor == OWNER), default=0)
    moved = np.where(seconds > last, seconds + shift, seconds).tolist()
    things = [e.object for e in events if e.kind == "post" and e.object]
    more = [
        event(
            str(rng.choice(["repost", "like"])),
            count + 1 + i,
            f"account/{rng.integers(1, 10)}",
            target=str(rng.choice(things or ["post/0"])),
            at=(last + int(rng.integers(0, 100))) * 1_000_000,
            seen=10**12,
        )
        for i in range(10)
    ]

    def of_owner(graph: Graph) -> dict[tuple[str, int, int], tuple[int, ...]]:
        return {
            (what, act, at): bins for who, what, act, at, bins in Asked.of(graph).rows
            if who == OWNER
        }  # fmt: skip

    before, after = (of_owner(graph_of(one)) for one in (events, [*at_times(events, moved), *more]))
    assert {key: after[key] for key in before} == before


# --- what is learnt ----------------------------------------------------------------------------


class Platform(NamedTuple):
    """Members and others repost the same posts; members are known, and a tenth of the others."""

    graph: Graph
    suspicion: Doubles
    confirmed: npt.NDArray[np.int32]

    def timing(self) -> Timing:
        touches = touches_of(self.graph)
        taint = taint_of(touches, self.suspicion, np.zeros(len(touches.things)))
        taint = taint._replace(heavy=np.ones(len(touches.things)))
        return timing_of(self.graph, touches, taint, self.suspicion, self.confirmed)

    def gap(self, values: Doubles) -> float:
        """How much higher members stand than others, on average."""
        members = self.suspicion > 0
        return float(values[members].mean() - values[~members].mean())


def platform(habit: Habit, seed: int = 0) -> Platform:
    graph = graph_of(nearly_alike(habit, seed))
    names = [graph.name(int(node)) for node in graph.accounts()]
    suspicion = np.array([float(name.startswith("ring")) for name in names])
    return Platform(graph, suspicion, np.flatnonzero(suspicion).astype(np.int32)[:10])


@pytest.mark.parametrize("seed", range(3))
def test_time_that_says_nothing_adds_nothing(seed: int) -> None:
    found = platform("none", seed).timing()
    assert found.learnt == ()
    assert not found.total.any()


@pytest.mark.parametrize(("habit", "feature"), [("early", "early"), ("together", "quick")])
def test_members_who_differ_in_time_are_told_by_that(habit: Habit, feature: str) -> None:
    world = platform(habit)
    found = world.timing()
    assert world.gap(found.total) > 1
    assert np.abs(found.total).max() <= MOST
    (one,) = [one for one in found.learnt if one.feature == feature]
    assert one.act == Act.REPOSTED
    assert one.member[:2].sum() > 3 * one.other[:2].sum()
    np.testing.assert_allclose([one.member.sum(), one.other.sum()], 1)


def test_what_the_confirmed_do_not_show_does_not_count() -> None:
    """Others than the ring are confirmed: they are not early."""
    world = platform("early")
    others = np.flatnonzero(world.suspicion == 0).astype(np.int32)[-10:]
    suspicion = world.suspicion.copy()
    suspicion[others] = 1
    assert world.timing().total.any()
    assert np.abs(world._replace(suspicion=suspicion, confirmed=others).timing().total).max() < 0.5


def test_with_three_confirmed_ones_time_says_nothing() -> None:
    world = platform("early")
    assert not world._replace(confirmed=world.confirmed[:3]).timing().total.any()


def test_how_the_log_was_read_changes_nothing() -> None:
    events = nearly_alike("early")
    totals = []
    for graph in (graph_of(events), in_pieces(events, np.random.default_rng(1))):
        names = [graph.name(int(node)) for node in graph.accounts()]
        suspicion = np.array([float(name.startswith("ring")) for name in names])
        confirmed = np.array([names.index(f"ring/{i}") for i in range(10)], np.int32)
        total = Platform(graph, suspicion, confirmed).timing().total
        totals.append(dict(zip(names, total.tolist(), strict=True)))
    assert totals[0] == pytest.approx(totals[1], abs=1e-9)


def test_where_nothing_is_tainted_time_says_nothing() -> None:
    world = platform("early")
    touches = touches_of(world.graph)
    nobody = np.zeros(len(world.suspicion))
    taint = taint_of(touches, nobody, np.zeros(len(touches.things)))
    found = timing_of(world.graph, touches, taint, nobody, world.confirmed)
    assert not found.total.any()


def test_once_in_two_hundred_is_what_chi_squared_says() -> None:
    for freedom, value in RARELY.items():
        assert chi2.isf(0.005, freedom) == pytest.approx(value, abs=1e-3)
    assert {*RARELY} == {len(edges) for edges in EDGES}


# --- a whole search ----------------------------------------------------------------------------


def searched(habit: Habit, seed: int = 0) -> tuple[Graph, Search]:
    graph = graph_of(nearly_alike(habit, seed))
    seeds = [graph.find("account", f"ring/{i}", HASHER) for i in range(10)]
    return graph, search(graph, {node: 1.0 for node in seeds if node is not None})


def precision(graph: Graph, found: Search, scores: Doubles) -> float:
    """The average precision over everybody but the seeds."""
    names = [graph.name(int(node)) for node in found.touches.accounts]
    open_ = np.array([name not in {f"ring/{i}" for i in range(10)} for name in names])
    ring = np.array([name.startswith("ring") for name in names])
    return ranking_measures(scores[open_], ring[open_], (10,)).average_precision or 0.0


@pytest.mark.parametrize("habit", ["early", "together"])
def test_hidden_members_are_found_by_when_they_act(habit: Habit) -> None:
    """In the mean of three platforms by a good deal, and on none of them less."""
    gains = []
    for seed in range(3):
        graph, found = searched(habit, seed)
        np.testing.assert_allclose(sum(found.parts.values()), found.log_odds, atol=1e-9)
        without = precision(graph, found, found.log_odds - found.parts[TIME])
        gains.append(precision(graph, found, found.log_odds) - without)
    assert min(gains) >= 0
    assert np.mean(gains) > 0.05


def test_where_members_are_no_different_the_sum_has_nothing_of_time() -> None:
    _, found = searched("none")
    assert not found.parts[TIME].any()
    assert found.weights.get("co-sharing", 0) == 0


def test_it_is_told_in_a_sentence() -> None:
    graph, found = searched("early")
    told = Remaining(graph, found, {}, {})
    place = int(np.argmax(found.parts[TIME]))
    (piece,) = told.told(place, {TIME: float(found.parts[TIME][place])})
    assert piece.kind == "time"
    assert piece.words.startswith("reposted ")
    assert " posts that suspects spread within ten minutes of its beginning; " in piece.words
    assert piece.words.endswith("%")
    assert "comparable accounts do so with" in piece.words
    low = int(np.argmin(found.parts[TIME]))
    (against,) = told.told(low, {TIME: float(found.parts[TIME][low])})
    assert "; suspects do so with " in against.words


# --- how well times are known ------------------------------------------------------------------


def logged(seconds: list[int]) -> Graph:
    return graph_of(
        [
            event("post", n, f"account/{n}", f"p/{n}", at=s * 1_000_000, seen=10**15)
            for n, s in enumerate(seconds, 1)
        ]
    )


def test_times_are_known_as_well_as_the_platform_gives_them() -> None:
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 10**7, 500).tolist()
    minutes = [s // 60 * 60 for s in seconds]
    some = [m if i % 5 == 0 else s for i, (m, s) in enumerate(zip(minutes, seconds, strict=True))]
    assert fineness(logged(seconds)).tolist() == [False] * 3
    assert fineness(logged(minutes)).tolist() == [True, False, False]
    assert fineness(logged([s // 86_400 * 86_400 for s in seconds])).tolist() == [True] * 3
    rounded = fineness(logged(some))
    assert rounded.tolist() == [True, False, False]
    known = seconds_known(np.array([59, 60, 3_600, 86_400], np.uint32), rounded)
    assert known.tolist() == [1, 60, 60, 60]
