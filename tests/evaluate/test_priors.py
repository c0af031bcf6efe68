"""Findings made from the truth at stated rates, and what a search does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.evaluate import (
    Measured,
    Rates,
    Setting,
    made_findings,
    measure_priors,
    odds_of,
    open_world,
    planted,
    priors_table,
)
from leeward.network import Act, Node
from leeward.pipeline._finding_weights import CAPS, MOST_OF_A_MATCH
from tests.evaluate._stand_in import stand_in
from tests.evaluate._worlds import simulated

if TYPE_CHECKING:
    from leeward.evaluate import World

NEVER = Rates(pictures=0, pictures_false=0, threads=0, threads_false=0, tags=0, tags_false=0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return open_world(simulated(tmp_path_factory.mktemp("platform")), oracle=False)


def subjects(world: World, rates: Rates, kind: Node) -> set[int]:
    found = {int(row["subject"]) for row in made_findings(world, rates, 0)}
    return {node for node in found if world.graph.kind[node] == kind}


def test_without_rates_nothing_is_found(world: World) -> None:
    assert made_findings(world, NEVER, 0) == []


def test_a_perfect_signal_finds_what_is_tainted_and_nothing_else(world: World) -> None:
    perfect = Rates(pictures=1, pictures_false=0, threads=1, threads_false=0, tags=1, tags_false=0)
    graph = world.graph
    standing = graph.same_as == np.arange(len(graph.kind))
    answered = set(graph.out.node[graph.out.act == Act.REPLIED].tolist())
    for kind in (Node.MEDIA, Node.POST, Node.TAG):
        expected = set(np.flatnonzero(world.tainted & standing & (graph.kind == kind)).tolist())
        expected = expected & answered if kind == Node.POST else expected
        assert subjects(world, perfect, kind) == expected


def test_rates_are_kept_on_average(world: World) -> None:
    rates = Rates(pictures=0, pictures_false=0.2, threads=0, threads_false=0, tags=0, tags_false=0)
    graph = world.graph
    standing = (graph.same_as == np.arange(len(graph.kind))) & (graph.kind == Node.MEDIA)
    among = int((standing & ~world.tainted).sum())
    found = len(subjects(world, rates, Node.MEDIA))
    assert abs(found - 0.2 * among) < 5 * (0.16 * among) ** 0.5


def test_findings_are_the_same_for_a_draw_and_others_for_another(world: World) -> None:
    rates = Rates()
    assert made_findings(world, rates, 1) == made_findings(world, rates, 1)
    assert made_findings(world, rates, 1) != made_findings(world, rates, 2)


def test_they_weigh_what_a_discovery_makes_of_them(world: World) -> None:
    rows = made_findings(world, Rates(pictures=1, pictures_false=0), 0)
    odds, used = odds_of(rows, 10)
    assert used == len(rows)
    kinds = {Node(world.graph.kind[node]) for node in odds}
    assert Node.MEDIA in kinds
    assert {round(one, 6) for one in odds.values()} <= {*CAPS.values(), MOST_OF_A_MATCH, 1.0}
    assert odds_of(rows, 1) == ({}, 0)  # beside one seed they would be witnesses


def test_nobody_of_the_ring_is_planted_on(world: World) -> None:
    bait = planted(world, 0)
    assert bait.community.any()
    assert not (bait.community & world.ring).any()
    assert set(world.roles[bait.people].tolist()) == {"family", "critic", "ordinary"}
    named = {int(row["subject"]) for row in bait.findings}
    assert {*world.accounts[bait.people].tolist()} <= named


def test_the_table_has_a_line_for_each_way(world: World) -> None:
    setting = Setting("shared-posts", accounts=2_000, world=1)
    told: list[str] = []
    rows = list(
        measure_priors(world, setting, stand_in, Rates(), draws=2, plants=1, progress=told.append)
    )
    assert all(isinstance(row, Measured) for row in rows)
    assert len(told) == 5
    lines = priors_table(rows).splitlines()
    assert [line.split(" | ")[3:5] for line in lines[2:]] == [
        ["2", "search"],
        ["2", "with findings"],
        ["1", "with planted findings, too"],
    ]
    figures = {row.figure for row in rows if row.method == "with planted findings, too"}
    assert {"planted on, above the line", "planted people, best place"} <= figures


def test_a_rate_beyond_one_is_refused() -> None:
    with pytest.raises(UsageError, match="a rate lies from 0 to 1"):
        Rates(threads=1.5)
