"""A backtest: what policies would have said of the past, from the log and the stored findings.

One pass over the window: DuckDB reads the events as they stream out of the log, joins the findings
to them, decides all rules at once, and keeps the rows of which any rule says anything. All figures
come from those rows.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from leeward.errors import DependencyDown
from leeward.pipeline._backtest_figures import Figures
from leeward.pipeline._backtest_source import (
    DAY,
    Looks,
    Window,
    events_reader,
    findings_table,
    read_signals_of,
    slot,
    source,
)
from leeward.pipeline._backtest_types import Backtested, SignalLooked
from leeward.policy import SUBJECT_COLUMNS, compile_policies, subjects_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from leeward.model import Label
    from leeward.policy import Compiled, Policy
    from leeward.store import Log

__all__ = ["backtest"]

_MEMORY: Final = "3GB"
"""What DuckDB takes at most; beyond that it writes to a private folder that goes afterwards."""


def backtest(
    log: Log,
    policies: Sequence[Policy],
    looks: Mapping[str, Looks],
    *,
    days: int | None = None,
    against: Sequence[Policy] = (),
    labels: Sequence[Label] = (),
    sample: int = 3,
    say: Callable[[int], None] = lambda _: None,
    threads: int = 2,
) -> Backtested:
    """What policies would have said of the past.

    Args:
        log: The log.
        policies: Which; none of them is put in force.
        looks: By signal, which version's findings count and what it has looked at. An event
            inside without a finding is a miss; outside of it the signal has abstained.
        days: Only the last so many days, back from the newest event; all by default.
        against: What they are compared with: the policy of the same name, or where there is one
            on each side, that one.
        labels: What people decided, the oldest first.
        sample: Events to look at, for each rule and each kind of sample.
        say: Told how many events were read so far.
        threads: Processors that DuckDB may use.

    Raises:
        PolicyError: The rules read a field that the log does not have.
        DependencyDown: DuckDB is not installed.
    """
    compiled = _compiled(policies, against)
    signals = read_signals_of(compiled)
    looks = {signal.name: looks.get(signal.name, Looks()) for signal in signals}
    since = None if days is None else log.last_seen() - days * DAY
    window = Window()

    def count(batch: pa.RecordBatch) -> None:
        window.take(batch, looks)
        say(window.events)

    with _database(threads) as database:
        findings_table(database, log, signals, looks)
        table = source(signals, looks)
        database.register("events", events_reader(log, compiled, since, count))
        database.execute(_decide(compiled, table))
        database.unregister("events")
        figures = Figures(database, compiled, policies, against, labels, sample)
        if seqs := figures.wanted():
            database.register("events", events_reader(log, compiled, since, lambda _: None))
            rows = f"(SELECT * FROM {table} WHERE seq IN ({', '.join(map(str, seqs))}))"  # noqa: S608 - numbers
            figures.explain(database.execute(compiled.row_sql(rows)).fetchall())
            database.unregister("events")
        looked = tuple(_looked(signal.name, looks, window) for signal in signals)
        return Backtested(
            events=window.events,
            since=window.since,
            until=window.until,
            days=days,
            signals=looked,
            policies=figures.policies(),
            notes=tuple(_notes(looked, window, labels)),
        )


def _compiled(policies: Sequence[Policy], against: Sequence[Policy]) -> Compiled:
    """All of them at once: the same name may stand on both sides, and in shadow mode."""
    sides = (("new", policies), ("old", against))
    return compile_policies(
        [
            replace(policy, name=f"{side}:{number}", shadow=False)
            for side, some in sides
            for number, policy in enumerate(some)
        ]
    )


def _decide(compiled: Compiled, table: str) -> str:
    """The rows of which any rule says anything; for hits with whom they are about."""
    names = [f'"{placed.name}"' for placed in compiled.rules]
    outcomes = [f"{name} AS o{number}" for number, name in enumerate(names)]
    subjects = sorted({placed.rule.subject for placed in compiled.rules})
    hit = f"({' OR '.join(names)}) IS TRUE"
    whom, counts = [], []
    for one in subjects:
        found = subjects_sql(one, compiled.schema)
        many = f"CAST(len({found}) AS BIGINT)" if one in ("media", "tag") else "1::BIGINT"
        whom.append(f"CASE WHEN {hit} THEN {found} END AS s_{slot(one)}")
        counts.append(f"{many} AS n_{slot(one)}")
    of_signals = [f"{signal.name}.subject" for signal in read_signals_of(compiled)]
    decided = compiled.sql(table, ["seq", "seen", *SUBJECT_COLUMNS, *of_signals])
    shown = ", ".join(["seq", f"seen // {DAY} AS day", *outcomes, *whom, *counts])
    anything = " OR ".join(f"{name} IS DISTINCT FROM FALSE" for name in names)
    return f"CREATE TEMP TABLE decided AS SELECT {shown} FROM ({decided}) WHERE {anything}"  # noqa: S608 - our own names


@contextmanager
def _database(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory; what does not fit goes to a folder for the owner alone, and is removed."""
    try:
        import duckdb
    except ImportError:
        raise DependencyDown(
            "the package duckdb is not installed",
            hint="install it with `pip install duckdb`",
        ) from None
    with tempfile.TemporaryDirectory(prefix="leeward-backtest-") as folder:
        settings: dict[str, str | bool | int | float | list[str]]
        settings = {"threads": threads, "memory_limit": _MEMORY, "temp_directory": folder}
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET preserve_insertion_order = false")
            yield connection


def _looked(name: str, looks: Mapping[str, Looks], window: Window) -> SignalLooked:
    events = window.looked.get(name, 0)
    share = events / window.events if window.events else 0.0
    return SignalLooked(name, looks[name].version, events, share)


def _notes(
    looked: Sequence[SignalLooked], window: Window, labels: Sequence[Label]
) -> Iterator[str]:
    if not window.events:
        yield "The log has no events in this window, so nothing follows from these figures."
        return
    for one in looked:
        if one.events < window.events:
            missing = window.events - one.events
            yield (
                f"{one.signal} has not looked at {missing:,} of {window.events:,} events "
                f"({missing / window.events:.1%}). Where it has no finding of those, rules that "
                "read it abstain; that is no sign that they would not hit."
            )
    if labels:
        yield (
            "Labels come from what somebody looked at. Precision of labelled subjects says nothing "
            "about those that nobody has decided."
        )
    else:
        yield "Nobody has labelled anything, so hits cannot be compared with past decisions."
