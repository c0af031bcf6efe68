"""From the log to its interaction graph, reading only what the saved one does not have yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from leeward.errors import LeewardError, StoreError
from leeward.network import COLUMNS, GraphBuilder
from leeward.pipeline._media_joins import media_joins
from leeward.store import load_graph, save_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leeward.network import Graph, Joins
    from leeward.store import Log

    T = TypeVar("T")

__all__ = ["interaction_graph"]

_UNSAVED: Final = 0.05
"""The share of the events of a graph that may be missing in the saved one."""


def interaction_graph(
    log: Log,
    *,
    keep: bool = True,
    progress: Callable[[int], None] = lambda _: None,
    note: Callable[[str], None] | None = None,
) -> Graph:
    """The graph of all events of a log.

    With ``keep`` it begins with the saved graph, where there is one, and reads what came since.
    It saves the new one once more than 5 % of its events came since; until then each call reads
    them again, which takes less than saving all of it.

    Args:
        log: The log.
        keep: Begin with the saved graph, and save the new one.
        progress: Told now and then how many events were read.
        note: Told, in a sentence, why the graph could not be saved, or the media map not be read;
            it is good all the same. Without it that is an error.

    Raises:
        StoreError: The graph cannot be saved.
    """
    rewritten = log.rewritten()
    joins = _joins(log, note)
    saved = load_graph(log) if keep else None
    builder: GraphBuilder | None = None  # it copies what it begins with
    read = 0
    for batch in _ahead(log.scan(COLUMNS, after=0 if saved is None else saved.last_seq)):
        builder = builder or GraphBuilder(log.hasher, saved)
        builder.add(batch)
        read += len(batch)
        progress(read)
    apart = saved is not None and joins is not None and saved.apart(joins)
    if saved is not None and builder is None and not apart:
        return saved
    graph = (builder or GraphBuilder(log.hasher, saved)).finish(joins)
    if keep and (saved is None or apart or read > _UNSAVED * graph.events):
        _save(log, graph, rewritten, note)
    return graph


def _joins(log: Log, note: Callable[[str], None] | None) -> Joins | None:
    try:
        return media_joins(log)
    except LeewardError as error:
        if note is None:
            raise
        note(f"What the media map says was left out: {error.message}.")
        return None


def _save(log: Log, graph: Graph, rewritten: int, note: Callable[[str], None] | None) -> None:
    try:
        save_graph(log, graph, rewritten)
    except StoreError as error:
        if note is None:
            raise
        note(f"The graph could not be saved, so the next discovery takes longer: {error.message}.")


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
