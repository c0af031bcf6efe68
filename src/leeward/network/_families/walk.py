"""The random walk from many sets of seeds at once: personalised PageRank in columns.

The chain is that of :mod:`~leeward.network._families.steps`, but for two things that matter where
seeds are hidden in turn and rankings are compared:

* A complaint or a reply makes nothing less common: how popular a post is counts only those who
  made, reposted or liked it. So no flag moves anybody, not even by what it leaves to others.
* An account that reposts or likes its own post is not led to by it, as its author is not.

Eight columns stand side by side in one cache line, so that one pass over the edges serves all of
them. The number of rounds is fixed: a walker who is still under way after them has a probability of
``(1 - restart) ** (2 * rounds)``, or up to its square root where accounts do nothing but follow
each other. And no column depends on another, so that a column is the same number for number
whatever stands beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._families.steps import WalkSettings, steps_of
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.parallel import in_parts
from leeward.network._graph.prefetch import AHEAD, prefetch

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._families.steps import Steps
    from leeward.network._graph.csr import Csr, Int32, UInt8
    from leeward.network._graph.graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["COLUMNS_AT_ONCE", "columns_of_walks"]

COLUMNS_AT_ONCE: Final = 8
"""Two rows of so many float32, what leaves a node by two ways, fill one cache line."""
_SETTINGS: Final = WalkSettings()
_ROUNDS: Final = 8

_WIDTH: Final = COLUMNS_AT_ONCE
_LINE: Final = 64
_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_MEDIA: Final = int(Node.MEDIA)
_AUTHORED: Final = int(Act.AUTHORED)
_LIKED: Final = int(Act.LIKED)
_FOLLOWED: Final = int(Act.FOLLOWED)


def columns_of_walks(
    graph: Graph,
    seeds: Int32,
    weights: Floats,
    everywhere: Floats | None = None,
    rounds: int = _ROUNDS,
) -> Floats:
    """Expected visits of walkers from seeds, one column a set of weights.

    Args:
        graph: Where they walk.
        seeds: (seeds) Nodes.
        weights: (seeds, columns) How many walkers begin at each; below zero for innocent ones.
        everywhere: (columns) How many walkers begin at each account besides; none if None.
        rounds: In each the walkers make two steps, or four where a carried thing lies between;
            one where they go to a follower.

    Returns:
        (accounts, columns) float32, in the order of :meth:`Graph.accounts`.
    """
    count, columns = len(graph.kind), weights.shape[1]
    steps = steps_of(graph, _SETTINGS, _without_complaints(graph))
    visits = np.empty((len(graph.accounts()), columns), np.float32)
    for begin in range(0, columns, _WIDTH):
        part = slice(begin, min(begin + _WIDTH, columns))
        some = np.zeros((len(seeds), _WIDTH), np.float32)
        some[:, : part.stop - part.start] = weights[:, part]
        anywhere = np.zeros(_WIDTH, np.float32)
        if everywhere is not None:
            anywhere[: part.stop - part.start] = everywhere[part]
        flow = _walk(graph, steps, _Restart(count, seeds, some, anywhere), rounds)
        visits[:, part] = flow[graph.accounts(), : part.stop - part.start]
    return visits


class _Restart:
    """Where the walkers begin, by column.

    Attributes:
        place: (nodes) The row in ``rows``; 0 for nodes that are no seeds, whose row is empty.
        rows: (seeds + 1, columns) Weights.
        anywhere: (columns) The weight of every account.
    """

    def __init__(self, count: int, seeds: Int32, weights: Floats, anywhere: Floats) -> None:
        nodes, row = np.unique(seeds, return_inverse=True)
        self.place = np.zeros(count, np.int32)
        self.place[nodes] = np.arange(1, len(nodes) + 1, dtype=np.int32)
        self.rows = np.zeros((len(nodes) + 1, _WIDTH), np.float32)
        np.add.at(self.rows, row + 1, weights)
        self.anywhere = anywhere


def _without_complaints(graph: Graph) -> Floats:
    """What makes a post as readily chosen as if nobody had answered or flagged it."""
    kept = np.ones(len(graph.kind), np.float32)
    kind, into = graph.kind, graph.into.unsigned()
    in_parts(graph, lambda low, high: _popularity(low, high, kind, into, kept))
    return kept


@kernel
def _popularity(low: int, high: int, kind: UInt8, into: Csr, kept: Floats) -> None:
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _POST:
            acts = 0
            for e in range(into.start[n], into.start[n + 1]):
                acts += into.act[e] <= _LIKED
            edges = into.start[n + 1] - into.start[n]
            kept[n] = np.log2(2.0 + edges) / np.log2(2.0 + acts)


def _walk(graph: Graph, steps: Steps, restart: _Restart, rounds: int) -> Floats:
    """Gauss and Seidel's iteration in blocks: posts, things, posts by things, accounts.

    Returns:
        (nodes, 2 * columns) The first half of the rows of accounts holds the visits.
    """
    kind, author = graph.kind, graph.author
    out, into = graph.out.unsigned(), graph.into.unsigned()
    on = np.float32(1 - _SETTINGS.restart)
    place, rows, anywhere = restart.place, restart.rows, restart.anywhere
    flow = _lines(len(kind))
    _begin(kind, steps, place, rows, anywhere, flow)
    for turn in range(rounds):
        in_parts(
            graph, lambda low, high: _posts(low, high, kind, into, steps, place, rows, on, flow)
        )
        in_parts(
            graph, lambda low, high: _things(low, high, kind, into, steps, place, rows, on, flow)
        )
        in_parts(
            graph,
            lambda low, high: _posts_by_things(
                low, high, kind, author, out, steps, place, rows, on, flow
            ),
        )
        last = turn + 1 == rounds
        in_parts(
            graph,
            lambda low, high, last=last: _accounts(  # type: ignore[misc]  # bound for this turn
                low, high, kind, out, steps, place, rows, anywhere, on, flow, last
            ),
        )
    return flow


def _lines(count: int) -> Floats:
    """(count, 2 * columns) zeros; each row begins with a cache line.

    The first half of a row is the walkers at a post who came by an act; at an account or a thing
    those who leave by acts (at an account without acts, who are there). The second half is those
    who leave an account for a follower; of a post first those who came by its author and leave for
    a thing, then, once the things have them, those who came through a thing and leave for an
    account.
    """
    room = np.zeros(count * 2 * _WIDTH + _LINE // 4, np.float32)
    first = -(room.ctypes.data // 4) % (_LINE // 4)
    return room[first : first + count * 2 * _WIDTH].reshape(count, 2 * _WIDTH)


@kernel
def _begin(
    kind: UInt8, steps: Steps, place: Int32, rows: Floats, anywhere: Floats, flow: Floats
) -> None:
    for n in range(len(kind)):
        if kind[n] == _ACCOUNT:
            give = steps.give[n] if steps.give[n] > 0 else np.float32(1)
            for c in range(_WIDTH):
                flow[n, c] = (rows[place[n], c] + anywhere[c]) * give


# What makes these kernels fast: no kernel calls another, numbers of nodes are unsigned, and ``if``
# stands twice in place of ``elif``.


@kernel
def _posts(  # noqa: C901 - a kernel that calls another takes longer
    low: int,
    high: int,
    kind: UInt8,
    into: Csr,
    steps: Steps,
    place: Int32,
    rows: Floats,
    on: np.float32,
    flow: Floats,
) -> None:
    total, own = np.zeros(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _POST:
            total[:] = 0
            own[:] = 0
            for e in range(into.start[n], into.start[n + 1]):
                if e + AHEAD < len(into.node):
                    prefetch(flow, into.node[e + AHEAD])
                act = into.act[e]
                if act <= _LIKED:
                    a = into.node[e]
                    weight = steps.out[act]
                    for c in range(_WIDTH):
                        total[c] += weight * flow[a, c]
                    if act == _AUTHORED:
                        for c in range(_WIDTH):
                            own[c] += weight * flow[a, c]
            take = on * steps.take[n]
            for c in range(_WIDTH):
                begun = rows[place[n], c]
                flow[n, c] = begun + take * total[c]
                flow[n, _WIDTH + c] = (begun + take * own[c]) * steps.give3[n]
        if kind[n] == _ACCOUNT:  # not among accounts, who read each other's
            share = steps.give2[n] / (steps.give[n] if steps.give[n] > 0 else np.float32(1))
            for c in range(_WIDTH):
                flow[n, _WIDTH + c] = flow[n, c] * share


@kernel
def _things(  # noqa: C901 - a kernel that calls another takes longer
    low: int,
    high: int,
    kind: UInt8,
    into: Csr,
    steps: Steps,
    place: Int32,
    rows: Floats,
    on: np.float32,
    flow: Floats,
) -> None:
    total = np.zeros(_WIDTH, np.float32)
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] > _POST:
            total[:] = 0
            if kind[n] == _MEDIA:
                for e in range(into.start[n], into.start[n + 1]):
                    if e + AHEAD < len(into.node):
                        prefetch(flow, into.node[e + AHEAD])
                        prefetch(steps.give3, into.node[e + AHEAD])
                    p = into.node[e]
                    weight = steps.give3[p]
                    for c in range(_WIDTH):
                        total[c] += weight * flow[p, c]
            if kind[n] != _MEDIA:
                for e in range(into.start[n], into.start[n + 1]):
                    if e + AHEAD < len(into.node):
                        prefetch(flow, into.node[e + AHEAD])
                    p = into.node[e]
                    for c in range(_WIDTH):
                        total[c] += flow[p, _WIDTH + c]
            take = on * steps.take[n]
            for c in range(_WIDTH):
                flow[n, c] = (rows[place[n], c] + take * total[c]) * steps.give[n]


@kernel
def _posts_by_things(
    low: int,
    high: int,
    kind: UInt8,
    author: Int32,
    out: Csr,
    steps: Steps,
    place: Int32,
    rows: Floats,
    on: np.float32,
    flow: Floats,
) -> None:
    total = np.zeros(_WIDTH, np.float32)
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _POST and (out.start[n] < out.start[n + 1] or place[n] > 0):
            total[:] = 0
            for e in range(out.start[n], out.start[n + 1]):
                if e + AHEAD < len(out.node):
                    prefetch(flow, out.node[e + AHEAD])
                thing = out.node[e]
                owned = steps.owner[thing] >= 0 and steps.owner[thing] == author[n]
                if not owned and np.uint32(steps.origin[thing]) != n:
                    for c in range(_WIDTH):
                        total[c] += flow[thing, c]
            for c in range(_WIDTH):
                flow[n, _WIDTH + c] = (rows[place[n], c] + on * total[c]) * steps.give2[n]


@kernel
def _accounts(  # noqa: C901 - a kernel that calls another takes longer
    low: int,
    high: int,
    kind: UInt8,
    out: Csr,
    steps: Steps,
    place: Int32,
    rows: Floats,
    anywhere: Floats,
    on: np.float32,
    flow: Floats,
    last: bool,
) -> None:
    total = np.zeros(_WIDTH, np.float32)
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _ACCOUNT:
            made = np.uint64(n)
            total[:] = 0
            for e in range(out.start[n], out.start[n + 1]):
                if e + AHEAD < len(out.node):
                    prefetch(flow, out.node[e + AHEAD])
                    prefetch(steps.give, out.node[e + AHEAD])
                act, p = out.act[e], out.node[e]
                if act == _AUTHORED:  # stands first of what an account did to a post
                    made = np.uint64(p)
                if act <= _LIKED:
                    back, through = np.float32(0), steps.back2[act]
                    if p != made:
                        back = steps.back[act] * steps.give[p]
                    for c in range(_WIDTH):
                        total[c] += back * flow[p, c] + through * flow[p, _WIDTH + c]
                if act == _FOLLOWED:
                    for c in range(_WIDTH):
                        total[c] += flow[p, _WIDTH + c]
            give = steps.give[n] if steps.give[n] > 0 else np.float32(1)
            for c in range(_WIDTH):
                total[c] = rows[place[n], c] + anywhere[c] + on * total[c]
                # Who leaves is asked no more after the last turn, but who is there.
                flow[n, c] = total[c] if last else total[c] * give
