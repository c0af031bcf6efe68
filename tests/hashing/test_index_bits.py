"""The intrinsics, against Python's own integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.hashing._bits import LANES, apart, little, lowest, near, ones, prefetch
from leeward.model import kernel

words = st.integers(0, 2**64 - 1)


@kernel
def _ones(word: np.uint64) -> int:
    return ones(word)


@kernel
def _lowest(word: int) -> int:
    return lowest(word)


@kernel
def _little(octets: Any, index: int) -> int:
    return little(octets, index)


@kernel
def _near(sketches: Any, index: int, pattern: np.uint16, limit: np.uint16) -> int:
    return near(sketches, index, pattern, limit)


@kernel
def _apart(one: Any, i: int, other: Any, j: int) -> int:
    return apart(one, i, other, j)


@kernel
def _prefetch(array: Any, index: int) -> int:
    prefetch(array, index)
    return index


@given(words)
def test_ones_are_counted(word: int) -> None:
    assert word.bit_count() == _ones(np.uint64(word))


@given(st.integers(1, 2**62))
def test_the_lowest_bit_is_found(word: int) -> None:
    assert (word & -word).bit_length() - 1 == _lowest(word)


@given(st.binary(min_size=4, max_size=40), st.data())
def test_four_octets_are_a_number(octets: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(octets) - 4))

    expected = int.from_bytes(octets[index : index + 4], "little")

    assert expected == _little(np.frombuffer(bytearray(octets), np.uint8), index)


@given(st.integers(0, 2**32), st.integers(0, 5), st.integers(0, 65_535), st.integers(0, 16))
def test_sketches_near_a_pattern_are_marked(seed: int, index: int, value: int, limit: int) -> None:
    sketches = np.random.default_rng(seed).integers(0, 1 << 16, LANES + 5).astype(np.uint16)
    sketches[3] = value

    marked = _near(sketches, index, np.uint16(value), np.uint16(limit))

    apart_by = [(int(sketch) ^ value).bit_count() for sketch in sketches[index : index + LANES]]
    assert [bits <= limit for bits in apart_by] == [bool(marked >> k & 1) for k in range(LANES)]


@given(st.lists(words, min_size=8, max_size=8), st.lists(words, min_size=4, max_size=4))
def test_rows_are_apart_by_the_bits_in_which_they_differ(one: list[int], other: list[int]) -> None:
    rows = np.array(one, np.uint64).reshape(2, 4)

    expected = sum((a ^ b).bit_count() for a, b in zip(one[4:], other, strict=True))

    assert expected == _apart(rows, 1, np.array([other], np.uint64), 0)


def test_fetching_ahead_beyond_an_array_breaks_nothing() -> None:
    assert _prefetch(np.zeros(1), 1 << 40) == 1 << 40
