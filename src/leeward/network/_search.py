"""The portfolio: several rankings, each worth what it finds of confirmed ones that were hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.network._acts import Node
from leeward.network._dissent import OPPOSES
from leeward.network._extent import Extent, extent_of, line_of
from leeward.network._families import FAMILIES, rankings
from leeward.network._graph import Trait
from leeward.network._growth import Confirmed, Growth, Step, sizes
from leeward.network._guards import distinct_authors, filed_flags
from leeward.network._hiding import ENOUGH, FEWEST, Hidden, dealt, hide_and_grow
from leeward.network._lean import lean, places_of, shares_above, standing
from leeward.network._null import nothing_in_common
from leeward.network._order import in_order
from leeward.network._touches import touches_of
from leeward.network._ways import Ways, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from leeward.network._conduct import Conduct
    from leeward.network._graph import Graph
    from leeward.network._taint import Taint
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]
    Int32 = npt.NDArray[np.int32]

__all__ = ["EVIDENCE", "Search", "search"]

EVIDENCE: Final = "evidence"
_UNCHECKED: Final = {EVIDENCE: 0.5, "pagerank": 0.5}
"""The blend where nothing can be hidden: what is best on large platforms, and on small ones."""
_BETTER: Final = 3.0
"""In nats, twenty to one: that the evidence is the best ranking, before seeds are hidden."""
_FOLDS: Final = 5
_CONCLUSIVE: Final = 2.0
"""Log-odds from which a prior on an account is taken as a conclusion about it."""
_AUTHORS: Final = 2
"""Other authors that evidence has to rest on."""
_CONFIRMED: Final = 6.0
"""Log-odds of what a seed says about itself."""


class Search(NamedTuple):
    """What was found. Arrays are by the places of accounts in ``touches.accounts``.

    Attributes:
        touches: Who touched what.
        log_odds: (accounts) The sum of the parts: how likely an account belongs.
        parts: The named parts of it.
        probability: (accounts) The same as a probability.
        suspicion, taint, conduct: What the evidence was counted from.
        families: (accounts) The scores of each member of the portfolio.
        worth: How each stood with hidden seeds: the mean log share of like accounts above them.
        weights: What each counts in the blend; they add up to one.
        extent: How many belong, with an interval.
        asked_first: (accounts) Who is never above the line without a person: who argued under
            tainted posts or complained about them, since critics repost, too; who is held to be
            a minor or says to be a bot; and of those who would stand above it, whose evidence
            rests on fewer than two other authors.
        line: Log-odds at and above which 99 of 100 of the others are expected to belong; infinite
            where no number of accounts does.
        own: How many of the seeds the others found, of how many, within how many accounts.
        path: Numbers of suspects, and how hidden seeds stood.
        abstained: Why nothing is said, in words; None where something is.
    """

    touches: Touches
    log_odds: Doubles
    parts: dict[str, Doubles]
    probability: Doubles
    suspicion: Doubles
    taint: Taint
    conduct: Conduct
    families: dict[str, npt.NDArray[np.floating]]
    worth: dict[str, float]
    weights: dict[str, float]
    extent: Extent
    asked_first: npt.NDArray[np.bool_]
    line: float
    own: tuple[int, int, int] | None
    path: tuple[tuple[int, float], ...]
    abstained: str | None


def search(
    graph: Graph,
    seeds: Mapping[int, float],
    *,
    priors: Mapping[int, float] | None = None,
    folds: int = _FOLDS,
    progress: Callable[[str], None] = lambda _: None,
) -> Search:
    """Find the network behind what was confirmed.

    Args:
        graph: The interaction graph.
        seeds: Nodes and weights, above zero for what belongs and below for what does not.
        priors: Nodes and log-odds: findings of others, or answers of people who may err.
        folds: Into how many parts the seeds are dealt, to hide each once.
        progress: Told what happens.

    Raises:
        UsageError: No seed belongs.
    """
    touches = touches_of(graph)
    confirmed, prior = _confirmed(graph, touches, seeds, priors or {})
    ways = Ways(touches)
    # Accounts about which reviewers were asked stood high already: hiding them would prove nothing.
    members = confirmed.given
    hidden, parts = None, []
    if len(members) >= FEWEST:
        met = touches.account_at[in_order(graph, touches.accounts[members])]
        parts = dealt(met, max(folds, 2))
        hidden = hide_and_grow(graph, touches, ways, confirmed, parts, progress)
    growth, step = _grown(graph, touches, ways, confirmed, hidden)
    progress("comparing rankings")
    families = _families(graph, touches, confirmed, parts)
    worth = _worth(touches, families, parts, hidden)
    weights = softmax(_expected(worth, len(members)), len(members)) if worth else _UNCHECKED
    blended = _blend(touches, weights, families, parts, step)
    scores: dict[str, npt.NDArray[np.floating]] = {"votes": growth.votes, EVIDENCE: step.total}
    scores |= {name: columns[:, -1] for name, columns in families.items()}
    checked = hidden if len(members) >= ENOUGH else None
    abstained = None
    if checked is not None:
        abstained = nothing_in_common(touches, ways, members, min(worth.values()))
    total = sum(blended.values(), prior)
    extent = extent_of(total, members, checked, len(step.suspicion))
    base = np.full(len(total), np.log(extent.estimate / (len(total) - extent.estimate)))
    base[prior != 0] = 0  # what is known of an account takes the place of what is of anybody
    named = {"base rate": base, **blended, "priors": prior}
    log_odds = total + base
    probability: Doubles = 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))
    asked_first = _asked_first(graph, touches, step)
    alone = distinct_authors(graph, touches, step.taint, step.suspicion) < _AUTHORS
    open_ = ~(asked_first | alone)
    open_[confirmed.members] = False
    line = np.inf if abstained or checked is None else line_of(log_odds[open_])
    asked_first |= alone & (log_odds >= line)
    return Search(
        touches,
        log_odds,
        named,
        probability,
        step.suspicion,
        step.taint,
        step.conduct,
        scores,
        worth,
        dict.fromkeys(scores, 0.0) | weights,
        extent,
        asked_first,
        line,
        None if checked is None else _own(checked),
        () if hidden is None else hidden.path,
        abstained,
    )


def _confirmed(
    graph: Graph, touches: Touches, seeds: Mapping[int, float], priors: Mapping[int, float]
) -> tuple[Confirmed, Doubles]:
    """Split what is known by accounts and things; the log-odds of accounts beside it."""
    prior = np.zeros(len(touches.accounts))
    things = np.zeros(len(touches.things))
    for nodes, scale in ((priors, 1.0), (seeds, 0.0)):
        for node, weight in nodes.items():
            if weight == 0:  # says nothing
                continue
            odds = weight if scale else np.copysign(_CONFIRMED, weight)
            place, thing = touches.account_at[node], touches.thing_at[node]
            if graph.kind[node] == Node.ACCOUNT:
                prior[place] = odds
            elif thing >= 0:
                things[thing] = odds
    weights = np.ones(len(prior))
    for node, weight in seeds.items():
        if graph.kind[node] == Node.ACCOUNT:
            weights[touches.account_at[node]] = abs(weight)
    members = np.flatnonzero(prior >= _CONCLUSIVE).astype(np.int32)
    innocent = np.flatnonzero(prior <= -_CONCLUSIVE).astype(np.int32)
    if not len(members) and not (things > 0).any():
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


def _asked_first(graph: Graph, touches: Touches, step: Step) -> npt.NDArray[np.bool_]:
    opposes = (step.dissent.replies >= OPPOSES) | filed_flags(
        graph, touches, step.taint, step.suspicion
    )
    from_data = graph.traits[touches.accounts] & (Trait.MINOR | Trait.BOT) > 0
    found: npt.NDArray[np.bool_] = opposes | from_data
    return found


def _grown(
    graph: Graph, touches: Touches, ways: Ways, confirmed: Confirmed, hidden: Hidden | None
) -> tuple[Growth, Step]:
    growth = Growth(graph, touches, ways, confirmed)
    way = sizes(len(touches.accounts))
    last = way[0] if hidden is None else hidden.size
    for size in way:
        step = growth.step(size)
        if size >= last:
            break
    return growth, step


def _families(
    graph: Graph, touches: Touches, confirmed: Confirmed, parts: list[Int32]
) -> dict[str, Floats]:
    """(accounts, folds + 1) by member of the portfolio; the last column knows all seeds."""
    members = confirmed.members
    things = np.flatnonzero(confirmed.things)
    nodes = np.concatenate([touches.accounts[members], touches.things[things]])
    weights = np.concatenate([confirmed.weights, np.sign(confirmed.things[things])])
    columns = np.repeat(weights[:, None], len(parts) + 1, axis=1).astype(np.float32)
    for fold, hidden in enumerate(parts):
        columns[: len(members)][np.isin(members, hidden), fold] = 0
    found = rankings(graph, nodes.astype(np.int32), columns)
    return {name: found[name][touches.accounts] for name in FAMILIES}


def _worth(
    touches: Touches, families: dict[str, Floats], parts: list[Int32], hidden: Hidden | None
) -> dict[str, float]:
    """What each member of the portfolio is worth: how hidden seeds stood."""
    if hidden is None:
        return {}
    activity = touches.by_account.degrees()
    worth = {EVIDENCE: standing(hidden.shares)}
    for name, columns in families.items():
        shares = [shares_above(columns[:, i], activity, fold) for i, fold in enumerate(parts)]
        worth[name] = standing(np.concatenate(shares))
    return worth


def _expected(worth: dict[str, float], members: int) -> dict[str, float]:
    """What two or three hidden seeds show, beside what is known of other platforms."""
    more = _BETTER / members if members < ENOUGH else 0.0
    return worth | {EVIDENCE: worth[EVIDENCE] - more}


def _blend(
    touches: Touches,
    weights: dict[str, float],
    families: dict[str, Floats],
    parts: list[Int32],
    step: Step,
) -> dict[str, Doubles]:
    """What each member of the portfolio adds to the log-odds; the evidence by its parts."""
    own = {
        "made": step.conduct.parts[:, 0],
        "reposted": step.conduct.parts[:, 1],
        "liked": step.conduct.parts[:, 2],
        "argued": step.dissent.argued,
        "complained": step.dissent.complained,
        "votes of the confirmed": step.vote,
    }
    blended = {name: weights.get(EVIDENCE, 0.0) * part for name, part in own.items()}
    active = touches.by_account.degrees() > 0
    for name, columns in families.items():
        if name in weights:
            places = places_of(columns[:, -1])
            found = [places_of(columns[:, i])[fold] for i, fold in enumerate(parts)]
            leaning = lean(places, np.concatenate(found), active) if found else places
            blended[name] = weights[name] * leaning
    return blended


def _own(hidden: Hidden) -> tuple[int, int, int]:
    """The smallest round number of accounts that holds four of five hidden seeds, or half."""
    ranks = np.sort(hidden.ranks)
    within = ranks[min(len(ranks) - 1, int(np.ceil(0.8 * len(ranks))) - 1)]
    cuts = [c * 10**e for e in range(1, 9) for c in (1, 2, 5)]
    cut = next(c for c in cuts if c > within)
    return int((ranks < cut).sum()), len(ranks), cut
