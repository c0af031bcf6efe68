"""A person's right to be forgotten, from the request to the proof."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.errors import ApprovalRequired, StoreError, UsageError, WriterBusy
from leeward.pipeline._fetch_forget import forget_fetched_of
from leeward.pipeline._media_map import tidy_media
from leeward.store import Kept, Log, Proof, Writer, erase, prove
from leeward.store.tables import (
    ask_again,
    ask_erasure,
    finish_erasure,
    list_erasures,
    list_holds,
    pause_erasure,
)

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.store.tables import Erasure, Tables

__all__ = ["Forgotten", "carry_out", "count_subject", "erase_subject", "kept_by_holds"]

_PATIENCE: Final = 300
"""Seconds that a command waits for the server to carry an erasure out."""


class Forgotten(NamedTuple):
    """What an erasure did, and what a scan found afterwards.

    Attributes:
        request: Number of the request in the book of erasures.
        events: Events erased.
        skeletons: How many of them left their skeleton, because a hold demands it.
        proof: What a scan of the whole log found afterwards.
    """

    request: int
    events: int
    skeletons: int
    proof: Proof


def count_subject(data: Path, account: str) -> Proof:
    """What the log holds of an account."""
    with Log(data) as log:
        return prove(log, account)


def erase_subject(data: Path, tables: Tables, account: str, by: str) -> Forgotten:
    """Ask for an erasure and see it done, by this process or by the server that is running.

    Raises:
        UsageError: The log holds nothing of the account: most likely the URI is another.
        ApprovalRequired: A hold keeps something; it has to be released first.
    """
    held = count_subject(data, account)
    with tables.begin() as connection:
        asked = [e for e in list_erasures(connection, done=False) if e.subject == account]
        if asked:
            request = ask_again(connection, asked[0].id, by)
        elif held.clean and not held.skeletons:
            raise UsageError(
                "the log holds nothing of this account",
                hint="give its URI as events have it in `actor`; nothing was noted",
            )
        else:
            request = ask_erasure(connection, account, by)
    try:
        writer = Writer.open(data)
    except WriterBusy:
        return _await_server(tables, request)
    with writer:
        return carry_out(writer, tables, request, by)


def carry_out(writer: Writer, tables: Tables, request: Erasure, by: str) -> Forgotten:
    """Erase what was asked for, prove it, and note both.

    Raises:
        ApprovalRequired: A hold keeps something. The rest is erased; the request stays open.
    """
    done = erase(writer, request.subject, partial(kept_by_holds, tables))
    events = done.removed + done.skeletons
    with Log(writer.layout.data) as log:
        media = forget_fetched_of(log, tables, request.subject)
        tidy_media(tables, log, writer.layout.data)
    if done.withheld:
        with tables.begin() as connection:
            pause_erasure(
                connection,
                request.id,
                by,
                events=events,
                kept_for_hold=done.skeletons,
                withheld=done.withheld,
            )
        raise _withheld(request, done.withheld)
    with Log(writer.layout.data) as log:
        proof = prove(log, request.subject)._replace(media=media)
    if not proof.clean:
        raise StoreError(
            f"something of this account is left ({proof.content:,} events, {proof.findings:,} "
            f"findings, {proof.verdicts:,} verdicts, {proof.quarantined:,} quarantined items, "
            f"{proof.media:,} media fetched); "
            "some may have come in meanwhile",
            where=f"erasure {request.id}",
            hint="give the same command again",
        )
    with tables.begin() as connection:
        noted = finish_erasure(
            connection,
            request.id,
            by,
            events=events,
            kept_for_hold=done.skeletons,
            proof=proof._asdict(),
        )
    return _forgotten(noted)


def kept_by_holds(tables: Tables) -> Kept:
    """What open holds forbid to delete."""
    with tables.read() as connection:
        holds = list_holds(connection)
    content = frozenset(hold.subject for hold in holds if hold.keeps == "content")
    return Kept(content, frozenset(hold.subject for hold in holds) - content)


def _withheld(request: Erasure, events: int) -> ApprovalRequired:
    return ApprovalRequired(
        f"a hold keeps {events:,} events as they are; the rest is erased",
        where=f"erasure {request.id}",
        hint="see `leeward hold list`; once it is released, give the same command again",
    )


def _await_server(tables: Tables, request: Erasure) -> Forgotten:
    for _ in range(_PATIENCE):
        with tables.read() as connection:
            (found,) = [e for e in list_erasures(connection) if e.id == request.id]
        if found.done_at is not None:
            return _forgotten(found)
        if found.proof is not None:
            raise _withheld(found, found.proof["withheld"])
        time.sleep(1)
    raise StoreError(
        "the process that writes to the log has not carried the erasure out yet",
        where=f"erasure {request.id}",
        hint="the request stands: a server does it by itself; after anything else, such as an "
        "ingest, give the same command again",
    )


def _forgotten(done: Erasure) -> Forgotten:
    return Forgotten(
        done.id, done.events or 0, done.kept_for_hold or 0, Proof(**(done.proof or {}))
    )
