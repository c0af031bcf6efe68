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
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.prefetch import AHEAD, prefetch

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Csr, Int32, Int64, UInt8
    from leeward.network._graph.graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = [
    "CAME",
    "MADE",
    "OWN_ACTS",
    "Rows",
    "Touches",
    "count_acts",
    "fill",
    "order_of",
    "touches_of",
]

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
_REPLIED: Final = int(Act.REPLIED)


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
        replies: (accounts) How many posts each answered.
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
    replies: Int32


def touches_of(graph: Graph) -> Touches:
    """Count who touched what."""
    nodes = len(graph.kind)
    accounts = graph.accounts()
    out = graph.out.unsigned()
    seen = np.full(nodes, -1, np.int32)
    counts = np.zeros(nodes, np.int32)
    acts = np.zeros((len(accounts), len(OWN_ACTS)), np.int32)
    replies = np.zeros(len(accounts), np.int32)
    lengths = _count(accounts, out, graph.kind, seen, counts, acts, replies)
    things = np.flatnonzero(counts >= 2).astype(np.int32)
    thing_at = np.full(nodes, -1, np.int32)
    thing_at[things] = np.arange(len(things), dtype=np.int32)
    account_at = np.full(nodes, -1, np.int32)
    account_at[accounts] = np.arange(len(accounts), dtype=np.int32)
    del seen
    other = np.empty(lengths, np.int32)
    weight = np.empty(lengths, np.float32)
    how = np.empty(lengths, np.uint8)
    start = np.zeros(len(accounts) + 1, np.int64)
    end = fill(accounts, out, graph.kind, thing_at, WEIGHTS, start, other, weight, how)
    for array in (other, weight, how):  # the room behind the last touch is given back
        array.resize(end, refcheck=False)
    by_account = Rows(start, other, weight, how)
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
        order_of(graph, things),
        acts,
        replies,
    )


def order_of(graph: Graph, things: Int32) -> Int64:
    """(things) Tells which the log met first: by event, then by the place in it, then by kind."""
    slot = graph.slot[things].astype(np.int64)
    order: Int64 = (graph.first[things] << 19) | (slot << 3) | graph.kind[things]
    return order


def count_acts(graph: Graph, accounts: Int32) -> tuple[Int32, Int32]:
    """(accounts, 3) and (accounts) How much some accounts did; see :class:`Touches`."""
    acts = np.zeros((len(accounts), len(OWN_ACTS)), np.int32)
    replies = np.zeros(len(accounts), np.int32)
    _count_own(accounts, graph.out.unsigned(), acts, replies)
    return acts, replies


def _beginners(graph: Graph, things: Int32, account_at: Int32) -> Int32:
    """(things) Who made the post that had each first, by the order of the log."""
    earliest = np.full(len(graph.kind), -1, np.int32)
    _find_earliest(graph.kind, graph.first, graph.out.unsigned(), earliest)
    post = np.where(graph.kind[things] == Node.POST, things, earliest[things])
    by = np.where(post >= 0, graph.author[post], -1)
    found: Int32 = np.where(by >= 0, account_at[by], -1).astype(np.int32)
    return found


def _turned(rows: Rows, counts: Int32) -> Rows:
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    other = np.empty(len(rows.other), np.int32)
    weight = np.empty(len(rows.other), np.float32)
    how = np.empty(len(rows.other), np.uint8)
    _turn(*rows.unsigned(), start[:-1].copy(), other, weight, how)
    return Rows(start, other, weight, how)


@kernel
def _count(
    accounts: Int32,
    out: Csr,
    kind: UInt8,
    seen: Int32,
    counts: Int32,
    acts: Int32,
    replies: Int32,
) -> int:
    """Count the accounts that touched each node, what each did, and all touches."""
    touches = 0
    for i in range(len(accounts)):
        account, mine = accounts[i], len(kind)
        for e in range(out.start[account], out.start[account + 1]):
            act = out.act[e]
            replies[i] += act == _REPLIED
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
def _count_own(accounts: Int32, out: Csr, acts: Int32, replies: Int32) -> None:
    for i in range(len(accounts)):
        mine = np.uint64(len(out.start))
        for e in range(out.start[accounts[i]], out.start[accounts[i] + 1]):
            act = out.act[e]
            replies[i] += act == _REPLIED
            if act > _LAST:
                continue
            post = np.uint64(out.node[e])
            if act == _AUTHORED:  # stands first of what an account did to a post
                mine = post
            if act == _AUTHORED or post != mine:
                acts[i, act] += 1


@kernel
def fill(  # noqa: C901 - handing on so many arrays takes twice the time
    accounts: Int32,
    out: Csr,
    kind: UInt8,
    thing_at: Int32,
    weights: Floats,
    start: Int64,
    other: Int32,
    weight: Floats,
    how: UInt8,
) -> int:
    """Write the rows of some accounts, each ascending and without repeats; where they end.

    Each touch is one number while a row is made: the thing, then how heavy the act is (the
    place in ``weights``, the lightest last), then how the account came by it.
    """
    begins, node, acts = out.start, out.node, out.act
    touched, end = np.empty(1 << 10, np.int64), 0
    for i in range(len(accounts)):
        account, mine, count = accounts[i], np.uint64(len(kind)), 0
        for e in range(begins[account], begins[account + 1]):
            if e + AHEAD < len(node):
                prefetch(thing_at, node[e + AHEAD])
                prefetch(begins, node[e + AHEAD])
            act, post = acts[e], np.uint64(node[e])
            if act > _LAST:
                continue
            if act == _AUTHORED:
                mine = post
            code = (np.int64(act) << 2) | (MADE if post == mine else CAME)
            first, last = begins[post], begins[post + 1]
            if count + np.int64(last - first) + 1 > len(touched):
                more = np.empty(2 * (count + np.int64(last - first) + 1), np.int64)
                more[:count] = touched[:count]
                touched = more
            if thing_at[post] >= 0:
                touched[count] = (np.int64(thing_at[post]) << 4) | code
                count += 1
            for c in range(first, last):
                thing = node[c]
                if kind[thing] != _COMMUNITY and thing_at[thing] >= 0:
                    touched[count] = (np.int64(thing_at[thing]) << 4) | code
                    count += 1
        touched[:count].sort()
        begin = end
        for t in range(count):
            thing = touched[t] >> 4
            if end > begin and other[end - 1] == thing:
                how[end - 1] |= touched[t] & 3
                continue  # what stands first is the heaviest
            other[end], how[end] = thing, touched[t] & 3
            weight[end] = weights[(touched[t] >> 2) & 3]
            end += 1
        start[i + 1] = end
    return end


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
