"""Certifying a frozen tier: how often it is wrong, and how many answers it takes."""

from __future__ import annotations

from math import exp, inf, log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leeward.errors import UsageError
from leeward.network._review.certify import (
    Certifier,
    FrozenTier,
    Standing,
    certified_together,
    drawn,
)
from leeward.network._review.plan import plan, separable
from leeward.network._review.reviewers import FAULTLESS, ErrorRate, ReviewErrors

if TYPE_CHECKING:
    from collections.abc import Callable

ALPHA = 0.05
ERRING = ReviewErrors.known(0.04, 0.03)
UNSURE = ReviewErrors(ErrorRate(0.05, 0.02, 0.08), ErrorRate(0.03, 0.01, 0.06))


def wrongly(
    certifier: Certifier, bad: int, rates: tuple[float, float], claim: str = "verdict"
) -> float:
    """The exact chance that a false claim is ever made when so many do not belong.

    All sequences of answers at once, with a look after each: the chance of every pair (drawn
    that do not belong, answers "no") is carried from answer to answer, and is cut off where the
    claim is made.
    """
    tier = certifier.tier
    size, (false_yes, false_no) = tier.size, rates
    state = np.zeros((bad + 2, size + 2))
    state[0, 0] = 1.0
    caught = 0.0
    for n in range(1, size + 1):
        moved = np.zeros_like(state)
        for d in range(min(bad, n - 1) + 1):
            stranger = (bad - d) / (size - n + 1)
            member = 1 - stranger
            moved[d + 1, 1:] += state[d, :-1] * stranger * (1 - false_yes)
            moved[d + 1] += state[d] * stranger * false_yes
            moved[d, 1:] += state[d, :-1] * member * false_no
            moved[d] += state[d] * member * (1 - false_no)
        state = moved
        for no in np.flatnonzero(state.sum(axis=0) > 0).tolist():
            if made(certifier, claim, n, no, bad):
                caught += state[:, no].sum()
                state[:, no] = 0.0
    return caught


def made(certifier: Certifier, claim: str, answers: int, no: int, bad: int) -> bool:
    """Whether a false claim is made after these answers."""
    tier = certifier.tier
    if claim == "verdict":
        falsely = bad > tier.allowed(no)
        return falsely and certifier.log_evidence(answers, no) >= -log(tier.alpha)
    standing = certifier.look(answers, no)
    truth = tier.precision(bad, no)
    if claim == "lower":
        return standing.lower > truth + 1e-12
    return standing.upper < truth - 1e-12


@pytest.mark.parametrize(
    ("size", "target", "settled"), [(30, 0.8, 0), (60, 0.9, 0), (60, 0.95, 20), (110, 0.98, 0)]
)
def test_a_bad_tier_is_certified_no_more_often_than_alpha(
    size: int, target: float, settled: int
) -> None:
    """By enumeration of all runs, for the tiers that just miss the target and worse ones."""
    certifier = Certifier(FrozenTier(size, target, ALPHA, settled=settled))
    first = certifier.tier.allowed(0) + 1
    chances = [wrongly(certifier, bad, (0.0, 0.0)) for bad in range(first, first + 6)]
    assert max(chances) <= ALPHA
    assert max(chances) > ALPHA / 10  # it does not simply never certify


@pytest.mark.parametrize("claim", ["lower", "upper"])
def test_the_bounds_hold_at_all_times_together(claim: str) -> None:
    certifier = Certifier(FrozenTier(40, 0.9, ALPHA, beta=0.1))
    level = ALPHA if claim == "lower" else 0.1
    for bad in (0, 1, 3, 5, 9, 20, 39, 40):
        assert wrongly(certifier, bad, (0.0, 0.0), claim) <= level


@pytest.mark.parametrize("rates", [(0.04, 0.03), (0.02, 0.01), (0.08, 0.01), (0.08, 0.06)])
def test_neither_do_reviewers_who_err(rates: tuple[float, float]) -> None:
    """With rates that are known, and with rates anywhere within the bounds."""
    for errors in (ERRING, UNSURE):
        if errors is ERRING and rates != (0.04, 0.03):
            continue
        certifier = Certifier(FrozenTier(40, 0.85, 0.2, beta=0.2, errors=errors))
        first = certifier.tier.allowed(0) + 1
        assert max(wrongly(certifier, bad, rates) for bad in range(first, first + 3)) <= 0.2
        assert wrongly(certifier, 4, rates, "lower") <= 0.2
        assert wrongly(certifier, 4, rates, "upper") <= 0.2


@pytest.mark.slow
@pytest.mark.parametrize("false_yes", [0.0, 0.04])
def test_nor_a_tier_of_thousands(false_yes: float, rounds: Callable[[int, int], int]) -> None:
    """Simulated: 3,000 accounts of which one more than allowed does not belong."""
    runs, most = rounds(20_000, 4_000), 1_500
    certifier = Certifier(FrozenTier(3_000, errors=ReviewErrors.known(false_yes, 0.0)))
    rng = np.random.default_rng(4)
    bad = 31
    # Only where in the order the strangers stand matters; the reviewers notice most of them.
    places = rng.permuted(np.tile(np.arange(3_000), (runs, 1)), axis=1)[:, :bad]
    noticed = rng.random((runs, bad)) >= false_yes
    wrong = np.zeros(runs, np.bool_)
    for answers in range(100, most + 1, 25):
        no = ((places < answers) & noticed).sum(axis=1)
        sure = [
            bad > certifier.tier.allowed(m) and certifier.log_evidence(answers, m) >= -log(ALPHA)
            for m in range(no.max() + 1)
        ]
        wrong |= np.array(sure)[no]
    assert wrong.mean() < ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_a_sure_verdict_needs_no_further_answers() -> None:
    """When all have been asked, what was counted is known."""
    certifier = Certifier(FrozenTier(50, 0.9))
    good, bad = certifier.look(50, 5), certifier.look(50, 6)
    assert (good.verdict, good.lower) == ("certified", 1.0)  # those who do not belong have left
    assert bad.verdict == "certified"
    frozen = Certifier(FrozenTier(50, 0.9, errors=ReviewErrors.known(0.0, 1e-9)))
    assert frozen.look(50, 5).lower == pytest.approx(0.9)
    assert frozen.look(50, 6).verdict == "refuted"


@given(data=st.data())
def test_bounds_follow_the_answers(data: st.DataObject) -> None:
    """Each further "no" lowers them, each further "yes" raises them; looks never widen them."""
    errors = data.draw(st.sampled_from([FAULTLESS, ERRING, UNSURE]))
    certifier = Certifier(FrozenTier(400, 0.97, errors=errors))
    answers = data.draw(st.integers(0, 120))
    no = data.draw(st.integers(0, answers))
    here = certifier.look(answers, no)
    frozen = here if errors is FAULTLESS else certifier.look(answers + 1, no)
    with_no = certifier.look(answers + 1, no + 1)
    if errors is not FAULTLESS:  # where nobody leaves, an answer "no" can only lower the bounds
        assert with_no.lower <= frozen.lower
        assert with_no.upper <= frozen.upper
    further = certifier.look(answers + 1, no, here)
    assert here.lower <= further.lower <= further.upper <= 1.0
    assert certifier.look(answers + 1, no + 1, here).lower >= here.lower
    worse = certifier.log_evidence(answers + 1, no + 1)
    assert worse <= max(certifier.log_evidence(answers, no), 0.0)


def test_the_evidence_is_the_ratio_of_the_formula() -> None:
    """Beside a sum over the same weights with scipy's hypergeometric law."""
    certifier = Certifier(FrozenTier(90, 0.95))
    weights = np.exp(certifier._log_weights)
    assert weights.sum() == pytest.approx(1.0)
    chances = stats.hypergeom.pmf(1, 90, certifier._counts, 40)
    null = max(stats.hypergeom.pmf(1, 90, bad, 40) for bad in range(6, 91))
    assert exp(certifier.log_evidence(40, 1)) == pytest.approx((weights * chances).sum() / null)


def eighty_of_fixed(size: int, precision: float, target: float, alpha: float) -> int:
    """Answers of the exact test with one look that has a power of .8: scipy's hypergeometric."""
    bad, null = round(size * (1 - precision)), round(size * (1 - target)) + 1
    for answers in range(25, size, 25):
        counts = np.arange(100)
        sure = counts[stats.hypergeom.cdf(counts, size, null, answers) <= alpha]
        if len(sure) and stats.hypergeom.cdf(sure[-1], size, bad, answers) >= 0.8:
            return answers
    return size


def test_looking_often_costs_little_beside_one_look_and_less_than_sharing_over_looks() -> None:
    """A tier of 7,000 at .995: on average fewer answers than one look at a fixed end needs."""
    told = plan(FrozenTier(7_000), 0.995, most=4_000)
    once = eighty_of_fixed(7_000, 0.995, 0.99, ALPHA)
    shared = eighty_of_fixed(7_000, 0.995, 0.99, ALPHA / (once // 25))
    assert told.eighty is not None
    assert told.expected < once
    assert told.eighty < 1.35 * once
    assert told.eighty < 0.7 * shared


@pytest.mark.parametrize("false_yes", [0.0, 0.03])
def test_the_plan_is_what_happens(false_yes: float, rounds: Callable[[int, int], int]) -> None:
    """Beside simulated teams that look after every batch of 25."""
    tier = FrozenTier(1_000, 0.97, errors=ReviewErrors.known(false_yes, 0.0))
    told = plan(tier, 0.985, most=600)
    certifier, runs = Certifier(tier), rounds(4_000, 400)
    rng = np.random.default_rng(1)
    needed = np.full(runs, inf)
    for run in range(runs):
        noticed = rng.random(15) >= false_yes
        places = drawn(1_000, int(rng.integers(2**40)))[:15][noticed]
        for answers in range(25, 601, 25):
            no = int((places < answers).sum())
            if certifier.log_evidence(answers, no) >= -log(ALPHA):
                needed[run] = answers
                break
    chance = float((needed <= 600).mean())
    assert chance == pytest.approx(told.chance, abs=0.07)
    assert np.minimum(needed, 600).mean() == pytest.approx(told.expected, rel=0.08)


def test_errors_as_large_as_the_margin_cannot_be_certified_and_second_looks_repair_it() -> None:
    vague = ReviewErrors(ErrorRate.known(0.02), ErrorRate(0.02, 0.01, 0.04))
    tier = FrozenTier(5_000, errors=vague)
    assert not separable(tier, 0.995)
    assert plan(tier, 0.995, most=1_000).chance < 0.05
    twice = FrozenTier(5_000, errors=vague.no_confirmed())
    assert separable(twice, 0.995)
    assert plan(twice, 0.998, most=2_000).chance > 0.9


def test_second_looks_at_no_multiply_the_errors() -> None:
    """Beside a simulation of two people, of whom the second repeats a part of the errors."""
    rng = np.random.default_rng(3)
    first, second, same = rng.random((3, 400_000))
    for repeated in (0.0, 0.3):
        copies = same < repeated
        lost = (first < 0.1) & np.where(copies, True, second < 0.1)
        passed = (first < 0.2) | np.where(copies, False, second < 0.2)
        twice = ReviewErrors.known(0.2, 0.1).no_confirmed(repeated)
        assert twice.false_no.value == pytest.approx(lost.mean(), abs=0.003)
        assert twice.false_yes.value == pytest.approx(passed.mean(), abs=0.003)


def test_several_tiers_share_one_error() -> None:
    at = np.log(1 / np.array([0.016, 0.024, 0.049, 0.2]))
    assert certified_together(at[:3], 0.05).tolist() == [True, True, True]
    assert certified_together(at[1:3], 0.05).tolist() == [True, True]
    assert certified_together(at, 0.05).tolist() == [False, False, False, False]
    assert certified_together(at[2:3], 0.05).tolist() == [True]
    assert certified_together(at[2:], 0.05, np.array([99.0, 1.0])).tolist() == [True, False]
    assert certified_together(np.empty(0), 0.05).tolist() == []


@given(
    values=st.lists(st.floats(1e-6, 1), min_size=1, max_size=6),
    parts=st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
)
def test_sharing_is_the_closed_test_of_weighted_parts(
    values: list[float], parts: list[float]
) -> None:
    """A tier is certified when every set of tiers that holds it has one beyond its part."""
    count, weights = len(values), np.array(parts[: len(values)])
    for tier, actual in enumerate(certified_together(-np.log(values), 0.05, weights)):
        sets = [s for s in range(1, 2**count) if s >> tier & 1]
        expected = all(
            any(
                -log(values[i]) >= -log(0.05 * weights[i] / sum(weights[j] for j in members))
                for i in members
            )
            for members in ([i for i in range(count) if s >> i & 1] for s in sets)
        )
        assert expected == actual


def test_a_verdict_and_the_best_evidence_stay() -> None:
    certifier = Certifier(FrozenTier(2_000))
    sure = certifier.look(400, 0)
    later = certifier.look(500, 12, sure)
    assert (sure.verdict, later.verdict) == ("certified", "certified")
    assert later.log_evidence == sure.log_evidence
    assert certifier.look(500, 40).verdict == "refuted"


def test_the_order_of_asking_holds_everyone_once() -> None:
    assert sorted(drawn(500, 7).tolist()) == list(range(500))
    assert drawn(500, 7).tolist() == drawn(500, 7).tolist() != drawn(500, 8).tolist()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one account"):
        FrozenTier(0)
    with pytest.raises(UsageError, match="between 0 and a half"):
        ErrorRate(0.1, 0.2, 0.3)
    with pytest.raises(UsageError, match="follow on"):
        Certifier(FrozenTier(10)).look(3, 1, Standing(5, 0))
    with pytest.raises(UsageError, match="a weight above 0"):
        certified_together(np.zeros(2), 0.05, np.array([1.0, 0.0]))
    with pytest.raises(UsageError, match="at least one answer"):
        plan(FrozenTier(10), 1.5)


def test_counted_errors_are_scipys_beta() -> None:
    rate = ErrorRate.counted(3, 197, mean=0.02, weight=10)
    law = stats.beta(3.2, 206.8)
    assert rate.value == pytest.approx(law.mean())
    assert (rate.low, rate.high) == pytest.approx((law.ppf(0.025), law.ppf(0.975)))
