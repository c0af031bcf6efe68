"""``leeward score``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, counted, data_option, progress_line

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.pipeline import ScoredSoFar

__all__ = ["score"]


@click.command(epilog="Example: leeward score --data data --again harbour-words")
@data_option
@click.option(
    "--again",
    "names",
    multiple=True,
    metavar="SIGNAL",
    help="A signal that looks at all events that its version has not looked at; more than one may"
    " be given. Policies do not judge those events again.",
)
@answered
def score(data: Path, names: tuple[str, ...], answer: Answer) -> None:
    """Let signals and policies look at the events of the log, as a server does by itself.

    What was begun and ended goes on where it was. The speed stands on stderr.
    """
    from leeward import pipeline
    from leeward.store import Writer, read_settings

    settings = read_settings(data)
    with Writer.open(data) as writer, progress_line(quiet=answer.as_json) as say:

        def tell(done: ScoredSoFar, upto: int) -> None:
            say(f"{done.through:,} of {upto:,}: {done.per_second:,.0f} events/s")

        given = (writer, data, settings)
        if names:
            every = {name: pipeline.score_again(*given, name, tell) for name in names}
        else:
            every = {"": pipeline.score(*given, tell)}
    for name, done in every.items():
        answer.one(_body(name, done), _lines(name, done))
        speed = f"{done.per_second:,.0f} events/s"
        click.echo(f"{name + ': ' if name else ''}{speed}", err=True)


def _body(name: str, done: ScoredSoFar) -> dict[str, Any]:
    return {
        "again": name or None,
        "events": done.events,
        "replayed": done.replayed,
        "findings": done.findings,
        "verdicts": done.verdicts,
        "through": done.through,
        "seconds": round(done.seconds, 3),
        "events_per_second": round(done.per_second, 1),
        "broken": done.broken,
    }


def _lines(name: str, done: ScoredSoFar) -> list[str]:
    lines = [f"ALERT {words}" for words in done.broken]
    head = f"{name}: " if name else ""
    lines.append(
        f"{head}{counted(done.events, 'event')} scored in {done.seconds:,.1f} s: "
        f"{counted(done.findings, 'new finding')}, {counted(done.verdicts, 'new verdict')}"
    )
    if done.replayed:
        lines.append(f"{counted(done.replayed, 'event')} gone through again for what signals know")
    return lines
