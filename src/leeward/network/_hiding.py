"""How far to grow, and what each ranking is worth: found by hiding confirmed ones.

The confirmed members are dealt into folds. Each fold is hidden once; what the others lead to is
asked where the hidden ones stand among accounts of like activity, half to twice their own. The
mean of the logarithms of these shares is the *standing*: -1 is what chance gives, -4.6 means the
first hundredth.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._extent import likely_members
from leeward.network._growth import Growth, sizes
from leeward.network._lean import shares_above, standing

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._graph import Graph
    from leeward.network._growth import Confirmed
    from leeward.network._touches import Touches
    from leeward.network._ways import Ways

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["ENOUGH", "FEWEST", "Hidden", "dealt", "hide_and_grow"]

FEWEST: Final = 2
"""Confirmed members without whom nothing can be hidden."""
ENOUGH: Final = 4
"""From so many on, what hiding shows may be told: before, it only chooses."""
_WORSE: Final = 1.0
"""Growth is given up where standing is so much worse than it was, twice."""
_EARLY: Final = 0.02
"""Not before this share of all accounts is suspected: growth may take a while to begin."""
_HALF: Final = 0.5
_THREADS: Final = 2


class _Tried(NamedTuple):
    """What hiding showed at one number of suspects; ``purity`` is the share of likely members.

    The ``totals`` of sizes that cannot be chosen any more are let go.
    """

    size: int
    shares: Doubles
    ranks: Doubles
    purity: float
    totals: tuple[Doubles, ...]


class Hidden(NamedTuple):
    """What hiding showed of the evidence.

    Attributes:
        size: How many suspects are right.
        shares: (members) The share of like accounts above each hidden one, at that size.
        ranks: (members) How many accounts stood above each, of whatever activity.
        path: Sizes and standings.
        totals: (accounts) By fold, the evidence of the search without it, at that size.
    """

    size: int
    shares: Doubles
    ranks: Doubles
    path: tuple[tuple[int, float], ...]
    totals: tuple[Doubles, ...]


def dealt(members: Int32, folds: int, seed: int = 0) -> list[Int32]:
    """Deal members into folds, one a fold where there are fewer; by chance, reproducibly."""
    order = np.random.default_rng(seed).permutation(members)
    return [np.sort(order[i::folds]) for i in range(min(folds, len(members)))]


def hide_and_grow(
    graph: Graph,
    touches: Touches,
    ways: Ways,
    confirmed: Confirmed,
    folds: list[Int32],
    progress: Callable[[str], None],
) -> Hidden:
    """Grow without each fold in turn, size by size, until the hidden ones stand worse."""
    activity = touches.by_account.degrees()
    grown = Growth.of_each(graph, touches, ways, [confirmed.without(hidden) for hidden in folds])
    tried: list[_Tried] = []

    def look(place: int) -> tuple[Doubles, Doubles, float, Doubles]:
        total = grown[place].step(size).total
        above = np.array([np.count_nonzero(total > total[m]) for m in folds[place].tolist()])
        shares = shares_above(total, activity, folds[place])
        return shares, above.astype(np.float64), likely_members(total, size) / size, total

    with ThreadPoolExecutor(_THREADS) as threads:
        for size in sizes(len(activity)):
            found = list(threads.map(look, range(len(folds))))
            shares, ranks = (np.concatenate([one[i] for one in found]) for i in (0, 1))
            purity = float(np.mean([one[2] for one in found]))
            tried.append(_Tried(size, shares, ranks, purity, tuple(one[3] for one in found)))
            tried = _open(tried)
            progress(f"hiding confirmed ones: {size:,} suspects")
            standings = [standing(one.shares) for one in tried]
            late = size > _EARLY * len(activity)
            if late and min(standings[-2:]) > min(standings) + _WORSE:
                break
    chosen = _largest(tried)
    order = np.argsort(np.concatenate(folds))
    path = tuple((one.size, at) for one, at in zip(tried, standings, strict=True))
    shares, ranks = chosen.shares[order], chosen.ranks[order]
    return Hidden(chosen.size, shares, ranks, path, chosen.totals)


def _largest(tried: list[_Tried]) -> _Tried:
    """The largest number of suspects that is no worse than the best one, as far as can be told.

    With ten confirmed ones standings differ by chance. So all sizes count as good whose members
    stand lower by no more than one standard error (Breiman and others 1984), as long as half of
    the suspects are likely members: more suspects show more of what the network touches.
    """
    best = good = _best(tried)
    for one in tried:
        lost = np.log(one.shares) - np.log(best.shares)
        error = float(lost.std(ddof=1)) / np.sqrt(len(lost)) if len(lost) > 1 else 0.0
        if one.size > best.size and lost.mean() <= error and one.purity >= _HALF:
            good = one
    return good


def _best(tried: list[_Tried]) -> _Tried:
    return min(tried, key=lambda one: standing(one.shares))


def _open(tried: list[_Tried]) -> list[_Tried]:
    """The same, without the totals of sizes that no larger size can make the right ones."""
    kept = {_best(tried).size, _largest(tried).size}
    return [one if one.size in kept else one._replace(totals=()) for one in tried]
