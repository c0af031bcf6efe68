"""``leeward hold``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, as_person, data_option, stamp, tables_of
from leeward.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.store.tables import Hold, Keeps

__all__ = ["hold"]

_DAY = 86_400_000_000
_MOST_DAYS = 36_500


@click.group()
def hold() -> None:
    """Forbid the deletion of an account, a post or a media item, by law."""


@hold.command(
    epilog="Example: leeward hold place https://example.social/users/ada "
    "--basis '18 USC 2703(f), letter of 2 May' --days 90 --data data"
)
@click.argument("subject", metavar="URI")
@data_option
@click.option("--basis", required=True, help="The legal basis, in words.")
@click.option(
    "--days", type=click.IntRange(1, _MOST_DAYS), help="When its clock runs out; it stays in force."
)
@click.option(
    "--keep",
    type=click.Choice(["content", "skeleton"]),
    default="content",
    show_default=True,
    help="What an erasure must leave: everything, or who did what and when without the text.",
)
@as_person
@answered
def place(
    subject: str, data: Path, basis: str, days: int | None, keep: Keeps, by: str, answer: Answer
) -> None:
    """Place a hold. Erasure and retention obey it until a person releases it.

    URI may have `account:`, `post:` or `media:` before it.
    """
    from leeward.model import parse_subject
    from leeward.store.tables import place_hold

    kind, uri = parse_subject(subject)
    if kind == "tag":
        raise UsageError(
            "a hashtag cannot be held, only an account, a post or a media item", where="URI"
        )

    expires = None if days is None else time.time_ns() // 1_000 + days * _DAY
    with tables_of(data) as tables, tables.begin() as connection:
        placed = place_hold(connection, uri, basis, by, keeps=keep, expires_at=expires)
    if not _known(data, uri):
        click.echo("note: no event in the log names this URI; check it", err=True)
    answer.one(_row(placed), [f"hold {placed.id} is placed"])


@hold.command("list", epilog="Example: leeward hold list --data data")
@data_option
@click.option("--all", "all_", is_flag=True, help="Released ones too.")
@answered
def list_(data: Path, all_: bool, answer: Answer) -> None:
    """List holds."""
    from leeward.store.tables import list_holds

    with tables_of(data) as tables, tables.read() as connection:
        rows = [_row(found) for found in list_holds(connection, released=all_)]
    head = ("id", "keeps", "placed", "by", "clock", "released", "subject", "basis")
    answer.rows(rows, {name: name for name in head}, "there are no holds")


@hold.command(epilog="Example: leeward hold release 3 --reason 'letter withdrawn' --data data")
@click.argument("number", type=int)
@data_option
@click.option("--reason", required=True, help="Why; it goes into the audit chain.")
@as_person
@answered
def release(number: int, data: Path, reason: str, by: str, answer: Answer) -> None:
    """Release a hold. An erasure that it held back can then be finished."""
    from leeward.store.tables import release_hold

    with tables_of(data) as tables, tables.begin() as connection:
        released = release_hold(connection, number, by, reason)
    answer.one(_row(released), [f"hold {released.id} is released"])


def _known(data: Path, uri: str) -> bool:
    """Whether the log has an event of this account, post or media item."""
    from leeward.errors import NotALog
    from leeward.store import Log

    try:
        with Log(data) as log:
            looks = (
                log.of(account=uri, last=1),
                log.of(post=uri, last=1),
                log.of(media=uri, last=1),
            )
    except NotALog:
        return False
    return any(looks)


def _row(found: Hold) -> dict[str, Any]:
    return {
        "id": found.id,
        "subject": found.subject,
        "basis": found.basis,
        "keeps": found.keeps,
        "placed": stamp(found.placed_at),
        "by": found.placed_by,
        "clock": stamp(found.expires_at),
        "released": stamp(found.released_at),
    }
