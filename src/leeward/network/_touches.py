"""Which accounts touched which shared things: the ground on which evidence is counted.

A thing is a post, or a picture, hashtag or link that posts carry. An account touches a post by
making, reposting or liking it, and what the post carries along with it. What others do to an
account, replies and complaints are no touches. What fewer than two accounts touched ties nobody
to anybody, and is left out.

What others do with an account's own posts must not tell of that account. So each touch says *how*:
whether the account came by the thing in somebody else's post, or only made it itself. What it only
made leads to it by others who made the same before or after, never by those who passed its own
post on; and not at all where it was the first to make it, since it chose none of those who copied
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Bools, Csr, Int32, Int64, UInt8
    from leeward.network._graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["CAME", "MADE", "OWN_ACTS", "Rows", "Touches", "through", "touches_of"]

OWN_ACTS: Final = (Act.AUTHORED, Act.REPOSTED, Act.LIKED)
"""The acts that touch a post: the first codes of :class:`~leeward.network.Act`."""

WEIGHTS: Final = np.array([1, 1, 0.6], np.float32)
"""By act: how much a touch counts. A like is the lightest sign of interest."""

MADE: Final = 1
"""How: in a post of one's own."""
CAME: Final = 2
"""How: by a repost or a like of somebody else's post."""

_COMMUNITY: Final = int(Node.COMMUNITY)
_POST: Final = int(Node.POST)
_AUTHORED: Final = int(Act.AUTHORED)
_LAST: Final = int(Act.LIKED)


class Rows(NamedTuple):
    """For each account its things, or for each thing its accounts.

    Attributes:
        start: (rows + 1) Where each row begins.
        other: (touches) The other side, ascending within a row.
        weight: (touches) The weight of the strongest act.
        how: (touches) Bits: :data:`MADE`, :data:`CAME`.
    """

    start: Int64
    other: Int32
    weight: Floats
    how: UInt8

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
        makers: (things) How many accounts made a post with it; for a post, 1 or 0.
        beginner: (things) The place of the account that made it first; -1 where nobody is known.
        met: (things) Tells which the log met first; no two are alike.
        acts: (accounts, 3) How many posts each account made, and how many of others it reposted
            and liked, those that nobody else touched among them.
    """

    accounts: Int32
    things: Int32
    account_at: Int32
    thing_at: Int32
    kind: UInt8
    by_account: Rows
    by_thing: Rows
    size: Floats
    makers: Int32
    beginner: Int32
    met: Int64
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
    how = np.zeros(lengths, np.uint8)
    start = np.zeros(len(accounts) + 1, np.int64)
    _fill(accounts, out, graph.kind, thing_at, seen, place, WEIGHTS, start, other, weight, how)
    end = int(start[-1])
    by_account = Rows(start, other[:end].copy(), weight[:end].copy(), how[:end].copy())
    del other, weight, how, seen, place
    by_thing = _turned(by_account, counts[things])
    makers = np.zeros(len(things), np.int32)
    _count_makers(by_thing.start, by_thing.how, makers)
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
        makers,
        _beginners(graph, things, account_at),
        # By event, then by the place in it, then by kind.
        (graph.first[things] << 19)
        | (graph.slot[things].astype(np.int64) << 3)
        | graph.kind[things],
        acts,
    )


def _beginners(graph: Graph, things: Int32, account_at: Int32) -> Int32:
    """(things) Who made the post that had each first, by the order of the log."""
    earliest = np.full(len(graph.kind), -1, np.int32)
    _find_earliest(graph.kind, graph.first, graph.out.unsigned(), earliest)
    post = np.where(graph.kind[things] == Node.POST, things, earliest[things])
    by = np.where(post >= 0, graph.author[post], -1)
    found: Int32 = np.where(by >= 0, account_at[by], -1).astype(np.int32)
    return found


def through(touches: Touches, kind: Node) -> Touches:
    """The touches of one kind of things; places of accounts stay, those of things do not."""
    chosen = touches.kind == kind
    place = np.where(chosen, np.cumsum(chosen) - 1, -1).astype(np.int32)
    thing_at = np.append(place, np.int32(-1))[touches.thing_at]  # -1, no thing, stands last
    return touches._replace(
        things=touches.things[chosen],
        thing_at=thing_at,
        kind=touches.kind[chosen],
        by_account=_some(touches.by_account, chosen[touches.by_account.other], place),
        by_thing=_rows(touches.by_thing, chosen),
        size=touches.size[chosen],
        makers=touches.makers[chosen],
        beginner=touches.beginner[chosen],
        met=touches.met[chosen],
    )


def _some(rows: Rows, chosen: Bools, place: Int32) -> Rows:
    """Some touches of each row; where the other side stands now."""
    before = np.zeros(len(chosen) + 1, np.int64)
    np.cumsum(chosen, out=before[1:])
    return Rows(
        before[rows.start], place[rows.other[chosen]], rows.weight[chosen], rows.how[chosen]
    )


def _rows(rows: Rows, chosen: Bools) -> Rows:
    """Some whole rows."""
    lengths = rows.degrees()
    start = np.zeros(int(chosen.sum()) + 1, np.int64)
    np.cumsum(lengths[chosen], out=start[1:])
    inside = np.repeat(chosen, lengths)
    return Rows(start, rows.other[inside], rows.weight[inside], rows.how[inside])


def _turned(rows: Rows, counts: Int32) -> Rows:
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    other = np.empty(len(rows.other), np.int32)
    weight = np.empty(len(rows.other), np.float32)
    how = np.empty(len(rows.other), np.uint8)
    _turn(*rows.unsigned(), start[:-1].copy(), other, weight, how)
    return Rows(start, other, weight, how)


@kernel
def _count(accounts: Int32, out: Csr, kind: UInt8, seen: Int32, counts: Int32, acts: Int32) -> int:
    """Count the accounts that touched each node, and all touches."""
    touches = 0
    for i in range(len(accounts)):
        account, mine = accounts[i], len(kind)
        for e in range(out.start[account], out.start[account + 1]):
            act = out.act[e]
            if act > _LAST:
                continue
            post = out.node[e]
            if act == _AUTHORED:  # stands first of what an account did to a post
                mine = post
            if act == _AUTHORED or post != mine:
                acts[i, act] += 1
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
    how: UInt8,
) -> None:
    """Write the rows of the accounts, each ascending and without repeats."""
    end = 0
    for i in range(len(accounts)):
        begin = end
        account, mine = accounts[i], len(kind)
        for e in range(out.start[account], out.start[account + 1]):
            if out.act[e] > _LAST:
                continue
            heavy = weights[out.act[e]]
            post = out.node[e]
            if out.act[e] == _AUTHORED:
                mine = post
            bit = MADE if post == mine else CAME
            end = _touch(post, heavy, bit, i, thing_at, seen, place, other, weight, how, end)
            for c in range(out.start[post], out.start[post + 1]):
                thing = out.node[c]
                if kind[thing] != _COMMUNITY:
                    end = _touch(
                        thing, heavy, bit, i, thing_at, seen, place, other, weight, how, end
                    )
        order = np.argsort(other[begin:end])
        other[begin:end] = other[begin:end][order]
        weight[begin:end] = weight[begin:end][order]
        how[begin:end] = how[begin:end][order]
        start[i + 1] = end


@kernel
def _touch(
    node: int,
    heavy: float,
    bit: int,
    who: int,
    thing_at: Int32,
    seen: Int32,
    place: Int64,
    other: Int32,
    weight: Floats,
    how: UInt8,
    end: int,
) -> int:
    thing = thing_at[node]
    if thing < 0:
        return end
    if seen[node] == who:
        weight[place[node]] = max(weight[place[node]], heavy)
        how[place[node]] |= bit
        return end
    seen[node] = who
    place[node] = end
    other[end], weight[end], how[end] = thing, heavy, bit
    return end + 1


@kernel
def _turn(
    start: Int64,
    other: Int32,
    weight: Floats,
    how: UInt8,
    end: Int64,
    turned: Int32,
    turned_weight: Floats,
    turned_how: UInt8,
) -> None:
    for i in range(len(start) - 1):
        for e in range(start[i], start[i + 1]):
            to = end[other[e]]
            turned[to], turned_weight[to], turned_how[to] = i, weight[e], how[e]
            end[other[e]] = to + 1


@kernel
def _count_makers(start: Int64, how: UInt8, makers: Int32) -> None:
    for i in range(len(makers)):
        for e in range(start[i], start[i + 1]):
            makers[i] += how[e] & MADE


@kernel
def _find_earliest(kind: UInt8, first: Int64, out: Csr, earliest: Int32) -> None:
    """Write for what posts carry the post that the log named first."""
    for post in range(len(kind)):
        if kind[post] == _POST:
            for c in range(out.start[post], out.start[post + 1]):
                thing = out.node[c]
                if earliest[thing] < 0 or first[post] < first[earliest[thing]]:
                    earliest[thing] = post
