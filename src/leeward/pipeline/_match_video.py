"""Known videos in memory: an uploaded one is compared by the frames that both have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.hashing import HashIndex
from leeward.model import VIDEO, BankMatch
from leeward.pipeline._match_query import SharedFrames
from leeward.pipeline._match_settle import Group
from leeward.store.tables import frame_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from sqlalchemy import Connection

    from leeward.hashing import Matches
    from leeward.model import BanksSettings, HashBank
    from leeward.pipeline._match_query import MatchQuery

    UInt8 = npt.NDArray[np.uint8]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["VideoIndex"]

_SHIFT: Final = np.uint64(16)
"""An id is the number of the entry before these bits, and the place of the frame in them."""

_PLACE: Final = np.uint64((1 << 16) - 1)
_WHOLE: Final = 100


class _Known(NamedTuple):
    """A video that is in a bank: the number of the bank, and how many frames can be compared."""

    bank: int
    frames: int


class VideoIndex:
    """The frames of all known videos that match, kept like the store.

    It is built from the store when it is opened, and has no snapshot: a million frames, which is
    ten thousand videos, take some seconds.

    Args:
        settings: Which shares of two videos make a match.
    """

    def __init__(self, settings: BanksSettings) -> None:
        self._least_query = settings.video_query_percent / _WHOLE
        self._least_bank = settings.video_bank_percent / _WHOLE
        self._index = HashIndex.build(np.empty((0, 32), np.uint8), np.empty(0, np.uint64))
        self._known: dict[int, _Known] = {}

    def __len__(self) -> int:
        """How many videos there are."""
        return len(self._known)

    def __repr__(self) -> str:
        return f"<VideoIndex {len(self)} videos>"

    def add(self, connection: Connection, after: int = 0, until: int | None = None) -> None:
        """Let the entries of a range match, as far as they are videos and stand."""
        known: dict[int, _Known] = {}
        values: list[UInt8] = []
        ids: list[UInt64] = []
        for video in frame_arrays(connection, after=after, until=until):
            count = len(video.values)
            known[video.entry] = _Known(video.bank, count)
            values.append(video.values)
            ids.append(_ids(video.entry, count))
        if known:
            self._index.add(np.concatenate(values), np.concatenate(ids))
            self._known = self._known | known

    def withdraw(self, first: int, last: int) -> None:
        """Let the entries of a range match no more."""
        gone = {e: known for e, known in self._known.items() if first <= e <= last}
        if gone:
            self._known = {e: known for e, known in self._known.items() if e not in gone}
            ids = [_ids(entry, known.frames) for entry, known in gone.items()]
            self._index.withdraw(np.concatenate(ids))

    def search(
        self,
        query: MatchQuery,
        banks: Mapping[int, HashBank],
        paused: npt.NDArray[np.int64],
    ) -> list[Group]:
        """The known videos that have enough in common with one that was uploaded."""
        known = self._known
        if not known or not query.weights:
            return []
        looks = np.frombuffer(bytearray(b"".join(query.looks)), np.uint8).reshape(-1, 32)
        reach = max((bank.settings.distance for bank in banks.values()), default=0)
        found = self._index.search(looks, reach)
        if not len(found):
            return []
        groups = []
        entries = (found.id >> _SHIFT).astype(np.int64)
        for entry in np.unique(entries).tolist():
            video = known.get(entry)
            bank = None if video is None else banks.get(video.bank)
            if video is None or bank is None:
                continue
            near = (entries == entry) & (found.distance <= bank.settings.distance)
            shared = _shared(query, found, near, video.frames)
            if self._enough(shared):
                groups.append(_group(bank, entry, shared, paused=entry in paused))
        return groups

    def _enough(self, shared: SharedFrames) -> bool:
        return shared.bank_share >= self._least_bank and (
            0 < shared.query_share >= self._least_query
        )


def _ids(entry: int, count: int) -> UInt64:
    return (np.uint64(entry) << _SHIFT) | np.arange(count, dtype=np.uint64)


def _shared(
    query: MatchQuery, found: Matches, near: npt.NDArray[np.bool_], frames: int
) -> SharedFrames:
    """As vPDQ compares: the share of each side's frames that are near to one of the other's."""
    weights = np.array(query.weights, np.int64)
    total = int(weights.sum())
    mine = int(weights[np.unique(found.query[near])].sum())
    theirs = len(np.unique(found.id[near]))
    return SharedFrames(mine / total, theirs / frames, total, frames)


def _group(bank: HashBank, entry: int, shared: SharedFrames, *, paused: bool) -> Group:
    # An innocent video explains others only where all of the upload is in it: a known opening
    # of some seconds must not hide what comes after.
    innocent = bank.settings.meaning == "known_innocent"
    distance = 1.0 - shared.query_share if innocent else 0.0
    match = BankMatch(bank=bank, entry=entry, algorithm=VIDEO, distance=distance, paused=paused)
    return Group(match, np.array([entry]), video=shared)
