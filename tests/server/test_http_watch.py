"""Health, figures, the description of the interface, and what none of them may show."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
from starlette.routing import Route

from leeward.errors import DependencyDown, OutOfSpace
from leeward.model import BankSettings, Event, Settings
from leeward.server import create_app
from leeward.server._app import app_of
from leeward.server._openapi import describe, document
from leeward.server._parts import open_parts
from leeward.store.tables import SyncState, create_bank, keep_sync_state, open_tables
from tests.server._running import LINES, Running, event, lines, make_key

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canaryzephyr"


def test_health_is_open_to_all_and_tells_no_figures(server: Running) -> None:
    response = httpx.get(f"{server.url}/healthz")
    assert response.status_code == 200
    assert set(response.json()) == {"status", "reasons"}
    assert not any(sign.isdigit() for sign in response.text)


def test_figures_add_up(start: Callable[..., Running]) -> None:
    server = start()
    secret = make_key(server.data, "prometheus", "metrics:read")
    server.post(lines(event(1), event(2), b"{}"))
    server.post(lines(event(2)))
    server.post(lines(event(3), b"{}"), "?atomic=true")
    text = server.client.get("/metrics", headers={"authorization": f"Bearer {secret}"}).text
    for line in (
        'leeward_events_total{outcome="accepted"} 2.0',
        'leeward_events_total{outcome="repeated"} 1.0',
        'leeward_events_total{outcome="quarantined"} 1.0',
        'leeward_events_total{outcome="refused"} 1.0',
        "leeward_last_seq 2.0",
        "leeward_hot_events 2.0",
        "leeward_quarantine_items 1.0",
        "leeward_quarantine_bytes 130.0",
        'leeward_http_request_seconds_count{route="/v1/events",status="202"} 2.0',
        'leeward_http_request_seconds_count{route="/v1/events",status="422"} 1.0',
    ):
        assert line in text.splitlines()


def test_the_age_of_what_came_from_exchanges_is_told(
    start: Callable[..., Running],
) -> None:
    lists = {"kind": "files", "bank": "boats", "path": "lists"}
    server = start(exchanges={"pier": lists, "jetty": lists})
    with open_tables(f"sqlite:///{server.data}/leeward.db") as opened, opened.begin() as connection:
        boats = BankSettings(meaning="illegal_unverified", source="a test")
        create_bank(connection, "boats", boats, "Ada")
        done = (int(time.time()) - 50) * 1_000_000
        keep_sync_state(connection, SyncState("boats", "pier", done, "", done))
    secret = make_key(server.data, "prometheus", "metrics:read")
    text = server.client.get("/metrics", headers={"authorization": f"Bearer {secret}"}).text
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if "exchange=" in line)
    assert 50 <= float(found.pop('leeward_exchange_age_seconds{exchange="pier"}')) < 3_600
    assert found == {
        'leeward_exchange_stale{exchange="pier"}': "0.0",
        'leeward_exchange_stale{exchange="jetty"}': "1.0",
    }


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/nowhere", 404), ("GET", "/v1/events", 405), ("POST", "/healthz", 405)],
)
def test_errors_of_routing_are_json_too(server: Running, method: str, path: str, code: int) -> None:
    response = server.client.request(method, path)
    assert response.status_code == code
    assert response.json()["error"]["hint"] == "see /v1/openapi.json"


def test_no_content_shows_in_answers_logs_or_figures(start: Callable[..., Running]) -> None:
    server = start(server={"max_body_bytes": 100_000})
    secret = make_key(server.data, "prometheus", "metrics:read")
    bad: list[dict[str, Any] | bytes] = [
        event(1, kind=CANARY),
        event(2, at=CANARY),
        event(3, **{CANARY: 1}),
        event(4, id=CANARY),
        event(5, tags=[CANARY * 100]),
        event(6, extra={"poll": {CANARY: CANARY}}),
        event(7, extra={CANARY: float("nan")}),
        event(8, media=[{"sha256": CANARY}]),
        CANARY.encode(),
        f'"{CANARY}'.encode(),
        f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode(),
        b'{"text": "' + CANARY.encode() + b'\xff"}',
    ]
    cut = f'[{{"{CANARY}"'.encode()
    seen = [
        server.post(lines(*bad)),
        server.post(lines(*bad), "?atomic=true"),
        server.post(lines(*bad), f"?{CANARY}=1"),
        server.post(lines(*bad), f"?atomic={CANARY}"),
        server.post(lines(event(CANARY, text=CANARY))),
        server.post(cut, content_type="application/json"),
        server.post(cut, content_type=f"text/{CANARY}"),
        server.post(CANARY.encode(), content_encoding="gzip"),
        server.post(CANARY.encode(), content_encoding="zstd"),
        server.post(CANARY.encode(), content_encoding=CANARY),
        server.post(CANARY.encode() * 20_000),
        server.post(b"{}", authorization=f"Bearer {CANARY}"),
        server.client.get(f"/{CANARY}"),
        server.client.get(f"/v1/events/{CANARY}?{CANARY}"),
        server.client.get("/healthz"),
        server.client.get("/metrics", headers={"authorization": f"Bearer {secret}"}),
    ]
    assert {r.status_code for r in seen} == {200, 202, 400, 401, 404, 413, 415, 422}
    for response in seen:
        assert CANARY not in response.text
        assert CANARY not in str(response.headers)
    assert server.stop() == 0
    assert CANARY not in server.output.read_text()


# --- without a process -------------------------------------------------------------------------


def ask(tmp_path: Path, prepare: Callable[[Any], None], *paths: str) -> list[httpx.Response]:
    """Ask the application in this process, over parts that the test has tampered with."""

    async def run() -> list[httpx.Response]:
        with open_parts(tmp_path, Settings()) as parts:
            secret = make_key(tmp_path, "inside", "events:write")
            prepare(parts)
            transport = httpx.ASGITransport(app_of(parts))
            headers = {
                "authorization": f"Bearer {secret}",
                "content-type": "application/x-ndjson",
            }
            async with httpx.AsyncClient(
                transport=transport, base_url="http://test", headers=headers
            ) as client:
                body = lines(event(1, text=CANARY))
                post = {"/v1/events": ("POST", body)}
                asked = [(path, *post.get(path, ("GET", None))) for path in paths]
                return [await client.request(how, path, content=b) for path, how, b in asked]

    return asyncio.run(run())


def test_a_fault_of_ours_is_answered_and_logged_without_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(f"cannot handle {CANARY}")

    monkeypatch.setattr("leeward.server._intake.decode_each", fail)
    with caplog.at_level(logging.DEBUG):
        (response,) = ask(tmp_path, lambda _: None, "/v1/events")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "failed")
    assert "ValueError" in caplog.text
    assert CANARY not in caplog.text + response.text


def test_a_full_disk_is_told_and_shows_in_health(tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutOfSpace("the disk is full", where=str(tmp_path), hint="free space")

    def prepare(parts: Any) -> None:
        parts.writer.submit = full

    event_, health = ask(tmp_path, prepare, "/v1/events", "/healthz")
    assert (event_.status_code, event_.json()["error"]["code"]) == (507, "out_of_space")
    assert str(tmp_path) not in event_.text
    assert (health.status_code, health.json()["status"]) == (503, "down")
    assert health.json()["reasons"] == ["the log cannot be written"]


def test_a_stopping_server_is_down(tmp_path: Path) -> None:
    def prepare(parts: Any) -> None:
        parts.state.closing = True

    (health,) = ask(tmp_path, prepare, "/healthz")
    assert (health.status_code, health.json()["reasons"]) == (503, ["the server is stopping"])


class _Outage:
    """Tables whose database goes away and comes back.

    Args:
        tables: Those that answer.
    """

    def __init__(self, tables: Any) -> None:
        self._tables = tables
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise DependencyDown(
                f"PostgreSQL refuses the login of {CANARY}",
                where=f"{CANARY}:5432",
                hint=f"check {CANARY}",
            )

    def read(self) -> Any:
        self._check()
        return self._tables.read()

    def begin(self) -> Any:
        self._check()
        return self._tables.begin()


def test_an_outage_of_the_database_is_told_and_its_end_is_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy may send nothing to a server that is down, so /healthz alone must find the end."""

    async def run() -> None:
        with open_parts(tmp_path, Settings()) as parts:
            outage = parts.keys._tables = _Outage(parts.keys._tables)  # type: ignore[assignment]
            secrets = [make_key(tmp_path, name, "events:write", "metrics:read") for name in "abc"]
            transport = httpx.ASGITransport(app_of(parts))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

                async def ask(method: str, path: str, secret: str) -> httpx.Response:
                    headers = LINES | {"authorization": f"Bearer {secret}"}
                    body = lines(event(secret)) if method == "POST" else None
                    return await client.request(method, path, content=body, headers=headers)

                assert (await ask("POST", "/v1/events", secrets[0])).status_code == 202
                outage.down = True
                for method, path in (("POST", "/v1/events"), ("GET", "/metrics")):
                    told = await ask(method, path, secrets[1])
                    assert (told.status_code, told.json()["error"]["code"]) == (503, "unavailable")
                    assert int(told.headers["retry-after"]) >= 1
                    assert told.json()["error"]["hint"]
                    assert CANARY not in told.text + str(told.headers)
                # A key that is remembered still opens the door.
                assert (await ask("POST", "/v1/events", secrets[0])).status_code == 202
                for _ in range(3):
                    health = await client.get("/healthz")
                    assert (health.status_code, health.json()["status"]) == (503, "down")
                    assert health.json()["reasons"] == ["the tables do not answer"]
                outage.down = False
                async with asyncio.timeout(60):
                    while (await client.get("/healthz")).status_code == 503:
                        await asyncio.sleep(0.01)
                assert (await ask("POST", "/v1/events", secrets[2])).status_code == 202

    asyncio.run(run())
    logged = [r.getMessage() for r in caplog.records if "tables" in r.getMessage()]
    assert len(logged) == 2, "once when they go, with the reason, and once when they are back"
    assert "PostgreSQL refuses the login" in logged[0]


# --- the description ---------------------------------------------------------------------------


def test_the_description_is_served(server: Running) -> None:
    response = httpx.get(f"{server.url}/v1/openapi.json")
    assert response.json() == msgspec.json.decode(document())
    assert response.json()["openapi"] == "3.1.0"


def test_every_route_is_described(tmp_path: Path) -> None:
    routes = create_app(tmp_path, Settings()).routes
    served = {
        (route.path, method.lower())
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {
        (path, method) for path, methods in describe()["paths"].items() for method in methods
    }
    assert described == served


def test_every_operation_is_whole() -> None:
    document = describe()
    schemas = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            assert {"operationId", "summary", "security", "responses"} <= set(operation)
            assert all(response["description"] for response in operation["responses"].values())
            for scheme in operation["security"]:
                assert set(scheme) <= set(document["components"]["securitySchemes"])
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for item in value.values() for found in _references(item)]
    items = value if isinstance(value, list) else []
    return [found for item in items for found in _references(item)]


def test_the_described_statuses_are_those_of_the_reference() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/http.md").read_text("utf-8")
    rows = page.partition("| status | `code` |")[2].partition("\n\n")[0].splitlines()[2:]
    written = {code.strip() for row in rows for code in row.split("|")[1].split(",")}
    described = {
        status
        for path in ("/v1/events", "/metrics")
        for operation in describe()["paths"][path].values()
        for status in operation["responses"]
    }
    of_any_server = {"404", "405", "431"}  # before a route is found
    assert described - {"200", "202"} == written - of_any_server


def test_the_described_event_is_the_models() -> None:
    described = describe()["components"]["schemas"]["Event"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(Event)}
    assert set(described["properties"]) == set(fields)
    assert set(described["required"]) == {n for n, field in fields.items() if field.required}
    assert described["additionalProperties"] is False
    _, own = msgspec.json.schema_components([Event], ref_template="#/components/schemas/{name}")
    assert str(described) == str(own["Event"]).replace(r"\\Z", "$")


def test_the_description_uses_patterns_that_javascript_knows() -> None:
    assert r"\\Z" not in str(describe())
