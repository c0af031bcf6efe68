"""What others do to an account never counts against it: a law, and how far it holds.

Others repost, like, answer, follow, name and report an account and its posts, and copy pictures
that it was the first to post. None of this is its own act. What the account did itself may count:
to repost others, and to post what others had posted before it.

The tests of single steps hold fixed what is estimated from everybody: who is suspected, what
tainted things look like, and how members behave. These move a little with whatever anybody does, so
for a whole search an account is compared with its twin, who did the same and was left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Graph, Search, search
from leeward.network._evidence.conduct import conduct_of
from leeward.network._touches.touches import touches_of
from leeward.network._votes.lifts import Lifts
from tests.network._events import HASHER, event, graph_of, random_events
from tests.network._evidence import Naive, World, taint_by
from tests.network._harbour import MEMBERS, harbour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.model import Event

OWNER = "account/0"
SUSPECTS = {f"account/{i}": 0.8 for i in range(1, 5)}


def left_alone(rng: np.random.Generator, count: int) -> list[Event]:
    """Events of ten accounts, the owner among them; all posts stand before what is done to them."""
    events = random_events(rng, count)
    return [event("post", 0, OWNER, "post/0", media=(MediaRef(uri="media/own"),)), *events]


def done_to(rng: np.random.Generator, events: list[Event], count: int) -> list[Event]:
    """What the other nine, four of them suspects, do to the owner.

    Reposts name the hashtags of what they pass on; copies carry pictures that the owner was the
    first to post, and a hashtag of their own.
    """
    posts = [e for e in events if e.kind == "post"]
    mine = [e for e in posts if e.actor == OWNER]
    begun: dict[str | None, str] = {}
    for post in posts:
        for media in post.media:
            begun.setdefault(media.uri, post.actor)
    pictures = [MediaRef(uri=uri) for uri, by in begun.items() if by == OWNER]
    more = []
    for seq in range(len(events) + 1, len(events) + 1 + count):
        by, post = f"account/{rng.integers(1, 10)}", mine[rng.integers(len(mine))]
        about, name = post.object, f"done/{seq}"
        picture = (pictures[rng.integers(len(pictures))],)
        more.append(
            [
                event("repost", seq, by, target=about, tags=post.tags),
                event("like", seq, by, target=about),
                event("post", seq, by, name, reply_to=about, mentions=(OWNER,)),
                event("post", seq, by, name, media=picture, tags=("done",)),
                event("post", seq, by, name, media=picture, reply_to=about),
                event("follow", seq, by, target=OWNER),
                event("flag", seq, by, target=about),
                event("flag", seq, by, target=OWNER),
            ][rng.integers(8)]
        )
    return more


def world_of(events: list[Event], suspects: dict[str, float] = SUSPECTS) -> World:
    graph = graph_of(events)
    touches = touches_of(graph)
    names = [graph.name(node) for node in touches.accounts.tolist()]
    suspicion = np.array([suspects.get(name, 0.0) for name in names])
    return World(events, graph, touches, Naive(graph, events), suspicion)


def place_of(world: World, name: str = OWNER) -> int:
    node = world.graph.find("account", name, HASHER)
    assert node is not None
    return int(world.touches.account_at[node])


def tainted(world: World) -> list[float]:
    """How many acts of each kind by the owner are on tainted things; it alone makes its evidence.

    What tainted things look like is held fixed, and how members behave does not come into it.
    """
    conduct = conduct_of(world.graph, world.touches, taint_by(world), world.suspicion)
    found: list[float] = conduct.tainted[place_of(world)].tolist()
    return found


cases = given(seed=st.integers(0, 2**32), count=st.integers(1, 80), own=st.sampled_from([0, 0.8]))


@cases
def test_what_others_do_makes_none_of_its_acts_more_tainted(
    seed: int, count: int, own: float
) -> None:
    """Held fixed: who is suspected, and what tainted things look like (not which they are).

    Whether it is a suspect itself makes no difference to that. Nothing rises, nothing falls.
    """
    rng = np.random.default_rng(seed)
    events = left_alone(rng, count)
    suspects = SUSPECTS | {OWNER: own}
    before = world_of(events, suspects)
    after = world_of([*events, *done_to(rng, events, 20)], suspects)
    assert tainted(after) == pytest.approx(tainted(before), abs=1e-5)


def walkers(world: World, witness: str) -> float:
    """How many walkers from a witness come to the owner in one step, as a share of them all."""
    lifts = Lifts(world.touches)
    room = lifts.room()
    lifts._begin(np.array([place_of(world, witness)]), room)
    return float(room.at[place_of(world), 0])


@given(seed=st.integers(0, 2**32), count=st.integers(1, 80))
def test_what_others_do_brings_no_more_walkers_from_them(seed: int, count: int) -> None:
    """From wherever walkers set out, no more of them reach it in one step.

    Held fixed: where walkers stand. In two steps a post may bring others together who both
    reposted it, and one of them may be tied to its maker by something that both of them made.
    """
    rng = np.random.default_rng(seed)
    events = left_alone(rng, count)
    before, after = world_of(events), world_of([*events, *done_to(rng, events, 20)])
    for node in before.touches.accounts.tolist():
        name = before.graph.name(node)
        if name != OWNER:
            assert walkers(after, name) <= walkers(before, name) + 1e-6


# --- a whole search ----------------------------------------------------------------------------


Done = tuple[str, str, dict[str, Any]]
RING = [f"ring/{r}" for r in range(MEMBERS)]


def searched(more: list[Done]) -> tuple[Graph, Search]:
    """The harbour and what is done besides; ten of the ring that made nothing are known."""
    events = harbour()
    for kind, actor, fields in more:
        events.append(event(kind, len(events) + 1, actor, **fields))
    graph = graph_of(events)
    seeds = [graph.find("account", f"ring/{i}", HASHER) for i in range(10, 20)]
    return graph, search(graph, {node: 1.0 for node in seeds if node is not None})


def part_of(graph: Graph, found: Search, name: str) -> dict[str, float]:
    place = found.touches.account_at[graph.find("account", name, HASHER) or 0]
    return {part: float(values[place]) for part, values in found.parts.items()}


def pictures(who: str, *tags: str) -> list[Done]:
    """Four pictures, each in a post of its own."""
    return [
        ("post", who, {"object": post, "media": (MediaRef(uri=f"media/{post}"),), "tags": tags})
        for post in (f"post/{who}/{i}" for i in range(4))
    ]


def by_the_ring(who: str, ring: Sequence[str]) -> dict[str, list[Done]]:
    """What members may do to somebody who posted four pictures."""
    about = [f"post/{who}/{i}" for i in range(4)]
    return {
        "follow": [("follow", r, {"target": who}) for r in ring],
        "mention": [("post", r, {"object": f"{r}/to/{who}", "mentions": (who,)}) for r in ring],
        "reply": [
            ("post", r, {"object": f"{r}/re/{a}", "reply_to": a}) for r in ring for a in about
        ],
        "flag": [("flag", r, {"target": a}) for r in ring for a in [who, *about]],
        "repost": [("repost", r, {"target": a}) for r in ring for a in about],
        "like": [("like", r, {"target": a}) for r in ring for a in about],
        "copy": [
            ("post", r, {"object": f"{r}/of/{a}", "media": (MediaRef(uri=f"media/{a}"),)})
            for r in ring
            for a in about
        ],
    }


def test_a_child_whom_the_ring_surrounds_gets_nothing_that_speaks_for_suspicion() -> None:
    """She only posts her own pictures. Every fourth member does all there is to her and them."""
    done = by_the_ring("child", RING[::4])
    graph, found = searched([*pictures("child"), *(act for acts in done.values() for act in acts)])
    assert found.abstained is None
    parts = part_of(graph, found, "child")
    agreement = parts.pop("agreement")
    # It lies between two sums and is no evidence by itself: all of it together is against her.
    own = sum(parts.values()) - parts["base rate"] - parts["priors"]
    assert own + agreement < 0
    for name, part in parts.items():
        assert part <= 0, name
    child = found.touches.account_at[graph.find("account", "child", HASHER) or 0]
    assert found.suspicion[child] == 0
    assert found.families["votes"][child] == found.families["votes"].min()
    assert found.conduct.tainted[child].tolist() == [0, 0, 0]
    assert found.log_odds[child] < found.line


KINDS = tuple(by_the_ring("nobody", ()))


@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_one_whom_the_ring_surrounds_stands_no_higher_than_a_twin_left_alone(kind: str) -> None:
    """Ann and Bob post four pictures and repost three tainted posts, as people do.

    Their pictures stand under a hashtag that some of the ring used before them, and that reposts
    of Bob's posts carry on. It counts for both alike.
    """
    mine: list[Done] = [("post", name, {"tags": ("pier",)}) for name in RING[15:18]]
    for name in ("ann", "bob"):
        mine += pictures(name, "pier")
        mine += [("repost", name, {"target": f"post/tainted/{i}"}) for i in (3, 17, 31)]
        mine += [("like", name, {"target": f"post/5/{i}"}) for i in range(8)]
    done = by_the_ring("bob", RING)
    graph, found = searched(
        [*mine, *(act for name, acts in done.items() if kind in (name, "all") for act in acts)]
    )
    ann, bob = part_of(graph, found, "ann"), part_of(graph, found, "bob")
    assert ann["votes of the confirmed"] != 0
    for name, part in bob.items():
        # In other searches one of two who stand even may have become a witness. In time they are no
        # twins: Bob reposts what Ann reposted seconds before. (The law of that: tests of time.)
        if name not in ("agreement", "time"):
            assert part <= ann[name] + 1e-9, name
