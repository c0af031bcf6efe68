"""``leeward ingest``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leeward.cli._options import Answer, Unfinished, answered, data_option

if TYPE_CHECKING:
    from leeward.pipeline import Summary

__all__ = ["ingest"]

_EVERY_SECONDS = 10.0
"""How often progress is told where stderr is a file or another program."""


@click.command(epilog="Example: leeward ingest events.jsonl.zst --data data")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@data_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["leeward", "jetstream", "table"]),
    help="What the files hold; found by their content by default.",
)
@click.option(
    "--map",
    "map_",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What the columns of a table are (TOML).",
)
@answered
def ingest(
    paths: tuple[str, ...], data: Path, form: str | None, map_: Path | None, answer: Answer
) -> None:
    """Put files into the event log.

    PATH is a file, a folder, or - for standard input. Leeward's JSON lines and Parquet,
    Jetstream's JSON lines and any table (CSV or Parquet, with --map) are read, plain or packed
    with gzip or zstd. What was ingested before is skipped, so an interrupted run is finished
    by the same command. What may not enter goes to quarantine and is counted.
    """
    from leeward.pipeline import ingest as run
    from leeward.store import Writer

    meter = _Meter(quiet=answer.as_json)
    try:
        with Writer.open(data) as writer:
            summary = run(paths, writer, format=form, map=map_, progress=meter.show)  # type: ignore[arg-type]
            meter.say("merging segments ...")
            writer.merge()
    except (Exception, KeyboardInterrupt) as error:
        if meter.summary is None:
            raise
        so_far = meter.summary
        lines = ["ended early; until then:", *_lines(so_far)]
        raise Unfinished(error, {"summary": so_far.to_dict()}, lines) from error
    finally:
        meter.done()
    answer.one(summary.to_dict(), _lines(summary))


class _Meter:
    """Follows the run on stderr: one line that changes at a terminal, else a line now and then."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._begun = self._said = time.monotonic()
        self.summary: Summary | None = None

    def show(self, summary: Summary) -> None:
        """Keep the counts, which are of what is stored, and show them."""
        self.summary = summary
        rate = summary.records / max(time.monotonic() - self._begun, 1e-3)
        self.say(f"{summary.records:,} records, {summary.accepted:,} accepted, {rate:,.0f}/s")

    def say(self, text: str) -> None:
        if self._quiet:
            return
        if self._terminal:
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)
        elif time.monotonic() - self._said >= _EVERY_SECONDS:
            self._said = time.monotonic()
            click.echo(text, err=True)

    def done(self) -> None:
        """Leave the terminal's line empty."""
        if self._terminal and not self._quiet:
            click.echo("\r\x1b[K", err=True, nl=False)


def _lines(summary: Summary) -> list[str]:
    lines = [f"{summary.records:>12,}  records in {summary.files} file(s)"]
    names = ("accepted", "repeated", "merged", "skipped")
    words = {"merged": "merged into an event with other rows", "skipped": "ingested before"}
    for name in names:
        count = getattr(summary, name)
        if count or name == "accepted":
            lines.append(f"{count:>12,}  {words.get(name, name)}")
    for name in ("ignored", "quarantined"):
        for reason, count in getattr(summary, name).most_common():
            lines.append(f"{count:>12,}  {name}: {reason}")
    for remark, count in summary.noted.most_common():
        lines.append(f"{'':>12}  note: {remark} ({count:,} times)")
    if summary.quarantined:
        lines.append("next: see `leeward quarantine list`")
    return lines
