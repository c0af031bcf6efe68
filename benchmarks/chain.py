"""A graph in numbers as large as one likes, and the walk over it written out as a matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from leeward.model import Hasher
from leeward.network import Act, Graph, Node
from leeward.network._csr import Csr, Edges
from leeward.network._graph import read_only
from leeward.network._merge import both_ways

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network import WalkSettings
    from leeward.network._csr import Int32

    Floats = npt.NDArray[np.float32]
    Numbers = npt.NDArray[np.float64]

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
    author = np.full(len(kind), -1, np.int32)
    author[posts] = some(account, len(posts), 3)
    parts = [acts(author[posts], posts, Act.AUTHORED)]
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
    out, into = both_ways(Csr.empty(), Csr.empty(), parts, alone)
    graph = replace(
        Graph.empty(Hasher(b"a benchmark key.")),
        kind=kind,
        first=np.arange(len(kind), dtype=np.int64),
        slot=np.zeros(len(kind), np.uint16),
        author=author,
        out=out,
        into=into,
    )
    return read_only(graph)


def chain(graph: Graph, kin: Floats, settings: WalkSettings) -> sp.csr_matrix:
    """The Markov chain of the walk: entry (i, j) is the probability to go from i to j.

    States are the nodes, among them posts that their authors led to; after them the posts once
    more, reached through what they carry; and once more, reached by somebody else's act. Written
    from the description of the walk, in numpy, apart from the code that it measures.
    """
    count, posts = len(graph.kind), graph.kind == Node.POST
    by_thing = (count - 1 + np.cumsum(posts)).astype(np.int32)
    by_others = by_thing + np.int32(posts.sum())
    size = count + 2 * int(posts.sum())
    source = np.repeat(np.arange(count, dtype=np.int32), graph.out.degrees())
    target, act = graph.out.node, graph.out.act
    own = np.zeros(len(Act))
    own[Act.AUTHORED], own[Act.REPOSTED] = settings.authored, settings.reposted
    own[Act.LIKED] = settings.liked
    kinds = [0, 1, settings.media, settings.tag, settings.link, settings.community]
    take = np.array(kinds)[graph.kind] / np.log2(2.0 + graph.into.degrees()) * kin
    authored = act == Act.AUTHORED
    acted, returned = np.flatnonzero(own[act]), np.flatnonzero((own[act] > 0) & ~authored)
    followed, carried = (np.flatnonzero(act == x) for x in (Act.FOLLOWED, Act.CARRIES))
    reached = np.where(authored[acted], target[acted], by_others[target[acted]])
    media = graph.kind[target[carried]] == Node.MEDIA

    to_posts, to_followers = _beside(
        (source[acted], own[act[acted]] * take[target[acted]]),
        (target[followed], np.ones(len(followed))),
        settings.followers,
        size,
    )
    to_accounts, to_things = _beside(
        (target[returned], own[act[returned]]),
        (source[carried], take[target[carried]]),
        settings.carried,
        size,
    )
    ways = [
        (source[acted], reached, to_posts),
        (target[followed], source[followed], to_followers),
        (target[returned], source[returned], to_accounts),
        (by_others[target[returned]], source[returned], to_accounts),
        (source[carried], target[carried], to_things),
        (by_others[source[carried][media]], target[carried][media], to_things[media]),
    ]
    begins = by_thing[target[acted]]
    ways.append((begins, source[acted], _alone(begins, own[act[acted]], size)))
    begins, ends = _copies(graph, source[carried], target[carried], graph.out.at[carried])
    ways.append((begins, by_thing[ends], _alone(begins, np.ones(len(begins)), size)))
    del source, acted, returned, followed, carried, reached
    row, column, share = (np.concatenate(parts) for parts in zip(*ways, strict=True))
    del ways
    return sp.coo_matrix((share, (row, column)), (size, size)).tocsr()


def _alone(begins: Int32, weights: Numbers, size: int, given: float | Numbers = 1.0) -> Floats:
    """What share of the walkers at a state goes each of its ways, of all or of those given."""
    totals = np.bincount(begins, weights, size)
    shares: Floats = (weights * (given / np.where(totals, totals, 1))[begins]).astype(np.float32)
    return shares


def _beside(
    first: tuple[Int32, Numbers], second: tuple[Int32, Numbers], share: float, size: int
) -> tuple[Floats, Floats]:
    """The same where two sorts of ways begin; ``share`` go the second where there are both."""
    some, more = (np.bincount(*ways, size) > 0 for ways in (first, second))
    return (
        _alone(*first, size, np.where(more, 1 - share, 1.0)),
        _alone(*second, size, np.where(some, share, 1.0)),
    )


def _copies(
    graph: Graph, carriers: Int32, things: Int32, at: npt.NDArray[np.uint32]
) -> tuple[Int32, Int32]:
    """Where walkers go from things.

    From a picture not to the post that had it first, nor to others by the author of that one.
    """
    media = np.flatnonzero(graph.kind[things] == Node.MEDIA)
    media = media[np.lexsort((graph.first[carriers[media]], at[media], things[media]))]
    earliest = media[np.diff(things[media], prepend=-1) > 0]
    maker = np.full(len(graph.kind), -2, np.int32)
    maker[things[earliest]] = graph.author[carriers[earliest]]
    later = graph.author[carriers] != maker[things]  # here every post has an author
    return things[later], carriers[later]
