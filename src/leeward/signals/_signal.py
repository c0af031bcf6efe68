"""What every signal is: a name, a version, and a function from a batch of rows to findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct

from leeward.model import Event, Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.model import Label

__all__ = [
    "ABSTAINED",
    "HIT",
    "MISS",
    "UNASKED",
    "Example",
    "Looked",
    "Signal",
    "Stateful",
    "every_finding",
]

UNASKED: Final = -1
"""The row is none of the signal's concern: it gets no finding."""
MISS: Final = 0
HIT: Final = 1
ABSTAINED: Final = 2


class Example(Struct, frozen=True, kw_only=True):
    """An event and what the signal says of it; the contract test replays all of them.

    Attributes:
        about: What it shows, in words.
        event: The event.
        outcome: The finding's outcome, or none where there is no finding.
        spans: The evidence's offsets in the event's text, in order; (-1, -1) where it has none.
        subject: What the finding is about, where that is not the event's object.
    """

    about: str
    event: Event
    outcome: Outcome | None
    spans: tuple[tuple[int, int], ...] = ()
    subject: str | None = None

    def __repr__(self) -> str:
        """What it shows: content stays out of ``repr``."""
        return f"<Example {self.about}>"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a signal says of the rows of a batch.

    Misses are most of it, so they are numbers here and become findings only where somebody
    asks (:func:`every_finding`).

    Attributes:
        outcomes: int8, one a row: :data:`UNASKED`, :data:`MISS`, :data:`HIT`, :data:`ABSTAINED`.
        findings: The hits and abstentions, in the order of the rows.
    """

    outcomes: npt.NDArray[np.int8]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        """How many of each."""
        hits, abstained = (int((self.outcomes == code).sum()) for code in (HIT, ABSTAINED))
        return f"<Looked rows={len(self.outcomes)} hits={hits} abstained={abstained}>"


class Signal(Protocol):
    """A detector. It reads no clock, no file and no network, and changes nothing.

    Attributes:
        name: As findings have it.
        version: Of the detector and of all that it was built from.
        about: What a hit means, in words.
        examples: What the contract test replays.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def examples(self) -> tuple[Example, ...]: ...

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """What the signal says of each row.

        Args:
            batch: Rows of the log (:data:`~leeward.model.EVENT_SCHEMA`).
            at: The time for the findings, microseconds since 1970 UTC.
        """
        ...


@runtime_checkable
class Stateful(Signal, Protocol):
    """A detector that remembers what it has seen.

    ``look`` takes the rows of the log in their order, each once, and what it says of a row may
    depend on that row, on those before it and on the labels that held by then; on nothing else.
    So the split into batches never matters, and a replay from the log's beginning comes to the
    same findings and the same state. The time of a row is the earlier of ``at`` and ``seen``.
    """

    def tell(self, labels: Iterable[Label]) -> None:
        """Take what people concluded; it holds for the rows behind each label's ``since``.

        The labels must come before those rows do. The same label told again changes nothing.
        """
        ...

    def save(self) -> bytes:
        """All that it remembers; the same memory gives the same bytes."""
        ...

    def load(self, saved: bytes) -> None:
        """Remember that instead.

        Raises:
            Corrupt: These bytes are not of this signal and version; nothing was changed.
        """
        ...


def every_finding(signal: Signal, batch: pa.RecordBatch, looked: Looked, at: int) -> list[Finding]:
    """All findings in the order of the rows, misses included."""
    said = iter(looked.findings)
    asked = np.flatnonzero(looked.outcomes != UNASKED)
    rows = batch.select(["seq", "object"]).take(asked)
    return [
        next(said)
        if outcome != MISS
        else Finding(
            seq=seq,
            signal=signal.name,
            version=signal.version,
            subject=subject,
            outcome="miss",
            at=at,
        )
        for outcome, seq, subject in zip(
            looked.outcomes[asked].tolist(),
            rows.column("seq").to_pylist(),
            rows.column("object").to_pylist(),
            strict=True,
        )
    ]
