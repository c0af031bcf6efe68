"""From Python's syntax tree to a checked one: which parts there are, and that types fit."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from leeward.model import bounds
from leeward.policy._functions import FUNCTIONS, METHODS
from leeward.policy._names import dotted, resolve
from leeward.policy._source import Problem, Span, Wrong, suggestion
from leeward.policy._tree import (
    TYPE_WORDS,
    All,
    Among,
    Arithmetic,
    Compare,
    Constant,
    Either,
    Listing,
    Member,
    Negative,
    Not,
    Part,
    Within,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leeward.policy._expression import Expression
    from leeward.policy._schema import Schema

__all__ = ["Typing", "typed"]

_Order: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]
_ORDERS: Final[dict[type[ast.cmpop], _Order]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_SIGNS: Final[dict[type[ast.operator], Literal["+", "-", "*", "/"]]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
# They join letters in some languages, and emoji. What turns the direction of a line is refused.
_JOINERS: Final = {0x200C: None, 0x200D: None}
_ORDERED: Final = frozenset({"number", "time", "duration"})


def typed(
    expression: Expression, schema: Schema, names: Mapping[str, Part], problems: list[Problem]
) -> tuple[Part | None, tuple[Part, ...]]:
    """The checked tree of a condition.

    Args:
        expression: What Python's grammar made of it.
        schema: What it may read.
        names: What ``let`` has named so far.
        problems: Where problems are added, as many as can be told at once.

    Returns:
        The tree, None where there are problems; and every part that is right in itself.
    """
    walk = Typing(expression, schema, names, problems)
    before = len(problems)
    part = walk.part(expression.body)
    whole = part if len(problems) == before else None
    return whole, tuple(walk.made)


class Typing:
    """One walk over one tree."""

    def __init__(
        self,
        expression: Expression,
        schema: Schema,
        names: Mapping[str, Part],
        problems: list[Problem],
    ) -> None:
        self.expression = expression
        self.schema = schema
        self.names = names
        self._problems = problems
        self.made: list[Part] = []

    def span(self, node: ast.AST) -> Span:
        """Where a node stands in the file."""
        return self.expression.span(node)

    def part(self, node: ast.expr) -> Part | None:
        """The checked part of a node; None where a problem was noted."""
        try:
            part = self._part(node)
        except Wrong as wrong:
            self._problems.append(wrong.problem)
            return None
        if part is not None:
            self.made.append(part)
        return part

    def all_of(self, nodes: list[ast.expr]) -> tuple[Part, ...] | None:
        """The checked parts of some nodes; each is looked at even where one is wrong."""
        parts = [self.part(node) for node in nodes]
        whole = tuple(part for part in parts if part is not None)
        return whole if len(whole) == len(parts) else None

    def want(self, part: Part, *types: str) -> None:
        """Refuse a part of another type.

        Raises:
            Wrong: It is of another type.
        """
        if part.type not in types:
            wanted = " or ".join(TYPE_WORDS[t] for t in types if t in TYPE_WORDS)
            raise Wrong(f"{wanted} belongs here, and this is {TYPE_WORDS[part.type]}", part.span)

    def wrong(self, message: str, span: Span, hint: str = "") -> Wrong:
        """What a function raises."""
        return Wrong(message, span, hint)

    def _part(self, node: ast.expr) -> Part | None:
        match node:
            case ast.BoolOp():
                return self._joined(node)
            case ast.UnaryOp():
                return self._turned(node)
            case ast.Compare():
                return self._compared(node)
            case ast.BinOp():
                return self._computed(node)
            case ast.Call():
                return self._called(node)
            case ast.Constant():
                return self._constant(node)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._listing(node)
            case ast.Name() | ast.Attribute():
                return resolve(dotted(node), self.span(node), self.schema, self.names)
        raise Wrong("this is not part of the language", self.span(node), _instead(node))

    def _joined(self, node: ast.BoolOp) -> Part | None:
        parts = self.all_of(node.values)
        if parts is None:
            return None
        for part in parts:
            self.want(part, "bool")
        kind = All if isinstance(node.op, ast.And) else Either
        flat: list[Part] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, kind) else [part])
        return kind(tuple(flat), span=self.span(node))

    def _turned(self, node: ast.UnaryOp) -> Part | None:
        if not isinstance(node.op, ast.Not | ast.USub):
            raise Wrong("this sign is not part of the language", self.span(node))
        part = self.part(node.operand)
        if part is None:
            return None
        if isinstance(node.op, ast.Not):
            self.want(part, "bool")
            return Not(part, span=self.span(node))
        self.want(part, "number")
        if isinstance(part, Constant):
            return Constant(-cast("float", part.value), "number", span=self.span(node))
        return Negative(part, span=self.span(node))

    def _compared(self, node: ast.Compare) -> Part | None:
        operands = self.all_of([node.left, *node.comparators])
        if operands is None:
            return None
        links = []
        for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
            span = Span(left.span.start, max(right.span.end, left.span.start + 1))
            if len(node.ops) == 1:
                span = self.span(node)
            links.append(self._link(operator, left, right, span))
        return links[0] if len(links) == 1 else All(tuple(links), span=self.span(node))

    def _link(self, operator: ast.cmpop, left: Part, right: Part, span: Span) -> Part:
        if isinstance(operator, ast.In):
            return self._holds(left, right, span)
        if isinstance(operator, ast.NotIn):
            return Not(self._holds(left, right, span), span=span)
        sign = _ORDERS.get(type(operator))
        if sign is None:
            raise Wrong(
                "`is` is not part of the language",
                span,
                "write `==`, or `known(...)` to ask whether there is a value",
            )
        if left.type == "bool" or right.type == "bool":
            hint = "write it alone, or with `not` before it"
            raise Wrong("what is true or false is not compared", span, hint)
        self.want(right, left.type)
        if left.type not in _ORDERED and sign not in ("==", "!="):
            raise Wrong(f"{TYPE_WORDS[left.type]} has no order", span, "compare with `==` or `!=`")
        if left.type not in _ORDERED | {"text"}:
            raise Wrong("lists are not compared", span, "use `in`, has_any() or has_all()")
        return Compare(sign, left, right, span=span)

    def _holds(self, left: Part, right: Part, span: Span) -> Part:
        if isinstance(right, Listing):
            self.want(left, "text" if right.kind == "texts" else "number")
            return Among(left, right, span=span)
        self.want(right, "texts", "text")
        self.want(left, "text")
        if right.type == "texts":
            return Member(left, right, span=span)
        return Within(self.piece(left), right, span=span)

    def piece(self, part: Part) -> str:
        """A text that is looked for in another one: written out, and not empty.

        Raises:
            Wrong: It is not.
        """
        if not isinstance(part, Constant) or not isinstance(part.value, str):
            raise Wrong("a text that is looked for is written out", part.span)
        if not part.value:
            raise Wrong("every text holds the empty one", part.span)
        return part.value

    def _computed(self, node: ast.BinOp) -> Part | None:
        operands = self.all_of([node.left, node.right])
        if operands is None:
            return None
        sign = _SIGNS.get(type(node.op))
        if sign is None:
            raise Wrong("this sign is not part of the language", self.span(node), "use + - * /")
        left, right = operands
        if left.type == "time":
            if sign != "-" or right.type != "time":
                hint = "subtract two times, and compare with days(...)"
                raise Wrong("with a time one computes only how long it is", self.span(node), hint)
        else:
            self.want(left, "number")
            self.want(right, "number")
        return Arithmetic(sign, left, right, span=self.span(node))

    def _called(self, node: ast.Call) -> Part | None:
        span = self.span(node)
        if node.keywords:
            raise Wrong("a function takes its arguments by their order", span)
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            of, arguments = self.part(node.func.value), self.all_of(node.args)
            if of is None or arguments is None:
                return None
            return METHODS[node.func.attr](self, of, arguments, span)
        name = dotted(node.func) or "this"
        if name not in FUNCTIONS:
            known = [*FUNCTIONS, *METHODS]
            hint = suggestion(name.rpartition(".")[2], known) or f"there are {', '.join(known)}"
            raise Wrong(f"there is no function `{name}`", self.span(node.func), hint)
        arguments = self.all_of(node.args)
        if arguments is None:
            return None
        return FUNCTIONS[name](self, arguments, span)

    def _constant(self, node: ast.Constant) -> Part:
        span, value = self.span(node), node.value
        match value:
            case bool():
                return Constant(value, "bool", span=span)
            case int() | float():
                if abs(value) > bounds.MAX_INTEGER and isinstance(value, int):
                    raise Wrong("an integer goes no further than 2^53", span)
                if not math.isfinite(value):
                    raise Wrong("this number is too large", span)
                return Constant(float(value), "number", span=span)
            case str():
                if not value.translate(_JOINERS).isprintable():
                    raise Wrong("a text in a condition has only characters that one can see", span)
                return Constant(value, "text", span=span)
            case None:
                raise Wrong("`None` is not part of the language", span, "use known(...)")
        raise Wrong("this is not part of the language", span)

    def _listing(self, node: ast.List | ast.Tuple | ast.Set) -> Part | None:
        parts = self.all_of(node.elts)
        if parts is None:
            return None
        if not parts:
            raise Wrong("the list is empty", self.span(node), "nothing is ever in it")
        for part in parts:
            self.want(part, parts[0].type)
            if not isinstance(part, Constant) or part.type not in ("text", "number"):
                raise Wrong("a list holds texts or numbers that are written out", part.span)
        values = dict.fromkeys(part.value for part in parts if isinstance(part, Constant))
        kind: Literal["texts", "numbers"] = "texts" if parts[0].type == "text" else "numbers"
        return Listing(tuple(values), kind, span=self.span(node))


def _instead(node: ast.expr) -> str:
    match node:
        case ast.IfExp():
            return "use `and`, `or` and `not`"
        case ast.JoinedStr():
            return "leave out the `f` before the text"
        case ast.Subscript():
            return "use `in`, has_any() or has_all()"
        case ast.GeneratorExp() | ast.ListComp():
            return "use has_any() or has_all()"
    return ""
