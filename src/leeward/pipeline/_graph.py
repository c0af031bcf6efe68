"""From the log to its interaction graph, reading only what the saved one does not have yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from leeward.network import COLUMNS, GraphBuilder
from leeward.store import load_graph, save_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.network import Graph
    from leeward.store import Log

    T = TypeVar("T")

__all__ = ["interaction_graph"]


def interaction_graph(
    log: Log, *, keep: bool = True, progress: Callable[[int], None] = lambda _: None
) -> Graph:
    """The graph of all events of a log.

    Args:
        log: The log.
        keep: Begin with the saved graph where there is one, and save the new one.
        progress: Told now and then how many events were read.

    Raises:
        StoreError: The graph cannot be saved.
    """
    rewritten = log.rewritten()
    saved = load_graph(log) if keep else None
    builder: GraphBuilder | None = None  # it copies what it begins with
    read = 0
    for batch in _ahead(log.scan(COLUMNS, after=0 if saved is None else saved.last_seq)):
        builder = builder or GraphBuilder(log.hasher, saved)
        builder.add(batch)
        read += len(batch)
        progress(read)
    if saved is not None and builder is None:
        return saved
    graph = (builder or GraphBuilder(log.hasher)).finish()
    if keep:
        save_graph(log, graph, rewritten)
    return graph


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made in another thread while the one before is used."""
    with ThreadPoolExecutor(1, "leeward-ahead") as thread:
        upcoming = thread.submit(next, items, None)
        try:
            while (item := upcoming.result()) is not None:
                upcoming = thread.submit(next, items, None)
                yield item
        finally:
            upcoming.cancel()
