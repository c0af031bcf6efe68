"""Erasure and retention of what was fetched: it goes with the last event that names it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from leeward.store.tables import (
    Bearer,
    fetched_of,
    fetched_older,
    forget_fetched,
    queued_older,
    rename_bearers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leeward.model import Event
    from leeward.store import Log
    from leeward.store.tables import Tables

__all__ = ["expire_fetched", "forget_fetched_of"]

_AT_ONCE: Final = 200


def forget_fetched_of(log: Log, tables: Tables, account: str) -> int:
    """Forget what was fetched, and what waits, for events of an account that were erased.

    To be called after the log was rewritten, and as often as one likes. What an event still names
    stays: one of somebody else, whose it becomes, or one that a hold keeps.

    Args:
        log: After the erasure.
        tables: Where it lies.
        account: URI of the account.

    Returns:
        How many rows are left for which no event stands. It is 0, unless some came in meanwhile.
    """
    with tables.read() as connection:
        found = fetched_of(connection, account)
    kept = _settle(log, tables, found)
    stands = {bearer.uri for bearer in kept}
    with tables.read() as connection:
        return sum(bearer.uri not in stands for bearer in fetched_of(connection, account))


def expire_fetched(log: Log, tables: Tables, ages: Mapping[str, int], now: int) -> int:
    """Forget what was fetched for events that retention removed.

    Args:
        log: After retention was applied.
        tables: Where it lies.
        ages: Kind of event to age in microseconds.
        now: Microseconds since 1970 UTC.

    Returns:
        How many were forgotten.
    """
    gone = 0
    for kind, age in ages.items():
        for older, first in ((fetched_older, 0), (queued_older, b"")):
            gone += _expire(log, tables, partial(older, kind=kind, seen=now - age), first)
    return gone


def _expire(
    log: Log, tables: Tables, older: Callable[..., list[tuple[Any, Bearer]]], after: Any
) -> int:
    gone = 0
    while True:
        with tables.read() as connection:
            found = older(connection, limit=_AT_ONCE, after=after)
        if not found:
            return gone
        gone += len(found) - len(_settle(log, tables, [bearer for _, bearer in found]))
        after = found[-1][0]


def _settle(log: Log, tables: Tables, found: Sequence[Bearer]) -> list[Bearer]:
    """Forget media that no event names any more, and name the event of the others."""
    kept: list[Bearer] = []
    uris = list(dict.fromkeys(bearer.uri for bearer in found))
    for begin in range(0, len(uris), _AT_ONCE):
        some = uris[begin : begin + _AT_ONCE]
        stays = [bearer for bearer in (_bearer(log, uri) for uri in some) if bearer is not None]
        named = {bearer.uri for bearer in stays}
        with tables.begin() as connection:
            rename_bearers(connection, stays)
            forget_fetched(connection, [uri for uri in some if uri not in named])
        kept += stays
    return kept


def _bearer(log: Log, uri: str) -> Bearer | None:
    """The newest event that names a media item; None where there is none any more."""
    for event in log.of(media=uri, last=1):
        if _carries(event, uri):
            return Bearer(uri, event.actor, event.kind, event.seq or 0, event.seen or 0)
    return None


def _carries(event: Event, uri: str) -> bool:
    # The look-up finds digests as well, and a URI may look like one.
    return any(media.uri == uri for media in event.media)
