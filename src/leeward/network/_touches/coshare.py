"""Coordinated sharing: pairs of accounts that shared the same things at nearly the same time.

A share is an act: an account, a thing (a picture, a link, a hashtag, a reposted post) and a time.
For a window w, two accounts a != b *co-share* a thing by each pair of acts (i by a, j by b) on it
with ``|at_i - at_j| <= w``. Of a pair of accounts this room counts::

    acts(a, b)    = |{(i, j): thing_i = thing_j, |at_i - at_j| <= w, i by a, j by b}|
    things(a, b)  = |{thing_i: (i, j) as above}|
    closest(a, b) = min |at_i - at_j| over the same (i, j)

The definition is that of CooRTweet (Righetti and Balluff, "CooRTweet: A Generalized R Software
for Coordinated Network Detection", Computational Communication Research 7(1), 2025), which goes
back to Giglietto, Righetti, Rossi and Marino, "It takes a village to manipulate the media"
(Information, Communication & Society 23(6), 2020). CooRTweet's edge weight is ``acts``. What
differs:

* A pair is *repeated* by ``things``: one account that shares the same thing a hundred times
  beside one act of another makes 100 acts, but one thing. CooRTweet cuts at a percentile of
  ``acts`` and gives a score of symmetry by which such pairs can be told.
* CooRTweet keeps accounts with at least ``min_participation`` shares (2 by default), before and
  after pairing; the second time it keeps a pair if either of its two accounts has them. Here both
  accounts of a pair have shared at least ``repeated`` things in each other's company.
* A thing that a crowd shares at once is left out here, and named in the result.
* Every act counts: whoever has rows that repeat an act removes them first, as CooRTweet's
  examples do. CooRTweet drops a pair whose two acts have the same content id; here no act is
  paired with one of the same account, and nothing else is dropped.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.model import kernel
from leeward.network._touches.coshare_sweep import (
    PAIR,
    by_thing,
    count_pairs,
    in_company,
    often,
    present,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]

__all__ = ["CoShares", "Shares", "co_shares", "components"]

_AT_ONCE: Final = 1 << 22
"""How many pairs are told apart at once, about: half a gigabyte."""


class Shares(NamedTuple):
    """Acts in any order, one array a field, all of one length.

    Attributes:
        account: Who; an index.
        thing: What; an index.
        at: When, in microseconds.
    """

    account: Int32
    thing: Int32
    at: Int64

    def pick(self, rows: npt.NDArray[np.bool_ | np.int64]) -> Shares:
        """The acts at these places, or where a mask is true, in that order."""
        return Shares(self.account[rows], self.thing[rows], self.at[rows])


class CoShares(NamedTuple):
    """Pairs of accounts, sorted by ``a``, then ``b``; one array a field.

    Attributes:
        a, b: The accounts, ``a < b``.
        acts: Pairs of acts within the window, one by each account.
        things: Distinct things that these acts were on.
        closest: The least gap between two such acts, in microseconds.
        crowded: The things that were left out since a crowd shared them, ascending.
        crowded_acts: How many acts were on these.
    """

    a: Int32
    b: Int32
    acts: Int64
    things: Int32
    closest: Int64
    crowded: Int32
    crowded_acts: int


def co_shares(
    account: Int32,
    thing: Int32,
    at: Int64,
    *,
    window: int,
    repeated: int = 2,
    crowd: int = 200,
) -> CoShares:
    """The pairs of accounts that shared the same things within a window of time.

    Time is linear in the acts, times the accounts that share a thing in one window, which
    ``crowd`` bounds. Memory is some 60 bytes an act, the result, and about half a gigabyte: where
    more pairs than that are possible, the accounts are split into classes and each two classes
    are paired by themselves.

    Args:
        account: Who, by row; an index of 0 or above. A row is an act, whatever equals it.
        thing: What, by row; an index of 0 or above.
        at: When, by row, in microseconds.
        window: Largest gap in microseconds, inclusive; 0 asks for equal times.
        repeated: The least number of distinct things that a pair has co-shared.
        crowd: A thing that more distinct accounts shared within one window (at any time) tells
            nothing about two of them. It is left out altogether, and named in the result.

    Returns:
        The pairs, and what was left out.

    Raises:
        UsageError: Arrays of several lengths, an index below 0, or an option out of its range.
    """
    _check(account, thing, at, window, repeated, crowd)
    accounts, account = _dense(account)
    things, thing = _dense(thing)
    width, reach = len(accounts), np.uint64(window)
    acts = Shares(account, thing, at).pick(by_thing(thing, np.argsort(at), len(things)))
    most = np.zeros(len(things), np.int32)
    np.maximum.at(most, acts.thing, present(acts.thing, acts.account, acts.at, reach, width))
    crowded = most > crowd
    quiet = ~crowded[acts.thing]
    acts = _kept(acts.pick(quiet), reach, width, repeated)
    tables = [np.empty(0, PAIR), *_tables(acts, reach, width, repeated)]
    found = np.concatenate(tables)
    found = found[np.argsort(found["pair"])]
    return CoShares(
        accounts[(found["pair"] >> np.uint64(32)).astype(np.int64)],
        accounts[(found["pair"] & np.uint64(0xFFFFFFFF)).astype(np.int64)],
        found["acts"].copy(),
        found["things"].copy(),
        found["closest"].copy(),
        things[crowded],
        int(len(quiet) - quiet.sum()),
    )


def components(a: Int32, b: Int32, accounts: int) -> Int32:
    """Which accounts hang together by pairs.

    Args:
        a: The one account of each pair, as of :class:`CoShares`.
        b: The other.
        accounts: One more than the largest account.

    Returns:
        For each account the smallest account that it is joined to; its own where it is alone.
    """
    label = np.arange(accounts, dtype=np.int32)
    _join(a, b, label)
    return label


def _check(account: Int32, thing: Int32, at: Int64, window: int, repeated: int, crowd: int) -> None:
    if not len(account) == len(thing) == len(at):
        raise UsageError("account, thing and at have to be of one length", where="co_shares")
    if len(at) and min(account.min(), thing.min()) < 0:
        raise UsageError("accounts and things are indexes of 0 or above", where="co_shares")
    least = {"window": (window, 0), "repeated": (repeated, 1), "crowd": (crowd, 2)}
    for name, (value, low) in least.items():
        if value < low:
            raise UsageError(f"{name} has to be {low} or above", where="co_shares")


def _dense(ids: Int32) -> tuple[Int32, Int32]:
    """The names of indexes, ascending, and for each index its place among them."""
    largest = int(ids.max(initial=-1))
    if largest < 4 * len(ids):
        return np.arange(largest + 1, dtype=np.int32), ids
    names, places = np.unique(ids, return_inverse=True)
    return names, places.astype(np.int32)


def _kept(acts: Shares, window: np.uint64, width: int, repeated: int) -> Shares:
    """Without acts that can be in no pair of the result.

    Those that have none of another account near them go, and those of accounts that share
    too few things in company; then others may have become such. Rounds that remove less than a
    tenth are not worth their time.
    """
    while True:
        near, counts = in_company(acts.thing, acts.account, acts.at, window, width)
        near &= counts[acts.account] >= repeated
        before = len(near)
        acts = acts.pick(near)
        if len(acts.at) >= 0.9 * before:
            return acts


def _tables(
    acts: Shares, window: np.uint64, width: int, repeated: int
) -> Iterator[npt.NDArray[np.void]]:
    """The pairs of each two classes of accounts in turn, without those below ``repeated``."""
    most = _most_pairs(acts, window, width)
    classes = 1 if most <= _AT_ONCE else ceil(sqrt(2 * most / _AT_ONCE))
    # Of those who still act, as many in one class as in another.
    acting = np.bincount(acts.account, minlength=width) > 0
    kind = ((np.cumsum(acting) - 1) % classes).astype(np.int16)
    of = kind[acts.account]
    for one in range(classes):
        for other in range(one, classes):
            part = acts if classes == 1 else acts.pick((of == one) | (of == other))
            slots = 1 << (2 * _most_pairs(part, window, width)).bit_length()
            table = np.zeros(slots, PAIR)
            count_pairs(part.thing, part.account, part.at, window, kind, one != other, table)
            yield often(table, repeated)


def _most_pairs(acts: Shares, window: np.uint64, width: int) -> int:
    """No more pairs than this: others present at each act, and what the accounts allow."""
    others = present(acts.thing, acts.account, acts.at, window, width)
    acting = int(np.count_nonzero(np.bincount(acts.account)))
    return min(int(others.sum(dtype=np.int64)) - len(others), acting * (acting - 1) // 2)


@kernel
def _root(label: Int32, account: int) -> int:
    while label[account] != account:
        label[account] = label[label[account]]
        account = label[account]
    return account


@kernel
def _join(a: Int32, b: Int32, label: Int32) -> None:
    for i in range(len(a)):
        x, y = _root(label, a[i]), _root(label, b[i])
        label[max(x, y)] = min(x, y)
    for i in range(len(label)):
        label[i] = _root(label, i)
