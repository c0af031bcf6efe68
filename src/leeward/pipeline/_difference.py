"""What a policy in shadow mode says otherwise than those in force, from the stored verdicts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import Operand, SubjectKind  # noqa: TC001 - msgspec reads annotations
from leeward.store import verdicts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.policy import Policy
    from leeward.store import Log

__all__ = ["Difference", "DifferentPolicy", "DifferentRule", "OnlyHere", "Sides", "difference"]

_DAY: Final = 86_400_000_000
_MIX: Final = 2_654_435_761
_Side: TypeAlias = Literal["current", "shadow"]
_Subject: TypeAlias = tuple[str, str]


class Sides(Struct, frozen=True):
    """Something of what is in force, and of what runs in shadow mode.

    Attributes:
        current, shadow: How much on each side.
        both: On both; of subjects, those that both hit.
        only_current, only_shadow: On one side only.
    """

    current: int
    shadow: int
    both: int
    only_current: int
    only_shadow: int


class DifferentRule(Struct, frozen=True, kw_only=True):
    """A rule on both sides, by its name.

    Attributes:
        rule: ``rule``, or ``policy/rule`` where the sides are policies of different names.
        hits, abstained: Verdicts on the side in force, and in shadow mode.
        subjects: Distinct subjects of hits.
        overflows: Days on which a quota was used up, on either side.
    """

    rule: str
    hits: tuple[int, int]
    abstained: tuple[int, int]
    subjects: Sides
    overflows: tuple[int, int]


class OnlyHere(Struct, frozen=True, kw_only=True):
    """A subject that one side hits and the other does not: one of its verdicts.

    Attributes:
        side: Which side.
        kind, subject: Whom or what it is about.
        seq, at: The event, and when it was seen.
        rule: ``policy/rule``.
        operands: What carried it.
    """

    side: _Side
    kind: SubjectKind
    subject: str
    seq: int
    at: int
    rule: str
    operands: tuple[Operand, ...]

    def __repr__(self) -> str:
        """The side and the event: whom it concerns stays out of ``repr``."""
        return f"<OnlyHere {self.side} seq={self.seq}>"


class DifferentPolicy(Struct, frozen=True, kw_only=True):
    """A policy in shadow mode beside what is in force.

    Attributes:
        policy, version: That in shadow mode.
        current: What it is compared with, in words.
        events: Events that both have judged; none where that is not known.
        subjects: Distinct subjects of hits.
        rules: By their names.
        days: The day since 1970-01-01, and hits of both sides.
        samples: Subjects of one side only.
    """

    policy: str
    version: int
    current: str
    events: int | None
    subjects: Sides
    rules: tuple[DifferentRule, ...]
    days: tuple[tuple[int, int, int], ...]
    samples: tuple[OnlyHere, ...]


class Difference(Struct, frozen=True, kw_only=True):
    """All policies in shadow mode beside what is in force.

    Attributes:
        days: The days that were asked for; none for all that is stored.
        until: The newest event of the log, microseconds since 1970 UTC.
        policies: One each.
    """

    days: int | None
    until: int
    policies: tuple[DifferentPolicy, ...]


@dataclass
class _Counted:
    hits: Counter[_Side] = field(default_factory=Counter)
    abstained: Counter[_Side] = field(default_factory=Counter)
    overflows: Counter[_Side] = field(default_factory=Counter)
    subjects: dict[_Side, set[_Subject]] = field(default_factory=lambda: defaultdict(set))


def difference(
    log: Log, policies: Sequence[Policy], *, days: int | None = None, sample: int = 10
) -> Difference:
    """What runs in shadow mode says otherwise.

    Each policy in shadow mode is compared with the one in force that has its name, or with all in
    force where none has; and only over events that both have judged.

    Args:
        log: The log.
        policies: Those in force, and those in shadow mode.
        days: Only the last so many days, back from the newest event.
        sample: Subjects of each side to look at.

    Raises:
        UsageError: None runs in shadow mode.
    """
    shadows = [policy for policy in policies if policy.shadow]
    if not shadows:
        raise UsageError(
            "no policy runs in shadow mode",
            hint="put one with `shadow: true` beside those in force, and score some events",
        )
    until = log.last_seen()
    since = 0 if days is None else until - days * _DAY
    live = [policy for policy in policies if not policy.shadow]
    found = tuple(_compared(log, shadow, live, since, sample) for shadow in shadows)
    return Difference(days=days, until=until, policies=found)


def _compared(
    log: Log, shadow: Policy, live: Sequence[Policy], since: int, sample: int
) -> DifferentPolicy:
    named = [policy for policy in live if policy.name == shadow.name]
    others = {policy.name for policy in named or live}
    ranges = _judged_by_both(log, shadow, others)
    rules: dict[str, _Counted] = defaultdict(_Counted)
    days: dict[int, Counter[_Side]] = defaultdict(Counter)
    first: dict[_Side, dict[_Subject, tuple[int, dict[str, Any]]]] = {"current": {}, "shadow": {}}
    every = _Counted()
    for row in _rows(log, since, ranges):
        mine = row["shadow"] and (row["policy"], row["version"]) == (shadow.name, shadow.version)
        if not mine and (row["shadow"] or row["policy"] not in others):
            continue
        side: _Side = "shadow" if mine else "current"
        rule = rules[row["rule"] if named else f"{row['policy']}/{row['rule']}"]
        subject = (row["subject_kind"], row["subject"])
        match row["outcome"]:
            case "overflow":
                rule.overflows[side] += 1
            case "abstained":
                rule.abstained[side] += 1
            case _:
                rule.hits[side] += 1
                days[row["at"] // _DAY][side] += 1
                for counted in (rule, every):
                    counted.subjects[side].add(subject)
                mixed = row["seq"] * _MIX % 2**32
                if subject not in first[side] or mixed < first[side][subject][0]:
                    first[side][subject] = (mixed, row)
    return DifferentPolicy(
        policy=shadow.name,
        version=shadow.version,
        current=_words(named, live),
        events=None if ranges is None else sum(last - low + 1 for low, last in ranges),
        subjects=_sides(every),
        rules=tuple(_different(name, rules[name]) for name in sorted(rules)),
        days=tuple((day, days[day]["current"], days[day]["shadow"]) for day in sorted(days)),
        samples=(
            *_only("shadow", first["shadow"], every.subjects["current"], sample),
            *_only("current", first["current"], every.subjects["shadow"], sample),
        ),
    )


def _rows(
    log: Log, since: int, ranges: Sequence[tuple[int, int]] | None
) -> Iterable[dict[str, Any]]:
    for batch in log.verdicts():
        for row in batch.to_pylist():
            inside = ranges is None or any(low <= row["seq"] <= last for low, last in ranges)
            if inside and row["at"] >= since:
                yield row


def _judged_by_both(log: Log, shadow: Policy, others: set[str]) -> list[tuple[int, int]] | None:
    """Places in the log that both sides have judged; none where nothing is noted of that."""
    covered = [each for each in log.coverage() if each.by == "policy"]
    mine = [
        (one.first, one.last)
        for one in covered
        if (one.name, one.version) == (shadow.name, str(shadow.version))
    ]
    if not mine:
        return None
    theirs: dict[str, list[tuple[int, int]]] = {name: [] for name in others}
    for one in covered:
        if one.name in others and (one.name, one.version) != (shadow.name, str(shadow.version)):
            theirs[one.name].append((one.first, one.last))
    found = sorted(mine)
    for ranges in theirs.values():
        found = [
            (max(a, c), min(b, d))
            for a, b in found
            for c, d in _apart(ranges)
            if max(a, c) <= min(b, d)
        ]
    return found


def _apart(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places in ranges that do not overlap."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _words(named: Sequence[Policy], live: Sequence[Policy]) -> str:
    if named:
        return f"{named[0].name} version {named[0].version}"
    return "all policies in force" if live else "nothing: no policy is in force"


def _sides(counted: _Counted) -> Sides:
    current, shadow = counted.subjects["current"], counted.subjects["shadow"]
    both = current & shadow
    return Sides(len(current), len(shadow), len(both), len(current - shadow), len(shadow - current))


def _different(name: str, counted: _Counted) -> DifferentRule:
    hits, abstained, overflows = counted.hits, counted.abstained, counted.overflows
    return DifferentRule(
        rule=name,
        hits=(hits["current"], hits["shadow"]),
        abstained=(abstained["current"], abstained["shadow"]),
        subjects=_sides(counted),
        overflows=(overflows["current"], overflows["shadow"]),
    )


def _only(
    side: _Side,
    found: dict[_Subject, tuple[int, dict[str, Any]]],
    others: set[_Subject],
    most: int,
) -> Iterable[OnlyHere]:
    rows = sorted(
        (mixed, row["seq"], subject)
        for subject, (mixed, row) in found.items()
        if subject not in others
    )
    for _, _, subject in rows[:most]:
        row = found[subject][1]
        (operands,) = [one.operands for one in _decoded([row])]
        yield OnlyHere(
            side=side,
            kind=row["subject_kind"],
            subject=row["subject"],
            seq=row["seq"],
            at=row["at"],
            rule=f"{row['policy']}/{row['rule']}",
            operands=operands,
        )


def _decoded(rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    from leeward.model import VERDICT_SCHEMA

    return verdicts_in([pa.Table.from_pylist(rows, VERDICT_SCHEMA)])
