"""What is one picture though no event says so: fetched hashes, and what people merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from leeward.store.tables._schema import media_cluster, media_hash, media_name

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["joined_names", "joined_values"]


def joined_names(connection: Connection) -> list[tuple[int, int]]:
    """The keys of names whose cluster became part of another, and the number of that."""
    query = select(media_name.c.key, media_cluster.c.merged_into)
    query = query.join(media_cluster, media_cluster.c.id == media_name.c.cluster_id)
    query = query.where(media_cluster.c.merged_into.is_not(None)).order_by(media_name.c.key)
    return [(key, root) for key, root in connection.execute(query)]


def joined_values(connection: Connection) -> list[tuple[bytes, int]]:
    """The PDQ values of all pictures that other clusters became part of, and their numbers."""
    root = func.coalesce(media_cluster.c.merged_into, media_cluster.c.id)
    merged = select(media_cluster.c.merged_into).where(media_cluster.c.merged_into.is_not(None))
    query = select(media_hash.c.value, root)
    query = query.join(media_cluster, media_cluster.c.id == media_hash.c.cluster_id)
    query = query.where(root.in_(merged.distinct())).order_by(media_hash.c.id)
    return [(value, number) for value, number in connection.execute(query)]
