"""What accounts touched, counted in plain dictionaries from the events themselves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from hypothesis import strategies as st
from scipy.special import betaln

from leeward.network import Act, Graph
from leeward.network._betabinomial import Beta
from leeward.network._taint import Sorts, Taint
from leeward.network._touches import Touches, touches_of
from tests.network._events import HASHER, graph_of, random_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from leeward.model import Event

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "SORTS",
    "WEIGHT",
    "Naive",
    "World",
    "chance_of",
    "taint_by",
    "worlds",
]

WEIGHT = {Act.AUTHORED: 1.0, Act.REPOSTED: 1.0, Act.LIKED: 0.6}
_ACTS = {"post": Act.AUTHORED, "repost": Act.REPOSTED, "like": Act.LIKED}

SORTS = tuple(Sorts(odds, Beta.of(0.1, 6), Beta.of(0.7, 3)) for odds in (-2.0, -1.5, -2.5, -1.8))
"""What things of each kind may look like in a small world."""


class Naive:
    """Who touched what, by nodes of a graph.

    Attributes:
        acts: The acts of each account, each on a post, no two alike.
        carried: What each post carries.
        touched: For each account and thing the weight of the strongest act.
    """

    def __init__(self, graph: Graph, events: Iterable[Event]) -> None:
        def node(kind: str, name: str | None) -> int:
            found = graph.find(kind, name or "", HASHER)
            assert found is not None
            return found

        self.acts: dict[int, set[tuple[Act, int]]] = defaultdict(set)
        self.carried: dict[int, set[int]] = defaultdict(set)
        for event in events:
            if event.kind not in _ACTS:
                continue
            act = _ACTS[event.kind]
            post = node("post", event.object if act == Act.AUTHORED else event.target)
            self.acts[node("account", event.actor)].add((act, post))
            self.carried[post] |= {node("tag", tag) for tag in event.tags}
            self.carried[post] |= {node("link", link) for link in event.links}
            self.carried[post] |= {node("media", media.uri) for media in event.media}
        self.touched: dict[int, dict[int, float]] = defaultdict(dict)
        for account, acts in self.acts.items():
            mine = self.touched[account]
            for act, post in acts:
                for thing in {post, *self.carried[post]}:
                    mine[thing] = max(mine.get(thing, 0), WEIGHT[act])

    def shared(self) -> dict[int, dict[int, float]]:
        """For each thing that two or more touched the accounts and weights."""
        by_thing: dict[int, dict[int, float]] = defaultdict(dict)
        for account, mine in self.touched.items():
            for thing, weight in mine.items():
                by_thing[thing][account] = weight
        return {thing: by for thing, by in by_thing.items() if len(by) > 1}


class World(NamedTuple):
    """A small platform, and how it looks from inside and outside."""

    events: list[Event]
    graph: Graph
    touches: Touches
    naive: Naive
    suspicion: Doubles


@st.composite
def worlds(draw: st.DrawFn, *, innocent: bool = False) -> World:
    """Small platforms; some accounts are suspects, or innocent where that is asked for."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    events = random_events(rng, draw(st.integers(1, 100)))
    graph = graph_of(events)
    touches = touches_of(graph)
    levels = [0, 0, 0.3, 0.8, 1, -1] if innocent else [0, 0, 0.3, 0.8, 1]
    suspicion = rng.choice(levels, len(touches.accounts)).astype(np.float64)
    return World(events, graph, touches, Naive(graph, events), suspicion)


def chance_of(found: float, size: float, sorts: Sorts, prior: float = 0) -> float:
    """The probability that a thing is tainted, with the beta function of SciPy."""
    if found <= 1e-3 and prior == 0:
        return 0
    k, n = min(max(found, 0), max(size, 0)), max(size, 0)
    if n == 0 and prior == 0:
        return 0
    odds = prior or sorts.odds  # what is known takes the place of the base rate
    for sign, beta in ((1, sorts.tainted), (-1, sorts.ordinary)):
        odds += sign * (betaln(k + beta.a, n - k + beta.b) - betaln(beta.a, beta.b))
    return float(1 / (1 + np.exp(-odds)))


def taint_by(
    world: World, sorts: tuple[Sorts, ...] = SORTS, priors: Doubles | None = None
) -> Taint:
    """The taint of things where it is known what the sorts look like."""
    touches = world.touches
    found = np.zeros(len(touches.things))
    light, heavy = np.zeros(len(found)), np.zeros(len(found))
    priors = np.zeros(len(found)) if priors is None else priors
    shared = world.naive.shared()
    for j, thing in enumerate(touches.things.tolist()):
        by = shared[thing]
        found[j] = sum(w * world.suspicion[touches.account_at[a]] for a, w in by.items())
        found[j] = max(found[j], 0)
        kind = sorts[touches.kind[j] - 1]
        light[j] = chance_of(found[j], float(touches.size[j]) - 0.6, kind, priors[j])
        heavy[j] = chance_of(found[j], float(touches.size[j]) - 1.0, kind, priors[j])
    return Taint(found, light, heavy, priors, sorts)
