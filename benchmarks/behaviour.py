"""Templates and the five context signals over a simulated platform, per second of processor time.

Three logs: the platform's own, the same with all texts taken away, and its rows with text alone.
Each signal goes over each from an empty memory. Shipped scorecards; findings included.

    python benchmarks/behaviour.py --events 1000000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leeward.model import EVENT_SCHEMA
from leeward.signals import (
    AccountTracker,
    CommunityTracker,
    ContextSignal,
    MediaTracker,
    Scorecard,
    TagTracker,
    Templates,
    ThreadTracker,
)
from leeward.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.signals import Stateful, Tracker

__all__ = ["platform", "run"]

_BATCH = 20_000
_TRACKERS: tuple[Callable[[], Tracker], ...] = (
    MediaTracker,
    ThreadTracker,
    AccountTracker,
    TagTracker,
    CommunityTracker,
)


def platform(events: int, folder: Path) -> pa.Table:
    """A simulated log of about so many events, as the log would hold it."""
    simulate(folder, accounts=max(10_000, events // 24), ring=200)
    table = pq.read_table(folder / "events.parquet").slice(0, events)
    own = {
        "seq": pa.array(np.arange(1, len(table) + 1)),
        "seen": table["at"],
        "folded": pa.nulls(len(table), pa.string()),
    }
    columns = [own[name] if name in own else table[name] for name in EVENT_SCHEMA.names]
    return pa.table(columns, schema=EVENT_SCHEMA)


def _batches(table: pa.Table) -> list[pa.RecordBatch]:
    found: list[pa.RecordBatch] = table.combine_chunks().to_batches(max_chunksize=_BATCH)
    return found


def _signals() -> list[Stateful]:
    trackers = [make() for make in _TRACKERS]
    cards = [Scorecard.cautious(tracker.kind) for tracker in trackers]
    return [Templates(), *map(ContextSignal, trackers, cards)]


def _measure(table: pa.Table) -> tuple[dict[str, float], dict[str, int], list[Stateful]]:
    """Seconds by signal; what all read first is read anew for each batch, once."""
    spent: dict[str, float] = {}
    found: dict[str, int] = {}
    signals = _signals()
    for batch in _batches(table):
        for signal in signals:
            begun = time.process_time()
            looked = signal.look(batch, at=1 << 60)
            spent[signal.name] = spent.get(signal.name, 0.0) + time.process_time() - begun
            found[signal.name] = found.get(signal.name, 0) + len(looked.findings)
    return spent, found, signals


def run(events: int) -> dict[str, Any]:
    """The figures."""
    with tempfile.TemporaryDirectory() as temporary:
        table = platform(events, Path(temporary) / "platform")
    _measure(table.slice(0, 2_000))  # compiles
    texts = table["text"]
    without = table.set_column(
        EVENT_SCHEMA.get_field_index("text"), "text", pa.nulls(len(table), pa.string())
    )
    logs = {
        "as simulated": table,
        "texts taken away": without.cast(EVENT_SCHEMA),
        "rows with text": table.filter(pc.is_valid(texts)),
    }
    figures: dict[str, Any] = {"events": f"{len(table):,}"}
    for name, log in logs.items():
        spent, found, signals = _measure(log)
        total = sum(spent.values())
        figures[f"{name}: events/s, all six signals"] = round(len(log) / total)
        for signal, seconds in spent.items():
            figures[f"{name}: microseconds an event, {signal}"] = round(seconds / len(log) * 1e6, 2)
        if name == "as simulated":
            figures |= {f"findings, {signal}": count for signal, count in found.items()}
            figures |= {
                f"bytes of memory an event, {signal.name}": round(len(signal.save()) / len(log))
                for signal in signals
            }
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    for name, value in run(parser.parse_args().events).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
