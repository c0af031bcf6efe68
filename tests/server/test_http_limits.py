from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from leeward.store import Log
from tests.server._running import LINES, Running, event, lines

if TYPE_CHECKING:
    from collections.abc import Callable

MEBIBYTE = 1 << 20


def head_of(server: Running, *more: str) -> bytes:
    head = [
        "POST /v1/events HTTP/1.1",
        "host: localhost",
        "content-type: application/x-ndjson",
        f"authorization: Bearer {server.secret}",
        *more,
    ]
    return "\r\n".join([*head, "", ""]).encode()


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def answer_on(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer and (part := connection.recv(65_536)):
        answer += part
    return answer


def test_a_body_declared_too_large_is_refused_before_it_is_sent(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(head_of(server, f"content-length: {10**12}"))
        answer = answer_on(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_a_body_without_a_declared_length_is_read_up_to_the_bound(server: Running) -> None:
    chunk = b"%x\r\n" % 65_536 + b" " * 65_536 + b"\r\n"
    sent = 0
    with connect(server) as connection:
        connection.sendall(head_of(server, "transfer-encoding: chunked"))
        try:
            while sent < 1_000 * MEBIBYTE:
                connection.sendall(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            raise AssertionError("the server read everything")
    assert sent < 20 * MEBIBYTE  # the bound, the rest that is read over, the kernel's buffers


def test_a_refused_sender_sees_the_answer_though_it_sends_first(server: Running) -> None:
    response = server.post(b" " * (2 * MEBIBYTE))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_headers_without_end_are_refused(server: Running) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nx-long: ")
        sent = 0
        try:
            while sent < 50 * MEBIBYTE:
                connection.sendall(b"a" * 16_384)
                sent += 16_384
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 20 * MEBIBYTE


def test_a_large_body_and_the_next_request_on_one_connection(server: Running) -> None:
    """The bound on headers counts headers only."""
    body = lines(*(event(f"large-{n}", text="weather " * 100) for n in range(700)))
    for _ in range(5):
        assert server.post(body).status_code == 202


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    body = lines(event("pipelined"))
    one = head_of(server, f"content-length: {len(body)}") + body
    with connect(server) as connection:
        connection.sendall(one * 20)
        answers = b""
        while answers.count(b"HTTP/1.1 202") < 20:
            part = connection.recv(65_536)
            assert part
            answers += part
    assert answers.count(b'"accepted":1') == 1
    assert answers.index(b'"accepted":1') < answers.index(b'"repeated":1')


@pytest.mark.parametrize("array", [False, True])
def test_more_lines_than_a_body_may_have_are_refused(server: Running, array: bool) -> None:
    """Each costs memory, however short it is."""
    body = b"[" + b"7," * 100_001 + b"7]" if array else b"{}\n" * 100_001
    kind = "application/json" if array else "application/x-ndjson"
    response = server.post(body, content_type=kind)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_many")


def test_bytes_in_flight_are_bounded(start: Callable[..., Running]) -> None:
    """Four bodies of the largest size may be under way; the fifth is told to come again."""
    server = start(server={"max_body_bytes": 16 * MEBIBYTE})
    declared = head_of(server, f"content-length: {16 * MEBIBYTE - 65_536}")
    holding = [connect(server) for _ in range(4)]
    for connection in holding:
        connection.sendall(declared)
    time.sleep(0.5)
    with connect(server) as connection:
        connection.sendall(declared)
        answer = answer_on(connection)
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 1" in answer.lower()
    assert server.post(lines(event("small"))).status_code == 202
    for connection in holding:
        connection.close()
    _wait_until(lambda: server.post(b" " * 15 * MEBIBYTE).status_code == 400)


def test_a_full_queue_answers_429_and_loses_nothing(start: Callable[..., Running]) -> None:
    server = start(log={"queue_events": 50})

    def produce(number: int) -> tuple[int, int, int]:
        body = lines(*(event(f"{number}-{n}") for n in range(200)))
        with httpx.Client(base_url=server.url, headers=server.client.headers) as client:
            response = client.post("/v1/events", content=body, headers=LINES)
        if response.status_code == 429:
            assert int(response.headers["retry-after"]) >= 1
            assert response.json()["error"]["code"] == "overloaded"
            return number, 0, 1
        assert response.status_code == 202
        return number, response.json()["accepted"], 0

    with ThreadPoolExecutor(32) as threads:
        results = list(threads.map(produce, range(200)))
    assert sum(turned for _, _, turned in results) > 0
    with Log(server.data) as log:
        assert log.status().events == sum(accepted for _, accepted, _ in results)
    assert server.post(lines(event("later"))).status_code == 202


def test_a_full_quarantine_hands_bad_lines_back(start: Callable[..., Running]) -> None:
    server = start(log={"quarantine_bytes": 100})
    assert server.post(b"{" + b" " * 70 + b"}").json()["quarantined"] == 1
    response = server.post(lines(event("q1"), b"{" + b" " * 70 + b"}"))
    assert (response.status_code, response.json()["error"]["code"]) == (507, "quarantine_full")
    assert [item["line"] for item in response.json()["refused"]] == [2]
    with Log(server.data) as log:
        assert log.status().events == 0
    assert server.post(lines(event("q1"))).json()["accepted"] == 1
    health = server.client.get("/healthz")
    assert health.status_code == 200
    _wait_until(lambda: "the quarantine is not empty" in server.client.get("/healthz").text)


def _wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)
