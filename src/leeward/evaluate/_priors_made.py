"""Findings as signals would make them: right and wrong ones at stated rates, and planted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import Struct

from leeward.errors import UsageError
from leeward.model import FINDING_SCHEMA
from leeward.network import Act, Node
from leeward.pipeline import Heard, priors_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from leeward.evaluate._world import World
    from leeward.model import Meaning
    from leeward.network import Graph

    Int32 = npt.NDArray[np.int32]
    Bools = npt.NDArray[np.bool_]

__all__ = ["Planted", "Rates", "made_findings", "odds_of", "planted"]

_VERIFIED, _EXPLOITATIVE = 1, 2
_MEANINGS: Final[Mapping[int, Meaning]] = {
    _VERIFIED: "illegal_verified",
    _EXPLOITATIVE: "exploitative",
}
"""Two banks, each with one entry that stands for all."""

_MOST: Final = 50
"""Posts of a community for which findings are planted."""
_SHARERS: Final = int(Act.LIKED)


class Rates(Struct, frozen=True, kw_only=True):
    """How often a signal says so of what is tainted, and of what is not.

    Attributes:
        pictures, pictures_false: Matches with a bank: by the picture.
        threads, threads_false: Flagged threads: by the post that somebody replied to.
        tags, tags_false: Turned hashtags: by the hashtag.

    Raises:
        UsageError: One is not from 0 to 1.
    """

    pictures: float = 0.3
    pictures_false: float = 1e-4
    threads: float = 0.4
    threads_false: float = 0.01
    tags: float = 0.4
    tags_false: float = 0.01

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(
                    "a rate lies from 0 to 1", where=name, hint="give 0.01 for one of a hundred"
                )


class Planted(NamedTuple):
    """Whom somebody wants to draw in, by findings that are false.

    Attributes:
        community: (accounts) Who made, reposted or liked what was planted on: no member among
            them.
        people: (accounts) Single innocent people, with all that they posted.
        findings: What was planted.
    """

    community: Bools
    people: Bools
    findings: list[dict[str, Any]]


def made_findings(world: World, rates: Rates, draw: int) -> list[dict[str, Any]]:
    """Findings at these rates, as rows of :data:`~leeward.model.FINDING_SCHEMA`.

    A tainted picture that only members posted is taken for one that a bank of verified illegal
    pictures may list. One that others had posted, too, was taken from them: it is innocent in
    itself, and may stand in a bank of exploited pictures.
    """
    rng = np.random.default_rng((draw, 3))
    graph = world.graph
    theirs = _only_by_members(world)
    rows: list[dict[str, Any]] = []
    for kind, often, seldom in (
        (Node.MEDIA, rates.pictures, rates.pictures_false),
        (Node.POST, rates.threads, rates.threads_false),
        (Node.TAG, rates.tags, rates.tags_false),
    ):
        there = (graph.kind == kind) & (graph.same_as == np.arange(len(graph.kind)))
        if kind == Node.POST:
            there &= _replied_to(graph)
        said = there & (rng.random(len(there)) < np.where(world.tainted, often, seldom))
        weight = float(np.log(often / seldom)) if often > 0 and seldom > 0 else 8.0
        for node in np.flatnonzero(said).tolist():
            verified = not world.tainted[node] or bool(theirs[node])
            rows.append(_finding(kind, node, weight, verified=verified))
    return rows


def planted(world: World, draw: int) -> Planted:
    """Plant false findings on a community of fans and on three innocent people.

    Of the posts that fans touched most, the fifty first get a flagged thread each, their pictures
    a match with a bank of verified illegal ones, and the hashtag that most of them carry has
    turned. Of three people (whose family's pictures are taken, who opposes, and anybody) all posts
    and pictures get the same, and each gets a finding as an account.
    """
    graph = world.graph
    role = np.full(len(graph.kind), "", world.roles.dtype)
    role[world.accounts] = world.roles
    posts = _loved_posts(graph, role == "fan", world.tainted)
    tags = _carried(graph, posts, Node.TAG)
    findings = _planted_on(graph, posts)
    if len(tags):
        most = int(np.bincount(tags).argmax())
        findings.append(_finding(Node.TAG, most, 8.0))
    around = np.zeros(len(graph.kind), np.bool_)
    source, target, act = _edges(graph)
    around[source[(act <= _SHARERS) & np.isin(target, posts)]] = True
    people = _people(world, draw)
    mine = target[(act == Act.AUTHORED) & np.isin(source, people)]
    findings += _planted_on(graph, mine.astype(np.int32))
    findings += [_finding(Node.ACCOUNT, node, 8.0) for node in people.tolist()]
    return Planted(around[world.accounts] & ~world.ring, np.isin(world.accounts, people), findings)


def odds_of(findings: Iterable[Mapping[str, Any]], confirmed: int) -> tuple[dict[int, float], int]:
    """What discovery makes of findings: log-odds by node; and how many findings that took.

    Args:
        findings: Whose subjects are numbers of nodes.
        confirmed: How many accounts the search begins with.
    """
    heard = Heard()
    table = pa.Table.from_pylist(list(findings), FINDING_SCHEMA)
    for batch in table.to_batches():
        heard.add(batch)
    said = heard.said(lambda _: _MEANINGS)
    found = priors_from(said, lambda _, name: int(name), confirmed=confirmed)
    return {int(prior.name): prior.log_odds for prior in found.priors}, found.findings


def _finding(kind: Node, node: int, weight: float, *, verified: bool = True) -> dict[str, Any]:
    name = str(node)
    row = {"seq": node, "version": "1", "subject": name, "outcome": "hit", "at": 1}
    if kind == Node.MEDIA:
        entry = _VERIFIED if verified else _EXPLOITATIVE
        evidence = [
            {"kind": "media", "subject": name, "weight": 0.0},
            {"kind": "bank_entry", "subject": f"bank:simulated#{entry}", "weight": 0.0},
        ]
        return row | {"signal": "bank-match", "score": 0.0, "evidence": evidence}
    signal = {Node.POST: "thread-context", Node.TAG: "tag-context", Node.ACCOUNT: "account-context"}
    return row | {"signal": signal[kind], "score": weight}


def _edges(graph: Graph) -> tuple[Int32, Int32, npt.NDArray[np.uint8]]:
    """Who did what to what."""
    source = np.repeat(np.arange(len(graph.kind), dtype=np.int32), graph.out.degrees())
    return source, graph.out.node, graph.out.act


def _replied_to(graph: Graph) -> Bools:
    """(nodes) Posts under which somebody replied."""
    found = np.zeros(len(graph.kind), np.bool_)
    found[graph.out.node[graph.out.act == Act.REPLIED]] = True
    return found


def _only_by_members(world: World) -> Bools:
    """(nodes) Things that nobody but members put into a post."""
    graph = world.graph
    member = np.zeros(len(graph.kind) + 1, np.bool_)
    member[world.accounts[world.ring]] = True
    source, target, act = _edges(graph)
    carries = act == Act.CARRIES
    strange = ~member[graph.author[source[carries]]]
    found = np.ones(len(graph.kind), np.bool_)
    found[target[carries][strange]] = False
    return found


def _loved_posts(graph: Graph, fans: Bools, tainted: Bools) -> Int32:
    source, target, act = _edges(graph)
    theirs = (act <= _SHARERS) & fans[source] & (graph.kind[target] == Node.POST) & ~tainted[target]
    times = np.bincount(target[theirs], minlength=len(graph.kind))
    most = np.argsort(-times, kind="stable")[:_MOST]
    return most[times[most] > 0].astype(np.int32)


def _carried(graph: Graph, posts: Int32, kind: Node) -> Int32:
    source, target, act = _edges(graph)
    chosen = (act == Act.CARRIES) & np.isin(source, posts)
    found: Int32 = target[chosen & (graph.kind[target] == kind)]
    return found


def _planted_on(graph: Graph, posts: Int32) -> list[dict[str, Any]]:
    pictures = np.unique(_carried(graph, posts, Node.MEDIA))
    return [
        *(_finding(Node.POST, node, 8.0) for node in posts.tolist()),
        *(_finding(Node.MEDIA, node, 0.0) for node in pictures.tolist()),
    ]


def _people(world: World, draw: int) -> Int32:
    """The nodes of three, drawn among those of their role who posted a picture, if any did."""
    rng = np.random.default_rng((draw, 4))
    source, target, act = _edges(world.graph)
    shows = np.zeros(len(world.graph.kind), np.bool_)
    carries = (act == Act.CARRIES) & (world.graph.kind[target] == Node.MEDIA)
    author = world.graph.author[source[carries]]
    shows[author[author >= 0]] = True
    chosen = []
    for role in ("family", "critic", "ordinary"):
        among = world.accounts[world.by_name][world.roles[world.by_name] == role]
        showing = among[shows[among]]
        among = showing if len(showing) else among
        if len(among):
            chosen.append(int(rng.choice(among)))
    return np.array(chosen, np.int32)
