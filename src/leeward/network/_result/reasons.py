"""Why an account stands where it stands: its log-odds as a sum of what it did, in words.

An account made so many posts, and so many of them on tainted things; the log-likelihood ratio of
that is parted by the chain rule. First come the acts on things that nobody suspects, which say
``ln P(0 of n - k | member) - ln P(0 of n - k | other)``, mostly against suspicion. What the ``k``
tainted ones add to that is shared out among them, each by its probability over the square root of
how often the account acted on the same thing. Nothing is left over: the weights of all evidence
and what remains (base rate, votes) add up to the log-odds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import fsum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._evidence.picks import Picker, likely_things
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.order import met
from leeward.network._statistics.betabinomial import log_ratio
from leeward.network._touches.touches import MADE
from leeward.network._types import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from leeward.network._evidence.conduct import Conduct, Doubles
    from leeward.network._evidence.picks import Picks
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

__all__ = ["FURTHER", "MOST", "Reasoner", "Reasons"]

MOST: Final = 6
"""Pieces of evidence that an account is given."""
FURTHER: Final = "further evidence"
"""The name of what evidence beyond :data:`MOST` adds up to."""

_SOURCES: Final = 3
"""Sources that are named, at most."""
_SAME: Final = 9
"""Decimals to which weights are compared: the last bits depend on the order of the nodes."""
_PARTS: Final = {"made": Act.AUTHORED, "reposted": Act.REPOSTED, "liked": Act.LIKED}
_OPPOSING: Final = {"argued": Act.REPLIED, "complained": Act.FLAGGED}
_VERBS: Final = {Act.AUTHORED: "posted", Act.REPOSTED: "reposted", Act.LIKED: "liked"}
_THINGS: Final = {
    Node.POST: ("a post", "posts"),
    Node.MEDIA: ("a picture", "pictures"),
    Node.LINK: ("a link", "links"),
}
_AGAINST: Final = {
    Act.REPLIED: "replied to {} that suspects spread, as those do who argue",
    Act.FLAGGED: "complained about {} that suspects spread",
}


class Reasons(NamedTuple):
    """What makes up the log-odds of an account.

    Attributes:
        evidence: What it did, the heaviest first; weights are log-odds, below 0 for what
            speaks against suspicion. What opposes is always among it.
        remaining: The other parts of the log-odds by name.
    """

    evidence: tuple[Evidence, ...]
    remaining: dict[str, float]

    @property
    def log_odds(self) -> float:
        """All of it together."""
        return fsum([*(one.weight for one in self.evidence), *self.remaining.values()])


class _Key(NamedTuple):
    """What acts have in common that are told in one sentence: a tag is told by its word."""

    act: Act
    kind: Node
    tag: int


@dataclass
class _Group:
    """Acts that are told in one sentence: how much each thing counts, and on which posts."""

    things: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    posts: set[int] = field(default_factory=set)


class _Told(NamedTuple):
    """A piece of evidence and the node that it is about."""

    node: int
    evidence: Evidence


class Reasoner:
    """Tells what the score of an account is made of.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        conduct: What the accounts did.
        suspicion: (accounts) The probabilities that both were made of.
        parts: (accounts) By name, what adds up to the log-odds. ``made``, ``reposted`` and
            ``liked`` are the parts of ``conduct``, or all of them times one factor; ``argued``
            and ``complained`` are told as evidence where they are given.
        sources: Who said something of a thing that was not given as a seed, by node.
    """

    def __init__(
        self,
        graph: Graph,
        touches: Touches,
        taint: Taint,
        conduct: Conduct,
        suspicion: Doubles,
        parts: Mapping[str, Doubles],
        sources: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self._graph, self._touches, self._taint = graph, touches, taint
        self._sources = sources or {}
        self._conduct, self._suspicion, self._parts = conduct, suspicion, parts
        self._likely = likely_things(taint)
        self._picker = Picker(graph, touches, taint, suspicion, self._likely)
        self._scale = {name: _scale(parts[name], conduct.parts[:, a]) for name, a in _PARTS.items()}

    def of(self, place: int, most: int = MOST) -> Reasons:
        """The evidence of an account.

        Args:
            place: Its place.
            most: How many pieces of evidence to give, those that oppose not counted.
        """
        told, opposing = list(self._did(place)), list(self._opposed(place))
        told.sort(key=self._by_weight)
        given = sorted([*told[:most], *opposing], key=self._by_weight)
        names = {*_PARTS, *(one.evidence.kind for one in opposing)}
        remaining = {
            name: float(part[place]) for name, part in self._parts.items() if name not in names
        }
        if further := told[most:]:
            remaining[FURTHER] = fsum(one.evidence.weight for one in further)
        return Reasons(tuple(one.evidence for one in given), remaining)

    def _by_weight(self, one: _Told) -> tuple[float, tuple[int, ...], str]:
        """Sorts evidence: the heaviest, then what the log met first."""
        weight = round(abs(one.evidence.weight), _SAME)
        return -weight, met(self._graph, one.node), one.evidence.words

    def _did(self, place: int) -> Iterator[_Told]:
        """What it posted, reposted and liked."""
        picks, each = self._picks(place)
        for name, act in _PARTS.items():
            chosen = np.flatnonzero(picks.act == act)
            acts, part = int(self._touches.acts[place, act]), float(self._parts[name][place])
            others, tainted = acts - len(chosen), float(each[chosen].sum())
            idle = 0.0
            if others:
                rest = log_ratio(0.0, acts - tainted, *self._conduct.habits[act])
                idle = self._scale[name] * rest if len(chosen) else part
                yield self._left_alone(place, act, others, bool(len(chosen)), idle)
            for key, group in self._groups(picks, chosen, each).items():
                share = fsum(group.things.values()) / tainted
                yield self._sentence(place, key, group, (part - idle) * share)

    def _picks(self, place: int) -> tuple[Picks, Doubles]:
        """Its acts on tainted things, and how much each counts."""
        picks = self._picker.of(place)
        _, which, times = np.unique(picks.thing, return_inverse=True, return_counts=True)
        each: Doubles = picks.chance / np.sqrt(times[which])
        return picks, each

    def _groups(
        self, picks: Picks, chosen: npt.NDArray[np.int64], each: Doubles
    ) -> dict[_Key, _Group]:
        groups: dict[_Key, _Group] = defaultdict(_Group)
        for a in chosen.tolist():
            thing = int(picks.thing[a])
            kind = Node(self._touches.kind[thing])
            key = _Key(Act(picks.act[a]), kind, thing if kind == Node.TAG else -1)
            groups[key].things[thing] += float(each[a])
            groups[key].posts.add(int(picks.post[a]))
        return groups

    def _sentence(self, place: int, key: _Key, group: _Group, weight: float) -> _Told:
        nodes = {int(self._touches.things[thing]): by for thing, by in group.things.items()}
        first = min(nodes, key=lambda node: (-nodes[node], met(self._graph, node)))
        did = _VERBS[key.act]
        label = did if key.kind == Node.POST else key.kind.name.lower()
        things, posts = len(nodes), len(group.posts)
        if key.kind == Node.TAG:
            what = _under(key.act, self._graph.name(first), posts)
        else:
            one, many = _THINGS[key.kind]
            what = f"{did} {one if things == 1 else f'{things:,} {many}'}"
            what += f" in {posts:,} posts" if posts > things else ""
        words = f"{what} that {self._others(place, key, list(group.things))}"
        return _Told(first, Evidence(label, self._graph.subject(first), weight, words))

    def _others(self, place: int, key: _Key, things: list[int]) -> str:
        """Who else touched things, and who is known to be innocent of it.

        For things that the account posted: who else posted them; others do not speak to that.
        """
        known = int((self._taint.priors[things] > 0).sum())
        if key.act == Act.AUTHORED and key.kind == Node.POST:  # only what is known of it counts
            if known in (0, len(things)):
                judged = f"confirmed or reported{self._by(things)}" if known else "judged before"
                return f"{_were(len(things))} {judged}"
            return (
                f"were judged before; {known} of these {_were(known)} confirmed or reported"
                f"{self._by(things)}"
            )
        by = self._touches.by_thing
        rows = [by.row(thing) for thing in things]
        people = np.concatenate([by.other[row] for row in rows])
        if key.act == Act.AUTHORED:
            people = people[np.concatenate([by.how[row] for row in rows]) & MADE > 0]
        people = np.unique(people)
        suspicion = self._suspicion[people[people != place]]
        suspects, innocent = int((suspicion > 0).sum()), int((suspicion < 0).sum())
        others = len(suspicion) - suspects - innocent
        did = self._did_to(key, rows)
        told = f"{_counted(suspects, 'suspect')} {did}" if suspects else ""
        if others or not told:
            also = f"{_counted(others, 'other')} {'did' if told else did}"
            told = f"{told} and {also}" if told else also
        else:
            told += " and nobody else did"
        if innocent:
            told += f"; so did {_counted(innocent, 'account')} confirmed as innocent"
        if known:
            told += f"; {known} of these {_were(known)} confirmed or reported{self._by(things)}"
        return told

    def _by(self, things: list[int]) -> str:
        """Who said so, where it was not given as a seed."""
        nodes = self._touches.things[things].tolist()
        who = sorted({source for node in nodes for source in self._sources.get(node, ())})
        more = len(who) - _SOURCES
        told = [*who[:_SOURCES], *([f"{more} more"] if more > 0 else [])]
        return f" ({', '.join(told)})" if told else ""

    def _did_to(self, key: _Key, rows: list[slice]) -> str:
        """What others did who speak to an act."""
        if key.act == Act.AUTHORED:
            return "used" if key.kind == Node.TAG else "posted"
        did = "used" if key.kind == Node.TAG else "posted or reposted"
        if min(float(self._touches.by_thing.weight[row].min()) for row in rows) < 1:
            did = "used or liked" if key.kind == Node.TAG else "posted, reposted or liked"
        return did

    def _left_alone(self, place: int, act: Act, posts: int, besides: bool, weight: float) -> _Told:
        node = int(self._touches.accounts[place])
        which = "other " if besides else ""
        what = f"{_VERBS[act]} {_counted(posts, f'{which}post')} that suspects left alone"
        return _Told(node, Evidence("activity", self._graph.subject(node), weight, what))

    def _opposed(self, place: int) -> Iterator[_Told]:
        """Its replies and complaints, where they speak against suspicion."""
        row = self._graph.out.row(int(self._touches.accounts[place]))
        for name, act in _OPPOSING.items():
            posts = self._graph.out.node[row][self._graph.out.act[row] == act].tolist()
            about = [post for post in posts if self._is_likely(post)]
            weight = float(self._parts[name][place]) if name in self._parts else 0.0
            # A complaint is told even where the ring files as many: the reader shall know.
            if not about or (act == Act.REPLIED and weight == 0):
                continue
            first = min(about, key=lambda post: met(self._graph, post))
            words = _AGAINST[act].format(_counted(len(about), "post"))
            yield _Told(first, Evidence(name, self._graph.subject(first), weight, words))

    def _is_likely(self, post: int) -> bool:
        graph = self._graph
        if graph.kind[post] != Node.POST:
            return False
        things = self._touches.thing_at[[post, *graph.out.node[graph.out.row(post)].tolist()]]
        return bool(self._likely[things[things >= 0]].any())


def _scale(part: Doubles, own: Doubles) -> float:
    """The factor by which a part of the log-odds counts."""
    most = int(np.argmax(np.abs(own))) if len(own) else 0
    return float(part[most] / own[most]) if len(own) and own[most] else 1.0


def _under(act: Act, tag: str, posts: int) -> str:
    if act == Act.AUTHORED:
        return f"used the hashtag #{tag}" + (f" in {posts:,} posts" if posts > 1 else "")
    return f"{_VERBS[act]} {'a post' if posts == 1 else f'{posts} posts'} under #{tag}"


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}" + ("" if count == 1 else "s")


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
