"""Whom an account turned to, in words for a person to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._evidence.replied import chances_of_one
from leeward.network._graph.acts import Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.replied import Replied
    from leeward.network._graph.graph import Graph

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["told_of_replies"]

_WEAK: Final = 0.01
"""What is less likely of the network's is not told."""
_NEAR: Final = 0.5
"""Told of is what is at least so likely beside the likeliest."""


def told_of_replies(graph: Graph, replied: Replied, suspicion: Doubles, place: int) -> str:
    """What the evidence of an account's replies and mentions rests on.

    Args:
        graph: The interaction graph.
        replied: The evidence.
        suspicion: (accounts) The probabilities that it was made of.
        place: The account.
    """
    things, chances = chances_of_one(replied, suspicion, place)
    chosen = things[chances >= max(_NEAR * chances.max(initial=0), _WEAK)]
    if not len(chosen):
        turned = _counted(len(things), "thread or account", "threads and accounts")
        return f"turned to {turned} that suspects left alone"
    of_post = graph.kind[replied.ground.things[chosen]] == Node.POST
    told = []
    if threads := chosen[of_post].tolist():
        who = _others(replied, suspicion, place, threads)
        told.append(f"answered in {_counted(len(threads), 'thread')} in which {who} wrote")
    if persons := chosen[~of_post].tolist():
        who = _others(replied, suspicion, place, persons)
        are = "is or was" if len(persons) == 1 else "are or were"
        told.append(f"named {_counted(len(persons), 'account')} that {are} named by {who}")
    return f"{' and '.join(told)}; it turned to {len(things):,} threads and accounts in all"


def _others(replied: Replied, suspicion: Doubles, place: int, things: list[int]) -> str:
    """Who else turned to some things or made them, each counted once."""
    rows = replied.ground.by_thing
    people = np.unique(np.concatenate([rows.other[rows.row(thing)] for thing in things]))
    suspects = int((suspicion[people[people != place]] > 0).sum())
    others = int((people != place).sum()) - suspects
    if not others:
        return f"{_counted(suspects, 'suspect')} and nobody else"
    return f"{_counted(suspects, 'suspect')} and {_counted(others, 'other')}"


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
