"""How many bytes of requests may be in memory at a time."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final

from leeward.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Budget", "Share"]

REQUEST_BYTES: Final = 16 << 10
"""What a request costs beyond its body: headers, tasks, decoded objects of a small body."""


class Budget:
    """A number of bytes that requests share. Safe to use from any thread.

    Args:
        size: Bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes that requests hold now."""
        return self._used

    @contextlib.contextmanager
    def share(self) -> Iterator[Share]:
        """A request's share, given back at the end.

        Raises:
            Overloaded: Nothing is left.
        """
        share = Share(self)
        share.grow_to(REQUEST_BYTES)
        try:
            yield share
        finally:
            self._change(-share.size)

    def _change(self, by: int) -> None:
        with self._lock:
            if by > 0 and self._used + by > self.size:
                raise Overloaded("too many bytes are in flight", retry_after=1)
            self._used += by


class Share:
    """The bytes that one request holds."""

    __slots__ = ("_budget", "size")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    def hold(self, body: int) -> None:
        """Make sure of the bytes of a body.

        Raises:
            Overloaded: They are not there.
        """
        self.grow_to(body + REQUEST_BYTES)

    def grow_to(self, size: int) -> None:
        """Hold so many bytes in all, or more."""
        if size > self.size:
            self._budget._change(size - self.size)
            self.size = size
