"""Videos drawn by a program: which frames are hashed, and when two videos match."""

from __future__ import annotations

import io
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import DependencyDown, InputError
from leeward.hashing import (
    FrameHash,
    MediaHasher,
    VideoHash,
    VideoLimits,
    VideoMatch,
    compare_videos,
    hash_media,
    hash_video,
    read_vpdq,
    write_vpdq,
)
from tests.hashing._pictures import Kind, file_of, harbour, pixels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

RATE = 10


def scene(
    seed: int, frames: int, height: int = 96, width: int = 128, kind: Kind = "grain"
) -> list[Pixels]:
    """A view that drifts slowly to the side."""
    wide = pixels(kind, height, width + frames, seed)
    return [wide[:, shift : shift + width] for shift in range(frames)]


def video(frames: Sequence[Pixels], *, form: str = "mp4", codec: str = "mpeg4") -> bytes:
    """The frames as a file, ten a second."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for number, pixels_ in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def decoded(data: bytes) -> list[Pixels]:
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("form", "codec", "mime"),
    [
        ("mp4", "mpeg4", "video/mp4"),
        ("webm", "libvpx", "video/webm"),
        ("matroska", "mpeg4", "video/webm"),
        ("avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_a_frame_a_second_is_hashed_as_a_picture_of_it(form: str, codec: str, mime: str) -> None:
    data = video(scene(1, 35), form=form, codec=codec)
    frames = decoded(data)

    found = hash_video(data)

    assert [0, 10, 20, 30] == [frame.number for frame in found.frames]
    assert [0.0, 1.0, 2.0, 3.0] == [round(frame.seconds, 3) for frame in found.frames]
    assert (mime, 128, 96, 35, True) == (
        found.mime,
        found.width,
        found.height,
        found.decoded,
        found.complete,
    )
    for frame in found.frames:
        bits, quality = pdqhash.compute(frames[frame.number])
        assert np.packbits(bits).tobytes() == frame.pdq
        assert quality == frame.quality


def test_the_first_frame_of_a_scene_is_hashed_too() -> None:
    """Where it begins soon after a frame that was hashed, a moment later."""
    data = video(scene(1, 14) + scene(2, 14) + scene(3, 7))

    found = hash_video(data)

    assert [0, 10, 15, 20, 28, 30] == [frame.number for frame in found.frames]


def test_a_clip_is_found_inside_a_longer_video() -> None:
    clip = hash_video(video(scene(4, 40)))
    longer = hash_video(video(scene(5, 30) + scene(4, 40) + scene(6, 30)))
    other = hash_video(video(scene(7, 60)))

    found = compare_videos(longer.frames, clip.frames)

    assert found.bank_share >= 0.8
    assert found.query_share <= 0.7
    assert found.matches()
    assert not found.matches(query=0.8)
    assert not compare_videos(other.frames, clip.frames).matches()


def test_a_video_stored_anew_matches_itself() -> None:
    frames = scene(8, 40, 240, 320, "blocks")
    small = [np.asarray(frame)[::2, ::2] for frame in frames]

    found = compare_videos(
        hash_video(video(frames)).frames,
        hash_video(video(small, form="webm", codec="libvpx")).frames,
    )

    assert found.matches(query=0.8, bank=0.8)


@pytest.mark.parametrize(("word", "angle"), [("right", -1), ("left", 1)])
def test_a_video_is_hashed_as_it_is_shown(word: str, angle: int) -> None:
    """A phone that is held upright stores frames on their side, and a matrix that says so."""
    data = bytearray(video(scene(9, 12)))
    matrix = data.index(b"tkhd") + 44
    one, minus_one, last = (1 << 16).to_bytes(4), (0xFFFF0000).to_bytes(4), (1 << 30).to_bytes(4)
    turn = (one, minus_one) if word == "right" else (minus_one, one)
    values = [bytes(4), turn[0], bytes(4), turn[1], bytes(4), bytes(4), bytes(4), bytes(4), last]
    data[matrix : matrix + 36] = b"".join(values)
    stored = decoded(bytes(data))

    found = hash_video(bytes(data))

    assert (96, 128) == (found.width, found.height)
    for frame in found.frames:
        shown = np.ascontiguousarray(np.rot90(stored[frame.number], angle))
        assert np.packbits(pdqhash.compute(shown)[0]).tobytes() == frame.pdq


# --- the match rule and the text form ----------------------------------------------------------

frame_hashes = st.builds(
    FrameHash,
    st.integers(0, 10**6),
    st.integers(0, 100),
    st.sampled_from([bytes(32), b"\xff" + bytes(31), b"\xff" * 5 + bytes(27), b"\x0f" * 32]),
    st.integers(0, 10**7).map(lambda thousandths: thousandths / 1000),
)


@given(
    st.lists(frame_hashes, max_size=12),
    st.lists(frame_hashes, max_size=12),
    st.sampled_from([0, 8, 31, 40, 256]),
    st.sampled_from([0, 50, 100]),
)
def test_shares_are_those_of_the_rule_written_out(
    query: list[FrameHash], bank: list[FrameHash], distance: int, quality: int
) -> None:
    def near(one: FrameHash, other: FrameHash) -> bool:
        apart = int.from_bytes(one.pdq) ^ int.from_bytes(other.pdq)
        return apart.bit_count() <= distance

    mine = [frame for frame in query if frame.quality >= quality]
    theirs = [frame for frame in bank if frame.quality >= quality]
    expected = VideoMatch(0.0, 0.0, len(mine), len(theirs))
    if mine and theirs:
        expected = VideoMatch(
            sum(any(near(one, other) for other in theirs) for one in mine) / len(mine),
            sum(any(near(one, other) for one in mine) for other in theirs) / len(theirs),
            len(mine),
            len(theirs),
        )

    assert expected == pytest.approx(
        compare_videos(query, bank, distance=distance, quality=quality)
    )


@given(st.lists(frame_hashes))
def test_the_text_form_comes_back_as_it_was(frames: list[FrameHash]) -> None:
    assert frames == read_vpdq(write_vpdq(frames))


def test_the_text_form_is_that_of_vpdq() -> None:
    """A line as vPDQ's program prints it: comma between, three decimals, small letters."""
    digits = "e46926b9cb58926338bb699f0ff2c1076fec183dffc986d02ca36da48034bc54"
    text = f"0,100,{digits},0.000\n31,98,{digits},1.033\n"

    frames = read_vpdq(text)

    assert [(0, 100, 0.0), (31, 98, 1.033)] == [
        (frame.number, frame.quality, frame.seconds) for frame in frames
    ]
    assert text == write_vpdq(frames)
    assert frames == read_vpdq(text.upper().replace("\n", "\r\n\r\n"))


@pytest.mark.parametrize(
    "line",
    ["0,100,abcd,0.0", "0,101,{},0.0", "-1,50,{},0.0", "0,50,{},nan", "0,50,{}", "0;50;{};0"],
)
def test_a_line_of_another_form_is_named_and_not_shown(line: str) -> None:
    digits = "ab" * 32

    with pytest.raises(InputError, match="frame,quality,hash,seconds") as caught:
        read_vpdq(f"0,100,{digits},0.000\n{line.format(digits)}\n", where="film.txt")

    assert caught.value.where == "film.txt, line 2"
    assert "abab" not in str(caught.value)


def test_no_hash_shows_in_repr() -> None:
    found = hash_video(video(scene(1, 5)))

    assert found.frames[0].pdq.hex()[:8] not in repr(found)


# --- broken and hostile files ------------------------------------------------------------------


def test_a_video_cut_short_is_hashed_as_far_as_it_goes() -> None:
    data = video(scene(1, 60), form="matroska")
    whole, short = hash_video(data), hash_video(data[: len(data) // 2])

    assert 0 < short.decoded < whole.decoded
    assert whole.frames[: len(short.frames)] == short.frames


@pytest.mark.parametrize(
    ("limits", "decoded_", "hashed"),
    [(VideoLimits(max_decoded=15), 15, 2), (VideoLimits(max_hashed=3), 21, 3)],
)
def test_a_limit_ends_a_video_and_the_result_says_so(
    limits: VideoLimits, decoded_: int, hashed: int
) -> None:
    found = hash_video(video(scene(1, 40)), limits=limits)

    assert (decoded_, hashed, False) == (found.decoded, len(found.frames), found.complete)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (VideoLimits(max_bytes=100), "bytes, and 100 are allowed"),
        (VideoLimits(max_pixels=1_000), "128 x 96 pixels"),
        (VideoLimits(max_side=100), "128 x 96 pixels"),
    ],
)
def test_a_video_over_a_limit_is_refused(limits: VideoLimits, message: str) -> None:
    with pytest.raises(InputError, match=message):
        hash_video(video(scene(1, 3)), limits=limits)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (file_of(harbour(), "PNG"), "no kind of video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "no kind of video"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "no kind of video"),
        (b"\x1a\x45\xdf\xa3" + bytes(300), "cannot be decoded"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(300), "cannot be decoded|has no video"),
    ],
)
def test_what_is_no_video_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        hash_video(data, where="upload 7")
    assert caught.value.where == "upload 7"


def test_damaged_bytes_end_in_a_hash_or_a_refusal() -> None:
    data = video(scene(1, 12))
    rng = np.random.default_rng(4)
    for _ in range(40):
        broken = bytearray(data)
        for at in rng.integers(0, len(broken), 6):
            broken[at] = int(rng.integers(256))
        try:
            found = hash_video(bytes(broken))
        except InputError as error:
            assert error.hint  # noqa: PT017 - either outcome is right
        else:
            assert found.frames


def test_without_pyav_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = video(scene(1, 3))
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(DependencyDown, match="the package av") as caught:
        hash_video(data)
    assert "leeward[video]" in str(caught.value.hint)


def test_a_worker_hashes_videos_where_it_is_asked_to(tmp_path: Path) -> None:
    data = video(scene(1, 25))
    path = tmp_path / "film.mp4"
    path.write_bytes(data)

    with MediaHasher(video=VideoLimits(), seconds=60) as hasher:
        found = [hasher.hash(data), hasher.hash(path)]

    assert [hash_video(data)] * 2 == [one.video for one in found]
    assert isinstance(found[0].video, VideoHash)
    assert hash_media(data).digests == found[0].digests
    assert "videos are not decoded" in str(hash_media(data).refused)
