"""Search, ask, and search again with the answers, as a team would over some days.

Before each milestone, some answers are kept for accounts that are drawn at random from bands of
ranks. They belong to no batch: from them the probabilities are brought to what was found, the
line is chosen and the members are counted. All other answers go where they bring the most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.evaluate._asking import next_questions
from leeward.evaluate._panel import weight_of
from leeward.evaluate._searching import searched
from leeward.network import Band, Range, bands, members, recalibrate, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from leeward.evaluate._panel import Panel
    from leeward.evaluate._searching import Searched, Searching
    from leeward.evaluate._world import World
    from leeward.network import ReviewErrors, Spread

    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Milestone", "longest", "reviewing"]

_BATCH: Final = 75
"""Answers between two searches."""
_SPREAD: Final = 0.25
"""The share of answers that is spread over the ranks."""
_FIRST: Final = 0.8
"""Of these answers, the share that are first ones: each "yes" is looked at by a second person."""
_PRECISION: Final = 0.99


class Milestone(NamedTuple):
    """Where a review stands.

    Attributes:
        answers: How many were given.
        searched: The last search: with all answers but those that were spread over the ranks.
        log_odds: (accounts) With these, too.
        probability: (accounts) After calibration by them.
        above: (accounts) Who stands above the line of precision .99 that follows from that.
        reviewed: (accounts) Who was answered for.
        size: How many members there are, by the answers.
    """

    answers: int
    searched: Searched
    log_odds: Doubles
    probability: Doubles
    above: Bools
    reviewed: Bools
    size: Range


def reviewing(
    world: World, searching: Searching, first: Searched, panel: Panel, milestones: Sequence[int]
) -> Iterator[Milestone]:
    """Review until each milestone.

    Args:
        world: The platform.
        searching: The search.
        first: The search from the seeds alone.
        panel: The reviewers.
        milestones: Numbers of answers, in rising order.
    """
    review = _Review(world, searching, first, panel)
    for milestone in milestones:
        kept = round(_SPREAD * (milestone - panel.given))
        while panel.given < milestone - kept and review.ask(milestone - kept - panel.given):
            review.search()
        yield review.stands(milestone)


class _Review:
    def __init__(self, world: World, searching: Searching, first: Searched, panel: Panel) -> None:
        self._world, self._searching, self._panel = world, searching, panel
        self._last = first
        self._seeds = np.flatnonzero(first.seeds)
        self._items: dict[int, float] = {}
        self._accounts: dict[int, float] = {}

    @property
    def _reviewed(self) -> Bools:
        there = np.zeros(len(self._world.accounts), np.bool_)
        there[list(self._accounts)] = True
        return there

    def ask(self, count: int) -> bool:
        """Ask a batch, if anything is worth it."""
        asked = next_questions(
            self._last,
            min(count, _BATCH),
            items_asked={*self._items},
            accounts_asked=self._reviewed,
            errors=self._panel.errors,
        )
        for node in asked.items.tolist():
            self._items[node] = weight_of(self._panel.errors, yes=self._panel.item(node))
        for place in asked.accounts.tolist():
            said = self._panel.account(place)
            self._accounts[place] = weight_of(self._panel.errors, yes=said)
        return len(asked.items) + len(asked.accounts) > 0

    def search(self) -> None:
        """Search again, with all answers as priors."""
        nodes = self._world.accounts
        priors = {int(nodes[place]): weight for place, weight in self._accounts.items()}
        self._last = searched(self._world, self._searching, self._seeds, {**self._items, **priors})

    def stands(self, milestone: int) -> Milestone:
        """Spend what is left on accounts that are spread over the ranks, and take stock."""
        last, panel = self._last, self._panel
        known = self._reviewed | last.seeds
        ranked = np.argsort(-last.log_odds, kind="stable")
        count = int(_FIRST * max(milestone - panel.given, 0))
        drawn = spread(ranked, bands(len(ranked)), count, milestone, asked=known)
        yes = np.array([panel.confirmed(p, when=True) for p in drawn.account.tolist()], np.bool_)
        errors = panel.errors.yes_confirmed()
        own = np.zeros(len(ranked))
        if "priors" in last.search.parts:  # what was said of an account is no feature of it
            own = last.search.parts["priors"][last.place]
        model = last.log_odds - own
        after = recalibrate(model[drawn.account], yes, drawn.chance, errors=errors)(model) + own
        before = _chances(after)
        for place, said in zip(drawn.account.tolist(), yes.tolist(), strict=True):
            self._accounts[place] = weight_of(errors, yes=said)
        weights = [weight_of(errors, yes=said) for said in yes.tolist()]
        after[drawn.account] += weights
        log_odds = last.log_odds.copy()
        log_odds[drawn.account] += weights
        probability = _chances(after)
        return Milestone(
            panel.given,
            last,
            log_odds,
            probability,
            longest(probability, _PRECISION, ~(last.seeds | last.search.asked_first[last.place])),
            self._reviewed,
            _size(drawn, yes, ranked, known, before, errors),
        )


def longest(probability: Doubles, precision: float, counted: Bools) -> Bools:
    """The longest list, by falling probability, that is expected to be as precise as this.

    Nobody stands in it who is not likelier than not to belong: a list is not filled up with
    strangers because the others are beyond doubt.

    Args:
        probability: (accounts) Calibrated.
        precision: The share that is to belong.
        counted: (accounts) Who may stand in it.

    Returns:
        (accounts) Who stands in it.
    """
    there = np.zeros(len(probability), np.bool_)
    places = np.flatnonzero(counted & (probability > 0.5))
    order = places[np.argsort(-probability[places], kind="stable")]
    mean = np.cumsum(probability[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(mean >= precision)
    if len(good):
        there[order[: good[-1] + 1]] = True
    return there


def _chances(log_odds: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30.0, 30.0))))


def _size(
    drawn: Spread,
    yes: Bools,
    ranked: Int64,
    known: Bools,
    probability: Doubles,
    errors: ReviewErrors,
) -> Range:
    """How many members there are: by bands among those who were not asked before, and the others.

    Seeds are taken to belong.
    """
    ends = bands(len(ranked))
    found = []
    for h in range(len(drawn.sizes)):
        there = ranked[ends[h] : ends[h + 1]]
        there = there[~known[there]]
        found.append(
            Band(
                int(drawn.sizes[h]),
                int(drawn.taken[h]),
                int(yes[drawn.band == h].sum()),
                float(min(probability[there].sum(), drawn.sizes[h])),
                above=False,
            )
        )
    rest = members(found, errors=errors).everywhere
    more = float(probability[known].sum())
    return Range(rest.low + more, rest.estimate + more, rest.high + more)
