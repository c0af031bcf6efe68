"""All rules of all policies, compiled once: to a Python function and to SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leeward.errors import PolicyError
from leeward.policy._python import Found, Fused, Task, fuse
from leeward.policy._sql import rows, select
from leeward.policy._tree import Column, columns_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.policy._policy import Policy, Rule
    from leeward.policy._schema import Schema

__all__ = ["Compiled", "Placed", "compile_policies", "named"]


@dataclass(frozen=True)
class Placed:
    """A rule and the policy that it belongs to."""

    policy: Policy
    rule: Rule

    @property
    def name(self) -> str:
        """``policy/rule``: what a column of the query is called, and what a quota counts for."""
        return named(self.policy.name, self.rule.name, shadow=self.policy.shadow)


@dataclass(frozen=True)
class Compiled:
    """Policies, ready to decide.

    Attributes:
        rules: All rules, in the order of the policies. A number of a rule is its place here.
        schema: What they read.
        columns: What a row holds, in this order: a field by its name, of a finding ``NAME.hit``
            (true, false, or None where it abstained) and ``NAME.score``.
        python: The text of the compiled function.
    """

    rules: tuple[Placed, ...]
    schema: Schema = field(repr=False)
    columns: tuple[str, ...]
    python: str = field(repr=False)
    _fused: Fused = field(repr=False, compare=False)
    _read: tuple[Column, ...] = field(repr=False, compare=False)

    def decide(self, rows: Iterable[tuple[Any, ...]]) -> Found:
        """Which rules hit, and which abstained, for rows as :class:`RowReader` makes them.

        Returns:
            ``(row, rule, outcome)`` by row and rule: True is a hit, None an abstention that the
            rule does not call ``no``. What is not there did not hit.
        """
        found = self._fused(rows)
        found.sort(key=_place)
        return found

    def sql(self, source: str, keys: Sequence[str] = ("seq",)) -> str:
        """The same as a query in the SQL of DuckDB.

        Args:
            source: A table, or a query in brackets, with the columns of the schema's fields
                and, for each signal that is read, ``NAME.outcome`` and ``NAME.score``.
            keys: Columns of it that are handed on.

        Returns:
            The query: the keys, then for each rule a column ``policy/rule`` that is true, false,
            or null where the rule abstained.
        """
        conditions = [
            (placed.name, placed.rule.when, placed.rule.if_abstained != "no")
            for placed in self.rules
        ]
        return select(conditions, self._read, self.schema, source, keys)

    def row_sql(self, source: str, keys: Sequence[str] = ("seq",)) -> str:
        """The rows that the rules see, as a query: the keys, then :attr:`columns` by their names.

        Args:
            source: As for :meth:`sql`.
            keys: Columns of it that are handed on.
        """
        return rows(self._read, self.schema, source, keys)


def named(policy: str, rule: str, *, shadow: bool) -> str:
    """A rule's name among those of all policies."""
    return f"{policy}/{rule}" + " (shadow)" * shadow


def compile_policies(policies: Sequence[Policy]) -> Compiled:
    """Compile policies that were checked with one schema.

    One in shadow mode may have the name of one in force, and has another version then.

    Raises:
        PolicyError: There is none, two have one name, or they were checked with two schemas.
    """
    if not policies:
        raise PolicyError("there is no policy to compile", hint="name at least one")
    names = [(policy.name, policy.shadow) for policy in policies]
    if len(set(names)) < len(names):
        twice = next(name for name, _ in names if names.count((name, _)) > 1)
        raise PolicyError("two policies have one name", where=twice, hint="rename one of them")
    versions = [(policy.name, policy.version) for policy in policies]
    if len(set(versions)) < len(versions):
        twice = next(name for name, _ in versions if versions.count((name, _)) > 1)
        raise PolicyError(
            "a policy in shadow mode has the name and the version of one in force",
            where=twice,
            hint="give it a higher version",
        )
    schema = policies[0].schema
    if any(policy.schema is not schema for policy in policies):
        raise PolicyError("policies that run together are checked with one schema")
    rules = tuple(Placed(policy, rule) for policy in policies for rule in policy.rules)
    read = {column for placed in rules for column in columns_in(placed.rule.when)}
    columns = tuple(sorted(read, key=lambda column: column.name))
    tasks = [
        Task(at, placed.rule.when, placed.rule.if_abstained in ("open_case", "abstain"))
        for at, placed in enumerate(rules)
    ]
    fused, text = fuse(tasks, columns)
    return Compiled(rules, schema, tuple(column.name for column in columns), text, fused, columns)


def _place(found: tuple[int, int, bool | None]) -> tuple[int, int]:
    return found[:2]
