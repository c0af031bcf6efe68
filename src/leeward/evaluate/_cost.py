"""Seconds, and the most memory, that something takes."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

__all__ = ["Cost", "measured"]

_SELF: Final = Path("/proc/self")
_RESET: Final = "5"
"""Written to ``clear_refs`` it makes the kernel forget the peak until now; see proc(5)."""
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Cost(Struct, frozen=True):
    """What something took.

    Attributes:
        seconds: By the clock on the wall.
        memory: The most bytes that the process held meanwhile, what it held before among them.
            Where the system cannot forget an earlier peak, this is the peak since the start.
    """

    seconds: float
    memory: int


def measured(work: Callable[[], T]) -> tuple[T, Cost]:
    """Do some work, and tell what it took."""
    _forget()
    begin = time.perf_counter()
    result = work()
    return result, Cost(time.perf_counter() - begin, _peak())


def _forget() -> None:
    try:
        (_SELF / "clear_refs").write_text(_RESET)
    except OSError:  # no such file there: then an earlier peak counts too
        return


def _peak() -> int:
    try:
        found = _PEAK.search((_SELF / "status").read_text())
    except OSError:
        found = None
    kilobytes = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * 1024
