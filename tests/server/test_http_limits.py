from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from leeward.model import LogSettings, Settings
from leeward.server._app import app_of
from leeward.server._parts import open_parts
from leeward.store import Log
from tests.server._running import LINES, Running, event, lines, make_key, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    wait_until(lambda: server.in_flight() >= 4 * (16 * MEBIBYTE - 65_536))
    with connect(server) as connection:
        connection.sendall(declared)
        answer = answer_on(connection)
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 1" in answer.lower()
    assert server.post(lines(event("small"))).status_code == 202
    for connection in holding:
        connection.close()
    wait_until(lambda: server.post(b" " * 15 * MEBIBYTE).status_code == 400)


def test_a_full_queue_answers_429_and_loses_nothing(tmp_path: Path) -> None:
    """The test holds the log's connection, so what is sent cannot be committed and piles up."""

    async def run() -> None:
        settings = Settings(log=LogSettings(queue_events=50))
        with open_parts(tmp_path, settings) as parts:
            key = make_key(tmp_path, "inside", "events:write")
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app_of(parts)),
                base_url="http://test",
                headers=LINES | {"authorization": f"Bearer {key}"},
            )

            def send(number: int) -> asyncio.Task[httpx.Response]:
                body = lines(*(event(f"{number}-{n}") for n in range(200)))
                return asyncio.create_task(client.post("/v1/events", content=body))

            sent: list[asyncio.Task[httpx.Response]] = []
            with parts.writer.transaction():
                # One is being committed, one waits, and a third finds no room.
                while not any(task.done() for task in sent):
                    assert len(sent) < 500
                    sent.append(send(len(sent)))
                    await asyncio.wait(sent, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
            answers = [await task for task in sent]
            turned = [a for a in answers if a.status_code == 429]
            taken = [a for a in answers if a.status_code == 202]
            assert turned
            assert len(turned) + len(taken) == len(answers)
            for answer in turned:
                assert int(answer.headers["retry-after"]) >= 1
                assert answer.json()["error"]["code"] == "overloaded"
            with Log(tmp_path) as log:
                assert log.status().events == sum(a.json()["accepted"] for a in taken)
            # An answer may come a moment before the room that its events took is given back.
            async with asyncio.timeout(60):
                while parts.writer.queued:
                    await asyncio.sleep(0.01)
            assert (await send(100)).status_code == 202
            await client.aclose()

    asyncio.run(run())


def test_a_full_quarantine_hands_bad_lines_back(start: Callable[..., Running]) -> None:
    """An item counts its bytes and 128 more, so the second does not fit."""
    server = start(log={"quarantine_bytes": 300})
    assert server.post(b"{" + b" " * 70 + b"}").json()["quarantined"] == 1
    response = server.post(lines(event("q1"), b"{" + b" " * 70 + b"}"))
    assert (response.status_code, response.json()["error"]["code"]) == (507, "quarantine_full")
    assert [item["line"] for item in response.json()["refused"]] == [2]
    with Log(server.data) as log:
        assert log.status().events == 0
    assert server.post(lines(event("q1"))).json()["accepted"] == 1
    health = server.client.get("/healthz")
    assert health.status_code == 200
    wait_until(lambda: "the quarantine is not empty" in server.client.get("/healthz").text)
