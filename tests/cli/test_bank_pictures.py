"""``leeward bank add`` of picture and video files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.cli.test_hash import picture
from tests.hashing._pictures import harbour
from tests.hashing.test_video import scene, video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty bank; Ada acts."""
    monkeypatch.setenv("LEEWARD_AS", "Ada")
    monkeypatch.setenv("LEEWARD_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    run("bank", "create", "harbour", "--meaning", "exploitative", "--source", "own decisions")
    return tmp_path


def test_pictures_are_added_by_their_looks_and_as_the_very_files(folder: Path, run: Run) -> None:
    boat, garden = picture(folder / "boat.jpg"), folder / "garden.png"
    harbour(seed=9).save(garden)
    said = run("bank", "add", "harbour", boat, garden, "--member", "Ada", "--reason", "case 12")
    assert said.code == 0
    counts = run("bank", "show", "harbour", "--json").json["counts"]
    assert {count["algorithm"] for count in counts} == {"pdq", "sha256"}
    body = run("bank", "match", boat, "--json").json
    assert {(m["algorithm"], m["distance"]) for m in body["matches"]} == {("pdq", 0), ("sha256", 0)}
    assert body["matches"][0]["listings"][0]["member"] == "Ada"
    audit = run("audit", "show", "--json")
    assert "boat" not in audit.out


def test_a_video_is_added_by_its_frames(folder: Path, run: Run) -> None:
    (folder / "ferry.mp4").write_bytes(video(scene(4, 40)))
    (folder / "longer.mp4").write_bytes(video(scene(5, 30) + scene(4, 40)))
    assert run("bank", "add", "harbour", folder / "ferry.mp4").code == 0
    said = run("bank", "match", folder / "longer.mp4")
    assert "harbour  entry 1, vpdq, 100% of its frames" in said.out


def test_a_flat_picture_is_known_as_the_very_file_only(folder: Path, run: Run) -> None:
    Image.new("RGB", (64, 64), (0, 90, 90)).save(folder / "sea.png")
    said = run("bank", "add", "harbour", folder / "sea.png", "--json")
    assert said.json["added"] == 1
    assert "known by its SHA-256 only" in said.json["notes"][0]


def test_all_files_are_added_or_none(folder: Path, run: Run) -> None:
    boat = picture(folder / "boat.jpg")
    (folder / "words.txt").write_text("the ferry leaves at dawn")
    for wrong in (folder / "words.txt", folder / "missing.jpg"):
        said = run("bank", "add", "harbour", boat, wrong)
        assert said.code == 1
        assert wrong.name in said.err
    assert run("bank", "show", "harbour", "--json").json["counts"] == []
    assert run("bank", "add", "harbour", boat, "--from", folder / "words.txt").code == 2
