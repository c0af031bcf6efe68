"""What further seeds are worth, a second search after some accounts were judged, and growing logs.

How good a search is on other platforms, under attacks and beside other methods, is measured by
``leeward evaluate discovery``. Quality does not depend on the clock; what graphs and searches cost
as platforms grow does. A million accounts make 25 million events.

    python benchmarks/discovery.py
    python benchmarks/discovery.py --growth 250000 500000 1000000 2000000
    python benchmarks/discovery.py --growth 200000 1000000 --keep FOLDER
    python benchmarks/discovery.py --log DATA --truth truth.parquet

With ``--keep`` platforms stay where they are made, and are taken from there. ``--log`` measures a
log that is there. What later events cost is measured by ``benchmarks/search.py``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leeward.evaluate import RING, draw_seeds, read_truth, trial
from leeward.network import Seed
from leeward.network import discover as discovered
from leeward.pipeline import discover, ingest, interaction_graph
from leeward.simulate import simulate
from leeward.store import Log, Writer
from machine import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HERE = Path(__file__).resolve()
_WARM = 2_000
"""Accounts of a platform whose measures are thrown away: kernels are compiled there."""
_SEEDS = 10
_SHARE = 100
"""One account in so many is in the ring."""


def further_seeds(draws: int = 4) -> dict[str, Any]:
    """More seeds, and a second search after sixty accounts were judged; means of the draws.

    A platform of 20,000 accounts with a ring of 300. What was judged counts for nothing.
    """
    folder = Path(tempfile.mkdtemp(prefix="leeward-discovery-"))
    figures: dict[str, list[float]] = {}
    try:
        simulate(folder / "platform", accounts=20_000, ring=300, seed=5)
        with Writer.open(folder / "data") as writer:
            ingest([folder / "platform" / "events.parquet"], writer)
        roles = read_truth(folder / "platform" / "truth.parquet")
        with Log(folder / "data") as log:
            for draw in range(1, draws + 1):
                for name, precision in _searches(log, roles, draw):
                    figures.setdefault(name, []).append(precision)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {name: float(np.mean(values)) for name, values in figures.items()}


def _searches(log: Log, roles: dict[str, str], draw: int) -> Iterator[tuple[str, float]]:
    drawn = np.random.default_rng(draw).permutation(draw_seeds(roles, 80, draw)).tolist()

    def precision(seeds: list[str], given: list[str]) -> float:
        found = discover(log, seeds, limit=1)
        return trial(found, roles, given, (100,)).average_precision or 0.0

    for count in (5, 10, 20, 40, 80):
        yield f"{count} seeds", precision(drawn[:count], drawn)
    seeds = drawn[:10]
    first = discover(log, seeds, limit=120)
    judged = [one.account for one in first.ranking if one.account not in seeds][:60]
    ring = [account for account in judged if roles[account] in RING]
    innocent = [f"{account}\tinnocent" for account in judged if roles[account] not in RING]
    for name, more in (
        ("the same ten", []),
        ("and those found innocent", innocent),
        ("and those found to belong", ring),
        ("and both", [*ring, *innocent]),
    ):
        yield f"second search: {name}", precision([*seeds, *more], [*seeds, *judged])


def growth(sizes: list[int], folder: Path, *, keep: bool = False) -> Iterator[dict[str, float]]:
    """What the graph of a whole log and a search from ten seeds cost, platform by platform.

    Each in a process of its own, so that memory is its alone. A platform is removed before the
    next is made, unless it is kept.

    Args:
        sizes: Accounts of each platform.
        folder: Where they are put; what is there is removed, unless platforms are kept.
        keep: Leave them there, and take those that are there.
    """
    for accounts in (_WARM, *sizes):
        place = folder / str(accounts) if keep else folder
        try:
            if not keep or not (place / "made").exists():
                _make(accounts, place)
            figures = of_log(place / "data", place / "platform" / "truth.parquet")
        finally:
            if not keep:
                shutil.rmtree(place, ignore_errors=True)
        if accounts != _WARM:
            yield {"accounts": accounts, **figures}


def _make(accounts: int, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    simulate(place / "platform", accounts=accounts, ring=accounts // _SHARE, seed=1)
    with Writer.open(place / "data") as writer:
        ingest([place / "platform" / "events.parquet"], writer)
    (place / "platform" / "events.parquet").unlink()
    (place / "made").touch()


def of_log(data: Path, truth: Path) -> dict[str, float]:
    """The same of a log that is there, each part in a process of its own.

    Args:
        data: The log's folder. The graph is saved there.
        truth: The roles of its accounts.
    """
    figures: dict[str, float] = {}
    for what in ("graph", "save", "search"):
        command = [sys.executable, str(_HERE), "--measure", what, str(data), str(truth)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures |= json.loads(said)
    return figures


def _measured(what: str, data: Path, truth: Path) -> dict[str, float]:
    """One of the parts, in this process."""
    names = draw_seeds(read_truth(truth), _SEEDS, 1)
    seeds = [Seed("account", name) for name in names]
    with Log(data) as log:
        if what == "graph":
            graph, figures = _cost(what, lambda: interaction_graph(log, keep=False))
            return {"events": graph.events, **figures}
        graph = interaction_graph(log)
        if what == "save":
            return {}
        return _cost(what, lambda: discovered(graph, seeds, log.hasher))[1]


def _cost(what: str, work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, {
        f"{what}, wall s": time.perf_counter() - wall,
        f"{what}, cpu s": time.process_time() - cpu,
        f"{what}, peak MB": memory()["VmHWM"],
    }


def exponents(rows: list[dict[str, float]]) -> dict[str, float]:
    """By what power of the number of events each cost grows: least squares on logarithms."""
    events = np.log([row["events"] for row in rows])
    costs = [name for name in rows[0] if name not in ("accounts", "events")]
    return {
        name: float(np.polyfit(events, np.log([row[name] for row in rows]), 1)[0])
        for name in costs
        if len(rows) > 1
    }


def _shown(figures: dict[str, float], digits: int) -> str:
    return ", ".join(f"{name} {value:,.{digits}f}" for name, value in figures.items())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--growth", type=int, nargs="+", metavar="ACCOUNTS")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--log", type=Path, metavar="DATA")
    parser.add_argument("--truth", type=Path, metavar="FILE")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        part, *paths = given.measure
        print(json.dumps(_measured(part, *map(Path, paths))))
    elif given.log:
        if given.truth is None:
            parser.error("--log needs --truth")
        print(_shown(of_log(given.log, given.truth), 1))
    elif given.growth:
        rows = []
        place = given.keep or _HERE.parent / ".data" / "growth"
        for row in growth(given.growth, place, keep=given.keep is not None):
            rows.append(row)
            print(_shown(row, 0), flush=True)
        if len(rows) > 1:
            print(f"exponents: {_shown(exponents(rows), 2)}")
    else:
        for figure, value in further_seeds(given.draws).items():
            print(f"{figure}: {value:.3f}")
