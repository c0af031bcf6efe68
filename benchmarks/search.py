"""What a search from ten seeds costs on a simulated platform.

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
from typing import Any

import numpy as np

from leeward.evaluate import draw_seeds, read_truth
from leeward.network import Discovery, Graph, Seed, discover
from leeward.pipeline import ingest, interaction_graph
from leeward.simulate import simulate
from leeward.store import Log, Writer
from machine import memory

__all__ = ["run"]

ROUNDS = 3
"""How often it is measured after a first time, which compiles; the median counts."""

SEEDS = 10

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
    seeds = [Seed("account", name) for name in draw_seeds(roles, SEEDS, 1)]
    with Log(folder / "data") as log:
        graph = interaction_graph(log)
        before = memory()
        spent = []
        for _ in range(ROUNDS + 1):
            wall, cpu = time.perf_counter(), time.process_time()
            found = discover(graph, seeds, log.hasher)
            spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    return _figures(graph, found, spent, before)


def _figures(
    graph: Graph, found: Discovery, spent: list[tuple[float, float]], before: dict[str, float]
) -> dict[str, Any]:
    wall, cpu = np.median(spent[1:], axis=0).tolist()
    return {
        "accounts": len(found.search.touches.accounts),
        "edges, both ways": 2 * len(graph.out.node),
        "touches of shared things": len(found.search.touches.by_account.other),
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
