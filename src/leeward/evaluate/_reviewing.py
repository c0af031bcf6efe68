"""Search, ask, search again with the answers and ask on, as a team would over some days.

Up to each milestone the answers are spent in turn on

* items, those first whose answers are expected to settle most accounts; then it is searched again.
  Where replies led and not what accounts share, none: what an account shared says little there,
  and an item that is known to be tainted leads to those who came upon it;
* accounts from all ranks around the estimated size, as many from each band: they show what the
  signs of an account are worth (:func:`leeward.network.reweigh`);
* accounts drawn by how much is not known of them, their standard deviation (Neyman, "On the two
  different aspects of the representative method", 1934): so near the line most, and nearly none
  far from it;
* those who are to be asked about first and seem to belong, who stand above no line without it;
* accounts from bands of all ranks, each "yes" looked at twice: from them the members are counted.

Whom to ask about is drawn, and follows from what is known of accounts before they are asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.evaluate._answered import Answered, chances, known_of, learned, reach_of
from leeward.evaluate._asking import next_items
from leeward.evaluate._panel import weight_of
from leeward.evaluate._searching import searched
from leeward.network import Band, Range, agreed, bands, members, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from leeward.evaluate._answered import Learned
    from leeward.evaluate._panel import Panel
    from leeward.evaluate._searching import Searched, Searching
    from leeward.evaluate._world import World
    from leeward.network import ReviewErrors, Spread

    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Milestone", "longest", "reviewing"]

_ITEMS: Final = 0.2
_RANKS: Final = 0.35
_DOUBT: Final = 0.15
_FIRST: Final = 0.15
"""Shares of the answers, in the order above; what is left is for counting."""
_ROUNDS: Final = 2
"""Rounds in which those in doubt are asked about, each after what the last one taught."""
_FLOOR: Final = 0.05
"""A standard deviation that everybody has at least: of whom the model is sure, it may be wrong."""
_ONCE: Final = 0.8
"""Of the answers for counting, the share that are first ones."""
_PRECISION: Final = 0.99
_SURE: Final = 0.95
"""Of the size by answers alone: what it has in common with the search's own then misses the truth
in one of ten cases, if that one does in one of twenty. The search's has a wide upper end."""


class Milestone(NamedTuple):
    """Where a review stands.

    Attributes:
        answers: How many were given.
        searched: The last search, with all answers that were given before it.
        log_odds: (accounts) With all of them, and what they teach of the others.
        probability: (accounts) The same as probabilities.
        open: (accounts) Who may stand above a line: no seed, and nobody who is to be asked about
            first and was not, or of whom it was not said that it belongs.
        settled: (accounts) Who is among these by an answer.
        above: (accounts) Who stands above the line of precision .99 that follows from that.
        reviewed: (accounts) Who was answered for.
        size: How many members there are, by the answers and by what the search knows.
    """

    answers: int
    searched: Searched
    log_odds: Doubles
    probability: Doubles
    open: Bools
    settled: Bools
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
        count = max(milestone - panel.given, 0)
        if review.ask_items(round(_ITEMS * count)):
            review.search()
        review.ask_ranks(round(_RANKS * count), milestone)
        for turn in range(_ROUNDS):
            review.ask_doubt(round(_DOUBT * count / _ROUNDS), milestone + turn)
        review.ask_first(round(_FIRST * count))
        yield review.stands(milestone)


class _Review:
    def __init__(self, world: World, searching: Searching, first: Searched, panel: Panel) -> None:
        self._world, self._searching, self._panel = world, searching, panel
        self._last = first
        self._seeds = np.flatnonzero(first.seeds)
        self._items: dict[int, float] = {}
        self._answered = Answered(len(world.accounts))
        self._signs: Doubles | None = None

    @property
    def _known(self) -> Bools:
        return self._answered.there | self._last.seeds

    @property
    def _learned(self) -> Learned:
        if self._signs is None:
            self._signs = known_of(self._world, self._last)
        return learned(self._world, self._last, self._answered, self._signs)

    def ask_items(self, count: int) -> bool:
        """Ask about items, if any is worth it."""
        if self._last.search.replied is not None:
            return False
        errors = self._panel.errors
        nodes = next_items(
            self._last,
            count,
            items_asked={*self._items},
            accounts_asked=self._answered.there,
            errors=errors,
        )
        for node in nodes.tolist():
            self._items[node] = weight_of(errors, yes=self._panel.item(node))
        return len(nodes) > 0

    def search(self) -> None:
        """Search again, with all answers as priors."""
        there = np.flatnonzero(self._answered.there)
        nodes, weights = self._world.accounts[there], self._answered.weight[there]
        priors = dict(zip(nodes.tolist(), weights.tolist(), strict=True))
        self._last = searched(self._world, self._searching, self._seeds, {**self._items, **priors})
        self._signs = None

    def ask_ranks(self, count: int, seed: int) -> None:
        """Ask about accounts of all ranks around the estimated size."""
        ranked = reach_of(self._last)
        drawn = spread(ranked, bands(len(ranked)), count, seed, asked=self._known)
        self._ask(drawn.account)

    def ask_doubt(self, count: int, seed: int) -> None:
        """Ask about those of whom least is known."""
        found, there = self._learned, reach_of(self._last)
        there = there[~self._known[there]]
        count = min(count, len(there))
        if count > 0:
            p = found.unsure[there]
            doubt = np.sqrt(p * (1 - p)) + _FLOOR
            rng = np.random.default_rng((seed, 4))
            self._ask(rng.choice(there, count, replace=False, p=doubt / doubt.sum()))

    def ask_first(self, count: int) -> None:
        """Ask about those who are to be asked about first, the likeliest before the others."""
        found = self._learned
        there = np.flatnonzero(found.held & ~self._known & (found.unsure > 0.5))
        order = np.argsort(-found.unsure[there], kind="stable")
        self._ask(there[order[:count]])

    def _ask(self, places: Int64) -> None:
        for place in places.tolist():
            self._answered.add(place, self._panel.errors, yes=self._panel.account(place))

    def stands(self, milestone: int) -> Milestone:
        """Spend what is left on accounts from all ranks, and take stock."""
        last, panel, before = self._last, self._panel, self._learned
        known = self._known
        ranked = np.argsort(-before.log_odds, kind="stable")
        count = int(_ONCE * max(milestone - panel.given, 0))
        drawn = spread(ranked, bands(len(ranked)), count, milestone, asked=known)
        yes = np.array([panel.confirmed(p, when=True) for p in drawn.account.tolist()], np.bool_)
        errors = panel.errors.yes_confirmed()
        for place, said in zip(drawn.account.tolist(), yes.tolist(), strict=True):
            self._answered.add(place, errors, yes=said)
        found = self._learned
        open_ = ~last.seeds & (~found.held | found.settled)
        probability = chances(found.log_odds)
        expected = np.where(known, probability, chances(found.log_odds - self._answered.weight))
        return Milestone(
            panel.given,
            last,
            found.log_odds,
            probability,
            open_,
            open_ & found.settled,
            longest(probability, _PRECISION, open_),
            self._answered.there.copy(),
            agreed(_size(drawn, yes, ranked, known, expected, errors), last.size),
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
    rest = members(found, errors=errors, confidence=_SURE).everywhere
    more = float(probability[known].sum())
    return Range(rest.low + more, rest.estimate + more, rest.high + more)
