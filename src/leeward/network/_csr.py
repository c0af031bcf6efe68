"""Compressed sparse rows: for each node, where its edges go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]
    UInt32 = npt.NDArray[np.uint32]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Csr", "Edges", "merged"]

_SHORT: Final = 32
"""Rows up to this length are sorted by insertion."""


class Edges(NamedTuple):
    """Edges in any order, one array a field, all of one length.

    Attributes:
        source, target: Nodes.
        act: Codes of :class:`~leeward.network.Act`.
        at: When, in seconds since 1970 UTC.
    """

    source: Int32
    target: Int32
    act: UInt8
    at: UInt32

    @classmethod
    def room(cls, length: int) -> Edges:
        """Arrays of a length, not filled yet."""
        return cls(
            np.empty(length, np.int32),
            np.empty(length, np.int32),
            np.empty(length, np.uint8),
            np.empty(length, np.uint32),
        )

    def chosen(self, which: slice | Int64 | Bools) -> Edges:
        """Some of the edges."""
        return Edges(self.source[which], self.target[which], self.act[which], self.at[which])

    @classmethod
    def joined(cls, parts: Sequence[Edges]) -> Edges:
        """All edges of several parts."""
        return cls(
            np.concatenate([part.source for part in parts]),
            np.concatenate([part.target for part in parts]),
            np.concatenate([part.act for part in parts]),
            np.concatenate([part.at for part in parts]),
        )

    def turned(self) -> Edges:
        """The same edges, each pointing the other way."""
        return Edges(self.target, self.source, self.act, self.at)


class Csr(NamedTuple):
    """Edges by the node that they begin at; within a node by the other end, then by act.

    Attributes:
        start: (nodes + 1) The edges of node ``n`` stand from ``start[n]`` to ``start[n + 1]``.
        node: (edges) The other end.
        act: (edges) Codes of :class:`~leeward.network.Act`.
        at: (edges) When it first happened, in seconds since 1970 UTC.
    """

    start: Int64
    node: Int32
    act: UInt8
    at: UInt32

    @classmethod
    def empty(cls) -> Csr:
        """No nodes, no edges."""
        return cls(
            np.zeros(1, np.int64),
            np.empty(0, np.int32),
            np.empty(0, np.uint8),
            np.empty(0, np.uint32),
        )

    def row(self, node: int) -> slice:
        """Where the edges of a node stand."""
        return slice(int(self.start[node]), int(self.start[node + 1]))

    def degrees(self) -> Int64:
        """How many edges each node has."""
        return np.diff(self.start)

    def unsigned(self) -> Csr:
        """The same memory as unsigned numbers: kernels need not ask whether an index is negative.

        That halves the time of a kernel that does little but look things up.
        """
        start: Any = self.start.view(np.uint64)
        node: Any = self.node.view(np.uint32)
        return self._replace(start=start, node=node)


def merged(old: Csr, more: Sequence[Edges], same_as: Int32) -> Csr:
    """A graph with further nodes and edges.

    An edge that stands there already (the same ends, the same act) stays one edge, with the
    earlier of the two times.

    Args:
        old: The graph as it is.
        more: Edges between nodes that stand for themselves, in parts of any length.
        same_as: (nodes) For each node of the new graph the one that stands for it: the edges
            of the old graph move there.
    """
    nodes, known = len(same_as), len(old.start) - 1
    # While rows are filled, start[n + 1] is the place of the next edge of node n; so in the end
    # it is where the row ends.
    start = np.zeros(nodes + 1, np.int64)
    for part in more:
        _count(part.source, start[1:])
    touched = start[1:] > 0
    moved = bool((same_as[:known] != np.arange(known, dtype=np.int32)).any())
    _count_old(old.start, same_as, start[1:])
    total = int(start.sum())
    start[1:] = np.cumsum(start)[:-1]
    node, act, at = np.empty(total, np.int32), np.empty(total, np.uint8), np.empty(total, np.uint32)
    _place_old(*old, same_as, moved, touched, start[1:], node, act, at)
    for part in more:
        _place(*part, start[1:], node, act, at)
    left = _tidy(start, node, act, at, touched)
    for array in (node, act, at):
        array.resize(left, refcheck=False)  # gives the rest back, without a copy of what is kept
    return Csr(start, node, act, at)


@kernel
def _count(source: Int32, counts: Int64) -> None:
    for n in source:
        counts[n] += 1


@kernel
def _count_old(start: Int64, same_as: Int32, counts: Int64) -> None:
    for n in range(len(start) - 1):
        counts[same_as[n]] += start[n + 1] - start[n]


@kernel
def _place_old(
    start: Int64,
    old_node: Int32,
    old_act: UInt8,
    old_at: UInt32,
    same_as: Int32,
    moved: bool,
    touched: Bools,
    end: Int64,
    node: Int32,
    act: UInt8,
    at: UInt32,
) -> None:
    """Copy the old rows to the ends of the new ones."""
    for n in range(len(start) - 1):
        row = same_as[n]
        to = end[row]
        for i in range(start[n], start[n + 1]):
            other = same_as[old_node[i]] if moved else old_node[i]
            if other != old_node[i] or row != n:
                touched[row] = True
            node[to], act[to], at[to] = other, old_act[i], old_at[i]
            to += 1
        end[row] = to


@kernel
def _place(
    source: Int32,
    target: Int32,
    acts: UInt8,
    times: UInt32,
    end: Int64,
    node: Int32,
    act: UInt8,
    at: UInt32,
) -> None:
    for i in range(len(source)):
        to = end[source[i]]
        node[to], act[to], at[to] = target[i], acts[i], times[i]
        end[source[i]] = to + 1


@kernel
def _tidy(start: Int64, node: Int32, act: UInt8, at: UInt32, touched: Bools) -> int:
    """Sort the touched rows and drop repeats, moving all up; how many edges are left."""
    begin = left = 0
    for n in range(len(start) - 1):
        end = start[n + 1]
        length = end - begin
        if touched[n] and length > 1:
            length = _without_repeats(node[begin:end], act[begin:end], at[begin:end])
        if left < begin:
            for i in range(length):
                node[left + i], act[left + i] = node[begin + i], act[begin + i]
                at[left + i] = at[begin + i]
        begin = end
        left += length
        start[n + 1] = left
    return left


@kernel
def _without_repeats(node: Int32, act: UInt8, at: UInt32) -> int:
    """Sort a row; of repeats keep one, with the earliest time. How many edges are left."""
    if len(node) <= _SHORT:
        _insertion_sort(node, act, at)
    else:
        _sort(node, act, at)
    last = 0
    for i in range(1, len(node)):
        if node[i] != node[last] or act[i] != act[last]:
            last += 1
            node[last], act[last], at[last] = node[i], act[i], at[i]
        elif at[i] < at[last]:
            at[last] = at[i]
    return last + 1


@kernel
def _insertion_sort(node: Int32, act: UInt8, at: UInt32) -> None:
    """Sort a short row in place, by the other end and the act."""
    for i in range(1, len(node)):
        n, a, t = node[i], act[i], at[i]
        j = i
        while j > 0 and (node[j - 1] > n or (node[j - 1] == n and act[j - 1] > a)):
            node[j], act[j], at[j] = node[j - 1], act[j - 1], at[j - 1]
            j -= 1
        node[j], act[j], at[j] = n, a, t


@kernel
def _sort(node: Int32, act: UInt8, at: UInt32) -> None:
    """Sort a long row in place, by the other end and the act."""
    order = np.argsort((node.astype(np.int64) << 8) | act, kind="mergesort")
    node[:], act[:], at[:] = node[order], act[order], at[order]
