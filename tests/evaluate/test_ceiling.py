"""What an oracle reaches that knows all tainted items."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leeward.errors import DependencyDown, InputError
from leeward.evaluate._ceiling import ceiling, features, read_tainted, recall_at
from leeward.model import MediaRef
from tests.network._events import HASHER, event, graph_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from leeward.model import Event
    from leeward.network import Graph

RING = [f"member/{n}" for n in range(60)]
CROWD = [f"boat/{n}" for n in range(240)]


@pytest.fixture(scope="module")
def harbour() -> Graph:
    """Members repost three of ten tainted posts; every fourth boat one, and all something else."""
    rng = np.random.default_rng(1)
    events: list[Event] = []

    def add(kind: str, actor: str, **other: object) -> None:
        events.append(event(kind, len(events) + 1, actor, **other))  # type: ignore[arg-type]  # fields of an event

    for n in range(10):
        media = (MediaRef(uri=f"picture/{n}"),)
        add("post", RING[n], object=f"t/{n}", media=media, tags=("tide",))
    for n in range(40):
        add("post", CROWD[n], object=f"p/{n}")
    for name in RING:
        for n in rng.choice(10, 3, replace=False):
            add("repost", name, target=f"t/{n}")
    for place, name in enumerate(CROWD):
        add("repost", name, target=f"p/{rng.integers(40)}")
        if place % 4 == 0:
            add("like", name, target=f"t/{rng.integers(10)}")
    return graph_of(events)


def nodes(graph: Graph, names: list[str], kind: str = "account") -> npt.NDArray[np.int32]:
    return np.array([graph.find(kind, name, HASHER) for name in names], np.int32)


def test_members_are_told_from_those_who_pass_by(harbour: Graph) -> None:
    accounts = nodes(harbour, RING + CROWD)
    ring = np.arange(len(accounts)) < len(RING)
    tainted = nodes(harbour, [f"t/{n}" for n in range(10)], "post")
    found = ceiling(harbour, accounts, ring, tainted)
    assert found.average_precision is not None
    assert found.average_precision > 0.99
    assert found.recall > 0.95
    assert found.probabilities.shape == ring.shape
    assert ((found.probabilities >= 0) & (found.probabilities <= 1)).all()


def test_a_truth_that_nothing_shows_is_not_told(harbour: Graph) -> None:
    """The halves do not know each other's truth: labels by lot are no better than by lot."""
    accounts = nodes(harbour, CROWD)
    ring = np.random.default_rng(2).random(len(accounts)) < 0.3
    tainted = nodes(harbour, [f"t/{n}" for n in range(10)], "post")
    found = ceiling(harbour, accounts, ring, tainted)
    assert found.average_precision is not None
    assert found.average_precision < 0.45


def test_without_a_ring_there_is_nothing_to_reach(harbour: Graph) -> None:
    accounts = nodes(harbour, CROWD)
    found = ceiling(harbour, accounts, np.zeros(len(accounts), np.bool_), np.empty(0, np.int32))
    assert found.average_precision is None
    assert found.recall == 0
    assert not found.probabilities.any()


def test_what_is_counted_of_an_account() -> None:
    """By hand: ada makes a tainted picture, reposts another's, likes a post and flags it."""
    graph = graph_of(
        [
            event("post", 1, "ben", "t/1", media=(MediaRef(uri="picture/1"),), tags=("tide",)),
            event("post", 2, "cleo", "p/2"),
            event("post", 3, "ada", "t/3", media=(MediaRef(uri="picture/1"),)),
            event("repost", 11, "ada", target="t/1"),
            event("like", 12, "ada", target="p/2"),
            event("flag", 13, "ada", target="p/2"),
            event("follow", 14, "ada", target="ben"),
            event("like", 15, "cleo", target="t/3"),
        ]
    )
    tainted = np.concatenate([nodes(graph, ["picture/1"], "media"), nodes(graph, ["tide"], "tag")])
    ada = features(graph, tainted)[graph.find("account", "ada", HASHER) or 0].tolist()
    acts, bad, rest = ada[:9], ada[9:16], ada[16:]
    assert acts == [1, 1, 1, 0, 0, 1, 0, 1, 0]  # made, reposted, liked, ..., followed, ..., flagged
    assert bad == [1, 1, 0, 0, 0, 0, 0]
    assert rest[:2] == [1, 0]  # follows somebody who shared a tainted post
    assert rest[2:10] == [1, 1, 0, 1, 0, 0, 0, 0]  # pictures, tags, links, communities
    assert rest[10] == 1  # one other author
    assert rest[13] == 10  # seconds until the repost
    assert rest[15] == 1  # the like of cleo
    assert rest[16] == pytest.approx(2 / 3)


def test_recall_is_that_of_the_longest_list_that_is_pure_enough() -> None:
    scores = np.array([9, 8, 7, 6, 5, 5, 4.0])
    ring = np.array([True, True, False, True, True, False, True])
    assert recall_at(scores, ring, 1.0) == 2 / 5
    assert recall_at(scores, ring, 0.75) == 3 / 5
    assert recall_at(scores, ring, 0.7) == 5 / 5  # a cut through equal scores is none
    assert recall_at(scores, ~ring, 0.99) == 0
    assert recall_at(np.zeros(0), np.zeros(0, np.bool_)) == 0


def test_who_lacks_the_package_is_told_what_to_install(
    harbour: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(DependencyDown, match=r"leeward\[evaluate\]"):
        ceiling(harbour, nodes(harbour, CROWD), np.ones(240, np.bool_), np.empty(0, np.int32))


# --- the file ----------------------------------------------------------------------------------


def test_tainted_items_are_found_in_the_graph(harbour: Graph, tmp_path: Path) -> None:
    file = tmp_path / "tainted.parquet"
    rows = [("post", "t/3"), ("media", "picture/4"), ("tag", "tide"), ("post", "not in the log")]
    pq.write_table(pa.table({"kind": [k for k, _ in rows], "subject": [s for _, s in rows]}), file)
    expected = sorted(harbour.find(kind, name, HASHER) or 0 for kind, name in rows[:3])
    assert read_tainted(file, harbour, HASHER).tolist() == expected


@pytest.mark.parametrize("what", ["absent", "columns", "types"])
def test_what_names_no_tainted_items_is_refused(harbour: Graph, tmp_path: Path, what: str) -> None:
    file = tmp_path / "tainted.parquet"
    if what == "columns":
        pq.write_table(pa.table({"kind": ["post"]}), file)
    elif what == "types":
        pq.write_table(pa.table({"kind": ["canary"], "subject": [1]}), file)
    with pytest.raises(InputError) as refused:
        read_tainted(file, harbour, HASHER)
    assert refused.value.hint
    assert "canary" not in str(refused.value)
