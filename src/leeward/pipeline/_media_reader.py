"""The media of a log some at a time, read from it in larger pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.store import read_media

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.store import Log, MediaItems

__all__ = ["MediaReader"]


class MediaReader:
    """Reads on where it was, as long as nothing that was read ahead was erased since.

    Args:
        log: The log.
        events: Events that are given at a time.
    """

    def __init__(self, log: Log, events: int) -> None:
        self._log, self._events = log, events
        self._ahead: Iterator[MediaItems] = iter(())
        self._place = -1
        self._rewritten = -1

    def read(self, after: int, rewritten: int) -> MediaItems:
        """What some events behind a place carry; at the end of the log it ends where it begins.

        Args:
            after: The place.
            rewritten: What ``Log.rewritten`` says now.
        """
        part = None
        if (after, rewritten) == (self._place, self._rewritten):
            part = next(self._ahead, None)
        if part is None:
            items = read_media(self._log, after)
            self._ahead = items.parts(self._events, items.through)
            part = next(self._ahead)
        self._place, self._rewritten = part.through, rewritten
        return part
