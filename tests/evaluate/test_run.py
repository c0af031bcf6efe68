"""All that is measured on one platform, with a stand-in for the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.errors import InputError
from leeward.evaluate import Measured, Setting, Wish, measure, open_world, ranking_measures
from leeward.evaluate._cost import measured
from leeward.evaluate._placing import seeds_of
from leeward.network import search
from tests.evaluate._stand_in import stand_in
from tests.evaluate._worlds import simulated

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.evaluate import World

AT = Setting("shared-posts", accounts=2_000, world=1)
WISH = Wish(seeds=(3, 10), wrong=3, draws=2, answers=(60,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    return open_world(folder)


@pytest.fixture(scope="module")
def rows(world: World) -> list[Measured]:
    return list(measure(world, AT, WISH, stand_in))


def values(rows: list[Measured], *which: str | int) -> list[float | None]:
    """Of the rows of a method and a figure, after so many answers."""
    method, figure, answers = (*which, 0)[:3]
    wanted = (method, figure, answers)
    return [row.value for row in rows if (row.method, row.figure, row.answers) == wanted]


def test_each_member_and_each_peer_is_measured(rows: list[Measured]) -> None:
    methods = {row.method for row in rows if row.figure == "average precision"}
    assert {"search", "pagerank", "trust ratio", "cosine", "naive Bayes"} < methods
    assert {"two hops", "FRAUDAR", "oracle"} < methods


def test_each_draw_is_measured_from_each_number_of_seeds(rows: list[Measured]) -> None:
    found = {row.setting for row in rows if row.method == "search" and not row.setting.placebo}
    kinds = {(at.seeds, at.wrong, at.draw) for at in found}
    wanted = {
        (seeds, wrong, draw) for seeds, wrong in ((3, 0), (10, 0), (10, 3)) for draw in (0, 1)
    }
    assert kinds == wanted
    placebos = {row.setting.draw for row in rows if row.setting.placebo}
    assert placebos == {0, 1}


def test_a_figure_is_what_the_measures_give(world: World, rows: list[Measured]) -> None:
    seeds = seeds_of(world, 10, 0, 0)
    nodes = dict.fromkeys(world.accounts[seeds].tolist(), 1.0)
    found = stand_in(world.graph, nodes)
    scores = found.log_odds[found.touches.account_at[world.accounts]]
    others = ~np.isin(np.arange(len(scores)), seeds)
    expected = ranking_measures(scores[others], world.ring[others], ()).average_precision
    (row,) = [
        row
        for row in rows
        if (row.method, row.figure, row.answers) == ("search", "average precision", 0)
        and (row.setting.seeds, row.setting.wrong, row.setting.draw) == (10, 0, 0)
    ]
    assert row.value == expected


def test_no_row_is_measured_twice(rows: list[Measured]) -> None:
    keys = [(row.setting, row.method, row.answers, row.figure) for row in rows]
    assert len(keys) == len({*keys})


def test_the_review_begins_from_ten_seeds(rows: list[Measured]) -> None:
    assert {row.setting.seeds for row in rows if row.answers} == {10}
    assert len(values(rows, "search", "average precision", 60)) == 2
    assert len(values(rows, "certification", "certified", 60)) == 2
    assert values(rows, "certification", "answers until half is certified", 60) == [None, None]
    assert Wish(seeds=(3, 50)).reviewed == 3


def test_sizes_are_judged_by_their_interval(rows: list[Measured]) -> None:
    low, high = (values(rows, "search", f"size, {end}") for end in ("low", "high"))
    true = values(rows, "search", "size, true")
    inside = values(rows, "search", "size within its interval")
    assert {*true} == {28}
    expected = [float((a or 0) <= 28 <= (b or 0)) for a, b in zip(low, high, strict=True)]
    assert inside == expected


def test_fraudar_and_the_review_can_be_left_out(world: World) -> None:
    rows = list(measure(world, AT, Wish(draws=1, answers=(), peers=False), stand_in))
    assert not values(rows, "FRAUDAR", "average precision")
    assert not any(row.answers for row in rows)


def test_the_search_itself_can_be_measured(world: World) -> None:
    rows = list(measure(world, AT, Wish(draws=1, answers=(40,), peers=False), search))
    methods = {row.method for row in rows if row.figure == "average precision"}
    assert {"search", "evidence", "votes", "pagerank"} < methods
    (ours,) = values(rows, "search", "average precision")
    assert ours is not None
    assert ours > world.ring.mean()
    assert len(values(rows, "search, calibrated by answers", "recall at the line", 40)) == 1


# --- the world ---------------------------------------------------------------------------------


def test_the_world_is_as_the_truth_says(world: World) -> None:
    assert len(world.accounts) == 2_000
    assert world.ring.sum() == 28
    assert world.tainted.sum() > 10
    assert world.building is not None
    assert world.building.seconds > 0
    assert 0 <= world.oracle.min() < world.oracle.max() <= 1


def test_what_is_kept_is_used_again(folder: Path, world: World) -> None:
    told: list[str] = []
    again = open_world(folder, progress=told.append)
    assert told == []
    assert again.building == world.building
    assert (again.oracle == world.oracle).all()


def test_an_oracle_of_another_platform_is_refused(tmp_path: Path) -> None:
    folder = simulated(tmp_path, 600)
    np.save(folder / "oracle.npy", np.zeros(7))
    with pytest.raises(InputError, match="another platform"):
        open_world(folder)
    (folder / "oracle.npy").write_bytes(b"canary")
    with pytest.raises(InputError, match="another platform"):
        open_world(folder)


def test_memory_is_that_of_the_work_and_not_of_what_was_before() -> None:
    before = np.ones(50_000_000)
    del before
    _, little = measured(lambda: np.ones(1_000).sum())
    _, much = measured(lambda: np.ones(20_000_000).sum())
    assert much.memory - little.memory > 100_000_000
    assert much.seconds > 0
