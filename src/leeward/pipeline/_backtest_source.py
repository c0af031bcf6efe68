"""What a backtest reads: events as a stream, findings beside them, and what was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.errors import PolicyError
from leeward.model import EVENT_SCHEMA, FINDING_SCHEMA
from leeward.policy import SUBJECT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb

    from leeward.policy import Compiled, Signal
    from leeward.store import Log

__all__ = [
    "DAY",
    "Looks",
    "Window",
    "events_reader",
    "findings_table",
    "looks_of",
    "read_signals_of",
    "slot",
    "source",
]

DAY: Final = 86_400_000_000
_COLUMNS_OF: Final = {"event.text": ("text", "folded"), "event.pictures": ("media",)}


@dataclass(frozen=True)
class Looks:
    """What a signal has looked at.

    Attributes:
        version: The version whose findings count; none where the last of any version does.
        ranges: Places in the log, first and last, that it has looked at.
    """

    version: str | None = None
    ranges: tuple[tuple[int, int], ...] = ()


def looks_of(log: Log, versions: Mapping[str, str | None]) -> dict[str, Looks]:
    """What signals have looked at, as the log has it.

    Args:
        log: The log.
        versions: For each signal the version in force; none where the last finding of any
            version counts, and all that any has looked at.
    """
    covered = [each for each in log.coverage() if each.by == "signal"]
    return {
        name: Looks(
            version,
            tuple(
                (each.first, each.last)
                for each in covered
                if each.name == name and version in (None, each.version)
            ),
        )
        for name, version in versions.items()
    }


@dataclass
class Window:
    """What was read: how many events, when, and how many of them each signal has looked at."""

    events: int = 0
    since: int = 0
    until: int = 0
    looked: dict[str, int] = field(default_factory=dict)

    def take(self, batch: pa.RecordBatch, looks: Mapping[str, Looks]) -> None:
        """Count a batch with the columns ``seq`` and ``seen``."""
        if not len(batch):
            return
        seqs, seen = batch["seq"].to_numpy(), batch["seen"].to_numpy()
        first, last = int(seen.min()), int(seen.max())
        self.since = min(self.since, first) if self.events else first
        self.until = max(self.until, last)
        self.events += len(batch)
        for name, look in looks.items():
            inside = np.zeros(len(seqs), np.bool_)
            for low, high in look.ranges:
                inside |= (seqs >= low) & (seqs <= high)
            self.looked[name] = self.looked.get(name, 0) + int(inside.sum())


def read_signals_of(compiled: Compiled) -> list[Signal]:
    """The signals whose findings the rules read."""
    owners = {name.rpartition(".")[0] for name in compiled.columns}
    return [one for name, one in compiled.schema.signals.items() if name in owners]


def _columns(compiled: Compiled) -> list[str]:
    """The columns of the log that the rules and the subjects of verdicts need."""
    wanted = {"seq", "seen", *SUBJECT_COLUMNS}
    for name in compiled.columns:
        known = compiled.schema.fields.get(name)
        if known is None:
            continue
        columns = _COLUMNS_OF.get(name, (known.column or known.name,))
        if not set(columns) <= set(EVENT_SCHEMA.names):
            raise PolicyError(
                "the rules read a field that the log does not have",
                where=name,
                hint="a backtest reads events and findings only",
            )
        wanted.update(columns)
    return [name for name in EVENT_SCHEMA.names if name in wanted]


def events_reader(
    log: Log, compiled: Compiled, since: int | None, each: Callable[[pa.RecordBatch], None]
) -> pa.RecordBatchReader:
    """The events of the window as a stream, from one state of the log; ``each`` sees them pass."""
    names = _columns(compiled)
    schema = pa.schema([EVENT_SCHEMA.field(name) for name in names])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in log.scan(names, since=since):
            each(batch)
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def findings_table(
    database: duckdb.DuckDBPyConnection,
    log: Log,
    signals: Sequence[Signal],
    looks: Mapping[str, Looks],
) -> None:
    """Make the table ``said``: a row an event, with the columns of each signal's finding."""
    names = {signal.name for signal in signals}
    columns = ["seq", "signal", "version", "subject", "outcome", "at", "score", "evidence"]
    schema = pa.schema([FINDING_SCHEMA.field(name) for name in columns])
    wanted = pa.array(sorted(names), pa.string())

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in log.findings():
            yield batch.filter(pc.is_in(batch["signal"], wanted)).select(columns)

    database.register("found", pa.RecordBatchReader.from_batches(schema, batches()))
    kept = []
    for name in sorted(names):
        version = looks.get(name, Looks()).version
        of_version = "" if version is None else f" AND version = {_text(version)}"
        kept.append(f"(signal = {_text(name)}{of_version})")
    parts = ["seq"]
    for signal in signals:
        this = f"FILTER (signal = {_text(signal.name)})"
        parts += [
            f"any_value({part}) {this} AS {_name(f'{signal.name}.{part}')}"
            for part in ("outcome", "score", "subject")
        ]
        for value in signal.values:
            item = f"list_filter(evidence, lambda e: e.kind = {_text(value.name)})[1].value"
            parts.append(f"any_value({item}) {this} AS {_name(f'{signal.name}.{value.name}')}")
    database.execute(
        f"CREATE TEMP TABLE said AS SELECT {', '.join(parts)} FROM (SELECT * FROM found"  # noqa: S608 - quoted
        f" WHERE {' OR '.join(kept) or 'FALSE'} QUALIFY row_number() OVER"
        ' (PARTITION BY seq, signal ORDER BY "at" DESC, "version" DESC) = 1) GROUP BY seq'
    )
    database.unregister("found")


def source(signals: Sequence[Signal], looks: Mapping[str, Looks]) -> str:
    """The table that the compiled query reads: events with their findings beside them."""
    parts = ["e.*"]
    for signal in signals:
        outcome = f"f.{_name(f'{signal.name}.outcome')}"
        inside = " OR ".join(
            f"e.seq BETWEEN {low} AND {high}"
            for low, high in looks.get(signal.name, Looks()).ranges
        )
        missed = f"CASE WHEN {inside} THEN 'miss' END" if inside else "NULL"
        parts.append(f"coalesce({outcome}, {missed}) AS {_name(f'{signal.name}.outcome')}")
        parts += [f"f.{_name(f'{signal.name}.{part}')}" for part in ("score", "subject")]
        parts += [f"f.{_name(f'{signal.name}.{value.name}')}" for value in signal.values]
    return f"(SELECT {', '.join(parts)} FROM events e LEFT JOIN said f ON f.seq = e.seq)"  # noqa: S608 - quoted


def slot(subject: str) -> str:
    """What the columns of a subject end with."""
    return subject.replace(" ", "_").replace(".", "_")


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
