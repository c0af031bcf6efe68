"""``leeward seal``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leeward.cli._options import Answer, answered, data_option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["seal"]


@click.command(epilog="Example: leeward seal --data data")
@data_option
@answered
def seal(data: Path, answer: Answer) -> None:
    """Turn hot rows into Parquet segments now, for other tools to read.

    The log does this by itself when the hot rows have become many.
    """
    from leeward.store import Log, Writer

    with Writer.open(data) as writer, Log(data) as log:
        writer.seal()
        found = log.status()
    answer.one(
        {"segments": found.segments, "bytes": found.sealed_bytes, "events": found.events},
        [f"{found.events:,} events in {found.segments} segments"],
    )
