"""``leeward retain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leeward.cli._options import Answer, answered, as_person, data_option, tables_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["retain"]


@click.command(epilog="Example: leeward retain --data data --apply")
@data_option
@click.option("--apply", "apply_", is_flag=True, help="Remove them. Without it, only count.")
@as_person
@answered
def retain(data: Path, apply_: bool, by: str, answer: Answer) -> None:
    """Remove events that are older than the settings keep their kind.

    `[retention]` in leeward.toml says how long, as in like = "90d". What a hold covers stays.
    A running server does this by itself, once an hour.
    """
    from leeward.pipeline import retain as run
    from leeward.store import Writer

    with Writer.open(data) as writer, tables_of(data) as tables:
        done = run(writer, tables, by, apply=apply_)
    verb = "removed" if apply_ else "would be removed (give --apply)"
    lines = [f"{count:>12,}  {kind} events {verb}" for kind, count in sorted(done.removed.items())]
    lines.append(f"{done.held:>12,}  past their time stay because of a hold")
    answer.one(done._asdict() | {"applied": apply_}, lines)
