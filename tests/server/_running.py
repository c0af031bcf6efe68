"""A server process, and events to send to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from leeward.store.tables import create_key, open_tables

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(__file__).with_name("_process.py")
LINES = {"content-type": "application/x-ndjson"}


def event(number: int | str, **changes: Any) -> dict[str, Any]:
    """A sound event: a post about boats."""
    uri = f"at://harbour/post/{number}"
    return {
        "id": f"example:{uri}@1#create",
        "source": "example",
        "kind": "post",
        "op": "create",
        "at": 1_700_000_000_000_000,
        "actor": "did:example:ada",
        "object": uri,
        "text": "The ferry leaves at dawn",
    } | changes


def lines(*events: dict[str, Any] | bytes) -> bytes:
    """NDJSON; bytes stand for themselves."""
    return b"\n".join(e if isinstance(e, bytes) else json.dumps(e).encode() for e in events)


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition. The time is for the slowest machine; it passes in failures only."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


class Running:
    """A server process, its keys, and a client of it."""

    def __init__(self, data: Path, output: Path, **settings: dict[str, Any]) -> None:
        self.data = data
        self.output = output
        settings = {**settings, "server": {"port": 0, **settings.get("server", {})}}
        command = [sys.executable, str(PROGRAM), str(data), json.dumps(settings)]
        with output.open("ab") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rpartition(":")[2] or 0)
        self.secret = "" if not self.url else make_key(data, "gateway", "events:write")
        self.reader = ""
        headers = {"authorization": f"Bearer {self.secret}"}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def post(self, body: bytes, query: str = "", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/v1/events{query}", content=body, headers=LINES | named)

    def in_flight(self) -> float:
        """Bytes of requests that the server holds in memory."""
        if not self.reader:
            self.reader = make_key(self.data, "reader", "metrics:read")
        response = self.client.get("/metrics", headers={"authorization": f"Bearer {self.reader}"})
        (line,) = [x for x in response.text.splitlines() if x.startswith("leeward_in_flight_bytes")]
        return float(line.split()[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()


def make_key(data: Path, name: str, *scopes: str) -> str:
    with open_tables(f"sqlite:///{data}/leeward.db") as tables, tables.begin() as connection:
        taken = name if name != "gateway" else f"gateway {os.urandom(4).hex()}"
        return create_key(connection, taken, scopes, by="tests")[1]
