"""What decides between equals: which of two nodes the log met first.

The numbers of nodes cannot: they depend on how the events came in batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    from leeward.network._csr import Int32, Int64, UInt8
    from leeward.network._graph import Graph, UInt16

__all__ = ["earlier", "in_order", "met"]


def met(graph: Graph, node: int) -> tuple[int, int, int, int]:
    """Sorts nodes in the order in which the log met them."""
    return int(graph.first[node]), int(graph.kind[node]), int(graph.slot[node]), int(node)


def in_order(graph: Graph, nodes: Int32) -> Int32:
    """Nodes in the order in which the log met them."""
    order = np.lexsort((nodes, graph.slot[nodes], graph.kind[nodes], graph.first[nodes]))
    ordered: Int32 = nodes[order]
    return ordered


@kernel
def earlier(a: int, b: int, first: Int64, kind: UInt8, slot: UInt16) -> bool:
    """Whether the log met node ``a`` before node ``b``."""
    if first[a] != first[b]:
        return bool(first[a] < first[b])
    if kind[a] != kind[b]:
        return bool(kind[a] < kind[b])
    if slot[a] != slot[b]:
        return bool(slot[a] < slot[b])
    return a < b
