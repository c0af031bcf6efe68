"""The interaction graph: what events mean, whatever the order in which they are read."""

from __future__ import annotations

from dataclasses import fields
from itertools import permutations
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import MediaRef
from leeward.network import Act, Graph, GraphBuilder, Node, Trait
from tests.network._events import HASHER, event, graph_of
from tests.network._oracle import described, expected
from tests.network._streams import PDQ, SHA256, streams

if TYPE_CHECKING:
    from leeward.model import Event


@given(streams())
def test_the_graph_is_what_its_documentation_says(events: list[Event]) -> None:
    assert expected(events) == described(graph_of(events), events)


@given(streams(most=12), st.data())
def test_the_order_of_reading_makes_no_difference(events: list[Event], data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(events))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(mixed)), max_size=3)))
    ends = zip([0, *cuts], [*cuts, len(mixed)], strict=True)

    graph = graph_of(*(mixed[begin:end] for begin, end in ends))

    assert expected(events) == described(graph, events)


@given(streams(), st.data())
def test_extending_gives_the_graph_of_all_events(events: list[Event], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), min_size=1, max_size=3)))
    graph = None
    for begin, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        later = data.draw(st.permutations(events[begin:end]))
        graph = graph_of(later, base=graph)

    assert graph is not None
    assert expected(events) == described(graph, events)
    assert (graph.events, graph.last_seq) == (len(events), max([0, *(e.seq or 0 for e in events)]))


@given(streams(most=30))
def test_extending_by_every_single_event(events: list[Event]) -> None:
    """Complaints are resolved, arguments begin, and pictures get better names on the way."""
    assert expected(events) == described(_one_by_one(events), events)


@given(streams(kinds=("post", "flag"), most=40), st.integers(1, 6))
def test_extending_in_many_steps(events: list[Event], size: int) -> None:
    graph = Graph.empty(HASHER)
    for begin in range(0, len(events), size):
        graph = graph_of(events[begin : begin + size], base=graph)

    assert expected(events) == described(graph, events)


@given(streams(kinds=("post",), most=8), st.data())
def test_pictures_known_by_several_names_in_every_order(
    events: list[Event], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    begun = graph_of(data.draw(st.permutations(events[:cut])))

    graph = graph_of(data.draw(st.permutations(events[cut:])), base=begun)

    assert expected(events) == described(graph, events)


def test_one_word_names_many_things_without_mixing_them() -> None:
    """An account, a post, a tag, a link, a community and a picture are all called `quay`."""
    carried = {"tags": ("quay",), "links": ("quay",), "community": "quay"}
    picture = (MediaRef(uri="quay"),)

    graph = graph_of([event("post", 1, "quay", "quay", media=picture, **carried)])

    kinds = ("account", "post", "media", "tag", "link", "community")
    nodes = [graph.find(kind, "quay", HASHER) for kind in kinds]
    assert sorted(n for n in nodes if n is not None) == list(range(6))
    assert [Node(int(graph.kind[n])).name.lower() for n in nodes] == list(kinds)


def test_extending_leaves_the_smaller_graph_as_it_was() -> None:
    early = [
        event("post", 1, "ada", "post/1", media=(MediaRef(uri="m"),), tags=("sail",)),
        event("flag", 2, "ben", target="post/9"),
    ]
    late = [
        event("post", 3, "cleo", "post/9", media=(MediaRef(uri="m", sha256=SHA256[0]),)),
        event("post", 4, "ben", "post/4", reply_to="post/9", mentions=("ada",)),
    ]
    small = graph_of(early)
    before = described(small, early)

    graph_of(late, base=small)

    assert before == described(small, early)
    assert (small.events, small.last_seq) == (2, 2)


def test_nobody_writes_to_a_graph() -> None:
    graph = graph_of([event("post", 1, "ada"), event("flag", 2, "ben", target="ada")])
    arrays = [getattr(graph, field.name) for field in fields(Graph)]
    arrays += [*graph.out, *graph.into, *graph.flags]

    assert not any(a.flags.writeable for a in arrays if isinstance(a, np.ndarray))


def test_what_was_taken_back_was_done_all_the_same() -> None:
    events = [
        event("post", 1, "ada", "post/1", tags=("sail",)),
        event("post", 2, "ada", "post/1", op="delete"),
        event("repost", 3, "ben", target="post/1", op="delete"),
    ]

    edges = described(graph_of(events), events).edges

    account, post, tag = (
        (Node.ACCOUNT, "", "ada"),
        (Node.POST, "", "post/1"),
        (Node.TAG, "", "sail"),
    )
    assert edges == {(account, Act.AUTHORED, post): 1, (post, Act.CARRIES, tag): 1}


def test_the_first_who_made_a_post_is_its_author() -> None:
    """Somebody else's later claim to the same URI changes nothing."""
    events = [event("post", 1, "ada", "post/1"), event("post", 2, "ben", "post/1", op="update")]

    for graph in (graph_of(events), graph_of(events[::-1]), _one_by_one(events)):
        assert graph.author[graph.find("post", "post/1", HASHER)] == graph.find(
            "account", "ada", HASHER
        )


def test_a_time_is_claimed_but_not_after_it_was_received() -> None:
    events = [
        event("like", 1, "ada", target="post/1", at=9_000_000, seen=7_999_999),
        event("like", 2, "ben", target="post/1", at=3_000_000, seen=7_999_999),
        event("like", 3, "cleo", target="post/1", at=0, seen=7_999_999),
    ]

    graph = graph_of(events)

    assert [7, 3, 0] == [
        int(graph.out.at[graph.out.row(node)][0])
        for node in (graph.find("account", name, HASHER) for name in ("ada", "ben", "cleo"))
        if node is not None
    ]


ANSWER = event("post", 3, "ben", "post/3", reply_to="post/2", root="post/1")


@pytest.mark.parametrize(
    ("target", "opposed"),
    [
        ("post/2", {"post/2"}),
        ("post/1", {"post/1"}),
        ("dora", {"post/2"}),
        ("ada", {"post/1"}),
        ("nobody", set()),
    ],
)
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_reply_opposes_whom_its_maker_complained_of(
    target: str, opposed: set[str], order: tuple[int, ...]
) -> None:
    """Wherever in the log the complaint, the reply and the posts stand, and however it is cut."""
    told = [
        event("post", 1, "ada", "post/1"),
        event("post", 1, "dora", "post/2", reply_to="post/1", root="post/1"),
        ANSWER,
        event("flag", 4, "ben", target=target),
    ]
    events = [msgspec.structs.replace(told[n], seq=i + 1) for i, n in enumerate(order)]

    for graph in (graph_of(events), _one_by_one(events)):
        edges = described(graph, events).edges
        assert opposed == {to[2] for (_, act, to) in edges if act == Act.ARGUED}
        flagged = {to[2] for (_, act, to) in edges if act == Act.FLAGGED}
        assert flagged == {target} - {"nobody"}


def test_a_complaint_waits_until_its_subject_is_known() -> None:
    flag = event("flag", 1, "ben", target="post/1")
    begun = graph_of([flag])

    graph = graph_of([event("post", 2, "ada", "post/1")], base=begun)

    assert begun.flags.target.tolist() == [-1]
    assert graph.flags.target.tolist() == [graph.find("post", "post/1", HASHER)]


@pytest.mark.parametrize("first", ["account", "post"])
def test_a_complaint_about_a_name_of_two_is_about_what_was_named_first(first: str) -> None:
    """However late the other one comes, and also where it comes before the complaint is read."""
    like = ("like", "ben", {"target": "quay"})
    follow = ("follow", "ben", {"target": "quay"})
    flag = ("flag", "ben", {"target": "quay"})
    one, other = (follow, like) if first == "account" else (like, follow)
    for order in ((flag, one, other), (one, flag, other), (one, other, flag)):
        events = [
            event(kind, seq, actor, **fields)
            for seq, (kind, actor, fields) in enumerate(order, start=1)
        ]
        for graph in (graph_of(events), graph_of(events[::-1]), _one_by_one(events)):
            assert graph.flags.target.tolist() == [graph.find(first, "quay", HASHER)]


def test_traits_are_as_the_operator_said_last() -> None:
    """About an account that does nothing itself; what is not said does not change."""

    def told(seq: int, **account: object) -> Event:
        return event("account", seq, "operator", "ada", extra={"account": account})

    events = [
        told(1, bot=True, minor=True, status="suspended"),
        told(2, status="active"),
        told(3, bot=False),
        event("account", 4, "operator", "ada", op="delete", extra={"account": {"minor": False}}),
    ]
    ada = graph_of(events).find("account", "ada", HASHER)

    assert ada is not None
    for graph in (graph_of(events[::-1]), _one_by_one(events)):
        assert graph.traits[graph.find("account", "ada", HASHER)] == Trait.MINOR


def test_a_handle_keeps_the_picture_that_it_first_came_with() -> None:
    """Ben gives Ada's handle to another picture; hers is not mixed with it."""
    events = [
        event("post", 1, "ada", "post/1", media=(MediaRef(uri="m", sha256=SHA256[0]),)),
        event("post", 2, "ben", "post/2", media=(MediaRef(uri="m", sha256=SHA256[1]),)),
        event("post", 3, "cleo", "post/3", media=(MediaRef(uri="m"),)),
    ]

    for graph in (graph_of(events), graph_of(events[::-1]), _one_by_one(events)):
        handle, hers, his = (
            graph.find("media", name, HASHER) for name in ("m", SHA256[0], SHA256[1])
        )
        assert handle == hers != his
        assert {"post/1", "post/3"} == _carrying(graph, events, SHA256[0])
        assert {"post/2"} == _carrying(graph, events, SHA256[1])


def test_a_digest_that_comes_later_joins_what_was_known_by_the_handle() -> None:
    """Hashes are often computed after the post was seen; edges of the saved graph move."""
    early = [
        event("post", 1, "ada", "post/1", media=(MediaRef(uri="m"),)),
        event("post", 2, "ada", "post/2", media=(MediaRef(sha256=SHA256[0]),)),
        event("post", 3, "ada", "post/3", media=(MediaRef(pdq=PDQ[0]),)),
        event("post", 4, "ada", "post/3", media=(MediaRef(uri="m"),)),
    ]
    late = [
        event("post", 5, "ben", "post/5", media=(MediaRef(uri="m", sha256=SHA256[0]),)),
        event("post", 6, "ben", "post/6", media=(MediaRef(sha256=SHA256[0], pdq=PDQ[1]),)),
    ]

    graph = graph_of(late, base=graph_of(early))

    assert expected(early + late) == described(graph, early + late)
    names = ("m", SHA256[0], PDQ[0], PDQ[1])
    assert len({graph.find("media", name, HASHER) for name in names}) == 1
    everywhere = {f"post/{n}" for n in (1, 2, 3, 5, 6)}
    assert everywhere == _carrying(graph, early + late, "m")


def test_a_handle_that_looks_like_a_digest_is_not_one() -> None:
    events = [
        event("post", 1, "ada", "post/1", media=(MediaRef(uri=SHA256[0], sha256=SHA256[1]),)),
        event("post", 2, "ben", "post/2", media=(MediaRef(uri=SHA256[1], sha256=SHA256[0]),)),
        event("post", 3, "cleo", "post/3", media=(MediaRef(pdq=SHA256[0]),)),
    ]

    graph = graph_of(events)

    assert expected(events) == described(graph, events)
    assert {"post/1"} == _carrying(graph, events, SHA256[1])


def test_a_node_is_found_by_name_and_shows_only_the_name_that_it_may() -> None:
    picture = (MediaRef(uri="m", sha256=SHA256[0]),)
    graph = graph_of(
        [event("post", 7, "ada", "post/7", tags=("sail",), links=("l",), media=picture)]
    )

    def name(kind: str, text: str) -> str:
        node = graph.find(kind, text, HASHER)
        assert node is not None
        return graph.name(node)

    assert (name("account", "ada"), name("tag", "sail")) == ("ada", "sail")
    assert (name("post", "post/7"), name("link", "l")) == ("post#7", "link#7")
    assert name("media", "m") == name("media", SHA256[0]) == "media#7"
    assert graph.find("post", "ada", HASHER) is None
    assert repr(graph) == "<Graph nodes=6 edges=4 seq=7>"


@given(streams(), st.data())
def test_no_two_nodes_look_alike(events: list[Event], data: st.DataObject) -> None:
    """Also where one event names several things of a kind; whatever is read first."""
    cut = data.draw(st.integers(0, len(events)))
    early = graph_of(data.draw(st.permutations(events[:cut])))
    graph = graph_of(data.draw(st.permutations(events[cut:])), base=early)
    standing = np.flatnonzero(graph.same_as == np.arange(len(graph.kind))).tolist()

    subjects = [graph.subject(node) for node in standing]

    assert len(set(subjects)) == len(subjects)
    whole = graph_of(events)
    assert sorted(subjects) == sorted(whole.subject(node) for node in set(whole.same_as.tolist()))


def test_an_opaque_id_tells_where_to_look() -> None:
    links = ("one", "two")
    pictures = (MediaRef(uri="m"), MediaRef(uri="n"))
    answer = {"reply_to": "post/2", "root": "post/3", "links": links, "media": pictures}
    graph = graph_of(
        [event("post", 7, "ada", "post/1", **answer), event("post", 8, "ben", "post/2")]
    )

    def name(kind: str, text: str) -> str:
        node = graph.find(kind, text, HASHER)
        assert node is not None
        return graph.name(node)

    posts = [name("post", f"post/{n}") for n in (1, 2, 3)]
    assert posts == ["post#7", "post#7.1", "post#7.2"]
    assert [name("link", link) for link in links] == ["link#7", "link#7.1"]
    assert [name("media", handle) for handle in ("m", "n")] == ["media#7", "media#7.1"]


def test_no_events_make_an_empty_graph() -> None:
    graph = GraphBuilder(HASHER).finish()

    assert described(graph, []) == expected([])
    assert graph.accounts().tolist() == []
    assert graph.find("account", "ada", HASHER) is None


def _one_by_one(events: list[Event]) -> Graph:
    """A graph that is extended with every single event."""
    graph = Graph.empty(HASHER)
    for one in events:
        graph = graph_of([one], base=graph)
    return graph


def _carrying(graph: Graph, events: list[Event], picture: str) -> set[str]:
    """The posts that carry a picture."""
    node = graph.find("media", picture, HASHER)
    assert node is not None
    posts = graph.into.node[graph.into.row(node)].tolist()
    return {e.object for e in events if graph.find("post", e.object, HASHER) in posts}
