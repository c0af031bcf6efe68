"""``leeward signal scorecard``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leeward.cli._options import Answer, answered, counted, data_option, progress_line, tables_of

if TYPE_CHECKING:
    from leeward.signals import Scorecard, Tracked

__all__ = ["scorecard"]

_KINDS: Final = ("media", "thread", "account", "tag", "community")

_kind = click.argument("kind", type=click.Choice(_KINDS))


@click.group()
def scorecard() -> None:
    """Train the combined score of a kind of subject from people's labels, and look at one."""


@scorecard.command(epilog="Example: leeward signal scorecard train thread --out thread.json")
@_kind
@data_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The scorecard, a .json file. Only you may read it. `path` under [signals.KIND-context] "
    "of leeward.toml puts it in force, written as lying in the data folder.",
)
@click.option(
    "--prior",
    type=click.FloatRange(0, 0.5, min_open=True),
    help="The share of all such subjects that belong, from a random sample that people looked at. "
    "Without it the share is estimated, and taken as 2 of 100 at the most.",
)
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="What the line of the scorecard is to keep; it is refused where labels do not show it.",
)
@answered
def train(
    kind: Tracked, data: Path, out: Path, prior: float | None, precision: float, answer: Answer
) -> None:
    """Learn what each feature of KIND adds, from the labels of `leeward label`.

    The log is replayed, so that each labelled subject is learned from as it stood when people
    decided. Subjects without a label are not taken for innocent. With few labels the weights stay
    near those that were set by hand, and below 20 confirmed subjects nothing is trained.
    """
    from leeward.pipeline import train_context
    from leeward.store import Log, write_whole

    with tables_of(data) as tables, Log(data) as log, progress_line(quiet=answer.as_json) as say:
        card = train_context(
            log,
            tables,
            kind,
            prior=prior,
            precision=precision,
            progress=lambda events: say(f"reading the log: {events:,} events"),
        )
    write_whole(out, card.encode())
    answer.one(
        _body(card, precision) | {"file": str(out)}, [*_lines(card, precision), f"file: {out}"]
    )


@scorecard.command(epilog="Example: leeward signal scorecard show thread --file thread.json")
@_kind
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A trained one; without it, the one that was set by hand.",
)
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="What a threshold is asked for.",
)
@answered
def show(kind: Tracked, file: Path | None, precision: float, answer: Answer) -> None:
    """Show what each feature of KIND adds, bin by bin, and what threshold the labels support."""
    from leeward.errors import UsageError
    from leeward.signals import Scorecard

    card = Scorecard.cautious(kind) if file is None else Scorecard.read(file)
    if card.kind != kind:
        raise UsageError(
            f"the file weighs another kind of subject: {card.kind}", where=str(file), hint=card.kind
        )
    answer.one(_body(card, precision), _lines(card, precision))


def _body(card: Scorecard, precision: float) -> dict[str, Any]:
    trained, threshold = card.trained, card.threshold(precision)
    return {
        "kind": card.kind,
        "version": card.version,
        "intercept": card.intercept,
        "line": card.line,
        "parts": {
            part.feature: {"edges": part.edges, "weights": part.weights} for part in card.parts
        },
        "never_alone": card.never_alone,
        "trained": trained
        and {
            "offenders": trained.offenders,
            "innocents": trained.innocents,
            "unlabelled": trained.unlabelled,
            "groups": trained.groups,
            "prior": trained.prior,
            "is_estimated": trained.is_estimated,
        },
        "threshold": {
            "precision": threshold.precision,
            "score": threshold.score,
            "refused": threshold.refused,
            "at_least": threshold.at_least,
            "needs": threshold.needs,
        },
    }


def _lines(card: Scorecard, precision: float) -> list[str]:
    trained = card.trained
    how = "set by hand"
    if trained is not None:
        how = (
            f"trained from {counted(trained.offenders, 'confirmed subject')}, "
            f"{trained.innocents:,} innocent and {trained.unlabelled:,} without a label"
        )
    lines = [f"scorecard {card.kind} {card.version}: {how}"]
    lines += [f"{card.intercept:+8.2f}  where nothing is known; a hit from {card.line:+.2f} on"]
    for part in card.parts:
        told = f"  {part.feature}" + (
            " (opens nothing alone)" if part.feature in card.never_alone else ""
        )
        lines += ["", told]
        ends = ["", *(f"{edge:g}" for edge in part.edges), ""]
        for place, weight in enumerate(part.weights):
            low, high = ends[place], ends[place + 1]
            span = (
                f"below {high}"
                if not low
                else (f"{low} and more" if not high else f"{low} to {high}")
            )
            lines.append(f"{weight:+8.2f}  {span}")
    return [*lines, "", card.threshold(precision).words]
