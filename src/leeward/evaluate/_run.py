"""Everything that is measured on one platform, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from leeward.evaluate._certified import attempt
from leeward.evaluate._cost import measured
from leeward.evaluate._fraudar import fraudar
from leeward.evaluate._panel import Panel
from leeward.evaluate._peers import accused, portfolio
from leeward.evaluate._placing import placebo, seeds_of
from leeward.evaluate._reviewing import reviewing
from leeward.evaluate._rows import Measured
from leeward.evaluate._scored import above_line, calibration, curve_of, ranked_figures
from leeward.evaluate._searching import searched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from leeward.evaluate._reviewing import Milestone
    from leeward.evaluate._rows import Setting
    from leeward.evaluate._searching import Searched, Searching
    from leeward.evaluate._world import World
    from leeward.network import Range

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["CERTIFY", "HALF", "OURS", "RECALIBRATED", "UNREVIEWED", "Wish", "measure"]

OURS: Final = "search"
RECALIBRATED: Final = "search, calibrated by answers"
UNREVIEWED: Final = "search, without who was reviewed"
_REVIEWED: Final = 10
"""The number of seeds from which reviews begin, where it is asked for."""
CERTIFY: Final = "certification"
HALF: Final = "answers until half is certified"


class Wish(Struct, frozen=True):
    """What is to be measured on each platform.

    Attributes:
        seeds: How many seeds; each number by itself.
        wrong: How many of ten are wrong in a further run; 0 for no such run.
        draws: Draws of seeds.
        answers: Milestones of the review, in rising order; none for no review.
        error: The share of wrong answers.
        most: Answers that there may be until half of the ring is certified.
        peers: Measure FRAUDAR, too, which takes longest.
    """

    seeds: tuple[int, ...] = (10,)
    wrong: int = 0
    draws: int = 3
    answers: tuple[int, ...] = (300, 600)
    error: float = 0.02
    most: int = 1_500
    peers: bool = True

    @property
    def reviewed(self) -> int:
        """The number of seeds from which reviews begin."""
        return _REVIEWED if _REVIEWED in self.seeds else self.seeds[0]


def measure(
    world: World,
    setting: Setting,
    wish: Wish,
    searching: Searching,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Measured]:
    """Measure one platform.

    Args:
        world: The platform.
        setting: Its structure, attack, size and seed.
        wish: What is to be measured.
        searching: The search.
        progress: Told what happens.
    """
    yield from _of_world(world, setting, wish, progress)
    for draw in range(wish.draws):
        for count in wish.seeds:
            now = replace(setting, seeds=count, draw=draw)
            progress(f"{count} seeds, draw {draw + 1} of {wish.draws}")
            first = searched(world, searching, seeds_of(world, count, 0, draw))
            yield from _of_search(world, now, first)
            if wish.answers and count == wish.reviewed:
                progress(f"{count} seeds, draw {draw + 1} of {wish.draws}: reviewing")
                yield from _of_review(world, now, wish, searching, first)
        if wish.wrong:
            now = replace(setting, seeds=10, wrong=wish.wrong, draw=draw)
            mixed = searched(world, searching, seeds_of(world, 10, wish.wrong, draw))
            yield from _of_search(world, now, mixed)
        now = replace(setting, seeds=10, placebo=True, draw=draw)
        yield from _of_placebo(world, now, searched(world, searching, placebo(world, 10, draw)))


def _of_world(
    world: World, setting: Setting, wish: Wish, progress: Callable[[str], None]
) -> Iterator[Measured]:
    """What needs no seeds."""
    everybody = np.ones(len(world.accounts), np.bool_)
    bare = replace(setting, seeds=0)
    yield Measured(bare, "platform", 0, "events", world.graph.events)
    yield Measured(bare, "platform", 0, "ring", int(world.ring.sum()))
    if world.building is not None:
        yield Measured(bare, "graph", 0, "seconds", world.building.seconds)
        yield Measured(bare, "graph", 0, "peak memory", world.building.memory)
    if world.oracle.any():
        yield from _ranked(world, bare, "oracle", 0, world.oracle, everybody)
    if wish.peers:
        progress("FRAUDAR")
        found, cost = measured(lambda: fraudar(world.graph))
        scores = found.scores[world.accounts]
        yield from _ranked(world, bare, "FRAUDAR", 0, scores, everybody)
        yield Measured(bare, "FRAUDAR", 0, "seconds", cost.seconds)


def _ranked(
    world: World, setting: Setting, method: str, answers: int, scores: Doubles, counted: Bools
) -> Iterator[Measured]:
    for figure, value in ranked_figures(world, scores, counted):
        yield Measured(setting, method, answers, figure, value)
    if setting.draw == 0 and not setting.wrong:
        curve = curve_of(world, scores, counted)
        yield Measured(setting, method, answers, "curve", points=curve)


def _of_search(world: World, setting: Setting, first: Searched) -> Iterator[Measured]:
    """From seeds alone."""
    counted = ~first.seeds
    yield from _ranked(world, setting, OURS, 0, first.log_odds, counted)
    yield from _lined(world, setting, OURS, 0, first.above, counted)
    yield from _believed(world, setting, OURS, 0, first.probability, counted)
    yield from _sized(world, setting, OURS, 0, first.size)
    yield Measured(setting, OURS, 0, "abstained", float(first.search.abstained is not None))
    yield Measured(setting, OURS, 0, "seconds", first.cost.seconds)
    yield Measured(setting, OURS, 0, "peak memory", first.cost.memory)
    for name, scores in portfolio(first).items():
        yield from _ranked(world, setting, name, 0, scores, counted)
    for name, weight in first.search.weights.items():
        yield Measured(setting, name, 0, "weight in the blend", weight)
    walked = accused(world, first)
    yield from _ranked(world, setting, "two hops", 0, walked, counted)
    yield from _lined(world, setting, "two hops", 0, walked > 0, counted)


def _lined(
    world: World, setting: Setting, method: str, answers: int, above: Bools, counted: Bools
) -> Iterator[Measured]:
    for figure, value in above_line(world, above, counted):
        yield Measured(setting, method, answers, figure, value)


def _believed(
    world: World, setting: Setting, method: str, answers: int, probability: Doubles, counted: Bools
) -> Iterator[Measured]:
    found = calibration(probability[counted], world.ring[counted])
    yield Measured(setting, method, answers, "Brier score", found.brier)
    yield Measured(setting, method, answers, "calibration error", found.error)
    yield Measured(setting, method, answers, "calibration", points=found.bins)


def _sized(
    world: World, setting: Setting, method: str, answers: int, size: Range
) -> Iterator[Measured]:
    truth = int(world.ring.sum())
    yield Measured(setting, method, answers, "size, estimated", size.estimate)
    yield Measured(setting, method, answers, "size, low", size.low)
    yield Measured(setting, method, answers, "size, high", size.high)
    yield Measured(setting, method, answers, "size, true", truth)
    inside = size.low <= truth <= size.high
    yield Measured(setting, method, answers, "size within its interval", float(inside))


def _of_placebo(world: World, setting: Setting, first: Searched) -> Iterator[Measured]:
    """From seeds that have nothing in common: it is to say so, and to accuse nobody."""
    counted = ~first.seeds
    yield Measured(setting, OURS, 0, "abstained", float(first.search.abstained is not None))
    yield from _lined(world, setting, OURS, 0, first.above, counted)


def _of_review(
    world: World, setting: Setting, wish: Wish, searching: Searching, first: Searched
) -> Iterator[Measured]:
    """After answers; and how many it takes until half of the ring is certified."""
    panel = Panel(world, wish.error, setting.draw)
    spent, done = 0, False
    for milestone, stands in zip(
        wish.answers, reviewing(world, searching, first, panel, wish.answers), strict=True
    ):
        yield from _of_milestone(world, setting, milestone, stands)
        if done:
            continue
        # Attempts draw on the same truth with a panel of their own: a later milestone must not
        # know what was asked for certification only.
        asked = Panel(world, wish.error, setting.draw + 1_000 * milestone)
        left = wish.most - stands.answers - spent
        alpha = 0.05 / len(wish.answers)
        # What falls short of half of the ring is tried in the end, to see how far it gets.
        least = 0.0 if milestone == wish.answers[-1] else 0.5
        tried = attempt(world, stands, asked, left, alpha=alpha, least=least)
        spent += tried.asked
        yield Measured(setting, CERTIFY, milestone, "accounts of the tier", tried.tier)
        yield Measured(setting, CERTIFY, milestone, "answers for the tier", tried.asked)
        yield Measured(setting, CERTIFY, milestone, "certified", float(tried.certified))
        yield Measured(setting, CERTIFY, milestone, "true precision", tried.precision)
        yield Measured(setting, CERTIFY, milestone, "share of the ring in it", tried.recall)
        if tried.certified and tried.recall >= 0.5:
            done = True
            total = stands.answers + spent
            yield Measured(setting, CERTIFY, milestone, HALF, total)
    if not done:
        last = wish.answers[-1]
        yield Measured(setting, CERTIFY, last, HALF, None)


def _of_milestone(
    world: World, setting: Setting, milestone: int, stands: Milestone
) -> Iterator[Measured]:
    counted = ~stands.searched.seeds
    left = counted & ~stands.reviewed
    yield Measured(setting, OURS, milestone, "answers given", stands.answers)
    yield Measured(setting, OURS, milestone, "accounts reviewed", int(stands.reviewed.sum()))
    yield from _ranked(world, setting, OURS, milestone, stands.log_odds, counted)
    yield from _ranked(world, setting, UNREVIEWED, milestone, stands.log_odds, left)
    yield from _lined(world, setting, OURS, milestone, stands.searched.above, counted)
    yield from _sized(world, setting, OURS, milestone, stands.searched.size)
    yield from _lined(world, setting, RECALIBRATED, milestone, stands.above, counted)
    yield from _believed(world, setting, RECALIBRATED, milestone, stands.probability, counted)
    yield from _sized(world, setting, RECALIBRATED, milestone, stands.size)
