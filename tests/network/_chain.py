"""The walk written out as a Markov chain with one state a line: the oracle for the kernels."""

from __future__ import annotations

from collections import defaultdict
from math import log2
from typing import TYPE_CHECKING

import scipy.sparse as sp

from leeward.network import Act, Node

if TYPE_CHECKING:
    from leeward.network import Graph
    from leeward.network._families.steps import WalkSettings

BACK = {Act.REPOSTED, Act.LIKED}
OWN = {Act.AUTHORED, *BACK}


def transitions(  # noqa: C901 - one state after the other, as the text has it
    graph: Graph, settings: WalkSettings
) -> sp.csr_matrix:
    """P[i, j]: the probability to go from state i to j; post p by a thing is state n + p,
    by somebody else than its author state 2 n + p. Two acts of one account on one post are two
    ways.
    """
    n = len(graph.kind)
    kind = [Node(k) for k in graph.kind]
    acts = {
        Act.AUTHORED: settings.authored, Act.REPOSTED: settings.reposted, Act.LIKED: settings.liked,
    }  # fmt: skip
    things = {
        Node.POST: 1.0, Node.MEDIA: settings.media, Node.TAG: settings.tag,
        Node.LINK: settings.link, Node.COMMUNITY: settings.community,
    }  # fmt: skip
    out, into = defaultdict(list), defaultdict(list)
    for a in range(n):
        row = graph.out.row(a)
        for b, act, at in zip(
            graph.out.node[row], graph.out.act[row], graph.out.at[row], strict=True
        ):
            out[a].append((int(b), Act(act), int(at)))
            into[int(b)].append((a, Act(act), int(at)))
    take = [things.get(kind[v], 0.0) / log2(2 + len(into[v])) for v in range(n)]
    p: dict[tuple[int, int], float] = defaultdict(float)

    def share(state: int, choices: list[tuple[int, float]], part: float) -> None:
        total = sum(weight for _, weight in choices)
        for to, weight in choices:
            way = part * weight / total
            p[state, to] += way

    for v in range(n):
        if kind[v] == Node.ACCOUNT:
            posts = [
                (b if act == Act.AUTHORED else 2 * n + b, acts[act] * take[b])
                for b, act, _ in out[v]
                if act in OWN
            ]
            followers = [(a, 1.0) for a, act, _ in into[v] if act == Act.FOLLOWED]
            rest = settings.followers if posts else 1.0
            share(v, followers, rest)
            share(v, posts, 1.0 - rest if followers else 1.0)
        elif kind[v] == Node.POST:
            back = [(a, acts[act]) for a, act, _ in into[v] if act in BACK]
            carried = [(b, take[b]) for b, act, _ in out[v] if act == Act.CARRIES and take[b]]
            rest = settings.carried if back else 1.0
            for state in (v, 2 * n + v):
                share(state, carried, rest)
                share(state, back, 1.0 - rest if carried else 1.0)
            for b, _ in carried:  # somebody else's tags and links are not who reposted them's
                if kind[b] != Node.MEDIA:
                    del p[2 * n + v, b]
            share(n + v, [(a, acts[act]) for a, act, _ in into[v] if act in OWN], 1.0)
        else:
            posts_of = [a for a, act, _ in into[v] if act == Act.CARRIES]
            if kind[v] == Node.MEDIA:
                first = min(into[v], key=lambda edge: (edge[2], graph.first[edge[0]]))[0]
                maker = graph.author[first]
                posts_of = [
                    a for a in posts_of if a != first and (maker < 0 or graph.author[a] != maker)
                ]
            share(v, [(n + a, 1.0) for a in posts_of], 1.0)
    if not p:
        return sp.csr_matrix((3 * n, 3 * n))
    rows, columns = zip(*p, strict=True)
    return sp.csr_matrix((list(p.values()), (rows, columns)), (3 * n, 3 * n))
