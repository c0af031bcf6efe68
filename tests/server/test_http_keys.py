from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.store.tables import list_keys, open_tables, revoke_key
from tests.server._running import LINES, Running, event, lines, make_key, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

WRONG = "lw_abcd1234_" + "a" * 43


def status(server: Running, method: str, path: str, authorization: str | None) -> int:
    headers = dict(LINES) if method == "POST" else {}
    headers["authorization"] = authorization or ""
    body = lines(event("keyed")) if method == "POST" else None
    response = server.client.request(method, path, content=body, headers=headers)
    challenge = response.headers.get("www-authenticate", "")
    assert challenge.startswith("Bearer ") == (response.status_code in (401, 403))
    return response.status_code


def test_a_key_opens_what_its_scopes_name(server: Running) -> None:
    writes = make_key(server.data, "writes", "events:write")
    reads = make_key(server.data, "reads", "metrics:read", "cases:read")
    expected = {
        ("POST", "/v1/events"): {writes: 202, reads: 403, WRONG: 401, "nonsense": 401},
        ("GET", "/metrics"): {writes: 403, reads: 200, WRONG: 401, "nonsense": 401},
        ("GET", "/healthz"): {writes: 200, reads: 200, WRONG: 200, "nonsense": 200},
        ("GET", "/v1/openapi.json"): {writes: 200, reads: 200, WRONG: 200, "nonsense": 200},
    }
    for (method, path), answers in expected.items():
        for secret, code in answers.items():
            assert (path, code) == (path, status(server, method, path, f"Bearer {secret}"))


@pytest.mark.parametrize("sent", [None, "Bearer", "Basic YTpi", "Bearer \xe9", WRONG])
def test_anything_but_a_bearer_key_is_refused(server: Running, sent: str | None) -> None:
    headers = [(name.encode(), value.encode()) for name, value in LINES.items()]
    headers.append((b"authorization", (sent or "").encode("latin-1")))
    response = server.client.post("/v1/events", content=b"{}", headers=headers)
    assert response.status_code == 401


def test_a_revoked_key_is_refused_before_long(start: Callable[..., Running]) -> None:
    """The exact time is tested in `test_http_key_ring`, with a clock of its own."""
    server = start(server={"key_cache_seconds": 1})
    assert server.post(lines(event(1))).status_code == 202
    address = f"sqlite:///{server.data}/leeward.db"
    with open_tables(address) as tables, tables.begin() as connection:
        (key,) = list_keys(connection)
        revoke_key(connection, key.prefix, by="tests")
    wait_until(lambda: server.post(lines(event(2))).status_code != 202)
    assert server.post(lines(event(2))).status_code == 401


def test_a_new_key_works_at_once(server: Running) -> None:
    for number in range(3):
        secret = make_key(server.data, f"new {number}", "events:write")
        assert status(server, "POST", "/v1/events", f"Bearer {secret}") == 202


def test_the_use_of_a_key_is_noted(server: Running) -> None:
    assert server.post(lines(event("used"))).status_code == 202
    prefix = server.secret.rpartition("_")[0]
    with open_tables(f"sqlite:///{server.data}/leeward.db") as tables:

        def noted() -> bool:
            with tables.read() as connection:
                (key,) = [key for key in list_keys(connection) if key.prefix == prefix]
            return key.last_used_at is not None

        wait_until(noted)
