"""What holds on a simulated platform as it does on a real one."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, get_args

import pyarrow.parquet as pq

from leeward.model import INPUT_SCHEMA, Kind, admit_columns
from leeward.pipeline import ingest
from leeward.store import Log, Writer
from tests.simulate._platform import POSTS, aim_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulate._platform import Platform

HOUR = 3_600_000_000


def test_every_row_may_enter_the_log_as_it_is(platform: Platform) -> None:
    file = pq.ParquetFile(platform.folder / "events.parquet")
    assert file.schema_arrow == INPUT_SCHEMA
    for batch in file.iter_batches():
        admission = admit_columns(batch)
        assert [] == admission.refusals
        assert admission.batch.select(INPUT_SCHEMA.names) == batch


def test_the_log_takes_all_of_it(shared_posts: Platform, tmp_path: Path) -> None:
    with Writer.open(tmp_path / "data") as writer:
        done = ingest([str(shared_posts.folder / "events.parquet")], writer)
    assert (len(shared_posts.events), 0, 0) == (
        done.accepted,
        sum(done.quarantined.values()),
        done.repeated,
    )
    with Log(tmp_path / "data") as log:
        assert len(shared_posts.events) == sum(len(batch) for batch in log.scan(["seq"]))


def test_time_goes_forward_and_no_two_events_share_it(platform: Platform) -> None:
    times = [event["at"] for event in platform.events]
    assert sorted(set(times)) == times


def test_every_kind_of_event_occurs_but_those_that_posts_carry(platform: Platform) -> None:
    kinds = Counter(event["kind"] for event in platform.events)
    assert set(get_args(Kind)) - {"media", "hashtag"} == set(kinds)
    assert platform.summary.kinds == dict(kinds)
    assert platform.summary.events == len(platform.events)


def test_posts_carry_hashtags_links_pictures_and_mentions(shared_posts: Platform) -> None:
    posts = shared_posts.post.values()
    for name in ("tags", "links", "media", "mentions", "community", "text", "lang"):
        assert 0.04 < sum(bool(post[name]) for post in posts) / len(posts), name
    assert all(not event[name] for event in shared_posts.acts if event["kind"] not in POSTS
               for name in ("tags", "links", "media", "mentions", "reply_to"))  # fmt: skip


def test_a_reaction_comes_after_what_it_is_to(platform: Platform) -> None:
    seen: set[str] = set()
    for event in platform.events:
        if event["op"] == "create":
            assert event["object"] not in seen
            seen.add(event["object"])
        assert event["actor"] in seen
        for name in ("target", "reply_to", "root"):
            assert event[name] is None or event[name] in seen
        assert seen.issuperset(event["mentions"])


def test_the_root_is_where_the_replies_lead(platform: Platform) -> None:
    depths = Counter[int]()
    for event in platform.post.values():
        first, depth = event, 0
        while first["reply_to"] is not None:
            first, depth = platform.post[first["reply_to"]], depth + 1
        assert (first["object"] if depth else None) == event["root"]
        assert event["community"] == first["community"]
        depths[depth] += 1
    assert depths[1] > depths[2] > depths[3] > 0


def test_an_account_acts_between_its_making_and_its_suspension(platform: Platform) -> None:
    gone = set()
    for event in platform.events:
        assert event["actor"] not in gone
        if event["op"] == "update":
            assert json.loads(event["extra"])["account"]["status"] == "suspended"
            gone.add(event["actor"])
    assert len(gone) > 5


def test_nobody_does_the_same_twice_or_to_themselves(platform: Platform) -> None:
    done = Counter(
        (event["kind"], event["actor"], event["target"])
        for event in platform.acts
        if event["kind"] in ("repost", "like", "follow")
    )
    assert {1} == set(done.values())
    for event in platform.acts:
        aim = aim_of(event)
        author = platform.post[aim]["actor"] if aim in platform.post else aim
        if event["root"] is None or event["kind"] != "post":  # people do go on with a thread
            assert author != event["actor"]


def test_accounts_say_who_they_are(shared_posts: Platform) -> None:
    made = [e for e in shared_posts.events if e["kind"] == "account" and e["op"] == "create"]
    assert len(made) == shared_posts.summary.accounts == len({e["object"] for e in made})
    for event in made:
        body = json.loads(event["extra"])["account"]
        assert event["object"] == f"https://sim.example/@{body['handle']}" == event["actor"]
        assert event["at"] - body["created"] < 1_000


def test_there_is_a_day_and_a_night(shared_posts: Platform) -> None:
    hours = Counter(event["at"] // HOUR % 24 for event in shared_posts.acts)
    assert max(hours.values()) > 2.5 * min(hours[hour] for hour in range(24))
    times = [event["at"] for event in shared_posts.acts]
    assert 58 < (times[-1] - times[0]) / (24 * HOUR) <= 60


def test_few_do_much_and_few_posts_are_popular(shared_posts: Platform) -> None:
    """Heavy tails: the upper hundredth has many times its share, unlike under even chance."""
    activity = Counter(event["actor"] for event in shared_posts.acts)
    assert 0.08 < _top(activity, shared_posts.summary.accounts) < 0.4
    likes = Counter(event["target"] for event in shared_posts.acts if event["kind"] == "like")
    assert 0.08 < _top(likes, len(shared_posts.post)) < 0.6
    followers = Counter(e["target"] for e in shared_posts.acts if e["kind"] == "follow")
    assert 0.04 < _top(followers, shared_posts.summary.accounts)


def _top(counts: Counter[str], of: int) -> float:
    """The share that the first hundredth has."""
    return sum(n for _, n in counts.most_common(of // 100)) / counts.total()


def test_people_stay_within_their_interests(shared_posts: Platform) -> None:
    """Two reposts by one account are in one group far more often than any two reposts."""
    own: dict[str, Counter[str]] = defaultdict(Counter)
    for event in shared_posts.acts:
        if event["kind"] == "repost" and (group := shared_posts.post[event["target"]]["community"]):
            own[event["actor"]][group] += 1
    total = sum(own.values(), Counter[str]())
    same = sum(math.comb(n, 2) for groups in own.values() for n in groups.values())
    pairs = sum(math.comb(groups.total(), 2) for groups in own.values())
    everywhere = sum(math.comb(n, 2) for n in total.values()) / math.comb(total.total(), 2)
    assert same / pairs > 2.5 * everywhere


def test_pictures_travel(shared_posts: Platform) -> None:
    """Some are shown by many: as the same file, and as near copies with another digest."""
    by_digest: dict[str, set[str]] = defaultdict(set)
    for post in shared_posts.post.values():
        for item in post["media"]:
            by_digest[item["sha256"]].add(post["actor"])
    assert 20 < sum(len(accounts) > 1 for accounts in by_digest.values())
    uris = [item["uri"] for post in shared_posts.post.values() for item in post["media"]]
    assert len(set(uris)) == len(uris)


def test_the_total_is_about_what_was_asked_for(platform: Platform) -> None:
    assert 0.97 < platform.summary.events / (4_000 * 25) <= 1.001
