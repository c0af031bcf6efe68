"""Edges become compressed rows, and rows with further edges larger ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._graph.csr import Csr, Edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.network._graph.csr import Bools, Int32, Int64, UInt8, UInt32

__all__ = ["both_ways"]

_SHORT: Final = 32
"""Rows up to this length are sorted by insertion."""


def both_ways(out: Csr, into: Csr, more: Sequence[Edges], same_as: Int32) -> tuple[Csr, Csr]:
    """A graph with further nodes and edges, by both ends; both are made at the same time.

    An edge that stands there already (the same ends, the same act) stays one edge, with the
    earlier of the two times. Rows to which nothing comes are moved as they lie, block by block:
    a few edges more cost little beside a copy of the memory.

    Args:
        out: The edges of the graph as it is, by who acted.
        into: The same by what was acted on.
        more: Edges between nodes that stand for themselves, in parts of any length.
        same_as: (nodes) For each node of the new graph the one that stands for it: the edges
            of the old graph move there.
    """
    moved = _moved(out, into, same_as)
    parts = [*more, moved._replace(source=same_as[moved.source], target=same_as[moved.target])]
    turned = [part.turned() for part in parts]
    with ThreadPoolExecutor(2) as threads:
        ways = (
            threads.submit(_extended, out, parts, moved.source, same_as),
            threads.submit(_extended, into, turned, moved.target, same_as),
        )
        return ways[0].result(), ways[1].result()


def _moved(out: Csr, into: Csr, same_as: Int32) -> Edges:
    """The old edges of which an end stands for itself no longer; some twice."""
    movers = _movers(out.start, into.start, same_as)
    return Edges.joined([out.edges(movers), into.edges(movers).turned()])


def _extended(old: Csr, parts: Sequence[Edges], left_by: Int32, same_as: Int32) -> Csr:
    """Rows with further edges, without the old ones that moved away from rows ``left_by``."""
    if not len(old.node):
        return _rows(parts, len(same_as))
    touched = np.unique(np.concatenate([left_by, *(part.source for part in parts)]))
    placed = [
        part._replace(source=np.searchsorted(touched, part.source).astype(np.int32))
        for part in parts
    ]
    fresh = _rows(placed, len(touched))
    lost = np.isin(touched, left_by)
    room = Edges.room(len(old.node) + len(fresh.node))
    new = Csr(np.empty(len(same_as) + 1, np.int64), room.target, room.act, room.at)
    return _cut(new, _weave(*old, touched, lost, *fresh, *new, same_as))


def _rows(parts: Sequence[Edges], nodes: int) -> Csr:
    """Rows of edges that come in any order, with repeats."""
    # While rows are filled, start[n + 1] is the place of the next edge of node n; so in the end
    # it is where the row ends.
    start = np.zeros(nodes + 1, np.int64)
    for part in parts:
        _count(part.source, start[1:])
    total = int(start.sum())
    start[1:] = np.cumsum(start)[:-1]
    node, act, at = np.empty(total, np.int32), np.empty(total, np.uint8), np.empty(total, np.uint32)
    for part in parts:
        _place(*part, start[1:], node, act, at)
    return _cut(Csr(start, node, act, at), _tidy(start, node, act, at))


def _cut(csr: Csr, length: int) -> Csr:
    """Give the memory behind the last edge back, without a copy of what is kept."""
    for array in csr[1:]:
        array.resize(length, refcheck=False)
    return csr


@kernel
def _movers(out: Int64, into: Int64, same_as: Int32) -> Int32:
    """The nodes that have edges, and stand for themselves no longer."""
    movers = np.empty(16, np.int32)
    count = 0
    for n in range(len(out) - 1):
        if same_as[n] != n and out[n + 1] - out[n] + into[n + 1] - into[n] > 0:
            if count == len(movers):
                movers = np.append(movers, np.empty_like(movers))
            movers[count] = n
            count += 1
    return movers[:count]


@kernel
def _count(source: Int32, counts: Int64) -> None:
    for n in source:
        counts[n] += 1


@kernel
def _place(
    source: Int32,
    target: Int32,
    acts: UInt8,
    times: UInt32,
    end: Int64,
    node: Int32,
    act: UInt8,
    at: UInt32,
) -> None:
    for i in range(len(source)):
        to = end[source[i]]
        node[to], act[to], at[to] = target[i], acts[i], times[i]
        end[source[i]] = to + 1


@kernel
def _tidy(start: Int64, node: Int32, act: UInt8, at: UInt32) -> int:
    """Sort the rows and drop repeats, moving all up; how many edges are left."""
    begin = left = 0
    for n in range(len(start) - 1):
        end = start[n + 1]
        length = end - begin
        if length > 1:
            length = _without_repeats(node[begin:end], act[begin:end], at[begin:end])
        if left < begin:
            _copy(node, act, at, begin, begin + length, node, act, at, left)
        begin = end
        left += length
        start[n + 1] = left
    return left


@kernel
def _copy(
    node: Int32,
    act: UInt8,
    at: UInt32,
    begin: int,
    end: int,
    to_node: Int32,
    to_act: UInt8,
    to_at: UInt32,
    to: int,
) -> int:
    """Copy edges to a place that is not behind theirs; the place after them there."""
    # A loop an array: each becomes a copy of whole words.
    for i in range(end - begin):
        to_node[to + i] = node[begin + i]
    for i in range(end - begin):
        to_act[to + i] = act[begin + i]
    for i in range(end - begin):
        to_at[to + i] = at[begin + i]
    return to + end - begin


@kernel
def _weave(
    start: Int64,
    node: Int32,
    act: UInt8,
    at: UInt32,
    touched: Int32,
    lost: Bools,
    more_start: Int64,
    more_node: Int32,
    more_act: UInt8,
    more_at: UInt32,
    new_start: Int64,
    new_node: Int32,
    new_act: UInt8,
    new_at: UInt32,
    same_as: Int32,
) -> int:
    """Fill new rows with the old ones and more edges of touched rows; how many edges there are.

    Of rows that have ``lost`` edges, those are left out that belong elsewhere by ``same_as``.
    """
    known = len(start) - 1
    behind = filled = 0
    new_start[0] = 0
    for i in range(len(touched)):
        n = touched[i]
        filled = _copy_rows(start, node, act, at, behind, n, new_start, new_node, new_act, new_at)
        first, last = start[min(n, known)], start[min(n + 1, known)]
        row = node[first:last], act[first:last], at[first:last]
        first, last = more_start[i], more_start[i + 1]
        more = more_node[first:last], more_act[first:last], more_at[first:last]
        if lost[i]:
            stay = _staying(n, row[0], same_as)
            kept = row[0][stay], row[1][stay], row[2][stay]
            filled = _weave_row(*kept, *more, new_node, new_act, new_at, filled)
        else:
            filled = _weave_row(*row, *more, new_node, new_act, new_at, filled)
        behind = n + 1
        new_start[behind] = filled
    end = len(new_start) - 1
    return _copy_rows(start, node, act, at, behind, end, new_start, new_node, new_act, new_at)


@kernel
def _copy_rows(
    start: Int64,
    node: Int32,
    act: UInt8,
    at: UInt32,
    begin: int,
    end: int,
    new_start: Int64,
    new_node: Int32,
    new_act: UInt8,
    new_at: UInt32,
) -> int:
    """Copy rows as they lie behind what is filled; the place after them."""
    known, filled = len(start) - 1, new_start[begin]
    first, last = start[min(begin, known)], start[min(end, known)]
    for n in range(begin, min(end, known)):
        new_start[n + 1] = filled + start[n + 1] - first
    filled = _copy(node, act, at, first, last, new_node, new_act, new_at, filled)
    for n in range(max(begin, known), end):
        new_start[n + 1] = filled
    return filled


@kernel
def _staying(n: int, row: Int32, same_as: Int32) -> Int64:
    """The places in a row of the edges that stay in it."""
    if same_as[n] != n:
        return np.empty(0, np.int64)
    return np.flatnonzero(same_as[row] == row)


@kernel
def _weave_row(
    node: Int32,
    act: UInt8,
    at: UInt32,
    more_node: Int32,
    more_act: UInt8,
    more_at: UInt32,
    new_node: Int32,
    new_act: UInt8,
    new_at: UInt32,
    filled: int,
) -> int:
    """Append two sorted rows as one; the place behind it."""
    i = 0
    for j in range(len(more_node)):
        place = _behind(node, act, i, more_node[j], more_act[j])
        filled = _copy(node, act, at, i, place, new_node, new_act, new_at, filled)
        i = place
        new_node[filled], new_act[filled], new_at[filled] = more_node[j], more_act[j], more_at[j]
        if i < len(node) and node[i] == more_node[j] and act[i] == more_act[j]:
            new_at[filled] = min(at[i], more_at[j])
            i += 1
        filled += 1
    return _copy(node, act, at, i, len(node), new_node, new_act, new_at, filled)


@kernel
def _behind(node: Int32, act: UInt8, begin: int, other: int, code: int) -> int:
    """From a place on in a sorted row, the first that does not stand before an edge.

    Steps that double, then a bisection: quick where it is near, and in the rows of hubs.
    """
    low, high, step = begin, begin, 1
    while high < len(node) and (node[high] < other or (node[high] == other and act[high] < code)):
        low = high + 1
        high += step
        step *= 2
    high = min(high, len(node))
    while low < high:
        middle = (low + high) // 2
        if node[middle] < other or (node[middle] == other and act[middle] < code):
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _without_repeats(node: Int32, act: UInt8, at: UInt32) -> int:
    """Sort a row; of repeats keep one, with the earliest time. How many edges are left."""
    if len(node) <= _SHORT:
        _insertion_sort(node, act, at)
    else:
        _sort(node, act, at)
    last = 0
    for i in range(1, len(node)):
        if node[i] != node[last] or act[i] != act[last]:
            last += 1
            node[last], act[last], at[last] = node[i], act[i], at[i]
        elif at[i] < at[last]:
            at[last] = at[i]
    return last + 1


@kernel
def _insertion_sort(node: Int32, act: UInt8, at: UInt32) -> None:
    """Sort a short row in place, by the other end and the act."""
    for i in range(1, len(node)):
        n, a, t = node[i], act[i], at[i]
        j = i
        while j > 0 and (node[j - 1] > n or (node[j - 1] == n and act[j - 1] > a)):
            node[j], act[j], at[j] = node[j - 1], act[j - 1], at[j - 1]
            j -= 1
        node[j], act[j], at[j] = n, a, t


@kernel
def _sort(node: Int32, act: UInt8, at: UInt32) -> None:
    """Sort a long row in place, by the other end and the act."""
    order = np.argsort((node.astype(np.int64) << 8) | act, kind="mergesort")
    node[:], act[:], at[:] = node[order], act[order], at[order]
