"""A graph in numbers as large as one likes, and the walk over it written out as a matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from leeward.model import Hasher
from leeward.network import Act, Graph, Node
from leeward.network._csr import Csr, Edges, merged
from leeward.network._graph import read_only

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network import WalkSettings
    from leeward.network._csr import Int32

    Floats = npt.NDArray[np.float32]

__all__ = ["chain", "made_up"]


def made_up(edges: int) -> Graph:
    """A graph with power laws on both sides, in the proportions of a simulated platform.

    Nodes are numbered as if a log had been read in batches: within a batch by kind, otherwise
    at random.

    Args:
        edges: Entries of both adjacency lists, at least; up to a twentieth more.
    """
    random = np.random.default_rng(3)
    size = round(edges * 0.52)  # a little more than half, since repeats are dropped
    counts = dict(
        zip(Node, (np.array([32, 260, 100, 2, 3, 0.5]) * size / 1_000).astype(int) + 1, strict=True)
    )
    kind = np.repeat(np.array([*counts], np.uint8), [*counts.values()])
    batch = random.integers(0, 256, len(kind)).astype(np.uint16)
    order = random.permutation(len(kind)).astype(np.int32)
    order = order[np.argsort((batch * np.uint16(8) + kind)[order], kind="stable")]
    number = np.empty_like(order)
    number[order] = np.arange(len(order), dtype=np.int32)
    kind = kind[order]
    nodes = dict(zip(Node, np.split(number, np.cumsum([*counts.values()])[:-1]), strict=True))

    def some(of: Node, count: int, power: float) -> Int32:
        """Nodes of a kind; the degree of the one of rank ``r`` goes with ``r ** (1/power - 1)``."""
        places = random.random(count) ** power * counts[of]
        chosen: Int32 = nodes[of][places.astype(np.int32)]
        return chosen

    def acts(source: Int32, target: Int32, act: Act) -> Edges:
        at = random.integers(1_600_000_000, 1_700_000_000, len(source), dtype=np.uint32)
        return Edges(source, target, np.full(len(source), act, np.uint8), at)

    posts, post, account = nodes[Node.POST], Node.POST, Node.ACCOUNT
    parts = [acts(some(account, len(posts), 3), posts, Act.AUTHORED)]
    for act, share in ((Act.REPOSTED, 0.16), (Act.LIKED, 0.27)):
        count = round(size * share)
        parts.append(acts(some(account, count, 3), some(post, count, 3), act))
    count = round(size * 0.07)
    parts.append(acts(some(account, count, 2), some(account, count, 3), Act.FOLLOWED))
    for node, share, power in (
        (Node.MEDIA, 0.12, 1.2),
        (Node.TAG, 0.07, 4),
        (Node.LINK, 0.025, 3),
        (Node.COMMUNITY, 0.025, 3),
    ):
        count = round(size * share)
        parts.append(acts(some(post, count, 1), some(node, count, power), Act.CARRIES))
    alone = np.arange(len(kind), dtype=np.int32)
    graph = replace(
        Graph.empty(Hasher(b"a benchmark key.")),
        kind=kind,
        first=np.arange(len(kind), dtype=np.int64),
        slot=np.zeros(len(kind), np.uint16),
        out=merged(Csr.empty(), parts, alone),
        into=merged(Csr.empty(), [part.turned() for part in parts], alone),
    )
    return read_only(graph)


def chain(graph: Graph, kin: Floats, settings: WalkSettings) -> sp.csr_matrix:
    """The Markov chain of the walk: entry (i, j) is the probability to go from i to j.

    States are the nodes and, after them, once more the posts: reached through what they carry.
    Written from the description of the walk, in numpy, apart from the code that it measures.
    """
    count, posts = len(graph.kind), graph.kind == Node.POST
    again = (count - 1 + np.cumsum(posts)).astype(np.int32)  # of a post, its second state
    source = np.repeat(np.arange(count, dtype=np.int32), graph.out.degrees())
    target, act, at = graph.out.node, graph.out.act, graph.out.at
    own = np.zeros(len(Act))
    own[[Act.AUTHORED, Act.REPOSTED, Act.LIKED]] = (
        settings.authored,
        settings.reposted,
        settings.liked,
    )
    back = own.copy()
    back[Act.AUTHORED] = 0
    things = np.array(
        [0, 1, settings.media, settings.tag, settings.link, settings.community], np.float64
    )
    take = things[graph.kind] / np.log2(2.0 + graph.into.degrees()) * kin
    acted, carried = own[act] > 0, act == Act.CARRIES
    later = carried.copy()
    edges = np.flatnonzero(carried & (graph.kind[target] == Node.MEDIA))
    edges = edges[np.lexsort((graph.first[source[edges]], at[edges], target[edges]))]
    later[edges[np.diff(target[edges], prepend=-1) > 0]] = False
    followed, returned = act == Act.FOLLOWED, back[act] > 0
    ways = [
        # begins at, ends at, weights, share beside the next way from the same states
        (source[acted], target[acted], own[act[acted]] * take[target[acted]], None),
        (target[followed], source[followed], np.ones(followed.sum()), settings.followers),
        (target[returned], source[returned], back[act[returned]], None),
        (source[carried], target[carried], take[target[carried]], settings.carried),
        (again[target[acted]], source[acted], own[act[acted]], None),
        (target[later], again[source[later]], np.ones(later.sum()), None),
    ]
    del acted, carried, later, followed, returned, edges
    size = count + int(posts.sum())
    rows, columns, shares = [], [], []
    totals = [np.bincount(way[0], way[2], size) for way in ways]
    for i, (begins, ends, weights, _) in enumerate(ways):
        part = np.ones(size)
        if i in (0, 2):  # what the next way leaves to this one
            part[totals[i + 1] > 0] = 1 - (ways[i + 1][3] or 0)
        elif i in (1, 3):
            part[totals[i - 1] > 0] = ways[i][3] or 0
        part[totals[i] > 0] /= totals[i][totals[i] > 0]
        rows.append(begins)
        columns.append(ends)
        shares.append((weights * part[begins]).astype(np.float32))
    del ways, totals
    row, column, share = (np.concatenate(parts) for parts in (rows, columns, shares))
    del rows, columns, shares
    return sp.coo_matrix((share, (row, column)), (size, size)).tocsr()
