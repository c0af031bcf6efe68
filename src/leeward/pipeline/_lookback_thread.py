"""Looking back in a running server: a thread that leaves the processor to what comes in."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from leeward.errors import LeewardError
from leeward.pipeline._lookback import LookBack, LookedBack
from leeward.pipeline._unexpected import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.store import Writer
    from leeward.store.tables import Tables

__all__ = ["LookBackThread"]

_LOOK: Final = 1.0
"""Seconds between two looks where nothing has come."""
_AGAIN: Final = 15.0
_REST: Final = 1.0
"""After each piece of work it rests so many times as long as that took."""
_BUSY_REST: Final = 12.0
"""The same while very much comes in: then what comes in goes before, and this is done later."""
_BUSY_EVENTS: Final = 10_000
_MOST_REST: Final = 60.0
_CHORE: Final = "_look_back"


class LookBackThread:
    """Keeps the media map and the findings of the banks up to date while a server runs.

    Args:
        writer: The log's writer.
        tables: The operational tables.
        folder: The data folder.
        report: Told of what failed, in words without content.
        trouble: Where it says in words what does not succeed at present.
    """

    def __init__(
        self,
        writer: Writer,
        tables: Tables,
        folder: Path,
        report: Callable[[LeewardError], None],
        trouble: dict[str, str],
    ) -> None:
        self._parts = (writer, tables, folder)
        self._report = report
        self._trouble = trouble
        self._stop = threading.Event()
        self._looking: LookBack | None = None
        self._last = writer.last_seq
        self._thread = threading.Thread(target=self._run, name="leeward-lookback", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the piece of work that is under way."""
        self._stop.set()
        self._thread.join()

    @property
    def done(self) -> LookedBack:
        """What was done since the server began."""
        return LookedBack() if self._looking is None else self._looking.done

    def _run(self) -> None:
        rest = 0.0
        while not self._stop.wait(rest):
            began = time.monotonic()
            try:
                more = self._step()
                self._trouble.pop(_CHORE, None)
                rest = self._rest(time.monotonic() - began) if more else _LOOK
            except LeewardError as error:
                rest = self._fail(error)
            except Exception as error:  # this thread must outlive whatever goes wrong
                rest = self._fail(unexpected(error))
        if self._looking is not None:
            self._looking.close()

    def _step(self) -> bool:
        if self._looking is None:
            self._looking = LookBack(*self._parts, self._note)
        return self._looking.step()

    def _rest(self, took: float) -> float:
        """How long to rest after a piece of work."""
        writer = self._parts[0]
        last, self._last = self._last, writer.last_seq
        busy = self._last - last > _BUSY_EVENTS or writer.queued > 0
        return min((_BUSY_REST if busy else _REST) * took, _MOST_REST)

    def _fail(self, error: LeewardError) -> float:
        if _CHORE not in self._trouble:
            self._report(error)
        self._trouble[_CHORE] = "looking back at seen media fails"
        return _AGAIN

    def _note(self, text: str) -> None:
        self._report(LeewardError(text))
