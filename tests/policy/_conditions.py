"""Random conditions, random rows, and what a condition means, worked out in another way.

The meaning is written down here a second time, over Python's own syntax tree, so that the
compilers are not asked about themselves.
"""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from leeward.policy import Field, Schema, Signal, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMA", "TABLE", "conditions", "meaning", "rows", "seen_by_rules"]

SCHEMA: Final = Schema(
    [
        Field(name="boat.masts", kind="int", about="how many", certain=True),
        Field(name="boat.crew", kind="int", about="how many are known", column="crew"),
        Field(name="boat.length", kind="float", about="in metres"),
        Field(name="boat.racing", kind="bool", about="whether it races"),
        Field(name="boat.name", kind="text", about="on its stern", column="called"),
        Field(name="boat.port", kind="text", about="where it lies"),
        Field(name="boat.flags", kind="texts", about="what it shows"),
        Field(name="boat.left", kind="time", about="when it left", certain=True),
        Field(name="boat.built", kind="time", about="when it was built"),
    ],
    [
        Signal(
            name="tide",
            about="high water",
            values=(Value("range", "metres"), Value("since-full-moon", "days")),
        ),
        Signal(
            name="harbour-light",
            about="seen",
            scored=False,
            values=(Value("flashes", "a minute"),),
        ),
    ],
)

TABLE: Final = {
    "boat.masts": "BIGINT",
    "crew": "BIGINT",
    "boat.length": "DOUBLE",
    "boat.racing": "BOOLEAN",
    "called": "VARCHAR",
    "boat.port": "VARCHAR",
    "boat.flags": "VARCHAR[]",
    "boat.left": "BIGINT",
    "boat.built": "BIGINT",
    "tide.outcome": "VARCHAR",
    "tide.score": "DOUBLE",
    "tide.range": "DOUBLE",
    "tide.since-full-moon": "DOUBLE",
    "harbour-light.outcome": "VARCHAR",
    "harbour-light.flashes": "DOUBLE",
}
"""Columns of a table that the query is asked of."""

_MOST: Final = 2**53
_DAY: Final = 86_400_000_000
_WORDS: Final = (
    "a", "A", "ab", "b", "sail", "İ", "i̇", "ς", "\N{GREEK SMALL LETTER SIGMA}", "Σ", "ß", "%", "_",
    "a_b", "\\", "'", '"', "''", "⛵", "👩‍👩‍👧", "é",
    "e\N{COMBINING ACUTE ACCENT}", "zz", "-", "--", ";",
)  # fmt: skip
_TEXTS: Final = st.one_of(
    st.sampled_from(["", "\0", "a\0b", "a\nb", *_WORDS]),
    st.lists(st.sampled_from(_WORDS), max_size=4).map("".join),
)
_INTEGERS: Final = st.one_of(
    st.sampled_from([0, 1, 2, -1, 3, _MOST, -_MOST, _MOST - 1]), st.integers(-_MOST, _MOST)
)
_EDGES: Final = (0.0, -0.0, 1.0, 0.5, -1.5, 5e-324, 1e308, -1.7976931348623157e308, 2.0**53, 0.1)
_FLOATS: Final = st.one_of(
    st.sampled_from([*_EDGES, math.nan, math.inf, -math.inf]), st.floats(allow_subnormal=True)
)
_TIMES: Final = st.one_of(st.sampled_from([0, _DAY, 3 * _DAY, _MOST]), st.integers(0, 9 * _DAY))
_OUTCOMES: Final = st.sampled_from([None, "hit", "miss", "abstained"])


def rows() -> st.SearchStrategy[dict[str, Any]]:
    """A row of the table, with everything that a table may hold."""
    return st.fixed_dictionaries(
        {
            "boat.masts": _INTEGERS,
            "crew": st.none() | _INTEGERS,
            "boat.length": st.none() | _FLOATS,
            "boat.racing": st.none() | st.booleans(),
            "called": st.none() | _TEXTS,
            "boat.port": st.none() | _TEXTS,
            "boat.flags": st.none() | st.lists(_TEXTS, max_size=3),
            "boat.left": _TIMES,
            "boat.built": st.none() | _TIMES,
            "tide.outcome": _OUTCOMES,
            "tide.score": st.none() | _FLOATS,
            "tide.range": st.none() | _FLOATS,
            "tide.since-full-moon": st.none() | _FLOATS,
            "harbour-light.outcome": _OUTCOMES,
            "harbour-light.flashes": st.none() | _FLOATS,
        }
    )


def seen_by_rules(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same row as conditions name it, with what may not enter taken out."""
    length, score = row["boat.length"], _finite(row["tide.score"])
    tide, light = row["tide.outcome"], row["harbour-light.outcome"]
    there = tide in ("hit", "miss") and score is not None
    there = there or (tide == "miss" and row["tide.score"] is None)
    lit = light in ("hit", "miss")
    return {
        "boat.masts": row["boat.masts"],
        "boat.crew": row["crew"],
        "boat.length": _finite(length),
        "boat.racing": row["boat.racing"],
        "boat.name": row["called"] or "",
        "boat.port": row["boat.port"] or "",
        "boat.flags": tuple(row["boat.flags"] or ()),
        "boat.left": row["boat.left"],
        "boat.built": row["boat.built"],
        "tide.hit": tide == "hit" if there else None,
        "tide.score": score if there else None,
        "tide.range": _finite(row["tide.range"]) if there else None,
        "tide.since_full_moon": _finite(row["tide.since-full-moon"]) if there else None,
        "harbour_light.hit": light == "hit" if lit else None,
        "harbour_light.flashes": _finite(row["harbour-light.flashes"]) if lit else None,
    }


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


# --- random conditions -------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TEXT_CONSTANT: Final = st.sampled_from(_WORDS).map(_quoted)
_TEXT_LIST: Final = st.lists(_TEXT_CONSTANT, min_size=1, max_size=3).map(
    lambda items: f"[{', '.join(items)}]"
)
_NUMBER_CONSTANT: Final = st.one_of(
    st.sampled_from(["0", "1", "2", "0.5", "1e308", "5e-324", "0.1", "9007199254740992", "3"]),
    st.sampled_from(["-1", "-0.0", "-0.5", "-9007199254740992"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
_TEXT: Final = st.sampled_from(["boat.name", "boat.port"])
_TIME: Final = st.sampled_from(["boat.left", "boat.built"])
_ORDER: Final = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def _mostly(
    leaves: st.SearchStrategy[str], *deeper: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """Two of three go deeper; ``one_of`` alone would nearly always take one of the many leaves."""
    nested = st.one_of(*deeper)
    return st.sampled_from([leaves, nested, nested]).flatmap(lambda chosen: chosen)


def _numbers(depth: int) -> st.SearchStrategy[str]:
    leaves = st.one_of(
        st.sampled_from(["boat.masts", "boat.crew", "boat.length", "tide.score"]),
        st.sampled_from(["tide.range", "tide.since_full_moon", "harbour_light.flashes"]),
        st.sampled_from(["len(boat.name)", "len(boat.flags)"]),
        _NUMBER_CONSTANT,
    )
    if depth == 0:
        return leaves
    inner = _numbers(depth - 1)
    return _mostly(
        leaves,
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda t: f"{t[0]}({', '.join(t[1])})"
        ),
        inner.map(lambda t: f"(-{t})"),
    )


def conditions(depth: int = 3) -> st.SearchStrategy[str]:
    """A condition whose types fit, as text."""
    number = _numbers(min(depth, 2))
    leaves = st.one_of(
        st.sampled_from(["boat.racing", "tide.hit", "tide.miss", "tide.abstained"]),
        st.sampled_from(["harbour_light.hit", "harbour_light.abstained", "True", "False"]),
        st.tuples(number, _ORDER, number).map(" ".join),
        st.tuples(number, _ORDER, number, _ORDER, number).map(" ".join),
        st.tuples(_TEXT, st.sampled_from(["==", "!="]), _TEXT | _TEXT_CONSTANT).map(" ".join),
        st.tuples(_TEXT, st.sampled_from(["in", "not in"]), _TEXT_LIST).map(" ".join),
        st.tuples(_TEXT_CONSTANT, st.sampled_from(["in", "not in"]), _TEXT).map(" ".join),
        st.tuples(_TEXT_CONSTANT | _TEXT, st.just("in boat.flags")).map(" ".join),
        st.tuples(number, st.just("in [0, 1, 2.5, -1]")).map(" ".join),
        st.tuples(_TEXT, st.sampled_from(["startswith", "endswith"]), _TEXT_CONSTANT).map(
            lambda t: f"{t[0]}.{t[1]}({t[2]})"
        ),
        st.tuples(
            st.sampled_from(["has_any", "has_all"]),
            st.sampled_from(["boat.name", "boat.flags"]),
            _TEXT_LIST,
        ).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(
            _TIME, st.just("-"), _TIME, _ORDER, st.sampled_from(["days(1)", "hours(0.5)"])
        ).map(" ".join),
        st.tuples(_TIME, _ORDER, _TIME).map(" ".join),
        number.map(lambda t: f"known({t})"),
    )
    if depth == 0:
        return leaves
    inner = conditions(depth - 1)
    several = st.lists(inner, min_size=2, max_size=3)
    return _mostly(
        leaves,
        several.map(lambda parts: f"({' and '.join(parts)})"),
        several.map(lambda parts: f"({' or '.join(parts)})"),
        inner.map(lambda part: f"(not {part})"),
        inner.map(lambda part: f"known({part})"),
        st.tuples(st.sampled_from([1, 2]), several).map(
            lambda t: f"at_least({t[0]}, {', '.join(t[1])})"
        ),
    )


# --- their meaning -----------------------------------------------------------------------------

_ORDERS: Final[dict[type[ast.cmpop], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_LENGTHS: Final = {"days": _DAY, "hours": _DAY // 24, "minutes": _DAY // 1440}


def meaning(text: str, row: Mapping[str, Any]) -> Any:
    """What a condition comes to for a row as :func:`seen_by_rules` makes it; None is unknown."""
    return _meaning(ast.parse(text, mode="eval").body, row)


def _meaning(node: ast.expr, row: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [_meaning(item, row) for item in node.elts]
        case ast.Attribute():
            return _named(ast.unparse(node), row)
        case ast.BoolOp():
            values = [_meaning(value, row) for value in node.values]
            return _kleene(values, decides=isinstance(node.op, ast.Or))
        case ast.UnaryOp():
            value = _meaning(node.operand, row)
            if value is None:
                return None
            return not value if isinstance(node.op, ast.Not) else -value
        case ast.Compare():
            items = [_meaning(item, row) for item in [node.left, *node.comparators]]
            links = [
                None if None in (a, b) else _ORDERS[type(sign)](a, b)
                for sign, a, b in zip(node.ops, items, items[1:], strict=False)
            ]
            return _kleene(links, decides=False)
        case ast.BinOp():
            return _computed(node, _meaning(node.left, row), _meaning(node.right, row))
        case ast.Call():
            return _called(node, row)
    raise AssertionError(ast.dump(node))


def _named(name: str, row: Mapping[str, Any]) -> Any:
    signal, _, what = name.rpartition(".")
    if what == "abstained":
        return row[f"{signal}.hit"] is None
    if what == "miss":
        hit = row[f"{signal}.hit"]
        return None if hit is None else not hit
    return row[name]


def _kleene(values: list[Any], *, decides: bool) -> bool | None:
    if decides in [value for value in values if value is not None]:
        return decides
    return None if None in values else not decides


def _computed(node: ast.BinOp, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if "boat.left" in ast.unparse(node) or "boat.built" in ast.unparse(node):
        return left - right
    signs: dict[type[ast.operator], Any] = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
    }
    try:
        found = signs[type(node.op)](float(left), float(right))
    except ZeroDivisionError:
        return None
    return found if math.isfinite(found) else None


def _called(node: ast.Call, row: Mapping[str, Any]) -> Any:
    values = [_meaning(argument, row) for argument in node.args]
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if name in ("startswith", "endswith"):
        assert isinstance(node.func, ast.Attribute)
        return getattr(_meaning(node.func.value, row), name)(*values)
    if name in _LENGTHS:
        return round(values[0] * _LENGTHS[name])
    match name:
        case "known":
            return values[0] is not None
        case "at_least":
            true, unknown = values[1:].count(True), values[1:].count(None)
            return True if true >= values[0] else False if true + unknown < values[0] else None
        case "has_any":
            return any(item in values[0] for item in values[1])
        case "has_all":
            return all(item in values[0] for item in values[1])
    functions: dict[str, Any] = {"min": min, "max": max, "len": len}
    return None if None in values else functions[name](*values)
