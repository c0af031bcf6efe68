"""What a condition may read: the fields of an event, and the findings of the declared signals."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import Kind, Op, VerdictCause, Visibility

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "EVENT_FIELDS",
    "PARTS",
    "Field",
    "FieldKind",
    "Schema",
    "Signal",
    "Value",
    "event_schema",
]

FieldKind: TypeAlias = Literal["bool", "int", "float", "text", "texts", "time"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")
PARTS: Final = ("hit", "miss", "abstained", "score")
"""What every finding has for a condition, the score where it has one."""

_BY_ITSELF: Final[frozenset[VerdictCause]] = frozenset({"hide", "protect"})


class Field(Struct, frozen=True, kw_only=True):
    """Something that a condition may read by its name.

    Attributes:
        name: Dotted, in lower case: ``event.kind``.
        kind: Its type. ``texts`` is a list of texts, ``time`` microseconds since 1970 UTC.
        about: What it is, in words, for whoever writes a policy.
        column: The table's column; the name where it is not given.
        sql: What to read instead of the column, as an SQL expression.
        certain: A number, time or truth value that is never absent. Another one may be, and is
            then unknown. A text that is absent reads as empty, a list as one without items.
        folded: The text is folded, so it is compared with folded words only.
        words: All that a text may be, where that is a closed list.
    """

    name: str
    kind: FieldKind
    about: str
    column: str = ""
    sql: str | None = None
    certain: bool = False
    folded: bool = False
    words: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether it may be unknown."""
        return self.kind not in ("text", "texts") and not self.certain


class Value(Struct, frozen=True):
    """A quantity that a signal measures and that its evidence carries.

    Attributes:
        name: As the evidence has it (``kind``). A condition writes ``_`` for ``-``.
        about: What it is, with its unit, in words.
    """

    name: str
    about: str

    @property
    def reads_as(self) -> str:
        """Its name in a condition, behind the signal's."""
        return self.name.replace("-", "_")


class Signal(Struct, frozen=True, kw_only=True):
    """A detector whose finding a condition may read: at most one an event.

    Attributes:
        name: As findings have it. A condition writes ``_`` for ``-``.
        about: What a hit means, in words.
        scored: Its findings have a score; without one such a finding counts as abstained.
        unit: What the score counts, in words.
        may: What a hit may cause beyond a person's look. ``hide`` belongs to a match with a bank
            marked verified, ``protect`` to one with a bank of protected photographs, and to
            nothing else.
        values: What its findings measure: read as ``NAME.VALUE``, and unknown where the event's
            finding does not carry it.
    """

    name: str
    about: str
    scored: bool = True
    unit: str = ""
    may: frozenset[VerdictCause] = frozenset()
    values: tuple[Value, ...] = ()

    @property
    def reads_as(self) -> str:
        """Its name in a condition."""
        return self.name.replace("-", "_")


class Schema:
    """The names that conditions may use.

    Args:
        fields: Of the event and of what is known about it.
        signals: Whose findings can be read as ``NAME.hit``, ``NAME.miss``, ``NAME.abstained``,
            where they have one ``NAME.score``, and by the names of their values.

    Raises:
        UsageError: A name cannot be used, or two are one.
    """

    def __init__(self, fields: Iterable[Field], signals: Iterable[Signal] = ()) -> None:
        known, given = list(fields), list(signals)
        self.fields: Final = {field.name: field for field in known}
        self.signals: Final = {signal.reads_as: signal for signal in given}
        named = [*(field.name for field in known), *(one.reads_as for one in given)]
        for name in named:
            _check_name(name)
        found = [*self.names(), *self.signals]
        twice = {name for names in (named, found) for name in names if names.count(name) > 1}
        if twice:
            raise UsageError(
                "two fields or signals have one name",
                where=", ".join(sorted(twice)),
                hint="give one of them another; in a condition `-` is written `_`",
            )
        self._check_kinds()

    def _check_kinds(self) -> None:
        for field in self.fields.values():
            if field.kind not in get_args(FieldKind):
                raise UsageError(
                    "there is no such kind of field",
                    where=field.name,
                    hint=f"use {', '.join(get_args(FieldKind))}",
                )
        for signal in self.signals.values():
            if not signal.may <= _BY_ITSELF:
                raise UsageError(
                    "a signal's `may` names what follows without a person's look",
                    where=signal.name,
                    hint=f"use {' or '.join(sorted(_BY_ITSELF))}, or leave it out",
                )
            for value in signal.values:
                _check_name(f"{signal.reads_as}.{value.reads_as}")
                if value.reads_as in (*PARTS, "outcome") or "." in value.name:
                    raise UsageError(
                        "a value of a signal cannot have this name",
                        where=f"{signal.name}: {value.name}",
                        hint=f"use another than {', '.join(PARTS)} and outcome, without dots",
                    )

    def names(self) -> list[str]:
        """Everything that a condition can read, in the order of the alphabet."""
        found = list(self.fields)
        for name, signal in self.signals.items():
            found += [f"{name}.{part}" for part in PARTS if part != "score" or signal.scored]
            found += [f"{name}.{value.reads_as}" for value in signal.values]
        return sorted(found)


def _check_name(name: str) -> None:
    if not _NAME.match(name) or any(map(keyword.iskeyword, name.split("."))):
        raise UsageError(
            "the name of a field, signal or value cannot stand in a condition",
            where=name,
            hint="use lower-case letters, digits and `_`, in parts joined by dots",
        )


_TEXT: Final = "coalesce(folded, lower(\"text\"), '')"

EVENT_FIELDS: Final[tuple[Field, ...]] = (
    Field(
        name="event.kind",
        kind="text",
        about="what it happened to",
        column="kind",
        words=get_args(Kind),
    ),
    Field(
        name="event.op",
        kind="text",
        about="whether that was created, updated or deleted",
        column="op",
        words=get_args(Op),
    ),
    Field(name="event.source", kind="text", about="the platform or feed", column="source"),
    Field(name="event.actor", kind="text", about="URI of the account that acted", column="actor"),
    Field(
        name="event.object",
        kind="text",
        about="URI of what came to be, changed or went",
        column="object",
    ),
    Field(name="event.target", kind="text", about="URI of what it was done to", column="target"),
    Field(
        name="event.reply_to",
        kind="text",
        about="URI of the post that this post answers",
        column="reply_to",
    ),
    Field(
        name="event.root", kind="text", about="URI of the post that began the thread", column="root"
    ),
    Field(
        name="event.text",
        kind="text",
        about="what was written, folded",
        sql=_TEXT,
        column="folded",
        folded=True,
    ),
    Field(name="event.lang", kind="text", about="language tag, as claimed", column="lang"),
    Field(
        name="event.community",
        kind="text",
        about="URI of the group, channel, room or server",
        column="community",
    ),
    Field(name="event.tags", kind="texts", about="hashtags, folded", column="tags", folded=True),
    Field(name="event.links", kind="texts", about="URLs carried", column="links"),
    Field(name="event.mentions", kind="texts", about="URIs of accounts named", column="mentions"),
    Field(
        name="event.pictures",
        kind="int",
        about="how many pictures and videos it carries",
        sql='coalesce(len("media"), 0)',
        column="pictures",
        certain=True,
    ),
    Field(
        name="event.visibility",
        kind="text",
        about="who could see it",
        column="visibility",
        words=get_args(Visibility),
    ),
    Field(
        name="event.at",
        kind="time",
        about="when, as its maker claims; not to be trusted",
        column="at",
        certain=True,
    ),
    Field(name="event.seen", kind="time", about="when the log received it", column="seen"),
)
"""What every event of the log has."""


def event_schema(signals: Iterable[Signal] = (), fields: Iterable[Field] = ()) -> Schema:
    """The fields of an event, findings of signals, and more fields that a table has.

    Raises:
        UsageError: A name cannot be used, or two are one.
    """
    return Schema([*EVENT_FIELDS, *fields], signals)
