"""When accounts shared and liked things: acts in the order of time, thing after thing.

On a post these are who made it, reposted it and liked it; on a picture, hashtag or link, who made
posts with it. Who passes such a post on acts on the post alone: so no account meets others on what
they did with a post of its own.

The graph knows one time of each act: as claimed, yet never after the log received it. When the log
received it would be harder to forge, but says little where seconds count: what comes in one batch
was received at once, and a backfill in an hour. What may be forged is answered by what is made of
it: an act counts by what was done *before* it, so who acts later, and says so, changes nothing; who
claims to have been earlier can add no more than all evidence of time may.

Platforms and imports may round times to the minute, the hour or the day, some accounts' and not
others'. So each time has a resolution of its own: where times that divide by 60 seconds are more
than twice as frequent in the log as chance makes them, those count as minutes, and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Act, Node

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from leeward.network._graph.csr import Csr, Int32, Int64, UInt8, UInt32
    from leeward.network._graph.graph import Graph

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float32]

__all__ = ["Times", "fineness", "seconds_known", "times_of"]

_UNITS: Final = np.array([60, 3_600, 86_400], np.int64)
_EACH: Final = np.array([60, 60, 24])
"""How many of the next smaller unit each has."""
_TWICE: Final = 2.0
_DOUBTS: Final = 3.0
"""Standard errors (of a Poisson count) by which times that divide have to be more as well."""
_AUTHORED, _REPOSTED, _LIKED = int(Act.AUTHORED), int(Act.REPOSTED), int(Act.LIKED)
_CARRIES: Final = int(Act.CARRIES)
_POST: Final = int(Node.POST)


class Times(NamedTuple):
    """Acts on some things, by thing, then by time; one array a field.

    Attributes:
        thing: Places in the list of things that was given.
        account: Places in :meth:`Graph.accounts`.
        at: Seconds since 1970 UTC.
        act: Codes of :class:`~leeward.network.Act`: what was done.
        known: To how many seconds ``at`` is known: 1, 60, 3,600 or 86,400.
        share: One over the square root of how often the account acted on that thing.
        beginner: (things) The account that made it first, by the order of the log; -1 where nobody
            is known. It chose none of those who took it up.
    """

    thing: Int32
    account: Int32
    at: UInt32
    act: UInt8
    known: Int32
    share: Floats
    beginner: Int32


class _Acts(NamedTuple):
    """The same acts, in no order yet."""

    thing: Int32
    account: Int32
    at: UInt32
    act: UInt8

    @classmethod
    def room(cls, length: int) -> Self:
        return cls(
            np.empty(length, np.int32),
            np.empty(length, np.int32),
            np.empty(length, np.uint32),
            np.empty(length, np.uint8),
        )


def fineness(graph: Graph) -> Bools:
    """(3) Whether times that divide by a minute, an hour, a day are rounded to that."""
    counts = _divided(graph.out.at, graph.out.act)
    # Of what is rounded to the minute, one in sixty stands at a whole hour, and so on.
    chance = counts[:-1] / _EACH
    found: Bools = counts[1:] > np.maximum(_TWICE * chance, chance + _DOUBTS * np.sqrt(chance + 1))
    return found


def seconds_known(at: UInt32, rounded: Bools) -> Int32:
    """To how many seconds each time is known.

    Args:
        at: Times.
        rounded: From :func:`fineness`.
    """
    known = np.ones(len(at), np.int32)
    for unit in _UNITS[rounded].tolist():
        known[at % unit == 0] = unit
    return known


def times_of(graph: Graph, nodes: Int32, *, likes: bool) -> Times:
    """The acts on some things.

    Args:
        graph: The interaction graph.
        nodes: Posts, pictures, hashtags and links, in an order that does not depend on how the
            log was read in.
        likes: Whether likes are among them.
    """
    place = np.full(len(graph.kind), -1, np.int32)
    accounts = graph.accounts()
    place[accounts] = np.arange(len(accounts), dtype=np.int32)
    last = _LIKED if likes else _REPOSTED
    into, kind, author = graph.into.unsigned(), graph.kind, graph.author
    beginner = np.full(len(nodes), -1, np.int32)
    _begin(nodes, into, kind, author, place, graph.first, beginner)
    acts = _Acts.room(_write(nodes, into, kind, author, place, last, False, _Acts.room(0)))
    _write(nodes, into, kind, author, place, last, True, acts)
    thing, account, at, act = acts
    order = np.lexsort((graph.first[accounts[account]], at, thing))
    thing, account, at, act = thing[order], account[order], at[order], act[order]
    share = _shares(thing, account, len(accounts))
    known = seconds_known(at, fineness(graph))
    return Times(thing, account, at, act, known, share, beginner)


def _shares(thing: Int32, account: Int32, accounts: int) -> Floats:
    key = thing.astype(np.int64) * accounts + account
    _, which, count = np.unique(key, return_inverse=True, return_counts=True)
    share: Floats = (1 / np.sqrt(count))[which].astype(np.float32)
    return share


@kernel
def _divided(at: UInt32, act: UInt8) -> Int64:
    """How many acts there are, and how many at whole minutes, hours and days."""
    counts = np.zeros(4, np.int64)
    for e in range(len(at)):
        if act[e] > _LIKED:
            continue
        counts[0] += 1
        if at[e] % 60 == 0:
            counts[1] += 1
            if at[e] % 3_600 == 0:
                counts[2] += 1
                if at[e] % 86_400 == 0:
                    counts[3] += 1
    return counts


@kernel
def _begin(
    nodes: Int32, into: Csr, kind: UInt8, author: Int32, place: Int32, first: Int64, found: Int32
) -> None:
    for i in range(len(nodes)):
        node = nodes[i]
        by, earliest = author[node], np.int64(-1)
        if kind[node] != _POST:
            for e in range(into.start[node], into.start[node + 1]):
                post = into.node[e]
                if into.act[e] == _CARRIES and (earliest < 0 or first[post] < earliest):
                    by, earliest = author[post], first[post]
        if by >= 0:
            found[i] = place[by]


@kernel
def _write(
    nodes: Int32,
    into: Csr,
    kind: UInt8,
    author: Int32,
    place: Int32,
    last: int,
    write: bool,
    acts: _Acts,
) -> int:
    """Write, or only count, the acts; of a repost and a like of one post the one that came first.

    Another one would hide when the account first had a hand in it, and hang on what came later.
    """
    end = 0
    for i in range(len(nodes)):
        node = nodes[i]
        is_post, before = kind[node] == _POST, np.int64(-1)
        for e in range(into.start[node], into.start[node + 1]):
            did, who = into.act[e], np.int64(into.node[e])
            if is_post:
                if did > last or (who == author[node] and did != _AUTHORED):
                    continue
                if who == before:
                    if write and into.at[e] < acts.at[end - 1]:
                        acts.at[end - 1], acts.act[end - 1] = into.at[e], did
                    continue
                before = who
            else:
                if did != _CARRIES:
                    continue
                did, who = _AUTHORED, np.int64(author[who])
                if who < 0:
                    continue
            if write:
                acts.thing[end], acts.account[end] = i, place[who]
                acts.at[end], acts.act[end] = into.at[e], did
            end += 1
    return end
