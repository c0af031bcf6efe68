"""``leeward policy difference``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leeward.cli._options import answered, data_option
from leeward.cli._policy_input import log_folder, schema_of

if TYPE_CHECKING:
    from leeward.cli._options import Answer

__all__ = ["difference"]


@click.command(epilog="Example: leeward policy difference --data data --page difference.html")
@data_option
@click.option(
    "--days", type=click.IntRange(1, 36_500), help="Only the last so many days of the log."
)
@click.option(
    "--sample",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="Subjects of each side to look at.",
)
@click.option(
    "--page",
    metavar="OUT.html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a self-contained page, too; it names accounts, and only its owner can read it.",
)
@answered
def difference(
    data: Path, days: int | None, sample: int, page: Path | None, answer: Answer
) -> None:
    """Say what policies in shadow mode did otherwise than those in force.

    A policy with `shadow: true` judges beside the others and causes nothing. It is compared with
    the policy in force that has its name, or with all of them, over events that both have judged.
    """
    from leeward.cli._policy_words import difference_lines
    from leeward.pipeline import difference as compare
    from leeward.pipeline import policies_in_force
    from leeward.store import Log

    policies = policies_in_force(data, schema_of(None, log_folder(data)))
    with Log(data) as log:
        found = compare(log, policies, days=days, sample=sample)
    if page is not None:
        from leeward.console import write_difference_page

        write_difference_page(page, found)
    answer.one(found, difference_lines(found))
