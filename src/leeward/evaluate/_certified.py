"""From the start to a certified tier: how many answers until half of the ring stands in one.

The tier is who stands above the line that the review drew. It is frozen, accounts are drawn from it
at random, each "no" is looked at by a second person, and after each batch the evidence is weighed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network import Certifier, FrozenTier, drawn, plan

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.evaluate._panel import Panel
    from leeward.evaluate._reviewing import Milestone
    from leeward.evaluate._world import World

    Bools = npt.NDArray[np.bool_]

__all__ = ["Attempt", "attempt"]

_TARGET: Final = 0.99
_HOPED: Final = 0.998
"""The precision that a tier is expected to have when it is asked how many answers it would take.
The lines that a review draws at .99 are careful: on platforms of world seed 1 they were mostly .997
to .9999 pure. At .998 it takes some 500 answers, at .99 for ever."""
_BATCH: Final = 25


class Attempt(NamedTuple):
    """What came of an attempt.

    Attributes:
        tier: How many accounts the tier holds, those among them who were answered for before.
        asked: Answers that were spent on it; 0 where it was not tried.
        certified: Whether it was.
        precision: How precise it was in truth; None where it is empty.
        recall: The share of the ring in it, the seeds left out.
        words: What happened.
    """

    tier: int
    asked: int
    certified: bool
    precision: float | None
    recall: float
    words: str


def attempt(
    world: World,
    milestone: Milestone,
    panel: Panel,
    most: int,
    *,
    alpha: float = 0.05,
    least: float = 0.5,
) -> Attempt:
    """Try to certify a tier.

    Args:
        world: The platform.
        milestone: Where the review stands.
        panel: The reviewers.
        most: Answers that may be spent.
        alpha: The chance of certifying what is not as precise; shared over attempts by the caller.
        least: What share of the ring, as it is estimated, the tier has to hold to be tried.
    """
    there = milestone.above
    hidden = world.ring & ~milestone.searched.seeds
    size, found = int(there.sum()), int((there & world.ring).sum())
    recall = found / max(int(hidden.sum()), 1)

    def told(asked: int, certified: bool, words: str) -> Attempt:
        return Attempt(size, asked, certified, found / size if size else None, recall, words)

    wanted = least * min(milestone.size.estimate, milestone.searched.size.estimate)
    if size < wanted:
        return told(0, False, f"the tier holds {size:,} accounts, and not {wanted:,.0f}")
    drawn_from = np.flatnonzero(there & ~milestone.settled)
    if not len(drawn_from):
        return told(0, False, "nobody stands in it who was not answered for")
    settled, errors = size - len(drawn_from), panel.errors.no_confirmed()
    tier = FrozenTier(len(drawn_from), _TARGET, alpha, settled=settled, errors=errors)
    needed = plan(tier, _HOPED, most=min(most, len(drawn_from))) if most > 0 else None
    if needed is None or needed.half is None:
        return told(0, False, f"{most:,} answers more would hardly certify {size:,} accounts")
    asked, verdict = _ask(tier, drawn_from, panel, most)
    words = {"certified": "certified", "refuted": "refuted", "continue": "undecided at the bound"}
    return told(asked, verdict == "certified", words[verdict])


def _ask(
    tier: FrozenTier, places: npt.NDArray[np.int64], panel: Panel, most: int
) -> tuple[int, str]:
    """Ask about accounts of the tier in a random order, until it is decided or at the bound."""
    certifier, standing = Certifier(tier), None
    begin, no = panel.given, 0
    order = places[drawn(len(places), panel.given)]
    for count, place in enumerate(order.tolist(), 1):
        no += not panel.confirmed(place, when=False)
        over = panel.given - begin >= most
        if count % _BATCH == 0 or count == len(order) or over:
            standing = certifier.look(count, no, standing)
            if standing.verdict != "continue" or over:
                break
    return panel.given - begin, standing.verdict if standing else "continue"
