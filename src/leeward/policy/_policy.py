"""A policy that has been checked: what stands in the file, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leeward.model import Severity, VerdictCause
    from leeward.policy._schema import Schema
    from leeward.policy._shape import Abstained
    from leeward.policy._source import Source, Span
    from leeward.policy._tree import Part

__all__ = ["Case", "Policy", "Rule"]


@dataclass(frozen=True)
class Rule:
    """A rule of a policy.

    Attributes:
        name: What it is called; one name a policy.
        about: What it finds, in words.
        when: Its condition, checked.
        if_abstained: What follows where the condition is unknown; None where it never is.
        subject: Whom or what a verdict is about: a word of :data:`SUBJECTS`, or as in
            ``thread of thread_context``, what a signal's finding is about.
        causes: What a verdict causes.
        severity: How bad it is.
        daily_quota: Verdicts a day.
    """

    name: str
    about: str
    when: Part = field(repr=False)
    if_abstained: Abstained | None
    subject: str
    causes: tuple[VerdictCause, ...]
    severity: Severity
    daily_quota: int


@dataclass(frozen=True)
class Case:
    """A test that stands beside a policy.

    Attributes:
        name: What happens, in words.
        given: Columns of a row; what is not given is absent.
        expect: For each rule how it ends: ``hit``, ``no`` or ``abstained``.
        span: Where it stands.
        places: Where each expectation stands.
    """

    name: str
    given: Mapping[str, object] = field(repr=False)
    expect: Mapping[str, str]
    span: Span
    places: Mapping[str, Span] = field(repr=False)


@dataclass(frozen=True)
class Policy:
    """A policy.

    Attributes:
        name: What verdicts and audit entries call it.
        version: From 1.
        about: What it finds, in words.
        stands_on: The text of the published rules that it enforces.
        severity: How bad it is.
        shadow: It runs beside others, and causes nothing.
        rules: Its rules.
        cases: Its tests.
        source: The file.
        schema: What its conditions may read.
    """

    name: str
    version: int
    about: str
    stands_on: str
    severity: Severity
    shadow: bool
    rules: tuple[Rule, ...]
    cases: tuple[Case, ...] = field(repr=False)
    source: Source = field(repr=False)
    schema: Schema = field(repr=False)
