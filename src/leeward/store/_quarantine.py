"""Input that may not enter, kept with its bytes until a person has dealt with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.store._types import Quarantined, QuarantineStatus, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leeward.store._hot import Hot

__all__ = ["add", "clear", "items", "remove", "size", "status", "weight"]

ITEM_BYTES: Final = 128
"""What an item counts beyond its bytes, so that empty ones are bounded too."""


def size(hot: Hot) -> int:
    """Bytes that wait in quarantine."""
    return hot.counters().get("quarantine bytes", 0)


def weight(refused: Sequence[Refused]) -> int:
    """What refused input takes of the bound: its bytes, and something for each item."""
    return sum(len(item.raw) + ITEM_BYTES for item in refused)


def add(hot: Hot, at: int, form: str, origin: str, refused: Sequence[Refused]) -> None:
    """Keep refused input; inside the caller's transaction."""
    hot.db.executemany(
        "INSERT INTO quarantine (at, format, origin, line, field, reason, raw)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(at, form, origin, *item) for item in refused],
    )
    hot.count(**{"quarantine bytes": weight(refused)})


def items(hot: Hot, after: int = 0) -> Iterator[Quarantined]:
    """What waits, oldest first, from an id on."""
    rows = hot.db.execute(
        "SELECT id, at, format, origin, line, field, reason, raw FROM quarantine"
        " WHERE id > ? ORDER BY id",
        (after,),
    )
    return (Quarantined(*row) for row in rows)


def remove(hot: Hot, ids: Iterable[int]) -> int:
    """Let go of items that have been replayed or that a person discards; how many there were."""
    numbers = list(ids)
    clear(hot, numbers)
    deleted = [
        hot.db.execute("DELETE FROM quarantine WHERE id = ?", (number,)).rowcount
        for number in numbers
    ]
    hot.count(**{"quarantine bytes": -ITEM_BYTES * sum(deleted)})
    return sum(deleted)


def clear(hot: Hot, ids: Iterable[int]) -> None:
    """Empty the bytes of items and keep that they were refused, where, and why."""
    for number in ids:
        row = hot.db.execute(
            "SELECT length(raw) FROM quarantine WHERE id = ?", (number,)
        ).fetchone()
        if row is not None:
            hot.db.execute("UPDATE quarantine SET raw = x'' WHERE id = ?", (number,))
            hot.count(**{"quarantine bytes": -row[0]})


def status(hot: Hot, bound: int) -> QuarantineStatus:
    """What waits, in figures."""
    rows = hot.db.execute(
        "SELECT field, reason, count(*) FROM quarantine GROUP BY field, reason"
        " ORDER BY count(*) DESC, field, reason"
    ).fetchall()
    reasons = {(field, reason): count for field, reason, count in rows}
    return QuarantineStatus(sum(reasons.values()), size(hot), bound, reasons)
