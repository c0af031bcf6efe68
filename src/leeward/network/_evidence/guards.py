"""Who stays below the review line until a person has looked, whatever the evidence says.

Guards against evidence that others can arrange, or that has another reason. What rests on one other
account may be that account's doing: somebody who copies one owner's pictures again and again. What
rests on the pictures of one owner may be acquaintance (:mod:`~leeward.network._evidence.owners`).
And who complained about what a network spreads, or answers it half as often as it passes it on, may
have touched it for that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.owners import of_one_owner
from leeward.network._evidence.picks import STRONG, picks_of
from leeward.network._evidence.taint import without_hints
from leeward.network._graph.acts import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.picks import Picks
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.csr import Bools, Csr, Int32, UInt8
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]

__all__ = ["ENOUGH", "answers", "distinct_authors", "filed_flags", "stands_alone"]

ENOUGH: Final = 3
"""Authors up to which :func:`distinct_authors` counts."""
_AUTHORS: Final = 2
"""Other authors that evidence has to rest on."""
_ANSWERS: Final = 0.5
"""Replies to suspects, for each tainted thing: who answers so much rather argues."""
_AUTHORED, _REPLIED, _CARRIES = int(Act.AUTHORED), int(Act.REPLIED), int(Act.CARRIES)
_POST, _ACCOUNT = int(Node.POST), int(Node.ACCOUNT)


def stands_alone(
    graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles, tainted: Doubles
) -> Bools:
    """Whose evidence rests on too little to put anybody above a line, or on what critics do.

    Hints are left out of what evidence rests on. Fewer than two other authors stand behind it, or
    the pictures and posts of fewer than two other owners; or it answers suspects half as often, or
    more, as it does anything tainted.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        tainted: (accounts) How many acts of each were tainted, by their probabilities.

    Returns:
        (accounts) Whether it is so.
    """
    plain = without_hints(taint)
    picks = picks_of(graph, touches, plain, suspicion, _strong(plain))
    few = distinct_authors(graph, touches, plain, suspicion, picks) < _AUTHORS
    replies = answers(graph, touches, suspicion)
    argues = (replies > 0) & (replies >= _ANSWERS * tainted)
    alone: Bools = few | argues | of_one_owner(graph, touches, picks)
    return alone


def distinct_authors(
    graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles, picks: Picks
) -> Int32:
    """How many other accounts made what the strong evidence of each account rests on.

    Strong evidence is an act on a thing that is likelier tainted than not without the account's
    own touch. Behind a repost or a like stands who made the post; behind a post of one's own
    the other suspects who posted the same thing. Nobody stands behind a post of one's own that
    others reposted or liked: that is what they did.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        picks: The acts on what is likelier tainted than not.

    Returns:
        (accounts) From 0 to :data:`ENOUGH`, which stands for more, too.
    """
    strong = _strong(taint)
    is_suspect = np.zeros(len(graph.kind), np.bool_)
    is_suspect[touches.accounts[suspicion > 0]] = True
    # One more than is counted: an account may be among them itself.
    makers = np.full((len(touches.things), ENOUGH + 1), -1, np.int32)
    _fill_makers(touches.things, strong, graph.into, graph.author, is_suspect, makers)
    found = np.zeros(len(touches.accounts), np.int32)
    _count_authors(picks, touches.accounts, graph.author, makers, found)
    return found


def filed_flags(graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles) -> Bools:
    """Who complained about something tainted, about a suspect, or about what a suspect posted.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.

    Returns:
        (accounts) Whether it did.
    """
    found = np.zeros(len(touches.accounts), np.bool_)
    known = np.flatnonzero(graph.flags.target >= 0)
    source, target = graph.flags.source[known], graph.flags.target[known]
    about, which = np.unique(target, return_inverse=True)
    tainted = np.zeros(len(about), np.bool_)
    _are_tainted(about, graph.kind, graph.out.unsigned(), touches.thing_at, _strong(taint), tainted)
    by = np.where(graph.kind[about] == _POST, graph.author[about], about)
    place = np.where(by >= 0, touches.account_at[by], -1)
    tainted |= (place >= 0) & (suspicion[place] > 0)
    found[touches.account_at[source[tainted[which]]]] = True
    return found


def answers(graph: Graph, touches: Touches, suspicion: Doubles) -> Int32:
    """How often each account replied to posts that a suspect made.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        suspicion: (accounts) The probabilities of those who are suspected.

    Returns:
        (accounts) Replies to others; those to oneself do not count.
    """
    found = np.zeros(len(touches.accounts), np.int32)
    suspects = touches.accounts[suspicion > 0]
    _count_answers(suspects, graph.out, graph.into, touches.account_at, found)
    return found


def _strong(taint: Taint) -> Bools:
    strong: Bools = taint.most >= STRONG
    return strong


@kernel
def _add(row: Int32, author: int) -> bool:
    """Put an author among the others, once; whether there is room for more."""
    for a in range(len(row)):
        if row[a] == author:
            return True
        if row[a] < 0:
            row[a] = author
            return a + 1 < len(row)
    return False


@kernel
def _fill_makers(
    things: Int32, strong: Bools, into: Csr, author: Int32, is_suspect: Bools, makers: Int32
) -> None:
    """Write for each thing a few of the suspects who made a post that carries it."""
    for thing in np.flatnonzero(strong):
        node = things[thing]
        for e in range(into.start[node], into.start[node + 1]):
            if into.act[e] != _CARRIES:
                continue
            by = author[into.node[e]]
            if by >= 0 and is_suspect[by] and not _add(makers[thing], by):
                break


@kernel
def _count_authors(
    picks: Picks, accounts: Int32, author: Int32, makers: Int32, found: Int32
) -> None:
    others = np.empty(ENOUGH, np.int32)
    for i in range(len(accounts)):
        others[:] = -1
        mine = accounts[i]
        for p in range(picks.start[i], picks.start[i + 1]):
            if picks.chance[p] < STRONG:
                continue
            if picks.act[p] != _AUTHORED:
                by = author[picks.post[p]]
                if by >= 0 and by != mine:
                    _add(others, by)
                continue
            for by in makers[picks.thing[p]]:
                if by >= 0 and by != mine:
                    _add(others, by)
        found[i] = (others >= 0).sum()


@kernel
def _count_answers(suspects: Int32, out: Csr, into: Csr, account_at: Int32, found: Int32) -> None:
    for by in suspects:
        for e in range(out.start[by], out.start[by + 1]):
            if out.act[e] != _AUTHORED:
                continue
            post = out.node[e]
            for f in range(into.start[post], into.start[post + 1]):
                if into.act[f] == _REPLIED and into.node[f] != by:
                    found[account_at[into.node[f]]] += 1


@kernel
def _are_tainted(
    about: Int32, kind: UInt8, out: Csr, thing_at: Int32, strong: Bools, tainted: Bools
) -> None:
    """Judge posts by themselves and what they carry, accounts by the posts that they made."""
    for i in range(len(about)):
        node = about[i]
        if kind[node] == _POST:
            tainted[i] = _is_tainted(node, out, thing_at, strong)
        elif kind[node] == _ACCOUNT:
            for e in range(out.start[node], out.start[node + 1]):
                if out.act[e] == _AUTHORED and _is_tainted(out.node[e], out, thing_at, strong):
                    tainted[i] = True
                    break


@kernel
def _is_tainted(post: int, out: Csr, thing_at: Int32, strong: Bools) -> bool:
    thing = thing_at[post]
    if thing >= 0 and strong[thing]:
        return True
    for c in range(out.start[post], out.start[post + 1]):
        thing = thing_at[out.node[c]]
        if thing >= 0 and strong[thing]:
            return True
    return False
