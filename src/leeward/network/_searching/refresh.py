"""A search brought up to date: new events and new decisions, without starting over.

What takes long and hardly changes is kept from the search: who is suspected, the witnesses and how
much each way and each vote counts, the other rankings and their weights, how many belong. Counted
anew, and exactly, is everything else: the touches, what is tainted, what each account did and what
speaks against it. The votes for whoever did anything are brought up to date by what it did. So
one step of growth is gone over again, with the same suspects but for those about whom persons have
decided.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np

from leeward.errors import UsageError
from leeward.network._evidence.taint import Judge
from leeward.network._families.rankings import QUICK
from leeward.network._graph.acts import Node
from leeward.network._searching.agreement import AGREEMENT
from leeward.network._searching.conclusion import concluded
from leeward.network._searching.growth import highest, step_of
from leeward.network._searching.led_by_replies import asked_about
from leeward.network._searching.portfolio import EVIDENCE, evidence_of, leaned, led_from, of_time
from leeward.network._searching.search import Search, confirmed_of
from leeward.network._searching.time import timing_of
from leeward.network._touches.extend import extended
from leeward.network._touches.replies import replies_of
from leeward.network._votes.lean import shares_above, standing
from leeward.network._votes.revote import revoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.growth import Confirmed
    from leeward.network._searching.search import Kept
    from leeward.network._touches.extend import Extended
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    F = TypeVar("F", bound=np.floating)

__all__ = ["Refreshed", "is_later", "refresh"]

_GROWN: Final = 0.05
"""The share of events that may have come since the search."""
_FALLEN: Final = 0.5
"""By how much the mean log share above the seeds may have risen: they stand at places that are 1.6
times as low."""


class Refreshed(NamedTuple):
    """A search that was brought up to date.

    Attributes:
        search: It; a further refresh goes on from there.
        due: Why a full search is due, in words; None where it is not.
        acted: How many accounts did anything since.
    """

    search: Search
    due: str | None
    acted: int


def refresh(
    previous: Search,
    graph: Graph,
    seeds: Mapping[int, float],
    *,
    priors: Mapping[int, float] | None = None,
) -> Refreshed:
    """Bring a search up to date.

    After no new event and no new decision it is the same number for number. How the events came
    in batches makes no difference within one refresh.

    Args:
        previous: The search, or a refresh of it.
        graph: Its graph with the events that came since.
        seeds: As in :func:`search`, as they are now.
        priors: As in :func:`search`, as they are now.

    Raises:
        UsageError: The graph is not a later state of that which was searched, or no seed belongs.
    """
    kept = previous.kept
    before = kept.graph
    if not is_later(graph, previous):
        raise UsageError(
            "the graph is not a later state of the one that was searched",
            hint="extend the graph of the search, or search anew",
        )
    more = extended(previous.touches, before, graph)
    touches = more.touches
    confirmed, prior = confirmed_of(graph, touches, seeds, priors or {})
    suspicion = _suspicion(previous, more, confirmed)
    votes: Doubles = _longer(previous.families["votes"], len(suspicion)).astype(np.float64)
    replies = None if previous.replied is None else replies_of(graph, touches)
    judge = Judge(touches)

    def voted() -> Doubles:
        again = voting.result()
        votes[again.accounts] = again.votes
        return votes

    with ThreadPoolExecutor(1) as beside:
        voting = beside.submit(revoted, more, kept.ways, len(previous.log_odds), replies)
        step = step_of(
            graph,
            touches,
            confirmed.things,
            suspicion,
            voted,
            kept.size,
            confirmed.shown,
            replies,
            hashtags=kept.hashtags,
            judge=judge,
        )
        again = voting.result()
    agreement = _longer(kept.agreement, len(suspicion))
    order = _order(previous, step.total + agreement)
    others = _suspected(graph, more, confirmed, order, kept.size)
    if (others != suspicion).any():
        suspicion = others
        del step
        step = step_of(
            graph,
            touches,
            confirmed.things,
            suspicion,
            votes,
            kept.size,
            confirmed.shown,
            replies,
            hashtags=kept.hashtags,
            judge=judge,
        )
    timing = timing_of(graph, touches, step.taint, suspicion, confirmed.given)
    families = _families(previous, graph, touches, confirmed)
    blended = _blended(previous, families, evidence_of(step, agreement))
    settled = [n for n, weight in seeds.items() if weight and graph.kind[n] == Node.ACCOUNT]
    said = concluded(
        graph,
        touches,
        confirmed,
        touches.account_at[settled],
        step,
        {**blended, **of_time(previous.weights, timing), "priors": prior},
        previous.extent.estimate,
        unheard=votes < kept.least_votes,
        draw_line=kept.draws_line,
    )
    found = previous._replace(
        touches=touches,
        log_odds=said.log_odds,
        parts=said.parts,
        probability=said.probability,
        suspicion=suspicion,
        taint=step.taint,
        conduct=step.conduct,
        timing=timing,
        families=families | {"votes": votes, EVIDENCE: step.total + agreement},
        asked_first=said.asked_first
        if replies is None
        else asked_about(said.asked_first, confirmed.members),
        replied=step.replied,
        line=said.line,
        kept=kept._replace(
            graph=graph,
            ways=again.ways,
            order=order,
            agreement=agreement,
            members=touches.accounts[confirmed.members],
        ),
    )
    return Refreshed(found, _due(kept, graph, seeds, found, confirmed), int(more.acted.sum()))


def is_later(graph: Graph, previous: Search) -> bool:
    """Whether a graph is the one that was searched, or a later state of it."""
    before = previous.kept.graph
    return (
        graph.fingerprint == before.fingerprint
        and graph.last_seq >= before.last_seq
        and np.array_equal(graph.keys[: len(before.keys)], before.keys)
    )


def _suspicion(previous: Search, more: Extended, confirmed: Confirmed) -> Doubles:
    """Who was suspected, but for those of whom more is known now."""
    touches, kept = more.touches, previous.kept
    suspicion = _longer(previous.suspicion, len(touches.accounts))
    suspicion[np.setdiff1d(touches.account_at[kept.members], confirmed.members)] = 0
    suspicion[confirmed.innocent] = 0
    suspicion[confirmed.members] = 1
    return suspicion


def _order(previous: Search, total: Doubles) -> Doubles:
    """What suspects are chosen by: as before, and what the same suspects say of each by now."""
    before = previous.families[EVIDENCE].astype(np.float64)
    order = total.copy()
    # Where nothing changed this is what it was, without rounding.
    order[: len(before)] = previous.kept.order + (total[: len(before)] - before)
    return order


def _suspected(
    graph: Graph, more: Extended, confirmed: Confirmed, order: Doubles, size: int
) -> Doubles:
    suspicion = np.zeros(len(order))
    suspicion[highest(graph, more.touches, confirmed, order, size)] = 1
    suspicion[confirmed.members] = 1
    return suspicion


def _families(
    previous: Search, graph: Graph, touches: Touches, confirmed: Confirmed
) -> dict[str, npt.NDArray[np.floating]]:
    """The scores of the rankings that count and do not walk; those of the others as before.

    Who is new stands in the others where those stand to whom nothing leads.
    """
    count = len(touches.accounts)
    found = {name: _longer(one, count) for name, one in previous.families.items()}
    for name, family in QUICK.items():
        if name in previous.kept.leanings:
            found[name] = family(graph, *led_from(touches, confirmed))[:, 0]
    return found


def _blended(
    previous: Search,
    families: dict[str, npt.NDArray[np.floating]],
    evidence: dict[str, Doubles],
) -> dict[str, Doubles]:
    """What each member of the portfolio adds: the walks as before, for those who are new least."""
    weight = previous.weights.get(EVIDENCE, 0.0)
    blended = {name: weight * part for name, part in evidence.items()}
    for name, leaning in previous.kept.leanings.items():
        part = previous.parts[name]
        if name in QUICK:
            blended[name] = leaned(families[name], previous.weights[name], *leaning)
        else:
            blended[name] = _longer(part, len(evidence[AGREEMENT]), float(part.min(initial=0)))
    return blended


def _longer(values: npt.NDArray[F], length: int, fill: float = 0.0) -> npt.NDArray[F]:
    return np.concatenate([values, np.full(length - len(values), fill, values.dtype)])


def _due(
    kept: Kept,
    graph: Graph,
    seeds: Mapping[int, float],
    found: Search,
    confirmed: Confirmed,
) -> str | None:
    """Why to search anew, in words."""
    if frozenset((node, weight > 0) for node, weight in seeds.items() if weight) != kept.seeds:
        return "The seeds are others than those of the search."
    grown = graph.events / max(kept.events, 1) - 1
    if grown > _GROWN:
        return f"The log has grown by {grown:.0%} since the search."
    activity = found.touches.by_account.degrees()
    now = standing(shares_above(found.families[EVIDENCE], activity, confirmed.given))
    if now > kept.standing + _FALLEN:
        return "The seeds stand lower among like accounts than they did when it was searched."
    return None
