"""Segments are merged early enough for look-ups, and no more often than they must be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import EVENT_SCHEMA, LogSettings
from leeward.store import Log, Writer
from leeward.store._compaction import MAX_ROWS, plan
from leeward.store._idset import SealedIds, marked
from leeward.store._segment import SegmentInfo
from leeward.store._segment_writer import _leaves, _order
from tests.store._helpers import batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LARGE = LogSettings(seal_events=10_000, queue_events=10_000)


def _infos(*rows: int) -> list[SegmentInfo]:
    return [
        SegmentInfo(
            **dict.fromkeys(("first_seq", "last_seq", "memory"), 0),
            **dict.fromkeys(("min_at", "max_at", "min_seen", "max_seen"), 0),
            name=str(number),
            rows=count,
            kinds={},
            footer="",
            files={},
        )
        for number, count in enumerate(rows)
    ]


def _names(run: Sequence[SegmentInfo] | None) -> list[str] | None:
    return None if run is None else [info.name for info in run]


def test_a_bulk_load_is_not_merged_until_a_segment_is_full() -> None:
    piece = 524_288
    fits = MAX_ROWS // piece

    for count in range(4, fits):
        assert plan(_infos(*[piece] * count)) is not None
        assert plan(_infos(*[piece] * count), ripe=True) is None
    full = plan(_infos(MAX_ROWS, *[piece] * fits), ripe=True)
    assert _names(full) == [str(number) for number in range(1, fits + 1)]


def test_small_segments_are_merged_in_a_bulk_load_too_once_they_are_very_many() -> None:
    assert plan(_infos(*[1_000] * 31), ripe=True) is None
    assert _names(plan(_infos(*[1_000] * 32), ripe=True)) == [str(number) for number in range(32)]


@pytest.mark.usefixtures("small")
def test_what_a_bulk_load_left_is_merged_by_one_call(data: Path) -> None:
    with Writer.open(data, LARGE) as writer, Log(data) as log:
        for begin in range(0, 240, 80):  # sealed at once, and too few to be ripe
            writer.append(batch(range(begin, begin + 80)))
        assert log.status().segments == 3
        writer.merge()
        assert log.status().segments == 1
        rows = [row for part in log.scan() for row in part.to_pylist()]
        assert sorted(row["seq"] for row in rows) == list(range(1, 241))
        assert Counter(row["id"] for row in rows) == Counter(
            row["id"] for row in batch(range(240)).to_pylist()
        )


WORDS = st.integers(0, 3) | st.sampled_from([2**63, 2**64 - 1])


@given(st.lists(st.tuples(WORDS, st.integers(0, 2**62)), max_size=40))
def test_rows_lie_by_account_and_then_by_place(pairs: list[tuple[int, int]]) -> None:
    """Ties by account in the order of the log, in order or not when they come."""
    for given_ in (pairs, sorted(pairs, key=lambda pair: pair[1])):
        order = _order(
            np.array([actor for actor, _ in given_], np.uint64),
            np.array([seq for _, seq in given_], np.int64),
        )
        assert sorted(order.tolist()) == list(range(len(given_)))
        assert [given_[row] for row in order] == sorted(given_)


@given(
    st.lists(st.lists(st.tuples(WORDS, WORDS), max_size=30), max_size=4),
    st.lists(st.tuples(WORDS, WORDS), max_size=40),
    st.booleans(),
)
def test_identities_are_found_in_many_segments_at_once(
    segments: list[list[tuple[int, int]]], asked: list[tuple[int, int]], many: bool
) -> None:
    """Sorted first or not: 80 bits decide."""

    def words(pairs: Sequence[tuple[int, int]]) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
        return np.array(pairs, np.uint64).reshape(-1, 2)

    repeated = asked * (1 + 5_000 // len(asked)) if many and asked else asked
    sealed = [SealedIds.build(words(pairs)) for pairs in segments]
    held = {(head, check >> 48) for pairs in segments for head, check in pairs}

    found = marked(sealed, words(repeated))

    assert found.tolist() == [(head, check >> 48) in held for head, check in repeated]


def test_every_column_is_written_as_it_is_named(tmp_path: Path) -> None:
    """Parquet's own names of the columns, by which each gets its compression."""
    pq.write_table(pa.Table.from_pylist([], EVENT_SCHEMA), tmp_path / "empty.parquet")
    schema = pq.ParquetFile(tmp_path / "empty.parquet").schema

    assert _leaves(EVENT_SCHEMA) == [schema.column(i).path for i in range(len(schema))]
