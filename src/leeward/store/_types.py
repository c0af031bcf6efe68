"""What goes into the log besides events, and what comes back."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "Checkpoint",
    "LogStatus",
    "QuarantineStatus",
    "Quarantined",
    "Receipt",
    "Refused",
]


class Refused(NamedTuple):
    """Input that may not enter the log, on its way to quarantine.

    Attributes:
        line: Its line or row in the input, from 1.
        field: The field at fault; ``$`` is the whole.
        reason: Why, without a value.
        raw: The bytes as they came.
    """

    line: int
    field: str
    reason: str
    raw: bytes

    def __repr__(self) -> str:
        """Without the bytes: content stays out of ``repr``."""
        return f"<Refused line={self.line} field={self.field!r} bytes={len(self.raw)}>"


class Checkpoint(NamedTuple):
    """How far an input has been ingested; becomes durable with the events up to there."""

    key: str
    position: int


class Receipt(NamedTuple):
    """What became of one call of ``append``; all of it is durable.

    Attributes:
        first_seq: The place of the first accepted event; the others follow without a gap.
        accepted: Events that are now in the log.
        repeated: Events that were there already and were dropped.
        quarantined: Refused items that are now in quarantine.
    """

    first_seq: int
    accepted: int
    repeated: int
    quarantined: int


class Quarantined(NamedTuple):
    """An item of the quarantine; the fields of :class:`Refused` and where it came from."""

    id: int
    at: int
    format: str
    origin: str
    line: int
    field: str
    reason: str
    raw: bytes

    def __repr__(self) -> str:
        """Without the bytes: content stays out of ``repr``."""
        return f"<Quarantined id={self.id} field={self.field!r} bytes={len(self.raw)}>"


class QuarantineStatus(NamedTuple):
    """How much waits in quarantine.

    Attributes:
        waiting: Items that have neither been replayed nor discarded.
        bytes: What they take of the bound: their bytes, and 128 for each.
        bound: Bytes at which refused input is handed back to its sender.
        reasons: (field, reason) to number of items, the most frequent first.
    """

    waiting: int
    bytes: int
    bound: int
    reasons: dict[tuple[str, str], int]


class LogStatus(NamedTuple):
    """The log in figures.

    Attributes:
        events: Rows that it holds.
        hot: How many of them are not sealed yet.
        last_seq: The place of the newest event; 0 where there is none.
        segments: Number of sealed segments.
        sealed_bytes, hot_bytes: On disk.
        accepted, repeated, quarantined: Since the log was made.
        per_second: Accepted events a second over the last minute, hour and day.
        quarantine: What waits there.
    """

    events: int
    hot: int
    last_seq: int
    segments: int
    sealed_bytes: int
    hot_bytes: int
    accepted: int
    repeated: int
    quarantined: int
    per_second: dict[str, float]
    quarantine: QuarantineStatus
