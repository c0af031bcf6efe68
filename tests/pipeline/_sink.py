"""A log in memory, with as much of the writer as ``ingest`` needs."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from leeward.errors import Overloaded, QuarantineFull
from leeward.store import Checkpoint, Quarantined, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from leeward.store import Refused


class MemorySink:
    """Stores at once.

    Attributes:
        events: Rows by id, in the order in which they came.
        quarantine: What was refused.
        busy: How many of the next calls find the queue full.
        room: Items that fit into the quarantine.
    """

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.quarantine: list[Quarantined] = []
        self.positions: dict[str, int] = {}
        self.calls = 0
        self.busy = 0
        self.room = 1_000_000

    def submit(
        self,
        batch: pa.RecordBatch,
        *,
        refused: Sequence[Refused] = (),
        format: str = "leeward",  # noqa: A002 - as the writer has it
        origin: str = "",
        checkpoint: Checkpoint | None = None,
    ) -> Future[Receipt]:
        if self.busy:
            self.busy -= 1
            raise Overloaded("the writer's queue is full", retry_after=0)
        self.calls += 1
        future: Future[Receipt] = Future()
        if len(self.quarantine) + len(refused) > self.room:
            future.set_exception(QuarantineFull("the quarantine is full"))
            return future
        before = len(self.events)
        for row in batch.to_pylist():
            self.events.setdefault(row["id"], row)
        accepted = len(self.events) - before
        for item in refused:
            number = len(self.quarantine) + 1
            self.quarantine.append(Quarantined(number, 0, format, origin, *item))
        if checkpoint is not None:
            self.positions[checkpoint.key] = checkpoint.position
        future.set_result(Receipt(before + 1, accepted, len(batch) - accepted, len(refused)))
        return future

    def position(self, key: str) -> int:
        return self.positions.get(key, 0)
