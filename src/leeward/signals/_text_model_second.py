"""The second stage of a text model: a sentence encoder for the top few per cent of messages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.signals._text_model_fit import Rows, fit_logistic, fit_platt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Ints = npt.NDArray[np.int64]

__all__ = ["ENCODED_SHARE", "Encoder", "SecondFacts", "fit_second", "second_scores"]

ENCODED_SHARE: Final = 0.05
"""Of the ordinary messages, how many the encoder looks at: those with the largest ratios."""

_COST: Final = 3.0
_LEAST: Final = 20
_RATIO_SCALE: Final = 0.1  # so that the first stage's ratio is of the size of a vector's part


class Encoder(Protocol):
    """Turns a text into a vector.

    What it says of a text depends on that text alone, and not on those beside it: otherwise the
    split of a log into batches would matter.

    Attributes:
        version: A digest of all that it is made from.
    """

    @property
    def version(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """A vector a text, shape (texts, dimensions), each of length 1."""
        ...


class SecondFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """When the second stage is asked, and how it turns its score into a likelihood ratio.

    Attributes:
        encoder: The version of the encoder that it was fitted with.
        place: Where that was found, for whoever opens the model.
        above: The first stage's log likelihood ratio from which on a message is encoded.
        slope, offset, bias: As those of the first stage.
    """

    encoder: str
    place: str
    above: float
    slope: float
    offset: float
    bias: float


def fit_second(
    encoder: Encoder,
    place: str,
    folded: Sequence[str],
    ratios: Doubles,
    rare: Bools,
    parts: Ints,
) -> tuple[SecondFacts, npt.NDArray[np.float32]]:
    """Fit the second stage to the examples that the first one lets through.

    The odds of its calibration are divided by those of all examples, so a ratio of this stage
    holds the fact that the message came this far.

    Args:
        encoder: The encoder.
        place: Where it was found.
        folded: The folded texts of the examples.
        ratios: float64[n], their log likelihood ratios by first stages that did not see them.
        rare: bool[n], their labels.
        parts: int64[n], which of them are scored together by a model that did not see them.

    Raises:
        UsageError: The first stage lets too few examples through.
    """
    above = float(np.quantile(ratios[~rare], 1 - ENCODED_SHARE))
    through = np.flatnonzero(ratios >= above)
    label, part = rare[through], parts[through]
    if min(int(label.sum()), int((~label).sum())) < _LEAST:
        raise UsageError(
            f"fewer than {_LEAST} examples of a label come as far as the encoder",
            where="examples",
            hint="give more examples, ordinary ones too, or train without an encoder",
        )
    table = _features(encoder.encode([folded[n] for n in through.tolist()]), ratios[through])
    scores = np.zeros(len(through))
    for one in np.unique(part):
        seen, unseen = part != one, part == one
        if label[seen].any() and not label[seen].all():
            weights, bias = fit_logistic(_dense(table[seen]), label[seen], _COST)
            scores[unseen] = table[unseen] @ weights + bias
    slope, offset = fit_platt(scores, label)
    weights, bias = fit_logistic(_dense(table), label, _COST)
    odds = math.log(rare.sum() / (~rare).sum())
    facts = SecondFacts(encoder.version, place, above, slope, offset - odds, bias)
    return facts, weights.astype(np.float32)


def second_scores(
    encoder: Encoder,
    facts: SecondFacts,
    weights: npt.NDArray[np.float32],
    folded: Sequence[str],
    ratios: Doubles,
) -> Doubles:
    """The log likelihood ratios of messages by the second stage, without bounds."""
    table = _features(encoder.encode(folded), ratios)
    # Row by row: a product of matrices may round otherwise for another number of rows.
    sums = np.array([float((row * weights).sum()) for row in table])
    return facts.slope * (sums + facts.bias) + facts.offset


def _features(vectors: npt.NDArray[np.float32], ratios: Doubles) -> Doubles:
    return np.hstack([vectors.astype(np.float64), _RATIO_SCALE * ratios[:, None]])


def _dense(table: Doubles) -> Rows:
    count, width = table.shape
    columns = np.tile(np.arange(width, dtype=np.int32), count)
    return Rows(np.arange(count + 1, dtype=np.int64) * width, columns, table.ravel().copy(), width)
