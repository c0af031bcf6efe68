"""How near the confirmed ones an account stands, by the vote of each of them.

From each witness (a seed, or later a promoted suspect) walkers go to a thing that it touched, to
somebody else who touched that, and the same once more. How much more often than expected of its
activity they come by an account is its *lift*. Each witness ranks all accounts by it, and the
vote is the share of accounts that stand lower: between 0 and 1, however near an account stands.

That bound is the point. Nine tenths of what a member of a network does is ordinary, so its nearest
neighbours are people of the same town or hobby, with lifts in the thousands; a sum of lifts
follows the one witness whose hobby is the rarest. Members of the network stand a little nearer to
*every* witness. A mean of votes sees that, and one wrong witness moves it by one vote.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._votes.lifts import COLUMNS, Lifts

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.acts import Node
    from leeward.network._graph.csr import Int64
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.lifts import Counted

    Floats = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]

__all__ = ["Scales", "Votes", "bin_of", "mean_vote"]

_BINS: Final = 4096
"""Places of a histogram of lifts, from which shares are read."""
_THREADS: Final = 2


class Scales(NamedTuple):
    """From lifts to votes, by witness.

    Attributes:
        low: (witnesses) The lowest lift above 0.
        steps: (witnesses) Places of the histogram, by the logarithm of a lift.
        shares: (witnesses, places) The share of accounts below each place, in 65,535ths.
    """

    low: Doubles
    steps: Doubles
    shares: npt.NDArray[np.uint16]


class Votes:
    """Votes of witnesses, computed once each.

    Args:
        touches: Who touched what.
        kind: Walkers go through things of this kind alone; through all of them if None.
        counted: From :func:`~leeward.network._votes.lifts.counted_ways`, if that was done before.

    Attributes:
        everywhere: See :class:`~leeward.network._votes.lifts.Lifts`.
    """

    def __init__(
        self, touches: Touches, kind: Node | None = None, counted: Counted | None = None
    ) -> None:
        self._touches, self._kind, self._counted = touches, kind, counted
        self._lifts: Lifts | None = Lifts(touches, kind, counted=counted)
        self.everywhere = self._lifts.everywhere
        self._kept: dict[int, npt.NDArray[np.uint16]] = {}
        self._scales: dict[int, tuple[float, float, npt.NDArray[np.uint16]]] = {}

    def of(self, witnesses: Int64) -> list[npt.NDArray[np.uint16]]:
        """The votes of each witness for all accounts, in 65,535ths.

        Args:
            witnesses: Places of accounts; or, counted on from the last account, of things.
        """
        missing = [w for w in dict.fromkeys(witnesses.tolist()) if w not in self._kept]
        if self._lifts is None:
            self._lifts = Lifts(self._touches, self._kind, self.everywhere, self._counted)
        room = self._lifts.room() if missing else None
        for begin in range(0, len(missing), COLUMNS):
            some = missing[begin : begin + COLUMNS]
            lifts = self._lifts.of(np.array(some, np.int64), room)
            with ThreadPoolExecutor(_THREADS) as threads:
                votes = threads.map(_shares, (lifts[:, i] for i in range(len(some))))
                for witness, (shares, low, steps, places) in zip(some, votes, strict=True):
                    self._kept[witness] = shares
                    self._scales[witness] = low, steps, places
        return [self._kept[witness] for witness in witnesses.tolist()]

    def scales(self, witnesses: Int64) -> Scales:
        """By what the votes of witnesses who were asked before follow from lifts."""
        each = [self._scales[witness] for witness in witnesses.tolist()]
        return Scales(
            np.array([low for low, _, _ in each]),
            np.array([steps for _, steps, _ in each]),
            np.array([shares for _, _, shares in each], np.uint16).reshape(-1, _BINS + 1),
        )

    def forget(self) -> None:
        """Give the memory of the votes back."""
        self._kept.clear()
        self._scales.clear()
        self._lifts = None


def mean_vote(votes: Votes, witnesses: Int64, weights: Doubles, accounts: int) -> Doubles:
    """The weighted mean of the votes of witnesses, each left out of its own.

    Args:
        votes: Where votes come from.
        witnesses: (witnesses) As in :meth:`Votes.of`, none twice.
        weights: (witnesses) Below zero for those who vote against.
        accounts: How many accounts there are.

    Returns:
        (accounts) From 0 to 1 where all weights are positive; a half where nobody votes.
    """
    total = np.zeros(accounts)
    heavy = np.abs(weights)
    all_weights = np.full(accounts, heavy.sum())
    for i, (witness, shares) in enumerate(
        zip(witnesses.tolist(), votes.of(witnesses), strict=True)
    ):
        own = float(total[witness]) if witness < accounts else 0.0
        _add(total, shares, float(weights[i]))
        if witness < accounts:
            # Taking its own away again would leave rounding where a heavy one meets light ones.
            total[witness] = own
            all_weights[witness] = heavy[:i].sum() + heavy[i + 1 :].sum()
    mean: Doubles = np.divide(total, all_weights, out=np.zeros(accounts), where=all_weights > 0)
    return mean + 0.5


@kernel
def _add(total: Doubles, shares: npt.NDArray[np.uint16], weight: float) -> None:
    for i in range(len(total)):
        total[i] += weight * (shares[i] / 65535 - 0.5)


def _shares(
    lifts: Floats,
) -> tuple[npt.NDArray[np.uint16], float, float, npt.NDArray[np.uint16]]:
    """For each lift the share of lifts below it, equal ones counting a half, in 65,535ths.

    Lifts are compared by the first twelve bits of their logarithm's span. With it what
    :class:`Scales` keeps.
    """
    shares, below = np.empty(len(lifts), np.uint16), np.empty(_BINS + 1, np.uint16)
    low, steps = _rank(np.ascontiguousarray(lifts), shares, below)
    return shares, low, steps, below


@kernel
def _rank(
    lifts: Floats, shares: npt.NDArray[np.uint16], places: npt.NDArray[np.uint16]
) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for lift in lifts:
        if lift > 0:
            low, high = min(low, lift), max(high, lift)
    counts = np.zeros(_BINS + 1, np.int64)
    scale = 0.0
    if high > low:
        scale = (_BINS - 1) / np.log(high / low)
    for i in range(len(lifts)):
        shares[i] = bin_of(lifts[i], low, scale)
        counts[shares[i]] += 1
    below = 0
    for b in range(_BINS + 1):
        places[b] = int(65535 * (below + 0.5 * counts[b]) / max(len(lifts), 1))
        below += counts[b]
    for i in range(len(lifts)):
        shares[i] = places[shares[i]]
    return low, scale


@kernel
def bin_of(lift: float, low: float, scale: float) -> int:
    """The place of a lift in a histogram.

    Args:
        lift: It; 0 or above.
        low: The lowest above 0.
        scale: Places of the histogram, by the logarithm of a lift.
    """
    # To the nearest: the highest and the lowest often stand together, and stay so.
    return 1 + int(scale * np.log(lift / low) + 0.5) if lift > 0 else 0
