"""When accounts touched tainted things, beside everybody else who touched the same.

For each touch of a thing that enough accounts touched, by comparison with the other touches of
that thing alone:

* how early it was, as a rank;
* how many others touched the thing about then (within ten minutes), as a rank: a burst;
* how many suspects did so within a minute, and within an hour but not a minute: ``K``. Were time
  nothing to do with suspicion, the ``n`` others in that window would be suspects like all others
  on the thing, ``E = n S / (N - 1)``, for the suspicion ``S`` of the ``N - 1`` others together.

So a thing that is touched by many suspects, or by many people at once, makes nobody look near to
suspects in time. Whoever made a post was the first and could be nothing else: that is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import Csr, Int32, Int64
    from leeward.network._graph import Graph
    from leeward.network._touches import Touches

    Doubles = npt.NDArray[np.float64]
    UInt32 = npt.NDArray[np.uint32]

__all__ = ["FEATURES", "Sums", "Times", "by_lot", "sums_of", "times_of"]

FEATURES: Final = ("early", "within a minute", "within an hour", "in a burst")
FEWEST: Final = 5
"""Accounts that touched a thing, at least; of fewer an order says little."""
_LEAST: Final = 0.05
"""What is less likely to be tainted is not looked at."""
_BURST: Final = 600
_MINUTE: Final = 60
_HOUR: Final = 3_600
"""Seconds."""
_LAST: Final = int(Act.LIKED)
_AUTHORED: Final = int(Act.AUTHORED)
_COMMUNITY: Final = int(Node.COMMUNITY)


class Times(NamedTuple):
    """First touches of tainted things, by thing and then by time.

    Attributes:
        thing: Places of things.
        account: Places of accounts; none twice on one thing.
        at: Seconds since 1970 UTC.
    """

    thing: Int32
    account: Int32
    at: UInt32


class Sums(NamedTuple):
    """Over all things that an account touched, each by its probability of being tainted.

    Attributes:
        deviation: (accounts, features) From what the other touches of the things make likely.
        variance: The same, of the deviation, about: where time says nothing.
        amount: How much it rests on, whatever the times are: tainted things for ranks, for
            windows the suspects that it has those in common with.
    """

    deviation: Doubles
    variance: Doubles
    amount: Doubles

    def values(self) -> Doubles:
        """Deviations, about standard normal where time says nothing."""
        # One chance meeting where hardly any was expected is no wonder.
        spread = np.sqrt(self.variance + np.array([0, 0.25, 0.25, 0]))
        values: Doubles = self.deviation / np.where(spread > 0, spread, 1)
        return values


def times_of(graph: Graph, touches: Touches, tainted: Doubles) -> Times:
    """When tainted things were touched.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        tainted: (things) The probability that each is tainted.
    """
    kept = (tainted >= _LEAST) & (touches.by_thing.degrees() >= FEWEST)
    out = graph.out.unsigned()
    nothing = Times(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint32))
    length = _write(touches.accounts, out, graph.kind, touches.thing_at, kept, False, *nothing)
    times = Times(np.empty(length, np.int32), np.empty(length, np.int32), np.empty(length, "u4"))
    _write(touches.accounts, out, graph.kind, touches.thing_at, kept, True, *times)
    times = _ordered(times, np.lexsort((times.at, times.account, times.thing)))
    new = np.ones(length, np.bool_)
    new[1:] = (np.diff(times.thing) != 0) | (np.diff(times.account) != 0)
    times = _ordered(times, np.flatnonzero(new))
    return _ordered(times, np.lexsort((times.account, times.at, times.thing)))


def by_lot(times: Times, rng: np.random.Generator) -> Times:
    """The same accounts on the same things, each thing's times dealt to them anew."""
    order = np.lexsort((rng.random(len(times.thing)), times.thing))
    return times._replace(account=times.account[order])


def sums_of(times: Times, tainted: Doubles, suspicion: Doubles) -> Sums:
    """What the times of each account come to.

    Args:
        times: When tainted things were touched.
        tainted: (things) The probability that each is tainted.
        suspicion: (accounts) Of each, from 0 to 1.
    """
    sums = Sums(*(np.zeros((len(suspicion), len(FEATURES))) for _ in range(3)))
    start = np.flatnonzero(np.diff(times.thing, prepend=-1) != 0)
    _add(np.append(start, len(times.thing)), *times, tainted, suspicion, sums)
    return sums


def _ordered(times: Times, order: Int64) -> Times:
    return Times(times.thing[order], times.account[order], times.at[order])


@kernel
def _write(
    accounts: Int32,
    out: Csr,
    kind: npt.NDArray[np.uint8],
    thing_at: Int32,
    kept: npt.NDArray[np.bool_],
    write: bool,
    thing: Int32,
    account: Int32,
    at: UInt32,
) -> int:
    """Write, or only count, acts on things that are kept."""
    end = 0
    for i in range(len(accounts)):
        for e in range(out.start[accounts[i]], out.start[accounts[i] + 1]):
            if out.act[e] > _LAST:
                continue
            post = out.node[e]
            if out.act[e] != _AUTHORED:
                j = thing_at[post]
                if j >= 0 and kept[j]:
                    if write:
                        thing[end], account[end], at[end] = j, i, out.at[e]
                    end += 1
            for c in range(out.start[post], out.start[post + 1]):
                j = thing_at[out.node[c]]
                if j >= 0 and kept[j] and kind[out.node[c]] != _COMMUNITY:
                    if write:
                        thing[end], account[end], at[end] = j, i, out.at[e]
                    end += 1
    return end


@kernel
def _add(
    start: Int64,
    thing: Int32,
    account: Int32,
    at: UInt32,
    tainted: Doubles,
    suspicion: Doubles,
    sums: Sums,
) -> None:
    """Add up the deviations of all touches, thing after thing."""
    for t in range(len(start) - 1):
        count = start[t + 1] - start[t]
        if count < FEWEST:
            continue
        who, when = account[start[t] : start[t + 1]], at[start[t] : start[t + 1]].astype(np.int64)
        sure = tainted[thing[start[t]]]
        crowd, _ = _company(who, when, _BURST, suspicion)
        _add_ranks(who, when.astype(np.float64), -sure, 0, sums)
        _add_ranks(who, crowd, sure, 3, sums)
        near, near_suspects = _company(who, when, _MINUTE, suspicion)
        far, far_suspects = _company(who, when, _HOUR, suspicion)
        _add_company(who, near, near_suspects, sure, 1, suspicion, sums)
        far, far_suspects = far - near, far_suspects - near_suspects
        _add_company(who, far, far_suspects, sure, 2, suspicion, sums)


@kernel
def _company(who: Int32, when: Int64, window: int, suspicion: Doubles) -> tuple[Doubles, Doubles]:
    """How many others acted within a window around each act, and their suspicion."""
    count = len(who)
    before = np.zeros(count + 1)
    for i in range(count):
        before[i + 1] = before[i] + suspicion[who[i]]
    others, suspects = np.empty(count), np.empty(count)
    low, high = 0, 0
    for i in range(count):
        while when[low] < when[i] - window:
            low += 1
        while high < count and when[high] <= when[i] + window:
            high += 1
        others[i] = high - low - 1
        suspects[i] = before[high] - before[low] - suspicion[who[i]]
    return others, suspects


@kernel
def _add_ranks(who: Int32, values: Doubles, sign: float, feature: int, sums: Sums) -> None:
    """Ranks of values from -1/2 to 1/2, equal ones sharing theirs, in standard deviations."""
    count = len(who)
    order = np.argsort(values, kind="mergesort")
    begin = 0
    while begin < count:
        end = begin
        while end < count and values[order[end]] == values[order[begin]]:
            end += 1
        rank = (begin + end) / 2 / count - 0.5
        for r in range(begin, end):
            a = who[order[r]]
            sums.deviation[a, feature] += sign * rank * np.sqrt(12.0)
            sums.variance[a, feature] += sign * sign
            sums.amount[a, feature] += abs(sign)
        begin = end


@kernel
def _add_company(
    who: Int32,
    others: Doubles,
    suspects: Doubles,
    sure: float,
    feature: int,
    suspicion: Doubles,
    sums: Sums,
) -> None:
    """Suspects in the window, beside what is expected of as many others."""
    total = 0.0
    for a in who:
        total += suspicion[a]
    for i in range(len(who)):
        a = who[i]
        expected = others[i] * (total - suspicion[a]) / (len(who) - 1)
        sums.deviation[a, feature] += sure * (suspects[i] - expected)
        sums.variance[a, feature] += sure * expected
        sums.amount[a, feature] += sure * (total - suspicion[a])
