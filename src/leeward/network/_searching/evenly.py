"""Whether hidden seeds stand among those whom they led to as one of them would.

People who do everything together look alike, and only a few of them may be the network: then the
evidence of all is strong, and the order among them alone tells. If nearly all of them belonged, a
seed that was hidden would stand anywhere among those of its activity. Where hidden seeds stand
clearly higher, those below them are others.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._statistics.chance import chance_of
from leeward.network._votes.lean import like

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["stand_evenly"]

_FEWEST: Final = 4
"""Like accounts among whom a place says something."""
_UNLIKELY: Final = 0.01


def stand_evenly(
    likely: Bools, activity: Int64, totals: Sequence[Doubles], parts: Sequence[Int32]
) -> bool:
    """Whether hidden seeds stand anywhere among the likely members of their activity.

    Their places are uniform if they are like these; see :mod:`~leeward.network._statistics.chance`
    for the sum of logarithms.

    Args:
        likely: (accounts) Who is held to belong, seeds not among them.
        activity: (accounts) How much each did.
        totals: (accounts) By part, the evidence of the search without it.
        parts: The seeds that are hidden together.
    """
    total, number = 0.0, 0
    for evidence, part in zip(totals, parts, strict=False):
        for member in part.tolist():
            acts = activity[member]
            others = evidence[likely & like(activity, acts / 2, 2 * acts)]
            if len(others) < _FEWEST:
                continue
            # The member is one of them; of equal ones all stand above it: the least is made of it.
            above = np.count_nonzero(others >= evidence[member])
            total -= log((1 + above) / (1 + len(others)))
            number += 1
    return number == 0 or chance_of(total, number) >= _UNLIKELY
