"""Each structure has its own traces, and a little of those of the others."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from leeward.simulate import STRUCTURES
from leeward.simulate._accounts import make_people
from leeward.simulate._cast import make_cast
from leeward.simulate._settings import Settings
from leeward.simulate._topics import make_topics
from tests.simulate._platform import aim_of, bits_between

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.simulate import Structure
    from tests.simulate._platform import Platform


def _reposts(platform: Platform) -> int:
    """Reposts and likes by the ring of what it made."""
    return sum(
        event["kind"] in ("repost", "like")
        for account in platform.ring
        for event in platform.touches[account]
    )


def _tag_posts(platform: Platform) -> int:
    posts = (platform.post[uri] for uri in platform.tainted["post"])
    return sum(bool(platform.tainted["tag"] & set(post["tags"])) for post in posts)


def _shared_tags(platform: Platform) -> int:
    """Innocent posts under hashtags of the ring."""
    return sum(
        bool(platform.tainted["tag"] & set(post["tags"]))
        for uri, post in platform.post.items()
        if uri not in platform.tainted["post"]
    )


def _link_posts(platform: Platform) -> list[dict[str, Any]]:
    posts = (platform.post[uri] for uri in platform.tainted["post"])
    return [post for post in posts if platform.tainted["link"] & set(post["links"])]


def _suspended(platform: Platform) -> list[str]:
    return [
        event["object"]
        for event in platform.events
        if event["op"] == "update" and event["object"] in platform.ring
    ]


def _offers(platform: Platform) -> int:
    """Tainted replies under what children and schools have posted."""
    owners = platform.having("child", "school")
    return sum(
        post["root"] is not None and platform.post[post["root"]]["actor"] in owners
        for post in (platform.post[uri] for uri in platform.tainted["post"])
    )


@pytest.mark.parametrize(
    ("structure", "traces"),
    [
        ("shared-posts", _reposts),
        ("hashtags", _tag_posts),
        ("migrating", lambda platform: len(_suspended(platform))),
        ("trade", _offers),
        ("adjacent", _shared_tags),
        ("links", lambda platform: len(_link_posts(platform))),
    ],
)
def test_a_structure_has_most_of_its_own_traces(
    structure: Structure,
    traces: Callable[[Platform], int],
    platforms: Callable[[Structure], Platform],
) -> None:
    counts = {name: traces(platforms(name)) for name in STRUCTURES}
    others = [count for name, count in counts.items() if name != structure]
    assert counts[structure] > 1.25 * max(others)
    if structure != "migrating":
        assert min(others) > 0


def test_hashtags_change(platforms: Callable[[Structure], Platform]) -> None:
    """No hashtag of a cell is used for more than three weeks; the shared ones are others'."""
    platform = platforms("hashtags")
    times: dict[str, list[int]] = {}
    for uri in platform.tainted["post"]:
        for tag in platform.tainted["tag"] & set(platform.post[uri]["tags"]):
            times.setdefault(tag, []).append(platform.post[uri]["at"])
    days = sorted((max(at) - min(at)) / 86_400e6 for at in times.values())
    assert len(days) > 20
    assert days[-2] < 21


def test_invitations_lead_elsewhere_and_name_somebody(
    platforms: Callable[[Structure], Platform],
) -> None:
    platform = platforms("hashtags")
    invites = _link_posts(platform)
    assert len(invites) > 40
    assert sum(bool(post["mentions"]) for post in invites) > 0.9 * len(invites)
    for post in invites:
        assert platform.ring >= set(post["mentions"])
        assert post["links"][0].startswith("https://invite.sim.example/")
    innocent = {
        link
        for post in platform.post.values()
        for link in post["links"]
        if link.startswith("https://invite.sim.example/")
    } - platform.tainted["link"]
    assert len(innocent) > 20


def test_the_suspended_return_are_followed_and_show_near_copies(
    platforms: Callable[[Structure], Platform],
) -> None:
    platform = platforms("migrating")
    suspended = _suspended(platform)
    assert len(suspended) >= 0.1 * len(platform.ring)
    gone = {e["object"]: e["at"] for e in platform.events if e["op"] == "update"}
    made = {
        event["object"]: json.loads(event["extra"])["account"]["created"]
        for event in platform.events
        if event["kind"] == "account" and event["op"] == "create"
    }
    new = {
        account
        for account in platform.ring
        for old in suspended
        if platform.cell[account] == platform.cell[old]
        and platform.role[account] == platform.role[old]
        and 0 < made[account] - gone[old] < 9 * 86_400e6
    }
    assert len(new) >= len(suspended)
    followed = {e["target"] for e in platform.acts if e["kind"] == "follow"
                and e["actor"] in platform.ring and e["target"] in new
                and platform.cell[e["actor"]] == platform.cell[e["target"]]}  # fmt: skip
    assert len(followed) > 0.7 * len(new)
    shown = {
        account: [
            item["pdq"]
            for uri in platform.tainted["post"]
            if platform.post[uri]["actor"] == account
            for item in platform.post[uri]["media"]
        ]
        for account in (*new, *suspended)
    }
    near = 0
    for account in new:
        cell = [a for a in suspended if platform.cell[a] == platform.cell[account]]
        old = [pdq for a in cell for pdq in shown[a]]
        near += any(bits_between(one, other) <= 15 for one in shown[account] for other in old)
    assert near >= 3


def test_offers_are_made_under_photographs_and_answered(
    platforms: Callable[[Structure], Platform],
) -> None:
    platform = platforms("trade")
    replies = [post for uri in platform.tainted["post"]
               if (post := platform.post[uri])["reply_to"]]  # fmt: skip
    offers = {post["object"] for post in replies if post["reply_to"] == post["root"]}
    answers = [post for post in replies if aim_of(post) in offers]
    assert len(answers) > 30
    for post in answers:
        assert post["mentions"] == [platform.post[post["reply_to"]]["actor"]]


def test_neighbours_use_the_rings_hashtags_in_the_same_days_and_none_of_its_posts(
    platforms: Callable[[Structure], Platform],
) -> None:
    platform = platforms("adjacent")
    neighbours = platform.having("neighbour")
    used: dict[str, dict[str, list[int]]] = {"ring": {}, "neighbour": {}}
    for uri, post in platform.post.items():
        side = "neighbour" if post["actor"] in neighbours else "ring"
        if side == "neighbour" or uri in platform.tainted["post"]:
            for tag in platform.tainted["tag"] & set(post["tags"]):
                used[side].setdefault(tag, []).append(post["at"])
    both = set(used["ring"]) & set(used["neighbour"])
    assert len(both) > 0.5 * len(used["ring"])
    apart = sorted(abs(min(used["ring"][t]) - min(used["neighbour"][t])) for t in both)
    assert apart[len(apart) // 2] < 14 * 86_400e6
    users = {p["actor"] for p in platform.post.values() if platform.tainted["tag"] & set(p["tags"])}
    assert len(users & neighbours) > 0.4 * len(neighbours)
    assert not neighbours & set(platform.touches)
    assert not platform.tainted["post"] & {
        uri for uri, post in platform.post.items() if post["actor"] in neighbours
    }


def test_neighbours_are_close_to_each_other_and_no_closer_to_the_ring_than_fans(
    platforms: Callable[[Structure], Platform],
) -> None:
    """Likes and reposts for each member; everybody meets ordinary posts of everybody."""
    platform = platforms("adjacent")
    sides = {
        "ring": platform.ring,
        "neighbour": platform.having("neighbour"),
        "fan": platform.having("fan"),
    }
    side = {account: name for name, accounts in sides.items() for account in accounts}
    ties = Counter(
        (side.get(event["actor"]), side.get(platform.post[aim]["actor"]))
        for event in platform.acts
        if event["kind"] in ("like", "repost") and (aim := aim_of(event)) in platform.post
    )
    each = {pair: n / len(sides[pair[0]]) for pair, n in ties.items() if pair[0] in sides}
    assert each["neighbour", "neighbour"] > 0.5 * each["ring", "ring"]
    assert each["neighbour", "ring"] < 1.25 * each["fan", "ring"]
    assert each["neighbour", "ring"] < 0.5 * each["neighbour", "neighbour"]


def test_a_ring_of_links_shares_them_in_posts_for_nobody_and_reacts_to_few(
    platforms: Callable[[Structure], Platform],
) -> None:
    platform = platforms("links")
    posts = _link_posts(platform)
    assert len(posts) > 0.7 * len(platform.tainted["post"])
    assert sum(bool(post["mentions"]) for post in posts) < 0.2 * len(posts)
    assert sum(bool(post["media"]) for post in posts) < 0.4 * len(posts)
    assert len({post["actor"] for post in posts}) > 0.7 * len(platform.ring)
    assert _reposts(platform) < 0.3 * min(len(posts), _reposts(platforms("shared-posts")))
    times: dict[str, list[int]] = {}
    for post in posts:
        for link in platform.tainted["link"] & set(post["links"]):
            times.setdefault(link, []).append(post["at"])
    days = [(max(at) - min(at)) / 86_400e6 for at in times.values()]
    assert len(days) > 20
    assert max(days) < 21


def test_a_fifth_of_the_neighbours_have_the_first_interest_of_the_cell_beside_theirs() -> None:
    """Beyond those who have it by chance, as they may have that of the next cell but one."""
    settings = Settings(accounts=60_000, ring=2_800, structure="adjacent")
    rng = np.random.default_rng(8)
    topics = make_topics(rng, settings.accounts, fresh=0)
    people = make_people(rng, settings.accounts, topics)
    cast = make_cast(rng, settings, people, topics)
    ring, neighbours = cast.ring, cast.neighbours
    assert neighbours is not None
    first = people.interests[:, 0].astype(int)
    usual = [Counter(first[ring.members[ring.cell == c]]).most_common(1)[0][0]
             for c in range(ring.cells)]  # fmt: skip
    own = first[neighbours.members]
    beside, elsewhere = (
        np.mean(own == np.array(usual)[(neighbours.cell + step) % ring.cells]) for step in (0, 2)
    )
    assert 0.15 < beside - elsewhere < 0.25
