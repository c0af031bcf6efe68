"""The Verdict: what a policy says of a subject at one event."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

from leeward.model._event import Micros, Uri  # noqa: TC001 - msgspec reads annotations

__all__ = [
    "SEVERITIES",
    "VERDICT_CAUSES",
    "VERDICT_CAUSE_WORDS",
    "Operand",
    "Severity",
    "SubjectKind",
    "Verdict",
    "VerdictCause",
    "VerdictOutcome",
]

VerdictCause: TypeAlias = Literal["open_case", "raise_case", "hide", "protect"]
VERDICT_CAUSES: Final[tuple[VerdictCause, ...]] = get_args(VerdictCause)

VERDICT_CAUSE_WORDS: Final[dict[VerdictCause, str]] = {
    "open_case": "a case is opened for the subject, or the one that is open is fed",
    "raise_case": "the subject's open case moves up in its queue; without one, it is opened",
    "hide": "the content is hidden at once, until a person has decided",
    "protect": "protective steps for a photograph whose owner asked for them; nobody is accused",
}
"""What each cause means, in words."""

Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""From the least to the most."""

SubjectKind: TypeAlias = Literal["account", "post", "media", "tag", "thread", "community", "rule"]

VerdictOutcome: TypeAlias = Literal["hit", "abstained", "overflow"]

Name: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]


class Operand(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a rule's condition that carried its verdict, and the numbers in it.

    Attributes:
        says: The part, as the policy writes it.
        holds: What it came to; None where it could not be computed.
        values: The fields in it that are numbers, times or findings, with their values; None
            where one could not be computed. Never a text of the event.
    """

    says: str
    holds: bool | None
    values: tuple[tuple[str, float | bool | None], ...] = ()


class Verdict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one rule of a policy says of one subject at one event.

    Attributes:
        seq: The event's place in the log.
        at: When the event was seen, microseconds since 1970 UTC.
        policy, version, rule: Whose word it is.
        severity: Of the policy, or of the rule where it has its own.
        outcome: ``hit``; ``abstained``, where it could not be computed and the rule says what
            follows; ``overflow``, where the rule's quota of the day is used up.
        causes: What follows. A verdict of a policy in shadow mode has them, too, and nobody
            acts on it.
        subject_kind, subject: Whom or what it is about. Of an overflow it is the rule.
        shadow: The policy runs beside others without effect.
        operands: What carried it.
    """

    seq: int
    at: Micros
    policy: Name
    version: Annotated[int, Meta(ge=1)]
    rule: Name
    severity: Severity
    outcome: VerdictOutcome
    causes: tuple[VerdictCause, ...] = ()
    subject_kind: SubjectKind
    subject: Uri
    shadow: bool = False
    operands: tuple[Operand, ...] = ()

    def __repr__(self) -> str:
        """The rule and the outcome: content stays out of ``repr``."""
        return f"<Verdict seq={self.seq} {self.policy}@{self.version} {self.rule} {self.outcome}>"
