"""The touches of a graph that grew, from those before: only what came is counted.

The result is the same, number for number, as if all touches had been counted anew. Rows to which
nothing comes are moved as they lie; so it costs a copy of the memory, and little beside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Act, Node
from leeward.network._touches.gains import Gains, in_halves, lost_touches, merged, with_gains
from leeward.network._touches.touches import (
    CAME,
    MADE,
    OWN_ACTS,
    WEIGHTS,
    Rows,
    Touches,
    count_acts,
    order_of,
)

if TYPE_CHECKING:
    from leeward.network._graph.csr import Bools, Csr, Int32, Int64, UInt8
    from leeward.network._graph.graph import Graph

__all__ = ["Extended", "extended"]

_POST, _COMMUNITY = int(Node.POST), int(Node.COMMUNITY)
_AUTHORED, _LAST = int(Act.AUTHORED), int(Act.LIKED)


class Extended(NamedTuple):
    """Touches of a graph that grew.

    Attributes:
        touches: They.
        acted: (accounts) Who did anything in between, or touched a post of which it is known
            only now what it carries.
        gains: What came to the rows of accounts.
    """

    touches: Touches
    acted: Bools
    gains: Gains


def extended(old: Touches, before: Graph, graph: Graph) -> Extended:
    """Bring touches up to date.

    Args:
        old: The touches of ``before``.
        before: The graph that they were counted in.
        graph: The same graph with further events.
    """
    accounts, account_at = _accounts(old, before, graph)
    is_other = _others(before, graph)
    acted, anew = _acted(before, graph, is_other, accounts, account_at)
    out, into = graph.out.unsigned(), graph.into.unsigned()
    who, posts, codes = _gained_acts(np.flatnonzero(acted), accounts, before.out, graph.out, anew)
    again = np.flatnonzero(anew)
    shared = np.zeros(len(graph.kind), np.bool_)
    shared[old.things] = True
    shared[old.things[graph.same_as[old.things] != old.things]] = False
    looked_at = np.concatenate([posts, _posts_of(accounts[again], out)])
    joined = _joined(looked_at, graph.kind, out, into, shared)
    things = np.flatnonzero(shared).astype(np.int32)
    thing_at = np.full(len(graph.kind), -1, np.int32)
    thing_at[things] = np.arange(len(things), dtype=np.int32)
    is_joined = np.zeros(len(things), np.bool_)
    is_joined[thing_at[joined]] = True
    found = (
        _of_acts(who, posts, codes, graph.kind, out, thing_at, is_joined),
        _of_things(joined, graph.kind, into, account_at, thing_at, anew),
        _of_accounts(again, accounts, graph.kind, out, thing_at),
    )
    place = thing_at[old.things]
    account, touch = (np.concatenate([one[i] for one in found]) for i in range(2))
    gains = with_gains(account, touch, anew, old.by_account, place)
    lost = lost_touches(again, old.by_account, place, len(things))
    known = old.thing_at[things[: np.searchsorted(things, len(before.kind))]]
    known = np.concatenate([known, np.full(len(things) - len(known), -1, np.int32)])
    by_account, by_thing = merged(old, gains, anew, place, known, lost, len(accounts))
    makers, beginner = np.zeros((2, len(things)), np.int32)
    met = np.empty(len(things), np.int64)
    for column, moved in ((old.makers, makers), (old.beginner, beginner), (old.met, met)):
        _move(column, known, moved)
    new = np.flatnonzero(known < 0)
    met[new] = order_of(graph, things[new])
    affected = np.flatnonzero((lost > 0) | (np.bincount(gains.rows.other, minlength=len(lost)) > 0))
    _count_makers(affected, by_thing, makers)
    unsure = np.union1d(new, _unsure(before, graph, is_other, thing_at))
    _begin(unsure, things, graph.kind, graph.first, graph.author, account_at, into, beginner)
    size = np.add.reduceat(by_thing.weight, by_thing.start[:-1]) if len(things) else WEIGHTS[:0]
    return Extended(
        Touches(
            accounts,
            things,
            account_at,
            thing_at,
            graph.kind[things],
            by_account,
            by_thing,
            size.astype(np.float32),
            makers,
            beginner,
            met,
            *_counted(old, graph, accounts, acted),
        ),
        acted,
        gains,
    )


def _accounts(old: Touches, before: Graph, graph: Graph) -> tuple[Int32, Int32]:
    """The accounts and their places: new nodes stand behind all others, so old ones stay."""
    known = len(before.kind)
    new = np.flatnonzero(graph.kind[known:] == Node.ACCOUNT).astype(np.int32) + np.int32(known)
    account_at = np.full(len(graph.kind), -1, np.int32)
    account_at[:known] = old.account_at
    account_at[new] = np.arange(len(old.accounts), len(old.accounts) + len(new), dtype=np.int32)
    return np.concatenate([old.accounts, new]), account_at


def _others(before: Graph, graph: Graph) -> Bools:
    """(nodes) Whose edges to others are not those from before."""
    is_other = np.ones(len(graph.kind), np.bool_)

    def compare(low: int, high: int) -> None:
        _compare(before.out, graph.out, is_other, low, high)

    in_halves(before.out.start, compare)
    return is_other


def _acted(
    before: Graph, graph: Graph, is_other: Bools, accounts: Int32, account_at: Int32
) -> tuple[Bools, Bools]:
    """(accounts) Whose acts, or what the posts that they touched carry, are others than before.

    And of these, who touched a post of old that carries something else now: all of their touches
    are counted anew.
    """
    acted: Bools = is_other[accounts]
    anew = np.zeros(len(accounts), np.bool_)
    known = len(before.kind)
    posts = np.flatnonzero(is_other[:known] & (before.kind == Node.POST))
    acts = graph.into.edges(posts)
    anew[account_at[acts.target[acts.act <= _LAST]]] = True
    return acted | anew, anew


def _unsure(before: Graph, graph: Graph, is_other: Bools, thing_at: Int32) -> Int64:
    """Things of which somebody else may have been the first: by posts that are told of late."""
    known = len(before.kind)
    late = (is_other[:known] | (graph.author[:known] != before.author)) & (before.kind == Node.POST)
    posts = np.flatnonzero(late)
    places = thing_at[np.concatenate([posts, graph.out.edges(posts).target])]
    return np.unique(places[places >= 0]).astype(np.int64)


def _counted(old: Touches, graph: Graph, accounts: Int32, acted: Bools) -> tuple[Int32, Int32]:
    """How many acts of each kind each account did, and how many replies."""
    new = len(accounts) - len(old.accounts)
    acts = np.concatenate([old.acts, np.zeros((new, len(OWN_ACTS)), np.int32)])
    replies = np.concatenate([old.replies, np.zeros(new, np.int32)])
    some = np.flatnonzero(acted)
    acts[some], replies[some] = count_acts(graph, accounts[some])
    return acts, replies


@kernel
def _compare(old: Csr, new: Csr, is_other: Bools, low: int, high: int) -> None:
    for n in range(low, high):
        begin, moved = old.start[n], new.start[n] - old.start[n]
        length = old.start[n + 1] - begin
        same = length == new.start[n + 1] - new.start[n]
        if same:
            for e in range(begin, begin + length):
                if old.node[e] != new.node[e + moved] or old.act[e] != new.act[e + moved]:
                    same = False
                    break
        is_other[n] = not same


@kernel
def _gained_acts(  # noqa: C901 - handing on so many arrays takes twice the time
    which: Int64, accounts: Int32, old: Csr, new: Csr, anew: Bools
) -> tuple[Int64, Int32, UInt8]:
    """Acts on posts that were not there: who, on what, and the code of the act.

    Who turns out to have made a post that it passed on before is counted ``anew``: it came by
    that post in another way than was thought.
    """
    who, posts = np.empty(1 << 10, np.int64), np.empty(1 << 10, np.int32)
    codes, found = np.empty(1 << 10, np.uint8), 0
    for i in which:
        if anew[i]:
            continue
        account, before, mine, is_late = accounts[i], found, -1, False
        o, last = 0, 0
        if account < len(old.start) - 1:
            o, last = old.start[account], old.start[account + 1]
        for e in range(new.start[account], new.start[account + 1]):
            post, act = new.node[e], new.act[e]
            while o < last and (old.node[o] < post or (old.node[o] == post and old.act[o] < act)):
                o += 1
            is_new = o == last or old.node[o] != post or old.act[o] != act
            if act > _LAST:
                continue
            if act == _AUTHORED:  # stands first of what an account did to a post
                mine, is_late = post, is_new
            if not is_new:
                anew[i] |= mine == post and is_late
                continue
            if found == len(who):
                who, posts = np.append(who, np.empty_like(who)), np.append(posts, posts)
                codes = np.append(codes, codes)
            who[found], posts[found] = i, post
            codes[found] = (act << 2) | (MADE if mine == post else CAME)
            found += 1
        if anew[i]:
            found = before
    return who[:found], posts[:found], codes[:found]


@kernel
def _posts_of(accounts: Int32, out: Csr) -> Int32:
    """The posts that some accounts touched."""
    posts, found = np.empty(1 << 10, np.int32), 0
    for account in accounts:
        for e in range(out.start[account], out.start[account + 1]):
            if out.act[e] <= _LAST:
                if found == len(posts):
                    posts = np.append(posts, posts)
                posts[found] = out.node[e]
                found += 1
    return posts[:found]


@kernel
def _joined(posts: Int32, kind: UInt8, out: Csr, into: Csr, shared: Bools) -> Int32:
    """Things of some posts that one alone touched so far, and now two: they are marked."""
    seen = np.zeros(len(kind), np.bool_)
    joined, found = np.empty(1 << 10, np.int32), 0
    for post in posts:
        for c in range(out.start[post], out.start[post + 1] + 1):
            thing = int(post if c == out.start[post + 1] else out.node[c])
            if shared[thing] or seen[thing] or kind[thing] == _COMMUNITY:
                continue
            seen[thing] = True
            if _is_shared(thing, kind, into):
                shared[thing] = True
                if found == len(joined):
                    joined = np.append(joined, joined)
                joined[found] = thing
                found += 1
    return joined[:found]


@kernel
def _is_shared(thing: int, kind: UInt8, into: Csr) -> bool:
    """Whether two accounts touched a thing."""
    one = -1
    begin = into.start[thing]
    end = begin + 1 if kind[thing] == _POST else into.start[thing + 1]
    for p in range(begin, end):
        post = thing if kind[thing] == _POST else int(into.node[p])
        for e in range(into.start[post], into.start[post + 1]):
            if into.act[e] > _LAST:
                continue
            account = int(into.node[e])
            if one < 0:
                one = account
            elif account != one:
                return True
    return False


@kernel
def _add(account: Int64, touch: Int64, found: int, who: int, what: int) -> tuple[Int64, Int64]:
    """Write one more touch, and make room for it if there is none."""
    if found == len(account):
        account, touch = np.append(account, account), np.append(touch, touch)
    account[found], touch[found] = who, what
    return account, touch


@kernel
def _of_acts(
    who: Int64,
    posts: Int32,
    codes: UInt8,
    kind: UInt8,
    out: Csr,
    thing_at: Int32,
    is_joined: Bools,
) -> tuple[Int64, Int64]:
    """The touches that some acts make of things that were shared before."""
    account, touch, found = np.empty(1 << 10, np.int64), np.empty(1 << 10, np.int64), 0
    for a in range(len(posts)):
        post = posts[a]
        for c in range(out.start[post], out.start[post + 1] + 1):
            node = int(post if c == out.start[post + 1] else out.node[c])
            thing = int(thing_at[node])
            if thing >= 0 and not is_joined[thing] and kind[node] != _COMMUNITY:
                account, touch = _add(account, touch, found, who[a], (thing << 4) | codes[a])
                found += 1
    return account[:found], touch[:found]


@kernel
def _of_things(
    joined: Int32, kind: UInt8, into: Csr, account_at: Int32, thing_at: Int32, anew: Bools
) -> tuple[Int64, Int64]:
    """All touches of some things, but of those accounts that are counted anew."""
    account, touch, found = np.empty(1 << 10, np.int64), np.empty(1 << 10, np.int64), 0
    for thing in joined:
        begin, place = into.start[thing], int(thing_at[thing])
        end = begin + 1 if kind[thing] == _POST else into.start[thing + 1]
        for p in range(begin, end):
            post, maker = thing if kind[thing] == _POST else np.int32(into.node[p]), -1
            for e in range(into.start[post], into.start[post + 1]):
                act, who = int(into.act[e]), int(account_at[into.node[e]])
                if act > _LAST:
                    continue
                if act == _AUTHORED:  # stands first of what an account did to a post
                    maker = who
                if not anew[who]:
                    code = (act << 2) | (MADE if maker == who else CAME)
                    account, touch = _add(account, touch, found, who, (place << 4) | code)
                    found += 1
    return account[:found], touch[:found]


@kernel
def _of_accounts(
    again: Int64, accounts: Int32, kind: UInt8, out: Csr, thing_at: Int32
) -> tuple[Int64, Int64]:
    """All touches of some accounts."""
    account, touch, found = np.empty(1 << 10, np.int64), np.empty(1 << 10, np.int64), 0
    for i in again:
        mine = -1
        for e in range(out.start[accounts[i]], out.start[accounts[i] + 1]):
            act, post = int(out.act[e]), int(out.node[e])
            if act > _LAST:
                continue
            if act == _AUTHORED:
                mine = post
            code = (act << 2) | (MADE if mine == post else CAME)
            for c in range(out.start[post], out.start[post + 1] + 1):
                node = post if c == out.start[post + 1] else int(out.node[c])
                thing = int(thing_at[node])
                if thing >= 0 and kind[node] != _COMMUNITY:
                    account, touch = _add(account, touch, found, i, (thing << 4) | code)
                    found += 1
    return account[:found], touch[:found]


@kernel
def _move(old: Int32 | Int64, known: Int32, new: Int32 | Int64) -> None:
    for j in range(len(known)):
        if known[j] >= 0:
            new[j] = old[known[j]]


@kernel
def _count_makers(which: Int64, rows: Rows, makers: Int32) -> None:
    for j in which:
        makers[j] = 0
        for e in range(rows.start[j], rows.start[j + 1]):
            makers[j] += rows.how[e] & MADE


@kernel
def _begin(
    which: Int64,
    things: Int32,
    kind: UInt8,
    first: Int64,
    author: Int32,
    account_at: Int32,
    into: Csr,
    beginner: Int32,
) -> None:
    """Find who was the first to make some things."""
    for j in which:
        post = thing = things[j]
        if kind[thing] != _POST:
            post = -1
            for e in range(into.start[thing], into.start[thing + 1]):
                by = np.int32(into.node[e])
                if post < 0 or first[by] < first[post]:
                    post = by
        maker = author[post] if post >= 0 else -1
        beginner[j] = account_at[maker] if maker >= 0 else -1
