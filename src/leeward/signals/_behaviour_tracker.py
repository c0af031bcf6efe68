"""Trackers: each follows one kind of subject through the log and counts.

A tracker learns from rows in their order and from labels, and gives for each row the counts of the
subjects that it touches. It says nothing of them: that is a scorecard's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.errors import UsageError
from leeward.model import Domain, Hasher
from leeward.signals._behaviour_items import Gathered
from leeward.signals._behaviour_posts import INNOCENT, OFFENDER
from leeward.signals._behaviour_saved import arrays_of, restored, widened
from leeward.signals._features import FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.model import Label
    from leeward.signals._behaviour_rows import Rows
    from leeward.signals._features import Tracked

    Array = npt.NDArray[Any]

__all__ = ["DEFAULT_KEY", "DEFAULT_MOST", "Tracker", "keys_of", "verdict_of"]

DEFAULT_KEY: Final = b"leeward context\0"
"""For tests and single files. A log's own secret key keeps others from making keys that meet."""

DEFAULT_MOST: Final = 1 << 18
_LEAST: Final = 1 << 10


class Tracker(ABC):
    """Follows one kind of subject.

    Args:
        key: 16 bytes under which identities are hashed; a log's own, kept secret.
        most: The most subjects that are remembered; what belongs to them has bounds that follow
            from this one. The one that is untouched longest goes first.

    Attributes:
        kind: Of the subjects.
        key: As given.

    Raises:
        UsageError: The key is not 16 bytes, or too few subjects are to be remembered.
    """

    kind: Tracked

    def __init__(self, *, key: bytes = DEFAULT_KEY, most: int = DEFAULT_MOST) -> None:
        if len(key) != 16:
            raise UsageError("a key has 16 bytes", where="key")
        if most < _LEAST:
            raise UsageError(
                f"a tracker remembers at least {_LEAST:,} subjects",
                where="most",
                hint="give a larger number, or none",
            )
        self.key: Final = key
        self.most: Final = most

    def __repr__(self) -> str:
        """The kind."""
        return f"<Tracker {self.kind}>"

    @property
    @abstractmethod
    def memory(self) -> tuple[Any, ...]:
        """All that is remembered, as a named tuple of tables and arrays."""

    @memory.setter
    @abstractmethod
    def memory(self, memory: tuple[Any, ...]) -> None: ...

    @abstractmethod
    def walk(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int, out: Gathered) -> None:
        """Learn from rows, and write an entry for each subject that one touches."""

    @abstractmethod
    def most_entries(self, rows: Rows, begin: int, end: int) -> int:
        """How many entries these rows can make."""

    @abstractmethod
    def name_of(self, batch: pa.RecordBatch, rows: Rows, row: int, subject: int) -> str:
        """What a finding about an entry's subject calls it."""

    def conclude(self, label: Label) -> None:
        """Take what people concluded; most say nothing to most trackers."""
        del label

    def watch(self, batch: pa.RecordBatch, rows: Rows, begin: int, end: int) -> Gathered:
        """Learn from rows ``begin`` to ``end``, in the order of the log, each row once."""
        listed = sum(
            int(lists.starts[end] - lists.starts[begin])
            for lists in (rows.mentions, rows.tags, rows.pictures, rows.relatives)
        )
        self.memory = widened(self.memory, 6 * (end - begin + listed))
        room, width = self.most_entries(rows, begin, end), len(FEATURES[self.kind])
        out = Gathered(
            np.zeros(room, np.int64),
            np.zeros(room, np.uint64),
            np.zeros((room, width)),
            np.zeros((room, width)),
            np.zeros(1, np.int64),
        )
        self.walk(batch, rows, begin, end, out)
        used = int(out.used[0])
        return Gathered(out.row[:used], out.subject[:used], out.k[:used], out.n[:used], out.used)

    def arrays(self) -> Iterator[Array]:
        """All that is remembered, canonically."""
        return arrays_of(self.memory)

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Strings that are remembered beside."""
        return ()

    def recall(self, arrays: Iterator[Array], texts: tuple[tuple[str, ...], ...]) -> None:
        """Remember what :meth:`arrays` and :meth:`texts` gave.

        Raises:
            ValueError: They are not of such a tracker; nothing was changed.
        """
        del texts
        self.memory = restored(self.memory, arrays)


def verdict_of(label: Label) -> int:
    """A label's word as kernels have it."""
    return OFFENDER if label.label == "offender" else INNOCENT


def keys_of(hasher: Hasher, label: Label) -> tuple[int, ...]:
    """Under which keys a label's subject may be remembered; a media item has several names."""
    if label.kind != "media":
        domain = Domain.TAG if label.kind == "tag" else Domain.ID
        return (hasher.one(label.subject, domain),)
    domains = (Domain.SHA256, Domain.PDQ, Domain.MEDIA)
    return tuple(hasher.one(label.subject, domain) for domain in domains)
