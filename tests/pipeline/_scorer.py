"""A process that scores a log and saves its memory often, until it is done or killed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from leeward.pipeline._detector_kinds import KINDS
from leeward.pipeline._scoring_job import ScoringJob
from leeward.store import Writer, read_settings
from tests.pipeline._scoring_worlds import install

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path


def score_often(data: Path, seed: int, owner: Connection) -> None:
    """Score in parts of any size, and save at every fifth or so; tell the beginning and the end."""
    install(KINDS)
    rng = random.Random(seed)  # noqa: S311 - not a secret
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        owner.send_bytes(b"open")
        while (step := job.step(rng.randint(1, 60))) is not None:
            if step.scored is not None:
                stored = writer.add_scored(step.scored, rewritten=step.rewritten)
                assert stored is not None
            if not step.replayed:
                owner.send_bytes(b"part")
            if rng.random() < 0.2:
                job.save()
        job.save()
    owner.send_bytes(b"done")
