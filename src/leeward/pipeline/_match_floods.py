"""Counting what matches, off the path of an answer, and having floods controlled."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.errors import LeewardError
from leeward.store.tables import (
    WHOLE_BANK,
    FloodRule,
    control_floods,
    count_matches,
    fold_matches,
    list_floods,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from leeward.model import BanksSettings
    from leeward.pipeline._match_settle import Group, Picked
    from leeward.store.tables import Flood, Tables

__all__ = ["FLUSH_SECONDS", "MatchCounter"]

FLUSH_SECONDS: Final = 1.0
"""How long matches are kept in memory: so much is not counted where the process is killed."""

_FOLD_SECONDS: Final = 600.0
_MOST: Final = 10_000
"""Entries that one picture counts for; a picture near to more is a fault of the bank."""

_PENDING: Final = 1 << 20
_MICROS: Final = 1_000


class MatchCounter:
    """Counts matches by entry. Threads may share it; an answer waits for none of its work.

    Args:
        tables: Where the counts are kept, added up with those of other processes.
        settings: What a flood is.
        report: Told of a new flood, in a sentence.
    """

    def __init__(
        self, tables: Tables, settings: BanksSettings, report: Callable[[str], None]
    ) -> None:
        self._tables, self._report = tables, report
        self._rule = FloodRule(
            settings.flood_matches, int(settings.flood_window), settings.flood_times
        )
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._entries: list[tuple[int, npt.NDArray[np.int64]]] = []
        self._waiting = 0
        self._counts: dict[tuple[int, int], int] = {}
        self._folded = float("-inf")
        self.open: int = 0
        """Floods that wait for a person, as of the last look."""

    def add(self, groups: Sequence[Sequence[Group]], picked: Sequence[Picked]) -> None:
        """Count what stands of the matches of some pictures; once for each of them."""
        found: list[tuple[int, npt.NDArray[np.int64]]] = []
        for mine, one in zip(groups, picked, strict=True):
            standing = {id(stands.match) for stands in one.settled.standing}
            found += _counted([group for group in mine if id(group.match) in standing])
        if not found:
            return
        with self._lock:
            self._entries += found
            self._waiting += sum(len(entries) for _, entries in found)
            if self._waiting > _PENDING:
                self._sum()

    def run(self, closing: threading.Event) -> None:
        """Write what was counted, every second, until it is time to close."""
        told = False
        while not closing.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except LeewardError as error:
                if not told:
                    self._report(f"matches cannot be counted: {error.message}")
                told = True
            else:
                told = False

    def flush(self, at: int | None = None) -> list[Flood]:
        """Write what was counted, and pause what floods; the floods that are new.

        Args:
            at: Microseconds since 1970 UTC; now, where not given.

        Raises:
            StoreError, DependencyDown: The store does not answer. What was counted is kept.
        """
        when = time.time_ns() // _MICROS if at is None else at
        with self._flushing:
            with self._lock:
                self._sum()
                counts, self._counts = self._counts, {}
            try:
                found = self._write(counts, when)
            except BaseException:
                with self._lock:
                    for key, count in counts.items():
                        self._counts[key] = self._counts.get(key, 0) + count
                raise
        for flood in found:
            what = "as a whole" if flood.entry is None else f"entry {flood.entry}"
            done = "it is paused" if flood.paused else "it stays in force"
            self._report(f"a flood in the bank {flood.bank}, {what}: {flood.why}; {done}")
        return found

    def _write(self, counts: dict[tuple[int, int], int], at: int) -> list[Flood]:
        found: list[Flood] = []
        if counts:
            with self._tables.begin() as connection:
                count_matches(connection, counts, self._rule, at)
            # In a transaction of its own: whoever pauses holds the locks of the banks.
            with self._tables.begin() as connection:
                found = control_floods(connection, counts, self._rule, at)
        if counts and time.monotonic() - self._folded >= _FOLD_SECONDS:
            with self._tables.begin() as connection:
                fold_matches(connection, self._rule, at)
            self._folded = time.monotonic()
        with self._tables.read() as connection:
            self.open = len(list_floods(connection))  # others see floods too, and people end them
        return found

    def _sum(self) -> None:
        """Add up what waits; the caller holds the lock."""
        by_bank: dict[int, list[npt.NDArray[np.int64]]] = {}
        for bank, entries in self._entries:
            by_bank.setdefault(bank, []).append(entries)
        for bank, parts in by_bank.items():
            numbers, counts = np.unique(np.concatenate(parts), return_counts=True)
            for entry, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                key = bank, entry
                self._counts[key] = self._counts.get(key, 0) + count
        self._entries, self._waiting = [], 0


def _counted(groups: Sequence[Group]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """By bank, the entries that one picture counts for, each once, and the bank itself."""
    by_bank: dict[int, list[npt.NDArray[np.int64]]] = {}
    for group in sorted(groups, key=lambda group: group.match.distance):
        by_bank.setdefault(group.match.bank.id, []).append(group.entries)
    whole = np.array([WHOLE_BANK], np.int64)
    return [
        (bank, np.concatenate([whole, np.unique(np.concatenate(parts)[:_MOST])]))
        for bank, parts in by_bank.items()
    ]
