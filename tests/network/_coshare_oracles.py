"""Co-shares by the definition: every two acts compared in Python, and a self join in DuckDB."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import numpy as np

from leeward.network._touches.coshare import Shares

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from leeward.network._touches.coshare import CoShares

__all__ = ["Act", "Named", "Pairs", "by_hand", "election_shares", "join", "of", "shares"]

Act = tuple[int, int, int]
"""Account, thing, time."""

Pairs = dict[tuple[int, int], tuple[int, int, int]]
"""Two accounts; acts, things, closest."""


class Named(NamedTuple):
    """Shares, and what their indexes stand for."""

    shares: Shares
    accounts: list[str]
    things: list[str]


def shares(acts: Iterable[Act]) -> Shares:
    rows = np.array(list(acts), np.int64).reshape(-1, 3)
    return Shares(rows[:, 0].astype(np.int32), rows[:, 1].astype(np.int32), rows[:, 2].copy())


def of(found: CoShares) -> Pairs:
    """A result as a dictionary; its rows have to be in order, each pair once."""
    pairs = list(zip(found.a.tolist(), found.b.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    counts = (found.acts.tolist(), found.things.tolist(), found.closest.tolist())
    return dict(zip(pairs, zip(*counts, strict=True), strict=True))


def by_hand(
    acts: list[Act], window: int, repeated: int = 1, crowd: int = 10**9
) -> tuple[Pairs, list[int], int]:
    """The pairs, the crowded things, and how many acts were on these."""
    crowded = {
        thing
        for _, thing, end in acts
        if len({who for who, what, at in acts if what == thing and 0 <= end - at <= window}) > crowd
    }
    gaps: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for i, (who, what, at) in enumerate(acts):
        for other, same, when in acts[:i]:
            near = abs(at - when) <= window
            if what == same and who != other and near and what not in crowded:
                gaps[min(who, other), max(who, other)].append((abs(at - when), what))
    counted = {
        pair: (len(found), len({what for _, what in found}), min(found)[0])
        for pair, found in gaps.items()
    }
    kept = {pair: counts for pair, counts in counted.items() if counts[1] >= repeated}
    return kept, sorted(crowded), sum(what in crowded for _, what, _ in acts)


def join(acts: Shares, window: int, repeated: int) -> Pairs:
    """The pairs by a self join, no thing left out."""
    with duckdb.connect() as connection:
        connection.register("share", dict(zip(acts._fields, acts, strict=True)))
        rows = connection.execute(
            f"""
            SELECT x.account, y.account, count(*), count(DISTINCT thing), min(abs(x.at - y.at))
            FROM share x JOIN share y USING (thing)
            WHERE x.account < y.account AND abs(x.at - y.at) <= {window}
            GROUP BY 1, 2 HAVING count(DISTINCT thing) >= {repeated}
            """
        ).fetchall()
    return {(a, b): (acts, things, closest) for a, b, acts, things, closest in rows}


def election_shares(table: Path, columns: Iterable[str]) -> Named:
    """Each distinct account, post and thing of german_elections."""
    parts = " UNION ".join(
        f"SELECT account_id, post_id, '{column}:' || {column}, timestamp FROM post"
        f" WHERE {column} IS NOT NULL"
        for column in columns
    )
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE post AS SELECT * FROM read_csv(?, all_varchar = true)"
            " WHERE post_id IS NOT NULL",
            [str(table)],
        )
        rows = connection.execute(parts).fetchall()
    accounts = {name: place for place, name in enumerate(sorted({row[0] for row in rows}))}
    things = {name: place for place, name in enumerate(sorted({row[2] for row in rows}))}
    acts = shares((accounts[who], things[what], int(at) * 1_000_000) for who, _, what, at in rows)
    return Named(acts, list(accounts), list(things))
