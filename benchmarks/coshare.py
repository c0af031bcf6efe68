"""Measures coordinated sharing: real posts for a window of a minute, and 5 million made-up shares.

DuckDB runs in turn with ours in one process, on one thread, as ours does, so that both meet the
same noise; compare the ratios per CPU-second rather than wall times of different days.

    python benchmarks/coshare.py --posts ../shared/data/german_elections/posts.csv.gz
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from leeward.network import Shares, co_shares
from machine import peak

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["made_up", "real", "run"]

_POSTS: Final = Path(__file__).parents[2] / "shared/data/german_elections/posts.csv.gz"
_MINUTE: Final = 60_000_000
_COLUMNS: Final = ("url_id", "hashtag_id", "domain_id", "phash_id")

# A self join in the form that suits a database best: acts within a window of each other stand in
# the same piece of time or in two that follow each other, so that the join is an equality.
_SELF_JOIN: Final = """
    WITH later AS (
        SELECT account, thing, "at", "at" // {window} AS piece FROM share
    ), earlier AS (
        SELECT account, thing, "at", unnest([piece, piece + 1]) AS piece FROM later
    )
    SELECT
        least(x.account, y.account) AS a,
        greatest(x.account, y.account) AS b,
        count(*) AS acts,
        count(DISTINCT x.thing) AS things,
        min(y."at" - x."at") AS closest
    FROM earlier x JOIN later y USING (thing, piece)
    WHERE x.account <> y.account AND y."at" - x."at" BETWEEN 0 AND {window}
        AND (x."at" < y."at" OR x.account < y.account)
    GROUP BY 1, 2 HAVING things >= 2 ORDER BY 1, 2
"""


def run(posts: Path = _POSTS, shares: int = 5_000_000) -> dict[str, Any]:
    """Both cases, and what compiling takes; the real one only where its table is.

    Args:
        posts: The table of german_elections.
        shares: How many shares are made up.

    Returns:
        Figures by name.
    """
    figures: dict[str, Any] = {"first call s, compiling": _first_call(compiled=False)}
    figures["first call s, compiled before"] = _first_call(compiled=True)
    if posts.exists():
        figures |= {f"german_elections, {name}": x for name, x in _measure(real(posts), 9).items()}
    figures |= {f"made up, {name}": x for name, x in _measure(made_up(shares), 1).items()}
    return figures | {"peak MB, DuckDB's among it": peak()}


def real(posts: Path) -> Shares:
    """Each distinct post of german_elections with each of its links, hashtags and so on."""
    parts = " UNION ".join(
        f"SELECT account_id AS account, post_id, '{column}:' || {column} AS thing, timestamp"
        f" FROM post WHERE {column} IS NOT NULL"
        for column in _COLUMNS
    )
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE post AS SELECT * FROM read_csv(?, all_varchar = true)"
            " WHERE post_id IS NOT NULL",
            [str(posts)],
        )
        columns = connection.execute(
            "SELECT (dense_rank() OVER (ORDER BY account) - 1)::INTEGER AS account,"
            " (dense_rank() OVER (ORDER BY thing) - 1)::INTEGER AS thing,"
            f' timestamp::BIGINT * 1_000_000 AS "at" FROM ({parts})'
        ).fetchnumpy()
    return Shares(*(np.asarray(columns[name]) for name in Shares._fields))


def made_up(count: int, accounts: int = 1_000_000, things: int = 1_000_000) -> Shares:
    """Shares over a month: a few accounts share much, a few things are shared by many.

    A thing is shared for about six hours after it appears.
    """
    random = np.random.default_rng(3)
    rank = np.minimum(random.pareto(1.0, count) * accounts / 200, accounts - 1)
    account = random.permutation(accounts).astype(np.int32)[rank.astype(np.int64)]
    thing = np.minimum(random.pareto(0.7, count) * 200, things - 1).astype(np.int32)
    appears = random.integers(0, 30 * 86_400 * 1_000_000, things)
    at = appears[thing] + random.exponential(6 * 3_600 * 1e6, count).astype(np.int64)
    return Shares(account, thing, at)


def _measure(acts: Shares, rounds: int) -> dict[str, Any]:
    crowd = len(acts.account)  # nothing is left out, as in the peer
    found = co_shares(*acts, window=_MINUTE, crowd=crowd)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("given", dict(zip(acts._fields, acts, strict=True)))
        connection.execute("CREATE TABLE share AS SELECT * FROM given")
        query = _SELF_JOIN.format(window=_MINUTE)
        ours: list[tuple[float, float]] = []
        peer: list[tuple[float, float]] = []
        for _ in range(rounds):
            ours.append(_spent(lambda: co_shares(*acts, window=_MINUTE, crowd=crowd))[1:])
            rows, *seconds = _spent(lambda: connection.execute(query).fetchnumpy())
            peer.append((seconds[0], seconds[1]))
            for name in ("a", "b", "acts", "things", "closest"):
                assert (rows[name] == getattr(found, name)).all()
    (wall, cpu), (peer_wall, peer_cpu) = np.median(ours, axis=0), np.median(peer, axis=0)
    return {
        "shares": len(acts.account),
        "pairs": len(found.a),
        "wall s": float(wall),
        "shares/cpu-s": len(acts.account) / float(cpu),
        "duckdb wall s": float(peer_wall),
        "duckdb shares/cpu-s": len(acts.account) / float(peer_cpu),
        "ratio per cpu-s": float(peer_cpu / cpu),
    }


def _spent(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What work gives, its wall seconds and its CPU seconds."""
    cpu, begun = time.process_time(), time.perf_counter()
    result = work()
    return result, time.perf_counter() - begun, time.process_time() - cpu


def _first_call(compiled: bool) -> float:
    """Seconds of the first call in a process, with or without compiled code on disk."""
    code = (
        "import time, numpy as np\n"
        "from leeward.network import co_shares\n"
        "acts = np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int64)\n"
        "begun = time.perf_counter()\n"
        "co_shares(*acts, window=1)\n"
        "print(time.perf_counter() - begun)\n"
    )
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(2 if compiled else 1):
            done = subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=Path, default=_POSTS, help="posts.csv.gz")
    parser.add_argument("--shares", type=int, default=5_000_000, help="how many are made up")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.posts, arguments.shares), indent=2))


if __name__ == "__main__":
    main()
