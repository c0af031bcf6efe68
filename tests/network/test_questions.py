"""What to ask next, beside tables of all outcomes and a greedy choice that looks at everything."""

from __future__ import annotations

from itertools import pairwise, product
from math import exp, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from leeward.errors import UsageError
from leeward.network._review.questions import Asking, Candidates, Questions, questions
from leeward.network._review.reviewers import FAULTLESS, ReviewErrors
from leeward.network._review.spread import bands, spread

ERRING = Asking(ReviewErrors.known(0.03, 0.1), ReviewErrors.known(0.05, 0.02))


def candidates(
    items: list[float], accounts: list[float], acts: list[tuple[int, int, float]]
) -> Candidates:
    """From (item, account, weight) of each act."""
    acts = sorted(acts)
    counts = (
        np.bincount([i for i, _, _ in acts], minlength=len(items)) if acts else [0] * len(items)
    )
    return Candidates(
        np.array(items, np.float64),
        np.array(accounts, np.float64),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        np.array([a for _, a, _ in acts], np.int32),
        np.array([w for _, _, w in acts], np.float32),
    )


def information(table: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    """The mutual information of the rows and the columns of a table of chances, in bits."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    return sum(
        float(table[i, j] * log2(table[i, j] / rows[i] / columns[j]))
        for i, j in product(range(2), range(2))
        if table[i, j] > 0
    )


def chance(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


def about(p: float, errors: ReviewErrors) -> float:
    """What an answer about the thing itself brings."""
    yes, lost = errors.false_yes.value, errors.false_no.value
    return information(np.array([[p * (1 - lost), p * lost], [(1 - p) * yes, (1 - p) * (1 - yes)]]))


def through(t: float, p: float, weight: float, errors: ReviewErrors) -> float:
    """What an answer about an item brings about an account: by a table of all outcomes."""
    k = exp(np.float32(weight))

    def either(log_o: float) -> tuple[float, float]:
        return k * exp(log_o) / (1 + k * exp(log_o)), exp(log_o) / (1 + exp(log_o))

    log_o = brentq(lambda x: t * either(x)[0] + (1 - t) * either(x)[1] - p, -60, 60, xtol=1e-14)
    tainted, clean = either(log_o)
    yes, lost = errors.false_yes.value, errors.false_no.value
    table = np.zeros((2, 2))
    for belongs, says_yes in product((0, 1), (0, 1)):
        for is_tainted, at, share in ((1, t, tainted), (0, 1 - t, clean)):
            said = (
                (1 - lost if is_tainted else yes) if says_yes else (lost if is_tainted else 1 - yes)
            )
            table[belongs, says_yes] += at * (share if belongs else 1 - share) * said
    return information(table)


def entropy(p: float) -> float:
    return -p * log2(p) - (1 - p) * log2(1 - p)


def slowly(case: Candidates, count: int, asking: Asking) -> tuple[list[int], list[float]]:
    """The greedy choice, with every gain computed anew before each question."""
    items = [chance(x) for x in case.items]
    accounts = [chance(x) for x in case.accounts]
    left = [1.0] * len(accounts)
    rows = [range(case.start[i], case.start[i + 1]) for i in range(len(items))]
    share = {
        e: through(items[i], accounts[a], float(case.weight[e]), asking.item_errors)
        / entropy(accounts[a])
        for i in range(len(items))
        for e in rows[i]
        for a in [int(case.account[e])]
    }
    chosen: list[int] = []
    gains: list[float] = []
    for _ in range(count):
        worth = [
            asking.item_worth * about(items[i], asking.item_errors)
            + sum(
                share[e] * left[a] * entropy(accounts[a])
                for e in rows[i]
                for a in [case.account[e]]
            )
            for i in range(len(items))
        ]
        costs = [asking.item_cost] * len(items) + [1.0] * len(accounts)
        worth += [left[a] * about(p, asking.account_errors) for a, p in enumerate(accounts)]
        open_ones = [s for s in range(len(worth)) if s not in chosen]
        if not open_ones:
            break
        best = max(open_ones, key=lambda s: (round(worth[s] / costs[s], 9), -s))
        chosen.append(best)
        gains.append(worth[best])
        if best < len(items):
            for e in rows[best]:
                left[case.account[e]] *= 1 - share[e]
        else:
            a = best - len(items)
            left[a] *= 1 - about(accounts[a], asking.account_errors) / entropy(accounts[a])
    return chosen, gains


@given(data=st.data())
def test_the_choice_is_that_of_a_team_that_computes_everything_each_time(
    data: st.DataObject,
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    items, accounts = int(rng.integers(0, 6)), int(rng.integers(1, 8))
    pairs = [(i, a) for i in range(items) for a in range(accounts) if rng.random() < 0.4]
    case = candidates(
        rng.normal(0, 2, items).tolist(),
        rng.normal(-1, 2, accounts).tolist(),
        [(i, a, float(rng.normal(1, 1.5))) for i, a in pairs],
    )
    asking = Asking(
        ERRING.item_errors,
        ERRING.account_errors,
        item_worth=float(rng.choice([0.25, 1.0])),
        item_cost=float(rng.choice([1.0, 2.5])),
    )
    expected, worth = slowly(case, 9, asking)
    actual = questions(case, 9, asking=asking)
    places = np.where(actual.is_item, actual.subject, actual.subject + items)
    assert expected == places.tolist()
    np.testing.assert_allclose(actual.gain, worth, rtol=2e-5, atol=1e-7)


def test_items_with_reach_go_first() -> None:
    """One decision on a widely shared item tells of forty accounts; one on an account of one."""
    acts = [(0, a, 2.0) for a in range(40)] + [(1, 40, 2.0)]
    asked = questions(candidates([0.0, 0.0], [-1.0] * 41, acts), 3)
    assert asked.is_item.tolist() == [True, True, False]
    assert asked.subject[0] == 0
    assert asked.gain[0] > 5 * asked.gain[1]


def test_what_another_item_has_settled_gains_less() -> None:
    """Two items that the same people shared, and one that others did, a little fewer."""
    acts = [(i, a, 3.0) for i in (0, 1) for a in range(20)] + [(2, a, 3.0) for a in range(20, 38)]
    asked = questions(candidates([0.0] * 3, [0.0] * 38, acts), 3)
    assert asked.subject[asked.is_item].tolist() == [0, 2, 1]


def test_what_has_been_asked_is_not_asked_again() -> None:
    case = candidates([0.0, 0.0], [0.0, 0.0], [(0, 0, 1.0), (1, 1, 1.0)])
    asked = questions(
        case, 9, items_asked=np.array([True, False]), accounts_asked=np.array([False, True])
    )
    alone = questions(candidates([0.0], [], []), 1, asking=Asking(item_worth=1.0))
    assert sorted(zip(asked.is_item.tolist(), asked.subject.tolist(), strict=True)) == [
        (False, 0),
        (True, 1),
    ]
    assert asked.gain[asked.is_item] == pytest.approx(alone.gain)  # account 1 needs nothing


def test_certainty_and_reviewers_who_guess_bring_nothing() -> None:
    """Answers that say "yes" as often either way, and subjects beyond doubt, are not asked for."""
    deaf = ReviewErrors.known(0.499, 0.499)
    asked = questions(candidates([0.0], [0.0], [(0, 0, 1.0)]), 2, asking=Asking(deaf, deaf))
    assert (asked.gain < 1e-4).all()
    sure = questions(candidates([900.0], [-900.0], [(0, 0, 1.0)]), 2)
    assert (sure.gain < 1e-9).all()


def test_a_faultless_answer_takes_all_doubt() -> None:
    asked = questions(candidates([], [0.0, 2.0], []), 2, asking=Asking(FAULTLESS, FAULTLESS))
    assert asked.gain == pytest.approx([1.0, entropy(chance(2.0))])


def test_the_same_candidates_give_the_same_questions() -> None:
    rng = np.random.default_rng(5)
    acts = [(int(i), int(a), 1.0) for i, a in zip(*rng.integers(0, 300, (2, 2_000)), strict=True)]
    case = candidates([0.5] * 300, [-0.5] * 300, list(set(acts)))
    first, again = questions(case, 100), questions(case, 100)
    assert first.subject.tolist() == again.subject.tolist()
    assert first.gain.tolist() == again.gain.tolist()


def test_arrays_that_do_not_fit_are_refused() -> None:
    case = candidates([0.0], [0.0], [(0, 0, 1.0)])
    for wrong in (case._replace(start=case.start[:1]), case._replace(weight=case.weight[:0])):
        with pytest.raises(UsageError, match="do not fit"):
            questions(wrong, 1)
    assert isinstance(questions(case, 0), Questions)


@given(count=st.integers(0, 5_000), first=st.integers(1, 300))
def test_bands_double_and_hold_every_rank(count: int, first: int) -> None:
    ends = bands(count, first)
    widths = np.diff(ends)
    assert (ends[0], ends[-1]) == (0, count)
    assert all(b >= 2 * a for a, b in pairwise(widths))


@given(data=st.data())
def test_a_spread_is_even_over_the_bands_and_random_within(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 400))
    ranked = np.random.default_rng(1).permutation(500)[:count]
    asked = np.zeros(500, np.bool_)
    asked[data.draw(st.lists(st.integers(0, 499)))] = True
    ends = bands(count, 10)
    wanted = data.draw(st.integers(0, 120))
    drawn = spread(ranked, ends, wanted, 3, asked=asked)
    open_ones = set(ranked.tolist()) - set(np.flatnonzero(asked).tolist())
    assert len(set(drawn.account.tolist())) == len(drawn.account) == drawn.taken.sum()
    assert set(drawn.account.tolist()) <= open_ones
    assert drawn.sizes.sum() == len(open_ones)
    for h, (low, high) in enumerate(pairwise(ends)):
        assert set(drawn.account[drawn.band == h].tolist()) <= set(ranked[low:high].tolist())
    full = drawn.taken == drawn.sizes
    if (~full).any():
        assert np.ptp(drawn.taken[~full]) <= wanted // max((~full).sum(), 1) + 1
    assert drawn.taken.sum() <= wanted


def test_an_evenly_spread_sample_estimates_without_bias() -> None:
    """Horvitz and Thompson: the sum of the inverse chances is everybody."""
    ranked = np.arange(3_000)
    ends = bands(3_000, 50)
    totals = []
    for seed in range(300):
        drawn = spread(ranked, ends, 90, seed)
        totals.append(float((1 / drawn.chance)[drawn.account % 3 == 0].sum()))
    assert np.mean(totals) == pytest.approx(1_000, rel=0.05)


def test_bands_with_gaps_are_refused() -> None:
    with pytest.raises(UsageError, match="rank 0 to the last"):
        spread(np.arange(10), np.array([0, 5]), 3, 1)
