"""A random walk with restart over the interaction graph: personalised PageRank.

Page, Brin, Motwani and Winograd, "The PageRank citation ranking" (1999), with the restart of
Haveliwala, "Topic-sensitive PageRank" (2002). A walker at an account goes to something that the
account acted on, or to a follower; at a post to somebody else who acted on it, or to what it
carries; at a carried thing (a picture, a tag, a link, a community) to another post with it; and
from there to that post's author. Only an account's own acts lead to it:

* from a post that was reached by somebody's act the walker does not go to the author, who did
  not choose who reposts the post;
* from a picture it does not go back to the post that first had it, whose author did not choose
  who copies it;
* from a follower it does not go to the followed, nor anywhere by a reply or a flag.

So a post is two states: reached by an act (``x``) and reached through what it carries (``y``).

The walk solves ``x = r + (1 - restart) W x`` by Jacobi iteration. Walkers who find no way on are
lost; handing them back to the restart, as is usual, would only scale the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node
from leeward.network._parallel import in_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Csr, UInt8
    from leeward.network._graph import Graph
    from leeward.network._steps import Steps, WalkSettings

    Floats = npt.NDArray[np.float32]

__all__ = ["Visits", "Walk", "walk"]

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
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
    now = Visits(restart.copy(), np.zeros_like(restart))
    change, rounds = scale, 0
    while rounds < settings.rounds and change > settings.tolerance * scale:
        now, change = _next(graph, steps, restart, np.float32(1 - settings.restart), now)
        rounds += 1
    return Walk(now, rounds, change / scale if scale else 0.0)


class _Flow(NamedTuple):
    """What leaves a node by each of its ways, before it is divided among their targets.

    Attributes:
        acts: From an account to posts, from a post reached by an act to accounts, from a thing.
        other: From an account to followers, from a post reached through a thing to accounts.
        things: From a post to what it carries.
    """

    acts: Floats
    other: Floats
    things: Floats


def _next(
    graph: Graph, steps: Steps, restart: Floats, on: np.float32, now: Visits
) -> tuple[Visits, float]:
    flow = _Flow(*(np.empty_like(restart) for _ in range(3)))
    new = Visits(np.empty_like(restart), np.zeros_like(restart))

    def leave(low: int, high: int) -> None:
        _leave(low, high, graph.kind, steps, now, flow)

    def arrive(low: int, high: int) -> float:
        return _arrive(
            low, high, graph.kind, graph.out, graph.into, steps, restart, on, now, flow, new
        )

    in_parts(graph, leave)
    return new, sum(in_parts(graph, arrive))


@kernel
def _leave(low: int, high: int, kind: UInt8, steps: Steps, now: Visits, flow: _Flow) -> None:
    for n in range(low, high):
        flow.acts[n] = now.x[n] * steps.give[n]
        flow.other[n] = (now.x[n] if kind[n] == _ACCOUNT else now.y[n]) * steps.give2[n]
        flow.things[n] = now.x[n] * steps.give3[n]


@kernel
def _arrive(
    low: int,
    high: int,
    kind: UInt8,
    out: Csr,
    into: Csr,
    steps: Steps,
    restart: Floats,
    on: np.float32,
    now: Visits,
    flow: _Flow,
    new: Visits,
) -> float:
    change = 0.0
    for n in range(low, high):
        if kind[n] == _ACCOUNT:
            total = _to_account(n, out, steps, flow)
        elif kind[n] == _POST:
            total = _to_post(n, into, steps, flow)
            new.y[n] = on * _to_post_by_thing(n, out, steps, flow)
            change += abs(new.y[n] - now.y[n])
        else:
            total = _to_thing(n, into, steps, flow)
        new.x[n] = restart[n] + on * total
        change += abs(new.x[n] - now.x[n])
    return change


@kernel
def _to_account(n: int, out: Csr, steps: Steps, flow: _Flow) -> float:
    total = 0.0
    for e in range(out.start[n], out.start[n + 1]):
        act, p = out.act[e], out.node[e]
        if act == _FOLLOWED:
            total += flow.other[p]
        elif steps.back2[act] > 0:
            total += steps.back[act] * flow.acts[p]
            total += steps.back2[act] * flow.other[p]
    return total


@kernel
def _to_post(n: int, into: Csr, steps: Steps, flow: _Flow) -> float:
    total = 0.0
    for e in range(into.start[n], into.start[n + 1]):
        total += steps.out[into.act[e]] * flow.acts[into.node[e]]
    return float(total * steps.take[n])


@kernel
def _to_post_by_thing(n: int, out: Csr, steps: Steps, flow: _Flow) -> float:
    total = 0.0
    for e in range(out.start[n], out.start[n + 1]):
        thing = out.node[e]
        if steps.origin[thing] != n:
            total += flow.acts[thing]
    return total


@kernel
def _to_thing(n: int, into: Csr, steps: Steps, flow: _Flow) -> float:
    total = 0.0
    for e in range(into.start[n], into.start[n + 1]):
        total += flow.things[into.node[e]]
    return float(total * steps.take[n])
