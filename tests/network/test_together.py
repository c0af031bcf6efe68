"""Sharing the same things within a minute of a seed, beside two loops over all acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Evidence
from leeward.network._result.together import together
from tests.network._events import HASHER, event, graph_of, random_events

if TYPE_CHECKING:
    from leeward.model import Event
    from leeward.network import Graph

Act = tuple[str, tuple[str, str], int]


def acts_of(events: list[Event]) -> set[Act]:
    """Who shared what in which second: the first repost of a post, and what own posts carry."""
    acts: dict[tuple[str, str, str], int] = {}
    found: set[Act] = set()
    for e in events:
        at = min(e.at, e.seen or 0) // 1_000_000
        if e.kind == "repost":
            key = e.actor, "post", str(e.target)
            acts[key] = min(at, acts.get(key, at))
        elif e.kind == "post":
            for tag in e.tags:
                found.add((e.actor, ("tag", tag), at))
            for link in e.links:
                found.add((e.actor, ("link", link), at))
            for item in e.media:
                found.add((e.actor, ("picture", str(item.uri)), at))
    return found | {(who, (kind, what), at) for (who, kind, what), at in acts.items()}


def by_loops(events: list[Event], seeds: list[str]) -> dict[str, tuple[int, int, str]]:
    """By account: things, seconds apart and the seed; seeds stand in the order of the log."""
    acts = acts_of(events)
    result = {}
    for account in {who for who, _, _ in acts}:
        options = []
        for place, seed in enumerate(seeds):
            pairs = [
                (mine, abs(at - when))
                for who, mine, at in acts
                for other, its, when in acts
                if (who, other) == (account, seed) and mine == its and abs(at - when) <= 60
            ]
            things = len({thing for thing, _ in pairs})
            if seed != account and things >= 2:
                options.append((-things, min(gap for _, gap in pairs), place))
        if options:
            things, gap, place = min(options)
            result[account] = -things, gap, seeds[place]
    return result


def told(graph: Graph, seeds: list[str]) -> dict[str, Evidence]:
    nodes = [graph.find("account", seed, HASHER) for seed in seeds]
    found = together(graph, graph.accounts().tolist(), frozenset(n for n in nodes if n is not None))
    return {graph.name(node): evidence for node, evidence in found.items()}


@given(seed=st.integers(0, 2**32), count=st.integers(5, 150), starts=st.integers(1, 3))
def test_it_is_what_two_loops_find(seed: int, count: int, starts: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    seconds = np.sort(rng.integers(0, 600, count)).tolist()
    events = [
        msgspec.structs.replace(e, at=s * 1_000_000, seen=s * 1_000_000)
        for e, s in zip(events, seconds, strict=True)
    ]
    graph = graph_of(events)
    places = {graph.name(node): int(graph.first[node]) for node in graph.accounts().tolist()}
    chosen = {str(name) for name in rng.choice(sorted(places), starts)}
    met = sorted(chosen, key=lambda name: (places[name], _slot(graph, name)))
    expected = {
        account: Evidence(
            "co-shared",
            f"account:{other}",
            0.0,
            f"shared {things} of the same things as seed {other} within 60 seconds of it, "
            f"the closest {gap} s apart",
        )
        for account, (things, gap, other) in by_loops(events, met).items()
    }
    assert expected == told(graph, met)


def _slot(graph: Graph, name: str) -> tuple[int, int]:
    """Two accounts of one event: who acted comes first."""
    node = graph.find("account", name, HASHER)
    assert node is not None
    return int(graph.slot[node]), node


def shared(*acts: tuple[str, int, str]) -> Graph:
    """Accounts that post under tags in some second."""
    return graph_of(
        [
            event("post", n, who, f"p/{n}", tags=(tag,), at=at * 1_000_000, seen=at * 1_000_000)
            for n, (who, at, tag) in enumerate(acts, 1)
        ]
    )


def test_once_is_no_evidence_and_a_minute_is_the_limit() -> None:
    once = shared(("ada", 0, "sail"), ("ben", 5, "sail"))
    twice = shared(
        ("ada", 0, "sail"), ("ben", 60, "sail"), ("ada", 100, "tide"), ("ben", 160, "tide")
    )
    late = shared(
        ("ada", 0, "sail"), ("ben", 61, "sail"), ("ada", 100, "tide"), ("ben", 160, "tide")
    )
    assert told(once, ["ada"]) == {}
    assert {*told(twice, ["ada"])} == {"ben"}
    assert told(late, ["ada"]) == {}


def test_the_seed_with_most_things_in_common_is_named() -> None:
    graph = shared(
        *(("ada", n, f"tag{n}") for n in range(2)),
        *(("ben", n, f"tag{n}") for n in range(3)),
        *(("cleo", n, f"tag{n}") for n in range(3)),
    )
    evidence = told(graph, ["ada", "ben"])["cleo"]
    assert ("co-shared", "account:ben", 0.0) == (evidence.kind, evidence.subject, evidence.weight)


def test_a_community_is_nothing_to_share() -> None:
    graph = graph_of(
        [
            event("post", n, who, f"{who}/{n}", community=f"quay/{n}", at=n, seen=n)
            for n in range(1, 9)
            for who in ("ada", "ben")
        ]
    )
    assert told(graph, ["ada"]) == {}


def test_the_same_picture_by_another_handle_is_the_same_thing() -> None:
    graph = graph_of(
        [
            event(
                "post",
                2 * n + turn,
                who,
                f"{who}/{n}",
                media=(MediaRef(uri=f"{who}/picture/{n}", sha256=f"{n:064x}"),),
            )
            for n in range(1, 4)
            for turn, who in enumerate(("ada", "ben"))
        ]
    )
    assert told(graph, ["ada"])["ben"].words == (
        "shared 3 of the same things as seed ada within 60 seconds of it, the closest 1 s apart"
    )
