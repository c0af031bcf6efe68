"""How early, how quick and how much at a stretch accounts acted: by what was done before alone.

Of each act on a thing it is asked

* *early*: how long after the thing began;
* *quick*: how long after the latest act of a suspect on the same thing, where one had acted;
* *burst*: how long after the latest act of its own, on anything.

Who acts on the thing later comes into none of these. Where many act on a thing at the time, anybody
comes within seconds of a suspect; there it is not asked who was quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Act

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Csr, Int32, Int64, UInt32
    from leeward.network._touches.times import Times

    Int8 = npt.NDArray[np.int8]
    Doubles = npt.NDArray[np.float64]

__all__ = ["EDGES", "FEATURES", "UNASKED", "bins_of", "reach", "starts"]

FEATURES: Final = ("early", "quick", "burst")
EDGES: Final = ((60, 600, 3_600, 86_400), (10, 60), (10, 60, 600))
"""By feature: seconds between bins. A bin ends before its edge."""
UNASKED: Final = -1
_FINE: Final = (60, 1, 1)
"""By feature: to how many seconds a time has to be known, or better."""
_CROWD: Final = 5
"""Others than suspects in the minute before, and anybody in the hour before that minute."""
_MINUTE, _HOUR = 60, 3_600
_AUTHORED, _LIKED = int(Act.AUTHORED), int(Act.LIKED)


def bins_of(
    times: Times, is_post: Bools, suspicion: Doubles, accounts: Int32, out: Csr
) -> tuple[Int8, ...]:
    """By feature, (acts) the bin of each act, or :data:`UNASKED`.

    Args:
        times: Acts.
        is_post: (things) Whether it is a post, which began when it was made.
        suspicion: (accounts) Above 0 for suspects.
        accounts: (accounts) Nodes.
        out: What accounts did.
    """
    length = len(times.thing)
    since = tuple(np.full(length, UNASKED, np.int64) for _ in FEATURES)
    if not length:
        return tuple(one.astype(np.int8) for one in since)
    start = starts(times)
    suspect = suspicion > 0
    theirs = times.beginner[times.thing] != times.account
    asked = [theirs & (times.known <= fine) for fine in _FINE]
    asked[1] &= ~_crowded(start, times, suspect)
    now = reach(start, times.at, 0)
    _begun(start, times, is_post, since[0])
    _followed(start, times, suspect, asked[1], now, since[1])
    _resumed(times, accounts, out.unsigned(), since[2])
    return tuple(
        _binned(np.where(one, gap, UNASKED), edges)
        for one, gap, edges in zip(asked, since, EDGES, strict=True)
    )


def starts(times: Times) -> Int64:
    """(things with acts + 1) Where the acts on each thing begin."""
    first = np.flatnonzero(np.diff(times.thing, prepend=-1) != 0)
    return np.append(first, len(times.thing))


def _binned(gaps: Int64, edges: tuple[int, ...]) -> Int8:
    """The bins of some seconds; below 0 they were not asked."""
    bins = np.searchsorted(np.array(edges, np.int64), gaps, side="right").astype(np.int8)
    bins[gaps < 0] = UNASKED
    return bins


def _crowded(start: Int64, times: Times, suspect: Bools) -> Bools:
    """(acts) Whether many others acted on the thing just before."""
    now, minute, hour = (reach(start, times.at, back) for back in (0, _MINUTE, _MINUTE + _HOUR))
    others = np.concatenate([[0], np.cumsum(~suspect[times.account])])
    crowded: Bools = (others[now] - others[minute] > _CROWD) | (minute - hour > _CROWD)
    return crowded


@kernel
def reach(start: Int64, at: UInt32, back: int) -> Int64:
    """(acts) The place of the first act on the same thing at most so many seconds before."""
    found = np.empty(len(at), np.int64)
    for t in range(len(start) - 1):
        first = start[t]
        for i in range(start[t], start[t + 1]):
            while np.int64(at[first]) < np.int64(at[i]) - back:
                first += 1
            found[i] = first
    return found


@kernel
def _begun(start: Int64, times: Times, is_post: Bools, since: Int64) -> None:
    """Write how long after the beginning of its thing each act came, where both are known."""
    for t in range(len(start) - 1):
        low, high = start[t], start[t + 1]
        begin = np.int64(times.at[low])
        if is_post[times.thing[low]]:
            begin = np.int64(-1)
            for i in range(low, high):
                if times.act[i] == _AUTHORED and times.known[i] <= _FINE[0]:
                    begin = np.int64(times.at[i])
        for i in range(low, high):
            gap = np.int64(times.at[i]) - begin
            if begin >= 0 and gap > 0:
                since[i] = gap


@kernel
def _followed(
    start: Int64, times: Times, suspect: Bools, asked: Bools, now: Int64, since: Int64
) -> None:
    """Write how long after the latest act of another suspect each act came.

    An hour where that was longer ago than the last edge; nothing where none had acted.
    """
    for t in range(len(start) - 1):
        first = second = start[t + 1]  # acts of the first suspect, and of another one
        for i in range(start[t + 1] - 1, start[t] - 1, -1):
            if suspect[times.account[i]] and times.known[i] <= _FINE[1]:
                if first < start[t + 1] and times.account[first] != times.account[i]:
                    second = first
                first = i
        for i in range(start[t], start[t + 1]):
            me = times.account[i]
            led = second if first < start[t + 1] and times.account[first] == me else first
            if asked[i] and led < now[i]:
                since[i] = _latest(times, suspect, now[i] - 1, led, i)


@kernel
def _latest(times: Times, suspect: Bools, high: int, low: int, act: int) -> int:
    """How long before an act another suspect acted last; no further back than an hour."""
    here, me = np.int64(times.at[act]), times.account[act]
    for k in range(high, low - 1, -1):
        gap = here - np.int64(times.at[k])
        if gap > _MINUTE:
            break
        if suspect[times.account[k]] and times.account[k] != me and times.known[k] <= _FINE[1]:
            return int(gap)
    return _HOUR


@kernel
def _resumed(times: Times, accounts: Int32, out: Csr, since: Int64) -> None:
    """Write how long after its own latest act, on anything, each account acted."""
    start, acts, when = out.start, out.act, out.at
    own, who = np.empty(0, np.int64), -1
    for i in np.argsort(times.account, kind="mergesort"):
        if times.account[i] != who:
            who = times.account[i]
            node, count = accounts[who], 0
            own = np.empty(np.int64(start[np.int64(node) + 1] - start[node]), np.int64)
            for e in range(start[node], start[np.int64(node) + 1]):
                if acts[e] <= _LIKED:
                    own[count] = when[e]
                    count += 1
            own = np.sort(own[:count])
        now = np.int64(times.at[i])
        earlier = np.searchsorted(own, now)
        if earlier > 0:
            since[i] = now - own[earlier - 1]
