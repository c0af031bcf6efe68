"""Each structure has its own traces, and a little of those of the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from leeward.simulate import STRUCTURES
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
    invites = [
        post
        for post in (platform.post[uri] for uri in platform.tainted["post"])
        if platform.tainted["link"] & set(post["links"])
    ]
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
