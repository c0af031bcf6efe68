"""What carries an account's score, in words: its own acts, and the way from a seed to each.

The score of an account is a sum over its own acts of what flows to it by each. What comes back
from the account itself is left out; the shares of the rest are exact and add up to one. The way
that is told of each is the most probable one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.network._acts import Act, Node
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
    Node.MEDIA: ("picture", "pictures"),
    Node.LINK: ("link", "links"),
    Node.COMMUNITY: ("community", "communities"),
}


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
        other: The account before it on the best way; -1 where the thing itself is a seed.
        how: What that account did.
        flow: What flows to the account by this act.
    """

    act: Act
    thing: int
    other: int
    how: Act
    flow: float


class _Key(NamedTuple):
    """What acts have in common that are told in one sentence.

    Attributes:
        act: What the account did.
        kind: What is shared.
        tag: The tag, which is told by its word; other things are counted.
        from_seed: The account before it is a seed.
        from_thing: The thing itself is a seed.
        how: What the account before it did.
    """

    act: Act
    kind: Node
    tag: int | None
    from_seed: bool
    from_thing: bool
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
        on: The probability of going on at each step.
    """

    def __init__(
        self,
        graph: Graph,
        steps: Steps,
        visits: Visits,
        ways: Paths,
        seeds: frozenset[int],
        on: float,
    ) -> None:
        self._graph, self._steps, self._visits, self._ways = graph, steps, visits, ways
        self._seeds, self._on = seeds, on

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
        told = sorted(groups.items(), key=lambda item: -item[1].flow)[:MOST]
        return Explanation(
            tuple(self._evidence(key, group, total) for key, group in told),
            len(others - {account}),
        )

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
                    yield _Step(act, node, node, Act.FOLLOWED, self._on * float(flow))
                continue
            direct = steps.back[code] * visits.x[node] * steps.give[node]
            if direct > 0:
                other = int(ways.before[node])
                yield _Step(act, node, other, self._how(other, node), self._on * float(direct))
            through = steps.back2[code] * visits.y[node] * steps.give2[node]
            if through > 0:
                thing = int(ways.before_y[node])
                post = int(ways.before[thing]) if thing >= 0 else -1
                other = int(ways.before[post]) if post >= 0 else -1
                yield _Step(act, thing, other, self._how(other, post), self._on * float(through))

    def _behind(self, thing: int) -> set[int]:
        """Who made a shared thing what it is; of many, a few."""
        match self._graph.kind[thing]:
            case Node.ACCOUNT:
                return {thing}
            case Node.POST:
                posts = [thing]
            case _:
                posts = self._graph.into.node[self._graph.into.row(thing)][:_CARRIERS].tolist()
        return set(self._graph.author[posts].tolist()) - {-1}

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
            step.other in self._seeds,
            step.other < 0,
            step.how,
        )

    def _evidence(self, key: _Key, group: _Group, total: float) -> Evidence:
        thing = max(group.things, key=lambda node: (group.things[node], -node))
        did = _VERBS[key.act]
        label = did if key.kind in (Node.POST, Node.ACCOUNT) else key.kind.name.lower()
        words = self._words(key, group, did)
        return Evidence(label, self._graph.subject(thing), group.flow / total, words)

    def _words(self, key: _Key, group: _Group, did: str) -> str:
        who = self._who(group, from_seed=key.from_seed)
        count = len(group.things)
        match key.kind:
            case Node.ACCOUNT:
                return f"{did} {who}"
            case Node.POST:
                posts = "a post" if count == 1 else f"{count} posts"
                told = "given as a seed" if key.from_thing else f"that {who} {_VERBS[key.how]}"
                return f"{did} {posts} {told}"
            case Node.TAG:
                (tag,) = group.things
                told = "a seed" if key.from_thing else f"as {who} did"
                return f"{did} under #{self._graph.name(tag)}, {told}"
            case Node.COMMUNITY:
                return f"{did} in {_counted(key.kind, count)} as {who}"
            case _:
                told = "given as a seed" if key.from_thing else f"as {who}"
                return f"{did} {_counted(key.kind, count)} {told}"

    def _who(self, group: _Group, *, from_seed: bool) -> str:
        people = sorted(group.others, key=lambda node: (-group.others[node], node))
        if not people:
            return "a seed"
        first = short(self._graph.name(people[0]))
        if from_seed:
            more = len(people) - 1
            also = f" and {more} other seed{'s' if more > 1 else ''}" if more else ""
            return f"seed {first}{also}"
        more = len(people) - 1
        also = f" and {more} other{'s' if more > 1 else ''}" if more else ""
        return f"{first} ({self._way(people[0])}){also}"

    def _way(self, account: int) -> str:
        """How an account that is no seed leads to one."""
        ways, between = self._ways, 0
        node, through = account, False
        for _ in range(REACH):
            if self._graph.kind[node] == Node.ACCOUNT:
                through, before = bool(ways.by[node]), int(ways.before[node])
                between += node != account
            else:
                before = int(ways.before_y[node] if through else ways.before[node])
                through = False
            if before < 0 or node in self._seeds:
                break
            node = before
        if self._graph.kind[node] != Node.ACCOUNT:
            return f"tied to a seed {Node(self._graph.kind[node]).name.lower()}"
        between -= node != account
        seed = short(self._graph.name(node))
        if not between:
            return f"tied to seed {seed}"
        return f"tied to seed {seed} over {between} other{'s' if between > 1 else ''}"


def _counted(kind: Node, count: int) -> str:
    one, many = _THINGS[kind]
    return f"the same {one}" if count == 1 else f"{count} of the same {many}"


def short(name: str) -> str:
    """A name as it is shown: without the scheme of a URI, so that nothing makes a link of it."""
    return name.partition("://")[2] or name
