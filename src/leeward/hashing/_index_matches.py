"""What a search in an index finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leeward.hashing._mih_search import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    UInt8 = npt.NDArray[np.uint8]
    UInt32 = npt.NDArray[np.uint32]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["Matches", "matches_of"]


@dataclass(frozen=True, repr=False, eq=False)
class Matches:
    """Entries within the distance asked for, by query, then distance, then id.

    An id stands once for each query, with the nearest of its hashes. No array holds a hash.

    Attributes:
        query: (matches) The place of the query among those searched for.
        id: (matches) The id of the entry.
        distance: (matches) In how many of the 256 bits they differ.
    """

    query: UInt32
    id: UInt64
    distance: UInt8

    def __len__(self) -> int:
        return len(self.query)

    def __repr__(self) -> str:
        return f"Matches({len(self)})"

    def of(self, query: int) -> Matches:
        """The matches of one query."""
        begin, end = np.searchsorted(self.query, (query, query + 1))
        return Matches(self.query[begin:end], self.id[begin:end], self.distance[begin:end])


def matches_of(parts: Sequence[Found]) -> Matches:
    """All that was found in several parts of an index, in order, each id once for a query."""
    parts = [part for part in parts if len(part.id)] or [Found.room(0)]
    query, name, distance = parts[0]
    if len(parts) > 1:
        query, name, distance = map(np.concatenate, zip(*parts, strict=True))
    if len(query) > 1:
        order = np.lexsort((distance, name, query))
        query, name, distance = query[order], name[order], distance[order]
        again = (query[1:] == query[:-1]) & (name[1:] == name[:-1])
        if again.any():
            once = np.append(True, ~again)
            query, name, distance = query[once], name[once], distance[once]
        order = np.lexsort((name, distance, query))
        query, name, distance = query[order], name[order], distance[order]
    return Matches(query, name, distance)
