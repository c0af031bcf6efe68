"""Text models: what they learn, when they stay silent, and that a file of one is whole."""

from __future__ import annotations

import hashlib
import math
import random
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.errors import Corrupt, UsageError
from leeward.model import fold, string_buffers
from leeward.signals import TextExample, TextModel, hold_out, train_text_model
from leeward.signals._text_model_fit import Rows, fit_logistic, fit_platt
from leeward.signals._text_model_grams import MAX_CHARACTERS, grams_of, marks_of
from tests.signals._rare_texts import examples_of, message, model_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _grams(text: str) -> dict[str, int]:
    """N-grams as a person would count them."""
    padded = f" {' '.join(text.split())} "
    found: dict[str, int] = {}
    for n in range(2, 6):
        for i in range(len(padded) - n + 1):
            found[padded[i : i + n]] = found.get(padded[i : i + n], 0) + 1
    return found


words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1
)


def _forged(octets: bytes, **changes: object) -> bytes:
    """The file with another description, and the checksum that goes with it."""
    size = int.from_bytes(octets[8:12], "little")
    described = msgspec.json.decode(octets[12 : 12 + size])
    for path, value in changes.items():
        *way, last = path.split("__")
        place = described
        for name in way:
            place = place[name]
        place[last] = value
    head = msgspec.json.encode(described)
    whole = octets[:8] + len(head).to_bytes(4, "little") + head + octets[12 + size : -32]
    return whole + hashlib.sha256(whole).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"arrays": None},
        {"arrays": {}},
        {"arrays__buckets": ["<i4", 1 << 62]},
        {"arrays__buckets": ["<i4", 1 << 80]},
        {"arrays__buckets": ["<i4", -1]},
        {"arrays__buckets": ["|O", 1]},
        {"arrays__buckets": ["no such type", 1]},
        {"arrays__buckets": []},
        {"arrays__values": ["<f4", 2]},
        {"arrays__texts": ["<f4", 0]},
        {"facts": None},
        {"facts__least": 9.0},
        {"facts__most": 99.0},
        {"facts__second": dict.fromkeys(("above", "slope", "offset", "bias"), 1.0)},
        {"detector": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_forged_file_with_a_good_checksum_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Corrupt):
        TextModel.from_bytes(_forged(model_of().to_bytes(), **changes))


def test_a_file_without_a_description_is_refused() -> None:
    for head in (b"", b"[]", b"\xff", b"[" * 100_000, b"{}"):
        whole = model_of().to_bytes()[:8] + len(head).to_bytes(4, "little") + head
        with pytest.raises(Corrupt):
            TextModel.from_bytes(whole + hashlib.sha256(whole).digest())


@given(st.lists(words, min_size=1, max_size=8))
@settings(deadline=None)
def test_n_grams_are_counted_as_by_hand_up_to_rare_collisions(parts: list[str]) -> None:
    text = " ".join(parts)
    begin, columns, values = grams_of(*string_buffers(pa.array([text])))

    expected = sorted(1 + math.log(count) for count in _grams(text).values())
    if len(columns) == len(expected):  # no two n-grams share a bucket
        np.testing.assert_allclose(sorted(values), expected)
    else:
        assert len(columns) >= len(expected) - 2
    assert begin.tolist() == [0, len(columns)]
    assert np.all(np.diff(columns) > 0)


def test_texts_that_differ_in_blanks_only_have_one_mark() -> None:
    same = ["the tide turns", "  the tide \n turns ", "the\ttide  turns\u00a0"]
    marks = marks_of(*string_buffers(pa.array([*same, "the tide turned"])))
    assert len({*marks[:3].tolist()}) == 1
    assert marks[3] != marks[0]


def test_of_a_long_text_the_beginning_is_read() -> None:
    long = "harbour " * MAX_CHARACTERS
    begin, _, _ = grams_of(*string_buffers(pa.array([long, long + "anchor"])))
    assert begin[1] == begin[2] - begin[1]


@pytest.mark.parametrize("seed", range(4))
def test_the_fit_is_that_of_scikit_learn(seed: int) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(120, 30)) * (rng.random((120, 30)) < 0.4)
    rare = dense[:, 0] + dense[:, 1] - 0.5 + 0.5 * rng.normal(size=120) > 0
    rows, columns = np.nonzero(dense)
    begin = np.searchsorted(rows, np.arange(121)).astype(np.int64)
    sparse = Rows(begin, columns.astype(np.int32), dense[rows, columns], 30)
    cost = float(10 ** rng.uniform(-1, 2))

    weights, bias = fit_logistic(sparse, rare, cost)

    peer = LogisticRegression(C=cost, class_weight="balanced", tol=1e-10, max_iter=10_000)
    peer.fit(dense, rare)
    np.testing.assert_allclose(weights, peer.coef_[0], atol=2e-3)
    assert bias == pytest.approx(peer.intercept_[0], abs=2e-3)


def test_platt_scaling_reaches_the_least_that_scipy_finds() -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    rare = rng.random(400) < 0.1
    scores = np.where(rare, 1.5, -1.0) + rng.normal(size=400)
    positives = int(rare.sum())
    target = np.where(rare, (positives + 1) / (positives + 2), 1 / (400 - positives + 2))

    def loss(point: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        odds = point[0] * scores + point[1]
        return float((np.logaddexp(0, odds) - target * odds).sum())

    expected = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9}).x
    np.testing.assert_allclose(fit_platt(scores, rare), expected, atol=1e-4)


def test_scores_that_say_the_opposite_say_nothing() -> None:
    rare = np.arange(100) < 30
    slope, offset = fit_platt(np.where(rare, -1.0, 1.0), rare)
    assert slope == 0
    assert offset == pytest.approx(math.log(31 / 71))


def test_rare_messages_are_likelier_and_the_ratio_is_calibrated(
    rounds: Callable[[int, int], int],
) -> None:
    model, rng = model_of(), random.Random(9)  # noqa: S311 - made-up messages
    count = rounds(4_000, 800)
    rare = model.say_texts([message(rng, rare=True) for _ in range(count)]).ratios
    ordinary = model.say_texts([message(rng, rare=False) for _ in range(count)]).ratios

    assert (rare > 0).mean() > 0.9
    assert (ordinary < 0).mean() > 0.9
    # The mean likelihood ratio of messages that are not of the class is 1, if it is calibrated.
    assert 0.02 < np.exp(ordinary).mean() < 5
    assert rare.max() <= math.log(model.facts.ordinary + 1)


def test_the_same_examples_in_any_order_give_the_same_ratios() -> None:
    examples = examples_of(4)
    one = train_text_model(examples).model
    assert train_text_model(examples).model.version == one.version
    other = train_text_model(list(reversed(examples))).model
    texts = [example.text for example in examples_of(5)]
    np.testing.assert_allclose(
        one.say_texts(texts).ratios, other.say_texts(texts).ratios, atol=0.05
    )


def test_a_model_goes_through_a_file_and_a_damaged_file_is_refused() -> None:
    model = model_of()
    octets = model.to_bytes()
    again = TextModel.from_bytes(octets)
    assert (again.version, again.facts) == (model.version, model.facts)
    texts = [example.text for example in examples_of(6)]
    assert again.say_texts(texts).ratios.tolist() == model.say_texts(texts).ratios.tolist()
    for place in (0, 9, 60, len(octets) // 2, len(octets) - 1):
        broken = bytearray(octets)
        broken[place] ^= 1
        with pytest.raises(Corrupt):
            TextModel.from_bytes(bytes(broken))
    for short in (b"", octets[:20], octets[:-1]):
        with pytest.raises(Corrupt):
            TextModel.from_bytes(short)


def test_it_says_that_it_has_no_examples_in_a_script_or_language() -> None:
    model = model_of()
    ordinary = examples_of(7)[-1].text
    said = model.say_texts(
        ["якорь и парус", ordinary, ordinary, ordinary, ordinary, "12 + 30 !"],
        ["en", "pt-BR", "en-GB", None, "und", "en"],
    )
    assert said.why.tolist() == [1, 2, 0, 0, 0, 0]
    assert np.isnan(said.ratios).tolist() == [True, True, False, False, False, False]
    assert "script" in model.reason(1)
    assert "language" in model.reason(2)


def test_a_false_language_tag_hides_nothing() -> None:
    rare = examples_of(8)[0].text
    said = model_of().say_texts([rare, rare], ["en", "pt"])
    assert said.why.tolist() == [0, 0]
    assert said.ratios[0] == said.ratios[1] > math.log(20)


def test_it_works_in_every_language_that_it_has_examples_of() -> None:
    greek = str.maketrans("abdefghijklmnoprstuvwz", "αβδεφγηιξκλμνοπρστυβωζ")
    examples = examples_of(1) + [
        TextExample(text=one.text.translate(greek), label=one.label, lang="el")
        for one in examples_of(2)
    ]
    model = train_text_model(examples).model
    assert model.languages == ("el", "en")
    fresh = examples_of(3)
    said = model.say_texts([one.text.translate(greek) for one in fresh], ["el"] * len(fresh))
    assert not said.why.any()
    rare = np.array([one.label == "rare" for one in fresh])
    assert np.median(said.ratios[rare]) > 1 > -1 > np.median(said.ratios[~rare])


def test_four_examples_of_a_language_are_too_few() -> None:
    few = [TextExample(text=one.text + " x", label="rare", lang="pt") for one in examples_of(2)[:4]]
    assert train_text_model(examples_of(1) + few).model.languages == ("en",)


def test_without_language_tags_only_the_script_counts() -> None:
    model = train_text_model(examples_of(1, lang=None)).model
    assert not model.say_texts([examples_of(7)[-1].text], ["pt"]).why.any()


def test_too_few_examples_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match="19 different examples labelled rare") as error:
        train_text_model(examples_of(1, rare=19))
    assert error.value.hint
    same = [TextExample(text="Tide and  anchor", label="rare")] * 50
    with pytest.raises(UsageError, match="1 different example"):
        train_text_model([*same, *examples_of(1, rare=0)])


def test_examples_of_fewer_accounts_than_parts_are_refused() -> None:
    examples = [
        TextExample(text=one.text, label=one.label, account=f"boat:{one.label}")
        for one in examples_of(1)
    ]
    with pytest.raises(UsageError, match="too few accounts"):
        train_text_model(examples)


def test_repeated_and_contradicted_examples_are_left_out_and_counted() -> None:
    examples = examples_of(1)
    one, other = examples[0], examples[-1]
    more = [
        TextExample(text=f"  {one.text.upper()} ", label="rare"),
        TextExample(text=other.text, label="rare"),
    ]
    trained = train_text_model([*examples, *more])
    assert (trained.repeated, trained.contradicted) == (1, 1)
    assert (trained.model.facts.rare, trained.model.facts.ordinary) == (60, 299)


def test_what_is_held_out_is_not_learnt_from() -> None:
    examples = [
        TextExample(text=one.text, label=one.label, account=f"boat:{n % 40}")
        for n, one in enumerate(examples_of(1))
    ]
    kept = hold_out(examples, 0.3)
    model = train_text_model(kept).model
    left = [one for one in examples if one not in kept]
    assert 0.1 < len(left) / len(examples) < 0.5
    assert not {one.account for one in left} & {one.account for one in kept}
    assert all(model.saw(one.text.upper()) for one in kept)
    assert all(model.saw("new", one.account) for one in kept)
    assert not any(model.saw(one.text, one.account) for one in left)
    assert hold_out(examples, 0.0) == examples


def test_what_carries_a_message_is_a_stretch_of_whole_words() -> None:
    model = model_of()
    rare = max(examples_of(8)[:60], key=lambda one: float(model.say_texts([one.text]).ratios[0]))
    span = model.span(rare.text)
    assert span is not None
    start, end = span
    part = rare.text[start:end]
    assert part.strip() == part
    assert {*part.split()} <= {*rare.text.split()}
    assert model.say_texts([part]).ratios[0] > model.say_texts([rare.text[:start]]).ratios[0]


def test_where_folding_moves_characters_no_stretch_is_named() -> None:
    text = examples_of(8)[0].text
    assert model_of().span("\N{LATIN SMALL LIGATURE FI}" + text) is None
    assert model_of().span("\N{LATIN CAPITAL LETTER E WITH ACUTE}" + text) is not None


def test_neither_repr_nor_file_holds_a_text() -> None:
    model, example = model_of(), examples_of(1)[0]
    word = example.text.split()[0]
    assert word not in repr(model) + repr(example) + repr(model.say_texts([example.text]))
    assert word.encode() not in model.to_bytes()
    assert fold(word) == word
