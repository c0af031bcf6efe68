"""What signals remember, as of one place in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.errors import Corrupt
from leeward.signals import Looked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from leeward.pipeline._scoring_labels import Labels
    from leeward.signals import Stateful

__all__ = ["Memory"]


class Memory:
    """Signals that remember, all at the same place.

    Args:
        signals: They, as they are at that place.
        labels: What they are told.
        through: The place: they have seen all rows up to it.
    """

    def __init__(self, signals: Sequence[Stateful], labels: Labels, through: int = 0) -> None:
        self.signals = list(signals)
        self.through = through
        self._labels = labels
        self._told = labels.before(through)

    def look(self, batch: pa.RecordBatch | None, through: int, at: int) -> list[Looked]:
        """What each signal says of rows; labels are told where they hold from.

        Args:
            batch: The rows behind the place; none where all are gone.
            through: The place to be.
            at: The time for the findings, microseconds since 1970 UTC.
        """
        parts = [[signal.look(part, at) for signal in self.signals] for part in self._parts(batch)]
        self._tell(through)
        self.through = through
        return [_joined(of_one) for of_one in zip(*parts, strict=True)]

    def _parts(self, batch: pa.RecordBatch | None) -> Iterator[pa.RecordBatch]:
        """The rows between one label and the next."""
        seqs = np.empty(0, np.int64) if batch is None else batch["seq"].to_numpy()
        begin = 0
        while batch is not None and begin < len(seqs):
            self._tell(int(seqs[begin]))
            following = self._labels.next(self._told)
            end = len(seqs)
            if following is not None:
                end = int(np.searchsorted(seqs, following, "right"))
            yield batch.slice(begin, end - begin)
            begin = end

    def _tell(self, seq: int) -> None:
        """Tell what holds for a row."""
        due = self._labels.due(self._told, seq)
        if due:
            self._told += len(due)
            for signal in self.signals:
                signal.tell(due)

    def save(self) -> dict[str, tuple[str, bytes]]:
        """By name, the version of each signal and all that it remembers."""
        return {signal.name: (signal.version, signal.save()) for signal in self.signals}

    @staticmethod
    def load(signals: Sequence[Stateful], saved: Mapping[str, tuple[str, bytes]]) -> list[str]:
        """Give signals what was saved; the names of those for which that is of no use."""
        missing = []
        for signal in signals:
            version, memory = saved.get(signal.name, ("", b""))
            if version != signal.version:
                missing.append(signal.name)
                continue
            try:
                signal.load(memory)
            except Corrupt:
                missing.append(signal.name)
        return missing


def _joined(looked: Sequence[Looked]) -> Looked:
    if len(looked) == 1:
        return looked[0]
    return Looked(
        np.concatenate([one.outcomes for one in looked]),
        tuple(finding for one in looked for finding in one.findings),
    )
