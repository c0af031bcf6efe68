"""Training a text model from labelled examples."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import fold, string_buffers
from leeward.signals._text_model import MOST_RATIO, Learnt, TextFacts, TextModel
from leeward.signals._text_model_fit import Rows, fit_logistic, fit_platt, part_of, times
from leeward.signals._text_model_grams import grams_of
from leeward.signals._text_model_marks import account_mark, text_mark
from leeward.signals._text_model_scripts import known_scripts, language_of
from leeward.signals._text_model_second import fit_second

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from leeward.signals._text_model_second import Encoder

    Bools = npt.NDArray[np.bool_]
    Doubles = npt.NDArray[np.float64]

__all__ = ["LEAST_EXAMPLES", "TextExample", "TextLabel", "Trained", "hold_out", "train_text_model"]

TextLabel = Literal["rare", "ordinary"]

LEAST_EXAMPLES: Final = 20
"""Different examples of either label without which nothing is fitted."""

COST: Final = 300.0
"""Of an error against the penalty on weights; found on made-up topics, see benchmarks."""

_FOLDS: Final = 5


class TextExample(Struct, frozen=True, kw_only=True):
    """A message that somebody labelled.

    Attributes:
        text: As written.
        label: ``rare``: of the class to find; ``ordinary``: of any other kind.
        lang: Language tag.
        account: Who wrote it; messages of one account never stand on both sides of a split.
    """

    text: str
    label: TextLabel
    lang: str | None = None
    account: str | None = None

    def __repr__(self) -> str:
        """The label: content stays out of ``repr``."""
        return f"<TextExample {self.label}>"


class Trained(NamedTuple):
    """A model and what became of the examples.

    Attributes:
        model: The model.
        repeated: Examples that were the same as another, and left out.
        contradicted: Texts that stood there with both labels, and were left out.
    """

    model: TextModel
    repeated: int
    contradicted: int


def train_text_model(
    examples: Iterable[TextExample], encoder: Encoder | None = None, place: str = ""
) -> Trained:
    """Fit a model: TF-IDF of character 2- to 5-grams, logistic regression, Platt scaling.

    The calibration is fitted to scores of examples that the model did not see: five parts, each
    scored by a model of the other four; an account is in one part only. The likelihood ratio is
    the odds that Platt's function states over the odds of the labels in the examples.

    Args:
        examples: What to learn from.
        encoder: For a second stage that looks again at the top few per cent; none, if not given.
        place: Where that encoder is found.

    Raises:
        UsageError: There are too few examples of a label.
    """
    given = list(examples)
    kept, repeated, contradicted = _once(given)
    rare = np.array([one.label == "rare" for one in kept], np.bool_)
    _check(rare)
    folded = _folded(kept)
    begin, columns, values = grams_of(*string_buffers(folded))
    buckets, places = np.unique(columns, return_inverse=True)
    rows = Rows(begin, places.astype(np.int32), values, len(buckets))
    parts = _parts(kept, rare)
    scores = _held_out(rows, rare, parts)
    slope, offset = fit_platt(scores, rare)
    rarity, weighed = _weighed(rows, np.arange(len(kept)))
    weights, bias = fit_logistic(weighed, rare, COST)
    positives, others = int(rare.sum()), int((~rare).sum())
    facts = TextFacts(
        rare=positives,
        ordinary=others,
        languages=_counts([language_of(one.lang) for one in kept], rare),
        scripts=_script_counts(kept),
        untagged=any(one.label == "rare" and language_of(one.lang) is None for one in kept),
        slope=slope,
        offset=offset - math.log(positives / others),
        least=-math.log(positives + 1),
        most=math.log(min(others + 1, MOST_RATIO)),
        bias=bias,
    )
    second = np.empty(0, np.float32)
    if encoder is not None:
        ratios = np.clip(facts.slope * scores + facts.offset, facts.least, facts.most)
        told, second = fit_second(encoder, place, folded.to_pylist(), ratios, rare, parts)
        facts = msgspec.structs.replace(facts, second=told)
    learnt = Learnt(
        buckets=buckets.astype(np.int32),
        values=np.stack([rarity, weights], axis=1).astype(np.float32),
        texts=_marks(text_mark(one.text) for one in kept),
        accounts=_marks(account_mark(one.account) for one in kept if one.account is not None),
        second=second,
    )
    return Trained(TextModel(facts, learnt, encoder), repeated, contradicted)


def hold_out(examples: Iterable[TextExample], share: float) -> list[TextExample]:
    """The examples without a share of the accounts, and of the texts that have no account.

    Who is left out is decided by a hash, so the same examples are left out each time.

    Args:
        examples: All of them.
        share: How many to leave out, from 0 to 1.
    """
    most = int(share * 2**64)
    return [
        one
        for one in examples
        if (text_mark(one.text) if one.account is None else account_mark(one.account)) >= most
    ]


def _marks(marks: Iterable[int]) -> npt.NDArray[np.uint64]:
    return np.array(sorted(set(marks)), np.uint64)


def _once(given: Sequence[TextExample]) -> tuple[list[TextExample], int, int]:
    """Each text once; those with both labels not at all, nor those that are blank."""
    by_text: dict[str, list[TextExample]] = {}
    for one in given:
        folded = " ".join(fold(one.text).split())
        if folded:
            by_text.setdefault(folded, []).append(one)
    both = [text for text, alike in by_text.items() if len({one.label for one in alike}) > 1]
    for text in both:
        del by_text[text]
    kept = [alike[0] for alike in by_text.values()]
    return kept, sum(len(alike) - 1 for alike in by_text.values()), len(both)


def _check(rare: Bools) -> None:
    for name, count in (("rare", int(rare.sum())), ("ordinary", int((~rare).sum()))):
        if count < LEAST_EXAMPLES:
            raise UsageError(
                f"there are {count} different examples labelled {name}, "
                f"and {LEAST_EXAMPLES} are needed",
                where="examples",
                hint="label more messages; texts with both labels do not count",
            )


def _folded(examples: Iterable[TextExample]) -> pa.Array:
    return pa.array([fold(one.text) for one in examples], pa.string())


def _parts(examples: Sequence[TextExample], rare: Bools) -> npt.NDArray[np.int64]:
    """The part of each example: those of one account together, either label spread evenly."""
    groups: dict[str, list[int]] = {}
    for place, one in enumerate(examples):
        key = f"text {one.text}" if one.account is None else f"account {one.account}"
        groups.setdefault(hashlib.sha256(key.encode()).hexdigest(), []).append(place)
    parts = np.zeros(len(examples), np.int64)
    filled = np.zeros((2, _FOLDS), np.int64)
    # The largest groups first, each into the part that has the fewest of its label so far.
    for _, places in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        label = int(rare[places].any())
        part = int(np.argmin(filled[label]))
        parts[places] = part
        filled[1, part] += int(rare[places].sum())
        filled[0, part] += len(places) - int(rare[places].sum())
    return parts


def _held_out(rows: Rows, rare: Bools, parts: npt.NDArray[np.int64]) -> Doubles:
    """The score of each example by a model that did not see its part."""
    scores = np.zeros(len(rare))
    for part in range(_FOLDS):
        seen, unseen = np.flatnonzero(parts != part), np.flatnonzero(parts == part)
        if not len(unseen) or rare[seen].all() or not rare[seen].any():
            raise UsageError(
                "the examples of one label are of too few accounts to be split",
                where="examples",
                hint="label messages of at least five accounts of either label",
            )
        rarity, weighed = _weighed(rows, seen)
        weights, bias = fit_logistic(weighed, rare[seen], COST)
        scores[unseen] = times(_weigh(part_of(rows, unseen), rarity), weights) + bias
    return scores


def _weighed(rows: Rows, chosen: npt.NDArray[np.int64]) -> tuple[Doubles, Rows]:
    """Inverse document frequencies from some rows, and these rows weighed with them."""
    part = part_of(rows, chosen)
    holding = np.bincount(part.columns, minlength=rows.width)
    rarity = np.where(holding > 0, np.log((1 + len(chosen)) / (1 + holding)) + 1, 0.0)
    return rarity, _weigh(part, rarity)


def _weigh(rows: Rows, rarity: Doubles) -> Rows:
    """Each row times the inverse document frequencies, to length 1."""
    values = rows.values * rarity[rows.columns]
    whole = np.concatenate([[0.0], np.cumsum(values * values)])
    length = np.sqrt(np.maximum(whole[rows.begin[1:]] - whole[rows.begin[:-1]], 1e-30))
    return rows._replace(values=values / np.repeat(length, np.diff(rows.begin)))


def _counts(names: Sequence[str | None], rare: Bools) -> dict[str, tuple[int, int]]:
    found: dict[str, list[int]] = {}
    for name, positive in zip(names, rare.tolist(), strict=True):
        if name is not None:
            found.setdefault(name, [0, 0])[0 if positive else 1] += 1
    return {name: (found[name][0], found[name][1]) for name in sorted(found)}


def _script_counts(examples: Sequence[TextExample]) -> dict[str, tuple[int, int]]:
    rare = known_scripts(fold(one.text) for one in examples if one.label == "rare")
    others = known_scripts(fold(one.text) for one in examples if one.label == "ordinary")
    return {name: (rare.get(name, 0), others.get(name, 0)) for name in sorted(rare.keys() | others)}
