"""Arrays in a file and rows in a block come back as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import EVENT_SCHEMA, Hasher
from leeward.store import _blocks
from leeward.store._arrays import map_arrays, write_arrays
from leeward.store._blocks import BlockKeys, pack, unpack, unpack_parts
from leeward.store._postings import keys_of
from tests.store._helpers import batch

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

HASHER = Hasher(bytes(16))


@pytest.mark.parametrize("dtype", ["<u8", "<u4", "<u2", "<i8"])
@given(lengths=st.lists(st.integers(0, 70), min_size=1, max_size=5))
def test_arrays_come_back(tmp_path: Path, dtype: str, lengths: list[int]) -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {
        f"a{i}": (np.arange(length) * 977).astype(dtype) for i, length in enumerate(lengths)
    }

    write_arrays(tmp_path / "arrays", arrays)
    mapped = map_arrays(tmp_path / "arrays")

    assert list(arrays) == list(mapped)
    for name, array in arrays.items():
        assert array.dtype == mapped[name].dtype
        assert np.array_equal(array, mapped[name])


def _rows(numbers: list[int], first_seq: int) -> pa.RecordBatch:
    admitted = batch(numbers)
    columns = {name: admitted[name] for name in admitted.schema.names}
    columns["seq"] = pa.array(range(first_seq, first_seq + len(numbers)), pa.int64())
    columns["seen"] = pa.array([1_000 + n for n in numbers], pa.int64())
    return pa.record_batch([columns[name] for name in EVENT_SCHEMA.names], schema=EVENT_SCHEMA)


NUMBERS = st.lists(st.integers(0, 500), min_size=1, max_size=30)


@given(NUMBERS, st.integers(1, 10), st.integers(1, 2**40))
def test_rows_come_back(numbers: list[int], per_part: int, first_seq: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "ROWS_PER_PART", per_part)
        rows = _rows(numbers, first_seq)
        block = pack(rows, first_seq, first_seq + len(numbers) - 1, HASHER)

    again = list(unpack(block.body))

    assert pa.Table.from_batches([rows]) == pa.Table.from_batches(again).combine_chunks()
    assert all(len(part) <= per_part for part in again)
    seen = [1_000 + n for n in numbers]
    assert (len(numbers), min(seen), max(seen)) == (block.rows, block.min_seen, block.max_seen)


@given(NUMBERS, st.integers(1, 10))
def test_every_key_of_a_block_leads_to_its_rows(numbers: list[int], per_part: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "ROWS_PER_PART", per_part)
        rows = _rows(numbers, 1)
        block = pack(rows, 1, len(numbers), HASHER)
    places: dict[int, set[int]] = {}
    for key, row in zip(*(part.tolist() for part in keys_of(rows, HASHER)), strict=True):
        places.setdefault(key, set()).add(row // per_part)

    keys = BlockKeys(block.keys)

    for key, parts in places.items():
        assert sorted(parts) == keys.find(key)
        seqs = set(unpack_parts(block.body, keys.find(key))["seq"].to_pylist())
        assert {1 + row for part in parts for row in _part(part, per_part, len(rows))} == seqs
    assert keys.find(12_345) == []


def _part(part: int, per_part: int, rows: int) -> range:
    return range(part * per_part, min((part + 1) * per_part, rows))
