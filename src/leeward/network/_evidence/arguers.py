"""Who argues, among those who share what a network spreads: told from members without any answer.

Critics repost some of what they argue about, and by what they share they look like members. Among
those who do there are three sorts: members, others who came by it, and arguers, who reply under it
far more than members do. How often members reply there, and how many arguers there are, follows
from the suspects by expectation-maximisation; of the confirmed ones it is known that they are
members. Let a score have the log-odds ``x`` by what was shared, and ``k`` of ``n`` replies be under
tainted posts. Then arguing takes away

    min(ln(1 + exp(x) r A(k, n) / M(k, n)), 2 max(ln(A(k, n) / M(k, n)), 0))
    with  M(k, n) = (1 - w) BB(k; n, members) + w A(k, n)

where ``r`` is how many arguers there are for each member who shares as much. Of how an arguer
replies nothing is assumed (``A``: any share is as likely as another, if there is one reply at all),
and some members, ``w``, may argue like them: as many as the confirmed ones do, and a few more since
these are few. Where the confirmed ones argue, the sign loses its force by itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._statistics.betabinomial import Beta, log_beta

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["ARGUES", "Sorts", "against", "sorts_of"]

ARGUES: Final = 0.5
"""Replies under tainted posts, by their probabilities, from which somebody may argue."""
_SOME: Final = 0.25
"""Confirmed ones who argue, added to the true ones; and twice as many who do not."""
_SELDOM: Final = 0.05
"""How many of those who are neither reply under something tainted."""
_FIRST: Final = 0.05
"""Arguers for each member, to begin with."""
_FEW: Final = (0.5, 5.0)
"""Arguers, and members, that are added to the true ones."""
_REPLIES: Final = (0.2, 10.0)
"""Replies of members under tainted posts, and of all, that are added to the true ones."""
_MANY: Final = 3.0
"""Replies that an account needs to show how much members differ."""
_ALIKE: Final = (0.02, 0.1)
"""Bounds of the correlation between replies of one member."""
_UNKNOWN: Final = 9.0
"""The concentration of members' replies where too few show it."""
_TOLD: Final = 20.0
"""Replies that show it."""
_MOST: Final = 2.0
"""Arguing takes away at most so many times what replies say by themselves. By what is shared a
member may look surer than any arguer; if both replied alike, it would lose that for no reason."""
_ROUNDS: Final = 40
"""As many in any case: where they ended early, the last bits of a sum could tell."""
_FAR: Final = 30.0
_KEPT: Final = 256
"""Numbers of replies up to which a chance is kept."""


class Sorts(NamedTuple):
    """How members reply, and how many others argue.

    Attributes:
        members: The share of tainted posts among a member's replies.
        arguing: How many of the members reply as arguers do.
        arguers: How many arguers there are for each member who shares as much.
    """

    members: Beta
    arguing: float
    arguers: float


def sorts_of(k: Doubles, n: Doubles, log_odds: Doubles, confirmed: Bools) -> Sorts:
    """Part some accounts by how they reply.

    Args:
        k: (accounts) Their replies under tainted posts.
        n: (accounts) All of their replies, as many at least.
        log_odds: (accounts) That they belong, by what they share, with a base rate.
        confirmed: (accounts) Who is known to belong.
    """
    begin = _share(float(k[confirmed].sum()), float(n[confirmed].sum()))
    x = np.clip(log_odds, -_FAR, _FAR)
    mean, concentration, arguing, arguers = _parted(k, n, x, confirmed, begin)
    return Sorts(Beta.of(mean, concentration), arguing, arguers)


def against(k: Doubles, n: Doubles, log_odds: Doubles, sorts: Sorts) -> Doubles:
    """(accounts) What their replies take away from log-odds: 0 or below."""
    found = np.zeros(len(k))
    may = np.flatnonzero(k >= ARGUES)
    found[may] = _against(k[may], n[may], log_odds[may], *sorts)
    return found


@kernel
def _share(k: float, n: float) -> float:
    return min((k + _REPLIES[0]) / (n + _REPLIES[1]), 0.9)


@kernel
def _log_binomial(k: float, n: float, a: float, b: float) -> float:
    """The beta-binomial, without its coefficient, which is the same for all sorts."""
    return log_beta(k + a, n - k + b) - log_beta(a, b)


@kernel
def _log_argues(k: float, n: float) -> float:
    """Any share is as likely as another; who never replies there does not argue."""
    return _log_binomial(k, n, 1.0, 1.0) - math.log1p(-1 / (n + 1))


@kernel
def _against(
    k: Doubles, n: Doubles, log_odds: Doubles, members: Beta, arguing: float, arguers: float
) -> Doubles:
    found = np.empty(len(k))
    for i in range(len(k)):
        argues = _log_argues(k[i], n[i])
        replies = _log_binomial(k[i], n[i], members.a, members.b)
        beside = (1 - arguing) * math.exp(replies - argues) + arguing
        odds = log_odds[i] + math.log(arguers) - math.log(beside)
        lost = max(odds, 0.0) + math.log1p(math.exp(-abs(odds)))
        found[i] = max(-lost, min(_MOST * math.log(beside), 0.0))
    return found


@kernel
def _parted(
    k: Doubles, n: Doubles, x: Doubles, confirmed: Bools, mean: float
) -> tuple[float, float, float, float]:
    """The members' mean and concentration, how many of them argue, and arguers by member."""
    count = confirmed.sum()
    concentration, arguers = _UNKNOWN, _FIRST
    arguing = _SOME / (count + 3 * _SOME)
    belongs, argues = np.empty(len(k)), np.zeros(len(k))
    for i in range(len(k)):
        if k[i] >= ARGUES:
            argues[i] = math.exp(_log_argues(k[i], n[i]))
    others = np.where(confirmed, 0.0, np.exp(-x))
    more = np.where(confirmed, 0.0, 1.0)
    for _ in range(_ROUNDS):
        theirs = argue = confirmed_argue = tainted = told = 0.0
        _replies_of_members(k, n, mean, concentration, belongs)
        for i in range(len(k)):
            like = argues[i]
            own = (1 - arguing) * belongs[i]
            odd, arguer = arguing * like, more[i] * arguers * like
            other = others[i] * (_SELDOM * like if like else 1.0)
            total = own + odd + arguer + other
            belongs[i] = own / total
            theirs += (own + odd) / total
            argue += arguer / total
            if confirmed[i]:
                confirmed_argue += odd / total
            tainted += belongs[i] * k[i]
            told += belongs[i] * n[i]
        mean = _share(tainted, told)
        concentration = _concentration(k, n, belongs, mean)
        arguing = (confirmed_argue + _SOME) / (count + 3 * _SOME)
        arguers = (argue + _FEW[0]) / (theirs + _FEW[1])
    return mean, concentration, arguing, arguers


@kernel
def _replies_of_members(
    k: Doubles, n: Doubles, mean: float, concentration: float, found: Doubles
) -> None:
    """How likely a member replies like this. Most never reply there: those are kept by *n*."""
    a, b = mean * concentration, (1 - mean) * concentration
    same = log_beta(a, b)
    never = np.full(_KEPT, -1.0)
    for i in range(len(k)):
        if k[i] >= ARGUES or n[i] >= _KEPT:
            found[i] = math.exp(log_beta(k[i] + a, n[i] - k[i] + b) - same)
            continue
        slot = int(n[i])
        if never[slot] < 0:
            never[slot] = math.exp(log_beta(a, n[i] + b) - same)
        found[i] = never[slot]


@kernel
def _concentration(k: Doubles, n: Doubles, belongs: Doubles, mean: float) -> float:
    """By moments: how much shares differ beyond what chance makes them (Williams 1982)."""
    told = spread = chance = 0.0
    for i in range(len(k)):
        if n[i] >= _MANY:
            told += belongs[i] * n[i]
            spread += belongs[i] * n[i] * (k[i] / n[i] - mean) ** 2
            chance += belongs[i] * mean * (1 - mean)
    if told < _TOLD:
        return _UNKNOWN
    correlation = (spread - chance) / max(told * mean * (1 - mean) - chance, 1e-12)
    return 1 / min(max(correlation, _ALIKE[0]), _ALIKE[1]) - 1
