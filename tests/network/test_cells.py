"""Suspects split into cells, on platforms whose groups are planted."""

from __future__ import annotations

from collections import defaultdict
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.model import Hasher, MediaRef
from leeward.network import Act, Node
from leeward.network._evidence.taint import taint_of
from leeward.network._result.cells import Cell, cells_of
from leeward.network._result.split import (
    STRONGEST,
    _components,
    _leiden,
    _modularity,
    _shared,
    _ties,
    split,
)
from leeward.network._touches.touches import Touches, touches_of
from tests.network._events import HASHER, event, graph_of, in_pieces, random_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network import Graph

    Int32 = npt.NDArray[np.int32]
    Doubles = npt.NDArray[np.float64]

GROUP, OTHERS = 40, 3_000
"""Accounts of each planted group, and those of none."""


class Platform(NamedTuple):
    """A small platform: its graph, its touches, and the group of each account, -1 for others."""

    graph: Graph
    touches: Touches
    group: Int32

    def at(self, account: str) -> int:
        """The place of an account."""
        names = [self.graph.name(int(node)) for node in self.touches.accounts]
        return names.index(account)

    def cells(
        self, confirmed: Sequence[str] = (), things: Sequence[int] = (), suspicion: float = 0.8
    ) -> tuple[Cell, ...]:
        """The cells of those who stand in a group."""
        places = np.array([self.at(name) for name in confirmed], np.int32)
        suspicions = np.where(self.group >= 0, suspicion, 0.0)
        suspicions[places] = 1
        taint = taint_of(self.touches, suspicions, np.zeros(len(self.touches.things)))
        given_things = np.array(things, np.int32)
        return cells_of(self.graph, self.touches, suspicions, taint, places, given_things)


def platform(groups: int, *, across: int = 1, tags: bool = True, seed: int = 0) -> Platform:
    """Groups who repost each other's pictures, and others who repost anything else.

    Args:
        groups: How many; all of them use the hashtag ``harbour``.
        across: Reposts of posts of other groups but the last, which keeps to itself.
        tags: Whether there are hashtags.
        seed: For the choice of posts.
    """
    return seen(graph_of(happened(groups, across=across, tags=tags, seed=seed)))


def seen(graph: Graph) -> Platform:
    """The platform of a graph, with groups by the names of accounts."""
    touches = touches_of(graph)
    named = [graph.name(int(node)) for node in touches.accounts]
    group = [int(name.split("/")[1]) if name.startswith("account") else -1 for name in named]
    return Platform(graph, touches, np.array(group, np.int32))


def happened(
    groups: int, *, across: int = 1, tags: bool = True, seed: int = 0, others: int = OTHERS
) -> list[Event]:
    """The events of :func:`platform`."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []

    def add(kind: str, actor: str, post: str, **other: object) -> None:
        key = {"object": post} if kind == "post" else {"target": post}
        events.append(event(kind, len(events) + 1, actor, **key, **other))  # type: ignore[arg-type]

    names = [(g, i) for g in range(groups) for i in range(GROUP)]
    for g, i in names:
        carried = ("harbour",) if tags else ()
        media = (MediaRef(uri=f"media/{g}/{i % 20}"),)
        add("post", f"account/{g}/{i}", f"post/{g}/{i}", tags=carried, media=media)
    for o in range(others):
        add("post", f"other/{o}", f"plain/{o}", tags=(f"garden{o % 40}",))
    for g, i in names:
        for p in rng.choice(GROUP, 8, replace=False):
            add("repost", f"account/{g}/{i}", f"post/{g}/{p}")
        for _ in range(across if g < groups - 1 else 0):
            other = int(rng.integers(groups - 1))
            add("repost", f"account/{g}/{i}", f"post/{other}/{rng.integers(GROUP)}")
        for p in rng.integers(others, size=5):
            add("repost", f"account/{g}/{i}", f"plain/{p}")
    for o in range(others):
        for p in rng.integers(others, size=4):
            add("repost", f"other/{o}", f"plain/{p}")
    return events


def adjusted_rand(one: Sequence[int], other: Sequence[int]) -> float:
    """Agreement of two partitions: 1 for the same, 0 for chance (Hubert and Arabie 1985)."""
    table: dict[tuple[int, int], int] = defaultdict(int)
    rows: dict[int, int] = defaultdict(int)
    columns: dict[int, int] = defaultdict(int)
    for a, b in zip(one, other, strict=True):
        table[a, b] += 1
        rows[a] += 1
        columns[b] += 1
    both, a, b = (sum(comb(n, 2) for n in counts.values()) for counts in (table, rows, columns))
    expected = a * b / comb(len(one), 2)
    return (both - expected) / ((a + b) / 2 - expected)


def labels(cells: Sequence[Cell], accounts: int) -> Int32:
    label = np.full(accounts, -1, np.int32)
    for number, cell in enumerate(cells):
        label[cell.members] = number
    return label


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_planted_groups_are_found_again(groups: int) -> None:
    world = platform(groups, across=2)
    suspects = world.group >= 0
    found = labels(world.cells(["account/0/0"]), len(world.group))
    assert adjusted_rand(found[suspects].tolist(), world.group[suspects].tolist()) > 0.95


def test_a_group_without_parts_is_one_cell() -> None:
    """What chance makes of touches would make groups, too: they are not taken for real."""
    (cell,) = platform(1).cells(["account/0/0"])
    assert len(cell.members) == GROUP
    assert not cell.question


def test_every_suspect_is_in_one_cell_and_nobody_else_is() -> None:
    world = platform(3)
    members = np.concatenate([cell.members for cell in world.cells(["account/0/0"])])
    assert sorted(members.tolist()) == np.flatnonzero(world.group >= 0).tolist()


def test_neighbours_who_share_only_a_hashtag_are_asked_first() -> None:
    """Groups 0 and 1 repost each other; group 2 uses the same hashtag, and nothing else."""
    world = platform(3, across=6)
    cells = world.cells([f"account/0/{i}" for i in range(4)])
    neighbours = [cell for cell in cells if (world.group[cell.members] == 2).any()]
    assert [sorted(world.group[cell.members].tolist()) for cell in neighbours] == [[2] * GROUP]
    assert neighbours[0].question
    assert neighbours[0].direct == 0
    assert neighbours[0].words.startswith("is this the same ring, or its neighbours? 0 of 40")
    rest = [cell for cell in cells if cell is not neighbours[0]]
    assert not any(cell.question for cell in rest)
    assert all(cell.reached > 3 for cell in rest)


def test_a_confirmed_picture_reaches_those_who_touched_it() -> None:
    world = platform(3, across=0)
    picture = world.graph.find("media", "media/1/3", HASHER)
    assert picture is not None
    cells = world.cells(things=[int(world.touches.thing_at[picture])])
    row = world.touches.by_thing.row(int(world.touches.thing_at[picture]))
    for cell in cells:
        by_hand = np.intersect1d(world.touches.by_thing.other[row], cell.members)
        assert cell.direct == len(by_hand)
        assert cell.question == (len(by_hand) == 0)


def test_a_hashtag_counts_once_it_is_confirmed() -> None:
    world = platform(2, across=0)
    tag = world.graph.find("tag", "harbour", HASHER)
    assert tag is not None
    cells = world.cells(things=[int(world.touches.thing_at[tag])])
    assert [cell.direct for cell in cells] == [GROUP, GROUP]


def test_what_a_cell_has_in_common_is_told() -> None:
    cells = platform(2, across=0).cells(["account/0/0"])
    assert cells[0].common[0].startswith("#harbour: 40 of 40 members, ")
    assert any(" posts that two or more members touched" in words for words in cells[0].common)
    assert any(" pictures that two or more members" in words for words in cells[0].common)


def test_the_same_cells_come_out_each_time() -> None:
    world = platform(4, across=3)
    one, other = (world.cells(["account/0/0"]) for _ in range(2))
    assert [cell.members.tolist() for cell in one] == [cell.members.tolist() for cell in other]
    assert [cell[1:] for cell in one] == [cell[1:] for cell in other]


@given(
    seed=st.integers(0, 2**32),
    groups=st.integers(1, 4),
    across=st.integers(0, 6),
    key=st.binary(min_size=16, max_size=16),
)
@settings(max_examples=20, deadline=None)
def test_neither_the_key_of_a_log_nor_its_batches_change_a_cell(
    seed: int, groups: int, across: int, key: bytes
) -> None:
    """Suspicion differs from account to account, so that sums depend on their order."""
    rng = np.random.default_rng(seed)
    events = happened(groups, across=across, seed=seed, others=200)
    names = sorted({e.actor for e in events})
    drawn = np.where(rng.random(len(names)) < 0.3, 0, rng.random(len(names)))
    given = dict(zip(names, drawn.tolist(), strict=True))
    confirmed = ["account/0/0", *rng.choice(names, 2).tolist()]
    expected, actual = (
        told(seen(graph), given, confirmed)
        for graph in (graph_of(events), in_pieces(events, rng, Hasher(key)))
    )
    assert actual == expected


def told(
    world: Platform, suspicion: dict[str, float], confirmed: Sequence[str]
) -> list[tuple[set[str], tuple[object, ...]]]:
    """The names of the members of each cell, and all that is said of it."""
    names = [world.graph.name(int(node)) for node in world.touches.accounts]
    suspicions = np.array([suspicion[name] for name in names])
    places = np.array([world.at(name) for name in confirmed], np.int32)
    suspicions[places] = 1
    taint = taint_of(world.touches, suspicions, np.zeros(len(world.touches.things)))
    nothing = np.empty(0, np.int32)
    cells = cells_of(world.graph, world.touches, suspicions, taint, places, nothing)
    return [({names[i] for i in cell.members.tolist()}, cell[1:]) for cell in cells]


def test_suspects_who_share_nothing_are_alone_and_asked() -> None:
    world = platform(1)
    suspicion = np.where(world.group >= 0, 0.8, 0.0)
    taint = taint_of(world.touches, suspicion, np.zeros(len(world.touches.things)))
    alone = [world.at(f"other/{o}") for o in (3, 77)]
    suspicion[alone] = 0.1
    confirmed = np.array([world.at("account/0/0")], np.int32)
    cells = cells_of(world.graph, world.touches, suspicion, taint, confirmed, np.empty(0, np.int32))
    assert [cell.members.tolist() for cell in cells[1:]] == [[place] for place in sorted(alone)]
    assert [cell.question for cell in cells] == [False, True, True]


def test_a_confirmed_account_alone_is_no_question() -> None:
    world = platform(1)
    suspicion = np.zeros(len(world.group))
    confirmed = np.array([world.at("account/0/0")], np.int32)
    suspicion[confirmed] = 1
    taint = taint_of(world.touches, suspicion, np.zeros(len(world.touches.things)))
    nothing = np.empty(0, np.int32)
    (cell,) = cells_of(world.graph, world.touches, suspicion, taint, confirmed, nothing)
    assert (cell.question, cell.words) == (False, "confirmed")


def test_no_suspects_make_no_cells() -> None:
    world = platform(1)
    nobody = np.zeros(len(world.group))
    nothing = np.empty(0, np.int32)
    taint = taint_of(world.touches, nobody, np.zeros(len(world.touches.things)))
    assert cells_of(world.graph, world.touches, nobody, taint, nothing, nothing) == ()


def test_a_crossing_post_alone_makes_neighbours_no_part_of_the_network() -> None:
    """Many members who are reached by one thing count as its square root."""
    world = platform(2, across=0)
    events = [
        event("repost", 10_000 + i, f"account/1/{i}", target="post/0/0") for i in range(0, GROUP, 2)
    ]
    graph = graph_of(events, base=world.graph)
    crossed = Platform(graph, touches_of(graph), world.group)
    cells = crossed.cells([f"account/0/{i}" for i in range(8)])
    neighbours = next(cell for cell in cells if (crossed.group[cell.members] == 1).all())
    assert neighbours.direct == GROUP // 2
    assert neighbours.question


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_ties_are_what_two_suspects_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    touches = touches_of(graph_of(random_events(rng, 60)))
    suspects = np.flatnonzero(rng.random(len(touches.accounts)) < 0.8).astype(np.int32)
    tainted = rng.random(len(touches.things))
    ties = _ties(_shared(touches, suspects, tainted))
    rows, expected = touches.by_thing, np.zeros((len(suspects), len(suspects)))
    for j in np.flatnonzero(tainted >= 0.05).tolist():
        who = dict(zip(rows.other[rows.row(j)].tolist(), rows.weight[rows.row(j)], strict=True))
        size = round(sum(map(float, who.values())), 1)
        for a, one in enumerate(suspects.tolist()):
            for b, other in enumerate(suspects.tolist()):
                if a != b and one in who and other in who:
                    weight = float(who[one]) * float(who[other])
                    expected[a, b] += tainted[j] * weight / max(size - 1, 1)
    actual = np.zeros_like(expected)
    source = np.repeat(np.arange(len(suspects)), np.diff(ties.start))
    actual[source, ties.other] = ties.weight
    np.testing.assert_allclose(actual, expected)


def test_a_suspect_keeps_its_strongest_ties() -> None:
    world = platform(3, across=6)
    suspects = np.flatnonzero(world.group >= 0).astype(np.int32)
    ties = _ties(_shared(world.touches, suspects, np.ones(len(world.touches.things))))
    degree = np.diff(ties.start)
    assert STRONGEST <= degree.min() <= degree.mean() < 2 * STRONGEST


@pytest.mark.parametrize("resolution", [0.25, 1.0, 4.0])
def test_modularity_is_that_of_networkx(resolution: float) -> None:
    world = platform(3, across=6)
    suspects = np.flatnonzero(world.group >= 0).astype(np.int32)
    ties = _ties(_shared(world.touches, suspects, np.ones(len(world.touches.things))))
    graph = nx.Graph()
    graph.add_nodes_from(range(len(suspects)))
    source = np.repeat(np.arange(len(suspects)), np.diff(ties.start))
    for a, b, weight in zip(source.tolist(), ties.other.tolist(), ties.weight, strict=True):
        graph.add_edge(a, b, weight=float(weight))
    label = _leiden(ties, resolution)
    groups = [set(np.flatnonzero(label == name).tolist()) for name in np.unique(label)]
    expected = nx.community.modularity(graph, groups, resolution=resolution)
    assert _modularity(ties, label, resolution) == pytest.approx(expected)
    assert all(nx.is_connected(graph.subgraph(group)) for group in groups)
    whole = nx.number_connected_components(graph)
    assert len(np.unique(_components(ties))) == whole


def test_the_resolution_is_the_lowest_of_those_that_are_clearly_above_chance() -> None:
    world = platform(6, across=2)
    suspects = np.flatnonzero(world.group >= 0).astype(np.int32)
    found = split(world.touches, suspects, np.ones(len(world.touches.things)))
    highest = max(found.above.values())
    assert highest > 0.1
    near = [resolution for resolution, far in found.above.items() if far >= highest - 0.02]
    assert found.resolution == min(near)


def test_what_everybody_touched_ties_nobody() -> None:
    """Beside a post of their own, one of the whole platform adds a thousandth."""
    events = [event("post", 1, "other/0", "post/all"), event("post", 2, "other/0", "post/two")]
    events += [event("repost", 3 + i, f"account/{i}", target="post/all") for i in range(1_000)]
    events += [event("repost", 2_000 + i, f"account/{i}", target="post/two") for i in range(2)]
    touches = touches_of(graph_of(events))
    assert (touches.kind == Node.POST).all()
    assert touches.acts[:, Act.REPOSTED].sum() == 1_002
    suspects = touches.account_at[touches.accounts].astype(np.int32)
    ties = _ties(_shared(touches, suspects, np.ones(len(touches.things))))
    assert ties.weight.max() / ties.weight.min() > 300
