"""A signal looks again at what was scored before it was as it is now."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from leeward.errors import UsageError
from leeward.pipeline._detectors import Detectors
from leeward.pipeline._scoring import AT_ONCE
from leeward.pipeline._scoring_gaps import cut, gaps, outside
from leeward.pipeline._scoring_job import SAVE_SECONDS
from leeward.pipeline._scoring_labels import Labels, labels_in
from leeward.pipeline._scoring_memory import Memory
from leeward.pipeline._scoring_rows import Part, Rows
from leeward.pipeline._scoring_run import ScoredSoFar
from leeward.pipeline._scoring_state import Saved, StateFile
from leeward.signals import Stateful
from leeward.store import Log, scoring_standing
from leeward.store.tables import database_url, open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leeward.model import Settings
    from leeward.signals import Looked, Signal
    from leeward.store import Writer
    from leeward.store.tables import Tables

__all__ = ["score_again"]

_JOB: Final = "again"


def score_again(
    writer: Writer,
    folder: Path,
    settings: Settings,
    name: str,
    say: Callable[[ScoredSoFar, int], None] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> ScoredSoFar:
    """Have one signal look at all scored events that its version has not looked at.

    Policies do not judge them again. A run that was ended goes on where it was.

    Args:
        writer: The log's writer.
        folder: The data folder.
        settings: What is in force.
        name: The signal.
        say: Told after each part what was done, and how far it has to come.
        stop: Asked after each part; True ends it. What was done so far stands.

    Raises:
        UsageError: There is no such signal, or its list or model cannot be used.
        LeewardError: Something cannot be read or written; what was done so far stands.
    """
    done = ScoredSoFar()
    began = time.monotonic()
    url = database_url(settings.tables, folder, os.environ)
    with Log(folder) as log, open_tables(url) as tables:
        while True:
            job = _Again(log, _signal(folder, settings, name), tables, folder)
            for part, looked in job.parts():
                scored = outside(job.coverage, [(job.signal, looked)], part, _JOB)
                if scored is not None:
                    stored = writer.add_scored(scored, rewritten=part.rewritten)
                    if stored is None:
                        break  # something was erased since it was read
                    done.findings += stored.findings
                done.events += 0 if part.batch is None else len(part.batch)
                done.through, done.seconds = part.through, time.monotonic() - began
                job.save()
                say(done, job.upto)
                if stop():
                    return done
            else:
                job.finish()
                return done


def _signal(folder: Path, settings: Settings, name: str) -> Signal:
    found = Detectors(folder, settings)
    for signal in found.anew():
        if signal.name == name:
            return signal
    raise UsageError(
        found.broken.get(name, "there is no such signal"),
        where=name,
        hint=f"choose among {', '.join(found.names) or 'none: there are no signals'}",
    )


class _Again:
    """One signal on its way through the log."""

    def __init__(self, log: Log, signal: Signal, tables: Tables, folder: Path) -> None:
        standing = scoring_standing(log)
        self.signal, self.upto, self.coverage = signal, standing.through, standing.coverage
        self._rows = Rows(log)
        self._due = gaps(self.coverage, signal, 1, self.upto)
        self._states = StateFile(folder, f"{_JOB}-{signal.name}")
        self._rewritten = log.rewritten()
        self._labels = Labels(labels_in(tables), standing.told)
        self._labels.refresh(self.upto)
        self._memory: Memory | None = None
        self._saved_at = time.monotonic()
        if isinstance(signal, Stateful):
            self._memory = Memory([signal], self._labels, self._restored(signal))

    def _restored(self, signal: Stateful) -> int:
        """Up to where the signal remembers: what a run before has saved, or nothing."""
        saved = self._states.load()
        if saved is None or saved.through > self.upto or saved.rewritten != self._rewritten:
            return 0
        return 0 if Memory.load([signal], saved.memory) else saved.through

    def parts(self) -> Iterator[tuple[Part, Looked]]:
        """The rows that are due, and what the signal says of them."""
        if not self._due:
            return
        memory = self._memory
        if memory is not None:  # it has to see all rows before those, too
            for part in self._between(memory.through, self._due[-1][1]):
                for looked in memory.look(part.batch, part.through, time.time_ns() // 1_000):
                    yield part, looked
            return
        for first, last in self._due:
            for part in self._between(first - 1, last):
                if part.batch is not None:
                    yield part, self.signal.look(part.batch, time.time_ns() // 1_000)

    def _between(self, after: int, upto: int) -> Iterator[Part]:
        while after < upto:
            part = self._rows.read(after, AT_ONCE)
            if part is None:
                return
            part = cut(part, upto)
            after = part.through
            yield part

    def save(self) -> None:
        """Save what the signal remembers, from time to time."""
        if self._memory is not None and time.monotonic() > self._saved_at + SAVE_SECONDS:
            self._saved_at = time.monotonic()
            memory = self._memory.save()
            self._states.save(Saved(self._memory.through, self._rewritten, memory))

    def finish(self) -> None:
        """There is nothing to go on with any more."""
        self._states.remove()
