"""``leeward media fetch`` and what ``leeward status`` says of it, as an operator sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.connectors._fetch_servers import FileServer
from tests.pipeline._fetch_worlds import picture, post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        running.put("/boat.jpg", picture(1))
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: FileServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log that names a file of the server, one that is not there, and two elsewhere."""
    data = tmp_path / "data"
    monkeypatch.setenv("LEEWARD_AS", "Ada Example")
    monkeypatch.setenv("LEEWARD_DATA", str(data))
    here = f"http://127.0.0.1:{server.port}"
    event = post(
        f"{here}/boat.jpg",
        f"{here}/gone.jpg",
        "https://cdn.example/1.jpg",
        "https://cdn.example/2.jpg",
        "media/7",
    )
    lines = tmp_path / "events.jsonl"
    lines.write_bytes(msgspec.json.encode(event) + b"\n")
    assert run("ingest", lines).code == 0
    return data


def list_it(data: Path, server: FileServer, more: str = "") -> None:
    (data / "leeward.toml").write_text(
        f'[origins.pier]\nurl = "http://127.0.0.1:{server.port}"\n'
        f'networks = ["127.0.0.0/8"]\nper_minute = 60000\n{more}'
    )


def test_what_is_not_listed_is_counted_by_where_it_lies(
    run: Run, folder: Path, server: FileServer
) -> None:
    said = run("media", "fetch", "--dry-run")
    assert said.out.splitlines() == [
        f"2 media items of http://127.0.0.1:{server.port}: not listed",
        "2 media items of https://cdn.example: not listed",
        "1 media item: the handle is no address of the web",
    ]
    list_it(folder, server)
    found = run("media", "fetch", "--dry-run", "--json").json
    assert found == {
        "listed": {"pier": 2},
        "not_listed": {"https://cdn.example": 2},
        "no_address": 1,
    }
    assert server.connected == 0


def test_without_an_origin_nothing_is_fetched(run: Run, folder: Path) -> None:
    said = run("media", "fetch")
    assert said.code == 2
    assert "the settings list no origin" in said.err


def test_media_are_fetched_and_the_rest_is_told(run: Run, folder: Path, server: FileServer) -> None:
    list_it(folder, server)
    said = run("media", "fetch")
    assert said.out.splitlines() == [
        "2 media items came to an outcome",
        "           1  media fetched and hashed",
        "           1  abstained: the file is not there (404, 410)",
        "           1  times passed over: the handle is no address of the web",
        "           2  times passed over: no listed origin covers it",
    ]
    assert run("media", "fetch", "--json").json["fetched"] == 0
    status = run("status", "--json").json
    assert status["fetching"] == {
        "seq": 1,
        "waiting": {},
        "hashed": 1,
        "abstained": {"gone": 1},
        "passed_over": {"no_address": 1, "not_listed": 2},
    }
    assert {"key": "origins.pier.per_minute", "value": 60000, "origin": "file"} in status[
        "settings"
    ]
    text = run("status").out
    assert "fetching    media of the log are looked for up to 1" in text
    assert "           1  abstained: the file is not there (404, 410)" in text


def test_what_was_given_up_is_tried_again_on_request(
    run: Run, folder: Path, server: FileServer
) -> None:
    list_it(folder, server)
    run("media", "fetch")
    server.put("/gone.jpg", picture(2))
    said = run("media", "fetch", "--again", "gone", "--json").json
    assert (said["asked_again"], said["fetched"], said["hashed"]) == (1, 1, 2)
    audit = [json.loads(line) for line in run("audit", "list", "--json").out.splitlines()]
    assert [entry["verb"] for entry in audit if entry["actor"] == "Ada Example"] == [
        "media.fetch_again"
    ]


def test_a_secret_is_sent_and_never_shown(
    run: Run, folder: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_it(folder, server, 'header = "authorization"\nheader_env = "PIER_WORD"\n')
    said = run("media", "fetch")
    assert said.code == 2
    assert "set PIER_WORD" in said.err
    monkeypatch.setenv("PIER_WORD", "Bearer s3cret-8812")
    shown = run("media", "fetch").out + run("status").out + run("status", "--json").out
    assert "s3cret" not in shown
    assert {it.headers["authorization"] for it in server.asked} == {"Bearer s3cret-8812"}


def test_while_another_process_fetches_the_command_says_so(
    run: Run, folder: Path, server: FileServer
) -> None:
    from leeward.pipeline._fetch_keeper import fetching_alone

    list_it(folder, server)
    with fetching_alone(folder):
        said = run("media", "fetch")
    assert said.code == 1
    assert "another process fetches media" in said.err
