"""What was looked at: for each signal, and each policy, ranges of places in the log.

Hits and abstentions are stored, misses are not. Inside a range, an event without a finding is a
miss or none of the signal's concern; outside of all ranges nothing is known of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leeward.store._hot import Hot

__all__ = ["Covered", "CoveredBy", "add", "covered"]

CoveredBy: TypeAlias = Literal["signal", "policy"]


class Covered(NamedTuple):
    """Events that a version of a signal looked at, or of a policy judged.

    Attributes:
        by: Whether ``name`` is a signal or a policy.
        name, version: Whose work it is.
        first, last: Their places in the log, both included.
    """

    by: CoveredBy
    name: str
    version: str
    first: int
    last: int


def add(hot: Hot, ranges: Iterable[Covered]) -> None:
    """Note ranges, in the caller's transaction; those that touch become one."""
    for each in ranges:
        whose = (each.by, each.name, each.version)
        touching = hot.db.execute(
            "SELECT first, last FROM coverage WHERE kind = ? AND name = ? AND version = ?"
            " AND first <= ? AND last >= ?",
            (*whose, each.last + 1, each.first - 1),
        ).fetchall()
        first = min([each.first, *(row[0] for row in touching)])
        last = max([each.last, *(row[1] for row in touching)])
        hot.db.executemany(
            "DELETE FROM coverage WHERE kind = ? AND name = ? AND version = ? AND first = ?",
            [(*whose, row[0]) for row in touching],
        )
        hot.db.execute("INSERT INTO coverage VALUES (?, ?, ?, ?, ?)", (*whose, first, last))


def covered(hot: Hot) -> list[Covered]:
    """All ranges, by whose they are and then in order."""
    if not hot.has("coverage"):
        return []
    rows = hot.db.execute("SELECT * FROM coverage ORDER BY kind, name, version, first")
    return [Covered(*row) for row in rows]
