"""Evidence of time: when an account acted on tainted things, given that it did.

Whether members of a network are early on what they spread, act within seconds of each other, or at
a stretch, differs from network to network. So it is learnt from the suspects there are. That they
touched tainted things is counted elsewhere. So their acts are compared with the acts of others on
the same things, among accounts that act about as much: in each stratum of a thing and a class of
activity with the weights ``M`` of acts by suspects and ``O`` of those by others, the former count
``O / (M + O)`` and the latter ``M / (M + O)`` of themselves (Mantel and Haenszel 1959). By bins of
time (:mod:`~leeward.network._touches.time_count`) that makes two distributions, ``q`` of members
and ``p`` of comparable others.

What chance and habits make of their difference is estimated from how accounts differ (each account
is one observation, however much it did), with ``z²`` the sum over bins of the squares of
differences in standard errors. Where chance makes as much of it once in 200 times, nothing is said.
Else ``q`` is shrunk, with ``b`` bins (James and Stein 1961), to

    p + (q - p) (1 - (b - 1) / z²).

So members who are no different, or too few to tell, make no evidence. An account's acts ``k``
by bin are then Dirichlet-multinomial under both, with one concentration, which is estimated, too;
the evidence is the log-likelihood ratio. A suspect is judged by what others alone taught: accounts
are dealt into folds. Several features hang together: their sum is divided by the square root of
their number, and bounded.

Suspects may be others than the confirmed ones, and have their own hours. So all of it counts as
much as the confirmed ones show it: the mean of their sums beside that of all suspects.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.taint import chance
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.order import in_order
from leeward.network._searching.hiding import ENOUGH
from leeward.network._touches.time_count import EDGES, FEATURES, UNASKED, bins_of
from leeward.network._touches.times import times_of
from leeward.network._touches.touches import OWN_ACTS, WEIGHTS
from leeward.network._types import CONCLUSIVE

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.times import Times
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int64 = npt.NDArray[np.int64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["RARELY", "TIME", "Learnt", "Timing", "timing_of"]

TIME: Final = "time"
"""The name of this part of a score."""

MOST: Final = 3.0
"""What time may say at most, for or against, in nats: twenty to one. A clock can be set wrong on
purpose, and acts at one time hang together."""
_LEAST: Final = 0.05
"""What is less likely to be tainted is not looked at."""
_LARGEST: Final = 20_000
"""Things with more acts on them say nothing of when each came."""
_FOLDS: Final = 5
RARELY: Final = {2: 10.597, 3: 12.838, 4: 14.860}
"""By degrees of freedom: what chi-squared exceeds once in 200 times."""
_ALIKE, _MOST_ALIKE = 0.02, 0.5
"""Bounds of the correlation between acts of one account."""
_SEVERAL: Final = 3.0
"""Acts that an account needs to show how much accounts differ."""
_SAME: Final = 1.0
"""Accounts with one act each, spread by chance alone, that are added where spreads are found."""
_PRIOR: Final = 2.0
"""Acts, spread as those of others are, that are added to those of members."""


_AUTHORED, _LIKED = int(Act.AUTHORED), int(Act.LIKED)
_POST, _SURE = int(Node.POST), CONCLUSIVE


class Learnt(NamedTuple):
    """What one feature of one kind of acts was found to say.

    Attributes:
        act: The place of the kind of acts in :data:`OWN_ACTS`.
        feature: One of :data:`~leeward.network._touches.time_count.FEATURES`.
        accounts: Places of the accounts that it was asked of, ascending.
        counts: (those accounts, bins) Their acts.
        member, other: (bins) Shares of acts, by all accounts: of members, shrunk, and of others.
        ratios: (those accounts) Log-likelihood ratios.
    """

    act: int
    feature: str
    accounts: Int64
    counts: Doubles
    member: Doubles
    other: Doubles
    ratios: Doubles


class Timing(NamedTuple):
    """The evidence of time for all accounts.

    Attributes:
        total: (accounts) The sum of all ratios, within the bound.
        learnt: What says something, by kind of act and feature.
    """

    total: Doubles
    learnt: tuple[Learnt, ...]


def timing_of(
    graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles, confirmed: Int32
) -> Timing:
    """Judge all accounts by when they acted.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        confirmed: Places of members who were given as seeds.
    """
    things = touches.thing_at[_looked_at(graph, touches, taint)]
    times = times_of(graph, touches.things[things], likes=True)
    is_post = touches.kind[things] == Node.POST
    bins = bins_of(times, is_post, suspicion, touches.accounts, graph.out)
    weights = _weights(times, things, touches, taint, suspicion)
    weights = _each_once(times, weights)
    members = np.clip(suspicion, 0, 1)
    often = touches.acts.sum(axis=1)
    classes = (np.log2(np.maximum(often, 1)) / 2).astype(np.int64)
    stratum = times.thing.astype(np.int64) * 32 + classes[times.account]
    fold = _fold_of(graph, touches)
    learnt = []
    for act in range(len(OWN_ACTS)):
        for f, feature in enumerate(FEATURES):
            rows = np.flatnonzero((times.act == act) & (bins[f] != UNASKED) & (weights > 0))
            found = _learnt(
                times.account[rows].astype(np.int64),
                bins[f][rows].astype(np.int64),
                weights[rows],
                stratum[rows],
                members,
                fold,
                len(EDGES[f]) + 1,
            )
            if found is not None:
                learnt.append(Learnt(act, feature, *found))
    total = np.zeros(len(suspicion))
    for one in learnt:
        total[one.accounts] += one.ratios / np.sqrt(len(learnt))
    total = np.clip(total, -MOST, MOST) * _shown(total, suspicion, confirmed)
    return Timing(total, tuple(learnt))


def _shown(total: Doubles, suspicion: Doubles, confirmed: Int32) -> float:
    """How much of what the suspects show in time the confirmed ones show, from 0 to 1."""
    suspects = float(total[suspicion > 0].mean()) if (suspicion > 0).any() else 0.0
    if len(confirmed) < ENOUGH or suspects <= 0:
        return 0.0
    return float(np.clip(total[confirmed].mean() / suspects, 0, 1))


def _looked_at(graph: Graph, touches: Touches, taint: Taint) -> Int32:
    """The nodes of what may be tainted, in the order of the log."""
    things, start = touches.things[taint.most >= _LEAST], graph.into.start
    return in_order(graph, things[start[things + 1] - start[things] <= _LARGEST])


@kernel
def _weights(
    times: Times, things: Int32, touches: Touches, taint: Taint, suspicion: Doubles
) -> Doubles:
    """(acts) How likely each is on something tainted, by the touches of others; repeats shrunk."""
    found = np.empty(len(times.thing))
    for i in range(len(found)):
        j, act, level = things[times.thing[i]], times.act[i], suspicion[times.account[i]]
        kind = touches.kind[j] - 1
        if act == _AUTHORED:
            here = taint.made[j]
            is_hinted = kind + 1 == _POST and abs(taint.priors[j]) < _SURE
            if level != 0 and not is_hinted:
                rest, size = taint.makers[j] - level, touches.makers[j] - 1.0
                here = chance(rest, size, taint.sorts_made[kind], taint.priors[j])
        else:
            here = taint.light[j] if act == _LIKED else taint.heavy[j]
            if level != 0:
                own = WEIGHTS[act]
                rest, size = taint.touches[j] - level * own, touches.size[j] - own
                here = chance(rest, size, taint.sorts[kind], taint.priors[j])
        found[i] = here * times.share[i] if here >= _LEAST else 0.0
    return found


def _each_once(times: Times, weights: Doubles) -> Doubles:
    """Of what one post carries the likeliest counts."""
    order = np.lexsort((times.thing, -weights, times.at, times.account))
    order = order[times.act[order] == _AUTHORED]
    same = np.zeros(len(order), np.bool_)
    account, at = times.account[order], times.at[order]
    same[1:] = (account[1:] == account[:-1]) & (at[1:] == at[:-1])
    kept = weights.copy()
    kept[order[same]] = 0
    return kept


def _fold_of(graph: Graph, touches: Touches) -> Int64:
    """(accounts) Dealt by a multiplicative hash (Knuth) of where the log met each."""
    met = graph.first[touches.accounts].astype(np.int64) * 8 + graph.slot[touches.accounts]
    fold: Int64 = ((met * 2_654_435_761 % (1 << 32)) * _FOLDS) >> 32
    return fold


def _learnt(
    account: Int64,
    bins: Int64,
    weights: Doubles,
    stratum: Int64,
    members: Doubles,
    fold: Int64,
    size: int,
) -> tuple[Int64, Doubles, Doubles, Doubles, Doubles] | None:
    """What one feature of one kind of acts says; None where that is nothing."""
    accounts, who = np.unique(account, return_inverse=True)
    _, which = np.unique(stratum, return_inverse=True)
    mine = weights * members[account]
    rest = weights - mine
    ours, theirs = np.bincount(which, mine), np.bincount(which, rest)
    both = np.maximum(ours + theirs, 1e-12)
    member = _table(who, bins, mine * (theirs / both)[which], len(accounts), size)
    other = _table(who, bins, rest * (ours / both)[which], len(accounts), size)
    counts = _table(who, bins, weights, len(accounts), size)
    learnt = _compared(member, other)
    if learnt is None:
        return None
    p, q = learnt
    alike = _alike(member, other, counts, p, q)
    ratios = _ratios(counts, p, q, 1 / alike - 1)
    for f in range(_FOLDS):
        here = (fold[accounts] == f) & (members[accounts] > 0)
        others = fold[accounts] != f
        shares = _compared(member[others], other[others])
        ratios[here] = 0.0
        if shares is not None:
            alike = _alike(member[others], other[others], counts[others], *shares)
            ratios[here] = _ratios(counts[here], *shares, 1 / alike - 1)
    acts = _table(who, bins, np.ones(len(who)), len(accounts), size)
    return accounts, acts, q, p, ratios


def _table(who: Int64, bins: Int64, weights: Doubles, rows: int, size: int) -> Doubles:
    table: Doubles = np.bincount(who * size + bins, weights, rows * size).astype(np.float64)
    return table.reshape(rows, size)


def _compared(member: Doubles, other: Doubles) -> tuple[Doubles, Doubles] | None:
    """The shares of others by bin, and those of members, shrunk; None where they are equal."""
    size = member.shape[1]
    if member.sum() <= 0 or other.sum() <= 0:
        return None
    p = (other.sum(axis=0) + 1 / size) / (other.sum() + 1)
    q = (member.sum(axis=0) + _PRIOR * p) / (member.sum() + _PRIOR)
    apart = member.sum(axis=0) / member.sum() - other.sum(axis=0) / other.sum()
    squares = float((apart**2 / _variance(member, other)).sum())
    if squares < RARELY[size - 1]:
        return None
    return p, p + (1 - (size - 1) / squares) * (q - p)


def _variance(member: Doubles, other: Doubles) -> Doubles:
    """(bins) Of the difference of shares, were they the same; each account is one observation.

    Both sorts are taken to spread alike: of something rare one of them may show nothing at all.
    """
    both = np.concatenate([member, other])
    each = both.sum(axis=1, keepdims=True)
    shares = (both.sum(axis=0) + 1 / both.shape[1]) / (each.sum() + 1)
    squares = float((each**2).sum())
    spread = ((both - each * shares) ** 2).sum(axis=0) + _SAME * shares * (1 - shares)
    apiece: Doubles = spread / (squares + _SAME)
    return apiece * sum(
        (float((one.sum(axis=1) ** 2).sum()) + _SAME) / (float(one.sum()) + _SAME) ** 2
        for one in (member, other)
    )


def _alike(member: Doubles, other: Doubles, counts: Doubles, p: Doubles, q: Doubles) -> float:
    """The correlation between acts of one account, by moments (Williams 1982), over all bins."""
    number = counts.sum(axis=1)
    some = number >= _SEVERAL
    if np.count_nonzero(some) <= 5:
        return _MOST_ALIKE
    share = counts[some] / number[some, None]
    spread = chance = whole = 0.0
    for weight, mean in ((member, q), (other, p)):
        w = weight[some].sum(axis=1)
        even = float((mean * (1 - mean)).sum())
        spread += float((w[:, None] * (share - mean) ** 2).sum())
        chance += even * float((w / number[some]).sum())
        whole += even * float(w.sum())
    alike = (spread - chance) / max(whole - chance, 1e-12)
    return float(np.clip(alike, _ALIKE, _MOST_ALIKE))


@kernel
def _ratios(counts: Doubles, p: Doubles, q: Doubles, concentration: float) -> Doubles:
    """Log-likelihood ratios; Dirichlet-multinomial (Mosimann 1962)."""
    found = np.zeros(len(counts))
    for b in range(len(p)):
        a, other = q[b] * concentration, p[b] * concentration
        same = math.lgamma(other) - math.lgamma(a)
        for i in range(len(counts)):
            k = counts[i, b]
            if k > 0:
                found[i] += same + math.lgamma(k + a) - math.lgamma(k + other)
    return found
