"""How a walker chooses its next step: transition probabilities as factors.

They are products of a weight by kind of act and a factor by node, so none is stored by edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.model import kernel
from leeward.network._graph.acts import ACTS, Act, Node
from leeward.network._graph.parallel import in_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Csr, Int32, Int64, UInt8
    from leeward.network._graph.graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["Steps", "WalkSettings", "steps_of"]

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_MEDIA: Final = int(Node.MEDIA)
_FOLLOWED: Final = int(Act.FOLLOWED)


class WalkSettings(Struct, frozen=True):
    """How the walkers choose.

    Attributes:
        restart: The probability of going back to a seed, at each step.
        authored, reposted, liked: How much a kind of act counts beside the others.
        media, tag, link, community: How much a kind of carried thing counts.
        carried: The share of a post's walkers that go on to what it carries, where it carries
            something and somebody acted on it as well.
        followers: The share of an account's walkers that go on to its followers.
    """

    restart: float = 0.2
    authored: float = 1.0
    reposted: float = 1.0
    liked: float = 0.3
    media: float = 1.0
    tag: float = 0.4
    link: float = 0.6
    community: float = 0.05
    carried: float = 0.4
    followers: float = 0.02

    def acts(self) -> Floats:
        """(acts) How much each kind of act counts; 0 for those that lead nowhere."""
        weights = np.zeros(ACTS, np.float32)
        weights[Act.AUTHORED] = self.authored
        weights[Act.REPOSTED] = self.reposted
        weights[Act.LIKED] = self.liked
        return weights


class Steps(NamedTuple):
    """The transition probabilities, as factors by node and by act.

    A walker goes from account ``a`` to post ``p`` with ``give[a] * out[act] * take[p]``, and to a
    follower with ``give2[a]``; from ``p`` back to an account with ``give[p] * back[act]`` where
    it came to ``p`` by an act, ``give2[p] * back2[act]`` where it came through what ``p``
    carries; from ``p`` to a carried thing ``c`` with ``give3[p] * take[c]``, if by an act (by its
    author's, where ``c`` is no picture); from ``c`` to any post that carries it with ``give[c]``,
    but for ``origin[c]`` and the other posts of the account ``owner[c]`` that made that one.
    """

    out: Floats
    back: Floats
    back2: Floats
    take: Floats
    give: Floats
    give2: Floats
    give3: Floats
    origin: npt.NDArray[np.int32]
    owner: npt.NDArray[np.int32]


def steps_of(graph: Graph, settings: WalkSettings, likely: Floats | None = None) -> Steps:
    """The transition probabilities of a graph.

    Args:
        graph: Where the walkers go.
        settings: How they choose.
        likely: (nodes) What the choices of things are multiplied with; all alike if None.
    """
    count = len(graph.kind)
    choice = settings.acts()
    back = choice.copy()
    back[Act.AUTHORED] = 0  # the author did not choose who reposts the post
    take, give, give2, give3 = (np.zeros(count, np.float32) for _ in range(4))
    origin, owner = (np.full(count, -1, np.int32) for _ in range(2))
    steps = Steps(choice, back, choice, take, give, give2, give3, origin, owner)
    kinds = np.ones(len(Node), np.float32)
    kinds[Node.MEDIA :] = settings.media, settings.tag, settings.link, settings.community

    kind, out, into = graph.kind, graph.out.unsigned(), graph.into.unsigned()
    in_parts(graph, lambda low, high: _takes(low, high, kind, graph.first, into, kinds, steps))
    first = steps.origin >= 0
    steps.owner[first] = graph.author[steps.origin[first]]
    if likely is not None:
        steps.take[:] *= likely
    followers, carried = settings.followers, settings.carried
    in_parts(graph, lambda low, high: _of_accounts(low, high, kind, out, into, followers, steps))
    in_parts(graph, lambda low, high: _of_posts(low, high, kind, out, into, carried, steps))
    in_parts(graph, lambda low, high: _of_things(low, high, kind, graph.author, into, steps))
    return steps


@kernel
def _takes(
    low: int, high: int, kind: UInt8, first: Int64, into: Csr, kinds: Floats, steps: Steps
) -> None:
    """How readily a thing is chosen: by its kind, and the less the more have touched it."""
    for n in range(np.uint64(low), np.uint64(high)):
        begin, end = into.start[n], into.start[n + 1]
        if kind[n] != _ACCOUNT:
            steps.take[n] = kinds[kind[n]] / np.log2(2.0 + (end - begin))
        if kind[n] == _MEDIA and end > begin:
            earliest = begin
            for e in range(begin, end):
                if into.at[e] < into.at[earliest] or (
                    into.at[e] == into.at[earliest]
                    and first[into.node[e]] < first[into.node[earliest]]
                ):
                    earliest = e
            steps.origin[n] = into.node[earliest]


@kernel
def _of_accounts(
    low: int, high: int, kind: UInt8, out: Csr, into: Csr, followers: float, steps: Steps
) -> None:
    """What the choices at an account are divided by."""
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _ACCOUNT:
            acts = 0.0
            for e in range(out.start[n], out.start[n + 1]):
                acts += steps.out[out.act[e]] * steps.take[out.node[e]]
            following = 0
            for e in range(into.start[n], into.start[n + 1]):
                following += into.act[e] == _FOLLOWED
            if acts > 0:
                steps.give[n] = (1.0 - followers if following else 1.0) / acts
            if following:
                steps.give2[n] = (followers if acts > 0 else 1.0) / following


@kernel
def _of_posts(
    low: int, high: int, kind: UInt8, out: Csr, into: Csr, carried: float, steps: Steps
) -> None:
    """What the choices at a post are divided by."""
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] == _POST:
            acts = acts2 = things = 0.0
            for e in range(into.start[n], into.start[n + 1]):
                acts += steps.back[into.act[e]]
                acts2 += steps.back2[into.act[e]]
            for e in range(out.start[n], out.start[n + 1]):
                things += steps.take[out.node[e]]
            if acts > 0:
                steps.give[n] = (1.0 - carried if things > 0 else 1.0) / acts
            if acts2 > 0:
                steps.give2[n] = 1.0 / acts2
            if things > 0:
                steps.give3[n] = (carried if acts > 0 else 1.0) / things


@kernel
def _of_things(low: int, high: int, kind: UInt8, author: Int32, into: Csr, steps: Steps) -> None:
    """What the choices at a thing are divided by."""
    for n in range(np.uint64(low), np.uint64(high)):
        if kind[n] > _POST:
            posts = 0
            for e in range(into.start[n], into.start[n + 1]):
                p = into.node[e]
                owned = steps.owner[n] >= 0 and author[p] == steps.owner[n]
                posts += not owned and p != np.uint32(steps.origin[n])
            if posts > 0:
                steps.give[n] = 1.0 / posts
