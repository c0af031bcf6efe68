"""Charts as shapes with coordinates; the template turns them into SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.console._picture import tier_of
from leeward.console._text import count, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.evaluate import Judged
    from leeward.network import Ranked
    from leeward.pipeline import Histogram

__all__ = ["HEIGHT", "WIDTH", "Bar", "CurveChart", "ScoreChart", "Tick", "curve", "scores"]

WIDTH: Final = 420.0
HEIGHT: Final = 260.0
LEFT: Final = 50.0
RIGHT: Final = 398.0
TOP: Final = 30.0
BOTTOM: Final = 212.0
_TICKS: Final = 8
"""Signs on an axis, about."""


class Bar(NamedTuple):
    """A bar of the histogram, and what it says."""

    x: float
    y: float
    width: float
    height: float
    words: str
    beyond: bool


class Tick(NamedTuple):
    """A place on an axis, and its sign."""

    at: float
    label: str


class ScoreChart(NamedTuple):
    """How many accounts have which score. The score is a logarithm already; so is the other axis.

    Attributes:
        line: Where the line lies that the search drew, if it drew one.
        seeds: Where the seeds lie.
    """

    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    line: float | None
    seeds: tuple[float, ...]


class CurveChart(NamedTuple):
    """Precision over recall; ``path`` is SVG path data, ``walk`` the two-hop walk's point."""

    path: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    walk: tuple[float, float] | None


def scores(
    histogram: Histogram, ranking: Sequence[Ranked], line: float = math.inf
) -> ScoreChart | None:
    """The distribution of scores; None where there is none to show.

    Args:
        histogram: Of all accounts that have a score.
        ranking: Holds the seeds.
        line: The log-odds from which nearly all are expected to belong; infinite without one.
    """
    edges, counts = histogram.edges, histogram.counts
    usable = len(edges) == len(counts) + 1 and all(map(math.isfinite, edges))
    if not usable or not any(counts) or edges[-1] <= edges[0]:
        return None
    low, high, most = edges[0], edges[-1], max(counts)
    threshold = line if low <= line <= high else None

    def across(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((value - low) / (high - low), 0.0), 1.0)

    def up(value: float) -> float:
        # Half an account is the floor, so that one account is still a bar.
        return BOTTOM - (BOTTOM - TOP) * math.log(2 * value) / math.log(2 * most)

    bars = tuple(
        Bar(
            x=across(left) + 0.5,
            y=up(many),
            width=max(across(right) - across(left) - 1, 0.5),
            height=BOTTOM - up(many),
            words=f"{count(many)} with a score from {signed(left)} to {signed(right)}",
            beyond=threshold is not None and (left + right) / 2 >= threshold,
        )
        for left, right, many in zip(edges, edges[1:], counts, strict=False)
        if many > 0
    )
    return ScoreChart(
        bars,
        tuple(Tick(across(value), _whole_sign(value)) for value in _whole(low, high)),
        tuple(Tick(up(10**power), count(10**power)) for power in range(_decades(most) + 1)),
        None if threshold is None else across(threshold),
        tuple(across(value) for value in _scores(a for a in ranking if tier_of(a) == "seed")),
    )


def curve(judged: Judged) -> CurveChart | None:
    """The precision-recall curve beside the point of the two-hop walk; None without a curve."""
    if not judged.curve:
        return None

    def at(recall: float, precision: float) -> tuple[float, float]:
        return LEFT + (RIGHT - LEFT) * recall, BOTTOM - (BOTTOM - TOP) * precision

    points = [at(0.0, judged.curve[0][1]), *(at(*point) for point in judged.curve)]
    steps = (0.0, 0.25, 0.5, 0.75, 1.0)
    walk = judged.two_hop
    known = walk.precision is not None and walk.recall is not None
    return CurveChart(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points),
        tuple(Tick(at(step, 0)[0], f"{step:.0%}") for step in steps),
        tuple(Tick(at(0, step)[1], f"{step:.0%}") for step in steps),
        at(walk.recall or 0.0, walk.precision or 0.0) if known else None,
    )


def _scores(accounts: Iterable[Ranked]) -> list[float]:
    return [account.score for account in accounts if math.isfinite(account.score)]


def _whole(low: float, high: float) -> list[int]:
    """Round numbers in a range, at most about eight, 0 among them if it is in it."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 10**6) if (high - low) / step <= _TICKS)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _whole_sign(value: int) -> str:
    return signed(value).removesuffix(".0")


def _decades(most: int) -> int:
    return max(0, math.floor(math.log10(most)))
