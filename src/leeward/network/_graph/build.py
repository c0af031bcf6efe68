"""Events become a graph, or a graph and further events a larger one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from leeward.model import kernel
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.arguing import arguments
from leeward.network._graph.copies import join, leaders, stand_ins
from leeward.network._graph.csr import Edges
from leeward.network._graph.graph import Flags, Graph, read_only
from leeward.network._graph.merge import both_ways
from leeward.network._graph.read import Reader
from leeward.network._graph.table import NodeTable

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.network._graph.columns import Statements
    from leeward.network._graph.copies import Joins
    from leeward.network._graph.csr import Int32, Int64, UInt8

__all__ = ["GraphBuilder"]


class GraphBuilder:
    """Makes a graph of events, or a larger graph of a graph and further events.

    The order in which events are added makes no difference, nor whether they come at once or
    in several steps; but events that are added to a graph must be later in the log than its.

    Args:
        hasher: The log's.
        graph: What to begin with; it is left as it is.
    """

    def __init__(self, hasher: Hasher, graph: Graph | None = None) -> None:
        self._base = base = graph or Graph.empty(hasher)
        self._table = NodeTable(base)
        self._reader = Reader(hasher, self._table)
        self._events, self._last_seq = base.events, base.last_seq

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in events: a batch of :data:`~leeward.network.COLUMNS`."""
        if len(batch):
            self._events += len(batch)
            self._last_seq = max(self._last_seq, int(batch["seq"].to_numpy().max()))
            self._reader.read(batch)

    def finish(self, joins: Joins | None = None) -> Graph:
        """The graph of everything that was taken in. The builder is used up by that.

        Args:
            joins: What is one picture by the media map; names that the log does not know are
                passed over.
        """
        base, table, reader = self._base, self._table, self._reader
        pdq = np.concatenate([base.pdq, *reader.pdq])
        pdq_node = np.concatenate([base.pdq_node, *reader.pdq_node])
        leaders(pdq, pdq_node, table.first, len(base.pdq), table.to)
        table.finish()
        kind, first, slot = table.kind, table.first, table.slot
        if joins is not None and len(joins.keys):
            _join(joins, table)
        same_as = stand_ins(kind, table.to)
        author = table.to
        _authors(kind, int(Node.POST), author)
        flags = self._all_flags(first)
        named, names = self._all_names(table.count)
        traits = _traits(_grown(base.traits, table.count, 0), reader.statements)
        keys, nodes = table.keys, table.nodes
        edges = reader.edges()
        del table, reader, self._table, self._reader  # room for what follows
        for part in edges:
            part.target[:] = same_as[part.target]
        complaints = _complaints(flags)
        edges += [complaints, arguments(base.out, edges, complaints, author)]
        out, into = both_ways(base.out, base.into, edges, same_as)
        graph = Graph(
            fingerprint=base.fingerprint,
            last_seq=self._last_seq,
            events=self._events,
            kind=kind,
            first=first,
            slot=slot,
            traits=traits,
            author=author,
            same_as=same_as,
            named=named,
            names=names,
            pdq=pdq,
            pdq_node=pdq_node,
            keys=keys,
            nodes=nodes,
            flags=flags,
            out=out,
            into=into,
        )
        return read_only(graph)

    def _all_flags(self, first: Int64) -> Flags:
        """All complaints, each with its target where the log knows it by now.

        Where both an account and a post have that name, it is what was named first.
        """
        parts = [self._base.flags, *self._reader.flags]
        source, account, post, at, target = map(np.concatenate, zip(*parts, strict=True))
        open_ = np.flatnonzero(target < 0)
        as_account, as_post = (self._table.find(keys[open_]) for keys in (account, post))
        earlier = first[as_account] <= first[as_post]
        is_account = (as_account >= 0) & ((as_post < 0) | earlier)
        target[open_] = np.where(is_account, as_account, as_post)
        return Flags(source, account, post, at, target)

    def _all_names(self, count: int) -> tuple[Int32, pa.Array]:
        named = _grown(self._base.named, count, -1)
        place = len(self._base.names)
        for nodes, names in self._reader.names:
            named[nodes] = np.arange(place, place + len(names))
            place += len(names)
        parts = [self._base.names, *(names for _, names in self._reader.names)]
        return named, pa.concat_arrays(parts)


def _join(joins: Joins, table: NodeTable) -> None:
    nodes = table.find(joins.keys)
    known = np.flatnonzero(nodes >= 0)
    known = known[table.kind[nodes[known]] == Node.MEDIA]
    same_as = stand_ins(table.kind, table.to)
    join(joins.picture[known], nodes[known], table.first, same_as, table.to)


def _traits(traits: UInt8, statements: list[Statements]) -> UInt8:
    """Apply statements in the order of the log: the last one about a trait holds."""
    if statements:
        node, seq, about, affirmed = map(np.concatenate, zip(*statements, strict=True))
        _state(np.argsort(seq), node, about, affirmed, traits)
    return traits


@kernel
def _authors(kind: UInt8, post: int, to: Int32) -> None:
    """Of where nodes point keep the accounts that posts do."""
    for n in range(len(kind)):
        if kind[n] != post:
            to[n] = -1


@kernel
def _state(order: Int64, node: Int32, about: UInt8, affirmed: UInt8, traits: UInt8) -> None:
    for i in order:
        traits[node[i]] = traits[node[i]] & ~about[i] | affirmed[i]


def _complaints(flags: Flags) -> Edges:
    acts = np.full(len(flags.target), Act.FLAGGED, np.uint8)
    return Edges(flags.source, flags.target, acts, flags.at).chosen(flags.target >= 0)


def _grown(array: npt.NDArray[Any], count: int, fill: int) -> npt.NDArray[Any]:
    return np.concatenate([array, np.full(count - len(array), fill, array.dtype)])
