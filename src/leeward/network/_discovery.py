"""From seeds to a ranking of accounts, with the evidence of each and a picture of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import fold_tag
from leeward.network._acts import OPPOSING, Node
from leeward.network._explain import Explainer
from leeward.network._graph import Trait
from leeward.network._kinship import kinship
from leeward.network._order import in_order
from leeward.network._paths import paths
from leeward.network._steps import WalkSettings, steps_of
from leeward.network._ties import ties
from leeward.network._together import together
from leeward.network._two_hop import two_hops
from leeward.network._types import Picture, Ranked
from leeward.network._walk import walk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.network._csr import Int32
    from leeward.network._explain import Explanation
    from leeward.network._graph import Graph
    from leeward.network._types import Evidence, Seed, Tier
    from leeward.network._walk import Walk

    Floats = npt.NDArray[np.float32]

__all__ = ["Discovery", "Scores", "discover"]

DRAWN: Final = 300
"""Accounts in the picture, at most."""

_AGAINST: Final = 0.3
"""What all innocent seeds weigh together, beside the offending ones."""

PROTECTED: Final = "protected"
"""The shield of an account that the platform holds to be a minor's. It does not say so: whether
a person is a minor stays out of every export."""

_OF_MINORS: Final = ("child", "minor")
"""Roles that say that a person is a minor."""

INNOCENT: Final = "confirmed innocent"
"""The shield of an account that was given as an innocent seed."""


class Scores(Struct, frozen=True):
    """The score of every account that has one, the highest first.

    Attributes:
        nodes: The accounts, seeds among them.
        scores: Their scores.
    """

    nodes: Int32
    scores: Floats


@dataclass(frozen=True, slots=True, repr=False)
class Discovery:
    """What was found from some seeds.

    Attributes:
        ranking: The accounts with the highest scores, seeds and shielded ones among them.
        picture: The foremost of them with what ties them.
        scores: Of every account, also of those not in the ranking.
        seeds: The nodes of the seeds that the log knows.
        unknown: The seeds that it does not know.
        two_hop: Accounts that two hops of reposts lead to.
        walk: How the walk went.
    """

    ranking: tuple[Ranked, ...]
    picture: Picture
    scores: Scores
    seeds: tuple[int, ...]
    unknown: tuple[Seed, ...]
    two_hop: Int32
    walk: Walk

    def __repr__(self) -> str:
        return f"<Discovery ranked={len(self.ranking)} seeds={len(self.seeds)}>"


def discover(
    graph: Graph,
    seeds: Sequence[Seed],
    hasher: Hasher,
    *,
    shields: Mapping[str, str] | None = None,
    limit: int = 1_000,
    settings: WalkSettings | None = None,
) -> Discovery:
    """Rank the accounts of a graph by how much leads to them from the seeds.

    Args:
        graph: The interaction graph.
        seeds: Confirmed starting points.
        hasher: The log's.
        shields: Roles by account URI, from people's decisions and the operator's data.
        limit: How many accounts the ranking holds.
        settings: How the walk goes.

    Raises:
        UsageError: The log knows none of the offending seeds, or knows two that contradict each
            other; or the limit is below 1.
    """
    if limit < 1:
        raise UsageError(
            "a ranking holds at least one account", where="limit", hint="give 1 or more"
        )
    settings = settings or WalkSettings()
    found = {seed: _node(graph, seed, hasher) for seed in seeds}
    known = {seed: node for seed, node in found.items() if node is not None}
    restart = _restart(graph, known)
    signs = {node: 1.0 if seed.label == "offender" else -1.0 for seed, node in known.items()}
    kin = kinship(graph, signs, settings) if settings.kinship else None
    steps = steps_of(graph, settings, kin)
    walked = walk(graph, steps, restart, settings)
    scores = _scores(graph, walked.visits.x)
    roles = _roles(graph, known, hasher, shields or {})
    offending = frozenset(node for seed, node in known.items() if seed.label == "offender")
    explainer = Explainer(
        graph,
        steps,
        walked.visits,
        paths(graph, steps, restart, settings),
        offending,
    )
    nodes = scores.nodes[:limit].tolist()
    beside = together(graph, [*nodes, *_accounts_among(graph, offending).tolist()], offending)
    ranker = _Ranker(graph, walked.visits.x, explainer, offending, roles, beside)
    ranking = tuple(ranker.rank(place, node) for place, node in enumerate(nodes, 1))
    drawn = _drawn(ranking)
    return Discovery(
        ranking=ranking,
        picture=Picture(tuple(ranking[i] for i in drawn), ties(graph, [nodes[i] for i in drawn])),
        scores=scores,
        seeds=tuple(known.values()),
        unknown=tuple(seed for seed in seeds if seed not in known),
        two_hop=two_hops(graph, _accounts_among(graph, offending)),
        walk=walked,
    )


def _node(graph: Graph, seed: Seed, hasher: Hasher) -> int | None:
    name = fold_tag(seed.name) if seed.kind == "tag" else seed.name
    return graph.find(seed.kind, name, hasher)


def _restart(graph: Graph, known: Mapping[Seed, int]) -> Floats:
    """The seeds' weights; those of the offending ones add up to 1, of the innocent ones to less.

    However many innocents a review has found: each shares things with the network, or it would
    not have been reviewed, and together they would outweigh the few seeds there are.
    """
    if len({(seed.label, node) for seed, node in known.items()}) > len({*known.values()}):
        raise UsageError(
            "a seed is given as an offender and as innocent",
            hint="decide which it is; a picture may stand there by its handle and by a hash",
        )
    restart = np.zeros(len(graph.kind), np.float32)
    totals = {
        label: sum(seed.weight for seed in known if seed.label == label)
        for label in ("offender", "innocent")
    }
    if not totals["offender"]:
        raise UsageError(
            "the log knows none of the offending seeds",
            hint="give URIs as events have them, one a line: account:URI, post:URI, media:HASH "
            "or tag:WORD",
        )
    for seed, node in known.items():
        restart[node] += (
            seed.weight / totals[seed.label] * (1 if seed.label == "offender" else -_AGAINST)
        )
    return restart


def _scores(graph: Graph, x: Floats) -> Scores:
    nodes = np.flatnonzero((graph.kind == Node.ACCOUNT) & (x > 0)).astype(np.int32)
    # Accounts of equal score stand in the order in which the log met them.
    nodes = in_order(graph, nodes)
    order = np.argsort(-x[nodes], kind="stable")
    return Scores(nodes[order], x[nodes[order]])


def _roles(
    graph: Graph, known: Mapping[Seed, int], hasher: Hasher, shields: Mapping[str, str]
) -> dict[int, str]:
    minors = np.flatnonzero(graph.traits & Trait.MINOR).tolist()
    roles = dict.fromkeys(minors, PROTECTED)
    roles |= {node: INNOCENT for seed, node in known.items() if seed.label == "innocent"}
    named = {graph.find("account", uri, hasher): role for uri, role in shields.items()}
    return roles | {
        node: PROTECTED if role.strip().lower() in _OF_MINORS else role
        for node, role in named.items()
        if node is not None
    }


def _accounts_among(graph: Graph, nodes: frozenset[int]) -> Int32:
    accounts = sorted(node for node in nodes if graph.kind[node] == Node.ACCOUNT)
    return np.array(accounts, np.int32)


def _drawn(ranking: Sequence[Ranked]) -> list[int]:
    """Places of the accounts that are drawn: all seeds, then the highest."""
    seeds = [i for i, ranked in enumerate(ranking) if ranked.tier == "seed"]
    others = [i for i, ranked in enumerate(ranking) if ranked.tier != "seed"]
    return sorted([*seeds, *others][:DRAWN])


class _Ranker:
    """Says of each account what it needs before anything is built on it."""

    def __init__(
        self,
        graph: Graph,
        x: Floats,
        explainer: Explainer,
        seeds: frozenset[int],
        roles: Mapping[int, str],
        beside: Mapping[int, Evidence],
    ) -> None:
        self._graph, self._x, self._explainer = graph, x, explainer
        self._seeds, self._roles, self._beside = seeds, roles, beside

    def rank(self, place: int, node: int) -> Ranked:
        explained = self._explainer.explain(node)
        beside = self._beside.get(node)
        row = self._graph.out.row(node)
        return Ranked(
            rank=place,
            account=self._graph.name(node),
            score=float(self._x[node]),
            probability=None,  # only reviews can calibrate it
            tier=self._tier(node, explained),
            touches=row.stop - row.start,
            shield=self._roles.get(node),
            evidence=explained.evidence + ((beside,) if beside else ()),
        )

    def _tier(self, node: int, explained: Explanation) -> Tier:
        if node in self._roles:
            return "shielded"
        if node in self._seeds:
            return "seed"
        if explained.others < 2 or self._opposes(node):
            return "ask first"
        return "suspect"

    def _opposes(self, node: int) -> bool:
        """Whether an account has complained about, or argued with, what the walk came by."""
        row = self._graph.out.row(node)
        opposing = OPPOSING[self._graph.out.act[row]]
        targets = self._graph.out.node[row][opposing]
        return bool((self._x[targets] > 0).any())
