"""The log as a whole against a list in Python, over any interleaving of what users do.

Sizes are small, so that direct sealing, packing of small blocks, merging and ordering by windows
all happen within a few steps; sealing and merging run in the background as they do in life.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from leeward.model import EVENT_SCHEMA, Event, Finding, LogSettings, fold
from leeward.store import Checkpoint, Log, Receipt, Refused, Writer
from tests.store._helpers import batch, event, number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Edge = tuple[int, int] | None

NUMBERS = st.integers(0, 400)
SUBJECTS = st.sampled_from(
    [
        *(("account", f"skipper:{n}") for n in range(6)),
        *(("post", f"boat:{n}") for n in range(12)),
        *(("media", f"m:{n}") for n in range(4)),
        *(("media", f"{n:064x}") for n in range(3)),
        *(("tag", name) for name in ("tag0", "#TAG1", "tag2", "tag9")),
        *(("community", f"pier:{n}") for n in range(4)),
    ]
)
# A place in the times that the log turns out to hold, and a microsecond off it.
EDGE = st.none() | st.tuples(st.integers(0, 500), st.sampled_from([-1, 0, 1]))


def _speaks_of(e: Event, kind: str, value: str) -> bool:
    """The definition of a look-up, on one event."""
    match kind:
        case "account":
            return e.actor == value
        case "post":
            return value in (e.object, e.target, e.reply_to, e.root)
        case "media":
            return any(value in (m.uri, m.sha256, m.pdq) for m in e.media)
        case "tag":
            return fold(value).lstrip("#") in e.tags
        case _:
            return e.community == value


class LogMachine(RuleBasedStateMachine):
    """``numbers[i]`` is the number of the event at place i + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="leeward-machine-"))
        self.numbers: list[int] = []
        self.known: set[int] = set()
        self.repeated = 0
        self.refused: list[bytes] = []
        self.positions: dict[str, int] = {}
        self.findings: dict[tuple[int, str, str], Finding] = {}
        self.began = time.time_ns() // 1_000

    @initialize(seal_events=st.sampled_from([25, 90, 100_000]))
    def make(self, seal_events: int) -> None:
        self.settings = LogSettings(seal_events=seal_events)
        self.writer = Writer.open(self.folder, self.settings)
        self.log = Log(self.folder)

    def teardown(self) -> None:
        if hasattr(self, "writer"):
            self.writer.close()
            assert len(self.numbers) == self.log.status().events
            self.log.verify()
            self.log.close()
        shutil.rmtree(self.folder)

    # --- writing -------------------------------------------------------------------------------

    def _expected(self, numbers: list[int], quarantined: int = 0) -> Receipt:
        first = len(self.numbers) + 1
        for number in numbers:
            if number not in self.known:
                self.known.add(number)
                self.numbers.append(number)
        accepted = len(self.numbers) + 1 - first
        self.repeated += len(numbers) - accepted
        return Receipt(first, accepted, len(numbers) - accepted, quarantined)

    @rule(numbers=st.lists(NUMBERS, max_size=12), program=st.booleans())
    def append(self, numbers: list[int], program: bool) -> None:
        given = [event(n) for n in numbers] if program else batch(numbers)
        expected = self._expected(numbers)
        assert expected == self.writer.append(given)

    @rule(begin=NUMBERS, length=st.sampled_from([30, 61, 150]))
    def append_many(self, begin: int, length: int) -> None:
        numbers = list(range(begin, begin + length))
        assert self._expected(numbers) == self.writer.append(batch(numbers))

    @rule(parts=st.lists(st.lists(NUMBERS, max_size=30), min_size=2, max_size=6))
    def append_together(self, parts: list[list[int]]) -> None:
        """Calls that wait while the database is held are committed as one group."""
        with self.writer.quiet():
            waiting = [self.writer.submit(batch(part)) for part in parts]
        for part, future in zip(parts, waiting, strict=True):
            assert self._expected(part) == future.result(60)

    @rule(
        numbers=st.lists(NUMBERS, max_size=4),
        raw=st.lists(st.binary(max_size=8), max_size=3),
        key=st.sampled_from(["a", "b"]),
        position=st.integers(0, 1_000),
    )
    def append_with_refusals(
        self, numbers: list[int], raw: list[bytes], key: str, position: int
    ) -> None:
        refused = [Refused(i + 1, "text", "is not UTF-8", octets) for i, octets in enumerate(raw)]
        expected = self._expected(numbers, len(raw))
        checkpoint = Checkpoint(key, position)
        assert expected == self.writer.append(
            batch(numbers), refused=refused, checkpoint=checkpoint, origin="a file"
        )
        self.refused += raw
        self.positions[key] = max(position, self.positions.get(key, 0))

    @rule(data=st.data())
    def find(self, data: st.DataObject) -> None:
        seqs = st.integers(1, len(self.numbers) + 1)
        keys = st.tuples(seqs, st.sampled_from(["fog", "tide"]), st.sampled_from(["1", "2"]))
        found = [
            Finding(
                seq=seq,
                signal=signal,
                version=version,
                subject=f"boat:{seq}",
                outcome="hit",
                at=seq,
                score=0.5,
            )
            for seq, signal, version in data.draw(st.lists(keys, max_size=5))
        ]
        new = {(f.seq, f.signal, f.version): f for f in found}.keys() - self.findings.keys()
        assert len(new) == self.writer.add_findings(found)
        self.findings |= {(f.seq, f.signal, f.version): f for f in found}

    @rule()
    def seal(self) -> None:
        self.writer.seal()
        assert self.log.status().hot == 0

    @rule()
    def reopen(self) -> None:
        self.writer.close()
        self.writer = Writer.open(self.folder, self.settings)

    @rule()
    def reopen_the_reader(self) -> None:
        self.log.close()
        self.log = Log(self.folder)

    # --- reading -------------------------------------------------------------------------------

    def _rows(self, after: int = 0) -> list[dict[str, Any]]:
        parts = list(self.log.tail(after))
        assert all(part.schema.equals(EVENT_SCHEMA) for part in parts)
        return [row for part in parts for row in part.to_pylist()]

    @rule(data=st.data())
    def tail(self, data: st.DataObject) -> None:
        after = data.draw(st.integers(0, len(self.numbers) + 1))
        rows = self._rows(after)
        assert [row["seq"] for row in rows] == list(range(after + 1, len(self.numbers) + 1))
        assert [number_of(row["id"]) for row in rows] == self.numbers[after:]
        seen = [row["seen"] for row in rows]
        assert seen == sorted(seen)
        assert all(self.began <= at <= time.time_ns() // 1_000 for at in seen)

    @rule(
        columns=st.none() | st.lists(st.sampled_from(EVENT_SCHEMA.names), min_size=1, unique=True),
        clock=st.sampled_from(["seen", "at"]),
        edges=st.tuples(EDGE, EDGE),
    )
    def scan(
        self,
        columns: list[str] | None,
        clock: Literal["seen", "at"],
        edges: tuple[Edge, Edge],
    ) -> None:
        rows = self._rows()
        times = sorted({row[clock] for row in rows}) or [1]
        since, until = (
            None if edge is None else times[edge[0] % len(times)] + edge[1] for edge in edges
        )
        names = EVENT_SCHEMA.names if columns is None else columns

        batches = list(self.log.scan(columns, since, until, clock=clock))

        whole = pa.Table.from_batches(batches, batches[0].schema if batches else pa.schema([]))
        assert all(part.schema.names == list(names) for part in batches)
        expected = [
            {name: row[name] for name in names}
            for row in rows
            if (since is None or row[clock] >= since) and (until is None or row[clock] < until)
        ]
        assert _as_set(expected) == _as_set(whole.to_pylist())

    @rule(subject=SUBJECTS, last=st.sampled_from([1, 2, 7, 50, 1_000]))
    def look_up(self, subject: tuple[str, str], last: int) -> None:
        kind, value = subject
        expected = [
            (seq, number)
            for seq, number in reversed(list(enumerate(self.numbers, 1)))
            if _speaks_of(event(number), kind, value)
        ][:last]
        found = self.log.of(**{kind: value}, last=last)
        assert expected == [(e.seq, number_of(e.id)) for e in found]
        for e in found:
            made = event(number_of(e.id))
            folded = None if made.text is None else fold(made.text)
            assert msgspec.structs.replace(made, seq=e.seq, seen=e.seen, folded=folded) == e

    @rule(after=st.integers(0, 60), signal=st.none() | st.sampled_from(["fog", "tide", "none"]))
    def read_findings(self, after: int, signal: str | None) -> None:
        rows = [
            row
            for part in self.log.findings(signal=signal, after=after)
            for row in part.to_pylist()
        ]
        expected = [
            key for key, f in self.findings.items() if f.seq > after and signal in (None, f.signal)
        ]
        assert sorted(expected) == sorted((r["seq"], r["signal"], r["version"]) for r in rows)
        assert all(row["subject"] == f"boat:{row['seq']}" for row in rows)

    @invariant()
    def the_figures_add_up(self) -> None:
        if not hasattr(self, "log"):
            return
        status = self.log.status()
        assert len(self.numbers) == status.events == status.last_seq == status.accepted
        assert self.repeated == status.repeated
        assert len(self.refused) == status.quarantined == status.quarantine.waiting
        assert sum(len(raw) + 128 for raw in self.refused) == status.quarantine.bytes
        assert self.refused == [item.raw for item in self.log.quarantine()]
        for key in ("a", "b"):
            assert self.positions.get(key, 0) == self.writer.position(key)


def _as_set(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))


@pytest.mark.usefixtures("small")
def test_the_log_is_a_list_that_remembers(rounds: Callable[[int, int], int]) -> None:
    run_state_machine_as_test(
        LogMachine,
        settings=settings(max_examples=rounds(300, 8), stateful_step_count=25),
    )
