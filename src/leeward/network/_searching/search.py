"""The search: from what was confirmed to log-odds for everybody, or to words that say why not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.network._graph.acts import Node
from leeward.network._searching.agreement import agreed
from leeward.network._searching.conclusion import concluded
from leeward.network._searching.evenly import stand_evenly
from leeward.network._searching.extent import Extent, extent_of
from leeward.network._searching.ground import ground_of
from leeward.network._searching.growth import Confirmed
from leeward.network._searching.hiding import ENOUGH
from leeward.network._searching.led_by_replies import asked_about, open_ended
from leeward.network._searching.portfolio import (
    EVIDENCE,
    blend,
    evidence_of,
    leanings_of,
    of_time,
    weights_of,
)
from leeward.network._searching.time import timing_of
from leeward.network._touches.touches import touches_of
from leeward.network._types import CONCLUSIVE
from leeward.network._votes.lean import shares_above, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from leeward.network._evidence.conduct import Conduct
    from leeward.network._evidence.replied import Replied
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.graph import Graph
    from leeward.network._searching.conclusion import Conclusion
    from leeward.network._searching.ground import Ground
    from leeward.network._searching.hiding import Hidden
    from leeward.network._searching.time import Timing
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.ways import Way

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["Kept", "Search", "confirmed_of", "search"]

_FOLDS: Final = 5
_CONFIRMED: Final = 6.0
"""Log-odds of what a seed says about itself."""
_SETTLED: Final = 20.0
"""The same of a thing, where they are added to how common tainted things are."""
_BETTER: Final = 20.0
"""How many times as likely as the evidence another ranking may be the best, for a line. One that is
puts hidden seeds so much higher that it knows something that tells them from those beside whom the
evidence puts them: a fan club, say, inside which a network hides."""


class Kept(NamedTuple):
    """What :func:`~leeward.network.refresh` goes on from.

    Attributes:
        graph: The graph of ``touches``.
        events: How many events the graph had that was searched.
        ways: What votes follow from.
        size: How many are suspected beside the confirmed ones.
        order: (accounts) What they were chosen by.
        agreement: (accounts) What lies between this search and what several agree on.
        leanings: How the places of other rankings become log-odds.
        seeds: Nodes of the seeds, and whether each belongs.
        members: Nodes of the accounts that are confirmed.
        standing: The mean log share of like accounts above the seeds, by the evidence.
        draws_line: Whether there may be a line.
        hashtags: Whether hashtags count that no person judged.
        least_votes: The votes below which nobody is above the line; see :func:`concluded`.
    """

    graph: Graph
    events: int
    ways: tuple[Way, ...]
    size: int
    order: Doubles
    agreement: Doubles
    leanings: dict[str, tuple[float, float]]
    seeds: frozenset[tuple[int, bool]]
    members: Int32
    standing: float
    draws_line: bool
    hashtags: bool
    least_votes: float


class Search(NamedTuple):
    """What was found. Arrays are by the places of accounts in ``touches.accounts``.

    Attributes:
        touches: Who touched what.
        log_odds: (accounts) The sum of the parts: how likely an account belongs.
        parts: The named parts of it.
        probability: (accounts) The same as a probability.
        suspicion, taint, conduct: What the evidence was counted from.
        timing: What it says when accounts acted.
        families: (accounts) The scores of each member of the portfolio.
        worth: How each stood with hidden seeds: the mean log share of like accounts above them.
        weights: What each counts in the blend; they add up to one.
        extent: How many belong, with an interval.
        asked_first: (accounts) Who is never above the line without a person: who argued under
            tainted posts or complained about them, since critics repost, too; who is held to be
            a minor or says to be a bot; and of those who would stand above it, whose evidence
            rests on fewer than two other authors or owners, who answers suspects half as often
            as it does anything tainted, for whom the confirmed vote less than for nine in ten of
            each other, and whom the evidence that gives the reasons would not put there; and,
            where replies led, everybody but those whom a person confirmed.
        line: Log-odds at and above which 99 of 100 of the others are expected to belong; infinite
            where no number of accounts does.
        own: How many of the seeds the others found, of how many, within how many accounts.
        path: Numbers of suspects, and how hidden seeds stood.
        abstained: Why nothing is said, in words; None where something is.
        kept: What a refresh goes on from.
        replied: What follows from whom accounts turned to, where replies led; None elsewhere.
    """

    touches: Touches
    log_odds: Doubles
    parts: dict[str, Doubles]
    probability: Doubles
    suspicion: Doubles
    taint: Taint
    conduct: Conduct
    timing: Timing
    families: dict[str, npt.NDArray[np.floating]]
    worth: dict[str, float]
    weights: dict[str, float]
    extent: Extent
    asked_first: npt.NDArray[np.bool_]
    line: float
    own: tuple[int, int, int] | None
    path: tuple[tuple[int, float], ...]
    abstained: str | None
    kept: Kept
    replied: Replied | None = None


def search(
    graph: Graph,
    seeds: Mapping[int, float],
    *,
    priors: Mapping[int, float] | None = None,
    folds: int = _FOLDS,
    previous: Search | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Search:
    """Find the network behind what was confirmed.

    Args:
        graph: The interaction graph.
        seeds: Nodes and weights, above zero for what belongs and below for what does not.
        priors: Nodes and log-odds: what the findings of others, or answers of people who may
            err, add to those of a node. Those of seeds are left out.
        folds: Into how many parts the seeds are dealt, to hide each once.
        previous: An earlier search: as many are suspected as in it, where hidden seeds do not
            speak clearly against that.
        progress: Told what happens.

    Raises:
        UsageError: No seed belongs.
    """
    touches = touches_of(graph)
    confirmed, prior = confirmed_of(graph, touches, seeds, priors or {})
    usual = None if previous is None else previous.kept.size
    ground = ground_of(graph, touches, confirmed, folds, usual, progress)
    members, hidden, parts = confirmed.given, ground.hidden, ground.parts
    families, worth = ground.families, ground.worth
    found = agreed(graph, touches, ground.ways, confirmed, hidden, parts)
    step, voted = found.step, found.growth.kept(ground.ways)
    ground.ways.forget()
    weights = weights_of(worth, len(members))
    leanings = leanings_of(touches, weights, families, parts)
    blended = blend(weights, families, leanings, evidence_of(step, found.agreement))
    timing = timing_of(graph, touches, step.taint, step.suspicion, members)
    blended |= of_time(weights, timing)
    scores: dict[str, npt.NDArray[np.floating]] = {
        "votes": found.growth.votes,
        EVIDENCE: step.total + found.agreement,  # as a refresh adds it up, to the last bit
    }
    scores |= {name: columns[:, -1] for name, columns in families.items()}
    checked = hidden if len(members) >= ENOUGH else None
    extent = extent_of(sum(blended.values(), prior), members, checked, len(prior))
    extent = open_ended(extent, len(prior)) if ground.by_replies else extent
    kept = Kept(
        graph,
        graph.events,
        voted,
        found.size,
        found.growth.order,
        found.agreement,
        leanings,
        frozenset((node, weight > 0) for node, weight in seeds.items() if weight),
        touches.accounts[confirmed.members],
        standing(shares_above(found.total, touches.by_account.degrees(), members)),
        checked is not None
        and ground.leads
        and ground.abstained is None
        and _BETTER * weights.get(EVIDENCE, 0.0) >= max(weights.values()),
        hidden is None or hidden.hashtags,
        _least_votes(found.growth.votes, checked),
    )
    settled = [n for n, weight in seeds.items() if weight and graph.kind[n] == Node.ACCOUNT]
    conclude = partial(
        concluded,
        graph,
        touches,
        confirmed,
        touches.account_at[settled],
        step,
        {**blended, "priors": prior},
        extent.estimate,
        unheard=found.growth.votes < kept.least_votes,
    )
    said = conclude(draw_line=kept.draws_line)
    if kept.draws_line and not _is_even(said, ground, confirmed):
        kept, extent = kept._replace(draws_line=False), extent._replace(low=float(len(members)))
        said = conclude(draw_line=False)
    return Search(
        touches,
        said.log_odds,
        said.parts,
        said.probability,
        step.suspicion,
        step.taint,
        step.conduct,
        timing,
        scores,
        worth,
        dict.fromkeys(scores, 0.0) | weights,
        extent,
        asked_about(said.asked_first, confirmed.members) if ground.by_replies else said.asked_first,
        said.line,
        None if checked is None else _own(checked),
        () if hidden is None else hidden.path,
        ground.abstained,
        kept,
        step.replied,
    )


def confirmed_of(
    graph: Graph, touches: Touches, seeds: Mapping[int, float], priors: Mapping[int, float]
) -> tuple[Confirmed, Doubles]:
    """Split what is known by accounts and things; the log-odds of accounts beside it."""
    prior = np.zeros(len(touches.accounts))
    things = np.zeros(len(touches.things))
    for nodes, scale in ((priors, 1.0), (seeds, 0.0)):
        for node, weight in nodes.items():
            if weight == 0:  # says nothing
                continue
            place, thing = touches.account_at[node], touches.thing_at[node]
            if graph.kind[node] == Node.ACCOUNT:
                prior[place] = weight if scale else np.copysign(_CONFIRMED, weight)
            elif thing >= 0:
                things[thing] = weight if scale else np.copysign(_SETTLED, weight)
    weights = np.ones(len(prior))
    for node, weight in seeds.items():
        if graph.kind[node] == Node.ACCOUNT:
            weights[touches.account_at[node]] = abs(weight)
    members = np.flatnonzero(prior >= CONCLUSIVE).astype(np.int32)
    innocent = np.flatnonzero(prior <= -CONCLUSIVE).astype(np.int32)
    if not len(members) and not (things >= CONCLUSIVE).any():
        raise UsageError(
            "no seed belongs to the network",
            hint="give at least one offending account, post, picture or hashtag that others "
            "touched, too",
        )
    weights = weights[members]
    weights = weights / weights.mean() if len(weights) else weights
    given = [touches.account_at[node] for node, weight in seeds.items() if weight > 0]
    of_seeds = np.intersect1d(members, np.array(given, np.int32))
    return Confirmed(members, weights, innocent, things, of_seeds), prior


def _is_even(said: Conclusion, ground: Ground, confirmed: Confirmed) -> bool:
    """Whether the hidden ones stand among those above the line as these would."""
    likely = said.log_odds >= said.line
    likely[confirmed.members] = False
    totals = () if ground.hidden is None else ground.hidden.totals
    return stand_evenly(likely, ground.ways.activity, totals, ground.parts)


def _least_votes(votes: Doubles, hidden: Hidden | None) -> float:
    """The votes that put an account where nine in ten of the hidden seeds stood by votes alone."""
    if hidden is None or hidden.votes is None:
        return -np.inf
    ranks = np.sort(hidden.votes)
    rank = int(ranks[len(ranks) - 1 - len(ranks) // 10])
    return float(np.sort(votes)[::-1][min(rank, len(votes) - 1)])


def _own(hidden: Hidden) -> tuple[int, int, int]:
    """The smallest round number of accounts that holds four of five hidden seeds, or half."""
    ranks = np.sort(hidden.ranks)
    within = ranks[min(len(ranks) - 1, int(np.ceil(0.8 * len(ranks))) - 1)]
    cuts = [c * 10**e for e in range(1, 9) for c in (1, 2, 5)]
    cut = next(c for c in cuts if c > within)
    return int((ranks < cut).sum()), len(ranks), cut
