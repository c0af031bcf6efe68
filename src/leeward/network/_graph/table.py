"""The nodes that are known, by the keyed hashes of their names: a hash table that can be saved.

Open addressing with linear probing. The keys are keyed SipHash values already, so their low bits
serve as the hash, and nobody outside can make them collide. Two of the ten million names of a
large graph meet by chance with a probability below one in 300,000.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.acts import Node
    from leeward.network._graph.graph import Graph

    UInt64 = npt.NDArray[np.uint64]
    UInt16 = npt.NDArray[np.uint16]
    UInt8 = npt.NDArray[np.uint8]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["FREE", "NodeTable", "find"]

FREE: Final = -1
_LOAD: Final = 0.6
_ROOM: Final = 1 << 16
"""Nodes for which there is room at least before memory is asked for again."""


@kernel
def find(keys: UInt64, nodes: Int32, wanted: UInt64) -> Int32:
    """The nodes of some keys; ``FREE`` where there is none.

    Args:
        keys: (nodes) By what key each node is known.
        nodes: The hash table, of a power of two of places.
        wanted: The keys.
    """
    found = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):
        found[i] = nodes[_place_of(keys, nodes, wanted[i])]
    return found


@kernel
def _place_of(keys: UInt64, nodes: Int32, key: np.uint64) -> np.uint64:
    """Where the node of a key stands in the table, or would stand."""
    mask = np.uint64(len(nodes) - 1)
    place = key & mask
    while nodes[place] >= 0 and keys[nodes[place]] != key:
        place = (place + np.uint64(1)) & mask
    return np.uint64(place)


@kernel
def _seat(keys: UInt64, nodes: Int32, count: int) -> None:
    """Fill a table that has no nodes yet."""
    mask = np.uint64(len(nodes) - 1)
    for node in range(count):
        place = keys[node] & mask
        while nodes[place] >= 0:
            place = (place + np.uint64(1)) & mask
        nodes[place] = node


@kernel
def _take(
    keys: UInt64,
    nodes: Int32,
    kinds: UInt8,
    first: Int64,
    slots: UInt16,
    to: Int32,
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
        place = _place_of(keys, nodes, wanted[i])
        node = nodes[place]
        if node < 0:
            node = count + new
            keys[node], nodes[place] = wanted[i], node
            kinds[node], first[node], slots[node], to[node] = kind, seq[i], slot[i], -1
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
        if node[i] < 0 or target[i] < 0:
            continue
        if to[node[i]] < 0 or seq[i] < decided[node[i]]:
            to[node[i]], decided[node[i]] = target[i], seq[i]


@kernel
def _aim(author: Int32, same_as: Int32, to: Int32) -> None:
    for n in range(len(author)):
        to[n] = author[n] if same_as[n] == n else same_as[n]


class NodeTable:
    """Nodes by name; it grows. Its arrays hold until more names are taken.

    A node may point to another one: a post to its author, a name of a picture to a better name.
    The earliest event that says so decides, in whatever order events are read.

    Args:
        graph: The nodes to begin with. It is left as it is.
    """

    def __init__(self, graph: Graph) -> None:
        self.count = count = len(graph.kind)
        room = count + count // 8 + _ROOM
        self.nodes, self._keys = np.empty_like(graph.nodes), np.empty(room, np.uint64)
        self._kind, self._first = np.empty(room, np.uint8), np.empty(room, np.int64)
        self._slot, self._to = np.empty(room, np.uint16), np.empty(room, np.int32)
        # By which event; 0 where the graph decided.
        self._decided = np.zeros(room, np.int64)
        columns = (self.nodes, self.keys, self.kind, self.first, self.slot)
        known = (graph.nodes, graph.keys, graph.kind, graph.first, graph.slot)
        with ThreadPoolExecutor(2) as threads:
            copied = threads.map(np.copyto, columns, known)
            _aim(graph.author, graph.same_as, self._to)
            list(copied)

    @property
    def keys(self) -> UInt64:
        """(nodes) The keyed hash of the name of each."""
        return self._keys[: self.count]

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
        columns = (self._kind, self._first, self._slot, self._to)
        args = (self._keys, self.nodes, *columns, self.count)
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
        needed, size = self.count + more, len(self.nodes)
        while needed > size * _LOAD:
            size *= 2
        if size > len(self.nodes):
            self.nodes = np.full(size, FREE, np.int32)
            _seat(self._keys, self.nodes, self.count)
        if needed > len(self._kind):
            self._resize(needed + self.count // 4)

    def finish(self) -> None:
        """Give the room back that is left. The table is used up by that, but for its arrays."""
        self._resize(self.count)

    def _resize(self, room: int) -> None:
        """Without a copy, where the system can move memory by its pages."""
        columns = (self._keys, self._kind, self._first, self._slot, self._to, self._decided)
        for column in columns:
            column.resize(room, refcheck=False)
