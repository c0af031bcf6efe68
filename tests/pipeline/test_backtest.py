"""A policy tested on the past: the same figures as its rules give row by row."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from leeward.errors import PolicyError
from leeward.model import Event, EvidenceItem, Finding, Label, MediaRef, Verdict, identity
from leeward.pipeline import Backtested, backtest, looks_of
from leeward.policy import (
    Compiled,
    Field,
    Policy,
    RowReader,
    Schema,
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

_SIGNALS = [
    Signal(name="tide", about="high water", values=(Value("range", "metres"),)),
    Signal(name="harbour-light", about="seen", scored=False),
    Signal(name="mist", about="thick"),
]
_SCHEMA = event_schema(_SIGNALS)
_DAY = 86_400_000_000
_START = 20_000 * _DAY
_KINDS = ("post", "repost", "like", "follow", "flag", "account")
_RULES = {
    "high": ("account", 'event.kind == "post" and tide.hit and tide.score >= 2', "open_case"),
    "found": ("media of tide", 'event.kind in ["post", "flag"] and tide.hit', "open_case"),
    "wide": ("thread", 'event.kind == "post" and tide.hit and tide.range > 3', "abstain"),
    "lit": ("tag", '"sail" in event.tags and harbour_light.hit', "open_case"),
    "seen": ("media", "event.pictures > 0 and not mist.hit", "open_case"),
    "spread": ("target", 'event.kind in ["repost", "follow"] and mist.miss', "no"),
    "berth": ("community", '"boat" in event.text or tide.hit', "abstain"),
    "any": ("post", 'event.kind == "like" and event.lang == "en"', ""),
}


def _policy(version: int = 1, name: str = "boats", quota: int = 40, **changed: str) -> Policy:
    lines = [
        (
            f"policy: {name}\nversion: {version}\nabout: Boats.\nstands_on: Harbour rules, 1.\n"
            "severity: low\nrules:"
        )
    ]
    for rule, (subject, when, says) in _RULES.items():
        lines.append(f"  - rule: {rule}\n    when: '{changed.get(rule, when)}'")
        lines += [f"    if_abstained: {says}"] if says else []
        lines.append(f"    subject: {subject}\n    causes: [open_case]\n    daily_quota: {quota}")
    return read_policy("\n".join(lines), _SCHEMA)


@dataclass
class _Past:
    """A log, and all that is in it."""

    folder: Path
    events: list[Event]
    findings: dict[int, dict[str, Finding]]
    coverage: dict[str, list[tuple[int, int]]]
    labels: list[Label]

    def verdicts(self, policy: Policy) -> list[Verdict]:
        """What the rules say, one event after the other."""
        compiled = compile_policies([policy])
        readers: dict[frozenset[str], RowReader] = {}
        found = []
        for event in self.events:
            looked = frozenset(
                name
                for name, ranges in self.coverage.items()
                if any(low <= (event.seq or 0) <= high for low, high in ranges)
            )
            reader = readers.setdefault(looked, RowReader(compiled, looked=looked))
            found += judge(compiled, reader, [(event, self.findings.get(event.seq or 0, {}))])
        return found

    def backtested(self, *policies: Policy, **keys: Any) -> Backtested:
        with Log(self.folder) as log:
            versions = {"tide": "2", "harbour-light": None, "mist": "1"}
            return backtest(log, policies, looks_of(log, versions), labels=self.labels, **keys)


def _event(number: int, rng: random.Random) -> Event:
    kind = rng.choice(_KINDS)
    thing = f"boat:{number % 11}" if kind == "account" else f"{kind}:{number}"
    post = kind == "post"
    return Event(
        id=identity("harbour", thing, str(number), "create"),
        source="harbour",
        kind=kind,  # type: ignore[arg-type]
        op="create",
        at=_START + number,
        actor=f"boat:{number % 11}",
        object=thing,
        target=f"post:{rng.randrange(60)}"
        if kind in ("repost", "like", "flag", "follow")
        else None,
        reply_to=None,
        root=f"post:{rng.randrange(40)}" if post and rng.random() < 0.5 else None,
        text=rng.choice(["a red boat", "the garden", "İzmir boats"]) if post else None,
        lang=rng.choice(["en", "nb", None]),
        community=rng.choice([None, "pier:1", "pier:2"]),
        tags=tuple(rng.choices(["sail", "mast", "quay"], k=rng.randrange(3))) if post else (),
        media=tuple(
            MediaRef(
                uri=f"picture:{rng.randrange(30)}" if rng.random() < 0.8 else None,
                sha256=f"{rng.randrange(30):064x}",
            )
            for _ in range(rng.randrange(3) if post else 0)
        ),
    )


def _finding(seq: int, signal: str, version: str, rng: random.Random, at: int = 1) -> Finding:
    outcome = rng.choice(["hit", "hit", "miss", "abstained"])
    value = rng.choice([None, 1.0, 4.0])
    return Finding(
        seq=seq,
        signal=signal,
        version=version,
        subject="post:1",
        outcome=outcome,  # type: ignore[arg-type]
        at=at,
        score=None
        if outcome == "abstained" or signal == "harbour-light"
        else rng.choice([1.0, 3.0]),
        evidence=(EvidenceItem("range", "post:1", 1.0, value=value),) if signal == "tide" else (),
    )


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> _Past:
    """Six days of events, half of them sealed, with findings of three signals."""
    rng = random.Random(5)  # noqa: S311 - a made-up past, the same every time
    folder = tmp_path_factory.mktemp("past")
    findings: dict[int, dict[str, Finding]] = defaultdict(dict)
    stored: list[Finding] = []
    with pytest.MonkeyPatch.context() as patch, Writer.open(folder) as writer:
        for day in range(6):
            patch.setattr(
                "leeward.store._writer.time.time_ns", lambda d=day: (_START + d * _DAY) * 1_000
            )
            writer.append([_event(day * 300 + number, rng) for number in range(300)])
            if day == 3:
                writer.seal()
    with Log(folder) as log:
        from leeward.model import events_of

        events = sorted(
            (one for batch in log.scan() for one in events_of(batch)), key=lambda e: e.seq or 0
        )
    coverage = {"tide": [(1, 500), (700, 1_500)], "harbour-light": [(1, 1_800)], "mist": []}
    for event in events:
        seq = event.seq or 0
        for signal, version, share in (
            ("tide", "2", 0.3),
            ("harbour-light", "1", 0.2),
            ("mist", "1", 0.5),
        ):
            if rng.random() < share:
                one = _finding(seq, signal, version, rng)
                findings[seq][signal] = one
                stored.append(one)
            if signal == "tide" and rng.random() < 0.2:
                stored.append(_finding(seq, signal, "1", rng))  # of a version that is not in force
            if signal == "harbour-light" and rng.random() < 0.1:
                one = _finding(seq, signal, "2", rng, at=2)  # the last one counts
                findings[seq][signal] = one
                stored.append(one)
    ranges = tuple(
        Covered("signal", name, {"tide": "2"}.get(name, "1"), *pair)
        for name, pairs in coverage.items()
        for pair in pairs
    )
    with Writer.open(folder) as writer:
        scored = Scored(findings=tuple(stored[::2]), coverage=ranges, through=len(events))
        assert writer.add_scored(scored, rewritten=0)
        writer.append([_event(10_000, rng)])
        writer.seal()
        assert writer.add_findings(stored[1::2])
    with Log(folder) as log:
        events = sorted(
            (one for batch in log.scan() for one in events_of(batch)), key=lambda e: e.seq or 0
        )
    labels = [
        Label(kind="account", subject="boat:3", label="innocent", since=0),
        Label(kind="account", subject="boat:3", label="offender", since=1),
        Label(kind="account", subject="boat:4", label="innocent", since=1),
        Label(kind="post", subject="post:7", label="offender", since=1),
        Label(kind="tag", subject="sail", label="offender", since=1),
    ]
    return _Past(folder, events, findings, coverage, labels)


def _subjects(verdicts: list[Verdict], rule: str | None = None) -> set[tuple[str, str]]:
    return {
        (one.subject_kind, one.subject)
        for one in verdicts
        if one.outcome == "hit" and rule in (None, one.rule)
    }


def _hit_events(verdicts: list[Verdict], rule: str) -> set[int]:
    return {one.seq for one in verdicts if one.outcome == "hit" and one.rule == rule}


def test_the_figures_are_those_of_the_rules_row_by_row(past: _Past) -> None:
    policy = _policy()
    verdicts = past.verdicts(policy)
    (found,) = past.backtested(policy).policies

    assert len(_subjects(verdicts)) == found.subjects
    for rule in found.rules:
        of_rule = [one for one in verdicts if one.rule == rule.rule]
        outcomes = Counter(one.outcome for one in of_rule)
        assert (rule.hits, rule.abstained) == (outcomes["hit"], outcomes["abstained"]), rule.rule
        assert rule.events == len(_hit_events(of_rule, rule.rule))
        assert rule.abstained_events == len({v.seq for v in of_rule if v.outcome == "abstained"})
        assert rule.subjects == len(_subjects(of_rule))
        assert Counter({(d.day, "hit"): d.hits for d in rule.days if d.hits}) + Counter(
            {(d.day, "abstained"): d.abstained for d in rule.days if d.abstained}
        ) == Counter((one.at // _DAY, one.outcome) for one in of_rule)
        assert rule.hits, f"{rule.rule} hits nothing here, so nothing was compared"


def test_quotas_would_have_cut_what_meter_withholds(past: _Past) -> None:
    policy = _policy(quota=7)
    compiled = compile_policies([policy])
    withheld = Counter(one.rule for one in meter(past.verdicts(policy), compiled, {}).withheld)
    (found,) = past.backtested(policy).policies

    assert withheld == Counter({rule.rule: rule.cut for rule in found.rules if rule.cut})


def test_what_is_new_and_what_is_gone_against_another_version(past: _Past) -> None:
    old = _policy()
    new = _policy(
        2,
        high='event.kind == "post" and tide.hit and tide.score >= 1',
        any='event.kind == "like" and event.lang == "nb"',
        lit='"mast" in event.tags and harbour_light.hit',
    )
    before, after = past.verdicts(old), past.verdicts(new)
    (found,) = past.backtested(new, against=[old]).policies

    assert found.against == "boats version 1"
    assert found.changed is not None
    assert found.changed.newly_subjects == len(_subjects(after) - _subjects(before)) > 0
    assert found.changed.no_longer_subjects == len(_subjects(before) - _subjects(after)) > 0
    for rule in found.rules:
        assert rule.changed is not None
        then, now = _hit_events(before, rule.rule), _hit_events(after, rule.rule)
        assert rule.changed.events == len(then)
        assert rule.changed.newly_events == len(now - then)
        assert rule.changed.no_longer_events == len(then - now)
        then_subjects, now_subjects = _subjects(before, rule.rule), _subjects(after, rule.rule)
        assert rule.changed.newly_subjects == len(now_subjects - then_subjects)
        assert rule.changed.no_longer_subjects == len(then_subjects - now_subjects)
        for sample in rule.samples:
            expected = {"hit": now, "newly": now - then, "no longer": then - now}
            assert sample.seq in expected[sample.of]


def test_a_sample_says_whom_and_why_as_the_verdict_does(past: _Past) -> None:
    policy = _policy()
    said = defaultdict(list)
    for one in past.verdicts(policy):
        said[one.rule, one.seq].append(one)
    (found,) = past.backtested(policy, sample=4).policies
    samples = [(rule.rule, sample) for rule in found.rules for sample in rule.samples]

    assert len(samples) == 4 * len(_RULES)
    for rule, sample in samples:
        verdicts = said[rule, sample.seq]
        assert set(sample.subjects) == {(one.subject_kind, one.subject) for one in verdicts}
        assert sample.operands == verdicts[0].operands
    assert past.backtested(policy, sample=4).policies == (found,)


def test_past_decisions_count_by_the_last_label_on_a_subject(past: _Past) -> None:
    policy = _policy()
    verdicts = past.verdicts(policy)
    (found,) = past.backtested(policy).policies
    rules = {rule.rule: rule.labelled for rule in found.rules}

    assert {("account", "boat:3"), ("account", "boat:4")} <= _subjects(verdicts, "high")
    assert (rules["high"].offender, rules["high"].innocent, rules["high"].precision) == (1, 1, 0.5)
    assert (rules["lit"].offender, rules["lit"].precision) == (1, 1.0)
    threads = {subject for _, subject in _subjects(verdicts, "wide")}
    assert rules["wide"].offender == ("post:7" in threads)
    assert rules["seen"].precision is None


def test_the_last_days_are_counted_back_from_the_newest_event(past: _Past) -> None:
    policy = _policy()
    newest = max(event.seen or 0 for event in past.events)
    found = past.backtested(policy, days=2)
    verdicts = [one for one in past.verdicts(policy) if one.at >= newest - 2 * _DAY]

    assert found.events == sum((event.seen or 0) >= newest - 2 * _DAY for event in past.events)
    assert sum(r.hits for r in found.policies[0].rules) == sum(
        one.outcome == "hit" for one in verdicts
    )


def test_what_a_signal_has_not_looked_at_is_said_in_words(past: _Past) -> None:
    found = past.backtested(_policy())
    shares = {one.signal: one.events for one in found.signals}

    assert shares == {"tide": 500 + 801, "harbour-light": 1_800, "mist": 0}
    assert any(
        note.startswith("mist has not looked at 1,801 of 1,801 events") for note in found.notes
    )


def test_a_field_that_the_log_does_not_have_is_refused(past: _Past) -> None:
    schema = Schema(
        [
            *event_schema().fields.values(),
            Field(name="boat.crew", kind="int", about="x", certain=True),
        ]
    )
    text = _policy().source.text.split("rules:")[0] + (
        "rules:\n  - rule: crew\n    when: boat.crew > 3\n    subject: account\n"
        "    causes: [open_case]\n    daily_quota: 4\n"
    )
    with Log(past.folder) as log, pytest.raises(PolicyError, match="does not have"):
        backtest(log, [read_policy(text, schema)], {})


def test_an_empty_log_gives_figures_of_nothing(tmp_path: Path) -> None:
    Writer.open(tmp_path).close()
    with Log(tmp_path) as log:
        found = backtest(log, [_policy()], {}, days=3)

    assert (found.events, found.policies[0].subjects) == (0, 0)
    assert "no events" in found.notes[0]


def test_the_compiled_rules_of_both_sides_may_have_one_name(past: _Past) -> None:
    policy = _policy()
    (found,) = past.backtested(policy, against=[policy]).policies

    assert isinstance(compile_policies([policy]), Compiled)
    assert found.changed is not None
    assert (found.changed.newly_events, found.changed.no_longer_events) == (0, 0)


def test_a_rule_that_reads_no_signal_is_tested_too(past: _Past) -> None:
    text = _policy().source.text.split("rules:")[0] + (
        'rules:\n  - rule: nordic\n    when: event.lang == "nb"\n    subject: community\n'
        "    causes: [open_case]\n    daily_quota: 4\n"
    )
    found = past.backtested(read_policy(text, _SCHEMA))
    (rule,) = found.policies[0].rules

    assert found.signals == ()
    assert rule.events == sum(event.lang == "nb" for event in past.events)
