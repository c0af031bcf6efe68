"""What the ring does to mislead: counted in the files, beside the same platform without it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from leeward.model import admit_columns
from leeward.simulate import ATTACKS, simulate
from tests.simulate._platform import RING, aim_of, bits_between

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.simulate import Attack
    from tests.simulate._platform import Platform

MISLEADING = [attack for attack in ATTACKS if attack != "none"]


def _deeds(platform: Platform) -> Counter[tuple[Any, ...]]:
    """Who did what when, to the millisecond; URIs hold the microseconds."""
    return Counter((e["kind"], e["actor"], e["at"] // 1_000) for e in platform.acts)


def test_an_attack_comes_on_top_of_what_happens_without_it(
    shared_posts: Platform, under_attack: Platform
) -> None:
    """But for a few who are followed at another time than they would have been."""
    lost = _deeds(shared_posts) - _deeds(under_attack)
    assert {kind for kind, _, _ in lost} <= {"follow"}
    assert lost.total() < 0.002 * len(shared_posts.acts)
    more = (_deeds(under_attack) - _deeds(shared_posts)).total()
    assert 0 < more < 0.1 * len(shared_posts.acts)
    assert 0.97 * 25 * 4_000 < under_attack.summary.events


def test_everybody_keeps_their_role(shared_posts: Platform, under_attack: Platform) -> None:
    """But the accounts that a flood is made with, which belong to the ring."""
    changed = {a for a, role in shared_posts.role.items() if under_attack.role[a] != role}
    if under_attack.folder.name != "flood":
        assert not changed
        return
    assert len(changed) == 15
    assert {"ordinary"} == {shared_posts.role[a] for a in changed}
    assert {"reposter"} == {under_attack.role[a] for a in changed}
    cells = {under_attack.cell[a] for a in shared_posts.ring}
    assert cells >= {under_attack.cell[a] for a in changed}


def test_only_the_ring_does_more_and_those_who_come_across_it(
    shared_posts: Platform, under_attack: Platform
) -> None:
    more = _deeds(under_attack) - _deeds(shared_posts)
    roles = {under_attack.role[actor] for _, actor, _ in more}
    drawn_in = {"fan"} if under_attack.folder.name in ("flood", "fans") else set()
    assert roles <= {*RING, *drawn_in}


@pytest.mark.parametrize("attack", MISLEADING)
def test_the_same_attack_gives_the_same_bytes(tmp_path: Path, attack: Attack) -> None:
    for name in ("one", "other"):
        simulate(tmp_path / name, accounts=300, ring=12, seed=4, attack=attack)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


@pytest.mark.parametrize("attack", MISLEADING)
@pytest.mark.parametrize("structure", ["hashtags", "migrating", "adjacent", "links"])
def test_a_ring_of_any_structure_may_attack(tmp_path: Path, attack: Attack, structure: Any) -> None:
    import pyarrow.parquet as pq

    for seed in range(2):
        out = tmp_path / str(seed)
        summary = simulate(out, accounts=200, ring=8, seed=seed, structure=structure, attack=attack)
        for batch in pq.ParquetFile(out / "events.parquet").iter_batches():
            assert [] == admit_columns(batch).refusals
        thrown_away = 1 if attack == "flood" else 0
        assert sum(summary.roles[part] for part in RING) == 8 + thrown_away


def _flags(platform: Platform) -> Counter[str]:
    """By member of the ring: complaints about tainted posts."""
    return Counter(
        event["actor"]
        for account in platform.ring
        for event in platform.touches[account]
        if event["kind"] == "flag"
    )


def test_flags_come_from_three_in_ten_members_who_argue_as_well(
    shared_posts: Platform, attacked: Callable[[Attack], Platform]
) -> None:
    platform = attacked("flags")
    assert not _flags(shared_posts)
    flags = _flags(platform)
    assert 0.2 * 150 < len(flags) < 0.4 * 150
    assert set(flags.values()) == {1, 2, 3}
    argue = {
        event["actor"]
        for account in flags
        for event in platform.touches[account]
        if event["kind"] == "post" and event["object"] not in platform.tainted["post"]
    }
    assert len(argue) > 0.8 * len(flags)
    assert platform.summary.tainted == shared_posts.summary.tainted


def _those_who(
    platform: Platform, kind: str, actors: set[str], aims: set[str]
) -> dict[str, set[str]]:
    """Who did this, by the account that it was done to, or whose post."""
    found: dict[str, set[str]] = defaultdict(set)
    for event in platform.acts:
        if event["kind"] == kind and event["actor"] in actors:
            aim = aim_of(event)
            author = platform.post[aim]["actor"] if aim in platform.post else aim
            if author in aims:
                found[author].add(event["actor"])
    return found


def test_follows_make_neighbours_of_the_owners_and_their_families(
    shared_posts: Platform, attacked: Callable[[Attack], Platform]
) -> None:
    platform = attacked("follows")
    people = platform.having("child", "family", "school")
    before, after = (
        {kind: _those_who(p, kind, platform.ring, people) for kind in ("follow", "like")}
        for p in (shared_posts, platform)
    )
    assert len(after["follow"]) > 0.7 * len(people)
    assert _ties(after["follow"]) > 3 * _ties(before["follow"])
    assert _ties(after["like"]) > 1.5 * _ties(before["like"])
    taking_part = set[str]().union(*after["follow"].values())
    assert 0.4 * 150 < len(taking_part) < 0.75 * 150
    named = [
        name
        for uri, post in platform.post.items()
        if post["actor"] in platform.ring and post["reply_to"] is None
        and uri not in platform.tainted["post"]
        for name in post["mentions"]
        if name in people
    ]  # fmt: skip
    assert len(named) > 30
    assert platform.summary.tainted == shared_posts.summary.tainted


def _ties(by_account: dict[str, set[str]]) -> int:
    return sum(map(len, by_account.values()))


def test_a_flood_of_tainted_posts_is_touched_by_three_in_ten_of_a_community(
    shared_posts: Platform, attacked: Callable[[Attack], Platform]
) -> None:
    platform = attacked("flood")
    fans = platform.having("fan")
    assert not fans & {who for who, touches in shared_posts.touches.items() if touches}
    met = {fan: platform.touches[fan] for fan in fans if platform.touches[fan]}
    assert 0.2 * 150 < len(met) < 0.4 * 150  # one community of three
    for touches in met.values():
        assert [touch["kind"] for touch in touches] in (["like"], ["repost"])
    tags = {tag for post in platform.post.values() if post["actor"] in fans for tag in post["tags"]}
    flood = platform.tainted["post"] - {
        uri for uri in platform.tainted["post"] if not tags & set(platform.post[uri]["tags"])
    }
    assert len(flood) > 80
    assert platform.tainted["tag"] == shared_posts.tainted["tag"]
    assert {platform.role[platform.post[uri]["actor"]] for uri in flood} <= set(RING)


def test_a_flood_shows_near_copies_of_what_the_community_shows(
    shared_posts: Platform, attacked: Callable[[Attack], Platform]
) -> None:
    near = []
    for platform in (shared_posts, attacked("flood")):
        fans = platform.having("fan")
        own = {
            item["pdq"]
            for post in platform.post.values()
            if post["actor"] in fans
            for item in post["media"]
        }
        shown = [i["pdq"] for uri in platform.tainted["post"] for i in platform.post[uri]["media"]]
        near.append(sum(min(bits_between(pdq, one) for one in own) <= 15 for pdq in shown))
    flood = attacked("flood").summary.tainted["post"] - shared_posts.summary.tainted["post"]
    assert near[0] == 0
    assert 0.15 * flood < near[1] < 0.4 * flood


def test_a_flood_touches_what_the_community_posts(
    shared_posts: Platform, attacked: Callable[[Attack], Platform]
) -> None:
    platform = attacked("flood")
    fans = platform.having("fan")
    before, after = (
        sum(_ties(_those_who(p, kind, platform.ring, fans)) for kind in ("like", "repost"))
        for p in (shared_posts, platform)
    )
    assert after > before + 80
    new = platform.ring - shared_posts.ring
    mine = Counter(e["actor"] for e in platform.acts if e["actor"] in new)
    ordinary = Counter(e["actor"] for e in shared_posts.acts if e["actor"] in new)
    assert mine.total() > ordinary.total() + 5 * len(new)
    assert ordinary.total() < 8 * len(new)


def test_half_of_the_ring_takes_part_in_fan_communities_as_fans_do(
    shared_posts: Platform, attacked: Callable[[Attack], Platform]
) -> None:
    platform = attacked("fans")
    fans = platform.having("fan")

    def shares(of: Platform) -> Counter[str]:
        found = Counter[str]()
        for kind in ("like", "repost"):
            for who in _those_who(of, kind, of.ring, fans).values():
                found.update(who)
        return found

    more = shares(platform) - shares(shared_posts)
    assert 0.4 * 150 < sum(n >= 3 for n in more.values()) < 0.6 * 150
    assert more.total() > 6 * 0.5 * 150
    follows = [
        _ties(_those_who(p, "follow", platform.ring, fans)) for p in (shared_posts, platform)
    ]
    assert follows[1] > follows[0] + 150
    back = [_ties(_those_who(p, "like", fans, platform.ring)) for p in (shared_posts, platform)]
    assert back[1] > back[0] + 20
    assert platform.tainted["tag"] == shared_posts.tainted["tag"]
    assert platform.summary.tainted == shared_posts.summary.tainted
    assert not fans & {who for who, touches in platform.touches.items() if touches}
