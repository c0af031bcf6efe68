"""Looking back at fetched files: their further looks, what is damaged, and what is forgotten."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from leeward.pipeline import LookBack, retain
from leeward.store import Log, Writer, findings_of
from leeward.store.tables import (
    FetchedHashes,
    FetchedView,
    QueuedFetch,
    enqueue_fetches,
    settle_fetches,
    waiting_fetches,
)
from tests.pipeline._media_worlds import INNOCENT, add, event, make, value

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.store.tables import Tables

MOVING, STILL = "https://cdn.example/moving.gif", "https://cdn.example/still.jpg"
NEAR_1 = value(1, 3, 4, 5)
"""Three bits from the first value."""


def hashes(
    pdq: str, *frames: str, positions: tuple[str, ...] = (), damaged: bool = False
) -> FetchedHashes:
    return FetchedHashes(
        1,
        pdq,
        "1" * 40,
        "2" * 32,
        pdq=pdq,
        quality=100,
        mime="image/gif",
        damaged=damaged,
        positions=positions,
        views=tuple(FetchedView("frame", frame, 100) for frame in frames),
    )


def fetched(tables: Tables, writer: Writer, *found: FetchedHashes) -> None:
    """One event each names a file, which is then fetched."""
    uris = (MOVING, STILL)[: len(found)]
    writer.append([event(n, [(uri, None, None)]) for n, uri in enumerate(uris, 1)])
    queue = [QueuedFetch(uri, "boat:1", "post", n, n, "o") for n, uri in enumerate(uris, 1)]
    with tables.begin() as connection:
        enqueue_fetches(connection, queue, after=0, through=len(queue), passed_over={}, most=100)
    with tables.begin() as connection:
        settle_fetches(connection, [(uri, None, one) for uri, one in zip(uris, found, strict=True)])


def look(tables: Tables, folder: Path, writer: Writer) -> list[tuple[int, str, float | None]]:
    with LookBack(writer, tables, folder) as back:
        back.run()
    with Log(folder) as log:
        return [(f.seq, f.outcome, f.score) for f in findings_of(log, "bank-match", {1, 2})]


def test_an_innocent_frame_hides_no_other_frame(tables: Tables, tmp_path: Path) -> None:
    make(tables, "pilots")
    make(tables, "calm", INNOCENT)
    add(tables, "pilots", value(1))
    add(tables, "calm", value(2))
    with Writer.open(tmp_path) as writer:
        fetched(tables, writer, hashes(value(2), NEAR_1))
        assert look(tables, tmp_path, writer) == [(1, "hit", 3.0)]


def test_a_damaged_file_that_matches_nothing_is_abstained(tables: Tables, tmp_path: Path) -> None:
    make(tables, "pilots")
    add(tables, "pilots", value(1))
    with Writer.open(tmp_path) as writer:
        fetched(tables, writer, hashes(value(9), damaged=True))
        assert look(tables, tmp_path, writer) == [(1, "abstained", None)]


@pytest.mark.parametrize("first", [True, False])
def test_frames_and_mirrors_match_whichever_came_first(
    tables: Tables, tmp_path: Path, first: bool
) -> None:
    make(tables, "pilots")
    add(tables, "pilots", value(77))
    with Writer.open(tmp_path) as writer:
        if first:
            add(tables, "pilots", value(1), value(3))
        mirrored = hashes(value(9), positions=(value(9), value(3, 1)))
        fetched(tables, writer, hashes(value(2), NEAR_1), mirrored)
        found = look(tables, tmp_path, writer)
        if not first:
            add(tables, "pilots", value(1), value(3))
            found = look(tables, tmp_path, writer)
        assert found == [(1, "hit", 3.0), (2, "hit", 1.0)]


def test_retention_takes_what_waits_to_be_fetched(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leeward.toml").write_text('[retention]\npost = "1d"\n')
    with Writer.open(tmp_path) as writer, Log(tmp_path) as log:
        writer.append([event(1, [(MOVING, None, None)])])
        seen = next(log.scan(["seen"]))["seen"][0].as_py()
        with tables.begin() as connection:
            queue = [QueuedFetch(MOVING, "boat:1", "post", 1, seen, "o")]
            enqueue_fetches(connection, queue, after=0, through=1, passed_over={}, most=100)
        now = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: now() + 3 * 86_400 * 10**9)
        retain(writer, tables, "Ada", apply=True)
        with tables.read() as connection:
            assert not any(waiting_fetches(connection).values())
