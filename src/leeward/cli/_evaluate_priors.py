"""``leeward evaluate priors``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from leeward.cli._evaluate_platforms import (
    accounts_option,
    made_in,
    platforms_folder,
    settings_of,
    structure_option,
    world_seed_option,
    worlds_option,
)
from leeward.cli._options import Answer, answered, progress_line

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.evaluate import Measured
    from leeward.simulate import Structure

__all__ = ["priors"]


@click.command(epilog="Example: leeward evaluate priors --accounts 20000 --structure trade")
@accounts_option
@structure_option
@world_seed_option
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Accounts that the search begins with.",
)
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Draws of seeds and findings.",
)
@click.option(
    "--plants",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="In so many of the draws false findings are planted, too.",
)
@click.option(
    "--pictures",
    nargs=2,
    type=float,
    default=(0.3, 0.0001),
    show_default=True,
    help="The share of tainted pictures, and of all others, that match a bank.",
)
@click.option(
    "--threads",
    nargs=2,
    type=float,
    default=(0.4, 0.01),
    show_default=True,
    help="The same of posts with replies whose thread is flagged.",
)
@click.option(
    "--tags",
    nargs=2,
    type=float,
    default=(0.4, 0.01),
    show_default=True,
    help="The same of hashtags that are found to have turned.",
)
@worlds_option
@answered
def priors(
    accounts: tuple[int, ...],
    structures: tuple[Structure, ...],
    worlds_seeds: tuple[int, ...],
    seeds: int,
    draws: int,
    plants: int,
    pictures: tuple[float, float],
    threads: tuple[float, float],
    tags: tuple[float, float],
    worlds: Path | None,
    answer: Answer,
) -> None:
    """Measure what findings add to discovery, and what false ones can do.

    Each platform is searched without findings, with findings that are right and wrong at the
    rates given, and once more with false ones planted on a community of fans and on three innocent
    people. Prints a table in Markdown, or with --json one object for each figure.
    """
    from leeward.evaluate import Rates, measure_priors, open_world, priors_table
    from leeward.network import search

    rates = Rates(
        pictures=pictures[0],
        pictures_false=pictures[1],
        threads=threads[0],
        threads_false=threads[1],
        tags=tags[0],
        tags_false=tags[1],
    )
    rows: list[Measured] = []
    with platforms_folder(worlds) as folder, progress_line(quiet=answer.as_json) as say:
        for setting in settings_of(accounts, structures, (), worlds_seeds):
            name = f"{setting.structure}-{setting.attack}-{setting.accounts}-{setting.world}"
            made_in(folder / name, setting, say)
            world = open_world(folder / name, oracle=False, progress=say)
            for row in measure_priors(
                world, setting, search, rates, seeds=seeds, draws=draws, plants=plants, progress=say
            ):
                rows.append(row)
                if answer.as_json:
                    click.echo(msgspec.json.encode({"measured": row}).decode())
    if not answer.as_json:
        click.echo(priors_table(rows))
