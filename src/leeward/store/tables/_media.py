"""The media map: which pictures are copies of each other, and what leads to them.

A cluster is what is taken for one picture. Each PDQ value (``media_hash``) belongs to the one
whose medoid it is near to, each handle and SHA-256 (``media_name``, by the log's keyed hash) to
the one of the digest that it first came with. A number of a cluster is given once and leads to
it for ever: one that became part of another keeps its row, which says of which.

Who writes holds one lock, and moves the place in the log in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import delete, func, insert, select, update

from leeward.errors import UsageError
from leeward.store.tables._audit import lock_audit, record
from leeward.store.tables._banks_rows import bulk_insert, chunked
from leeward.store.tables._checks import now, person, words
from leeward.store.tables._schema import (
    media_cluster,
    media_hash,
    media_late,
    media_name,
    media_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from sqlalchemy import Connection

__all__ = [
    "MediaGroup",
    "MediaKind",
    "MediaName",
    "MediaPlace",
    "NewMedia",
    "SeenHashes",
    "clusters_of",
    "drop_late",
    "find_names",
    "find_values",
    "keep_media",
    "late_names",
    "lock_media",
    "media_group",
    "media_place",
    "media_values",
    "merge_media",
    "root_of",
    "seen_hashes",
    "set_place",
]

MediaKind: TypeAlias = Literal["pdq", "sha256", "uri"]

_LOCK: Final = 0x1EE_0ED1
"""The key of PostgreSQL's advisory lock for changes of the map."""
_ROWS: Final = 65_536


class MediaPlace(NamedTuple):
    """How far the map has come.

    Attributes:
        seq: The last event that it has read.
        fetched: The last fetched item that it has read.
        rewritten: What ``Log.rewritten`` said then.
        epoch: Changes when something was taken out; no two maps have one epoch.
        clusters, hashes, late: The last numbers that were given.
    """

    seq: int = 0
    fetched: int = 0
    rewritten: int = 0
    epoch: int = 0
    clusters: int = 0
    hashes: int = 0
    late: int = 0


class MediaName(NamedTuple):
    """Where a handle or a SHA-256 leads to.

    Attributes:
        cluster: The cluster that it was put into.
        hash: Number of the PDQ value that it first came with; None where it has none.
        kind: What its cluster is known by.
        merged: Whether its cluster became part of another.
    """

    cluster: int
    hash: int | None
    kind: MediaKind
    merged: bool


class SeenHashes(NamedTuple):
    """PDQ values as columns.

    Attributes:
        ids, clusters: int64 (values), ascending ids.
        medoid: (values) Whether the value is its cluster's medoid.
        values: uint8 (values, 32).
    """

    ids: npt.NDArray[np.int64]
    clusters: npt.NDArray[np.int64]
    medoid: npt.NDArray[np.bool_]
    values: npt.NDArray[np.uint8]

    def __repr__(self) -> str:
        """How many: hash values are secrets."""
        return f"<SeenHashes {len(self.ids)}>"


class NewMedia(NamedTuple):
    """What one step adds to the map.

    Attributes:
        clusters: Number, kind, number of the medoid.
        hashes: Number, cluster, value.
        names: Key, cluster, number of the value.
        joined: A cluster that turned out to be part of another, that one, and the number of the
            value by which it did.
    """

    clusters: list[tuple[int, MediaKind, int | None]]
    hashes: list[tuple[int, int, bytes]]
    names: list[tuple[int, int, int | None]]
    joined: list[tuple[int, int, int | None]]

    def __repr__(self) -> str:
        """How much: hash values are secrets."""
        return f"<NewMedia clusters={len(self.clusters)} hashes={len(self.hashes)}>"


class MediaGroup(NamedTuple):
    """A picture with all that is known to be it.

    Attributes:
        cluster: Its number.
        clusters: The numbers of all clusters that are part of it.
        values: Its PDQ values by their numbers.
        keys: The keys of its handles and SHA-256.
    """

    cluster: int
    clusters: tuple[int, ...]
    values: dict[int, bytes]
    keys: tuple[int, ...]

    def __repr__(self) -> str:
        """The number and how much: hash values are secrets."""
        return f"<MediaGroup {self.cluster} hashes={len(self.values)} names={len(self.keys)}>"


def lock_media(connection: Connection) -> None:
    """Wait until no other transaction changes the map, and keep others from it.

    SQLite's transaction is a lock in itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def media_place(connection: Connection) -> MediaPlace:
    """How far the map has come; all 0 where there is none."""
    row = connection.execute(select(*media_state.c[MediaPlace._fields])).one_or_none()
    return MediaPlace() if row is None else MediaPlace(*row)


def set_place(connection: Connection, place: MediaPlace) -> None:
    """Say how far the map has come; the caller holds the lock."""
    values = place._asdict()
    if not connection.execute(update(media_state).values(**values)).rowcount:
        connection.execute(insert(media_state).values(id=1, **values))


def keep_media(connection: Connection, new: NewMedia, place: MediaPlace) -> MediaPlace:
    """Add to the map and move its place; the caller holds the lock.

    Returns:
        The place, with the numbers of what :func:`late_names` gives from now on.
    """
    bulk_insert(connection, list(media_cluster.c["id", "kind", "medoid"]), new.clusters)
    bulk_insert(connection, list(media_hash.c["id", "cluster_id", "value"]), new.hashes)
    bulk_insert(connection, list(media_name.c["key", "cluster_id", "hash_id"]), new.names)
    late = place.late
    for cluster, into, value in new.joined:
        keys = _join(connection, cluster, root_of(connection, into), value)
        rows = list(enumerate(keys, late + 1))
        bulk_insert(connection, list(media_late.c["id", "key"]), rows)
        late += len(rows)
    place = place._replace(late=late)
    set_place(connection, place)
    return place


def _join(connection: Connection, cluster: int, into: int, value: int | None) -> list[int]:
    """Let a cluster be part of another; the keys of names that have a value by that."""
    parts = _parts(connection, cluster)
    statement = update(media_cluster).where(media_cluster.c.id.in_(parts))
    connection.execute(statement.values(merged_into=into, merged_at=now()))
    if value is None:
        return []
    blank = media_name.c.cluster_id.in_(parts) & media_name.c.hash_id.is_(None)
    keys = list(connection.scalars(select(media_name.c.key).where(blank)))
    connection.execute(update(media_name).where(blank).values(hash_id=value))
    return keys


def _parts(connection: Connection, root: int) -> list[int]:
    # A handle may turn out to be of a picture that a person put to it: then it leads to itself.
    others = media_cluster.c.merged_into == root, media_cluster.c.id != root
    query = select(media_cluster.c.id).where(*others)
    return [root, *connection.scalars(query.order_by(media_cluster.c.id))]


def root_of(connection: Connection, cluster: int) -> int:
    """The cluster that a number leads to today.

    Raises:
        UsageError: No cluster ever had it, or all that it had was erased.
    """
    query = select(media_cluster.c.id, media_cluster.c.merged_into)
    row = connection.execute(query.where(media_cluster.c.id == cluster)).one_or_none()
    if row is None:
        raise UsageError("there is no such cluster of media", where=str(cluster))
    return row.id if row.merged_into is None else int(row.merged_into)


def merge_media(
    connection: Connection, one: int, other: int, by: str, why: str, *, at: int | None = None
) -> int:
    """Let two clusters be one, because a person says that they are one picture.

    The older number stays; the other one leads to it for ever. Each keeps its medoid, so what
    arrives is compared as before.

    Returns:
        The number that stays.

    Raises:
        UsageError: A cluster is not there, they are one already, or an argument is not usable.
    """
    lock_audit(connection)
    lock_media(connection)
    first, second = sorted((root_of(connection, one), root_of(connection, other)))
    if first == second:
        raise UsageError("the two are one cluster already", where=str(one))
    when = now() if at is None else at
    reason = words(why, "the reason")
    statement = update(media_cluster).where(media_cluster.c.id.in_(_parts(connection, second)))
    connection.execute(
        statement.values(merged_into=first, merged_at=when, merged_by=person(by), merged_why=reason)
    )
    details = {"merged": second, "reason": reason}
    record(connection, by, "media.merge", f"media-cluster:{first}", details, at=when)
    return first


def find_names(connection: Connection, keys: Sequence[int]) -> dict[int, MediaName]:
    """Where some handles and SHA-256 lead to, by their keys; unknown ones are left out."""
    columns = media_name.c["key", "cluster_id", "hash_id"]
    query = select(*columns, *media_cluster.c["kind", "merged_into"])
    query = query.join(media_cluster, media_cluster.c.id == media_name.c.cluster_id)
    found: dict[int, MediaName] = {}
    for some in chunked(keys):
        for key, cluster, value, kind, into in connection.execute(
            query.where(media_name.c.key.in_(some))
        ):
            found[key] = MediaName(cluster, value, kind, into is not None)
    return found


def find_values(connection: Connection, values: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    """The numbers and the clusters of some PDQ values; unknown ones are left out."""
    query = select(*media_hash.c["value", "id", "cluster_id"])
    found: dict[bytes, tuple[int, int]] = {}
    for some in chunked(values):
        for value, number, cluster in connection.execute(query.where(media_hash.c.value.in_(some))):
            found[value] = (number, cluster)
    return found


def clusters_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """The clusters of PDQ values, by the numbers of the values."""
    query = select(*media_hash.c["id", "cluster_id"])
    return {
        number: cluster
        for some in chunked(ids)
        for number, cluster in connection.execute(query.where(media_hash.c.id.in_(some)))
    }


def media_values(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """PDQ values by their numbers."""
    query = select(*media_hash.c["id", "value"])
    return {
        number: value
        for some in chunked(ids)
        for number, value in connection.execute(query.where(media_hash.c.id.in_(some)))
    }


def seen_hashes(connection: Connection, after: int = 0, rows: int = _ROWS) -> Iterator[SeenHashes]:
    """All PDQ values with a number above one, some at a time."""
    medoid = media_cluster.c.medoid == media_hash.c.id
    query = select(*media_hash.c["id", "cluster_id", "value"], medoid)
    query = query.join(media_cluster, media_cluster.c.id == media_hash.c.cluster_id)
    query = query.where(media_hash.c.id > after).order_by(media_hash.c.id)
    with connection.execute(query.execution_options(yield_per=rows)) as result:
        for part in result.partitions():
            ids, clusters, values, medoids = zip(*part, strict=True)
            octets = np.frombuffer(bytearray(b"".join(values)), np.uint8).reshape(-1, 32)
            yield SeenHashes(
                np.array(ids, np.int64),
                np.array(clusters, np.int64),
                np.array(medoids, bool),
                octets,
            )


def media_group(connection: Connection, cluster: int) -> MediaGroup:
    """A picture with all that is known to be it.

    Args:
        connection: Of any transaction.
        cluster: A number that it has or had.

    Raises:
        UsageError: No cluster ever had it, or all that it had was erased.
    """
    root = root_of(connection, cluster)
    parts = _parts(connection, root)
    values: dict[int, bytes] = {}
    keys: list[int] = []
    for some in chunked(parts):
        hashes = select(*media_hash.c["id", "value"]).where(media_hash.c.cluster_id.in_(some))
        values |= {row.id: row.value for row in connection.execute(hashes)}
        names = select(media_name.c.key).where(media_name.c.cluster_id.in_(some))
        keys += connection.scalars(names)
    return MediaGroup(root, tuple(parts), values, tuple(keys))


def late_names(connection: Connection, after: int, limit: int = 1_000) -> list[tuple[int, int]]:
    """Names that came to have a PDQ value after they were seen: number and key, in order."""
    query = select(*media_late.c["id", "key"]).where(media_late.c.id > after)
    return [(n, key) for n, key in connection.execute(query.order_by(media_late.c.id).limit(limit))]


def drop_late(connection: Connection, upto: int) -> None:
    """Forget the first of what :func:`late_names` gives."""
    connection.execute(delete(media_late).where(media_late.c.id <= upto))
