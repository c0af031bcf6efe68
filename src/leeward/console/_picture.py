"""The picture of a network as shapes with coordinates; the template turns them into SVG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.console._cells import MOST, Cells, backbone, find_cells, letters, usable
from leeward.console._pack import pack
from leeward.console._settle import enclose, settle
from leeward.console._text import fitting, shortened, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.console._settle import Floats
    from leeward.network import Picture, Ranked, Tie

__all__ = ["Disc", "Drawing", "Line", "Node", "draw", "tier_of"]

SPACING: Final = 31.0
_FONT: Final = 12.0
_LONGEST: Final = 12.0
_GAP: Final = 3.0
_PILL_FONT: Final = 13.0
_PILL_HEIGHT: Final = 24.0
_LABELLED: Final = 24
_LEAST_WIDTH: Final = 760.0
_MARGIN: Final = 12.0
_LARGEST: Final = 7.5
_SMALLEST: Final = 4.5
_FOREMOST: Final = ("above the line", "suspect")
"""Tiers whose first accounts are named in the picture."""


class Node(NamedTuple):
    """An account; ``cell`` is its cell's name, ``label`` is shown at all times if ``named``."""

    place: int
    account: Ranked
    tier: str
    x: float
    y: float
    radius: float
    label: str
    named: bool
    cell: str


class Line(NamedTuple):
    """A tie; ``path`` is SVG path data, ``thick`` the width of its stroke."""

    tie: Tie
    path: str
    thick: float
    crosses: bool


class Disc(NamedTuple):
    """What lies behind a cell, and the sign on its edge."""

    name: str
    caption: str
    x: float
    y: float
    radius: float
    sign: float
    loose: bool


class Drawing(NamedTuple):
    """The whole picture; ``box`` is left, top, width and height."""

    box: tuple[float, float, float, float]
    discs: tuple[Disc, ...]
    lines: tuple[Line, ...]
    nodes: tuple[Node, ...]
    ties: int


def tier_of(account: Ranked) -> str:
    """The tier as it is shown: who has a shield is shielded, whatever else is said."""
    return account.tier if account.shield is None else "shielded"


def draw(picture: Picture) -> Drawing:
    """Lay out a picture: cells apart, accounts within them, signs and names without overlap."""
    accounts = picture.accounts
    ties = usable(picture.ties, len(accounts))
    cells = find_cells(len(accounts), ties)
    groups = [*cells.members, *([cells.loose] if cells.loose else [])]
    radius = _radii(accounts)
    named = _named(accounts, groups)
    labels = [fitting(shortened(account.account), _LONGEST) for account in accounts]
    boxes = np.array(
        [_box(radius[i], labels[i] if i in named else "") for i in range(len(accounts))]
    ).reshape(-1, 4)
    points = np.zeros((len(accounts), 2))
    discs = _place(groups, cells, ties, boxes, points)
    home = {place: disc.name for disc, group in zip(discs, groups, strict=True) for place in group}
    of = cells.of
    kept = backbone(ties, cells)
    heaviest = max((tie.weight for tie in kept), default=1.0)
    middle = _middle(discs)
    return Drawing(
        box=_frame(discs),
        discs=discs,
        lines=tuple(
            _line(tie, points, heaviest, middle, crosses=of.get(tie.a) != of.get(tie.b))
            for tie in sorted(kept, key=lambda tie: (of.get(tie.a) == of.get(tie.b), tie.weight))
        ),
        nodes=tuple(
            Node(i, accounts[i], tier_of(accounts[i]), float(points[i, 0]), float(points[i, 1]),
                 radius[i], labels[i], i in named, home[i])
            for group in groups
            for i in sorted(group, key=lambda i: (accounts[i].rank, i))
        ),
        ties=len(ties),
    )  # fmt: skip


def _radii(accounts: Sequence[Ranked]) -> list[float]:
    """Seeds largest; the others by their place among themselves, since scores differ widely."""
    order = sorted(range(len(accounts)), key=lambda i: (accounts[i].rank, i))
    behind = {place: number / max(len(order), 1) for number, place in enumerate(order)}
    return [
        _LARGEST + 2
        if tier_of(account) == "seed"
        else _LARGEST - (_LARGEST - _SMALLEST) * math.sqrt(behind[place])
        for place, account in enumerate(accounts)
    ]


def _named(accounts: Sequence[Ranked], groups: Sequence[Sequence[int]]) -> set[int]:
    """Whose name stands in the picture: seeds, the first of the ranking, the first of a cell."""
    order = sorted(range(len(accounts)), key=lambda i: (accounts[i].rank, i))
    seeds = [i for i in order if tier_of(accounts[i]) == "seed"][:_LABELLED]
    others = [i for i in order if tier_of(accounts[i]) in _FOREMOST][:_LABELLED]
    firsts = [min(group, key=lambda i: (accounts[i].rank, i)) for group in groups]
    return {*seeds, *others, *firsts[:_LABELLED]}


def _box(radius: float, label: str) -> tuple[float, float, float, float]:
    side = max(SPACING * 0.4, radius + _GAP)
    if not label:
        return (side, side, side, side)
    half = max(side, width(label) * _FONT / 2 + 4)
    return (half, half, radius + _GAP, radius + _FONT + 7)


def _place(
    groups: Sequence[Sequence[int]],
    cells: Cells,
    ties: Sequence[Tie],
    boxes: Floats,
    points: Floats,
) -> tuple[Disc, ...]:
    """Lay out each group by itself, then the groups beside each other; fills ``points``."""
    captions = [_caption(number, group, cells) for number, group in enumerate(groups)]
    signs = [width(caption) * _PILL_FONT * 0.96 + 18 for _, caption in captions]
    radii = []
    for group, sign in zip(groups, signs, strict=True):
        local = {place: number for number, place in enumerate(group)}
        links = [
            (local[tie.a], local[tie.b], tie.weight)
            for tie in ties
            if tie.a in local and tie.b in local
        ]
        own = boxes[list(group)]
        at = settle(own, links, SPACING)
        middle, radius = enclose(at, own)
        radii.append(max(radius + _PILL_HEIGHT / 2, sign / 2 + 6))
        points[list(group)] = at - middle
    middles = pack(radii, [(sign, _PILL_HEIGHT) for sign in signs], _nearness(groups, ties))
    discs = []
    for number, group in enumerate(groups):
        points[list(group)] += middles[number]
        name, caption = captions[number]
        x, y = middles[number].tolist()
        loose = number >= len(cells.members)
        discs.append(Disc(name, caption, x, y, radii[number], signs[number], loose))
    return tuple(discs)


def _caption(number: int, group: Sequence[int], cells: Cells) -> tuple[str, str]:
    many = f"{len(group)} account{'s' if len(group) > 1 else ''}"
    if number >= len(cells.members):
        return "no group", f"In {'a small group or none' if number == MOST else 'no group'}: {many}"
    name = letters(number)
    return name, f"Group {name}: {many}"


def _nearness(groups: Sequence[Sequence[int]], ties: Sequence[Tie]) -> Floats:
    """The part of each group's outward ties that goes to each other group."""
    of = {place: number for number, group in enumerate(groups) for place in group}
    near = np.zeros((len(groups), len(groups)))
    for tie in ties:
        a, b = of[tie.a], of[tie.b]
        if a != b:
            near[a, b] += tie.weight
            near[b, a] += tie.weight
    total = near.sum(axis=1, keepdims=True)
    return near / np.where(total > 0, total, 1)


def _middle(discs: Sequence[Disc]) -> tuple[float, float]:
    left, top, wide, high = _frame(discs)
    return left + wide / 2, top + high / 2


def _frame(discs: Sequence[Disc]) -> tuple[float, float, float, float]:
    """The smallest box around all discs and signs; not less wide than a page's column."""
    reach = [max(disc.radius, disc.sign / 2) for disc in discs]
    left = min((d.x - r for d, r in zip(discs, reach, strict=True)), default=0.0) - _MARGIN
    right = max((d.x + r for d, r in zip(discs, reach, strict=True)), default=0.0) + _MARGIN
    top = min((d.y - d.radius - _PILL_HEIGHT / 2 for d in discs), default=0.0) - _MARGIN
    bottom = max((d.y + d.radius for d in discs), default=0.0) + _MARGIN
    spare = max(0.0, _LEAST_WIDTH - (right - left))
    return left - spare / 2, top, right - left + spare, bottom - top


def _line(
    tie: Tie, points: Floats, heaviest: float, middle: tuple[float, float], *, crosses: bool
) -> Line:
    """A straight line within a cell; between cells a bow, bent towards the middle."""
    (ax, ay), (bx, by) = points[tie.a].tolist(), points[tie.b].tolist()
    thick = 0.7 + 1.8 * math.sqrt(tie.weight / heaviest)
    if not crosses:
        return Line(tie, f"M{ax:.1f} {ay:.1f}L{bx:.1f} {by:.1f}", thick, crosses)
    x = (ax + bx) / 2 * 0.8 + middle[0] * 0.2
    y = (ay + by) / 2 * 0.8 + middle[1] * 0.2
    return Line(tie, f"M{ax:.1f} {ay:.1f}Q{x:.1f} {y:.1f} {bx:.1f} {by:.1f}", thick, crosses)
