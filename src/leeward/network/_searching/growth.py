"""From a few confirmed ones to all suspects, in steps that cannot run away.

Evidence that feeds on itself accuses everybody in the end: people of one town touch the same
things, and look like a network as soon as some of them are suspected. So growth is anchored and
counted. It begins with those for whom *all* confirmed ones vote
(:mod:`~leeward.network._votes.consensus`); it goes by ranks, not by probabilities; the number of
suspects doubles at each step; and how far it goes is found by hiding some of the confirmed ones and
asking where the evidence of the others puts them.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._evidence.conduct import conduct_of
from leeward.network._evidence.dissent import Shared, dissent_of
from leeward.network._evidence.replied import replied_of
from leeward.network._evidence.taint import Judge
from leeward.network._graph.order import in_order
from leeward.network._types import CONCLUSIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    import numpy.typing as npt

    from leeward.network._evidence.conduct import Conduct
    from leeward.network._evidence.dissent import Dissent
    from leeward.network._evidence.replied import Replied
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.ways import Way, Ways

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["Confirmed", "Growth", "Step", "highest", "sizes", "step_of"]

_FEWEST, _FIRST, _MOST = 50, 500, 400
"""Suspects to begin with: one account in 500, but not fewer or more than these. Too few tell too
little of what they have in common, and a chance likeness leads away."""
_LARGEST: Final = 0.05
"""A network is taken to be at most this share of all accounts."""
PROMOTED: Final = 30
"""Accounts that become witnesses beside the confirmed ones."""
_CONFIRMED: Final = 1.5
"""The vote of a confirmed one beside that of a promoted one."""
_WITNESSES: Final = 64
"""Confirmed ones that vote, at most; more say nothing new."""
_ENOUGH: Final = 4
"""Members whose votes are enough."""
_ANCHOR: Final = 400.0
"""Votes count as much as the evidence of so many suspects."""
_LOOSEST: Final = 0.25
"""What votes count at least: the anchor that keeps growth near the confirmed ones."""


class Confirmed(NamedTuple):
    """What persons have concluded.

    Attributes:
        members: Places of accounts that belong, ascending.
        weights: (members) How much each counts.
        innocent: Places of accounts that do not belong, ascending.
        things: (things) What is known of things, as log-odds; 0 for most.
        given: Those of the members who were given as seeds. The others were asked about because
            they were in doubt, and do not show where members stand.
    """

    members: Int32
    weights: Doubles
    innocent: Int32
    things: Doubles
    given: Int32

    @property
    def shown(self) -> Int32:
        """Those who show where members stand: the given ones, or where there are none all."""
        return self.given if len(self.given) else self.members

    def without(self, hidden: Int32) -> Confirmed:
        """The same, some members unknown."""
        kept = ~np.isin(self.members, hidden)
        given = np.setdiff1d(self.given, hidden)
        return self._replace(members=self.members[kept], weights=self.weights[kept], given=given)


class Step(NamedTuple):
    """The evidence at one number of suspects.

    Attributes:
        suspicion: (accounts) The probabilities that it was made of.
        taint, conduct, dissent: What follows from them.
        vote: (accounts) What the votes add, as log-odds.
        total: (accounts) All of it, as log-odds without a base rate.
        replied: What follows from whom accounts turned to, in a search that is led by replies.
    """

    suspicion: Doubles
    taint: Taint
    conduct: Conduct
    dissent: Dissent
    vote: Doubles
    total: Doubles
    replied: Replied | None = None


def sizes(accounts: int) -> list[int]:
    """Numbers of suspects to go through."""
    largest = max(int(_LARGEST * accounts), 1)
    first = min(int(np.clip(accounts / _FIRST, _FEWEST, _MOST)), largest)
    return [first << i for i in range(int(np.log2(largest / first)) + 1)]


def step_of(
    graph: Graph,
    touches: Touches,
    things: Doubles,
    suspicion: Doubles,
    votes: Doubles | Callable[[], Doubles],
    size: int,
    members: Int32,
    replies: Touches | None = None,
    *,
    hashtags: bool = True,
    judge: Judge | None = None,
) -> Step:
    """Look at everybody, given who is suspected.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        things: (things) What is known of things, as log-odds; 0 for most.
        suspicion: (accounts) The probabilities of those who are suspected; 0 for the others.
        votes: (accounts) What the witnesses say, as log-odds; or what is called for them at last,
            while they are taken elsewhere.
        size: How many are suspected beside the confirmed ones.
        members: Places of the confirmed ones.
        replies: Who turned to whom, in a search that is led by replies.
        hashtags: Whether hashtags count that no person judged.
        judge: Of the touches, if there is one.
    """
    taint = (judge or Judge(touches)).taint(suspicion, things, hashtags=hashtags)
    return _looked(graph, touches, taint, taint.most, suspicion, votes, size, members, replies)


def _looked(
    graph: Graph,
    touches: Touches,
    taint: Taint,
    chances: Doubles,
    suspicion: Doubles,
    votes: Doubles | Callable[[], Doubles],
    size: int,
    members: Int32,
    replies: Touches | None,
) -> Step:
    """The same, given what is known of things; ``chances`` is ``taint.most``."""
    conduct = conduct_of(graph, touches, taint, suspicion, chances)
    said = votes() if callable(votes) else votes
    vote = said * max(_LOOSEST, _ANCHOR / (_ANCHOR + size))
    shared = conduct.total + vote
    replied = None if replies is None else replied_of(replies, suspicion)
    shared = shared if replied is None else shared + replied.total
    known = Shared(shared, size, members)
    dissent = dissent_of(graph, touches, taint, suspicion, known, chances)
    total = shared + dissent.total
    return Step(suspicion, taint, conduct, dissent, vote, total, replied)


def highest(
    graph: Graph, touches: Touches, confirmed: Confirmed, order: Doubles, count: int
) -> npt.NDArray[np.int64]:
    """Those who stand highest and are not confirmed; equal ones as the log met them."""
    open_ = touches.by_account.degrees() > 0
    open_[confirmed.members] = False
    open_[confirmed.innocent] = False
    places = np.flatnonzero(open_)
    if count < len(places):
        border = np.partition(order[places], len(places) - count)[len(places) - count]
        above = places[order[places] > border]
        even = touches.accounts[places[order[places] == border]]
        even = touches.account_at[in_order(graph, even)]
        places = np.sort(np.concatenate([above, even[: count - len(above)]]))
    return places


class Growth:
    """Growth from some confirmed ones; see :meth:`of_each`.

    Attributes:
        votes: (accounts) What the confirmed ones and those whom they promote say, as log-odds.
        ways: How much the votes through each kind of things count.
        total: (accounts) What the next suspects are chosen by.
        order: (accounts) What those of the last step were chosen by.
        hashtags: Whether hashtags count that no person judged.
    """

    def __init__(self, graph: Graph, touches: Touches, ways: Ways, confirmed: Confirmed) -> None:
        self._graph, self._touches, self._confirmed = graph, touches, confirmed
        self._replies = ways.replies
        self._judge: Judge | None = None
        self.hashtags = True
        self._active = touches.by_account.degrees() > 0
        self._witnesses, self._weights = _voters(touches, confirmed)
        self._members = confirmed.shown
        self.ways = ways.weights(self._witnesses, self._weights, self._members)
        first = ways.blended(self.ways, self._witnesses, self._weights, self._members)
        promoted = self._highest(first, min(PROMOTED, sizes(len(self._active))[0]))
        self._witnesses = np.concatenate([self._witnesses, promoted])
        self._weights = np.concatenate([_CONFIRMED * self._weights, np.ones(len(promoted))])
        self.votes = self.total = self.order = first
        self._kept: tuple[Way, ...] | None = None

    @classmethod
    def of_each(
        cls,
        graph: Graph,
        touches: Touches,
        ways: Ways,
        confirmed: Sequence[Confirmed],
        *,
        keep_last: bool = False,
    ) -> list[Self]:
        """Growth from each of several sets, whose witnesses vote at one go.

        Args:
            graph: The interaction graph.
            touches: Who touched what.
            ways: Where votes come from.
            confirmed: Where each begins.
            keep_last: Keep of the last what :meth:`kept` gives, and forget all other votes.
        """
        asked = [_voters(touches, one)[0] for one in confirmed if len(one.members)]
        if asked:
            ways.ahead(np.unique(np.concatenate(asked)))
        grown = [cls(graph, touches, ways, one) for one in confirmed]
        found = [np.zeros(len(one.total)) for one in grown]
        kept: list[Way] = []
        for name in ways.names:
            which = [i for i, one in enumerate(grown) if name in one.ways]
            if which:
                ways.ahead(np.unique(np.concatenate([grown[i]._witnesses for i in which])), name)
            for i in which:
                found[i] += grown[i]._said(ways, name)
            if keep_last:
                kept += grown[-1]._ways_kept(ways, name)
                ways.forget(name)
        judge = Judge(touches)
        for one, votes in zip(grown, found, strict=True):
            one._judge = judge
            one.votes = votes
            one.total = one.order = (one.total + votes) / 2
        if keep_last:
            grown[-1]._kept = tuple(kept)
        return grown

    def _said(self, ways: Ways, name: str) -> Doubles:
        """What the votes of the promoted, too, add through one kind of things."""
        votes = ways.said(name, self._witnesses, self._weights, self._members)
        return self.ways[name] * votes

    def _ways_kept(self, ways: Ways, name: str) -> list[Way]:
        if name not in self.ways:
            return []
        weight = self.ways[name]
        return [ways.kept(name, weight, self._witnesses, self._weights, self._members)]

    def step(self, size: int, confirmed: Confirmed | None = None) -> Step:
        """Suspect so many of those who stand highest, and look again at everybody.

        Args:
            size: How many.
            confirmed: What is known by now, if it is more than growth began with.
        """
        known = confirmed or self._confirmed
        suspicion = self._suspicion(size, known)
        self.order = self.total
        step = step_of(
            self._graph,
            self._touches,
            known.things,
            suspicion,
            self.votes,
            size,
            known.shown,
            self._replies,
            hashtags=self.hashtags,
            judge=self._judge,
        )
        self.total = step.total
        return step

    def look(self, size: int) -> Doubles:
        """A step, of which nothing is kept but the total: what the next suspects are chosen by."""
        judge = self._judge or Judge(self._touches)
        suspicion = self._suspicion(size, self._confirmed)
        things = self._confirmed.things
        with judge.lent(suspicion, things, hashtags=self.hashtags) as (taint, chances):
            self.total = _looked(
                self._graph,
                self._touches,
                taint,
                chances,
                suspicion,
                self.votes,
                size,
                self._confirmed.shown,
                self._replies,
            ).total
        return self.total

    def _suspicion(self, size: int, known: Confirmed) -> Doubles:
        suspicion = np.zeros(len(self.total))
        suspicion[highest(self._graph, self._touches, known, self.total, size)] = 1
        suspicion[known.members] = 1
        return suspicion

    def again(self, *, hashtags: bool) -> Self:
        """The same before its first step, with hashtags or without."""
        other = copy(self)
        other.hashtags = hashtags
        return other

    def kept(self, ways: Ways) -> tuple[Way, ...]:
        """What the votes follow from, to be taken again for some accounts."""
        if self._kept is not None:
            return self._kept
        return tuple(one for name in self.ways for one in self._ways_kept(ways, name))

    def _highest(self, order: Doubles, count: int) -> npt.NDArray[np.int64]:
        return highest(self._graph, self._touches, self._confirmed, order, count)


def _voters(touches: Touches, confirmed: Confirmed) -> tuple[npt.NDArray[np.int64], Doubles]:
    """Members, evenly thinned where there are very many; where they are few, things too.

    A thing is the worse witness: who is near to it is near to everybody who came by it. One of
    which something is only suspected is none.
    """
    members, things = confirmed.members, np.flatnonzero(confirmed.things >= CONCLUSIVE)
    if len(members) >= _ENOUGH:
        things = things[:0]
    everybody = np.concatenate([members, len(touches.accounts) + things])
    weights = np.concatenate([confirmed.weights, np.ones(len(things))])
    kept = np.unique(np.linspace(0, len(everybody) - 1, _WITNESSES).round().astype(np.int64))
    kept = kept[: len(everybody)]
    weights = weights[kept] / max(weights[kept].mean(), 1e-9) if len(kept) else weights
    return everybody[kept].astype(np.int64), weights
