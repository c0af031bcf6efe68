"""Policies that judge events as they come, within the daily quotas of their rules."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from leeward.model import events_of
from leeward.pipeline._lookback_judge import BANK_SIGNALS
from leeward.policy import RowReader, Spent, compile_policies, judge, meter
from leeward.store import Covered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import pyarrow as pa

    from leeward.model import Finding, Verdict, VerdictOutcome
    from leeward.policy import Policy, Rule

__all__ = ["Judged", "Rules", "RulesOf"]

Judged = tuple[list["Verdict"], dict[str, tuple[int, int]]]
"""Verdicts, and what the rules have used of their quotas: the day, and how many."""

_BANKS = frozenset(name.replace("-", "_") for name in BANK_SIGNALS)


class Rules:
    """The policies in force, live ones and those in shadow mode.

    The hash banks look at an event by themselves, after it was scored. So rules that read what
    they say wait until they have.

    Args:
        policies: They, checked with one schema.

    Raises:
        PolicyError: They cannot run together.
    """

    def __init__(self, policies: Sequence[Policy] = ()) -> None:
        self.policies = tuple(policies)
        self.at_once = RulesOf(policies, lambda policy, rule: not _waits(policy, rule))
        self.late = RulesOf(policies, _waits)

    def coverage(self, first: int, last: int) -> list[Covered]:
        """That they have judged the events from one place to another."""
        return [Covered("policy", p.name, str(p.version), first, last) for p in self.policies]


class RulesOf:
    """Some rules of some policies.

    Args:
        policies: The policies.
        among: Which of their rules.
    """

    def __init__(self, policies: Sequence[Policy], among: Callable[[Policy, Rule], bool]) -> None:
        some = [
            replace(policy, rules=rules)
            for policy in policies
            if (rules := tuple(rule for rule in policy.rules if among(policy, rule)))
        ]
        self._compiled = compile_policies(some) if some else None
        self._readers: dict[frozenset[str], RowReader] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self._compiled is not None

    def judge(
        self,
        batch: pa.RecordBatch | pa.Table,
        findings: Iterable[Finding],
        spent: Mapping[str, tuple[int, int]],
        looked: Callable[[int], frozenset[str]],
        known: Collection[tuple[object, ...]] = (),
    ) -> Judged:
        """What the rules say of some events, and what they have used of their quotas.

        What exceeds a quota is counted; one verdict says that it happened.

        Args:
            batch: Rows of the log.
            findings: What the signals said of them; of two versions, the later one counts.
            spent: What the rules had used before.
            looked: The signals that have looked at an event, by its place: where one of them
                says nothing, it has missed; where another does, nothing is known.
            known: The keys of verdicts that there are; they are not counted again. Where a rule
                has abstained before, a hit is news; the other way round nothing is.
        """
        if self._compiled is None:
            return [], {}
        by_event: dict[int, dict[str, Finding]] = {}
        for finding in findings:
            by_event.setdefault(finding.seq, {})[finding.signal] = finding
        nothing: dict[str, Finding] = {}
        events = [
            (looked(seq), (event, by_event.get(seq, nothing)))
            for event in events_of(batch)
            if (seq := event.seq or 0)
        ]
        verdicts: list[Verdict] = []
        for signals, some in groupby(events, itemgetter(0)):
            verdicts += judge(self._compiled, self._reader(signals), [one for _, one in some])
        if known:
            verdicts = [
                one
                for one in verdicts
                if key_of(one) not in known and key_of(one, "hit") not in known
            ]
        if not verdicts:
            return [], {}
        before = {rule: Spent(day, count) for rule, (day, count) in spent.items()}
        metered = meter(verdicts, self._compiled, before)
        after = {rule: (used.day, used.count) for rule, used in metered.spent.items()}
        return metered.passed, after

    def _reader(self, looked: frozenset[str]) -> RowReader:
        """Reads events that these signals have looked at."""
        if looked not in self._readers:
            assert self._compiled is not None  # noqa: S101 - for the type checker: it is asked
            self._readers[looked] = RowReader(self._compiled, looked=looked)
        return self._readers[looked]


def key_of(verdict: Verdict, outcome: VerdictOutcome | None = None) -> tuple[object, ...]:
    """What tells a verdict from all others; or the one with another outcome."""
    whose = verdict.seq, verdict.policy, verdict.version, verdict.rule, verdict.subject
    return *whose, outcome or verdict.outcome


def _waits(policy: Policy, rule: Rule) -> bool:
    """Whether a rule reads what the hash banks say."""
    columns = compile_policies([replace(policy, rules=(rule,))]).columns
    return any(column.partition(".")[0] in _BANKS for column in columns)
