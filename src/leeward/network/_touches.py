"""Which accounts touched which shared things: the ground on which evidence is counted.

A thing is a post, or a picture, hashtag or link that posts carry. An account touches a post by
making, reposting or liking it, and what the post carries along with it. What others do to an
account, replies and complaints are no touches. What fewer than two accounts touched ties nobody
to anybody, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Csr, Int32, Int64, UInt8
    from leeward.network._graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["OWN_ACTS", "Rows", "Touches", "touches_of"]

OWN_ACTS: Final = (Act.AUTHORED, Act.REPOSTED, Act.LIKED)
"""The acts that touch a post: the first codes of :class:`~leeward.network.Act`."""

WEIGHTS: Final = np.array([1, 1, 0.6], np.float32)
"""By act: how much a touch counts. A like is the lightest sign of interest."""

_COMMUNITY: Final = int(Node.COMMUNITY)
_LAST: Final = int(Act.LIKED)


class Rows(NamedTuple):
    """For each account its things, or for each thing its accounts.

    Attributes:
        start: (rows + 1) Where each row begins.
        other: (touches) The other side, ascending within a row.
        weight: (touches) The weight of the strongest act.
    """

    start: Int64
    other: Int32
    weight: Floats

    def row(self, place: int) -> slice:
        """Where a row stands."""
        return slice(int(self.start[place]), int(self.start[place + 1]))

    def degrees(self) -> Int64:
        """How many touches each row has."""
        return np.diff(self.start)

    def unsigned(self) -> Rows:
        """The same memory as unsigned numbers; see :meth:`Csr.unsigned`."""
        start: Any = self.start.view(np.uint64)
        other: Any = self.other.view(np.uint32)
        return self._replace(start=start, other=other)


class Touches(NamedTuple):
    """Accounts and the things that two or more of them touched.

    Attributes:
        accounts: (accounts) Their nodes, ascending.
        things: (things) Their nodes, ascending.
        account_at: (nodes) The place of an account in ``accounts``; -1 for other nodes.
        thing_at: (nodes) The place of a thing in ``things``; -1 for other nodes.
        kind: (things) Codes of :class:`~leeward.network.Node`.
        by_account: The things that each account touched.
        by_thing: The accounts that touched each thing.
        size: (things) The weights of all its touches together.
        acts: (accounts, 3) How many posts each account made, reposted and liked, those that
            nobody else touched among them.
    """

    accounts: Int32
    things: Int32
    account_at: Int32
    thing_at: Int32
    kind: UInt8
    by_account: Rows
    by_thing: Rows
    size: Floats
    acts: Int32


def touches_of(graph: Graph) -> Touches:
    """Count who touched what."""
    nodes = len(graph.kind)
    accounts = graph.accounts()
    out = graph.out.unsigned()
    seen = np.full(nodes, -1, np.int32)
    counts = np.zeros(nodes, np.int32)
    acts = np.zeros((len(accounts), len(OWN_ACTS)), np.int32)
    lengths = _count(accounts, out, graph.kind, seen, counts, acts)
    things = np.flatnonzero(counts >= 2).astype(np.int32)
    thing_at = np.full(nodes, -1, np.int32)
    thing_at[things] = np.arange(len(things), dtype=np.int32)
    account_at = np.full(nodes, -1, np.int32)
    account_at[accounts] = np.arange(len(accounts), dtype=np.int32)
    seen[:] = -1
    place = np.zeros(nodes, np.int64)
    other = np.empty(lengths, np.int32)
    weight = np.empty(lengths, np.float32)
    start = np.zeros(len(accounts) + 1, np.int64)
    _fill(accounts, out, graph.kind, thing_at, seen, place, WEIGHTS, start, other, weight)
    by_account = Rows(start, other[: start[-1]].copy(), weight[: start[-1]].copy())
    del other, weight, seen, place
    by_thing = _turned(by_account, counts[things])
    size = np.add.reduceat(by_thing.weight, by_thing.start[:-1]) if len(things) else WEIGHTS[:0]
    return Touches(
        accounts,
        things,
        account_at,
        thing_at,
        graph.kind[things],
        by_account,
        by_thing,
        size.astype(np.float32),
        acts,
    )


def _turned(rows: Rows, counts: Int32) -> Rows:
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    other = np.empty(len(rows.other), np.int32)
    weight = np.empty(len(rows.other), np.float32)
    _turn(*rows.unsigned(), start[:-1].copy(), other, weight)
    return Rows(start, other, weight)


@kernel
def _count(accounts: Int32, out: Csr, kind: UInt8, seen: Int32, counts: Int32, acts: Int32) -> int:
    """Count the accounts that touched each node, and all touches."""
    touches = 0
    for i in range(len(accounts)):
        account = accounts[i]
        for e in range(out.start[account], out.start[account + 1]):
            act = out.act[e]
            if act > _LAST:
                continue
            acts[i, act] += 1
            post = out.node[e]
            if seen[post] == i:
                continue
            seen[post] = i
            counts[post] += 1
            touches += 1
            for c in range(out.start[post], out.start[post + 1]):
                thing = out.node[c]
                if kind[thing] != _COMMUNITY and seen[thing] != i:
                    seen[thing] = i
                    counts[thing] += 1
                    touches += 1
    return touches


@kernel
def _fill(
    accounts: Int32,
    out: Csr,
    kind: UInt8,
    thing_at: Int32,
    seen: Int32,
    place: Int64,
    weights: Floats,
    start: Int64,
    other: Int32,
    weight: Floats,
) -> None:
    """Write the rows of the accounts, each ascending and without repeats."""
    end = 0
    for i in range(len(accounts)):
        begin = end
        account = accounts[i]
        for e in range(out.start[account], out.start[account + 1]):
            if out.act[e] > _LAST:
                continue
            heavy = weights[out.act[e]]
            post = out.node[e]
            end = _touch(post, heavy, i, thing_at, seen, place, other, weight, end)
            for c in range(out.start[post], out.start[post + 1]):
                thing = out.node[c]
                if kind[thing] != _COMMUNITY:
                    end = _touch(thing, heavy, i, thing_at, seen, place, other, weight, end)
        order = np.argsort(other[begin:end])
        other[begin:end] = other[begin:end][order]
        weight[begin:end] = weight[begin:end][order]
        start[i + 1] = end


@kernel
def _touch(
    node: int,
    heavy: float,
    who: int,
    thing_at: Int32,
    seen: Int32,
    place: Int64,
    other: Int32,
    weight: Floats,
    end: int,
) -> int:
    thing = thing_at[node]
    if thing < 0:
        return end
    if seen[node] == who:
        weight[place[node]] = max(weight[place[node]], heavy)
        return end
    seen[node] = who
    place[node] = end
    other[end], weight[end] = thing, heavy
    return end + 1


@kernel
def _turn(
    start: Int64, other: Int32, weight: Floats, end: Int64, turned: Int32, turned_weight: Floats
) -> None:
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            to = end[other[e]]
            turned[to], turned_weight[to] = i, weight[e]
            end[other[e]] = to + 1
