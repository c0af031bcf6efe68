"""What accounts touched, counted in plain dictionaries from the events themselves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from hypothesis import strategies as st
from scipy.special import betaln

from leeward.network import CONCLUSIVE, Act, Graph, Node
from leeward.network._evidence.sorts import Sorts
from leeward.network._evidence.taint import Taint
from leeward.network._statistics.betabinomial import Beta
from leeward.network._touches.touches import Touches, touches_of
from tests.network._events import HASHER, graph_of, random_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from leeward.model import Event

    Doubles = npt.NDArray[np.float64]

__all__ = [
    "SORTS",
    "SORTS_MADE",
    "WEIGHT",
    "Naive",
    "World",
    "chance_of",
    "lifts_by",
    "taint_by",
    "worlds",
]

WEIGHT = {Act.AUTHORED: 1.0, Act.REPOSTED: 1.0, Act.LIKED: 0.6}
_ACTS = {"post": Act.AUTHORED, "repost": Act.REPOSTED, "like": Act.LIKED}

SORTS = tuple(Sorts(odds, Beta.of(0.1, 6), Beta.of(0.7, 3)) for odds in (-2.0, -1.5, -2.5, -1.8))
"""What things of each kind may look like in a small world."""
SORTS_MADE = tuple(
    Sorts(odds, Beta.of(0.2, 4), Beta.of(0.6, 3)) for odds in (-2.2, -1.2, -2.0, -1.0)
)
"""The same by who made posts with them."""


class Naive:
    """Who touched what, by nodes of a graph.

    Attributes:
        acts: The acts of each account, each on a post, no two alike; to repost or like a post of
            one's own is none.
        carried: What each post carries.
        touched: For each account and thing the weight of the strongest act.
        made: For each thing those who made a post with it.
        came: For each thing those who reposted or liked a post of somebody else with it.
        first: For each thing who was the first to make a post with it.
    """

    def __init__(self, graph: Graph, events: Iterable[Event]) -> None:
        def node(kind: str, name: str | None) -> int:
            found = graph.find(kind, name or "", HASHER)
            assert found is not None
            return found

        ordered = sorted(events, key=lambda one: one.seq or 0)
        author = {e.object or "": e.actor for e in ordered if e.kind == "post"}
        self.acts: dict[int, set[tuple[Act, int]]] = defaultdict(set)
        self.carried: dict[int, set[int]] = defaultdict(set)
        self.touched: dict[int, dict[int, float]] = defaultdict(dict)
        self.made: dict[int, set[int]] = defaultdict(set)
        self.came: dict[int, set[int]] = defaultdict(set)
        self.first: dict[int, int] = {}
        for one in ordered:
            if one.kind == "post":
                carried = self.carried[node("post", one.object)]
                carried |= {node("tag", tag) for tag in one.tags}
                carried |= {node("link", link) for link in one.links}
                carried |= {node("media", media.uri) for media in one.media}
        for one in ordered:
            if one.kind not in _ACTS:
                continue
            account, act = node("account", one.actor), _ACTS[one.kind]
            name = (one.object if act == Act.AUTHORED else one.target) or ""
            post, is_own = node("post", name), author.get(name) == one.actor
            if act == Act.AUTHORED or not is_own:
                self.acts[account].add((act, post))
            for thing in {post, *self.carried[post]}:
                mine = self.touched[account]
                mine[thing] = max(mine.get(thing, 0), WEIGHT[act])
                (self.made if is_own else self.came)[thing].add(account)
                if act == Act.AUTHORED:
                    self.first.setdefault(thing, account)

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

    def level(self, account: int) -> float:
        """How much the account of a node is suspected."""
        return float(self.suspicion[self.touches.account_at[account]])


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
    odds = sorts.odds + prior
    for sign, beta in ((1, sorts.tainted), (-1, sorts.ordinary)):
        odds += sign * (betaln(k + beta.a, n - k + beta.b) - betaln(beta.a, beta.b))
    tainted = 1 / (1 + np.exp(-odds))
    if prior:  # a thing that a person judged says less, the fewer suspects touched it
        usual = sorts.tainted.a / (sorts.tainted.a + sorts.tainted.b)
        seen = (k + sorts.tainted.a) / (n + sorts.tainted.a + sorts.tainted.b)
        tainted *= min(1, seen / usual)
    if 0 < prior < CONCLUSIVE:  # a hint never makes it less likely
        tainted = max(tainted, chance_of(found, size, sorts))
    return float(tainted)


def taint_by(
    world: World,
    sorts: tuple[Sorts, ...] = SORTS,
    priors: Doubles | None = None,
    sorts_made: tuple[Sorts, ...] = SORTS_MADE,
) -> Taint:
    """The taint of things where it is known what the sorts look like."""
    touches = world.touches
    found, makers, light, heavy, made = np.zeros((5, len(touches.things)))
    priors = np.zeros(len(found)) if priors is None else priors
    shared = world.naive.shared()
    for j, thing in enumerate(touches.things.tolist()):
        by, makes = shared[thing], world.naive.made[thing]
        found[j] = max(sum(w * world.level(a) for a, w in by.items()), 0)
        makers[j] = max(sum(world.level(a) for a in makes), 0)
        kind = touches.kind[j] - 1
        light[j] = chance_of(found[j], float(touches.size[j]) - 0.6, sorts[kind], priors[j])
        heavy[j] = chance_of(found[j], float(touches.size[j]) - 1.0, sorts[kind], priors[j])
        if touches.kind[j] != Node.POST or priors[j]:
            made[j] = chance_of(makers[j], len(makes) - 1, sorts_made[kind], priors[j])
    return Taint(found, makers, light, heavy, made, priors, sorts, sorts_made)


def lifts_by(world: World, witness: int, kind: Node | None = None) -> tuple[Doubles, Doubles]:
    """How many walkers from a witness come by each account, and how much more than expected.

    Args:
        world: A platform.
        witness: The place of an account; or, counted on from the last account, of a thing.
        kind: They go through things of this kind alone; through all if None.
    """
    naive, touches = world.naive, world.touches
    of_kind = {t: by for t, by in naive.shared().items() if world.graph.kind[t] == kind}
    shared = naive.shared() if kind is None else of_kind
    nodes = touches.accounts.tolist()
    mine = {a: [t for t in naive.touched[a] if t in shared] for a in nodes}
    posts = {post for acts in naive.acts.values() for _, post in acts} | {*naive.carried}

    def leads(account: int, thing: int) -> bool:
        is_maker = thing not in posts and account in naive.made[thing]
        return naive.first[thing] != account if is_maker else account in naive.came[thing]

    ways = {a: sum(leads(a, t) for t in mine[a]) for a in nodes}
    at = {nodes[witness]: 1.0} if witness < len(nodes) else {}
    for step in range(2):
        there: dict[int, float] = defaultdict(float)
        makers: dict[int, float] = defaultdict(float)
        for account, walkers in at.items():
            for thing in mine[account]:
                there[thing] += walkers / len(mine[account])
                if account in naive.made[thing]:
                    makers[thing] += walkers / len(mine[account])
        if step == 0 and witness >= len(nodes):
            thing = int(touches.things[witness - len(nodes)])
            there[thing] = makers[thing] = 1
        at = {
            a: sum(
                (makers if a in naive.made[t] and t not in posts else there)[t] / len(shared[t])
                for t in mine[a]
                if leads(a, t)
            )
            for a in nodes
        }
    come = np.array([at[a] for a in nodes])
    each = np.array([ways[a] for a in nodes])
    return come, come * each.sum() / (each + 3)
