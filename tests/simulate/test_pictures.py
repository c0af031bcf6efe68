"""Pictures that nobody stored, against the reference implementation of PDQ."""

from __future__ import annotations

import io
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from leeward.errors import UsageError
from leeward.simulate import render
from leeward.simulate._media import pdq_bits, sha256_of
from tests.simulate._platform import bits_between

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from tests.simulate._platform import Platform

NUMBERS = st.integers(min_value=1, max_value=2**64 - 1)


def bits(picture: int, copy: int) -> npt.NDArray[np.uint8]:
    found = np.empty(256, np.uint8)
    pdq_bits(np.uint64(picture), np.uint64(copy), found)
    return found


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def oracle(png: bytes) -> str:
    """The PDQ hash of a picture as the reference implementation finds it."""
    vector, quality = pdqhash.compute(pixels(png))
    assert quality == 100
    return np.packbits(vector).tobytes().hex()


def test_a_picture_has_the_hash_that_the_event_says(
    shared_posts: Platform, rounds: Callable[[int, int], int]
) -> None:
    """Originals and near copies alike; within the 31 bits that mean the same picture."""
    hashes = [item["pdq"] for post in shared_posts.post.values() for item in post["media"]]
    chosen = hashes[:: max(1, len(hashes) // rounds(1_000, 60))]
    distances = [bits_between(pdq, oracle(render(pdq))) for pdq in chosen]
    assert max(distances) <= 31


@pytest.mark.parametrize("size", [64, 65, 100, 256, 511, 1_024])
def test_a_picture_is_as_large_as_asked_and_keeps_its_hash(size: int) -> None:
    pdq = np.packbits(bits(7, 0)).tobytes().hex()
    png = render(pdq, size)
    assert (size, size, 3) == pixels(png).shape
    assert bits_between(pdq, oracle(png)) <= 31


def test_a_picture_is_the_same_each_time_and_differs_from_another() -> None:
    one, other = (np.packbits(bits(n, 0)).tobytes().hex() for n in (7, 8))
    assert render(one) == render(one) != render(other)


def test_the_tint_leaves_the_brightness(shared_posts: Platform) -> None:
    """Colour is for the eye; what hashing sees is the luma of BT.601."""
    pdq = next(item["pdq"] for post in shared_posts.post.values() for item in post["media"])
    picture = pixels(render(pdq)).astype(float)
    luma = picture @ [0.299, 0.587, 0.114]
    assert 20 < luma.min() < 60 < 200 < luma.max() < 235
    assert np.ptp(picture, axis=2).max() > 5


@given(NUMBERS, st.lists(NUMBERS, min_size=2, max_size=6))
def test_copies_stay_close_to_each_other(picture: int, copies: list[int]) -> None:
    found = [bits(picture, copy) for copy in (0, *copies)]
    assert {128} == {int(one.sum()) for one in found}
    assert max(int((one != found[0]).sum()) for one in found) <= 10
    assert max(int((one != other).sum()) for one, other in combinations(found, 2)) <= 15


@given(NUMBERS, NUMBERS)
def test_pictures_are_far_from_each_other(one: int, other: int) -> None:
    if one != other:
        assert int((bits(one, 0) != bits(other, 0)).sum()) > 60


def test_every_bit_is_set_in_half_of_the_pictures() -> None:
    mean = np.mean([bits(picture, 0) for picture in range(1, 4_001)], axis=0)
    assert np.abs(mean - 0.5).max() < 4.5 * 0.5 / np.sqrt(4_000)


def test_a_copy_has_its_own_digest() -> None:
    digests = [sha256_of(picture, copy) for picture in range(1, 50) for copy in range(20)]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in digests)


@pytest.mark.parametrize("pdq", ["", "0" * 63, "g" * 64, "https://sim.example/media/a"])
def test_what_is_no_hash_is_refused(pdq: str) -> None:
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        render(pdq)


@pytest.mark.parametrize("size", [63, 4_097])
def test_a_size_out_of_bounds_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match="64 to 4096"):
        render("0f" * 32, size)
