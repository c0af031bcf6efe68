"""When an origin may be asked: not too often, not too much at a time, and not while it is down."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leeward.connectors import Origins

__all__ = ["Pace"]

_FAILURES: Final = 5
"""So many failures in a row mean that it is the origin, and not the file."""

_FIRST_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 600.0


@dataclass(slots=True)
class _Lane:
    """What is known of one origin; times are of the monotonic clock."""

    spacing: float
    parallel: int
    under_way: int = 0
    next_at: float = 0.0
    paused_until: float = 0.0
    failures: int = 0


class Pace:
    """Keeps to what the settings allow for each origin. Threads may share it.

    Args:
        origins: With their rates.
        longest: Seconds for which an origin is left alone at the most.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        origins: Origins,
        longest: float = _LONGEST_PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._longest = longest
        self._clock = clock
        self._lanes = {
            name: _Lane(60 / origin.settings.per_minute, origin.settings.parallel)
            for name, origin in origins.by_name.items()
        }

    def begin(self, name: str) -> bool:
        """Take a place for a file of an origin; False where it is not the time."""
        with self._lock:
            lane = self._lanes[name]
            now = self._clock()
            free = lane.under_way < lane.parallel and now >= max(lane.next_at, lane.paused_until)
            lane.under_way += free
            return free

    def visit(self, name: str) -> None:
        """A request is made to an origin, which a redirect may have led to."""
        with self._lock:
            lane = self._lanes[name]
            lane.next_at = max(lane.next_at, self._clock()) + lane.spacing

    def end(self, name: str, *, failed: bool = False, wait: float | None = None) -> None:
        """Give the place back.

        Args:
            name: Of the origin.
            failed: Whether it was the origin that failed, rather than that the file is not there.
            wait: Seconds that the origin asks to be left alone.
        """
        with self._lock:
            lane = self._lanes[name]
            lane.under_way -= 1
            lane.failures = lane.failures + 1 if failed else 0
            pause = wait or 0.0
            if lane.failures >= _FAILURES:
                pause = max(pause, _FIRST_PAUSE * 2 ** min(lane.failures - _FAILURES, 10))
                pause = min(pause, max(_LONGEST_PAUSE, wait or 0.0))
            lane.paused_until = max(lane.paused_until, self._clock() + min(pause, self._longest))

    def paused(self, name: str) -> bool:
        """Whether an origin is left alone for a while, which is more than its usual pace."""
        with self._lock:
            return self._clock() < self._lanes[name].paused_until

    def until_next(self, names: Iterable[str]) -> float:
        """Seconds until one of some origins may be asked; infinite while all of them are busy."""
        with self._lock:
            now = self._clock()
            lanes = (self._lanes[name] for name in names)
            free = (lane for lane in lanes if lane.under_way < lane.parallel)
            times = (max(lane.next_at, lane.paused_until) for lane in free)
            return max(0.0, min(times, default=float("inf")) - now)
