"""PDQ of pixels is pdqhash's, bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import UsageError
from leeward.hashing import Turn, pdq, pdq_dihedral
from leeward.hashing._fold import centres, operator, window
from leeward.hashing._pdq import UPRIGHT, _folded
from leeward.hashing._stepwise import stepwise
from leeward.hashing._transform import bits_of, settled, transform
from tests.hashing._pictures import KINDS, Kind, pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

SIZES = [
    (1, 1),
    (1, 200),
    (4, 300),
    (5, 5),
    (5, 900),
    (63, 64),
    (64, 64),
    (65, 64),
    (127, 128),
    (128, 129),
    (129, 257),
    (512, 512),
    (700, 513),
    (900, 5),
    (1025, 769),
]


def assert_same(rgb: npt.NDArray[np.uint8]) -> None:
    expected, quality = pdqhash.compute(rgb)

    actual, ours = pdq(rgb)

    assert (quality, expected.tolist()) == (ours, actual.tolist())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_picture_of_any_size_and_kind_hashes_as_the_reference_does(
    size: tuple[int, int], kind: Kind
) -> None:
    assert_same(pixels(kind, *size, seed=3))


@given(
    kind=st.sampled_from(KINDS),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    seed=st.integers(0, 1 << 32),
)
def test_any_picture_hashes_as_the_reference_does(
    kind: Kind, height: int, width: int, seed: int
) -> None:
    assert_same(pixels(kind, height, width, seed))


def test_hundreds_of_pictures_hash_as_the_reference_does(
    rounds: Callable[[int, int], int],
) -> None:
    rng = np.random.default_rng(17)
    for seed in range(rounds(10_000, 300)):
        height, width = (int(side) for side in np.exp(rng.uniform(np.log(5), np.log(600), 2)))
        assert_same(pixels(KINDS[seed % len(KINDS)], height, width, seed))


def test_a_large_picture_hashes_as_the_reference_does() -> None:
    """The reference library gives the whole picture to PDQ, and so do we."""
    assert_same(pixels("grain", 1999, 2003, seed=5))
    assert_same(pixels("blocks", 2048, 1536, seed=6))


@given(
    kind=st.sampled_from(KINDS),
    height=st.one_of(st.integers(1, 150), st.just(64)),
    width=st.one_of(st.integers(1, 150), st.just(64)),
    seed=st.integers(0, 1 << 32),
)
def test_the_eight_positions_hash_as_the_reference_does(
    kind: Kind, height: int, width: int, seed: int
) -> None:
    rgb = pixels(kind, height, width, seed)
    expected, quality = pdqhash.compute_dihedral(rgb)

    actual, ours = pdq_dihedral(rgb)

    assert quality == ours
    assert np.array(expected).tolist() == actual.tolist()


@given(
    kind=st.sampled_from(KINDS),
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    turn=st.builds(Turn, st.booleans(), st.booleans(), st.booleans()),
)
def test_turning_the_operators_is_turning_the_pixels(
    kind: Kind, height: int, width: int, turn: Turn
) -> None:
    rgb = pixels(kind, height, width, seed=8)
    expected, quality = pdqhash.compute(turn.apply(rgb))

    actual, ours = pdq(rgb, turn)

    assert (quality, expected.tolist()) == (ours, actual.tolist())


@pytest.mark.parametrize("size", [5, 64, 100, 128, 129, 512, 1000])
def test_an_operator_is_two_box_filters_and_a_choice(size: int) -> None:
    wide, reach = window(size), (window(size) + 2) // 2
    box = np.zeros((size, size))
    for i in range(size):
        low, high = max(0, i - (wide - reach)), min(size, i + reach)
        box[i, low:high] = 1 / (high - low)
    expected = (box @ box)[centres(size)]

    start, weight = operator(size)

    dense = np.zeros((64, size))
    for i in range(64):
        dense[i, start[i] : start[i] + weight.shape[1]] = weight[i]
    np.testing.assert_allclose(dense, expected, atol=1e-7)


def test_folded_stages_differ_from_the_reference_only_where_they_say_so() -> None:
    """What is not settled is done step by step; what is settled needs no second look."""
    unsettled = 0
    for seed in range(300):
        rgb = pixels(KINDS[seed % len(KINDS)], 90 + seed, 400 - seed, seed)
        folded, exact = transform(_folded(rgb, UPRIGHT)), transform(stepwise(rgb))
        if settled(folded):
            assert bits_of(folded).tolist() == bits_of(exact).tolist()
        else:
            unsettled += 1
    assert 0 < unsettled < 300


def test_equal_frequencies_are_not_settled() -> None:
    """Rounding decides which of them count as above the median."""
    frequencies = np.zeros((16, 16), np.float32)
    frequencies.ravel()[:127] = 9.0

    assert not settled(frequencies)


def test_the_order_of_colours_and_strides_do_not_matter() -> None:
    rgb = pixels("grain", 200, 300, seed=2)
    wide = np.zeros((200, 600, 3), np.uint8)
    wide[:, ::2] = rgb

    assert pdq(wide[:, ::2])[0].tolist() == pdq(rgb)[0].tolist()


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
    ],
    ids=["grey", "four colours", "floats"],
)
def test_an_array_that_is_no_picture_is_refused(rgb: npt.NDArray[np.uint8]) -> None:
    for function in (pdq, pdq_dihedral):
        with pytest.raises(UsageError, match="a picture is uint8"):
            function(rgb)
