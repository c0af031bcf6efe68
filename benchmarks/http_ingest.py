"""Measures `POST /v1/events`: durable events a second, and what they cost the processor.

Three processes: this one makes the bodies, the server runs as `leeward serve` would, and a
client sends over keep-alive connections, each with one request in flight. Sealing is on.

    python benchmarks/http_ingest.py --events 1000000 --batch 500 --connections 16
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_HERE: Final = Path(__file__).resolve()


def run(
    events: int = 1_000_000,
    batch: int = 500,
    connections: int = 16,
    accounts: int = 100_000,
    folder: str | None = None,
) -> dict[str, Any]:
    """Measure.

    Args:
        events: How many to send.
        batch: Events in a request.
        connections: Requests in flight at a time.
        accounts: How many accounts act.
        folder: Where the data folder is made; the system's temporary folder by default.

    Returns:
        Rates, processor seconds of the server and of the client, latencies in milliseconds.
    """
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        data = Path(temporary) / "data"
        bodies = Path(temporary) / "bodies"
        size = _write_bodies(bodies, events, batch, accounts)
        server = subprocess.Popen(
            [sys.executable, str(_HERE), "--serve", str(data)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            port, secret = server.stdout.readline().split()
            before = _seconds(server.pid)
            command = [sys.executable, str(_HERE), "--send", str(bodies)]
            told = subprocess.run(
                [*command, "--port", port, "--connections", str(connections)],
                env={**os.environ, "LEEWARD_KEY": secret},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            spent = _seconds(server.pid) - before
            memory = _peak_memory(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=120)
        sent = json.loads(told.stdout)
        with_sealing = sum(os.path.getsize(p) for p in data.rglob("*") if p.is_file())  # noqa: PTH202
    assert sent["accepted"] == events, "not every event was accepted"
    return {
        "events": events,
        "batch": batch,
        "connections": connections,
        "bytes_per_event_sent": round(size / events, 1),
        "bytes_per_event_stored": round(with_sealing / events, 1),
        "events_per_second": round(events / sent["seconds"]),
        "requests_per_second": round(sent["requests"] / sent["seconds"]),
        "server_cpu_seconds": round(spent, 2),
        "client_cpu_seconds": round(sent["cpu_seconds"], 2),
        "events_per_server_cpu_second": round(events / spent) if spent else None,
        "p50_ms": round(sent["p50_ms"], 2),
        "p99_ms": round(sent["p99_ms"], 2),
        "server_peak_mib": round(memory / 2**20),
    }


def _write_bodies(path: Path, events: int, batch: int, accounts: int) -> int:
    """Encode all bodies; one after the other, each behind its length. The bytes of the bodies."""
    encoder = msgspec.json.Encoder()
    size = 0
    stream = Workload(accounts)
    pending: list[Any] = []
    with path.open("wb") as file:
        from leeward.model import events_of

        for columns in stream.batches(events):
            # A producer sends no `folded`: the log makes it.
            pending += (msgspec.structs.replace(e, folded=None) for e in events_of(columns))
            whole = len(pending) // batch * batch if len(pending) < events else len(pending)
            for begin in range(0, whole, batch):
                body = encoder.encode_lines(pending[begin : begin + batch])
                file.write(len(body).to_bytes(4, "little") + body)
                size += len(body)
            pending = pending[whole:]
        if pending:
            body = encoder.encode_lines(pending)
            file.write(len(body).to_bytes(4, "little") + body)
            size += len(body)
    return size


def _seconds(pid: int) -> float:
    """Processor seconds of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


# --- the server's process ----------------------------------------------------------------------


def _serve(data: Path) -> None:
    from leeward.model import ServerSettings, Settings
    from leeward.server import serve
    from leeward.store.tables import create_key, database_url, open_tables

    data.mkdir(parents=True)
    settings = Settings(server=ServerSettings(port=0))
    url = database_url(settings.tables, data, os.environ)
    with open_tables(url) as tables, tables.begin() as connection:
        _, secret = create_key(connection, "benchmark", ["events:write"], by="benchmark")

    def ready(address: str) -> None:
        print(address.rpartition(":")[2], secret, flush=True)

    serve(data, settings, ready=ready)


# --- the client's process ----------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    """Sends one request after the other; knows just enough HTTP to find an answer's end."""

    def __init__(self, requests: Iterator[list[bytes]], taken: _Taken) -> None:
        self._requests = requests
        self._taken = taken
        self._answer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        parts = next(self._requests, None)
        if parts is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.writelines(parts)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._answer = b""
        self._taken.note(head, body, time.perf_counter() - self._began)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server closed"))


class _Taken:
    """What the server answered."""

    def __init__(self) -> None:
        self.accepted = 0
        self.latencies: list[float] = []

    def note(self, head: bytes, body: bytes, seconds: float) -> None:
        assert head.startswith(b"HTTP/1.1 202"), body
        self.accepted += int(body.partition(b'"accepted":')[2].partition(b",")[0])
        self.latencies.append(seconds)


def _requests(path: Path, secret: str) -> list[list[bytes]]:
    whole = path.read_bytes()
    at = 0
    requests = []
    while at < len(whole):
        length = int.from_bytes(whole[at : at + 4], "little")
        head = (
            "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            f"Authorization: Bearer {secret}\r\nContent-Length: {length}\r\n\r\n"
        )
        requests.append([head.encode(), whole[at + 4 : at + 4 + length]])
        at += 4 + length
    return requests


async def _send(path: Path, port: int, connections: int, secret: str) -> dict[str, Any]:
    taken = _Taken()
    requests = _requests(path, secret)
    # The first request compiles nothing, but it opens files and looks the key up.
    await _drive(iter(requests[:1]), taken, port, 1)
    taken.latencies.clear()
    cpu, wall = time.process_time(), time.perf_counter()
    await _drive(iter(requests[1:]), taken, port, connections)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    p50, p99 = np.percentile(taken.latencies, [50, 99]) * 1_000
    return {
        "accepted": taken.accepted,
        "requests": len(requests),
        "seconds": wall,
        "cpu_seconds": cpu,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
    }


async def _drive(
    requests: Iterator[list[bytes]], taken: _Taken, port: int, connections: int
) -> None:
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(requests, taken), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--folder", help="where the data folder is made")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--send", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        _serve(given.serve)
    elif given.send is not None:
        secret = os.environ["LEEWARD_KEY"]
        print(json.dumps(asyncio.run(_send(given.send, given.port, given.connections, secret))))
    else:
        measured = run(given.events, given.batch, given.connections, folder=given.folder)
        for name, value in measured.items():
            print(f"{name:32}{value:>14,}")


if __name__ == "__main__":
    main()
