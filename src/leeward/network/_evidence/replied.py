"""How likely an account belongs to the network, by whom it turned to itself.

As :mod:`~leeward.network._evidence.conduct` does with posts: of the threads in which a member
answered and the accounts that it named, some share is such where suspects turn to, too; of anybody
else's a far smaller one. A thread or an account is judged by who else turned to it and by who made
it or is it, without the account's own touch. Only a search that confirmed accounts showed to be led
by replies counts this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.conduct import Habit, habit_of
from leeward.network._evidence.sorts import Sorts, fitted
from leeward.network._evidence.taint import chance, suspect_touches
from leeward.network._statistics.betabinomial import log_ratios
from leeward.network._touches.touches import CAME

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._touches.touches import Rows, Touches

    Doubles = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]
    Int32 = npt.NDArray[np.int32]

__all__ = ["REPLIED", "Replied", "chances_of_one", "replied_of"]

REPLIED: Final = "replied"
"""The part of a score that is made of this."""
_LIKENESS: Final = 30.0
"""How much likelier the next who turns to an ordinary thread is a suspect once one is. Friends
answer each other, over and over, so this is far more than where things are shared."""
_FINE: Final = 16
"""Suspicions are counted in sixteenths where shares are estimated."""
_NEGLIGIBLE: Final = 1e-3


class Replied(NamedTuple):
    """The evidence of all accounts.

    Attributes:
        ground: Who turned to what, by :func:`~leeward.network._touches.replies.replies_of`.
        found: (things) The suspects among those who turned to each, by their probabilities.
        sorts: What threads and accounts look like.
        tainted: (accounts) To how many each turned where suspects do, by their probabilities.
        turned: (accounts) To how many each turned.
        habit: What share of it is such.
        total: (accounts) The log-likelihood ratio.
    """

    ground: Touches
    found: Doubles
    sorts: Sorts
    tainted: Doubles
    turned: Doubles
    habit: Habit
    total: Doubles


def replied_of(ground: Touches, suspicion: Doubles) -> Replied:
    """Judge all accounts.

    Args:
        ground: Who turned to what.
        suspicion: (accounts) The probability of each account.
    """
    found, _ = suspect_touches(ground, suspicion)
    sorts = _fitted(found, ground.size)
    tainted, turned = np.zeros((2, len(suspicion)))
    _add_up(ground.by_account, found, ground.size, suspicion, sorts, tainted, turned)
    habit = habit_of(tainted, turned, np.clip(suspicion, 0, 1))
    total = log_ratios(np.minimum(tainted, turned), turned, *habit)
    return Replied(ground, found, sorts, tainted, turned, habit, total)


def chances_of_one(replied: Replied, suspicion: Doubles, place: int) -> tuple[Int32, Doubles]:
    """The things that one account turned to, and how likely each is one where suspects turn to."""
    rows = replied.ground.by_account
    row = rows.row(place)
    things = rows.other[row][rows.how[row] & CAME > 0]
    found = replied.found[things] - suspicion[place]
    size = replied.ground.size[things] - 1.0
    each = [chance(f, n, replied.sorts, 0.0) for f, n in zip(found, size, strict=True)]
    return things, np.array(each, np.float64)


def _fitted(found: Doubles, size: Floats) -> Sorts:
    """Tell the two sorts apart, as things are that are shared; those of like counts at once."""
    several = size >= 2  # what one alone came to is an answer
    found, size = found[several], size[several]
    code, each = np.unique(
        (size.astype(np.int64) << 24) + np.rint(found * _FINE).astype(np.int64),
        return_counts=True,
    )
    n, k = (code >> 24).astype(np.float64), (code & ((1 << 24) - 1)) / _FINE
    k = np.minimum(k, n)
    return fitted(k, n, each, _LIKENESS)


@kernel
def _add_up(
    rows: Rows,
    found: Doubles,
    size: Floats,
    suspicion: Doubles,
    sorts: Sorts,
    tainted: Doubles,
    turned: Doubles,
) -> None:
    """Add up what each account came to, its own touch left out of each."""
    for i in range(len(tainted)):
        for e in range(rows.start[i], rows.start[i + 1]):
            if rows.how[e] & CAME == 0:
                continue
            thing = rows.other[e]
            turned[i] += 1
            others = found[thing] - suspicion[i]
            if others > _NEGLIGIBLE:
                tainted[i] += chance(others, size[thing] - 1.0, sorts, 0.0)
