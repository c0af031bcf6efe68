"""Measures scoring: events a CPU-second through all signals, and how soon a finding is there.

A server receives 3,000 mixed events a second over HTTP and scores them in a process of its own.
The place up to which all is scored moves in the transaction that stores the findings, so the time
from an answer to that place is the time until the findings of its events can be read. Beside it
runs a server that does not score; both are sent the same in turns.

    python benchmarks/scoring.py --seconds 60
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from leeward.model import admit_columns, events_of
from leeward.store import SCORING, Log, Writer
from workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["run"]

RATE: Final = 3_000
BATCH: Final = 50
TURN: Final = 5.0
"""Seconds that one server is sent events before it is the other's turn."""

_HERE: Final = Path(__file__).resolve()
_SIGNALS: Final = {
    "harbour-words": {"kind": "lexicon", "path": "words.csv"},
    "rare-text": {"kind": "rare-text"},
    "rare-text-thread": {"kind": "rare-text-thread"},
}
_WARM: Final = 4_000


def run(seconds: int = 60, folder: Path | None = None, events: int = 60_000) -> dict[str, Any]:
    """Measure.

    Args:
        seconds: How long each server is sent events.
        folder: Where the data folders are made.
        events: How many are sent through the signals alone.
    """
    folder = folder or _HERE.parent / ".data" / "scoring"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    figures: dict[str, Any] = {}
    for name, text in (("with text", True), ("without text", False)):
        figures[f"events per CPU-second {name}"] = _through_signals(folder / name, events, text)
    figures |= _served(folder, seconds)
    shutil.rmtree(folder)
    return figures


def _columns(events: int, text: bool) -> Iterator[pa.RecordBatch]:
    """Events of the usual mixture; those with text, or those without."""
    sent = 0
    for batch in Workload(20_000).batches(8 * events, 32_768):
        kept = batch.filter(batch["text"].is_valid() if text else batch["text"].is_null())
        kept = kept.slice(0, events - sent)
        sent += len(kept)
        yield kept
        if sent >= events:
            return


def _settings(data: Path, **more: Any) -> Any:
    from leeward.model import settings_of

    words = [f"word{n}" for n in range(1_000)] + _common_words()
    lines = ["term,class,severity", *(f"{word},boats,medium" for word in words)]
    data.mkdir(parents=True, exist_ok=True)
    (data / "words.csv").write_text("\n".join(lines) + "\n")
    _train(data)
    return settings_of({"signals": _SIGNALS, "server": {"port": 0}, **more})


def _train(data: Path) -> None:
    """A model of rare text: messages with one word more than the others of the stream."""
    from leeward.pipeline import train_text
    from leeward.signals import TextExample

    texts = [event.text for event in Workload(20_000, seed=2).events(1_500) if event.text]
    train_text(
        data,
        "rare-text",
        [
            TextExample(
                text=f"{text} quintadel of blorvane" if n % 3 == 0 else text,
                label="rare" if n % 3 == 0 else "ordinary",
                lang="en",
            )
            for n, text in enumerate(texts[:600])
        ],
        "benchmark",
    )


def _common_words() -> list[str]:
    """A few words of the stream, so that some of it is hit."""
    streams = [Workload(20_000), Workload(20_000, seed=1)]
    texts = [event.text for stream in streams for event in stream.events(20) if event.text]
    return sorted({text.split()[0] for text in texts})[:3]


def _through_signals(data: Path, events: int, text: bool) -> dict[str, int]:
    """Events a CPU-second, through each signal and through all, a memory already filled."""
    from leeward.pipeline import detectors
    from leeward.store import read_events

    settings = _settings(data)
    with Writer.open(data) as writer:
        for batch in _columns(events + _WARM, text):
            writer.append(admit_columns(batch).batch)
    spent: dict[str, float] = {}
    with Log(data) as log:
        signals = detectors(data, settings)
        place, seen = 0, 0
        while (piece := read_events(log, place)).through > place:
            place = piece.through
            for batch in piece.batches:
                for signal in signals:
                    began = time.process_time()
                    signal.look(batch, 0)
                    if seen >= _WARM:
                        taken = time.process_time() - began
                        spent[signal.name] = spent.get(signal.name, 0.0) + taken
                counted = len(batch) if seen >= _WARM else 0
                seen += len(batch)
                spent[""] = spent.get("", 0.0) + counted
    rows = spent.pop("")
    rates = {name: round(rows / taken) for name, taken in spent.items() if taken}
    return {"all": round(rows / sum(spent.values())), **rates}


# --- over HTTP ---------------------------------------------------------------------------------


def _served(folder: Path, seconds: int) -> dict[str, Any]:
    """Two servers in turns: one that scores, one that does not."""
    servers = [_Server(folder / "scoring", on=True), _Server(folder / "ingest", on=False)]
    bodies = _bodies(RATE * (seconds + 10))
    try:
        for server in servers:
            server.send(bodies, 5.0)  # opens files, starts and warms the process that scores
            server.settle()
            server.forget()
        before = [server.cpu() for server in servers]
        for _ in range(max(1, round(seconds / TURN))):
            for server in servers:
                server.send(bodies, TURN)
                server.settle()
        scoring, alone = servers
        sent = TURN * max(1, round(seconds / TURN)) * RATE
        spent = [
            {name: round(1e6 * (now[name] - then[name]) / sent) for name in now}
            for now, then in zip([server.cpu() for server in servers], before, strict=True)
        ]
        return {
            "CPU microseconds an event, scoring": spent[0],
            "CPU microseconds an event, not scoring": spent[1],
            "events a second": RATE,
            "seconds": seconds,
            "ms from acknowledgement to finding": scoring.latencies(),
            "ms of a request, scoring": _percentiles(scoring.answered),
            "ms of a request, not scoring": _percentiles(alone.answered),
            "findings": scoring.findings(),
        }
    finally:
        for server in servers:
            server.close()


def _bodies(events: int) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    number = 0
    for columns in Workload(20_000, seed=1).batches(2 * events, 32_768):
        batch = [msgspec.structs.replace(event, folded=None) for event in events_of(columns)]
        for begin in range(0, len(batch) - BATCH + 1, BATCH):
            number += 1
            yield encoder.encode_lines(batch[begin : begin + BATCH])


def _seconds(pid: int) -> float:
    """Processor seconds of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _percentiles(seconds: list[float]) -> dict[str, float]:
    values = np.percentile(np.array(seconds) * 1_000, [50, 99])
    return {"p50": round(float(values[0]), 1), "p99": round(float(values[1]), 1)}


class _Server:
    """A server, one connection to it, and a look at how far scoring has come."""

    def __init__(self, data: Path, *, on: bool) -> None:
        self._data, self._on = data, on
        _settings(data)
        command = [sys.executable, str(_HERE), "--serve", str(data), "--scoring", str(int(on))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        port, self._secret = self._process.stdout.readline().split()
        self._connection = http.client.HTTPConnection("127.0.0.1", int(port))
        self._log = Log(data)
        self._acknowledged: list[tuple[int, float]] = []
        self._reached: list[tuple[int, float]] = []
        self.answered: list[float] = []
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        if on:
            self._watcher.start()

    def send(self, bodies: Iterator[bytes], seconds: float) -> None:
        """Send at the rate, as one producer does."""
        headers = {
            "Content-Type": "application/x-ndjson",
            "Authorization": f"Bearer {self._secret}",
        }
        began = time.perf_counter()
        for number in range(round(seconds * RATE / BATCH)):
            body = next(bodies)
            time.sleep(max(0.0, began + number * BATCH / RATE - time.perf_counter()))
            sent = time.perf_counter()
            self._connection.request("POST", "/v1/events", body, headers)
            answer = json.loads(self._connection.getresponse().read())
            now = time.perf_counter()
            self.answered.append(now - sent)
            self._acknowledged.append((answer["first_seq"] + answer["accepted"] - 1, now))

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            place = self._log.position(SCORING)
            if not self._reached or place > self._reached[-1][0]:
                self._reached.append((place, time.perf_counter()))

    def settle(self) -> None:
        """Wait until all is scored."""
        while self._on and self._reached[-1:] and self._acknowledged:
            if self._reached[-1][0] >= self._acknowledged[-1][0]:
                return
            time.sleep(0.01)

    def forget(self) -> None:
        """Begin to measure."""
        self._acknowledged.clear()
        self.answered.clear()

    def latencies(self) -> dict[str, float]:
        """From each answer until its last event is scored."""
        places = np.array([place for place, _ in self._reached])
        times = np.array([at for _, at in self._reached])
        wanted = np.array([place for place, _ in self._acknowledged])
        begun = np.array([at for _, at in self._acknowledged])
        waited = times[np.searchsorted(places, wanted)] - begun
        return _percentiles(np.maximum(waited, 0.0).tolist())

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far: of the server, and of the process that scores."""
        spent = {"server": _seconds(self._process.pid)}
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                if b"_scoring_child" in Path(f"/proc/{child}/cmdline").read_bytes():
                    spent["scoring"] = _seconds(int(child))
        return spent

    def findings(self) -> int:
        """How many there are."""
        return sum(len(batch) for batch in self._log.findings())

    def close(self) -> None:
        """End the server."""
        self._stop.set()
        if self._on:
            self._watcher.join()
        self._connection.close()
        self._log.close()
        self._process.terminate()
        self._process.wait(timeout=120)


def _serve(data: Path, *, on: bool) -> None:
    from leeward.server import serve
    from leeward.store.tables import create_key, database_url, open_tables

    settings = _settings(data, scoring={"on": on})
    url = database_url(settings.tables, data, os.environ)
    with open_tables(url) as tables, tables.begin() as connection:
        _, secret = create_key(connection, "benchmark", ["events:write"], by="benchmark")

    def ready(address: str) -> None:
        print(address.rpartition(":")[2], secret, flush=True)

    serve(data, settings, ready=ready)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--scoring", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        _serve(given.serve, on=bool(given.scoring))
    else:
        for name, value in run(given.seconds, given.folder, given.events).items():
            print(f"{name:40}{value}")


if __name__ == "__main__":
    main()
