"""Conditions as one Python function over rows, written from checked trees.

A condition has three outcomes, and Python's ``and`` has two. So each part is written twice where
it has to be: when it is true, and when it is false; it is unknown where neither holds. Both are
plain conditions that stop as early as they can.

Rules that demand the same thing first (``event.kind == "post"``) stand in one block behind it,
and what several rules of a block compute at some cost is computed once.

The function's text is made of this module's own words, of numbers and of quoted texts. No text
of a policy becomes part of it in another way.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

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
from leeward.policy._unknown import LARGEST, can_be_unknown, may_fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Found", "Fused", "Task", "fuse"]

Found: TypeAlias = list[tuple[int, int, bool | None]]
"""Row, rule, and whether it hit (true) or abstained (none); what is not there did not hit."""

Fused: TypeAlias = "Callable[[Iterable[tuple[Any, ...]]], Found]"

_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_COSTLY: Final = (Within, Affix, Overlap, Member)
_DEEPEST: Final = 12


class Task(NamedTuple):
    """A rule's place in the list of rules, its condition, and whether an abstention counts."""

    rule: int
    when: Part
    abstains: bool


class _Open(NamedTuple):
    """A rule behind some conditions that hold already: what is left to ask."""

    task: Task
    left: tuple[Part, ...]


def fuse(tasks: Sequence[Task], columns: Sequence[Column]) -> tuple[Fused, str]:
    """One function for all conditions, and its text.

    Args:
        tasks: The conditions.
        columns: What a row holds, in this order.
    """
    writer = _Writer(columns)
    writer.block([_Open(task, _demands(task.when)) for task in tasks], 0)
    values = [f"({', '.join(writer.names.values())},)" if columns else "_"]
    text = "\n".join(
        [
            f"def make({', '.join(['length', *writer.kept.values()])}):",
            " def fused(rows):",
            "  found = []",
            "  add = found.append",
            f"  for i, {values[0]} in enumerate(rows):",
            *(writer.lines or ["   pass"]),
            "  return found",
            " return fused",
        ]
    )
    space: dict[str, Any] = {"__builtins__": {"enumerate": enumerate, "min": min, "max": max}}
    exec(compile(text, "<policies>", "exec"), space)  # noqa: S102 - the text is our own
    fused: Fused = space["make"](len, *writer.kept)
    return fused, text


def _demands(part: Part) -> tuple[Part, ...]:
    return part.parts if isinstance(part, All) else (part,)


class _Writer:
    def __init__(self, columns: Sequence[Column]) -> None:
        self.names = {column: f"c{at}" for at, column in enumerate(columns)}
        self.kept: dict[frozenset[float | str], str] = {}
        self.lines: list[str] = []
        self._made: dict[Part, str] = {}
        self._held: dict[Part, str] = {}

    def block(self, rules: list[_Open], depth: int) -> None:
        """The rules, in groups behind what they share, then those that share nothing."""
        groups: list[tuple[Part | None, list[_Open]]] = []
        while depth < _DEEPEST and (shared := _most_shared(rules)) is not None:
            groups.append(
                (
                    shared,
                    [
                        _Open(rule.task, tuple(part for part in rule.left if part != shared))
                        for rule in rules
                        if shared in rule.left
                    ],
                )
            )
            rules = [rule for rule in rules if shared not in rule.left]
        groups += [(None, [rule]) for rule in rules]
        held = self._hold(groups, depth)
        for shared, group in groups:
            if shared is None:
                self._rule(group[0], depth)
            else:
                asked = self._ask(shared, depth)
                self._line(depth, f"if {self.true(shared)}:")
                self._forget(asked)
                self.block(group, depth + 1)
        self._forget(held)

    def _hold(self, groups: list[tuple[Part | None, list[_Open]]], depth: int) -> list[Part]:
        """Compute once what several groups of a block ask for at some cost."""
        asked: Counter[Part] = Counter()
        for shared, group in groups:
            inside: set[Part] = set() if shared is None else set(_costly(shared))
            for rule in group:
                for part in rule.left:
                    inside.update(_costly(part))
            asked.update(inside)
        found = [part for part, times in asked.items() if times > 1 and part not in self._held]
        for part in sorted(found, key=repr):
            self._keep(part, depth)
        return found

    def _ask(self, part: Part, depth: int) -> list[Part]:
        """Compute ahead each ``known`` inside another one: both would be written twice."""
        found: list[Part] = [
            one for one in dict.fromkeys(_asked_inside(part)) if one not in self._held
        ]
        for one in found:
            self._keep(one, depth)
        return found

    def _keep(self, part: Part, depth: int) -> None:
        text = self.true(part)
        self._held[part] = f"h{len(self._made)}"
        self._made[part] = self._held[part]
        self._line(depth, f"{self._held[part]} = {text}")

    def _forget(self, parts: Iterable[Part]) -> None:
        for part in parts:
            del self._held[part]

    def _rule(self, rule: _Open, depth: int) -> None:
        number = rule.task.rule
        if not rule.left:
            self._line(depth, f"add((i, {number}, True))")
            return
        part = rule.left[0] if len(rule.left) == 1 else All(rule.left)
        asked = self._ask(part, depth)
        self._line(depth, f"if {self.true(part)}: add((i, {number}, True))")
        if rule.task.abstains:
            self._line(depth, f"elif not ({self.false(part)}): add((i, {number}, None))")
        self._forget(asked)

    def _line(self, depth: int, text: str) -> None:
        self.lines.append(" " * (3 + depth) + text)

    def true(self, part: Part) -> str:
        """When a condition is true."""
        if part in self._held:
            return self._held[part]
        match part:
            case Constant(value):
                return str(bool(value))
            case Column():
                return self.names[part]
            case Not(inner):
                return self.false(inner)
            case All(parts):
                return f"({' and '.join(map(self.true, parts))})"
            case Either(parts):
                return f"({' or '.join(map(self.true, parts))})"
            case AtLeast(least, parts):
                return self._counted(map(self.true, parts), least)
            case Known(inner):
                return self._known(inner)
        return self._all([*self._guards(part), self._test(part)])

    def false(self, part: Part) -> str:
        """When a condition is false."""
        match part:
            case _ if part in self._held:
                return f"not {self._held[part]}"
            case Column(optional=True):
                return f"({self.names[part]} is False)"
            case Not(inner):
                return self.true(inner)
            case All(parts):
                return f"({' or '.join(map(self.false, parts))})"
            case Either(parts):
                return f"({' and '.join(map(self.false, parts))})"
            case AtLeast(least, parts):
                return self._counted(map(self.false, parts), len(parts) - least + 1)
            case Compare(sign, left, right):
                guards = self._guards(part)
                opposite = f"{self._value(left)} {_OPPOSITE[sign]} {self._value(right)}"
                return self._all([*guards, opposite])
            case Constant() | Column() | Known():
                return f"(not {self.true(part)})"
        return self._all([*self._guards(part), f"not {self._test(part)}"])

    def _all(self, conditions: list[str]) -> str:
        return f"({' and '.join(conditions)})"

    def _counted(self, conditions: Iterable[str], least: int) -> str:
        return f"({' + '.join(f'(1 if {one} else 0)' for one in conditions)} >= {least})"

    def _known(self, part: Part) -> str:
        if part.type == "bool" and not isinstance(part, Column):
            return f"({self.true(part)} or {self.false(part)})"
        return self._all(self._guards(part) or ["True"])

    def _guards(self, part: Part) -> list[str]:
        """What must hold so that a value can be computed; also computes what has to be tested."""
        if isinstance(part, Column):
            return [f"{self.names[part]} is not None"] if part.optional else []
        guards = [guard for inner in below(part) for guard in self._guards(inner)]
        if isinstance(part, Arithmetic) and may_fail(part):
            if part.operator == "/":
                guards.append(f"{self._value(part.right)} != 0")
            name = self._made.setdefault(part, f"t{len(self._made)}")
            guards.append(f"-{LARGEST!r} <= ({name} := {self._computed(part)}) <= {LARGEST!r}")
        return list(dict.fromkeys(guards))

    def _value(self, part: Part) -> str:
        """A value, where its guards hold."""
        match part:
            case Constant(value):
                return f"({value!r})" if isinstance(value, float) and value < 0 else repr(value)
            case Column():
                return self.names[part]
            case Length(of):
                return f"length({self._value(of)})"
            case Negative(inner):
                return f"(-{self._value(inner)})"
            case Extreme(greatest, parts):
                return f"{'max' if greatest else 'min'}({', '.join(map(self._value, parts))})"
            case Arithmetic():
                return self._made[part] if may_fail(part) else f"({self._computed(part)})"
        raise AssertionError(f"no value: {type(part).__name__}")

    def _computed(self, part: Arithmetic) -> str:
        left, right = self._value(part.left), self._value(part.right)
        if part.type == "number" and _whole(part.left) and _whole(part.right):
            # Python's integers would go on beyond 2^53, where floating point rounds.
            left = f"({left} + 0.0)"
        return f"{left} {part.operator} {right}"

    def _test(self, part: Part) -> str:
        match part:
            case Compare(sign, left, right):
                return f"{self._value(left)} {sign} {self._value(right)}"
            case Among(item, listing):
                return f"({self._value(item)} in {self._set(listing)})"
            case Member(item, of):
                return f"({self._value(item)} in {self._value(of)})"
            case Within(piece, of):
                return f"({piece!r} in {self._value(of)})"
            case Affix(end, of, piece):
                return f"{self._value(of)}.{'endswith' if end else 'startswith'}({piece!r})"
            case Overlap(every, of, listing):
                return self._overlap(every, of, listing)
        raise AssertionError(f"no condition: {type(part).__name__}")

    def _overlap(self, every: bool, of: Part, listing: Listing) -> str:
        text = self._value(of)
        if of.type == "text":
            word = " and " if every else " or "
            return f"({word.join(f'{piece!r} in {text}' for piece in listing.values)})"
        kept = self._set(listing)
        return f"{kept}.issubset({text})" if every else f"(not {kept}.isdisjoint({text}))"

    def _set(self, listing: Listing) -> str:
        values = frozenset(listing.values)
        return self.kept.setdefault(values, f"k{len(self.kept)}")


def _whole(part: Part) -> bool:
    """Whether a number may be one of Python's integers."""
    match part:
        case Column(whole=whole):
            return whole
        case Negative(inner):
            return _whole(inner)
        case Extreme(_, parts):
            return any(map(_whole, parts))
    return isinstance(part, Length)


def _most_shared(rules: list[_Open]) -> Part | None:
    """The demand that most rules have in common and that is never unknown."""
    times = Counter(part for rule in rules for part in dict.fromkeys(rule.left))
    for part, count in times.most_common():
        if count < 2:
            return None
        if not can_be_unknown(part):
            return part
    return None


def _asked_inside(part: Part, *, inside: bool = False) -> Iterator[Known]:
    """Each ``known`` of a condition that lies in another one, the innermost first."""
    asks = isinstance(part, Known) and part.part.type == "bool"
    for inner in below(part):
        yield from _asked_inside(inner, inside=inside or asks)
    if asks and inside and isinstance(part, Known):
        yield part


def _costly(part: Part) -> Iterable[Part]:
    if isinstance(part, _COSTLY) and not can_be_unknown(part):
        yield part
    for inner in below(part):
        yield from _costly(inner)
