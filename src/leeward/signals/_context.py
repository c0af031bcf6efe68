"""Context as a signal: a tracker counts, a scorecard weighs, and findings say what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from msgspec.structs import replace

from leeward.model import Domain, EvidenceItem, Finding, Hasher, Label, kernel
from leeward.signals._behaviour_rows import read_rows
from leeward.signals._behaviour_saved import (
    Head,
    One,
    arrays_of,
    freeze,
    restored,
    thaw,
    widened,
    wrong_memory,
)
from leeward.signals._behaviour_shares import features_of, values_of
from leeward.signals._behaviour_table import Table, find, new_table, place
from leeward.signals._signal import ABSTAINED, HIT, MISS, UNASKED, Looked
from leeward.signals._told import Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.signals._behaviour_items import Gathered
    from leeward.signals._behaviour_rows import Rows
    from leeward.signals._behaviour_tracker import Tracker
    from leeward.signals._features import Features
    from leeward.signals._scorecard import Scorecard
    from leeward.signals._signal import Example

    Bytes = npt.NDArray[np.int8]
    Doubles = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Longs = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]

__all__ = ["NEWS", "ContextSignal"]

NEWS: Final = 0.5
"""By how much a score has to rise before a subject that was found is found again."""

_DETECTOR: Final = "1"
_PIECE: Final = 4_096  # rows; bounds the room that is made for what they may bring

_ABOUT: Final = {
    "media": "what happens around a picture looks like what happens around exploited ones",
    "thread": "what happens under a post looks like what happens under exploited pictures",
    "account": "an account behaves as those do that gather around pictures of children",
    "tag": "a hashtag is used by confirmed accounts, or complained of, more than others",
    "community": "much of a community's activity is flagged or comes from confirmed accounts",
}


class ContextSignal:
    """What is known around a subject, weighed.

    A finding's score is in log-odds, and its evidence has an item a feature and one for the
    intercept: their weights sum to the score. A feature that is not known has no value and adds
    nothing. A subject is a hit when its score reaches the scorecard's line, and again whenever it
    rose by :data:`NEWS` since it was last found; a row that touches several is about the one with
    the highest score among those. A subject of which no feature is known is abstained of, once.

    Args:
        tracker: What counts. It belongs to this signal from here on.
        scorecard: What weighs, of the same kind.
        examples: What the contract test replays.
    """

    def __init__(
        self, tracker: Tracker, scorecard: Scorecard, *, examples: tuple[Example, ...] = ()
    ) -> None:
        self._tracker: Final = tracker
        self._scorecard: Final = scorecard
        self._examples: Final = examples
        self._told: Told = Told()
        self._said = One(new_table(2 * tracker.most, 1, 1))

    def __repr__(self) -> str:
        """The name and the version."""
        return f"<ContextSignal {self.name}@{self.version}>"

    @property
    def name(self) -> str:
        """The kind of subject, and ``-context``."""
        return f"{self._tracker.kind}-context"

    @property
    def version(self) -> str:
        """The detector's number, a digest of the scorecard, and how much is remembered."""
        return f"{_DETECTOR}-{self._scorecard.version}-{self._tracker.most}"

    @property
    def about(self) -> str:
        """What a hit means, in words."""
        return _ABOUT[self._tracker.kind]

    @property
    def examples(self) -> tuple[Example, ...]:
        """None but in the sample of this room."""
        return self._examples

    def tell(self, labels: Iterable[Label]) -> None:
        """Take what people concluded: see :class:`~leeward.signals.Stateful`."""
        self._told.add(labels)

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """What the signal says of each row: see :class:`~leeward.signals.Stateful`."""
        rows = read_rows(batch, self._tracker.key)
        outcomes = np.full(len(rows.seq), UNASKED, np.int8)
        findings: list[Finding] = []
        for begin, end in self._pieces(rows):
            out = self._tracker.watch(batch, rows, begin, end)
            chosen = self._choose(out, outcomes)
            findings += self._say(batch, rows, out, chosen, outcomes, at)
        return Looked(outcomes, tuple(findings))

    def save(self) -> bytes:
        """All that it remembers."""
        head = Head(
            self.name,
            self.version,
            self._mark(),
            self._tracker.texts(),
            (),
            self._told.encode(),
        )
        return freeze(head, [*arrays_of(self._said), *self._tracker.arrays()])

    def load(self, saved: bytes) -> None:
        """Remember that instead.

        Raises:
            Corrupt: These bytes are not of this signal and version; nothing was changed.
        """
        head, arrays = thaw(saved, self.name, self.version, self._mark())
        rest = iter(arrays)
        try:
            told = Told.decode(head.rest)
            said = restored(self._said, rest)
            self._tracker.recall(rest, head.texts)
        except (ValueError, StopIteration, IndexError, msgspec.DecodeError):
            raise wrong_memory(self.name) from None
        self._said, self._told = said, told

    def _mark(self) -> int:
        return Hasher(self._tracker.key).one("", Domain.ID) >> 1

    def _pieces(self, rows: Rows) -> Iterator[tuple[int, int]]:
        """Rows that no label parts; each label is taken before the first row behind it."""
        begin = 0
        while begin < len(rows.seq):
            for label in self._told.due(int(rows.seq[begin])):
                self._tracker.conclude(label)
            end = min(begin + _PIECE, len(rows.seq))
            since = self._told.next_since()
            if since is not None:
                end = min(end, int(np.searchsorted(rows.seq, since, side="right")))
            yield begin, end
            begin = end

    def _choose(self, out: Gathered, outcomes: Bytes) -> Longs:
        """The entries that are news, at most one a row; outcomes of the rows are filled in."""
        values = values_of(self._tracker.kind, out.k, out.n)
        scores = _sum(self._scorecard.intercept, self._scorecard.weights(values))
        known: Flags = np.any(~np.isnan(values), axis=1, keepdims=False)
        self._said = widened(self._said, len(scores))
        chosen: Longs = _news(
            out.row, out.subject, scores, known, self._scorecard.line, self._said.table, outcomes
        )
        return chosen

    def _say(
        self,
        batch: pa.RecordBatch,
        rows: Rows,
        out: Gathered,
        chosen: Longs,
        outcomes: Bytes,
        at: int,
    ) -> Iterator[Finding]:
        if not len(chosen):
            return
        features = features_of(self._tracker.kind, out.k[chosen], out.n[chosen])
        weights = self._scorecard.weights(features.values)
        scores = _sum(self._scorecard.intercept, weights)
        for entry, (row, key) in enumerate(
            zip(out.row[chosen].tolist(), out.subject[chosen].tolist(), strict=True)
        ):
            subject = self._tracker.name_of(batch, rows, row, key)
            finding = Finding(
                seq=int(rows.seq[row]),
                signal=self.name,
                version=self.version,
                subject=subject,
                outcome="abstained",
                at=min(at, batch.column("seen")[row].as_py()),
                reason="nothing is known of it yet",
            )
            if outcomes[row] == HIT:
                evidence = self._evidence(subject, features, weights, entry)
                finding = replace(
                    finding,
                    outcome="hit",
                    reason=None,
                    score=float(scores[entry]),
                    evidence=evidence,
                )
            yield finding

    def _evidence(
        self, subject: str, features: Features, weights: Doubles, entry: int
    ) -> tuple[EvidenceItem, ...]:
        items = [EvidenceItem("intercept", subject, self._scorecard.intercept)]
        for column, name in enumerate(features.names):
            value, low, high = (
                _known(array[entry, column])
                for array in (features.values, features.low, features.high)
            )
            count = int(features.counts[entry, column])
            weight = float(weights[entry, column])
            items.append(
                EvidenceItem(name, subject, weight, value=value, low=low, high=high, count=count)
            )
        return tuple(sorted(items, key=lambda item: -item.weight))


def _sum(intercept: float, weights: Doubles) -> Doubles:
    scores = np.full(len(weights), intercept)
    for column in weights.T:
        scores += column
    return scores


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@kernel
def _news(
    row: Longs,
    subject: Words,
    scores: Doubles,
    known: Flags,
    line: float,
    said: Table,
    outcomes: Bytes,
) -> Longs:
    """Entries stand in the order of their rows. What was said of a subject: 1 a hit, 2 unknown."""
    chosen = np.empty(len(row), np.int64)
    count = 0
    first = 0
    while first < len(row):
        last = first
        best = -1
        unknown = -1
        is_known = False
        while last < len(row) and row[last] == row[first]:
            slot = find(said, subject[last])
            if known[last]:
                is_known = True
                again = slot >= 0 and said.ints[slot, 0] & 1 != 0
                if (
                    scores[last] >= line
                    and (not again or scores[last] >= said.reals[slot, 0] + NEWS)
                    and (best < 0 or scores[last] > scores[best])
                ):
                    best = last
            elif slot < 0:
                unknown = last
            last += 1
        if is_known:
            outcomes[row[first]] = MISS
        if best >= 0:
            outcomes[row[first]] = HIT
            slot = place(said, subject[best])
            said.ints[slot, 0] |= 1
            said.reals[slot, 0] = scores[best]
        elif unknown >= 0 and not is_known:
            best = unknown
            outcomes[row[first]] = ABSTAINED
            slot = place(said, subject[best])
            said.ints[slot, 0] |= 2
        if best >= 0:
            chosen[count] = best
            count += 1
        first = last
    return chosen[:count]
