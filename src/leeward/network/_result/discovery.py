"""From seeds to a ranking of accounts, with the evidence of each and a picture of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.network._families.two_hop import two_hops
from leeward.network._graph.acts import Node
from leeward.network._graph.order import in_order
from leeward.network._result.cells import cells_of
from leeward.network._result.known import known, roles_of
from leeward.network._result.reasons import Reasoner
from leeward.network._result.remaining import BASE, Remaining
from leeward.network._result.tiers import calibrated, tiers_of
from leeward.network._result.ties import ties
from leeward.network._result.together import together
from leeward.network._searching.refresh import is_later, refresh
from leeward.network._searching.search import search
from leeward.network._types import CONCLUSIVE, Picture, Ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.network._graph.csr import Int32
    from leeward.network._graph.graph import Graph
    from leeward.network._result.cells import Cell
    from leeward.network._result.known import Known
    from leeward.network._searching.search import Search
    from leeward.network._types import Evidence, Prior, Seed, Tier

    Doubles = npt.NDArray[np.float64]

__all__ = ["Discovery", "Scores", "discover"]

DRAWN: Final = 300
"""Accounts in the picture, at most."""

_OPPOSING: Final = ("argued", "complained")
"""Evidence that is told even where it adds nothing: that somebody opposed is to be known."""

_NOTHING: Final = 1e-12
"""What is no more than this is left of a difference of equal numbers."""

_SAME: Final = 9
"""Decimals to which weights are compared."""


class Scores(Struct, frozen=True):
    """The score of every account that touched something or is a seed, the highest first.

    Attributes:
        nodes: The accounts; equal ones in the order in which the log met them.
        log_odds: How likely each belongs, as a natural logarithm of odds.
        probability: The same as a probability; worth no more than :attr:`Ranked.probability`,
            which is None where it could not be calibrated.
    """

    nodes: Int32
    log_odds: Doubles
    probability: Doubles


@dataclass(frozen=True, slots=True, repr=False)
class Discovery:
    """What was found from some seeds.

    Attributes:
        ranking: The accounts with the highest scores, seeds and shielded ones among them.
        picture: The foremost of them with what ties them.
        scores: Of every account, also of those not in the ranking.
        seeds: The nodes of the seeds that the log knows.
        unknown: The seeds that it does not know.
        unknown_priors: The priors about what it does not know.
        two_hop: Accounts that two hops of reposts lead to.
        search: The search, with all that the scores are made of.
        cells: Those whom the search suspects, in groups that hang together, the largest first;
            none where it abstained.
        above_line: How many accounts stand above the line, those beyond the ranking among them.
        is_refreshed: Whether an earlier search was brought up to date, and no new one made.
    """

    ranking: tuple[Ranked, ...]
    picture: Picture
    scores: Scores
    seeds: tuple[int, ...]
    unknown: tuple[Seed, ...]
    unknown_priors: tuple[Prior, ...]
    two_hop: Int32
    search: Search
    cells: tuple[Cell, ...]
    above_line: int
    is_refreshed: bool

    def __repr__(self) -> str:
        return f"<Discovery ranked={len(self.ranking)} seeds={len(self.seeds)}>"


def discover(
    graph: Graph,
    seeds: Sequence[Seed],
    hasher: Hasher,
    *,
    shields: Mapping[str, str] | None = None,
    priors: Sequence[Prior] | None = None,
    previous: Search | None = None,
    limit: int = 1_000,
    progress: Callable[[str], None] = lambda _: None,
) -> Discovery:
    """Rank the accounts of a graph by how likely they belong with the seeds.

    Args:
        graph: The interaction graph.
        seeds: Confirmed starting points.
        hasher: The log's.
        shields: Roles by account URI, from people's decisions and the operator's data.
        priors: What others say of accounts, posts, media or tags. Several on one add up; a seed
            is settled, and what is said of it counts for nothing.
        previous: An earlier search of the same log, to be brought up to date by
            :func:`~leeward.network.refresh`; where that is not enough, the graph is searched anew.
        limit: How many accounts the ranking holds.
        progress: Told what happens.

    Raises:
        UsageError: The log knows none of the offending seeds, or nobody else touched what it
            knows; it knows two that contradict each other; or the limit is below 1.
    """
    if limit < 1:
        raise UsageError(
            "a ranking holds at least one account", where="limit", hint="give 1 or more"
        )
    given = known(graph, seeds, priors or (), hasher)
    roles = roles_of(graph, given.labels, hasher, shields or {})
    found, is_refreshed = _searched(graph, given, previous, progress)
    progress("telling what speaks for whom")
    scores = _scores(graph, found, given)
    cells = _cells(graph, found)
    offenders = given.offenders(graph)
    tiers = tiers_of(
        found, cells, _places(graph, found, offenders.tolist()), _places(graph, found, roles)
    )
    nodes = scores.nodes[:limit].tolist()
    ranker = _Ranker(
        graph,
        found,
        tiers,
        _numbers(cells),
        roles,
        Remaining(graph, found, given.labels, given.sources),
        together(graph, [*nodes, *offenders.tolist()], frozenset(offenders.tolist())),
        given.sources,
    )
    ranking = tuple(ranker.rank(place, node) for place, node in enumerate(nodes, 1))
    drawn = _drawn(ranking)
    return Discovery(
        ranking=ranking,
        picture=Picture(tuple(ranking[i] for i in drawn), ties(graph, [nodes[i] for i in drawn])),
        scores=scores,
        seeds=given.nodes,
        unknown=given.unknown,
        unknown_priors=given.unknown_priors,
        two_hop=two_hops(graph, offenders),
        search=found,
        cells=cells,
        above_line=int(np.count_nonzero(tiers == "above the line")),
        is_refreshed=is_refreshed,
    )


def _searched(
    graph: Graph, given: Known, previous: Search | None, progress: Callable[[str], None]
) -> tuple[Search, bool]:
    """Search, or bring an earlier search up to date; and whether the latter was enough."""
    if previous is not None and is_later(graph, previous):
        progress("bringing the earlier search up to date")
        found = refresh(previous, graph, given.weights, priors=given.odds)
        if found.due is None:
            return found.search, True
        progress(f"searching anew: {found.due}")
    found_anew = search(
        graph, given.weights, priors=given.odds, previous=previous, progress=progress
    )
    return found_anew, False


def _scores(graph: Graph, found: Search, given: Known) -> Scores:
    touched = np.asarray(found.touches.acts.any(axis=1))
    touched[_places(graph, found, given.labels)] = True
    # Accounts of equal score stand in the order in which the log met them.
    nodes = in_order(graph, found.touches.accounts[touched])
    place = found.touches.account_at[nodes]
    order = np.argsort(-found.log_odds[place], kind="stable")
    place = place[order]
    return Scores(nodes[order], found.log_odds[place], found.probability[place])


def _places(graph: Graph, found: Search, nodes: Iterable[int]) -> Int32:
    """The places of the accounts among some nodes."""
    accounts = [node for node in nodes if graph.kind[node] == Node.ACCOUNT]
    places: Int32 = found.touches.account_at[np.array(accounts, np.int32)]
    return places


def _cells(graph: Graph, found: Search) -> tuple[Cell, ...]:
    if found.abstained is not None:  # there is nobody to suspect
        return ()
    confirmed, things = (
        np.flatnonzero(odds >= CONCLUSIVE).astype(np.int32)
        for odds in (found.parts["priors"], found.taint.priors)
    )
    return cells_of(graph, found.touches, found.suspicion, found.taint, confirmed, things)


def _numbers(cells: Sequence[Cell]) -> dict[int, int]:
    """The number of the cell of each place that is not alone in one."""
    return {
        member: number
        for number, cell in enumerate(cells, 1)
        if len(cell.members) > 1
        for member in cell.members.tolist()
    }


def _drawn(ranking: Sequence[Ranked]) -> list[int]:
    """Places of the accounts that are drawn: all seeds, then the highest."""
    seeds = [i for i, ranked in enumerate(ranking) if ranked.tier == "seed"]
    others = [i for i, ranked in enumerate(ranking) if ranked.tier != "seed"]
    return sorted([*seeds, *others][:DRAWN])


class _Ranker:
    """Says of each account what is known of it.

    Args:
        graph: The interaction graph.
        found: The search.
        tiers: (accounts) Their tiers.
        cells: Numbers of cells by place.
        roles: Shields by node.
        remaining: Tells what is no act.
        beside: Evidence beside the score, by node.
        sources: Who said something of a node, by node.
    """

    def __init__(
        self,
        graph: Graph,
        found: Search,
        tiers: npt.NDArray[np.str_],
        cells: Mapping[int, int],
        roles: Mapping[int, str],
        remaining: Remaining,
        beside: Mapping[int, Evidence],
        sources: Mapping[int, Sequence[str]],
    ) -> None:
        self._graph, self._found, self._tiers = graph, found, tiers
        self._cells, self._roles = cells, roles
        self._remaining, self._beside = remaining, beside
        self._calibrated = calibrated(found)
        self._reasoner = Reasoner(
            graph,
            found.touches,
            found.taint,
            found.conduct,
            found.suspicion,
            found.parts,
            sources,
        )

    def rank(self, rank: int, node: int) -> Ranked:
        place = int(self._found.touches.account_at[node])
        row = self._graph.out.row(node)
        return Ranked(
            rank=rank,
            account=self._graph.name(node),
            score=float(self._found.log_odds[place]),
            probability=float(self._found.probability[place]) if self._calibrated else None,
            tier=cast("Tier", str(self._tiers[place])),
            touches=row.stop - row.start,
            shield=self._roles.get(node),
            evidence=self._evidence(place, node),
            cell=self._cells.get(place),
        )

    def _evidence(self, place: int, node: int) -> tuple[Evidence, ...]:
        """The weightiest first; what everybody has stands last.

        What adds nothing is left out, but for what is told beside the score. Equal ones stand in
        an order that is the same however the log came in.
        """
        reasons = self._reasoner.of(place)
        pieces = [*reasons.evidence, *self._remaining.told(place, reasons.remaining)]
        pieces = [p for p in pieces if abs(p.weight) > _NOTHING or p.kind in _OPPOSING]
        pieces += [self._beside[node]] if node in self._beside else []
        return tuple(sorted(pieces, key=_by_weight))


def _by_weight(one: Evidence) -> tuple[bool, float, str, str, str]:
    return one.kind == BASE, -round(abs(one.weight), _SAME), one.kind, one.subject, one.words
