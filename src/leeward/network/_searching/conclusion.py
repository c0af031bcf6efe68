"""From evidence to log-odds, probabilities and a line; and who is never above it by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leeward.network._evidence.dissent import OPPOSES
from leeward.network._evidence.guards import filed_flags, stands_alone
from leeward.network._graph.graph import Trait
from leeward.network._searching.agreement import AGREEMENT
from leeward.network._searching.extent import line_of
from leeward.network._types import CONCLUSIVE

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.growth import Confirmed, Step
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["Conclusion", "concluded"]


class Conclusion(NamedTuple):
    """What follows from the evidence; see :class:`Search`."""

    log_odds: Doubles
    parts: dict[str, Doubles]
    probability: Doubles
    asked_first: npt.NDArray[np.bool_]
    line: float


def concluded(
    graph: Graph,
    touches: Touches,
    confirmed: Confirmed,
    settled: Int32,
    step: Step,
    parts: dict[str, Doubles],
    estimate: float,
    *,
    unheard: npt.NDArray[np.bool_],
    draw_line: bool,
) -> Conclusion:
    """Make log-odds and probabilities of the evidence, and draw the line.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        confirmed: What persons have concluded.
        settled: Places of accounts that are seeds.
        step: The evidence.
        parts: What adds up to the log-odds, but for the base rate; the priors stand last.
        estimate: How many belong.
        unheard: (accounts) For whom the confirmed vote less than for nine in ten of each other.
            Evidence feeds on suspects, votes do not: whole families and fan clubs that touch what
            is tainted as members do may have the evidence, and seldom have the votes.
        draw_line: Whether there is a line.
    """
    *blended, prior = parts.values()
    total = sum(blended, prior)
    base = np.full(len(total), np.log(estimate / (len(total) - estimate)))
    base[settled] = 0  # how common members are says nothing of who is known
    log_odds = total + base
    probability: Doubles = 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))
    asked_first = _asked_first(graph, touches, step)
    # What is no conclusion moves an account up, and never over the line: neither what is said of
    # it, nor what is said of the things that its evidence rests on.
    own = log_odds - np.where((prior > 0) & (prior < CONCLUSIVE), prior, 0.0)
    tainted = step.conduct.tainted.sum(axis=1)
    alone = unheard | stands_alone(graph, touches, step.taint, step.suspicion, tainted)
    open_ = ~(asked_first | alone)
    open_[confirmed.members] = False
    line = line_of(own[open_]) if draw_line else np.inf
    # Above it by what several searches agree on, and not by the one that gives the reasons.
    alone |= own - np.maximum(parts.get(AGREEMENT, 0.0), 0) < line
    asked_first |= alone & (log_odds >= line)
    return Conclusion(log_odds, {"base rate": base, **parts}, probability, asked_first, line)


def _asked_first(graph: Graph, touches: Touches, step: Step) -> npt.NDArray[np.bool_]:
    opposes = (step.dissent.replies >= OPPOSES) | filed_flags(
        graph, touches, step.taint, step.suspicion
    )
    from_data = graph.traits[touches.accounts] & (Trait.MINOR | Trait.BOT) > 0
    found: npt.NDArray[np.bool_] = opposes | from_data
    return found
