"""``leeward label``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, as_person, data_option, shown, stamp, tables_of
from leeward.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import LabelledKind, LabelWord
    from leeward.store.tables import LabelRow

__all__ = ["label"]

# A test compares these with the model's, which `--help` must not load.
LABEL_WORDS = ("offender", "innocent")
LABELLED_KINDS = ("account", "post", "media", "tag", "community")


@click.group()
def label() -> None:
    """Tell the signals what people concluded: labels, from which they learn and count.

    A label is never changed: put another one on the same subject.
    """


@label.command(
    epilog="Example: leeward label add account:https://example.social/users/ada innocent "
    "--reason 'a known harbour master' --data data"
)
@click.argument("subject")
@click.argument("word", type=click.Choice(LABEL_WORDS))
@data_option
@click.option("--reason", required=True, help="Why, in words.")
@click.option(
    "--weight",
    type=click.FloatRange(0.001, 1.0),
    default=1.0,
    show_default=True,
    help="How sure it is, in thousandths.",
)
@click.option("--case", help="The case that it belongs to.")
@as_person
@answered
def add(
    subject: str,
    word: LabelWord,
    data: Path,
    reason: str,
    weight: float,
    case: str | None,
    by: str,
    answer: Answer,
) -> None:
    """Put a label on SUBJECT: a URI with its kind before it, as `post:`, or that of an account.

    The kinds are account, post, media, tag and community. The label holds for what the log
    receives from now on; what was found before stays as it is.
    """
    from leeward.store import Log
    from leeward.store.tables import put_label

    kind, uri = _parsed(subject)
    with Log(data) as log, tables_of(data) as tables, tables.begin() as connection:
        since = log.last_seq()
        given = (kind, uri, word, by, reason)
        put = put_label(connection, *given, since=since, weight=weight, case=case)
    answer.one(_row(put), [f"label {put.id} holds from place {since + 1:,} of the log on"])


@label.command("list", epilog="Example: leeward label list --data data --last 20")
@data_option
@click.option("--subject", help="Only those of this one, as it was given.")
@click.option("--last", type=click.IntRange(1), help="Only the last so many.")
@answered
def list_(data: Path, subject: str | None, last: int | None, answer: Answer) -> None:
    """List labels, oldest first."""
    from leeward.model import fold_tag
    from leeward.store.tables import list_labels

    if subject is not None:
        kind, subject = _parsed(subject)
        subject = fold_tag(subject) if kind == "tag" else subject
    with tables_of(data) as tables, tables.read() as connection:
        rows = [_row(put) for put in list_labels(connection, subject=subject, most=last)]
    if not answer.as_json:
        rows = [
            row | {"subject": shown(row["subject"]), "reason": shown(row["reason"])} for row in rows
        ]
    head = ("id", "kind", "subject", "label", "weight", "case", "since", "at", "by", "reason")
    answer.rows(rows, {word: word for word in head}, "there are no labels")


def _parsed(subject: str) -> tuple[LabelledKind, str]:
    kind, colon, uri = subject.partition(":")
    for known in LABELLED_KINDS:
        if colon and kind == known:
            if not uri:
                raise UsageError("the subject is empty", where="SUBJECT")
            return known, uri  # type: ignore[return-value]  # the words are the model's
    return "account", subject


def _row(put: LabelRow) -> dict[str, Any]:
    return {
        "id": put.id,
        "kind": put.label.kind,
        "subject": put.label.subject,
        "label": put.label.label,
        "weight": put.label.weight,
        "case": put.label.case,
        "since": put.label.since,
        "at": stamp(put.at),
        "by": put.by,
        "reason": put.reason,
    }
