"""Why an account stands where it stands: the shares beside a Markov chain, and the words."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from leeward.model import MediaRef
from leeward.network import Act, Graph, Node, WalkSettings
from leeward.network._explain import MOST, Explainer, Explanation
from leeward.network._paths import REACH, paths
from leeward.network._steps import steps_of
from leeward.network._walk import walk
from tests.network._chain import transitions, visits
from tests.network._events import HASHER, event, graph_of, random_events

if TYPE_CHECKING:
    from leeward.model import Event

CLOSE = WalkSettings(tolerance=1e-7, rounds=400)
ACTS = {Act.REPOSTED: CLOSE.reposted, Act.LIKED: CLOSE.liked}
LABELS = {Act.REPOSTED: "reposted", Act.LIKED: "liked"}


def explainer(graph: Graph, *seeds: int, settings: WalkSettings = CLOSE) -> Explainer:
    restart = np.zeros(len(graph.kind), np.float32)
    restart[list(seeds)] = 1 / len(seeds)
    steps = steps_of(graph, settings)
    walked = walk(graph, steps, restart, settings)
    ways = paths(graph, steps, restart, settings)
    return Explainer(graph, steps, walked.visits, ways, frozenset(seeds))


def node(graph: Graph, kind: str, name: str) -> int:
    found = graph.find(kind, name, HASHER)
    assert found is not None
    return found


def told(graph: Graph, account: str, *seeds: str, settings: WalkSettings = CLOSE) -> Explanation:
    """The explanation of an account, from accounts that are seeds."""
    nodes = [node(graph, "account", seed) for seed in seeds]
    return explainer(graph, *nodes, settings=settings).explain(node(graph, "account", account))


def words(explanation: Explanation) -> list[str]:
    return [evidence.words for evidence in explanation.evidence]


# --- shares ------------------------------------------------------------------------------------


class Unclear(Exception):
    """Two ways are as good as each other, so that either may be told."""


class Oracle:
    """What flows to an account by each of its acts, from the chain's matrix, solved exactly."""

    def __init__(self, graph: Graph, seeds: list[int]) -> None:
        self.graph, self.count = graph, len(graph.kind)
        self.chain = transitions(graph, CLOSE)
        restart = np.zeros(self.count)
        restart[seeds] = 1 / len(seeds)
        self.visits = visits(graph, restart, CLOSE)
        single = transitions(graph, CLOSE, together=False)
        self.single = single.tocsc()
        lengths = single.copy()
        lengths.data = np.maximum(-np.log(lengths.data * (1 - CLOSE.restart)), 1e-12)
        apart, self.before, _ = dijkstra(
            lengths, indices=seeds, min_only=True, return_predecessors=True
        )
        self.best = np.exp(-apart)
        self.seeds = set(seeds)

    def shares(self, account: int) -> dict[str, float]:
        """By kind of evidence the share of what flows, without what comes from the account."""
        flows: dict[str, float] = defaultdict(float)
        column = self.chain.tocsc()[:, [account]].tocoo()
        for state, way in zip(column.row.tolist(), column.data.tolist(), strict=True):
            if state >= 2 * self.count:
                continue  # its visits are counted with those by the post's author
            flow = self.visits[state] * way
            if flow <= 0:
                continue
            if state >= self.count:
                thing = self.previous(state)
                by_author = self.graph.kind[thing] != Node.MEDIA
                if self.previous(self.previous(thing), by_author=by_author) != account:
                    flows[Node(self.graph.kind[thing]).name.lower()] += flow
            elif self.graph.kind[state] == Node.ACCOUNT:
                if state != account:
                    flows["follows"] += flow
            elif self.previous(state) != account:
                for label, part in self.by_act(account, state).items():
                    flows[label] += flow * part
        total = sum(flows.values())
        return {label: flow / total for label, flow in flows.items()}

    def by_act(self, account: int, post: int) -> dict[str, float]:
        """How a way that several acts share is divided."""
        row = self.graph.out.row(account)
        mine = self.graph.out.act[row][self.graph.out.node[row] == post].tolist()
        weights = {LABELS[Act(act)]: ACTS[Act(act)] for act in mine if act in ACTS}
        return {label: weight / sum(weights.values()) for label, weight in weights.items()}

    def previous(self, state: int, *, by_author: bool = False) -> int:
        """The state before it on the best way."""
        if state in self.seeds:
            return -1
        states = [state]
        if state < self.count and self.graph.kind[state] == Node.POST and not by_author:
            states.append(2 * self.count + state)
        ways = []
        for one in states:
            column = self.single[:, [one]].tocoo()
            ways += [
                (self.best[i] * way, i)
                for i, way in zip(column.row.tolist(), column.data.tolist(), strict=True)
            ]
        # A post is one place, whoever leads to it.
        best: dict[int, float] = {}
        for value, i in ways:
            place = i - 2 * self.count if i >= 2 * self.count else i
            best[place] = max(best.get(place, 0.0), value)
        order = sorted(best, key=lambda place: -best[place])
        if len(order) > 1 and best[order[1]] > best[order[0]] * (1 - 1e-4):
            raise Unclear
        if min(map(self.steps_to, states)) > REACH:
            raise Unclear
        return order[0]

    def steps_to(self, state: int) -> int:
        steps = 0
        while (state := int(self.before[state])) >= 0:
            steps += 1
        return steps


@given(seed=st.integers(0, 2**32), count=st.integers(5, 120), starts=st.integers(1, 3))
def test_the_shares_are_those_of_the_flows(seed: int, count: int, starts: int) -> None:
    rng = np.random.default_rng(seed)
    graph = graph_of(random_events(rng, count))
    seeds = sorted(set(rng.choice(graph.accounts(), starts).tolist()))
    explain, oracle = explainer(graph, *seeds).explain, Oracle(graph, seeds)
    for account in graph.accounts().tolist():
        evidence = explain(account).evidence
        actual: dict[str, float] = defaultdict(float)
        for piece in evidence:
            actual[piece.kind] += piece.weight
        assert sum(actual.values()) <= 1 + 1e-6
        assert [piece.weight for piece in evidence] == sorted(
            (piece.weight for piece in evidence), reverse=True
        )
        if not evidence or len(evidence) == MOST:
            continue
        assert sum(actual.values()) == pytest.approx(1)
        try:
            expected = oracle.shares(account)
        except Unclear:
            continue
        assert expected == pytest.approx(dict(actual), abs=1e-4)


@given(seed=st.integers(0, 2**32), count=st.integers(5, 120))
def test_no_sentence_stands_there_twice(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    graph = graph_of(random_events(rng, count))
    explain = explainer(graph, int(rng.choice(graph.accounts()))).explain
    for account in graph.accounts().tolist():
        said = words(explain(account))
        assert sorted(set(said)) == sorted(said)


# --- words -------------------------------------------------------------------------------------


def post(seq: int, actor: str, **other: object) -> Event:
    return event("post", seq, actor, f"post/{seq}", **other)


def test_reposts_are_counted_and_the_seeds_named() -> None:
    graph = graph_of(
        [
            *(post(n, "https://quay.example/@ada") for n in (1, 2, 3)),
            post(4, "ben"),
            *(event("repost", 10 + n, "cleo", target=f"post/{n}") for n in (1, 2, 3, 4)),
        ]
    )
    explanation = told(graph, "cleo", "https://quay.example/@ada", "ben")
    assert words(explanation) == [
        "reposted 4 posts that seed quay.example/@ada and 1 other seed posted"
    ]
    (evidence,) = explanation.evidence
    assert (evidence.kind, evidence.weight) == ("reposted", 1)
    # Ben spreads his walkers over one post, ada hers over three.
    assert evidence.subject == "post#4"
    assert explanation.others == 2


@pytest.mark.parametrize(
    ("carried", "kind", "subject", "expected"),
    [
        ({"tags": ("sail",)}, "tag", "tag:sail", "posted under #sail, as seed ada did"),
        ({"links": ("https://x.example/",)}, "link", "link#1", "posted the same link as seed ada"),
        (
            {"media": (MediaRef(uri="picture/1"),)},
            "media",
            "media#1",
            "posted the same picture as seed ada",
        ),
        (
            {"community": "group/1"},
            "community",
            "community#1",
            "posted in the same community as seed ada",
        ),
    ],
)
def test_what_posts_carry_is_told(
    carried: dict[str, object], kind: str, subject: str, expected: str
) -> None:
    graph = graph_of([post(1, "ada", **carried), post(2, "ben", **carried)])
    (evidence,) = told(graph, "ben", "ada").evidence
    assert (kind, subject, 1, expected) == (
        evidence.kind,
        evidence.subject,
        evidence.weight,
        evidence.words,
    )


def test_a_like_is_told_as_one() -> None:
    graph = graph_of(
        [
            post(1, "ada", tags=("sail",)),
            post(2, "ben", tags=("sail",)),
            event("like", 3, "cleo", target="post/2"),
            event("like", 4, "dan", target="post/1"),
        ]
    )
    assert "liked posts under #sail, as seed ada did" in words(told(graph, "cleo", "ada"))
    assert words(told(graph, "dan", "ada"))[0] == "liked a post that seed ada posted"


def test_how_others_lead_to_a_seed_is_told() -> None:
    """Cleo reposts what ben posted under a tag of ada's; dan reposts what cleo posted."""
    graph = graph_of(
        [
            post(1, "ada", tags=("sail",)),
            post(2, "ben", tags=("sail",)),
            post(3, "ben"),
            event("repost", 4, "cleo", target="post/3"),
            post(5, "cleo"),
            event("repost", 6, "dan", target="post/5"),
            event("follow", 7, "emil", target="dan"),
        ]
    )
    assert words(told(graph, "cleo", "ada")) == [
        "reposted a post that ben (tied to seed ada) posted"
    ]
    assert words(told(graph, "dan", "ada")) == [
        "reposted a post that cleo (tied to seed ada over 1 other) posted"
    ]
    assert words(told(graph, "emil", "ada")) == ["follows dan (tied to seed ada over 2 others)"]


def test_a_seed_that_is_a_thing_is_told() -> None:
    graph = graph_of(
        [
            post(1, "ada", tags=("sail",), media=(MediaRef(uri="picture/1"),)),
            post(2, "ben", tags=("sail",)),
            post(3, "cleo", media=(MediaRef(uri="picture/1"),)),
            event("repost", 4, "dan", target="post/1"),
            post(5, "ben"),
            event("repost", 6, "emil", target="post/5"),
        ]
    )
    tag, media, first = (
        node(graph, kind, name)
        for kind, name in (("tag", "sail"), ("media", "picture/1"), ("post", "post/1"))
    )

    def said(account: str, seed: int) -> list[str]:
        return words(explainer(graph, seed).explain(node(graph, "account", account)))

    assert said("ben", tag) == ["posted under #sail, given as a seed"]
    assert said("cleo", media) == ["posted a picture given as a seed"]
    assert said("dan", first) == ["reposted a post given as a seed"]
    assert said("ada", first) == ["posted a post given as a seed"]
    assert said("ben", first) == ["posted under #sail, which a post given as a seed carries"]
    assert said("cleo", first) == ["posted the same picture as a post given as a seed"]
    assert said("emil", tag) == ["reposted a post that ben (tied to a tag given as a seed) posted"]


def chain_of_boats(count: int) -> Graph:
    """Each reposts one post of the one before."""
    events = []
    for n in range(count):
        events.append(post(2 * n + 1, f"boat/{n}"))
        events.append(event("repost", 2 * n + 2, f"boat/{n + 1}", target=f"post/{2 * n + 1}"))
    return graph_of(events)


def test_what_is_far_from_every_seed_is_not_told_as_near() -> None:
    """Beyond the reach of a story no seed is named, nor is a thing called one."""
    graph = chain_of_boats(10)
    assert words(told(graph, "boat/6", "boat/0")) == [
        "reposted a post that boat/5 (tied to seed boat/0 over 4 others) posted"
    ]
    for n in (8, 9, 10):
        explanation = told(graph, f"boat/{n}", "boat/0")
        assert words(explanation) == ["reposted a post far from every seed"]
        assert explanation.evidence[0].weight == 1


def test_whoever_is_followed_far_away_is_called_no_seed() -> None:
    graph = graph_of(
        [event("follow", n, f"boat/{n}", target=f"boat/{n - 1}") for n in range(1, 18)]
    )
    assert words(told(graph, "boat/1", "boat/0")) == ["follows seed boat/0"]
    assert words(told(graph, "boat/3", "boat/0")) == [
        "follows boat/2 (tied to seed boat/0 over 1 other)"
    ]
    assert words(told(graph, "boat/17", "boat/0")) == ["follows boat/16 (far from every seed)"]


def test_a_carried_thing_far_away_is_told_all_the_same() -> None:
    """Behind a long chain stands a tag, not whatever the log met last."""
    length = 7
    events = [
        part
        for n in range(length)
        for part in (
            post(2 * n + 1, f"boat/{n}"),
            event("repost", 2 * n + 2, f"boat/{n + 1}", target=f"post/{2 * n + 1}"),
        )
    ]
    events += [
        post(100, f"boat/{length}", tags=("sail",)),
        post(101, "ben", tags=("sail",)),
        post(102, "zoe", community="group/1"),
    ]
    (evidence,) = told(graph_of(events), "ben", "boat/0").evidence
    assert ("tag", "tag:sail") == (evidence.kind, evidence.subject)
    assert evidence.words == "posted under #sail, as accounts far from every seed did"


def test_no_more_than_six_pieces_are_given() -> None:
    graph = graph_of(
        [
            post(1, "ada", tags=tuple(f"tag{n}" for n in range(9))),
            *(post(n + 2, "ben", tags=(f"tag{n}",)) for n in range(9)),
        ]
    )
    evidence = told(graph, "ben", "ada").evidence
    assert [piece.subject for piece in evidence] == [f"tag:tag{n}" for n in range(6)]
    assert sum(piece.weight for piece in evidence) == pytest.approx(6 / 9)


def test_evidence_shows_neither_names_nor_words() -> None:
    graph = graph_of([post(1, "ada"), event("repost", 2, "canary", target="post/1")])
    explanation = told(graph, "canary", "ada")
    assert repr(explanation.evidence[0]) == "<Evidence reposted 1.000>"


def numbered_otherwise(events: list[Event], rng: np.random.Generator) -> Graph:
    """The same log, come in batches of other sizes: nodes have other numbers."""
    cuts = np.sort(rng.integers(0, len(events) + 1, 6)).tolist()
    parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    return graph_of(*parts)


@given(seed=st.integers(0, 2**32), count=st.integers(5, 100))
def test_it_does_not_matter_how_the_log_came_in(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    one, other = graph_of(events), numbered_otherwise(events, rng)
    name = one.name(int(rng.choice(one.accounts())))
    for account in map(one.name, one.accounts().tolist()):
        expected, actual = (
            told(graph, account, name, settings=WalkSettings()) for graph in (one, other)
        )
        assert words(expected) == words(actual)
        assert expected.others == actual.others
        assert [e.subject for e in expected.evidence] == [e.subject for e in actual.evidence]
