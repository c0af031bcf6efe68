"""Which acts of an account were on things that are likely tainted, others' touches alone judging.

What an account itself added to a thing's taint is taken away before the thing speaks for it (leave
one out). Of a post and what it carries the likeliest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import ACTS, Act, Node
from leeward.network._taint import chance
from leeward.network._touches import MADE, OWN_ACTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Bools, Csr, Int32, Int64, UInt8
    from leeward.network._graph import Graph
    from leeward.network._taint import Taint
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "LEAST",
    "Acts",
    "Picks",
    "acts_on",
    "came_by",
    "likely_things",
    "picks_of",
    "picks_of_one",
]

LEAST: Final = 0.01
"""A probability of taint below which an act says nothing."""
_LAST: Final = int(Act.LIKED)
_AUTHORED: Final = int(Act.AUTHORED)
_POST: Final = int(Node.POST)


class Acts(NamedTuple):
    """Acts on some posts, by account; within an account by the node of the post, then by act.

    Attributes:
        start: (accounts + 1) Where the acts of each account begin.
        post: (acts) Nodes.
        act: (acts) Codes of :class:`~leeward.network.Act`.
    """

    start: Int64
    post: Int32
    act: UInt8


class Picks(NamedTuple):
    """Acts on things that are likely tainted, one a place in each array but the first.

    Attributes:
        start: (accounts + 1) Where the acts of each account begin.
        post: The node of the post.
        thing: The place of the post or of what it carries: whichever is likelier tainted.
        act: Codes of :class:`~leeward.network.Act`.
        chance: The probability that the thing is tainted, by the touches of everybody else.
    """

    start: Int64
    post: Int32
    thing: Int32
    act: UInt8
    chance: Doubles

    @classmethod
    def room(cls, accounts: int, length: int) -> Picks:
        """Arrays of a length, not filled yet."""
        return cls(
            np.zeros(accounts + 1, np.int64),
            np.empty(length, np.int32),
            np.empty(length, np.int32),
            np.empty(length, np.uint8),
            np.empty(length),
        )

    def filled(self) -> Picks:
        """Without the room that was left."""
        count = int(self.start[-1])
        return Picks(
            self.start,
            self.post[:count],
            self.thing[:count],
            self.act[:count],
            self.chance[:count],
        )


def likely_things(taint: Taint) -> Bools:
    """(things) Which may be tainted at all."""
    likely: Bools = taint.most > LEAST
    return likely


def picks_of(
    graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles, likely: Bools
) -> Picks:
    """Find the acts of all accounts on things that are likely tainted.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        likely: (things) From :func:`likely_things`, or fewer.
    """
    acts = acts_on(graph, touches, likely, OWN_ACTS)
    accounts = np.arange(len(touches.accounts))
    picks = Picks.room(len(accounts), len(acts.post))
    _pick(accounts, acts, graph.out.unsigned(), touches, taint, suspicion, likely, picks)
    return picks.filled()


def picks_of_one(
    graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles, likely: Bools, place: int
) -> Picks:
    """The same of one account, by its place."""
    row = graph.out.row(int(touches.accounts[place]))
    own = np.flatnonzero(graph.out.act[row] <= _LAST)
    acts = Acts(np.array([0, len(own)]), graph.out.node[row][own], graph.out.act[row][own])
    picks = Picks.room(1, len(own))
    out = graph.out.unsigned()
    _pick(np.array([place]), acts, out, touches, taint, suspicion, likely, picks)
    return picks.filled()


def acts_on(graph: Graph, touches: Touches, likely: Bools, wanted: tuple[Act, ...]) -> Acts:
    """Find the acts on posts that are some of the things or carry one.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        likely: (things) The things.
        wanted: The kinds of acts.
    """
    marked, into = np.zeros(len(graph.kind), np.bool_), graph.into.unsigned()
    _mark(into, touches.things, touches.kind, likely, marked)
    posts, codes = np.flatnonzero(marked), np.zeros(ACTS, np.bool_)
    codes[list(wanted)] = True
    start = np.zeros(len(touches.accounts) + 1, np.int64)
    _count_acts(posts, into, codes, touches.account_at, start[1:])
    # While rows are filled, start[i + 1] is the place of the next act of account i.
    total = int(start.sum())
    start[1:] = np.cumsum(start)[:-1]
    acts = Acts(start, np.empty(total, np.int32), np.empty(total, np.uint8))
    _fill_acts(posts, into, codes, touches.account_at, start[1:], acts.post, acts.act)
    return acts


@kernel
def came_by(touches: Touches, likely: Bools) -> Bools:
    """(accounts) Who touched anything that may be tainted."""
    found = np.zeros(len(touches.accounts), np.bool_)
    start, other = touches.by_thing.start, touches.by_thing.other
    for thing in np.flatnonzero(likely):
        for e in range(start[thing], start[thing + 1]):
            found[other[e]] = True
    return found


@kernel
def _mark(into: Csr, things: Int32, kind: UInt8, likely: Bools, marked: Bools) -> None:
    start, node = into.start, into.node
    for thing in np.flatnonzero(likely):
        n = things[thing]
        if kind[thing] == _POST:
            marked[n] = True
            continue
        for e in range(start[n], start[n + 1]):
            marked[node[e]] = True


@kernel
def _count_acts(posts: Int64, into: Csr, codes: Bools, account_at: Int32, counts: Int64) -> None:
    start, node, act = into.start, into.node, into.act
    for post in posts:
        for e in range(start[post], start[post + 1]):
            if codes[act[e]]:
                counts[account_at[node[e]]] += 1


@kernel
def _fill_acts(
    posts: Int64,
    into: Csr,
    codes: Bools,
    account_at: Int32,
    end: Int64,
    of_post: Int32,
    of_act: UInt8,
) -> None:
    start, node, act = into.start, into.node, into.act
    for post in posts:
        for e in range(start[post], start[post + 1]):
            if codes[act[e]]:
                account = account_at[node[e]]
                to = end[account]
                of_post[to], of_act[to] = post, act[e]
                end[account] = to + 1


@kernel
def _pick(  # noqa: C901 - handing on so many arrays takes twice the time
    accounts: Int64,
    did: Acts,
    out: Csr,
    touches: Touches,
    taint: Taint,
    suspicion: Doubles,
    likely: Bools,
    picks: Picks,
) -> None:
    """Write the acts of some accounts on things that are likely tainted.

    A thing speaks for its maker by who else made a post with it, also where the account came by
    it again in a post of somebody else: others may have it from its own posts. For who was the
    first to make it, it says nothing: that account chose nobody.

    Args:
        accounts: Their places.
        did: Their acts, row by row.
        out: The edges of the graph, :meth:`~leeward.network.Csr.unsigned`.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        likely: (things) What may be tainted.
        picks: Is written.
    """
    begin, node, first, posts, acts = out.start, out.node, did.start, did.post, did.act
    thing_at, kind, beginner, met = touches.thing_at, touches.kind, touches.beginner, touches.met
    start, other = touches.by_account.start, touches.by_account.other
    weight, how = touches.by_account.weight, touches.by_account.how
    size, makers = touches.size, touches.makers
    found, found_makers, priors = taint.touches, taint.makers, taint.priors
    light, heavy, made = taint.light, taint.heavy, taint.made
    filled = 0
    for i in range(len(accounts)):
        account = accounts[i]
        level, mine = suspicion[account], np.uint64(len(begin))
        for a in range(first[i], first[i + 1]):
            act, post = acts[a], np.uint64(posts[a])
            if act == _AUTHORED:  # stands first of what was done to a post
                mine = post
            elif post == mine:
                continue
            most, worst = LEAST, -1
            for c in range(begin[post], begin[post + 1] + 1):
                thing = thing_at[post if c == begin[post + 1] else node[c]]
                if thing < 0 or not likely[thing]:
                    continue
                is_post, by_makers, own = kind[thing] == _POST, act == _AUTHORED, 1.0
                if not by_makers and (not is_post or act == _LAST):
                    low, high = start[account], start[account + 1]
                    while low < high:
                        middle = (low + high) >> 1
                        if other[middle] < thing:
                            low = middle + 1
                        else:
                            high = middle
                    by_makers = not is_post and how[low] & MADE != 0
                    own = weight[low] if act == _LAST else 1.0  # that of its strongest act
                here = 0.0
                if by_makers:
                    if made[thing] > LEAST and (is_post or beginner[thing] != account):
                        here = made[thing]
                        if level != 0:
                            sorts = taint.sorts_made[kind[thing] - 1]
                            rest = found_makers[thing] - level
                            here = chance(rest, makers[thing] - 1.0, sorts, priors[thing])
                elif max(light[thing], heavy[thing]) > LEAST:
                    here = light[thing] if own < 1 else heavy[thing]
                    if level != 0:
                        sorts = taint.sorts[kind[thing] - 1]
                        rest = found[thing] - level * own
                        here = chance(rest, size[thing] - own, sorts, priors[thing])
                # Places differ with how the log was read; what it met first does not.
                is_even = worst >= 0 and here == most
                if here > most or (is_even and met[thing] < met[worst]):
                    most, worst = here, thing
            if worst >= 0:
                picks.post[filled], picks.act[filled] = post, act
                picks.thing[filled], picks.chance[filled] = worst, most
                filled += 1
        picks.start[i + 1] = filled
