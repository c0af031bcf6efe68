"""What a case gives: texts of YAML as values of the schema's fields and findings."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from leeward.model import bounds, fold, fold_tag
from leeward.policy._source import Span, Wrong, suggestion
from leeward.policy._yaml import Listed, Text

if TYPE_CHECKING:
    from leeward.policy._schema import Field, Schema, Signal
    from leeward.policy._yaml import Node

__all__ = ["OUTCOMES", "given_value"]

OUTCOMES: Final = ("hit", "no", "abstained")
"""How a rule can end for a row."""

_FINDING: Final = re.compile(r"(hit|miss|abstained)(?:\s+([^\s=]+))?((?:\s+[^\s=]+=\S*)*)\Z")


def given_value(key: Text, value: Node, schema: Schema) -> dict[str, object]:
    """Columns of a row, from one thing that a case gives.

    Raises:
        Wrong: The schema has no such thing, or the value cannot be one of it.
    """
    if key.value in schema.signals:
        return _finding(schema.signals[key.value], value)
    field = schema.fields.get(key.value)
    if field is None:
        names = [*schema.fields, *schema.signals]
        hint = suggestion(key.value, names) or "give a field of the event, or a signal"
        raise Wrong(f"there is no field or signal `{key.value}`", key.span, hint)
    return {field.name: _field(field, value)}


def _finding(signal: Signal, value: Node) -> dict[str, object]:
    name = signal.reads_as
    form = "`hit 0.9`, `miss` or `abstained`" if signal.scored else "`hit`, `miss` or `abstained`"
    if signal.values:
        form += f", with values as in `hit 0.9 {signal.values[0].reads_as}=0.5`"
    match = _FINDING.match(value.value) if isinstance(value, Text) else None
    if match is None:
        raise Wrong("a finding is not given like this", value.span, f"write {form}")
    outcome, written = match[1], match[2]
    values = _values(signal, match[3], value.span)
    if outcome == "abstained":
        if written is not None or match[3]:
            raise Wrong("a signal that abstained has no score", value.span, f"write {form}")
        return {f"{name}.hit": None, f"{name}.score": None}
    if written is None and signal.scored and outcome == "hit":
        raise Wrong("a hit of this signal has a score", value.span, f"write {form}")
    if written is not None and not signal.scored:
        raise Wrong("this finding has no score", value.span, f"write {form}")
    score = None if written is None else _number(written, value.span)
    return {f"{name}.hit": outcome == "hit", f"{name}.score": score, **values}


def _values(signal: Signal, written: str, span: Span) -> dict[str, object]:
    """``strangers=0.8 repliers=12`` as columns."""
    known = [value.reads_as for value in signal.values]
    found: dict[str, object] = {}
    for what, _, number in (one.partition("=") for one in written.split()):
        if what not in known:
            hint = suggestion(what, known)
            if not hint:
                hint = f"there are {', '.join(known)}" if known else "leave it out"
            raise Wrong(f"`{signal.reads_as}` measures no `{what}`", span, hint)
        if f"{signal.reads_as}.{what}" in found:
            raise Wrong(f"`{what}` stands here twice", span)
        found[f"{signal.reads_as}.{what}"] = _number(number, span)
    return found


def _field(field: Field, value: Node) -> object:
    if field.kind == "texts":
        if not isinstance(value, Listed) or not all(isinstance(i, Text) for i in value.items):
            raise Wrong("this field is a list of texts", value.span, "write [a, b]")
        items = [item.value for item in value.items if isinstance(item, Text)]
        return tuple(map(fold_tag, items)) if field.folded else tuple(items)
    if not isinstance(value, Text):
        raise Wrong("this field is a single value", value.span)
    return _scalar(field, value.value, value.span)


def _scalar(field: Field, text: str, span: Span) -> object:
    match field.kind:
        case "text":
            if field.words and text not in field.words and text:
                hint = suggestion(text, field.words) or f"it is {', '.join(field.words)}"
                raise Wrong(f"`{field.name}` is never this", span, hint)
            return fold(text) if field.folded else text
        case "bool":
            if text not in ("true", "false"):
                raise Wrong("this field is true or false", span)
            return text == "true"
        case "time":
            return _time(text, span)
    number = _number(text, span)
    if field.kind == "float":
        return number
    if number != int(number) or abs(number) > bounds.MAX_INTEGER:
        raise Wrong("this field is a whole number", span)
    return int(number)


def _number(text: str, span: Span) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Wrong("this is not a number", span)
    return number


def _time(text: str, span: Span) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or time.year < 1970:
        raise Wrong("this is not a time", span, "as in 2026-05-04T12:00:00Z")
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    length = time - epoch
    return (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds
