"""What counts for accounts, added up: the kernels under the families that compare items.

:mod:`leeward.network._families.items` says what counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._families.items import BY_ACT, BY_KIND
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.order import order_met
from leeward.network._graph.parallel import in_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._families.items import Touched
    from leeward.network._graph.csr import Bools, Csr, Int32, Int64, UInt8, UInt32
    from leeward.network._graph.graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["counted", "lengths", "origins", "popularity", "sums"]

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_MEDIA: Final = int(Node.MEDIA)
_AUTHORED: Final = int(Act.AUTHORED)
_REPOSTED: Final = int(Act.REPOSTED)
_LIKED: Final = int(Act.LIKED)
_FOLLOWED: Final = int(Act.FOLLOWED)


def origins(graph: Graph) -> Int32:
    """(nodes) The account that was the first to post a picture; -1 where it is not known."""
    owner = np.full(len(graph.kind), -1, np.int32)
    kind, into = graph.kind, graph.into.unsigned()
    in_parts(
        graph, lambda low, high: _first(low, high, kind, graph.first, into, graph.author, owner)
    )
    return owner


@kernel
def _first(
    low: int, high: int, kind: UInt8, first: Int64, into: Csr, author: Int32, owner: Int32
) -> None:
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _MEDIA and into.start[n] < into.start[n + 1]:
            earliest = into.start[n]
            for e in range(into.start[n], into.start[n + 1]):
                if into.at[e] < into.at[earliest] or (
                    into.at[e] == into.at[earliest]
                    and first[into.node[e]] < first[into.node[earliest]]
                ):
                    earliest = e
            owner[n] = author[into.node[earliest]]


def popularity(graph: Graph) -> Int32:
    """How many accounts touched each item.

    Of a post who reposted or liked it, of a carried thing who made a post with it, of an account
    who follows it.
    """
    found = np.zeros(len(graph.kind), np.int32)
    kind, into = graph.kind, graph.into.unsigned()
    in_parts(graph, lambda low, high: _popularity(low, high, kind, into, graph.author, found))
    return found


@kernel
def _popularity(low: int, high: int, kind: UInt8, into: Csr, author: Int32, found: Int32) -> None:
    seen = np.full(len(kind), -1, np.int32)
    for n in range(np.uint64(low), np.uint64(high)):
        begin, end = into.start[n], into.start[n + 1]
        count = 0
        if kind[n] > _POST:
            for e in range(begin, end):
                a = author[into.node[e]]
                if a < 0:
                    count += 1
                elif seen[a] != n:
                    seen[a] = n
                    count += 1
        else:
            last = len(kind)
            for e in range(begin, end):
                act, a = into.act[e], into.node[e]
                chosen = act == _FOLLOWED
                if kind[n] == _POST:
                    chosen = act in (_REPOSTED, _LIKED) and author[n] != a
                if chosen and a != last:  # edges of an account stand together
                    count += 1
                    last = a
        found[n] = count


def lengths(graph: Graph, rarity: Floats, owner: Int32) -> tuple[Floats, Floats]:
    """The size of what counts for each account.

    Args:
        graph: The interaction graph.
        rarity: (nodes) What a touch of each item weighs.
        owner: (nodes) Who was the first to post a picture, by :func:`origins`.

    Returns:
        (nodes) The sum of the squares of the weights of what each account touched, and the sum
        of its touches, each by how much it counts.
    """
    squares, touches = (np.zeros(len(graph.kind), np.float32) for _ in range(2))
    kind, out = graph.kind, graph.out.unsigned()
    in_parts(
        graph, lambda low, high: _lengths(low, high, kind, out, rarity, owner, squares, touches)
    )
    return squares, touches


@kernel
def _lengths(
    low: int,
    high: int,
    kind: UInt8,
    out: Csr,
    rarity: Floats,
    owner: Int32,
    squares: Floats,
    touches: Floats,
) -> None:
    seen = np.full(len(kind), -1, np.int32)
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] != _ACCOUNT:
            continue
        square, touch = 0.0, 0.0
        made, last = np.int64(-1), np.int64(-1)
        for e in range(out.start[n], out.start[n + 1]):
            act, p = out.act[e], np.int64(out.node[e])
            if act == _AUTHORED:  # stands first of what an account did to a post
                made = p
            weight = 0.0
            if act in (_REPOSTED, _LIKED) and p != made and p != last:
                weight = BY_ACT[act]  # the stronger of the two stands first
                last = p
            if act == _FOLLOWED:
                weight = BY_KIND[_ACCOUNT]
            square += (weight * rarity[p]) ** 2
            touch += weight
            if act <= _REPOSTED:
                for i in range(out.start[p], out.start[p + 1]):
                    thing = out.node[i]
                    if seen[thing] != n and owner[thing] != n:
                        seen[thing] = n
                        square += (BY_KIND[kind[thing]] * rarity[thing]) ** 2
                        touch += BY_KIND[kind[thing]]
        squares[n] = square
        touches[n] = touch


def counted(graph: Graph, touched: Touched, owner: Int32) -> Int64:
    """(items) For how many accounts each of some items counts."""
    nothing = np.zeros((len(touched.node), 0), np.float32)
    none = np.zeros((len(touched.left.account), 0), np.float32)
    return _sums(graph, touched, owner, nothing, none)[1]


def sums(graph: Graph, touched: Touched, owner: Int32, values: Floats, others: Floats) -> Floats:
    """Add up, for each account, the values of what counts for it, by how much each touch counts.

    Args:
        graph: The interaction graph.
        touched: The items that have a value.
        owner: (nodes) Who was the first to post a picture, by :func:`origins`.
        values: (items, columns) Their values.
        others: (parts, columns) The values that they have for the accounts of ``touched.left``.

    Returns:
        (nodes, columns) float32; 0 but for accounts that touched some of them.
    """
    return _sums(graph, touched, owner, values, others)[0]


def _sums(
    graph: Graph, touched: Touched, owner: Int32, values: Floats, others: Floats
) -> tuple[Floats, Int64]:
    total = np.zeros((len(graph.kind), values.shape[1]), np.float32)
    count = np.zeros(len(touched.node), np.int64)
    left = touched.left
    _add(
        # A sum of floats hangs on its order, and that of nodes on how the log came in.
        order_met(graph, touched.node),
        touched.node,
        touched.given,
        graph.kind,
        graph.into.unsigned(),
        graph.author,
        owner,
        values,
        left.start,
        left.account,
        others,
        total,
        count,
    )
    return total, count


@kernel
def _add(
    order: Int64,
    items: Int32,
    given: Bools,
    kind: UInt8,
    into: Csr,
    author: Int32,
    owner: Int32,
    values: Floats,
    start: Int64,
    account: Int32,
    others: Floats,
    total: Floats,
    count: Int64,
) -> None:
    strongest = np.zeros(len(kind), np.float32)
    who = np.empty(len(kind), np.uint32)
    for i in order:
        n = np.uint64(items[i])
        if kind[n] > _POST:
            weight = np.float32(BY_KIND[kind[n]])
            found = _carriers(n, weight, into, int(owner[n]), strongest, who)
        else:
            found = _actors(n, kind[n], given[i], into, int(author[n]), strongest, who)
        count[i] = found
        for f in range(found):
            for c in range(values.shape[1]):
                total[who[f], c] += strongest[who[f]] * values[i, c]
        for k in range(start[i], start[i + 1]):
            for c in range(values.shape[1]):
                total[account[k], c] += strongest[account[k]] * (others[k, c] - values[i, c])
        for f in range(found):
            strongest[who[f]] = 0


@kernel
def _carriers(
    n: np.uint64, weight: np.float32, into: Csr, owner: int, strongest: Floats, who: UInt32
) -> int:
    """For whom a carried thing counts: who made or reposted a post with it."""
    found = 0
    for e in range(into.start[n], into.start[n + 1]):
        post = into.node[e]
        for i in range(into.start[post], into.start[post + 1]):
            a = into.node[i]
            if into.act[i] <= _REPOSTED and strongest[a] == 0 and owner != np.int64(a):
                strongest[a] = weight
                who[found] = a
                found += 1
    return found


@kernel
def _actors(
    n: np.uint64,
    kind: int,
    given: bool,
    into: Csr,
    author: int,
    strongest: Floats,
    who: UInt32,
) -> int:
    """For whom a post or an account counts: who acted on it."""
    found = 0
    for e in range(into.start[n], into.start[n + 1]):
        a, act = into.node[e], into.act[e]
        weight = np.float32(0)
        if kind == _ACCOUNT and act == _FOLLOWED:
            weight = np.float32(BY_KIND[_ACCOUNT])
        if kind == _POST and act <= _LIKED and (given or (author != a and act != _AUTHORED)):
            weight = np.float32(BY_ACT[act])
        if weight > 0:
            if strongest[a] == 0:
                who[found] = a
                found += 1
            strongest[a] = max(strongest[a], weight)
    return found
