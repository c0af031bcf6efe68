"""The door to the compiled function: rows of the columns that the rules read.

What may not enter becomes unknown here, once, so that no rule meets it: a score that is not
finite, an integer beyond 2^53, a hit that lacks its score.
"""

from __future__ import annotations

from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from leeward.errors import PolicyError
from leeward.model import bounds, fold
from leeward.policy._unknown import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from leeward.model import Event, Finding
    from leeward.policy._compiled import Compiled
    from leeward.policy._schema import Field, Signal

__all__ = ["RowReader", "row_of"]

_OF_EVENT: Final = {
    "event.text": "folded(event)",
    "event.pictures": "len(event.media)",
    **{
        f"event.{name}": f"event.{name}"
        for name in (
            "kind", "op", "source", "actor", "object", "target", "reply_to", "root", "lang",
            "community", "tags", "links", "mentions", "visibility", "at", "seen",
        )
    },
}  # fmt: skip


def _folded(event: Event) -> str:
    if event.folded is not None:
        return event.folded
    return "" if event.text is None else fold(event.text)


def row_of(compiled: Compiled, values: Mapping[str, object]) -> tuple[Any, ...]:
    """A row from columns by name; what is not given is absent.

    Raises:
        PolicyError: The rules read no such column, or it is of another type.
    """
    schema, row = compiled.schema, []
    for name in compiled.columns:
        value = values.get(name)
        field = schema.fields.get(name)
        row.append(_finding_value(name, value) if field is None else _field_value(field, value))
    return tuple(row)


class RowReader:
    """Makes rows of events and their findings.

    Args:
        compiled: Whose columns the rows have.
        known: For each further field of the schema that rules read, what gives it for an event.
        looked: Signals that have looked at all these events: one of them that said nothing of
            an event has missed. Any other that said nothing has abstained.

    Raises:
        PolicyError: The rules read a field that neither the event has nor ``known`` gives.
    """

    def __init__(
        self,
        compiled: Compiled,
        known: Mapping[str, Callable[[Event], object]] | None = None,
        looked: Collection[str] = (),
    ) -> None:
        self._rows = _reading(compiled, known or {}, looked)

    def row(self, event: Event, findings: Mapping[str, Finding]) -> tuple[Any, ...]:
        """The row of one event.

        Args:
            event: As the log has it.
            findings: By signal, what each said of it.
        """
        return next(self._rows([(event, findings)]))

    def rows(
        self, events: Iterable[tuple[Event, Mapping[str, Finding]]]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of many events, each with its findings by signal."""
        return self._rows(events)


def _reading(
    compiled: Compiled, known: Mapping[str, Callable[[Event], object]], looked: Collection[str]
) -> Callable[[Iterable[tuple[Event, Mapping[str, Finding]]]], Iterator[tuple[Any, ...]]]:
    """A generator of rows, written out for these columns: a call each would cost three times that.

    Its text has numbers, quoted names of signals, and names of an event's attributes.
    """
    schema, lines, names = compiled.schema, [], []
    space: dict[str, Any] = {"__builtins__": {"len": len}, "folded": _folded, "carried": _carried}
    columns = {name: f"c{at}" for at, name in enumerate(compiled.columns)}
    for reads_as, signal in schema.signals.items():
        read = {
            part: columns[f"{reads_as}.{part}"]
            for part in ("hit", "score", *(value.reads_as for value in signal.values))
            if f"{reads_as}.{part}" in columns
        }
        if read:
            lines += _finding_lines(signal, read, missed=signal.name in looked)
    for name, variable in columns.items():
        names.append(variable)
        field = schema.fields.get(name)
        if field is None:
            continue
        if name in known:
            space[f"get_{variable}"] = partial(_given, field, known[name])
            lines.append(f"{variable} = get_{variable}(event)")
        elif name in _OF_EVENT:
            empty = {"text": " or ''", "texts": " or ()"}.get(field.kind, "")
            lines.append(f"{variable} = {_OF_EVENT[name]}{empty}")
        else:
            raise PolicyError(
                "the rules read a field that nothing gives", where=name, hint="give it"
            )
    body = "\n".join(f"    {line}" for line in lines)
    row = "".join(f"{name}," for name in names)
    text = f"def rows(events):\n  for event, findings in events:\n{body}\n    yield ({row})"
    exec(compile(text, "<rows>", "exec"), space)  # noqa: S102 - the text is our own
    made: Callable[[Iterable[tuple[Event, Mapping[str, Finding]]]], Iterator[tuple[Any, ...]]]
    made = space["rows"]
    return made


def _finding_lines(signal: Signal, read: Mapping[str, str], *, missed: bool) -> list[str]:
    """The columns of a finding: a hit needs its score, a miss may be without one."""
    hit, score = read.get("hit", "_"), read.get("score", "s")
    values = {value.name: read[value.reads_as] for value in signal.values if value.reads_as in read}
    nothing = " = ".join([hit, score, *values.values(), "None"])
    finite = f"({score} := f.score) is not None and -{LARGEST!r} <= {score} <= {LARGEST!r}"
    lines = [f"f = findings.get({signal.name!r})"]
    lines += ["if f is None:", f" {nothing}", *([f" {hit} = False"] * missed)]
    lines += [
        "elif f.outcome == 'abstained':",
        f" {nothing}",
        "else:",
        f" {hit} = f.outcome == 'hit'",
        # An integer would not be rounded as in SQL.
        *([f" if {finite}: {score} += 0.0", f" else: {score} = None"] if signal.scored else []),
        *(f" {variable} = carried(f, {name!r})" for name, variable in values.items()),
    ]
    if signal.scored:
        lines.append(
            f" if {score} is None and (f.outcome == 'hit' or f.score is not None): {nothing}"
        )
    return lines


def _carried(finding: Finding, name: str) -> float | None:
    """A value of a finding: of the heaviest piece of evidence that has this name."""
    for item in finding.evidence:
        if item.kind == name:
            value = item.value
            return None if value is None or not isfinite(value) else value + 0.0
    return None


def _given(field: Field, get: Callable[[Event], object], event: Event) -> object:
    return _field_value(field, get(event))


def _finding_value(name: str, value: object) -> object:
    if name.endswith(".hit"):
        return value if isinstance(value, bool) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    return None


def _field_value(field: Field, value: Any) -> Any:
    """A value as the compiled function may meet it."""
    match field.kind:
        case "text":
            right = value is None or isinstance(value, str)
            value = value or ""
        case "texts":
            right = value is None or all(isinstance(item, str) for item in value)
            value = tuple(value or ())
        case "bool":
            right = value is None or isinstance(value, bool)
        case "float":
            right = value is None or isinstance(value, int | float)
            value = float(value) if right and value is not None and isfinite(value) else None
        case _:
            right = value is None or (isinstance(value, int) and not isinstance(value, bool))
            value = (
                value if right and value is not None and abs(value) <= bounds.MAX_INTEGER else None
            )
    if right and (value is not None or not field.certain):
        return value
    # A certain field may be left out of a case: it counts nothing then.
    if right and value is None:
        return False if field.kind == "bool" else 0
    raise PolicyError("a value is of another type than its field", where=field.name)
