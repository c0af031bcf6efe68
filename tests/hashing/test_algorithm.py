"""A licensed algorithm fits in without Leeward knowing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.hashing import Algorithm

if TYPE_CHECKING:
    import numpy.typing as npt


class MeanColour:
    """Not a good perceptual hash."""

    name = "mean-colour"
    length = 3

    def hash(self, rgb: npt.NDArray[np.uint8]) -> bytes | None:
        return bytes(rgb.mean(axis=(0, 1)).astype(np.uint8))

    def distance(self, one: bytes, other: bytes) -> float:
        return float(sum(abs(a - b) for a, b in zip(one, other, strict=True)))


def test_a_class_with_the_members_is_an_algorithm() -> None:
    algorithm: Algorithm = MeanColour()
    grey = np.full((9, 9, 3), 7, np.uint8)

    assert isinstance(algorithm, Algorithm)
    assert algorithm.hash(grey) == b"\x07\x07\x07"
    assert algorithm.distance(b"\x07\x07\x07", b"\x07\x07\x09") == 2


def test_a_class_without_them_is_none() -> None:
    assert not isinstance(object(), Algorithm)
