"""A condition after it was checked: a typed tree that the compilers walk.

Two parts are equal where they say the same, wherever they stand: that is how shared parts are
found. Every part is pure and none can fail; what cannot be computed is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from leeward.policy._source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MICROS",
    "TYPE_WORDS",
    "Affix",
    "All",
    "Among",
    "Arithmetic",
    "AtLeast",
    "Column",
    "Compare",
    "Constant",
    "Either",
    "Extreme",
    "Known",
    "Length",
    "Listing",
    "Member",
    "Negative",
    "Not",
    "Overlap",
    "Part",
    "Type",
    "Within",
    "below",
    "columns_in",
]

Type: TypeAlias = Literal["bool", "number", "text", "texts", "numbers", "time", "duration"]

TYPE_WORDS: Final[dict[Type, str]] = {
    "bool": "true or false",
    "number": "a number",
    "text": "a text",
    "texts": "a list of texts",
    "numbers": "a list of numbers",
    "time": "a time",
    "duration": "a length of time",
}

MICROS: Final = {"minutes": 60_000_000, "hours": 3_600_000_000, "days": 86_400_000_000}
"""Microseconds of what a length of time is written in."""

_NOWHERE: Final = Span(0, 0)


@dataclass(frozen=True)
class Part:
    """Any part: where it stands, and its type."""

    span: Span = field(default=_NOWHERE, compare=False, kw_only=True, repr=False)

    @property
    def type(self) -> Type:
        """What it comes to, where it is known."""
        return "bool"


@dataclass(frozen=True)
class Constant(Part):
    """A number, a text, a truth value, or a length of time in microseconds."""

    value: float | str
    kind: Type

    @property
    def type(self) -> Type:
        """As it was written."""
        return self.kind


@dataclass(frozen=True)
class Listing(Part):
    """A list of constants, each once."""

    values: tuple[float | str, ...]
    kind: Type

    @property
    def type(self) -> Type:
        """A list of texts or of numbers."""
        return self.kind


@dataclass(frozen=True)
class Column(Part):
    """A column of the row: a field, or one of the columns of a finding.

    Attributes:
        name: ``event.kind``, ``NAME.hit``, ``NAME.score``, ``NAME.VALUE``.
        kind: Its type.
        optional: It may be unknown.
        whole: It holds integers only.
        folded: It holds folded text.
        words: All that it may hold, where that is a closed list.
        finding: The signal whose finding it belongs to, as a condition names it.
    """

    name: str
    kind: Type
    optional: bool = field(compare=False)
    whole: bool = field(default=False, compare=False)
    folded: bool = field(default=False, compare=False)
    words: tuple[str, ...] = field(default=(), compare=False)
    finding: str = field(default="", compare=False)

    @property
    def type(self) -> Type:
        """As the schema has it."""
        return self.kind


@dataclass(frozen=True)
class Not(Part):
    """True where the part is false."""

    part: Part


@dataclass(frozen=True)
class All(Part):
    """``and``."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Either(Part):
    """``or``."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class AtLeast(Part):
    """True where at least so many of the parts are."""

    least: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Compare(Part):
    """Two numbers, times or lengths of time; or two texts, for being the same."""

    operator: Literal["<", "<=", ">", ">=", "==", "!="]
    left: Part
    right: Part


@dataclass(frozen=True)
class Among(Part):
    """A text or number is one of a list."""

    item: Part
    listing: Listing


@dataclass(frozen=True)
class Member(Part):
    """A text is an item of a field's list."""

    item: Part
    of: Part


@dataclass(frozen=True)
class Within(Part):
    """A text holds another one."""

    piece: str
    of: Part


@dataclass(frozen=True)
class Affix(Part):
    """A text begins, or ends, with another one."""

    end: bool
    of: Part
    piece: str


@dataclass(frozen=True)
class Overlap(Part):
    """A list has some, or all, of the items; a text holds some, or all, of the texts."""

    every: bool
    of: Part
    listing: Listing


@dataclass(frozen=True)
class Known(Part):
    """True where the part can be computed; false where it is unknown."""

    part: Part


@dataclass(frozen=True)
class Length(Part):
    """Code points of a text, items of a list."""

    of: Part

    @property
    def type(self) -> Type:
        """A count."""
        return "number"


@dataclass(frozen=True)
class Negative(Part):
    """A number with its sign turned."""

    part: Part

    @property
    def type(self) -> Type:
        """A number."""
        return "number"


@dataclass(frozen=True)
class Arithmetic(Part):
    """Two numbers in 64-bit floating point; or the time from one time to another."""

    operator: Literal["+", "-", "*", "/"]
    left: Part
    right: Part

    @property
    def type(self) -> Type:
        """A number, or a length of time."""
        return "duration" if self.left.type == "time" else "number"


@dataclass(frozen=True)
class Extreme(Part):
    """The least, or the greatest, of some numbers."""

    greatest: bool
    parts: tuple[Part, ...]

    @property
    def type(self) -> Type:
        """A number."""
        return "number"


def below(part: Part) -> tuple[Part, ...]:
    """The parts that a part is made of, from left to right."""
    match part:
        case Not(inner) | Known(inner) | Negative(inner):
            return (inner,)
        case All(parts) | Either(parts) | AtLeast(_, parts) | Extreme(_, parts):
            return parts
        case Compare(_, left, right) | Arithmetic(_, left, right) | Member(left, right):
            return (left, right)
        case Among(inner, _) | Within(_, inner) | Affix(_, inner, _) | Overlap(_, inner, _):
            return (inner,)
        case Length(inner):
            return (inner,)
    return ()


def columns_in(part: Part) -> Iterator[Column]:
    """Every column that a part reads, as often as it does."""
    if isinstance(part, Column):
        yield part
    for inner in below(part):
        yield from columns_in(inner)
