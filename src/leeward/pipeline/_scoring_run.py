"""Scoring in this process, until there is nothing left to score."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leeward.pipeline._scoring_job import ScoringJob

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.model import Settings
    from leeward.pipeline._scoring import Step
    from leeward.store import Writer

__all__ = ["ScoredSoFar", "score"]


@dataclass(slots=True)
class ScoredSoFar:
    """What was done.

    Attributes:
        events: Events that were scored.
        replayed: Events that were gone through again, for what the signals remember.
        findings, verdicts: What was new of them.
        through: All events up to this place are scored.
        seconds: Time that it took.
        broken: What could not be used, in words.
    """

    events: int = 0
    replayed: int = 0
    findings: int = 0
    verdicts: int = 0
    through: int = 0
    seconds: float = 0.0
    broken: tuple[str, ...] = ()

    @property
    def per_second(self) -> float:
        """Events a second, those that were gone through again among them."""
        return (self.events + self.replayed) / self.seconds if self.seconds else 0.0


def score(
    writer: Writer,
    folder: Path,
    settings: Settings,
    say: Callable[[ScoredSoFar, int], None] = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
) -> ScoredSoFar:
    """Score all events of a log that are not scored yet, and store what comes of it.

    Args:
        writer: The log's writer.
        folder: The data folder.
        settings: What is in force.
        say: Told after each part what was done, and how far it has to come.
        stop: Asked after each part; True ends it. What was done so far stands.

    Raises:
        LeewardError: Something cannot be read or written; what was done so far stands.
    """
    done = ScoredSoFar()
    began = time.monotonic()
    with ScoringJob(folder, settings) as job:
        while not stop() and (step := job.step()) is not None:
            if _store(writer, step, done):
                done.through = job.scorer.through
                if job.save_due:
                    job.save()
            else:
                job.scorer.begin()  # something was erased since it was read
            done.seconds = time.monotonic() - began
            say(done, step.upto if step.replayed else writer.last_seq)
        if job.scorer.unsaved:
            job.save()
        done.through, done.broken = job.scorer.through, tuple(job.broken.values())
    done.seconds = time.monotonic() - began
    return done


def _store(writer: Writer, step: Step, done: ScoredSoFar) -> bool:
    """Store what came of some rows; False where it is void."""
    if step.scored is not None:
        stored = writer.add_scored(step.scored, rewritten=step.rewritten)
        if stored is None:
            return False
        done.findings += stored.findings
        done.verdicts += stored.verdicts
    if step.replayed:
        done.replayed += step.events
    else:
        done.events += step.events
    return True
