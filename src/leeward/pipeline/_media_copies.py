"""All copies of a picture: one look-up through the media map, and the events that carry them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.hashing import MAX_DISTANCE
from leeward.model import parse_subject
from leeward.pipeline._media_map import MediaMap
from leeward.store import media_key, media_with
from leeward.store.tables import (
    clusters_of,
    find_names,
    find_values,
    media_group,
    media_place,
    root_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Connection

    from leeward.store import Log, MediaItems
    from leeward.store.tables import MediaGroup, Tables

__all__ = ["Copies", "Sighting", "copies_of"]

_CLUSTER: Final = re.compile(r"cluster:([0-9]{1,18})", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Sighting(Struct, frozen=True):
    """One event that carries a copy.

    Attributes:
        seq: Its place in the log.
        seen: When the log received it, microseconds since 1970 UTC.
        account: URI of who acted.
        subject: URI of the post or media item.
        media: Handle of the copy; null where it has none.
    """

    seq: int
    seen: int
    account: str
    subject: str
    media: str | None

    def __repr__(self) -> str:
        """The place in the log: the rest is content."""
        return f"<Sighting seq={self.seq}>"


class Copies(Struct, frozen=True, kw_only=True):
    """All that the log has of one picture or video. Without hash values.

    Attributes:
        cluster: The number of the picture, which is stable; null where the map does not know it.
        earlier: Other numbers that lead to it.
        near: Numbers of other pictures that are as near as was asked for.
        hashes: PDQ values that it has.
        events, accounts, subjects, handles: How many events carry it, from how many accounts, in
            how many posts or media items, under how many handles.
        first_seen, last_seen: When the log received the first and the last of them, microseconds
            since 1970 UTC; null where there is none.
        sightings: The first of these events.
        unread: Events that the map has not read yet; copies among them may be missing.
    """

    cluster: int | None
    earlier: tuple[int, ...]
    near: tuple[int, ...]
    hashes: int
    events: int
    accounts: int
    subjects: int
    handles: int
    first_seen: int | None
    last_seen: int | None
    sightings: tuple[Sighting, ...]
    unread: int

    def __repr__(self) -> str:
        """How many: content stays out of ``repr``."""
        return f"<Copies cluster={self.cluster} events={self.events}>"


class _Known(NamedTuple):
    """What leads to the copies."""

    group: MediaGroup | None
    near: tuple[int, ...]
    keys: frozenset[int]


def copies_of(
    log: Log,
    tables: Tables,
    folder: Path,
    name: str,
    *,
    distance: int | None = None,
    most: int = 100,
) -> Copies:
    """Look all copies of a picture or video up.

    Args:
        log: The log.
        tables: The operational tables, which hold the media map.
        folder: The data folder.
        name: A handle, a SHA-256 or PDQ value in hexadecimal, or ``cluster:NUMBER``; the word
            ``media:`` may stand before it.
        distance: Also pictures with a PDQ value within so many bits, 0 to 64, of one of its own.
        most: Events that are named.

    Raises:
        UsageError: There is no such cluster, or the distance is out of range.
    """
    if distance is not None and not 0 <= distance <= MAX_DISTANCE:
        raise UsageError(f"a distance must be a whole number from 0 to {MAX_DISTANCE}")
    with tables.read() as connection:
        place = media_place(connection)
        known = _known(connection, log, parse_subject(name)[1], (tables, folder), distance)
    items = media_with(log, known.keys)
    group = known.group
    return _copies(
        items,
        _carrying(items, log, known.keys),
        known,
        () if group is None else tuple(n for n in group.clusters if n != group.cluster),
        most,
        max(0, log.last_seq() - place.seq),
    )


def _known(
    connection: Connection,
    log: Log,
    name: str,
    place: tuple[Tables, Path],
    distance: int | None,
) -> _Known:
    own = media_key(log.hasher, name)
    cluster, values = _cluster(connection, own, name)
    group = None if cluster is None else media_group(connection, cluster)
    keys = {own} if cluster is None or not _CLUSTER.fullmatch(name) else set()
    if group is None and not values:
        return _Known(None, (), frozenset(keys))
    if group is not None:
        keys |= _keys(log, group)
        values = list(group.values.values())
    if distance is None or not values:
        return _Known(group, (), frozenset(keys))
    others = _near(connection, place, values, distance)
    if group is not None:
        others.discard(group.cluster)
    for other in others:
        keys |= _keys(log, media_group(connection, other))
    return _Known(group, tuple(sorted(others)), frozenset(keys))


def _cluster(connection: Connection, key: int, name: str) -> tuple[int | None, list[bytes]]:
    """The cluster of a name; for a PDQ value that was never seen, the value."""
    numbered = _CLUSTER.fullmatch(name)
    if numbered:
        return root_of(connection, int(numbered[1])), []
    found = find_names(connection, [key]).get(key)
    if found is not None:
        return found.cluster, []
    if not _DIGITS.fullmatch(name):
        return None, []
    value = bytes.fromhex(name)
    seen = find_values(connection, [value]).get(value)
    return (None, [value]) if seen is None else (seen[1], [])


def _near(
    connection: Connection, place: tuple[Tables, Path], values: list[bytes], distance: int
) -> set[int]:
    """The pictures that have a value near to one of some."""
    octets = np.frombuffer(bytearray(b"".join(values)), np.uint8).reshape(-1, 32)
    numbers = np.unique(MediaMap(*place).near(octets, distance).hash).tolist()
    found = set(clusters_of(connection, numbers).values())
    return {root_of(connection, cluster) for cluster in found}


def _keys(log: Log, group: MediaGroup) -> set[int]:
    return {*group.keys, *(media_key(log.hasher, v.hex()) for v in group.values.values())}


def _carrying(items: MediaItems, log: Log, keys: Iterable[int]) -> list[int]:
    """The places of the items that are copies; the events carry others, too."""
    wanted = set(keys)
    pairs = zip(items.key.tolist(), items.sha256_key.tolist(), items.pdq.to_pylist(), strict=True)
    return [
        place
        for place, (key, sha256_key, pdq) in enumerate(pairs)
        if key in wanted
        or sha256_key in wanted
        or (pdq is not None and media_key(log.hasher, pdq) in wanted)
    ]


def _copies(
    items: MediaItems,
    places: list[int],
    known: _Known,
    earlier: tuple[int, ...],
    most: int,
    unread: int,
) -> Copies:
    rows = items.row[places] if places else np.empty(0, np.int64)
    events = items.events.take(np.unique(rows)) if places else items.events.slice(0, 0)
    uris = items.uri.to_pylist()
    first = {int(row): uris[place] for row, place in zip(rows[::-1], places[::-1], strict=True)}
    columns = (events[n].to_pylist() if places else [] for n in ("seq", "seen", "actor", "object"))
    told = list(zip(*columns, (first[int(row)] for row in np.unique(rows)), strict=True))
    seen = [row[1] for row in told]
    return Copies(
        cluster=None if known.group is None else known.group.cluster,
        earlier=earlier,
        near=known.near,
        hashes=0 if known.group is None else len(known.group.values),
        events=len(told),
        accounts=len({row[2] for row in told}),
        subjects=len({row[3] for row in told}),
        handles=len({uris[place] for place in places} - {None}),
        first_seen=min(seen, default=None),
        last_seen=max(seen, default=None),
        sightings=tuple(Sighting(*row) for row in told[:most]),
        unread=unread,
    )
