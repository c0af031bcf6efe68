"""A log of some days with findings, judged by a policy in force and one in shadow mode."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from leeward.model import Event, EvidenceItem, Finding, Verdict, events_of, identity
from leeward.pipeline import keep_versions
from leeward.policy import (
    Policy,
    RowReader,
    Signal,
    Value,
    compile_policies,
    event_schema,
    judge,
    meter,
    read_policy,
)
from leeward.store import Covered, Log, Scored, Writer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DAY", "SCHEMA", "START", "boats_policy", "judged_world"]

DAY: Final = 86_400_000_000
START: Final = 20_500 * DAY
SCHEMA: Final = event_schema(
    [
        Signal(
            name="thread-context",
            about="what is around a thread is like what was confirmed",
            unit="log-odds",
            values=(
                Value("untied_repliers", "share of those who reply"),
                Value("flagged_posts", "share of the posts"),
            ),
        )
    ]
)


def boats_policy(version: int = 1, line: float = 0.7, *, shadow: bool = False) -> Policy:
    """Two rules over threads; a lower line in the new version."""
    return read_policy(
        f"""policy: boats
version: {version}
about: Strangers gather below a boat.
stands_on: Harbour rules, 4.2.
severity: high
{"shadow: true" if shadow else ""}
let:
  strangers: thread_context.untied_repliers >= {line}
rules:
  - rule: strangers-gather
    about: Strangers reply, and somebody complains.
    when: thread_context.hit and strangers and thread_context.flagged_posts >= 0.1
    if_abstained: abstain
    subject: thread of thread_context
    causes: [open_case]
    daily_quota: 40
  - rule: loud-strangers
    when: event.kind == "post" and thread_context.hit and thread_context.score > 4
    if_abstained: abstain
    subject: account
    causes: [raise_case]
    severity: medium
    daily_quota: 12
""",
        SCHEMA,
        "boats.yaml",
    )


def judged_world(folder: Path, days: int = 4, a_day: int = 60) -> list[Verdict]:
    """Make it; all verdicts that are stored. The shadow policy comes on the second day."""
    rng = random.Random(3)  # noqa: S311 - a made-up past, the same every time
    with pytest.MonkeyPatch.context() as patch, Writer.open(folder) as writer:
        for day in range(days):
            at = START + day * DAY
            patch.setattr("leeward.store._writer.time.time_ns", lambda at=at: at * 1_000)
            writer.append([_event(day * a_day + number, at, rng) for number in range(a_day)])
    live, shadow = boats_policy(), boats_policy(2, 0.5, shadow=True)
    keep_versions(folder, [live, shadow])
    with Log(folder) as log:
        events = sorted(
            (one for batch in log.scan() for one in events_of(batch)), key=lambda e: e.seq or 0
        )
    findings = {f.seq: f for e in events if (f := _finding(e.seq or 0, rng)) is not None}
    verdicts = []
    for policy, since in ((live, 1), (shadow, a_day + 1)):
        compiled = compile_policies([policy])
        reader = RowReader(compiled, looked={"thread-context"})
        pairs = [
            (e, {"thread-context": findings[e.seq]} if e.seq in findings else {})
            for e in events
            if (e.seq or 0) >= since
        ]
        verdicts += meter(judge(compiled, reader, pairs), compiled, {}).passed
    last = len(events)
    coverage = (
        Covered("signal", "thread-context", "1", 1, last),
        Covered("policy", "boats", "1", 1, last),
        Covered("policy", "boats", "2", a_day + 1, last),
    )
    scored = Scored(
        findings=tuple(findings.values()),
        verdicts=tuple(verdicts),
        coverage=coverage,
        through=last,
    )
    with Writer.open(folder) as writer:
        assert writer.add_scored(scored, rewritten=0)
    return verdicts


def _event(number: int, at: int, rng: random.Random) -> Event:
    thing = f"harbour:post:{number}"
    return Event(
        id=identity("harbour", thing, "1", "create"),
        source="harbour",
        kind="post",
        op="create",
        at=at + number,
        actor=f"harbour:boat:{rng.randrange(40)}",
        object=thing,
        root=f"harbour:post:{rng.randrange(25)}",
        text="the tide turns",
    )


def _finding(seq: int, rng: random.Random) -> Finding | None:
    if rng.random() < 0.5:
        return None
    outcome = "abstained" if rng.random() < 0.1 else "hit"
    thread = f"harbour:post:{rng.randrange(20) if rng.random() < 0.4 else rng.randrange(2_000)}"
    share, flagged = rng.betavariate(3, 2), rng.betavariate(1, 6)
    return Finding(
        seq=seq,
        signal="thread-context",
        version="1",
        subject=thread,
        outcome=outcome,  # type: ignore[arg-type]
        at=START,
        reason="too few replies" if outcome == "abstained" else None,
        score=None if outcome == "abstained" else 1.5 + 4 * share,
        evidence=()
        if outcome == "abstained"
        else (
            EvidenceItem(
                "untied_repliers", thread, 2.1, value=share, low=share / 2, high=0.99, count=9
            ),
            EvidenceItem("flagged_posts", thread, 1.2, value=flagged, low=0.01, high=0.5, count=14),
        ),
    )
