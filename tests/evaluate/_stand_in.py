"""A search of the shape of the real one, made of few and simple parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leeward.network import Node, rankings
from leeward.network._evidence.conduct import Conduct, Habit
from leeward.network._evidence.sorts import Sorts
from leeward.network._evidence.taint import Taint
from leeward.network._searching.extent import Extent
from leeward.network._statistics.betabinomial import Beta
from leeward.network._touches.touches import touches_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leeward.network import Graph

_SHARE = 70
"""One in so many accounts is a suspect."""
_SORTS = ((Sorts(-5.0, Beta(0.1, 20.0), Beta(1.0, 2.0)),) * 4,) * 2
_HABIT = Habit(Beta(1.0, 9.0), Beta(0.1, 19.9))


class StandIn(NamedTuple):
    """What :class:`leeward.evaluate.Search` asks for."""

    touches: Any
    log_odds: Any
    probability: Any
    parts: Any
    suspicion: Any
    taint: Any
    conduct: Any
    families: Any
    weights: Any
    extent: Extent
    asked_first: Any
    line: float
    abstained: str | None
    replied: object = None


def stand_in(
    graph: Graph, seeds: Mapping[int, float], *, priors: Mapping[int, float] | None = None
) -> Any:
    """The nearest to the seeds, and to those confirmed since, belong; what they touch is tainted.

    It abstains where there is one seed only.
    """
    priors = priors or {}
    touches = touches_of(graph)
    confirmed = {n for n, weight in priors.items() if weight > 0 and graph.kind[n] == Node.ACCOUNT}
    nodes = np.array(sorted(confirmed | {*seeds}), np.int32)
    families = {
        name: of[touches.accounts, 0].astype(np.float64)
        for name, of in rankings(graph, nodes, np.ones((len(nodes), 1), np.float32)).items()
    }
    near = families["cosine"]
    ranked = np.argsort(-near, kind="stable")
    size = len(near) // _SHARE
    suspicion = np.zeros(len(near))
    suspicion[ranked[:size]] = 0.8
    said = np.zeros(len(near))
    for node, weight in priors.items():
        if touches.account_at[node] >= 0:
            said[touches.account_at[node]] = weight
    model = 4 * (np.log(near + 1e-9) - np.log(near[ranked[size]] + 1e-9))
    log_odds = np.clip(model, -8, 8) + said
    rows = touches.by_thing
    suspects = np.add.reduceat(suspicion[rows.other], rows.start[:-1])
    heavy = suspects / (rows.degrees() + 1)
    for node, weight in priors.items():
        if touches.thing_at[node] >= 0:
            heavy[touches.thing_at[node]] = 1 / (1 + np.exp(-weight))
    nothing = np.zeros((len(near), 3))
    alone = len(seeds) < 2
    return StandIn(
        touches,
        log_odds,
        1 / (1 + np.exp(-log_odds)),
        {"model": log_odds - said, "argued": nothing[:, 0], "priors": said},
        suspicion,
        Taint(suspects, suspects, heavy, heavy, heavy, np.zeros(len(heavy)), *_SORTS),
        Conduct(nothing, nothing, nothing[:, 0], (_HABIT,) * 3),
        families | {"votes": near},
        dict.fromkeys(families, 1 / len(families)),
        Extent(size, size / 2, size * 2),
        np.zeros(len(near), np.bool_),
        6.0,
        "one seed is too few" if alone else None,
    )
