"""What is measured: a section of the page each, at the sizes of the goals or a tenth of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import backtest
import banks
import behaviour
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
import rare_text
import scoring
import search
import simulation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DATA", "SECTIONS", "Section"]

DATA: Final = Path(__file__).parent / ".data"


class Section(NamedTuple):
    """A part of the page.

    Attributes:
        name: By which a command asks for it.
        title: Its heading; ``{}`` stands for the size.
        size: What it is measured at in full.
        goal: What is wanted, and beside whom it is measured.
        measure: Gives the figures at a size.
    """

    name: str
    title: str
    size: int
    goal: str
    measure: Callable[[int], dict[str, Any]]


def _ingest(events: int) -> dict[str, Any]:
    files = event_log.make_files(DATA / "files", events)
    figures = event_log.ingest(DATA / "log", files)
    figures["look-ups"] = event_log.look_ups(DATA / "log")
    figures["all edges"] = event_log.edges(DATA / "log")
    shutil.rmtree(DATA / "log")
    return figures


SECTIONS: Final = (
    Section(
        "behaviour",
        "Templates and context over a simulated platform of {} events",
        1_000_000,
        "Goal: through all signals but an encoder, 30,000 events/s without text and 4,000 with.",
        behaviour.run,
    ),
    Section(
        "http-ingest",
        "HTTP, {} events in batches of 500, durable",
        2_000_000,
        "Goal: 50,000 events/s on two cores, the client included.",
        http_ingest.run,
    ),
    Section(
        "appends",
        "Durable appends of 500, one after the other",
        0,
        "Beside SQLite with a row an event, interleaved.",
        lambda _: event_log.appends(DATA / "appends"),
    ),
    Section(
        "ingest",
        "`leeward ingest` of Parquet, {} events",
        20_000_000,
        "Goal: 150,000 events/s; 130 bytes an event or less, with text and indexes, and segments "
        "merged within that time; the last 50 events of an account in 5 ms (median).",
        _ingest,
    ),
    Section(
        "ingest-large",
        "`leeward ingest` of Parquet, {} events",
        50_000_000,
        "The same, two and a half times as large: memory has to stay where it was. Goal: all edges "
        "streamed in under 30 s.",
        _ingest,
    ),
    Section(
        "simulate",
        "`leeward simulate`, {} accounts",
        1_000_000,
        "Goal: a million accounts and 25 million events in 180 s and 4 GB.",
        simulation.run,
    ),
    Section(
        "graph",
        "The interaction graph of {} events",
        25_000_000,
        "Goal: built in 30 s and 4 GB.",
        lambda size: graph.run(size, DATA / "graph"),
    ),
    Section(
        "search",
        "A search from ten seeds, {} accounts",
        1_000_000,
        "Hiding each seed, all rankings, and the evidence of the first thousand among it. Goal: 25 "
        "million events ranked in 90 s and 5 GB; 100,000 more taken in within 5 s.",
        lambda size: search.run(size, DATA / "search"),
    ),
    Section(
        "co-sharing",
        "Co-sharing within a minute, {} shares",
        5_000_000,
        "Goal: the pairs of german_elections in under a second; beside DuckDB's self-join.",
        lambda size: coshare.run(shares=size),
    ),
    Section(
        "hashing",
        "Hashing of {} JPEG files of each size",
        200,
        "Goal: 5 times the threatexchange library at 512 px, 13 times at 2000 px, per CPU-second.",
        lambda size: hashing.run(size, DATA / "hashing"),
    ),
    Section(
        "conformance",
        "{} hashes beside those of the reference",
        20_000,
        "Goal: all of them are equal.",
        hashing.conformance,
    ),
    Section(
        "robustness",
        "What the hash of a picture survives, {} pictures",
        1_000,
        "The share of pictures within 31 bits after a change.",
        hashing.robustness,
    ),
    Section(
        "hash-search",
        "Exact search of {} hashes within 31 bits",
        10_000_000,
        "Goal, beside the threatexchange library: 15 times its look-ups per CPU-second, a fifth of "
        "its memory, a tenth of its build time, the same results.",
        lambda size: hash_search.run(size, DATA / "hash-search"),
    ),
    Section(
        "hash-search-smaller",
        "Exact search of {} hashes within 31 bits",
        1_000_000,
        "The same at a tenth of the size.",
        lambda size: hash_search.run(size, DATA / "hash-search"),
    ),
    Section(
        "banks",
        "A hash bank of {} entries",
        1_000_000,
        "Import of a CSV file, the same again, and reading it for an index; on SQLite.",
        banks.run,
    ),
    Section(
        "match",
        "`POST /v1/match` with {} entries",
        10_000_000,
        "Goal: p99 under 10 ms for a hash, at 200 requests a second; under 100 ms for an upload of "
        "4 megapixels; an entry that is added or withdrawn shows within a second.",
        match.run,
    ),
    Section(
        "lookback",
        "Looking back at {} media",
        1_000_000,
        "The map of all media, an index of their hashes, and entries that are added later.",
        lookback.run,
    ),
    Section(
        "fetch",
        "Fetching {} media without a hash",
        2_000,
        "From a server on this machine, 174 kB a picture, beside what ingest takes meanwhile.",
        fetch.run,
    ),
    Section(
        "policy",
        "Fifty rules: 200,000 events in Python, {} rows in SQL",
        10_000_000,
        "Goal: 150,000 events per CPU-second, beside CEL on the same rules; 10 million rows within "
        "a minute.",
        lambda size: policy.run(200_000, size, DATA / "policy"),
    ),
    Section(
        "backtest",
        "Fifty rules over a log of {} events",
        10_000_000,
        "Goal: within a minute on two cores, over stored findings of a hundredth of the events.",
        lambda size: backtest.run(size, DATA / "backtest"),
    ),
    Section(
        "lexicon",
        "A lexicon of {} terms",
        100_000,
        "Goal per CPU-second: 300,000 short messages in the plain view, 50,000 in both.",
        lambda size: lexicon.run(size, 100_000),
    ),
    Section(
        "rare-text",
        "Rare text: {} accounts ranked by what they write now and then",
        40_000,
        "Goal: 0.25 in average precision above Roblox Sentinel. Here alone, three draws; beside it "
        "with `benchmarks/rare_text.py --sentinel`.",
        lambda size: rare_text.run(3, size),
    ),
    Section(
        "scoring",
        "Scoring: 3,000 events a second over HTTP for {} seconds",
        60,
        "Goal: p99 within 500 ms from the acknowledgement to the finding, on two cores; per "
        "CPU-second 4,000 events with text and 30,000 without through all signals.",
        lambda size: scoring.run(size, DATA / "scoring"),
    ),
)
