"""Tables of multi-index hashing, and how they are made.

A hash of 256 bits is cut into 16 bands of 16 bits. For each band a table holds all hashes in the
order of their values in that band, so that those with one value, a bucket, lie in a row. A bucket
does not hold the hashes but for each a *sketch*, the value of the next band (the first follows
the last), and, in an array of its own, which hash it is. A search reads whole buckets of sketches
and looks at few hashes: see :mod:`leeward.hashing._mih_search` for why that misses nothing.

Bands of 16 bits serve banks of thousands and of tens of millions, and every distance. Wider bands
make smaller buckets, but a bucket of 150 sketches of two octets is five cache lines in a row,
which cost little more than the first of them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.hashing._bits import LANES
from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    UInt8 = npt.NDArray[np.uint8]
    UInt16 = npt.NDArray[np.uint16]
    UInt32 = npt.NDArray[np.uint32]
    UInt64 = npt.NDArray[np.uint64]

__all__ = ["BANDS", "SPARE", "VALUES", "Tables", "band_of", "no_tables", "tables_of", "width_for"]

BANDS: Final = 16
VALUES: Final = 1 << 16
"""How many values a band has."""

_THREADS: Final = 4
"""More threads would wait for memory."""

SPARE: Final = 3
"""Octets after the last number of a row: numbers are read four octets at a time."""


class Tables(NamedTuple):
    """The tables of all bands, one after the other.

    Attributes:
        starts: (16, 65537) Where in its band the bucket for each value begins; and the end.
        sketches: (16 * hashes + 32) The value of the next band. The last 32 only fill up.
        rows: (16 * hashes * width + 3) Which hash it is: numbers of ``width`` octets, the lowest
            first. The last 3 only fill up.
    """

    starts: UInt32
    sketches: UInt16
    rows: UInt8


def width_for(count: int) -> int:
    """The octets that the number of a row takes where there are ``count`` rows."""
    return max(1, (max(count - 1, 0).bit_length() + 7) // 8)


def no_tables() -> Tables:
    """Tables for a bank so small that all of it is compared."""
    return Tables(np.zeros((0, 0), np.uint32), np.zeros(0, np.uint16), np.zeros(0, np.uint8))


def tables_of(hashes: UInt64) -> Tables:
    """Make the tables; bands are shared out among a few threads.

    Args:
        hashes: (hashes, 4) At most 2**32 - 1.
    """
    count, width = len(hashes), width_for(len(hashes))
    tables = Tables(
        np.empty((BANDS, VALUES + 1), np.uint32),
        np.empty(BANDS * count + LANES, np.uint16),
        np.empty(BANDS * count * width + SPARE, np.uint8),
    )
    tables.sketches[BANDS * count :] = 0
    tables.rows[BANDS * count * width :] = 0
    threads = min(len(os.sched_getaffinity(0)), _THREADS)

    def fill(first: int) -> None:
        room = np.empty(count, np.uint64)  # once: new memory costs more than what is done with it
        for band in range(first, BANDS, threads):
            _fill(hashes, band, width, room, tables)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, range(threads)))
    return tables


@kernel
def band_of(hashes: UInt64, row: int, band: int) -> int:
    """The value of a band of a hash."""
    word = hashes[row, band >> 2] >> np.uint64(16 * (band & 3))
    return np.int64(word & np.uint64(VALUES - 1))  # type: ignore[return-value]  # an int to numba


@kernel
def _fill(hashes: UInt64, band: int, width: int, packed: UInt64, tables: Tables) -> None:
    """Sort one band by counting: by the low half of its values first, so that writes stay near.

    The second pass then meets the buckets in 256 sweeps, each of them in ascending order.
    """
    count = len(hashes)
    starts = tables.starts[band]
    halves = np.zeros(257, np.int64)
    starts[:] = 0
    for row in range(count):
        value = band_of(hashes, row, band)
        starts[value + 1] += np.uint32(1)
        halves[(value & 255) + 1] += 1
    for value in range(VALUES):
        starts[value + 1] += starts[value]
    for value in range(256):
        halves[value + 1] += halves[value]
    for row in range(count):
        value = band_of(hashes, row, band)
        sketch = band_of(hashes, row, (band + 1) % BANDS)
        packed[halves[value & 255]] = np.uint64((value << 48) | (sketch << 32) | row)
        halves[value & 255] += 1
    _place(packed, band * count, width, starts, tables)


@kernel
def _place(packed: UInt64, begin: int, width: int, starts: UInt32, tables: Tables) -> None:
    places = starts.copy()
    for item in packed:
        value = np.int64(item >> np.uint64(48))
        place = begin + np.int64(places[value])
        places[value] += np.uint32(1)
        tables.sketches[place] = np.uint16((item >> np.uint64(32)) & np.uint64(VALUES - 1))
        for octet in range(width):
            tables.rows[place * width + octet] = np.uint8(
                (item >> np.uint64(8 * octet)) & np.uint64(255)
            )
