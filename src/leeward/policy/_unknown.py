"""Whether a condition can be unknown, and what makes it so.

A finding is a hit, a miss or abstained: a hit has its score, a miss may have one, and either may
carry values. Every optional field and computation is known or not. What the condition asks about
(``known``, ``abstained``) is tried in every combination; the rest may be anything at any time.
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

_MOST_TRIED: Final = 256
"""Combinations."""

_BOTH: Final = frozenset({True, False})
_ANY: Final = frozenset({True, False, None})

_HIT: Final = "hit"
_MISS: Final = "miss"

_Values: TypeAlias = frozenset[bool | None]
_Atom: TypeAlias = Part
_State: TypeAlias = str | bool | None
"""Of a finding ``hit``, ``miss`` or none; of anything else whether it is known."""


class Reason(NamedTuple):
    """Why a condition may be unknown: in words, and where that stands."""

    what: str
    span: Span


def can_be_unknown(part: Part) -> bool:
    """Whether a condition may come out as unknown."""
    states: dict[_Atom, tuple[_State, ...]] = {}
    tried = 1
    for atom in dict.fromkeys(_tested(part)):
        may_be = (_HIT, _MISS, None) if _is_hit(atom) else (True, False)
        tried *= len(may_be)
        if tried > _MOST_TRIED:
            break
        states[atom] = may_be
    return any(
        None in _values(part, known)
        for combination in itertools.product(*states.values())
        if _can_be(known := dict(zip(states, combination, strict=True)))
    )


def reasons(part: Part) -> list[Reason]:
    """Everything in a condition that may be unknown, in the order in which it is read."""
    found = []
    if isinstance(part, Column) and part.optional:
        found.append(Reason(_why(part), part.span))
    if may_fail(part):
        zero = isinstance(part, Arithmetic) and part.operator == "/"
        what = "this divides by zero" if zero else "this becomes too large"
        found.append(Reason(what, part.span))
    for inner in below(part):
        found += reasons(inner)
    return found


def _why(column: Column) -> str:
    if _is_hit(column):
        return f"`{column.finding}` abstained"
    if column.finding and column.name.endswith(".score"):
        return f"`{column.finding}` missed or abstained, and so has no score"
    return f"`{column.name}` is not known"


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
    """What is known or not by itself."""
    if (isinstance(part, Column) and part.optional) or may_fail(part):
        yield part
    for inner in below(part):
        yield from _atoms(inner)


def _tested(part: Part) -> Iterator[_Atom]:
    if isinstance(part, Known):
        yield from _atoms(part.part)
    for inner in below(part):
        yield from _tested(inner)


def _is_hit(atom: _Atom) -> bool:
    return isinstance(atom, Column) and bool(atom.finding) and atom.type == "bool"


def _hit_of(column: Column) -> Column:
    return Column(f"{column.finding}.hit", "bool", optional=True, finding=column.finding)


def _can_be(known: Mapping[_Atom, _State]) -> bool:
    """Whether a finding can be so: abstained it carries nothing, a hit has its score."""
    for atom, state in known.items():
        if not isinstance(atom, Column) or not atom.finding or _is_hit(atom):
            continue
        hit = _hit_of(atom)
        if hit in known and (known[hit] is None and state):
            return False
        if known.get(hit) == _HIT and not state and atom.name.endswith(".score"):
            return False
    return True


def _of_finding(column: Column, known: Mapping[_Atom, _State]) -> _Values:
    """What a column of a finding may be; true stands for any number."""
    hit = _hit_of(column)
    if column == hit:
        if hit in known:
            state = known[hit]
            return frozenset({None if state is None else state == _HIT})
        carried = (
            isinstance(atom, Column) and atom.finding == column.finding and state
            for atom, state in known.items()
        )
        return _BOTH if any(carried) else _ANY
    if column in known:
        return frozenset({True if known[column] else None})
    if hit not in known:
        return frozenset({True, None})
    if known[hit] is None:
        return frozenset({None})
    sure = known[hit] == _HIT and column.name.endswith(".score")
    return frozenset({True}) if sure else frozenset({True, None})


def _values(part: Part, known: Mapping[_Atom, _State]) -> _Values:
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
    if isinstance(part, Column) and part.finding:
        return _of_finding(part, known)
    inside = [_values(inner, known) for inner in below(part)]
    if may_fail(part) or (isinstance(part, Column) and part.optional):
        tried = known.get(part)
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
    """What may come of counting, where each part may be anything that it may be by itself."""
    may_be_true = sum(True in values for values in parts)
    must_be_true = sum(values == {True} for values in parts)
    cannot_be_false = sum(False not in values for values in parts)
    may_be_unknown = sum(None in values for values in parts)
    true_at_most = sum(True in values and None not in values for values in parts)
    found: _Values = frozenset()
    if may_be_true >= least:
        found |= {True}
    if cannot_be_false < least:
        found |= {False}
    # As many unknown as may be; then as many true as still are too few.
    if must_be_true < least <= min(least - 1, true_at_most) + may_be_unknown:
        found |= {None}
    return found
