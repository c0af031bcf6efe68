"""Kernels over ranges of nodes, on all cores; they run without the interpreter lock."""

from __future__ import annotations

import ctypes
import os
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.network._graph.graph import Graph

__all__ = ["give_back", "in_parts"]

T = TypeVar("T")

_THREADS: Final = min(8, os.cpu_count() or 1)
_PARTS: Final = 8
"""Ranges a thread, so that none waits long for the others."""
_SMALL = 50_000
"""Nodes and edges that one thread is done with before another has begun."""


def in_parts(graph: Graph, call: Callable[[int, int], T]) -> list[T]:
    """Call with the ends of ranges of nodes that have about as many edges each."""
    out, into, count = graph.out.start, graph.into.start, len(graph.kind)

    def work(node: int) -> int:
        return int(out[node]) + int(into[node]) + node

    if work(count) <= _SMALL:
        return [call(0, count)]
    parts = _PARTS * _THREADS
    ends = [bisect_left(range(count), work(count) * i // parts, key=work) for i in range(parts)]
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(call, ends, [*ends[1:], count]))


def give_back() -> None:
    """Give memory that was freed back to the system.

    The C library of Linux (glibc) keeps some for each thread that ever asked for any, and what one
    has freed serves no other. Where the library has no such call, nothing happens.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(ctypes.c_size_t(0))
