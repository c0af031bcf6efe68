"""A running server fetches media that arrive without a hash, and goes on receiving meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from leeward.hashing import digests
from leeward.store.tables import fetched, open_tables
from tests.connectors._fetch_servers import FileServer, never
from tests.pipeline._fetch_worlds import picture
from tests.server._running import Running, event, lines, make_key, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def files() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def origin(files: FileServer, **changes: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:{files.port}"
    return {"url": url, "networks": ["127.0.0.0/8"], "per_minute": 60_000, **changes}


def figures(server: Running) -> dict[str, str]:
    if not server.reader:
        server.reader = make_key(server.data, "prometheus", "metrics:read")
    headers = {"authorization": f"Bearer {server.reader}"}
    text = server.client.get("/metrics", headers=headers).text
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if "_fetch" in line)


def test_media_that_arrive_without_a_hash_are_fetched(
    start: Callable[..., Running], files: FileServer
) -> None:
    files.put("/boat.jpg", picture(1))
    server = start(origins={"pier": origin(files)})
    uris = [f"http://127.0.0.1:{files.port}/{name}.jpg" for name in ("boat", "gone")]
    media = [{"uri": uri} for uri in [*uris, "https://cdn.example/1.jpg"]]
    assert server.post(lines(event(1, media=media))).status_code == 202

    def done() -> bool:
        url = f"sqlite:///{server.data}/leeward.db"
        with open_tables(url) as tables, tables.read() as connection:
            rows = fetched(connection, uris)
        if len(rows) < 2:
            return False
        assert rows[uris[0]].sha256 == digests(picture(1)).sha256.hex()
        assert rows[uris[1]].reason == "gone"
        return True

    wait_until(done)
    wait_until(lambda: figures(server).get("leeward_fetch_behind_events") == "0.0")
    assert {
        'leeward_fetched_media{outcome="hashed",reason=""}': "1.0",
        'leeward_fetched_media{outcome="abstained",reason="gone"}': "1.0",
        'leeward_fetched_media{outcome="passed_over",reason="not_listed"}': "1.0",
    }.items() <= figures(server).items()
    assert server.stop() == 0
    assert "boat.jpg" not in server.output.read_text()


def test_an_origin_that_never_answers_keeps_nobody_waiting(
    start: Callable[..., Running], files: FileServer
) -> None:
    files.paths["/boat.jpg"] = never
    server = start(origins={"pier": origin(files, total_seconds=3_600)})
    uri = f"http://127.0.0.1:{files.port}/boat.jpg"
    assert server.post(lines(event(1, media=[{"uri": uri}]))).status_code == 202
    wait_until(lambda: bool(files.asked))
    assert server.post(lines(event(2))).status_code == 202
    assert server.client.get("/healthz").status_code == 200
    wait_until(lambda: figures(server).get('leeward_fetch_waiting_media{origin="pier"}') == "1.0")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 30


def test_an_origin_that_cannot_be_used_is_told_before_the_server_listens(
    start: Callable[..., Running], files: FileServer
) -> None:
    server = start(origins={"pier": origin(files, header="x-key", header_env="NOT_SET_AT_ALL")})
    assert server.process.wait(timeout=60) == 2
    assert "set NOT_SET_AT_ALL" in server.output.read_text()


def test_without_an_origin_there_is_nothing_to_tell(start: Callable[..., Running]) -> None:
    server = start()
    assert not [name for name in figures(server) if "leeward_fetched_media{" in name]
    assert not (server.data / "fetch.lock").exists()
