"""Which items could be asked about after a search: those with reach among accounts in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network import Asking, Candidates, ReviewErrors, questions

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.evaluate._searching import Search, Searched

    Int64 = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["next_items"]

_ITEMS: Final = 20_000
"""Items that are thought about at the most: those whose answer reaches the most doubt."""
_LEAST: Final = 0.01
"""An item that is less likely tainted is no question."""
_ITEM_WORTH: Final = 0.1
"""Of a bit about an item, beside one about an account: accounts are what is looked for, and what an
item says of them is counted by itself."""
_GUESSING: Final = ReviewErrors.known(0.4999, 0.4999)
"""Answers about accounts are asked for otherwise; here, they tell nothing."""
_HEAVIEST: Final = 4.0
"""In nats: one act on one item says no more than that of an account."""


def next_items(
    searched: Searched,
    count: int,
    *,
    items_asked: set[int],
    accounts_asked: Bools,
    errors: ReviewErrors,
) -> Int64:
    """The next items to ask about, by what an answer brings; see :func:`leeward.network.questions`.

    Args:
        searched: The search.
        count: How many, at the most.
        items_asked: Nodes of items that were asked about.
        accounts_asked: (accounts) Those that were: of them, and of seeds, nothing is in doubt.
        errors: The reviewers'.

    Returns:
        Nodes.
    """
    search = searched.search
    items = _items(search, items_asked)
    start, acts = _acts(search, items)
    known = np.ones(len(search.log_odds), np.bool_)
    known[searched.place] = accounts_asked | searched.seeds
    heavy = search.taint.heavy[items]
    candidates = Candidates(
        np.log(heavy) - np.log1p(-heavy),
        search.log_odds,
        start,
        search.touches.by_thing.other[acts],
        _weights(search)[(search.touches.by_thing.weight[acts] < 1).astype(np.int64)],
    )
    asking = Asking(item_errors=errors, account_errors=_GUESSING, item_worth=_ITEM_WORTH)
    asked = questions(candidates, count, asking=asking, accounts_asked=known)
    nodes = search.touches.things[items[asked.subject[asked.is_item]]]
    return np.asarray(nodes, np.int64)


def _items(search: Search, asked: set[int]) -> Int64:
    """Places of items that may be tainted, or may not."""
    heavy = search.taint.heavy
    open_ = (heavy >= _LEAST) & (heavy <= 1 - 1e-9)
    open_[search.touches.thing_at[np.array(sorted(asked), np.int64)]] = False
    places = np.flatnonzero(open_)
    p = heavy[places]
    worth = p * (1 - p) * search.touches.by_thing.degrees()[places]
    return np.sort(places[np.argsort(-worth, kind="stable")[:_ITEMS]])


def _acts(search: Search, items: Int64) -> tuple[Int64, Int64]:
    """Where the acts on each item begin, and which touches they are."""
    rows = search.touches.by_thing
    length = rows.degrees()[items]
    start = np.zeros(len(items) + 1, np.int64)
    np.cumsum(length, out=start[1:])
    return start, np.repeat(rows.start[items] - start[:-1], length) + np.arange(start[-1])


def _weights(search: Search) -> npt.NDArray[np.float32]:
    """What a repost, and a like, of a tainted item says: how much oftener members do it."""
    found = []
    for act in (1, 2):
        member, other = search.conduct.habits[act]
        ratio = member.a / (member.a + member.b) * (other.a + other.b) / max(other.a, 1e-12)
        found.append(np.clip(np.log(max(ratio, 1.0)), 0.0, _HEAVIEST))
    return np.array(found, np.float32)
