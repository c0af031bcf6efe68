"""A scorecard from a log and the labels beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.signals import (
    AccountTracker,
    CommunityTracker,
    MediaTracker,
    TagTracker,
    ThreadTracker,
    train_scorecard,
)
from leeward.signals._scorecard_examples import examples_of
from leeward.store.tables import list_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from leeward.signals import Scorecard, Tracked, Tracker
    from leeward.store import Log
    from leeward.store.tables import Tables

__all__ = ["train_context"]

_TRACKERS: Final[Mapping[Tracked, type[Tracker]]] = {
    "media": MediaTracker,
    "thread": ThreadTracker,
    "account": AccountTracker,
    "tag": TagTracker,
    "community": CommunityTracker,
}


def train_context(
    log: Log,
    tables: Tables,
    kind: Tracked,
    *,
    prior: float | None = None,
    precision: float = 0.9,
    progress: Callable[[int], None] = lambda _: None,
) -> Scorecard:
    """Replay the log and learn a scorecard from the labels in the tables.

    Args:
        log: The log.
        tables: The operational tables.
        kind: Of the subjects.
        prior: The share of them that belong; estimated by default.
        precision: What its line is to keep, where the labels show it.
        progress: Told now and then how many events were read.

    Raises:
        UsageError: There are too few labels.
        LeewardError: The log or the tables cannot be read.
    """
    with tables.read() as connection:
        labels = [row.label for row in list_labels(connection)]
    tracker = _TRACKERS[kind](key=log.signal_key())
    found = examples_of(tracker, _read(log, progress), labels)
    return train_scorecard(
        kind,
        found.values,
        found.labels,
        found.groups,
        weights=found.weights,
        prior=prior,
        precision=precision,
    )


def _read(log: Log, progress: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    read = 0
    for batch in log.tail():
        yield batch
        read += len(batch)
        progress(read)
