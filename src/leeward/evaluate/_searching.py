"""A search as an evaluation sees it: by the accounts of which the truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from leeward.evaluate._cost import Cost, measured
from leeward.network import Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.evaluate._world import World
    from leeward.network import Graph
    from leeward.network._evidence.conduct import Conduct
    from leeward.network._evidence.taint import Taint
    from leeward.network._searching.extent import Extent
    from leeward.network._touches.touches import Touches

    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Search", "Searched", "Searching", "searched"]


class Search(Protocol):
    """What is asked of a search; all arrays by place among ``touches.accounts``."""

    @property
    def touches(self) -> Touches:
        """Who touched what."""

    @property
    def log_odds(self) -> Doubles:
        """(accounts) The sum of the evidence."""

    @property
    def probability(self) -> Doubles:
        """(accounts) The same, calibrated."""

    @property
    def parts(self) -> Mapping[str, Doubles]:
        """The named parts of ``log_odds``; ``priors`` is what was said of accounts themselves."""

    @property
    def suspicion(self) -> Doubles:
        """(accounts) The probabilities that the evidence was made of."""

    @property
    def taint(self) -> Taint:
        """What is known of things."""

    @property
    def conduct(self) -> Conduct:
        """What accounts did with them."""

    @property
    def families(self) -> Mapping[str, npt.NDArray[np.floating[Any]]]:
        """(accounts) The scores of each member of the portfolio."""

    @property
    def weights(self) -> Mapping[str, float]:
        """What each member weighs in the blend."""

    @property
    def extent(self) -> Extent:
        """How many members there are."""

    @property
    def line(self) -> float:
        """The log-odds above which it claims a precision of .99; infinite where it claims none."""

    @property
    def asked_first(self) -> Bools:
        """(accounts) Who is never above the line without a person."""

    @property
    def abstained(self) -> str | None:
        """Why it found no signal in the seeds; None where it found one."""

    @property
    def replied(self) -> object:
        """What follows from whom accounts turned to; None where shared things led."""


class Searching(Protocol):
    """What is evaluated: :func:`leeward.network.search`, or something of the same shape."""

    def __call__(
        self, graph: Graph, seeds: Mapping[int, float], *, priors: Mapping[int, float]
    ) -> Search:
        """Search from seeds, nodes with a weight each, and priors, nodes with log-odds each."""


class Searched(NamedTuple):
    """What a search says of the accounts of a world.

    Attributes:
        search: As it was returned.
        place: (accounts) Where each account of the world stands in it.
        seeds: (accounts) Which ones it began with.
        cost: What it took.
    """

    search: Search
    place: Int64
    seeds: Bools
    cost: Cost

    @property
    def log_odds(self) -> Doubles:
        """(accounts) The sum of the evidence."""
        return self.search.log_odds[self.place]

    @property
    def probability(self) -> Doubles:
        """(accounts) As the search calibrated it."""
        return self.search.probability[self.place]

    @property
    def size(self) -> Range:
        """How many members there are."""
        extent = self.search.extent
        return Range(extent.low, extent.estimate, extent.high)

    @property
    def above(self) -> Bools:
        """(accounts) Who stands above the line that the search chose, and needs no person first."""
        return np.asarray(
            (self.log_odds >= self.search.line) & ~self.search.asked_first[self.place]
        )


def searched(
    world: World, searching: Searching, seeds: Int64, priors: Mapping[int, float] | None = None
) -> Searched:
    """Search a world.

    Args:
        world: The platform.
        searching: The search.
        seeds: Places of accounts, each of weight 1.
        priors: Nodes with log-odds.
    """
    given = dict.fromkeys(world.accounts[seeds].tolist(), 1.0)
    search, cost = measured(lambda: searching(world.graph, given, priors=priors or {}))
    place = search.touches.account_at[world.accounts].astype(np.int64)
    began = np.zeros(len(world.accounts), np.bool_)
    began[seeds] = True
    return Searched(search, place, began, cost)
