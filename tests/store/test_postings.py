"""Look-ups by key never miss a place that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.model import Domain, Hasher
from leeward.store._postings import Postings, keys_of, pack_keys
from tests.store._helpers import batch, event

if TYPE_CHECKING:
    import numpy.typing as npt

KEY = st.sampled_from([0, 1, 2**47, 2**48, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)


def _built(keys: npt.NDArray[np.uint64], groups: npt.NDArray[np.int64]) -> Postings:
    """In two portions, as a segment's writer does it."""
    half = len(keys) // 2
    portions = [pack_keys(keys[:half], groups[:half]), pack_keys(keys[half:], groups[half:])]
    return Postings.build(np.concatenate(portions), int(groups.max(initial=0)) + 1)


@given(st.lists(st.tuples(KEY, st.integers(0, 70)), max_size=200), st.lists(KEY, max_size=5))
def test_every_place_of_a_key_is_found(pairs: list[tuple[int, int]], others: list[int]) -> None:
    places: dict[int, set[int]] = {}
    for key, group in pairs:
        places.setdefault(key, set()).add(group)
    postings = _built(
        np.array([key for key, _ in pairs], np.uint64),
        np.array([group for _, group in pairs], np.int64),
    )

    for key in [*places, *others]:
        found = postings.find(key)
        assert found == sorted(set(found))
        assert places.get(key, set()) <= set(found)


def test_groups_beyond_sixteen_bits_are_found() -> None:
    groups = np.array([0, 65_535, 65_536, 70_000], np.int64)

    postings = _built(np.full(4, 9, np.uint64), groups)

    assert postings.find(9) == [0, 65_535, 65_536, 70_000]


def test_a_stranger_is_seldom_found() -> None:
    rng = np.random.default_rng(3)
    postings = _built(rng.integers(0, 2**64, 20_000, np.uint64), np.arange(20_000) // 100)

    strangers = rng.integers(0, 2**64, 20_000, np.uint64).tolist()

    assert sum(bool(postings.find(key)) for key in strangers) < 20  # about 20,000 x 10 / 2^16


@given(st.lists(st.integers(0, 200), min_size=1, max_size=12, unique=True))
def test_the_keys_of_a_batch_are_its_subjects(numbers: list[int]) -> None:
    """Against the definition, row by row, in Python."""
    hasher = Hasher(bytes(16))
    expected: set[tuple[int, int]] = set()
    for row, number in enumerate(numbers):
        e = event(number)
        named: list[tuple[Domain, str | None]] = [(Domain.ACCOUNT, e.actor)]
        named += [(Domain.POST, uri) for uri in (e.object, e.target, e.reply_to, e.root)]
        named += [(Domain.MEDIA, part) for m in e.media for part in (m.uri, m.sha256, m.pdq)]
        named += [(Domain.TAG, tag) for tag in e.tags] + [(Domain.COMMUNITY, e.community)]
        expected |= {(hasher.one(text, domain), row) for domain, text in named if text is not None}

    hashes, rows = keys_of(batch(numbers), hasher)

    assert expected == set(zip(hashes.tolist(), rows.tolist(), strict=True))


def test_no_rows_have_no_keys() -> None:
    hashes, rows = keys_of(batch([]), Hasher(bytes(16)))

    assert (len(hashes), len(rows)) == (0, 0)
