"""What an ingest has done, so that it adds up."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from leeward.connectors import Decoded
    from leeward.store import Receipt

__all__ = ["Summary"]

_MOST_REASONS: Final = 100
"""Reasons that are counted by name; a sender can provoke many."""

_OTHER: Final = "other reasons"
_PLACE: Final = re.compile(r" \(byte \d+\)$")


@dataclass(slots=True)
class Summary:
    """Counts of one run of ``ingest``; every record is in exactly one of them.

    Attributes:
        files: Inputs that were read to their end.
        records: Lines or rows.
        accepted: Events that are now in the log.
        repeated: Events that the log held already.
        merged: Rows of a grouped table that went into an event which another row began.
        skipped: Records that an earlier run had dealt with.
        ignored: Reason to number of records that are no events here.
        quarantined: Reason to number of records that may not enter.
        noted: Remark to number of times. Remarks are on records that are counted above.
    """

    files: int = 0
    records: int = 0
    accepted: int = 0
    repeated: int = 0
    merged: int = 0
    skipped: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every record is in exactly one place."""
        placed = self.accepted + self.repeated + self.merged + self.skipped
        return placed + self.ignored.total() + self.quarantined.total() == self.records

    def add(self, decoded: Decoded, receipt: Receipt) -> None:
        """Count a piece of input that is durable now."""
        self.records += decoded.records
        self.accepted += receipt.accepted
        self.repeated += receipt.repeated
        self.merged += decoded.merged
        for counter, more in ((self.ignored, decoded.ignored), (self.noted, decoded.noted)):
            for reason, times in more.items():
                _count(counter, reason, times)
        for item in decoded.refused:
            # Where in its line an error stands is in quarantine; here it would divide the count.
            reason = _PLACE.sub("", item.reason)
            name = reason if item.field == "$" else f"{item.field}: {reason}"
            _count(self.quarantined, name, 1)

    def skip(self, records: int) -> None:
        """Count records that an earlier run had dealt with."""
        self.records += records
        self.skipped += records

    def to_dict(self) -> dict[str, Any]:
        """The counts, the most frequent reasons first, as JSON can hold them."""
        return {
            "files": self.files,
            "records": self.records,
            "accepted": self.accepted,
            "repeated": self.repeated,
            "merged": self.merged,
            "skipped": self.skipped,
            "ignored": dict(self.ignored.most_common()),
            "quarantined": dict(self.quarantined.most_common()),
            "noted": dict(self.noted.most_common()),
            "adds_up": self.adds_up,
        }

    def to_json(self) -> bytes:
        """:meth:`to_dict` as JSON."""
        return msgspec.json.encode(self.to_dict())


def _count(counter: Counter[str], reason: str, times: int) -> None:
    full = reason not in counter and len(counter) >= _MOST_REASONS
    counter[_OTHER if full else reason] += times
