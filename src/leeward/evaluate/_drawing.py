"""Charts of lines and intervals, as SVG that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Axis", "Curve", "Interval", "intervals", "lines"]

_WIDTH: Final = 720
_HEIGHT: Final = 400
_LEFT: Final = 64
_RIGHT: Final = 430
_TOP: Final = 48
_BOTTOM: Final = 340
_ROW: Final = 22
_COLOURS: Final = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#000000"),
)
"""Told apart by colour-blind people, too: Okabe and Ito, "Color universal design" (2008)."""
_DASHES: Final = ("none", "6 3", "2 3")
_STEPS: Final = (1, 2, 5)
"""Between two marks of an axis lies one of these times a power of ten."""
_TENTH: Final = 0.1


class Axis(NamedTuple):
    """An axis from 0.

    Attributes:
        words: What it says.
        most: Where it ends.
    """

    words: str
    most: float = 1.0

    def share(self, value: float) -> float:
        """How far along a value is, 0 to 1."""
        return min(max(value / self.most, 0.0), 1.0) if self.most > 0 else 0.0

    def ticks(self) -> list[tuple[float, str]]:
        """Marks at round numbers, some five of them: how far along, and their labels."""
        if self.most <= 0:
            return [(0.0, "0")]
        power = 10.0 ** np.floor(np.log10(self.most / 4))
        step = float(max(power * of for of in _STEPS if power * of <= self.most / 4))
        values = [step * i for i in range(int(self.most / step * 1.000001) + 1)]
        form = ",.0f" if step >= 1 else ".1f" if step >= _TENTH else ".2g"
        return [(value / self.most, format(value, form)) for value in values]


class Curve(NamedTuple):
    """Points that a line joins."""

    name: str
    points: Sequence[tuple[float, float]]


class Interval(NamedTuple):
    """An estimate with its ends, and the truth."""

    name: str
    low: float
    estimate: float
    high: float
    truth: float


def lines(
    title: str, across: Axis, up: Axis, curves: Sequence[Curve], *, diagonal: bool = False
) -> str:
    """Curves in one field, with a legend beside it.

    Args:
        title: What it shows.
        across: The axis at the bottom.
        up: The axis at the left.
        curves: At most 24 are told apart; the first lie above the others.
        diagonal: Draw the line on which both are equal.
    """
    parts = [*_frame(title, across, up)]
    if diagonal:
        parts.append(
            f'<path d="M{_LEFT} {_BOTTOM}L{_RIGHT} {_TOP}" stroke="#bbb" stroke-dasharray="3 3"/>'
        )
    styles = [_style(place) for place in range(len(curves))]
    for curve, (colour, style) in reversed([*zip(curves, styles, strict=True)]):
        path = "L".join(f"{_x(across, x):.1f} {_y(up, y):.1f}" for x, y in curve.points)
        if path:
            parts.append(f'<path d="M{path}" fill="none" stroke-width="2" {style}/>')
        if len(curve.points) <= 12:
            parts += [
                f'<circle cx="{_x(across, x):.1f}" cy="{_y(up, y):.1f}" r="3" fill="{colour}"/>'
                for x, y in curve.points
            ]
    for place, (curve, (_, style)) in enumerate(zip(curves, styles, strict=True)):
        y = _TOP + 8 + place * 18
        parts.append(f'<path d="M{_RIGHT + 16} {y}h20" stroke-width="2" {style}/>')
        parts.append(f'<text x="{_RIGHT + 42}" y="{y + 4}">{escape(curve.name)}</text>')
    return _whole(parts, max(_HEIGHT, _TOP + 30 + len(curves) * 18))


def _style(place: int) -> tuple[str, str]:
    """The colour of a curve, and how its line is drawn."""
    colour = _COLOURS[place % len(_COLOURS)]
    dash = _DASHES[place // len(_COLOURS) % len(_DASHES)]
    return colour, f'stroke="{colour}" stroke-dasharray="{dash}"'


def intervals(title: str, across: Axis, rows: Sequence[Interval]) -> str:
    """One row an estimate: a bar for its interval, a dot for the estimate, a stroke for truth."""
    bottom = _TOP + 20 + len(rows) * _ROW
    left, right = 230, _WIDTH - 30
    parts = [f'<text x="16" y="24" class="title">{escape(title)}</text>']

    def at(value: float) -> float:
        return left + across.share(value) * (right - left)

    for share, label in across.ticks():
        x = left + share * (right - left)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{label}</text>')
    middle = (left + right) / 2
    parts.append(
        f'<text x="{middle}" y="{bottom + 36}" text-anchor="middle">{escape(across.words)}</text>'
    )
    for place, row in enumerate(rows):
        y = _TOP + 14 + place * _ROW
        inside = row.low <= row.truth <= row.high
        colour = _COLOURS[0] if inside else _COLOURS[1]
        parts.append(
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(row.name)}</text>'
        )
        parts.append(
            f'<path d="M{at(row.low):.1f} {y}H{at(row.high):.1f}" stroke="{colour}" '
            'stroke-width="6" stroke-opacity=".5"/>'
        )
        parts.append(f'<circle cx="{at(row.estimate):.1f}" cy="{y}" r="4" fill="{colour}"/>')
        parts.append(f'<path d="M{at(row.truth):.1f} {y - 8}v16" stroke="#000" stroke-width="2"/>')
    return _whole(parts, bottom + 50)


def _frame(title: str, across: Axis, up: Axis) -> Iterator[str]:
    yield f'<text x="16" y="24" class="title">{escape(title)}</text>'
    for share, label in across.ticks():
        x = _LEFT + share * (_RIGHT - _LEFT)
        yield f'<path d="M{x:.1f} {_TOP}V{_BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{label}</text>'
    for share, label in up.ticks():
        y = _BOTTOM - share * (_BOTTOM - _TOP)
        yield f'<path d="M{_LEFT} {y:.1f}H{_RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    x, y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    yield f'<text x="{x}" y="{_BOTTOM + 38}" text-anchor="middle">{escape(across.words)}</text>'
    turned = f'transform="rotate(-90 18 {y})"'
    yield f'<text x="18" y="{y}" text-anchor="middle" {turned}>{escape(up.words)}</text>'


def _x(axis: Axis, value: float) -> float:
    return _LEFT + axis.share(value) * (_RIGHT - _LEFT)


def _y(axis: Axis, value: float) -> float:
    return _BOTTOM - axis.share(value) * (_BOTTOM - _TOP)


def _whole(parts: list[str], height: int) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
    head += f'width="{_WIDTH}" height="{height}" role="img">'
    style = "<style>text{font:12px sans-serif;fill:#222}.title{font-weight:bold}</style>"
    ground = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, style, ground, *parts, "</svg>", ""])
