"""``leeward bank lookback``: all media in the log against all banks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - click calls the function with one
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import answered, data_option, progress_line, tables_of

if TYPE_CHECKING:
    from leeward.cli._options import Answer

__all__ = ["lookback"]


@click.command(epilog="Example: leeward bank lookback --data data")
@data_option
@answered
def lookback(data: Path, answer: Answer) -> None:
    """Find media that were seen before and match the banks as they are now.

    It reads the media that came into the log since the last time, puts copies of one picture
    together, and compares: what is new in the log with all banks, and what is new in the banks
    with all that was seen. What it finds are Findings of the signals bank-match, verified-match and
    protected-match. Killed, it goes on where it was. A running server does this by itself.
    """
    from leeward.pipeline import LookBack
    from leeward.store import Writer

    def note(text: str) -> None:
        click.echo(f"note: {text}", err=True)

    with (
        tables_of(data) as tables,
        Writer.open(data) as writer,
        LookBack(writer, tables, data, note) as looking,
        progress_line(quiet=answer.as_json) as say,
    ):
        while looking.step():
            done = looking.done
            say(f"{done.media:,} media read, {done.events + done.again:,} events compared")
        done = looking.done
        pictures = len(looking.map)
    body: dict[str, Any] = {**asdict(done), "hashes": pictures}
    answer.one(
        body,
        [
            f"{done.media:>12,}  media read; {pictures:,} different PDQ hashes were ever seen",
            f"{done.events:>12,}  events with media compared as they came",
            f"{done.entries:>12,}  entries of banks that changed, compared with all of these",
            f"{done.again:>12,}  events compared again for that",
            f"{done.hits:>12,}  events with a match",
            f"{done.abstained:>12,}  abstained: something could not be compared",
            f"{done.misses:>12,}  without one now, which had one or had abstained",
        ],
    )
