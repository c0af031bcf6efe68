"""The table of names: beside a dictionary, with keys that crowd into one place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Graph, Node
from leeward.network._graph.table import NodeTable
from tests.network._events import HASHER, event, graph_of

# Of the first two sorts the low bits agree, and with them the place where a search begins.
KEYS = st.one_of(
    st.integers(1, 30).map(lambda n: n << 40),
    st.integers(1, 30).map(lambda n: (n << 40) + 2**40 - 1),  # the last place of every table
    st.integers(0, 5),
    st.integers(0, 2**64 - 1),
)


def table() -> NodeTable:
    return NodeTable(Graph.empty(HASHER))


def slots(count: int) -> np.ndarray[tuple[int], np.dtype[np.uint16]]:
    return np.zeros(count, np.uint16)


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
        seqs = np.array([seq for _, seq in rows], np.int64)
        taken, new = known.take(keys, Node.POST, seqs, slots(len(keys)))
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
        known.take(keys[part], Node.TAG, seq[part], slots(len(part)))

    assert known.find(keys).tolist() == list(range(count))
    assert (known.first == seq).all()
    assert (known.kind == Node.TAG).all()


def test_the_earliest_event_decides_where_a_node_points() -> None:
    known = table()
    nodes = np.zeros(2, np.int32)
    known.take(np.array([1, 2, 3], np.uint64), Node.POST, np.array([1, 1, 1]), slots(3))

    known.point(nodes, np.array([1, 2], np.int32), np.array([5, 4]))
    assert known.to.tolist() == [2, -1, -1]
    known.point(nodes, np.array([-1, 1], np.int32), np.array([1, 4]))
    assert known.to.tolist() == [2, -1, -1]


def test_what_was_decided_before_stays() -> None:
    """A post has an author, and a handle a digest; another post and digest have none yet."""
    begun = graph_of(
        [
            event("post", 1, "ada", "post/1", media=(MediaRef(uri="m", sha256="1" * 64),)),
            event("like", 2, "ada", target="post/2"),
        ]
    )
    author, handle = begun.author.copy(), begun.same_as.copy()
    known = NodeTable(begun)
    every = np.arange(known.count, dtype=np.int32)

    known.point(every, np.zeros_like(every), np.full(known.count, 3))

    decided = np.where(handle == every, author, handle)
    assert known.to.tolist() == np.where(decided < 0, 0, decided).tolist()
    assert (decided >= 0).sum() == 2
    assert begun.author.tolist() == author.tolist()
    assert begun.same_as.tolist() == handle.tolist()


def test_of_two_names_in_one_event_the_first_tells_the_place() -> None:
    known = table()
    keys = np.array([7, 7, 7, 7], np.uint64)
    places = np.array([3, 2, 5, 0], np.uint16)

    known.take(keys, Node.LINK, np.array([4, 4, 4, 9]), places)
    assert (known.first.tolist(), known.slot.tolist()) == ([4], [2])
    known.take(keys[:1], Node.LINK, np.array([2]), places[:1])
    assert (known.first.tolist(), known.slot.tolist()) == ([2], [3])
