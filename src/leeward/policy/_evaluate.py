"""A condition walked part by part for one row: slow, and able to say why.

The compiled function decides; this says afterwards what carried it, for the few rows that need an
explanation.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from leeward.model import Operand
from leeward.policy._tree import (
    Affix,
    All,
    Among,
    Arithmetic,
    AtLeast,
    Column,
    Compare,
    Constant,
    Either,
    Extreme,
    Known,
    Length,
    Listing,
    Member,
    Negative,
    Not,
    Overlap,
    Part,
    Within,
    below,
)
from leeward.policy._unknown import LARGEST
from leeward.policy._written import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["evaluate", "operands"]

_ORDERS: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def evaluate(part: Part, row: Mapping[str, Any]) -> Any:
    """What a part comes to for a row; None where it is unknown.

    Args:
        part: A condition, or a part of one.
        row: Column to value, as rows of the compiled function have them.
    """
    match part:
        case Constant(value):
            return value
        case Listing(values):
            return values
        case Column():
            return row[part.name]
        case Known(inner):
            return evaluate(inner, row) is not None
        case Not(inner):
            found = evaluate(inner, row)
            return None if found is None else not found
        case All() | Either() | AtLeast():
            return _joined(part, [evaluate(one, row) for one in part.parts])
    inside = [evaluate(inner, row) for inner in below(part)]
    return None if None in inside else _computed(part, inside)


def _joined(part: All | Either | AtLeast, values: list[bool | None]) -> bool | None:
    true, unknown = values.count(True), values.count(None)
    least = len(values) if isinstance(part, All) else 1
    if isinstance(part, AtLeast):
        least = part.least
    return True if true >= least else False if true + unknown < least else None


def _computed(part: Part, inside: list[Any]) -> Any:
    match part:
        case Compare(sign, _, _):
            return _ORDERS[sign](*inside)
        case Length():
            return len(inside[0])
        case Negative():
            return -inside[0]
        case Extreme(greatest, _):
            return max(inside) if greatest else min(inside)
        case Arithmetic():
            return _arithmetic(part, *inside)
    return _holds(part, *inside)


def _holds(part: Part, what: Any, of: Any = None) -> bool:
    match part:
        case Among(_, listing):
            return what in listing.values
        case Member():
            return what in of
        case Within(piece, _):
            return piece in what
        case Affix(end, _, piece):
            return bool(what.endswith(piece) if end else what.startswith(piece))
        case Overlap(every, _, listing):
            return (all if every else any)(piece in what for piece in listing.values)
    raise AssertionError(f"a part that cannot be evaluated: {type(part).__name__}")


def _arithmetic(part: Arithmetic, left: float, right: float) -> float | None:
    if part.type == "duration":
        return left - right
    a, b = float(left), float(right)
    match part.operator:
        case "+":
            found = a + b
        case "-":
            found = a - b
        case "*":
            found = a * b
        case "/":
            found = a / b if b else float("nan")
    return found if -LARGEST <= found <= LARGEST else None


def operands(part: Part, row: Mapping[str, Any]) -> tuple[Operand, ...]:
    """The parts of a condition that made it what it is: without them it would be another.

    Of an ``and`` that is true these are all of its parts, of one that is false only the false
    ones. Each part is told with the numbers in it, and never with a text.
    """
    found = {written(leaf): leaf for leaf in _carriers(part, row)}
    return tuple(
        Operand(says=says, holds=evaluate(leaf, row), values=_numbers(leaf, row))
        for says, leaf in found.items()
    )


def _carriers(part: Part, row: Mapping[str, Any]) -> Iterator[Part]:
    match part:
        case Not(Column(finding=signal)) | Not(Known(Column(finding=signal))) if signal:
            yield part
        case Not(inner):
            yield from _carriers(inner, row)
        case All(parts) | Either(parts) | AtLeast(_, parts):
            whole = evaluate(part, row)
            alike = [one for one in parts if evaluate(one, row) is whole]
            for one in alike:
                yield from _carriers(one, row)
        case _:
            yield part


def _numbers(part: Part, row: Mapping[str, Any]) -> tuple[tuple[str, float | bool | None], ...]:
    found: dict[str, float | bool | None] = {}
    waiting = [part]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, Length) or (
            isinstance(one, Column) and one.type in ("number", "time", "bool")
        ):
            found[written(one)] = evaluate(one, row)
        else:
            waiting += below(one)
    return tuple(found.items())
