"""Who stays below the review line until a person has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Act, Graph
from leeward.network._evidence.guards import (
    ENOUGH,
    answers,
    distinct_authors,
    filed_flags,
    stands_alone,
)
from leeward.network._evidence.picks import STRONG, picks_of
from leeward.network._evidence.taint import taint_of
from leeward.network._touches.touches import touches_of
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._evidence import Naive, World, chance_of, taint_by, worlds

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network._evidence.taint import Taint
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

PICTURE = (MediaRef(uri="media/boat"),)


def judged(events: list[Event], suspects: set[str]) -> tuple[World, Taint, dict[str, int]]:
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    suspicion = np.array([float(name in suspects) for name in names])
    world = World(events, graph, touches, Naive(graph, events), suspicion)
    return world, taint_by(world), {name: i for i, name in enumerate(names)}


def behind(graph: Graph, touches: Touches, taint: Taint, suspicion: Doubles) -> Int32:
    picks = picks_of(graph, touches, taint, suspicion, taint.most >= STRONG)
    return distinct_authors(graph, touches, taint, suspicion, picks)


def authors(events: list[Event], suspects: set[str], name: str) -> int:
    world, taint, place = judged(events, suspects)
    found = behind(world.graph, world.touches, taint, world.suspicion)
    return int(found[place[name]])


def ring(posts: int) -> list[Event]:
    """Four suspects who repost each other's posts."""
    events = [event("post", i, f"ring/{i % 4}", f"post/{i}") for i in range(1, posts + 1)]
    return events + [
        event("repost", 100 * by + i, f"ring/{by}", target=f"post/{i}")
        for by in range(1, 5)
        for i in range(1, posts + 1)
    ]


RING = {f"ring/{i}" for i in range(5)}


def test_reposts_of_one_author_rest_on_one() -> None:
    mine = [event("repost", 1000 + i, "ann", target=f"post/{4 * i}") for i in (1, 2)]
    assert authors([*ring(8), *mine], RING, "ann") == 1


def test_reposts_of_many_authors_are_counted_up_to_a_few() -> None:
    mine = [event("repost", 1000 + i, "ann", target=f"post/{i}") for i in range(1, 9)]
    assert authors([*ring(8), *mine[:2]], RING, "ann") == 2
    assert authors([*ring(8), *mine], RING, "ann") == ENOUGH


def test_what_others_do_with_the_posts_of_an_owner_rests_on_nobody() -> None:
    """The ring reposts and likes what Ann posted."""
    events = [event("post", 1, "ann", "post/ann", media=PICTURE)]
    events += [event("repost", 10 + i, f"ring/{i}", target="post/ann") for i in range(5)]
    assert authors(events, RING, "ann") == 0


def copies(by: int) -> list[Event]:
    """Ten copies of a picture by each of some of the ring, which the others like."""
    events = [
        event("post", 10 + 10 * r + i, f"ring/{r}", f"post/{r}/{i}", media=PICTURE)
        for r in range(by)
        for i in range(10)
    ]
    return events + [
        event("like", 100 + 10 * liker + i, f"ring/{liker}", target=f"post/0/{i}")
        for liker in range(1, 5)
        for i in range(10)
    ]


def test_copies_of_ones_own_picture_rest_on_nobody() -> None:
    """Ann posted it before the ring did."""
    assert authors([event("post", 1, "ann", media=PICTURE), *copies(3)], RING, "ann") == 0


def test_all_copies_by_one_suspect_count_once() -> None:
    """Ann posts what others of the ring had posted, over and over."""
    assert authors([*copies(2), event("post", 999, "ann", media=PICTURE)], RING, "ann") == 2
    assert authors([*copies(5), event("post", 999, "ann", media=PICTURE)], RING, "ann") == ENOUGH


@given(world=worlds())
def test_authors_are_those_that_sets_count(world: World) -> None:
    """Of the acts that alone decide: on posts, where no act has two things to choose from."""
    events = [
        e if e.kind != "post" else event("post", e.seq or 0, e.actor, e.object)
        for e in world.events
    ]
    names = [world.graph.name(node) for node in world.touches.accounts.tolist()]
    level = dict(zip(names, world.suspicion.tolist(), strict=True))
    graph = graph_of(events)
    touches = touches_of(graph)
    nodes = touches.accounts.tolist()
    suspicion = np.array([level[graph.name(node)] for node in nodes])
    bare = World(events, graph, touches, Naive(graph, events), suspicion)
    taint = taint_by(bare)
    shared = bare.naive.shared()
    found = behind(graph, touches, taint, suspicion)
    for i, account in enumerate(nodes):
        makers: set[int] = set()
        for act, post in bare.naive.acts[account]:
            if act == Act.AUTHORED or post not in shared:
                continue
            place = int(touches.thing_at[post])
            own = float(np.float32(bare.naive.touched[account][post]))
            rest = taint.touches[place] - suspicion[i] * own
            sorts = taint.sorts[touches.kind[place] - 1]
            if chance_of(rest, float(touches.size[place]) - own, sorts) >= STRONG:
                makers.add(int(graph.author[post]))
        assert found[i] == min(len(makers - {-1, account}), ENOUGH)


def complained(events: list[Event]) -> set[str]:
    world, taint, place = judged(events, RING)
    filed = filed_flags(world.graph, world.touches, taint, world.suspicion)
    return {name for name, i in place.items() if filed[i]}


def test_who_complained_about_a_tainted_post_or_its_author_is_known() -> None:
    events = [
        *ring(8),
        event("post", 50, "dan", "post/garden"),
        event("flag", 1001, "ann", target="post/1"),
        event("flag", 1002, "bob", target="ring/1"),
        event("flag", 1003, "cid", target="post/garden"),
        event("flag", 1004, "eve", target="dan"),
        event("flag", 1005, "fay", target="post/nobody-knows"),
    ]
    assert complained(events) == {"ann", "bob"}


def test_a_complaint_about_a_post_that_carries_something_tainted_counts() -> None:
    """The post is new; the picture in it is known."""
    events = [event("post", i, f"ring/{i}", f"post/{i}", media=PICTURE) for i in range(5)]
    events = [event("post", 20, "ring/4", "post/20"), *events[1:]]
    events += [
        event("post", 30, "zoe", "post/new", media=PICTURE),
        event("flag", 31, "ann", target="post/new"),
    ]
    assert "ann" in complained(events)


@given(seed=st.integers(0, 2**32), count=st.integers(2, 60))
def test_complaints_are_those_that_a_loop_finds(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    events = random_events(rng, count)
    names = [*(f"account/{i}" for i in range(10)), *(f"post/{i}" for i in range(1, count + 1))]
    flags = [
        event("flag", count + i, f"account/{rng.integers(10)}", target=str(rng.choice(names)))
        for i in range(1, 11)
    ]
    suspects = {"account/1", "account/2", "account/3"}
    world, taint, place = judged([*events, *flags], suspects)
    graph, naive = world.graph, world.naive
    strong = taint.most >= STRONG
    tainted = {int(node) for node in world.touches.things[strong]}

    def is_tainted(post: int) -> bool:
        return bool(tainted & {post, *naive.carried[post]})

    expected = set()
    for flag in flags:
        account = graph.find("account", flag.target or "", HASHER)
        post = graph.find("post", flag.target or "", HASHER)
        made = [p for act, p in naive.acts.get(account or 0, ()) if act == Act.AUTHORED]
        about = flag.target
        if account is None:
            made = [post] if post is not None else []
            about = next((e.actor for e in events if e.kind == "post" and e.object == about), None)
        if about in suspects or any(is_tainted(one) for one in made):
            expected.add(flag.actor)
    filed = filed_flags(graph, world.touches, taint, world.suspicion)
    assert {name for name, i in place.items() if filed[i]} == expected


def test_an_empty_graph_guards_nobody() -> None:
    graph = Graph.empty(HASHER)
    touches = touches_of(graph)
    taint = taint_of(touches, np.zeros(0), np.zeros(0))
    assert not len(behind(graph, touches, taint, np.zeros(0)))
    assert not len(stands_alone(graph, touches, taint, np.zeros(0), np.zeros(0)))
    assert not len(filed_flags(graph, touches, taint, np.zeros(0)))


def replies_of(events: list[Event], suspects: set[str], name: str) -> int:
    world, _, place = judged(events, suspects)
    found = answers(world.graph, world.touches, world.suspicion)
    return int(found[place[name]])


def test_replies_to_suspects_are_counted_whatever_they_are_about() -> None:
    """Who argues does so under any post of theirs, and not under those that went around alone."""
    whose = ("ring/0", "ring/1", "ring/2", "ben")
    plain = [event("post", 500 + i, name, f"plain/{i}") for i, name in enumerate(whose)]
    mine = [event("post", 900 + i, "ann", f"re/{i}", reply_to=f"plain/{i}") for i in range(4)]
    assert replies_of([*ring(8), *plain, *mine], RING, "ann") == 3
    assert replies_of([*ring(8), *plain, *mine], RING - {"ring/2"}, "ann") == 2
    assert replies_of([*ring(8), *plain, *mine], set(), "ann") == 0


def alone(events: list[Event], name: str) -> bool:
    world, taint, place = judged(events, RING)
    tainted = np.full(len(place), 6.0)
    found = stands_alone(world.graph, world.touches, taint, world.suspicion, tainted)
    return bool(found[place[name]])


def test_who_answers_half_as_often_as_it_does_anything_tainted_stands_alone() -> None:
    """Six acts: three answers are a half, two are less."""
    shared = [event("repost", 900 + i, "ann", target=f"post/{i}") for i in range(1, 7)]
    answer = [event("post", 950 + i, "ann", f"re/{i}", reply_to=f"post/{i + 1}") for i in range(3)]
    assert not alone([*ring(8), *shared], "ann")
    assert not alone([*ring(8), *shared, *answer[:2]], "ann")
    assert alone([*ring(8), *shared, *answer], "ann")


def test_who_has_it_all_from_one_stands_alone() -> None:
    assert alone([*ring(8), event("repost", 900, "ann", target="post/1")], "ann")
    pair = [event("repost", 900 + i, "ann", target=f"post/{i}") for i in (4, 8)]
    assert alone([*ring(8), *pair], "ann")


def test_replies_to_oneself_and_what_others_reply_are_not_counted() -> None:
    own = event("post", 900, "ring/1", "re/own", reply_to="post/1")
    theirs = event("post", 901, "ann", "re/ann", reply_to="post/1")
    assert replies_of([*ring(8), own, theirs], RING, "ring/1") == 0
    assert replies_of([*ring(8), own, theirs], RING, "ann") == 1
