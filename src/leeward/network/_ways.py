"""Through which kinds of things the confirmed ones are tied to each other, and to whom.

One network passes pictures on, another one links. Where walkers may go through things of any kind,
the ties that matter drown in posts, which are most of what anybody touches. So votes are taken
through each kind apart and through all together. Each way is worth what it shows of the confirmed
ones themselves: where the others' votes put each among accounts of like activity (one is left out
at a time). The ways are weighed as likelihoods are, and their votes blended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._consensus import Votes, mean_vote
from leeward.network._lean import lean, shares_above, standing
from leeward.network._taint import KINDS
from leeward.network._touches import through

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["ALL", "Ways", "softmax"]

ALL: Final = "all things"
_NAMES: Final = ("posts", "pictures", "hashtags", "links")
_NEGLIGIBLE: Final = 0.02
"""What would count for less is left out."""


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
        self._parts = {ALL: touches}
        for name, kind in zip(_NAMES, KINDS, strict=True):
            part = through(touches, kind)
            if len(part.things):
                self._parts[name] = part
        self._votes = {name: Votes(part) for name, part in self._parts.items()}
        self.names = tuple(self._parts)

    def of(self, name: str, witnesses: Int64, weights: Doubles) -> Doubles:
        """(accounts) The mean vote through one kind of things.

        Args:
            name: Which kind.
            witnesses: Places of accounts; or, counted on from the last account, of things.
            weights: (witnesses) How much each counts.
        """
        accounts, part = len(self._activity), self._parts[name]
        is_thing = witnesses >= accounts
        places = witnesses.copy()
        nodes = self._touches.things[witnesses[is_thing] - accounts]
        places[is_thing] = np.where(part.thing_at[nodes] < 0, -1, accounts + part.thing_at[nodes])
        there = places >= 0
        return mean_vote(self._votes[name], places[there], weights[there], accounts)

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
            bounded = np.clip(self.of(name, witnesses, weights), 1e-6, 1 - 1e-6)
            odds = np.log(bounded / (1 - bounded))
            total += weight * (lean(odds, odds[members], active) if len(members) else odds)
        return total


def softmax(worth: dict[str, float], members: int) -> dict[str, float]:
    """Weights by the summed log shares, as if these were likelihoods; they add up to one."""
    best = min(worth.values())
    raw = {name: float(np.exp(-members * (at - best))) for name, at in worth.items()}
    least = _NEGLIGIBLE * sum(raw.values())
    kept = {name: one for name, one in raw.items() if one >= least}
    return {name: one / sum(kept.values()) for name, one in kept.items()}
