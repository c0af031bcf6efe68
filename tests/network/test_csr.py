"""Compressed rows: beside a dictionary of edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Csr, Edges
from leeward.network._csr import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Edge = tuple[int, int, int, int]
"""From, to, act, time."""


def edges_of(edges: Sequence[Edge]) -> Edges:
    columns = list(zip(*edges, strict=True)) or [()] * 4
    kinds = (np.int32, np.int32, np.uint8, np.uint32)
    return Edges(*(np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)))


def rows_of(csr: Csr) -> list[Edge]:
    """All edges as they stand."""
    return [
        (n, int(csr.node[i]), int(csr.act[i]), int(csr.at[i]))
        for n in range(len(csr.start) - 1)
        for i in range(csr.start[n], csr.start[n + 1])
    ]


def alone(nodes: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Every node stands for itself."""
    return np.arange(nodes, dtype=np.int32)


def expected(edges: Sequence[Edge]) -> list[Edge]:
    earliest: dict[tuple[int, int, int], int] = {}
    for *edge, at in edges:
        key = (edge[0], edge[1], edge[2])
        earliest[key] = min(at, earliest.get(key, at))
    return [(*key, at) for key, at in sorted(earliest.items())]


def _edges(nodes: int) -> st.SearchStrategy[list[Edge]]:
    node = st.integers(0, nodes - 1)
    edge = st.tuples(node, node, st.integers(0, 3), st.integers(0, 2**32 - 1))
    return st.lists(edge, max_size=90)


@given(_edges(4), st.lists(_edges(7), max_size=3))
def test_rows_are_sorted_and_of_repeats_the_earliest_is_kept(
    early: list[Edge], parts: list[list[Edge]]
) -> None:
    """Few nodes, so that rows come out short and long."""
    old = merged(Csr.empty(), [edges_of(early)], alone(4))
    new = merged(old, [edges_of(part) for part in parts], alone(7))

    assert expected(early) == rows_of(old)
    assert expected([*early, *(edge for part in parts for edge in part)]) == rows_of(new)
    assert len(new.node) == len(new.act) == len(new.at) == new.start[-1]


@given(_edges(6), _edges(8), st.lists(st.integers(0, 7), min_size=6, max_size=6))
def test_edges_of_the_old_graph_move_to_the_nodes_that_stand_for_theirs(
    early: list[Edge], late: list[Edge], stands: list[int]
) -> None:
    same_as = alone(8)
    same_as[:6] = stands
    old = merged(Csr.empty(), [edges_of(early)], alone(6))

    new = merged(old, [edges_of(late)], same_as)

    moved = [(stands[a], stands[b], act, at) for a, b, act, at in early]
    assert expected(moved + late) == rows_of(new)


@pytest.mark.parametrize("length", [31, 32, 33, 5_000])
def test_short_and_long_rows(length: int, rounds: Callable[[int, int], int]) -> None:
    rng = np.random.default_rng(length)
    for _ in range(rounds(50, 5)):
        drawn = rng.integers(0, [1, length // 2, 4, 100], (length, 4)).tolist()
        edges = [(a, b, c, d) for a, b, c, d in drawn]
        actual = merged(Csr.empty(), [edges_of(edges)], alone(length))
        assert expected(edges) == rows_of(actual)


def test_the_old_graph_is_left_as_it_was() -> None:
    old = merged(Csr.empty(), [edges_of([(0, 1, 0, 5), (1, 0, 0, 5)])], alone(2))

    merged(old, [edges_of([(0, 1, 0, 2), (0, 0, 1, 1)])], alone(3))

    assert rows_of(old) == [(0, 1, 0, 5), (1, 0, 0, 5)]


def test_rows_and_their_lengths() -> None:
    csr = merged(Csr.empty(), [edges_of([(2, 0, 0, 1), (0, 1, 0, 1), (2, 1, 0, 1)])], alone(4))

    assert csr.degrees().tolist() == [1, 0, 2, 0]
    assert csr.node[csr.row(2)].tolist() == [0, 1]


def test_edges_are_joined_chosen_and_turned() -> None:
    one, other = edges_of([(0, 1, 2, 3)]), edges_of([(4, 5, 6, 7), (8, 9, 1, 2)])

    joined = Edges.joined([one, other])

    assert [a.tolist() for a in joined] == [[0, 4, 8], [1, 5, 9], [2, 6, 1], [3, 7, 2]]
    assert [a.tolist() for a in joined.chosen(slice(1))] == [a.tolist() for a in one]
    assert [a.tolist() for a in one.turned()] == [[1], [0], [2], [3]]
