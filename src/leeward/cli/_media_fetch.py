"""``leeward media fetch``: media that arrived without a hash."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - click calls the function with one
from typing import TYPE_CHECKING, Any, Final

import click

from leeward.cli._options import (
    Answer,
    answered,
    as_person,
    counted,
    data_option,
    progress_line,
    tables_of,
)

if TYPE_CHECKING:
    from leeward.connectors import Origins
    from leeward.model import Settings
    from leeward.pipeline import FetchPlan, FetchStanding
    from leeward.store.tables import Tables

__all__ = ["REASONS", "fetch", "standing_lines"]

REASONS: Final = {
    "address_refused": "the name has an address that is neither public nor listed",
    "broken": "what came was cut short or no HTTP",
    "busy": "the origin was out of order or too busy",
    "encoded": "the file came packed in a way that was not asked for",
    "fault": "Leeward itself failed with it; the server's log says where",
    "gone": "the file is not there (404, 410)",
    "no_address": "the handle is no address of the web",
    "no_looks": "it is no picture that could be decoded; its digests are known",
    "not_listed": "no listed origin covers it",
    "old": "the event was received too long ago",
    "redirected_out": "it redirects to where nothing is listed",
    "refused": "the origin refuses it (403 and the like)",
    "timeout": "it took too long",
    "too_large": "the file is too large",
    "too_many_redirects": "it redirects too often",
    "unknown_name": "the name is not known",
    "unreachable": "the origin could not be reached",
    "untrusted": "the origin's certificate is not trusted",
}
"""Reason to what it means."""

_SHOWN: Final = 50


@click.command(epilog="Example: leeward media fetch --dry-run --data data")
@data_option
@click.option("--dry-run", is_flag=True, help="Fetch nothing; say what is listed and what is not.")
@click.option(
    "--again",
    type=click.Choice(sorted(REASONS.keys() - {"no_address", "old"})),
    help="Also try again what was given up for this reason.",
)
@as_person
@answered
def fetch(data: Path, dry_run: bool, again: str | None, by: str, answer: Answer) -> None:
    """Fetch media that arrived without a hash, hash them, and forget them.

    Only media that events of this log name are fetched, and only from the origins of the settings;
    the bytes are never stored. It ends when nothing is due. A running server does this by itself.
    """
    from leeward.connectors import open_origins
    from leeward.store import read_settings

    settings = read_settings(data)
    origins = open_origins(settings.origins)
    with tables_of(data) as tables:
        if dry_run:
            _plan(data, tables, settings, origins, answer)
        else:
            _fetch(data, tables, settings, origins, again, by, answer)


def _plan(data: Path, tables: Tables, settings: Settings, origins: Origins, answer: Answer) -> None:
    from leeward.pipeline import fetch_plan
    from leeward.store import Log

    with Log(data) as log:
        plan = fetch_plan(log, tables, origins, settings.fetch)
    answer.one(plan._asdict(), _plan_lines(plan))


def _plan_lines(plan: FetchPlan) -> list[str]:
    lines = [
        f"{counted(count, 'media item')} of {name} would be fetched"
        for name, count in plan.listed.items()
    ]
    for place, count in list(plan.not_listed.items())[:_SHOWN]:
        lines.append(f"{counted(count, 'media item')} of {place}: not listed")
    rest = list(plan.not_listed.values())[_SHOWN:]
    if rest:
        lines.append(f"{counted(sum(rest), 'media item')} of {len(rest):,} others: not listed")
    if plan.no_address:
        lines.append(f"{counted(plan.no_address, 'media item')}: {REASONS['no_address']}")
    return lines or ["every media item has a hash or an outcome"]


def _fetch(
    data: Path,
    tables: Tables,
    settings: Settings,
    origins: Origins,
    again: str | None,
    by: str,
    answer: Answer,
) -> None:
    from leeward.errors import SettingsError
    from leeward.pipeline import fetch_media, fetch_standing

    if not len(origins):
        raise SettingsError(
            "the settings list no origin, so nothing is fetched",
            where="leeward.toml, origins",
            hint="see `leeward media fetch --dry-run`, and add a table [origins.NAME] with its url",
        )
    body: dict[str, Any] = {}
    if again is not None:
        body["asked_again"] = _ask_again(tables, origins, again, by)
    with progress_line(quiet=answer.as_json) as say:
        body["fetched"] = fetch_media(
            data,
            tables,
            settings,
            origins,
            drain=True,
            progress=lambda done: say(f"{counted(done, 'media item')} done"),
        )
    with tables.read() as connection:
        standing = fetch_standing(connection)
    body |= standing._asdict()
    done = f"{counted(body['fetched'], 'media item')} came to an outcome"
    answer.one(body, [done, *standing_lines(standing)])


def _ask_again(tables: Tables, origins: Origins, reason: str, by: str) -> int:
    from leeward.connectors import place_of
    from leeward.store.tables import ask_fetch_again

    def origin_of(uri: str) -> str | None:
        place = place_of(uri)
        origin = None if place is None else origins.find(place)
        return None if origin is None else origin.name

    with tables.begin() as connection:
        return ask_fetch_again(connection, reason, origin_of, by)


def standing_lines(standing: FetchStanding) -> list[str]:
    """How fetching stands, for people."""
    lines = [f"{standing.hashed:>12,}  media fetched and hashed"]
    for reason, count in sorted(standing.abstained.items()):
        lines.append(f"{count:>12,}  abstained: {REASONS.get(reason, reason)}")
    for name, count in sorted(standing.waiting.items()):
        lines.append(f"{count:>12,}  wait for {name}")
    for reason, count in sorted(standing.passed_over.items()):
        lines.append(f"{count:>12,}  times passed over: {REASONS.get(reason, reason)}")
    return lines
