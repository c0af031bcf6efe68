"""``leeward simulate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leeward.cli._options import Answer, answered, bytes_text, counted

if TYPE_CHECKING:
    from leeward.simulate import Attack, Format, Structure, Summary

__all__ = ["simulate"]


@click.command(epilog="Example: leeward simulate platform --accounts 5000 --ring 100 --seed 7")
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT")
@click.option("--accounts", type=int, required=True, help="How many accounts there are.")
@click.option("--ring", type=int, required=True, help="How many of them are in the ring.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another world.")
@click.option(
    "--structure",
    type=click.Choice(["shared-posts", "hashtags", "migrating", "trade", "adjacent", "links"]),
    default="shared-posts",
    show_default=True,
    help="How the ring is organised.",
)
@click.option(
    "--attack",
    type=click.Choice(["none", "flags", "follows", "flood", "fans"]),
    default="none",
    show_default=True,
    help="What the ring does to mislead those who look for it.",
)
@click.option("--events-per-account", type=float, default=25.0, show_default=True, help="The mean.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl"]),
    default="parquet",
    show_default=True,
    help="Of the events.",
)
@answered
def simulate(
    out: Path,
    accounts: int,
    ring: int,
    seed: int,
    structure: Structure,
    attack: Attack,
    events_per_account: float,
    form: Format,
    answer: Answer,
) -> None:
    """Make up a platform with a hidden ring.

    OUT is a new folder. It gets the events, as `leeward ingest` reads them, and the truth about
    them: truth.parquet says the role and the cell of each account, tainted.parquet what the ring
    made. Names and texts are made-up words; nothing in it is about a real person. Equal options
    give equal files.
    """
    from leeward.simulate import simulate as run

    terminal = sys.stderr.isatty() and not answer.as_json

    def show(events: int) -> None:
        if terminal:
            click.echo(f"\r\x1b[K{events:,} events", err=True, nl=False)

    try:
        summary = run(
            out,
            accounts=accounts,
            ring=ring,
            seed=seed,
            structure=structure,
            attack=attack,
            events_per_account=events_per_account,
            format=form,
            progress=show,
        )
    finally:
        if terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
    answer.one(summary, _lines(summary, out))


def _lines(summary: Summary, out: Path) -> list[str]:
    ring = sum(summary.roles[part] for part in ("producer", "distributor", "reposter", "silent"))
    nouns = {"media": "media item"}
    tainted = ", ".join(counted(n, nouns.get(kind, kind)) for kind, n in summary.tainted.items())
    return [
        f"{summary.events:,} events of {summary.accounts:,} accounts ({bytes_text(summary.bytes)})",
        (
            f"a ring of {ring:,} in {counted(summary.ring_cells, 'cell')}; "
            f"{summary.ordinary_share:.0%} of what they do is ordinary"
        ),
        f"tainted: {tainted}",
        *summary.files,
        f"next: leeward ingest {out / Path(summary.files[0]).name} --data data",
    ]
