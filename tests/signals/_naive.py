"""What the trackers count, counted again in the plainest way: sets and lists of names."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leeward.model import Event, Label

__all__ = ["NaiveAccounts", "NaiveItems", "NaivePlaces"]

_HALF = 30 * 86_400_000_000

Entry = tuple[int, str, list[float], list[float]]


class _Social:
    """Who follows, turned to, declared or met whom."""

    def __init__(self) -> None:
        self.follows: set[tuple[str, str]] = set()
        self.turned: set[tuple[str, str]] = set()
        self.kin: dict[str, set[str]] = defaultdict(set)
        self.joined: dict[str, list[str]] = defaultdict(list)
        self.minor: dict[str, bool] = {}
        self.created: dict[str, int] = {}
        self.introduced: set[str] = set()
        self.minors_told = False
        self.author: dict[str, str] = {}
        self.followed_by: dict[str, tuple[str, str]] = {}

    def learn(self, event: Event) -> None:
        if event.kind == "account" and event.op != "delete":
            self._introduce(event.object, (event.extra or {}).get("account", {}))
        elif event.kind == "follow":
            pair = self.pair(event)
            if pair is not None and event.op == "create":
                self.followed_by[event.object] = pair
                self.follows.add(pair)
            elif pair is not None:
                self.follows.discard(pair)
        elif event.op == "create" and event.kind in ("post", "poll", "repost", "like"):
            self._act(event)

    def _introduce(self, who: str, body: dict[str, Any]) -> None:
        self.introduced.add(who)
        if "minor" in body:
            self.minor[who] = body["minor"]
            self.minors_told = True
        if "created" in body:
            self.created[who] = body["created"]
        if "relatives" in body:
            self.kin[who] = set(body["relatives"])

    def _act(self, event: Event) -> None:
        actor, owner = event.actor, self.owner(event)
        if owner not in (None, actor):
            self.turned.add((actor, str(owner)))
        if event.kind in ("post", "poll"):
            self.turned |= {(actor, other) for other in event.mentions if other != actor}
            if event.community and event.community not in self.joined[actor]:
                self.joined[actor].append(event.community)

    def pair(self, event: Event) -> tuple[str, str] | None:
        pair = self.followed_by.get(event.object, (event.actor, event.target))
        return None if pair[1] is None or pair[0] == pair[1] else (pair[0], str(pair[1]))

    def owner(self, event: Event) -> str | None:
        above = event.reply_to if event.kind in ("post", "poll") else event.target
        return None if above is None else self.author.get(above)

    def grouped(self, a: str, b: str) -> bool:
        return bool({*self.joined[a][-4:]} & {*self.joined[b][-4:]})

    def tied(self, owner: str, other: str) -> bool:
        pair = (owner, other)
        return (
            pair in self.follows
            or pair in self.turned
            or other in self.kin[owner]
            or self.grouped(owner, other)
        )


class _Complaints:
    """Which posts are flagged."""

    def __init__(self) -> None:
        self.standing: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        self.word: dict[str, str] = {}
        self.known: set[str] = set()

    def learn(self, event: Event) -> str | None:
        """The post that a flag is about, where it changed something."""
        if event.op == "create" and event.target and event.object not in self.standing:
            # A flag of a post that the log did not have yet is about nothing known.
            self.standing[event.object] = event.target
            if event.target not in self.known:
                self.withdrawn.add(event.object)
                return None
            return event.target
        if event.op == "delete" and event.object in self.standing:
            if event.object in self.withdrawn:
                return None
            self.withdrawn.add(event.object)
            return self.standing[event.object]
        return None

    def flagged(self, post: str) -> bool:
        if self.word.get(post) == "offender":
            return True
        complaints = [
            flag
            for flag, about in self.standing.items()
            if about == post and flag not in self.withdrawn
        ]
        return bool(complaints) and self.word.get(post) != "innocent"


class NaiveItems:
    """Media items (``media``) or threads."""

    def __init__(self, kind: str) -> None:
        self.media = kind == "media"
        self.social, self.complaints = _Social(), _Complaints()
        self.items_of: dict[str, list[str]] = {}
        self.polls: set[str] = set()
        self.item: dict[str, dict[str, Any]] = defaultdict(_item)
        self.visited: dict[str, list[str]] = defaultdict(list)
        self.word: dict[str, str] = {}

    def label(self, label: Label) -> None:
        if label.kind == "post":
            self.complaints.word[label.subject] = label.label
        elif label.kind == "media":
            self.word[label.subject] = label.label

    def take(self, number: int, event: Event) -> list[Entry]:
        self.social.learn(event)
        touched: list[str] = []
        if event.kind == "flag":
            post = self.complaints.learn(event)
            touched = self.items_of.get(post or "", [])
            if not self.media:
                touched = [one for one in touched if one == event.target]
        elif event.kind in ("post", "poll") and event.op == "create":
            touched = self._post(event)
        elif event.kind in ("repost", "like") and event.op == "create":
            touched = self._react(event)
        return [(number, one, *self._count(one, event.at)) for one in touched]

    def _post(self, event: Event) -> list[str]:
        actor, mine = event.actor, []
        is_reply = bool(event.reply_to) or event.root not in (None, event.object)
        if not self.media:
            mine = [event.root or event.reply_to or event.object]
        elif is_reply:
            above = self.items_of.get(event.root or "") or self.items_of.get(event.reply_to or "")
            mine = list(above or [])
        if is_reply:
            for one in mine:
                self._reply(one, actor, event)
        elif not self.media:
            self.item[mine[0]]["owner"] = actor
        mine += self._shown(event, mine)
        self.social.author[event.object] = actor
        self.complaints.known.add(event.object)
        self.items_of[event.object] = mine
        if _age_poll(event):
            self.polls.add(event.object)
        for one in mine:
            self.item[one]["posts"].append((event.object, bool(event.links), _age_poll(event)))
        return mine

    def _shown(self, event: Event, above: list[str]) -> list[str]:
        """Post a post's pictures; those that it does not belong to already, as it has room."""
        shown = dict.fromkeys(str(one.sha256) for one in event.media if self.media)
        fresh = [name for name in shown if name not in above][: 4 - len(above)]
        for name in shown:
            if name in fresh or name in above:
                self._upload(self.item[name], event.actor)
        return fresh

    def _upload(self, item: dict[str, Any], actor: str) -> None:
        item["owner"] = item["owner"] or actor
        item["uploads"] += 1
        if actor != item["owner"]:
            item["others"] += 1
            if actor not in item["uploaders"]:
                item["uploaders"][actor] = not self.social.tied(item["owner"], actor)

    def _reply(self, name: str, actor: str, event: Event) -> None:
        item = self.item[name]
        if actor == item["owner"]:
            return
        item["replies"].append((event.at, max([event.at, *(t for _, t in item["replies"])])))
        if actor not in item["repliers"]:
            owner = item["owner"]
            item["repliers"][actor] = None if owner is None else not self.social.tied(owner, actor)
            self.visited[actor].append(name)
        elsewhere = [one for one in self.visited[actor][-8:] if one != name]
        if any(map(self._flagged, elsewhere)):
            item["overlap"].add(actor)
        if event.reply_to in self.polls:
            self._reacted(item, actor)

    def _reacted(self, item: dict[str, Any], actor: str) -> None:
        if item["owner"] is not None and actor not in item["reactors"]:
            item["reactors"][actor] = not self.social.tied(item["owner"], actor)

    def _react(self, event: Event) -> list[str]:
        target = event.target or ""
        if event.kind == "like" and target not in self.polls:
            return []
        touched = []
        for one in self.items_of.get(target, []):
            item, actor = self.item[one], event.actor
            if item["owner"] != actor:
                new = item["owner"] is not None and actor not in item["reposters"]
                if event.kind == "repost" and new:
                    item["reposters"][actor] = not self.social.tied(item["owner"], actor)
                if target in self.polls:
                    self._reacted(item, actor)
            if self.media or one == target:
                touched.append(one)
        return touched

    def _flagged(self, name: str) -> bool:
        if name in self.word:
            return self.word[name] == "offender"
        return any(self.complaints.flagged(post) for post, _, _ in self.item[name]["posts"])

    def _count(self, name: str, at: int) -> tuple[list[float], list[float]]:
        item = self.item[name]
        burst, last = 0.0, 0
        for when, clock in item["replies"]:
            burst = burst * 0.5 ** (max(0, when - last) / 600e6) + 1
            last = clock
        burst *= 0.5 ** (max(0, at - last) / 600e6)
        judged = [one for one in item["repliers"].values() if one is not None]
        posts = len(item["posts"])
        flagged = sum(self.complaints.flagged(post) for post, _, _ in item["posts"])
        owner = item["owner"]
        known = owner in self.social.introduced and self.social.minors_told
        pairs: list[tuple[float, float]] = []
        if self.media:
            pairs = [
                (item["others"], item["uploads"]),
                (sum(item["uploaders"].values()), item["uploads"]),
            ]
        pairs += [
            (sum(judged), len(judged)),
            (sum(item["reposters"].values()), len(item["reposters"])),
            (len(item["overlap"]), len(item["repliers"])),
            (burst, posts),
            (sum(linked for _, linked, _ in item["posts"]), posts),
            (flagged, posts),
            (sum(poll for _, _, poll in item["posts"]), posts),
            (sum(item["reactors"].values()), len(item["reactors"])),
            (float(known and self.social.minor.get(owner, False)), float(known)),
        ]
        return [float(k) for k, _ in pairs], [float(n) for _, n in pairs]


def _item() -> dict[str, Any]:
    return {
        "owner": None,
        "uploads": 0,
        "others": 0,
        "uploaders": {},
        "repliers": {},
        "replies": [],
        "overlap": set(),
        "reposters": {},
        "reactors": {},
        "posts": [],
    }


def _age_poll(event: Event) -> bool:
    """The polls of these logs are either all ages or all trees."""
    options = (event.extra or {}).get("poll", {}).get("options", ["oak"])
    return str(options[0]).isdecimal()


class NaiveAccounts:
    """Accounts; whom each turned to is settled at a contact, a follow and a declaration."""

    def __init__(self) -> None:
        self.social = _Social()
        self.posts: dict[str, int] = defaultdict(int)
        self.reposts: dict[str, int] = defaultdict(int)
        self.met: set[tuple[str, str]] = set()
        self.settled: dict[tuple[str, str], tuple[bool, bool]] = {}

    def label(self, label: Label) -> None:
        del label

    def take(self, number: int, event: Event) -> list[Entry]:
        social, actor = self.social, event.actor
        owner = social.owner(event)
        social.learn(event)
        if event.kind == "account":
            for other in (event.extra or {}).get("account", {}).get("relatives", ()):
                self._settle(other, event.object)
            return []
        if event.kind == "follow":
            pair = social.pair(event)
            if pair is None:
                return []
            if event.op == "create":
                self._contact(*pair)
            self._settle(*pair)
            self._settle(pair[1], pair[0])
        elif event.kind in ("post", "poll"):
            self.posts[actor] += 1
            social.author[event.object] = actor
            for other in (owner, *event.mentions):
                self._contact(actor, other)
        elif event.kind in ("repost", "like"):
            self._contact(actor, owner)
            self.reposts[actor] += event.kind == "repost"
        if event.op != "create" or event.kind == "flag":
            return []
        return [(number, actor, *self._count(actor, event.at))]

    def _contact(self, a: str, b: str | None) -> None:
        if b is not None and a != b:
            self.met.add((a, b))
            self._settle(a, b)

    def _settle(self, a: str, b: str) -> None:
        if (a, b) in self.met:
            social = self.social
            mutual = (a, b) in social.follows and (b, a) in social.follows
            counts = not (mutual or a in social.kin[b] or social.grouped(a, b))
            self.settled[a, b] = (counts, counts and social.minor.get(b, False))

    def _count(self, who: str, at: int) -> tuple[list[float], list[float]]:
        social = self.social
        mine = [said for (a, _), said in self.settled.items() if a == who]
        contacts, minors = sum(c for c, _ in mine), sum(m for _, m in mine)
        asked = social.minors_told and not social.minor.get(who, False)
        created = social.created.get(who)
        posts, reposts = self.posts[who], self.reposts[who]
        pairs = [
            (minors, contacts) if asked else (0, 0),
            (minors, max(1, contacts)) if asked else (0, 0),
            (reposts, posts + reposts),
            (0, 0) if created is None else (max(0, at - created) / 86_400e6, 1),
            (0, 0),
        ]
        return [float(k) for k, _ in pairs], [float(n) for _, n in pairs]


class NaivePlaces:
    """Hashtags (``tag``) or communities."""

    def __init__(self, kind: str) -> None:
        self.tags = kind == "tag"
        self.complaints = _Complaints()
        self.clock: dict[str, int] = {}
        self.posts: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        self.last: dict[tuple[str, str], int] = {}
        self.shown: dict[tuple[str, str], list[set[str]]] = defaultdict(list)
        self.why: dict[tuple[str, str], Label] = {}
        self.labels: dict[str, Label] = {}
        self.told = False

    def label(self, label: Label) -> None:
        if label.kind not in ("account", "post", "media"):
            return
        self.told = True
        self.labels[label.subject] = label
        if label.kind == "post":
            self.complaints.word[label.subject] = label.label
        for (place, who), shown in self.shown.items():
            if who == label.subject or any(label.subject in names for names in shown[-4:]):
                self._judge(place, who, label)

    def _judge(self, place: str, who: str, label: Label) -> None:
        why = self.why.get((place, who))
        if label.label == "offender":
            if label.kind != "media" or self._speaks(place, who, label.subject):
                self.why[place, who] = label
        elif why is None:
            return
        elif label.subject in (why.subject, who) or (
            any(names == {label.subject, why.subject} for names in self.shown[place, who][-4:])
            and why.kind == "media"
            and not self._speaks(place, who, why.subject)
        ):
            del self.why[place, who]

    def _speaks(self, place: str, who: str, picture: str) -> bool:
        """Whether a post shows it that nobody cleared, nor whoever made the post."""
        cleared = {name for name, label in self.labels.items() if label.label == "innocent"}
        shown = [names for names in self.shown[place, who][-4:] if picture in names]
        return who not in cleared and any(not names & (cleared - {picture}) for names in shown)

    def take(self, number: int, event: Event) -> list[Entry]:
        if event.kind == "flag":
            self.complaints.learn(event)
            return []
        if event.kind not in ("post", "poll") or event.op != "create":
            return []
        places = event.tags if self.tags else (event.community,) if event.community else ()
        self.complaints.known |= {event.object} if places else set()
        for place in places:
            self._use(place, event)
        return [(number, place, *self._count(place, event)) for place in places]

    def _use(self, place: str, event: Event) -> None:
        pair = (place, event.actor)
        self.clock[place] = max(event.at, self.clock.get(place, event.at))
        self.last[pair] = self.clock[place]
        self.posts[place].append((event.object, event.actor, event.at))
        if pair not in self.shown and event.actor in self.labels:
            self._judge(*pair, self.labels[event.actor])
        names = {event.object}
        if event.media:
            names.add(str(event.media[0].sha256))
        self.shown[pair].append(names)
        for name in (event.object, str(event.media[0].sha256) if event.media else ""):
            if name in self.labels:
                self._judge(*pair, self.labels[name])

    def _case(self, place: str, event: Event) -> str | None:
        why = self.why.get((place, event.actor))
        for name in (event.actor, event.object):
            label = self.labels.get(name)
            if why is None and label is not None and label.label == "offender":
                why = label
        return None if why is None else why.case or why.subject

    def _count(self, place: str, event: Event) -> tuple[list[float], list[float]]:
        now = self.clock[place]

        def faded(since: int) -> float:
            return float(0.5 ** (max(0, now - since) / _HALF))

        share = {who: faded(last) for (at, who), last in self.last.items() if at == place}
        posts = sum(faded(at) for _, _, at in self.posts[place])
        bad = [one for one in self.posts[place] if self.complaints.flagged(one[0])]
        flagged = sum(faded(at) for _, _, at in bad)
        authors = sum(share[who] for who in {who for _, who, _ in bad})
        case = self._case(place, event)
        own = confirmed = 0.0
        for who, part in share.items():
            why = self.why.get((place, who))
            if why is not None:
                confirmed += part * why.weight
                own += part * why.weight if (why.case or why.subject) == case else 0
        users = sum(share.values())
        left = max(users - own, confirmed - own, 1e-9) if self.told else 0.0
        if self.tags:
            return [confirmed - own, flagged], [left, posts]
        return [flagged, authors, confirmed - own], [posts, users, left]
