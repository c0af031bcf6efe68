"""Scoring beside a server: a process that computes, and a thread that stores what it found."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.errors import LeewardError
from leeward.pipeline._scoring_wire import (
    REFUSED,
    STOP,
    STORED,
    Failed,
    Said,
    ToStore,
    decoder,
    pack,
)
from leeward.pipeline._unexpected import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

    from leeward.model import Settings
    from leeward.store import Writer

__all__ = ["ScoringKeeper", "ScoringState"]

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0
_SOUND: Final = 300.0
"""Seconds after which a process that ends is not taken for one that cannot begin."""
_STOP_SECONDS: Final = 5.0
"""For the process to save what the signals remember; else a replay has more to do."""
_CHORE: Final = "_score"


class ScoringState(NamedTuple):
    """What is known of scoring in this server.

    Attributes:
        findings, verdicts: Stored since the server began.
        broken: What cannot be used, in words.
        replayed, replay: How far a replay has come, and how far it has to; 0 where there is none.
    """

    findings: int
    verdicts: int
    broken: dict[str, str]
    replayed: int
    replay: int


class ScoringKeeper:
    """Keeps the process that scores running, and stores what it hands over.

    Args:
        writer: The log's writer.
        folder: The data folder.
        settings: What is in force.
        report: Told of what failed, in words without content.
        trouble: Where it says in words what does not succeed at present.
    """

    def __init__(
        self,
        writer: Writer,
        folder: Path,
        settings: Settings,
        report: Callable[[LeewardError], None],
        trouble: dict[str, str],
    ) -> None:
        self._writer, self._folder = writer, folder
        self._settings = pack(settings)
        self._report, self._trouble = report, trouble
        self._stop = threading.Event()
        self._findings = self._verdicts = 0
        self._said = Said({}, 0, 0)
        self._failed: LeewardError | None = None
        self._thread = threading.Thread(target=self._run, name="leeward-scoring", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way is stored."""
        self._stop.set()
        self._thread.join()

    @property
    def state(self) -> ScoringState:
        """What is known of it."""
        said = self._said
        return ScoringState(self._findings, self._verdicts, said.broken, said.replayed, said.replay)

    def _run(self) -> None:
        wait = _FIRST_WAIT
        # Where nothing ever comes in, no process is needed.
        while not self._stop.wait(_FIRST_WAIT) and not self._writer.last_seq:
            pass
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._serve()
            except LeewardError as error:
                self._failed = error
            except Exception as error:  # this thread must outlive whatever goes wrong
                self._failed = unexpected(error)
            if self._stop.is_set():
                return
            wait = _FIRST_WAIT if time.monotonic() > began + _SOUND else wait
            self._tell(self._failed or LeewardError("the process that scores has ended"))
            self._stop.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _tell(self, error: LeewardError) -> None:
        if _CHORE not in self._trouble:
            self._report(error)
        self._trouble[_CHORE] = "scoring fails"

    def _serve(self) -> None:
        """Start a process and store what it hands over, until it ends or is told to."""
        self._failed = None
        ours, theirs = Pipe()
        command = [sys.executable, "-m", "leeward.pipeline._scoring_child", str(theirs.fileno())]
        with ours:
            with theirs:
                process = subprocess.Popen(  # noqa: S603 - our own module
                    [*command, str(self._folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            try:
                ours.send_bytes(self._settings)
                self._store_all(ours)
            except (EOFError, OSError):
                return  # the process has ended
            finally:
                process.kill()
                process.wait()

    def _store_all(self, child: Connection) -> None:
        deadline = None
        heard = False
        while deadline is None or time.monotonic() < deadline:
            if deadline is None and self._stop.is_set():
                if not heard:
                    return  # it has not begun yet
                child.send_bytes(STOP)
                deadline = time.monotonic() + _STOP_SECONDS
            if child.poll(0.1):
                heard = True
                self._take(child, child.recv_bytes())

    def _take(self, child: Connection, body: bytes) -> None:
        match decoder.decode(body):
            case ToStore(scored, rewritten):
                stored = self._writer.add_scored(scored, rewritten=rewritten)
                child.send_bytes(REFUSED if stored is None else STORED)
                if stored is not None:
                    self._findings += stored.findings
                    self._verdicts += stored.verdicts
                    self._trouble.pop(_CHORE, None)
            case Said() as said:
                self._said = said
                self._trouble.pop(_CHORE, None)
                self._note_broken(said)
            case Failed(message, where, hint):
                self._failed = LeewardError(message, where=where, hint=hint)

    def _note_broken(self, said: Said) -> None:
        if said.broken:
            self._trouble["_score_lists"] = "a list, model or policy of scoring cannot be used"
        else:
            self._trouble.pop("_score_lists", None)
