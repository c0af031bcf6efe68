"""``leeward status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, bytes_text, counted, data_option

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import InForce
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

    settings = in_force(read_settings(data))
    with Log(data) as log:
        found = log.status()
    alerts = _alerts(found)
    answer.one(_body(found, settings, alerts), _lines(found, settings, alerts))


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


def _lines(found: LogStatus, settings: list[InForce], alerts: list[str]) -> list[str]:
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
        "settings",
    ]
    for line in settings:
        value = "not set" if line.value is None else line.value
        lines.append(f"  {line.key} = {value}" + ("  (file)" if line.origin == "file" else ""))
    return lines
