"""A person's right to be forgotten, from the request to the proof."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from leeward.errors import ApprovalRequired, StoreError, WriterBusy
from leeward.store import Kept, Log, Proof, Writer, erase, prove
from leeward.store.tables import ask_erasure, finish_erasure, list_erasures, list_holds

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
        scanned: Rows that the proof looked at.
        content: Rows of the account that still hold text or profile.
    """

    request: int
    events: int
    skeletons: int
    scanned: int
    content: int


def count_subject(data: Path, account: str) -> Proof:
    """What the log holds of an account."""
    with Log(data) as log:
        return prove(log, account)


def erase_subject(data: Path, tables: Tables, account: str, by: str) -> Forgotten:
    """Ask for an erasure and see it done, by this process or by the server that is running.

    Raises:
        ApprovalRequired: A hold keeps something; it has to be released first.
    """
    Log(data).close()  # where there is no log, there is nothing to ask for
    with tables.begin() as connection:
        asked = [e for e in list_erasures(connection, done=False) if e.subject == account]
        request = asked[0] if asked else ask_erasure(connection, account, by)
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
    done = erase(writer, request.subject, kept_by_holds(tables))
    with Log(writer.layout.data) as log:
        proof = prove(log, request.subject)
    if done.withheld:
        raise ApprovalRequired(
            f"a hold keeps {done.withheld:,} events as they are; the rest is erased",
            where=f"erasure {request.id}",
            hint="see `leeward hold list`; once it is released, give the same command again",
        )
    if proof.content:
        raise StoreError(
            f"text or profile of this account is left in {proof.content:,} events; "
            "some may have come in meanwhile",
            where=f"erasure {request.id}",
            hint="give the same command again",
        )
    events = done.removed + done.skeletons
    with tables.begin() as connection:
        finish_erasure(
            connection,
            request.id,
            by,
            events=events,
            kept_for_hold=done.skeletons,
            proof=proof._asdict(),
        )
    return Forgotten(request.id, events, done.skeletons, proof.scanned, proof.content)


def kept_by_holds(tables: Tables) -> Kept:
    """What open holds forbid to delete."""
    with tables.read() as connection:
        holds = list_holds(connection)
    content = frozenset(hold.subject for hold in holds if hold.keeps == "content")
    return Kept(content, frozenset(hold.subject for hold in holds) - content)


def _await_server(tables: Tables, request: Erasure) -> Forgotten:
    for _ in range(_PATIENCE):
        with tables.read() as connection:
            found = [e for e in list_erasures(connection, done=True) if e.id == request.id]
        if found and found[0].proof is not None:
            done = found[0]
            scanned, content = done.proof["scanned"], done.proof["content"]  # type: ignore[index]
            return Forgotten(done.id, done.events or 0, done.kept_for_hold or 0, scanned, content)
        time.sleep(1)
    raise StoreError(
        "the server has not carried the erasure out yet; the request stands",
        where=f"erasure {request.id}",
        hint="see `leeward hold list` for a hold on it, and the server's log",
    )
