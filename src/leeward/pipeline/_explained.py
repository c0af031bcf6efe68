"""Why there is a verdict: the rule as it was, what carried it, and the findings behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from leeward.model import Finding, Verdict  # noqa: TC001 - msgspec reads annotations
from leeward.pipeline._policies import kept_version
from leeward.policy import Told, told
from leeward.store import findings_of, verdicts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from leeward.store import Log

__all__ = ["Explained", "explain_subject"]

_READ: Final = re.compile(r"\b([a-z][a-z0-9_]*)\.[a-z][a-z0-9_]*\b")


class Explained(Struct, frozen=True, kw_only=True):
    """A verdict, with all that it stands on.

    Attributes:
        verdict: As it was stored.
        about: What the policy finds, in its author's words.
        stands_on: The published rules that the policy enforced.
        rule_about: What the rule finds.
        when: The rule's condition as it was written.
        names: The names of ``let`` that the condition uses, as they were written.
        findings: What the signals that the condition reads said of the event.
        text_kept: The policy's text of that version was kept; without it the four above are empty.
    """

    verdict: Verdict
    about: str
    stands_on: str
    rule_about: str
    when: str
    names: dict[str, str]
    findings: tuple[Finding, ...]
    text_kept: bool


def explain_subject(log: Log, folder: Path, subject: str, most: int = 20) -> list[Explained]:
    """All verdicts on a subject, the newest first, each with the text of its rule.

    Args:
        log: The log.
        folder: The data folder, which keeps the policies' texts.
        subject: The URI of an account, post, media item or community, a hashtag, or
            ``policy/rule`` for the overflows of a rule.
        most: At most so many.

    Raises:
        StoreError: A kept text cannot be read.
    """
    verdicts = verdicts_of(log, subject)[::-1][:most]
    texts: dict[tuple[str, int], Told | None] = {}
    for one in verdicts:
        key = (one.policy, one.version)
        if key not in texts:
            text = kept_version(folder, *key)
            texts[key] = None if text is None else told(text)
    read = {one: _signals(one, texts[one.policy, one.version]) for one in verdicts}
    findings = _findings(log, read)
    return [
        _explained(one, texts[one.policy, one.version], findings.get(one.seq, []), read[one])
        for one in verdicts
    ]


def _explained(
    verdict: Verdict, text: Told | None, findings: list[Finding], read: set[str]
) -> Explained:
    known = text or Told()
    rule = known.rules.get(verdict.rule)
    when = "" if rule is None else rule.when
    return Explained(
        verdict=verdict,
        about=known.about,
        stands_on=known.stands_on,
        rule_about="" if rule is None else rule.about,
        when=when,
        names=_used(when, known.names),
        findings=tuple(one for one in findings if one.signal in read),
        text_kept=text is not None,
    )


def _used(when: str, names: Mapping[str, str]) -> dict[str, str]:
    """The names that a condition uses, and those that these use."""
    found: dict[str, str] = {}
    waiting = [when]
    while waiting:
        words = set(re.findall(r"[a-z_][a-z0-9_]*", waiting.pop()))
        new = {name: text for name, text in names.items() if name in words and name not in found}
        found |= new
        waiting += new.values()
    return {name: found[name] for name in names if name in found}


def _signals(verdict: Verdict, text: Told | None) -> set[str]:
    """Names that a signal may have which the rule reads; a condition writes ``_`` for ``-``."""
    parts = [operand.says for operand in verdict.operands]
    if text is not None and verdict.rule in text.rules:
        when = text.rules[verdict.rule].when
        parts += [when, *_used(when, text.names).values()]
    names = {name for part in parts for name in _READ.findall(part)} - {"event"}
    return {spelt for name in names for spelt in (name, name.replace("_", "-"))}


def _findings(log: Log, read: Mapping[Verdict, Iterable[str]]) -> dict[int, list[Finding]]:
    wanted: dict[str, set[int]] = {}
    for verdict, names in read.items():
        for name in names:
            wanted.setdefault(name, set()).add(verdict.seq)
    found: dict[int, list[Finding]] = {}
    for name in sorted(wanted):
        for finding in findings_of(log, name, wanted[name]):
            found.setdefault(finding.seq, []).append(finding)
    return found
