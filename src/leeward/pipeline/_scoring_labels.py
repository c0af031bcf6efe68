"""The labels that people put, and from which place in the log on each holds for the signals.

A label is made at some place of the log. Who scores may be further by the time it hears of it:
then the label holds from there on, and that place is stored with what is scored next. So a
replay meets every label where those met it who scored while it was made.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

from msgspec.structs import replace

from leeward.store.tables import labels_since

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leeward.model import Label
    from leeward.store.tables import LabelRow, Tables

__all__ = ["Labels", "labels_in"]


class Labels:
    """All labels in the order in which they are to be told.

    Args:
        read: The labels behind a number, oldest first.
        told: Of those that were taken before, the place from which on each holds, by number.
    """

    def __init__(self, read: Callable[[int], Sequence[LabelRow]], told: Mapping[int, int]) -> None:
        self._read, self._told = read, told
        self._last = 0
        self._places: list[tuple[int, int]] = []
        self._labels: dict[int, Label] = {}

    def refresh(self, place: int) -> tuple[tuple[int, int], ...]:
        """Look for new labels: their numbers, and where they hold from.

        Args:
            place: How far scoring has come.
        """
        new = []
        for row in self._read(self._last):
            since = self._told.get(row.id)
            if since is None:
                since = max(row.label.since, place)
                new.append((row.id, since))
            self._last = row.id
            self._labels[row.id] = replace(row.label, since=since)
            insort(self._places, (since, row.id))
        return tuple(new)

    def before(self, seq: int) -> int:
        """How many labels hold for a row."""
        return bisect_right(self._places, (seq - 1, 1 << 62))

    def due(self, told: int, seq: int) -> list[Label]:
        """The labels that hold for a row, in order, but for the first so many."""
        return [self._labels[number] for _, number in self._places[told : self.before(seq)]]

    def next(self, told: int) -> int | None:
        """From which place on the label holds that follows the first so many."""
        return self._places[told][0] if told < len(self._places) else None


def labels_in(tables: Tables) -> Callable[[int], list[LabelRow]]:
    """Reads the labels of the tables behind a number."""

    def read(after: int) -> list[LabelRow]:
        with tables.read() as connection:
            return labels_since(connection, after)

    return read
