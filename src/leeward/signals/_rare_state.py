"""What the rare-text signal remembers of each account or thread: a mixture of Bayes factors.

Somebody who writes of the rare thing does so in a share g of the messages, and g is not known.
With the likelihood ratios LR of the messages, the evidence is the mean over g of the product of
``1 - g + g LR``: its logarithm is the score. A message that says nothing of it takes a little from
the score at a large g and next to nothing at a small one, so a few rare messages among many others
count; the sum of log likelihood ratios would drown them.

Three things are added to that formula, so that it can run for years over an open log:

* older messages fade, to a half in :data:`HALF_LIFE` messages: nobody hides behind a long past;
* the k-th repetition of a text among the last few counts 1/k, and fades the past as little;
* a key untouched for the longest time goes when there are too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Marks = npt.NDArray[np.uint64]
    Shorts = npt.NDArray[np.int8]
    Counts = npt.NDArray[np.int32]

__all__ = [
    "FADING",
    "HALF_LIFE",
    "REMEMBERED",
    "RISE",
    "SHARES",
    "Added",
    "Keys",
    "Memory",
    "Taken",
    "bayes_factor_mixture",
]

SHARES: Final = np.array([0.02, 0.04, 0.08, 0.15, 0.3])
"""The shares g over which the mean is taken."""
HALF_LIFE: Final = 256
"""Messages of a key after which one counts half."""
FADING: Final = float(2 ** (-1 / HALF_LIFE))
REMEMBERED: Final = 8
"""Different texts of a key among which a repetition is noticed."""
RISE: Final = 0.5
"""By how much a score must have risen before it is told again."""

_MISS, _HIT, _UNASKED = 0, 1, -1
_NEVER: Final = -1e300


class Added(NamedTuple):
    """What follows from each of some messages.

    Attributes:
        scores: float64[n], the score of its key behind it.
        ages: float64[n], how many messages of its key were counted by then.
        again: int32[n], the how manieth time the text is met (1: it is new).
        outcomes: int8[n]: a hit where the score is over the line and was not told or rose, unasked
            where it was told, else a miss.
    """

    scores: Doubles
    ages: Doubles
    again: Counts
    outcomes: Shorts


class Memory:
    """The numbers of each key, a row each.

    Attributes:
        sums: float64[n, shares], the log of the product, faded.
        ages: float64[n], how many messages were counted, repetitions by their weight.
        told: float64[n], the score when it was told last.
        texts: uint64[n, REMEMBERED], marks of the last different texts, the newest first.
        times: int32[n, REMEMBERED], how often each was met.
    """

    def __init__(self) -> None:
        self.sums = np.zeros((0, len(SHARES)))
        self.ages = np.zeros(0)
        self.told = np.zeros(0)
        self.texts = np.zeros((0, REMEMBERED), np.uint64)
        self.times = np.zeros((0, REMEMBERED), np.int32)

    NAMES: Final = ("sums", "ages", "told", "texts", "times")

    def grow(self, rows: int) -> None:
        """Make room for that many rows at least."""
        have = len(self.ages)
        if rows <= have:
            return
        size = max(rows, 2 * have, 1_024)
        for name in self.NAMES:
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), old.dtype)
            new[:have] = old
            setattr(self, name, new)

    def take(self, rows: Sequence[int]) -> dict[str, npt.NDArray[np.generic]]:
        """The numbers of some rows, in that order."""
        return {name: getattr(self, name)[np.asarray(rows, np.int64)] for name in self.NAMES}

    def add(self, rows: Ints, fresh: Bools, ratios: Doubles, marks: Marks, line: float) -> Added:
        """Count messages one after the other.

        Args:
            rows: int64[n], the row of each message's key.
            fresh: bool[n], whether the row belongs to a new key from this message on.
            ratios: float64[n], log likelihood ratios.
            marks: uint64[n], of the texts.
            line: The score from which on it is told.
        """
        return Added(
            *_add(
                (rows, fresh, ratios, marks),
                line,
                (self.sums, self.ages, self.told, self.texts, self.times),
            )
        )


class Taken(NamedTuple):
    """Where keys live.

    Attributes:
        rows: int64[n], the row of each.
        fresh: bool[n], whether it is new there.
        gone: Which keys went for it: the place of the new one among those asked for, and the key.
    """

    rows: Ints
    fresh: Bools
    gone: list[tuple[int, str]]


class Keys:
    """The row of each key, the one untouched longest first; at most ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        """How many."""
        return len(self._rows)

    def rows(self) -> tuple[list[str], list[int]]:
        """The keys and their rows, the one untouched longest first."""
        return list(self._rows), list(self._rows.values())

    def reset(self, keys: Iterable[str]) -> None:
        """These keys and no others, in rows 0, 1, ..."""
        self._rows = {key: row for row, key in enumerate(keys)}

    def touch(self, keys: Sequence[str]) -> Taken:
        """The rows of keys in the order in which they are touched."""
        of = self._rows
        rows, fresh = np.empty(len(keys), np.int64), np.zeros(len(keys), np.bool_)
        gone: list[tuple[int, str]] = []
        for place, key in enumerate(keys):
            row = of.pop(key, None)
            if row is None:
                fresh[place] = True
                row = len(of)
                if row >= self._most:
                    oldest = next(iter(of))
                    row = of.pop(oldest)
                    gone.append((place, oldest))
            of[key] = row
            rows[place] = row
        return Taken(rows, fresh, gone)


def bayes_factor_mixture(ratios: Doubles, groups: Ints, marks: Marks | None = None) -> Doubles:
    """The score of each group of messages, as the signal would have it behind the last of them.

    Args:
        ratios: float64[n], log likelihood ratios in the order of the messages; NaN is left out.
        groups: int64[n], the group of each, from 0 on.
        marks: uint64[n], of the texts; no text counts as repeated, if not given.

    Returns:
        float64[groups], NaN where no message of a group says anything.
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    memory = Memory()
    memory.grow(max(1, count))
    known = ~np.isnan(ratios)
    scores = np.full(count, np.nan)
    if marks is None:
        marks = np.arange(1, len(ratios) + 1, dtype=np.uint64)
    rows = groups[known].astype(np.int64)
    never = np.zeros(len(rows), np.bool_)
    added = memory.add(rows, never, ratios[known], marks[known], np.inf)
    scores[rows] = added.scores  # the last of a group stays
    return scores


@kernel
def _add(
    messages: tuple[Ints, Bools, Doubles, Marks],
    line: float,
    memory: tuple[Doubles, Doubles, Doubles, Marks, Counts],
) -> tuple[Doubles, Doubles, Counts, Shorts]:
    rows, fresh, ratios, marks = messages
    sums, ages, told, texts, times = memory
    scores = np.empty(len(rows), np.float64)
    past = np.empty(len(rows), np.float64)
    again = np.empty(len(rows), np.int32)
    outcomes = np.empty(len(rows), np.int8)
    for i in range(len(rows)):
        row = rows[i]
        if fresh[i]:
            sums[row] = 0.0
            ages[row] = 0.0
            texts[row] = 0
            times[row] = 0
        if ages[row] == 0:
            told[row] = _NEVER
        again[i] = _repetition(texts[row], times[row], marks[i])
        weight = 1 / again[i]
        fading = FADING**weight
        ratio = np.exp(ratios[i])
        for k in range(len(SHARES)):
            sums[row, k] = sums[row, k] * fading + weight * np.log1p(SHARES[k] * (ratio - 1))
        ages[row] += weight
        past[i] = ages[row]
        top = sums[row].max()
        score = top + np.log(np.exp(sums[row] - top).mean())
        scores[i] = score
        if score < line:
            outcomes[i] = _MISS
            if score < line - RISE:
                told[row] = _NEVER
        elif score >= told[row] + RISE:
            outcomes[i] = _HIT
            told[row] = score
        else:
            outcomes[i] = _UNASKED
    return scores, past, again, outcomes


@kernel
def _repetition(texts: Marks, times: Counts, mark: np.uint64) -> int:
    """The how manieth time a text is met; it becomes the newest of those remembered."""
    place = 0
    while place < len(texts) - 1 and texts[place] != mark:
        place += 1
    count = times[place] + 1 if texts[place] == mark else 1
    for i in range(place, 0, -1):
        texts[i] = texts[i - 1]
        times[i] = times[i - 1]
    texts[0] = mark
    times[0] = count
    return count
