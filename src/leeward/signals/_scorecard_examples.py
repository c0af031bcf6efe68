"""What a scorecard learns from: each subject's features as they stood when people decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import Hasher
from leeward.signals._behaviour_rows import read_rows
from leeward.signals._behaviour_shares import values_of
from leeward.signals._behaviour_tracker import keys_of
from leeward.signals._features import FEATURES
from leeward.signals._scorecard_train import INNOCENT, OFFENDER, UNLABELLED, groups_of
from leeward.signals._told import Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.model import Label
    from leeward.signals._behaviour_rows import Rows
    from leeward.signals._behaviour_tracker import Tracker

    Doubles = npt.NDArray[np.float64]
    Longs = npt.NDArray[np.int64]

__all__ = ["Examples", "examples_of"]

_LABELLED: Final = {
    "account": "account",
    "community": "community",
    "media": "media",
    "tag": "tag",
    "thread": "post",
}
"""What people label, for each kind of subject: a thread goes by its first post."""
_PIECE: Final = 4_096


class Examples(NamedTuple):
    """Subjects to learn from.

    Attributes:
        values: (subjects, features) NaN is not known.
        labels: (subjects) As :func:`~leeward.signals.train_scorecard` takes them.
        weights: (subjects) How sure each label is.
        groups: (subjects) Those of one case are one group.
    """

    values: Doubles
    labels: Longs
    weights: Doubles
    groups: Longs

    def __repr__(self) -> str:
        """How many."""
        return f"<Examples {len(self.labels)}>"


def examples_of(
    tracker: Tracker, batches: Iterable[pa.RecordBatch], labels: Iterable[Label]
) -> Examples:
    """Replay a log, and take each subject's features once.

    Of a labelled subject they are those before its label was known: what follows from the decision
    must not explain it. Of all others they are the last ones. A subject that no row touched before
    its label is left out. The last label of a subject counts.

    Args:
        tracker: A new one, of the kind of subject.
        batches: All rows of the log, in order.
        labels: What people concluded of anything; other kinds feed the features.
    """
    seen = _Seen(tracker)
    told = Told()
    told.add(labels)
    for batch in batches:
        rows = read_rows(batch, tracker.key)
        begin = 0
        while begin < len(rows.seq):
            for label in told.due(int(rows.seq[begin])):
                seen.conclude(label)
            end = min(begin + _PIECE, len(rows.seq))
            since = told.next_since()
            if since is not None:
                end = min(end, int(np.searchsorted(rows.seq, since, side="right")))
            seen.watch(batch, rows, begin, end)
            begin = end
    while (since := told.next_since()) is not None:
        for label in told.due(since + 1):
            seen.conclude(label)
    return seen.examples()


class _Seen:
    """The counts of each subject that a tracker touched."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._hasher = Hasher(tracker.key)
        self._last: dict[int, tuple[Doubles, Doubles]] = {}
        self._held: dict[int, tuple[Doubles, Doubles]] = {}
        self._said: dict[int, Label] = {}

    def watch(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int) -> None:
        out = self._tracker.watch(batch, rows, begin, end)
        backwards = out.subject[::-1]
        subjects, first = np.unique(backwards, return_index=True)
        last = len(backwards) - 1 - first
        for key, place in zip(subjects.tolist(), last.tolist(), strict=True):
            self._last[key] = out.k[place].copy(), out.n[place].copy()

    def conclude(self, label: Label) -> None:
        if label.kind == _LABELLED[self._tracker.kind]:
            for key in keys_of(self._hasher, label):
                if key in self._last:
                    self._held.setdefault(key, self._last[key])
                    self._said[key] = label
        self._tracker.conclude(label)

    def examples(self) -> Examples:
        counts = self._last | self._held
        width = len(FEATURES[self._tracker.kind])
        some = np.array([k for k, _ in counts.values()], np.float64).reshape(-1, width)
        all_ = np.array([n for _, n in counts.values()], np.float64).reshape(-1, width)
        labels = [self._said.get(key) for key in counts]
        words = {"offender": OFFENDER, "innocent": INNOCENT}
        return Examples(
            values_of(self._tracker.kind, some, all_),
            np.array([UNLABELLED if one is None else words[one.label] for one in labels], np.int64),
            np.array([1.0 if one is None else one.weight for one in labels]),
            groups_of([None if one is None else one.case for one in labels]),
        )
