"""Compressed sparse rows: for each node, where its edges go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    UInt8 = npt.NDArray[np.uint8]
    UInt32 = npt.NDArray[np.uint32]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Csr", "Edges"]


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

    def edges(self, nodes: Int32 | Int64) -> Edges:
        """The edges of some nodes, row after row."""
        begin, lengths = self.start[nodes], self.degrees_of(nodes)
        behind = np.cumsum(lengths)
        places = np.repeat(begin + lengths - behind, lengths) + np.arange(lengths.sum())
        source = np.repeat(nodes.astype(np.int32), lengths)
        return Edges(source, self.node[places], self.act[places], self.at[places])

    def degrees(self) -> Int64:
        """How many edges each node has."""
        return np.diff(self.start)

    def degrees_of(self, nodes: Int32 | Int64) -> Int64:
        """How many edges some nodes have."""
        return self.start[nodes + 1] - self.start[nodes]

    def unsigned(self) -> Csr:
        """The same memory as unsigned numbers: kernels need not ask whether an index is negative.

        That halves the time of a kernel that does little but look things up.
        """
        start: Any = self.start.view(np.uint64)
        node: Any = self.node.view(np.uint32)
        return self._replace(start=start, node=node)
