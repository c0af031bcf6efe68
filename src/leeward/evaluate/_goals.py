"""What was to be reached: the lines of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from leeward.evaluate._rows import DEVELOPED_ON, GERMAN
from leeward.evaluate._run import CERTIFY, HALF, OURS, RECALIBRATED, UNREVIEWED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leeward.evaluate._rows import Setting

    Chosen = Callable[[Setting], bool]

__all__ = ["AVERAGE", "RATIO", "Goal", "attacks", "clean", "goals", "usual"]

_MOST: Final = "most"
AVERAGE: Final = "average precision"
RATIO: Final = "average precision over the ceiling's"


class Goal(NamedTuple):
    """A line of the table.

    Attributes:
        words: What is measured.
        figure, method, answers: Which rows are meant.
        when: Which settings are meant.
        limit: What their mean is to reach; None where there is no goal.
        bound: Whether it is to be at least, or at most, that.
    """

    words: str
    figure: str
    method: str
    answers: int
    when: Chosen
    limit: float | None = None
    bound: Literal["least", "most"] = "least"


def goals(answers: Sequence[int]) -> list[Goal]:
    """The lines, where reviews were measured at these milestones."""
    last = answers[-1] if answers else 0
    ratio, inside = "average precision over the oracle's", "size within its interval"
    by_answers = f"size within its 90 % interval, after {last} answers"
    return [
        Goal(f"{ratio}, structures developed on", RATIO, OURS, 0, _developed, 0.93),
        Goal(f"{ratio}, structures held out", RATIO, OURS, 0, _held_out, 0.70),
        Goal(f"{ratio}, under attack", RATIO, OURS, 0, attacks),
        Goal(f"{ratio}, 3 of 10 seeds wrong", RATIO, OURS, 0, _wrong),
        *_at_line("seeds alone", OURS, 0, usual, 0.20),
        *_at_line("seeds alone, under attack", OURS, 0, attacks),
        *(goal for count in answers for goal in _after(count)),
        Goal("size within its 90 % interval, seeds alone", inside, OURS, 0, usual, 0.9),
        Goal(by_answers, inside, RECALIBRATED, last, usual, 0.9),
        Goal("answers until half of the ring is certified", HALF, CERTIFY, last, usual, 1e3, _MOST),
        Goal("placebo seeds: the search abstains", "abstained", OURS, 0, _placebo, 1.0),
        Goal(
            "placebo seeds: accounts above the line",
            "above the line",
            OURS,
            0,
            _placebo,
            0.0,
            _MOST,
        ),
        Goal("real posts (german_elections): average precision", AVERAGE, OURS, 0, _real, 0.60),
        Goal("real posts: average precision of PageRank", AVERAGE, "pagerank", 0, _real),
        Goal("real posts: placebo, average precision", AVERAGE, OURS, 0, _unreal),
        Goal("real posts: placebo, base rate", "base rate", OURS, 0, _unreal),
        Goal("seconds of a search", "seconds", OURS, 0, usual),
        Goal("peak memory of a search, bytes", "peak memory", OURS, 0, usual),
        Goal("seconds to build the graph", "seconds", "graph", 0, _any),
    ]


def _after(count: int) -> list[Goal]:
    words = f"average precision over the oracle's, after {count} answers"
    ratio, recall = (0.90, 0.45 if count >= 600 else None) if count >= 300 else (None, None)
    return [
        Goal(f"{words}, structures developed on", RATIO, OURS, count, _developed, ratio),
        Goal(f"{words}, structures held out", RATIO, OURS, count, _held_out, ratio),
        Goal(f"{words}, who was not reviewed", RATIO, UNREVIEWED, count, usual),
        *_at_line(f"after {count} answers", RECALIBRATED, count, usual, recall),
        *_at_line(f"after {count} answers, of the search itself", OURS, count, usual, recall),
    ]


def _at_line(
    words: str, method: str, count: int, when: Chosen, recall: float | None = None
) -> list[Goal]:
    right, shields = "precision at the line", "shields above the line"
    return [
        Goal(f"recall at the line, {words}", "recall at the line", method, count, when, recall),
        Goal(f"realised precision at the line, {words}", right, method, count, when, 0.985),
        Goal(f"shields above the line, {words}", shields, method, count, when, 0.0, "most"),
    ]


def _any(_: Setting) -> bool:
    return True


def clean(at: Setting) -> bool:
    """Whether it was measured from members alone, and without an attack."""
    return not at.wrong and not at.placebo and at.attack == "none" and at.seeds > 0


def usual(at: Setting) -> bool:
    """Whether it was measured from ten such seeds."""
    return clean(at) and at.seeds == 10


def _developed(at: Setting) -> bool:
    return usual(at) and at.structure in DEVELOPED_ON


def _held_out(at: Setting) -> bool:
    return usual(at) and at.structure not in DEVELOPED_ON


def attacks(at: Setting) -> bool:
    """Whether it was measured from ten such seeds under an attack."""
    return at.attack != "none" and at.seeds == 10 and not at.wrong and not at.placebo


def _real(at: Setting) -> bool:
    return at.structure == GERMAN and not at.placebo


def _unreal(at: Setting) -> bool:
    return at.structure == GERMAN and at.placebo


def _wrong(at: Setting) -> bool:
    return at.wrong > 0 and at.attack == "none"


def _placebo(at: Setting) -> bool:
    return at.placebo
