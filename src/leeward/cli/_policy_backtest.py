"""``leeward policy backtest``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leeward.cli._options import answered, data_option, progress_line, tables_of
from leeward.cli._policy_input import (
    days_option,
    files_or_in_force,
    log_folder,
    page_option,
    read,
    schema_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.cli._options import Answer
    from leeward.policy import Policy, Schema

__all__ = ["backtest"]

_IN_FORCE = "in-force"


@click.command(epilog="Example: leeward policy backtest harbour.yaml --data data --days 30")
@files_or_in_force
@data_option
@days_option
@click.option(
    "--against",
    metavar="FILE|in-force",
    help="Another version to compare with: a file, or the policies in force.",
)
@click.option(
    "--sample",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="Events of each rule to look at.",
)
@page_option
@answered
def backtest(
    files: tuple[Path, ...],
    data: Path,
    days: int | None,
    against: str | None,
    sample: int,
    page: Path | None,
    answer: Answer,
) -> None:
    """Say what policies would have done in the past, and change nothing.

    It reads the log and the findings that are stored: how many each rule hits and on which days,
    whom newly and whom no longer against another version, what people decided of those whom it
    hits, and what the quotas would have cut. Without FILE the policies in force are tested.
    """
    from leeward.cli._policy_words import backtest_lines
    from leeward.pipeline import backtest as run
    from leeward.pipeline import looks_in_force
    from leeward.store import Log, read_settings
    from leeward.store.tables import list_labels

    schema = schema_of(None, log_folder(data))
    policies = read(files, None, data, schema)
    others = _others(against, data, schema)
    with Log(data) as log, progress_line(quiet=answer.as_json) as say:
        with tables_of(data) as tables, tables.read() as connection:
            looks = looks_in_force(log, data, read_settings(data), connection)
            labels = [row.label for row in list_labels(connection)]
        found = run(
            log,
            policies,
            looks,
            days=days,
            against=others,
            labels=labels,
            sample=sample,
            say=lambda events: say(f"{events:,} events"),
        )
    if page is not None:
        from leeward.console import write_backtest_page

        write_backtest_page(page, found)
    answer.one(found, backtest_lines(found))


def _others(against: str | None, data: Path, schema: Schema) -> Sequence[Policy]:
    from leeward.errors import UsageError
    from leeward.pipeline import policies_in_force

    if against is None:
        return ()
    if against == _IN_FORCE:
        return [one for one in policies_in_force(data, schema) if not one.shadow]
    if not Path(against).is_file():
        raise UsageError(
            "there is no such file", where=against, hint=f"name a policy, or `{_IN_FORCE}`"
        )
    return read([Path(against)], None, data, schema)
