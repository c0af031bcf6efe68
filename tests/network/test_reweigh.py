"""What answers teach of the signs of accounts, beside an optimiser that knows nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from leeward.errors import UsageError
from leeward.network import Said, reweigh
from leeward.network._review.reweigh import _SCALES

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]


def answers(
    count: int, seed: int, *, effect: float, error: float = 0.02, signs: int = 3
) -> tuple[Doubles, Doubles, Bools, Said]:
    """Accounts of whom the model knows half: the other half is in their first sign."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0, 2.0, 2_000)
    z = rng.normal(0.0, 1.0, (2_000, signs))
    belongs = rng.random(2_000) < expit(x + effect * z[:, 0])
    place = rng.permutation(2_000)[:count]
    yes = belongs[place] ^ (rng.random(count) < error)
    rates = np.full(count, error)
    return x, z, belongs, Said(place, yes, rates, rates)


EVERYBODY = np.arange(2_000)


def test_without_answers_nothing_changes() -> None:
    x, z, _, said = answers(0, 0, effect=1.0)
    found = reweigh(x, z, said, EVERYBODY)
    assert (found.log_odds == x).all()
    assert (found.moderated == x).all()


def test_the_weight_of_a_sign_is_found() -> None:
    x, z, _, said = answers(1_500, 1, effect=-1.5)
    found = reweigh(x, z, said, EVERYBODY)
    assert found.weights[2] == pytest.approx(-1.5, abs=0.35)
    assert np.abs(found.weights[3:]).max() < 0.3


def test_answers_about_some_put_all_others_in_better_order() -> None:
    x, z, belongs, said = answers(200, 2, effect=-1.5)
    after = reweigh(x, z, said, EVERYBODY).log_odds
    left = np.setdiff1d(EVERYBODY, said.account)

    def wrong(scores: Doubles) -> float:
        members, others = scores[left][belongs[left]], scores[left][~belongs[left]]
        return float((members[:, None] < others[None, :]).mean())

    assert wrong(after) < 0.8 * wrong(x)


def test_where_signs_say_nothing_the_order_hardly_moves() -> None:
    x, z, _, said = answers(300, 3, effect=0.0, signs=12)
    found = reweigh(x, z, said, EVERYBODY)
    assert found.scale < 0.25
    assert np.corrcoef(found.log_odds, x)[0, 1] > 0.98


@pytest.mark.parametrize("seed", [4, 5])
def test_the_likeliest_weights_are_those_of_an_optimiser(seed: int) -> None:
    """By BFGS on the penalised likelihood, written out anew, at each scale by itself."""
    x, z, _, said = answers(150, seed, effect=0.7, error=0.05)
    some = said.account
    design = np.column_stack([np.ones(2_000), (x - x.mean()) / x.std(), (z - z.mean(0)) / z.std(0)])
    design[:, 1] = np.clip(design[:, 1], -6, 6)
    design[:, 2:] = np.clip(design[:, 2:], -4, 4)
    best, height = [], []
    for scale in _SCALES:
        spread = np.array([1.0, 0.5, *[scale] * 3])

        def cost(w: Doubles, spread: Doubles = spread) -> float:
            q = 0.05 + 0.9 * expit(x[some] + design[some] @ w)
            return float(((w / spread) ** 2).sum() / 2 - np.log(np.where(said.yes, q, 1 - q)).sum())

        fit = minimize(cost, np.zeros(5), method="BFGS", options={"gtol": 1e-8})
        p = expit(x[some] + design[some] @ fit.x)
        q = 0.05 + 0.9 * p
        fisher = (design[some].T * (0.81 * (p * (1 - p)) ** 2 / (q * (1 - q)))) @ design[some]
        curvature = fisher + np.diag(spread**-2)
        height.append(-fit.fun - np.log(spread).sum() - np.linalg.slogdet(curvature)[1] / 2)
        best.append(fit.x)
    shares = np.exp(np.array(height) - max(height))
    expected = shares @ np.array(best) / shares.sum()
    assert reweigh(x, z, said, EVERYBODY).weights == pytest.approx(expected, abs=1e-3)


def test_few_answers_make_nobody_surer_than_many() -> None:
    x, z, _, few = answers(20, 6, effect=2.0)
    many = answers(1_500, 6, effect=2.0)[3]
    shrunk = [
        np.abs(found.moderated / found.log_odds)
        for found in (reweigh(x, z, said, EVERYBODY) for said in (few, many))
    ]
    assert np.median(shrunk[0]) < np.median(shrunk[1]) < 1


def test_errors_that_are_known_hide_no_sign() -> None:
    """Taken for faultless, the same answers make the sign look weaker than it is."""
    x, z, _, said = answers(2_000, 7, effect=-1.5, error=0.2)
    naive = said._replace(false_yes=np.zeros(2_000), false_no=np.zeros(2_000))
    known, unknown = (reweigh(x, z, one, EVERYBODY).weights[2] for one in (said, naive))
    assert known == pytest.approx(-1.5, abs=0.4)
    assert unknown > known + 0.4


def test_a_sign_that_all_have_is_none() -> None:
    x, z, _, said = answers(100, 8, effect=1.0)
    same = np.column_stack([z, np.ones(2_000)])
    found = reweigh(x, same, said, EVERYBODY)
    assert found.weights[-1] == pytest.approx(0, abs=1e-9)
    assert np.isfinite(found.log_odds).all()


def test_one_answer_and_extreme_scores_are_borne() -> None:
    x = np.array([-500.0, 0.0, 500.0])
    said = Said(np.array([2]), np.array([False]), np.zeros(1), np.zeros(1))
    found = reweigh(x, np.zeros((3, 0)), said, np.arange(3))
    assert np.isfinite(found.log_odds).all()
    assert np.isfinite(found.moderated).all()
    assert (np.diff(found.log_odds) > 0).all()


def test_what_does_not_fit_together_is_refused() -> None:
    said = Said(np.array([0]), np.array([True]), np.zeros(1), np.zeros(1))
    cases: tuple[Any, ...] = (
        (np.zeros(3), np.zeros((2, 1)), said, np.arange(3)),
        (np.zeros(3), np.zeros((3, 1)), said._replace(yes=np.zeros(2, np.bool_)), np.arange(3)),
        (np.zeros(3), np.zeros((3, 1)), said, np.arange(0)),
    )
    for broken in cases:
        with pytest.raises(UsageError, match="do not fit together"):
            reweigh(*broken)
