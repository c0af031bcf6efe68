"""Which number of suspects stays from one search to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from leeward.network import search
from leeward.network._searching.hiding import _steady, _Tried
from tests.network._events import graph_of
from tests.network.test_refresh import mixed, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

NOISE = np.exp(np.array([-1.0, 1.0, -0.5, 0.5, -1.0, 1.0, -0.5, 0.5, 0.0, 0.0]))
"""Standing differs by chance: ten hidden ones, whose logarithms have a standard error of .24."""


def tried(standings: Sequence[float], purity: float = 0.9) -> list[_Tried]:
    """Sizes from 100 on that double; each hidden one stands so much lower than at the first."""
    return [
        _Tried(
            100 << i, 0.001 * np.exp(at) * (NOISE if at else np.ones(10)), np.zeros(10), purity, ()
        )
        for i, at in enumerate(standings)
    ]


@pytest.mark.parametrize(
    ("standings", "usual", "expected"),
    [
        ([0.0, 0.1], None, 200),  # within one standard error: the larger one
        ([0.0, 0.4], None, 100),
        ([0.0, 0.4], 200, 200),  # within two: stays if it was right before
        ([0.0, 0.6], 200, 100),  # clearly worse
        ([0.0, 0.1], 100, 100),
        ([0.0, 0.4], 230, 200),  # a few accounts more, and all sizes are others
        ([0.0, 0.4], 800, 100),  # none is near
    ],
)
def test_the_usual_size_stays_unless_hidden_ones_speak_against_it(
    standings: list[float], usual: int | None, expected: int
) -> None:
    assert _steady(tried(standings), usual).size == expected


def test_a_larger_size_with_few_likely_members_does_not_stay() -> None:
    assert _steady(tried([0.0, 0.4], purity=0.4), 200).size == 100


def test_a_search_after_an_equal_one_is_the_same() -> None:
    graph = graph_of(mixed())
    found = search(graph, seeds_of(graph))
    again = search(graph, seeds_of(graph), previous=found)
    assert again.log_odds.tolist() == found.log_odds.tolist()
    assert again.kept.size == found.kept.size
