"""Pictures that somebody turned or mirrored are still known, and the answer says how."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from leeward.errors import InputError
from leeward.hashing import hash_media
from leeward.model import BankSettings
from leeward.pipeline import Matcher, hash_query, media_query
from leeward.store.tables import open_tables
from tests.pipeline.test_match import INNOCENT, PILOTS, add, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leeward.store.tables import Tables

HOW = Image.Transpose
TURNS = {
    HOW.ROTATE_90: "turned_270",
    HOW.ROTATE_180: "turned_180",
    HOW.ROTATE_270: "turned_90",
    HOW.FLIP_TOP_BOTTOM: "flipped_rows",
    HOW.FLIP_LEFT_RIGHT: "flipped_columns",
    HOW.TRANSPOSE: "transposed",
    HOW.TRANSVERSE: "antitransposed",
}
"""What was done to a picture, and what must be done to it again to look like the known one."""


def drawn(seed: int) -> Image.Image:
    """A made-up pattern of soft squares, no two sides of it alike."""
    squares = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(squares).resize((480, 360), Image.Resampling.BICUBIC)


def file_of(picture: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()


def pdq_of(file: bytes) -> bytes:
    picture = hash_media(file).picture
    assert picture is not None
    return picture.pdq


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as opened:
        make(opened, "pilots", PILOTS)
        yield opened


@pytest.mark.parametrize("seed", range(4))
def test_pictures_that_pillow_turned_are_found_and_named(
    seed: int, tables: Tables, tmp_path: Path
) -> None:
    known = drawn(seed)
    add(tables, "pilots", pdq_of(file_of(known)))
    matcher = Matcher(tables, tmp_path)
    for how, look in TURNS.items():
        turned = file_of(known.transpose(how), quality=80)
        one, eight = matcher.match(
            [media_query(hash_media(turned, dihedral=all_of)) for all_of in (False, True)]
        )
        assert one.status == "unmatched"
        (found,) = eight.matches
        assert (found.look, eight.matches_total) == (look, 1)
        assert found.distance <= 31
    upright = matcher.match([media_query(hash_media(file_of(known), dihedral=True))])[0]
    assert [(found.look, found.distance) for found in upright.matches] == [("upright", 0)]


def test_whoever_has_hashes_only_sends_them_all(tables: Tables, tmp_path: Path) -> None:
    """The eight cannot be derived from one of them."""
    known = drawn(7)
    add(tables, "pilots", pdq_of(file_of(known)))
    turned = hash_media(file_of(known.transpose(HOW.ROTATE_90)), dihedral=True).picture
    assert turned is not None
    query = hash_query({"pdq": turned.pdq.hex()}, 90, [v.hex() for v in turned.dihedral[1:]])
    (result,) = Matcher(tables, tmp_path).match([query])
    assert [found.look for found in result.matches] == ["view 2"]
    assert "looks=8" in repr(query)
    assert hash_query({"pdq": turned.pdq.hex()}, 20, [turned.pdq.hex()]).looks == ()
    with pytest.raises(InputError) as caught:
        hash_query({"pdq": turned.pdq.hex()}, views=[turned.pdq.hex(), "boat"])
    assert caught.value.where == "views[1]"


def test_an_innocent_frame_hides_nothing_of_the_others(tables: Tables, tmp_path: Path) -> None:
    """Whoever puts a known innocent picture before the frames of an animation gains nothing."""
    innocent, known = drawn(1), drawn(2)
    make(tables, "innocent", INNOCENT)
    make(tables, "harbour", BankSettings(meaning="exploitative", source="us"))
    first, later = (pdq_of(file_of(picture.convert("P"), "GIF")) for picture in (innocent, known))
    add(tables, "innocent", first)
    add(tables, "harbour", later)
    add(tables, "pilots", first)
    animation = file_of(
        innocent.convert("P"), "GIF", save_all=True, append_images=[known.convert("P")]
    )
    (result,) = Matcher(tables, tmp_path).match([media_query(hash_media(animation))])
    told = {(found.bank, found.suppressed): found.look for found in result.matches}
    assert told == {
        ("harbour", False): "frame 1",
        ("innocent", False): "upright",
        ("pilots", True): "upright",
    }
    assert result.accuses
    assert result.may_follow == ("open_case",)
