"""``leeward media``: all copies of a picture."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - click calls the function with one
from typing import TYPE_CHECKING, Any, Final

import click

from leeward.cli._media_fetch import fetch
from leeward.cli._options import (
    answered,
    as_person,
    counted,
    data_option,
    shown,
    stamp,
    tables_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.cli._options import Answer
    from leeward.pipeline import Copies

__all__ = ["media"]

_NAMED: Final = 10


@click.group()
def media() -> None:
    """Look at the media map: which pictures are copies of each other; fetch what has no hash.

    The map is kept by a running server, and by `leeward bank lookback`. No command shows a hash
    value.
    """


media.add_command(fetch)


@media.command(epilog="Example: leeward media show https://example.social/media/1 --data data")
@click.argument("name", metavar="MEDIA")
@click.option(
    "--distance",
    type=click.IntRange(0, 64),
    help="Also pictures with a PDQ hash within so many bits of one of its own.",
)
@click.option(
    "--first",
    "most",
    type=click.IntRange(0, 10_000),
    default=10,
    show_default=True,
    help="How many of the events are named, the first ones first.",
)
@data_option
@answered
def show(name: str, distance: int | None, most: int, data: Path, answer: Answer) -> None:
    """Show all copies of a picture or video: how many, from whom, since when.

    MEDIA is a handle, cluster:NUMBER, or the 64 digits of a SHA-256 or PDQ hash; `-` reads it from
    stdin, which keeps a hash out of the list of processes and the shell's history.
    """
    from leeward.pipeline import copies_of
    from leeward.store import Log

    if name == "-":
        name = sys.stdin.readline().strip()
    with tables_of(data) as tables, Log(data) as log:
        found = copies_of(log, tables, data, name, distance=distance, most=most)
    answer.one(_body(found), _lines(found))


@media.command(epilog="Example: leeward media merge 17 40 --reason 'one is a scan' --data data")
@click.argument("one", type=click.IntRange(1))
@click.argument("other", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why they are one picture; it is audited.")
@data_option
@as_person
@answered
def merge(one: int, other: int, reason: str, data: Path, by: str, answer: Answer) -> None:
    """Say that two clusters are copies of one picture.

    The smaller number stays; the other one leads to it from then on.
    """
    from leeward.store.tables import merge_media

    with tables_of(data) as tables, tables.begin() as connection:
        stays = merge_media(connection, one, other, by, reason)
    answer.one({"cluster": stays}, [f"both are cluster {stays} from now on"])


def _body(found: Copies) -> dict[str, Any]:
    import msgspec

    body: dict[str, Any] = msgspec.to_builtins(found)
    return body


def _lines(found: Copies) -> Iterator[str]:
    yield "no cluster" if found.cluster is None else f"cluster {found.cluster}"
    if found.earlier:
        yield f"  {_numbers(found.earlier)} lead to it"
    if found.near:
        yield f"  as near as was asked for: {_numbers(found.near)}, counted below"
    yield (
        f"  {counted(found.events, 'event')} from {counted(found.accounts, 'account')}, "
        f"{counted(found.handles, 'handle')}; PDQ hashes: {found.hashes:,}"
    )
    if found.first_seen is not None:
        yield f"  first seen {stamp(found.first_seen)}, last {stamp(found.last_seen)}"
    for sighting in found.sightings:
        told = [stamp(sighting.seen), sighting.account, sighting.subject, sighting.media]
        yield "    " + "  ".join(shown(word) for word in told if word)
    rest = found.events - len(found.sightings)
    if rest:
        yield f"    and {rest:,} more"
    if found.unread:
        yield f"  ALERT  {counted(found.unread, 'event')} not read yet: `leeward bank lookback`"


def _numbers(clusters: tuple[int, ...]) -> str:
    named = ", ".join(map(str, clusters[:_NAMED]))
    return named + (f" and {len(clusters) - _NAMED:,} more" if len(clusters) > _NAMED else "")
