"""Near copies of pictures: beside a search through all pairs, in the order of first events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.network import NEAR, Node
from leeward.network._graph.copies import leaders, stand_ins

if TYPE_CHECKING:
    import numpy.typing as npt

NONE = np.int32(-1)


def led(
    hashes: list[int], first: list[int], settled: int = 0, to: npt.NDArray[np.int32] | None = None
) -> npt.NDArray[np.int32]:
    """Where each hash points; hash ``n`` belongs to node ``n``."""
    pointed = np.full(len(hashes), NONE)
    if to is not None:
        pointed[: len(to)] = to
    words = [[number >> shift & 2**64 - 1 for shift in (192, 128, 64, 0)] for number in hashes]
    bits = np.array(words, np.uint64).reshape(-1, 4)
    nodes = np.arange(len(hashes), dtype=np.int32)
    leaders(bits, nodes, np.array(first, np.int64), settled, pointed)
    return pointed


def searched(hashes: list[int], first: list[int]) -> list[int]:
    """The same, by comparing each hash with every leader before it."""
    to = [-1] * len(hashes)
    found: list[int] = []
    for n in sorted(range(len(hashes)), key=lambda n: (first[n], hashes[n])):
        near = [one for one in found if (hashes[one] ^ hashes[n]).bit_count() <= 15]
        if near:
            to[n] = near[0]
        else:
            found.append(n)
    return to


@st.composite
def _families(draw: st.DrawFn) -> list[int]:
    """A few pictures, each with copies that differ by up to 18 bits, or that drift away."""
    seed = draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    hashes: set[int] = set()
    for _ in range(draw(st.integers(1, 5))):
        begun = int.from_bytes(rng.bytes(32), "big")
        for _ in range(draw(st.integers(1, 12))):
            copy = begun
            for bit in rng.choice(256, rng.integers(19), replace=False).tolist():
                copy ^= 1 << bit
            hashes.add(copy)
            begun = copy if rng.random() < 0.3 else begun
    return [int(h) for h in rng.permutation(np.array(sorted(hashes), object))]


@given(_families(), st.data())
def test_leaders_are_those_of_a_search_through_all_pairs(
    hashes: list[int], data: st.DataObject
) -> None:
    """Several hashes may have come in one event."""
    size = len(hashes)
    first = data.draw(st.lists(st.integers(1, size), min_size=size, max_size=size))

    assert searched(hashes, first) == led(hashes, first).tolist()


@given(_families(), st.data())
def test_later_hashes_change_nothing_that_was_decided(
    hashes: list[int], data: st.DataObject
) -> None:
    first = list(range(1, len(hashes) + 1))
    cut = data.draw(st.integers(0, len(hashes)))
    early = led(hashes[:cut], first[:cut])

    assert searched(hashes, first) == led(hashes, first, cut, early).tolist()


@pytest.mark.parametrize("begin", [0, 1, 100, 120, 192, 240])
@pytest.mark.parametrize("step", [1, 7, 16])
def test_the_distance_is_exact(begin: int, step: int) -> None:
    """As many bits as near copies may differ by, in one band, or one in each band, or spread."""

    def flipped(count: int) -> int:
        return sum(1 << (begin + n * step) % 256 for n in range(count))

    assert led([0, flipped(NEAR)], [1, 2]).tolist() == [-1, 0]
    assert led([0, flipped(NEAR + 1)], [1, 2]).tolist() == [-1, -1]


def test_a_chain_of_copies_does_not_run_away() -> None:
    """Each is ten bits from the one before; only those near the first are its copies."""
    hashes = [(1 << 10 * n) - 1 for n in range(6)]

    assert led(hashes, [1, 2, 3, 4, 5, 6]).tolist() == [-1, 0, -1, 2, -1, 4]


def test_of_several_leaders_the_earliest_stands() -> None:
    one, other, between = 0, (1 << 20) - 1, (1 << 10) - 1

    assert led([one, other, between], [1, 2, 3]).tolist() == [-1, -1, 0]
    assert led([one, other, between], [2, 1, 3]).tolist() == [-1, -1, 1]


def test_a_name_leads_to_what_stands_in_the_end_and_posts_to_themselves() -> None:
    """A post points to its author, which is no matter here."""
    kind = np.array([Node.MEDIA, Node.MEDIA, Node.MEDIA, Node.POST, Node.ACCOUNT], np.uint8)
    to = np.array([1, 2, -1, 4, -1], np.int32)

    assert stand_ins(kind, to).tolist() == [2, 2, 2, 3, 4]
