"""Conditions as one query in the SQL of DuckDB, with the same meaning as in Python.

SQL's own truth values have three outcomes, as conditions do: null is unknown. Where the two would
differ, the query says it in another way:

* text that is absent is empty, a list without items;
* every number is a DOUBLE, so that no integer overflows and no decimal is rounded differently;
* what divides by zero or is not finite is null;
* ``least`` and ``greatest`` pass over nulls, which here make the result null;
* texts are looked for with ``contains``, which has no wildcards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.model import bounds
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
from leeward.policy._unknown import may_fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leeward.policy._schema import Field, Schema, Signal

__all__ = ["quoted_name", "quoted_text", "rows", "select"]

_SIGNS: Final = {"==": "=", "!=": "<>"}


def select(
    conditions: Sequence[tuple[str, Part, bool]],
    columns: Sequence[Column],
    schema: Schema,
    source: str,
    keys: Sequence[str],
) -> str:
    """The query.

    Args:
        conditions: For each its name, itself, and whether it is unknown or false where it is
            unknown.
        columns: What they read.
        schema: Where that stands in the table.
        source: The table, or a query in brackets.
        keys: Columns of it that the query hands on.
    """
    writer = _Writer(columns)
    for _, part, _ in conditions:
        writer.stage(part)
    kept = [quoted_name(key) for key in keys]
    reads = [f"{_read(column, schema)} AS {writer.names[column]}" for column in columns]
    # Names and texts are quoted by the functions below; the source is the caller's.
    steps = [f"read AS (SELECT {', '.join([*kept, *reads]) or '1'} FROM {source})"]  # noqa: S608 - quoted
    before = "read"
    for at, level in enumerate(writer.levels()):
        steps.append(f"step{at} AS (SELECT *, {', '.join(level)} FROM {before})")  # noqa: S608 - quoted
        before = f"step{at}"
    outcomes = [
        f"{writer.sql(part) if unknown else f'coalesce({writer.sql(part)}, FALSE)'}"
        f" AS {quoted_name(name)}"
        for name, part, unknown in conditions
    ]
    shown = ", ".join([*kept, *outcomes])
    return f"WITH {', '.join(steps)} SELECT {shown} FROM {before}"  # noqa: S608 - quoted


def rows(columns: Sequence[Column], schema: Schema, source: str, keys: Sequence[str]) -> str:
    """The columns as conditions see them, by their names, behind the keys."""
    reads = [f"{_read(column, schema)} AS {quoted_name(column.name)}" for column in columns]
    return f"SELECT {', '.join([*map(quoted_name, keys), *reads])} FROM {source}"  # noqa: S608 - quoted


def quoted_name(name: str) -> str:
    """A name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """A text as SQL quotes it."""
    return "'" + text.replace("'", "''") + "'"


def _read(column: Column, schema: Schema) -> str:
    """A column of the table as the conditions see it."""
    if column.finding:
        return _read_finding(column, schema.signals[column.finding])
    return _read_field(schema.fields[column.name])


def _read_finding(column: Column, signal: Signal) -> str:
    """A hit needs its score; a miss may be without one. One that is no number says nothing."""
    outcome = quoted_name(f"{signal.name}.outcome")
    score = f"CAST({quoted_name(f'{signal.name}.score')} AS DOUBLE)"
    hit = f"{outcome} = 'hit'" + f" AND isfinite({score})" * signal.scored
    miss = f"{outcome} = 'miss'" + f" AND coalesce(isfinite({score}), TRUE)" * signal.scored
    if column.type == "bool":
        return f"CASE WHEN {miss} THEN FALSE WHEN {hit} THEN TRUE END"
    what = column.name.rpartition(".")[2]
    named = next((value.name for value in signal.values if value.reads_as == what), what)
    number = f"CAST({quoted_name(f'{signal.name}.{named}')} AS DOUBLE)"
    there = f"({miss} OR {hit}) AND isfinite({number})"
    return f"CASE WHEN {there} THEN {number} END"


def _read_field(field: Field) -> str:
    column = quoted_name(field.column or field.name) if field.sql is None else field.sql
    match field.kind:
        case "text":
            return f"coalesce({column}, '')"
        case "texts":
            return f"coalesce({column}, CAST([] AS VARCHAR[]))"
        case "float":
            return f"CASE WHEN isfinite({column}) THEN CAST({column} AS DOUBLE) END"
        case "int" | "time":
            kind = "DOUBLE" if field.kind == "int" else "BIGINT"
            most = bounds.MAX_INTEGER
            if field.certain:
                return f"CAST({column} AS {kind})"
            return (
                f"CASE WHEN {column} BETWEEN -{most} AND {most} THEN CAST({column} AS {kind}) END"
            )
    return column


class _Writer:
    def __init__(self, columns: Sequence[Column]) -> None:
        self.names = {column: f"c{at}" for at, column in enumerate(columns)}
        self._staged: dict[Part, str] = {}

    def stage(self, part: Part) -> None:
        """Give a column of its own to each part that is written more than once."""
        for inner in below(part):
            self.stage(inner)
        again = [part] if isinstance(part, Extreme) or may_fail(part) else []
        if isinstance(part, AtLeast):
            again += [inner for inner in part.parts if not isinstance(inner, Column)]
        for one in again:
            self._staged.setdefault(one, f"s{len(self._staged)}")

    def levels(self) -> Iterator[list[str]]:
        """Columns to add, each list of them over those before it."""
        # Only now is it known which parts have columns: one condition may add a part of another.
        levels = {part: self._level(part) for part in self._staged}
        for level in range(1 + max(levels.values(), default=-1)):
            parts = [part for part in self._staged if levels[part] == level]
            failing = [part for part in parts if may_fail(part)]
            yield [
                f"{self._made(part)} AS {'r' * (part in failing)}{self._staged[part]}"
                for part in parts
            ]
            if failing:
                names = [self._staged[part] for part in failing]
                yield [f"CASE WHEN isfinite(r{name}) THEN r{name} END AS {name}" for name in names]

    def _level(self, part: Part) -> int:
        """How many columns lie inside each other below a part."""
        inside = [self._level(one) + (one in self._staged) for one in below(part)]
        return max(inside, default=0)

    def sql(self, part: Part) -> str:
        """A part, by its column where it has one."""
        return self._staged.get(part) or self._made(part)

    def _made(self, part: Part) -> str:
        match part:
            case Constant():
                return _constant(part)
            case Column():
                return self.names[part]
            case Not(inner):
                return f"(NOT {self.sql(inner)})"
            case All(parts):
                return f"({' AND '.join(map(self.sql, parts))})"
            case Either(parts):
                return f"({' OR '.join(map(self.sql, parts))})"
            case AtLeast():
                return self._counted(part)
            case Known(inner):
                return f"({self.sql(inner)} IS NOT NULL)"
            case Compare(sign, left, right):
                return f"({self.sql(left)} {_SIGNS.get(sign, sign)} {self.sql(right)})"
        return self._number(part) if part.type in ("number", "duration") else self._text(part)

    def _counted(self, part: AtLeast) -> str:
        names = [self.sql(one) for one in part.parts]
        true = " + ".join(f"(CASE WHEN {name} THEN 1 ELSE 0 END)" for name in names)
        maybe = " + ".join(f"(CASE WHEN NOT {name} THEN 0 ELSE 1 END)" for name in names)
        return (
            f"(CASE WHEN {true} >= {part.least} THEN TRUE "
            f"WHEN {maybe} < {part.least} THEN FALSE END)"
        )

    def _number(self, part: Part) -> str:
        match part:
            case Length(of):
                return f"CAST(len({self.sql(of)}) AS DOUBLE)"
            case Negative(inner):
                return f"(-{self.sql(inner)})"
            case Arithmetic("/", left, right):
                return f"({self.sql(left)} / nullif({self.sql(right)}, 0e0))"
            case Arithmetic(sign, left, right):
                return f"({self.sql(left)} {sign} {self.sql(right)})"
            case Extreme(greatest, parts):
                names = [self.sql(one) for one in parts]
                there = " AND ".join(f"{name} IS NOT NULL" for name in names)
                word = "greatest" if greatest else "least"
                return f"(CASE WHEN {there} THEN {word}({', '.join(names)}) END)"
        raise AssertionError(f"no number: {type(part).__name__}")

    def _text(self, part: Part) -> str:
        match part:
            case Among(item, listing):
                return f"({self.sql(item)} IN ({', '.join(_constants(listing))}))"
            case Member(item, of):
                return f"list_contains({self.sql(of)}, {self.sql(item)})"
            case Within(piece, of):
                return f"contains({self.sql(of)}, {quoted_text(piece)})"
            case Affix(end, of, piece):
                word = "ends_with" if end else "starts_with"
                return f"{word}({self.sql(of)}, {quoted_text(piece)})"
            case Overlap(every, of, listing) if of.type == "texts":
                word = "list_has_all" if every else "list_has_any"
                return f"{word}({self.sql(of)}, [{', '.join(_constants(listing))}])"
            case Overlap(every, of, listing):
                pieces = [f"contains({self.sql(of)}, {one})" for one in _constants(listing)]
                return f"({(' AND ' if every else ' OR ').join(pieces)})"
        raise AssertionError(f"no condition: {type(part).__name__}")


def _constants(listing: Listing) -> list[str]:
    kind = "text" if listing.kind == "texts" else "number"
    return [
        quoted_text(str(value)) if kind == "text" else _double(float(value))
        for value in listing.values
    ]


def _constant(part: Constant) -> str:
    if part.kind == "bool":
        return "TRUE" if part.value else "FALSE"
    if part.kind == "duration":
        return f"CAST({part.value} AS BIGINT)"
    return quoted_text(part.value) if isinstance(part.value, str) else _double(part.value)


def _double(value: float) -> str:
    """A DOUBLE that is exactly this; without an exponent it would be a decimal."""
    text = repr(value)
    return f"({text if 'e' in text else text + 'e0'})"
