"""The hidden network in real posts: who is in it, and what leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.errors import InputError
from leeward.evaluate import hidden_network, measure_german, open_german
from leeward.evaluate._rows import GERMAN_TIMED
from leeward.network import Act, Node
from tests.evaluate._stand_in import stand_in

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.evaluate import Measured, World


@pytest.fixture(scope="module")
def posts(shared_data: Path) -> Path:
    return shared_data / "german_elections" / "posts.csv.gz"


@pytest.fixture(scope="module")
def world(posts: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return open_german(posts, tmp_path_factory.mktemp("german"))


@pytest.fixture(scope="module")
def rows(world: World) -> list[Measured]:
    return list(measure_german(world, stand_in, 2))


def test_the_network_is_that_of_the_accounts_that_share_links_together(posts: Path) -> None:
    found = hidden_network(posts)
    assert len(found) == 45
    assert all(name.startswith("fb_") for name in found)


def test_links_lead_nowhere_but_hashtags_domains_and_pictures_do(world: World) -> None:
    assert world.ring.sum() == 45
    assert len(world.accounts) == 31_642
    links = (world.graph.kind == Node.LINK).sum()
    assert links == 3_620  # domains; there are ten times as many links
    assert {*world.graph.out.act.tolist()} == {Act.AUTHORED, Act.CARRIES}


def test_times_of_which_the_network_is_made_are_not_known_unless_asked_for(
    world: World, posts: Path, tmp_path: Path
) -> None:
    assert not world.graph.out.at.any()
    assert not world.graph.into.at.any()
    timed = open_german(posts, tmp_path, times=True)
    assert timed.graph.out.at.all()
    (first, *_) = measure_german(timed, stand_in, 1)
    assert first.setting.structure == GERMAN_TIMED


def test_a_network_is_found_and_a_placebo_is_not(rows: list[Measured]) -> None:
    def mean(method: str, *, placebo: bool) -> float:
        found = [
            row.value or 0.0
            for row in rows
            if (row.method, row.figure) == (method, "average precision")
            and row.setting.placebo == placebo
        ]
        assert len(found) == 2
        return sum(found) / 2

    assert mean("pagerank", placebo=False) > 0.5
    assert mean("pagerank", placebo=True) < 0.05
    rates = {row.value for row in rows if row.figure == "base rate"}
    assert rates == {35 / 31_632, 45 / 31_632}


def test_a_log_that_is_there_is_read_again(posts: Path, world: World, tmp_path: Path) -> None:
    first = open_german(posts, tmp_path)
    again = open_german(posts, tmp_path)
    assert (first.accounts == again.accounts).all()
    assert (first.ring == again.ring).all()
    assert first.ring[first.by_name].tolist() == world.ring[world.by_name].tolist()


@pytest.mark.parametrize("what", ["absent", "other"])
def test_what_are_no_posts_is_refused(tmp_path: Path, what: str) -> None:
    file = tmp_path / "posts.csv"
    if what == "other":
        file.write_text("name\ncanary\n")
    with pytest.raises(InputError) as refused:
        hidden_network(file)
    assert refused.value.hint
    assert "canary" not in str(refused.value)
