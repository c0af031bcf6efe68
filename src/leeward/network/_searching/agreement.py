"""What several searches agree on, each made without some of the confirmed ones.

One search may be led astray: a confirmed member has neighbours, too, and evidence that feeds on
itself may settle on them. Such a mistake hangs on one or two of the confirmed ones, and a search
without these does not make it. So the score of an account is the middle one of all searches (the
median, which half of the searches would have to share a mistake to move; the idea is that of
bagging, Breiman 1996, with folds in place of bootstrap samples).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._searching.growth import Growth, sizes
from leeward.network._searching.hiding import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.growth import Confirmed, Step
    from leeward.network._searching.hiding import Hidden
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.ways import Ways

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["AGREEMENT", "Agreed", "agreed", "middle_of", "nearest"]

AGREEMENT: Final = "agreement"
"""The part of a score that lies between the search that explains it and the middle one."""

_FAR: Final = 1.25
"""How many times as far from the middle as another search the one that knows all confirmed ones
may be."""


class Agreed(NamedTuple):
    """What the searches agree on, and the one of them that explains it.

    Attributes:
        growth, step: The search that stands nearest to the middle, and its evidence.
        size: How many are suspected in it, beside the confirmed ones.
        total: (accounts) The middle of all searches, as log-odds without a base rate.
        agreement: (accounts) What lies between the two.
    """

    growth: Growth
    step: Step
    size: int
    total: Doubles
    agreement: Doubles


def agreed(
    graph: Graph,
    touches: Touches,
    ways: Ways,
    confirmed: Confirmed,
    hidden: Hidden | None,
    parts: Sequence[Int32],
) -> Agreed:
    """Grow from all confirmed ones, and compare with what those without each part led to.

    Where fewer than four were hidden there are too few searches to compare.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        ways: Where votes come from.
        confirmed: What persons have concluded.
        hidden: What hiding showed; None where nothing could be hidden.
        parts: The members that were hidden together.
    """
    first = sizes(len(touches.accounts))[0]
    size = first if hidden is None else hidden.size

    def grow(known: Confirmed) -> tuple[Growth, Step]:
        (growth,) = Growth.of_each(graph, touches, ways, [known])
        growth.hashtags = hidden is None or hidden.hashtags
        for smaller, _ in () if hidden is None else hidden.path:
            if smaller >= size:
                break
            growth.look(smaller)
        return growth, growth.step(size, confirmed)

    whole = None if hidden is None else hidden.whole
    growth, step = grow(confirmed) if whole is None else (whole, whole.step(size, confirmed))
    if hidden is None or len(hidden.ranks) < ENOUGH:
        return Agreed(growth, step, size, step.total, np.zeros(len(step.total)))
    totals = [*hidden.totals, step.total]
    middle = middle_of(totals)
    which = nearest(totals, middle, size)
    if which < len(parts):
        growth, step = grow(confirmed.without(parts[which]))
    return Agreed(growth, step, size, middle, middle - step.total)


def middle_of(totals: Sequence[Doubles]) -> Doubles:
    """(accounts) The median of the totals of some searches."""
    return np.asarray(np.median(np.stack(totals), axis=0))


def nearest(totals: Sequence[Doubles], middle: Doubles, size: int) -> int:
    """Which search is the nearest to what they agree on, so that it may explain it.

    The last one knows all confirmed ones, and stays unless another is far nearer.

    Args:
        totals: (accounts) Of each search.
        middle: (accounts) Their median.
        size: How many accounts, the highest by the median, are compared.
    """
    highest = np.argsort(-middle, kind="stable")[:size]
    apart = np.array([np.abs(one[highest] - middle[highest]).sum() for one in totals])
    best = int(apart.argmin())
    return best if _FAR * apart[best] < apart[-1] else len(totals) - 1
