"""Which items and accounts to ask about next: the most bits an answer, items with reach first.

What a question about an account is worth is the mutual information of the account and the answer
(Lindley, "On a measure of the information provided by an experiment", 1956): the entropy of its
probability now, less what is left of it on average once a reviewer, who errs at times, has
answered. A question about an item is worth that of the item, times a factor, and that of every
account that acted on it.

What an item tells of an account follows from the weight ``w`` of the act, the log-likelihood
ratio that it has if the item is tainted and loses if it is not. The account's odds without the
item, ``o``, are those with which its probability now is the mean of what it would be:

    p = t e^w o / (1 + e^w o) + (1 - t) o / (1 + o),      t the item's probability,

a quadratic in ``o`` with one positive root. So no question is expected to move an account up or
down; it only moves it away from doubt.

Several questions may settle the same account. Each takes the share ``gain / entropy`` of the doubt
that those before it left, as if they were independent: what is expected of a set of questions is
then monotone and submodular, and the greedy choice reaches at least 1 - 1/e of the best (Nemhauser,
Wolsey and Fisher, 1978). Because gains only fall, a candidate is valued again only when it comes
first (Minoux, "Accelerated greedy algorithms", 1978). What an answer about an account tells of
the items it acted on is not counted.
"""

from __future__ import annotations

from math import exp, log2, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import kernel
from leeward.network._review.reviewers import ReviewErrors

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._statistics.binomial import Doubles, Int64

    Int32 = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float32]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Asking", "Candidates", "Questions", "questions"]


class Candidates(NamedTuple):
    """Items and accounts that could be asked about, and who acted on which item.

    Attributes:
        items: (items) Log-odds that the item is tainted.
        accounts: (accounts) Log-odds that the account belongs.
        start: (items + 1) The acts on item ``i`` stand from ``start[i]`` to ``start[i + 1]``.
        account: (acts) Who acted.
        weight: (acts) What the act adds to the account's log-odds if the item is tainted, beside
            what it adds if it is not; in nats.
    """

    items: Doubles
    accounts: Doubles
    start: Int64
    account: Int32
    weight: Floats


class Asking(Struct, frozen=True):
    """How questions are asked, and what they are worth.

    Attributes:
        item_errors: Of reviewers who are asked about an item.
        account_errors: Of reviewers who are asked about an account.
        item_worth: What a bit about an item is worth beside a bit about an account.
        item_cost: The work of a question about an item, beside one about an account.
    """

    item_errors: ReviewErrors = ReviewErrors.known(0.02, 0.02)
    account_errors: ReviewErrors = ReviewErrors.known(0.02, 0.02)
    item_worth: float = 1.0
    item_cost: float = 1.0


class Questions(Struct, frozen=True):
    """What to ask, the most worth first.

    Attributes:
        is_item: (questions) Whether it is about an item, or about an account.
        subject: (questions) Its place among the items or the accounts.
        gain: (questions) What the answer is expected to bring, in bits, after those before it.
    """

    is_item: Bools
    subject: Int64
    gain: Doubles


def questions(
    candidates: Candidates,
    count: int,
    *,
    asking: Asking | None = None,
    items_asked: Bools | None = None,
    accounts_asked: Bools | None = None,
) -> Questions:
    """The next questions, items and accounts mixed by what an answer brings for its cost.

    Args:
        candidates: What could be asked.
        count: Questions at the most; there are fewer when nothing else brings anything.
        asking: How they are asked.
        items_asked: (items) Those that need no question; none by default.
        accounts_asked: (accounts) Those that need none, nor gain by a question about an item.

    Returns:
        The questions. Equal worth goes to items, then to the first place.

    Raises:
        UsageError: The arrays do not fit together, or the count is below 0.
    """
    asking = asking or Asking()
    items, accounts = len(candidates.items), len(candidates.accounts)
    items_asked = np.zeros(items, np.bool_) if items_asked is None else items_asked
    accounts_asked = np.zeros(accounts, np.bool_) if accounts_asked is None else accounts_asked
    if (
        count < 0
        or len(candidates.start) != items + 1
        or not len(candidates.account) == len(candidates.weight) == candidates.start[-1]
        or (len(items_asked), len(accounts_asked)) != (items, accounts)
    ):
        raise UsageError(
            "candidates and acts do not fit together",
            where="questions",
            hint="start has one place more than items; account and weight one for each act",
        )
    taint, belongs = _chances(candidates.items), _chances(candidates.accounts)
    doubt = np.where(accounts_asked, 0.0, _doubts(belongs))
    by_item, by_account = asking.item_errors, asking.account_errors
    shares = _shares(
        taint,
        belongs,
        candidates.start,
        candidates.account,
        candidates.weight,
        (by_item.false_yes.value, by_item.false_no.value),
    )
    rates = (by_account.false_yes.value, by_account.false_no.value)
    of_account = np.where(accounts_asked, 0.0, _answered(belongs, *rates))
    own = _answered(taint, by_item.false_yes.value, by_item.false_no.value) * asking.item_worth
    chosen, gain = _greedy(
        own,
        items_asked,
        candidates.start,
        candidates.account,
        shares,
        doubt,
        of_account,
        asking.item_cost,
        count,
    )
    return Questions(chosen < items, np.where(chosen < items, chosen, chosen - items), gain)


def _chances(log_odds: Doubles) -> Doubles:
    # Beyond 30 nothing is left to learn, and the logarithms of what is left would lose digits.
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30.0, 30.0))))


@kernel
def _entropy(p: float) -> float:
    """In bits."""
    return 0.0 if p <= 0.0 or p >= 1.0 else -p * log2(p) - (1 - p) * log2(1 - p)


@kernel
def _doubts(p: Doubles) -> Doubles:
    result = np.empty(len(p))
    for i in range(len(p)):
        result[i] = _entropy(p[i])
    return result


@kernel
def _answered(p: Doubles, false_yes: float, false_no: float) -> Doubles:
    """The mutual information of something and an answer about it, in bits."""
    result = np.empty(len(p))
    noise = (_entropy(false_yes), _entropy(false_no))
    for i in range(len(p)):
        yes = p[i] * (1 - false_no) + (1 - p[i]) * false_yes
        result[i] = max(_entropy(yes) - p[i] * noise[1] - (1 - p[i]) * noise[0], 0.0)
    return result


@kernel
def _shares(
    taint: Doubles,
    belongs: Doubles,
    start: Int64,
    account: Int32,
    weight: Floats,
    rates: tuple[float, float],
) -> Floats:
    """For each act the share of its account's doubt that an answer about its item takes away."""
    result = np.zeros(len(account), np.float32)
    for i in range(len(taint)):
        yes = taint[i] * (1 - rates[1]) + (1 - taint[i]) * rates[0]
        if yes <= 0 or yes >= 1:
            continue
        after_yes = taint[i] * (1 - rates[1]) / yes
        after_no = taint[i] * rates[1] / (1 - yes)
        for e in range(start[i], start[i + 1]):
            p = belongs[account[e]]
            k = exp(min(max(weight[e], -30.0), 30.0))
            tainted, clean = _either_way(p, taint[i], k)
            left = yes * _entropy(after_yes * tainted + (1 - after_yes) * clean)
            left += (1 - yes) * _entropy(after_no * tainted + (1 - after_no) * clean)
            result[e] = max(1 - left / _entropy(p), 0.0)
    return result


@kernel
def _either_way(p: float, taint: float, k: float) -> tuple[float, float]:
    """An account's probability if the item is tainted, and if it is not."""
    b = taint * k + 1 - taint - p * (1 + k)
    root = sqrt(b * b + 4 * k * (1 - p) * p)
    # Of the two ways to write the root, that which subtracts nothing.
    odds = 2 * p / (b + root) if b > 0 else (root - b) / (2 * k * (1 - p))
    return k * odds / (1 + k * odds), odds / (1 + odds)


@kernel
def _greedy(
    own: Doubles,
    items_asked: Bools,
    start: Int64,
    account: Int32,
    shares: Floats,
    doubt: Doubles,
    of_account: Doubles,
    item_cost: float,
    count: int,
) -> tuple[Int64, Doubles]:
    """Choose by a heap of gains that may be too high, each looked at again when it comes first."""
    items = len(own)
    left = doubt.copy()
    key = np.empty(items + len(doubt))
    for i in range(items):
        reach = _reach(i, start, account, shares, left)
        key[i] = 0.0 if items_asked[i] else (own[i] + reach) / item_cost
    key[items:] = of_account
    heap = np.flatnonzero(key > 0)
    size = len(heap)
    for place in range(size // 2, -1, -1):
        _sift(heap, size, place, key)
    chosen, gain, found = np.empty(min(count, size), np.int64), np.empty(min(count, size)), 0
    while found < len(chosen) and size > 0:
        first = heap[0]
        if first < items:
            bits = own[first] + _reach(first, start, account, shares, left)
            now = bits / item_cost
        else:
            a = first - items
            bits = now = of_account[a] * left[a] / doubt[a]
        if now < key[first]:
            key[first] = now
            _sift(heap, size, 0, key)
            continue
        if bits <= 0:
            break
        chosen[found], gain[found] = first, bits
        found += 1
        size -= 1
        heap[0] = heap[size]
        _sift(heap, size, 0, key)
        if first < items:
            for e in range(start[first], start[first + 1]):
                left[account[e]] *= 1 - shares[e]
        else:
            left[first - items] *= 1 - of_account[first - items] / doubt[first - items]
    return chosen[:found], gain[:found]


@kernel
def _reach(item: int, start: Int64, account: Int32, shares: Floats, left: Doubles) -> float:
    """What an answer about an item is expected to take from the doubt about accounts, in bits."""
    bits = 0.0
    for e in range(start[item], start[item + 1]):
        bits += shares[e] * left[account[e]]
    return bits


@kernel
def _sift(heap: Int64, size: int, place: int, key: Doubles) -> None:
    """Let the candidate at a place of the heap sink below those that are worth more."""
    while True:
        best = place
        for child in (2 * place + 1, 2 * place + 2):
            if child < size:
                a, b = heap[child], heap[best]
                if key[a] > key[b] or (key[a] == key[b] and a < b):
                    best = child
        if best == place:
            return
        heap[place], heap[best] = heap[best], heap[place]
        place = best
