"""What waits to be fetched, how far the log was followed for it, and counts.

All that changes these tables first locks the one row of ``fetch_state``. So the numbers of what was
fetched are given in the order of the commits, and an erasure and a look at the log take turns.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._schema import (
    fetch_behind,
    fetch_count,
    fetch_queue,
    fetch_state,
    fetched_media,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection, Row, Table

__all__ = [
    "PASSED_OVER",
    "FetchState",
    "QueuedFetch",
    "catch_up_fetches",
    "due_fetches",
    "enqueue_fetches",
    "fetch_counts",
    "fetch_state_of",
    "lock_fetching",
    "note_count",
    "note_counts",
    "origins_behind",
    "queued_fetches",
    "relist_origins",
    "uri_key",
    "waiting_fetches",
]

PASSED_OVER: Final = "passed_over"
"""The outcome, in counts, of media that did not even come to wait."""

_ONE: Final = 1
"""The id of the one row of the state."""


class FetchState(NamedTuple):
    """How far the log was followed.

    Attributes:
        seq: The last place that was looked at.
        listed: A digest of what was listed then; when it changes, the log is looked at again.
        last_id: The last number that was given to what was fetched.
    """

    seq: int
    listed: str
    last_id: int


class QueuedFetch(NamedTuple):
    """A media item that waits.

    Attributes:
        uri: Where it is.
        owner: URI of the account whose event named it.
        kind: Of that event.
        seq: Its place in the log.
        seen: When the log received it, microseconds since 1970 UTC.
        origin: Name of the origin that it belongs to.
        attempts: How often it was tried.
        due_at: When it may be tried, microseconds since 1970 UTC.
    """

    uri: str
    owner: str
    kind: str
    seq: int
    seen: int
    origin: str
    attempts: int = 0
    due_at: int = 0

    def __repr__(self) -> str:
        """The origin and the place in the log: where it lies is content."""
        return f"<QueuedFetch {self.origin} seq={self.seq}>"


def uri_key(uri: str) -> bytes:
    """What a URI is found by."""
    return hashlib.sha256(uri.encode()).digest()


def lock_fetching(connection: Connection) -> FetchState:
    """Take turns with all others that change these tables, until the transaction ends."""
    values = {"id": _ONE, "seq": 0, "listed": "", "last_id": 0}
    connection.execute(_insert(connection, fetch_state).values(values).on_conflict_do_nothing())
    row = connection.execute(select(fetch_state).with_for_update()).one()
    return FetchState(row.seq, row.listed, row.last_id)


def fetch_state_of(connection: Connection) -> FetchState:
    """How far the log was followed; nothing at all at first."""
    row = connection.execute(select(fetch_state)).one_or_none()
    return FetchState(0, "", 0) if row is None else FetchState(row.seq, row.listed, row.last_id)


def relist_origins(connection: Connection, listed: str, seq: int) -> None:
    """Begin anew behind a place in the log, for other origins are listed now.

    What waits is forgotten, for the log still names it; what was fetched stays.
    """
    lock_fetching(connection)
    connection.execute(delete(fetch_queue))
    connection.execute(delete(fetch_behind))
    connection.execute(delete(fetch_count).where(fetch_count.c.outcome == PASSED_OVER))
    connection.execute(update(fetch_state).values(listed=listed, seq=seq))


def enqueue_fetches(
    connection: Connection,
    media: Iterable[QueuedFetch],
    *,
    after: int,
    through: int,
    passed_over: Mapping[str, int],
    most: int,
) -> bool:
    """Let media wait, unless they wait or were fetched already, and note how far the log was read.

    An origin of which too many wait is left behind: the log is read on for the others.

    Args:
        connection: Of :meth:`Tables.begin`.
        media: What a part of the log names.
        after: Behind which place that part begins.
        through: At which place it ends.
        passed_over: Reason to how many media of it do not come to wait.
        most: Media of one origin that may wait; it is left behind with the part that exceeds it.

    Returns:
        False where the log was meanwhile followed by somebody else, and nothing was done.
    """
    if lock_fetching(connection).seq != after:
        return False
    behind = origins_behind(connection)
    _add(connection, [item for item in media if item.origin not in behind])
    for origin, count in waiting_fetches(connection).items():
        if count >= most and origin not in behind:
            connection.execute(insert(fetch_behind).values(origin=origin, seq=through))
    for reason, count in passed_over.items():
        note_count(connection, PASSED_OVER, reason, count)
    connection.execute(update(fetch_state).values(seq=through))
    return True


def origins_behind(connection: Connection) -> dict[str, int]:
    """The origins that were left behind, and the place in the log behind which to go on."""
    return {row.origin: row.seq for row in connection.execute(select(fetch_behind))}


def catch_up_fetches(
    connection: Connection,
    origin: str,
    media: Iterable[QueuedFetch],
    *,
    after: int,
    through: int,
) -> bool:
    """Let media of an origin wait that was left behind.

    Args:
        connection: Of :meth:`Tables.begin`.
        origin: Its name.
        media: What a part of the log names of it.
        after: Behind which place that part begins.
        through: At which place it ends. Where the log was read no further for the others, the
            origin is not behind any more.

    Returns:
        False where somebody else did so meanwhile, and nothing was done.
    """
    head = lock_fetching(connection).seq
    if origins_behind(connection).get(origin) != after:
        return False
    _add(connection, list(media))
    mine = fetch_behind.c.origin == origin
    if through >= head:
        connection.execute(delete(fetch_behind).where(mine))
    else:
        connection.execute(update(fetch_behind).where(mine).values(seq=through))
    return True


def _add(connection: Connection, media: Sequence[QueuedFetch]) -> None:
    wanted = {uri_key(item.uri): item for item in media}
    known = set(_known(connection, list(wanted)))
    new = [item._asdict() | {"key": key} for key, item in wanted.items() if key not in known]
    for some in chunked(new):
        connection.execute(insert(fetch_queue), list(some))


def due_fetches(
    connection: Connection, origin: str, now: int, limit: int, without: Collection[str] = ()
) -> list[QueuedFetch]:
    """Media of an origin that may be tried now, those first that have been due for longest.

    Args:
        connection: Of any transaction.
        origin: Its name.
        now: Microseconds since 1970 UTC.
        limit: How many.
        without: URIs that are being fetched already.
    """
    query = select(*_QUEUED).where(fetch_queue.c.origin == origin, fetch_queue.c.due_at <= now)
    query = query.order_by(fetch_queue.c.due_at, fetch_queue.c.seq).limit(limit + len(without))
    found = [_queued(row) for row in connection.execute(query)]
    return [item for item in found if item.uri not in without][:limit]


def queued_fetches(connection: Connection, uris: Sequence[str]) -> dict[str, QueuedFetch]:
    """Those of some media that wait, by their URIs."""
    found: dict[str, QueuedFetch] = {}
    for some in chunked([uri_key(uri) for uri in uris]):
        query = select(*_QUEUED).where(fetch_queue.c.key.in_(some))
        found |= {row.uri: _queued(row) for row in connection.execute(query)}
    return found


def waiting_fetches(connection: Connection) -> dict[str, int]:
    """How many media wait, by the name of their origin."""
    query = select(fetch_queue.c.origin, func.count().label("media")).group_by(fetch_queue.c.origin)
    return {row.origin: row.media for row in connection.execute(query)}


def fetch_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many media came to which outcome and reason; ``""`` where there is no reason."""
    query = select(fetch_count).where(fetch_count.c.media > 0)
    return {(row.outcome, row.reason): row.media for row in connection.execute(query)}


def note_count(connection: Connection, outcome: str, reason: str | None, change: int) -> None:
    """Count, up or down."""
    if change:
        new = _insert(connection, fetch_count)
        more = fetch_count.c.media + new.excluded.media
        upsert = new.on_conflict_do_update(
            index_elements=["outcome", "reason"], set_={"media": more}
        )
        values = {"outcome": outcome, "reason": reason or "", "media": change}
        connection.execute(upsert.values(values))


def note_counts(connection: Connection, counts: Counter[tuple[str, str | None]]) -> None:
    """Count several."""
    for (outcome, reason), change in counts.items():
        note_count(connection, outcome, reason, change)


_QUEUED: Final = tuple(fetch_queue.c[name] for name in QueuedFetch._fields)


def _queued(row: Row[Any]) -> QueuedFetch:
    return QueuedFetch(**row._asdict())


def _known(connection: Connection, keys: Sequence[bytes]) -> Iterable[bytes]:
    for some in chunked(keys):
        for table in (fetch_queue, fetched_media):
            yield from connection.scalars(select(table.c.key).where(table.c.key.in_(some)))


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
