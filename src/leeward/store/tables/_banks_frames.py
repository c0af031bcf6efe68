"""Known videos: entries of the algorithm ``vpdq``, whose frames lie in a table of their own.

Such an entry's value is the SHA-256 of its frames, so that all that is done with values (listing,
withdrawing, finding again) is done with videos too.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from sqlalchemy import select

from leeward.hashing import QUALITY_FLOOR, FrameHash, read_vpdq
from leeward.model import VIDEO
from leeward.store.tables._banks_rows import bulk_insert, chunked
from leeward.store.tables._schema import bank_entry, bank_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    from sqlalchemy import Connection

__all__ = ["FrameArrays", "frame_arrays", "frames_of", "put_frames"]

_ROWS: Final = 65_536
_MILLIS: Final = 1_000


class FrameArrays(NamedTuple):
    """The frames of one known video that are good enough to be compared.

    Attributes:
        entry: Number of its entry.
        bank: Number of the bank.
        values: uint8 (frames, 32).
    """

    entry: int
    bank: int
    values: npt.NDArray[np.uint8]

    def __repr__(self) -> str:
        """How many: hash values are secrets."""
        return f"<FrameArrays {self.entry} frames={len(self.values)}>"


def put_frames(connection: Connection, frames: Mapping[int, bytes]) -> None:
    """Keep the frames of new entries, in the text form, by number of the entry."""
    rows = [
        (entry, place, one.number, one.quality, one.pdq, round(one.seconds * _MILLIS))
        for entry, text in frames.items()
        for place, one in enumerate(read_vpdq(text.decode()))
    ]
    bulk_insert(connection, _COLUMNS, rows)


def frames_of(connection: Connection, entries: Sequence[int]) -> dict[int, list[FrameHash]]:
    """The frames of some known videos, by number of the entry."""
    found: dict[int, list[FrameHash]] = {}
    for some in chunked(sorted(set(entries))):
        query = select(*_COLUMNS).where(bank_frame.c.entry_id.in_(some))
        for row in connection.execute(query.order_by(*bank_frame.primary_key)):
            frame = FrameHash(row.frame, row.quality, row.value, row.millis / _MILLIS)
            found.setdefault(row.entry_id, []).append(frame)
    return found


def frame_arrays(
    connection: Connection, *, after: int = 0, until: int | None = None
) -> Iterator[FrameArrays]:
    """The known videos that match, in all banks, by number of the entry.

    Args:
        connection: Of :meth:`Tables.read`.
        after: Only entries with a greater number.
        until: Only entries up to this number.
    """
    query = select(bank_entry.c.id, bank_entry.c.bank_id, bank_frame.c.value)
    query = query.join_from(bank_entry, bank_frame, bank_frame.c.entry_id == bank_entry.c.id)
    query = query.where(bank_entry.c.id > after, bank_entry.c.listed > 0)
    query = query.where(bank_entry.c.algorithm == VIDEO, bank_frame.c.quality >= QUALITY_FLOOR)
    if until is not None:
        query = query.where(bank_entry.c.id <= until)
    query = query.order_by(bank_entry.c.id, bank_frame.c.place)
    with connection.execute(query.execution_options(yield_per=_ROWS)) as result:
        for (entry, bank), rows in groupby(result, key=attrgetter("id", "bank_id")):
            octets = b"".join(row.value for row in rows)
            yield FrameArrays(entry, bank, _hashes(octets))


def _hashes(octets: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(bytearray(octets), np.uint8).reshape(-1, 32)


_COLUMNS: Final = tuple(bank_frame.c["entry_id", "place", "frame", "quality", "value", "millis"])
