"""What a reviewer reads of an account, and that it adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network._evidence.conduct import conduct_of
from leeward.network._result.reasons import FURTHER, Reasoner, Reasons
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of
from tests.network._evidence import Naive, World, taint_by, worlds

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event

    Doubles = npt.NDArray[np.float64]

RING = {f"ring/{i}": 0.8 for i in range(4)}
OWN = ("repost", "like")


def parts_of(world: World, scale: float = 1) -> dict[str, Doubles]:
    conduct = conduct_of(world.graph, world.touches, taint_by(world), world.suspicion)
    count = len(world.touches.accounts)
    rng = np.random.default_rng(count)
    return {
        "base rate": np.full(count, -4.0),
        "made": scale * conduct.parts[:, 0],
        "reposted": scale * conduct.parts[:, 1],
        "liked": scale * conduct.parts[:, 2],
        "complained": -rng.random(count),
        "argued": -rng.random(count),
        "votes of the confirmed": rng.random(count),
    }


def reasoner(world: World, parts: dict[str, Doubles]) -> Reasoner:
    taint = taint_by(world)
    conduct = conduct_of(world.graph, world.touches, taint, world.suspicion)
    return Reasoner(world.graph, world.touches, taint, conduct, world.suspicion, parts)


@given(world=worlds(innocent=True), scale=st.sampled_from([1, 0.4]), most=st.integers(0, 6))
def test_the_weights_and_what_remains_are_the_log_odds(
    world: World, scale: float, most: int
) -> None:
    parts = parts_of(world, scale)
    told = reasoner(world, parts)
    for i in range(len(world.touches.accounts)):
        reasons = told.of(i, most)
        expected = sum(float(part[i]) for part in parts.values())
        assert reasons.log_odds == pytest.approx(expected, abs=1e-9)
        assert len(reasons.evidence) <= most + 2


@given(world=worlds())
def test_each_kind_of_acts_adds_up_by_itself(world: World) -> None:
    """All evidence of what was made, reposted and liked is what the account's conduct says."""
    parts = parts_of(world)
    for i in range(len(world.touches.accounts)):
        evidence = reasoner(world, parts).of(i, 1000).evidence
        did = sum(one.weight for one in evidence if one.kind not in ("argued", "complained"))
        expected = sum(float(parts[name][i]) for name in ("made", "reposted", "liked"))
        assert did == pytest.approx(expected, abs=1e-9)


@given(world=worlds())
def test_the_heaviest_stands_first(world: World) -> None:
    told = reasoner(world, parts_of(world))
    for i in range(len(world.touches.accounts)):
        weights = [abs(one.weight) for one in told.of(i).evidence]
        assert weights == sorted(weights, reverse=True)


# --- words -------------------------------------------------------------------------------------


def story(*more: Event, innocent: tuple[str, ...] = ()) -> World:
    """Four suspects post three pictures, repost them, and use a tag; a garden is not theirs."""
    pictures = [(MediaRef(uri=f"media/{p}"),) for p in range(3)]
    events = [
        event("post", 10 * p + by, f"ring/{by}", f"ring/{by}/{p}", media=pictures[p])
        for p in range(3)
        for by in range(4)
    ]
    events += [event("post", 50 + i, f"ring/{i}", tags=("lighthouse",)) for i in range(4)]
    events += [
        event("post", 100 + 10 * p + by, f"garden/{by}", f"garden/{by}/{p}", tags=("roses",))
        for p in range(9)
        for by in range(5)
    ]
    events += [
        event("repost", 300 + 10 * p + by, f"garden/{by}", target=f"garden/{(by + 1) % 5}/{p}")
        for p in range(9)
        for by in range(5)
    ]
    events += [
        event("repost", 500 + 10 * p + by, f"ring/{by}", target=f"ring/{(by + 1) % 4}/{p}")
        for p in range(3)
        for by in range(4)
    ]
    events += more
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    levels = {**RING, **dict.fromkeys(innocent, -1.0)}
    suspicion = np.array([levels.get(name, 0.0) for name in names])
    return World(events, graph, touches, Naive(graph, events), suspicion)


def read(world: World, name: str) -> Reasons:
    node = world.graph.find("account", name, HASHER)
    return reasoner(world, parts_of(world)).of(int(world.touches.account_at[node or 0]))


def words(world: World, name: str) -> list[str]:
    return [one.words for one in read(world, name).evidence]


def reposts(name: str, count: int) -> list[Event]:
    return [event("repost", 1000 + p, name, target=f"ring/0/{p}") for p in range(count)]


def test_pictures_that_suspects_posted_are_counted() -> None:
    world = story(*reposts("ann", 3), event("like", 1100, "bob", target="ring/1/0"))
    (first,) = read(world, "ann").evidence
    assert first.words == (
        "reposted 3 pictures that 4 suspects posted, reposted or liked and 1 other did"
    )
    assert first.kind == "media"
    assert first.subject.startswith("media#")
    assert first.weight > 0


def test_one_picture_that_nobody_else_touched_is_told_so() -> None:
    assert words(story(*reposts("ann", 1)), "ann") == [
        "reposted a picture that 4 suspects posted or reposted and nobody else did"
    ]


def test_several_posts_with_one_picture_are_one_picture() -> None:
    mine = [event("repost", 1000 + by, "ann", target=f"ring/{by}/0") for by in range(3)]
    assert words(story(*mine), "ann") == [
        "reposted a picture in 3 posts that 4 suspects posted or reposted and nobody else did"
    ]


def test_a_hashtag_is_told_by_its_word() -> None:
    world = story(event("post", 1000, "ann", tags=("lighthouse",)))
    (first,) = read(world, "ann").evidence
    assert first.words == "used the hashtag #lighthouse that 4 suspects used and nobody else did"
    assert (first.kind, first.subject) == ("tag", "tag:lighthouse")


def test_of_what_an_account_posted_only_others_who_posted_it_are_counted() -> None:
    """Bob liked a post with the picture and Cid reposted Ann's: neither of them made one."""
    sail = (MediaRef(uri="media/0"),)
    world = story(
        event("post", 1000, "ann", "post/ann", media=sail),
        event("like", 1001, "bob", target="ring/1/0"),
        event("repost", 1002, "cid", target="post/ann"),
        event("repost", 1003, "ring/2", target="post/ann"),
    )
    assert words(world, "ann") == ["posted a picture that 4 suspects posted and nobody else did"]


def test_acts_on_posts_of_ones_own_are_not_told() -> None:
    """Ann's post is tainted by those who repost it; that she reposts and likes it is no act."""
    own = [event("post", 1000, "ann", "post/ann")]
    own += [event(kind, 1001 + i, "ann", target="post/ann") for i, kind in enumerate(OWN)]
    own += [event("repost", 1010 + by, f"ring/{by}", target="post/ann") for by in range(4)]
    assert words(story(*own), "ann") == ["posted 1 post that suspects left alone"]


@pytest.mark.parametrize(
    ("priors", "told"),
    [
        ((4.0,), "posted a post that was confirmed or reported"),
        ((4.0, 4.0), "posted 2 posts that were confirmed or reported"),
        (
            (4.0, -2.0),
            "posted 2 posts that were judged before; 1 of these was confirmed or reported",
        ),
        ((-2.0,), "posted a post that was judged before"),
    ],
)
def test_of_a_post_of_ones_own_only_what_is_known_of_it_is_told(
    priors: tuple[float, ...], told: str
) -> None:
    posts = [event("post", 1000 + i, "ann", f"post/ann{i}") for i in range(len(priors))]
    reposts = [
        event("repost", 1010 + i, "ring/1", target=f"post/ann{i}") for i in range(len(priors))
    ]
    world = story(*posts, *reposts)
    known = np.zeros(len(world.touches.things))
    for i, prior in enumerate(priors):
        node = world.graph.find("post", f"post/ann{i}", HASHER)
        known[world.touches.thing_at[node or 0]] = prior
    taint = taint_by(world, priors=known)
    conduct = conduct_of(world.graph, world.touches, taint, world.suspicion)
    parts = dict(zip(("made", "reposted", "liked"), conduct.parts.T, strict=True))
    reader = Reasoner(world.graph, world.touches, taint, conduct, world.suspicion, parts)
    ann = world.graph.find("account", "ann", HASHER)
    evidence = reader.of(int(world.touches.account_at[ann or 0])).evidence
    assert [one.words for one in evidence if one.kind == "posted"] == [told]


def test_what_suspects_left_alone_speaks_against() -> None:
    mine = [event("repost", 1100 + i, "ann", target=f"garden/{i % 5}/{i // 5}") for i in range(40)]
    reasons = read(story(*reposts("ann", 1), *mine), "ann")
    by_kind = {one.kind: one for one in reasons.evidence}
    alone = by_kind["activity"]
    assert alone.words == "reposted 40 other posts that suspects left alone"
    assert alone.subject == "account:ann"
    assert alone.weight < 0 < by_kind["media"].weight


def test_the_own_complaints_are_always_told() -> None:
    flags = [event("flag", 1200 + p, "ann", target=f"ring/0/{p}") for p in range(2)]
    elsewhere = event("flag", 1300, "ann", target="garden/0/0")
    world = story(*reposts("ann", 3), *flags, elsewhere)
    told = {one.kind: one for one in read(world, "ann").evidence}
    assert told["complained"].words == "complained about 2 posts that suspects spread"
    assert told["complained"].weight < 0


def test_replies_are_told_where_they_speak_against() -> None:
    replies = [event("post", 1200 + p, "ann", f"ann/{p}", reply_to=f"ring/0/{p}") for p in range(3)]
    told = {one.kind: one.words for one in read(story(*replies), "ann").evidence}
    assert told["argued"] == "replied to 3 posts that suspects spread, as those do who argue"


def test_innocent_accounts_that_did_the_same_are_named_as_such() -> None:
    liked = event("like", 1100, "bob", target="ring/0/0")
    (told,) = words(story(*reposts("ann", 1), liked, innocent=("bob",)), "ann")
    assert told.endswith("and nobody else did; so did 1 account confirmed as innocent")


def test_what_is_left_out_of_the_list_stays_in_the_sum() -> None:
    world = story(*reposts("ann", 2), event("post", 1000, "ann", tags=("lighthouse",)))
    parts = parts_of(world)
    place = int(world.touches.account_at[world.graph.find("account", "ann", HASHER) or 0])
    reasons = reasoner(world, parts).of(place, 1)
    assert len(reasons.evidence) == 1
    assert reasons.remaining[FURTHER] != 0
    assert set(reasons.remaining) >= {"base rate", "votes of the confirmed"}
