"""Measures fetching: media a second and per CPU-second, memory, and whether ingest is slowed.

A server of files runs in a process of its own and sends drawn JPEG files of about 200 kB over
connections that stay open. `leeward serve` runs in another, receives the events that name them,
and fetches and hashes them; its CPU time and its memory include the processes that hash. Then
events without media are sent, in rounds that take turns: to a server that lists no origin, to that
one with nothing to fetch, and to it with files to fetch meanwhile.

    python benchmarks/fetch.py --media 2000
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_HERE: Final = Path(__file__).resolve()
_FILES: Final = 16
_EVENTS: Final = 100


def run(
    media: int = 2_000, rounds: int = 3, requests: int = 150, folder: str | None = None
) -> dict[str, Any]:
    """Measure.

    Args:
        media: Files to fetch.
        rounds: Of sending events, each in the three ways.
        requests: Of each round, with a hundred events each.
        folder: Where the data folder is made; the system's temporary folder by default.

    Returns:
        Rates, bytes of memory after a quarter of the files and at the end, and latencies of
        requests in milliseconds.
    """
    with (
        tempfile.TemporaryDirectory(dir=folder) as temporary,
        _Process("--files") as files,
        _Process("--serve", f"{temporary}/one", str(files.port)) as server,
        _Process("--serve", f"{temporary}/two", "0") as plain,
    ):
        server.secret = _key(Path(temporary) / "one")
        plain.secret = _key(Path(temporary) / "two")
        found = _rates(server, files, media)
        return found | _ingest(server, plain, files, media, rounds, requests)


def _rates(server: _Process, files: _Process, media: int) -> dict[str, Any]:
    found: dict[str, Any] = {"media": media, "bytes_a_file": float(np.mean([*map(len, _files())]))}
    _fetch(server, files, 100, "first")  # the kernels and the connections are there afterwards
    cpu, began = server.seconds(), time.perf_counter()
    _name(server, files, media, "measured")
    quarter = _await(server, 100 + media // 4)
    _await(server, 100 + media)
    wall, cpu = time.perf_counter() - began, server.seconds() - cpu
    return found | {
        "media_per_second": media / wall,
        "media_per_cpu_second": media / cpu,
        "memory_at_a_quarter_mib": quarter,
        "memory_at_the_end_mib": server.memory(),
    }


def _ingest(
    server: _Process, plain: _Process, files: _Process, media: int, rounds: int, requests: int
) -> dict[str, Any]:
    found: dict[str, Any] = {"fetched_meanwhile": 0}
    taken: dict[str, list[float]] = {name: [] for name in ("no_origin", "idle", "fetching")}
    done = 100 + media
    for number in range(rounds):
        taken["no_origin"] += _post(plain, requests, f"{number}-plain")
        taken["idle"] += _post(server, requests, f"{number}-idle")
        _name(server, files, media, f"round{number}")
        before = _done(server)
        taken["fetching"] += _post(server, requests, f"{number}-fetching")
        found["fetched_meanwhile"] += _done(server) - before
        done += media
        _await(server, done)
    for kind, seconds in taken.items():
        name = f"ingest_{kind}"
        p50, p99 = np.percentile(seconds, [50, 99]) * 1_000
        found |= {
            f"{name}_events_per_second": _EVENTS * len(seconds) / sum(seconds),
            f"{name}_p50_ms": float(p50),
            f"{name}_p99_ms": float(p99),
        }
    return found


def _fetch(server: _Process, files: _Process, count: int, called: str) -> None:
    _name(server, files, count, called)
    _await(server, count)


def _name(server: _Process, files: _Process, count: int, called: str) -> None:
    """Send events that name files, 50 in each."""
    uris = [f"http://127.0.0.1:{files.port}/{called}/{n}.jpg" for n in range(count)]
    lines = [
        json.dumps(
            _event(f"{called}-{begin}", media=[{"uri": u} for u in uris[begin : begin + 50]])
        )
        for begin in range(0, count, 50)
    ]
    server.ask("POST", "/v1/events", "\n".join(lines).encode())


def _post(server: _Process, requests: int, called: str) -> list[float]:
    """Send events one request after the other; the seconds that each took."""
    taken = []
    for number in range(requests):
        names = (f"{called}-{number}-{part}" for part in range(_EVENTS))
        body = "\n".join(json.dumps(_event(name, text="The ferry leaves")) for name in names)
        begin = time.perf_counter()
        server.ask("POST", "/v1/events", body.encode())
        taken.append(time.perf_counter() - begin)
    return taken


def _event(name: str, **more: Any) -> dict[str, Any]:
    uri = f"at://harbour/post/{name}"
    return {
        "id": f"example:{uri}@1#create",
        "source": "example",
        "kind": "post",
        "op": "create",
        "at": 1_700_000_000_000_000,
        "actor": "did:example:ada",
        "object": uri,
        **more,
    }


def _done(server: _Process) -> int:
    text = server.ask("GET", "/metrics").decode()
    rows = [x for x in text.splitlines() if x.startswith("leeward_fetched_media{")]
    assert not any("abstained" in row for row in rows), "something could not be fetched"
    return round(sum(float(row.rsplit(" ", 1)[1]) for row in rows))


def _await(server: _Process, count: int) -> float:
    """Wait until so many media are done; MiB of memory then."""
    while _done(server) < count:
        time.sleep(0.2)
    return server.memory()


def _key(data: Path) -> str:
    from leeward.store.tables import create_key, open_tables

    with open_tables(f"sqlite:///{data}/leeward.db") as tables, tables.begin() as connection:
        return create_key(connection, "platform", ["events:write", "metrics:read"], by="bench")[1]


class _Process:
    """This program in another process, which first says its port."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(_HERE), *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._connection: http.client.HTTPConnection | None = None
        self.secret = ""
        self.port = 0

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=120)

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """One request over a connection that stays open; what is answered."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/x-ndjson"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status in (200, 202), response.status
        return answer

    def seconds(self) -> float:
        """CPU time of the process and its children."""
        return sum(map(_cpu, self._family()))

    def memory(self) -> float:
        """MiB that they have in memory now."""
        return sum(map(_resident, self._family())) / 2**20

    def _family(self) -> list[int]:
        own = self._process.pid
        tasks = Path(f"/proc/{own}/task").glob("*/children")
        return [own, *(int(pid) for task in tasks for pid in task.read_text().split())]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(x.split()[1]) * 1024 for x in lines if x.startswith("VmRSS:"))


def _files() -> list[bytes]:
    """Drawn JPEG files, soft with some grain."""
    files = []
    for seed in range(_FILES):
        rng = np.random.default_rng(seed)
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        large = np.asarray(small.resize((1_024, 768), Image.Resampling.BICUBIC)).astype(np.int16)
        large = large + rng.integers(-13, 14, large.shape, dtype=np.int16)
        file = io.BytesIO()
        Image.fromarray(large.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=86)
        files.append(file.getvalue())
    return files


def _serve_files() -> None:
    files = _files()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = files[hash(self.path) % len(files)]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        log_message: Callable[..., None] = lambda *_: None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()


def _serve(data: Path, port: int) -> None:
    from leeward.model import settings_of
    from leeward.server import serve

    origin = {"url": f"http://127.0.0.1:{port}", "networks": ["127.0.0.0/8"]}
    given = {"per_minute": 1_000_000, "parallel": 4}
    origins = {"files": origin | given} if port else {}
    settings = settings_of({"server": {"port": 0}, "origins": origins})

    def ready(address: str) -> None:
        print(address.rpartition(":")[2], flush=True)

    serve(data, settings, ready=ready)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder")
    parser.add_argument("--files", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.files:
        _serve_files()
    elif given.serve:
        _serve(Path(given.serve[0]), int(given.serve[1]))
    else:
        found = run(given.media, given.rounds, folder=given.folder)
        for name, value in found.items():
            print(f"{name:40} {value:>14,.2f}")


if __name__ == "__main__":
    main()
