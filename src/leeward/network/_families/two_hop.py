"""What an investigator does by hand: click from repost to repost. The yardstick, not a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Csr, Int32, UInt8
    from leeward.network._graph.graph import Graph

__all__ = ["two_hops"]

_POST: Final = int(Node.POST)
_AUTHORED: Final = int(Act.AUTHORED)
_REPOSTED: Final = int(Act.REPOSTED)


def two_hops(graph: Graph, seeds: Int32) -> Int32:
    """The accounts that two hops of reposts lead to, the seeds left out.

    One hop goes from an account to everybody who posted or reposted what it posted or reposted.
    """
    reached = np.zeros(len(graph.kind), np.bool_)
    reached[seeds] = True
    edge = seeds
    for _ in range(2):
        edge = _hop(graph.kind, graph.out, graph.into, edge, reached)
    reached[seeds] = False
    return np.flatnonzero(reached).astype(np.int32)


@kernel
def _hop(kind: UInt8, out: Csr, into: Csr, edge: Int32, reached: npt.NDArray[np.bool_]) -> Int32:
    """Mark who is one hop away; who of them is new."""
    seen = np.zeros(len(kind), np.bool_)
    new = np.empty(len(kind), np.int32)
    count = 0
    for a in edge:
        for e in range(out.start[a], out.start[a + 1]):
            p = out.node[e]
            if out.act[e] > _REPOSTED or kind[p] != _POST or seen[p]:
                continue
            seen[p] = True
            for i in range(into.start[p], into.start[p + 1]):
                b = into.node[i]
                if into.act[i] <= _REPOSTED and not reached[b]:
                    reached[b] = True
                    new[count] = b
                    count += 1
    return new[:count]
