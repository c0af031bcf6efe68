"""What people answered about accounts, and what follows from it for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.evaluate._panel import weight_of
from leeward.network import Said, Trait, reweigh, signs_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.evaluate._searching import Searched
    from leeward.evaluate._world import World
    from leeward.network import ReviewErrors

    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Answered", "Learned", "chances", "learned", "reach_of"]

_FEWEST: Final = 1_000
"""Ranks from the top among which is asked, at least."""
_TIMES: Final = 2.0
"""The same beside the estimated size of the ring."""
_SETTLED: Final = 0.999
"""Who is to be asked about first, and of whom a person said that it belongs, may stand above a line
from this probability on: one answer in fifty is wrong, and those who argue are to be spared it."""


class Answered:
    """Answers about accounts, in the order in which they were given."""

    def __init__(self, accounts: int) -> None:
        self.there = np.zeros(accounts, np.bool_)
        self.yes = np.zeros(accounts, np.bool_)
        self.weight = np.zeros(accounts)
        self._rates = np.zeros((accounts, 2))

    def add(self, place: int, errors: ReviewErrors, *, yes: bool) -> None:
        """One more; of each account there is one."""
        self.there[place], self.yes[place] = True, yes
        self.weight[place] = weight_of(errors, yes=yes)
        self._rates[place] = errors.false_yes.value, errors.false_no.value

    def said(self) -> Said:
        """All of them."""
        places = np.flatnonzero(self.there)
        return Said(places, self.yes[places], *self._rates[places].T)


class Learned(NamedTuple):
    """What is thought of accounts after answers.

    Attributes:
        log_odds: (accounts) By these they are ranked; what was answered of an account is in it.
        unsure: (accounts) Probabilities without that, averaged over what is not known of the
            weights: whom to ask about follows from these.
        held: (accounts) Who is asked about first, above whatever line.
        settled: (accounts) Who of them was, and may stand above it.
    """

    log_odds: Doubles
    unsure: Doubles
    held: Bools
    settled: Bools


def reach_of(last: Searched) -> Int64:
    """Places of the accounts among whom is asked: seeds aside, the highest."""
    ranked = np.argsort(-last.log_odds, kind="stable")
    ranked = ranked[~last.seeds[ranked]]
    return ranked[: max(_FEWEST, round(_TIMES * last.size.estimate))]


def learned(world: World, last: Searched, answered: Answered, signs: Doubles | None) -> Learned:
    """Weigh everybody by what was answered.

    Args:
        world: The platform.
        last: The search.
        answered: The answers.
        signs: (accounts, signs and one) What else is known, and who stands alone; None to look.
    """
    signs = known_of(world, last) if signs is None else signs
    own = np.zeros(len(last.log_odds))
    if "priors" in last.search.parts:  # what was said of an account is no feature of it
        own = last.search.parts["priors"][last.place]
    found = reweigh(last.log_odds - own, signs[:, :-1], answered.said(), reach_of(last))
    said = np.where(last.seeds, own, answered.weight)
    log_odds = found.log_odds + said
    held = last.search.asked_first[last.place] | (signs[:, -1] > 0)
    from_data = world.graph.traits[world.accounts] & (Trait.MINOR | Trait.BOT) > 0
    settled = answered.there & answered.yes & (chances(log_odds) >= _SETTLED) & ~from_data
    return Learned(log_odds, chances(found.moderated), held, held & settled)


def known_of(world: World, last: Searched) -> Doubles:
    """(accounts, signs and one) What else is known of accounts, and who stands alone."""
    signs = signs_of(world.graph, last.search)
    return np.column_stack([signs.values, signs.alone])[last.place]


def chances(log_odds: Doubles) -> Doubles:
    """Probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30.0, 30.0))))
