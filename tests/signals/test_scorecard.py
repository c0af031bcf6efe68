"""Scorecards: parts that add up to the score, never fall, and open nothing by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leeward.errors import InputError, UsageError
from leeward.signals._cautious import NEVER_ALONE
from leeward.signals._features import FEATURES, Tracked
from leeward.signals._scorecard import GRID, Part, Scorecard, on_grid

if TYPE_CHECKING:
    from pathlib import Path

KINDS: tuple[Tracked, ...] = get_args(Tracked)
VALUES = st.floats(-5, 200) | st.just(np.nan)


def of_kind(kind: Tracked) -> Any:
    return arrays(np.float64, (3, len(FEATURES[kind])), elements=VALUES)


def changed(card: Scorecard, **more: Any) -> Scorecard:
    fields = {name: getattr(card, name) for name in card.__struct_fields__}
    return Scorecard(**(fields | more))


@given(st.data(), st.sampled_from(KINDS))
def test_what_is_shown_adds_up_to_the_score_exactly(data: Any, kind: Tracked) -> None:
    card = Scorecard.cautious(kind)
    values = data.draw(of_kind(kind))
    order = data.draw(st.permutations(range(values.shape[1])))
    for shown, score in zip(card.weights(values), card.scores(values), strict=True):
        total = 0.0
        for place in order:
            total += shown[place]
        assert total + card.intercept == score


@given(st.data(), st.sampled_from(KINDS))
def test_a_more_worrying_value_never_lowers_the_score(data: Any, kind: Tracked) -> None:
    card = Scorecard.cautious(kind)
    values = data.draw(of_kind(kind))[:1]
    place = data.draw(st.integers(0, values.shape[1] - 1))
    low, high = sorted(data.draw(st.tuples(st.floats(-5, 200), st.floats(-5, 200))))
    better, worse = (low, high) if card.parts[place].rises else (high, low)
    scores = []
    for value in (better, worse):
        values[0, place] = value
        scores.append(float(card.scores(values)[0]))
    assert scores[0] <= scores[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_adds_nothing(kind: Tracked) -> None:
    card = Scorecard.cautious(kind)
    unknown = np.full((2, len(card.parts)), np.nan)
    assert not card.weights(unknown).any()
    assert card.scores(unknown).tolist() == [card.intercept] * 2


def test_a_value_on_an_edge_is_of_the_bin_above() -> None:
    part = Part("age_polls", rises=True, edges=(1.0, 2.0), weights=(0.0, 1.0, 2.0))
    values = np.array([0.99, 1.0, 1.99, 2.0, 50.0, np.nan])
    assert part.of(values).tolist() == [0.0, 1.0, 1.0, 2.0, 2.0, 0.0]


@pytest.mark.parametrize("kind", KINDS)
def test_no_feature_alone_is_a_hit_but_the_log_odds_of_a_hashtag(kind: Tracked) -> None:
    card = Scorecard.cautious(kind)
    hits = {part.feature for part in card.parts if card.intercept + part.most >= card.line}
    assert hits == ({"case_log_odds"} if kind == "tag" else set())


@pytest.mark.parametrize("kind", KINDS)
def test_everything_together_is_a_hit(kind: Tracked) -> None:
    card = Scorecard.cautious(kind)
    assert card.intercept + sum(part.most for part in card.parts) > card.line


def test_contact_with_minors_opens_nothing_however_much_there_is() -> None:
    """Classmates, aunts and coaches look like this, too."""
    card = Scorecard.cautious("account")
    contact = [1.0 if "ratio" in name else 500.0 for name in card.names]
    for place, name in enumerate(card.names):
        if name not in NEVER_ALONE["account"]:
            contact[place] = np.nan
    assert card.scores([contact])[0] < card.line


@pytest.mark.parametrize("kind", ["thread", "media"])
def test_what_is_popular_and_complained_of_stays_below_the_line(kind: Tracked) -> None:
    """Strangers who reply, repost and link, in a burst, and a crowd that complains."""
    card = Scorecard.cautious(kind)
    popular = {"untied_repliers", "untied_reposters", "reply_burst", "linked_posts"}
    popular |= {"flagged_posts", "uploads_by_others", "unrelated_uploaders"}
    assert card.intercept + card.most_of(popular) < card.line


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_says_all_of_it(kind: Tracked, tmp_path: Path) -> None:
    card = Scorecard.cautious(kind)
    (tmp_path / "card.json").write_bytes(card.encode())
    again = Scorecard.read(tmp_path / "card.json")
    assert again == card
    assert again.version == card.version
    assert again.encode() == card.encode()


def test_a_version_changes_with_anything_that_is_said() -> None:
    card = Scorecard.cautious("thread")
    assert changed(card, line=0.5).version != card.version
    assert changed(card, intercept=-4.5).version != card.version


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"intercept": 0.3}, "its intercept or line is no such number"),
        ({"line": float("inf")}, "its intercept or line is no such number"),
        ({"line": -2.0}, "features that alone open nothing reach the line"),
        ({"never_alone": ()}, "a feature that alone opens nothing is not named so"),
        ({"parts": ()}, "its parts are not the features of its kind, in their order"),
        ({"kind": "boat"}, "there is no scorecard of this kind"),
    ],
)
def test_a_scorecard_that_would_mislead_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError) as refused:
        changed(Scorecard.cautious("account"), **change)
    assert why in refused.value.message


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ((0.0, 1.0, 0.5), "a part is not monotone"),
        ((0.0, 1.0), "a part has a weight too few or too many, or one that is no such number"),
        ((0.0, 0.1, 0.2), "a part has a weight too few or too many, or one that is no such number"),
    ],
)
def test_a_part_that_would_mislead_is_refused(weights: tuple[float, ...], why: str) -> None:
    card = Scorecard.cautious("thread")
    parts = [
        Part(part.feature, part.rises, part.edges, weights) if part.feature == "age_polls" else part
        for part in card.parts
    ]
    with pytest.raises(UsageError) as refused:
        changed(card, parts=tuple(parts))
    assert refused.value.message == why


def test_a_part_with_other_bins_than_its_feature_is_refused() -> None:
    card = Scorecard.cautious("thread")
    first = msgspec.structs.replace(card.parts[0], edges=(0.1, 0.2, 0.3, 0.4, 0.5))
    with pytest.raises(UsageError, match="not binned as its feature is"):
        changed(card, parts=(first, *card.parts[1:]))


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"kind": "boat"}'])
def test_what_is_no_scorecard_is_told_so(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(body)
    with pytest.raises(InputError, match="this is no scorecard"):
        Scorecard.read(tmp_path / "card.json")


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file cannot be read"):
        Scorecard.read(tmp_path / "card.json")


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="not one column a feature"):
        Scorecard.cautious("tag").weights(np.zeros((2, 3)))


def test_there_is_no_scorecard_of_another_kind() -> None:
    with pytest.raises(UsageError, match="no scorecard of this kind"):
        Scorecard.cautious("boat")  # type: ignore[arg-type]


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=9))
def test_the_grid_keeps_the_order(weights: list[float]) -> None:
    found = on_grid(sorted(weights))
    assert (np.diff(found) >= 0).all()
    assert ((found * GRID) % 1 == 0).all()
    assert np.abs(found - sorted(weights)).max() <= 0.5 / GRID
