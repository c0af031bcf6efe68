"""``leeward status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

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
    from leeward.pipeline import ExchangeStanding
    from leeward.store import LogStatus

__all__ = ["status"]

_NEARLY = 0.8


@click.command(epilog="Example: leeward status --data data")
@data_option
@answered
def status(data: Path, answer: Answer) -> None:
    """Show what is in force: sizes, rates, quarantine, settings.

    Lines that begin with ALERT need a person.
    """
    from leeward.model import in_force
    from leeward.store import Log, read_settings

    given = read_settings(data)
    settings = in_force(given)
    with Log(data) as log:
        found = log.status()
    exchanges = _exchanges(data, given)
    alerts = _alerts(found) + [_alert(each) for each in exchanges if each.stale]
    body = _body(found, settings, alerts)
    body["exchanges"] = [
        each._asdict() | {"completed_at": stamp(each.completed_at)} for each in exchanges
    ]
    answer.one(body, _lines(found, settings, alerts, exchanges))


def _exchanges(data: Path, settings: Settings) -> list[ExchangeStanding]:
    """How old is what came from exchanges; the tables are opened only where there are some."""
    if not settings.exchanges:
        return []
    from leeward.pipeline import exchange_standings

    with tables_of(data) as tables, tables.read() as connection:
        return exchange_standings(connection, settings.exchanges)


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


def _body(found: LogStatus, settings: list[InForce], alerts: list[str]) -> dict[str, Any]:
    body = found._asdict()
    body["quarantine"] = found.quarantine._asdict() | {
        "reasons": [
            {"field": field, "reason": reason, "items": count}
            for (field, reason), count in found.quarantine.reasons.items()
        ]
    }
    body["settings"] = [line._asdict() for line in settings]
    body["alerts"] = alerts
    return body


def _lines(
    found: LogStatus,
    settings: list[InForce],
    alerts: list[str],
    exchanges: list[ExchangeStanding],
) -> list[str]:
    each = found.sealed_bytes / max(found.events - found.hot, 1)
    waiting = found.quarantine
    rates = ", ".join(
        f"{rate:,.1f} over the last {span}" for span, rate in found.per_second.items()
    )
    lines = [f"ALERT {alert}" for alert in alerts]
    lines += [
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
    for one in exchanges:
        when = stamp(one.completed_at) or "never"
        lines.append(f"exchange    {one.exchange} into {one.bank}, last read to its end: {when}")
    lines.append("settings")
    for line in settings:
        value = "not set" if line.value is None else line.value
        lines.append(f"  {line.key} = {value}" + ("  (file)" if line.origin == "file" else ""))
    return lines
