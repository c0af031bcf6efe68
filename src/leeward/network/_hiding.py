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

from leeward.network._growth import Growth, sizes
from leeward.network._lean import shares_above

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._consensus import Votes
    from leeward.network._graph import Graph
    from leeward.network._growth import Confirmed
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["FEWEST", "Hidden", "dealt", "hide_and_grow", "standing"]

FEWEST: Final = 4
"""Confirmed members without whom nothing can be hidden."""
_WORSE: Final = 1.0
"""Growth is given up where standing is so much worse than it was, twice."""
_EARLY: Final = 0.02
"""Not before this share of all accounts is suspected: growth may take a while to begin."""
_THREADS: Final = 2


class Hidden(NamedTuple):
    """What hiding showed of the evidence.

    Attributes:
        size: How many suspects were best.
        shares: (members) The share of like accounts above each hidden one, at that size.
        ranks: (members) How many accounts stood above each, of whatever activity.
        path: Sizes and standings.
    """

    size: int
    shares: Doubles
    ranks: Doubles
    path: tuple[tuple[int, float], ...]


def dealt(members: Int32, folds: int, seed: int = 0) -> list[Int32]:
    """Deal members into folds, one a fold where there are fewer; by chance, reproducibly."""
    order = np.random.default_rng(seed).permutation(members)
    return [np.sort(order[i::folds]) for i in range(min(folds, len(members)))]


def standing(shares: Doubles) -> float:
    """The mean log share; 0 where there are none."""
    return float(np.log(shares).mean()) if len(shares) else 0.0


def hide_and_grow(
    graph: Graph,
    touches: Touches,
    votes: Votes,
    confirmed: Confirmed,
    folds: list[Int32],
    progress: Callable[[str], None],
) -> Hidden:
    """Grow without each fold in turn, size by size, until the hidden ones stand worse."""
    activity = touches.by_account.degrees()
    grown = [Growth(graph, touches, votes, confirmed.without(hidden)) for hidden in folds]
    members = np.concatenate(folds)
    tried: list[tuple[int, Doubles, Doubles]] = []

    def look(place: int) -> tuple[Doubles, Doubles]:
        total = grown[place].step(size).total
        above = np.array([np.count_nonzero(total > total[m]) for m in folds[place].tolist()])
        return shares_above(total, activity, folds[place]), above.astype(np.float64)

    with ThreadPoolExecutor(_THREADS) as threads:
        for size in sizes(len(activity)):
            found = list(threads.map(look, range(len(folds))))
            shares, ranks = (np.concatenate(parts) for parts in zip(*found, strict=True))
            tried.append((size, shares, ranks))
            progress(f"hiding confirmed ones: {size:,} suspects")
            standings = [standing(one[1]) for one in tried]
            late = size > _EARLY * len(activity)
            if late and min(standings[-2:]) > min(standings) + _WORSE:
                break
    size, shares, ranks = tried[int(np.argmin(standings))]
    order = np.argsort(members)
    path = tuple((one[0], at) for one, at in zip(tried, standings, strict=True))
    return Hidden(size, shares[order], ranks[order], path)
