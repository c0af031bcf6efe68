"""Nothing within the distance is missed, and nothing else is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.hashing import MAX_DISTANCE, HashIndex
from leeward.hashing._index_fold import bit_order, shuffle, shuffler
from leeward.hashing._index_matches import matches_of
from leeward.hashing._index_segment import segment_of
from leeward.hashing._mih import width_for
from leeward.hashing._mih_plan import SCAN
from tests.hashing._index_banks import (
    KINDS,
    banks,
    clustered,
    expected,
    listed,
    queries_for,
    random_hashes,
    turned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    UInt8 = npt.NDArray[np.uint8]

TABLES, COMPARED = float("inf"), 0.0
"""What comparing one hash is said to cost, so that tables are used whatever it takes, or never."""

distances = st.integers(0, MAX_DISTANCE)


def found(bank: UInt8, ids: Any, queries: UInt8, distance: Any, scan: float) -> Any:
    """What a search finds in one way, for a bank of any size."""
    table = shuffler(bit_order(7))
    segment = segment_of(shuffle(bank, table), np.asarray(ids, np.uint64), small=0)
    within = np.array(np.broadcast_to(distance, len(queries)), np.int64)
    return listed(matches_of(segment.search(shuffle(queries, table), within, scan)))


@pytest.mark.parametrize("scan", [TABLES, COMPARED], ids=["tables", "compared"])
@given(bank=banks, distance=distances, seed=st.integers(0, 2**32 - 1))
def test_a_search_finds_what_comparing_all_finds(
    bank: UInt8, distance: int, seed: int, scan: float
) -> None:
    ids = np.random.default_rng(seed).permutation(len(bank)).astype(np.uint64)
    queries = queries_for(bank, 3, seed)

    assert expected(bank, ids, queries, distance) == found(bank, ids, queries, distance, scan)


@given(banks, distances, st.integers(0, 2**32 - 1))
def test_a_hash_that_remains_in_several_bands_is_reported_once(
    bank: UInt8, distance: int, seed: int
) -> None:
    table = shuffler(bit_order(7))
    segment = segment_of(shuffle(bank, table), np.arange(len(bank), dtype=np.uint64), small=0)
    queries = queries_for(bank, 3, seed)
    within = np.full(len(queries), distance, np.int64)

    parts = segment.search(shuffle(queries, table), within, TABLES)

    assert sum(len(part.id) for part in parts) == len(matches_of(parts))


@pytest.mark.parametrize("distance", range(MAX_DISTANCE + 1))
def test_each_distance_is_exact_up_to_the_last_bit(distance: int) -> None:
    queries = random_hashes(4, distance)
    near_by = [turned(queries, bits, 100 + bits) for bits in range(MAX_DISTANCE + 4)]
    bank = np.concatenate((*near_by, random_hashes(200, 1_000)))
    ids = np.arange(len(bank))

    each = expected(bank, ids, queries, distance)

    assert len(each) == 4 * (distance + 1)
    assert each == found(bank, ids, queries, distance, TABLES)
    assert each == listed(HashIndex.build(bank, ids).search(queries, distance))


@pytest.mark.parametrize("distance", range(MAX_DISTANCE + 1))
def test_the_worst_spreads_of_differing_bits_over_the_bands_are_found(distance: int) -> None:
    """As even as can be, and all in as few bands as can be, whichever those are."""
    table = shuffler(bit_order(7))
    query = np.zeros((1, 32), np.uint8)
    bank = []
    for first in range(16):
        even = [(first + k) % 16 + 16 * (k // 16) for k in range(distance)]
        heaped = [(16 * first + k) % 256 for k in range(distance)]
        for shuffled in ([16 * (k % 16) + k // 16 for k in even], heaped):
            bits = np.zeros(256, np.uint8)
            bits[bit_order(7)[shuffled]] = 1
            bank.append(np.packbits(bits, bitorder="little"))
    hashes = np.array(bank)
    where = np.bitwise_count(shuffle(hashes, table).view(np.uint16))
    assert (where[0::2].max(axis=1) - where[0::2].min(axis=1)).max() <= 1
    ids = np.arange(len(hashes))

    assert expected(hashes, ids, query, distance) == found(hashes, ids, query, distance, TABLES)
    assert distance == 0 or found(hashes, ids, query, distance - 1, TABLES) == []


@given(banks, st.integers(0, 2**32 - 1))
def test_each_query_may_have_a_distance_of_its_own(bank: UInt8, seed: int) -> None:
    ids = np.arange(len(bank))
    queries = queries_for(bank, 4, seed)
    within = np.random.default_rng(seed).integers(0, MAX_DISTANCE + 1, len(queries))

    each = expected(bank, ids, queries, within)

    assert each == found(bank, ids, queries, within, TABLES)
    assert each == listed(HashIndex.build(bank, ids).search(queries, within))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_large_bank_is_searched_exactly(
    kind: Callable[[int, int], UInt8], rounds: Callable[[int, int], int]
) -> None:
    """Of more hashes than two octets can number."""
    count = rounds(500_000, 70_000)
    bank = kind(count, 5)
    ids = np.arange(count) * 3
    queries = queries_for(bank, 3, 6)
    index = HashIndex.build(bank, ids)

    for distance in (0, 15, 31, 40, 64):
        assert expected(bank, ids, queries, distance) == listed(index.search(queries, distance))


@given(st.integers(0, 40), st.integers(0, 2**32 - 1), st.integers(0, 64))
def test_ids_and_hashes_may_repeat_in_any_mixture(count: int, seed: int, distance: int) -> None:
    """An id stands once for each query, with the nearest of its hashes."""
    generator = np.random.default_rng(seed)
    bank = clustered(10, seed)[generator.integers(0, 10, count)]
    ids = generator.integers(0, 8, count)
    queries = queries_for(bank, 3, seed)

    each = expected(bank, ids, queries, distance)

    assert each == found(bank, ids, queries, distance, TABLES)
    assert each == found(bank, ids, queries, distance, COMPARED)


def test_the_order_of_bits_changes_nothing() -> None:
    bank = clustered(5000, 3)
    ids = np.arange(5000)
    queries = queries_for(bank, 20, 4)

    found_by = [listed(HashIndex.build(bank, ids, seed=s).search(queries)) for s in (0, 1, None)]

    assert found_by[0] == found_by[1] == found_by[2] != []


def test_more_matches_than_there_was_room_for_are_all_found() -> None:
    bank = turned(np.repeat(random_hashes(1, 1), 5000, axis=0), 10, 2)
    ids = np.arange(5000)
    queries = np.repeat(turned(bank[:1], 3, 3), 3, axis=0)

    matches = HashIndex.build(bank, ids).search(queries)

    assert expected(bank, ids, queries, 31) == listed(matches)
    assert len(matches) == 15_000


def test_what_crowds_just_beyond_the_distance_is_compared_one_by_one() -> None:
    """Many remain after the sketches, and few match: the search gives up, and stays exact."""
    centre = random_hashes(1, 1)
    crowd = [turned(np.repeat(centre, 1000, axis=0), bits, bits) for bits in range(30, 40)]
    bank = np.concatenate((*crowd, random_hashes(50_000, 2)))
    ids = np.arange(len(bank))
    queries = np.concatenate((random_hashes(1, 3), turned(np.repeat(centre, 3, axis=0), 1, 4)))

    each = expected(bank, ids, queries, 31)

    assert len(each) > 3000
    assert each == found(bank, ids, queries, 31, SCAN)
    assert each == found(bank, ids, queries, 31, TABLES)


def test_a_bank_of_which_half_is_alike_in_half_of_its_bits() -> None:
    bank = random_hashes(30_000, 1)
    bank[:15_000, 16:] = 0
    ids = np.arange(len(bank))
    queries = queries_for(bank[:15_000], 10, 3)

    for distance in (8, 31, 50):
        assert expected(bank, ids, queries, distance) == found(bank, ids, queries, distance, SCAN)


@pytest.mark.parametrize(
    ("count", "octets"),
    [(0, 1), (1, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 3), (1 << 24, 3), (1 << 32, 4)],
)
def test_the_number_of_a_row_takes_as_few_octets_as_it_can(count: int, octets: int) -> None:
    assert octets == width_for(count)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_anything_to_search(count: int) -> None:
    bank = random_hashes(count, 1)
    index = HashIndex.build(bank, np.arange(count))

    assert len(index) == count
    assert listed(index.search(bank, 64)) == [(i, 0, i) for i in range(count)]
    assert len(index.search(random_hashes(0, 1))) == 0
    assert len(index.search(random_hashes(0, 1), [])) == 0


def test_the_matches_of_one_query() -> None:
    bank = random_hashes(10, 1)
    matches = HashIndex.build(bank, np.arange(10)).search(bank[[4, 2]])

    assert listed(matches.of(1)) == [(1, 0, 2)]
    assert len(matches.of(2)) == 0
