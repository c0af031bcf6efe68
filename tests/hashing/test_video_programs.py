"""Where PyAV is not installed, FFmpeg's programs see the same frames."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import leeward.hashing._worker as worker_module
from leeward.errors import InputError
from leeward.hashing import MediaHasher, VideoHash, VideoLimits, hash_video
from tests.conftest import absent
from tests.hashing.test_video import scene, video

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.hashing import FrameHash


@pytest.fixture(autouse=True)
def programs() -> None:
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        absent("FFmpeg's programs are not there")


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)


def by_both(data: bytes | Path, limits: VideoLimits | None = None) -> list[VideoHash]:
    with pytest.MonkeyPatch.context() as patch:
        one = hash_video(data, limits=limits)
        patch.setitem(sys.modules, "av", None)
        return [one, hash_video(data, limits=limits)]


def bits_apart(one: FrameHash, other: FrameHash) -> int:
    words = [np.frombuffer(frame.pdq, np.uint64) for frame in (one, other)]
    return int(np.bitwise_count(words[0] ^ words[1]).sum())


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mp4", "libx264"),
        ("webm", "libvpx"),
        ("matroska", "mpeg4"),
        ("avi", "mpeg4"),
    ],
)
def test_the_programs_see_what_pyav_sees(form: str, codec: str) -> None:
    """The same frames at the same times; the hashes differ by rounding of colours at the most."""
    frames = scene(1, 35) + scene(2, 14, kind="blocks") + scene(3, 40)
    one, other = by_both(video(frames, form=form, codec=codec))
    assert [frame.number for frame in one.frames] == [frame.number for frame in other.frames]
    for mine, theirs in zip(one.frames, other.frames, strict=True):
        assert mine.seconds == pytest.approx(theirs.seconds)
        assert bits_apart(mine, theirs) <= 4
        assert abs(mine.quality - theirs.quality) <= 1
    for name in ("width", "height", "mime", "decoded", "complete"):
        assert getattr(one, name) == getattr(other, name)
    assert other.complete


def test_a_path_is_read_like_bytes(tmp_path: Path, without_pyav: None) -> None:
    data = video(scene(1, 25))
    (tmp_path / "film.mp4").write_bytes(data)
    assert hash_video(tmp_path / "film.mp4") == hash_video(data)


def test_what_is_cut_short_is_hashed_as_far_as_it_goes(without_pyav: None) -> None:
    data = video(scene(1, 60), form="webm", codec="libvpx")
    found = hash_video(data[: len(data) // 2])
    assert 1 <= len(found.frames) < 6


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x18ftypmp42" + bytes(400),
        b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 4,
        b"RIFF\x00\x10\x00\x00AVI " + bytes(300),
    ],
)
def test_broken_videos_are_refused(data: bytes, without_pyav: None) -> None:
    with pytest.raises(InputError) as caught:
        hash_video(data, where="a film")
    assert caught.value.where == "a film"


def test_limits_hold(without_pyav: None) -> None:
    data = video(scene(1, 40))
    with pytest.raises(InputError, match="pixels"):
        hash_video(data, limits=VideoLimits(max_side=100))
    few = hash_video(data, limits=VideoLimits(max_hashed=2))
    assert (len(few.frames), few.complete) == (2, False)
    short = hash_video(data, limits=VideoLimits(max_decoded=15))
    assert (short.decoded, short.complete) == (15, False)
    none = hash_video(data, limits=VideoLimits(max_seconds=1e-9))
    assert (len(none.frames), none.complete) == (1, False)


def test_a_program_that_fails_is_a_video_that_cannot_be_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_pyav: None
) -> None:
    """Whatever stands under its name."""
    for name, text in (("ffprobe", "#!/bin/sh\necho boat\n"), ("ffmpeg", "#!/bin/sh\nexit 3\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="by FFmpeg"):
        hash_video(video(scene(1, 3)))
    said = '{"streams": [{"width": 128, "height": 96}]}'
    (tmp_path / "ffprobe").write_text(f"#!/bin/sh\necho '{said}'\n")
    with pytest.raises(InputError, match="no frame"):
        hash_video(video(scene(1, 3)))


def test_a_worker_that_may_write_nothing_decodes_uploads_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = video(scene(1, 25))
    expected = hash_video(data)
    (tmp_path / "av.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setattr(worker_module, "find_spec", lambda _: None)
    with MediaHasher(video=VideoLimits(), seconds=60) as hasher:
        found = hasher.hash(data)
        assert hasher.hash(b"\x00\x00\x00\x18ftypmp42" + bytes(400)).video is None
    assert found.refused is None
    assert found.video is not None
    assert [f.number for f in found.video.frames] == [f.number for f in expected.frames]
