"""Measures `POST /v1/match`: how long a look-up takes over HTTP, how many there are a second.

The server runs in a process of its own, pinned to one core, over a bank of made-up values; this
process asks it over connections that stay open. A tenth of the values asked for are near to an
entry. The uploads are drawn JPEG files of 4 megapixels; the processes that hash them are the
server's children and share its core. And how long an entry that another process adds takes until
it matches, and one that it withdraws until it does not: from the end of its transaction to the
first answer that says so.

    python benchmarks/match.py --entries 1000000
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
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["run"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_HERE: Final = Path(__file__).resolve()
_BATCH: Final = 20_000
_NEAR: Final = 10
_PIXELS: Final = (1_633, 2_450)


def run(
    entries: int = 1_000_000,
    requests: int = 4_000,
    uploads: int = 40,
    folder: str | None = None,
    changes: int = 100,
) -> dict[str, Any]:
    """Measure.

    Args:
        entries: PDQ values in the bank.
        requests: Hashes asked for, one in each request.
        uploads: Files sent, one after the other.
        folder: Where the data folder is made; the system's temporary folder by default.
        changes: Entries that are added and withdrawn while the server answers.

    Returns:
        Latencies in milliseconds, rates, and seconds that the server needs to begin.
    """
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        data = Path(temporary)
        found: dict[str, Any] = {"entries": entries}
        begin = time.perf_counter()
        secret, asked = _fill(data, entries, requests)
        found["import_seconds"] = time.perf_counter() - begin
        for name in ("build", "snapshot"):
            begin = time.perf_counter()
            with _Server(data, secret) as server:
                server.wait()
                found[f"ready_by_{name}_seconds"] = time.perf_counter() - begin
                if name == "snapshot":
                    found |= server.measure(asked, uploads)
                    found |= server.measure_changes(data, changes)
    return found


def _values(entries: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (entries, 32), dtype=np.uint8)


def _fill(data: Path, entries: int, requests: int) -> tuple[str, list[bytes]]:
    """Make the bank and a key; the secret, and bodies to send."""
    from leeward.model import BankSettings, NewEntry, Provenance
    from leeward.store.tables import (
        ImportBatch,
        create_bank,
        create_key,
        import_entries,
        open_tables,
    )

    values = _values(entries)
    who = Provenance(exchange="pilots", member="north", classification="A1")
    batches = (
        ImportBatch([NewEntry("pdq", row.tobytes(), who) for row in values[at : at + _BATCH]])
        for at in range(0, entries, _BATCH)
    )
    with open_tables(f"sqlite:///{data}/leeward.db") as tables:
        with tables.begin() as connection:
            secret = create_key(connection, "platform", ["match"], by="benchmark")[1]
            settings = BankSettings(meaning="illegal_verified", source="made up")
            create_bank(connection, "made-up", settings, "benchmark")
        import_entries(tables, "made-up", batches, "benchmark", origin="made up")
    asked = np.random.default_rng(2).integers(0, 256, (requests, 32), dtype=np.uint8)
    near = values[: len(asked[::_NEAR])].copy()
    near[:, 5] ^= 0b1011_0110
    asked[::_NEAR] = near
    return secret, [
        json.dumps({"hashes": [{"pdq": row.tobytes().hex()}]}).encode() for row in asked
    ]


class _Server:
    """A server process on one core."""

    def __init__(self, data: Path, secret: str) -> None:
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE), "--serve", str(data)], stdout=subprocess.PIPE, text=True
        )
        os.sched_setaffinity(self._process.pid, {max(os.sched_getaffinity(0))})

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=120)

    def wait(self) -> None:
        """Wait until the banks are open."""
        connection = self._connect()
        while self._ask(connection, b'{"hashes": [{"md5": "%s"}]}' % (b"0" * 32))[0] == 503:
            time.sleep(0.02)

    def measure(self, asked: list[bytes], uploads: int) -> dict[str, Any]:
        """Ask one after the other, then over several connections, then upload."""
        self._loop(asked[:200])
        alone = self._loop(asked)
        cpu, begin = self._seconds(), time.perf_counter()
        lots = [asked[number::8] for number in range(8)]
        taken: list[list[float]] = []
        threads = [threading.Thread(target=lambda x=x: taken.append(self._loop(x))) for x in lots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall, cpu = time.perf_counter() - begin, self._seconds() - cpu
        paced = self._paced(asked)
        files = [_picture(number) for number in range(uploads)]
        self._loop(files[:2], "image/jpeg")
        sent = self._loop(files, "image/jpeg")
        upright = self._loop(files, "image/jpeg", "?positions=one")
        return {
            **_percentiles("hash_alone", alone),
            **_percentiles("hash_200_a_second", paced),
            "hash_requests_per_second": len(asked) / wall,
            "hash_requests_per_cpu_second": len(asked) / cpu,
            **_percentiles("upload_4_megapixels", sent),
            **_percentiles("upload_in_one_position", upright),
            "server_memory_mib": self._memory() / 2**20,
        }

    def measure_changes(self, data: Path, changes: int) -> dict[str, Any]:
        """Have another process add entries and withdraw them, and ask until that is seen."""
        seen: dict[str, list[float]] = {"add": [], "withdraw": []}
        with subprocess.Popen(
            [sys.executable, str(_HERE), "--change", str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            connection = self._connect()
            for value in np.random.default_rng(3).bytes(32 * changes).hex(" ", 32).split():
                body = json.dumps({"hashes": [{"pdq": value}]}).encode()
                for act, wanted in (("add", b'"matched"'), ("withdraw", b'"unmatched"')):
                    other.stdin.write(f"{act} {value}\n")
                    other.stdin.flush()
                    done = float(other.stdout.readline())
                    while b'"status":' + wanted not in self._ask(connection, body)[1]:
                        time.sleep(0.002)
                    seen[act].append(time.monotonic() - done)
                    # Else every change would come at the same moment of the server's round.
                    time.sleep(float(np.random.default_rng(len(seen[act])).random()) / 2)
            other.stdin.close()
        return {
            **_percentiles("added_entry_matches", seen["add"], worst=True),
            **_percentiles("withdrawn_entry_stops", seen["withdraw"], worst=True),
        }

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        body: bytes,
        kind: str = "application/json",
        query: str = "",
    ) -> tuple[int, bytes]:
        headers = {**self._headers, "Content-Type": kind}
        connection.request("POST", f"/v1/match{query}", body, headers)
        response = connection.getresponse()
        return response.status, response.read()

    def _loop(
        self, bodies: Sequence[bytes], kind: str = "application/json", query: str = ""
    ) -> list[float]:
        """Send bodies over one connection; the seconds that each took."""
        connection = self._connect()
        taken = []
        for body in bodies:
            begin = time.perf_counter()
            status, answer = self._ask(connection, body, kind, query)
            taken.append(time.perf_counter() - begin)
            assert status == 200, status
            assert b'"abstained":null' in answer, "something was not compared"
        return taken

    def _paced(self, bodies: Sequence[bytes]) -> list[float]:
        """Send 200 a second, due at fixed times; from when each was due to its answer."""
        start = time.perf_counter() + 0.1
        taken: list[float] = []

        def send(lane: int) -> None:
            connection = self._connect()
            for number in range(lane, len(bodies), 4):
                due = start + number / 200
                time.sleep(max(0.0, due - time.perf_counter()))
                assert self._ask(connection, bodies[number])[0] == 200
                taken.append(time.perf_counter() - due)

        threads = [threading.Thread(target=send, args=(lane,)) for lane in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return taken

    def _seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _memory(self) -> int:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(x.split()[1]) * 1024 for x in lines if x.startswith("VmHWM:"))


def _percentiles(name: str, seconds: Sequence[float], *, worst: bool = False) -> dict[str, float]:
    shares = {"p50": 50, "p99": 99} | ({"max": 100} if worst else {})
    found = np.percentile(seconds, list(shares.values())) * 1_000
    return {f"{name}_{share}_ms": float(x) for share, x in zip(shares, found, strict=True)}


def _picture(seed: int) -> bytes:
    """A drawn JPEG file of 4 megapixels, soft with some grain."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (24, 36, 3), dtype=np.uint8))
    large = np.asarray(small.resize(_PIXELS[::-1], Image.Resampling.BICUBIC)).astype(np.int16)
    large = large + rng.integers(-6, 7, large.shape, dtype=np.int16)
    file = io.BytesIO()
    Image.fromarray(large.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def _serve(data: Path) -> None:
    from leeward.model import ServerSettings, Settings
    from leeward.server import serve

    def ready(address: str) -> None:
        print(address.rpartition(":")[2], flush=True)

    serve(data, Settings(server=ServerSettings(port=0)), ready=ready)


def _change(data: Path) -> None:
    """Do what stdin says, and say when each was durable, by the clock that all processes share."""
    from leeward.model import NewEntry, Provenance
    from leeward.store.tables import (
        add_entries,
        begin_act,
        finish_act,
        get_bank,
        open_tables,
        withdraw_entries,
    )

    with open_tables(f"sqlite:///{data}/leeward.db") as tables:
        for line in sys.stdin:
            act, value = line.split()
            octets = bytes.fromhex(value)
            with tables.begin() as connection:
                if act == "add":
                    began = begin_act(connection, get_bank(connection, "made-up"), "add", "bench")
                    add_entries(connection, began, [NewEntry("pdq", octets, Provenance())])
                    finish_act(connection, began)
                else:
                    withdraw_entries(
                        connection, "made-up", "bench", "measured", values=[("pdq", octets)]
                    )
            print(time.monotonic(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--uploads", type=int, default=40)
    parser.add_argument("--folder", help="where the data folder is made")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--change", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.change is not None:
        _change(given.change)
        return
    if given.serve is not None:
        _serve(given.serve)
        return
    found = run(given.entries, given.requests, given.uploads, given.folder, given.changes)
    for name, value in found.items():
        print(f"{name:32}{value:>14,.2f}")


if __name__ == "__main__":
    main()
