"""What a connector makes of its input, so that every record is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from leeward.store import Refused

if TYPE_CHECKING:
    from collections import Counter

    import pyarrow as pa

__all__ = ["Decoded", "LineFormat", "Refused"]


class Decoded(NamedTuple):
    """What became of a piece of input: every record of it is in exactly one place.

    Attributes:
        batch: The admitted events, of ``ADMITTED_SCHEMA``, in the order of the input.
        refused: What may not enter, with its bytes, by line.
        ignored: Reason to number of records that are sound and are no event here.
        noted: Remark to number of times; on records that were accepted or refused.
        records: Lines or rows read.
        merged: Rows of a table that went into an event which another row began.
    """

    batch: pa.RecordBatch
    refused: list[Refused]
    ignored: Counter[str]
    noted: Counter[str]
    records: int
    merged: int = 0

    def __repr__(self) -> str:
        """The counts only: content stays out of ``repr``."""
        return (
            f"<Decoded records={self.records} events={len(self.batch)}"
            f" refused={len(self.refused)} ignored={self.ignored.total()} merged={self.merged}>"
        )

    @property
    def adds_up(self) -> bool:
        """Whether every record is in exactly one place."""
        placed = len(self.batch) + len(self.refused) + self.ignored.total() + self.merged
        return placed == self.records


class LineFormat(Protocol):
    """A format in which each line is one record."""

    @property
    def name(self) -> str:
        """The name that quarantined input of this format carries."""

    def decode(self, lines: bytes, first_line: int = 1) -> Decoded:
        """Decode whole lines.

        Args:
            lines: Lines that end with a line feed; the last may lack it.
            first_line: Number of the first of them in its input, from 1.
        """
