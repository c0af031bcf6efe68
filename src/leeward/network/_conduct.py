"""How likely an account belongs to the network, by what it did itself.

Of the posts that a member made, reposted and liked, some share is tainted; of anybody else's a
far smaller one. Each account is compared with both, for each of the three acts: so many acts, so
many of them tainted. That is why a bot that reposts everything and came by six tainted posts among
three hundred reposts does not look like a member, who would have reposted fifty.

What an account itself added to a thing's taint is taken away before the thing speaks for it
(leave one out), and many acts on one picture, hashtag or link count as their square root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node
from leeward.network._betabinomial import Beta, log_ratios
from leeward.network._taint import chance
from leeward.network._touches import MADE

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Bools, Csr, Int32, UInt8
    from leeward.network._graph import Graph
    from leeward.network._taint import Taint
    from leeward.network._touches import Rows, Touches

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "LEAST",
    "Conduct",
    "Habit",
    "Picks",
    "came_by",
    "conduct_of",
    "likely_things",
    "pick",
    "without",
]

LEAST: Final = 0.01
"""A probability of taint below which an act says nothing."""
_SURE: Final = 0.3
"""Suspects at least so likely show how much members differ."""
_MANY: Final = 3
"""Acts of a kind that an account needs to show how much accounts differ."""
_LEAST_ALIKE, _MOST_ALIKE = 0.01, 0.1
"""Bounds of the correlation between acts of one account. Wrong suspects among the members would
make members look as different from each other as one likes."""
_LAST: Final = int(Act.LIKED)
_AUTHORED: Final = int(Act.AUTHORED)
_POST: Final = int(Node.POST)


class Habit(NamedTuple):
    """The share of tainted acts among acts of one kind."""

    member: Beta
    other: Beta


class Picks(NamedTuple):
    """Acts on things that are likely tainted, one a place in each array.

    Attributes:
        post: The node of the post.
        thing: The place of the post or of what it carries: whichever is likelier tainted.
        act: Codes of :class:`~leeward.network.Act`.
        chance: The probability that the thing is tainted, by the touches of everybody else.
    """

    post: Int32
    thing: Int32
    act: UInt8
    chance: Doubles

    @classmethod
    def room(cls, length: int) -> Picks:
        """Arrays of a length, not filled yet."""
        return cls(
            np.empty(length, np.int32),
            np.empty(length, np.int32),
            np.empty(length, np.uint8),
            np.empty(length),
        )

    def first(self, count: int) -> Picks:
        """Those that were filled."""
        return Picks(self.post[:count], self.thing[:count], self.act[:count], self.chance[:count])


class Conduct(NamedTuple):
    """The evidence of all accounts.

    Attributes:
        tainted: (accounts, 3) How many acts of each kind were on tainted things, each by its
            probability; repeats on one thing shrunk.
        parts: (accounts, 3) The log-likelihood ratio of each kind of acts.
        total: (accounts) Their sum.
        habits: By kind of act.
    """

    tainted: Doubles
    parts: Doubles
    total: Doubles
    habits: tuple[Habit, ...]


def conduct_of(graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles) -> Conduct:
    """Judge all accounts.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
    """
    tainted = np.zeros(touches.acts.shape)
    picks = Picks.room(int(touches.acts.sum(axis=1).max(initial=0)))
    likely = likely_things(taint)
    _tainted_acts(graph.out.unsigned(), touches, taint, suspicion, likely, picks, tainted)
    acts = touches.acts.astype(np.float64)
    members = np.clip(suspicion, 0, 1)
    habits = tuple(_habit(tainted[:, a], acts[:, a], members) for a in range(acts.shape[1]))
    parts = np.stack(
        [
            log_ratios(np.minimum(tainted[:, a], acts[:, a]), acts[:, a], *habit)
            for a, habit in enumerate(habits)
        ],
        axis=1,
    )
    return Conduct(tainted, parts, parts.sum(axis=1), habits)


def _habit(k: Doubles, n: Doubles, members: Doubles) -> Habit:
    """How members and others spend one kind of acts."""
    other = 1 - members
    rare = float((other * k).sum() / max((other * n).sum(), 1))
    rare = min(max(rare, 1e-7), 0.3)
    often = float((members * k).sum() / max((members * n).sum(), 1e-9))
    often = min(max(often, 3 * rare), 0.9)
    many = n >= _MANY
    return Habit(
        Beta.of(often, _concentration(often, k, n, members * (many & (members > _SURE)), 4.0)),
        Beta.of(rare, _concentration(rare, k, n, (many & (members < 0.1)).astype(np.float64), 50)),
    )


def _concentration(mean: float, k: Doubles, n: Doubles, weights: Doubles, default: float) -> float:
    """By moments: how much shares differ beyond what chance makes them (Williams 1982)."""
    some = weights > 0
    if some.sum() <= 5:
        return default
    k, n, weights = k[some], n[some], weights[some] / weights[some].sum()
    spread = float((weights * (k / n - mean) ** 2).sum())
    chance = float((weights * mean * (1 - mean) / n).sum())
    correlation = (spread - chance) / max(mean * (1 - mean) - chance, 1e-12)
    return 1 / float(np.clip(correlation, _LEAST_ALIKE, _MOST_ALIKE)) - 1


@kernel
def _tainted_acts(
    out: Csr,
    touches: Touches,
    taint: Taint,
    suspicion: Doubles,
    likely: Bools,
    picks: Picks,
    tainted: Doubles,
) -> None:
    repeats = np.zeros(len(touches.things), np.int32)
    for i in np.flatnonzero(came_by(touches, likely)):
        acts = pick(int(i), out, touches, taint, suspicion, likely, picks)
        for a in range(acts):
            repeats[picks.thing[a]] += 1
        for a in range(acts):
            tainted[i, picks.act[a]] += picks.chance[a] / np.sqrt(repeats[picks.thing[a]])
        for a in range(acts):
            repeats[picks.thing[a]] = 0


@kernel
def came_by(touches: Touches, likely: Bools) -> Bools:
    """(accounts) Who touched anything that may be tainted."""
    found = np.zeros(len(touches.accounts), np.bool_)
    rows = touches.by_thing
    for thing in np.flatnonzero(likely):
        for e in range(rows.start[thing], rows.start[thing + 1]):
            found[rows.other[e]] = True
    return found


def likely_things(taint: Taint) -> Bools:
    """(things) Which may be tainted at all."""
    likely: Bools = taint.most > LEAST
    return likely


@kernel
def pick(
    account: int,
    out: Csr,
    touches: Touches,
    taint: Taint,
    suspicion: Doubles,
    likely: Bools,
    picks: Picks,
) -> int:
    """Find the acts of an account on things that are likely tainted.

    Args:
        account: Its place.
        out: The edges of the graph, :meth:`~leeward.network.Csr.unsigned`.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        likely: (things) From :func:`likely_things`.
        picks: Room for all its acts. Is written.

    Returns:
        How many there are.
    """
    # One loop and no function for a part of it: handing on so many arrays takes twice the time.
    node, found, mine = touches.accounts[account], 0, len(out.start)
    for e in range(out.start[node], out.start[node + 1]):
        act, post = out.act[e], out.node[e]
        mine = post if act == _AUTHORED else mine  # stands first of what was done to a post
        if act > _LAST or (act != _AUTHORED and post == mine):
            continue
        most, worst = LEAST, -1
        for c in range(out.start[post], out.start[post + 1] + 1):
            thing = touches.thing_at[post if c == out.start[post + 1] else out.node[c]]
            if thing < 0 or not likely[thing]:
                continue
            here = without(account, thing, act, touches, taint, suspicion)
            # Places differ with how the log was read; what it met first does not.
            is_even = worst >= 0 and here == most
            if here > most or (is_even and touches.met[thing] < touches.met[worst]):
                most, worst = here, thing
        if worst >= 0:
            picks.post[found], picks.act[found] = post, act
            picks.thing[found], picks.chance[found] = worst, most
            found += 1
    return found


@kernel
def without(
    account: int, thing: int, act: int, touches: Touches, taint: Taint, suspicion: Doubles
) -> float:
    """The probability that a thing is tainted, an account's own touch left out.

    For its maker: by who else made a post with it, also where the account came by it again in
    a post of somebody else; others may have it from its own posts. Who was the first to do so
    chose nobody.
    """
    rows, is_post = touches.by_account, touches.kind[thing] == _POST
    if act == _AUTHORED or (not is_post and rows.how[_at(rows, account, thing)] & MADE):
        is_first = touches.beginner[thing] == account and not is_post
        if taint.made[thing] <= LEAST or is_first:
            return 0.0
        if suspicion[account] == 0:
            return float(taint.made[thing])
        sorts = taint.sorts_made[touches.kind[thing] - 1]
        rest = taint.makers[thing] - suspicion[account]
        return float(chance(rest, touches.makers[thing] - 1.0, sorts, taint.priors[thing]))
    light, heavy = taint.light[thing], taint.heavy[thing]
    if max(light, heavy) <= LEAST:
        return 0.0
    own = 1.0 if act < _LAST else _own(touches.by_account, account, thing)
    if suspicion[account] == 0:
        return float(light if own < 1 else heavy)
    rest = taint.touches[thing] - suspicion[account] * own
    sorts = taint.sorts[touches.kind[thing] - 1]
    return float(chance(rest, touches.size[thing] - own, sorts, taint.priors[thing]))


@kernel
def _own(rows: Rows, account: int, thing: int) -> float:
    """The weight of an account's own touch: that of its strongest act."""
    return float(rows.weight[_at(rows, account, thing)])


@kernel
def _at(rows: Rows, account: int, thing: int) -> int:
    """Where the touch of an account stands."""
    begin, end = rows.start[account], rows.start[account + 1]
    return int(begin + np.searchsorted(rows.other[begin:end], thing))
