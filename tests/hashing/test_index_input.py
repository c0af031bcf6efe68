"""What the index says to input that does not fit, and what it never says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leeward.errors import UsageError
from leeward.hashing import HashIndex
from tests.hashing._index_banks import listed, random_hashes

BANK = random_hashes(5, 1)


@pytest.mark.parametrize(
    "hashes",
    [
        BANK[0],
        BANK[:, :31],
        BANK.astype(np.int64),
        BANK.view(np.uint64),
        [["ab" * 32]],
        np.zeros((1, 2, 32), np.uint8),
    ],
    ids=["one hash", "31 octets", "wide numbers", "words", "text", "three dimensions"],
)
def test_hashes_must_be_octets(hashes: Any) -> None:
    index = HashIndex.build(BANK, np.arange(5))

    for use in (lambda: HashIndex.build(hashes, [1]), lambda: index.search(hashes)):
        with pytest.raises(UsageError, match="hashes must be 32 octets each") as error:
            use()
        assert error.value.hint is not None


@pytest.mark.parametrize("ids", [[1, -1], [1.0, 2.0], ["1", "2"], [[1, 2]]])
def test_ids_must_be_numbers_of_64_bits_without_a_sign(ids: Any) -> None:
    with pytest.raises(UsageError, match="ids must be integers"):
        HashIndex.build(BANK[:2], ids)
    with pytest.raises(UsageError, match="ids must be integers"):
        HashIndex.build(BANK, np.arange(5)).withdraw(ids)


def test_there_must_be_an_id_and_a_quality_for_each_hash() -> None:
    with pytest.raises(UsageError, match="there are 5 hashes and 4 ids"):
        HashIndex.build(BANK, np.arange(4))
    with pytest.raises(UsageError, match="there are 5 ids, and quality has shape"):
        HashIndex.build(BANK, np.arange(5), quality=[1, 2])


@pytest.mark.parametrize("distance", [-1, 65, 3.5, [1, 2, 70, 4, 5], None, "31"])
def test_distances_must_be_whole_and_in_range(distance: Any) -> None:
    index = HashIndex.build(BANK, np.arange(5))

    with pytest.raises(UsageError, match="a whole number from 0 to 64"):
        index.search(BANK, distance)
    with pytest.raises(UsageError, match="there are 5 queries"):
        index.search(BANK, [1, 2])


def test_the_largest_ids_are_kept() -> None:
    ids = np.array([2**64 - 1, 0, 2**63], np.uint64)

    matches = HashIndex.build(BANK[:3], ids).search(BANK[:3])

    assert ids.tolist() == matches.id.tolist()


def test_arrays_of_any_layout_will_do() -> None:
    fixed = BANK.copy()
    fixed.flags.writeable = False
    index = HashIndex.build(fixed, np.arange(5))

    for queries in (fixed, np.asfortranarray(BANK), np.repeat(BANK, 2, axis=0)[::2]):
        assert listed(index.search(queries)) == [(i, 0, i) for i in range(5)]


def test_arrays_of_the_caller_stay_as_they_are() -> None:
    hashes, ids = np.concatenate((BANK, BANK)), np.arange(10)[::-1].astype(np.uint64)
    before = hashes.copy(), ids.copy()
    index = HashIndex.build(hashes, ids)
    index.add(hashes, ids + np.uint64(20))
    index.search(hashes)

    assert (before[0] == hashes).all()
    assert (before[1] == ids).all()


def test_no_hash_shows() -> None:
    index = HashIndex.build(BANK, np.arange(5))

    assert repr(index) == "HashIndex(5 entries)"
    assert repr(index.search(BANK)) == "Matches(5)"
    assert "uint64" not in repr(index._parts)
    assert "array" not in repr(index._parts)
