"""The event log on one machine: bulk ingest, size, look-ups, scans, beside their peers.

Peers run in turn with ours in one process, so that both meet the same noise; compare the
ratios, and events per CPU-second, rather than wall times of different days.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leeward.model import admit_columns, events_of
from leeward.store import Log, Writer
from machine import memory
from workload import Workload

FILE_ROWS = 2_000_000


def make_files(folder: Path, events: int) -> list[Path]:
    """The workload as Parquet files of 2 million events each; kept between runs."""
    folder.mkdir(parents=True, exist_ok=True)
    workload = Workload()
    files: list[Path] = []
    batches = workload.batches(events)
    for number in range(-(-events // FILE_ROWS)):
        path = folder / f"events-{events}-{number:03d}.parquet"
        files.append(path)
        rows = 0
        fresh = path.with_suffix(".new")
        writer = None if path.exists() else pq.ParquetWriter(fresh, _schema(), compression="zstd")
        while rows < FILE_ROWS and (batch := next(batches, None)) is not None:
            rows += len(batch)
            if writer is not None:
                writer.write_batch(batch)
        if writer is not None:
            writer.close()
            fresh.rename(path)
    return files


def _schema() -> pa.Schema:
    from leeward.model import INPUT_SCHEMA

    return INPUT_SCHEMA


def json_bytes(sample: int = 20_000) -> float:
    """Mean size of an event as JSON."""
    events = Workload().events(sample)
    lines = (msgspec.json.encode(msgspec.structs.replace(e, folded=None)) for e in events)
    return sum(map(len, lines)) / sample


def ingest(data: Path, files: list[Path]) -> dict[str, Any]:
    """``leeward ingest`` of Parquet files into a new log, as a process of its own."""
    shutil.rmtree(data, ignore_errors=True)
    before = os.times()
    begun = time.perf_counter()
    command = [sys.executable, "-m", "leeward", "ingest", *map(str, files), "--data", str(data)]
    child = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    anonymous: list[float] = []
    while child.poll() is None:
        anonymous.append(_anonymous(child.pid))
        time.sleep(0.5)
    wall = time.perf_counter() - begun
    after = os.times()
    summary = json.loads(child.stdout.read())
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    with Log(data) as log:
        found = log.status()
    return {
        "events": summary["accepted"],
        "wall s": wall,
        "events/s": summary["accepted"] / wall,
        "events/cpu-s": summary["accepted"] / cpu,
        "bytes/event": found.sealed_bytes / (found.events - found.hot),
        "segments": found.segments,
        "peak anonymous MB": max(anonymous),
    }


def _anonymous(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1e3 for x in lines if x.startswith("RssAnon")), 0.0)


def look_ups(data: Path, count: int = 200) -> dict[str, Any]:
    """The last 50 events of an account, beside DuckDB over the same segments."""
    workload = Workload()
    rng = np.random.default_rng(7)
    active = [workload.account_uris[int(i)].as_py() for i in workload.actors(rng, count)]
    any_ = [workload.account_uris[int(i)].as_py() for i in rng.integers(0, 1_000_000, count)]
    duck = duckdb.connect()
    query = (
        f"SELECT * FROM read_parquet('{data}/log/segments/*/events.parquet')"
        " WHERE actor = ? ORDER BY seq DESC LIMIT 50"
    )
    with Log(data) as log:
        log.of(account=active[0])
        ours: dict[str, list[float]] = {"active": [], "any": []}
        peer: list[float] = []
        for number, (one, other) in enumerate(zip(active, any_, strict=True)):
            for name, account in (("active", one), ("any", other)):
                begun = time.perf_counter()
                found = log.of(account=account)
                ours[name].append(time.perf_counter() - begun)
            if number % 40 == 0:
                begun = time.perf_counter()
                rows = duck.execute(query, [other]).fetchall()
                peer.append(time.perf_counter() - begun)
                assert len(rows) <= len(found)  # a last few rows are not sealed
        held = memory()
    return {
        "account drawn by activity, median ms": 1e3 * float(np.median(ours["active"])),
        "p90 ms": 1e3 * float(np.percentile(ours["active"], 90)),
        "any account, median ms": 1e3 * float(np.median(ours["any"])),
        "duckdb over the segments, median ms": 1e3 * float(np.median(peer)),
        "anonymous MB": held["RssAnon"],
    }


def edges(data: Path) -> dict[str, Any]:
    """Every (actor, target, kind, at) streamed once, beside DuckDB's reader."""
    columns = ["actor", "target", "kind", "at"]
    with Log(data) as log:
        cpu, begun = time.process_time(), time.perf_counter()
        rows = sum(len(batch) for batch in log.scan(columns))
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        held = memory()
    begun = time.perf_counter()
    duck = duckdb.connect()
    query = (
        'SELECT actor, target, kind, "at" FROM '
        f"read_parquet('{data}/log/segments/*/events.parquet')"
    )
    reader: pa.RecordBatchReader = duck.execute(query).to_arrow_reader(131_072)
    peer_rows = sum(len(batch) for batch in reader)
    peer = time.perf_counter() - begun
    assert peer_rows <= rows
    return {
        "events": rows,
        "wall s": wall,
        "events/cpu-s": rows / cpu,
        "duckdb wall s": peer,
        "anonymous MB": held["RssAnon"],
    }


def appends(folder: Path, batch: int = 500, batches: int = 200) -> dict[str, Any]:
    """Durable batches one at a time, beside SQLite with a row an event (WAL, FULL)."""
    rows = list(Workload().batches(batch * batches, batch))
    admitted = [admit_columns(b).batch for b in rows]
    shutil.rmtree(folder, ignore_errors=True)
    ours = peer = ours_cpu = peer_cpu = 0.0
    folder.mkdir(parents=True)
    db = sqlite3.connect(folder / "peer.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE event (id TEXT PRIMARY KEY, actor TEXT, at INTEGER, body BLOB)")
    db.execute("CREATE INDEX event_actor ON event (actor)")
    with Writer.open(folder / "data") as writer:
        writer.append(admitted[0])
        for batch_, raw in zip(admitted[1:], rows[1:], strict=True):
            cpu, begun = time.process_time(), time.perf_counter()
            writer.append(batch_)
            ours += time.perf_counter() - begun
            ours_cpu += time.process_time() - cpu
            values = [(e.id, e.actor, e.at, msgspec.json.encode(e)) for e in events_of(raw)]
            cpu, begun = time.process_time(), time.perf_counter()
            db.execute("BEGIN")
            db.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", values)
            db.execute("COMMIT")
            peer += time.perf_counter() - begun
            peer_cpu += time.process_time() - cpu
    db.close()
    count = batch * (batches - 1)
    return {
        "events/s": count / ours,
        "events/cpu-s": count / ours_cpu,
        "sqlite rows events/s": count / peer,
        "sqlite rows events/cpu-s": count / peer_cpu,
        "ratio per cpu-s": peer_cpu / ours_cpu,
    }
