"""The text model: what one message says for the rare class, as a calibrated likelihood ratio."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Struct

from leeward.errors import Corrupt, UsageError
from leeward.model import fold, string_buffers
from leeward.signals._text_model_file import pack, unpack
from leeward.signals._text_model_grams import BITS, score_texts, shares_of
from leeward.signals._text_model_marks import account_mark, holds, text_mark, whole_words
from leeward.signals._text_model_scripts import language_of, script_table
from leeward.signals._text_model_second import SecondFacts, second_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.signals._text_model_second import Encoder

__all__ = [
    "ENOUGH",
    "MOST_RATIO",
    "WITHOUT",
    "Learnt",
    "Said",
    "TextFacts",
    "TextModel",
]

ENOUGH: Final = 5
"""Examples of either label that a language or script needs before the model speaks of it."""

WITHOUT: Final = "-first"
"""Behind the version of a model whose second stage has no encoder: the first one speaks alone."""

MOST_RATIO: Final = 1_000
"""The largest likelihood ratio of one message: no calibration on some hundred examples knows of
larger ones, and with it one message alone does not reach the line of the signal."""

_MAGIC: Final = b"LWTEXT1\n"
_DETECTOR: Final = "1"
_STRONG: Final = math.log(20)
_REASONS: Final = (
    "",
    "there are no examples in the script that the message is written in",
    "there are no examples in the language that the message states",
)


class TextFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model was made from, and how it turns a score into a likelihood ratio.

    Attributes:
        rare, ordinary: Examples of either label that it was fitted to.
        languages, scripts: How many examples of either label each language and script has,
            (rare, ordinary); an example without a language tag counts for none.
        untagged: Whether rare examples stand there without a language tag. Then the tag of a
            message is no reason to abstain.
        slope, offset: The log likelihood ratio is ``slope * score + offset``.
        least, most: Its bounds: a sample of n messages cannot show a ratio beyond n, and none is
            beyond 1,000.
        bias: Of the linear score.
        second: The second stage, where there is one.
    """

    rare: int
    ordinary: int
    languages: dict[str, tuple[int, int]]
    scripts: dict[str, tuple[int, int]]
    untagged: bool
    slope: float
    offset: float
    least: float
    most: float
    bias: float
    second: SecondFacts | None = None


class Said(NamedTuple):
    """What a model says of messages.

    Attributes:
        ratios: float64[n], log likelihood ratios; NaN where it abstains.
        why: int8[n], 0 where it does not, else for :meth:`TextModel.reason`.
    """

    ratios: npt.NDArray[np.float64]
    why: npt.NDArray[np.int8]

    def __repr__(self) -> str:
        """How many: content stays out of ``repr``."""
        return f"<Said messages={len(self.why)} abstained={int((self.why > 0).sum())}>"


class Learnt(NamedTuple):
    """The arrays of a model.

    Attributes:
        buckets: int32[k], the buckets whose n-grams the examples hold, rising.
        values: float32[k, 2], their inverse document frequencies and weights.
        texts, accounts: uint64, marks of the examples and of who wrote them, rising; an evaluation
            leaves both out.
        second: float32[d + 1], the second stage's weights of a vector and of the first stage's
            ratio; empty where there is none.
    """

    buckets: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    texts: npt.NDArray[np.uint64]
    accounts: npt.NDArray[np.uint64]
    second: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        """How many: content stays out of ``repr``."""
        return f"<Learnt buckets={len(self.buckets)} texts={len(self.texts)}>"


class TextModel:
    """Hashed character n-grams with a linear model, calibrated. It never changes.

    It is made by :func:`~leeward.signals.train_text_model`. One content, one version. Like a
    lexicon it is a secret: it tells what it looks for, though not in words.

    Args:
        facts: What it was made from.
        learnt: What came of it.
        encoder: For the second stage. A model that has one and gets none does without, under a
            version of its own.

    Raises:
        UsageError: The encoder is not the one that the model was trained with.
    """

    def __init__(self, facts: TextFacts, learnt: Learnt, encoder: Encoder | None = None) -> None:
        self._facts: Final = facts
        self._learnt: Final = learnt
        self._table: Final = np.zeros((1 << BITS, 2), np.float32)
        self._table[learnt.buckets] = learnt.values
        self._scripts: Final = script_table(_enough(facts.scripts))
        self._languages: Final = _enough(facts.languages)
        digest = hashlib.sha256(self.to_bytes()).hexdigest()[:16]
        without = facts.second is not None and encoder is None
        self._version: Final = f"{_DETECTOR}-{digest}{WITHOUT if without else ''}"
        self._encoder: Final = encoder if facts.second is not None else None
        if facts.second is not None and encoder is not None:
            _check_encoder(facts.second, encoder)

    def __repr__(self) -> str:
        """The version and the numbers of examples."""
        facts = self._facts
        return f"<TextModel {self._version} rare={facts.rare} ordinary={facts.ordinary}>"

    @property
    def version(self) -> str:
        """The detector's number and a digest of the whole model."""
        return self._version

    @property
    def facts(self) -> TextFacts:
        """What it was made from."""
        return self._facts

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that it has enough examples of, in the order of the alphabet."""
        return tuple(sorted(self._languages))

    def to_bytes(self) -> bytes:
        """The model as one file; nothing in it is executed when it is read."""
        return pack(
            _MAGIC,
            {"facts": msgspec.to_builtins(self._facts), "detector": _DETECTOR},
            self._learnt._asdict(),
        )

    def with_encoder(self, encoder: Encoder) -> TextModel:
        """The same model with its second stage at work.

        Raises:
            UsageError: The encoder is not the one that the model was trained with.
        """
        return TextModel(self._facts, self._learnt, encoder)

    @classmethod
    def from_bytes(cls, octets: bytes, where: str = "text model") -> TextModel:
        """The model of a file.

        Raises:
            Corrupt: It is not one, or it is damaged.
        """
        described, arrays = unpack(_MAGIC, octets, where)
        try:
            if described["detector"] != _DETECTOR:
                raise Corrupt(
                    "the model is of another detector",
                    where=where,
                    hint="train it anew with `leeward signal train`",
                )
            facts = msgspec.convert(described["facts"], TextFacts)
            learnt = Learnt(**arrays)
            if not _fits(facts, learnt):
                raise Corrupt("the arrays of the model do not fit together", where=where)
        except (KeyError, TypeError, msgspec.ValidationError):
            raise Corrupt("the description of the model is not complete", where=where) from None
        return cls(facts, learnt)

    def saw(self, text: str, account: str | None = None) -> bool:
        """Whether it learnt from this text, blanks and letter case aside, or from this account."""
        return holds(self._learnt.texts, text_mark(text)) or (
            account is not None and holds(self._learnt.accounts, account_mark(account))
        )

    def reason(self, why: int) -> str:
        """Why it abstains, in words."""
        return _REASONS[why]

    def say(self, folded: pa.Array, languages: pa.Array | None = None) -> Said:
        """What it says of messages.

        It abstains of a message most of whose letters are of a script without examples. Of one
        whose tag states a language without examples it abstains too, unless the text is strong
        evidence all the same (a ratio of 20): a tag is a claim, and a false one hides nothing.

        Args:
            folded: The folded texts (:func:`leeward.model.fold`).
            languages: The language tags as stated; none are known, if not given.
        """
        starts, octets = string_buffers(folded)
        facts = self._facts
        scores, letters = score_texts(starts, octets, self._table, facts.bias, self._scripts)
        ratios = np.clip(facts.slope * scores + facts.offset, facts.least, facts.most)
        if self._encoder is not None and facts.second is not None:
            top = np.flatnonzero(ratios >= facts.second.above)
            texts = folded.take(pa.array(top)).to_pylist()
            told = second_scores(
                self._encoder, facts.second, self._learnt.second, texts, ratios[top]
            )
            ratios[top] = np.clip(told, facts.least, facts.most)
        why = np.zeros(len(ratios), np.int8)
        if languages is not None and not facts.untagged:
            why[self._foreign(languages) & (ratios < _STRONG)] = 2
        why[letters[:, 1] > letters[:, 0]] = 1
        ratios[why > 0] = np.nan
        return Said(ratios, why)

    def say_texts(self, texts: Sequence[str], languages: Sequence[str | None] = ()) -> Said:
        """The same for texts as written."""
        folded = pa.array([fold(text) for text in texts], pa.string())
        return self.say(folded, pa.array(languages, pa.string()) if languages else None)

    def span(self, text: str) -> tuple[int, int] | None:
        """Where in a text as written lies what carries its score, in code points.

        The stretch of characters whose shares stand out most above the mean of those that speak
        for the rare class, to whole words. None where folding moves characters, so that a place in
        the folded text is not one in this, or nothing speaks for the rare class.
        """
        folded = fold(text)
        if not text.isascii() and [fold(c) for c in text] != list(folded):
            return None
        octets = np.frombuffer(folded.encode(), np.uint8)
        places, shares = shares_of(octets, self._table)
        speaking = shares[(shares > 0) & (places >= 0)]
        if not len(speaking):
            return None
        best, start, end, sum_, begun = 0.0, -1, -1, 0.0, 0
        for i, share in enumerate((shares - 0.999 * speaking.mean()).tolist()):
            if places[i] < 0:
                continue
            if sum_ <= 0:
                sum_, begun = 0.0, int(places[i])
            sum_ += share
            if sum_ > best:
                best, start, end = sum_, begun, int(places[i]) + 1
        return None if start < 0 else whole_words(text, start, end)

    def _foreign(self, languages: pa.Array) -> npt.NDArray[np.bool_]:
        """Which messages state a language without examples."""
        once = languages.dictionary_encode()
        known = [self._knows(tag) for tag in once.dictionary.to_pylist()]
        places = once.indices.fill_null(len(known)).to_numpy()
        foreign: npt.NDArray[np.bool_] = ~np.array([*known, True])[places]
        return foreign

    def _knows(self, tag: Any) -> bool:
        language = language_of(tag)
        return language is None or language in self._languages


def _fits(facts: TextFacts, learnt: Learnt) -> bool:
    """Whether the arrays are those of a model: what lies in a file may be anything."""
    lists: list[tuple[npt.NDArray[Any], type[np.generic]]] = [
        (learnt.buckets, np.int32),
        (learnt.texts, np.uint64),
        (learnt.accounts, np.uint64),
        (learnt.second, np.float32),
    ]
    buckets, size = learnt.buckets, 1 << BITS
    return (
        all(array.dtype == kind and array.ndim == 1 for array, kind in lists)
        and learnt.values.dtype == np.float32
        and learnt.values.shape == (len(buckets), 2)
        and not np.any((buckets < 0) | (buckets >= size))
        and bool(np.isfinite(learnt.values).all() and np.isfinite(learnt.second).all())
        and facts.least <= facts.most <= math.log(MOST_RATIO)
        and (facts.second is not None) == (len(learnt.second) > 0)
    )


def _check_encoder(facts: SecondFacts, encoder: Encoder) -> None:
    if encoder.version != facts.encoder:
        raise UsageError(
            "the encoder is not the one that the model was trained with",
            where=facts.place,
            hint="put that one back, or train anew",
        )


def _enough(counts: dict[str, tuple[int, int]]) -> frozenset[str]:
    return frozenset(name for name, pair in counts.items() if min(pair) >= ENOUGH)
