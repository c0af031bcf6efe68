"""The portfolio: several rankings, each worth what it finds of confirmed ones that were hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._evidence.replied import REPLIED
from leeward.network._families.cosharing import CO_SHARING
from leeward.network._families.rankings import rankings_of_accounts
from leeward.network._searching.agreement import AGREEMENT
from leeward.network._searching.hiding import ENOUGH
from leeward.network._searching.time import TIME
from leeward.network._types import CONCLUSIVE
from leeward.network._votes.lean import leaning, places_of, shares_above, standing
from leeward.network._votes.ways import softmax

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.growth import Confirmed, Step
    from leeward.network._searching.hiding import Hidden
    from leeward.network._searching.time import Timing
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]
    Int32 = npt.NDArray[np.int32]

__all__ = [
    "EVIDENCE",
    "blend",
    "evidence_of",
    "families_of",
    "leaned",
    "leanings_of",
    "led_from",
    "of_time",
    "weights_of",
    "worth_of",
]

EVIDENCE: Final = "evidence"
_UNCHECKED: Final = {EVIDENCE: 0.5, "pagerank": 0.5}
"""The blend where nothing can be hidden: what is best on large platforms, and on small ones."""
_LEADS: Final = 0.05
"""Where hidden seeds stand in this share of like accounts by what they touched, sharing at once
counts at most :data:`_HALF`."""
_HALF: Final = 0.5
_BETTER: Final = 3.0
"""In nats, twenty to one: that the evidence is the best ranking, before seeds are hidden."""


def families_of(
    graph: Graph, touches: Touches, confirmed: Confirmed, parts: list[Int32]
) -> dict[str, Floats]:
    """(accounts, folds + 1) by member of the portfolio; the last column knows all seeds."""
    members = confirmed.members
    nodes, weights = led_from(touches, confirmed)
    columns = np.repeat(weights, len(parts) + 1, axis=1)
    for fold, hidden in enumerate(parts):
        columns[: len(members)][np.isin(members, hidden), fold] = 0
    return rankings_of_accounts(graph, nodes, columns)


def led_from(touches: Touches, confirmed: Confirmed) -> tuple[Int32, Floats]:
    """The nodes that rankings lead from; and (nodes, 1) their weights.

    A thing of which something is only suspected is none: there may be thousands of these beside
    ten seeds, and most of them wrong.
    """
    things = np.flatnonzero(np.abs(confirmed.things) >= CONCLUSIVE)
    nodes = np.concatenate([touches.accounts[confirmed.members], touches.things[things]])
    weights = np.concatenate([confirmed.weights, np.sign(confirmed.things[things])])
    return nodes.astype(np.int32), weights[:, None].astype(np.float32)


def worth_of(
    touches: Touches, families: dict[str, Floats], parts: list[Int32], hidden: Hidden | None
) -> dict[str, float]:
    """What each member of the portfolio is worth: how hidden seeds stood.

    A ranking that leads to none of them is left out: among all to whom nothing leads they stand in
    the middle, which may be higher than where others put them.
    """
    if hidden is None:
        return {}
    activity = touches.by_account.degrees()
    worth = {EVIDENCE: standing(hidden.shares)}
    for name, columns in families.items():
        if not any(columns[fold, i].any() for i, fold in enumerate(parts)):
            continue
        shares = [shares_above(columns[:, i], activity, fold) for i, fold in enumerate(parts)]
        worth[name] = standing(np.concatenate(shares))
    return worth


def weights_of(worth: dict[str, float], members: int) -> dict[str, float]:
    """What each counts in the blend, from its worth with so many seeds; they add up to one."""
    if not worth:
        return _UNCHECKED
    # What two or three hidden seeds show stands beside what is known of other platforms.
    more = _BETTER / members if members < ENOUGH else 0.0
    worth = worth | {EVIDENCE: worth[EVIDENCE] - more}
    weights = softmax(worth, members)
    touching = {name: at for name, at in worth.items() if name != CO_SHARING}
    if weights.get(CO_SHARING, 0.0) <= _HALF or min(touching.values()) > np.log(_LEADS):
        return weights
    # It leaves those in no order who never shared at once with the confirmed ones.
    rest = {name: _HALF * one for name, one in softmax(touching, members).items()}
    return rest | {CO_SHARING: 1 - _HALF}


def evidence_of(step: Step, agreement: Doubles) -> dict[str, Doubles]:
    """The evidence by its parts; ``agreement`` is what other searches make of it."""
    replied = {} if step.replied is None else {REPLIED: step.replied.total}
    return {
        "made": step.conduct.parts[:, 0],
        "reposted": step.conduct.parts[:, 1],
        "liked": step.conduct.parts[:, 2],
        **replied,
        "argued": step.dissent.argued,
        "complained": step.dissent.complained,
        "votes of the confirmed": step.vote,
        AGREEMENT: agreement,
    }


def blend(
    weights: dict[str, float],
    families: dict[str, Floats],
    leanings: dict[str, tuple[float, float]],
    evidence: dict[str, Doubles],
) -> dict[str, Doubles]:
    """What each member of the portfolio adds to the log-odds; the evidence by its parts."""
    blended = {name: weights.get(EVIDENCE, 0.0) * part for name, part in evidence.items()}
    for name, line in leanings.items():
        blended[name] = leaned(families[name][:, -1], weights[name], *line)
    return blended


def of_time(weights: dict[str, float], timing: Timing) -> dict[str, Doubles]:
    """What it adds to the log-odds when accounts acted.

    That is beside whatever ranks accounts by what they touched; but what is ranked by co-sharing
    was ranked by time.
    """
    return {TIME: (1 - weights.get(CO_SHARING, 0.0)) * timing.total}


def leaned(scores: Floats, weight: float, steep: float, center: float) -> Doubles:
    """What a ranking adds to the log-odds."""
    return weight * (steep * (places_of(scores) - center))


def leanings_of(
    touches: Touches, weights: dict[str, float], families: dict[str, Floats], parts: list[Int32]
) -> dict[str, tuple[float, float]]:
    """How the places of each ranking that counts become log-odds; see :func:`leaning`."""
    active, found = touches.by_account.degrees() > 0, {}
    for name, columns in families.items():
        if name in weights:
            found[name] = 1.0, 0.0
            if parts:
                hidden = [places_of(columns[:, i])[fold] for i, fold in enumerate(parts)]
                found[name] = leaning(places_of(columns[:, -1]), np.concatenate(hidden), active)
    return found
