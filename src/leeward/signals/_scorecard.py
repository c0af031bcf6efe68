"""An additive score: what each feature adds is read off a table, and the parts sum to the score.

    score = intercept + w_1[bin of feature 1] + ... + w_k[bin of feature k]

in natural log-odds. What a reviewer is shown is the score itself, part by part, and no explanation
made up afterwards (Rudin, "Stop explaining black box machine learning models for high stakes
decisions and use interpretable models instead", 2019). A larger value of a feature that rises with
suspicion never lowers the score, and a smaller one never raises it.
"""

from __future__ import annotations

import hashlib
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import msgspec
import numpy as np
from msgspec import Meta, Struct

from leeward.errors import InputError, UsageError
from leeward.signals._cautious import CAUTIOUS, NEVER_ALONE
from leeward.signals._features import FEATURES, Tracked
from leeward.signals._threshold import HeldOut, Threshold, threshold_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from typing import Self

    import numpy.typing as npt

    from leeward.signals._features import Feature

    Doubles = npt.NDArray[np.float64]

__all__ = ["GRID", "Part", "Scorecard", "Training", "on_grid", "parts_of"]

GRID: Final = 1024.0
"""Weights are whole multiples of one part in so many. Such numbers add up without rounding, so the
parts make the score to the last bit, in whatever order they are added."""

_MOST: Final = 64.0
"""Log-odds beyond which no weight goes: more would be no statement about people."""

_FORMAT: Final = 1


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """What one feature adds.

    Attributes:
        feature: Its name.
        rises: Whether a larger value is the more worrying one.
        edges: Where the bins part, ascending.
        weights: Log-odds by bin, one more than there are edges; never falling where the feature
            rises, and never rising where it does not.
    """

    feature: str
    rises: bool
    edges: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def most(self) -> float:
        """The most that it adds; not below 0, which is what an unknown value adds."""
        return max(0.0, *self.weights)

    def of(self, values: Doubles) -> Doubles:
        """What some values add; 0 where a value is not known (NaN)."""
        table = np.array([*self.weights, 0.0])
        bins = np.searchsorted(np.array(self.edges), values, side="right")
        found: Doubles = table[np.where(np.isnan(values), len(self.weights), bins)]
        return found


class Training(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scorecard was trained from.

    Attributes:
        offenders, innocents, unlabelled: How many subjects.
        groups: How many groups of accounts and templates the labelled ones fall into.
        prior: The share of all subjects that is thought to belong.
        is_estimated: Whether that share was estimated, and not given.
        held_out: The labelled ones with the score that a model gave each that had not seen its
            group.
    """

    offenders: int
    innocents: int
    unlabelled: int
    groups: int
    prior: float
    is_estimated: bool
    held_out: HeldOut

    def __repr__(self) -> str:
        """How many there were."""
        return f"<Training offenders={self.offenders} innocents={self.innocents}>"


class Scorecard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The combined score of one kind of subject.

    Attributes:
        kind: ``media``, ``thread``, ``account``, ``tag`` or ``community``.
        intercept: Log-odds where nothing is known.
        line: The score from which on a finding is a hit.
        parts: One a feature, in the order of the features' columns.
        never_alone: Features that alone open nothing: together they stay below the line.
        trained: What it was trained from; None where the weights were set by hand.
        format: Of the file.

    Raises:
        UsageError: The parts are not those of the kind, not monotone, not on the grid, or what
            must open nothing alone would.
    """

    kind: Tracked
    intercept: float
    line: float
    parts: tuple[Part, ...]
    never_alone: tuple[str, ...] = ()
    trained: Training | None = None
    format: Annotated[int, Meta(ge=_FORMAT, le=_FORMAT)] = _FORMAT

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        if [part.feature for part in self.parts] != [one.name for one in FEATURES[self.kind]]:
            raise _wrong("its parts are not the features of its kind, in their order")
        for part, feature in zip(self.parts, FEATURES[self.kind], strict=True):
            _check_part(part, feature)
        if not (_is_weight(self.intercept) and isfinite(self.line)):
            raise _wrong("its intercept or line is no such number")
        if {*NEVER_ALONE.get(self.kind, ())} - {*self.never_alone}:
            raise _wrong("a feature that alone opens nothing is not named so")
        if self.intercept + self.most_of(self.never_alone) >= self.line:
            raise _wrong("features that alone open nothing reach the line")

    @classmethod
    def cautious(cls, kind: Tracked) -> Self:
        """The one that ships: weights set by hand, until there are labels to learn them from.

        Raises:
            UsageError: There is no such kind.
        """
        _check_kind(kind)
        hand = CAUTIOUS[kind]
        parts = tuple(
            Part(feature.name, feature.rises, feature.edges, hand.weights[feature.name])
            for feature in FEATURES[kind]
        )
        return cls(
            kind=kind,
            intercept=hand.intercept,
            line=hand.line,
            parts=parts,
            never_alone=NEVER_ALONE.get(kind, ()),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the columns of values."""
        return tuple(part.feature for part in self.parts)

    @property
    def version(self) -> str:
        """A digest of all of it, training included."""
        return hashlib.sha256(self.encode()).hexdigest()[:16]

    def most_of(self, features: Iterable[str]) -> float:
        """The most that some features add together."""
        wanted = {*features}
        return sum(part.most for part in self.parts if part.feature in wanted)

    def weights(self, values: npt.ArrayLike) -> Doubles:
        """What each feature adds for each subject.

        Args:
            values: (subjects, features), in the order of :attr:`names`; NaN is not known.

        Returns:
            (subjects, features) Log-odds; 0 where the value is not known.

        Raises:
            UsageError: There are more or fewer columns than features.
        """
        table = np.asarray(values, np.float64)
        if table.ndim != 2 or table.shape[1] != len(self.parts):
            raise UsageError(
                "the values are not one column a feature",
                where="Scorecard.weights",
                hint=f"give {len(self.parts)} columns: {', '.join(self.names)}",
            )
        found = np.empty_like(table)
        for place, part in enumerate(self.parts):
            found[:, place] = part.of(table[:, place])
        return found

    def scores(self, values: npt.ArrayLike) -> Doubles:
        """(subjects) The intercept and what the features add: log-odds of belonging."""
        found: Doubles = self.intercept + self.weights(values).sum(axis=1)
        return found

    def threshold(self, precision: float = 0.9) -> Threshold:
        """From which score on so many of the subjects belong, by the held-out labels.

        Raises:
            UsageError: The precision is not between 0 and 1.
        """
        return threshold_of(None if self.trained is None else self.trained.held_out, precision)

    def encode(self) -> bytes:
        """As JSON: equal scorecards give equal bytes."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, body: bytes, where: str = "scorecard") -> Self:
        """Read what :meth:`encode` wrote.

        Raises:
            InputError: It is no scorecard.
        """
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UsageError) as error:
            why = error.message if isinstance(error, UsageError) else "it is not of the form"
            raise InputError(
                f"this is no scorecard: {why}",
                where=where,
                hint="give a file that `leeward signal scorecard train` wrote",
            ) from None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file.

        Raises:
            InputError: It cannot be read, or is no scorecard.
        """
        try:
            body = Path(path).read_bytes()
        except OSError as error:
            raise InputError(
                "the file cannot be read", where=str(path), hint="name a file that you may read"
            ) from error
        return cls.decode(body, str(path))

    def __repr__(self) -> str:
        """The kind, the version and where the weights come from."""
        how = "set by hand" if self.trained is None else "trained"
        return f"<Scorecard {self.kind}@{self.version} {how}>"


def on_grid(weights: npt.ArrayLike) -> Doubles:
    """The nearest numbers that add up without rounding; they keep their order."""
    found: Doubles = np.round(np.asarray(weights, np.float64) * GRID) / GRID
    return found


def parts_of(kind: Tracked, weights: Sequence[Sequence[float]]) -> tuple[Part, ...]:
    """The parts of a scorecard, of weights by feature and bin."""
    return tuple(
        Part(feature.name, feature.rises, feature.edges, tuple(on_grid(each).tolist()))
        for feature, each in zip(FEATURES[kind], weights, strict=True)
    )


def _check_kind(kind: str) -> None:
    if kind not in FEATURES:
        raise UsageError(
            "there is no scorecard of this kind",
            where="kind",
            hint=f"use {', '.join(get_args(Tracked))}",
        )


def _check_part(part: Part, feature: Feature) -> None:
    if (part.rises, part.edges) != (feature.rises, feature.edges):
        raise _wrong("a part is not binned as its feature is")
    if len(part.weights) != len(part.edges) + 1 or not all(map(_is_weight, part.weights)):
        raise _wrong("a part has a weight too few or too many, or one that is no such number")
    steps = np.diff(part.weights)
    if (steps < 0).any() if part.rises else (steps > 0).any():
        raise _wrong("a part is not monotone")


def _is_weight(weight: float) -> bool:
    return isfinite(weight) and abs(weight) <= _MOST and (weight * GRID).is_integer()


def _wrong(why: str) -> UsageError:
    return UsageError(
        why, where="Scorecard", hint="train one, or take the one that Scorecard.cautious gives"
    )
