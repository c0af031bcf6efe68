"""A random walk with restart over the interaction graph: personalised PageRank.

Page, Brin, Motwani and Winograd, "The PageRank citation ranking" (1999), with the restart of
Haveliwala, "Topic-sensitive PageRank" (2002). A walker at an account goes to something that the
account acted on, or to a follower; at a post to somebody else who acted on it, or to what it
carries; at a carried thing (a picture, a tag, a link, a community) to another post with it; and
from there to that post's author. Only an account's own acts lead to it:

* from a post that was reached by somebody's act the walker does not go to the author, who did
  not choose who reposts the post;
* from a post that was reached by somebody else's act it goes on to its pictures, not to its tags
  and links, which its author chose and not who reposted it;
* from a picture it does not go back to the author of the post that first had it, who did not
  choose who copies it;
* from a follower it does not go to the followed, nor anywhere by a reply or a flag.

So a post is two states: reached by an act (``x``) and reached through what it carries (``y``); a
post that is itself a seed begins in both.

The walk solves ``x = r + (1 - restart) W x`` by Gauss and Seidel's iteration in four blocks:
accounts, posts, things, posts once more as they are reached through things. Each block is made of
the newest values of the others, which takes half as many rounds as making all of the last round's.
Within a block only followers depend on each other, and they take the last round's. So no result
depends on how nodes are dealt out to threads. Walkers who find no way on are lost; handing them
back to the restart, as is usual, would only scale the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node
from leeward.network._flow import leaving
from leeward.network._parallel import in_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Csr, Int32, UInt8
    from leeward.network._flow import Flow
    from leeward.network._graph import Graph
    from leeward.network._steps import Steps, WalkSettings

    Floats = npt.NDArray[np.float32]

__all__ = ["Visits", "Walk", "walk"]

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_MEDIA: Final = int(Node.MEDIA)
_AUTHORED: Final = int(Act.AUTHORED)
_FOLLOWED: Final = int(Act.FOLLOWED)


class Visits(NamedTuple):
    """Where the walkers are: expected visits, as shares of the seeds' weights.

    Attributes:
        x: (nodes) Of accounts, of carried things, and of posts that were reached by an act.
        y: (nodes) Of posts that were reached through what they carry.
    """

    x: Floats
    y: Floats


class Walk(NamedTuple):
    """Where the walkers came to be.

    Attributes:
        visits: By node.
        rounds: Iterations that were made.
        change: What the last of them changed, as a share of the seeds' weights.
    """

    visits: Visits
    rounds: int
    change: float


def walk(graph: Graph, steps: Steps, restart: Floats, settings: WalkSettings) -> Walk:
    """Let walkers go out from the seeds until the values stand.

    Args:
        graph: Where they walk.
        steps: Its transition probabilities.
        restart: (nodes) The seeds' weights, below zero for innocent ones.
        settings: How they walk, and when they have walked enough.
    """
    scale = float(np.abs(restart).sum())
    visits = Visits(restart.copy(), np.zeros_like(restart))
    flow = leaving(graph.kind, steps, restart)
    change, rounds = scale, 0
    while rounds < settings.rounds and change > settings.tolerance * scale:
        change = _round(graph, steps, restart, np.float32(1 - settings.restart), visits, flow)
        rounds += 1
    return Walk(visits, rounds, change / scale if scale else 0.0)


def _round(
    graph: Graph, steps: Steps, restart: Floats, on: np.float32, visits: Visits, flow: Flow
) -> float:
    """Make all values anew, in place; how much they changed together."""
    kind, (x, y) = graph.kind, visits
    out, into = graph.out.unsigned(), graph.into.unsigned()
    change = in_parts(
        graph, lambda low, high: _accounts(low, high, kind, out, steps, restart, on, x, flow)
    )
    change += in_parts(
        graph, lambda low, high: _posts(low, high, kind, into, steps, restart, on, x, flow)
    )
    change += in_parts(
        graph, lambda low, high: _things(low, high, kind, into, steps, restart, on, x, flow)
    )
    change += in_parts(
        graph,
        lambda low, high: _posts_by_things(
            low, high, kind, graph.author, out, steps, restart, on, y, flow
        ),
    )
    return sum(change)


# No kernel calls another here: handing over so many arrays takes longer than a short row. Unsigned
# numbers of nodes, and ``if`` twice in place of ``elif``, save a third of the time each (with
# numba 0.68).


@kernel
def _accounts(
    low: int,
    high: int,
    kind: UInt8,
    out: Csr,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    x: Floats,
    flow: Flow,
) -> float:
    change = 0.0
    second = steps.back2.copy()
    second[_FOLLOWED] = 1  # there it is what goes to followers
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _ACCOUNT:
            total = 0.0
            for e in range(out.start[n], out.start[n + 1]):
                act, p = out.act[e], out.node[e]
                total += steps.back[act] * flow.acts[p, 0] + second[act] * flow.acts[p, 1]
            value = np.float32(restart[n] + on * total)
            change += abs(value - x[n])
            x[n] = value
            flow.acts[n, 0] = value * steps.give[n]
    return change


@kernel
def _posts(
    low: int,
    high: int,
    kind: UInt8,
    into: Csr,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    x: Floats,
    flow: Flow,
) -> float:
    change = 0.0
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _POST:
            total = own = 0.0
            for e in range(into.start[n], into.start[n + 1]):
                part = steps.out[into.act[e]] * flow.acts[into.node[e], 0]
                total += part
                own += part * (into.act[e] == _AUTHORED)
            value = np.float32(restart[n] + on * total * steps.take[n])
            change += abs(value - x[n])
            x[n] = value
            flow.acts[n, 0] = value * steps.give[n]
            flow.things[n, 0] = value * steps.give3[n]
            flow.things[n, 1] = (restart[n] + on * own * steps.take[n]) * steps.give3[n]
        if kind[n] == _ACCOUNT:  # not among accounts, who read each other's
            flow.acts[n, 1] = x[n] * steps.give2[n]
    return change


@kernel
def _things(
    low: int,
    high: int,
    kind: UInt8,
    into: Csr,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    x: Floats,
    flow: Flow,
) -> float:
    change = 0.0
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] > _POST:
            total = 0.0
            way = np.uint64(kind[n] != _MEDIA)
            for e in range(into.start[n], into.start[n + 1]):
                total += flow.things[into.node[e], way]
            value = np.float32(restart[n] + on * total * steps.take[n])
            change += abs(value - x[n])
            x[n] = value
            flow.acts[n, 0] = value * steps.give[n]
    return change


@kernel
def _posts_by_things(
    low: int,
    high: int,
    kind: UInt8,
    author: Int32,
    out: Csr,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    y: Floats,
    flow: Flow,
) -> float:
    change = 0.0
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _POST and (out.start[n] < out.start[n + 1] or restart[n] != 0):
            total = 0.0
            for e in range(out.start[n], out.start[n + 1]):
                thing = out.node[e]
                owned = steps.owner[thing] >= 0 and steps.owner[thing] == author[n]
                total += flow.acts[thing, 0] * (not owned and np.uint32(steps.origin[thing]) != n)
            value = np.float32(restart[n] + on * total)
            change += abs(value - y[n])
            y[n] = value
            flow.acts[n, 1] = value * steps.give2[n]
    return change
