"""The layout: cells apart, accounts within them, nothing on top of anything."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.console._cells import backbone, find_cells, letters, usable
from leeward.console._picture import draw
from leeward.network import Picture, Tie
from tests.console._found import planted, ranking

if TYPE_CHECKING:
    from leeward.console._picture import Drawing, Node

FIVE = [20] * 5


def picture(cells: list[int], seed: int, **dense: float) -> tuple[list[int], Picture]:
    generator = np.random.default_rng(seed)
    of, ties = planted(cells, generator, **dense)
    return of, Picture(ranking(len(of), generator, seeds=4), ties)


def silhouette(points: np.ndarray[tuple[int, int], np.dtype[np.float64]], of: list[int]) -> float:
    """Rousseeuw (1987): the mean of (nearest other cell - own cell) / the larger of both."""
    labels = np.array(of)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    values = []
    for i, label in enumerate(of):
        own = labels == label
        inside = distance[i, own].sum() / (own.sum() - 1)
        outside = min(distance[i, labels == other].mean() for other in set(of) - {label})
        values.append((outside - inside) / max(outside, inside))
    return float(np.mean(values))


def area(node: Node) -> tuple[float, float, float, float]:
    """What a node covers: its mark, and its name at the width of a wide font."""
    half = max(node.radius, 0.3 * 12 * len(node.label) if node.named else 0)
    below = node.radius + 15 if node.named else node.radius
    return node.x - half, node.y - node.radius, node.x + half, node.y + below


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def points_of(drawing: Drawing) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    at = {node.place: (node.x, node.y) for node in drawing.nodes}
    return np.array([at[place] for place in range(len(at))])


@pytest.mark.parametrize("seed", range(5))
def test_planted_cells_stand_apart(seed: int) -> None:
    of, drawn = picture(FIVE, seed)
    drawing = draw(drawn)
    points = points_of(drawing)
    same = np.equal.outer(of, of) & ~np.eye(len(of), dtype=bool)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    assert distance[same].mean() < 0.5 * distance[~same].mean()
    assert silhouette(points, of) > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_planted_cells_are_found(seed: int) -> None:
    of, drawn = picture(FIVE, seed)
    cells = find_cells(len(of), drawn.ties)
    planted_cells = {frozenset(np.flatnonzero(np.array(of) == cell).tolist()) for cell in set(of)}
    assert planted_cells == {frozenset(members) for members in cells.members}
    assert cells.loose == ()


def test_a_crowd_that_holds_nearly_all_ties_is_one_cell() -> None:
    of, drawn = picture([40] + [3] * 15, 8, within=1.0, between=0.0)
    assert [40] + [3] * 15 == [len(members) for members in find_cells(len(of), drawn.ties).members]


def test_a_drawing_is_the_same_each_time() -> None:
    _, drawn = picture([30, 20, 10], 3)
    assert draw(drawn) == draw(drawn)


@given(
    cells=st.lists(st.integers(1, 14), max_size=6),
    seed=st.integers(0, 999),
    within=st.floats(0, 1),
    between=st.floats(0, 0.2),
)
@settings(max_examples=25)
def test_nothing_lies_on_top_of_anything(
    cells: list[int], seed: int, within: float, between: float
) -> None:
    _, drawn = picture(cells, seed, within=within, between=between)
    drawing = draw(drawn)
    assert sorted(node.place for node in drawing.nodes) == list(range(sum(cells)))
    left, top, wide, high = drawing.box
    home = {disc.name: disc for disc in drawing.discs}
    for node in drawing.nodes:
        disc = home[node.cell]
        assert math.dist((node.x, node.y), (disc.x, disc.y)) + node.radius <= disc.radius
    for disc in drawing.discs:
        assert left <= disc.x - disc.radius <= disc.x + disc.radius <= left + wide
        assert top <= disc.y - disc.radius - 12 <= disc.y + disc.radius <= top + high
    for one, other in combinations(drawing.discs, 2):
        assert math.dist((one.x, one.y), (other.x, other.y)) > one.radius + other.radius
    for a, b in combinations(drawing.nodes, 2):
        assert not overlap(area(a), area(b))


def test_signs_stand_clear_of_other_cells() -> None:
    _, drawn = picture([3] * 30 + [40], 8, within=1.0, between=0.0)
    drawing = draw(drawn)
    assert len(drawing.discs) == 21
    assert drawing.discs[-1].caption == "In a small group or none: 33 accounts"
    signs = [
        (d.x - d.sign / 2, d.y - d.radius - 12, d.x + d.sign / 2, d.y - d.radius + 12)
        for d in drawing.discs
    ]
    for (disc, sign), (other, second) in combinations(zip(drawing.discs, signs, strict=True), 2):
        assert not overlap(sign, second)
        for one, box in ((disc, second), (other, sign)):
            near = (min(max(one.x, box[0]), box[2]), min(max(one.y, box[1]), box[3]))
            assert math.dist(near, (one.x, one.y)) >= one.radius


def test_few_ties_are_drawn_and_every_cell_holds_together() -> None:
    of, drawn = picture([60] * 5, 2)
    cells = find_cells(len(of), drawn.ties)
    kept = backbone(drawn.ties, cells)
    assert len(kept) < 3 * len(of) < len(drawn.ties)
    reached: dict[int, set[int]] = {place: {place} for place in range(len(of))}
    for tie in kept:
        if of[tie.a] == of[tie.b] and reached[tie.a] is not reached[tie.b]:
            reached[tie.a] |= reached[tie.b]
            for place in reached[tie.b]:
                reached[place] = reached[tie.a]
    assert {frozenset(members) for members in cells.members} == {
        frozenset(members) for members in reached.values()
    }


def test_ties_that_say_nothing_are_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    wrong = [Tie(0, 1, nan, ""), Tie(0, 1, inf, ""), Tie(0, 1, 0.0, ""), Tie(1, 1, 1.0, "")]
    assert [Tie(0, 1, 1.0, "")] == usable([*wrong, Tie(0, 9, 1.0, ""), Tie(0, 1, 1.0, "")], 3)


def test_accounts_without_ties_are_drawn_as_such() -> None:
    _, drawn = picture([5], 1, within=0.0)
    [disc] = draw(drawn).discs
    assert (disc.loose, disc.caption) == (True, "In no group: 5 accounts")


def test_who_has_a_shield_is_drawn_as_shielded() -> None:
    _, drawn = picture(FIVE, 1)
    shields = {place for place, one in enumerate(drawn.accounts) if one.shield is not None}
    assert shields
    assert shields == {node.place for node in draw(drawn).nodes if node.tier == "shielded"}


def test_cells_are_named_as_columns_of_a_sheet() -> None:
    assert ["A", "Z", "AA", "AZ", "BA"] == [letters(number) for number in (0, 25, 26, 51, 52)]
