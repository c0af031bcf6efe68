"""Which acts of an account were on things that are likely tainted, others' touches alone judging.

What an account itself added to a thing's taint is taken away before the thing speaks for it (leave
one out). Of a post and what it carries the likeliest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.taint import chance
from leeward.network._graph.acts import ACTS, Act, Node
from leeward.network._graph.prefetch import AHEAD, prefetch
from leeward.network._touches.touches import OWN_ACTS, WEIGHTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.sorts import Sorts
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.csr import Bools, Csr, Int32, Int64, UInt8
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "LEAST",
    "STRONG",
    "Acts",
    "Picker",
    "Picks",
    "acts_on",
    "came_by",
    "likely_things",
    "picks_of",
]

LEAST: Final = 0.01
"""A probability of taint below which an act says nothing."""
STRONG: Final = 0.5
"""The probability of taint from which a thing is likelier tainted than not."""
_LAST: Final = int(Act.LIKED)
_AUTHORED: Final = int(Act.AUTHORED)
_POST: Final = int(Node.POST)
_LIKE: Final = float(WEIGHTS[Act.LIKED])


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
    things = np.flatnonzero(likely)
    slots = np.full(len(likely), -1, np.int32)
    carried = _carried(graph, touches, things, slots, _posts_with(graph, touches, likely))
    acts = _acts_on(graph, touches, carried.posts, OWN_ACTS)
    accounts = np.arange(len(touches.accounts))
    picks = Picks.room(len(accounts), len(acts.post))
    _pick(accounts, acts, carried, _known(touches, taint, carried.things), suspicion, picks)
    return picks.filled()


class Picker:
    """Finds the same of one account after the other; what each did itself is all that takes time.

    Args:
        graph, touches, taint, suspicion, likely: As for :func:`picks_of`.
    """

    def __init__(
        self, graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles, likely: Bools
    ) -> None:
        self._graph, self._touches, self._taint = graph, touches, taint
        self._suspicion, self._likely = suspicion, likely
        self._slots = np.full(len(likely), -1, np.int32)

    def of(self, place: int) -> Picks:
        """The acts of an account on things that are likely tainted.

        Args:
            place: The place of the account.
        """
        out = self._graph.out
        row = out.row(int(self._touches.accounts[place]))
        own = np.flatnonzero(out.act[row] <= _LAST)
        posts, at = np.unique(out.node[row][own], return_inverse=True)
        things = self._things(posts)
        carried = _carried(self._graph, self._touches, things, self._slots, posts.astype(np.int64))
        acts = Acts(np.array([0, len(own)]), at.astype(np.int32), out.act[row][own])
        picks = Picks.room(1, len(own))
        known = _known(self._touches, self._taint, things)
        _pick(np.array([place]), acts, carried, known, self._suspicion, picks)
        return picks.filled()

    def _things(self, posts: Int32) -> Int64:
        """Places of the likely things among posts and what they carry, ascending."""
        out = self._graph.out
        nodes = np.concatenate([posts, *(out.node[out.row(post)] for post in posts.tolist())])
        places = self._touches.thing_at[nodes]
        places = places[places >= 0]
        return np.unique(places[self._likely[places]]).astype(np.int64)


def acts_on(graph: Graph, touches: Touches, likely: Bools, wanted: tuple[Act, ...]) -> Acts:
    """Find the acts on posts that are some of the things or carry one.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        likely: (things) The things.
        wanted: The kinds of acts.
    """
    posts = _posts_with(graph, touches, likely)
    acts = _acts_on(graph, touches, posts, wanted)
    return acts._replace(post=posts.astype(np.int32)[acts.post])


class _Carried(NamedTuple):
    """Which of some things each of some posts is or carries.

    Attributes:
        posts: Their nodes, ascending.
        things: Places of things, ascending.
        start: (posts + 1) Where the things of each post begin.
        at: The post itself, then what it carries: which of ``things``.
    """

    posts: Int64
    things: Int64
    start: Int64
    at: Int32


class _Known(NamedTuple):
    """What is known of some things: columns of the touches and of the taint."""

    thing: Int64
    kind: UInt8
    size: npt.NDArray[np.float32]
    makers: Int32
    beginner: Int32
    met: Int64
    found: Doubles
    found_makers: Doubles
    priors: Doubles
    light: Doubles
    heavy: Doubles
    made: Doubles
    sorts: tuple[Sorts, ...]
    sorts_made: tuple[Sorts, ...]


def _known(touches: Touches, taint: Taint, things: Int64) -> _Known:
    return _Known(
        things,
        touches.kind[things],
        touches.size[things],
        touches.makers[things],
        touches.beginner[things],
        touches.met[things],
        taint.touches[things],
        taint.makers[things],
        taint.priors[things],
        taint.light[things],
        taint.heavy[things],
        taint.made[things],
        taint.sorts,
        taint.sorts_made,
    )


def _posts_with(graph: Graph, touches: Touches, likely: Bools) -> Int64:
    """The posts that are some of the things or carry one, ascending."""
    marked = np.zeros(len(graph.kind), np.bool_)
    _mark(graph.into.unsigned(), touches.things, touches.kind, likely, marked)
    posts: Int64 = np.flatnonzero(marked)
    return posts


def _carried(graph: Graph, touches: Touches, things: Int64, slots: Int32, posts: Int64) -> _Carried:
    """Which of some things posts are or carry; ``slots`` is (all things) room of -1."""
    slots[things] = np.arange(len(things), dtype=np.int32)
    start = np.zeros(len(posts) + 1, np.int64)
    at = _list(posts, graph.out.unsigned(), touches.thing_at, slots, start)
    slots[things] = -1
    return _Carried(posts, things, start, at)


def _acts_on(graph: Graph, touches: Touches, posts: Int64, wanted: tuple[Act, ...]) -> Acts:
    """Acts on some posts; in place of nodes which of the posts."""
    into, codes = graph.into.unsigned(), np.zeros(ACTS, np.bool_)
    codes[list(wanted)] = True
    start = np.zeros(len(touches.accounts) + 1, np.int64)
    who = _count_acts(posts, into, codes, touches.account_at, start[1:])
    # While rows are filled, start[i + 1] is the place of the next act of account i.
    total = int(start.sum())
    start[1:] = np.cumsum(start)[:-1]
    acts = Acts(start, np.empty(total, np.int32), np.empty(total, np.uint8))
    _fill_acts(posts, into, codes, who, start[1:], acts.post, acts.act)
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
def _list(posts: Int64, out: Csr, thing_at: Int32, slot: Int32, start: Int64) -> Int32:
    """Write where the things of each post begin; which they are."""
    begin, node = out.start, out.node
    at, found = np.empty(len(posts) + 16, np.int32), 0
    for p in range(len(posts)):
        post = np.uint64(posts[p])
        first, last = begin[post], begin[post + np.uint64(1)]
        if found + np.int64(last - first) + 1 > len(at):
            more = np.empty(2 * (found + np.int64(last - first) + 1), np.int32)
            more[:found] = at[:found]
            at = more
        thing = thing_at[post]
        if thing >= 0 and slot[thing] >= 0:
            at[found] = slot[thing]
            found += 1
        for c in range(first, last):
            thing = thing_at[node[c]]
            if thing >= 0 and slot[thing] >= 0:
                at[found] = slot[thing]
                found += 1
        start[p + 1] = found
    return at[:found]


@kernel
def _count_acts(posts: Int64, into: Csr, codes: Bools, account_at: Int32, counts: Int64) -> Int32:
    """Count the acts of each account; whose they are, in the order of the posts."""
    start, node, act = into.start, into.node, into.act
    who, found = np.empty(len(posts) + 16, np.int32), 0
    for p in range(len(posts)):
        if p + 2 * AHEAD < len(posts):
            prefetch(start, posts[p + 2 * AHEAD])
            upcoming = start[posts[p + AHEAD]]
            if upcoming < len(node):
                prefetch(node, upcoming)
                prefetch(act, upcoming)
        post = np.uint64(posts[p])
        for e in range(start[post], start[post + np.uint64(1)]):
            if codes[act[e]]:
                if found == len(who):
                    who = np.append(who, np.empty_like(who))
                who[found] = node[e]
                found += 1
    _count_places(who[:found], account_at, counts)
    return who[:found]


@kernel
def _count_places(who: Int32, account_at: Int32, counts: Int64) -> None:
    """Write places over nodes, and count each."""
    # Each look-up by itself, so that what comes may be asked for early.
    for k in range(len(who)):
        if k + AHEAD < len(who):
            prefetch(account_at, who[k + AHEAD])
        who[k] = account_at[who[k]]
    for k in range(len(who)):
        if k + AHEAD < len(who):
            prefetch(counts, who[k + AHEAD])
        counts[who[k]] += 1


@kernel
def _fill_acts(
    posts: Int64,
    into: Csr,
    codes: Bools,
    who: Int32,
    end: Int64,
    of_post: Int32,
    of_act: UInt8,
) -> None:
    start, act = into.start, into.act
    found = 0
    for p in range(len(posts)):
        post = np.uint64(posts[p])
        for e in range(start[post], start[post + np.uint64(1)]):
            if codes[act[e]]:
                if found + AHEAD < len(who):
                    prefetch(end, who[found + AHEAD])
                to = end[who[found]]
                of_post[to], of_act[to] = p, act[e]
                end[who[found]] = to + 1
                found += 1


@kernel
def _pick(  # noqa: C901 - handing on so many arrays takes twice the time
    accounts: Int64, did: Acts, carried: _Carried, known: _Known, suspicion: Doubles, picks: Picks
) -> None:
    """Write the acts of some accounts on things that are likely tainted.

    A thing speaks for its maker by who else made a post with it, also where the account came by
    it again in a post of somebody else: others may have it from its own posts. For who was the
    first to make it, it says nothing: that account chose nobody.

    Args:
        accounts: Their places.
        did: Their acts, row by row.
        carried: Which things the posts are or carry.
        known: What is known of these.
        suspicion: (accounts) The probabilities that the taint was made of.
        picks: Is written.
    """
    first, posts, acts = did.start, did.post, did.act
    start, at = carried.start, carried.at
    kind, beginner, met, made = known.kind, known.beginner, known.met, known.made
    light, heavy, found, found_makers = known.light, known.heavy, known.found, known.found_makers
    makers = known.makers
    maker, strong = np.full((2, len(known.thing)), -1, np.int32)
    filled = 0
    for i in range(len(accounts)):
        account = accounts[i]
        level, mine = suspicion[account], np.int32(-1)
        # Of each thing: whether the account made a post with it, and more than liked one.
        for a in range(first[i], first[i + 1]):
            if a + AHEAD < len(posts):
                prefetch(start, posts[a + AHEAD])
            if acts[a] != _LAST:
                for c in range(start[posts[a]], start[posts[a] + 1]):
                    strong[at[c]] = i
                    if acts[a] == _AUTHORED:
                        maker[at[c]] = i
        for a in range(first[i], first[i + 1]):
            act, post = acts[a], posts[a]
            if act == _AUTHORED:  # stands first of what was done to a post
                mine = post
            elif post == mine:
                continue
            most, worst = LEAST, -1
            for c in range(start[post], start[post + 1]):
                thing = at[c]
                is_post, here = kind[thing] == _POST, 0.0
                if act == _AUTHORED or (not is_post and maker[thing] == i):
                    if made[thing] > LEAST and (is_post or beginner[thing] != account):
                        here = made[thing]
                        if level != 0:
                            sorts, size = known.sorts_made[kind[thing] - 1], makers[thing] - 1.0
                            rest = found_makers[thing] - level
                            here = chance(rest, size, sorts, known.priors[thing])
                elif max(light[thing], heavy[thing]) > LEAST:
                    # A like weighs as much as the strongest act of the account on the thing.
                    is_light = act == _LAST and strong[thing] != i
                    here = light[thing] if is_light else heavy[thing]
                    if level != 0:
                        own = _LIKE if is_light else 1.0
                        sorts, size = known.sorts[kind[thing] - 1], known.size[thing] - own
                        rest = found[thing] - level * own
                        here = chance(rest, size, sorts, known.priors[thing])
                # Places differ with how the log was read; what it met first does not.
                is_even = worst >= 0 and here == most
                if here > most or (is_even and met[thing] < met[worst]):
                    most, worst = here, thing
            if worst >= 0:
                picks.post[filled], picks.act[filled] = carried.posts[post], act
                picks.thing[filled], picks.chance[filled] = known.thing[worst], most
                filled += 1
        picks.start[i + 1] = filled
