"""What others do, on the same world: the walk of two steps, and FRAUDAR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.network._families.two_hop import two_hops

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.evaluate._searching import Searched
    from leeward.evaluate._world import World

    Doubles = npt.NDArray[np.float64]

__all__ = ["accused", "portfolio"]


def portfolio(searched: Searched) -> dict[str, Doubles]:
    """(accounts) What each member of the portfolio says, by its name."""
    return {
        name: np.nan_to_num(np.asarray(scores, np.float64)[searched.place])
        for name, scores in searched.search.families.items()
    }


def accused(world: World, searched: Searched) -> Doubles:
    """(accounts) 1 for whom two hops over reposts lead to from the seeds, 0 for others."""
    reached = np.zeros(len(world.graph.kind))
    seeds = world.accounts[searched.seeds].astype(np.int32)
    reached[two_hops(world.graph, seeds)] = 1.0
    return reached[world.accounts]
