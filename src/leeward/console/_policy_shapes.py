"""Charts of the pages about policies, as shapes with coordinates; templates make SVG of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.console._text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Balance", "Daily", "Fact", "balance", "daily", "day_name"]

WIDTH: Final = 600.0
HEIGHT: Final = 90.0
_ROOM: Final = 6.0
_GAP: Final = 0.18
_WORDS: Final = {"now": "in force", "new": "in shadow mode"}


class Fact(NamedTuple):
    """A figure and what it is."""

    figure: str
    words: str
    kind: str = ""


class Part(NamedTuple):
    """A part of a bar, in hundredths of it."""

    kind: str
    x: float
    width: float
    words: str


class Balance(NamedTuple):
    """A bar that parts a whole."""

    parts: tuple[Part, ...]
    words: str


class Bar(NamedTuple):
    """A bar of a day, and what it says."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    words: str


class Daily(NamedTuple):
    """Bars a day, from the first to the last; days on which nothing was are gaps."""

    bars: tuple[Bar, ...]
    first: str
    last: str
    quota: float | None
    words: str
    width: float = WIDTH
    height: float = HEIGHT


def day_name(day: int) -> str:
    """A day since 1970 as ``2026-05-04``."""
    from datetime import UTC, datetime, timedelta

    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day):%Y-%m-%d}"


def balance(parts: Sequence[tuple[str, int, str]]) -> Balance | None:
    """A bar that parts a whole; None where there is nothing to part.

    Args:
        parts: The kind, how many, and what they are.
    """
    whole = sum(many for _, many, _ in parts)
    if not whole:
        return None
    found, x = [], 0.0
    for kind, many, words in parts:
        width = 100 * many / whole
        if many:
            found.append(Part(kind, x, width, f"{count(many)} {words}"))
        x += width
    told = ", ".join(f"{count(many)} {words}" for _, many, words in parts)
    return Balance(tuple(found), told)


def daily(
    days: Sequence[tuple[int, Sequence[tuple[str, int]]]],
    *,
    stacked: bool,
    words: str,
    quota: int | None = None,
) -> Daily | None:
    """Bars a day; None where there are no days.

    Args:
        days: The day since 1970, and how many of which kind, in an order that is the same for all.
        stacked: One bar a day with its kinds upon each other, or a bar each side by side.
        words: What the chart shows.
        quota: A line to draw, where any day comes near it.
    """
    if not days:
        return None
    first, last = days[0][0], days[-1][0]
    # A single day is a bar in the middle rather than a wall.
    span = max(last - first + 1, 14)
    shift = (span - (last - first + 1)) / 2
    sums = [sum(many for _, many in kinds) for _, kinds in days]
    most = max(max(sums) if stacked else max(many for _, kinds in days for _, many in kinds), 1)
    line = quota if quota is not None and quota <= 2 * most else None
    most = max(most, line or 0)
    step = WIDTH / span
    bars: list[Bar] = []
    for day, kinds in days:
        x = (day - first + shift) * step + step * _GAP / 2
        width = step * (1 - _GAP) / (1 if stacked else len(kinds))
        floor = HEIGHT
        for number, (kind, many) in enumerate(kinds):
            height = (HEIGHT - _ROOM) * many / most
            told = f"{day_name(day)}: {count(many)} {_WORDS.get(kind, kind)}"
            place = x if stacked else x + number * width
            if many:
                bars.append(Bar(kind, place, floor - height, width, height, told))
            floor -= height if stacked else 0.0
    at = None if line is None else HEIGHT - (HEIGHT - _ROOM) * line / most
    return Daily(tuple(bars), day_name(first), day_name(last), at, words)
