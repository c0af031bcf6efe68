"""Where something stands in a policy file, and what is wrong with it, as a compiler says it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["PolicyProblem", "Problem", "Source", "Span", "Wrong", "placed", "suggestion"]

_WIDEST: Final = 100


@dataclass(frozen=True, slots=True)
class Span:
    """Code points of a file, from ``start`` up to ``end``."""

    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """The text of a policy file.

    Attributes:
        path: What to call it.
        text: All of it.
    """

    path: str
    text: str
    _begins: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find where the lines begin."""
        begins, at = [0], 0
        for line in self.text.split("\n"):
            at += len(line) + 1
            begins.append(at)
        begins.pop()
        object.__setattr__(self, "_begins", begins)

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a code point, both from 1."""
        line = bisect_right(self._begins, at)
        return line, at - self._begins[line - 1] + 1

    def line(self, number: int) -> str:
        """A line without its end; numbers begin with 1."""
        part = self.text[self._begins[number - 1] :].split("\n", 1)[0]
        return part.rstrip("\r")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a policy.

    Attributes:
        message: What is wrong, without a full stop.
        span: Where.
        hint: What to do, beside the caret; empty where the message says it.
    """

    message: str
    span: Span
    hint: str = ""


class Wrong(Exception):
    """A part that cannot be; the walk goes on beside it."""

    def __init__(self, message: str, span: Span, hint: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(message, span, hint)


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One thing that is wrong with a policy, with its place in the file.

    Attributes:
        message: What is wrong.
        hint: What to do; empty where the message says it.
        path, line, column: Where; both numbers begin with 1.
        shown: All of it as a compiler shows it, with the line and a caret.
    """

    message: str
    hint: str
    path: str
    line: int
    column: int
    shown: str

    def __str__(self) -> str:
        return self.shown


def placed(source: Source, problems: Iterable[Problem]) -> list[PolicyProblem]:
    """Problems with their places, each once, in the order in which they stand in the file."""
    unique = dict.fromkeys(sorted(problems, key=lambda one: (one.span.start, one.message)))
    return [
        PolicyProblem(
            one.message, one.hint, source.path, *source.place(one.span.start), _shown(source, one)
        )
        for one in unique
    ]


def _shown(source: Source, problem: Problem) -> str:
    line, column = source.place(problem.span.start)
    text = source.line(line)
    length = max(1, min(problem.span.end - problem.span.start, len(text) - column + 1))
    shown, before = _window(text, column - 1)
    gutter = " " * len(str(line))
    caret = " " * before + "^" * min(length, _WIDEST)
    return "\n".join(
        [
            f"error: {problem.message}",
            f"{gutter}--> {source.path}:{line}:{column}",
            f"{gutter} |",
            f"{line} | {shown}",
            f"{gutter} | {caret} {problem.hint}".rstrip(),
        ]
    )


def _window(text: str, at: int) -> tuple[str, int]:
    """The part of a line around a column, and the column in it; blanks for what is not seen."""
    begin = max(0, at - _WIDEST // 2) if len(text) > _WIDEST else 0
    part = text[begin : begin + _WIDEST]
    return "".join(c if c.isprintable() else " " for c in part), at - begin


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean ...``, or nothing where nothing is like it."""
    names: Sequence[str] = list(known)
    # Fields of one group have much in common already.
    near = get_close_matches(word, names, 1, 0.8 if "." in word else 0.6)
    return f"did you mean `{near[0]}`?" if near else ""
