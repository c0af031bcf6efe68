"""Through which kinds of things the confirmed ones are tied to each other, and to whom.

One network passes pictures on, another one links. Where walkers may go through things of any kind,
the ties that matter drown in posts, which are most of what anybody touches. So votes are taken
through each kind apart and through all together. Each way is worth what it shows of the confirmed
ones themselves: where the others' votes put each among accounts of like activity (one is left out
at a time). The ways are weighed as likelihoods are, and their votes blended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._consensus import Votes, mean_vote
from leeward.network._lean import lean, leaning, shares_above, standing
from leeward.network._lifts import COLUMNS, Lifts
from leeward.network._taint import KINDS

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._acts import Node
    from leeward.network._consensus import Scales
    from leeward.network._csr import Bools
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["ALL", "Way", "Ways", "softmax", "votes_of_some"]

ALL: Final = "all things"
_NAMES: Final = ("posts", "pictures", "hashtags", "links")
_NEGLIGIBLE: Final = 0.02
"""What would count for less is left out."""


class Way(NamedTuple):
    """What is kept of a way, so that votes for some accounts can be taken again.

    Attributes:
        kind: The kind of things; None for all.
        weight: What the way counts.
        witnesses: Nodes, of accounts and things.
        weights: (witnesses) How much each counts.
        scales: From their lifts to votes.
        everywhere: See :class:`~leeward.network._lifts.Lifts`.
        steep, center: From the log-odds of mean votes to what they say.
    """

    kind: Node | None
    weight: float
    witnesses: Int32
    weights: Doubles
    scales: Scales
    everywhere: float
    steep: float
    center: float


class Ways:
    """Votes through each kind of things, and through all of them.

    Args:
        touches: Who touched what.

    Attributes:
        names: What the ways are called.
    """

    def __init__(self, touches: Touches) -> None:
        self._touches = touches
        self._activity = touches.by_account.degrees()
        self._kinds: dict[str, Node | None] = {ALL: None}
        for name, kind in zip(_NAMES, KINDS, strict=True):
            if (touches.kind == kind).any():
                self._kinds[name] = kind
        self._votes = {name: Votes(touches, kind) for name, kind in self._kinds.items()}
        self.names = tuple(self._kinds)

    def of(self, name: str, witnesses: Int64, weights: Doubles) -> Doubles:
        """(accounts) The mean vote through one kind of things.

        Args:
            name: Which kind.
            witnesses: Places of accounts; or, counted on from the last account, of things.
            weights: (witnesses) How much each counts.
        """
        places, there = self._there(name, witnesses)
        return mean_vote(self._votes[name], places, weights[there], len(self._activity))

    def _there(self, name: str, witnesses: Int64) -> tuple[Int64, Bools]:
        """The witnesses through whom a way leads: all accounts, and the things of its kind."""
        kind, there = self._kinds[name], np.ones(len(witnesses), np.bool_)
        is_thing = witnesses >= len(self._activity)
        if kind is not None:
            of_kind = self._touches.kind[witnesses[is_thing] - len(self._activity)]
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

    def forget(self) -> None:
        """Give the memory of the votes back; they may be taken again."""
        for votes in self._votes.values():
            votes.forget()

    def shares(self, witnesses: Int64, weights: Doubles, members: Int32) -> dict[str, Doubles]:
        """The share of like accounts above each member, by the votes of the other witnesses."""
        return {
            name: shares_above(self.of(name, witnesses, weights), self._activity, members)
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
        active = self._activity > 0
        total = np.zeros(len(active))
        for name, weight in weights_of.items():
            odds = _odds(self.of(name, witnesses, weights))
            total += weight * (lean(odds, odds[members], active) if len(members) else odds)
        return total

    def kept(
        self, weights_of: dict[str, float], witnesses: Int64, weights: Doubles, members: Int32
    ) -> tuple[Way, ...]:
        """What :meth:`blended` of the same witnesses follows from, but for where walkers went."""
        active, found = self._activity > 0, []
        nodes = np.concatenate([self._touches.accounts, self._touches.things])[witnesses]
        for name, weight in weights_of.items():
            odds = _odds(self.of(name, witnesses, weights))
            places, there = self._there(name, witnesses)
            steep, center = leaning(odds, odds[members], active) if len(members) else (1.0, 0.0)
            votes = self._votes[name]
            found.append(
                Way(
                    self._kinds[name],
                    weight,
                    nodes[there],
                    weights[there],
                    votes.scales(places),
                    votes.everywhere,
                    steep,
                    center,
                )
            )
        return tuple(found)


def votes_of_some(touches: Touches, ways: tuple[Way, ...], accounts: Int64) -> Doubles:
    """(accounts) What witnesses say of some accounts, as log-odds, measured by votes of old.

    Args:
        touches: Who touched what, as it is now.
        ways: From :meth:`Ways.kept`.
        accounts: Their places, ascending.
    """
    total = np.zeros(len(accounts))
    for way in ways if len(accounts) else ():
        places = touches.account_at[way.witnesses].astype(np.int64)
        thing = touches.thing_at[way.witnesses].astype(np.int64)
        places = np.where(thing >= 0, len(touches.accounts) + thing, places)
        there = np.flatnonzero(places >= 0)
        lifts, votes = Lifts(touches, way.kind, way.everywhere), []
        for begin in range(0, len(there), COLUMNS):
            some = there[begin : begin + COLUMNS]
            found = lifts.of_some(places[some], accounts)
            votes += [way.scales.votes(int(w), found[:, i]) for i, w in enumerate(some)]
        odds = _odds(_mean(votes, way.weights[there], places[there], accounts))
        total += way.weight * (way.steep * (odds - way.center))
    return total


def _mean(
    votes: list[npt.NDArray[np.uint16]], weights: Doubles, witnesses: Int64, accounts: Int64
) -> Doubles:
    """The mean votes for some accounts, as :func:`mean_vote` takes them."""
    total, heavy = np.zeros(len(accounts)), np.abs(weights)
    all_weights = np.full(len(accounts), heavy.sum())
    for i, shares in enumerate(votes):
        own = np.flatnonzero(accounts == witnesses[i])
        before = total[own]
        total += weights[i] * (shares / 65535 - 0.5)
        total[own] = before
        all_weights[own] = heavy[:i].sum() + heavy[i + 1 :].sum()
    mean: Doubles = np.divide(total, all_weights, out=np.zeros(len(total)), where=all_weights > 0)
    return mean + 0.5


def _odds(votes: Doubles) -> Doubles:
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
