"""YAML with places: mappings, lists and texts only, within bounds.

A scalar is always the text that is written: what it means is up to the key it stands at, so that
``no``, ``on`` and ``1:30`` surprise nobody. Anchors, aliases and tags are refused: nothing grows,
nothing is constructed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml

from leeward.policy._source import Problem, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_DEPTH", "MAX_FILE", "MAX_NODES", "Listed", "Mapped", "Node", "Text", "read_yaml"]

MAX_FILE: Final = 262_144
"""Code points of a policy file."""

MAX_DEPTH: Final = 12
"""Lists and mappings inside each other."""

MAX_NODES: Final = 20_000
"""Texts, lists and mappings of a file."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it is written, without its quotes."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Listed:
    """A list."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping; each key once, in the order of the file."""

    items: tuple[tuple[Text, Node], ...]
    span: Span

    def get(self, key: str) -> Node | None:
        """What stands at a key."""
        return next((value for name, value in self.items if name.value == key), None)


Node: TypeAlias = Text | Listed | Mapped


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_yaml(source: Source) -> tuple[Node | None, list[Problem]]:
    """The document of a file; None and why where there is none."""
    if len(source.text) > MAX_FILE:
        return None, [Problem(f"a policy file has at most {MAX_FILE:,} characters", Span(0, 1))]
    problems: list[Problem] = []
    try:
        reader = _Reader(source, problems)
        return reader.document(), problems
    except _Refused as refused:
        return None, [*problems, refused.problem]
    except yaml.MarkedYAMLError as error:
        return None, [*problems, _syntax(error)]
    except yaml.reader.ReaderError as error:
        at = error.position
        return None, [*problems, Problem("this character may not stand in YAML", Span(at, at + 1))]


_MEND: Final = {
    "mapping values are not allowed": "a text with a colon stands in quotes, or below `>-`",
    "'\\t'": "indent with blanks, not with tabs",
}
"""What to do, by words of YAML's own reader."""


def _syntax(error: yaml.MarkedYAMLError) -> Problem:
    """What YAML's own reader says; it quotes single characters and keys of the format only."""
    mark = error.problem_mark or error.context_mark
    at = mark.index if mark is not None else 0
    said = str(error.problem or error.context)
    hint = next((hint for words, hint in _MEND.items() if words in said), "")
    return Problem(f"this is not YAML: {said}", Span(at, at + 1), hint)


class _Reader:
    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(source.text, Loader=yaml.SafeLoader)
        self._problems = problems
        self._nodes = 0

    def document(self) -> Node | None:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _Refused(Problem("the file holds no policy", Span(0, 1)))
        node = self._node(next(self._events), 1)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            hint = "write the second one to a file of its own"
            raise _Refused(Problem("a file holds one policy", _span(event), hint))
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Refused(Problem(f"a policy has at most {MAX_NODES:,} parts", _span(event)))
        if depth > MAX_DEPTH:
            raise _Refused(Problem(f"this lies deeper than {MAX_DEPTH} levels", _span(event)))
        if getattr(event, "anchor", None) is not None:
            hint = "name a shared condition under `let`"
            raise _Refused(Problem("anchors and aliases are not used here", _span(event), hint))
        if getattr(event, "tag", None) is not None:
            raise _Refused(Problem("tags are not used here", _span(event), "leave it out"))
        match event:
            case yaml.SequenceStartEvent():
                return self._list(event, depth)
            case yaml.MappingStartEvent():
                return self._mapping(event, depth)
        return Text(event.value, _span(event))

    def _list(self, start: yaml.Event, depth: int) -> Listed:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Listed(tuple(items), Span(start.start_mark.index, event.end_mark.index))

    def _mapping(self, start: yaml.Event, depth: int) -> Mapped:
        items: dict[str, tuple[Text, Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Text):
                raise _Refused(Problem("a key is a single word", key.span))
            if key.value in items:
                line = "it would replace the first one"
                self._problems.append(Problem(f"`{key.value}` stands here twice", key.span, line))
                continue
            items[key.value] = (key, value)
        return Mapped(tuple(items.values()), Span(start.start_mark.index, event.end_mark.index))


def _span(event: yaml.Event) -> Span:
    start = event.start_mark.index
    return Span(start, max(event.end_mark.index, start + 1))
