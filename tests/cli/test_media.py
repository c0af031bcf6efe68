"""``leeward media`` and ``leeward bank lookback``: copies of a picture, and what matches banks."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline._media_worlds import value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


def post(number: int, pdq: str | None) -> dict[str, Any]:
    uri = f"boat:{number % 2}/post/{number}"
    return {
        "id": f"harbour:{uri}@1#create",
        "source": "harbour",
        "kind": "post",
        "op": "create",
        "at": number,
        "actor": f"boat:{number % 2}",
        "object": uri,
        "media": [{"uri": f"sail:{number}"} | ({"pdq": pdq} if pdq else {})],
    }


@pytest.fixture
def folder(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with four copies of a picture, another one, and one without a hash."""
    monkeypatch.setenv("LEEWARD_AS", "Ada")
    monkeypatch.setenv("LEEWARD_DATA", str(tmp_path / "data"))
    made = [value(1, *range(n)) for n in range(4)] + [value(2), None]
    lines = [json.dumps(post(n, pdq)) for n, pdq in enumerate(made)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert run("ingest", tmp_path / "log.jsonl").code == 0
    return tmp_path


def test_all_copies_of_a_picture_are_one_look_up(folder: Path, run: Run) -> None:
    assert run("bank", "lookback").code == 0
    said = run("media", "show", "sail:2", "--first", "1")
    assert said.code == 0
    assert said.out.splitlines()[:2] == [
        "cluster 1",
        "  4 events from 2 accounts, 4 handles; PDQ hashes: 4",
    ]
    assert "boat:0/post/0  sail:0" in said.out
    assert "and 3 more" in said.out
    assert value(1) not in said.out
    body = run("media", "show", "cluster:1", "--json").json
    assert (body["cluster"], body["events"], body["accounts"], body["unread"]) == (1, 4, 2, 0)
    assert [sighting["media"] for sighting in body["sightings"]] == [f"sail:{n}" for n in range(4)]


def test_a_hash_is_asked_for_on_stdin(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was never seen is compared with all that were."""
    run("bank", "lookback")
    for flipped, distance, near, events in ((30, 31, [1], 4), (40, 31, [], 0), (60, 64, [1], 4)):
        monkeypatch.setattr("sys.stdin", io.StringIO(value(1, *range(100, 100 + flipped)) + "\n"))
        body = run("media", "show", "-", "--distance", distance, "--json").json
        assert (body["cluster"], body["near"], body["events"]) == (None, near, events)


def test_what_was_not_read_yet_is_said(folder: Path, run: Run) -> None:
    said = run("media", "show", "sail:1")
    assert "ALERT  6 events not read yet" in said.out
    assert "no cluster" in said.out
    assert "1 event from 1 account" in said.out


def test_two_pictures_are_merged_by_a_person(folder: Path, run: Run) -> None:
    run("bank", "lookback")
    said = run("media", "merge", "2", "1", "--reason", "one is a scan")
    assert (said.code, said.out) == (0, "both are cluster 1 from now on\n")
    body = run("media", "show", "cluster:2", "--json").json
    assert (body["cluster"], body["earlier"], body["events"]) == (1, [2], 5)
    assert run("media", "merge", "2", "1", "--reason", "again").code == 2
    assert run("media", "show", "cluster:99").code == 2


def test_looking_back_says_what_it_found(folder: Path, run: Run) -> None:
    run("bank", "create", "pilots", "--meaning", "illegal_unverified", "--source", "a list")
    body = run("bank", "lookback", "--json").json
    assert (body["media"], body["events"], body["hits"], body["abstained"]) == (6, 6, 0, 1)
    (folder / "list.csv").write_text(
        f"algorithm,value,exchange,member\npdq,{value(1)},pilots,north\n"
    )
    run("bank", "import", "pilots", folder / "list.csv")
    said = run("bank", "lookback")
    assert said.code == 0
    assert "           4  events with a match" in said.out
    assert run("bank", "lookback", "--json").json["hits"] == 0
