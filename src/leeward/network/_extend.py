"""The touches of a graph that grew, from those before: only what changed is counted again.

The result is the same, number for number, as if all touches had been counted anew.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._acts import Act, Node
from leeward.network._touches import OWN_ACTS, WEIGHTS, Rows, Touches, count_acts, fill, order_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._csr import Bools, Csr, Int32, Int64, UInt8
    from leeward.network._graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["Extended", "extended"]

_THREADS: Final = 2
_POST, _COMMUNITY = int(Node.POST), int(Node.COMMUNITY)
_LAST: Final = int(Act.LIKED)


class Extended(NamedTuple):
    """Touches of a graph that grew.

    Attributes:
        touches: They.
        acted: (accounts) Who did anything in between, or touched a post of which it is known
            only now what it carries.
        changed: (accounts) Whose touches of shared things are others than before; among them who
            did nothing, but was joined at a thing.
    """

    touches: Touches
    acted: Bools
    changed: Bools


def extended(old: Touches, before: Graph, graph: Graph) -> Extended:
    """Bring touches up to date.

    Args:
        old: The touches of ``before``.
        before: The graph that they were counted in.
        graph: The same graph with further events.
    """
    accounts, account_at = _accounts(old, before, graph)
    acted = _acted(before, graph, accounts, account_at)
    things, changed = _things(old, graph, account_at, acted)
    thing_at = np.full(len(graph.kind), -1, np.int32)
    thing_at[things] = np.arange(len(things), dtype=np.int32)
    some = np.flatnonzero(changed)
    fresh = _fresh(graph, accounts[some], thing_at)
    by_account = _woven_accounts(old, thing_at, some, fresh, len(accounts))
    is_affected = np.zeros(len(things), np.bool_)
    is_affected[fresh.other] = True
    known = old.thing_at[things[things < len(before.kind)]]
    known = np.concatenate([known, np.full(len(things) - len(known), -1, np.int32)])
    _mark_left(some[some < len(old.accounts)], old, thing_at, is_affected)
    by_thing = _woven_things(old, known, is_affected, changed, some, fresh)
    makers, beginner = np.zeros((2, len(things)), np.int32)
    _move(old.makers, known, makers)
    _move(old.beginner, known, beginner)
    affected = np.flatnonzero(is_affected)
    _judge(
        affected,
        by_thing,
        things,
        graph.kind,
        graph.first,
        graph.author,
        account_at,
        graph.into.unsigned(),
        makers,
        beginner,
    )
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
            order_of(graph, things),
            *_counted(old, graph, accounts, acted),
        ),
        acted,
        changed,
    )


def _accounts(old: Touches, before: Graph, graph: Graph) -> tuple[Int32, Int32]:
    """The accounts and their places: new nodes stand behind all others, so old ones stay."""
    known = len(before.kind)
    new = np.flatnonzero(graph.kind[known:] == Node.ACCOUNT).astype(np.int32) + np.int32(known)
    account_at = np.full(len(graph.kind), -1, np.int32)
    account_at[:known] = old.account_at
    account_at[new] = np.arange(len(old.accounts), len(old.accounts) + len(new), dtype=np.int32)
    return np.concatenate([old.accounts, new]), account_at


def _acted(before: Graph, graph: Graph, accounts: Int32, account_at: Int32) -> Bools:
    """(accounts) Whose acts, or what the posts that they touched carry, are others than before."""
    is_other = np.ones(len(graph.kind), np.bool_)

    def compare(low: int, high: int) -> None:
        _compare(before.out, graph.out, is_other, low, high)

    _in_halves(before.out.start, compare)
    acted: Bools = is_other[accounts]
    posts = np.flatnonzero(is_other & (graph.kind == Node.POST))
    acts = graph.into.edges(posts)
    acted[account_at[acts.target[acts.act <= _LAST]]] = True
    return acted


def _things(old: Touches, graph: Graph, account_at: Int32, acted: Bools) -> tuple[Int32, Bools]:
    """The things that two accounts or more touched; and whose touches are others than before.

    A picture that turned out to be another one is none any longer. What was touched by one alone
    and is by two now counts for both.
    """
    shared = np.zeros(len(graph.kind), np.bool_)
    shared[old.things] = True
    moved = old.things[graph.same_as[old.things] != old.things]
    shared[moved] = False
    changed = acted.copy()
    _find_shared(
        np.flatnonzero(acted),
        np.flatnonzero(account_at >= 0),
        graph.kind,
        graph.out.unsigned(),
        graph.into.unsigned(),
        account_at,
        shared,
        changed,
    )
    return np.flatnonzero(shared).astype(np.int32), changed


def _fresh(graph: Graph, accounts: Int32, thing_at: Int32) -> Rows:
    """The rows of some accounts, counted anew."""
    out = graph.out.unsigned()
    most = int(_most(accounts, out))
    other, weight = np.empty(most, np.int32), np.empty(most, np.float32)
    how, start = np.empty(most, np.uint8), np.zeros(len(accounts) + 1, np.int64)
    end = fill(accounts, out, graph.kind, thing_at, WEIGHTS, start, other, weight, how)
    return Rows(start, other[:end], weight[:end], how[:end])


def _counted(old: Touches, graph: Graph, accounts: Int32, acted: Bools) -> tuple[Int32, Int32]:
    """How many acts of each kind each account did, and how many replies."""
    new = len(accounts) - len(old.accounts)
    acts = np.concatenate([old.acts, np.zeros((new, len(OWN_ACTS)), np.int32)])
    replies = np.concatenate([old.replies, np.zeros(new, np.int32)])
    some = np.flatnonzero(acted)
    acts[some], replies[some] = count_acts(graph, accounts[some])
    return acts, replies


def _woven_accounts(old: Touches, thing_at: Int32, some: Int64, fresh: Rows, accounts: int) -> Rows:
    """The rows of all accounts: as they were where nothing changed, with things' new places."""
    lengths = np.zeros(accounts, np.int64)
    lengths[: len(old.accounts)] = old.by_account.degrees()
    lengths[some] = fresh.degrees()
    rows = _room(lengths)
    fresh_at = np.full(accounts, -1, np.int64)
    fresh_at[some] = np.arange(len(some))
    place = thing_at[old.things]

    def weave(low: int, high: int) -> None:
        _weave_accounts(old.by_account, fresh, fresh_at, place, rows, low, high)

    _in_halves(rows.start, weave)
    return rows


def _woven_things(
    old: Touches, known: Int32, affected: Bools, changed: Bools, some: Int64, fresh: Rows
) -> Rows:
    """The rows of all things, from those before and the accounts that changed."""
    counts = np.bincount(fresh.other, minlength=len(known))
    start = np.zeros(len(known) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    length = len(fresh.other)
    turned = Rows(
        start, np.empty(length, np.int32), np.empty(length, np.float32), np.empty(length, np.uint8)
    )
    _turn(fresh, some, start[:-1].copy(), turned)
    lengths = np.where(known >= 0, old.by_thing.degrees()[known], 0) if len(old.things) else counts
    which = np.flatnonzero(affected)
    lengths[which] = counts[which]
    _add_staying(which, old.by_thing, known, changed, lengths)
    rows = _room(lengths)

    def weave(low: int, high: int) -> None:
        _weave_things(old.by_thing, known, affected, changed, turned, rows, low, high)

    _in_halves(rows.start, weave)
    return rows


def _room(lengths: Int64) -> Rows:
    start = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=start[1:])
    total = int(start[-1])
    return Rows(
        start, np.empty(total, np.int32), np.empty(total, np.float32), np.empty(total, np.uint8)
    )


def _in_halves(start: Int64, work: Callable[[int, int], None]) -> None:
    half = int(np.searchsorted(start, start[-1] // 2))
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(work, (0, half), (half, len(start) - 1)))


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
def _most(accounts: Int32, out: Csr) -> int:
    """How many touches some accounts may have."""
    found = 0
    for account in accounts:
        for e in range(out.start[account], out.start[account + 1]):
            if out.act[e] <= _LAST:
                post = out.node[e]
                found += 1 + int(out.start[post + 1] - out.start[post])
    return found


@kernel
def _find_shared(
    acted: Int64,
    accounts: Int64,
    kind: UInt8,
    out: Csr,
    into: Csr,
    account_at: Int32,
    shared: Bools,
    changed: Bools,
) -> None:
    """Look at what was touched by one alone so far, by all who acted."""
    seen = np.zeros(len(kind), np.bool_)
    for i in acted:
        account = accounts[i]
        for e in range(out.start[account], out.start[account + 1]):
            if out.act[e] > _LAST:
                continue
            post = out.node[e]
            for c in range(out.start[post], out.start[post + 1] + 1):
                thing = post if c == out.start[post + 1] else out.node[c]
                if shared[thing] or seen[thing] or kind[thing] == _COMMUNITY:
                    continue
                seen[thing] = True
                _share(thing, kind, into, account_at, shared, changed)


@kernel
def _share(
    thing: int, kind: UInt8, into: Csr, account_at: Int32, shared: Bools, changed: Bools
) -> None:
    """See whether two accounts touched a thing, and if so, mark it and them."""
    one = -1
    for mark in range(2):
        if mark and not shared[thing]:
            return
        begin = into.start[thing]
        end = begin + 1 if kind[thing] == _POST else into.start[thing + 1]
        for p in range(begin, end):
            post = thing if kind[thing] == _POST else into.node[p]
            for e in range(into.start[post], into.start[post + 1]):
                if into.act[e] > _LAST:
                    continue
                account = account_at[into.node[e]]
                if mark:
                    changed[account] = True
                elif one < 0:
                    one = account
                elif account != one:
                    shared[thing] = True


@kernel
def _mark_left(some: Int64, old: Touches, thing_at: Int32, affected: Bools) -> None:
    """Mark the things that accounts touched before."""
    rows = old.by_account
    for i in some:
        for e in range(rows.start[i], rows.start[i + 1]):
            place = thing_at[old.things[rows.other[e]]]
            if place >= 0:
                affected[place] = True


@kernel
def _weave_accounts(
    old: Rows, fresh: Rows, fresh_at: Int64, place: Int32, new: Rows, low: int, high: int
) -> None:
    for i in range(low, high):
        to, f = new.start[i], fresh_at[i]
        if f >= 0:
            for e in range(fresh.start[f], fresh.start[f + 1]):
                new.other[to], new.weight[to] = fresh.other[e], fresh.weight[e]
                new.how[to] = fresh.how[e]
                to += 1
        elif i < len(old.start) - 1:
            for e in range(old.start[i], old.start[i + 1]):
                new.other[to], new.weight[to] = place[old.other[e]], old.weight[e]
                new.how[to] = old.how[e]
                to += 1


@kernel
def _turn(fresh: Rows, some: Int64, end: Int64, turned: Rows) -> None:
    """Write for each thing the accounts among some that touched it, ascending."""
    for f in range(len(some)):
        for e in range(fresh.start[f], fresh.start[f + 1]):
            to = end[fresh.other[e]]
            turned.other[to], turned.weight[to] = some[f], fresh.weight[e]
            turned.how[to] = fresh.how[e]
            end[fresh.other[e]] = to + 1


@kernel
def _add_staying(which: Int64, old: Rows, known: Int32, changed: Bools, lengths: Int64) -> None:
    for j in which:
        if known[j] >= 0:
            for e in range(old.start[known[j]], old.start[known[j] + 1]):
                lengths[j] += not changed[old.other[e]]


@kernel
def _weave_things(
    old: Rows,
    known: Int32,
    affected: Bools,
    changed: Bools,
    more: Rows,
    new: Rows,
    low: int,
    high: int,
) -> None:
    """Merge what stays of each row with what comes to it, both ascending."""
    for j in range(low, high):
        to, begin, end = new.start[j], 0, 0
        if known[j] >= 0:
            begin, end = old.start[known[j]], old.start[known[j] + 1]
        if not affected[j]:
            for e in range(begin, end):
                new.other[to], new.weight[to], new.how[to] = old.other[e], old.weight[e], old.how[e]
                to += 1
            continue
        m, last = more.start[j], more.start[j + 1]
        while begin < end or m < last:
            if begin < end and changed[old.other[begin]]:
                begin += 1
            elif m == last or (begin < end and old.other[begin] < more.other[m]):
                new.other[to], new.weight[to] = old.other[begin], old.weight[begin]
                new.how[to] = old.how[begin]
                begin += 1
                to += 1
            else:
                new.other[to], new.weight[to] = more.other[m], more.weight[m]
                new.how[to] = more.how[m]
                m += 1
                to += 1


@kernel
def _move(old: Int32, known: Int32, new: Int32) -> None:
    for j in range(len(known)):
        if known[j] >= 0:
            new[j] = old[known[j]]


@kernel
def _judge(
    affected: Int64,
    rows: Rows,
    things: Int32,
    kind: UInt8,
    first: Int64,
    author: Int32,
    account_at: Int32,
    into: Csr,
    makers: Int32,
    beginner: Int32,
) -> None:
    """Count the makers of things, and find who was the first."""
    for j in affected:
        makers[j] = 0
        for e in range(rows.start[j], rows.start[j + 1]):
            makers[j] += rows.how[e] & 1
        post = thing = things[j]
        if kind[thing] != _POST:
            post = -1
            for e in range(into.start[thing], into.start[thing + 1]):
                by = np.int32(into.node[e])
                if post < 0 or first[by] < first[post]:
                    post = by
        maker = author[post] if post >= 0 else -1
        beginner[j] = account_at[maker] if maker >= 0 else -1
