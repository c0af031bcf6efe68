"""From a log to its graph: sealed and hot, at once or step by step, and after an erasure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeward.errors import StoreError
from leeward.model import Event, events_of
from leeward.network import Act, Graph
from leeward.pipeline import interaction_graph
from leeward.store import Kept, Log, Writer, erase, expire, load_graph
from tests.conftest import FULL
from tests.network._events import event
from tests.network._oracle import described, expected
from tests.network._streams import streams
from tests.store._helpers import shrink

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """An empty log, of sizes at which few events make several segments."""
    shrink(monkeypatch.setattr)
    with Writer.open(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def log(writer: Writer) -> Iterator[Log]:
    with Log(writer.layout.data) as opened:
        yield opened


def sent(events: list[Event]) -> list[Event]:
    """Events as a producer sends them: without what the log sets itself."""
    return [
        msgspec.structs.replace(e, id=f"example:{e.seq}@1#{e.op}", seq=None, seen=None)
        for e in events
    ]


def stored(log: Log) -> list[Event]:
    return [e for part in log.tail() for e in events_of(part)]


def nothing_held() -> Kept:
    return Kept()


def harbour(first: int, count: int) -> list[Event]:
    """Posts of three people by turns, each reposted by the next one."""
    people = ("ada", "ben", "cleo")
    posts = [
        event("post", n, people[n % 3], f"{people[n % 3]}/post/{n}", tags=("sail",))
        for n in range(first, first + count)
    ]
    reposts = [
        event("repost", 10_000 + n, people[(n + 1) % 3], target=posts[n - first].object)
        for n in range(first, first + count)
    ]
    return sent([*posts, *reposts])


def is_true(graph: Graph, log: Log) -> bool:
    """Whether a graph is what the events of the log say, by the oracle of the network's tests."""
    events = stored(log)
    return expected(events) == described(graph, events, log.hasher)


@settings(max_examples=300 if FULL else 15)
@given(streams(most=30), st.data())
def test_the_graph_of_a_log_is_that_of_its_events(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], data: st.DataObject
) -> None:
    """Appended and sealed in steps; the graph is asked for now and then, and extended."""
    folder = tmp_path_factory.mktemp("log")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch.setattr)
        with Writer.open(folder) as writer, Log(folder) as log:
            rest = sent(events)
            while rest:
                count = data.draw(st.integers(1, len(rest)))
                writer.append(rest[:count])
                rest = rest[count:]
                if data.draw(st.booleans()):
                    writer.seal()
                if data.draw(st.booleans()):
                    interaction_graph(log)
            assert is_true(interaction_graph(log), log)
            assert is_true(interaction_graph(log, keep=False), log)


def test_a_second_look_reads_only_what_came_since(log: Log, writer: Writer) -> None:
    writer.append(harbour(0, 60))
    counts: list[int] = []

    graph = interaction_graph(log, progress=counts.append)
    assert (counts[-1], graph.events) == (120, 120)
    assert counts == sorted(counts)

    counts.clear()
    assert interaction_graph(log, progress=counts.append).events == 120
    assert counts == []

    writer.append(harbour(100, 5))
    graph = interaction_graph(log, progress=counts.append)
    assert (counts[-1], graph.events, graph.last_seq) == (10, 130, 130)
    assert is_true(graph, log)


def test_it_is_saved_again_when_more_than_a_twentieth_is_new(log: Log, writer: Writer) -> None:
    """Until then what came is read each time, and the file stays the one that it was."""
    writer.append(harbour(0, 95))
    interaction_graph(log)
    written = log.layout.graph.stat()
    counts: list[int] = []
    for turn in range(5):
        writer.append(harbour(1_000 * (turn + 1), 1))
        counts.clear()
        graph = interaction_graph(log, progress=counts.append)
        assert (counts[-1], graph.events) == (2 * turn + 2, 192 + 2 * turn)
        assert is_true(graph, log)
        assert log.layout.graph.stat() == written
    writer.append(harbour(9_000, 1))

    assert is_true(interaction_graph(log), log)

    back = load_graph(log)
    assert back is not None
    assert back.events == 202


def test_a_disk_on_which_nothing_can_be_saved_ends_nothing(log: Log, writer: Writer) -> None:
    writer.append(harbour(0, 30))
    log.layout.graph.parent.write_text("a file in place of the folder")
    notes: list[str] = []

    graph = interaction_graph(log, note=notes.append)

    assert is_true(graph, log)
    assert len(notes) == 1
    assert notes[0].startswith("The graph could not be saved, so the next discovery takes longer")
    with pytest.raises(StoreError):
        interaction_graph(log)


def test_a_graph_that_is_not_to_be_kept_leaves_no_file(log: Log, writer: Writer) -> None:
    writer.append(harbour(0, 10))

    interaction_graph(log, keep=False)

    assert not log.layout.graph.exists()


def test_what_was_damaged_is_made_again(log: Log, writer: Writer) -> None:
    writer.append(harbour(0, 30))
    interaction_graph(log)
    body = bytearray(log.layout.graph.read_bytes())
    body[len(body) // 2] ^= 255
    log.layout.graph.write_bytes(body)

    assert is_true(interaction_graph(log), log)
    assert load_graph(log) is not None


def test_who_was_erased_is_not_in_the_next_graph(log: Log, writer: Writer) -> None:
    """Ada's posts stay known as what others reposted; that she made them is gone."""
    writer.append(harbour(0, 60))
    writer.seal()
    writer.append(harbour(100, 20))
    assert interaction_graph(log).find("account", "ada", log.hasher) is not None

    erase(writer, "ada", nothing_held)
    graph = interaction_graph(log)

    assert is_true(graph, log)
    assert graph.find("account", "ada", log.hasher) is None
    post = graph.find("post", "ada/post/0", log.hasher)
    assert post is not None
    assert graph.author[post] == -1
    assert graph.into.act[graph.into.row(post)].tolist() == [Act.REPOSTED]
    everything = b"".join(p.read_bytes() for p in log.layout.graph.parent.iterdir())
    assert b"ada" not in everything
    assert b"cleo" in everything


def test_what_has_expired_is_not_in_the_next_graph(log: Log, writer: Writer) -> None:
    writer.append(harbour(0, 30))
    writer.seal()
    interaction_graph(log)
    (last,) = [e.seen for e in log.of(account="ada", last=1)]

    expire(writer, {"post": 1}, (last or 0) + 10, nothing_held)
    graph = interaction_graph(log)

    assert is_true(graph, log)
    assert graph.find("tag", "sail", log.hasher) is None
    assert set(graph.out.act.tolist()) == {Act.REPOSTED}


def test_the_empty_log(log: Log) -> None:
    for _ in range(2):
        graph = interaction_graph(log)
        assert (graph.events, graph.last_seq, len(graph.kind)) == (0, 0, 0)


def test_an_error_in_the_middle_ends_the_reading(log: Log, writer: Writer) -> None:
    """Nothing is kept, and the log can be read again at once."""
    writer.append(harbour(0, 60))
    writer.seal()
    writer.append(harbour(100, 20))

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interaction_graph(log, progress=stop)
    assert not log.layout.graph.exists()
    erase(writer, "ada", nothing_held)  # which a forgotten reader would hinder
    assert is_true(interaction_graph(log), log)


def test_two_processes_at_once_while_the_log_grows(log: Log, writer: Writer) -> None:
    writer.append(harbour(0, 40))
    command = [sys.executable, "-m", "tests.pipeline._grapher", str(log.layout.data), "20"]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    sizes: dict[int, tuple[int, int]] = {}

    def note() -> None:
        graph = interaction_graph(log, keep=False)
        sizes[graph.events] = len(graph.kind), len(graph.out.node)

    note()
    for turn in range(1, 30):
        writer.append(harbour(1_000 * turn, 3))
        note()
    for process in both:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        told = [tuple(map(int, line.split())) for line in output.splitlines()]
        assert len(told) == 20
        assert all(sizes[events] == (nodes, edges) for events, nodes, edges in told)
    assert is_true(interaction_graph(log), log)
