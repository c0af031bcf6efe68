"""What discovery finds on simulated platforms that it was not tuned on, beside its yardsticks.

For each structure of the ring: a platform of its own seed, several draws of ten seeds, and three
of whom ten are wrong in a further run. Beside it the same walk without kinship (plain personalised
PageRank) and two hops over reposts. Quality does not depend on the clock.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leeward.evaluate import RING, draw_seeds, read_truth, trial
from leeward.network import WalkSettings
from leeward.pipeline import discover, ingest
from leeward.simulate import STRUCTURES, simulate
from leeward.store import Log, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.evaluate import Judged

WORLD = 4_711
"""The seed of the platforms; development used others."""

PLAIN = WalkSettings(kinship=False)


def run(accounts: int = 50_000, draws: int = 5, seeds: int = 10) -> dict[str, dict[str, Any]]:
    """By structure: means over the draws."""
    return {name: _structure(name, accounts, draws, seeds) for name in STRUCTURES}


def _structure(name: str, accounts: int, draws: int, seeds: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="leeward-discovery-"))
    try:
        simulate(
            folder / "platform",
            accounts=accounts,
            ring=accounts // 100,
            seed=WORLD,
            structure=name,  # type: ignore[arg-type]
        )
        with Writer.open(folder / "data") as writer:
            ingest([folder / "platform" / "events.parquet"], writer)
        roles = read_truth(folder / "platform" / "truth.parquet")
        with Log(folder / "data") as log:
            plain = [_draw(log, roles, seeds, draw, PLAIN) for draw in range(draws)]
            ours = [_draw(log, roles, seeds, draw, WalkSettings()) for draw in range(draws)]
            wrong = [_draw(log, roles, seeds, draw, WalkSettings(), 3) for draw in range(draws)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    others: Counter[str] = Counter()
    for judged in ours:
        others.update({role.role: int(role.in_top) for role in judged.by_role})
    hops = [judged.two_hop for judged in ours]
    return {
        "average precision": _mean(ours, "average_precision"),
        "in the first 100": _first(ours),
        "plain PageRank, average precision": _mean(plain, "average_precision"),
        "plain PageRank, in the first 100": _first(plain),
        "3 of 10 seeds wrong, average precision": _mean(wrong, "average_precision"),
        "3 of 10 seeds wrong, in the first 100": _first(wrong),
        "two hops accuse": float(np.mean([hop.accused for hop in hops])),
        "two hops, precision": float(np.mean([hop.precision or 0 for hop in hops])),
        "innocent roles among the first": {
            role: count / draws for role, count in others.most_common(4)
        },
    }


def _draw(
    log: Log, roles: dict[str, str], count: int, draw: int, settings: WalkSettings, wrong: int = 0
) -> Judged:
    known = draw_seeds(roles, count - wrong, draw)
    innocent = sorted(account for account, role in roles.items() if role not in RING)
    rng = np.random.default_rng(draw)
    known += [innocent[i] for i in rng.choice(len(innocent), wrong, replace=False)]
    found = discover(log, [f"account:{account}" for account in known], limit=1, settings=settings)
    return trial(found, roles, known, (100,))


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


def _mean(judged: list[Judged], name: str) -> float:
    return float(np.mean([getattr(one, name) or 0.0 for one in judged]))


def _first(judged: list[Judged]) -> float:
    return float(np.mean([at.found for one in judged for at in one.found_at if at.k == 100]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--further", action="store_true", help="what further seeds do, instead")
    given = parser.parse_args()
    if given.further:
        for figure, value in further_seeds().items():
            print(f"{figure}: {value:.3f}")
        raise SystemExit
    for structure, figures in run(given.accounts, given.draws).items():
        print(structure)
        for figure, value in figures.items():
            print(f"  {figure}: {value if isinstance(value, dict) else round(value, 3)}")
