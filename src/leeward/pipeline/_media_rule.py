"""The rule by which media become clusters: what a few items add to the map.

* A PDQ value belongs to the earliest medoid within :data:`leeward.network.NEAR` bits; where there
  is none it is a medoid itself. Values are compared with medoids only, in the order in which
  they came: so chains of copies join no strangers, and nothing that was decided changes. The
  interaction graph has the same rule.
* A SHA-256 leads to the PDQ value that it first came with, a handle to the digest that it first
  came with. The first time counts: nobody gives an old handle a new meaning.
* What has neither is a cluster by itself until it comes with one; then its cluster becomes part
  of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leeward.network import lead
from leeward.store.tables import MediaName, NewMedia, clusters_of, find_names, find_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt
    from sqlalchemy import Connection

    from leeward.store.tables import MediaKind, MediaPlace

__all__ = ["Item", "put"]


class Item(NamedTuple):
    """One picture or video as something says it: keys are 0, and the value None, where unknown.

    Attributes:
        key, sha256_key: The log's keyed hashes of its handle and SHA-256.
        value: Its PDQ value.
        seq: The event that says so; what is of one event comes in the order of its values.
    """

    key: int
    sha256_key: int
    value: bytes | None
    seq: int

    def __repr__(self) -> str:
        return f"<Item seq={self.seq}>"


def put(
    connection: Connection,
    items: Iterable[Item],
    place: MediaPlace,
    medoid_near: Callable[[npt.NDArray[np.uint8]], Sequence[int]],
) -> tuple[NewMedia, MediaPlace]:
    """What some items add to the map.

    Args:
        connection: Of a transaction that holds the map's lock.
        items: In the order of the log.
        place: How far the map has come.
        medoid_near: Gives the number of the earliest medoid near to each of some values; 0 where
            there is none.

    Returns:
        What to add, and the place with the last numbers that it takes.
    """
    ordered = sorted(items, key=lambda item: (item.seq, item.value is None, item.value or b""))
    step = _Step(connection, place)
    step.look_up(ordered, medoid_near)
    for item in ordered:
        step.put(item)
    return step.new, place._replace(clusters=step.clusters, hashes=step.hashes)


@dataclass
class _Step:
    """The map as a step leaves it, as far as the step reaches."""

    connection: Connection
    place: MediaPlace
    new: NewMedia = field(default_factory=lambda: NewMedia([], [], [], []))
    values: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    medoids: dict[bytes, int | bytes] = field(default_factory=dict)
    names: dict[int, MediaName] = field(default_factory=dict)
    joined: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    cluster_of: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clusters, self.hashes = self.place.clusters, self.place.hashes

    def look_up(
        self,
        items: Sequence[Item],
        medoid_near: Callable[[npt.NDArray[np.uint8]], Sequence[int]],
    ) -> None:
        """Read what the map has of some items, and decide which of the new values are medoids."""
        values = list(dict.fromkeys(item.value for item in items if item.value is not None))
        self.values = find_values(self.connection, values)
        fresh = [value for value in values if value not in self.values]
        if fresh:
            octets = np.frombuffer(bytearray(b"".join(fresh)), np.uint8).reshape(-1, 32)
            near = np.asarray(medoid_near(octets), np.int64)
            self.medoids = dict(zip(fresh, near.tolist(), strict=True))
            rest = np.flatnonzero(near == 0)
            for place, leader in zip(rest.tolist(), rest[lead(octets[rest])].tolist(), strict=True):
                self.medoids[fresh[place]] = fresh[leader]
        keys = {key for item in items for key in (item.key, item.sha256_key) if key}
        self.names = find_names(self.connection, sorted(keys))
        known = {number for number in self.medoids.values() if isinstance(number, int)}
        self.cluster_of = clusters_of(self.connection, sorted(known))

    def put(self, item: Item) -> None:
        """Add an item."""
        at: tuple[int, int | None] | None = None
        if item.value is not None:
            at = self._put_value(item.value)
        if item.sha256_key:
            at = self._put_name(item.sha256_key, "sha256", at)
        if item.key:
            self._put_name(item.key, "uri", at)

    def _put_value(self, value: bytes) -> tuple[int, int]:
        """The cluster and the number of a value."""
        found = self.values.get(value)
        if found is None:
            self.hashes += 1
            medoid = self.medoids[value]
            if isinstance(medoid, int):
                cluster = self.cluster_of[medoid]
            elif medoid == value:
                cluster = self._add_cluster("pdq", self.hashes)
            else:
                cluster = self.values[medoid][1]
            found = self.values[value] = (self.hashes, cluster)
            self.new.hashes.append((self.hashes, cluster, value))
        return found[1], found[0]

    def _put_name(
        self, key: int, kind: MediaKind, at: tuple[int, int | None] | None
    ) -> tuple[int, int | None]:
        """Where a name leads to, after it came with something (a cluster and a value) or alone."""
        have = self.names.get(key)
        if have is None:
            cluster, value = at or (self._add_cluster(kind, None), None)
            # Only a cluster that it is alone known by can turn out to be part of another.
            owner: MediaKind = kind if at is None else "pdq"
            self.names[key] = MediaName(cluster, value, owner, merged=False)
            self.new.names.append((key, cluster, value))
            return cluster, value
        if have.cluster in self.joined:
            into, value = self.joined[have.cluster]
            return into, value if have.hash is None else have.hash
        if at is not None and have.kind == kind and not have.merged:
            self.joined[have.cluster] = at
            self.new.joined.append((have.cluster, *at))
            return at
        return have.cluster, have.hash

    def _add_cluster(self, kind: MediaKind, medoid: int | None) -> int:
        self.clusters += 1
        self.new.clusters.append((self.clusters, kind, medoid))
        return self.clusters
