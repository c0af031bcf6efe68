"""The second stage: an encoder looks again at the top few per cent."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.signals import ENCODED_SHARE, RareText, TextExample, TextModel, train_text_model
from tests.signals._rare_texts import examples_of, message, posts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class Oracle:
    """An encoder that sees something n-grams do not: how many words stand before the longest."""

    def __init__(self, version: str = "oracle") -> None:
        self.version = version
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += texts
        rows = np.zeros((len(texts), 2), np.float32)
        for row, text in zip(rows, texts, strict=True):
            words = text.split()
            row[int(max(words, key=len) == words[0])] = 1
        return rows


def _examples(seed: int) -> list[TextExample]:
    """A rare message begins with its longest word; half of the ordinary ones only look like it."""
    rng = random.Random(seed)  # noqa: S311 - made-up messages
    found = []
    for n in range(900):
        rare = n < 100
        words = message(rng, rare=rare or n < 200).split()
        words.sort(key=len, reverse=rare)
        if not rare:
            words = words[1:] + words[:1]
        found.append(TextExample(text=" ".join(words), label="rare" if rare else "ordinary"))
    return found


@pytest.fixture(scope="module")
def trained() -> TextModel:
    return train_text_model(_examples(1), Oracle(), "package:oracle").model


def test_it_tells_apart_what_the_first_stage_cannot(trained: TextModel) -> None:
    first = TextModel.from_bytes(trained.to_bytes())
    fresh = _examples(2)
    rare = np.array([one.label == "rare" for one in fresh])
    texts = [one.text for one in fresh]
    one, both = first.say_texts(texts).ratios, trained.say_texts(texts).ratios
    alike = np.zeros(900, np.bool_)
    alike[100:200] = True
    assert np.median(both[alike]) < np.median(one[alike]) - 1
    assert np.median(both[rare]) > 1
    assert (both[rare] > 0).mean() > 0.8


def test_only_the_top_few_per_cent_are_encoded(trained: TextModel) -> None:
    encoder = Oracle()
    model = TextModel.from_bytes(trained.to_bytes()).with_encoder(encoder)
    rng = random.Random(3)  # noqa: S311 - made-up messages
    model.say_texts([message(rng, rare=False) for _ in range(2_000)])
    assert len(encoder.asked) < 3 * ENCODED_SHARE * 2_000
    encoder.asked.clear()
    model.say_texts([message(rng, rare=True) for _ in range(50)])
    assert len(encoder.asked) >= 15


def test_without_its_encoder_the_first_stage_speaks_under_another_version(
    trained: TextModel,
) -> None:
    first = TextModel.from_bytes(trained.to_bytes())
    assert first.version == f"{trained.version}-first"
    assert first.with_encoder(Oracle()).version == trained.version
    assert first.facts == trained.facts
    with pytest.raises(UsageError, match="not the one") as error:
        first.with_encoder(Oracle("another"))
    assert error.value.where == "package:oracle"


def test_the_split_into_batches_does_not_matter_with_an_encoder(trained: TextModel) -> None:
    rng = random.Random(4)  # noqa: S311 - made-up messages
    batch = posts([message(rng, rare=n % 3 == 0) for n in range(90)])
    whole, parts = RareText(trained, line=0.5), RareText(trained, line=0.5)
    expected = whole.look(batch, at=9).findings
    found = [f for low in range(0, 90, 7) for f in parts.look(batch.slice(low, 7), at=9).findings]
    assert tuple(found) == expected
    assert expected
    assert parts.save() == whole.save()


def test_an_encoder_needs_enough_examples_that_come_as_far() -> None:
    with pytest.raises(UsageError, match="come as far as the encoder"):
        train_text_model(examples_of(1, ordinary=100), Oracle(), "oracle")
