"""What a running server does beside receiving: erasures that were asked for, and retention."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from leeward.errors import ApprovalRequired, LeewardError
from leeward.pipeline._erasure import carry_out
from leeward.pipeline._retention import retain
from leeward.store.tables import list_erasures

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.store import Writer
    from leeward.store.tables import Tables

__all__ = ["Housekeeper"]

_LOOK: Final = 2.0
_RETAIN: Final = 3_600.0
_AGAIN: Final = 60.0


class Housekeeper:
    """Carries out what only the log's writer can do, in a thread of its own.

    Args:
        writer: The log's writer.
        tables: The operational tables.
        report: Told of what failed, in words without content.
    """

    def __init__(
        self, writer: Writer, tables: Tables, report: Callable[[LeewardError], None]
    ) -> None:
        self._writer = writer
        self._tables = tables
        self._report = report
        self._stop = threading.Event()
        self._put_off: dict[int, float] = {}
        self._retained = float("-inf")
        self._thread = threading.Thread(target=self._run, name="leeward-housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK):
            for step in (self._erase, self._retain):
                try:
                    step()
                except LeewardError as error:
                    self._report(error)

    def _erase(self) -> None:
        with self._tables.read() as connection:
            asked = list_erasures(connection, done=False)
        now = time.monotonic()
        for request in asked:
            if now < self._put_off.get(request.id, now):
                continue
            try:
                carry_out(self._writer, self._tables, request, request.asked_by)
            except LeewardError as error:
                wait = _RETAIN if isinstance(error, ApprovalRequired) else _AGAIN
                self._put_off[request.id] = now + wait
                self._report(error)

    def _retain(self) -> None:
        now = time.monotonic()
        if now - self._retained >= _RETAIN:
            self._retained = now
            retain(self._writer, self._tables, apply=True)
