"""Through which kinds of things the confirmed ones are tied to each other, and to whom.

One network passes pictures on, another one links. Where walkers may go through things of any kind,
the ties that matter drown in posts, which are most of what anybody touches. So votes are taken
through each kind apart and through all together. Each way is worth what it shows of the confirmed
ones themselves: where the others' votes put each among accounts of like activity (one is left out
at a time). The ways are weighed as likelihoods are, and their votes blended.

Where a search is led by replies, these are its only way (see
:mod:`~leeward.network._touches.replies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._evidence.sorts import KINDS
from leeward.network._touches.replies import REPLIES
from leeward.network._votes.consensus import Votes, mean_vote
from leeward.network._votes.lean import lean, leaning, shares_above, standing
from leeward.network._votes.lifts import counted_ways

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.acts import Node
    from leeward.network._graph.csr import Bools
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.consensus import Scales

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Shares = npt.NDArray[np.uint16]

__all__ = ["ALL", "Later", "Way", "Ways", "odds_of", "softmax"]

ALL: Final = "all things"
_NAMES: Final = ("posts", "pictures", "hashtags", "links")
_NEGLIGIBLE: Final = 0.02
"""What would count for less is left out."""


class Later(NamedTuple):
    """Votes that were taken since the search, for some accounts.

    Attributes:
        accounts: Their places, ascending.
        votes: (witnesses, accounts) In 65,535ths.
    """

    accounts: Int64
    votes: Shares

    @classmethod
    def none(cls, witnesses: int) -> Later:
        """For nobody."""
        return cls(np.empty(0, np.int64), np.empty((witnesses, 0), np.uint16))

    def shares(self, before: tuple[Shares, ...], accounts: Int64) -> Shares:
        """(witnesses, accounts) The votes for some accounts; 0 for those who had none.

        Args:
            before: Those of the search.
            accounts: Their places.
        """
        found = np.zeros((len(before), len(accounts)), np.uint16)
        for row, votes in zip(found, before, strict=True):
            known = accounts < len(votes)
            row[known] = votes[accounts[known]]
        _, here, there = np.intersect1d(accounts, self.accounts, True, return_indices=True)
        found[:, here] = self.votes[:, there]
        return found

    def joined(self, accounts: Int64, votes: Shares) -> Later:
        """With the votes for some accounts, which count from now on."""
        stay = np.flatnonzero(~np.isin(self.accounts, accounts))
        everybody = np.concatenate([self.accounts[stay], accounts])
        order = np.argsort(everybody)
        joined = np.concatenate([self.votes[:, stay], votes], axis=1)
        return Later(everybody[order], joined[:, order])


class Way(NamedTuple):
    """What is kept of a way, so that votes for some accounts can be taken again.

    Attributes:
        kind: The kind of things; None for all.
        weight: What the way counts.
        witnesses: Nodes, of accounts and things.
        weights: (witnesses) How much each counts.
        scales: From their lifts to votes.
        votes: (witnesses) The votes of each for the accounts of the search, in 65,535ths.
        later: Votes that were taken since.
        everywhere: See :class:`~leeward.network._votes.lifts.Lifts`.
        steep, center: From the log-odds of mean votes to what they say.
        by_replies: Whether it leads through whom accounts turned to.
    """

    kind: Node | None
    weight: float
    witnesses: Int32
    weights: Doubles
    scales: Scales
    votes: tuple[Shares, ...]
    later: Later
    everywhere: float
    steep: float
    center: float
    by_replies: bool = False


class Ways:
    """Votes through each kind of things, and through all of them; or by replies.

    Args:
        touches: Who touched what.
        replies: Who turned to whom, where that is the only way; from
            :func:`~leeward.network._touches.replies.replies_of`.

    Attributes:
        names: What the ways are called.
        replies: As given.
        activity: (accounts) How much each did of what the ways lead by: whom it is compared with.
    """

    def __init__(self, touches: Touches, replies: Touches | None = None) -> None:
        self._touches, self.replies = touches, replies
        self.activity = touches.by_account.degrees()
        self._kinds: dict[str, Node | None] = {ALL: None}
        for name, kind in zip(_NAMES, KINDS, strict=True):
            if (touches.kind == kind).any():
                self._kinds[name] = kind
        if replies is not None:
            self.activity = self.activity + replies.by_account.degrees()
            self._kinds = {REPLIES: None}
        ground = touches if replies is None else replies
        counted = counted_ways(ground)
        self._votes = {name: Votes(ground, kind, counted) for name, kind in self._kinds.items()}
        self.names = tuple(self._kinds)

    def of(self, name: str, witnesses: Int64, weights: Doubles) -> Doubles:
        """(accounts) The mean vote through one kind of things.

        Args:
            name: Which kind.
            witnesses: Places of accounts; or, counted on from the last account, of things.
            weights: (witnesses) How much each counts.
        """
        places, there = self._there(name, witnesses)
        return mean_vote(self._votes[name], places, weights[there], len(self.activity))

    def _there(self, name: str, witnesses: Int64) -> tuple[Int64, Bools]:
        """The witnesses through whom a way leads: all accounts, and the things of its kind."""
        kind, there = self._kinds[name], np.ones(len(witnesses), np.bool_)
        is_thing = witnesses >= len(self.activity)
        if self.replies is not None:  # what was judged is a thing of the other ground
            there = ~is_thing
        elif kind is not None:
            of_kind = self._touches.kind[witnesses[is_thing] - len(self.activity)]
            there[is_thing] = of_kind == kind
        return witnesses[there], there

    def ahead(self, witnesses: Int64, name: str | None = None) -> None:
        """Take the votes of some witnesses at one go, which is quicker than a few at a time.

        Args:
            witnesses: As in :meth:`of`.
            name: Through which kind; through each if None.
        """
        for each in self.names if name is None else (name,):
            self._votes[each].of(self._there(each, witnesses)[0])

    def forget(self, name: str | None = None) -> None:
        """Give the memory of the votes back; they may be taken again.

        Args:
            name: Of those through one kind; of all if None.
        """
        for each in self.names if name is None else (name,):
            self._votes[each].forget()

    def shares(self, witnesses: Int64, weights: Doubles, members: Int32) -> dict[str, Doubles]:
        """The share of like accounts above each member, by the votes of the other witnesses."""
        return {
            name: shares_above(self.of(name, witnesses, weights), self.activity, members)
            for name in self.names
        }

    def weights(self, witnesses: Int64, weights: Doubles, members: Int32) -> dict[str, float]:
        """What each way counts, by how the members stand; where there are none, all things do."""
        if not len(members):
            return {ALL: 1.0}
        shares = self.shares(witnesses, weights, members)
        return softmax({name: standing(one) for name, one in shares.items()}, len(members))

    def blended(
        self, weights_of: dict[str, float], witnesses: Int64, weights: Doubles, members: Int32
    ) -> Doubles:
        """(accounts) What the votes say as log-odds, each way by its weight."""
        total = np.zeros(len(self.activity))
        for name, weight in weights_of.items():
            total += weight * self.said(name, witnesses, weights, members)
        return total

    def said(self, name: str, witnesses: Int64, weights: Doubles, members: Int32) -> Doubles:
        """(accounts) What the votes through one kind say as log-odds."""
        odds = odds_of(self.of(name, witnesses, weights))
        return lean(odds, odds[members], self.activity > 0) if len(members) else odds

    def kept(
        self, name: str, weight: float, witnesses: Int64, weights: Doubles, members: Int32
    ) -> Way:
        """What :meth:`said` of the same witnesses follows from, but for where walkers went."""
        odds = odds_of(self.of(name, witnesses, weights))
        places, there = self._there(name, witnesses)
        steep, center = 1.0, 0.0
        if len(members):
            steep, center = leaning(odds, odds[members], self.activity > 0)
        nodes = np.concatenate([self._touches.accounts, self._touches.things])[witnesses]
        votes = self._votes[name]
        return Way(
            self._kinds[name],
            weight,
            nodes[there],
            weights[there],
            votes.scales(places),
            tuple(votes.of(places)),
            Later.none(len(places)),
            votes.everywhere,
            steep,
            center,
            self.replies is not None,
        )


def odds_of(votes: Doubles) -> Doubles:
    """Mean votes as log-odds."""
    bounded = np.clip(votes, 1e-6, 1 - 1e-6)
    odds: Doubles = np.log(bounded / (1 - bounded))
    return odds


def softmax(worth: dict[str, float], members: int) -> dict[str, float]:
    """Weights by the summed log shares, as if these were likelihoods; they add up to one."""
    best = min(worth.values())
    raw = {name: float(np.exp(-members * (at - best))) for name, at in worth.items()}
    least = _NEGLIGIBLE * sum(raw.values())
    kept = {name: one for name, one in raw.items() if one >= least}
    return {name: one / sum(kept.values()) for name, one in kept.items()}
