"""The figures of a backtest, from the table of rows of which any rule says anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from leeward.pipeline._backtest_source import slot
from leeward.pipeline._backtest_types import (
    Changed,
    DayCount,
    Labelled,
    PolicyBacktested,
    RuleBacktested,
    Sample,
)
from leeward.policy import operands, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    import duckdb

    from leeward.model import Label
    from leeward.pipeline._backtest_types import SampleOf
    from leeward.policy import Compiled, Policy, Rule

    _Choice: TypeAlias = tuple[SampleOf, int]

__all__ = ["Figures"]

_MIX: Final = 2_654_435_761
"""Knuth's multiplicative hash (The Art of Computer Programming, 3, 6.4): a sample that is spread
over the log, and the same every time."""


class Figures:
    """Asks the table ``decided``: ``seq``, ``day``, outcomes by rule, their subjects and how many.

    Args:
        database: That has it.
        compiled: The rules of both sides, in the order of their numbers.
        policies: The new side.
        against: The other side.
        labels: What people decided, the oldest first.
        sample: How many events of each kind of sample.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        compiled: Compiled,
        policies: Sequence[Policy],
        against: Sequence[Policy],
        labels: Iterable[Label],
        sample: int,
    ) -> None:
        self._database, self._compiled = database, compiled
        self._policies, self._sample = policies, sample
        self._numbers = _numbers([*policies, *against])
        # Of each policy the place of the one that it is compared with, behind all policies.
        self._other = [_other(policy, policies, against) for policy in policies]
        self._of_rule: dict[tuple[int, str], tuple[int, Rule]] = {
            (policy, rule.name): (number, rule) for number, policy, rule in self._numbers
        }
        self._chosen: dict[int, list[_Choice]] = {}
        self._rows: dict[int, Mapping[str, Any]] = {}
        self._against = against
        self._take_labels(labels)
        if sample:
            self._choose()

    # --- samples -------------------------------------------------------------------------------

    def _choose(self) -> None:
        for number, at, rule in self._numbers:
            if at >= len(self._policies):
                continue
            other = self._other_rule(at, rule)
            both = f"o{number}" if other is None else f"o{number} AND o{other}"
            chosen: list[_Choice] = [("hit", seq) for seq in self._some(both)]
            if other is not None:
                chosen += [("newly", seq) for seq in self._some(_only(number, other))]
                chosen += [("no longer", seq) for seq in self._some(_only(other, number))]
            self._chosen[number] = chosen

    def _some(self, where: str) -> list[int]:
        query = (
            f"SELECT seq FROM decided WHERE {where}"  # noqa: S608 - our own names
            f" ORDER BY (seq * {_MIX}) % 4294967296, seq LIMIT {self._sample}"
        )
        return [seq for (seq,) in self._database.execute(query).fetchall()]

    def wanted(self) -> list[int]:
        """The events of all samples."""
        return sorted({seq for chosen in self._chosen.values() for _, seq in chosen})

    def explain(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take the rows of the samples, ``seq`` first, then the columns that the rules read."""
        names = self._compiled.columns
        for seq, *values in rows:
            self._rows[seq] = dict(zip(names, values, strict=True))

    def _samples(self, number: int, rule: Rule) -> tuple[Sample, ...]:
        return tuple(
            Sample(
                of=of,
                seq=seq,
                subjects=self._subjects_at(seq, rule.subject),
                operands=operands(rule.when, self._rows[seq]),
            )
            for of, seq in self._chosen.get(number, [])
            if seq in self._rows
        )

    def _subjects_at(self, seq: int, subject: str) -> tuple[Any, ...]:
        query = f"SELECT s_{slot(subject)} FROM decided WHERE seq = ?"  # noqa: S608 - our own names
        row = self._database.execute(query, [seq]).fetchone()
        found = [] if row is None or row[0] is None else row[0]
        return tuple((one["kind"], one["subject"]) for one in found)

    # --- figures -------------------------------------------------------------------------------

    def policies(self) -> tuple[PolicyBacktested, ...]:
        """What each policy would have said."""
        return tuple(self._policy(at, policy) for at, policy in enumerate(self._policies))

    def _policy(self, at: int, policy: Policy) -> PolicyBacktested:
        other = self._other[at]
        mine = [number for number, owner, _ in self._numbers if owner == at]
        theirs = [number for number, owner, _ in self._numbers if owner == other]
        before = None if other is None else self._against[other - len(self._policies)]
        hits = self._subjects(mine)
        return PolicyBacktested(
            policy=policy.name,
            version=policy.version,
            against=None if before is None else f"{before.name} version {before.version}",
            rules=tuple(
                self._rule(number, at, rule) for number, owner, rule in self._numbers if owner == at
            ),
            subjects=self._count(hits),
            labelled=self._labelled(hits),
            changed=None if before is None else self._changed(mine, theirs),
        )

    def _rule(self, number: int, at: int, rule: Rule) -> RuleBacktested:
        query = (
            f"SELECT day, count(*) FILTER (o{number}), count(*) FILTER (o{number} IS NULL),"  # noqa: S608 - our own names
            f" coalesce(sum(n_{slot(rule.subject)}) FILTER (o{number}), 0),"
            f" coalesce(sum(n_{slot(rule.subject)}) FILTER (o{number} IS NULL), 0)"
            f" FROM decided WHERE o{number} IS DISTINCT FROM FALSE GROUP BY day ORDER BY day"
        )
        found = [tuple(map(int, row)) for row in self._database.execute(query).fetchall()]
        days = tuple(
            DayCount(day, hits, abstained, _beyond(rule, hits) + _beyond(rule, abstained))
            for day, _, _, hits, abstained in found
        )
        other = self._other_rule(at, rule)
        hits = self._subjects([number])
        return RuleBacktested(
            rule=rule.name,
            when=written(rule.when),
            causes=rule.causes,
            severity=rule.severity,
            daily_quota=rule.daily_quota,
            events=sum(row[1] for row in found),
            abstained_events=sum(row[2] for row in found),
            hits=sum(day.hits for day in days),
            abstained=sum(day.abstained for day in days),
            subjects=self._count(hits),
            days=days,
            cut=sum(day.cut for day in days),
            labelled=self._labelled(hits),
            changed=None if other is None else self._changed([number], [other]),
            samples=self._samples(number, rule),
        )

    def _other_rule(self, at: int, rule: Rule) -> int | None:
        other = self._other[at]
        found = None if other is None else self._of_rule.get((other, rule.name))
        return None if found is None else found[0]

    def _changed(self, mine: list[int], theirs: list[int]) -> Changed:
        new, old = _any(mine), _any(theirs)
        row = self._database.execute(
            f"SELECT count(*) FILTER ({old}), count(*) FILTER ({new} AND NOT {old}),"  # noqa: S608 - our own names
            f" count(*) FILTER ({old} AND NOT {new}) FROM decided"
        ).fetchone()
        before, newly, no_longer = (0, 0, 0) if row is None else row
        now, then = self._subjects(mine), self._subjects(theirs)
        return Changed(
            before,
            newly,
            no_longer,
            self._count(then),
            self._count(f"({now}) EXCEPT ({then})"),
            self._count(f"({then}) EXCEPT ({now})"),
        )

    def _subjects(self, numbers: list[int]) -> str:
        """The distinct subjects of hits of some rules, as a query."""
        of = {number: rule.subject for number, _, rule in self._numbers}
        found = [
            f"SELECT DISTINCT unnest(s_{slot(of[number])}) AS s FROM decided WHERE o{number}"  # noqa: S608 - our own names
            for number in numbers
        ]
        return f"SELECT DISTINCT s FROM ({' UNION ALL '.join(found)})"  # noqa: S608 - our own names

    def _count(self, query: str) -> int:
        row = self._database.execute(f"SELECT count(*) FROM ({query})").fetchone()  # noqa: S608 - our own
        return 0 if row is None else int(row[0])

    # --- past decisions ------------------------------------------------------------------------

    def _take_labels(self, labels: Iterable[Label]) -> None:
        last = {(label.kind, label.subject): label.label for label in labels}
        table = pa.table(
            {
                "kind": pa.array([kind for kind, _ in last], pa.string()),
                "subject": pa.array([subject for _, subject in last], pa.string()),
                "label": pa.array(list(last.values()), pa.string()),
            }
        )
        self._database.register("given", table)
        self._database.execute("CREATE TEMP TABLE labels AS SELECT * FROM given")
        self._database.unregister("given")

    def _labelled(self, subjects: str) -> Labelled:
        """A thread has the label of the post that began it."""
        kind = "CASE q.s.kind WHEN 'thread' THEN 'post' ELSE q.s.kind END"
        row = self._database.execute(
            "SELECT count(*) FILTER (label = 'offender'), count(*) FILTER (label = 'innocent'),"  # noqa: S608 - our own
            f" count(*) FILTER (label IS NULL) FROM ({subjects}) q LEFT JOIN labels l"
            f" ON l.kind = {kind} AND l.subject = q.s.subject"
        ).fetchone()
        return Labelled(*map(int, row or (0, 0, 0)))


def _numbers(policies: Sequence[Policy]) -> list[tuple[int, int, Rule]]:
    """Each rule with its number and the place of its policy, as the compiled query has them."""
    pairs = [(at, rule) for at, policy in enumerate(policies) for rule in policy.rules]
    return [(number, at, rule) for number, (at, rule) in enumerate(pairs)]


def _other(policy: Policy, policies: Sequence[Policy], against: Sequence[Policy]) -> int | None:
    named = [at for at, one in enumerate(against) if one.name == policy.name]
    if named:
        return len(policies) + named[0]
    return 1 if len(policies) == len(against) == 1 else None


def _beyond(rule: Rule, verdicts: int) -> int:
    """Hits and abstentions have the quota each, as in :func:`~leeward.policy.meter`."""
    return max(0, verdicts - rule.daily_quota)


def _any(numbers: list[int]) -> str:
    return f"coalesce({' OR '.join(f'o{number}' for number in numbers)}, FALSE)"


def _only(number: int, other: int) -> str:
    return f"o{number} AND o{other} IS DISTINCT FROM TRUE"
