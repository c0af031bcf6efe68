"""The interaction graph as its documentation describes it, made of dictionaries."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leeward.model import Domain
from leeward.network import Act, Node, Trait
from leeward.network._graph.table import find
from tests.network._events import HASHER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leeward.model import Event, Hasher
    from leeward.network import Graph

__all__ = ["Described", "described", "expected"]

Name = tuple[Node, str, str]
"""Kind, what sort of name it is (for media: ``sha256``, ``pdq``, ``uri``), and the name."""


class Described(NamedTuple):
    """A graph in names.

    Attributes:
        edges: (from, act, to) to the earliest second.
        first: Name to the place of the first event that names it.
        stands: Name of a media item to the name that stands for it.
        author: Post to account.
        traits: Account to traits, where it has any.
        named: What accounts and tags are called.
        open_flags: How many complaints are about what nobody knows.
    """

    edges: dict[tuple[Name, Act, Name], int]
    first: dict[Name, int]
    stands: dict[Name, Name]
    author: dict[Name, Name]
    traits: dict[Name, Trait]
    named: dict[Name, str]
    open_flags: int


class _Oracle:
    def __init__(self, events: Iterable[Event]) -> None:
        self.edges: dict[tuple[Name, Act, Name], int] = {}
        self.first: dict[Name, int] = {}
        self.points: dict[Name, Name] = {}
        self.traits: dict[Name, Trait] = defaultdict(lambda: Trait(0))
        self.author: dict[Name, Name] = {}
        self.flags: list[tuple[Name, str, int]] = []
        for event in sorted(events, key=lambda e: e.seq or 0):
            if event.op != "delete" and event.kind not in ("media", "hashtag"):
                self.read(event)
        self.lead()

    def know(self, kind: Node, name: str, seq: int, sort: str = "") -> Name:
        self.first.setdefault((kind, sort, name), seq)
        return kind, sort, name

    def tie(self, source: Name, act: Act, target: Name, at: int) -> None:
        key = source, act, target
        self.edges[key] = min(at, self.edges.get(key, at))

    def read(self, e: Event) -> None:
        assert e.seq is not None
        assert e.seen is not None
        seq, at = e.seq, min(e.at, e.seen) // 1_000_000
        actor = self.know(Node.ACCOUNT, e.actor, seq)
        if e.kind in ("post", "poll"):
            self.read_post(e, actor, seq, at)
        elif e.kind in ("repost", "like") and e.target:
            act = Act.REPOSTED if e.kind == "repost" else Act.LIKED
            self.tie(actor, act, self.know(Node.POST, e.target, seq), at)
        elif e.kind == "follow" and e.target:
            self.tie(actor, Act.FOLLOWED, self.know(Node.ACCOUNT, e.target, seq), at)
        elif e.kind == "flag" and e.target:
            self.flags.append((actor, e.target, at))
        elif e.kind == "account":
            self.read_account(e, self.know(Node.ACCOUNT, e.object, seq))

    def read_account(self, e: Event, account: Name) -> None:
        told = (e.extra or {}).get("account") or {}
        if told.get("status") is not None:
            told = {**told, "suspended": told["status"] == "suspended"}
        for trait in Trait:
            word = (trait.name or "").lower()
            if told.get(word) is True:
                self.traits[account] |= trait
            elif told.get(word) is False and trait is not Trait.MINOR:  # people lift a shield
                self.traits[account] &= ~trait

    def read_post(self, e: Event, actor: Name, seq: int, at: int) -> None:
        post = self.know(Node.POST, e.object, seq)
        self.author.setdefault(post, actor)
        self.tie(actor, Act.AUTHORED, post, at)
        if e.reply_to:
            answered = self.know(Node.POST, e.reply_to, seq)
            if answered != post:
                self.tie(actor, Act.REPLIED, answered, at)
        if e.root:
            root = self.know(Node.POST, e.root, seq)
            if e.root not in (e.reply_to, e.object):
                self.tie(actor, Act.JOINED, root, at)
        for name in e.mentions:
            self.tie(actor, Act.MENTIONED, self.know(Node.ACCOUNT, name, seq), at)
        self.read_carried(e, post, seq, at)

    def read_carried(self, e: Event, post: Name, seq: int, at: int) -> None:
        if e.community:
            self.tie(post, Act.CARRIES, self.know(Node.COMMUNITY, e.community, seq), at)
        for name in e.tags:
            self.tie(post, Act.CARRIES, self.know(Node.TAG, name, seq), at)
        for name in e.links:
            self.tie(post, Act.CARRIES, self.know(Node.LINK, name, seq), at)
        for item in e.media:
            names = [
                self.know(Node.MEDIA, name, seq, sort)
                for sort in ("sha256", "pdq", "uri")
                if (name := getattr(item, sort)) is not None
            ]
            if names:
                self.tie(post, Act.CARRIES, names[0], at)
            # A SHA-256 points to the PDQ hash, a handle to the best of the two.
            for better, worse in itertools.pairwise(names):
                if worse[1] == "pdq":
                    self.points.setdefault(better, worse)
            if len(names) > 1 and names[-1][1] == "uri":
                self.points.setdefault(names[-1], names[0])

    def lead(self) -> None:
        """Among PDQ hashes the earlier ones stand for near copies."""
        leaders: list[Name] = []
        hashes = [name for name in self.first if name[1] == "pdq"]
        for name in sorted(hashes, key=lambda n: (self.first[n], n[2])):
            near = [one for one in leaders if _apart(one[2], name[2]) <= 15]
            if near:
                self.points[name] = near[0]
            else:
                leaders.append(name)

    def stand(self, name: Name) -> Name:
        while name in self.points:
            name = self.points[name]
        return name

    def aim(self, target: str) -> Name | None:
        """What a complaint means: of an account and a post, what was named first."""
        both: list[Name] = [(Node.ACCOUNT, "", target), (Node.POST, "", target)]
        known = [name for name in both if name in self.first]
        return min(known, key=lambda name: self.first[name], default=None)

    def described(self) -> Described:
        edges: dict[tuple[Name, Act, Name], int] = {}

        def tie(source: Name, act: Act, target: Name, at: int) -> None:
            key = source, act, self.stand(target)
            edges[key] = min(at, edges.get(key, at))

        for (source, act, target), at in self.edges.items():
            tie(source, act, target, at)
        aims = [(source, self.aim(target), at) for source, target, at in self.flags]
        for source, aim, at in aims:
            if aim is not None:
                tie(source, Act.FLAGGED, aim, at)
        against = {(source, aim) for source, aim, _ in aims}
        for (source, act, target), at in self.edges.items():
            about = {target, self.author.get(target, target)}
            if act in (Act.REPLIED, Act.JOINED) and any((source, a) in against for a in about):
                tie(source, Act.ARGUED, target, at)
        return Described(
            edges,
            self.first,
            {name: self.stand(name) for name in self.first if name[0] == Node.MEDIA},
            self.author,
            {name: traits for name, traits in self.traits.items() if traits},
            {n: n[2] for n in self.first if n[0] in (Node.ACCOUNT, Node.TAG)},
            sum(aim is None for _, aim, _ in aims),
        )


def _apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def expected(events: Iterable[Event]) -> Described:
    """What the graph of some events has to be."""
    return _Oracle(events).described()


_DOMAINS = {"sha256": Domain.SHA256, "pdq": Domain.PDQ, "uri": Domain.MEDIA}


def described(graph: Graph, events: Iterable[Event], hasher: Hasher = HASHER) -> Described:
    """A graph in names, of which the events give the candidates."""

    def node_of(name: Name) -> int:
        kind, sort, text = name
        domain = _DOMAINS[sort] if sort else Domain[kind.name]
        key = np.array([hasher.one(text, domain)], np.uint64)
        return int(find(graph.keys, graph.nodes, key)[0])

    names = {node_of(name): name for name in _Oracle(events).first}
    assert set(names) == set(range(len(graph.kind)))
    assert [int(k) for k in graph.kind] == [int(names[n][0]) for n in range(len(graph.kind))]
    return Described(
        _edges(graph, names),
        {name: int(graph.first[node]) for node, name in names.items()},
        {n: names[int(graph.same_as[i])] for i, n in names.items() if n[0] == Node.MEDIA},
        {names[i]: names[int(a)] for i, a in enumerate(graph.author) if a >= 0},
        {names[i]: Trait(int(t)) for i, t in enumerate(graph.traits) if t},
        {names[i]: graph.name(i) for i in np.flatnonzero(graph.named >= 0).tolist()},
        int((graph.flags.target < 0).sum()),
    )


def _edges(graph: Graph, names: dict[int, Name]) -> dict[tuple[Name, Act, Name], int]:
    """The edges by who acted; they have to be the same ones by what was acted on."""
    ways: list[dict[Any, int]] = [{}, {}]
    for way, rows in zip(ways, (graph.out, graph.into), strict=True):
        assert len(rows.start) == len(graph.kind) + 1
        for one in range(len(graph.kind)):
            row = rows.row(one)
            others = list(zip(rows.node[row].tolist(), rows.act[row].tolist(), strict=True))
            assert others == sorted(set(others))
            for (other, act), at in zip(others, rows.at[row].tolist(), strict=True):
                ends = (one, other) if way is ways[0] else (other, one)
                way[names[ends[0]], Act(act), names[ends[1]]] = at
    assert ways[0] == ways[1]
    return ways[0]
