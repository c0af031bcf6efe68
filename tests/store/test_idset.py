"""The sets of identities, against Python's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leeward.store._idset import HotIds, SealedIds

if TYPE_CHECKING:
    import numpy.typing as npt

# Few values in each half, and values that share leading or trailing bits: all of them collide.
WORD = st.sampled_from([1, 2, 3, 1 << 16, 1 << 63, (1 << 63) + 1, (1 << 64) - 1, 0])
HASH = st.tuples(WORD, WORD).filter(lambda pair: pair != (0, 0)) | st.tuples(
    st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1)
)
HASHES = st.lists(HASH, max_size=40)


def _array(hashes: list[tuple[int, int]]) -> npt.NDArray[np.uint64]:
    return np.array(hashes, np.uint64).reshape(-1, 2)


@given(st.lists(st.tuples(HASHES, st.integers(0, 2**40 - 1)), max_size=5))
def test_hot_identities_are_a_set_that_tells_what_is_new(
    calls: list[tuple[list[tuple[int, int]], int]],
) -> None:
    ids = HotIds(capacity=2)
    known: set[tuple[int, int]] = set()
    for hashes, bits in calls:
        skip = np.array([bool(bits >> i & 1) for i in range(len(hashes))], np.bool_)
        expected = []
        for pair, left_out in zip(hashes, skip.tolist(), strict=True):
            expected.append(pair not in known and not left_out)
            if not left_out:
                known.add(pair)

        assert expected == ids.add(_array(hashes), skip).tolist()
        assert len(known) == len(ids)


def test_hot_identities_grow() -> None:
    ids = HotIds(capacity=4)
    hashes = np.random.default_rng(5).integers(0, 2**64, (5_000, 2), np.uint64)

    assert ids.add(hashes, np.zeros(5_000, np.bool_)).all()
    assert not ids.add(hashes, np.zeros(5_000, np.bool_)).any()


def _marked(ids: SealedIds, hashes: list[tuple[int, int]]) -> list[bool]:
    found = np.zeros(len(hashes), np.bool_)
    ids.mark(_array(hashes), found)
    return found.tolist()


def _short(pair: tuple[int, int]) -> tuple[int, int]:
    """The 80 bits that are kept of a sealed identity."""
    return pair[0], pair[1] >> 48


@given(st.lists(HASHES, min_size=1, max_size=4), HASHES)
def test_sealed_identities_know_their_members_alone_and_merged(
    parts: list[list[tuple[int, int]]], strangers: list[tuple[int, int]]
) -> None:
    sealed = [SealedIds.build(_array(part)) for part in parts]
    asked = [pair for part in parts for pair in part] + strangers
    for part, ids in zip(parts, sealed, strict=True):
        kept = {_short(pair) for pair in part}
        assert [_short(pair) in kept for pair in asked] == _marked(ids, asked)

    union = {_short(pair) for part in parts for pair in part}

    assert [_short(pair) in union for pair in asked] == _marked(SealedIds.merge(sealed), asked)


@given(HASHES, HASHES)
def test_what_was_found_elsewhere_stays_found(
    members: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    found = np.ones(len(asked), np.bool_)

    SealedIds.build(_array(members)).mark(_array(asked), found)

    assert found.all()


def test_many_sealed_identities() -> None:
    hashes = np.random.default_rng(7).integers(0, 2**64, (20_000, 2), np.uint64)
    ids = SealedIds.build(hashes[:10_000])
    found = np.zeros(20_000, np.bool_)

    ids.mark(hashes, found)

    assert found[:10_000].all()
    assert not found[10_000:].any()
