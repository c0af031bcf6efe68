"""What carries an account's score, in words: its own acts, and the way from a seed to each.

The score of an account is a sum over its own acts of what flows to it by each. What comes back
from the account itself is left out; the shares of the rest are exact and add up to one. The way
that is told of each is the most probable one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from leeward.network._acts import Act, Node
from leeward.network._order import met
from leeward.network._paths import REACH
from leeward.network._types import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.network._graph import Graph
    from leeward.network._paths import Paths
    from leeward.network._steps import Steps
    from leeward.network._walk import Visits

__all__ = ["Explainer", "Explanation", "short"]

MOST: Final = 6
"""Pieces of evidence that an account is given."""

_CARRIERS: Final = 50
"""Posts that are asked for their authors, where many carry a thing."""

_VERBS: Final = {
    Act.AUTHORED: "posted",
    Act.REPOSTED: "reposted",
    Act.LIKED: "liked",
    Act.FOLLOWED: "follows",
}
_THINGS: Final = {
    Node.POST: ("post", "posts"),
    Node.MEDIA: ("picture", "pictures"),
    Node.LINK: ("link", "links"),
    Node.COMMUNITY: ("community", "communities"),
}

_Source: TypeAlias = Literal["seed", "thing", "post", "other", "far"]
"""Where a shared thing comes from: an account that is a seed had it, it is itself a seed, a post
that is one carries it, another account had it that leads to a seed, or no seed is near enough to
say."""

_FAR: Final = "far from every seed"


class Explanation(NamedTuple):
    """Why an account stands where it stands.

    Attributes:
        evidence: The strongest first.
        others: How many other accounts are behind it: authors of the posts that it acted on or
            that carry what it shared, and whom it follows. Counted up to a few for each thing.
    """

    evidence: tuple[Evidence, ...]
    others: int


class _Step(NamedTuple):
    """One own act that the score flows through.

    Attributes:
        act: What the account did.
        thing: What is shared: the post, or what the post carries.
        post: The post before it on the best way, or itself; -1 where there is none.
        other: The account before it on the best way; -1 where there is none.
        how: What that account did.
        flow: What flows to the account by this act, but for a factor that all have.
    """

    act: Act
    thing: int
    post: int
    other: int
    how: Act
    flow: float


class _Key(NamedTuple):
    """What acts have in common that are told in one sentence.

    Attributes:
        act: What the account did.
        kind: What is shared.
        tag: The tag, which is told by its word; other things are counted.
        source: Where it comes from.
        how: What the account before it did with a post; one and the same for other things.
    """

    act: Act
    kind: Node
    tag: int | None
    source: _Source
    how: Act


@dataclass
class _Group:
    """Acts that are told in one sentence."""

    flow: float = 0.0
    things: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    others: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, step: _Step) -> None:
        self.flow += step.flow
        self.things[step.thing] += step.flow
        if step.other >= 0:
            self.others[step.other] += step.flow


class Explainer:
    """Explains scores of one walk.

    Args:
        graph: Where it went.
        steps: Its transition probabilities.
        visits: Where it led.
        ways: The best ways.
        seeds: Nodes that are offending seeds.
    """

    def __init__(
        self,
        graph: Graph,
        steps: Steps,
        visits: Visits,
        ways: Paths,
        seeds: frozenset[int],
    ) -> None:
        self._graph, self._steps, self._visits, self._ways = graph, steps, visits, ways
        self._seeds = seeds
        self._way = cache(self._way_from)
        self._behind = cache(self._makers)

    def explain(self, account: int) -> Explanation:
        """The evidence of an account."""
        groups: dict[_Key, _Group] = defaultdict(_Group)
        total, others = 0.0, set[int]()
        for step in self._steps_of(account):
            # What an account gets back from itself tells nothing.
            if step.other == account:
                continue
            total += step.flow
            others |= self._behind(step.thing)
            groups[self._key(step)].add(step)
        told = sorted(groups.items(), key=self._place)[:MOST]
        return Explanation(
            tuple(self._evidence(key, group, total) for key, group in told),
            len(others - {account}),
        )

    def _place(self, item: tuple[_Key, _Group]) -> tuple[float, tuple[int, ...], _Key]:
        """Sorts sentences: by what they carry, then by what the log met first."""
        key, group = item
        return -group.flow, met(self._graph, self._foremost(group.things)[0]), key

    def _foremost(self, flows: dict[int, float]) -> list[int]:
        """Nodes by what flows, then in the order in which the log met them."""
        return sorted(flows, key=lambda node: (-flows[node], met(self._graph, node)))

    def _steps_of(self, account: int) -> Iterator[_Step]:
        graph, steps, visits, ways = self._graph, self._steps, self._visits, self._ways
        row = graph.out.row(account)
        for node, code in zip(
            graph.out.node[row].tolist(), graph.out.act[row].tolist(), strict=True
        ):
            act = Act(code)
            if act == Act.FOLLOWED:
                flow = visits.x[node] * steps.give2[node]
                if flow > 0:
                    yield _Step(act, node, -1, node, Act.FOLLOWED, float(flow))
                continue
            direct = steps.back[code] * visits.x[node] * steps.give[node]
            if direct > 0:
                other = int(ways.before[node])
                yield _Step(act, node, node, other, self._how(other, node), float(direct))
            through = steps.back2[code] * visits.y[node] * steps.give2[node]
            if through > 0:
                if node in self._seeds:
                    yield _Step(act, node, node, -1, Act.AUTHORED, float(through))
                    continue
                thing = self._thing_of(node)
                post = int(ways.before[thing])
                other = self._other(thing, post)
                yield _Step(act, thing, post, other, self._how(other, post), float(through))

    def _other(self, thing: int, post: int) -> int:
        """The account before a carried thing: to a tag or a link only a post's author leads."""
        if post < 0:
            return -1
        if self._graph.kind[thing] == Node.MEDIA or post in self._seeds:
            return int(self._ways.before[post])
        return int(self._graph.author[post])

    def _thing_of(self, post: int) -> int:
        """What a post carries that leads to it: on the best way, else by what flows."""
        if (thing := int(self._ways.before_y[post])) >= 0:
            return thing
        steps, row = self._steps, self._graph.out.row(post)
        things = self._graph.out.node[row]
        mine = (steps.owner[things] >= 0) & (steps.owner[things] == self._graph.author[post])
        things = things[(steps.origin[things] != post) & ~mine]
        flows = self._visits.x[things] * steps.give[things]
        return self._foremost(dict(zip(things.tolist(), flows.tolist(), strict=True)))[0]

    def _makers(self, thing: int) -> frozenset[int]:
        """Who made a shared thing what it is; of many, those whom the log met first."""
        graph = self._graph
        match graph.kind[thing]:
            case Node.ACCOUNT:
                return frozenset({thing})
            case Node.POST:
                posts = np.array([thing], np.int32)
            case _:
                posts = graph.into.node[graph.into.row(thing)]
                if len(posts) > _CARRIERS:
                    place = graph.first[posts] << 16 | graph.slot[posts]  # where the log met it
                    posts = posts[np.argpartition(place, _CARRIERS)[:_CARRIERS]]
        return frozenset(graph.author[posts].tolist()) - {-1}

    def _how(self, account: int, post: int) -> Act:
        """What an account did with a post: the strongest of its acts."""
        if account < 0 or post < 0:
            return Act.AUTHORED
        row = self._graph.out.row(account)
        acts = self._graph.out.act[row][self._graph.out.node[row] == post]
        return min((Act(code) for code in acts.tolist()), default=Act.AUTHORED)

    def _key(self, step: _Step) -> _Key:
        kind = Node(self._graph.kind[step.thing])
        return _Key(
            step.act,
            kind,
            step.thing if kind == Node.TAG else None,
            self._source(step),
            step.how if kind == Node.POST else Act.AUTHORED,
        )

    def _source(self, step: _Step) -> _Source:
        if step.other in self._seeds:
            return "seed"
        if step.other >= 0:
            return "other" if self._way(step.other) else "far"
        if step.thing in self._seeds:
            return "thing"
        return "post" if step.post in self._seeds else "far"

    def _evidence(self, key: _Key, group: _Group, total: float) -> Evidence:
        did = _VERBS[key.act]
        label = did if key.kind in (Node.POST, Node.ACCOUNT) else key.kind.name.lower()
        subject = self._graph.subject(self._foremost(group.things)[0])
        return Evidence(label, subject, group.flow / total, self._words(key, group, did))

    def _words(self, key: _Key, group: _Group, did: str) -> str:
        who = self._who(group, key.source)
        count = len(group.things)
        match key.kind:
            case Node.ACCOUNT:
                return f"{did} {who}"
            case Node.TAG:
                (tag,) = group.things
                told = {
                    "thing": "given as a seed",
                    "post": "which a post given as a seed carries",
                }.get(key.source, f"as {who} did")
                return f"{_posts(key.act)} under #{self._graph.name(tag)}, {told}"
            case _ if key.source == "thing":
                seeds = "given as a seed" if count == 1 else "given as seeds"
                return f"{did} {_counted(key.kind, count)} {seeds}"
            case Node.POST if key.source == "far":
                return f"{did} {_counted(key.kind, count)} {_FAR}"
            case Node.POST:
                return f"{did} {_counted(key.kind, count)} that {who} {_VERBS[key.how]}"
            case Node.COMMUNITY:
                return f"{_posts(key.act)} in {_same(key.kind, count)} as {who}"
            case _:
                return f"{did} {_same(key.kind, count)} as {who}"

    def _who(self, group: _Group, source: _Source) -> str:
        """The accounts that stand before the things: the foremost by name, the others counted."""
        if source == "post":
            return "a post given as a seed"
        people = self._foremost(group.others)
        if not people:
            return f"accounts {_FAR}"
        first = short(self._graph.name(people[0]))
        more = len(people) - 1
        plural = "s" if more > 1 else ""
        if source == "seed":
            return f"seed {first}" + (f" and {more} other seed{plural}" if more else "")
        way = self._way(people[0]) or _FAR
        return f"{first} ({way})" + (f" and {more} other{plural}" if more else "")

    def _way_from(self, account: int) -> str | None:
        """How an account that is no seed leads to one; None where none is near."""
        graph, ways = self._graph, self._ways
        node, through, between, before_thing = account, False, 0, False
        for _ in range(2 * REACH):  # later steps may have improved what earlier ones rest on
            if node in self._seeds:
                break
            if graph.kind[node] == Node.ACCOUNT:
                through, before = bool(ways.by[node]), int(ways.before[node])
                between += node != account
            elif through:
                before, through = int(ways.before_y[node]), False
            elif before_thing:
                before = int(graph.author[node])
            else:
                before = int(ways.before[node])
            before_thing = graph.kind[node] > Node.MEDIA
            if before < 0:
                return None
            node = before
        else:
            return None
        over = f" over {between} other{'s' if between > 1 else ''}" if between else ""
        if graph.kind[node] != Node.ACCOUNT:
            kind = Node(graph.kind[node])
            return (
                f"tied to a {_THINGS[kind][0] if kind in _THINGS else 'tag'} given as a seed{over}"
            )
        return f"tied to seed {short(graph.name(node))}{over}"


def _posts(act: Act) -> str:
    """The verb where no object follows."""
    return "liked posts" if act == Act.LIKED else _VERBS[act]


def _counted(kind: Node, count: int) -> str:
    one, many = _THINGS[kind]
    return f"a {one}" if count == 1 else f"{count} {many}"


def _same(kind: Node, count: int) -> str:
    one, many = _THINGS[kind]
    return f"the same {one}" if count == 1 else f"{count} of the same {many}"


def short(name: str) -> str:
    """A name as it is shown: without the scheme of a URI, so that nothing makes a link of it."""
    return name.partition("://")[2] or name
