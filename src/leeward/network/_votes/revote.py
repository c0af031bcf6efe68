"""Votes brought up to date for those who did something since they were taken.

Walkers come to an account by each thing that it touched, so what it touches now adds to those who
came before: these are known from its votes of old, by the scale on which the votes were measured.
What others did to the things that it touched before moves nothing; that is for a search anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._graph.acts import Node
from leeward.network._touches.gains import Gains
from leeward.network._touches.touches import CAME, MADE, Rows
from leeward.network._votes.consensus import bin_of
from leeward.network._votes.lifts import COLUMNS, Lifts, counted_ways
from leeward.network._votes.ways import odds_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Int32, Int64, UInt8
    from leeward.network._touches.extend import Extended
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.lifts import Walkers
    from leeward.network._votes.ways import Way

    Doubles = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]
    Shares = npt.NDArray[np.uint16]

__all__ = ["Revoted", "revoted"]

_POST = int(Node.POST)
_NOT, _THERE, _MADE = 0, 1, 2


class Revoted(NamedTuple):
    """Votes that were brought up to date.

    Attributes:
        accounts: For whom: places of those who did something that shared things tell of, and of
            those who are new.
        votes: (accounts) What the witnesses say of them, as log-odds.
        ways: What they follow from by now.
    """

    accounts: Int64
    votes: Doubles
    ways: tuple[Way, ...]


def revoted(
    more: Extended, ways: tuple[Way, ...], known: int, replies: Touches | None = None
) -> Revoted:
    """Bring the votes up to date for whoever acted.

    Args:
        more: The touches as they are now, and what came.
        ways: What votes followed from before.
        known: How many accounts there were.
        replies: Who turned to whom, as it is now, where replies lead; these votes are taken anew.
    """
    touches, gains = more.touches, more.gains
    accounts = np.flatnonzero(more.acted)
    if replies is not None:
        touches, gains = replies, _whole(replies.by_account, accounts)
    has_gained = np.zeros(len(more.acted), np.bool_)
    has_gained[gains.account] = True
    has_gained[known:] = True
    accounts = accounts[has_gained[accounts]]
    if not len(accounts):
        return Revoted(accounts, np.zeros(0), ways)
    again = _Again(touches, gains, accounts, known)
    each = [again.of(way) for way in ways]
    total = sum((votes for votes, _ in each), np.zeros(len(accounts)))
    return Revoted(accounts, total, tuple(way for _, way in each))


def _whole(rows: Rows, accounts: Int64) -> Gains:
    """The rows of some accounts as if nothing of them had been known."""
    anew = np.zeros(len(rows.start) - 1, np.bool_)
    anew[accounts] = True
    start = np.zeros(len(accounts) + 1, np.int64)
    np.cumsum(rows.degrees()[accounts], out=start[1:])
    which = np.repeat(rows.start[accounts] - start[:-1], np.diff(start)) + np.arange(start[-1])
    own = Rows(start, rows.other[which], rows.weight[which], rows.how[which])
    return Gains(accounts, own, np.zeros(len(which), np.uint8), anew)


class _Again:
    """Votes for some accounts, taken again.

    Args:
        touches: Who touched what, as it is now.
        gains: What came since.
        accounts: Their places.
        known: How many accounts there were.
    """

    def __init__(self, touches: Touches, gains: Gains, accounts: Int64, known: int) -> None:
        self._touches, self._gains, self._accounts = touches, gains, accounts
        row = np.full(len(touches.accounts), -1, np.int64)
        row[gains.account] = np.arange(len(gains.account))
        self._row = row[accounts]
        self._from_nothing = (accounts >= known) | gains.anew[accounts]
        self._counted = counted_ways(touches)
        self._needed = np.zeros(len(touches.things), np.bool_)
        _need(self._row, gains.rows, self._needed)
        self._room: Walkers | None = None

    def of(self, way: Way) -> tuple[Doubles, Way]:
        """What one way says of them, and the way with their votes."""
        places = self._places(way)
        there = np.flatnonzero(places >= 0)
        lifts = self._lifts(way, places[there])
        now = self._counted.of(way.kind)[1][self._accounts].astype(np.float64)
        gained = np.zeros(len(now))
        row, gains, kind = self._row, self._gains, self._touches.kind
        beginner, only = self._touches.beginner, 0 if way.kind is None else int(way.kind)
        _count_ways(self._accounts, row, gains, kind, beginner, only, gained)
        expected = lifts.expected(now - gained), lifts.expected(now)
        shares = way.later.shares(way.votes, self._accounts)
        self._room = room = lifts.room(self._room)
        for begin in range(0, len(there), COLUMNS):
            some = there[begin : begin + COLUMNS]
            lifts.at_things(places[some], room)
            came = np.zeros((len(some), len(now)), np.float32)
            _gain(self._accounts, row, gains, kind, beginner, lifts.inner, room, came)
            for w, walkers in zip(some.tolist(), came, strict=True):
                low, steps, places_of = (column[w] for column in way.scales)
                _raise(shares[w], walkers, *expected, self._from_nothing, low, steps, places_of)
        votes = _mean(shares[there], way.weights[there], places[there], self._accounts)
        said = way.weight * (way.steep * (odds_of(votes) - way.center))
        return said, way._replace(later=way.later.joined(self._accounts, shares))

    def _places(self, way: Way) -> Int64:
        """(witnesses) Their places as :class:`Lifts` counts them; below 0 for what is none."""
        thing = self._touches.thing_at[way.witnesses].astype(np.int64)
        account = self._touches.account_at[way.witnesses].astype(np.int64)
        places: Int64 = np.where(thing >= 0, len(self._touches.accounts) + thing, account)
        return places

    def _lifts(self, way: Way, witnesses: Int64) -> Lifts:
        """Lifts by what came, through what the witnesses touched."""
        everybody, only = len(self._touches.accounts), self._needed.copy()
        is_thing = witnesses >= everybody
        _need(witnesses[~is_thing], self._touches.by_account, only)
        only[witnesses[is_thing] - everybody] = True
        return Lifts(self._touches, way.kind, way.everywhere, self._counted, only)


def _mean(votes: Shares, weights: Doubles, witnesses: Int64, accounts: Int64) -> Doubles:
    """The mean votes for some accounts, as :func:`mean_vote` takes them."""
    total, heavy = np.zeros(len(accounts)), np.abs(weights)
    all_weights = np.full(len(accounts), heavy.sum())
    for i, shares in enumerate(votes):
        own = np.flatnonzero(accounts == witnesses[i])
        before = total[own]
        total += weights[i] * (shares / 65535 - 0.5)
        total[own] = before
        all_weights[own] = heavy[:i].sum() + heavy[i + 1 :].sum()
    mean: Doubles = np.divide(total, all_weights, out=np.zeros(len(total)), where=all_weights > 0)
    return mean + 0.5


@kernel
def _leads(how: int, kind: int, is_first: bool) -> int:
    """By which walkers a touch leads to who touched: by all, by those from makers, or by none."""
    if how & MADE == 0 or (kind == _POST and how & CAME):
        return _THERE if how else _NOT
    return _MADE if kind != _POST and not is_first else _NOT


@kernel
def _count_ways(
    accounts: Int64,
    row: Int64,
    gains: Gains,
    kind: UInt8,
    beginner: Int32,
    only: int,
    gained: Doubles,
) -> None:
    """How many more touches lead to each account than before, as lifts count them."""
    start, other, how, was = gains.rows.start, gains.rows.other, gains.rows.how, gains.was
    for k in range(len(accounts)):
        if row[k] < 0:
            continue
        for e in range(start[row[k]], start[row[k] + 1]):
            thing = other[e]
            if only and kind[thing] != only:
                continue
            for way, sign in ((how[e], 1), (was[e], -1)):
                if kind[thing] == _POST:
                    gained[k] += sign * ((way & CAME) != 0)
                elif way:
                    gained[k] += sign * (not (way & MADE and beginner[thing] == accounts[k]))


@kernel
def _need(which: Int64, rows: Rows, needed: Bools) -> None:
    """Mark the things of some rows; -1 is none."""
    for r in which:
        if r >= 0:
            for e in range(rows.start[r], rows.start[r + 1]):
                needed[rows.other[e]] = True


@kernel
def _gain(
    accounts: Int64,
    row: Int64,
    gains: Gains,
    kind: UInt8,
    beginner: Int32,
    inner: Int32,
    walkers: Walkers,
    delta: Floats,
) -> None:
    """Add up the walkers who come to each account by what it touched since."""
    start, other, hows, was = gains.rows.start, gains.rows.other, gains.rows.how, gains.was
    for k in range(len(accounts)):
        if row[k] < 0:
            continue
        for e in range(start[row[k]], start[row[k] + 1]):
            thing = other[e]
            slot, is_first = walkers.row[thing], beginner[thing] == accounts[k]
            if slot < 0:
                continue
            now = _leads(hows[e], kind[thing], is_first)
            before = _leads(was[e], kind[thing], is_first)
            if now == before:
                continue
            for c in range(len(delta)):
                if now:
                    from_ = walkers.there[slot, c]
                    delta[c, k] += from_ if now == _THERE else walkers.made[inner[slot], c]
                if before:
                    from_ = walkers.there[slot, c]
                    delta[c, k] -= from_ if before == _THERE else walkers.made[inner[slot], c]


@kernel
def _raise(
    shares: Shares,
    came: Floats,
    before: Doubles,
    now: Doubles,
    from_nothing: Bools,
    low: float,
    steps: float,
    places: Shares,
) -> None:
    """From votes of old to votes: by the lift in the middle of what has such a vote."""
    lifts = np.zeros(1 << 16)
    first = 1
    while first < len(places):
        last = first
        while last + 1 < len(places) and places[last + 1] == places[first]:
            last += 1
        if places[first] > places[0]:
            middle = (first + last) // 2
            lifts[places[first]] = low * np.exp((middle - 1) / steps if steps > 0 else 0.0)
        first = last + 1
    for k in range(len(shares)):
        if came[k] == 0 and before[k] == now[k] and not from_nothing[k]:
            continue
        # Nobody was expected anywhere where nothing was shared.
        is_new = from_nothing[k] or before[k] == 0
        walkers = 0.0 if is_new else lifts[shares[k]] / before[k]
        lift, place = max(walkers + came[k], 0.0) * now[k], 0
        if lift > 0:  # those above all who were there then stand with the highest
            place = 1 if low == np.inf else bin_of(lift, low, steps)
            place = min(max(place, 1), len(places) - 1)
        shares[k] = places[place]
