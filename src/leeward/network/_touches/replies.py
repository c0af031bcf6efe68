"""Who turned to whom: a second ground for votes and evidence, beside shared things.

Where a network lives in replies, its members share few things. They answer in the same threads,
and answer and name each other. So the things of this ground are posts that were answered, threads,
and accounts that were named; who answered in or named one *came* to it, and who made the post, or
is the account, only *made* it. What an account made leads from it to others and never to it, and
says nothing of it: receiving a reply or being named counts nothing.

Nor does it count to answer or name those who came to an account before, wherever: the surrounded
answer those who surround them. Such an answer stands among what the account did, as something that
nobody else came to; so what others do neither adds evidence nor takes away what speaks against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Act, Node
from leeward.network._touches.touches import CAME, MADE, Rows, order_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Csr, Int32, Int64
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

__all__ = ["REPLIES", "replies_of"]

REPLIES: Final = "replies and mentions"
"""The way of votes that leads through this ground."""
_REPLIED, _JOINED = int(Act.REPLIED), int(Act.JOINED)
_MENTIONED: Final = int(Act.MENTIONED)


def replies_of(graph: Graph, touches: Touches) -> Touches:
    """Count who turned to what.

    Args:
        graph: The interaction graph.
        touches: Who touched what; gives the places of accounts.

    Returns:
        The same accounts, with posts that were answered, threads and accounts that were named as
        things. All are of the kind of posts: each has one maker, who chose nobody who came. Answers
        to those who came before are things of their own, behind the others.
    """
    nodes, count = len(graph.kind), len(touches.accounts)
    place, target, answers = _turns(graph, touches)
    came = np.unique(place[~answers] * nodes + target[~answers])
    things = np.unique(target[~answers])
    maker = np.where(graph.kind[things] == Node.POST, graph.author[things], things)
    known = maker >= 0
    made = touches.account_at[maker[known]].astype(np.int64) * nodes + things[known]
    pairs = np.concatenate([came, made])  # nobody comes to what is his own: none stands in both
    times = np.bincount(pairs % nodes, minlength=nodes)
    shared = np.flatnonzero(times >= 2).astype(np.int32)
    thing_at = np.full(nodes, -1, np.int32)
    thing_at[shared] = np.arange(len(shared), dtype=np.int32)
    how = np.repeat(np.array([CAME, MADE], np.uint8), (len(came), len(made)))
    kept = times[pairs % nodes] >= 2
    back = np.unique(place[answers] * nodes + target[answers])
    who = np.concatenate([pairs[kept], back]) // nodes
    to = np.concatenate(
        [thing_at[pairs[kept] % nodes], len(shared) + np.arange(len(back), dtype=np.int32)]
    )
    how = np.concatenate([how[kept], np.full(len(back), CAME, np.uint8)])
    order = np.lexsort((to, who))
    by_account = _rows(who[order], to[order], how[order], count)
    turned = np.argsort(by_account.other, kind="stable")
    by_thing = _rows(
        by_account.other[turned],
        who[order][turned].astype(np.int32),
        by_account.how[turned],
        len(shared) + len(back),
    )
    all_things = np.concatenate([shared, (back % nodes).astype(np.int32)])
    return touches._replace(
        things=all_things,
        thing_at=thing_at,
        kind=np.full(len(all_things), Node.POST, np.uint8),
        by_account=by_account,
        by_thing=by_thing,
        size=by_thing.degrees().astype(np.float32),
        makers=np.zeros(len(all_things), np.int32),
        beginner=np.full(len(all_things), -1, np.int32),
        met=order_of(graph, all_things),
    )


def _rows(
    row: npt.NDArray[np.integer], other: Int32, how: npt.NDArray[np.uint8], count: int
) -> Rows:
    start = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=count), out=start[1:])
    return Rows(start, other, np.ones(len(other), np.float32), how)


def _turns(graph: Graph, touches: Touches) -> tuple[Int64, Int64, Bools]:
    """Places of accounts, the nodes that each turned to, and whether that was to answer.

    Somebody answers who turns to an account that turned to it before, by the first time of each.
    """
    nodes = len(graph.kind)
    source, target, at = _edges(touches.accounts, graph.out.unsigned())
    about = np.where(graph.kind[target] == Node.POST, graph.author[target], target)
    # To answer in a thread and to answer its first post are two edges to one node.
    which = _first(source * nodes + target, at)
    which = which[about[which] != source[which]]
    source, target, at, about = (each[which] for each in (source, target, at, about))
    known = np.flatnonzero(about >= 0)
    pairs = source[known] * nodes + about[known]
    first = known[_first(pairs, at[known])]
    pairs = np.unique(pairs)
    answers = np.zeros(len(source), np.bool_)
    if len(pairs):
        back = about[known] * nodes + source[known]
        near = np.minimum(np.searchsorted(pairs, back), len(pairs) - 1)
        answers[known] = (pairs[near] == back) & (at[first[near]] <= at[known])
    return touches.account_at[source].astype(np.int64), target, answers


def _first(keys: Int64, at: Int64) -> Int64:
    """Where each key stands with its earliest time; by ascending keys."""
    order = np.lexsort((at, keys))
    found: Int64 = order[np.unique(keys[order], return_index=True)[1]]
    return found


@kernel
def _edges(accounts: Int32, out: Csr) -> tuple[Int64, Int64, Int64]:
    """Who turned to which node, and when first."""
    count = 0
    for account in accounts:
        for e in range(out.start[account], out.start[account + 1]):
            count += _REPLIED <= out.act[e] <= _JOINED or out.act[e] == _MENTIONED
    source, target, at = (
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
    )
    filled = 0
    for account in accounts:
        for e in range(out.start[account], out.start[account + 1]):
            if _REPLIED <= out.act[e] <= _JOINED or out.act[e] == _MENTIONED:
                source[filled], target[filled], at[filled] = account, out.node[e], out.at[e]
                filled += 1
    return source, target, at
