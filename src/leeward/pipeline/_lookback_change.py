"""From a change of the banks to the media that it concerns."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.store import media_key
from leeward.store.tables import (
    bank_history,
    entry_values,
    fetched_by_digest,
    list_banks,
    media_values,
    names_of_values,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from leeward.model import HashBank, Hasher
    from leeward.pipeline._lookback_looks import FetchedLooks
    from leeward.pipeline._media_map import MediaMap
    from leeward.store.tables import BankChange, EntryValue

__all__ = ["ENTRIES", "entries_of", "keys_near"]

ENTRIES: Final = 4_096
"""Entries that are compared at a time."""

_DIGESTS: Final = ("sha1", "md5")


def entries_of(
    connection: Connection, change: BankChange, after: int
) -> tuple[list[EntryValue], dict[int, int]]:
    """The entries of which a change may turn what was said of media: some of them.

    An entry that was withdrawn is one: what it matched may be a miss now. So is every entry of a
    bank that reaches further or less far than before, or means something else.

    Args:
        connection: Of a transaction that reads.
        change: The change.
        after: Number of the last entry that the caller has.

    Returns:
        At most :data:`ENTRIES`, and by the number of its bank how far each reaches, in bits.
    """
    banks = list_banks(connection)
    if change.kind != "bank":
        begin = max(after, change.first - 1)
        reach = {bank.id: bank.settings.distance for bank in banks}
        return entry_values(connection, begin, ENTRIES, last=change.last), reach
    reach = {}
    for bank in banks:
        if change.first <= bank.id <= change.last:
            widest = _concerned(bank_history(connection, bank.name), change.at)
            if widest is not None:
                reach[bank.id] = widest
    return entry_values(connection, after, ENTRIES, banks=list(reach)) if reach else [], reach


def _concerned(versions: Sequence[HashBank], at: int) -> int | None:
    """How far a bank reaches that a change at a time made say something else; or None."""
    for before, after in pairwise(versions):
        if after.changed_at == at and _says(before) != _says(after):
            return max(before.settings.distance, after.settings.distance)
    return None


def _says(bank: HashBank) -> tuple[object, ...]:
    settings = bank.settings
    # Of a pause only innocence makes a difference: it suppresses nothing then.
    innocent = settings.meaning == "known_innocent"
    return settings.meaning, settings.distance, innocent and bank.paused is not None


def keys_near(
    connection: Connection,
    hasher: Hasher,
    seen: MediaMap,
    entries: Sequence[EntryValue],
    reach: dict[int, int],
    further: FetchedLooks,
) -> list[int]:
    """What leads to all media that were seen and are near to some entries.

    Args:
        connection: Of a transaction that reads.
        hasher: The log's.
        seen: The media map.
        entries: The entries.
        reach: Bits by the number of the bank.
        further: The other looks of what was fetched.

    Returns:
        Keys of handles, SHA-256 and PDQ values, as :func:`leeward.store.media_with` takes them.
    """
    looks = [entry for entry in entries if entry.algorithm == "pdq"]
    keys: set[int] = set()
    if looks:
        octets = np.frombuffer(bytearray(b"".join(e.value for e in looks)), np.uint8)
        within = np.array([reach.get(entry.bank_id, 0) for entry in looks], np.int64)
        numbers = np.unique(seen.near(octets.reshape(-1, 32), within).hash).tolist()
        values = media_values(connection, numbers)
        keys.update(media_key(hasher, value.hex()) for value in values.values())
        keys.update(names_of_values(connection, numbers))
        uris = further.near(connection, octets.reshape(-1, 32), within)
        keys.update(media_key(hasher, uri) for uri in uris)
    keys |= {media_key(hasher, e.value.hex()) for e in entries if e.algorithm == "sha256"}
    for algorithm in ("sha256", *_DIGESTS):
        digests = [entry.value.hex() for entry in entries if entry.algorithm == algorithm]
        if digests:
            uris = fetched_by_digest(connection, algorithm, digests)
            keys.update(media_key(hasher, uri) for uri in uris)
    return sorted(keys)
