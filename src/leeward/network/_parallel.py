"""Kernels over ranges of nodes, on two threads; they run without the interpreter lock."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.network._graph import Graph

__all__ = ["in_parts"]

T = TypeVar("T")

_THREADS: Final = min(8, os.cpu_count() or 1)
_PARTS: Final = 4
"""Ranges a thread, so that none waits long for the others."""


def in_parts(graph: Graph, call: Callable[[int, int], T]) -> list[T]:
    """Call with the ends of ranges of nodes that have about as many edges each."""
    work = graph.out.start + graph.into.start + np.arange(len(graph.kind) + 1)
    shares = np.linspace(0, int(work[-1]), _PARTS * _THREADS + 1)
    low = np.searchsorted(work, shares[:-1]).tolist()
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(call, low, [*low[1:], len(graph.kind)]))
