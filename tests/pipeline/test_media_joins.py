"""The interaction graph reads the media map: fetched hashes, and what people say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.pipeline import LookBack, interaction_graph
from leeward.store import Log, Writer
from leeward.store.tables import (
    FetchedHashes,
    QueuedFetch,
    enqueue_fetches,
    merge_media,
    open_tables,
    settle_fetches,
)
from tests.pipeline._media_worlds import add, event, make, value
from tests.pipeline.test_lookback import look, outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from leeward.store.tables import Tables


def fetch(tables: Tables, *files: tuple[str, int, FetchedHashes]) -> None:
    """Note what some handles hashed to; each with the place of the event that named it."""
    queued = [
        QueuedFetch(uri=uri, owner="boat:1", kind="post", seq=seq, seen=1, origin="harbour")
        for uri, seq, _ in files
    ]
    with tables.begin() as connection:
        span = {"after": files[0][1] - 1, "through": files[-1][1]}
        assert enqueue_fetches(connection, queued, **span, passed_over={}, most=100)
        settle_fetches(connection, [(uri, None, hashes) for uri, _, hashes in files])


def nodes(data: Path, names: Sequence[str]) -> list[int | None]:
    with Log(data) as log:
        graph = interaction_graph(log)
        return [graph.find("media", name, log.hasher) for name in names]


def test_copies_that_were_fetched_are_one_node(tmp_path: Path) -> None:
    names = ["sail:0", "sail:1", "sail:2"]
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables, Writer.open(tmp_path) as writer:
        writer.append([event(n, [(name, None, None)]) for n, name in enumerate(names)])
        assert len(set(nodes(tmp_path, names))) == 3
        files = (value(1), value(1, 4, 9), value(2))
        fetch(
            tables,
            *(
                (name, seq, FetchedHashes(pdq=pdq, quality=100, sha256=f"{seq:064x}"))
                for seq, (name, pdq) in enumerate(zip(names, files, strict=True), 1)
            ),
        )
        look(tables, tmp_path, writer)
        first, second, third = nodes(tmp_path, names)
        assert first == second != third
        writer.append([event(9, [("sail:9", None, value(1))])])
        look(tables, tmp_path, writer)
        assert nodes(tmp_path, ["sail:9"]) == [first]


def test_what_people_merged_is_one_node(tmp_path: Path) -> None:
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables, Writer.open(tmp_path) as writer:
        writer.append([event(n, [(f"sail:{n}", None, value(n))]) for n in range(3)])
        look(tables, tmp_path, writer)
        before = nodes(tmp_path, ["sail:0", "sail:2"])
        with tables.begin() as connection:
            merge_media(connection, 1, 3, "Ada", "one is a scan")
        assert nodes(tmp_path, ["sail:0", "sail:2"]) == [before[0], before[0]]
        writer.append([event(9, [("sail:9", None, value(2, 3))])])
        look(tables, tmp_path, writer)
        assert nodes(tmp_path, ["sail:9"]) == [before[0]]


def test_a_fetched_hash_is_matched(tmp_path: Path) -> None:
    """By its looks, by its digests, and with lists that come later."""
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as tables, Writer.open(tmp_path) as writer:
        make(tables, "pilots")
        add(tables, "pilots", value(1))
        names = [f"sail:{n}" for n in range(4)]
        writer.append([event(n, [(name, None, None)]) for n, name in enumerate(names)])
        with LookBack(writer, tables, tmp_path) as looking:
            looking.run()
            looks = (value(1, 7), value(2), value(1), value(3))
            quality = (100, 100, 20, 100)
            fetch(
                tables,
                *(
                    (name, seq, FetchedHashes(pdq=pdq, quality=good, md5=f"{seq:032x}"))
                    for seq, (name, pdq, good) in enumerate(
                        zip(names, looks, quality, strict=True), 1
                    )
                ),
            )
            looking.run()
            found = outcomes(tmp_path)
            assert found[1] == ["abstained", "hit"]
            assert found[2] == ["abstained", "miss"]
            assert found[3] == ["abstained", "abstained"]  # it shows too little
            add(tables, "pilots", f"{4:032x}", algorithm="md5")
            looking.run()
    assert outcomes(tmp_path)[4] == ["abstained", "miss", "hit"]
