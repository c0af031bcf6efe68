"""The looks of fetched files that the media map does not hold: turned, mirrored, further frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.hashing import QUALITY_FLOOR, HashIndex
from leeward.store.tables import fetched_since, fetched_uris

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    from sqlalchemy import Connection

    from leeward.store.tables import FetchedHashes

__all__ = ["FetchedLooks"]

_AT_ONCE: Final = 1_000


class FetchedLooks:
    """An index of them, for entries that are added later.

    It is read from the tables when first asked. What was erased is forgotten with :meth:`reset`.
    """

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, epoch: int) -> None:
        """Begin anew, where the media map did."""
        self.epoch = epoch
        self._last = 0
        self._index = HashIndex.build(np.empty((0, 32), np.uint8), np.empty(0, np.uint64))

    def near(
        self, connection: Connection, values: npt.NDArray[np.uint8], within: npt.NDArray[np.int64]
    ) -> list[str]:
        """The handles of files with a look within so many bits of each value."""
        self._follow(connection)
        numbers = np.unique(self._index.search(values, within).id).tolist()
        return fetched_uris(connection, numbers)

    def _follow(self, connection: Connection) -> None:
        while rows := fetched_since(connection, self._last, _AT_ONCE):
            self._last = rows[-1].id
            looks = [(text, row.id) for row in rows for text in _further(row.hashes)]
            if looks:
                octets = bytearray(bytes.fromhex("".join(text for text, _ in looks)))
                ids = np.array([number for _, number in looks], np.uint64)
                self._index.add(np.frombuffer(octets, np.uint8).reshape(-1, 32), ids)


def _further(hashes: FetchedHashes) -> Iterator[str]:
    if (hashes.quality or 0) >= QUALITY_FLOOR:
        yield from hashes.positions[1:]
    yield from (view.pdq for view in hashes.views if view.quality >= QUALITY_FLOOR)
