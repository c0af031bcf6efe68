"""Training: beside SciPy's minimum, and on made-up decisions whose truth is known."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression, minimize
from sklearn.metrics import average_precision_score

from leeward.errors import UsageError
from leeward.model import Label
from leeward.signals import AccountTracker
from leeward.signals._features import FEATURES, Tracked
from leeward.signals._scorecard import Scorecard
from leeward.signals._scorecard_examples import examples_of
from leeward.signals._scorecard_fit import Shape, fit, isotonic, table_of
from leeward.signals._scorecard_train import groups_of, share_of, train_scorecard
from tests.signals._harbour import harbour, rows_at

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]


# --- the fit -----------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(0.1, 9)), min_size=1, max_size=12),
    st.booleans(),
)
def test_pooled_values_are_those_of_scipy(pairs: list[tuple[float, float]], rises: bool) -> None:
    values, weights = (np.array(column) for column in zip(*pairs, strict=True))
    expected = isotonic_regression(values, weights=weights, increasing=rises).x
    assert isotonic(values, weights, rises=rises) == pytest.approx(expected, abs=1e-9)


def scipy_minimum(
    bins: Any, right: Doubles, mass: Doubles, shapes: list[Shape], pull: float
) -> tuple[float, float]:
    """The least loss and the intercept there, by weights counted down from the highest."""
    sizes = [len(shape.hand) for shape in shapes]
    ends = np.cumsum([1, *sizes])

    def weights(point: Doubles) -> list[Doubles]:
        found = []
        for shape, a, b in zip(shapes, ends[:-1], ends[1:], strict=True):
            falling = point[a] - np.concatenate([[0], np.cumsum(point[a + 1 : b])])
            found.append(falling[::-1] if shape.rises else falling)
        return found

    def loss(point: Doubles) -> float:
        each = weights(point)
        z = np.full(len(bins), point[0])
        for place, one in enumerate(each):
            z += np.append(one, 0.0)[bins[:, place]]
        held = sum(((one - shape.hand) ** 2).sum() for one, shape in zip(each, shapes, strict=True))
        return float(mass @ np.logaddexp(0, z) - right @ z + pull / 2 * held)

    bounds: list[tuple[float | None, float | None]] = [(-20, 20)]
    for shape, size in zip(shapes, sizes, strict=True):
        bounds += [(None, None if shape.cap == np.inf else shape.cap), *[(0, None)] * (size - 1)]
    start = np.zeros(ends[-1])
    found = minimize(
        loss,
        start,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 5_000, "ftol": 1e-14, "maxfun": 200_000},
    )
    return float(found.fun), float(found.x[0])


@pytest.mark.parametrize("seed", range(6))
def test_the_fit_is_at_the_minimum_that_scipy_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes, pull = (3, 4, 2), 0.7
    bins = np.column_stack([rng.integers(0, size + 1, 300) for size in sizes])
    right = (rng.random(300) < 0.2).astype(np.float64)
    mass = rng.uniform(0.2, 1.5, 300)
    hands = (np.array([-1.0, 0, 2]), np.array([1.0, 0.5, 0, -1]), np.array([0.0, 1]))
    rises = (True, False, True)
    caps = (np.inf, np.inf, 0.25)
    shapes = [Shape(*each) for each in zip(hands, rises, caps, strict=True)]
    found = fit(table_of(bins, right, mass), shapes, 0.0, pull)
    z = found.scores(bins)
    held = sum(
        ((one - shape.hand) ** 2).sum() for one, shape in zip(found.weights, shapes, strict=True)
    )
    loss = float(mass @ np.logaddexp(0, z) - right @ z + pull / 2 * held)
    expected, intercept = scipy_minimum(bins, right, mass, shapes, pull)
    assert loss <= expected + 1e-6
    assert found.intercept == pytest.approx(intercept, abs=0.02)
    for one, shape in zip(found.weights, shapes, strict=True):
        steps = np.diff(one)
        assert (steps >= -1e-12).all() if shape.rises else (steps <= 1e-12).all()
        assert one.max() <= shape.cap + 1e-12


# --- training ----------------------------------------------------------------------------------


class Made(NamedTuple):
    """Made-up subjects and the truth about them."""

    values: Doubles
    truth: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]


@cache
def made(kind: Tracked, confirmed: int, innocent: int, seed: int = 0, share: float = 0.02) -> Made:
    """8,000 subjects whose features differ by different amounts, one of ten values unknown."""
    rng = np.random.default_rng(seed)
    truth = rng.random(8_000) < share
    columns = []
    for place, feature in enumerate(FEATURES[kind]):
        shift = (0.2, 0.8, 1.6)[place % 3] * (1 if feature.rises else -1)
        latent = rng.normal(size=len(truth)) + shift * truth
        edges = np.array(feature.edges)
        cuts = np.quantile(latent, np.linspace(0, 1, len(edges) + 2)[1:-1])
        inside = np.concatenate([[edges[0] - 1], edges]) + 1e-6
        column = inside[np.searchsorted(cuts, latent)]
        columns.append(np.where(rng.random(len(truth)) < 0.1, np.nan, column))
    labels = np.full(len(truth), -1)
    labels[rng.permutation(np.flatnonzero(truth))[:confirmed]] = 1
    labels[rng.permutation(np.flatnonzero(~truth))[:innocent]] = 0
    return Made(np.column_stack(columns), truth, labels)


@cache
def trained(kind: Tracked, confirmed: int = 80, innocent: int = 60) -> Scorecard:
    world = made(kind, confirmed, innocent)
    return train_scorecard(
        kind, world.values, world.labels, np.arange(len(world.truth)), prior=0.02
    )


def test_it_learns_who_was_never_looked_at() -> None:
    """Better than by hand for those without a label, and near to who knows all the truth."""
    world, card = made("thread", 80, 60), trained("thread")
    rest = world.labels == -1
    hand = Scorecard.cautious("thread").scores(world.values)
    knowing = train_scorecard(
        "thread", world.values, world.truth * 1, np.arange(len(world.truth)), prior=0.02
    )
    learnt, by_hand, most = (
        average_precision_score(world.truth[rest], scores[rest])
        for scores in (card.scores(world.values), hand, knowing.scores(world.values))
    )
    assert learnt > by_hand + 0.05
    assert learnt > 0.8 * most


def test_probabilities_are_those_of_the_truth() -> None:
    world, card = made("thread", 80, 60), trained("thread")
    chance = 1 / (1 + np.exp(-card.scores(world.values)))
    assert chance.mean() == pytest.approx(world.truth.mean(), rel=0.35)
    high = chance > 0.3
    assert world.truth[high].mean() == pytest.approx(chance[high].mean(), abs=0.2)


@pytest.mark.parametrize("kind", ["thread", "account", "tag"])
def test_what_is_learnt_is_a_scorecard_like_any_other(kind: Tracked) -> None:
    """Monotone, on the grid, and what opens nothing alone below the line: or it would not be."""
    card = trained(kind)
    assert card.trained is not None
    assert (card.trained.offenders, card.trained.innocents) == (80, 60)
    assert Scorecard.decode(card.encode()) == card
    world = made(kind, 80, 60)
    shown = card.weights(world.values[:50])
    assert (card.intercept + shown.sum(axis=1) == card.scores(world.values[:50])).all()


def test_contact_with_minors_opens_nothing_even_if_all_offenders_have_it() -> None:
    rng = np.random.default_rng(3)
    values = np.full((2_000, len(FEATURES["account"])), np.nan)
    labels = np.full(2_000, -1)
    labels[:200] = 1
    values[:, :2] = rng.uniform(0, 0.2, (2_000, 2))
    values[:200, :2] = 0.99, 60.0
    card = train_scorecard("account", values, labels, np.arange(2_000), prior=0.1)
    alone = np.full((1, values.shape[1]), np.nan)
    alone[0, :2] = 1.0, 500.0
    assert card.scores(alone)[0] < card.line


def test_the_same_labels_in_another_order_give_the_same_weights() -> None:
    world = made("tag", 80, 60)
    order = np.random.default_rng(1).permutation(len(world.truth))
    groups = np.arange(len(order))
    one = train_scorecard("tag", world.values, world.labels, groups, prior=0.02)
    other = train_scorecard("tag", world.values[order], world.labels[order], order, prior=0.02)
    for a, b in zip(one.parts, other.parts, strict=True):
        assert a.weights == pytest.approx(b.weights, abs=0.01)


def test_whom_it_learnt_from_it_was_not_tested_on() -> None:
    """A template's accounts are alike to the last bit: split, they would vouch for each other."""
    rng = np.random.default_rng(5)
    values = rng.uniform(0, 1, (600, len(FEATURES["tag"])))
    labels = rng.permutation(np.repeat([1, 0, -1], 200))  # nothing can be learnt
    apart = train_scorecard("tag", values, labels, np.arange(600), prior=0.3)
    assert apart.trained is not None
    scores, right = apart.trained.held_out.scores, apart.trained.held_out.offender
    assert average_precision_score(right, scores) < 0.62
    groups = np.repeat(np.arange(60), 10)
    together = train_scorecard("tag", values, labels, groups, prior=0.3)
    assert together.trained is not None
    assert together.trained.groups == len(np.unique(groups[labels != -1]))


def test_few_labels_change_little() -> None:
    world = made("thread", 20, 0)
    card = train_scorecard(
        "thread", world.values, world.labels, np.arange(len(world.truth)), prior=0.02
    )
    hand = Scorecard.cautious("thread")
    for part, before in zip(card.parts, hand.parts, strict=True):
        assert np.abs(np.array(part.weights) - before.weights).max() < 1.6
    assert card.line == 0.0
    assert card.threshold().score is None


def test_the_share_that_belongs_is_no_less_than_it_is() -> None:
    """Where scores part both sorts, it is about right; where they say nothing, it is all."""
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.1
    confirmed = truth & (rng.random(20_000) < 0.3)
    assert share_of(rng.normal(size=20_000) + 6 * truth, confirmed) == pytest.approx(0.1, rel=0.15)
    assert share_of(rng.normal(size=20_000), confirmed) == pytest.approx(0.5, abs=0.01)


def test_an_estimated_share_may_lower_what_is_set_by_hand_and_not_raise_it() -> None:
    world = made("tag", 80, 60)
    card = train_scorecard("tag", world.values, world.labels, np.arange(len(world.truth)))
    assert card.trained is not None
    assert card.trained.is_estimated
    assert card.trained.prior <= 0.0181


# --- groups ------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(
    st.integers(1, 20).flatmap(
        lambda n: st.tuples(
            *[st.lists(st.none() | st.integers(0, 6), min_size=n, max_size=n) for _ in range(2)]
        )
    )
)
def test_subjects_that_share_a_key_are_of_one_group(keys: Any) -> None:
    one, other = keys
    found = groups_of(one, other).tolist()
    count = len(one)
    reach = np.eye(count, dtype=bool)
    for i in range(count):
        for j in range(count):
            for column in keys:
                reach[i, j] |= column[i] is not None and column[i] == column[j]
    for _ in range(count):
        reach = reach @ reach
    for i in range(count):
        for j in range(count):
            assert (found[i] == found[j]) == bool(reach[i, j])


# --- what is refused ---------------------------------------------------------------------------


def test_too_few_labels_are_refused_with_the_number_that_is_missing() -> None:
    world = made("tag", 12, 0)
    with pytest.raises(UsageError, match="12 confirmed subjects in 12 groups") as refused:
        train_scorecard("tag", world.values, world.labels, np.arange(len(world.truth)))
    assert "label 8 more" in str(refused.value.hint)


def test_labels_of_one_group_are_refused() -> None:
    world = made("tag", 80, 0)
    with pytest.raises(UsageError, match="80 confirmed subjects in 1 groups"):
        train_scorecard("tag", world.values, world.labels, np.zeros(len(world.truth)))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"prior": 0.0}, "the share that belongs"),
        ({"prior": 0.9}, "the share that belongs"),
        ({"folds": 1}, "fewer than two folds"),
        ({"weights": np.zeros(8_000)}, "a weight is not above 0"),
        ({"weights": np.ones(3)}, "one label and one weight a subject"),
        ({"labels": np.full(8_000, 2)}, "neither 1, 0 nor -1"),
        ({"groups": np.zeros(3)}, "one group a subject"),
    ],
)
def test_what_does_not_fit_is_refused(more: dict[str, Any], why: str) -> None:
    world = made("tag", 80, 60)
    given_: dict[str, Any] = {"labels": world.labels, "groups": np.arange(8_000), **more}
    with pytest.raises(UsageError, match=why):
        train_scorecard("tag", world.values, given_.pop("labels"), given_.pop("groups"), **given_)


# --- examples ----------------------------------------------------------------------------------


def told(subject: str, since: int, label: Any = "offender", case: str | None = None) -> Label:
    return Label(kind="account", subject=subject, label=label, since=since, case=case)


def test_a_labelled_subject_is_learned_from_as_it_stood_before_its_label() -> None:
    """Beside a replay that ends there."""
    rows = rows_at(harbour(3, 400))
    actors, seqs = (rows.column(name).to_pylist() for name in ("actor", "seq"))
    ada = actors[20]
    other = next(one for one in actors if one != ada)
    labels = [told(ada, seqs[200], case="a"), told(other, 10**6, "innocent", case="a")]
    whole = [rows.slice(0, 90), rows.slice(90)]
    found = examples_of(AccountTracker(), whole, labels)
    labelled = found.labels >= 0
    assert sorted(found.labels[labelled].tolist()) == [0, 1]
    assert len(np.unique(found.groups[labelled])) == 1
    short = examples_of(AccountTracker(), [rows.slice(0, 201)], [told(ada, 10**6)])
    expected = short.values[short.labels == 1]
    np.testing.assert_array_equal(found.values[found.labels == 1], expected)
    late = examples_of(AccountTracker(), whole, [told(ada, 10**6)])
    assert not np.array_equal(late.values[late.labels == 1], expected, equal_nan=True)
    assert len(found.labels) == len({*actors})


def test_who_did_nothing_before_the_label_is_left_out() -> None:
    rows = rows_at(harbour(3, 50))
    found = examples_of(AccountTracker(), [rows], [told("account/nobody", 10**6)])
    assert (found.labels == -1).all()
    first = rows.column("actor")[0].as_py()
    early = examples_of(AccountTracker(), [rows], [told(first, 0)])
    assert (early.labels == -1).all()
