"""Compressed rows: beside a dictionary of edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Csr, Edges
from leeward.network._graph.merge import both_ways

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leeward.network._graph.csr import Int32

Edge = tuple[int, int, int, int]
"""From, to, act, time."""

Ways = tuple[Csr, Csr]


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


def extended(old: Ways | None, parts: list[list[Edge]], stands: Int32) -> Ways:
    """Rows by both ends, of old ones and more edges: they hold the same edges."""
    new = both_ways(*(old or (Csr.empty(), Csr.empty())), [edges_of(p) for p in parts], stands)
    assert sorted((a, b, act, at) for b, a, act, at in rows_of(new[1])) == sorted(rows_of(new[0]))
    for rows in new:
        ordered = [edge[:3] for edge in rows_of(rows)]
        assert ordered == sorted(set(ordered))
        assert len(rows.node) == len(rows.act) == len(rows.at) == rows.start[-1]
    return new


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
    old = extended(None, [early], alone(4))
    new = extended(old, parts, alone(7))

    assert expected(early) == rows_of(old[0])
    assert expected([*early, *(edge for part in parts for edge in part)]) == rows_of(new[0])


@given(_edges(60), st.lists(_edges(90), max_size=3))
def test_many_rows_of_which_most_stay(early: list[Edge], parts: list[list[Edge]]) -> None:
    old = extended(None, [early], alone(60))
    new = old
    for part in parts:
        new = extended(new, [part[::7]], alone(90))

    later = [edge for part in parts for edge in part[::7]]
    assert expected([*early, *later]) == rows_of(new[0])


@given(_edges(6), _edges(8), st.lists(st.integers(0, 7), min_size=6, max_size=6))
def test_edges_of_the_old_graph_move_to_the_nodes_that_stand_for_theirs(
    early: list[Edge], late: list[Edge], stands: list[int]
) -> None:
    same_as = alone(8)
    same_as[:6] = stands
    old = extended(None, [early], alone(6))

    new = extended(old, [late], same_as)

    moved = [(stands[a], stands[b], act, at) for a, b, act, at in early]
    assert expected(moved + late) == rows_of(new[0])


@pytest.mark.parametrize("more", [1, 40, 3_000])
def test_a_few_edges_come_to_the_row_of_a_hub(more: int) -> None:
    rng = np.random.default_rng(more)
    early, late = (
        [(0, *edge) for edge in rng.integers(0, [4_000, 3, 100], (count, 3)).tolist()]
        for count in (5_000, more)
    )
    old = extended(None, [early], alone(4_000))

    assert expected([*early, *late]) == rows_of(extended(old, [late], alone(4_000))[0])


@pytest.mark.parametrize("length", [31, 32, 33, 5_000])
def test_short_and_long_rows(length: int, rounds: Callable[[int, int], int]) -> None:
    rng = np.random.default_rng(length)
    for _ in range(rounds(50, 5)):
        drawn = rng.integers(0, [1, length // 2, 4, 100], (length, 4)).tolist()
        edges = [(a, b, c, d) for a, b, c, d in drawn]
        assert expected(edges) == rows_of(extended(None, [edges], alone(length))[0])


def test_the_old_graph_is_left_as_it_was() -> None:
    old = extended(None, [[(0, 1, 0, 5), (1, 0, 0, 5)]], alone(2))

    extended(old, [[(0, 1, 0, 2), (0, 0, 1, 1)]], alone(3))

    assert rows_of(old[0]) == [(0, 1, 0, 5), (1, 0, 0, 5)]


def test_rows_and_their_lengths() -> None:
    csr, _ = extended(None, [[(2, 0, 0, 1), (0, 1, 0, 1), (2, 1, 0, 1)]], alone(4))

    assert csr.degrees().tolist() == [1, 0, 2, 0]
    assert csr.node[csr.row(2)].tolist() == [0, 1]
    chosen = csr.edges(np.array([2, 3, 0]))
    assert chosen.source.tolist() == [2, 2, 0]
    assert chosen.target.tolist() == [0, 1, 1]


def test_edges_are_joined_chosen_and_turned() -> None:
    one, other = edges_of([(0, 1, 2, 3)]), edges_of([(4, 5, 6, 7), (8, 9, 1, 2)])

    joined = Edges.joined([one, other])

    assert [a.tolist() for a in joined] == [[0, 4, 8], [1, 5, 9], [2, 6, 1], [3, 7, 2]]
    assert [a.tolist() for a in joined.chosen(slice(1))] == [a.tolist() for a in one]
    assert [a.tolist() for a in one.turned()] == [[1], [0], [2], [3]]
