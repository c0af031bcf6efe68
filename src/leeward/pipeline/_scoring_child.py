"""The process that scores while a server runs: ``python -m leeward.pipeline._scoring_child``.

It reads the log and hands what came of it to the process that writes. It holds no right to write
to the log, and ends when its owner does.
"""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa

from leeward.errors import LeewardError
from leeward.pipeline._scoring_job import ScoringJob
from leeward.pipeline._scoring_wire import REFUSED, STOP, STORED, Failed, Said, ToStore, unpack
from leeward.pipeline._unexpected import unexpected

if TYPE_CHECKING:
    from leeward.pipeline._scoring import Step

__all__ = ["main"]

LOOK_SECONDS: Final = 0.02
"""How often the end of the log is looked at; a look costs a fraction of a millisecond."""

_ENCODER: Final = msgspec.msgpack.Encoder()


def main() -> None:
    """Score until the owner says stop or is gone."""
    descriptor, folder = int(sys.argv[1]), Path(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner says when
    pa.set_cpu_count(1)  # the processor belongs to those who receive events first
    with Connection(descriptor) as owner:
        try:
            with ScoringJob(folder, unpack(owner.recv_bytes())) as job:
                _Scoring(job, owner).run()
        except (EOFError, ConnectionError):
            return
        except LeewardError as error:
            _tell(owner, Failed(error.message, error.where, error.hint))
        except Exception as error:  # its message could hold content
            _tell(owner, Failed(unexpected(error).message, None, None))


def _tell(owner: Connection, message: Failed) -> None:
    try:
        owner.send_bytes(_ENCODER.encode(message))
    except OSError:
        return  # nobody is there to hear it


class _Scoring:
    """One thing handed over at a time; the next is computed meanwhile."""

    def __init__(self, job: ScoringJob, owner: Connection) -> None:
        self._job, self._owner = job, owner
        self._waiting = False
        self._stopping = False
        self._said: Said | None = None

    def run(self) -> None:
        """Until the owner says stop.

        Raises:
            EOFError: The owner is gone.
            LeewardError: Something cannot be read.
        """
        while not self._stopping:
            step = self._job.step()
            self._say(step)
            if not self._settle():
                continue  # what was computed since is void, too
            if step is not None and step.scored is not None:
                self._owner.send_bytes(_ENCODER.encode(ToStore(step.scored, step.rewritten)))
                self._waiting = True
                if step.scored.settled and not self._settle():
                    continue  # the next look would find the same events again
            elif step is None:
                self._rest()
            if self._job.save_due and self._settle():
                self._job.save()
        if self._settle() and self._job.scorer.unsaved:
            self._job.save()

    def _settle(self) -> bool:
        """Wait for what was handed over; False where it was refused, and scoring begins again."""
        while self._waiting:
            self._hear()
            if self._refused:
                self._refused = False
                self._job.scorer.begin()
                return False
        return True

    _refused = False

    def _rest(self) -> None:
        """Until the log may have grown, or the owner says something."""
        if self._owner.poll(LOOK_SECONDS):
            self._hear()

    def _hear(self) -> None:
        answer = self._owner.recv_bytes()
        if answer == STOP:
            self._stopping = True
        elif answer in (STORED, REFUSED):
            self._waiting, self._refused = False, answer == REFUSED

    def _say(self, step: Step | None) -> None:
        """What is broken, and how far a replay has come, where that is news."""
        replay = (0, 0) if step is None else step.replay
        said = Said(self._job.broken, *replay)
        if said != self._said:
            self._said = said
            self._owner.send_bytes(_ENCODER.encode(said))


if __name__ == "__main__":
    main()
