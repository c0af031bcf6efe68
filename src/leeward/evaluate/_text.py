"""How well a text model tells labelled messages, and their accounts, apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.evaluate._measures import ranking_measures
from leeward.evaluate._scored import calibration
from leeward.model import fold
from leeward.signals import RARE_LINE, bayes_factor_mixture, language_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from leeward.evaluate._scored import Reliability
    from leeward.signals import TextExample, TextModel

    Bools = npt.NDArray[np.bool_]
    Doubles = npt.NDArray[np.float64]

__all__ = [
    "AccountsMeasured",
    "LanguageMeasured",
    "Rate",
    "TextCut",
    "TextMeasured",
    "TextsCompared",
    "compare_texts",
    "measure_texts",
]

_CUTS: Final = (1.0, 3.0, 20.0, 150.0)
_NORMAL: Final = 1.959963984540054  # 95 %
_DRAWS: Final = 500


class Rate(NamedTuple):
    """A share with its 95 % interval (Wilson 1927).

    Attributes:
        share: ``hits / of``; None where ``of`` is 0.
        low, high: The interval.
        hits, of: The counts.
    """

    share: float | None
    low: float
    high: float
    hits: int
    of: int


class TextCut(NamedTuple):
    """What follows from taking every message whose likelihood ratio is that large.

    Attributes:
        ratio: The least ratio.
        precision: Of the messages taken, those that are rare; it depends on how many of the
            examples are.
        recall: Of the rare messages, those taken; an abstention is not taken.
        false: Of the ordinary messages, those taken.
    """

    ratio: float
    precision: Rate
    recall: Rate
    false: Rate


class LanguageMeasured(NamedTuple):
    """One language of the examples.

    Attributes:
        language: As the tags have it; empty for examples without one.
        rare, ordinary: How many examples.
        abstained: Of how many of them the model does not speak.
        average_precision: Of the others; None where none of them is rare.
    """

    language: str
    rare: int
    ordinary: int
    abstained: int
    average_precision: float | None


class AccountsMeasured(NamedTuple):
    """Accounts ranked by the mixture of Bayes factors over their examples.

    Attributes:
        positive, others: Accounts with a rare example, and without.
        average_precision: None where no account is positive.
        line: The score from which on a signal tells by default.
        precision, recall: At that line.
    """

    positive: int
    others: int
    average_precision: float | None
    line: float
    precision: Rate
    recall: Rate


class TextMeasured(Struct, frozen=True):
    """The measures of one model on examples that it did not learn from.

    Attributes:
        version: Of the model.
        rare, ordinary: Examples that count.
        seen: Examples left out because the model learnt from their text or their account.
        repeated: Examples left out because their text is there already.
        abstained: Of how many the model does not speak; they rank below all others.
        average_precision: Of the messages.
        cuts: At some likelihood ratios.
        languages: By language, the largest first.
        accounts: By account; None where no example names one.
        calibration: Of the probabilities that follow from the ratios and the share of rare
            examples.
    """

    version: str
    rare: int
    ordinary: int
    seen: int
    repeated: int
    abstained: int
    average_precision: float
    cuts: tuple[TextCut, ...]
    languages: tuple[LanguageMeasured, ...]
    accounts: AccountsMeasured | None
    calibration: Reliability


class TextsCompared(NamedTuple):
    """Two models on the same examples, of which neither learnt.

    Attributes:
        first, second: Their measures.
        difference: Average precision of the second less that of the first.
        low, high: Its 95 % interval, from drawing the accounts (texts, where none is known) anew.
    """

    first: TextMeasured
    second: TextMeasured
    difference: float
    low: float
    high: float


class _Asked(NamedTuple):
    examples: list[TextExample]
    rare: Bools
    seen: int
    repeated: int


def measure_texts(model: TextModel, examples: Iterable[TextExample]) -> TextMeasured:
    """Measure a model on the examples that it did not learn from.

    Raises:
        UsageError: None of these is rare, or none is ordinary.
    """
    asked = _unseen([model], examples)
    return _measured(model, asked, _ratios(model, asked.examples))


def compare_texts(
    first: TextModel, second: TextModel, examples: Iterable[TextExample]
) -> TextsCompared:
    """Measure two models on the examples that neither learnt from.

    Raises:
        UsageError: None of these is rare, or none is ordinary.
    """
    asked = _unseen([first, second], examples)
    ratios = [_ratios(model, asked.examples) for model in (first, second)]
    one, other = (
        _measured(model, asked, said) for model, said in zip((first, second), ratios, strict=True)
    )
    low, high = _interval(asked, [_ranked(said) for said in ratios])
    return TextsCompared(one, other, other.average_precision - one.average_precision, low, high)


def _unseen(models: Sequence[TextModel], examples: Iterable[TextExample]) -> _Asked:
    kept: dict[str, TextExample] = {}
    seen = repeated = 0
    for one in examples:
        key = " ".join(fold(one.text).split())
        if any(model.saw(one.text, one.account) for model in models):
            seen += 1
        elif key in kept or not key:
            repeated += 1
        else:
            kept[key] = one
    rare = np.array([one.label == "rare" for one in kept.values()], np.bool_)
    if not rare.any() or rare.all():
        missing = "ordinary" if rare.any() else "rare"
        raise UsageError(
            f"no example labelled {missing} is left to measure with; {seen} were learnt from",
            where="examples",
            hint="use other examples, or train with `--hold-out 0.2`, which leaves some out",
        )
    return _Asked(list(kept.values()), rare, seen, repeated)


def _ratios(model: TextModel, examples: Sequence[TextExample]) -> Doubles:
    return model.say_texts([one.text for one in examples], [one.lang for one in examples]).ratios


def _ranked(ratios: Doubles) -> Doubles:
    """An abstention ranks below all others."""
    return np.where(np.isnan(ratios), -1e9, ratios)


def _measured(model: TextModel, asked: _Asked, ratios: Doubles) -> TextMeasured:
    rare, silent = asked.rare, np.isnan(ratios)
    spoken = ~silent
    odds = math.log(rare.sum() / (~rare).sum())
    return TextMeasured(
        version=model.version,
        rare=int(rare.sum()),
        ordinary=int((~rare).sum()),
        seen=asked.seen,
        repeated=asked.repeated,
        abstained=int(silent.sum()),
        average_precision=_precision(_ranked(ratios), rare) or 0.0,
        cuts=tuple(_cut(ratio, _ranked(ratios), rare) for ratio in _CUTS),
        languages=_by_language(asked, ratios),
        accounts=_by_account(asked, ratios),
        calibration=calibration(1 / (1 + np.exp(-(ratios[spoken] + odds))), rare[spoken]),
    )


def _precision(scores: Doubles, right: Bools) -> float | None:
    return ranking_measures(scores, right, (1,)).average_precision


def _cut(ratio: float, ratios: Doubles, rare: Bools) -> TextCut:
    taken = ratios >= math.log(ratio)
    hits = int((taken & rare).sum())
    return TextCut(
        ratio,
        _rate(hits, int(taken.sum())),
        _rate(hits, int(rare.sum())),
        _rate(int((taken & ~rare).sum()), int((~rare).sum())),
    )


def _rate(hits: int, of: int) -> Rate:
    """A share and its interval."""
    if not of:
        return Rate(None, 0.0, 1.0, 0, 0)
    share, square = hits / of, _NORMAL**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _NORMAL / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of**2))
    low, high = max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
    return Rate(share, low, high, hits, of)


def _by_language(asked: _Asked, ratios: Doubles) -> tuple[LanguageMeasured, ...]:
    names = np.array([language_of(one.lang) or "" for one in asked.examples])
    found = []
    for name in sorted(set(names.tolist())):
        own = names == name
        rare, said = asked.rare[own], ratios[own]
        spoken = ~np.isnan(said)
        found.append(
            LanguageMeasured(
                name,
                int(rare.sum()),
                int((~rare).sum()),
                int((~spoken).sum()),
                _precision(said[spoken], rare[spoken]),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.rare - one.ordinary, one.language)))


def _by_account(asked: _Asked, ratios: Doubles) -> AccountsMeasured | None:
    known = [place for place, one in enumerate(asked.examples) if one.account is not None]
    if not known:
        return None
    numbers: dict[str | None, int] = {}
    groups = np.array(
        [numbers.setdefault(asked.examples[place].account, len(numbers)) for place in known]
    )
    scores = np.full(len(numbers), np.nan)
    found = bayes_factor_mixture(ratios[known], groups)
    scores[: len(found)] = found
    positive = np.zeros(len(numbers), np.bool_)
    np.logical_or.at(positive, groups, asked.rare[known])
    told = scores >= RARE_LINE
    hits = int((told & positive).sum())
    return AccountsMeasured(
        int(positive.sum()),
        int((~positive).sum()),
        _precision(_ranked(scores), positive),
        RARE_LINE,
        _rate(hits, int(told.sum())),
        _rate(hits, int(positive.sum())),
    )


def _interval(asked: _Asked, ranked: Sequence[Doubles]) -> tuple[float, float]:
    """Of the difference in average precision, over draws of the accounts with replacement."""
    names: dict[str, list[int]] = {}
    for place, one in enumerate(asked.examples):
        names.setdefault(one.account or f"\0{place}", []).append(place)
    groups = [np.array(places) for places in names.values()]
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([groups[n] for n in rng.integers(len(groups), size=len(groups))])
        right = asked.rare[drawn]
        if right.any():
            before, after = (_precision(scores[drawn], right) or 0.0 for scores in ranked)
            found.append(after - before)
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)
