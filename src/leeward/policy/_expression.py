"""From the text of a condition to Python's syntax tree, with the way back to places in the file.

Only the syntax is Python's. Nothing of it is ever evaluated: the tree is read part by part, and
what is not on the list of known parts is refused.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from leeward.policy._source import Problem, Span

if TYPE_CHECKING:
    from leeward.policy._source import Source
    from leeward.policy._yaml import Text

__all__ = ["MAX_EXPRESSION", "Expression", "read_expression"]

MAX_EXPRESSION: Final = 4_000
"""Code points of one condition."""

MAX_LEVELS: Final = 40
"""Parts of one condition inside each other."""

_BLANK: Final = re.compile(r"\s")
_TYPED: Final = {
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`",
    "=": "write `==` to compare",
    "<>": "write `!=`",
}


@dataclass(frozen=True)
class Expression:
    """A condition that Python's grammar accepts.

    Attributes:
        body: Python's tree.
        text: The text that its offsets count in, on one line.
        places: For each code point of the text where it stands in the file, and the end.
    """

    body: ast.expr
    text: str
    places: tuple[int, ...]

    def span(self, node: ast.AST) -> Span:
        """Where a node of the tree stands in the file."""
        start = self._point(getattr(node, "col_offset", 0))
        end = self._point(getattr(node, "end_col_offset", 0))
        return Span(self.places[start], self.places[max(end - 1, start)] + 1)

    def names(self) -> set[str]:
        """The names that stand alone, as those of ``let`` do."""
        return {node.id for node in ast.walk(self.body) if isinstance(node, ast.Name)}

    def _point(self, octets: int) -> int:
        """Python counts the columns of its tree in bytes of UTF-8."""
        if self.text.isascii():
            return octets
        return len(self.text.encode()[:octets].decode())


def read_expression(source: Source, given: Text) -> Expression | Problem:
    """Parse a condition; the problem where it is none."""
    if not given.value.strip():
        return Problem("there is no condition here", given.span)
    if len(given.value) > MAX_EXPRESSION:
        hint = "give parts of it names under `let`"
        return Problem(f"a condition has at most {MAX_EXPRESSION:,} characters", given.span, hint)
    places = _places(source, given)
    blanks = len(given.value) - len(given.value.lstrip())
    text, places = _BLANK.sub(" ", given.value[blanks:]), places[blanks:]
    try:
        with warnings.catch_warnings():
            # Python warns of a backslash that means nothing, for one.
            warnings.simplefilter("error")
            body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        return _syntax(text, places, error)
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return Problem("this cannot be read as a condition", given.span)
    if _too_deep(body):
        hint = "give parts of it names under `let`"
        return Problem(f"a condition has at most {MAX_LEVELS} levels", given.span, hint)
    found = Expression(body, text, places)
    rest = text.encode()[body.end_col_offset or 0 :].decode()
    if "#" in rest:
        at = places[len(text) - len(rest) + rest.index("#")]
        hint = "write it above the key, or under `about`"
        return Problem("a condition holds no comments", Span(at, at + 1), hint)
    return found


def _too_deep(body: ast.expr) -> bool:
    waiting: list[tuple[ast.AST, int]] = [(body, 1)]
    while waiting:
        node, level = waiting.pop()
        if level > MAX_LEVELS:
            return True
        waiting += [(inner, level + 1) for inner in ast.iter_child_nodes(node)]
    return False


def _syntax(text: str, places: tuple[int, ...], error: SyntaxError) -> Problem:
    offset = min(max((error.offset or 1) - 1, 0), len(places) - 1)
    end = min(max((error.end_offset or 0) - 1, offset + 1), len(places) - 1)
    hint = next((words for sign, words in _TYPED.items() if _near(text, offset, sign)), "")
    if not hint and "escape" in str(error.msg):
        hint = "write two backslashes for one"
    span = Span(places[offset], max(places[end], places[offset] + 1))
    return Problem("this cannot be read as a condition", span, hint)


def _near(text: str, offset: int, sign: str) -> bool:
    """Whether a sign of another language stands where the parser stopped."""
    around = text[max(0, offset - 1) : offset + 3]
    if sign == "=":
        return re.search(r"(?<![=!<>])=(?!=)", around) is not None
    return sign in around and not (sign == "!" and "!=" in around)


def _places(source: Source, given: Text) -> tuple[int, ...]:
    """Where each character of a scalar's value stands in the file, and where it ends.

    A scalar may be folded over lines, indented and quoted. Each character is looked for behind
    the one before it: line ends and blanks are blanks in the value, quotes and backslashes of
    YAML are passed over.
    """
    at, end = given.span.start, given.span.end
    if source.text[at : at + 1] in ("|", ">"):
        at = source.text.find("\n", at) + 1
    places = []
    for sign in given.value:
        if sign.isspace():
            places.append(min(at, end - 1))
            while at < end and source.text[at].isspace():
                at += 1
            continue
        found = source.text.find(sign, at, end)
        places.append(found if found >= 0 else min(at, end - 1))
        at = found + 1 if found >= 0 else at
    return (*places, (places[-1] + 1) if places else end)
