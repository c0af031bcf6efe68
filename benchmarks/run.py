"""Measure the log, the simulator and discovery, and print a table.

``make bench``, or ``make bench ARGS=--full`` for the sizes that the goals are stated for (20 and
50 million events): an hour and 40 GB of disk. Otherwise everything is a tenth of
that.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import banks
import coshare
import event_log
import fetch
import graph
import hash_search
import hashing
import http_ingest
import lexicon
import lookback
import match
import policy
import search
import simulation
from machine import describe

DATA = Path(__file__).parent / ".data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes of the goals")
    parser.add_argument("--write", type=Path, help="write the table to this file too")
    parser.add_argument("--keep", action="store_true", help="keep the logs that were made")
    arguments = parser.parse_args()
    scale = 1 if arguments.full else 10
    lines = ["# Benchmarks", "", *(f"- {line}" for line in describe())]
    lines.append(f"- measured on {time.strftime('%Y-%m-%d', time.gmtime())} by `benchmarks/run.py`")
    lines.append(f"- an event is {event_log.json_bytes():.0f} bytes as JSON, sixteen fields")
    small, large = 20_000_000 // scale, 50_000_000 // scale

    def section(title: str, goal: str, figures: dict[str, Any]) -> None:
        rows = [f"| {name} | {_figure(value)} |" for name, value in figures.items()]
        part = ["", f"## {title}", "", goal, "", "| figure | value |", "|---|---|", *rows]
        print("\n".join(part), flush=True)
        lines.extend(part)

    print("\n".join(lines), flush=True)
    section(
        "HTTP, batches of 500, durable",
        "Goal: 50,000 events/s on two cores, the client included.",
        http_ingest.run(2_000_000 // scale),
    )
    section(
        "Durable appends of 500, one after the other",
        "Beside SQLite with a row an event, interleaved.",
        event_log.appends(DATA / "appends"),
    )
    files = event_log.make_files(DATA / "files", large)
    half = files[: max(1, small // event_log.FILE_ROWS)]
    section(
        f"`leeward ingest` of Parquet, {small:,} events",
        "Goal: 150,000 events/s; 130 bytes an event or less, with text and indexes. "
        "Segments are merged within that time.",
        event_log.ingest(DATA / "small", half),
    )
    section(
        f"Look-ups at {small:,} events",
        "Goal: the last 50 events of an account in 5 ms (median).",
        event_log.look_ups(DATA / "small"),
    )
    shutil.rmtree(DATA / "small")
    section(
        f"`leeward ingest` of Parquet, {large:,} events",
        "The same, two and a half times as large: memory has to stay where it was.",
        event_log.ingest(DATA / "large", files),
    )
    section(
        f"All edges of {large:,} events",
        "Goal: streamed in under 30 s.",
        event_log.edges(DATA / "large"),
    )
    shutil.rmtree(DATA / "large")
    section(
        f"`leeward simulate`, {1_000_000 // scale:,} accounts",
        "Goal: a million accounts and 25 million events in 180 s and 4 GB.",
        simulation.run(1_000_000 // scale),
    )
    section(
        f"The interaction graph of {25_000_000 // scale:,} events",
        "Goal: built in 60 s and 4 GB.",
        graph.run(25_000_000 // scale, DATA / "graph"),
    )
    section(
        f"A search from ten seeds, {200_000 // scale:,} accounts",
        "Hiding each seed, all rankings, and the evidence of the first thousand among it.",
        search.run(200_000 // scale, DATA / "search"),
    )
    section(
        "Co-sharing within a minute",
        "Goal: the pairs of german_elections in under a second; beside DuckDB's self-join.",
        coshare.run(shares=5_000_000 // scale),
    )
    section(
        "Hashing of JPEG files",
        "Goal: 5 times the threatexchange library at 512 px, 13 times at 2000 px, per CPU-second.",
        hashing.run(200 // scale, DATA / "hashing"),
    )
    section(
        "Hashes that are equal to those of the reference",
        "Goal: all of them.",
        hashing.conformance(20_000 // scale),
    )
    section(
        "What a picture's hash survives",
        "The share of pictures within 31 bits after a change.",
        hashing.robustness(1_000 // scale),
    )
    section(
        f"Exact search of {10_000_000 // scale:,} hashes within 31 bits",
        "Goal at 10 million, beside the threatexchange library: 15 times its look-ups per "
        "CPU-second, a fifth of its memory, a tenth of its build time, the same results.",
        hash_search.run(10_000_000 // scale, DATA / "hash-search"),
    )
    section(
        f"A hash bank of {1_000_000 // scale:,} entries",
        "Import of a CSV file, the same again, and reading it for an index; on SQLite.",
        banks.run(1_000_000 // scale),
    )
    section(
        f"`POST /v1/match` with {10_000_000 // scale:,} entries",
        "Goal: p99 under 10 ms for a hash, at 200 requests a second; under 100 ms for an upload of "
        "4 megapixels; an entry that is added or withdrawn shows within a second.",
        match.run(10_000_000 // scale),
    )
    looked = lookback.run(1_000_000 // scale)
    section(
        f"Looking back at {1_000_000 // scale:,} media",
        "The map of all media, an index of their hashes, and entries that are added later.",
        {name: value for name, value in looked.items() if not isinstance(value, dict)}
        | {
            f"{step}: {name}": value
            for step, figures in looked.items()
            if isinstance(figures, dict)
            for name, value in figures.items()
        },
    )
    section(
        "Fetching media without a hash",
        "From a server on this machine, 174 kB a picture, beside what ingest takes meanwhile.",
        fetch.run(2_000 // scale),
    )
    section(
        f"Fifty rules: {200_000:,} events in Python, {10_000_000 // scale:,} rows in SQL",
        "Goal: 150,000 events per CPU-second, beside CEL on the same rules; 10 million rows within "
        "a minute.",
        policy.run(200_000, 10_000_000 // scale, DATA / "policy"),
    )
    section(
        "A lexicon of 100,000 terms",
        "Goal per CPU-second: 300,000 short messages in the plain view, 50,000 in both.",
        lexicon.run(100_000, 100_000),
    )
    if not arguments.keep:
        shutil.rmtree(DATA)
    if arguments.write:
        arguments.write.write_text("\n".join(lines) + "\n")


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else json.dumps(value)


if __name__ == "__main__":
    main()
