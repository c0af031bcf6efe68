"""What further seeds are worth, and a second search after some accounts were judged.

How good a search is on other platforms, under attacks and beside other methods, is measured by
``leeward evaluate discovery``. Quality does not depend on the clock.

    python benchmarks/discovery.py
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leeward.evaluate import RING, draw_seeds, read_truth, trial
from leeward.pipeline import discover, ingest
from leeward.simulate import simulate
from leeward.store import Log, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4)
    for figure, value in further_seeds(parser.parse_args().draws).items():
        print(f"{figure}: {value:.3f}")
