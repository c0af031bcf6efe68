"""A ranking by sharing the same things within seconds of those who are confirmed.

A network may be nothing but that: accounts that share whatever one of them shares, at once. Of each
account it is counted on how many things it acted (made, reposted) within 10 or 60 seconds *after* a
witness; who shares after it changes nothing. That is ``K``. Two busy accounts meet by chance. So
beside it stands what chance makes likely: where ``n`` others had acted on the thing in that time,
one of them was a witness with the probability ``1 - (1 - r)^n``, for the share ``r`` that witnesses
have of the acts on what they shared. Their sum is ``E``; a quarter is added to it. Several acts on
one thing count as their square root in both. The score is how surprising ``K`` is as a Poisson
count::

    K ln(K / E) - (K - E),    0 where K does not exceed E,

the higher one of both windows. Things on which a crowd acts at the time say nothing.

Those whom the confirmed ones show beyond doubt become witnesses, too, and it is counted again: a
network is known to hang together by such pairs, and not every pair meets. The definition of
co-sharing is that of :mod:`leeward.network._touches.coshare`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.order import in_order
from leeward.network._touches.time_count import reach, starts
from leeward.network._touches.times import times_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Int32, Int64
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.times import Times

    Doubles = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]

__all__ = ["CO_SHARING", "co_sharing", "co_sharing_of_accounts"]

CO_SHARING: Final = "co-sharing"
"""What this ranking is called."""

_WINDOWS: Final = (10, 60)
"""Seconds."""
_ADDED: Final = 0.25
"""What is added to the number of meetings that chance makes likely."""
_CROWD: Final = 200
"""More accounts than that on one thing in the longer window are a crowd."""
_LARGEST: Final = 20_000
"""Things with more acts on them are everybody's."""
_DOUBTLESS: Final = 6.0
"""A surprise from which an account becomes a witness: one in some 400 by chance."""
_PROMOTED: Final = 30
"""Accounts that become witnesses, at most."""
_HALF: Final = 0.5
"""What the company of such a witness counts beside that of a confirmed one."""
_WITNESSES: Final = 64
"""Confirmed ones that are witnesses, at most."""


def co_sharing(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    """How surprising it is that an account shared things just after the seeds.

    Parameters and result as in :class:`~leeward.network.Family`. Seeds that are no accounts, and
    innocent ones, say nothing here.
    """
    found = np.zeros((len(graph.kind), weights.shape[1]), np.float32)
    found[graph.accounts()] = co_sharing_of_accounts(graph, seeds, weights)
    return found


def co_sharing_of_accounts(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    """The same by account alone, in the order of :meth:`Graph.accounts`."""
    accounts = graph.accounts()
    level = np.zeros((len(accounts), weights.shape[1]), np.float32)
    offenders = (graph.kind[seeds] == Node.ACCOUNT) & (weights > 0).any(axis=1)
    known = _thinned(np.flatnonzero(offenders))
    level[np.searchsorted(accounts, seeds[known])] = weights[known] > 0
    scores = _scores(graph, level)
    if scores.any():
        more = level.copy()
        for fold in range(weights.shape[1]):
            found = _promoted(graph, accounts, scores[:, fold], level[:, fold])
            more[found, fold] = _HALF
        if (more != level).any():
            scores = _scores(graph, more)
    return scores.astype(np.float32)


def _thinned(places: Int64) -> Int64:
    kept = np.unique(np.linspace(0, max(len(places) - 1, 0), _WITNESSES).round().astype(np.int64))
    return places[kept[: len(places)]]


def _promoted(graph: Graph, accounts: Int32, scores: Doubles, level: Floats) -> Int64:
    """The highest of those who are beyond doubt; equal ones as the log met them."""
    some = np.flatnonzero((scores >= _DOUBTLESS) & (level == 0))
    some = np.searchsorted(accounts, in_order(graph, accounts[some]))
    return some[np.argsort(-scores[some], kind="stable")][:_PROMOTED]


def _scores(graph: Graph, level: Floats) -> Doubles:
    """(accounts, folds) How surprising the company of each is.

    Args:
        graph: The interaction graph.
        level: (accounts, folds) What the company of each counts; 0 for most.
    """
    witnesses = np.flatnonzero(level.any(axis=1))
    nodes = _shared(graph, graph.accounts()[witnesses])
    scores = np.zeros(level.shape)
    if not len(nodes):
        return scores
    times = times_of(graph, nodes, likes=False)
    start = starts(times)
    theirs = np.zeros((len(nodes), level.shape[1]), np.bool_)
    absent = np.log1p(-_present(start, times, level, theirs))
    now = reach(start, times.at, 0)
    known = (times.known == 1) & (times.beginner[times.thing] != times.account)
    for window in _WINDOWS:
        since = reach(start, times.at, window)
        asked = known & (since < now) & (now - since <= _CROWD)
        met, likely = np.zeros(level.shape), np.zeros(level.shape)
        _meet(times, asked, since, now, level, theirs, absent, met, likely)
        likely += _ADDED
        surprise = met * np.log(np.maximum(met, 1e-9) / likely) - (met - likely)
        scores = np.maximum(scores, np.where(met > likely, surprise, 0))
    return scores


def _shared(graph: Graph, accounts: Int32) -> Int32:
    """What some accounts made and reposted and what their own posts carry, as the log met it."""
    edges = graph.out.edges(accounts)
    posts = edges.target[edges.act <= Act.REPOSTED]
    made = edges.target[edges.act == Act.AUTHORED]
    carried = np.unique(graph.out.edges(made).target)
    carried = carried[graph.kind[carried] != Node.COMMUNITY]
    nodes = np.unique(np.concatenate([posts, carried])).astype(np.int32)
    start = graph.into.start
    return in_order(graph, nodes[start[nodes + 1] - start[nodes] <= _LARGEST])


@kernel
def _present(start: Int64, times: Times, level: Floats, theirs: Bools) -> Doubles:
    """Mark what the witnesses of each fold shared; the share of acts there that are theirs.

    What stands there alone is left out.
    """
    folds = level.shape[1]
    acts, own = np.zeros(folds), np.zeros(folds)
    for t in range(len(start) - 1):
        number = start[t + 1] - start[t]
        if number < 2:
            continue
        for f in range(folds):
            here = 0
            for i in range(start[t], start[t + 1]):
                here += level[times.account[i], f] > 0
            if here > 0:
                theirs[times.thing[start[t]], f] = True
                own[f] += here
                acts[f] += number
    return np.minimum(own / np.maximum(acts, 1), _HALF)


@kernel
def _meet(
    times: Times,
    asked: Bools,
    since: Int64,
    now: Int64,
    level: Floats,
    theirs: Bools,
    absent: Doubles,
    met: Doubles,
    likely: Doubles,
) -> None:
    """Add up with whom accounts acted.

    Args:
        times: Acts on what witnesses shared.
        asked: (acts) Of which it is asked.
        since: (acts) From that place to ``now`` stand the acts just before.
        now: (acts) The place of the first act of the same second.
        level: (accounts, folds) What the company of each counts.
        theirs: (things, folds) What witnesses shared.
        absent: (folds) The log probability that another one is no witness.
        met: (accounts, folds) Is added to: things on which witnesses were met.
        likely: (accounts, folds) Is added to: what chance makes of that.
    """
    folds = level.shape[1]
    best = np.zeros(folds)
    for i in np.flatnonzero(asked):
        me, others = times.account[i], 0
        best[:] = 0
        for k in range(since[i], now[i]):
            if times.account[k] != me and times.known[k] == 1:
                others += 1
                for f in range(folds):
                    best[f] = max(best[f], level[times.account[k], f])
        for f in range(folds):
            if theirs[times.thing[i], f]:
                met[me, f] += times.share[i] * best[f]
                likely[me, f] += times.share[i] * -np.expm1(others * absent[f])
