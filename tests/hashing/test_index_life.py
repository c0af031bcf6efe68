"""An index while entries come and go, and others search."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from leeward.hashing import HashIndex
from leeward.hashing._index_segment import merged
from tests.hashing._index_banks import (
    clustered,
    expected,
    listed,
    queries_for,
    random_hashes,
    turned,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    UInt8 = npt.NDArray[np.uint8]

POOL = clustered(60, 1)
QUERIES = queries_for(POOL, 10, 2)


class Life(RuleBasedStateMachine):
    """Any order of changes, beside a plain set of (id, hash) pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.index = HashIndex.build(POOL[:20], np.arange(20))
        self.entries = {(i, POOL[i].tobytes()) for i in range(20)}

    @rule(ids=st.lists(st.integers(0, 40), max_size=8), seed=st.integers(0, 100))
    def add(self, ids: list[int], seed: int) -> None:
        hashes = POOL[np.random.default_rng(seed).integers(0, len(POOL), len(ids))]
        pairs = {(i, octets.tobytes()) for i, octets in zip(ids, hashes, strict=True)}

        added = self.index.add(hashes, np.array(ids, np.uint64))

        assert len(pairs - self.entries) == added
        self.entries |= pairs

    @rule(ids=st.lists(st.integers(0, 40), max_size=8))
    def withdraw(self, ids: list[int]) -> None:
        gone = {entry for entry in self.entries if entry[0] in ids}

        assert len(gone) == self.index.withdraw(np.array(ids, np.uint64))
        self.entries -= gone

    @rule()
    def compact(self) -> None:
        self.index.compact()

        assert self.index.recent == 0

    @invariant()
    def what_is_there_is_found(self) -> None:
        ids = [i for i, _ in self.entries]
        octets = b"".join(octets for _, octets in self.entries)
        bank = np.frombuffer(octets, np.uint8).reshape(-1, 32)

        assert len(self.entries) == len(self.index)
        assert expected(bank, ids, QUERIES, 31) == listed(self.index.search(QUERIES))


TestLife = Life.TestCase


def test_what_was_added_matches_at_once_and_what_was_withdrawn_does_not() -> None:
    bank = random_hashes(100, 1)
    index = HashIndex.build(bank, np.arange(100))
    new = random_hashes(1, 2)
    near_by = turned(new, 31, 3)

    assert index.add(new, [500]) == 1
    assert listed(index.search(near_by)) == [(0, 31, 500)]
    assert index.withdraw([500, 7]) == 2
    assert len(index.search(near_by)) == 0
    assert len(index.search(bank[7:8])) == 0
    assert index.add(new, [500]) == 1
    assert listed(index.search(near_by)) == [(0, 31, 500)]


def test_an_entry_that_is_there_already_is_not_added_again() -> None:
    bank = random_hashes(3, 1)
    index = HashIndex.build(bank, [1, 2, 3])

    assert index.add(bank, [1, 2, 4]) == 1
    assert len(index) == 4
    assert index.recent == 1


def test_entries_below_the_quality_floor_are_refused() -> None:
    bank = random_hashes(4, 1)
    index = HashIndex.build(bank[:3], [0, 1, 2], quality=[50, 49, 100])

    assert listed(index.search(bank)) == [(0, 0, 0), (2, 0, 2)]
    assert index.add(bank[[1, 3]], [1, 3], quality=[60, 60], floor=61) == 0
    assert index.add(bank[[1, 3]], [1, 3], quality=[60, 61], floor=61) == 1
    assert listed(index.search(bank)) == [(0, 0, 0), (2, 0, 2), (3, 0, 3)]


def test_recent_entries_lie_in_few_parts(rounds: Any) -> None:
    index = HashIndex.build(random_hashes(10, 1), np.arange(10))
    hashes = random_hashes(rounds(200_000, 20_000), 2)
    for at in range(0, len(hashes), 500):
        index.add(hashes[at : at + 500], np.arange(at, at + 500) + 10)

    sizes = [segment.entries for segment in index._parts.recent]

    assert sum(sizes) == index.recent == len(hashes)
    assert len(sizes) <= 8
    assert listed(index.search(hashes[::977])) == [
        (i, 0, entry + 10) for i, entry in enumerate(range(0, len(hashes), 977))
    ]


def test_compacting_forgets_withdrawn_hashes() -> None:
    index = HashIndex.build(random_hashes(100, 1), np.arange(100))
    index.add(random_hashes(50, 2), np.arange(50) + 200)
    index.withdraw(np.arange(50, 220))

    index.compact()

    assert len(index._parts.base.bank.hashes) == len(index) == 80


def test_compacting_keeps_what_others_do_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = random_hashes(100, 1)
    index = HashIndex.build(bank[:50], np.arange(50))
    index.add(bank[50:60], np.arange(50, 60))

    def meanwhile(segments: Any) -> Any:
        monkeypatch.undo()  # adding merges, too
        whole = merged(segments)
        index.add(bank[60:70], np.arange(60, 70))
        assert index.withdraw([3, 55, 65]) == 3
        assert index.add(bank[3:4], [3]) == 1
        assert len(index) == 68
        return whole

    monkeypatch.setattr("leeward.hashing._index.merged", meanwhile)
    index.compact()

    left = [i for i in range(70) if i not in (55, 65)]
    assert listed(index.search(bank)) == [(i, 0, i) for i in left]
    assert len(index) == 68


def test_a_compaction_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = random_hashes(100, 1)
    index = HashIndex.build(bank[:50], np.arange(50))
    index.add(bank[50:60], np.arange(50, 60))

    def fail(_: Any) -> Any:
        monkeypatch.undo()
        index.add(bank[60:70], np.arange(60, 70))
        raise MemoryError

    monkeypatch.setattr("leeward.hashing._index.merged", fail)
    with pytest.raises(MemoryError):
        index.compact()

    assert listed(index.search(bank)) == [(i, 0, i) for i in range(70)]
    index.compact()
    assert index.recent == 0
    assert len(index) == 70


def test_threads_search_while_one_adds_withdraws_and_compacts(rounds: Any) -> None:
    """An entry that is there all the time is found each time, one that never was is not."""
    lasting, passing = random_hashes(3000, 1), random_hashes(2000, 2)
    index = HashIndex.build(lasting, np.arange(3000))
    never = {i for i in range(3000, 5000) if i % 2}
    done = threading.Event()
    wrong: list[str] = []

    def search() -> None:
        while not done.is_set():
            found = listed(index.search(np.concatenate((lasting[:50], passing[:50]))))
            if [match for match in found if match[0] < 50] != [(i, 0, i) for i in range(50)]:
                wrong.append("one that is there was missed")
            if never & {name for _, _, name in found}:
                wrong.append("one that is not there was found")

    readers = [threading.Thread(target=search) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(rounds(20, 2)):
        for at in range(0, 2000, 100):
            even = np.arange(at, at + 100, 2)
            index.add(passing[even], even + 3000)
            index.withdraw(even[::2] + 3000)
        index.compact()
    done.set()
    for reader in readers:
        reader.join()

    assert wrong == []
    assert len(index) == 3000 + 500
