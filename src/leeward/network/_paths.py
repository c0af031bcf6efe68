"""The most probable way from a seed to every node: what an explanation tells.

Bellman and Ford's iteration, with products of transition probabilities in place of sums of
lengths. It stops after :data:`REACH` steps; what lies farther away is not told as a story. Of
equally probable ways the one counts that comes from what the log met first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node
from leeward.network._flow import Flow, leaving
from leeward.network._order import earlier
from leeward.network._parallel import in_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._csr import Csr, Int32, Int64, UInt8
    from leeward.network._graph import Graph, UInt16
    from leeward.network._steps import Steps, WalkSettings

    Floats = npt.NDArray[np.float32]

__all__ = ["REACH", "Paths", "paths"]

REACH: Final = 12
"""Steps: three times from an account over a post, a picture and a post to an account."""

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_MEDIA: Final = int(Node.MEDIA)
_AUTHORED: Final = int(Act.AUTHORED)
_FOLLOWED: Final = int(Act.FOLLOWED)


class _Nodes(NamedTuple):
    """What decides between equally probable ways."""

    first: Int64
    kind: UInt8
    slot: UInt16


class Paths(NamedTuple):
    """The best way to each node, as a tree.

    Attributes:
        x, y: (nodes) The probability of the best way, in the states of the walk.
        before, before_y: (nodes) The node before it; -1 at a seed and where no way leads.
        by: (nodes) Before an account: whether the step is from a post in state ``y``.
    """

    x: Floats
    y: Floats
    before: Int32
    before_y: Int32
    by: UInt8


def paths(graph: Graph, steps: Steps, restart: Floats, settings: WalkSettings) -> Paths:
    """The most probable way of a walker from a seed that is no innocent one to every node."""
    given = np.maximum(restart, 0)
    x = given.copy()
    none = np.full(len(x), -1, np.int32)
    y = np.where(graph.kind == Node.POST, x, 0).astype(np.float32)
    found = Paths(x, y, none, none.copy(), np.zeros(len(x), np.uint8))
    flow = leaving(graph.kind, steps, x)
    after = Flow(*(np.zeros_like(values) for values in flow))
    on = np.float32(1 - settings.restart)
    for _ in range(REACH):
        if not any(in_parts(graph, _improving(graph, steps, given, on, found, flow, after))):
            break
        flow, after = after, flow
    return found


def _improving(
    graph: Graph,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    found: Paths,
    flow: Flow,
    after: Flow,
) -> Callable[[int, int], bool]:
    """One step more: from what left the nodes, better ways to them and what leaves them now."""
    nodes = _Nodes(graph.first, graph.kind, graph.slot)
    out, into = graph.out.unsigned(), graph.into.unsigned()

    def part(low: int, high: int) -> bool:
        improved = (
            _to_accounts(low, high, nodes, out, steps, on, flow, found, after),
            _to_posts(low, high, nodes, into, steps, restart, on, flow, found, after),
            _to_posts_by_things(low, high, nodes, graph.author, out, steps, on, flow, found, after),
            _to_things(low, high, nodes, into, steps, on, flow, found, after),
        )
        return any(improved)

    return part


# As in the walk, no kernel calls another but where ways tie, and numbers of nodes are unsigned.


@kernel
def _to_accounts(
    low: int,
    high: int,
    nodes: _Nodes,
    out: Csr,
    steps: Steps,
    on: np.float32,
    flow: Flow,
    found: Paths,
    after: Flow,
) -> bool:
    improved = False
    second = steps.back2.copy()
    second[_FOLLOWED] = 1  # there it is what goes to followers
    for n in range(np.uint64(low), np.uint64(high)):
        if nodes.kind[n] == _ACCOUNT:
            best, before, by = np.float32(0), -1, False
            for e in range(out.start[n], out.start[n + 1]):
                act, p = out.act[e], out.node[e]
                direct = steps.back[act] * flow.acts[p, 0]
                if direct > best or (
                    0 < direct == best and earlier(p, before, nodes.first, nodes.kind, nodes.slot)
                ):
                    best, before, by = direct, p, False
                through = second[act] * flow.acts[p, 1]
                if through > best or (
                    0 < through == best and earlier(p, before, nodes.first, nodes.kind, nodes.slot)
                ):
                    best, before, by = through, p, act != _FOLLOWED
            if on * best > found.x[n]:
                found.x[n], found.before[n], found.by[n] = on * best, before, by
                improved = True
            after.acts[n, 0] = found.x[n] * steps.give[n]
            after.acts[n, 1] = found.x[n] * steps.give2[n]
    return improved


@kernel
def _to_posts(
    low: int,
    high: int,
    nodes: _Nodes,
    into: Csr,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    flow: Flow,
    found: Paths,
    after: Flow,
) -> bool:
    improved = False
    for n in range(np.uint64(low), np.uint64(high)):
        if nodes.kind[n] == _POST:
            best, before, own = np.float32(0), -1, np.float32(0)
            for e in range(into.start[n], into.start[n + 1]):
                a = into.node[e]
                value = steps.out[into.act[e]] * flow.acts[a, 0]
                if into.act[e] == _AUTHORED:
                    own = max(own, value)
                if value > best or (
                    0 < value == best and earlier(a, before, nodes.first, nodes.kind, nodes.slot)
                ):
                    best, before = value, a
            best *= on * steps.take[n]
            if best > found.x[n]:
                found.x[n], found.before[n] = best, before
                improved = True
            after.acts[n, 0] = found.x[n] * steps.give[n]
            after.things[n, 0] = found.x[n] * steps.give3[n]
            own = max(restart[n], own * on * steps.take[n])
            after.things[n, 1] = max(own * steps.give3[n], flow.things[n, 1])
    return improved


@kernel
def _to_posts_by_things(
    low: int,
    high: int,
    nodes: _Nodes,
    author: Int32,
    out: Csr,
    steps: Steps,
    on: np.float32,
    flow: Flow,
    found: Paths,
    after: Flow,
) -> bool:
    improved = False
    for n in range(np.uint64(low), np.uint64(high)):
        if nodes.kind[n] == _POST and out.start[n] < out.start[n + 1]:
            best, before = np.float32(0), -1
            for e in range(out.start[n], out.start[n + 1]):
                thing = out.node[e]
                value = flow.acts[thing, 0]
                if np.uint32(steps.origin[thing]) == n or (
                    steps.owner[thing] >= 0 and steps.owner[thing] == author[n]
                ):
                    continue
                if value > best or (
                    0 < value == best
                    and earlier(thing, before, nodes.first, nodes.kind, nodes.slot)
                ):
                    best, before = value, thing
            if on * best > found.y[n]:
                found.y[n], found.before_y[n] = on * best, before
                improved = True
            after.acts[n, 1] = found.y[n] * steps.give2[n]
    return improved


@kernel
def _to_things(
    low: int,
    high: int,
    nodes: _Nodes,
    into: Csr,
    steps: Steps,
    on: np.float32,
    flow: Flow,
    found: Paths,
    after: Flow,
) -> bool:
    improved = False
    for n in range(np.uint64(low), np.uint64(high)):
        if nodes.kind[n] > _POST:
            best, before = np.float32(0), -1
            way = np.uint64(nodes.kind[n] != _MEDIA)
            for e in range(into.start[n], into.start[n + 1]):
                p = into.node[e]
                value = flow.things[p, way]
                if value > best or (
                    0 < value == best and earlier(p, before, nodes.first, nodes.kind, nodes.slot)
                ):
                    best, before = value, p
            best *= on * steps.take[n]
            if best > found.x[n]:
                found.x[n], found.before[n] = best, before
                improved = True
            after.acts[n, 0] = found.x[n] * steps.give[n]
    return improved
