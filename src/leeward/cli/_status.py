"""``leeward status``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from leeward.cli._bank_floods import flood_line, flood_row
from leeward.cli._media_fetch import standing_lines
from leeward.cli._options import (
    Answer,
    answered,
    bytes_text,
    counted,
    data_option,
    stamp,
    tables_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import InForce, Settings
    from leeward.pipeline import ExchangeStanding, FetchStanding, ScoringStanding
    from leeward.store import LogStatus
    from leeward.store.tables import Flood

__all__ = ["status"]

_NEARLY = 0.8


@click.command(epilog="Example: leeward status --data data")
@data_option
@answered
def status(data: Path, answer: Answer) -> None:
    """Show what is in force: sizes, rates, quarantine, banks that flood, settings.

    Lines that begin with ALERT need a person.
    """
    from leeward.model import in_force
    from leeward.store import read_settings

    given = read_settings(data)
    settings = in_force(given)
    found, scoring = _log(data, given)
    banks = _banks(data, given)
    alerts = [] if found is None else _alerts(found)
    alerts += [_alert(each) for each in banks.exchanges if each.stale]
    alerts += [flood_line(flood) for flood in banks.floods]
    if banks.problem is not None:
        alerts.append(f"the tables cannot be read: {banks.problem}")
    body = _body(found, settings, alerts)
    body["exchanges"] = [
        each._asdict() | {"completed_at": stamp(each.completed_at)} for each in banks.exchanges
    ]
    body["floods"] = [flood_row(flood) for flood in banks.floods]
    body["banks"] = banks.names
    body["fetching"] = None if banks.fetching is None else banks.fetching._asdict()
    if scoring is not None:
        alerts += [f"scoring: {words}" for words in scoring.broken.values()]
        body["scoring"] = scoring._asdict() | {"since": stamp(scoring.since)}
    answer.one(body, _lines(found, settings, alerts, banks, scoring))


class _Banks(NamedTuple):
    """What the tables say.

    Attributes:
        names: The names of all banks.
        exchanges: How old is what came from each exchange.
        floods: What floods, and waits for a person.
        problem: Why the tables could not be read; None where they could.
        fetching: How fetching of media stands; None where no origin is listed.
    """

    names: list[str]
    exchanges: list[ExchangeStanding]
    floods: list[Flood]
    problem: str | None = None
    fetching: FetchStanding | None = None


def _log(data: Path, settings: Settings) -> tuple[LogStatus | None, ScoringStanding | None]:
    """The log in figures, and scoring; nothing where the folder has banks only."""
    from leeward.errors import NotALog
    from leeward.pipeline import scoring_state
    from leeward.store import Log

    try:
        with Log(data) as log:
            return log.status(), scoring_state(log, data)
    except NotALog:
        if not _has_tables(data, settings):
            raise
        return None, None


def _has_tables(data: Path, settings: Settings) -> bool:
    """Whether there are tables already: a look at a folder must not make any."""
    from leeward.store.tables import database_url

    url = database_url(settings.tables, data, os.environ)
    return url.get_backend_name() != "sqlite" or os.path.lexists(str(url.database))


def _banks(data: Path, settings: Settings) -> _Banks:
    """What the tables say; the log's figures are shown even where they do not answer."""
    from leeward.errors import LeewardError
    from leeward.pipeline import exchange_standings, fetch_standing
    from leeward.store.tables import list_banks, list_floods

    try:
        if not _has_tables(data, settings):
            return _Banks([], [], [])
        with tables_of(data) as tables, tables.read() as connection:
            return _Banks(
                [bank.name for bank in list_banks(connection)],
                exchange_standings(connection, settings.exchanges),
                list_floods(connection),
                fetching=fetch_standing(connection) if settings.origins else None,
            )
    except LeewardError as error:
        return _Banks([], [], [], error.message)


def _alert(stale: ExchangeStanding) -> str:
    """What is wrong with the age of an exchange."""
    name, age = stale.exchange, stale.age
    if age is None:
        problem = f"the exchange {name} has never been read to its end"
    elif age > stale.allowed:
        problem = f"the exchange {name} was last read to its end {_span(age)} ago"
    else:
        problem = f"the exchange {name} was last read in the future, by a wrong clock"
    return f"{problem}; see `leeward bank sync`"


def _span(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _alerts(found: LogStatus) -> list[str]:
    waiting = found.quarantine
    alerts = []
    if waiting.waiting:
        items = counted(waiting.waiting, "item")
        alerts.append(f"{items} in quarantine; see `leeward quarantine list`")
    if waiting.bytes > _NEARLY * waiting.bound:
        alerts.append("the quarantine is nearly full; beyond its bound bad input is turned away")
    return alerts


def _body(found: LogStatus | None, settings: list[InForce], alerts: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {"log": found is not None}
    body |= {} if found is None else _log_body(found)
    body["settings"] = [line._asdict() for line in settings]
    body["alerts"] = alerts
    return body


def _log_body(found: LogStatus) -> dict[str, Any]:
    body = found._asdict()
    body["quarantine"] = found.quarantine._asdict() | {
        "reasons": [
            {"field": field, "reason": reason, "items": count}
            for (field, reason), count in found.quarantine.reasons.items()
        ]
    }
    return body


def _lines(
    found: LogStatus | None,
    settings: list[InForce],
    alerts: list[str],
    banks: _Banks,
    scoring: ScoringStanding | None,
) -> list[str]:
    lines = [f"ALERT {alert}" for alert in alerts]
    lines += ["events      there is no event log here"] if found is None else _log_lines(found)
    if scoring is not None:
        lines.append(_scoring_line(scoring))
    if banks.names:
        lines.append(f"banks       {', '.join(banks.names)}")
    for one in banks.exchanges:
        when = stamp(one.completed_at) or "never"
        lines.append(f"exchange    {one.exchange} into {one.bank}, last read to its end: {when}")
    if banks.fetching is not None:
        lines.append(f"fetching    media of the log are looked for up to {banks.fetching.seq:,}")
        lines += standing_lines(banks.fetching)
    lines.append("settings")
    for line in settings:
        value = "not set" if line.value is None else line.value
        lines.append(f"  {line.key} = {value}" + ("  (file)" if line.origin == "file" else ""))
    return lines


def _scoring_line(scoring: ScoringStanding) -> str:
    line = f"scoring     up to {scoring.through:,}, {counted(scoring.behind, 'event')} behind"
    if scoring.since is not None:
        line += f"; the first of them came at {stamp(scoring.since)}"
    if scoring.replay:
        line += f"; a replay is at {scoring.replayed:,} of {scoring.replay:,}"
    return line


def _log_lines(found: LogStatus) -> list[str]:
    each = found.sealed_bytes / max(found.events - found.hot, 1)
    waiting = found.quarantine
    rates = ", ".join(
        f"{rate:,.1f} over the last {span}" for span, rate in found.per_second.items()
    )
    return [
        f"events      {found.events:,} (last place {found.last_seq:,})",
        f"hot         {found.hot:,} in {bytes_text(found.hot_bytes)}",
        (
            f"sealed      {found.events - found.hot:,} in {found.segments} segments, "
            f"{bytes_text(found.sealed_bytes)} ({each:.0f} bytes an event)"
        ),
        (
            f"since made  {found.accepted:,} accepted, {found.repeated:,} repeated, "
            f"{found.quarantined:,} quarantined"
        ),
        f"rate        {rates} (events/s)",
        (
            f"quarantine  {waiting.waiting:,} items, {bytes_text(waiting.bytes)} of "
            f"{bytes_text(waiting.bound)}"
        ),
    ]
