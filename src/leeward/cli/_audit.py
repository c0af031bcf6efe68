"""``leeward audit``."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from leeward.cli._options import Answer, answered, data_option, stamp, tables_of
from leeward.errors import Corrupt

__all__ = ["audit"]


@click.group()
def audit() -> None:
    """Read and verify the audit chain: who did what, when, and why."""


@audit.command("list", epilog="Example: leeward audit list --data data")
@data_option
@click.option("--after", default=0, help="Only entries with a number above this one.")
@answered
def list_(data: Path, after: int, answer: Answer) -> None:
    """List entries, oldest first, with their details as JSON."""
    from leeward.store.tables import audit_entries

    with tables_of(data) as tables, tables.read() as connection:
        rows = [
            {
                "seq": entry.seq,
                "at": stamp(entry.at),
                "actor": entry.actor,
                "verb": entry.verb,
                "subject": entry.subject,
                "details": entry.details,
            }
            for entry in audit_entries(connection, after=after)
        ]
    if not answer.as_json:
        for row in rows:
            details = row["details"]
            row["details"] = msgspec.json.encode(details).decode() if details else None
    head = {name: name for name in ("seq", "at", "actor", "verb", "subject", "details")}
    answer.rows(rows, head, "the audit chain is empty")


@audit.command(epilog="Example: leeward audit anchor /mnt/elsewhere/leeward.anchor --data data")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option
@answered
def anchor(file: Path, data: Path, answer: Answer) -> None:
    """Write the chain's head to FILE, to be kept elsewhere: it shows if the end is cut off."""
    from leeward.store.tables import head_of, write_anchor

    with tables_of(data) as tables, tables.read() as connection:
        head = head_of(connection)
    write_anchor(file, head)
    answer.one(head._asdict(), [f"entry {head.seq} is the head"])


@audit.command(epilog="Example: leeward audit verify --anchor leeward.anchor --data data")
@data_option
@click.option(
    "--anchor",
    "anchor_",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of `leeward audit anchor`.",
)
@answered
def verify(data: Path, anchor_: Path | None, answer: Answer) -> None:
    """Recompute every digest. A change, a gap or a new order ends the command with 1."""
    from leeward.store.tables import read_anchor, verify_audit

    expected = None if anchor_ is None else read_anchor(anchor_)
    with tables_of(data) as tables, tables.read() as connection:
        report = verify_audit(connection, expected)
    if not report.sound:
        fault = report.faults[0]
        raise Corrupt(
            f"the audit chain was tampered with: {fault.reason}",
            where=f"entry {fault.seq}",
            hint="keep the database as it is, and compare it with a backup",
        )
    answer.one(
        {"entries": report.entries, "sound": True}, [f"{report.entries:,} entries are sound"]
    )
