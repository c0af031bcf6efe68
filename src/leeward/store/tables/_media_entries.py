"""What looking back needs of banks and names: entries as they were, and whatever led to a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import select

from leeward.store.tables._banks_rows import chunked
from leeward.store.tables._schema import (
    bank_entry,
    fetched_media,
    media_cluster,
    media_hash,
    media_name,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

__all__ = ["EntryValue", "entry_values", "fetched_by_digest", "fetched_uris", "names_of_values"]

_BOUND: Final = 500


class EntryValue(NamedTuple):
    """An entry of a bank, whether it matches still or not.

    Attributes:
        id: Its number.
        bank_id: Number of its bank.
        algorithm, value: What it is.
    """

    id: int
    bank_id: int
    algorithm: str
    value: bytes

    def __repr__(self) -> str:
        """The number and the algorithm: a hash value is a secret."""
        return f"<EntryValue {self.id} {self.algorithm}>"


def entry_values(
    connection: Connection,
    after: int,
    limit: int,
    *,
    last: int | None = None,
    banks: Sequence[int] | None = None,
) -> list[EntryValue]:
    """Entries with their values, in the order of their numbers.

    Args:
        connection: Of any transaction.
        after: Only greater numbers.
        limit: How many.
        last: Only numbers up to this one.
        banks: Only of banks with these numbers.
    """
    query = select(*bank_entry.c[EntryValue._fields]).where(bank_entry.c.id > after)
    if last is not None:
        query = query.where(bank_entry.c.id <= last)
    if banks is not None:
        query = query.where(bank_entry.c.bank_id.in_(banks))
    query = query.order_by(bank_entry.c.id).limit(limit)
    return [EntryValue(*row) for row in connection.execute(query)]


def names_of_values(connection: Connection, ids: Sequence[int]) -> list[int]:
    """The keys of handles and SHA-256 that lead to some PDQ values, by the values' numbers."""
    clusters: set[int] = set()
    for some in chunked(ids):
        found = select(media_hash.c.cluster_id).where(media_hash.c.id.in_(some))
        clusters.update(connection.scalars(found))
    # A name that had no value at first is in a cluster of its own, which is part of the value's.
    parts = set(clusters)
    for some in chunked(sorted(clusters)):
        into = select(media_cluster.c.merged_into).where(media_cluster.c.id.in_(some))
        roots = {root for root in connection.scalars(into) if root is not None} | set(some)
        merged = media_cluster.c.merged_into.in_(roots)
        parts.update(connection.scalars(select(media_cluster.c.id).where(merged)))
        parts |= roots
    wanted = set(ids)
    query = select(*media_name.c["key", "hash_id"]).where(media_name.c.hash_id.is_not(None))
    return [
        key
        for some in chunked(sorted(parts))
        for key, value in connection.execute(query.where(media_name.c.cluster_id.in_(some)))
        if value in wanted
    ]


def fetched_by_digest(connection: Connection, algorithm: str, digests: Sequence[str]) -> list[str]:
    """The URIs of fetched media with one of some SHA-1 or MD5 digests, in hexadecimal."""
    column = fetched_media.c[algorithm]
    query = select(fetched_media.c.uri, column).where(column.is_not(None))
    if len(digests) <= _BOUND:
        query = query.where(column.in_(digests))
    wanted = set(digests)
    return [uri for uri, digest in connection.execute(query) if digest in wanted]


def fetched_uris(connection: Connection, ids: Sequence[int]) -> list[str]:
    """The URIs of fetched media by their numbers; those that were erased are left out."""
    query = select(fetched_media.c.uri)
    return [
        uri
        for some in chunked(ids)
        for uri in connection.scalars(query.where(fetched_media.c.id.in_(some)))
    ]
