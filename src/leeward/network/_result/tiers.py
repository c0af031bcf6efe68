"""What follows from a score: who may be asked about, and of whom a person is asked first."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._types import TIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.network._graph.csr import Int32
    from leeward.network._result.cells import Cell
    from leeward.network._searching.search import Search

    Bools = npt.NDArray[np.bool_]

__all__ = ["calibrated", "tiers_of"]

_FOR_EACH: Final = 10
"""Suspects for each confirmed account, where no size could be estimated."""


def calibrated(search: Search) -> bool:
    """Whether its probabilities are worth telling: seeds were hidden, and others found them."""
    return search.own is not None and search.abstained is None


def tiers_of(
    search: Search, cells: Sequence[Cell], seeds: Int32, shielded: Int32
) -> npt.NDArray[np.str_]:
    """The tier of each account, the first that applies in the order in which they are written.

    Whoever has a shield is *shielded* and a seed is a *seed*. Where the search abstained, all
    others are *ask first*. Else those of :func:`_likely` are *ask first* where the search says so
    or they are in a cell that is a question, *above the line* from there on, and *suspects*
    otherwise; the rest is *below*.

    Args:
        search: What was found.
        cells: The suspects in cells.
        seeds: Places of accounts that were given as offenders.
        shielded: Places of accounts that have a shield.

    Returns:
        (accounts) Words of :data:`TIERS`.
    """
    found = np.full(len(search.log_odds), "below", f"<U{max(map(len, TIERS))}")
    above, asked = search.log_odds >= search.line, search.asked_first.copy()
    for cell in cells:
        if cell.question and len(cell.members) > 1:
            asked[cell.members] = True
    likely = _likely(search) | above
    found[likely] = "suspect"
    found[above] = "above the line"
    found[likely & asked] = "ask first"
    if search.abstained is not None:
        found[:] = "ask first"
    found[seeds] = "seed"
    found[shielded] = "shielded"
    return found


def _likely(search: Search) -> Bools:
    """Who is likelier than not to belong, or stands within the estimated size of the network.

    Equal ones are within it together or not at all, so that it never holds more than were
    estimated. Where nothing could be hidden the size is not known: there it is for whom what is
    known of an account speaks, whatever the base rate, and ten for each confirmed account at most,
    since something speaks for a tenth of any platform.
    """
    ranked = np.sort(-search.log_odds)
    as_high = np.searchsorted(ranked, -search.log_odds, side="right")
    if not calibrated(search):
        most = _FOR_EACH * max(len(search.kept.members), 1)
        speaks: Bools = (search.log_odds > search.parts["base rate"]) & (as_high <= most)
        return speaks
    likely: Bools = (search.probability >= 0.5) | (as_high <= ceil(search.extent.estimate))
    return likely
