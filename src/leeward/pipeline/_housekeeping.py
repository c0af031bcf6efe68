"""What a running server does beside receiving: erasures that were asked for, and retention."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from leeward.errors import ApprovalRequired, LeewardError
from leeward.pipeline._erasure import carry_out
from leeward.pipeline._retention import retain
from leeward.pipeline._unexpected import unexpected
from leeward.store.tables import list_erasures

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.store import Writer
    from leeward.store.tables import Tables

__all__ = ["Housekeeper"]

_LOOK: Final = 2.0
_RETAIN: Final = 3_600.0
_AGAIN: Final = 60.0
_SELF: Final = "leeward serve"
"""Who acts where no person does: only what the settings order."""

_WORK: Final = {"_erase": "erasing a person", "_retain": "retention"}


class Housekeeper:
    """Carries out what only the log's writer can do, in a thread of its own.

    ``trouble`` says in words what does not succeed at present.

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
        self._retain_at = float("-inf")
        self._rest_until = float("-inf")
        self.trouble: dict[str, str] = {}
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
                    if step():
                        self.trouble.pop(step.__name__, None)
                except LeewardError as error:
                    self._fail(step.__name__, error)
                except Exception as error:  # this thread must outlive whatever goes wrong
                    self._fail(step.__name__, unexpected(error))

    def _fail(self, step: str, error: LeewardError) -> None:
        self.trouble[step] = f"{_WORK[step]} fails"
        self._report(error)

    def _erase(self) -> bool:
        """Carry out what was asked for; False where it is not the time."""
        if time.monotonic() < self._rest_until:
            return False
        with self._tables.read() as connection:
            asked = list_erasures(connection, done=False)
        now = time.monotonic()
        for request in asked:
            # A request that was asked for again has no proof: it need not wait for its hour.
            if request.proof is not None and now < self._put_off.get(request.id, now):
                continue
            try:
                carry_out(self._writer, self._tables, request, request.asked_by)
            except ApprovalRequired as error:
                self._put_off[request.id] = now + _RETAIN
                self._report(error)
            except LeewardError:
                self._rest_until = now + _AGAIN
                raise
        return True

    def _retain(self) -> bool:
        """Remove what the settings do not keep; False where it is not the time."""
        now = time.monotonic()
        if now < self._retain_at:
            return False
        self._retain_at = now + _AGAIN
        retain(self._writer, self._tables, _SELF, apply=True)
        self._retain_at = now + _RETAIN
        return True
