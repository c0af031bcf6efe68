"""``leeward quarantine``."""

from __future__ import annotations

from pathlib import Path

import click

from leeward.cli._options import Answer, answered, as_person, data_option, stamp, tables_of

__all__ = ["quarantine"]


@click.group()
def quarantine() -> None:
    """Deal with input that may not enter the log.

    It is kept with its bytes: an event that can be made to vanish would be a hiding place.
    """


@quarantine.command("list", epilog="Example: leeward quarantine list --data data")
@data_option
@click.option("--after", default=0, help="Only items with a number above this one.")
@click.option("--most", default=100, type=click.IntRange(1), help="How many at the most.")
@answered
def list_(data: Path, after: int, most: int, answer: Answer) -> None:
    """List what waits: where it came from, which field, why. Never its bytes."""
    from itertools import islice

    from leeward.store import Log

    with Log(data) as log:
        rows = [
            {
                "id": item.id,
                "at": stamp(item.at),
                "format": item.format,
                "origin": item.origin,
                "line": item.line,
                "field": item.field,
                "reason": item.reason,
                "bytes": len(item.raw),
            }
            for item in islice(log.quarantine(after), most)
        ]
    head = {name: name for name in ("id", "at", "format", "origin", "line", "bytes", "field")}
    answer.rows(rows, {**head, "reason": "reason"}, "nothing waits in quarantine")


@quarantine.command(epilog="Example: leeward quarantine replay --data data")
@data_option
@click.option(
    "--map",
    "map_",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The table map that the items came with, mended.",
)
@as_person
@answered
def replay(data: Path, map_: Path | None, by: str, answer: Answer) -> None:
    """Decode everything that waits again, after a fix; what may enter now does.

    What still may not enter stays where it is, and so do rows of tables without --map.
    """
    from leeward.pipeline import replay_quarantine
    from leeward.store import Log, Writer
    from leeward.store.tables import record

    with Writer.open(data) as writer, Log(data) as log, tables_of(data) as tables:
        done = replay_quarantine(writer, log, map_)
        with tables.begin() as connection:
            record(connection, by, "quarantine.replay", "quarantine", done._asdict())
    lines = [
        f"{done.replayed:>12,}  entered the log",
        f"{done.repeated:>12,}  were in the log already",
        f"{done.ignored:>12,}  are no events here",
        f"{done.waiting:>12,}  still wait",
    ]
    if done.unmapped:
        lines.append(
            f"next: give the map of {done.unmapped:,} of them, rows of a table, with --map"
        )
    answer.one(done._asdict(), lines)


@quarantine.command(
    epilog="Example: leeward quarantine discard 17 18 --reason 'test data' --data data"
)
@click.argument("ids", nargs=-1, required=True, type=int, metavar="ID...")
@data_option
@click.option("--reason", required=True, help="Why; it goes into the audit chain.")
@as_person
@answered
def discard(ids: tuple[int, ...], data: Path, reason: str, by: str, answer: Answer) -> None:
    """Let go of items for good."""
    from leeward.store import Writer
    from leeward.store.tables import record

    with Writer.open(data) as writer, tables_of(data) as tables:
        with tables.begin() as connection:
            details = {"items": list(ids), "reason": reason}
            record(connection, by, "quarantine.discard", "quarantine", details)
        count = writer.release(ids)
    answer.one({"discarded": count}, [f"{count} discarded"])
