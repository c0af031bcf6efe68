"""Questions spread over the ranks, from which calibration and size are estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._statistics.binomial import Doubles, Int64

    Bools = npt.NDArray[np.bool_]

__all__ = ["Spread", "bands", "spread"]


class Spread(Struct, frozen=True):
    """Accounts drawn at random from bands of ranks.

    Attributes:
        account: (drawn) The accounts, from the first band to the last.
        band: (drawn) The band that each was drawn from.
        chance: (drawn) The chance that it had of being drawn, above 0.
        sizes: (bands) How many accounts each band was drawn from.
        taken: (bands) How many were drawn.
    """

    account: Int64
    band: Int64
    chance: Doubles
    sizes: Int64
    taken: Int64


def bands(count: int, first: int = 100) -> Int64:
    """The ends of bands of ranks, each twice as wide as the one before.

    Args:
        count: Ranks in all.
        first: Width of the first band.

    Returns:
        (bands + 1) From 0 to ``count``; the last band is at least as wide as the one before it.
    """
    ends, width = [0], first
    while ends[-1] + 3 * width <= count:
        ends.append(ends[-1] + width)
        width *= 2
    return np.array([*ends, count] if count else [0], np.int64)


def spread(
    ranked: Int64, ends: Int64, count: int, seed: int, *, asked: Bools | None = None
) -> Spread:
    """Draw accounts evenly over bands of ranks, without replacement.

    Stratified random sampling with known chances (Cochran, Sampling Techniques, chapter 5), with
    as many from each band; what a small band cannot give goes to the bands after it.

    Args:
        ranked: (accounts) The accounts, the highest first.
        ends: (bands + 1) Where bands begin and end among them; see :func:`bands`. Put an end at
            each line that something is to be estimated above and below of.
        count: Accounts to be drawn.
        seed: Of the random numbers; the same for the same draw.
        asked: (accounts by number) Those that have been asked about are left out of the bands:
            of them everything is known.

    Raises:
        UsageError: The ends do not go from 0 to the last rank.
    """
    if len(ends) < 1 or ends[0] != 0 or ends[-1] != len(ranked) or (np.diff(ends) < 0).any():
        raise UsageError(
            "bands go from rank 0 to the last without a gap", where="spread", hint="use bands()"
        )
    rng = np.random.default_rng(seed)
    account: list[Int64] = []
    sizes, taken = np.zeros((2, len(ends) - 1), np.int64)
    for h in range(len(sizes)):
        there = ranked[ends[h] : ends[h + 1]]
        there = there if asked is None else there[~asked[there]]
        sizes[h] = len(there)
        taken[h] = min(len(there), (count - int(taken.sum())) // (len(sizes) - h))
        account.append(np.sort(rng.choice(len(there), taken[h], replace=False)))
        account[h] = there[account[h]].astype(np.int64)
    band = np.repeat(np.arange(len(sizes)), taken)
    everyone = np.concatenate(account) if account else np.empty(0, np.int64)
    return Spread(everyone, band, taken[band] / sizes[band], sizes, taken)
