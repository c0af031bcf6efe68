"""Starting, stopping, dying."""

from __future__ import annotations

import signal
import socket
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from leeward.store import Log, Writer
from tests.server._running import LINES, Running, event, lines, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_was_acknowledged_survives_kill_9(start: Callable[..., Running]) -> None:
    server = start()
    for number in range(20):
        assert server.post(lines(event(number))).status_code == 202
    assert server.post(lines(event("last"), b"{}")).status_code == 202
    server.process.kill()
    server.process.wait()
    with Log(server.data) as log:
        assert log.status().events == 21
        assert len(log.of(post="at://harbour/post/last")) == 1
        assert [item.raw for item in log.quarantine()] == [b"{}"]
    assert start().post(lines(event("last"))).json()["repeated"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_was_begun(start: Callable[..., Running], number: int) -> None:
    server = start()
    acknowledged: list[int] = []

    def produce(producer: int) -> None:
        with httpx.Client(base_url=server.url, headers=server.client.headers) as client:
            for turn in range(10_000):
                sent = producer * 10_000 + turn
                try:
                    response = client.post("/v1/events", content=lines(event(sent)), headers=LINES)
                except httpx.TransportError:
                    return
                if response.status_code == 202:
                    acknowledged.append(sent)

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(8)]
    for producer in producers:
        producer.start()
    wait_until(lambda: len(acknowledged) > 8)
    assert server.stop(number) == 0
    for producer in producers:
        producer.join()
    with Log(server.data) as log:
        stored = {e["object"] for b in log.scan(["object"]) for e in b.to_pylist()}
    assert {f"at://harbour/post/{sent}" for sent in acknowledged} <= stored
    with Writer.open(server.data):
        pass


def test_a_body_that_had_begun_is_taken_before_the_server_stops(
    start: Callable[..., Running],
) -> None:
    server = start()
    body = lines(event("slow"))
    head = (
        "POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n"
        f"authorization: Bearer {server.secret}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode() + body[:10])
        wait_until(lambda: server.in_flight() > 0)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not _listens(server))
        connection.sendall(body[10:])
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202 ")
    assert server.process.wait(timeout=20) == 0
    with Log(server.data) as log:
        assert log.status().events == 1


def _listens(server: Running) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=20).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:  # it was in the queue of a listener that just closed
        return True
    return True


def test_a_second_server_is_refused(start: Callable[..., Running]) -> None:
    first = start()
    second = start()
    assert second.process.wait(timeout=20) == 1
    assert f"WriterBusy: another process is writing to this log (process {first.process.pid})" in (
        second.output.read_text()
    )
    assert first.post(lines(event(1))).status_code == 202


def test_a_taken_port_is_refused(start: Callable[..., Running]) -> None:
    first = start()
    second = start("other", server={"port": first.port})
    assert second.process.wait(timeout=20) == 1
    assert "another program listens there already" in second.output.read_text()


def test_it_listens_on_loopback_unless_told_otherwise(server: Running) -> None:
    assert server.url.startswith("http://127.0.0.1:")
