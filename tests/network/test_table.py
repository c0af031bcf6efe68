"""The table of names: beside a dictionary, with keys that crowd into one place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Graph, Node
from leeward.network._table import NodeTable
from tests.network._events import HASHER

# Of the first two sorts the low bits agree, and with them the place where a search begins.
KEYS = st.one_of(
    st.integers(1, 30).map(lambda n: n << 40),
    st.integers(1, 30).map(lambda n: (n << 40) + 2**40 - 1),  # the last place of every table
    st.integers(0, 5),
    st.integers(0, 2**64 - 1),
)


def table() -> NodeTable:
    empty = Graph.empty(HASHER)
    return NodeTable(empty.keys, empty.nodes, empty.kind, empty.first, empty.author)


@given(st.lists(st.lists(st.tuples(KEYS, st.integers(1, 99)), max_size=40), max_size=4))
def test_each_name_is_one_node_that_the_earliest_event_names(
    batches: list[list[tuple[int, int]]],
) -> None:
    known = table()
    nodes: dict[int, int] = {}
    first: dict[int, int] = {}
    for rows in batches:
        keys = np.array([key for key, _ in rows], np.uint64)
        before = set(nodes)
        taken, new = known.take(keys, Node.POST, np.array([seq for _, seq in rows], np.int64))
        for (key, seq), node in zip(rows, taken.tolist(), strict=True):
            assert node == (nodes.setdefault(key, len(nodes)) if key else -1)
            first[key] = min(seq, first.get(key, seq))
        assert [int(keys[i]) for i in new] == [key for key in nodes if key not in before]
    assert known.count == len(nodes)
    assert known.first.tolist() == [first[key] for key in nodes]
    asked = np.array([*nodes, 12_345], np.uint64)
    assert known.find(asked).tolist() == [*nodes.values(), nodes.get(12_345, -1)]


@pytest.mark.parametrize("count", [4_095, 4_096, 4_097, 100_000])
def test_it_grows(count: int) -> None:
    known = table()
    keys = np.random.default_rng(count).permutation(np.arange(1, count + 1).astype(np.uint64))
    seq = np.arange(1, count + 1)
    for part in np.array_split(np.arange(count), 3):
        known.take(keys[part], Node.TAG, seq[part])

    assert known.find(keys).tolist() == list(range(count))
    assert (known.first == seq).all()
    assert (known.kind == Node.TAG).all()


def test_the_earliest_event_decides_where_a_node_points() -> None:
    known = table()
    nodes = np.zeros(2, np.int32)
    known.take(np.array([1, 2, 3], np.uint64), Node.POST, np.array([1, 1, 1]))

    known.point(nodes, np.array([1, 2], np.int32), np.array([5, 4]))
    assert known.to.tolist() == [2, -1, -1]
    known.point(nodes, np.array([-1, 1], np.int32), np.array([1, 4]))
    assert known.to.tolist() == [2, -1, -1]


def test_what_was_decided_before_stays() -> None:
    begun = table()
    begun.take(np.array([1, 2], np.uint64), Node.POST, np.array([1, 2]))
    to = np.array([1, -1], np.int32)
    later = NodeTable(begun.keys, begun.nodes, begun.kind, begun.first, to)

    later.point(np.array([0, 1], np.int32), np.array([0, 0], np.int32), np.array([3, 3]))

    assert later.to.tolist() == [1, 0]
    assert to.tolist() == [1, -1]
