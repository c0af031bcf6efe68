"""The most probable way from a seed to every node: what an explanation tells.

Bellman and Ford's iteration, with products of transition probabilities in place of sums of
lengths. It stops after :data:`REACH` steps; what lies farther away is not told as a story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node
from leeward.network._parallel import in_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._csr import Csr, Int32, UInt8
    from leeward.network._graph import Graph
    from leeward.network._steps import Steps, WalkSettings

    Floats = npt.NDArray[np.float32]

__all__ = ["REACH", "Paths", "paths"]

REACH: Final = 12
"""Steps: three times from an account over a post, a picture and a post to an account."""

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_FOLLOWED: Final = int(Act.FOLLOWED)


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
    count = len(graph.kind)
    none = np.full(count, -1, np.int32)
    now = Paths(
        np.maximum(restart, 0),
        np.zeros(count, np.float32),
        none,
        none.copy(),
        np.zeros(count, np.uint8),
    )
    on = np.float32(1 - settings.restart)
    for _ in range(REACH):
        better = now._replace(x=now.x.copy(), y=now.y.copy())
        if not any(in_parts(graph, _improving(graph, steps, on, now, better))):
            break
        now = better
    return now


def _improving(
    graph: Graph, steps: Steps, on: np.float32, now: Paths, better: Paths
) -> Callable[[int, int], bool]:
    def part(low: int, high: int) -> bool:
        return _improve(low, high, graph.kind, graph.out, graph.into, steps, on, now, better)

    return part


@kernel
def _improve(
    low: int,
    high: int,
    kind: UInt8,
    out: Csr,
    into: Csr,
    steps: Steps,
    on: np.float32,
    now: Paths,
    better: Paths,
) -> bool:
    improved = False
    for n in range(low, high):
        best, before, by = np.float32(0), -1, 0
        if kind[n] == _ACCOUNT:
            best, before, by = _best_to_account(n, out, steps, now)
        elif kind[n] == _POST:
            best, before = _best_to_post(n, into, steps, now)
            best_y, before_y = _best_by_thing(n, out, steps, now)
            if on * best_y > now.y[n]:
                better.y[n], better.before_y[n] = on * best_y, before_y
                improved = True
        else:
            best, before = _best_to_thing(n, into, steps, now)
        if on * best > now.x[n]:
            better.x[n], better.before[n], better.by[n] = on * best, before, by
            improved = True
    return improved


@kernel
def _best_to_account(n: int, out: Csr, steps: Steps, now: Paths) -> tuple[np.float32, int, int]:
    best, before, by = np.float32(0), -1, 0
    for e in range(out.start[n], out.start[n + 1]):
        act, p = out.act[e], out.node[e]
        if act == _FOLLOWED:
            if now.x[p] * steps.give2[p] > best:
                best, before, by = now.x[p] * steps.give2[p], p, 0
        elif steps.back2[act] > 0:
            direct = steps.back[act] * now.x[p] * steps.give[p]
            if direct > best:
                best, before, by = direct, p, 0
            through = steps.back2[act] * now.y[p] * steps.give2[p]
            if through > best:
                best, before, by = through, p, 1
    return best, before, by


@kernel
def _best_to_post(n: int, into: Csr, steps: Steps, now: Paths) -> tuple[np.float32, int]:
    best, before = np.float32(0), -1
    for e in range(into.start[n], into.start[n + 1]):
        a = into.node[e]
        value = steps.out[into.act[e]] * now.x[a] * steps.give[a]
        if value > best:
            best, before = value, a
    return best * steps.take[n], before


@kernel
def _best_by_thing(n: int, out: Csr, steps: Steps, now: Paths) -> tuple[np.float32, int]:
    best, before = np.float32(0), -1
    for e in range(out.start[n], out.start[n + 1]):
        thing = out.node[e]
        value = now.x[thing] * steps.give[thing]
        if steps.origin[thing] != n and value > best:
            best, before = value, thing
    return best, before


@kernel
def _best_to_thing(n: int, into: Csr, steps: Steps, now: Paths) -> tuple[np.float32, int]:
    best, before = np.float32(0), -1
    for e in range(into.start[n], into.start[n + 1]):
        p = into.node[e]
        value = now.x[p] * steps.give3[p]
        if value > best:
            best, before = value, p
    return best * steps.take[n], before
