"""Measures of text models, beside other ways to compute them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from leeward.errors import UsageError
from leeward.evaluate import compare_texts, measure_texts
from leeward.signals import RARE_LINE, TextExample, bayes_factor_mixture, train_text_model
from tests.signals._rare_texts import examples_of, model_of


def _fresh(seed: int = 21, accounts: int = 40) -> list[TextExample]:
    return [
        TextExample(text=one.text, label=one.label, lang=one.lang, account=f"boat:{n % accounts}")
        for n, one in enumerate(examples_of(seed))
    ]


def test_average_precision_and_rates_are_those_of_scikit_learn_and_of_counting() -> None:
    fresh = _fresh()
    found = measure_texts(model_of(), fresh)
    ratios = model_of().say_texts([one.text for one in fresh]).ratios
    rare = np.array([one.label == "rare" for one in fresh])
    assert found.average_precision == pytest.approx(average_precision_score(rare, ratios))
    assert (found.rare, found.ordinary, found.seen, found.repeated) == (60, 300, 0, 0)
    for cut in found.cuts:
        taken = ratios >= math.log(cut.ratio)
        assert (cut.precision.hits, cut.precision.of) == ((taken & rare).sum(), taken.sum())
        assert (cut.recall.hits, cut.recall.of) == ((taken & rare).sum(), 60)
        assert (cut.false.hits, cut.false.of) == ((taken & ~rare).sum(), 300)


def test_an_interval_is_that_of_wilson() -> None:
    """Newcombe, Two-sided confidence intervals for the single proportion (1998), table I."""
    from leeward.evaluate._text import _rate

    for hits, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                                (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):  # fmt: skip
        found = _rate(hits, of)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert _rate(0, 0).share is None


def test_accounts_are_ranked_by_the_mixture_over_their_messages() -> None:
    fresh = _fresh()
    found = measure_texts(model_of(), fresh).accounts
    assert found is not None
    scores, positive = [], []
    for account in {one.account for one in fresh}:
        own = [one for one in fresh if one.account == account]
        ratios = model_of().say_texts([one.text for one in own]).ratios
        scores.append(bayes_factor_mixture(ratios, np.zeros(len(own), np.int64))[0])
        positive.append(any(one.label == "rare" for one in own))
    assert found.average_precision == pytest.approx(average_precision_score(positive, scores))
    assert found.recall.hits == sum(
        one and score >= RARE_LINE for one, score in zip(positive, scores, strict=True)
    )
    assert (found.positive, found.others) == (sum(positive), 40 - sum(positive))


def test_without_accounts_there_is_no_measure_of_them() -> None:
    assert measure_texts(model_of(), examples_of(21)).accounts is None


def test_what_was_learnt_from_or_repeated_is_left_out() -> None:
    fresh, known = examples_of(21), examples_of(1)
    again = [TextExample(text=f" {one.text.upper()}", label=one.label) for one in fresh[:7]]
    found = measure_texts(model_of(), [*known, *fresh, *again])
    assert (found.seen, found.repeated) == (360, 7)
    assert found.average_precision == measure_texts(model_of(), fresh).average_precision
    with pytest.raises(UsageError, match="360 were learnt from"):
        measure_texts(model_of(), known)


def test_a_language_of_which_it_does_not_speak_is_counted() -> None:
    fresh = examples_of(21)
    other = [
        TextExample(text=one.text, label=one.label, lang="pt") for one in examples_of(22)[200:]
    ]
    found = measure_texts(model_of(), [*fresh, *other])
    languages = {one.language: one for one in found.languages}
    assert languages["en"].abstained == 0
    assert languages["pt"].abstained == found.abstained > 100
    assert languages["pt"].rare == 0


def test_ratios_that_are_calibrated_are_said_to_be() -> None:
    assert (measure_texts(model_of(), _fresh()).calibration[1] or 0) < 0.05


def test_a_model_of_more_examples_is_better_and_one_is_as_good_as_itself() -> None:
    few = train_text_model(examples_of(1)[40:90]).model
    fresh = _fresh()
    found = compare_texts(few, model_of(), fresh)
    assert found.low <= found.difference <= found.high
    assert found.difference > 0
    same = compare_texts(model_of(), model_of(), fresh)
    assert (same.low, same.difference, same.high) == (0, 0, 0)
