"""What the running server knows of its log: for /healthz and for /metrics."""

from __future__ import annotations

import asyncio
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.errors import LeewardError, Overloaded, QuarantineFull
from leeward.server._answers import HealthAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from leeward.model import Settings
    from leeward.pipeline import (
        ExchangeStanding,
        FetchStanding,
        ScoringStanding,
        ScoringState,
    )
    from leeward.store import Log, LogStatus, Writer

__all__ = ["Reading", "State"]

FRESH_SECONDS: Final = 1.0
"""How long a reading stands: who asks more often gets the same."""
FAILURE_SECONDS: Final = 30.0
"""How long one failure to write counts, unless a success comes first."""
NEARLY: Final = 0.8
"""The share of a bound at which it is nearly reached."""
BEHIND: Final = 4
"""Hot rows are sealed at ``log.seal_events``; at so many times that, sealing is failing."""
LEAST_FREE: Final = 0.02
LEAST_FREE_BYTES: Final = 256 << 20


class Reading(NamedTuple):
    """The log, its disk, what came from exchanges, fetching and scoring, at one moment."""

    log: LogStatus
    disk_free: int
    disk_size: int
    exchanges: Sequence[ExchangeStanding] = ()
    fetching: FetchStanding | None = None
    scoring: tuple[ScoringState, ScoringStanding] | None = None


class State:
    """Reads the log's figures off the event loop, and judges them.

    Args:
        data: The data folder.
        log: A reader of the log.
        writer: Its writer.
        settings: The bounds.
        tables_answer: Whether keys can be looked up; called on the event loop.
    """

    def __init__(
        self,
        data: Path,
        log: Log,
        writer: Writer,
        settings: Settings,
        tables_answer: Callable[[], bool],
    ) -> None:
        self._data = data
        self._log = log
        self._writer = writer
        self._settings = settings
        self._tables_answer = tables_answer
        self._thread = ThreadPoolExecutor(1, "leeward-state")
        self._reading: asyncio.Future[Reading] | None = None
        self._read_at = 0.0
        self._failed_at: float | None = None
        self.chores: Mapping[str, str] = {}
        self.exchanges: Callable[[], Sequence[ExchangeStanding]] = list
        self.fetching: Callable[[], FetchStanding | None] = lambda: None
        self.scoring: Callable[[], tuple[ScoringState, ScoringStanding] | None] = lambda: None
        self.closing = False

    async def reading(self) -> Reading:
        """The figures, at most :data:`FRESH_SECONDS` old.

        Raises:
            LeewardError: They cannot be read.
        """
        now = time.monotonic()
        last = self._reading
        stale = last is None or (last.done() and self._read_at + FRESH_SECONDS < now)
        if last is None or stale:
            self._read_at = now
            last = asyncio.get_running_loop().run_in_executor(self._thread, self._read)
            self._reading = last
        return await asyncio.shield(last)

    def note(self, error: LeewardError | None) -> None:
        """Remember how the latest attempt to write ended."""
        if error is None:
            self._failed_at = None
        elif not isinstance(error, Overloaded | QuarantineFull):
            self._failed_at = time.monotonic()

    @property
    def full(self) -> bool:
        """Whether the writer's queue takes nothing more."""
        return self._writer.queued >= self._settings.log.queue_events

    async def health(self) -> HealthAnswer:
        """Whether events can be taken, and what needs a person. Without figures: anyone may ask."""
        down = []
        if self.closing:
            down.append("the server is stopping")
        if self._failed_at is not None and time.monotonic() < self._failed_at + FAILURE_SECONDS:
            down.append("the log cannot be written")
        if not self._tables_answer():
            down.append("the tables do not answer")
        try:
            reasons = self._concerns(await self.reading())
        except LeewardError:
            down.append("the log cannot be read")
            reasons = []
        if down:
            return HealthAnswer("down", down + reasons)
        return HealthAnswer("degraded" if reasons else "ok", reasons)

    def close(self) -> None:
        """Finish the reading that is under way."""
        self._thread.shutdown()

    def _read(self) -> Reading:
        disk = shutil.disk_usage(self._data)
        return Reading(
            self._log.status(),
            disk.free,
            disk.total,
            self._exchanges(),
            self._fetching(),
            self.scoring(),
        )

    def _exchanges(self) -> Sequence[ExchangeStanding]:
        try:
            return self.exchanges()
        except LeewardError:
            return ()  # that the tables do not answer is said elsewhere

    def _fetching(self) -> FetchStanding | None:
        try:
            return self.fetching()
        except LeewardError:
            return None  # as above

    def _concerns(self, reading: Reading) -> list[str]:
        bounds = self._settings.log
        waiting = reading.log.quarantine
        concerns = []
        if waiting.bytes > NEARLY * bounds.quarantine_bytes:
            concerns.append("the quarantine is nearly full")
        elif waiting.waiting:
            concerns.append("the quarantine is not empty")
        if reading.disk_free < max(LEAST_FREE_BYTES, LEAST_FREE * reading.disk_size):
            concerns.append("the disk is nearly full")
        if self._writer.trouble is not None:
            concerns.append(self._writer.trouble)
        elif reading.log.hot > BEHIND * bounds.seal_events:
            concerns.append("hot rows are not being sealed")
        if self._writer.queued > NEARLY * bounds.queue_events:
            concerns.append("the writer's queue is nearly full")
        concerns.extend(self.chores.values())
        return concerns
