"""What decides between equals: which of two nodes the log met first.

The numbers of nodes cannot: they depend on how the events came in batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from leeward.network._graph.csr import Int32, Int64
    from leeward.network._graph.graph import Graph

__all__ = ["in_order", "met", "order_met"]


def met(graph: Graph, node: int) -> tuple[int, int, int, int]:
    """Sorts nodes in the order in which the log met them."""
    return int(graph.first[node]), int(graph.kind[node]), int(graph.slot[node]), int(node)


def in_order(graph: Graph, nodes: Int32) -> Int32:
    """Nodes in the order in which the log met them."""
    ordered: Int32 = nodes[order_met(graph, nodes)]
    return ordered


def order_met(graph: Graph, nodes: Int32) -> Int64:
    """The places of nodes in the order in which the log met them."""
    return np.lexsort((nodes, graph.slot[nodes], graph.kind[nodes], graph.first[nodes]))
