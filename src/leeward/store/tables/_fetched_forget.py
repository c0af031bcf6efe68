"""Taking media out of what waits and of what was fetched: whose they were, and how old.

A media item lies here because an event named it. When no event of the log names it any more, it
goes. While one of somebody else's does, it becomes theirs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, select, update

from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._fetched_queue import lock_fetching, note_counts, uri_key
from leeward.store.tables._media_forget import overwrite_deleted
from leeward.store.tables._schema import fetch_queue, fetched_media

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

__all__ = [
    "Bearer",
    "fetched_of",
    "fetched_older",
    "forget_fetched",
    "queued_older",
    "rename_bearers",
]

_TABLES: Final = (fetch_queue, fetched_media)


class Bearer(NamedTuple):
    """The event that a media item lies here for.

    Attributes:
        uri: Of the media item.
        owner: URI of the account that acted.
        kind: Of the event.
        seq: Its place in the log.
        seen: When the log received it, microseconds since 1970 UTC.
    """

    uri: str
    owner: str
    kind: str
    seq: int
    seen: int

    def __repr__(self) -> str:
        """The place in the log: the rest is content."""
        return f"<Bearer seq={self.seq}>"


def fetched_of(connection: Connection, owner: str) -> list[Bearer]:
    """What waits or was fetched for events of an account."""
    found: list[Bearer] = []
    for table in _TABLES:
        columns = [table.c[name] for name in Bearer._fields]
        query = select(*columns).where(table.c.owner == owner)
        found += [Bearer(*row) for row in connection.execute(query)]
    return found


def fetched_older(
    connection: Connection, kind: str, seen: int, limit: int, after: int = 0
) -> list[tuple[int, Bearer]]:
    """What was fetched for events of a kind that the log received before a time.

    Args:
        connection: Of any transaction.
        kind: Of events.
        seen: Microseconds since 1970 UTC.
        limit: How many.
        after: The last number that the caller knows.

    Returns:
        Their numbers, ascending, and for which events they lie here.
    """
    columns = [fetched_media.c[name] for name in Bearer._fields]
    number = fetched_media.c.id
    old = fetched_media.c.kind == kind, fetched_media.c.seen < seen, number > after
    query = select(number, *columns).where(*old).order_by(number).limit(limit)
    return [(row[0], Bearer(*row[1:])) for row in connection.execute(query)]


def queued_older(
    connection: Connection, kind: str, seen: int, limit: int, after: bytes = b""
) -> list[tuple[bytes, Bearer]]:
    """What waits to be fetched for events of a kind that the log received before a time.

    Args:
        connection: Of any transaction.
        kind: Of events.
        seen: Microseconds since 1970 UTC.
        limit: How many.
        after: The last key that the caller knows.

    Returns:
        Their keys, ascending, and for which events they wait.
    """
    columns = [fetch_queue.c[name] for name in Bearer._fields]
    key = fetch_queue.c.key
    old = fetch_queue.c.kind == kind, fetch_queue.c.seen < seen, key > after
    query = select(key, *columns).where(*old).order_by(key).limit(limit)
    return [(row[0], Bearer(*row[1:])) for row in connection.execute(query)]


def forget_fetched(connection: Connection, uris: Sequence[str]) -> int:
    """Remove media from what waits and from what was fetched.

    Returns:
        How many there were.
    """
    lock_fetching(connection)
    overwrite_deleted(connection)
    gone: set[bytes] = set()
    counts: Counter[tuple[str, str | None]] = Counter()
    for some in chunked([uri_key(uri) for uri in uris]):
        waiting = delete(fetch_queue).where(fetch_queue.c.key.in_(some))
        gone.update(connection.scalars(waiting.returning(fetch_queue.c.key)))
        done = delete(fetched_media).where(fetched_media.c.key.in_(some))
        columns = fetched_media.c.key, fetched_media.c.outcome, fetched_media.c.reason
        for row in connection.execute(done.returning(*columns)):
            gone.add(row.key)
            counts[row.outcome, row.reason] -= 1
    note_counts(connection, counts)
    return len(gone)


def rename_bearers(connection: Connection, bearers: Sequence[Bearer]) -> None:
    """Let media lie here for other events, which name them too."""
    lock_fetching(connection)
    for bearer in bearers:
        values = bearer._asdict()
        key = uri_key(values.pop("uri"))
        for table in _TABLES:
            connection.execute(update(table).where(table.c.key == key).values(values))
