"""The families of rankings by plain loops, one account and one fold at a time: the oracle."""

from __future__ import annotations

from dataclasses import replace
from math import copysign, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from leeward.network import Act, Csr, Graph, Node
from leeward.network._families.steps import WalkSettings
from tests.network._chain import transitions

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

ACTED = {Act.AUTHORED: 1.0, Act.REPOSTED: 1.0, Act.LIKED: 0.3}
KIND = {Node.POST: 1.0, Node.MEDIA: 1.0, Node.TAG: 0.4, Node.LINK: 0.6, Node.COMMUNITY: 0.05}
FOLLOWED = 0.1
Touches = dict[tuple[int, bool], float]


def without_answers(graph: Graph) -> Graph:
    """The graph without replies, mentions and complaints."""

    def kept(csr: Csr) -> Csr:
        keep = np.isin(csr.act, [*ACTED, Act.FOLLOWED, Act.CARRIES])
        row = np.repeat(np.arange(len(csr.start) - 1), csr.degrees())[keep]
        start = np.searchsorted(row, np.arange(len(csr.start)))
        return Csr(start, csr.node[keep], csr.act[keep], csr.at[keep])

    return replace(graph, out=kept(graph.out), into=kept(graph.into))


def walkers(graph: Graph, restart: Doubles) -> Doubles:
    """Visits of accounts, solved exactly; an account is not led to by its own post."""
    settings = WalkSettings()
    chain = transitions(without_answers(graph), settings).tolil()
    n = len(graph.kind)
    for post, author in enumerate(graph.author.tolist()):
        if author >= 0:
            chain[post, author] = chain[2 * n + post, author] = 0
    posts = graph.kind == Node.POST
    full = np.concatenate([restart, np.where(posts, restart, 0), np.zeros(n)])
    system = sp.identity(3 * n) - (1 - settings.restart) * chain.tocsr().T
    found = np.asarray(spsolve(system.tocsc(), full))[:n]
    return np.where(graph.kind == Node.ACCOUNT, found, 0)


class Oracle:
    """What each account and each seed touched, as sets."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.n = graph, len(graph.kind)
        self.accounts = graph.accounts().tolist()
        self.kind = [Node(kind) for kind in graph.kind]
        self.acts = {
            a: [(int(graph.out.node[e]), Act(graph.out.act[e])) for e in self._row(graph.out, a)]
            for a in range(self.n)
        }
        self.owner = [self._owner(node) for node in range(self.n)]
        self.counts = {a: self._counts(a, set()) for a in self.accounts}

    @staticmethod
    def _row(csr: Csr, node: int) -> range:
        row = csr.row(node)
        return range(row.start, row.stop)

    def _owner(self, node: int) -> int:
        if self.kind[node] != Node.MEDIA:
            return -1
        into = self.graph.into
        carriers = [(int(into.at[e]), int(into.node[e])) for e in self._row(into, node)]
        carriers.sort(key=lambda pair: (pair[0], self.graph.first[pair[1]]))
        return int(self.graph.author[carriers[0][1]]) if carriers else -1

    def _carried(self, post: int) -> list[int]:
        return [thing for thing, act in self.acts[post] if act == Act.CARRIES]

    def _counts(self, account: int, given: set[int]) -> Touches:
        """What counts for an account."""
        found: Touches = {}
        for node, act in self.acts[account]:
            own = self.graph.author[node] == account
            if act in ACTED and not own and act != Act.AUTHORED:
                found[node, False] = max(found.get((node, False), 0), ACTED[act])
            if act in ACTED and node in given:
                found[node, True] = max(found.get((node, True), 0), ACTED[act])
            if act == Act.FOLLOWED:
                found[node, False] = FOLLOWED
            if act in (Act.AUTHORED, Act.REPOSTED):
                for thing in self._carried(node):
                    if self.owner[thing] != account:
                        found[thing, False] = KIND[self.kind[thing]]
                        if thing in given:
                            found[thing, True] = KIND[self.kind[thing]]
        return found

    def _touched(self, seed: int, but_for: int) -> Touches:
        """What a seed touched, as it counts for an account."""
        if self.kind[seed] != Node.ACCOUNT:
            found: Touches = {(seed, True): KIND[self.kind[seed]]}
            if self.kind[seed] == Node.POST:
                found |= {(t, False): KIND[self.kind[t]] for t in self._carried(seed)}
            return found
        if seed == but_for:
            return {}
        found = {(seed, False): FOLLOWED}
        for node, act in self.acts[seed]:
            if act in ACTED:
                found[node, False] = max(found.get((node, False), 0), ACTED[act])
            if act == Act.FOLLOWED:
                found[node, False] = FOLLOWED
            shown = self._carried(node) if act in (Act.AUTHORED, Act.REPOSTED) else []
            if act == Act.REPOSTED:
                foreign = not self.graph.author[node] == but_for >= 0
                shown = [thing for thing in shown if foreign and self.kind[thing] == Node.MEDIA]
            found |= {(thing, False): KIND[self.kind[thing]] for thing in shown}
        return found

    def _weights(self, seeds: list[int], weights: list[float], but_for: int) -> Touches:
        total: Touches = {}
        for seed, weight in zip(seeds, weights, strict=True):
            for item, touch in self._touched(seed, but_for).items():
                total[item] = total.get(item, 0) + weight * touch
        return total

    def _popularity(self, node: int) -> int:
        into = self.graph.into
        edges = [(int(into.node[e]), Act(into.act[e])) for e in self._row(into, node)]
        author = self.graph.author
        if self.kind[node] == Node.ACCOUNT:
            return len({a for a, act in edges if act == Act.FOLLOWED})
        if self.kind[node] == Node.POST:
            chosen = (Act.REPOSTED, Act.LIKED)
            return len({a for a, act in edges if act in chosen and author[node] != a})
        authors = [int(author[p]) for p, _ in edges]
        return len({*authors} - {-1}) + authors.count(-1)

    def cosine(self, seeds: list[int], weights: list[float]) -> Doubles:
        many = len(self.accounts)
        rarity = [log((1 + many) / (1 + min(self._popularity(n), many))) for n in range(self.n)]
        lengths = {
            a: sum((touch * rarity[node]) ** 2 for (node, _), touch in self.counts[a].items())
            for a in self.accounts
        }
        some = [length for length in lengths.values() if length]
        smooth = 4 * sum(some) / max(len(some), 1)
        profile = self._weights(seeds, weights, -2)
        size = sqrt(sum((w * rarity[node]) ** 2 for (node, _), w in profile.items())) or 1
        scores = np.zeros(self.n)
        given = {seed for seed in seeds if self.kind[seed] != Node.ACCOUNT}
        for a in self.accounts:
            led = self._weights(seeds, weights, a)
            dot = sum(
                touch * led.get(item, 0) * rarity[item[0]] ** 2
                for item, touch in self._counts(a, given).items()
            )
            scores[a] = dot / sqrt(max(lengths[a] + smooth, 1)) / size
        return scores

    def naive_bayes(self, seeds: list[int], weights: list[float]) -> Doubles:
        many, total = len(self.accounts), sum(w for w in weights if w > 0)
        given = {seed for seed in seeds if self.kind[seed] != Node.ACCOUNT}
        counts = {a: self._counts(a, given) for a in self.accounts}
        scores = np.zeros(self.n)
        for a in self.accounts:
            led = self._weights(seeds, weights, a)
            for item, touch in counts[a].items():
                kind = self.kind[item[0]]
                s = led.get(item, 0) / (FOLLOWED if kind == Node.ACCOUNT else KIND[kind])
                if abs(s) < 1e-9:
                    continue
                n = sum(item in other for other in counts.values())
                inside = (abs(s) + n / many) / (total + 1)
                outside = (max(n - abs(s), 0) + 1) / (max(many - total, 0) + 1)
                scores[a] += touch * copysign(max(log(inside / outside), 0), s)
        return scores
