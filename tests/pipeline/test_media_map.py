"""The media map: beside a comparison of all with all, whatever the steps and the restarts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import leeward.store._media_items as items_module
from leeward.pipeline import MediaMap, carry_out, tidy_media
from leeward.pipeline import _media_map as map_module
from leeward.pipeline import _media_snapshot as snapshot_module
from leeward.store import Log, Writer, media_key
from leeward.store.tables import (
    ask_erasure,
    find_names,
    find_values,
    media_group,
    merge_media,
    open_tables,
    root_of,
)
from leeward.store.tables._schema import media_cluster, media_hash, media_name
from tests.pipeline._media_worlds import NEAR, Ref, apart, drawn, event, pictures_of, value

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from leeward.model import Event
    from leeward.store.tables import Tables


def world(seed: int, events: int) -> list[Event]:
    """Events with pictures that are near, drift, lack a hash or a handle, or come again."""
    rng = np.random.default_rng(seed)

    def ref() -> Ref:
        number = int(rng.integers(events))
        uri = f"sail:{number}" if rng.random() < 0.8 else None
        sha256 = f"{number % (events // 2 + 1):064x}" if rng.random() < 0.5 else None
        pdq = drawn(rng, 3, 24) if rng.random() < 0.6 or not (uri or sha256) else None
        return uri, sha256, pdq

    return [event(n, [ref() for _ in range(rng.integers(4))]) for n in range(events)]


def followed(tables: Tables, data: Path) -> MediaMap:
    """A map that was opened anew and has read everything."""
    seen = MediaMap(tables, data)
    with Log(data) as log:
        while seen.follow(log) is not None:
            pass
    return seen


def group_of(connection: Connection, log: Log, name: str) -> int:
    """The picture that a name leads to."""
    found = find_names(connection, [media_key(log.hasher, name)]).values()
    for one in found:
        return root_of(connection, one.cluster)
    return root_of(
        connection, find_values(connection, [bytes.fromhex(name)])[bytes.fromhex(name)][1]
    )


def assert_sound(connection: Connection) -> None:
    """Every value is near to the medoid of its cluster, and every alias ends at once."""
    rows = connection.execute(select(media_hash)).all()
    values = {row.id: row.value.hex() for row in rows}
    clusters = {row.id: row for row in connection.execute(select(media_cluster))}
    for row in rows:
        medoid = clusters[row.cluster_id].medoid
        assert apart(values[medoid], values[row.id]) <= NEAR
    for row in clusters.values():
        assert row.merged_into is None or clusters[row.merged_into].merged_into is None
        assert row.medoid is None or row.medoid in values
    for row in connection.execute(select(media_name)):
        assert row.cluster_id in clusters
        assert row.hash_id is None or row.hash_id in values


@given(st.integers(0, 2**32), st.lists(st.integers(0, 12), min_size=1, max_size=4), st.data())
def test_pictures_are_those_of_a_comparison_of_all_with_all(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: list[int], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("data")
    events = world(seed, 12)
    with open_tables(f"sqlite:///{folder}/leeward.db") as tables, Writer.open(folder) as writer:
        begin = 0
        for cut in sorted({*cuts, len(events)}):
            if cut > begin:
                writer.append(events[begin:cut])
                if data.draw(st.booleans()):
                    writer.seal()
                followed(tables, folder)
                begin = cut
        with Log(folder) as log, tables.read() as connection:
            found: dict[int, set[str]] = defaultdict(set)
            for names in pictures_of(events).values():
                for name in names:
                    found[group_of(connection, log, name)].add(name)
            assert_sound(connection)
    assert sorted(map(sorted, pictures_of(events).values())) == sorted(map(sorted, found.values()))


@pytest.mark.parametrize("events", [60])
def test_numbers_do_not_depend_on_steps_windows_or_restarts(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: int
) -> None:
    """On both databases; beside SQLite and one step for all."""
    everything = world(7, events)
    with Writer.open(tmp_path) as writer:
        writer.append(everything[: events // 2])
        writer.seal()
        writer.append(everything[events // 2 :])
    with open_tables(f"sqlite:///{tmp_path}/other.db") as other:
        followed(other, tmp_path)
        whole = dumped(other)
    monkeypatch.setattr(items_module, "WINDOW", 7)
    monkeypatch.setattr(items_module, "HOT_ROWS", 1)
    with Log(tmp_path) as log:
        while MediaMap(tables, tmp_path).follow(log) is not None:
            pass
    assert dumped(tables) == whole


def dumped(tables: Tables) -> list[list[tuple[object, ...]]]:
    columns = (
        media_cluster.c["id", "kind", "medoid", "merged_into"],
        media_hash.c["id", "cluster_id", "value"],
        media_name.c["key", "cluster_id", "hash_id"],
    )
    with tables.read() as connection:
        return [
            [tuple(row) for row in connection.execute(select(*some).order_by(next(iter(some))))]
            for some in columns
        ]


def test_a_chain_of_copies_joins_no_strangers(tables: Tables, tmp_path: Path) -> None:
    chain = [value(1, *range(10 * n)) for n in range(6)]
    with Writer.open(tmp_path) as writer:
        writer.append([event(n, [(None, None, pdq)]) for n, pdq in enumerate(chain)])
    followed(tables, tmp_path)
    with tables.read() as connection, Log(tmp_path) as log:
        assert [group_of(connection, log, pdq) for pdq in chain] == [1, 1, 2, 2, 3, 3]


def test_everything_near_is_found_in_what_was_seen(tables: Tables, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    values = list(dict.fromkeys(drawn(rng, 4, 40) for _ in range(200)))
    with Writer.open(tmp_path) as writer:
        writer.append([event(n, [(None, None, pdq)]) for n, pdq in enumerate(values)])
    seen = followed(tables, tmp_path)
    octets = np.frombuffer(bytearray.fromhex(value(0)), np.uint8).reshape(1, 32)
    for distance in (0, 15, 31, 64):
        found = seen.near(octets, distance)
        wanted = {n for n, pdq in enumerate(values, 1) if apart(pdq, value(0)) <= distance}
        assert wanted == set(found.hash.tolist())


def test_a_person_may_say_that_two_are_one(tables: Tables, tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        writer.append([event(n, [(f"sail:{n}", None, value(n))]) for n in range(3)])
        followed(tables, tmp_path)
        with tables.begin() as connection:
            assert merge_media(connection, 3, 2, "Ada", "one is a scan") == 2
            assert merge_media(connection, 1, 3, "Ada", "and so is this") == 1
        writer.append([event(3, [("sail:3", None, value(2, 5))])])
        followed(tables, tmp_path)
    with tables.read() as connection:
        assert [root_of(connection, n) for n in (1, 2, 3)] == [1, 1, 1]
        assert len(media_group(connection, 3).keys) == 4
        assert_sound(connection)


def test_what_was_erased_leaves_the_map_and_every_byte_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medoid of others goes, too; what remains keeps its number."""
    monkeypatch.setattr(map_module, "_UNTIDY", 0)
    monkeypatch.setattr(snapshot_module, "_LEAST", 0)
    gone = [value(1), value(5)]
    stay = [value(1, *range(9)), value(1, *range(20, 32)), value(2)]
    events = [event(n, [(f"a:{n}", None, pdq)], "boat:ada") for n, pdq in enumerate(gone)]
    events += [event(9 + n, [(f"b:{n}", None, pdq)], "boat:bo") for n, pdq in enumerate(stay)]
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables, Writer.open(tmp_path) as writer:
        writer.append(events)
        followed(tables, tmp_path).save()
        with tables.read() as connection, Log(tmp_path) as log:
            before = [group_of(connection, log, name) for name in ("b:0", "b:1", "b:2")]
        with tables.begin() as connection:
            request = ask_erasure(connection, "boat:ada", "Ada")
        running = MediaMap(tables, tmp_path)
        carry_out(writer, tables, request, "Ada")
        with tables.read() as connection, Log(tmp_path) as log:
            assert [group_of(connection, log, name) for name in ("b:0", "b:1", "b:2")] == before
            assert_sound(connection)
            assert find_names(connection, [media_key(log.hasher, "a:0")]) == {}
        whole = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert [pdq for pdq in gone if bytes.fromhex(pdq) in whole] == []
        writer.append([event(99, [(None, None, gone[0])])])
        with Log(tmp_path) as log:
            while running.follow(log) is not None:
                pass
        assert len(running) == len(followed(tables, tmp_path)) == 4


def test_an_erasure_that_was_not_followed_is_noticed(tables: Tables, tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        writer.append([event(n, [(f"a:{n}", None, value(n))]) for n in range(4)])
        seen = followed(tables, tmp_path)
        with writer.transaction() as hot:
            hot.count(rewritten=1)
        with Log(tmp_path) as log:
            assert seen.follow(log) is None
            assert seen.place.rewritten == log.rewritten()
            assert tidy_media(tables, log, tmp_path) == 0
    assert len(followed(tables, tmp_path)) == 4


def test_a_damaged_snapshot_is_built_anew(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_module, "_UNTIDY", 0)
    monkeypatch.setattr(snapshot_module, "_LEAST", 0)
    with Writer.open(tmp_path) as writer:
        writer.append([event(n, [(None, None, value(n))]) for n in range(40)])
    followed(tables, tmp_path).save()
    (path,) = (tmp_path / "media").glob("medoids-*")
    assert path.stat().st_mode & 0o777 == 0o600
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 3 :: 64] = bytes(len(octets[len(octets) // 3 :: 64]))
    path.write_bytes(octets)
    notes: list[str] = []
    assert len(MediaMap(tables, tmp_path, notes.append)) == 40
    assert "anew" in notes[0]


def test_nothing_shows_a_hash(tables: Tables, tmp_path: Path) -> None:
    with Writer.open(tmp_path) as writer:
        writer.append([event(1, [("sail:1", None, value(1))])])
    seen = followed(tables, tmp_path)
    with tables.read() as connection:
        shown = repr(seen) + repr(media_group(connection, 1))
    assert value(1) not in shown
    assert str(bytes.fromhex(value(1))) not in shown
