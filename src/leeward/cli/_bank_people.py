"""``leeward bank feedback`` and ``leeward bank permit``: what people say to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, as_person, data_option, stamp, tables_of
from leeward.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import Feedback, Opinion

__all__ = ["feedback", "permit"]


@click.command(
    epilog="Example: leeward bank feedback hotline --entry 17 --opinion negative "
    "--reasons 'a harbour at night' --data data"
)
@click.argument("name")
@data_option
@click.option("--entry", type=int, help="The entry; without it, all feedback is listed.")
@click.option("--listing", type=int, help="Which of its listings, if it has more than one.")
@click.option(
    "--opinion",
    type=click.Choice(["affirmative", "negative"]),
    help="Whether it is what the listing says; without it, feedback is listed.",
)
@click.option("--reasons", help="In words, or what the exchange calls them.")
@click.option("--received-from", metavar="MEMBER", help="Whose opinion it is, if it is not yours.")
@as_person
@answered
def feedback(
    name: str,
    data: Path,
    entry: int | None,
    listing: int | None,
    opinion: Opinion | None,
    reasons: str | None,
    received_from: str | None,
    by: str,
    answer: Answer,
) -> None:
    """Keep what a review of a match said of the listing, or list that.

    It goes to the exchange with the next `leeward bank sync --feedback`.
    """
    from leeward.store.tables import list_feedback, put_feedback

    if opinion is None:
        with tables_of(data) as tables, tables.read() as connection:
            rows = [_row(kept) for kept in list_feedback(connection, name, entry=entry)]
        head = ("id", "entry", "listing", "opinion", "by", "at", "sent", "reasons")
        answer.rows(rows, {word: word for word in head}, "there is no feedback")
        return
    if entry is None:
        raise UsageError("it is not said which entry it is about", where="--entry")
    with tables_of(data) as tables, tables.begin() as connection:
        kept = put_feedback(
            connection,
            name,
            entry,
            opinion,
            by,
            listing=listing,
            reasons=reasons,
            received_from=received_from,
        )
    answer.one(_row(kept), [f"feedback {kept.id} is kept"])


@click.command(epilog="Example: leeward bank permit hotline 'Bo Example' --days 2 --data data")
@click.argument("name")
@click.argument("person")
@data_option
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=7,
    show_default=True,
    help="How long the permission lasts.",
)
@click.option("--revoke", is_flag=True, help="End the person's permissions instead.")
@as_person
@answered
def permit(
    name: str, person: str, data: Path, days: int, revoke: bool, by: str, answer: Answer
) -> None:
    """Let another person export the bank's hash values. Nobody permits it to themselves."""
    from leeward.store.tables import permit_values, revoke_permissions

    with tables_of(data) as tables, tables.begin() as connection:
        if revoke:
            count = revoke_permissions(connection, name, person, by)
            body: dict[str, Any] = {"revoked": count}
            line = f"{count} permission(s) revoked"
        else:
            given = permit_values(connection, name, person, by, days)
            body = given._asdict() | {
                "given_at": stamp(given.given_at),
                "expires_at": stamp(given.expires_at),
            }
            line = f"{person} may export the values of {name} until {stamp(given.expires_at)}"
    answer.one(body, [line])


def _row(kept: Feedback) -> dict[str, Any]:
    return {
        "id": kept.id,
        "entry": kept.entry,
        "listing": kept.listing,
        "given": kept.given,
        "opinion": kept.opinion,
        "by": kept.by,
        "at": stamp(kept.at),
        "sent": stamp(kept.sent_at),
        "reasons": kept.reasons,
    }
