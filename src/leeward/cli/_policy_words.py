"""Verdicts, backtests and differences in words, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.cli._options import counted, shown, stamp
from leeward.model import VERDICT_CAUSE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.model import Finding, Operand
    from leeward.pipeline import (
        Backtested,
        Changed,
        Difference,
        Explained,
        Labelled,
        PolicyBacktested,
        Sample,
    )

__all__ = ["backtest_lines", "difference_lines", "explained_lines"]

_HOLDS: Final = {True: "true", False: "false", None: "could not be computed"}
_OUTCOMES: Final = {
    "hit": "the rule's condition held",
    "abstained": "the rule's condition could not be computed",
    "overflow": "the rule's quota of the day was used up",
}
_DAY: Final = 86_400_000_000


def explained_lines(found: Explained) -> Iterator[str]:
    """Why there is a verdict, as somebody reads who was not there."""
    verdict = found.verdict
    shadow = ", in shadow mode: it causes nothing" if verdict.shadow else ""
    yield f"{stamp(verdict.at)}  {verdict.policy} version {verdict.version}, rule {verdict.rule}"
    yield f"  said: {_OUTCOMES[verdict.outcome]}; {verdict.severity}{shadow}"
    yield f"  about: {verdict.subject_kind} {shown(verdict.subject)}, at event {verdict.seq}"
    for cause in verdict.causes:
        yield f"  causes: {cause}: {VERDICT_CAUSE_WORDS[cause]}"
    if not verdict.causes:
        yield "  causes: nothing; it is kept and counted"
    yield from _rule_lines(found)
    if verdict.operands:
        yield "  what carried it:"
        yield from (f"    {operand_line(one)}" for one in verdict.operands)
    if found.findings:
        signals = [finding.signal for finding in found.findings]
        several = len(set(signals)) < len(signals)
        # A verdict does not say which version's finding it read; what carried it has the numbers.
        yield "  the findings behind it" + (", of each signal one of these:" if several else ":")
        for finding in found.findings:
            yield from (f"    {line}" for line in _finding_lines(finding))


def _rule_lines(found: Explained) -> Iterator[str]:
    """The rule as it was written when it judged."""
    if not found.text_kept:
        yield "  the text of this version was not kept"
    if found.rule_about or found.about:
        yield f"  the rule finds: {' '.join((found.rule_about or found.about).split())}"
    if found.stands_on:
        yield f"  it stands on: {' '.join(found.stands_on.split())}"
    if found.when:
        yield f"  its condition: {found.when}"
    for name, text in found.names.items():
        yield f"    where {name} is: {text}"


def operand_line(operand: Operand) -> str:
    """A part of a condition, what it came to, and the numbers in it."""
    values = ", ".join(
        f"{name} was {_value(value)}" for name, value in operand.values if name != operand.says
    )
    return f"{operand.says}  is {_HOLDS[operand.holds]}" + (f"; {values}" if values else "")


def _value(value: float | bool | None) -> str:
    if value is None:
        return "not known"
    return str(value).lower() if isinstance(value, bool) else f"{value:,.6g}"


def _finding_lines(finding: Finding) -> Iterator[str]:
    score = "" if finding.score is None else f" with the score {finding.score:.4g}"
    reason = f": {finding.reason}" if finding.reason else ""
    yield (
        f"{finding.signal} (version {finding.version}) said {finding.outcome}{score} of "
        f"{shown(finding.subject)}{reason}"
    )
    for item in finding.evidence[:12]:
        value = "" if item.value is None else f" is {item.value:.4g}"
        if item.low is not None and item.high is not None:
            value += f" (between {item.low:.4g} and {item.high:.4g}"
            value += ")" if item.count is None else f", from {item.count:,} observations)"
        yield f"  {item.weight:+.2f}  {item.kind}{value}"
    if len(finding.evidence) > 12:
        yield f"  and {len(finding.evidence) - 12} lighter ones"


# --- backtests ---------------------------------------------------------------------------------


def backtest_lines(found: Backtested) -> Iterator[str]:
    """What policies would have said of the past."""
    if found.events:
        since, until = stamp(found.since), stamp(found.until)
        yield f"{counted(found.events, 'event')}, received from {since} to {until}"
    for note in found.notes:
        yield f"note: {note}"
    for policy in found.policies:
        yield ""
        yield from _policy_lines(policy)


def _policy_lines(policy: PolicyBacktested) -> Iterator[str]:
    against = f", against {policy.against}" if policy.against else ""
    yield f"{policy.policy} version {policy.version}{against}"
    yield f"  {counted(policy.subjects, 'subject')} in all{_labelled(policy.labelled)}"
    yield from _changed(policy.changed)
    for rule in policy.rules:
        abstained = f", {rule.abstained:,} abstained" if rule.abstained else ""
        yield (
            f"  {rule.rule}: {counted(rule.hits, 'hit')} on {counted(rule.subjects, 'subject')}"
            f"{abstained}{_labelled(rule.labelled)}"
        )
        if rule.cut:
            days = sum(day.cut > 0 for day in rule.days)
            yield (
                f"    the quota of {rule.daily_quota:,} a day would have cut {rule.cut:,} "
                f"verdicts on {counted(days, 'day')}"
            )
        yield from (f"  {line}" for line in _changed(rule.changed))
        for day in rule.days[-7:]:
            yield (
                f"    {(stamp(day.day * _DAY) or '')[:10]}  {day.hits:>9,} hits  "
                f"{day.abstained:>9,} abstained"
            )
        for sample in rule.samples:
            yield from (f"    {line}" for line in _sample_lines(sample))


def _labelled(labelled: Labelled) -> str:
    if labelled.precision is None:
        return ""
    known = labelled.offender + labelled.innocent
    return f"; of {known:,} labelled {labelled.offender:,} offender ({labelled.precision:.0%})"


def _changed(changed: Changed | None) -> Iterator[str]:
    if changed is not None:
        yield (
            f"  newly {counted(changed.newly_subjects, 'subject')} "
            f"({counted(changed.newly_events, 'event')}), no longer "
            f"{counted(changed.no_longer_subjects, 'subject')} "
            f"({counted(changed.no_longer_events, 'event')}); it was "
            f"{counted(changed.subjects, 'subject')}"
        )


def _sample_lines(sample: Sample) -> Iterator[str]:
    whom = ", ".join(f"{kind} {shown(uri)}" for kind, uri in sample.subjects)
    yield f"{sample.of}: event {sample.seq}" + (f", {whom}" if whom else "")
    yield from (f"  {operand_line(one)}" for one in sample.operands)


# --- shadow mode -------------------------------------------------------------------------------


def difference_lines(found: Difference) -> Iterator[str]:
    """What runs in shadow mode says otherwise than what is in force."""
    for policy in found.policies:
        over = "" if policy.events is None else f", over {counted(policy.events, 'event')}"
        name = f"{policy.policy} version {policy.version}"
        yield f"{name} in shadow mode, beside {policy.current}{over}"
        sides = policy.subjects
        yield (
            f"  subjects: {sides.current:,} in force, {sides.shadow:,} in shadow mode; "
            f"{sides.only_shadow:,} only in shadow mode, {sides.only_current:,} only in force"
        )
        for rule in policy.rules:
            yield (
                f"  {rule.rule}: hits {rule.hits[0]:,} and {rule.hits[1]:,}; subjects only in "
                f"shadow mode {rule.subjects.only_shadow:,}, only in force "
                f"{rule.subjects.only_current:,}"
            )
        for one in policy.samples:
            yield f"  only {_SIDES[one.side]}: {one.kind} {shown(one.subject)}, event {one.seq}"
            yield from (f"    {operand_line(operand)}" for operand in one.operands)


_SIDES: Final = {"shadow": "in shadow mode", "current": "in force"}
