"""Simulated reviewers: they know the truth, and err at times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.errors import UsageError
from leeward.network import Answers, ReviewErrors, reviewed

if TYPE_CHECKING:
    from leeward.evaluate._world import World

__all__ = ["Panel", "weight_of"]


def weight_of(errors: ReviewErrors, *, yes: bool) -> float:
    """What one answer adds to log-odds; see :func:`leeward.network.reviewed`."""
    answer = Answers(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([yes]))
    return float(reviewed(np.zeros(1), answer, [errors]).log_odds[0])


class Panel:
    """People who are asked about items and accounts, and how many answers they gave.

    Each answer is wrong with the same chance, independently of all others, whichever way.

    Args:
        world: The platform; its truth is what they would say if they never erred.
        error: The chance of a wrong answer, below a half.
        seed: Of the random numbers.

    Raises:
        UsageError: The chance is not from 0 to below a half.
    """

    def __init__(self, world: World, error: float = 0.02, seed: int = 0) -> None:
        if not 0 <= error < 0.5:
            raise UsageError(
                "the share of wrong answers lies from 0 to below a half",
                where="--error",
                hint="give 0.02 for two of a hundred",
            )
        self.given = 0
        self.errors = ReviewErrors.known(error, error)
        self._error = error
        self._world = world
        self._rng = np.random.default_rng((seed, 3))

    def item(self, node: int) -> bool:
        """Whether an item is tainted, as one person sees it."""
        return self._said(bool(self._world.tainted[node]))

    def account(self, place: int) -> bool:
        """Whether an account belongs to the ring, as one person sees it."""
        return self._said(bool(self._world.ring[place]))

    def confirmed(self, place: int, *, when: bool) -> bool:
        """The same, but this answer stands only if a second person gives it, too.

        Args:
            place: The account.
            when: The answer that is looked at twice.
        """
        first = self.account(place)
        return first if first != when or self.account(place) == when else not when

    def _said(self, truth: bool) -> bool:
        self.given += 1
        return truth != bool(self._rng.random() < self._error)
