"""The functions of the language: what each takes, and the part it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from leeward.policy._tree import (
    MICROS,
    Affix,
    AtLeast,
    Constant,
    Extreme,
    Known,
    Length,
    Listing,
    Overlap,
    Part,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.policy._source import Span

__all__ = ["FUNCTIONS", "METHODS", "SAYS"]


class _Checks(Protocol):
    """What a function asks of the walk that meets it."""

    def want(self, part: Part, *types: str) -> None: ...
    def piece(self, part: Part) -> str: ...
    def wrong(self, message: str, span: Span, hint: str = "") -> Exception: ...


SAYS: Final = {
    "len(x)": "code points of a text, or items of a list",
    "min(a, b, ...)": "the least of some numbers; unknown if one is",
    "max(a, b, ...)": "the greatest of some numbers; unknown if one is",
    "has_any(x, [...])": "a list has one of the items; a text holds one of the texts",
    "has_all(x, [...])": "a list has all of the items; a text holds all of the texts",
    "x.startswith(text)": "a text begins with another one",
    "x.endswith(text)": "a text ends with another one",
    "known(x)": "whether `x` can be computed; never unknown itself",
    "at_least(n, a, b, ...)": "at least `n` of the conditions are true",
    "minutes(n)": "a length of time",
    "hours(n)": "a length of time",
    "days(n)": "a length of time",
}
"""Each function, and what it says."""


def _count(
    checks: _Checks, arguments: tuple[Part, ...], span: Span, least: int, most: int | None
) -> None:
    if len(arguments) < least or (most is not None and len(arguments) > most):
        exact = str(least) if most == least else f"{least} or more"
        raise checks.wrong(f"it takes {exact} argument{'s' * (exact != '1')}", span)


def _len(checks: _Checks, arguments: tuple[Part, ...], span: Span) -> Part:
    _count(checks, arguments, span, 1, 1)
    checks.want(arguments[0], "text", "texts")
    return Length(arguments[0], span=span)


def _extreme(greatest: bool) -> Callable[[_Checks, tuple[Part, ...], Span], Part]:
    def make(checks: _Checks, arguments: tuple[Part, ...], span: Span) -> Part:
        _count(checks, arguments, span, 2, None)
        for argument in arguments:
            checks.want(argument, "number")
        return Extreme(greatest, arguments, span=span)

    return make


def _overlap(every: bool) -> Callable[[_Checks, tuple[Part, ...], Span], Part]:
    def make(checks: _Checks, arguments: tuple[Part, ...], span: Span) -> Part:
        _count(checks, arguments, span, 2, 2)
        of, listing = arguments
        checks.want(of, "text", "texts")
        if not isinstance(listing, Listing) or listing.kind != "texts":
            hint = 'as in has_any(event.tags, ["sail", "mast"])'
            raise checks.wrong("a list of texts that are written out belongs here", span, hint)
        if of.type == "text" and "" in listing.values:
            raise checks.wrong("every text holds the empty one", listing.span)
        return Overlap(every, of, listing, span=span)

    return make


def _known(checks: _Checks, arguments: tuple[Part, ...], span: Span) -> Part:
    _count(checks, arguments, span, 1, 1)
    return Known(arguments[0], span=span)


def _at_least(checks: _Checks, arguments: tuple[Part, ...], span: Span) -> Part:
    _count(checks, arguments, span, 2, None)
    least, *conditions = arguments
    for condition in conditions:
        checks.want(condition, "bool")
    value = least.value if isinstance(least, Constant) else None
    if not isinstance(value, float) or value not in range(1, len(conditions) + 1):
        hint = f"a number from 1 to {len(conditions)}"
        raise checks.wrong("how many must be true is written out", least.span, hint)
    return AtLeast(int(value), tuple(conditions), span=span)


def _length_of_time(unit: str) -> Callable[[_Checks, tuple[Part, ...], Span], Part]:
    def make(checks: _Checks, arguments: tuple[Part, ...], span: Span) -> Part:
        _count(checks, arguments, span, 1, 1)
        value = arguments[0].value if isinstance(arguments[0], Constant) else None
        if isinstance(value, bool) or not isinstance(value, float) or not 0 <= value <= 36_525:
            hint = "from 0 to 36,525"
            raise checks.wrong("a length of time is written out as a number", span, hint)
        return Constant(round(value * MICROS[unit]), "duration", span=span)

    return make


def _affix(end: bool) -> Callable[[_Checks, Part, tuple[Part, ...], Span], Part]:
    def make(checks: _Checks, of: Part, arguments: tuple[Part, ...], span: Span) -> Part:
        _count(checks, arguments, span, 1, 1)
        checks.want(of, "text")
        return Affix(end, of, checks.piece(arguments[0]), span=span)

    return make


FUNCTIONS: Final[dict[str, Callable[[_Checks, tuple[Part, ...], Span], Part]]] = {
    "len": _len,
    "min": _extreme(greatest=False),
    "max": _extreme(greatest=True),
    "has_any": _overlap(every=False),
    "has_all": _overlap(every=True),
    "known": _known,
    "at_least": _at_least,
    "minutes": _length_of_time("minutes"),
    "hours": _length_of_time("hours"),
    "days": _length_of_time("days"),
}

METHODS: Final[dict[str, Callable[[_Checks, Part, tuple[Part, ...], Span], Part]]] = {
    "startswith": _affix(end=False),
    "endswith": _affix(end=True),
}
