"""``leeward backup`` and ``leeward restore``."""

from __future__ import annotations

from pathlib import Path

import click

from leeward.cli._options import Answer, answered, bytes_text, data_option

__all__ = ["backup", "restore"]


@click.command(epilog="Example: leeward backup --data data /mnt/backup/leeward")
@click.argument("folder", type=click.Path(path_type=Path))
@data_option
@click.option("--verify", is_flag=True, help="Compare what was copied before with its checksums.")
@answered
def backup(folder: Path, data: Path, verify: bool, answer: Answer) -> None:
    """Copy the log, the tables and the settings into FOLDER, while the log is in use.

    A later run into the same folder copies only what is new, and removes what was erased.
    """
    from leeward.store import backup as run

    done = run(data, folder, verify=verify)
    answer.one(
        done._asdict(),
        [
            (
                f"{done.events:,} events are backed up: {done.copied} files copied "
                f"({bytes_text(done.copied_bytes)}), {done.kept} kept, {done.removed} removed"
            )
        ],
    )


@click.command(epilog="Example: leeward restore /mnt/backup/leeward --data data-restored")
@click.argument("folder", type=click.Path(path_type=Path))
@data_option
@answered
def restore(folder: Path, data: Path, answer: Answer) -> None:
    """Bring a backup back into a new data folder. Every file is checked before it is used."""
    from leeward.store import restore as run

    done = run(folder, data)
    size = bytes_text(done.bytes)
    answer.one(done._asdict(), [f"{done.events:,} events are restored: {done.files} files, {size}"])
