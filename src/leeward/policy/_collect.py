"""What follows from many verdicts: collected, and each thing once a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from leeward.model import SEVERITIES, VERDICT_CAUSES, Severity, SubjectKind, Verdict, VerdictCause

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Consequence", "collect"]


class Consequence(Struct, frozen=True, kw_only=True):
    """What follows for one subject from all verdicts on it.

    Attributes:
        subject_kind, subject: Whom or what it is about.
        causes: Everything that follows, each once.
        severity: The worst of the verdicts'.
        verdicts: The verdicts that it follows from; repeats of one rule are kept.
    """

    subject_kind: SubjectKind
    subject: str
    causes: tuple[VerdictCause, ...]
    severity: Severity
    verdicts: tuple[Verdict, ...]

    def __repr__(self) -> str:
        """The kind and the causes: content stays out of ``repr``."""
        return f"<Consequence {self.subject_kind} {', '.join(self.causes)}>"


def collect(verdicts: Iterable[Verdict]) -> list[Consequence]:
    """What follows, a subject once, in the order in which subjects are first named.

    Verdicts of policies in shadow mode, and those that cause nothing, lead to nothing here.
    """
    by_subject: dict[tuple[SubjectKind, str], list[Verdict]] = {}
    for verdict in verdicts:
        if not verdict.shadow and verdict.causes:
            key = verdict.subject_kind, verdict.subject
            by_subject.setdefault(key, []).append(verdict)
    return [_joined(kind, uri, found) for (kind, uri), found in by_subject.items()]


def _joined(kind: SubjectKind, uri: str, verdicts: list[Verdict]) -> Consequence:
    every = {cause for verdict in verdicts for cause in verdict.causes}
    return Consequence(
        subject_kind=kind,
        subject=uri,
        causes=tuple(cause for cause in VERDICT_CAUSES if cause in every),
        severity=max((verdict.severity for verdict in verdicts), key=SEVERITIES.index),
        verdicts=tuple(verdicts),
    )
