"""The nodes that are known, by the keyed hashes of their names: a hash table that can be saved.

Open addressing with linear probing. The keys are keyed SipHash values already, so their low bits
serve as the hash, and nobody outside can make them collide. Two of the ten million names of a
large graph meet by chance with a probability below one in 300,000.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._acts import Node
    from leeward.network._graph import Graph

    UInt64 = npt.NDArray[np.uint64]
    UInt16 = npt.NDArray[np.uint16]
    UInt8 = npt.NDArray[np.uint8]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["FREE", "UNDECIDED", "NodeTable", "find"]

FREE: Final = -1
UNDECIDED: Final = 2**62
_LOAD: Final = 0.6


@kernel
def find(keys: UInt64, nodes: Int32, wanted: UInt64) -> Int32:
    """The nodes of some keys; ``FREE`` where there is none."""
    found = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):
        found[i] = _find(keys, nodes, wanted[i])
    return found


@kernel
def _find(keys: UInt64, nodes: Int32, key: np.uint64) -> int:
    mask = np.uint64(len(keys) - 1)
    place = key & mask
    while nodes[place] >= 0 and keys[place] != key:
        place = (place + np.uint64(1)) & mask
    return int(nodes[place])


@kernel
def _put(keys: UInt64, nodes: Int32, key: np.uint64, node: int) -> None:
    """Name a node by a key that is not in the table."""
    mask = np.uint64(len(keys) - 1)
    place = key & mask
    while nodes[place] >= 0:
        place = (place + np.uint64(1)) & mask
    keys[place] = key
    nodes[place] = node


@kernel
def _move(keys: UInt64, nodes: Int32, new_keys: UInt64, new_nodes: Int32) -> None:
    for i in range(len(keys)):
        if nodes[i] >= 0:
            _put(new_keys, new_nodes, keys[i], nodes[i])


@kernel
def _take(
    keys: UInt64,
    nodes: Int32,
    kinds: UInt8,
    first: Int64,
    slots: UInt16,
    count: int,
    wanted: UInt64,
    seq: Int64,
    slot: UInt16,
    kind: int,
    taken: Int32,
    fresh: Int32,
) -> int:
    """Fill ``taken`` with nodes and ``fresh`` with the places of new ones; how many are new.

    The look-ups do not wait for each other, so the processor has several under way at a time.
    """
    new = 0
    for i in range(len(wanted)):
        if wanted[i] == 0:
            taken[i] = -1
            continue
        node = _find(keys, nodes, wanted[i])
        if node < 0:
            node = count + new
            _put(keys, nodes, wanted[i], node)
            kinds[node], first[node], slots[node] = kind, seq[i], slot[i]
            fresh[new] = i
            new += 1
        elif seq[i] <= first[node]:
            earlier = seq[i] < first[node]
            slots[node] = slot[i] if earlier else min(slot[i], slots[node])
            first[node] = seq[i]
        taken[i] = node
    return new


@kernel
def _point(to: Int32, decided: Int64, node: Int32, target: Int32, seq: Int64) -> None:
    for i in range(len(node)):
        if node[i] >= 0 and target[i] >= 0 and seq[i] < decided[node[i]]:
            to[node[i]], decided[node[i]] = target[i], seq[i]


class NodeTable:
    """Nodes by name; it grows.

    A node may point to another one: a post to its author, a name of a picture to a better name.
    The earliest event that says so decides, in whatever order events are read.

    Args:
        graph: The nodes to begin with. It is left as it is.
    """

    def __init__(self, graph: Graph) -> None:
        self.keys, self.nodes = graph.keys.copy(), graph.nodes.copy()
        self.count = len(graph.kind)
        self._kind, self._first = graph.kind.copy(), graph.first.copy()
        self._slot = graph.slot.copy()
        standing = graph.same_as == np.arange(self.count, dtype=np.int32)
        self._to = np.where(standing, graph.author, graph.same_as)
        self._decided = np.where(self._to < 0, UNDECIDED, 0)

    @property
    def kind(self) -> UInt8:
        """(nodes) Codes of :class:`~leeward.network.Node`."""
        return self._kind[: self.count]

    @property
    def first(self) -> Int64:
        """(nodes) The first event that names each."""
        return self._first[: self.count]

    @property
    def slot(self) -> UInt16:
        """(nodes) Where in that event."""
        return self._slot[: self.count]

    @property
    def to(self) -> Int32:
        """(nodes) Where each points; -1 for nowhere."""
        return self._to[: self.count]

    def take(self, keys: UInt64, kind: Node, seq: Int64, slot: UInt16) -> tuple[Int32, Int32]:
        """The nodes of some names, made where they are new.

        Args:
            keys: Of the names; 0 for none.
            kind: What they name.
            seq: By key: the event that names it.
            slot: By key: where in that event.

        Returns:
            The nodes, -1 for none; and the places of those keys that made a node.
        """
        self._make_room(len(keys))
        taken, fresh = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
        args = (self.keys, self.nodes, self._kind, self._first, self._slot, self.count)
        new = _take(*args, keys, seq, slot, int(kind), taken, fresh)
        self.count += new
        return taken, fresh[:new].copy()

    def point(self, node: Int32, target: Int32, seq: Int64) -> None:
        """Let nodes point to others, unless an earlier event decided that; -1 is passed over."""
        _point(self._to, self._decided, node, target, seq)

    def find(self, keys: UInt64) -> Int32:
        """The nodes of some names; -1 where there is none."""
        return find(self.keys, self.nodes, keys)

    def _make_room(self, more: int) -> None:
        needed, size = self.count + more, len(self.keys)
        while needed > size * _LOAD:
            size *= 2
        if size > len(self.keys):
            keys, nodes = np.zeros(size, np.uint64), np.full(size, FREE, np.int32)
            _move(self.keys, self.nodes, keys, nodes)
            self.keys, self.nodes = keys, nodes
        missing = needed - len(self._kind)
        if missing > 0:
            room = max(missing, self.count // 2)
            self._kind = np.append(self._kind, np.zeros(room, np.uint8))
            self._first = np.append(self._first, np.zeros(room, np.int64))
            self._slot = np.append(self._slot, np.zeros(room, np.uint16))
            self._to = np.append(self._to, np.full(room, -1, np.int32))
            self._decided = np.append(self._decided, np.full(room, UNDECIDED))
