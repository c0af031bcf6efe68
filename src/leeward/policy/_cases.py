"""``policy test``: the cases that stand beside a policy, run, with what differs and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leeward.policy._compiled import Compiled, compile_policies
from leeward.policy._evaluate import operands
from leeward.policy._rows import row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.model import Operand
    from leeward.policy._policy import Case, Policy

__all__ = ["Difference", "Tested", "run_cases"]

_ENDS = {True: "hit", None: "abstained"}


@dataclass(frozen=True)
class Difference:
    """A case that ends otherwise than it says.

    Attributes:
        case: Its name.
        rule: The rule that it expects something of.
        expected, actual: ``hit``, ``no`` or ``abstained``.
        path, line: Where the expectation stands.
        because: The parts of the condition that made it so, with their values.
    """

    case: str
    rule: str
    expected: str
    actual: str
    path: str
    line: int
    because: tuple[Operand, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.path}:{self.line}: {self.case}",
            f"  {self.rule}: expected {self.expected}, came out as {self.actual}, because",
        ]
        return "\n".join([*lines, *(f"    {_line(operand)}" for operand in self.because)])


@dataclass(frozen=True)
class Tested:
    """How the cases of a policy ended.

    Attributes:
        policy: Its name.
        cases: How many there are.
        differences: What ended otherwise than expected.
        never_hit: Rules that no case shows to hit: nobody knows whether they can.
    """

    policy: str
    cases: int
    differences: tuple[Difference, ...]
    never_hit: tuple[str, ...]

    @property
    def failed(self) -> int:
        """Cases with a difference."""
        return len({difference.case for difference in self.differences})


def run_cases(policy: Policy) -> Tested:
    """Run the cases that stand beside a policy."""
    compiled = compile_policies([policy])
    differences: list[Difference] = []
    shown: set[str] = set()
    for case in policy.cases:
        row = row_of(compiled, case.given)
        ends = {
            compiled.rules[rule].rule.name: _ENDS[outcome]
            for _, rule, outcome in compiled.decide([row])
        }
        shown.update(rule for rule, end in case.expect.items() if end == "hit" == ends.get(rule))
        differences.extend(_differences(compiled, case, row, ends))
    never = tuple(rule.name for rule in policy.rules if rule.name not in shown)
    return Tested(policy.name, len(policy.cases), tuple(differences), never)


def _differences(
    compiled: Compiled, case: Case, row: tuple[Any, ...], ends: dict[str, str]
) -> Iterator[Difference]:
    values = dict(zip(compiled.columns, row, strict=True))
    for placed in compiled.rules:
        name = placed.rule.name
        expected, actual = case.expect.get(name), ends.get(name, "no")
        if expected is None or expected == actual:
            continue
        source = placed.policy.source
        yield Difference(
            case=case.name,
            rule=name,
            expected=expected,
            actual=actual,
            path=source.path,
            line=source.place(case.places[name].start)[0],
            because=operands(placed.rule.when, values),
        )


def _line(operand: Operand) -> str:
    holds = {True: "true", False: "false", None: "unknown"}[operand.holds]
    values = ", ".join(f"{name} is {_value(value)}" for name, value in operand.values)
    return f"{operand.says}  is {holds}" + (f"; {values}" if values else "")


def _value(value: float | bool | None) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else f"{value:,.6g}"
