"""Who is who in the truth, and whether what they did is what their role says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from leeward.simulate import RoleSizes
from tests.simulate._platform import POSTS, RING, aim_of, bits_between

if TYPE_CHECKING:
    from tests.simulate._platform import Platform


def test_the_truth_is_of_every_account(platform: Platform) -> None:
    made = {e["object"] for e in platform.events if e["kind"] == "account"}
    assert len(platform.truth) == len(made)
    assert made == set(platform.role)
    assert Counter(platform.role.values()) == {
        role: count for role, count in platform.summary.roles.items() if count
    }


def test_roles_have_the_sizes_that_were_asked_for(platform: Platform) -> None:
    counts, sizes = Counter(platform.role.values()), RoleSizes()
    assert sum(counts[part] for part in RING) == 150
    assert 45 <= counts["silent"] <= 55
    assert counts["bot"] == round(sizes.bots * len(platform.role))
    for role, size in (
        ("fan", sizes.fans),
        ("child", sizes.children),
        ("family", sizes.family),
        ("school", sizes.schools),
        ("tag_user", sizes.tag_users),
    ):
        assert counts[role] == round(size * 150), role
    beside = sizes.neighbours if platform.structure == "adjacent" else 0
    assert counts["neighbour"] == round(beside * 150)
    for role, size in (  # those who were not there at the right time are ordinary
        ("critic", sizes.critics),
        ("flagger", sizes.flaggers),
        ("passer_by", sizes.passers_by),
    ):
        assert 0.95 * size * 150 <= counts[role] <= size * 150, role


def test_the_ring_is_in_cells_of_eight_to_forty(platform: Platform) -> None:
    sizes = Counter(platform.cell[account] for account in platform.ring)
    assert platform.summary.ring_cells == len(sizes)
    assert all(8 <= size <= 40 for size in sizes.values())
    others = {platform.cell[account] for account in set(platform.role) - platform.ring}
    assert not others & set(sizes)
    for cell in sizes:
        parts = {platform.role[a] for a in platform.ring if platform.cell[a] == cell}
        assert set(RING) == parts


def test_nine_tenths_of_what_the_ring_does_is_ordinary(platform: Platform) -> None:
    """Recounted from the files: what is tainted, touches it, or turns to photographs of others."""
    owners = platform.having("child", "school")
    photographs = {uri for uri, post in platform.post.items() if post["actor"] in owners}
    for_the_ring = platform.tainted["post"] | photographs | platform.ring
    acts = [event for event in platform.acts if event["actor"] in platform.ring]
    special = sum(
        event["object"] in platform.tainted["post"] or aim_of(event) in for_the_ring
        for event in acts
    )
    assert 0.85 <= 1 - special / len(acts) <= 0.95
    assert abs(platform.summary.ordinary_share - (1 - special / len(acts))) < 0.03


def test_the_silent_act_once_or_twice(platform: Platform) -> None:
    acts = Counter(
        event["actor"]
        for event in platform.acts
        if event["object"] in platform.tainted["post"] or aim_of(event) in platform.tainted["post"]
    )
    assert max(acts[account] for account in platform.having("silent")) <= 2
    active = [acts[account] for account in platform.having("producer", "distributor")]
    assert sum(active) / len(active) > 3


def test_what_is_tainted_was_made_by_the_ring(platform: Platform) -> None:
    posts = [platform.post[uri] for uri in platform.tainted["post"]]
    assert {post["actor"] for post in posts} <= platform.ring
    assert Counter({kind: len(subjects) for kind, subjects in platform.tainted.items()}) == Counter(
        platform.summary.tainted
    )
    shown = {item["sha256"] for post in posts for item in post["media"]}
    assert platform.tainted["media"] == shown
    assert platform.tainted["tag"] <= {tag for post in posts for tag in post["tags"]}
    assert platform.tainted["link"] <= {link for post in posts for link in post["links"]}
    assert platform.tainted["tag"]
    assert platform.tainted["link"]


def test_nobody_else_shows_tainted_pictures_or_links(platform: Platform) -> None:
    for uri, post in platform.post.items():
        if uri not in platform.tainted["post"]:
            assert platform.tainted["media"].isdisjoint(i["sha256"] for i in post["media"])
            assert platform.tainted["link"].isdisjoint(post["links"])


def test_only_people_with_a_role_met_the_ring(platform: Platform) -> None:
    met = {platform.role[account] for account in platform.touches}
    assert {*RING, "passer_by", "critic", "flagger", "bot"} >= met


def test_a_passer_by_touched_one_tainted_post(platform: Platform) -> None:
    assert all(len(platform.touches[a]) == 1 for a in platform.having("passer_by"))


def test_critics_argue_and_flaggers_report(platform: Platform) -> None:
    said = Counter(e["kind"] for a in platform.having("critic") for e in platform.touches[a])
    assert said["post"] > 0.7 * said.total()
    assert said["repost"] > 0
    for account in platform.having("flagger"):
        assert "flag" in {event["kind"] for event in platform.touches[account]}
    complaints = [e for e in platform.acts if e["kind"] == "flag" and e["target"] in platform.ring]
    assert complaints
    everywhere = [e for e in platform.acts if e["kind"] == "flag"]
    assert len(everywhere) > sum(map(len, platform.touches.values())) * 0.05


def test_bots_repost_and_some_say_that_they_are_bots(platform: Platform) -> None:
    bots = platform.having("bot")
    kinds = Counter(event["kind"] for event in platform.acts if event["actor"] in bots)
    assert kinds["repost"] > 0.75 * kinds.total()
    assert any(platform.touches[account] for account in bots)
    declared = _bodies(platform, "bot")
    assert bots & declared
    assert bots - declared


def test_children_are_reached_by_the_ring_and_known_to_be_minors_mostly(
    platform: Platform,
) -> None:
    children = platform.having("child")
    reached = {
        platform.post[aim]["actor"]
        for event in platform.acts
        if event["actor"] in platform.ring and (aim := aim_of(event)) in platform.post
    }
    assert len(children - reached) <= 1
    minors = _bodies(platform, "minor")
    assert 0.7 < len(children & minors) / len(children) < 1
    assert len(minors - children) > len(children)


def _bodies(platform: Platform, name: str) -> set[str]:
    """Accounts of which the platform says this."""
    return {
        event["object"]
        for event in platform.events
        if event["kind"] == "account" and json.loads(event["extra"])["account"].get(name)
    }


def test_near_copies_of_a_childs_photograph_are_tainted_and_the_photograph_is_not(
    shared_posts: Platform,
) -> None:
    owners = shared_posts.having("child", "school")
    own = {
        item["pdq"]: item["sha256"]
        for post in shared_posts.post.values()
        if post["actor"] in owners
        for item in post["media"]
    }
    copies = [
        item
        for uri in shared_posts.tainted["post"]
        for item in shared_posts.post[uri]["media"]
        if min(bits_between(item["pdq"], pdq) for pdq in own) <= 15
    ]
    assert len(copies) > 5
    assert shared_posts.tainted["media"].isdisjoint(own.values())


def test_a_family_reacts_to_its_child_and_may_show_the_photograph(platform: Platform) -> None:
    children = {platform.cell[a]: a for a in platform.having("child")}
    reacted = set()
    for event in platform.acts:
        if platform.role[event["actor"]] == "family" and (aim := aim_of(event)) in platform.post:
            child = children[platform.cell[event["actor"]]]
            if platform.post[aim]["actor"] == child:
                reacted.add(event["actor"])
    assert len(reacted) > 0.95 * len(platform.having("family"))
    by_pdq: dict[str, set[str]] = defaultdict(set)
    for post in platform.post.values():
        for item in post["media"]:
            if platform.role[post["actor"]] in ("child", "family"):
                by_pdq[platform.role[post["actor"]]].add(item["pdq"])
    near = sum(
        min(bits_between(one, other) for other in by_pdq["child"]) <= 15 for one in by_pdq["family"]
    )
    assert near > 5


def test_tag_users_share_a_tainted_hashtag_and_nothing_else(platform: Platform) -> None:
    users = platform.having("tag_user")
    used = {
        tag
        for post in platform.post.values()
        if post["actor"] in users
        for tag in platform.tainted["tag"] & set(post["tags"])
    }
    assert len(used) == 1
    assert not users & set(platform.touches)


def test_fans_are_as_close_as_the_ring(platform: Platform) -> None:
    """Among pairs in one cell, as many have reacted to each other's posts."""
    tied = defaultdict(set)
    for event in platform.acts:
        if (aim := aim_of(event)) in platform.post and event["kind"] in (*POSTS, "repost", "like"):
            tied[event["actor"]].add(platform.post[aim]["actor"])

    def closeness(accounts: set[str]) -> float:
        cells: dict[int | None, set[str]] = defaultdict(set)
        for account in accounts:
            cells[platform.cell[account]].add(account)
        ties = sum(len(tied[a] & cells[platform.cell[a]]) for a in accounts)
        return ties / sum(len(cell) * (len(cell) - 1) for cell in cells.values())

    ring, fans = closeness(platform.ring), closeness(platform.having("fan"))
    everybody = len(platform.role)
    chance = sum(map(len, tied.values())) / everybody**2
    assert ring > 3 * chance
    assert 0.5 * ring < fans
