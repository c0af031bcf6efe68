"""What a backtest says."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from leeward.model import Operand, Severity, SubjectKind, VerdictCause  # noqa: TC001 - msgspec reads annotations

__all__ = [
    "Backtested",
    "Changed",
    "DayCount",
    "Labelled",
    "PolicyBacktested",
    "RuleBacktested",
    "Sample",
    "SampleOf",
    "SignalLooked",
]

SampleOf: TypeAlias = Literal["hit", "newly", "no longer"]


class DayCount(Struct, frozen=True):
    """What a rule would have said on a day.

    Attributes:
        day: Days since 1970-01-01, UTC, by the time at which the log received the events.
        hits, abstained: Verdicts.
        cut: Verdicts beyond the rule's daily quota.
    """

    day: int
    hits: int
    abstained: int
    cut: int


class Changed(Struct, frozen=True):
    """What another version did otherwise.

    Attributes:
        events: Events that it hit.
        newly_events, no_longer_events: Events that only the new version hits, only the other one.
        subjects: Subjects that it hit.
        newly_subjects, no_longer_subjects: Subjects that only the new version hits at any event,
            and that only the other one does.
    """

    events: int
    newly_events: int
    no_longer_events: int
    subjects: int
    newly_subjects: int
    no_longer_subjects: int


class Labelled(Struct, frozen=True):
    """Subjects of hits, by what people decided of them.

    Attributes:
        offender, innocent: How many subjects bear which label; the last one on a subject counts.
        unlabelled: How many bear none.
    """

    offender: int
    innocent: int
    unlabelled: int

    @property
    def precision(self) -> float | None:
        """Offenders among the labelled; none where nobody decided anything."""
        known = self.offender + self.innocent
        return self.offender / known if known else None


class Sample(Struct, frozen=True, kw_only=True):
    """An event to look at, by its place in the log.

    Attributes:
        of: What it is a sample of: of hits (of both versions, where there is another one), of
            what only the new version hits, of what only the other one did.
        seq: The event.
        subjects: Kind and URI of whom or what the verdicts would be about.
        operands: The parts of the rule's condition that made it what it is.
    """

    of: SampleOf
    seq: int
    subjects: tuple[tuple[SubjectKind, str], ...]
    operands: tuple[Operand, ...]

    def __repr__(self) -> str:
        """What of and where: whom it concerns stays out of ``repr``."""
        return f"<Sample {self.of} seq={self.seq}>"


class RuleBacktested(Struct, frozen=True, kw_only=True):
    """What a rule would have said.

    Attributes:
        rule: Its name.
        when: Its condition, with every name spelled out.
        causes, severity, daily_quota: As the policy has them.
        events: Events that it hits.
        abstained_events: Events at which it abstains, and does not call that ``no``.
        hits, abstained: Verdicts: one a subject of such an event.
        subjects: Distinct subjects of hits.
        days: The days on which it says anything, in order.
        cut: Verdicts that its daily quota would have withheld.
        labelled: What people decided of its subjects.
        changed: Against the rule of this name in the other version; none without one.
        samples: Events to look at.
    """

    rule: str
    when: str
    causes: tuple[VerdictCause, ...]
    severity: Severity
    daily_quota: int
    events: int
    abstained_events: int
    hits: int
    abstained: int
    subjects: int
    days: tuple[DayCount, ...]
    cut: int
    labelled: Labelled
    changed: Changed | None
    samples: tuple[Sample, ...]


class PolicyBacktested(Struct, frozen=True, kw_only=True):
    """What a policy would have said.

    Attributes:
        policy, version: Its name and version.
        against: The version that it was compared with, as ``NAME version N``; none without one.
        rules: Its rules, in their order.
        subjects: Distinct subjects that any of its rules hits.
        labelled: What people decided of these.
        changed: The same against all rules of the other version.
    """

    policy: str
    version: int
    against: str | None
    rules: tuple[RuleBacktested, ...]
    subjects: int
    labelled: Labelled
    changed: Changed | None


class SignalLooked(Struct, frozen=True):
    """How many of the events a signal has looked at.

    Attributes:
        signal: Its name.
        version: In force; none where the last finding of any version counts.
        events: Events of the window that it has looked at.
        share: Part of all events of the window.
    """

    signal: str
    version: str | None
    events: int
    share: float


class Backtested(Struct, frozen=True, kw_only=True):
    """What policies would have said of a window of the log.

    Attributes:
        events: Events in the window.
        since, until: The first and last time at which the log received one of them; 0 without
            events. Microseconds since 1970 UTC.
        days: The days that were asked for; none for the whole log.
        signals: Of each signal that the rules read how much it has looked at.
        policies: What each policy would have said.
        notes: What to bear in mind, in words.
    """

    events: int
    since: int
    until: int
    days: int | None
    signals: tuple[SignalLooked, ...]
    policies: tuple[PolicyBacktested, ...]
    notes: tuple[str, ...]
