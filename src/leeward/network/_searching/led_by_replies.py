"""A second search, by whom accounts turned to: tried where shared things do not lead.

What ties a network may be talk: members share few things, and answer in the same threads, and
answer and name each other. But friends, critics and families do all of that, too. So this search
is made only where shared things do not lead from the confirmed ones to each other. It stands only
if hidden ones stand clearly higher by it, and clearly higher than accounts drawn at random stand
by the same search among themselves. And whomever it raises a person is asked about first: it draws
no line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._searching.growth import Confirmed
from leeward.network._searching.hiding import dealt, hide_and_grow
from leeward.network._touches.replies import replies_of
from leeward.network._votes.lean import standing
from leeward.network._votes.null import drawn, least_of
from leeward.network._votes.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.extent import Extent
    from leeward.network._searching.hiding import Hidden
    from leeward.network._touches.touches import Touches

    Bools = npt.NDArray[np.bool_]
    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["LedByReplies", "asked_about", "led_by_replies", "open_ended"]

_BETTER: Final = 3.0
"""In nats, twenty to one: how much likelier the hidden ones have to be by replies."""
_FEWEST: Final = 2
"""Confirmed accounts that turned to somebody, at least."""
_SETS: Final = 2
"""Sets of accounts drawn at random that are searched from in the same way."""


class LedByReplies(NamedTuple):
    """A search by replies that stands.

    Attributes:
        ways: Where its votes come from.
        hidden: What hiding confirmed ones showed of it.
    """

    ways: Ways
    hidden: Hidden


def led_by_replies(
    graph: Graph,
    touches: Touches,
    confirmed: Confirmed,
    parts: list[Int32],
    otherwise: float,
    progress: Callable[[str], None],
) -> LedByReplies | None:
    """Search by replies, if confirmed accounts show that it is right.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        confirmed: What persons have concluded.
        parts: The members that are hidden together.
        otherwise: The best standing of the hidden ones by any other ranking; 0 where that is what
            anybody has.
        progress: Told what happens.

    Returns:
        None where they stand no higher by it than otherwise, or than anybody does.
    """
    progress("looking at replies and mentions")
    replies = replies_of(graph, touches)
    if np.count_nonzero(replies.by_account.degrees()[confirmed.given]) < _FEWEST:
        return None
    ways = Ways(touches, replies)
    hidden = hide_and_grow(graph, touches, ways, confirmed, parts, progress)
    at, members = standing(hidden.shares), confirmed.given
    if len(members) * (otherwise - at) < _BETTER:
        return None
    logs = _by_chance(graph, touches, ways, members, len(parts))
    ways.forget()
    if not len(logs):
        return None
    return LedByReplies(ways, hidden) if at < least_of(logs, len(members)) else None


def _by_chance(graph: Graph, touches: Touches, ways: Ways, members: Int32, folds: int) -> Doubles:
    """The log shares of like accounts above random seeds, each hidden in its turn."""
    found: list[Doubles] = []
    for chosen in drawn(graph, touches, members)[:_SETS]:
        places = chosen.astype(np.int32)
        nothing = np.zeros(len(touches.things))
        known = Confirmed(places, np.ones(len(places)), places[:0], nothing, places)
        hidden = hide_and_grow(graph, touches, ways, known, dealt(places, folds), lambda _: None)
        found.append(np.log(hidden.shares))
        ways.forget()
    return np.concatenate(found) if found else np.empty(0)


def open_ended(extent: Extent, accounts: int) -> Extent:
    """How many belong where replies led: not fewer than were estimated; how many more is open.

    Talk ties those who meet. The others are reached by none of it, so that as many of the hidden
    ones as were found say nothing of them.
    """
    return extent._replace(high=accounts / 2)


def asked_about(asked_first: Bools, members: Sequence[int] | Int32) -> Bools:
    """Who is asked about first where replies led: everybody whom no person has confirmed."""
    found = np.ones_like(asked_first)
    found[members] = asked_first[members]
    return found
