"""Quotas as circuit breakers: a rule that suddenly hits everything stops at its daily quota.

Pure arithmetic: the counts go in and come out. What exceeds a quota is not lost: it is handed
back, and one verdict a rule and day says that it happened and opens a case, unless all of what
exceeds it would cause nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from leeward.model import Operand, Verdict
from leeward.policy._compiled import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from leeward.policy._compiled import Compiled

__all__ = ["DAY", "Metered", "Spent", "meter"]

DAY: Final = 86_400_000_000
"""Microseconds of a day; days begin at midnight UTC."""

ABSTAINED: Final = " abstained"
"""Behind a rule's name: no name has a blank."""


class Spent(Struct, frozen=True):
    """What a rule has used of its quota.

    Attributes:
        day: Days since 1970-01-01, UTC.
        count: Verdicts of the day, those beyond the quota among them.
    """

    day: int
    count: int


class Metered(NamedTuple):
    """Verdicts after the quotas.

    Attributes:
        passed: Those within their quotas, and the verdicts that say that a quota is used up, in
            order.
        withheld: Those beyond their quotas: they cause nothing, and can be judged again.
        spent: The counts from now on.
    """

    passed: list[Verdict]
    withheld: list[Verdict]
    spent: dict[str, Spent]


def meter(verdicts: Iterable[Verdict], compiled: Compiled, spent: Mapping[str, Spent]) -> Metered:
    """Let verdicts through as far as the quotas of their rules go.

    A verdict counts for the day on which its event was seen; one that comes late, for the day
    that the rule is at. Abstentions are counted by themselves, up to the same quota: where much
    cannot be computed, what hits still has its room. A policy in shadow mode has its quotas,
    too: it is to show what it would do. A new version of a policy goes on with the counts of the
    old one.

    Args:
        verdicts: In the order of their events.
        compiled: The rules with their quotas.
        spent: By the rule's name, what was used before; for abstentions with :data:`ABSTAINED`
            behind the name.
    """
    quotas = {placed.name: placed.rule.daily_quota for placed in compiled.rules}
    now = dict(spent)
    passed: list[Verdict] = []
    withheld: list[Verdict] = []
    for verdict in verdicts:
        name = named(verdict.policy, verdict.rule, shadow=verdict.shadow)
        key = name + ABSTAINED * (verdict.outcome == "abstained")
        before = now.get(key, Spent(-1, 0))
        day = max(verdict.at // DAY, before.day)
        count = 1 + (before.count if day == before.day else 0)
        now[key] = Spent(day, count)
        quota = quotas[name]
        if count <= quota:
            passed.append(verdict)
            continue
        withheld.append(verdict)
        if count == quota + 1:
            passed.append(_overflow(verdict, quota))
    return Metered(passed, withheld, now)


def _overflow(verdict: Verdict, quota: int) -> Verdict:
    return replace(
        verdict,
        outcome="overflow",
        causes=("open_case",) if verdict.causes else (),
        subject_kind="rule",
        subject=f"{verdict.policy}/{verdict.rule}",
        operands=(Operand("verdicts of the day > daily_quota", True, (("daily_quota", quota),)),),
    )
