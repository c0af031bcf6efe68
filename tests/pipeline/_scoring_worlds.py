"""Scoring in small: two signals with a memory, a policy, a log of boats, and what came of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from leeward.errors import Corrupt
from leeward.model import Event, Finding
from leeward.pipeline import _detector_kinds as kinds
from leeward.pipeline._detector_kinds import DetectorKind
from leeward.pipeline._scoring_state import StateFile
from leeward.policy import Signal as Readable
from leeward.signals import HIT, MISS, UNASKED, Looked
from leeward.store import SCORING, Log
from leeward.store.tables import open_tables, put_label

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from pathlib import Path

    import pyarrow as pa

    from leeward.model import Label
    from leeward.pipeline._scoring_job import ScoringJob
    from leeward.signals import Example

POLICY: Final = """\
policy: moorings
version: 1
about: Boats that moor too often.
stands_on: Harbour rules, 4.2.
severity: low
rules:
  - rule: crowded
    about: A skipper moors again and again.
    when: moorings.hit and moorings.score >= 9
    if_abstained: "no"
    subject: account
    causes: [open_case]
    daily_quota: {quota}
"""


class Moorings:
    """How often a skipper did something: every third time is a hit. A label counts for ten."""

    name = "moorings"
    about = "a skipper comes again and again"
    examples: tuple[Example, ...] = ()

    def __init__(self, version: str = "1", every: int = 3) -> None:
        self.version = version
        self._every = every
        self._counts: dict[str, int] = {}
        self._labels: set[tuple[str, int]] = set()

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """Count, row by row."""
        rows = batch.select(["seq", "actor", "object", "kind"]).to_pylist()
        outcomes = np.full(len(rows), MISS, np.int8)
        found = []
        for place, row in enumerate(rows):
            if row["kind"] == "account":
                outcomes[place] = UNASKED
                continue
            count = self._counts[row["actor"]] = self._counts.get(row["actor"], 0) + 1
            if count % self._every == 0:
                outcomes[place] = HIT
                found.append(
                    Finding(
                        seq=row["seq"],
                        signal=self.name,
                        version=self.version,
                        subject=row["actor"],
                        outcome="hit",
                        at=at,
                        score=float(count),
                    )
                )
        return Looked(outcomes, tuple(found))

    def tell(self, labels: Iterable[Label]) -> None:
        """A label, once."""
        for label in labels:
            if (label.subject, label.since) not in self._labels:
                self._labels.add((label.subject, label.since))
                self._counts[label.subject] = self._counts.get(label.subject, 0) + 10

    def save(self) -> bytes:
        """In order."""
        body = (self.version, sorted(self._counts.items()), sorted(self._labels))
        return msgspec.json.encode(body)

    def load(self, saved: bytes) -> None:
        """What was saved."""
        kind = tuple[str, list[tuple[str, int]], list[tuple[str, int]]]
        try:
            version, counts, labels = msgspec.json.decode(saved, type=kind)
        except msgspec.MsgspecError:
            raise Corrupt("this is not a memory of moorings") from None
        if version != self.version:
            raise Corrupt("this is another version's")
        self._counts, self._labels = dict(counts), set(labels)


class Wakes(Moorings):
    """The same of what was done to an object, under another name and of another rhythm."""

    name = "wakes"
    about = "a boat is met again and again"

    def __init__(self) -> None:
        super().__init__("7", 4)


def install(target: MutableMapping[str, DetectorKind], *, moorings: str = "1") -> None:
    """Make the two signals the ones that are on by default."""
    for name in list(target):
        if target[name].by_default:
            del target[name]

    def build(name: str, *_: object) -> Moorings:
        return Moorings(moorings) if name == "moorings" else Wakes()

    for name in ("moorings", "wakes"):
        target[name] = DetectorKind(
            build,
            lambda name: Readable(name=name, about="it comes again"),
            lambda *_: [],
            by_default=True,
        )


def installed(monkeypatch: Any, **given: str) -> None:
    """The same for a test."""
    mine: dict[str, DetectorKind] = dict(kinds.KINDS)
    install(mine, **given)
    monkeypatch.setattr("leeward.pipeline._detectors.KINDS", mine)


def boat(number: int, seed: int = 0) -> Event:
    """The event of a number: some skippers come often."""
    rng = random.Random(f"{seed}:{number}")  # noqa: S311 - not a secret
    actor = f"skipper:{min(rng.randrange(12), rng.randrange(12))}"
    return Event(
        id=f"example:boat:{number}@1#create",
        source="example",
        kind=rng.choice(["post", "post", "like", "account"]),
        op="create",
        at=1_000_000 + number,
        actor=actor,
        object=f"boat:{number}",
        text="the tide is late" if number % 3 else None,
    )


def boats(first: int, last: int) -> list[Event]:
    """The events of some numbers."""
    return [boat(number) for number in range(first, last)]


def write_policy(data: Path, *, quota: int = 1_000, version: int = 1) -> None:
    """Put the policy in force."""
    (data / "policies").mkdir(exist_ok=True)
    text = POLICY.format(quota=quota).replace("version: 1", f"version: {version}")
    (data / "policies" / "moorings.yaml").write_text(text)


def label(data: Path, skipper: int, since: int) -> None:
    """Conclude something of a skipper."""
    with open_tables(f"sqlite:///{data}/leeward.db") as tables, tables.begin() as connection:
        put_label(
            connection, "account", f"skipper:{skipper}", "offender", "Ada", "seen", since=since
        )


def outcome(data: Path) -> dict[str, Any]:
    """All that scoring has stored, but for the time at which it did."""
    with Log(data) as log:
        findings = [row for batch in log.findings() for row in batch.to_pylist()]
        verdicts = [row for batch in log.verdicts() for row in batch.to_pylist()]
        for row in findings:
            del row["at"]
        saved = StateFile(data, SCORING).load()
        return {
            "findings": sorted(findings, key=lambda row: (row["seq"], row["signal"])),
            "verdicts": sorted(
                ({**row, "at": 0} for row in verdicts),
                key=lambda row: (row["seq"], row["rule"], row["subject"]),
            ),
            "coverage": log.coverage(),
            "through": log.position(SCORING),
            "memory": None if saved is None else (saved.through, saved.memory),
        }


def remembered(job: ScoringJob) -> dict[str, tuple[str, bytes]]:
    """What its signals remember."""
    return job.scorer.memory()
