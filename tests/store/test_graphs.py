"""The graph beside the log: what was saved comes back whole, or it counts as absent."""

from __future__ import annotations

import shutil
import stat
import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import StoreError
from leeward.network import COLUMNS, Graph, GraphBuilder
from leeward.store import (
    Kept,
    Log,
    Writer,
    _arrays,
    _graphs,
    _rewrite,
    erase,
    expire,
    forget_graph,
    load_graph,
    save_graph,
)
from tests.store._helpers import batch, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PERSON = "skipper:1"


@pytest.fixture
def writer(data: Path, small: None) -> Iterator[Writer]:
    """A log of 90 events: segments and hot rows."""
    with Writer.open(data) as opened:
        opened.append(batch(range(70)))
        opened.seal()
        opened.append(batch(range(70, 90)))
        yield opened


@pytest.fixture
def log(data: Path, writer: Writer) -> Iterator[Log]:
    with Log(data) as opened:
        yield opened


def graph_of(log: Log) -> Graph:
    builder = GraphBuilder(log.hasher)
    for part in log.tail():
        builder.add(part.select(COLUMNS))
    return builder.finish()


def saved(log: Log) -> Graph:
    """The graph of a log, saved beside it."""
    graph = graph_of(log)
    save_graph(log, graph, log.rewritten())
    return graph


def arrays_of(graph: Graph) -> dict[str, object]:
    """Everything that a graph holds, as what can be compared."""
    parts: dict[str, object] = {}
    for field in fields(Graph):
        value = getattr(graph, field.name)
        if isinstance(value, tuple):
            for name, array in zip(value._fields, value, strict=True):  # type: ignore[attr-defined]
                parts[f"{field.name}.{name}"] = (array.dtype, array.shape, array.tolist())
        elif isinstance(value, np.ndarray):
            parts[field.name] = (value.dtype, value.shape, value.tolist())
        else:
            parts[field.name] = value.to_pylist() if isinstance(value, pa.Array) else value
    return parts


def nothing_held() -> Kept:
    return Kept()


def files_of(log: Log) -> list[str]:
    folder = log.layout.graph.parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_saved_graph_comes_back_equal(log: Log) -> None:
    graph = saved(log)
    back = load_graph(log)

    assert back is not None
    assert arrays_of(graph) == arrays_of(back)
    assert files_of(log) == ["graph.arrow"]


def test_it_is_mapped_and_nobody_writes_to_it(log: Log) -> None:
    saved(log)
    back = load_graph(log)

    assert back is not None
    assert str(log.layout.graph.resolve()) in Path("/proc/self/maps").read_text()
    columns = (back.kind, back.first, back.keys, *back.out, *back.into, *back.flags)
    arrays = [array for array in columns if isinstance(array, np.ndarray)]
    assert not any(a.flags.owndata or a.flags.writeable for a in arrays)
    assert all(a.flags.aligned for a in arrays)


def test_only_its_owner_may_read_it(log: Log) -> None:
    saved(log)

    assert stat.S_IMODE(log.layout.graph.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.layout.graph.parent.stat().st_mode) == 0o700


def test_the_graph_of_an_empty_log(data: Path) -> None:
    with Writer.open(data), Log(data) as log:
        assert load_graph(log) is None
        assert arrays_of(saved(log)) == arrays_of(load_graph(log) or graph_of(log))
        assert load_graph(log) is not None


def test_a_saved_graph_is_extended_as_one_in_memory(log: Log, writer: Writer) -> None:
    begun = saved(log)
    writer.append(batch(range(90, 120)))
    more = [part.select(COLUMNS) for part in log.tail(after=begun.last_seq)]
    graphs = []
    for base in (begun, load_graph(log)):
        assert base is not None
        builder = GraphBuilder(log.hasher, base)
        for part in more:
            builder.add(part)
        graphs.append(builder.finish())

    assert arrays_of(graphs[0]) == arrays_of(graphs[1])


def test_bytes_that_changed_are_noticed(log: Log, rounds: Callable[[int, int], int]) -> None:
    """Wherever they are: the graph is absent, or it is the one that was saved."""
    graph = arrays_of(saved(log))
    path = log.layout.graph
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    ends = [*range(1_500), *range(len(whole) - 4_000, len(whole))]
    inside = rng.integers(len(whole), size=rounds(20_000, 500)).tolist()
    absent = 0
    for place in ends[:: rounds(1, 11)] + inside:
        changed = bytearray(whole)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        back = load_graph(log)
        absent += back is None
        assert back is None or arrays_of(back) == graph
    assert absent > 100


def test_a_file_that_is_cut_short_is_absent(log: Log, rounds: Callable[[int, int], int]) -> None:
    saved(log)
    path = log.layout.graph
    whole = path.read_bytes()
    lengths = np.linspace(0, len(whole) - 1, rounds(5_000, 200)).astype(int).tolist()
    for length in lengths:
        path.write_bytes(whole[:length])
        assert load_graph(log) is None
    path.write_bytes(whole)
    assert load_graph(log) is not None


@pytest.mark.parametrize("piece", [1, 7, 1 << 10])
def test_arrays_of_many_pieces(
    log: Log, monkeypatch: pytest.MonkeyPatch, piece: int, rounds: Callable[[int, int], int]
) -> None:
    """Bytes may change in any of them: it is noticed."""
    monkeypatch.setattr(_graphs, "_PIECE", piece)
    graph = saved(log)
    path = log.layout.graph
    whole = path.read_bytes()
    back = load_graph(log)
    assert back is not None
    assert arrays_of(back) == arrays_of(graph)
    names = "".join(graph.names.to_pylist()).encode()
    places = whole.index(names) + np.arange(len(names) - 1)
    for place in np.random.default_rng(piece).choice(places, rounds(200, 10)):
        changed = bytearray(whole)
        changed[place], changed[place + 1] = changed[place] ^ 1, changed[place + 1] ^ 255
        path.write_bytes(changed)
        assert load_graph(log) is None


@given(st.binary(max_size=200))
def test_any_other_file_is_absent(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    data = tmp_path_factory.getbasetemp() / "any"
    with Writer.open(data), Log(data) as log:
        log.layout.graph.parent.mkdir(exist_ok=True)
        log.layout.graph.write_bytes(body)
        assert load_graph(log) is None


def test_the_graph_of_another_log_is_absent(log: Log, tmp_path: Path) -> None:
    saved(log)
    with Writer.open(tmp_path / "other") as writer, Log(tmp_path / "other") as other:
        writer.append(batch(range(90)))
        shutil.copytree(log.layout.graph.parent, other.layout.graph.parent)
        assert load_graph(other) is None


def test_a_graph_of_another_format_is_absent(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(log)
    monkeypatch.setattr(_graphs, "_FORMAT", _graphs._FORMAT + 1)
    assert load_graph(log) is None


def test_a_graph_that_knows_more_than_the_log_is_absent(data: Path, tmp_path: Path) -> None:
    """The folder of an earlier log was put back by hand, beside a later graph."""
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
    shutil.copytree(data, tmp_path / "earlier")
    with Writer.open(data) as writer, Log(data) as log:
        writer.append(batch(range(10, 20)))
        saved(log)
        graph = log.layout.graph.parent
    with Log(tmp_path / "earlier") as earlier:
        shutil.copytree(graph, earlier.layout.graph.parent)
        assert load_graph(earlier) is None


def test_erasing_a_person_removes_the_graph(log: Log, writer: Writer) -> None:
    graph = saved(log)
    assert PERSON.encode() in log.layout.graph.read_bytes()
    before = log.layout.graph.read_bytes()

    erase(writer, PERSON, nothing_held)

    assert files_of(log) == []
    assert load_graph(log) is None
    save_graph(log, graph, 0)
    assert files_of(log) == []
    log.layout.graph.write_bytes(before)
    assert load_graph(log) is None
    assert files_of(log) == [], "it was put back, as by a copy of the folder"


def test_retention_removes_the_graph(log: Log, writer: Writer) -> None:
    saved(log)
    now = time.time_ns() // 1_000 + 10
    expire(writer, {"hashtag": 1}, now, nothing_held, apply=False)
    assert load_graph(log) is not None

    expire(writer, {"post": 1}, now, nothing_held)

    assert files_of(log) == []
    assert load_graph(log) is None


@pytest.mark.parametrize("step", ["writing", "replacing", "passing", "replaced"])
def test_a_save_during_an_erasure_keeps_nothing(
    log: Log, writer: Writer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The erasure comes while the file is written, just before it gets its name, just after.

    Or it passes the file: it looks for what is there before that has its name, and does not
    find it under the one that it had.
    """
    graph, rewritten = graph_of(log), log.rewritten()
    due = [PERSON]

    def once(real: Callable[..., object], *, before: bool = False) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            result = None if before else real(*arguments)
            if due:
                erase(writer, due.pop(), nothing_held)
            return real(*arguments) if before else result

        return call

    with monkeypatch.context() as patch:
        if step == "writing":
            patch.setattr(_graphs, "write_arrays", once(_arrays.write_arrays, before=True))
        elif step == "replacing":
            patch.setattr(log, "rewritten", once(log.rewritten))
        elif step == "passing":
            patch.setattr(_graphs, "_files", lambda _: [])
            patch.setattr(Path, "replace", once(Path.replace, before=True))
        else:
            patch.setattr(Path, "replace", once(Path.replace))
        save_graph(log, graph, rewritten)

    assert not due
    assert files_of(log) == []
    assert arrays_of(saved(log)) == arrays_of(load_graph(log) or graph)


def test_what_is_made_in_the_middle_of_an_erasure_is_not_kept(
    log: Log, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then some segments are changed and some are not."""
    real, seen = _rewrite._rewrite_segment, []

    def change(*arguments: Any) -> None:
        seen.append(saved(log).events)
        real(*arguments)

    monkeypatch.setattr(_rewrite, "_rewrite_segment", change)
    erase(writer, PERSON, nothing_held)

    assert seen
    assert files_of(log) == []


def test_an_erasure_that_ends_in_the_middle_has_removed_the_graph(
    log: Log, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(log)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as fault:
        fault.setattr(_rewrite, "_rewrite_segment", fail)
        with pytest.raises(KeyboardInterrupt):
            erase(writer, PERSON, nothing_held)

    assert files_of(log) == []
    assert load_graph(log) is None


@pytest.mark.parametrize(
    "step",
    [
        ("leeward.store._graphs:write_arrays", 2),
        ("leeward.store._graphs:Path.replace", 2),
    ],
)
def test_a_save_that_is_killed_leaves_the_old_graph_or_the_new(
    data: Path, log: Log, step: tuple[str, int]
) -> None:
    with start("_graph_saver", data, *step) as process:
        process.communicate(timeout=60)
    assert process.returncode == 9

    assert _known(load_graph(log))
    saved(log)
    assert files_of(log) == ["graph.arrow"], "what the killed one left is gone"


@pytest.mark.slow
def test_kill_9_at_random_moments(data: Path, log: Log, rounds: Callable[[int, int], int]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(rounds(30, 3)):
        with start("_graph_saver", data) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
        back = load_graph(log)
        assert back is None or _known(back)
    saved(log)
    assert files_of(log) == ["graph.arrow"]


@pytest.mark.slow
def test_two_processes_save_while_a_third_loads(
    data: Path, log: Log, rounds: Callable[[int, int], int]
) -> None:
    savers = [start("_graph_saver", data) for _ in range(2)]
    for process in savers:
        assert process.stdout is not None
        process.stdout.readline()
    try:
        while load_graph(log) is None:  # they have begun, and need not have saved yet
            assert [process.poll() for process in savers] == [None, None], "they go on"
        for _ in range(rounds(3_000, 300)):
            assert _known(load_graph(log)), "from the first save on there always is one"
        assert [process.poll() for process in savers] == [None, None], "they go on"
    finally:
        for process in savers:
            process.kill()
            process.communicate()


def _known(graph: Graph | None) -> bool:
    """Whether it is one of the two graphs that the other process saves."""
    return graph is not None and 0 < graph.events <= 90 and graph.last_seq == graph.events


def test_a_place_where_nothing_can_be_saved_is_told(log: Log) -> None:
    log.layout.graph.parent.write_text("a file")

    with pytest.raises(StoreError) as caught:
        saved(log)
    assert caught.value.hint
    assert load_graph(log) is None


def test_forgetting_what_is_not_there(log: Log) -> None:
    forget_graph(log.layout)
    saved(log)
    forget_graph(log.layout)
    forget_graph(log.layout)

    assert files_of(log) == []


def test_a_scan_behind_a_place_gives_what_a_tail_gives(log: Log, writer: Writer) -> None:
    """At every place; with and without the column that tells the place."""
    erase(writer, PERSON, nothing_held)
    writer.append(batch(range(90, 95)))
    for after in range(97):
        tailed = [row for part in log.tail(after) for row in part.to_pylist()]
        scanned = [row for part in log.scan(after=after) for row in part.to_pylist()]
        assert tailed == sorted(scanned, key=lambda row: row["seq"])
        names = [part["id"].to_pylist() for part in log.scan(["id"], after=after)]
        assert sorted(row["id"] for row in tailed) == sorted(n for part in names for n in part)
        late = log.scan(["id"], 1_500_000, clock="at", after=after)
        assert not [part for part in late if part.schema.names != ["id"]]


def test_a_scan_behind_a_place_within_a_time(log: Log) -> None:
    rows = [row for part in log.scan() for row in part.to_pylist()]
    expected = {r["id"] for r in rows if r["seq"] > 40 and 1_000_200 <= r["at"] < 1_000_700}

    found = log.scan(["id"], 1_000_200, 1_000_700, clock="at", after=40)

    assert expected
    assert expected == {identity for part in found for identity in part["id"].to_pylist()}
