"""``leeward erase``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from leeward.cli._options import Answer, answered, as_person, data_option, tables_of
from leeward.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["erase"]


@click.command(epilog="Example: leeward erase https://example.social/users/ada --data data")
@click.argument("subject", metavar="SUBJECT")
@data_option
@click.option("--dry-run", is_flag=True, help="Only count what would be erased.")
@as_person
@answered
def erase(subject: str, data: Path, dry_run: bool, by: str, answer: Answer) -> None:
    """Remove a person's text and profile from the log, and prove it by a scan.

    SUBJECT is the URI of their account, with or without `account:` before it. A backup follows
    with its next run. Where a hold demands it, the bare skeleton stays, or everything does:
    then the command ends with 4, and can be given again once the hold is released. A running
    server carries the erasure out itself; this command waits for it.
    """
    from leeward.model import parse_subject
    from leeward.pipeline import count_subject, erase_subject

    kind, account = parse_subject(subject)
    if kind not in (None, "account"):
        raise UsageError(
            f"a {kind} cannot be erased, only an account",
            where="SUBJECT",
            hint="give the URI of the account; if its URI begins so, put `account:` before it",
        )
    with tables_of(data) as tables:
        if dry_run:
            proof = count_subject(data, account)
            answer.one(
                proof._asdict(),
                [f"{proof.content:,} events hold text or profile of this account"],
            )
            return
        done = erase_subject(data, tables, account, by)
    answer.one(
        done._asdict() | {"proof": done.proof._asdict()},
        [
            f"{done.events:>12,}  events erased",
            f"{done.skeletons:>12,}  of them left their skeleton, because a hold demands it",
            (
                f"{done.proof.scanned:>12,}  rows scanned afterwards; text or profile of this "
                f"account in {done.proof.content:,}"
            ),
        ],
    )
