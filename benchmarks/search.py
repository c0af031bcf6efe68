"""What a search from ten seeds costs on a simulated platform, and a refresh of it.

The refresh is of the last events of the log, a hundred thousand or one in fifty where those are
fewer: the graph with them is timed apart.

In a process of its own, so that memory is that of the graph and the search alone. How good it is,
is measured by ``leeward evaluate discovery``.

    python benchmarks/search.py --accounts 200000
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from leeward.evaluate import draw_seeds, read_truth
from leeward.network import (
    COLUMNS,
    Graph,
    GraphBuilder,
    Search,
    Seed,
    discover,
    refresh,
    search,
)
from leeward.pipeline import ingest, interaction_graph
from leeward.simulate import simulate
from leeward.store import Log, Writer
from machine import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

__all__ = ["run"]

ROUNDS = 3
"""How often it is measured after a first time, which compiles; the median counts."""

SEEDS = 10

BATCH = 100_000
"""Events of a refresh, but one in :data:`LEAST` where those are fewer."""
LEAST = 50

_HERE = Path(__file__).resolve()


def run(accounts: int, folder: Path) -> dict[str, Any]:
    """Measure.

    Args:
        accounts: Accounts of the platform; one in a hundred is in the ring.
        folder: Where it is put; what is there is removed.

    Returns:
        Seconds, processor seconds of all threads, and memory in MB.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        simulate(folder / "platform", accounts=accounts, ring=accounts // 100, seed=1)
        with Writer.open(folder / "data") as writer:
            ingest([folder / "platform" / "events.parquet"], writer)
        command = [sys.executable, str(_HERE), "--measure", str(folder)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures: dict[str, Any] = json.loads(said)
        return figures
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path) -> dict[str, Any]:
    roles = read_truth(folder / "platform" / "truth.parquet")
    names = draw_seeds(roles, SEEDS, 1)
    seeds = [Seed("account", name) for name in names]
    with Log(folder / "data") as log:
        graph = interaction_graph(log)
        nodes = _nodes(graph, names, log)
        before = memory()
        alone: list[tuple[float, float]] = []
        whole: list[tuple[float, float]] = []
        for _ in range(ROUNDS):  # and nothing of one is kept during the next
            _timed(alone, search, graph, nodes)
        searched = _timed(alone, search, graph, nodes)
        figures = _searched(graph, searched, alone, before)
        del searched
        for _ in range(2):
            _timed(whole, discover, graph, seeds, log.hasher)
        wall, cpu = whole[1]
        figures |= {"with evidence, wall s": wall, "with evidence, cpu s": cpu}
        figures["peak MB with evidence"] = memory()["VmHWM"]
        del graph
        return figures | _refreshed(log, names)


def _refreshed(log: Log, names: list[str]) -> dict[str, Any]:
    """The last events as a batch that comes after a search."""
    last = log.last_seq()
    cut = last - min(BATCH, last // LEAST)
    base = _built(log, None, _batches(log, 0, cut))
    searched = search(base, _nodes(base, names, log), folds=2)
    batches = list(_batches(log, cut, last))
    growing: list[tuple[float, float]] = []
    spent: list[tuple[float, float]] = []
    for _ in range(ROUNDS + 1):
        graph = _timed(growing, _built, log, base, batches)
        found = _timed(spent, refresh, searched, graph, _nodes(graph, names, log))
    (extended, _), (wall, cpu) = (np.median(one[1:], axis=0).tolist() for one in (growing, spent))
    return {
        "events of the refresh": graph.events - base.events,
        "accounts that acted": found.acted,
        "graph of the refresh, wall s": extended,
        "refresh, wall s": wall,
        "refresh, cpu s": cpu,
        "refresh, wall s, the first time": spent[0][0],
        "peak MB with the refresh": memory()["VmHWM"],
    }


def _batches(log: Log, after: int, last: int) -> Iterator[pa.RecordBatch]:
    """The events of a log from one place to another."""
    for batch in log.scan(COLUMNS, after=after):
        seq = batch["seq"].to_numpy()
        yield batch.filter(pa.array((seq > after) & (seq <= last)))


def _built(log: Log, base: Graph | None, batches: Iterable[pa.RecordBatch]) -> Graph:
    builder = GraphBuilder(log.hasher, base)
    for batch in batches:
        builder.add(batch)
    return builder.finish()


def _nodes(graph: Graph, names: list[str], log: Log) -> dict[int, float]:
    nodes = (graph.find("account", name, log.hasher) for name in names)
    return {node: 1.0 for node in nodes if node is not None}


def _timed(spent: list[tuple[float, float]], call: Callable[..., T], *given: Any) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    found = call(*given)
    spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    return found


def _searched(
    graph: Graph, found: Search, spent: list[tuple[float, float]], before: dict[str, float]
) -> dict[str, Any]:
    wall, cpu = np.median(spent[1:], axis=0).tolist()
    return {
        "accounts": len(found.touches.accounts),
        "edges, both ways": 2 * len(graph.out.node),
        "touches of shared things": len(found.touches.by_account.other),
        "wall s": wall,
        "cpu s": cpu,
        "wall s, the first time": spent[0][0],
        "anonymous MB before": before["RssAnon"],
        "peak MB": memory()["VmHWM"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(_measure(given.measure)))
        raise SystemExit
    for figure, value in run(given.accounts, _HERE.parent / ".data" / "search").items():
        print(f"{figure}: {value if isinstance(value, int) else round(value, 2)}")
