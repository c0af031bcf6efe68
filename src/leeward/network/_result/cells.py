"""The suspects in cells, and which of them the confirmed ones reach directly.

A cell that shares tainted pictures and posts with confirmed accounts is a part of the same
network. One that was found only by way of other suspects may be another network, or people who
use the same hashtags: that is asked before anything is built on it.

A member is *reached directly* if it touched a confirmed thing, or a tainted thing that a confirmed
account touched. A hashtag does not count unless it is confirmed itself: anybody may use a word.
How many members of a cell would be reached is known for two cases, by how much each one touched:

* ``E0``, if they were anybody: of the touches of those who are no suspects, the share ``p0`` is
  on such things;
* ``E1``, if they were part of the network: of the suspects' touches, the share ``p1``.

A member with ``n`` touches is reached with the probability ``1 - (1 - p)^n``. The evidence is the
log-likelihood ratio of two Poisson counts, ``k ln(E1 / E0) - (E1 - E0)``. In ``k``, those who are
reached by one and the same thing count as their square root: a single post that went around among
neighbours reaches many of them.

All is counted in the order in which the log met accounts and things, and probabilities are rounded
first: their last bits depend on the numbers of nodes, which the key of the log and its batches
decide.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._graph.acts import Node
from leeward.network._graph.order import in_order
from leeward.network._result.split import entries, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.csr import Int32, Int64
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Bools = npt.NDArray[np.bool_]
    Doubles = npt.NDArray[np.float64]

__all__ = ["Cell", "cells_of"]

MOST: Final = 30_000
"""Suspects that are split, at most: the likeliest."""
_TAINTED: Final = 0.5
"""What is rather tainted than not."""
_CLEAR: Final = log(20)
"""Evidence of 20 to 1 that a cell is a part of the network; with less it is asked."""
_POWER: Final = 3.0
"""Members that would be reached, beyond those who are anyway: with fewer, nobody's being reached
says little."""
_DIGITS: Final = 6
"""Decimals to which probabilities are rounded."""
_COMMON: Final = 3
"""Hashtags that are named for each cell."""
_THINGS: Final = ((Node.POST, "post"), (Node.MEDIA, "picture"), (Node.LINK, "link"))


class Cell(NamedTuple):
    """Suspects who hang together.

    Attributes:
        members: Places of accounts, ascending.
        reached: The evidence that it is a part of the network, as a log-likelihood ratio.
        direct: How many members the confirmed ones reach directly.
        question: Whether a person has to say first if this is the same ring or its neighbours.
        words: The same for a person to read.
        common: What its members have in common, the most telling first.
    """

    members: Int32
    reached: float
    direct: int
    question: bool
    words: str
    common: tuple[str, ...]


class _Touched(NamedTuple):
    """The suspects' touches: which suspect, which thing; sorted by suspect.

    Suspects are numbered in the order in which the log met them.
    """

    suspect: Int32
    thing: Int32


class _Reach(NamedTuple):
    """What is known of each suspect.

    Attributes:
        by: The rarest thing by which it is reached; -1 where there is none.
        anybody, member: The probability that it would be, as anybody and as a member.
        confirmed: Whether it is confirmed itself.
    """

    by: Int32
    anybody: Doubles
    member: Doubles
    confirmed: Bools


def cells_of(
    graph: Graph,
    touches: Touches,
    suspicion: Doubles,
    taint: Taint,
    confirmed: Int32,
    confirmed_things: Int32,
) -> tuple[Cell, ...]:
    """Split the suspects into cells, the largest first. Each is in one; some are alone in theirs.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        suspicion: (accounts) Above 0 for suspects; the likeliest 30,000 are split.
        taint: What is known of the things.
        confirmed: Places of accounts that a person found to belong to the network.
        confirmed_things: Places of things that a person found to belong to it.
    """
    suspects = _likeliest(graph, touches, suspicion)
    tainted = np.round(taint.heavy, _DIGITS)
    tainted[confirmed_things] = 1
    suspect, places = entries(touches.by_account, suspects)
    touched = _Touched(suspect, touches.by_account.other[places])
    reach = _reach(touches, touched, suspects, tainted, confirmed, confirmed_things)
    label = split(touches, suspects, tainted).label
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
    return tuple(
        _cell(suspects[group], _some(reach, group), _common(graph, touches, touched, group))
        for group in groups
    )


def _likeliest(graph: Graph, touches: Touches, suspicion: Doubles) -> Int32:
    """The places of the suspects that are split, in the order in which the log met them."""
    some = np.flatnonzero(suspicion > 0)
    ordered = touches.account_at[in_order(graph, touches.accounts[some])]
    likeliest = np.argsort(-np.round(suspicion[ordered], _DIGITS), kind="stable")[:MOST]
    suspects: Int32 = ordered[np.sort(likeliest)]
    return suspects


def _cell(members: Int32, reach: _Reach, common: tuple[str, ...]) -> Cell:
    open_ = ~reach.confirmed
    by = reach.by[open_ & (reach.by >= 0)]
    counts = np.unique(by, return_counts=True)[1]
    e0, e1 = float(reach.anybody[open_].sum()), float(reach.member[open_].sum())
    evidence = 0.0
    if e1 > e0:
        evidence = float(np.sqrt(counts).sum()) * log(e1 / e0) - (e1 - e0)
    # Who hangs together with confirmed ones is asked about only where more should be reached.
    told = e1 - e0 >= _POWER or bool(open_.all())
    question = bool(open_.any()) and evidence < _CLEAR and told
    words = _words(int(open_.sum()), len(open_), len(by), len(counts), e0, e1)
    if question:
        words = f"is this the same ring, or its neighbours? {words}"
    return Cell(np.sort(members), evidence, len(by), question, words, common)


def _words(open_: int, members: int, direct: int, things: int, e0: float, e1: float) -> str:
    confirmed = members - open_
    if not open_:
        return f"all {members} confirmed" if members > 1 else "confirmed"
    already = f"{confirmed} of {members} confirmed; " if confirmed else ""
    shared = (
        f"{direct} of {open_} others" if confirmed else f"{direct} of {open_} members"
    ) + f" touched what is confirmed, or what confirmed accounts touched ({things} "
    shared += "thing)" if things == 1 else "things)"
    return f"{already}{shared}; of anybody {e0:.1f} would have, of a part of the network {e1:.1f}"


def _reach(
    touches: Touches,
    touched: _Touched,
    suspects: Int32,
    tainted: Doubles,
    confirmed: Int32,
    confirmed_things: Int32,
) -> _Reach:
    counts = touches.kind != Node.TAG
    counts[confirmed_things] = True
    _, places = entries(touches.by_account, confirmed)
    theirs = touches.by_account.other[places]
    leads = np.zeros(len(tainted), np.bool_)
    leads[theirs] = True
    leads &= counts & (tainted >= _TAINTED)
    leads[confirmed_things] = True
    is_confirmed = np.isin(suspects, confirmed)
    crowd = touches.by_thing.degrees()
    on, of = leads[touched.thing], counts[touched.thing]
    found = np.bincount(touched.suspect[on], minlength=len(suspects))
    number = np.bincount(touched.suspect[of], minlength=len(suspects))
    rest = ~is_confirmed
    member = _share(found[rest].sum(), number[rest].sum())
    outside = np.setdiff1d(confirmed, suspects)
    _, places = entries(touches.by_account, outside)
    theirs = touches.by_account.other[places]
    anybody = _share(
        crowd[leads].sum() - found.sum() - leads[theirs].sum(),
        crowd[counts].sum() - number.sum() - counts[theirs].sum(),
    )
    return _Reach(
        _rarest(touches, touched.suspect[on], touched.thing[on], len(suspects)),
        _at_least_one(anybody, number),
        _at_least_one(member, number),
        is_confirmed,
    )


def _at_least_one(share: float, touches: Int64) -> Doubles:
    none: Doubles = np.exp(np.log1p(-share) * touches)
    return 1 - none


def _share(some: int, of: int) -> float:
    """A half is added, so that what never happened is not impossible."""
    return (some + 0.5) / (of + 1)


def _rarest(touches: Touches, suspect: Int32, thing: Int32, count: int) -> Int32:
    """For each suspect the thing that the fewest touched; -1 for those without any."""
    by = np.full(count, -1, np.int32)
    crowd = touches.by_thing.degrees()
    order = np.lexsort((touches.met[thing], crowd[thing], suspect))
    who, first = np.unique(suspect[order], return_index=True)
    by[who] = thing[order][first]
    return by


def _some(reach: _Reach, which: Int64) -> _Reach:
    by, anybody, member, confirmed = reach
    return _Reach(by[which], anybody[which], member[which], confirmed[which])


def _common(graph: Graph, touches: Touches, touched: _Touched, group: Int64) -> tuple[str, ...]:
    """What members have in common, beside all accounts."""
    begin = np.searchsorted(touched.suspect, group)
    end = np.searchsorted(touched.suspect, group, side="right")
    mine = np.concatenate([touched.thing[b:e] for b, e in zip(begin, end, strict=True)])
    things, members = np.unique(mine, return_counts=True)
    things, members = things[members >= 2], members[members >= 2]
    everybody = touches.by_thing.degrees()[things] / len(touches.accounts)
    lift = members / len(group) / everybody
    telling = np.where(lift > 1, members * np.log(lift), 0)
    order = np.lexsort((touches.met[things], -telling))
    order = order[telling[order] > 0]
    tags = order[touches.kind[things[order]] == Node.TAG][:_COMMON]
    named = (
        f"#{graph.name(int(touches.things[things[i]]))}: {members[i]} of {len(group)} "
        f"members, {lift[i]:.0f} times as many as of all accounts"
        for i in tags
    )
    return (*named, *_counted(touches.kind[things[order]], members[order], len(group)))


def _counted(kind: npt.NDArray[np.uint8], members: Int64, size: int) -> Iterator[str]:
    for code, word in _THINGS:
        shared = members[kind == code]
        if len(shared):
            yield (
                f"{len(shared)} {word}{'s' * (len(shared) > 1)} that two or more members touched, "
                f"the most shared by {shared.max()} of {size}"
            )
