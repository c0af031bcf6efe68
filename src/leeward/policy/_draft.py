"""A policy file as it is written, before anybody knows whether it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from leeward.policy._expression import Expression, read_expression
from leeward.policy._source import Problem, Span
from leeward.policy._tree import Part, below
from leeward.policy._typed import typed
from leeward.policy._yaml import Listed, Mapped, Node, Text

if TYPE_CHECKING:
    from leeward.policy._schema import Schema
    from leeward.policy._source import Source

__all__ = ["Draft", "DraftRule", "Let", "drafted", "text_at", "texts_at", "whole"]

MAX_PARTS: Final = 500
"""Parts of one condition, with what its names stand for."""

MAX_LEVELS: Final = 60
"""Parts of a condition inside each other, with what its names stand for."""

_NOTHING: Final[tuple[Part | None, tuple[Part, ...]]] = (None, ())


@dataclass(frozen=True)
class DraftRule:
    """A rule, as far as it could be read.

    Attributes:
        node: All of it.
        when: Its condition; None where that is wrong.
        made: The parts of the condition that are right in themselves.
    """

    node: Mapped
    when: Part | None
    made: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        """What it is called; empty where it has no name."""
        found = text_at(self.node, "rule")
        return "" if found is None else found.value


@dataclass(frozen=True)
class Let:
    """A name for a part of conditions."""

    name: Text
    part: Part | None
    made: tuple[Part, ...] = ()


@dataclass
class Draft:
    """A policy, as far as it could be read.

    Attributes:
        source: The file.
        schema: What its conditions may read.
        root: All of it.
        lets: What ``let`` names, in order.
        rules: Its rules.
        cases: Its cases.
        used: Names of ``let`` that a condition uses.
    """

    source: Source
    schema: Schema
    root: Mapped
    lets: list[Let] = field(default_factory=list)
    rules: list[DraftRule] = field(default_factory=list)
    cases: list[Mapped] = field(default_factory=list)
    used: set[str] = field(default_factory=set)


def drafted(source: Source, schema: Schema, root: Mapped, problems: list[Problem]) -> Draft:
    """Read the conditions of a policy, and note what is wrong with them."""
    draft = Draft(source, schema, root)
    names: dict[str, Part] = {}
    ahead = {key.value for key, _ in _mapped(root.get("let"))}
    broken: set[str] = set()
    for key, value in _mapped(root.get("let")):
        part, made = _condition(draft, value, names, problems, (ahead, broken))
        ahead.discard(key.value)
        if part is None:
            broken.add(key.value)
        draft.lets.append(Let(key, part, made))
        if part is not None:
            names[key.value] = part
    for node in _listed(root.get("rules")):
        if isinstance(node, Mapped):
            when = node.get("when")
            part, made = (
                _NOTHING
                if when is None
                else _condition(draft, when, names, problems, (ahead, broken))
            )
            if part is not None and part.type != "bool":
                hint = "compare it with something"
                problems.append(Problem("a condition is true or false", part.span, hint))
                part = None
            draft.rules.append(DraftRule(node, part, made))
    draft.cases = [node for node in _listed(root.get("cases")) if isinstance(node, Mapped)]
    return draft


def text_at(node: Mapped, key: str) -> Text | None:
    """The text at a key; None where there is none or something else."""
    found = node.get(key)
    return found if isinstance(found, Text) else None


def texts_at(node: Mapped, key: str) -> list[Text]:
    """The texts of a list, or the single text that stands for one."""
    found = node.get(key)
    if isinstance(found, Text):
        return [found]
    return [item for item in _listed(found) if isinstance(item, Text)]


def _mapped(node: Node | None) -> tuple[tuple[Text, Node], ...]:
    return node.items if isinstance(node, Mapped) else ()


def _listed(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Listed) else ()


def _condition(
    draft: Draft,
    node: Node,
    names: dict[str, Part],
    problems: list[Problem],
    unusable: tuple[set[str], set[str]],
) -> tuple[Part | None, tuple[Part, ...]]:
    if not isinstance(node, Text):
        problems.append(Problem("a condition is a text", node.span))
        return _NOTHING
    read = read_expression(draft.source, node)
    if not isinstance(read, Expression):
        problems.append(read)
        return _NOTHING
    draft.used |= read.names()
    found: list[Problem] = []
    part, made = typed(read, draft.schema, names, found)
    problems += [told for one in found if (told := _told(one, read, *unusable)) is not None]
    if part is not None and _too_large(part):
        hint = "make two rules of it"
        problems.append(Problem(f"a condition has at most {MAX_PARTS} parts", node.span, hint))
        return _NOTHING
    return part, made


def _told(problem: Problem, read: Expression, ahead: set[str], broken: set[str]) -> Problem | None:
    """A problem with a name of ``let``: what is wrong with the name itself is told there."""
    for name in sorted(read.names()):
        if not problem.message.endswith(f" `{name}`"):
            continue
        if name in broken:
            return None
        if name in ahead:
            hint = "a name of `let` uses only names above it"
            return Problem(f"`{name}` is not yet named here", problem.span, hint)
    return problem


def _too_large(part: Part) -> bool:
    waiting: list[tuple[Part, int]] = [(part, 1)]
    count = 0
    while waiting:
        one, level = waiting.pop()
        count += 1
        if count > MAX_PARTS or level > MAX_LEVELS:
            return True
        waiting += [(inner, level + 1) for inner in below(one)]
    return False


def whole(node: Mapped) -> Span:
    """Where to point when something is missing: the first key."""
    return node.items[0][0].span if node.items else node.span
