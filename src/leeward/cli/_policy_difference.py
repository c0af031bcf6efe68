"""``leeward policy difference``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leeward.cli._options import answered, data_option
from leeward.cli._policy_input import days_option, log_folder, page_option, schema_of

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.cli._options import Answer

__all__ = ["difference"]


@click.command(epilog="Example: leeward policy difference --data data --page difference.html")
@data_option
@days_option
@click.option(
    "--sample",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="Subjects of each side to look at.",
)
@page_option
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
