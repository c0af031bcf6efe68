"""What came of media that were fetched: hashes, or why there are none.

A media item without a row here and without a hash of its own is not known: never read it as clear.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import delete, insert, select, update

from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._checks import now
from leeward.store.tables._fetched_queue import (
    QueuedFetch,
    lock_fetching,
    note_counts,
    queued_fetches,
    uri_key,
)
from leeward.store.tables._schema import fetch_queue, fetch_state, fetched_media

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row

__all__ = [
    "FetchOutcome",
    "FetchedHashes",
    "FetchedMedia",
    "FetchedView",
    "ask_fetch_again",
    "fetched",
    "fetched_since",
    "put_off_fetch",
    "settle_fetches",
]

FetchOutcome: TypeAlias = Literal["hashed", "abstained"]


class FetchedView(NamedTuple):
    """Another look of the same file, to be matched as well.

    Attributes:
        kind: As :class:`leeward.hashing.View` has it.
        pdq: 64 hexadecimal digits.
        quality: 0 to 100.
    """

    kind: str
    pdq: str
    quality: int

    def __repr__(self) -> str:
        """Without the hash, which is a secret."""
        return f"FetchedView(kind={self.kind!r}, quality={self.quality})"


class FetchedHashes(NamedTuple):
    """What a file hashed to. Hash values are secrets and stay out of ``repr``.

    Attributes:
        size: Bytes of the file.
        sha256, sha1, md5: Hexadecimal digits.
        pdq: 64 hexadecimal digits; None where the looks are not known.
        quality: PDQ's, 0 to 100.
        mime: The media type, by the bytes.
        width, height: Pixels, as the picture is shown.
        damaged: Whether the file was cut short or broken.
        views: Other looks of the file.
        positions: PDQ in the eight positions (turned by right angles, mirrored).
    """

    size: int | None = None
    sha256: str | None = None
    sha1: str | None = None
    md5: str | None = None
    pdq: str | None = None
    quality: int | None = None
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    damaged: bool = False
    views: tuple[FetchedView, ...] = ()
    positions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """The kind of file: hash values are secrets."""
        return f"<FetchedHashes {self.mime}>"


class FetchedMedia(NamedTuple):
    """What came of one media item.

    Attributes:
        id: Number of the row: ascending in the order of the commits, so that who remembers the
            last one misses nothing. Where a media item is fetched again it gets a new one.
        uri: Its handle, as events have it.
        seq: Place in the log of the event that named it first.
        outcome: ``hashed``: its looks are known; or ``abstained``: they are not, which is not to
            be read as clear. Digests may be known all the same.
        reason: Why they are not known; None where they are.
        fetched_at: When, microseconds since 1970 UTC.
        hashes: What is known of the file.
    """

    id: int
    uri: str
    seq: int
    outcome: FetchOutcome
    reason: str | None
    fetched_at: int
    hashes: FetchedHashes

    @property
    def sha256(self) -> str | None:
        """SHA-256, 64 hexadecimal digits."""
        return self.hashes.sha256

    @property
    def pdq(self) -> str | None:
        """PDQ, 64 hexadecimal digits."""
        return self.hashes.pdq

    @property
    def quality(self) -> int | None:
        """PDQ's quality, 0 to 100."""
        return self.hashes.quality

    def __repr__(self) -> str:
        """The number and the outcome: where it lies is content."""
        return f"<FetchedMedia {self.id} {self.outcome}>"


def fetched_since(connection: Connection, after_id: int, limit: int) -> list[FetchedMedia]:
    """What came of media after a number, in its order.

    Args:
        connection: Of any transaction.
        after_id: The last number that the caller knows; 0 at first.
        limit: How many rows at the most.
    """
    query = select(*_COLUMNS).where(fetched_media.c.id > after_id)
    query = query.order_by(fetched_media.c.id).limit(limit)
    return [_fetched(row) for row in connection.execute(query)]


def fetched(connection: Connection, uris: Sequence[str]) -> dict[str, FetchedMedia]:
    """What came of some media, by their URIs; those that are not known are absent."""
    found: dict[str, FetchedMedia] = {}
    for some in chunked([uri_key(uri) for uri in dict.fromkeys(uris)]):
        query = select(*_COLUMNS).where(fetched_media.c.key.in_(some))
        found |= {row.uri: _fetched(row) for row in connection.execute(query)}
    return found


def settle_fetches(
    connection: Connection,
    results: Sequence[tuple[str, str | None, FetchedHashes]],
    *,
    at: int | None = None,
) -> int:
    """Note what came of media that wait, and let them wait no more.

    Args:
        connection: Of :meth:`Tables.begin`.
        results: URI, why its looks are not known (None where they are), and what is known. One that
            does not wait any more, for it was erased meanwhile, is left out.
        at: When, microseconds since 1970 UTC; now, if not given.

    Returns:
        How many were noted.
    """
    number = lock_fetching(connection).last_id
    when = now() if at is None else at
    waiting = queued_fetches(connection, [uri for uri, _, _ in results])
    counts: Counter[tuple[str, str | None]] = Counter()
    rows: dict[bytes, dict[str, Any]] = {}
    for uri, reason, hashes in results:
        item = waiting.get(uri)
        if item is None or uri_key(uri) in rows:
            continue
        outcome: FetchOutcome = "hashed" if reason is None else "abstained"
        counts[outcome, reason] += 1
        number += 1
        rows[uri_key(uri)] = {
            "id": number,
            **{name: getattr(item, name) for name in ("uri", "owner", "kind", "seq", "seen")},
            "key": uri_key(uri),
            "outcome": outcome,
            "reason": reason,
            "fetched_at": when,
            **_columns_of(hashes),
        }
    for some in chunked(list(rows)):
        gone = delete(fetched_media).where(fetched_media.c.key.in_(some))
        for old in connection.execute(gone.returning(*_OUTCOME)):
            counts[old.outcome, old.reason] -= 1
        connection.execute(delete(fetch_queue).where(fetch_queue.c.key.in_(some)))
        connection.execute(insert(fetched_media), [rows[key] for key in some])
    note_counts(connection, counts)
    connection.execute(update(fetch_state).values(last_id=number))
    return len(rows)


def put_off_fetch(connection: Connection, uri: str, reason: str, due_at: int) -> None:
    """Let a media item wait until another try, and remember why the last one failed."""
    change = update(fetch_queue).where(fetch_queue.c.key == uri_key(uri))
    change = change.values(attempts=fetch_queue.c.attempts + 1, due_at=due_at, reason=reason)
    connection.execute(change)


def ask_fetch_again(
    connection: Connection,
    reason: str,
    origin_of: Callable[[str], str | None],
    by: str,
    *,
    at: int | None = None,
) -> int:
    """Let media wait once more that were given up for a reason; until then that outcome stands.

    Args:
        connection: Of :meth:`Tables.begin`.
        reason: As :attr:`FetchedMedia.reason` has it.
        origin_of: The name of the origin that a URI belongs to; None where none is listed.
        by: The person who asks.
        at: When, microseconds since 1970 UTC; now, if not given.

    Returns:
        How many wait anew.

    Raises:
        UsageError: The name of the person is not usable.
    """
    lock_audit(connection)
    lock_fetching(connection)
    when = now() if at is None else at
    fields = ("uri", "owner", "kind", "seq", "seen")
    columns = [fetched_media.c[name] for name in ("id", *fields)]
    asked = last = 0
    while True:
        query = select(*columns).where(fetched_media.c.reason == reason, fetched_media.c.id > last)
        rows = connection.execute(query.order_by(fetched_media.c.id).limit(500)).all()
        if not rows:
            break
        last = rows[-1].id
        waiting = queued_fetches(connection, [row.uri for row in rows])
        new = []
        for row in rows:
            origin = origin_of(row.uri)
            if origin is not None and row.uri not in waiting:
                named = {name: getattr(row, name) for name in fields}
                item = QueuedFetch(**named, origin=origin, due_at=when)
                new.append(item._asdict() | {"key": uri_key(row.uri)})
        if new:
            connection.execute(insert(fetch_queue), new)
        asked += len(new)
    record(connection, by, "media.fetch_again", "media", {"reason": reason, "media": asked}, at=at)
    return asked


def _columns_of(hashes: FetchedHashes) -> dict[str, Any]:
    return hashes._asdict() | {
        "damaged": int(hashes.damaged),
        "views": msgspec.json.encode(hashes.views).decode() if hashes.views else None,
        "positions": ",".join(hashes.positions) or None,
    }


_OUTCOME: Final = fetched_media.c.outcome, fetched_media.c.reason
_PLAIN: Final = ("id", "uri", "seq", "outcome", "reason", "fetched_at")
_COLUMNS: Final = tuple(fetched_media.c[name] for name in (*_PLAIN, *FetchedHashes._fields))


def _fetched(row: Row[Any]) -> FetchedMedia:
    values = row._asdict()
    plain = {name: values.pop(name) for name in _PLAIN}
    views = msgspec.json.decode(values["views"] or "[]")
    values |= {
        "damaged": bool(values["damaged"]),
        "views": tuple(FetchedView(*view) for view in views),
        "positions": tuple((values["positions"] or "").split(",")) if values["positions"] else (),
    }
    return FetchedMedia(**plain, hashes=FetchedHashes(**values))
