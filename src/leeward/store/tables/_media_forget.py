"""Taking out of the media map what an erasure or retention took out of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import delete, func, insert, select, update

from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._checks import now
from leeward.store.tables._media import root_of
from leeward.store.tables._schema import media_cluster, media_hash, media_late, media_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt
    from sqlalchemy import Connection, Select

    from leeward.store.tables._media import MediaPlace
    from leeward.store.tables._tables import Tables

    Keys = npt.NDArray[np.uint64]

__all__ = ["flush_deleted", "forget_seen", "overwrite_deleted"]

_ROWS: Final = 65_536


def forget_seen(
    connection: Connection,
    place: MediaPlace,
    seen: Keys,
    key_of: Callable[[list[str]], Keys],
    near: int,
) -> tuple[int, MediaPlace]:
    """Take out names and PDQ values that no event carries any more.

    A cluster keeps its number while anything of it is left. One that loses its medoid gets the
    value of it that is near to most of the others, the earliest of several. Values that this one
    is not near to become clusters of their own, which are part of the same picture as before.

    Args:
        connection: Of a transaction that holds the map's lock.
        place: How far the map has come.
        seen: Keys of all handles, SHA-256 and PDQ values of the log, ascending.
        key_of: The keys of some PDQ values in hexadecimal.
        near: Bits within which a medoid holds a cluster together.

    Returns:
        How many names and values went, and the place with the last numbers that were given.
    """
    overwrite_deleted(connection)
    touched: set[int] = set()
    names = _unseen_names(connection, seen, touched)
    for some in chunked(names):
        connection.execute(delete(media_name).where(media_name.c.key.in_(some)))
        connection.execute(delete(media_late).where(media_late.c.key.in_(some)))
    values = _unseen_values(connection, seen, key_of)
    headless: set[int] = set()
    for some in chunked(values):
        gone = select(media_hash.c.cluster_id).where(media_hash.c.id.in_(some))
        touched |= set(connection.scalars(gone))
        without = select(media_cluster.c.id).where(media_cluster.c.medoid.in_(some))
        headless |= set(connection.scalars(without))
        connection.execute(delete(media_hash).where(media_hash.c.id.in_(some)))
    for cluster in sorted(headless):
        place = _new_medoids(connection, cluster, place, near)
    _drop_empty(connection, touched | headless)
    return len(names) + len(values), place


def _unseen_names(connection: Connection, seen: Keys, touched: set[int]) -> list[int]:
    found: list[int] = []
    for rows in _parts(connection, select(*media_name.c["key", "cluster_id"])):
        keys = np.array([row[0] for row in rows], np.int64).astype(np.uint64)
        for place in np.flatnonzero(~_in(keys, seen)).tolist():
            found.append(rows[place][0])
            touched.add(rows[place][1])
    return found


def _unseen_values(
    connection: Connection, seen: Keys, key_of: Callable[[list[str]], Keys]
) -> list[int]:
    """The numbers of values that no event has, and to which no name leads that is left."""
    found: list[int] = []
    for rows in _parts(connection, select(*media_hash.c["id", "value"])):
        keys = key_of([value.hex() for _, value in rows])
        found += [rows[place][0] for place in np.flatnonzero(~_in(keys, seen)).tolist()]
    kept: set[int] = set()
    if found:
        led = select(media_name.c.hash_id).where(media_name.c.hash_id.is_not(None))
        for rows in _parts(connection, led):
            kept.update(number for (number,) in rows)
    return [number for number in found if number not in kept]


def _in(keys: Keys, ascending: Keys) -> npt.NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(keys), np.bool_)
    places = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    found: npt.NDArray[np.bool_] = ascending[places] == keys
    return found


def _new_medoids(connection: Connection, cluster: int, place: MediaPlace, near: int) -> MediaPlace:
    """Give a cluster a new medoid, and put what this one is not near to into further clusters."""
    query = select(*media_hash.c["id", "value"]).where(media_hash.c.cluster_id == cluster)
    rows = connection.execute(query.order_by(media_hash.c.id)).all()
    ids = np.array([number for number, _ in rows], np.int64)
    bits = np.unpackbits(
        np.frombuffer(b"".join(value for _, value in rows), np.uint8).reshape(-1, 32), axis=1
    ).astype(np.int16)
    root, into = root_of(connection, cluster), cluster
    _set_medoid(connection, cluster, None)
    while len(ids):
        medoid = _most_central(bits, near)
        close = np.abs(bits - bits[medoid]).sum(axis=1) <= near
        if into != cluster:
            row = {"id": into, "kind": "pdq", "merged_into": root, "merged_at": now()}
            connection.execute(insert(media_cluster), row)
            for some in chunked(ids[close].tolist()):
                moved = update(media_hash).where(media_hash.c.id.in_(some))
                connection.execute(moved.values(cluster_id=into))
        _set_medoid(connection, into, int(ids[medoid]))
        ids, bits = ids[~close], bits[~close]
        if len(ids):
            into = place.clusters + 1
            place = place._replace(clusters=into)
    return place


def _set_medoid(connection: Connection, cluster: int, medoid: int | None) -> None:
    statement = update(media_cluster).where(media_cluster.c.id == cluster)
    connection.execute(statement.values(medoid=medoid))


def _most_central(bits: npt.NDArray[np.int16], near: int) -> int:
    """The place of the value that is near to most others; the first of several."""
    ones = bits.astype(np.float32)
    count = ones.sum(axis=1)
    best, most = 0, -1
    for begin in range(0, len(bits), 1_024):
        some = slice(begin, begin + 1_024)
        apart = count[some, None] + count[None, :] - 2 * (ones[some] @ ones.T)
        close = (apart <= near).sum(axis=1)
        if int(close.max()) > most:
            best, most = begin + int(close.argmax()), int(close.max())
    return best


def _drop_empty(connection: Connection, touched: Iterable[int]) -> None:
    """Delete the pictures of which nothing is left, with all numbers that led to them."""
    for some in chunked(sorted(touched)):
        query = select(func.coalesce(media_cluster.c.merged_into, media_cluster.c.id)).distinct()
        roots = connection.scalars(query.where(media_cluster.c.id.in_(some))).all()
        for root in roots:
            member = (media_cluster.c.id == root) | (media_cluster.c.merged_into == root)
            parts = select(media_cluster.c.id).where(member)
            held = (
                select(table.c.cluster_id).where(table.c.cluster_id.in_(parts)).limit(1)
                for table in (media_hash, media_name)
            )
            if all(connection.scalar(query) is None for query in held):
                connection.execute(delete(media_cluster).where(member))


def _parts(connection: Connection, query: Select[Any]) -> Iterable[list[Any]]:
    with connection.execute(query.execution_options(yield_per=_ROWS)) as result:
        for part in result.partitions():
            yield list(part)


def overwrite_deleted(connection: Connection) -> None:
    """Let SQLite overwrite what is deleted from now on, not only let go of it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def flush_deleted(tables: Tables) -> None:
    """Let nothing of deleted rows lie in SQLite's write-ahead log, unless a reader needs it."""
    with tables.read() as connection:
        if connection.dialect.name != "sqlite":
            return
        connection.rollback()
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute("PRAGMA query_only = OFF")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
