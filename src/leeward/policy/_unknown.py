"""Whether a condition can be unknown, and what makes it so.

Every finding, optional field and computation is known or not. Those that the condition asks about
(``known``, ``abstained``) are tried in every combination; the others may be either at any time.
The answer errs to one side only: a condition that is said to be always known is.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from leeward.model import bounds
from leeward.policy._tree import (
    All,
    Arithmetic,
    AtLeast,
    Column,
    Constant,
    Either,
    Extreme,
    Known,
    Length,
    Negative,
    Not,
    Part,
    below,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from leeward.policy._source import Span

__all__ = ["LARGEST", "Reason", "can_be_unknown", "magnitude", "may_fail", "reasons"]

LARGEST: Final = 1.7976931348623157e308
"""The largest finite number: what is computed beyond it is unknown."""

_MOST_TRIED: Final = 8
_BOTH: Final = frozenset({True, False})
_ANY: Final = frozenset({True, False, None})

_Values: TypeAlias = frozenset[bool | None]
_Atom: TypeAlias = str | Part


class Reason(NamedTuple):
    """Why a condition may be unknown: in words, and where that stands."""

    what: str
    span: Span


def can_be_unknown(part: Part) -> bool:
    """Whether a condition may come out as unknown."""
    tested = list(dict.fromkeys(_tested(part)))[:_MOST_TRIED]
    return any(
        None in _values(part, dict(zip(tested, known, strict=True)))
        for known in itertools.product((True, False), repeat=len(tested))
    )


def reasons(part: Part) -> list[Reason]:
    """Everything in a condition that may be unknown, in the order in which it is read."""
    found = []
    if isinstance(part, Column) and part.optional:
        what = f"`{part.finding}` abstained" if part.finding else f"`{part.name}` is not known"
        found.append(Reason(what, part.span))
    if may_fail(part):
        zero = isinstance(part, Arithmetic) and part.operator == "/"
        what = "this divides by zero" if zero else "this becomes too large"
        found.append(Reason(what, part.span))
    for inner in below(part):
        found += reasons(inner)
    return found


def may_fail(part: Part) -> bool:
    """Whether a computation may be unknown though what it is made of is known."""
    if not isinstance(part, Arithmetic) or part.type != "number":
        return False
    if part.operator == "/" and not _surely_not_zero(part.right):
        return True
    return not magnitude(part) < LARGEST


def magnitude(part: Part) -> float:
    """A bound for the absolute value of a number; infinite where none is known."""
    match part:
        case Constant(value) if not isinstance(value, str):
            return abs(float(value))
        case Column(whole=True) | Length():
            return float(bounds.MAX_INTEGER)
        case Negative(inner):
            return magnitude(inner)
        case Extreme(_, parts):
            return max(map(magnitude, parts))
        case Arithmetic("+" | "-", left, right):
            return magnitude(left) + magnitude(right)
        case Arithmetic("*", left, right):
            return magnitude(left) * magnitude(right)
        case Arithmetic("/", left, Constant(value)) if value:
            return magnitude(left) / abs(float(value))
    return float("inf")


def _surely_not_zero(part: Part) -> bool:
    return isinstance(part, Constant) and part.value != 0


def _atoms(part: Part) -> Iterator[_Atom]:
    """What is known or not by itself. The two columns of a finding are known together."""
    if isinstance(part, Column) and part.optional:
        yield part.finding or part.name
    if may_fail(part):
        yield part
    for inner in below(part):
        yield from _atoms(inner)


def _tested(part: Part) -> Iterator[_Atom]:
    if isinstance(part, Known):
        yield from _atoms(part.part)
    for inner in below(part):
        yield from _tested(inner)


def _values(part: Part, known: Mapping[_Atom, bool]) -> _Values:
    """What a part may come to: true, false or unknown; for other types true stands for known."""
    match part:
        case Not(inner):
            return frozenset(
                None if value is None else not value for value in _values(inner, known)
            )
        case All(parts):
            return _folded(False, (_values(one, known) for one in parts))
        case Either(parts):
            return _folded(True, (_values(one, known) for one in parts))
        case Known(inner):
            return frozenset(value is not None for value in _values(inner, known))
        case AtLeast(least, parts):
            return _counted(least, [_values(one, known) for one in parts])
    inside = [_values(inner, known) for inner in below(part)]
    atom: _Atom | None = part if may_fail(part) else None
    if isinstance(part, Column) and part.optional:
        atom = part.finding or part.name
    if atom is not None:
        tried = known.get(atom)
        inside.append(_ANY if tried is None else frozenset({True if tried else None}))
    return _strict(inside, boolean=part.type == "bool")


def _strict(inside: list[_Values], *, boolean: bool) -> _Values:
    """Known only where everything inside is."""
    found: _Values = frozenset()
    if all(values - {None} for values in inside):
        found |= _BOTH if boolean else frozenset({True})
    if any(None in values for values in inside):
        found |= {None}
    return found


def _folded(decides: bool, parts: Iterable[_Values]) -> _Values:
    """``and`` (false decides) and ``or`` (true decides) over everything that may be."""
    found: _Values = frozenset({not decides})
    for values in parts:
        found = frozenset(
            decides if decides in (a, b) else None if None in (a, b) else not decides
            for a in found
            for b in values
        )
    return found


def _counted(least: int, parts: list[_Values]) -> _Values:
    """Over all numbers of true and of unknown parts that may be."""
    counts = {(0, 0)}
    for values in parts:
        counts = {
            (true + (value is True), unknown + (value is None))
            for true, unknown in counts
            for value in values
        }
    return frozenset(
        True if true >= least else False if true + unknown < least else None
        for true, unknown in counts
    )
