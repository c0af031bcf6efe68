"""Figures for Prometheus. No label holds anything that came with an event or a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leeward.pipeline import FetchStanding, ScoringStanding, ScoringState
    from leeward.server._intake import Outcome
    from leeward.server._match import MatchDesk
    from leeward.server._state import Reading

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._events = Counter(
            "leeward_events",
            "Events that came in, by what became of them.",
            ["outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "leeward_http_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._matches = Counter(
            "leeward_match_queries",
            "Hashes and files that were matched with the hash banks, by the answer.",
            ["outcome"],
            registry=self._registry,
        )
        self._entries = self._gauge("match_entries", "PDQ entries of hash banks that match.")
        self._behind = self._gauge(
            "match_behind_seconds", "Since changes of hash banks were last read."
        )
        self._floods = self._gauge(
            "match_floods", "Floods of hash banks or their entries that wait for a person."
        )
        self._paused = self._gauge("match_paused_entries", "Entries of hash banks that are paused.")
        self._accepted = self._events.labels("accepted")
        self._repeated = self._events.labels("repeated")
        self._quarantined = self._events.labels("quarantined")
        self._refused = self._events.labels("refused")
        self._series: dict[tuple[str, int], Histogram] = {}
        self._queue = self._gauge("queue_events", "Events that wait to be committed.")
        self._in_flight = self._gauge("in_flight_bytes", "Bytes of requests in memory.")
        self._hot = self._gauge("hot_events", "Events that are not sealed yet.")
        self._segments = self._gauge("segments", "Sealed segments.")
        self._sealed = self._gauge("sealed_bytes", "Bytes of sealed segments.")
        self._items = self._gauge("quarantine_items", "Refused lines that wait for a person.")
        self._bytes = self._gauge("quarantine_bytes", "Their size.")
        self._last = self._gauge("last_seq", "Place of the newest event in the log.")
        self._free = self._gauge("disk_free_bytes", "Free space where the log lies.")
        self._age = self._by_exchange(
            "exchange_age_seconds", "Since a sync of the exchange was last completed."
        )
        self._stale = self._by_exchange(
            "exchange_stale", "1 where that is too long ago, or never was."
        )

        self._fetched = Gauge(
            "leeward_fetched_media",
            "Media that arrived without a hash, by what came of them. Abstained is not clear.",
            ["outcome", "reason"],
            registry=self._registry,
        )
        self._fetch_waiting = Gauge(
            "leeward_fetch_waiting_media",
            "Media that wait to be fetched.",
            ["origin"],
            registry=self._registry,
        )
        self._fetch_behind = self._gauge(
            "fetch_behind_events", "Events that were not yet looked at for media to be fetched."
        )

        self._scoring_behind = self._gauge(
            "scoring_behind_events", "Events that wait to be scored."
        )
        self._scoring_late = self._gauge(
            "scoring_behind_seconds", "How long the first of them has waited."
        )
        self._scored = Gauge(
            "leeward_scored",
            "What scoring has stored since the server began.",
            ["what"],
            registry=self._registry,
        )
        self._scoring_broken = self._gauge(
            "scoring_broken", "Lists, models and policies that cannot be used."
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"leeward_{name}", text, registry=self._registry)

    def _by_exchange(self, name: str, text: str) -> Gauge:
        return Gauge(f"leeward_{name}", text, ["exchange"], registry=self._registry)

    def took(self, outcome: Outcome) -> None:
        """Count what became of a body."""
        receipt = outcome.receipt
        self._accepted.inc(receipt.accepted)
        if receipt.repeated:
            self._repeated.inc(receipt.repeated)
        if receipt.quarantined:
            self._quarantined.inc(receipt.quarantined)

    def turned_away(self, lines: int) -> None:
        """Count bad lines that were handed back and not kept."""
        self._refused.inc(lines)

    def matched(self, outcomes: Iterable[str]) -> None:
        """Count what was answered to queries: ``matched``, ``unmatched`` or ``abstained``."""
        for outcome in outcomes:
            self._matches.labels(outcome).inc()

    def note_banks(self, desk: MatchDesk) -> None:
        """Note the state of the hash banks."""
        self._entries.set(desk.entries)
        self._behind.set(desk.behind)
        self._floods.set(desk.floods)
        self._paused.set(desk.paused)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer. ``route`` is one of the server's own, never a path as sent."""
        series = self._series.get((route, status))
        if series is None:
            series = self._series[route, status] = self._seconds.labels(route, str(status))
        series.observe(seconds)

    def text(self, reading: Reading, queued: int, in_flight: int) -> bytes:
        """All figures in Prometheus' text format."""
        log = reading.log
        for gauge, value in (
            (self._queue, queued),
            (self._in_flight, in_flight),
            (self._hot, log.hot),
            (self._segments, log.segments),
            (self._sealed, log.sealed_bytes),
            (self._items, log.quarantine.waiting),
            (self._bytes, log.quarantine.bytes),
            (self._last, log.last_seq),
            (self._free, reading.disk_free),
        ):
            gauge.set(value)
        self._age.clear()
        self._stale.clear()
        for each in reading.exchanges:  # their names come from the settings
            self._stale.labels(each.exchange).set(each.stale)
            if each.age is not None:
                self._age.labels(each.exchange).set(each.age)
        if reading.fetching is not None:
            self._note_fetching(reading.fetching, log.last_seq)
        if reading.scoring is not None:
            self._note_scoring(*reading.scoring)
        return generate_latest(self._registry)

    def _note_scoring(self, state: ScoringState, standing: ScoringStanding) -> None:
        self._scoring_behind.set(standing.behind)
        self._scoring_late.set(standing.seconds(time.time_ns() // 1_000))
        self._scoring_broken.set(len(state.broken))
        self._scored.labels("findings").set(state.findings)
        self._scored.labels("verdicts").set(state.verdicts)

    def _note_fetching(self, standing: FetchStanding, last_seq: int) -> None:
        self._fetch_behind.set(last_seq - standing.seq)
        self._fetch_waiting.clear()
        for origin, count in standing.waiting.items():  # their names come from the settings
            self._fetch_waiting.labels(origin).set(count)
        self._fetched.clear()
        self._fetched.labels("hashed", "").set(standing.hashed)
        for outcome in ("abstained", "passed_over"):
            for reason, count in getattr(standing, outcome).items():
                self._fetched.labels(outcome, reason).set(count)
