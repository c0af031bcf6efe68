"""What a name in a condition stands for: a field, a part of a finding, or what ``let`` named."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leeward.policy._schema import PARTS
from leeward.policy._source import Wrong, suggestion
from leeward.policy._tree import Column, Known, Not, Part, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leeward.policy._schema import Field, Schema
    from leeward.policy._source import Span

__all__ = ["column_of", "dotted", "hit_of", "number_of", "resolve"]

_TYPES: Final[dict[str, Type]] = {
    "bool": "bool",
    "int": "number",
    "float": "number",
    "text": "text",
    "texts": "texts",
    "time": "time",
}
_WORDS: Final = {
    "true": "write `True`",
    "false": "write `False`",
    "null": "use known(...)",
    "none": "use known(...)",
}


def dotted(node: ast.expr) -> str | None:
    """The name that a chain of attributes spells; None where it is another kind of chain."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            before = dotted(node.value)
            return None if before is None else f"{before}.{node.attr}"
    return None


def column_of(field: Field, span: Span) -> Column:
    """The column of a field."""
    return Column(
        field.name,
        _TYPES[field.kind],
        optional=field.optional,
        whole=field.kind in ("int", "time"),
        folded=field.folded,
        words=field.words,
        span=span,
    )


def hit_of(signal: str, span: Span) -> Column:
    """Whether a finding is a hit; unknown where the signal abstained."""
    return Column(f"{signal}.hit", "bool", optional=True, finding=signal, span=span)


def number_of(signal: str, what: str, span: Span) -> Column:
    """A finding's score or one of its values; unknown where the finding does not carry it."""
    return Column(f"{signal}.{what}", "number", optional=True, finding=signal, span=span)


def resolve(name: str | None, span: Span, schema: Schema, names: Mapping[str, Part]) -> Part:
    """What a name stands for.

    Raises:
        Wrong: It stands for nothing.
    """
    if name is None:
        raise Wrong("only a field has parts", span, "write its whole name")
    if name in names:
        return replace(names[name], span=span)
    if name in schema.fields:
        return column_of(schema.fields[name], span)
    signal, _, what = name.rpartition(".")
    if signal in schema.signals:
        found = _of_finding(signal, what, schema, span)
        if found is not None:
            return found
    raise _unknown(name, span, schema, names)


def _of_finding(signal: str, what: str, schema: Schema, span: Span) -> Part | None:
    hit = hit_of(signal, span)
    match what:
        case "hit":
            return hit
        case "miss":
            return Not(hit, span=span)
        case "abstained":
            return Not(Known(hit, span=span), span=span)
        case "score" if schema.signals[signal].scored:
            return number_of(signal, "score", span)
    if any(value.reads_as == what for value in schema.signals[signal].values):
        return number_of(signal, what, span)
    return None


def _unknown(name: str, span: Span, schema: Schema, names: Mapping[str, Part]) -> Wrong:
    if name in schema.signals:
        signal = schema.signals[name]
        parts = [part for part in PARTS if part != "score" or signal.scored]
        parts += [value.reads_as for value in signal.values]
        listed = ", ".join(f"`{name}.{part}`" for part in parts)
        return Wrong(f"`{name}` is a signal; say what of its finding", span, f"one of {listed}")
    owner, _, what = name.rpartition(".")
    if owner in schema.signals and what == "score":
        hint = f"use `{owner}.hit`, `{owner}.miss` or `{owner}.abstained`"
        return Wrong(f"findings of `{owner}` have no score", span, hint)
    hint = _WORDS.get(name.lower()) or suggestion(name, [*schema.names(), *names])
    if not hint and "." in name:
        group = name.partition(".")[0]
        near = [known for known in schema.names() if known.startswith(f"{group}.")]
        hint = f"there are {', '.join(near[:12])}" if near else ""
    if "." not in name:
        return Wrong(f"there is no name `{name}`", span, hint or "`let` does not have it either")
    if not hint:
        signals = ", ".join(f"`{signal}`" for signal in list(schema.signals)[:8])
        hint = f"the signals are {signals}" if signals else "no signals are declared"
    return Wrong(f"there is no field or signal `{name}`", span, hint)
