"""What a few accounts share, beside a computation from the events themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from math import log2
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import Tie
from leeward.network._result.ties import ties
from tests.network._events import HASHER, event, graph_of, random_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Event
    from leeward.network import Graph

WORDS = ("follow", "post", "picture", "tag", "link", "community")
PLURALS = ("follows", "posts", "pictures", "tags", "links", "communities")


def by_hand(events: list[Event], accounts: Sequence[str]) -> dict[tuple[int, int], Tie]:
    """The ties among accounts, from sets of events; of pictures only handles are understood."""
    carried: dict[str, set[tuple[str, str]]] = defaultdict(set)
    acts: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    touched: dict[str, set[tuple[str, str]]] = defaultdict(set)
    follows = {(e.actor, e.target) for e in events if e.kind == "follow"}
    for e in events:
        if e.kind != "post":
            continue
        carried[e.object] |= {("tag", tag) for tag in e.tags} | {("link", link) for link in e.links}
        carried[e.object] |= {("picture", str(item.uri)) for item in e.media}
        carried[e.object] |= {("community", e.community)} if e.community else set()
    for e in events:
        if e.kind in ("post", "repost", "like"):
            post = e.object if e.kind == "post" else str(e.target)
            acts["post", post].add((e.actor, e.kind))
            touched[e.actor].add(("post", post))
            touched[e.actor] |= carried[post] if e.kind != "like" else set()
        if e.kind == "post" and e.reply_to not in (None, e.object):
            acts["post", str(e.reply_to)].add((e.actor, "reply"))
    for post, things in carried.items():
        for thing in things:
            acts[thing].add((post, "carries"))
    result = {}
    for (i, a), (j, b) in combinations(enumerate(accounts), 2):
        shared = touched[a] & touched[b]
        both = sum(pair in follows for pair in ((a, b), (b, a)))
        counts = Counter({"follow": both, **Counter(kind for kind, _ in shared)})
        weight = both + sum(1 / log2(1 + max(2, len(acts[thing]))) for thing in shared)
        words = ", ".join(
            f"{counts[one]} {one if counts[one] == 1 else many}"
            for one, many in zip(WORDS, PLURALS, strict=True)
            if counts[one]
        )
        if weight:
            result[i, j] = Tie(i, j, weight, words)
    return result


def nodes(graph: Graph, accounts: Sequence[str]) -> list[int]:
    found = [graph.find("account", name, HASHER) for name in accounts]
    return [node for node in found if node is not None]


@given(seed=st.integers(0, 2**32), count=st.integers(1, 100), some=st.integers(0, 10))
def test_ties_are_what_two_accounts_both_touched(seed: int, count: int, some: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    graph = graph_of(events)
    accounts = [graph.name(node) for node in rng.permutation(graph.accounts())[:some].tolist()]
    actual = ties(graph, nodes(graph, accounts))
    expected = by_hand(events, accounts)
    assert sorted(expected) == [(tie.a, tie.b) for tie in actual]
    for tie in actual:
        assert expected[tie.a, tie.b].words == tie.words
        assert expected[tie.a, tie.b].weight == pytest.approx(tie.weight)


def test_what_a_crowd_touched_ties_nobody() -> None:
    def graph(crowd: int) -> Graph:
        return graph_of([event("like", n, f"boat/{n}", target="p/1") for n in range(1, crowd + 1)])

    (tie,) = ties(graph(200), [0, 1])
    assert (0, 1, "1 post") == (tie.a, tie.b, tie.words)
    assert tie.weight == pytest.approx(1 / log2(201))
    assert ties(graph(201), [0, 1]) == ()


def test_what_many_touched_says_less() -> None:
    graph = graph_of(
        [event("like", n, f"boat/{n}", target="p/1") for n in range(1, 100)]
        + [event("like", 100 + n, f"boat/{n}", target="p/2") for n in (3, 4)]
    )
    weights = {
        (tie.a, tie.b): tie.weight
        for tie in ties(graph, nodes(graph, ["boat/1", "boat/2", "boat/3", "boat/4"]))
    }
    assert weights[2, 3] > 4 * weights[0, 1]


def test_an_account_is_not_tied_to_itself() -> None:
    graph = graph_of(
        [event("follow", 1, "ada", target="ada"), event("post", 2, "ada", tags=("sail",))]
    )
    assert ties(graph, nodes(graph, ["ada"])) == ()
