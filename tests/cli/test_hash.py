"""``leeward hash``: what a file hashes to."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np
import pdqhash
import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


def picture(path: Path, seed: int = 1) -> Path:
    """A drawn pattern of squares."""
    squares = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(squares).resize((320, 240), Image.Resampling.BICUBIC).save(path)
    return path


def test_digests_pdq_quality_and_size_are_printed(run: Run, tmp_path: Path) -> None:
    """The oracles are hashlib and pdqhash."""
    path = picture(tmp_path / "boat.jpg")
    data = path.read_bytes()
    bits, quality = pdqhash.compute(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    body = run("hash", path, "--json").json
    assert body["pdq"] == np.packbits(bits).tobytes().hex()
    assert (body["quality"], body["width"], body["height"]) == (quality, 320, 240)
    for algorithm in ("sha256", "sha1", "md5"):
        assert body[algorithm] == hashlib.new(algorithm, data).hexdigest()
    said = run("hash", path)
    assert said.code == 0
    for word in (body["pdq"], body["md5"], f"{quality}", "320 x 240, image/jpeg"):
        assert word in said.out


def test_the_eight_positions_are_printed_where_asked_for(run: Run, tmp_path: Path) -> None:
    path = picture(tmp_path / "boat.jpg")
    vectors, _ = pdqhash.compute_dihedral(np.asarray(Image.open(path)))
    expected = [np.packbits(vector).tobytes().hex() for vector in vectors]
    body = run("hash", path, "--dihedral", "--json").json
    assert list(body["dihedral"].values()) == expected
    assert "dihedral" not in run("hash", path, "--json").json
    assert all(digits in run("hash", path, "--dihedral").out for digits in expected)


def test_one_bad_file_does_not_hide_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("ferries and harbours")
    paths = [tmp_path / "none.jpg", tmp_path / "list.txt", picture(tmp_path / "boat.jpg")]
    said = run("hash", *paths, "--json")
    missing, text, sound = said.lines
    assert said.code == 1
    assert missing.keys() == {"path", "refused"}
    assert text["sha256"] == hashlib.sha256(b"ferries and harbours").hexdigest()
    assert "no kind of picture" in text["refused"]
    assert "pdq" not in text
    assert "pdq" in sound
    plain = run("hash", *paths)
    assert plain.code == 1
    assert "no kind of picture" in plain.err
    assert "2 of 3" in plain.err


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_a_damaged_picture_is_said_to_be(run: Run, tmp_path: Path, cut: float) -> None:
    whole = picture(tmp_path / "boat.jpg").read_bytes()
    (tmp_path / "boat.jpg").write_bytes(whole[: int(cut * len(whole))])
    said = run("hash", tmp_path / "boat.jpg")
    assert said.code == 0
    assert "ALERT" in said.out
