"""Measures looking back: the media map of a log, an entry against all that was seen, copies.

    python benchmarks/lookback.py --media 1000000

Each event of the log carries one picture of its own handle; a quarter of them are near copies of
an earlier picture. Each step is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from leeward.model import INPUT_SCHEMA, BankSettings, NewEntry, Provenance, admit_columns
from leeward.pipeline import LookBack, LookBackThread, MediaMap, copies_of, tidy_media
from leeward.store import Log, Writer
from leeward.store.tables import (
    add_entries,
    begin_act,
    create_bank,
    finish_act,
    get_bank,
    open_tables,
)
from machine import peak

__all__ = ["run", "step"]

STEPS: Final = ("map", "open", "now", "back", "copies", "arrive", "tidy", "ingest")
_BATCH: Final = 50_000
_COPIES: Final = 4
_FLIPPED: Final = 7
_ENTRIES: Final = 20
_LOADED: Final = 400_000


def run(media: int) -> dict[str, Any]:
    """All steps, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        write_log(Path(folder), media)
        found: dict[str, Any] = {"media": media}
        for name in STEPS:
            command = [sys.executable, __file__, "--step", name, "--folder", folder]
            child = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = json.loads(child.stdout)
        path = Path(folder) / "leeward.db"
        found["bytes_a_media_in_tables"] = round(path.stat().st_size / media, 1)
        return found


def step(name: str, folder: Path) -> dict[str, Any]:
    """One step, measured in this process."""
    begin, used = time.perf_counter(), time.process_time()
    with open_tables(f"sqlite:///{folder}/leeward.db") as tables:
        found: dict[str, Any] = globals()[f"_{name}"](folder, tables)
    found["seconds"] = round(time.perf_counter() - begin, 3)
    found["cpu_seconds"] = round(time.process_time() - used, 3)
    found["peak_mb"] = round(peak())
    return found


def write_log(folder: Path, media: int) -> None:
    """Make the log."""
    with Writer.open(folder) as writer:
        for first in range(0, media, _BATCH):
            writer.append(events(first, min(_BATCH, media - first)))
        writer.seal()


def values(first: int, count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """PDQ values: every fourth is near to the one before it."""
    rng = np.random.default_rng(first)
    made = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    near = np.arange(3, count, _COPIES)
    made[near] = made[near - 1]
    for _ in range(_FLIPPED):
        bit = rng.integers(0, 256, len(near))
        made[near, bit // 8] ^= (1 << (bit % 8)).astype(np.uint8)
    return made


def events(first: int, count: int, word: str = "sail") -> pa.RecordBatch:
    """Posts with one picture each."""
    number = np.arange(first, first + count)
    posts = [f"https://harbour.example/{word}/{n}" for n in number.tolist()]
    rows = {
        "id": [f"harbour:{post}@1#create" for post in posts],
        "source": ["harbour"] * count,
        "kind": ["post"] * count,
        "op": ["create"] * count,
        "at": number,
        "actor": [f"https://harbour.example/boats/{n % 9_973}" for n in number.tolist()],
        "object": posts,
        "media": [
            [{"uri": f"{post}/1", "sha256": None, "pdq": value.tobytes().hex(), "mime": None}]
            for post, value in zip(posts, values(first, count), strict=True)
        ],
    }
    empty = {name: [None] * count for name in INPUT_SCHEMA.names if name not in rows}
    rows |= {"visibility": ["public"] * count}
    admission = admit_columns(pa.RecordBatch.from_pydict(empty | rows, INPUT_SCHEMA))
    assert not admission.refusals
    batch: pa.RecordBatch = admission.batch
    return batch


def _map(folder: Path, tables: Any) -> dict[str, Any]:
    """Read all media of the log into the map."""
    seen = MediaMap(tables, folder)
    with Log(folder) as log:
        count = 0
        while (items := seen.follow(log)) is not None:
            count += len(items)
    seen.save()
    return {"media": count, "hashes": len(seen), "index_mb": round(seen.nbytes / 1e6)}


def _open(folder: Path, tables: Any) -> dict[str, Any]:
    """Open the map from its snapshots."""
    return {"hashes": len(MediaMap(tables, folder))}


def _now(folder: Path, tables: Any) -> dict[str, Any]:
    """Compare everything with a first bank."""
    with tables.begin() as connection:
        settings = BankSettings(meaning="illegal_unverified", source="a benchmark")
        create_bank(connection, "pilots", settings, "benchmark")
    _add(tables, values(0, _BATCH)[:1])
    with Writer.open(folder) as writer, LookBack(writer, tables, folder) as looking:
        done = looking.run()
    return {"events": done.events, "hits": done.hits}


def _back(folder: Path, tables: Any) -> dict[str, Any]:
    """Add entries, one at a time, and find what was seen before."""
    took = []
    with Writer.open(folder) as writer, LookBack(writer, tables, folder) as looking:
        looking.run()
        before = looking.done.hits
        for number in range(_ENTRIES):
            _add(tables, values(0, _BATCH)[_COPIES * number + 2 :][:1])
            begin = time.perf_counter()
            looking.run()
            took.append(time.perf_counter() - begin)
        hits = looking.done.hits - before
    return {"entries": _ENTRIES, "hits": hits, **_spread(took)}


def _copies(folder: Path, tables: Any) -> dict[str, Any]:
    """Look all copies of some pictures up."""
    took = []
    with Log(folder) as log:
        for number in range(200):
            name = f"https://harbour.example/sail/{_COPIES * number + 2}/1"
            begin = time.perf_counter()
            found = copies_of(log, tables, folder, name)
            took.append(time.perf_counter() - begin)
            assert found.events == 2
    return _spread(took)


def _arrive(folder: Path, tables: Any) -> dict[str, Any]:
    """Let events come one at a time, and a hundred at a time, and bring map and findings up."""
    found = {}
    with Writer.open(folder) as writer, LookBack(writer, tables, folder) as looking:
        looking.run()
        for size in (1, 100):
            took, used = [], time.process_time()
            for turn in range(100):
                writer.append(events(turn * size, size, f"late-{size}"))
                begin = time.perf_counter()
                looking.run()
                took.append(time.perf_counter() - begin)
            spent = round((time.process_time() - used) / 100 / size * 1e3, 3)
            found[str(size)] = {**_spread(took), "cpu_ms_a_media": spent}
    return found


def _tidy(folder: Path, tables: Any) -> dict[str, Any]:
    """Compare the map with the log, as after an erasure."""
    with Log(folder) as log:
        return {"gone": tidy_media(tables, log, folder)}


def _ingest(folder: Path, tables: Any) -> dict[str, Any]:
    """Append as fast as can be, with and without looking back beside it, in turns."""
    rates: dict[str, list[float]] = {"alone": [], "beside": []}
    with Writer.open(folder) as writer:
        ready = threading.Event()
        for turn in range(4):
            way = ("alone", "beside")[turn % 2]
            batches = [events(first, 500, f"load-{turn}") for first in range(0, _LOADED // 4, 500)]
            thread = LookBackThread(writer, tables, folder, lambda _: None, {})
            if way == "beside":
                thread.start()
                ready.wait(2)  # until it has opened the map
            begin = time.perf_counter()
            for batch in batches:
                writer.append(batch)
            rates[way].append(len(batches) * 500 / (time.perf_counter() - begin))
            if way == "beside":
                thread.stop()
    return {way: [round(rate) for rate in each] for way, each in rates.items()}


def _add(tables: Any, octets: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    who = Provenance(exchange="benchmark", member="benchmark")
    with tables.begin() as connection:
        act = begin_act(connection, get_bank(connection, "pilots"), "add", "benchmark")
        add_entries(connection, act, [NewEntry("pdq", row.tobytes(), who) for row in octets])
        finish_act(connection, act)


def _spread(took: list[float]) -> dict[str, float]:
    return {
        "median_ms": round(float(np.median(took)) * 1e3, 2),
        "p99_ms": round(float(np.quantile(took, 0.99)) * 1e3, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=int, default=1_000_000)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    told = run(given.media) if given.step is None else step(given.step, given.folder)
    print(json.dumps(told, indent=None if given.step else 2))
