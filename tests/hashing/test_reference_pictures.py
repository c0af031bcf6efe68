"""The pictures that the authors of PDQ publish, with their hashes."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from leeward.hashing import hash_picture
from tests.conftest import absent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(shared_data: Path) -> Path:
    found = shared_data / "pdq"
    if not found.is_dir():
        absent("../shared/data/pdq is absent")
    return found


@pytest.fixture
def expected(folder: Path) -> dict[str, str]:
    with (folder / "expected.csv").open() as file:
        return {row["file"]: row["pdq"] for row in csv.DictReader(file)}


def test_the_published_pictures_have_the_published_hashes(
    folder: Path, expected: dict[str, str]
) -> None:
    actual = {name: hash_picture((folder / name).read_bytes()).pdq.hex() for name in expected}

    assert expected == actual
    assert len(actual) == 12


def test_a_mirrored_published_picture_is_found_by_one_of_the_eight(
    folder: Path, expected: dict[str, str]
) -> None:
    name = "square-256x256.jpg"
    known = int(expected[name], 16)
    with Image.open(folder / name) as image:
        mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    buffer = io.BytesIO()
    mirrored.save(buffer, "PNG")

    found = hash_picture(buffer.getvalue(), dihedral=True)

    apart = [(int(one.hex(), 16) ^ known).bit_count() for one in found.dihedral]
    assert apart[0] > 100
    assert int(np.argmin(apart)) == 5
    assert min(apart) <= 31
