"""How likely things are tainted, beside dictionaries, SciPy, and mixtures that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaln
from scipy.stats import beta, betabinom

from leeward.network import CONCLUSIVE, Node
from leeward.network._evidence.sorts import KINDS, Usual, sorts_of
from leeward.network._evidence.taint import chance, suspect_touches, taint_of
from leeward.network._touches.touches import touches_of
from tests.network._events import event, graph_of
from tests.network._evidence import SORTS, World, chance_of, worlds

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.sorts import Sorts
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]


def none(touches: Touches) -> Doubles:
    return np.zeros(len(touches.things))


@given(world=worlds(innocent=True))
def test_touches_by_suspects_are_those_that_dictionaries_count(world: World) -> None:
    found, makers = suspect_touches(world.touches, world.suspicion)
    for thing, by in world.naive.shared().items():
        place = world.touches.thing_at[thing]
        expected = sum(w * world.level(account) for account, w in by.items())
        assert found[place] == pytest.approx(max(expected, 0), abs=1e-6)
        expected = sum(world.level(account) for account in world.naive.made[thing])
        assert makers[place] == pytest.approx(max(expected, 0), abs=1e-6)


@given(world=worlds(innocent=True), seed=st.integers(0, 1000))
def test_probabilities_are_those_of_scipy(world: World, seed: int) -> None:
    touches = world.touches
    priors = np.random.default_rng(seed).choice([0, 0, 0, 2, -2], len(touches.things)) * 1.0
    taint = taint_of(touches, world.suspicion, priors)
    for j in range(len(touches.things)):
        for weight, said in ((0.6, taint.light[j]), (1, taint.heavy[j])):
            found, size = float(taint.touches[j]), float(touches.size[j]) - weight
            expected = chance_of(found, size, taint.sorts[touches.kind[j] - 1], priors[j])
            assert said == pytest.approx(expected, abs=1e-6)
        others = len(world.naive.made[int(touches.things[j])]) - 1
        sorts = taint.sorts_made[touches.kind[j] - 1]
        expected = chance_of(float(taint.makers[j]), others, sorts, priors[j])
        if touches.kind[j] == Node.POST:  # nobody else made it: only what is known of it counts
            expected = 1 / (1 + np.exp(-priors[j])) if priors[j] else 0
        assert taint.made[j] == pytest.approx(expected, abs=1e-6)
        assert taint.most[j] == max(taint.light[j], taint.heavy[j], taint.made[j])


@given(world=worlds(innocent=True), seed=st.integers(0, 1000))
def test_makers_are_judged_by_makers_alone(world: World, seed: int) -> None:
    """Whoever reposts and likes, suspects or innocent, what makers are judged by stays."""
    touches = world.touches
    made = np.zeros(len(touches.accounts), np.bool_)
    for makers in world.naive.made.values():
        made[touches.account_at[list(makers)]] = True
    others = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], len(made))
    one = taint_of(touches, world.suspicion, none(touches))
    other = taint_of(touches, np.where(made, world.suspicion, others), none(touches))
    assert one.made.tolist() == other.made.tolist()
    assert one.sorts_made == other.sorts_made


@given(n=st.integers(1, 60), k=st.integers(1, 60), prior=st.just(0.0) | st.floats(-3, 3))
def test_a_chance_is_the_rule_of_bayes(n: int, k: int, prior: float) -> None:
    """Of what a person judged, as much as the share of suspects is beside the usual one.

    A hint, which is no judgement, never makes a thing less likely than it is without.
    """
    k, sorts = min(k, n), SORTS[0]

    def bayes(prior: float) -> float:
        share = 1 / (1 + np.exp(-(sorts.odds + prior)))
        tainted = share * betabinom.pmf(k, n, *sorts.tainted)
        ordinary = (1 - share) * betabinom.pmf(k, n, *sorts.ordinary)
        return float(tainted / (tainted + ordinary))

    expected = bayes(prior)
    if prior:
        after = beta(k + sorts.tainted.a, n - k + sorts.tainted.b).mean()
        expected *= min(1, after / beta(*sorts.tainted).mean())
    if 0 < prior < CONCLUSIVE:
        expected = max(expected, bayes(0))
    assert chance(float(k), float(n), sorts, prior) == pytest.approx(expected, abs=1e-9)


@given(n=st.integers(2, 200), k=st.integers(1, 200))
def test_another_touch_speaks_by_who_it_is_from(n: int, k: int) -> None:
    """One by a suspect never lowers a chance, one by anybody else never raises it."""
    k, sorts = min(k, n), SORTS[0]
    now = chance(float(k), float(n), sorts, 0.0)
    assert chance(k + 1.0, n + 1.0, sorts, 0.0) >= now - 1e-12
    assert chance(float(k), n + 1.0, sorts, 0.0) <= now + 1e-12


def test_what_no_suspect_touched_and_nobody_knows_of_is_not_tainted() -> None:
    graph = graph_of([event("post", i, f"account/{i}", tags=("boats",)) for i in (1, 2)])
    touches = touches_of(graph)
    taint = taint_of(touches, np.zeros(2), none(touches))
    assert (taint.light.tolist(), taint.heavy.tolist(), taint.made.tolist()) == ([0], [0], [0])
    known = taint_of(touches, np.zeros(2), np.array([12.0]))
    assert known.light[0] > 0.5
    assert known.made[0] > 0.5


@given(world=worlds(innocent=True))
def test_every_number_is_finite_and_a_probability(world: World) -> None:
    taint = taint_of(world.touches, world.suspicion, none(world.touches))
    for values in (taint.light, taint.heavy, taint.made):
        assert np.all((values >= 0) & (values <= 1))
    for sorts in taint.sorts + taint.sorts_made:
        assert np.isfinite(sorts.odds)
        assert min(*sorts.ordinary, *sorts.tainted) > 0


def test_where_all_are_suspects_nothing_breaks() -> None:
    graph = graph_of([event("post", i, f"account/{i}", tags=("boats",)) for i in (1, 2, 3)])
    touches = touches_of(graph)
    taint = taint_of(touches, np.ones(3), none(touches))
    assert np.isfinite(taint.heavy).all()
    assert np.isfinite(taint.made).all()


@given(world=worlds())
def test_the_order_of_the_events_makes_no_difference(world: World) -> None:
    half = len(world.events) // 2
    graph = graph_of(world.events[half:], world.events[:half])
    touches = touches_of(graph)
    place = {graph.name(node): i for i, node in enumerate(touches.accounts.tolist())}
    suspicion = np.zeros(len(place))
    for node, suspected in zip(world.touches.accounts.tolist(), world.suspicion, strict=True):
        suspicion[place[world.graph.name(node)]] = suspected
    ours = taint_of(world.touches, world.suspicion, none(world.touches))
    theirs = taint_of(touches, suspicion, none(touches))
    of = {graph.subject(node): i for i, node in enumerate(touches.things.tolist())}
    there = [of[world.graph.subject(node)] for node in world.touches.things.tolist()]
    assert theirs.heavy[there].tolist() == pytest.approx(ours.heavy.tolist(), abs=1e-5)
    assert theirs.light[there].tolist() == pytest.approx(ours.light.tolist(), abs=1e-5)
    assert theirs.made[there].tolist() == pytest.approx(ours.made.tolist(), abs=1e-5)


def mixed(seed: int, share: float, ordinary: float, tainted: float) -> tuple[Doubles, Doubles]:
    """Counts of a known mixture, of so many."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 60, 40_000)
    is_tainted = rng.random(len(sizes)) < share
    concentration = 1 / (2 * ordinary)
    rates = np.where(
        is_tainted,
        rng.beta(3 * tainted, 3 * (1 - tainted), len(sizes)),
        rng.beta(ordinary * concentration, (1 - ordinary) * concentration, len(sizes)),
    )
    return rng.binomial(sizes, rates).astype(np.float64), sizes.astype(np.float64)


def sorts_alone(found: Doubles, sizes: Doubles) -> Sorts:
    """Where there are things of one kind alone."""
    usual = Usual.of(sizes, np.full(len(sizes), Node.POST, np.uint8))
    return sorts_of(found, np.flatnonzero(found > 0), usual)[Node.POST - 1]


@pytest.mark.parametrize("tainted", [0.4, 0.7])
def test_a_known_mixture_is_found_again(tainted: float) -> None:
    found, sizes = mixed(1, 0.01, 0.02, tainted)
    sorts = sorts_alone(found, sizes)
    assert 1 / (1 + np.exp(-sorts.odds)) == pytest.approx(0.01, rel=0.25)
    assert sorts.tainted.a / 3 == pytest.approx(tainted, abs=0.08)
    assert sorts.ordinary.a / (sorts.ordinary.a + sorts.ordinary.b) == pytest.approx(0.02, rel=0.1)


def test_what_is_not_there_is_not_found() -> None:
    found, sizes = mixed(2, 0.0, 0.02, 0.5)
    assert 1 / (1 + np.exp(-sorts_alone(found, sizes).odds)) < 0.002


def maximised(k: Doubles, n: Doubles) -> tuple[float, float, float]:
    """Expectation-maximisation thing by thing: the shares of tainted things and of suspects."""
    share, ordinary = 0.002, k.sum() / n.sum()
    tainted = min(max(15 * ordinary, 0.02), 0.8)
    for _ in range(20):
        ordinary = min(ordinary, 0.08)
        both = []
        for mean, concentration in ((tainted, 3.0), (ordinary, 1 / (2 * ordinary))):
            a, b = mean * concentration, (1 - mean) * concentration
            both.append(betaln(k + a, n - k + b) - betaln(a, b))
        odds = np.log(share / (1 - share)) + both[0] - both[1]
        chances = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        ordinary = ((1 - chances) * k).sum() / ((1 - chances) * n).sum()
        tainted = np.clip((chances * k).sum() / (chances * n).sum(), min(10 * ordinary, 0.8), 0.8)
        share = np.clip(chances.mean(), 1e-4, 0.02)
    return float(share), float(min(ordinary, 0.08)), float(tainted)


def fitted(sorts: Sorts) -> tuple[float, float, float]:
    mean = sorts.ordinary.a / (sorts.ordinary.a + sorts.ordinary.b)
    return float(1 / (1 + np.exp(-sorts.odds))), mean, sorts.tainted.a / 3


def test_things_that_are_alike_are_looked_at_together() -> None:
    """The fit is that of all things one by one."""
    found, sizes = mixed(3, 0.01, 0.02, 0.5)
    expected = maximised(found, sizes)
    assert fitted(sorts_alone(found, sizes)) == pytest.approx(expected, rel=1e-6)


def test_kinds_stand_in_the_order_of_their_codes() -> None:
    assert [int(kind) for kind in KINDS] == [1, 2, 3, 4]
