"""Hiding some of the confirmed, to see where the evidence of the others puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network._searching.growth import Confirmed, sizes
from leeward.network._searching.hiding import dealt, hide_and_grow
from leeward.network._touches.touches import touches_of
from leeward.network._votes.lean import standing
from leeward.network._votes.ways import Ways
from tests.network._events import HASHER, graph_of
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    from leeward.network import Graph


@given(members=st.sets(st.integers(0, 1000), max_size=40), folds=st.integers(1, 8))
def test_folds_part_the_members(members: set[int], folds: int) -> None:
    parts = dealt(np.array(sorted(members), np.int32), folds)
    assert sorted(np.concatenate([*parts, np.empty(0, np.int32)]).tolist()) == sorted(members)
    assert len(parts) == min(folds, len(members))
    sizes_of = [len(part) for part in parts]
    assert not parts or max(sizes_of) - min(sizes_of) <= 1
    assert all(part.tolist() == sorted(part.tolist()) for part in parts)


@given(members=st.sets(st.integers(0, 1000), min_size=1, max_size=40))
def test_folds_are_the_same_again_and_others_by_another_seed(members: set[int]) -> None:
    places = np.array(sorted(members), np.int32)
    once, again = dealt(places, 5), dealt(places.copy(), 5)
    assert [part.tolist() for part in once] == [part.tolist() for part in again]


def test_another_seed_deals_otherwise() -> None:
    places = np.arange(40, dtype=np.int32)
    one, other = dealt(places, 5), dealt(places, 5, seed=1)
    assert [part.tolist() for part in one] != [part.tolist() for part in other]


def test_the_standing_of_chance_is_minus_one() -> None:
    """The mean logarithm of a uniform share."""
    shares = (np.arange(100_000) + 0.5) / 100_000
    assert standing(shares) == pytest.approx(-1, abs=1e-3)
    assert standing(np.full(7, 0.01)) == pytest.approx(-4.6, abs=0.01)
    assert standing(np.empty(0)) == 0


@pytest.fixture(scope="module")
def platform() -> Graph:
    return graph_of(harbour())


def test_hidden_members_of_a_ring_stand_far_above_chance(platform: Graph) -> None:
    touches = touches_of(platform)
    nodes = [platform.find("account", f"ring/{i}", HASHER) for i in range(10)]
    places = np.sort(touches.account_at[[node for node in nodes if node is not None]])
    confirmed = Confirmed(places, np.ones(10), places[:0], np.zeros(len(touches.things)), places)
    folds = dealt(places, 5)
    told: list[str] = []
    found = hide_and_grow(platform, touches, Ways(touches), confirmed, folds, told.append)
    tried = sizes(len(touches.accounts))
    assert [size for size, _ in found.path] == tried[: len(found.path)]
    assert len(told) == len(found.path)
    assert found.size == min(found.path, key=lambda one: one[1])[0]
    assert standing(found.shares) == pytest.approx(min(at for _, at in found.path))
    # Hardly anybody but the other members stands above a hidden one; most who are as active are
    # members, too, so the shares cannot be so small.
    assert found.ranks.max() <= MEMBERS
    assert standing(found.shares) < -1.5
    again = hide_and_grow(platform, touches, Ways(touches), confirmed, folds, told.append)
    assert again.shares.tolist() == found.shares.tolist()
    assert again.ranks.tolist() == found.ranks.tolist()
    assert again.path == found.path


def test_hidden_ones_who_share_nothing_stand_as_chance_puts_them(platform: Graph) -> None:
    touches = touches_of(platform)
    places = np.sort(
        np.random.default_rng(3).choice(len(touches.accounts), 20, replace=False)
    ).astype(np.int32)
    confirmed = Confirmed(places, np.ones(20), places[:0], np.zeros(len(touches.things)), places)
    found = hide_and_grow(
        platform, touches, Ways(touches), confirmed, dealt(places, 5), lambda _: None
    )
    assert -1 - 3 / np.sqrt(20) < standing(found.shares) < 0
