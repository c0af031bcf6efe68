"""From what the rules decided to Verdicts: whom each is about, what follows, what carried it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from leeward.model import Event, MediaRef, Verdict
from leeward.policy._evaluate import operands
from leeward.policy._shape import FOUND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from leeward.model import Finding, SubjectKind, VerdictCause
    from leeward.policy._compiled import Compiled, Placed
    from leeward.policy._rows import RowReader
    from leeward.policy._shape import Subject

__all__ = ["judge", "subjects_of"]


def judge(
    compiled: Compiled,
    reader: RowReader,
    events: Sequence[tuple[Event, Mapping[str, Finding]]],
) -> list[Verdict]:
    """What all rules say of some events, in the order of the events and of the rules.

    Args:
        compiled: The rules.
        reader: Makes their rows.
        events: Each with its findings by signal.
    """
    rows = list(reader.rows(events))
    found: list[Verdict] = []
    for at, rule, outcome in compiled.decide(rows):
        row = dict(zip(compiled.columns, rows[at], strict=True))
        found.extend(_verdicts(compiled.rules[rule], *events[at], row, hit=outcome is True))
    return found


def subjects_of(
    subject: str, event: Event, found: Finding | None = None
) -> list[tuple[SubjectKind, str]]:
    """Whom or what a verdict is about; where the event has no such thing, what came to be.

    Args:
        subject: As a rule has it.
        event: The event.
        found: The finding of the signal that the subject names, if it names one.
    """
    if match := FOUND.match(subject):
        named = [] if found is None else [(cast("SubjectKind", match[1]), found.subject)]
    else:
        some = dict.fromkeys(_named(cast("Subject", subject), event))
        named = [(kind, uri) for kind, uri in some if uri is not None]
    return named or [(_kind_of(event), event.object)]


def _found(placed: Placed, findings: Mapping[str, Finding]) -> Finding | None:
    match = FOUND.match(placed.rule.subject)
    return None if match is None else findings.get(placed.policy.schema.signals[match[2]].name)


def _verdicts(
    placed: Placed,
    event: Event,
    findings: Mapping[str, Finding],
    row: Mapping[str, object],
    *,
    hit: bool,
) -> Iterator[Verdict]:
    policy, rule = placed.policy, placed.rule
    causes: tuple[VerdictCause, ...] = rule.causes
    if not hit:
        causes = ("open_case",) if rule.if_abstained == "open_case" else ()
    carried = operands(rule.when, row)
    for kind, uri in subjects_of(rule.subject, event, _found(placed, findings)):
        yield Verdict(
            seq=0 if event.seq is None else event.seq,
            at=event.at if event.seen is None else event.seen,
            policy=policy.name,
            version=policy.version,
            rule=rule.name,
            severity=rule.severity,
            outcome="hit" if hit else "abstained",
            causes=causes if _is_content(event, uri) else _without_hiding(causes),
            subject_kind=kind,
            subject=uri,
            shadow=policy.shadow,
            operands=carried,
        )


def _is_content(event: Event, uri: str) -> bool:
    """Whether the event made the subject: a match with what it carries speaks of nothing else."""
    return event.kind in ("post", "media") and uri == event.object


def _without_hiding(causes: tuple[VerdictCause, ...]) -> tuple[VerdictCause, ...]:
    """A person decides about an account, another's post, or one picture among several."""
    if "hide" not in causes:
        return causes
    return tuple(cause for cause in causes if cause != "hide") or ("open_case",)


def _named(subject: Subject, event: Event) -> Iterator[tuple[SubjectKind, str | None]]:
    match subject:
        case "account":
            yield "account", event.actor
        case "post":
            yield _kind_of(event), event.object
        case "target":
            yield ("account" if event.kind == "follow" else "post"), event.target
        case "thread":
            yield "thread", event.root or (event.object if event.kind == "post" else None)
        case "community":
            yield "community", event.community
        case "media":
            yield from (("media", _handle(item)) for item in event.media)
        case "tag":
            yield from (("tag", tag) for tag in event.tags)


def _handle(item: MediaRef) -> str | None:
    return item.uri or item.sha256


def _kind_of(event: Event) -> SubjectKind:
    match event.kind:
        case "account":
            return "account"
        case "media":
            return "media"
    return "post"
