"""``leeward policy explain``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - click calls the function with one
from typing import TYPE_CHECKING

import click
import msgspec

from leeward.cli._options import answered, data_option

if TYPE_CHECKING:
    from leeward.cli._options import Answer

__all__ = ["explain"]


@click.command(epilog="Example: leeward policy explain https://harbour.example/@boat --data data")
@click.argument("subject")
@data_option
@click.option(
    "--last",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="So many verdicts, the newest first.",
)
@answered
def explain(subject: str, data: Path, last: int, answer: Answer) -> None:
    """Say why there are verdicts on SUBJECT, the newest first.

    SUBJECT is the URI of an account, post, media item or community, a hashtag without `#`, or
    POLICY/RULE for the days on which a rule's quota was used up. Each verdict is told with its
    rule as it was written then, what carried it, and the findings behind it.
    """
    from leeward.cli._policy_words import explained_lines
    from leeward.pipeline import explain_subject
    from leeward.store import Log

    with Log(data) as log:
        found = explain_subject(log, data, subject, last)
    if answer.as_json:
        for one in found:
            click.echo(msgspec.json.encode(one).decode())
        return
    if not found:
        click.echo("there is no verdict on this subject")
    for one in found:
        click.echo("\n".join([*explained_lines(one), ""]))
