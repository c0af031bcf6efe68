"""Fifty rules over the past: a log of sealed segments, with findings of a hundredth of its events.

The rules are made up and have the shapes that rules have. A tenth of them looks for words or
hashtags in every post; the others ask for findings first. A second version of all of them, with
other thresholds, is compared in the same pass, as ``leeward policy backtest --against`` does.

    python benchmarks/backtest.py --events 10000000
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.model import EvidenceItem, Finding, admit_columns
from leeward.pipeline import backtest, looks_of
from leeward.policy import Policy, Signal, Value, event_schema, read_policy
from leeward.store import Covered, Log, Scored, Writer
from workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run"]

_RULES: Final = 50
_SHARE: Final = 0.01
_SIGNALS: Final = ("tide", "wind", "swell", "gulls", "mist", "ropes", "nets", "lamps")
_SCHEMA: Final = event_schema(
    [
        Signal(name=name, about="made up", values=(Value("share", "0 to 1"), Value("boats", "n")))
        for name in _SIGNALS
    ]
)
_SUBJECTS: Final = ("account", "post", "thread", "target", "media", "tag")


def _condition(number: int, line: float) -> str:
    rng = random.Random(number)  # noqa: S311 - a made-up workload, the same every time
    a, b = rng.sample(_SIGNALS, 2)
    word = "".join(rng.choices("abcdefghijklmnoprstuvwxyz", k=4))
    return (
        f'event.kind == "post" and {a}.hit and {a}.score >= {line}',
        f'event.kind == "post" and {a}.hit and {a}.share > {line / 5} and {b}.hit',
        f'event.kind in ["post", "repost"] and ({a}.hit or {b}.hit) and event.op == "create"',
        f"{a}.hit and {a}.boats > {line} and not {b}.hit",
        f'event.kind == "post" and event.pictures > 0 and {a}.hit and {a}.share + {b}.share > 0.2',
        f'event.reply_to != "" and {a}.hit and {a}.score > {line}',
        f'event.kind == "repost" and {a}.hit and {a}.score - {b}.score > 0.5',
        f'at_least(2, {a}.hit, {b}.hit, event.pictures > 0) and event.kind == "post"',
        f'event.kind == "follow" and {a}.hit and {a}.boats >= 3',
        f'event.kind == "post" and "{word}" in event.text and len(event.tags) > {int(line)}',
    )[number % 10]


def _policy(version: int, line: float) -> Policy:
    lines = [
        f"policy: workload\nversion: {version}\nabout: Made up.",
        "stands_on: Harbour rules, 1.\nseverity: low\nrules:",
    ]
    for number in range(_RULES):
        lines.append(f"  - rule: r{number}\n    when: '{_condition(number, line)}'")
        lines += ["    if_abstained: abstain"] if number % 10 != 9 else []
        lines.append(f"    subject: {_SUBJECTS[number % len(_SUBJECTS)]}")
        lines.append("    causes: [open_case]\n    daily_quota: 1000")
    return read_policy("\n".join(lines), _SCHEMA)


def _findings(events: int) -> Iterator[Finding]:
    rng = np.random.default_rng(3)
    for seq in np.flatnonzero(rng.random(events) < _SHARE).tolist():
        for signal in rng.choice(len(_SIGNALS), int(rng.integers(1, 4)), replace=False):
            share, boats = rng.random(2).tolist()
            yield Finding(
                seq=seq + 1,
                signal=_SIGNALS[signal],
                version="1",
                subject="post:1",
                outcome="hit" if share > 0.1 else "abstained",
                at=1,
                score=float(rng.gamma(2.0)) if share > 0.1 else None,
                evidence=(
                    EvidenceItem("share", "post:1", 1.0, value=share),
                    EvidenceItem("boats", "post:1", 0.5, value=float(int(boats * 9))),
                ),
            )


def _log(folder: Path, events: int) -> int:
    """Make the log; how many findings it has."""
    with Writer.open(folder) as writer:
        for batch in Workload().batches(events, 524_288):
            writer.append(admit_columns(batch).batch)
        writer.seal()
        coverage = tuple(Covered("signal", name, "1", 1, events) for name in _SIGNALS)
        writer.add_scored(Scored(coverage=coverage, through=events), rewritten=0)
        stored = writer.add_findings(_findings(events))
        writer.append(admit_columns(next(iter(Workload(seed=9).batches(100)))).batch)
        writer.seal()  # the findings with it
    return stored or 0


def run(events: int, folder: Path) -> dict[str, Any]:
    """Measure.

    Args:
        events: In the log.
        folder: Where the log is made; removed again.

    Returns:
        Seconds and events per CPU-second, alone and against another version.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        findings = _log(folder, events)
        figures: dict[str, Any] = {"events": events, "findings": findings, "rules": _RULES}
        with Log(folder) as log:
            looks = looks_of(log, dict.fromkeys(_SIGNALS, "1"))
            for what, against in (("alone", []), ("against another version", [_policy(1, 2.0)])):
                wall, cpu = time.perf_counter(), time.process_time()
                found = backtest(log, [_policy(2, 1.0)], looks, against=against)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                rules = found.policies[0].rules
                assert found.events == events + 100
                assert sum(rule.hits > 0 for rule in rules) > _RULES * 0.8, "rules that say nothing"
                figures[f"{what}, hits"] = sum(rule.hits for rule in rules)
                figures[f"{what}, wall s"] = wall
                figures[f"{what}, CPU s"] = cpu
                figures[f"{what}, events/CPU-s"] = events / cpu
        figures["memory at most, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    arguments = parser.parse_args()
    folder = Path(__file__).resolve().parent / ".data" / "backtest"
    for name, value in run(arguments.events, folder).items():
        print(f"{name:40} {value:,.3g}" if isinstance(value, float) else f"{name:40} {value:,}")


if __name__ == "__main__":
    main()
