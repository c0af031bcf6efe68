"""What a caller has handed to the writer, on its way into the log."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from leeward.model import Event, admit_events, explain
from leeward.store._types import Checkpoint, Receipt, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Pending", "admitted", "one_batch"]


@dataclass(slots=True)
class Pending:
    batch: pa.RecordBatch
    refused: Sequence[Refused]
    format: str
    origin: str
    checkpoint: Checkpoint | None
    future: Future[Receipt] = field(default_factory=Future)

    @property
    def weight(self) -> int:
        """What it takes of the queue."""
        return len(self.batch) + len(self.refused)


def one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    if len(batches) > 1:
        raise OverflowError("more than 2 GiB of strings in one batch")
    if batches:
        return batches[0]
    return pa.RecordBatch.from_arrays(
        [pa.array([], f.type) for f in table.schema], schema=table.schema
    )


def admitted(
    events: Sequence[Event], refused: Sequence[Refused]
) -> tuple[pa.RecordBatch, Sequence[Refused]]:
    """Events made by a program: their types are checked here, for the first time."""
    checked, rows = [], []
    more = list(refused)

    def refuse(row: int, field: str, reason: str) -> None:
        # The standard library writes what msgspec will not: lone surrogates and NaN.
        raw = json.dumps(msgspec.to_builtins(events[row]), default=repr).encode()
        more.append(Refused(row + 1, field, reason, raw))

    for row, event in enumerate(events):
        try:
            checked.append(msgspec.convert(msgspec.to_builtins(event), Event))
            rows.append(row)
        except msgspec.ValidationError as error:
            refuse(row, *explain(error))
    admission = admit_events(checked)
    for refusal in admission.refusals:
        refuse(rows[refusal.row], refusal.field, refusal.reason)
    return admission.batch, more
