"""Known videos: listed by their frames, found in uploads, withdrawn, and taken out again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.connectors import BankDefaults, BankFile, open_input, video_entry, write_bank
from leeward.errors import InputError
from leeward.hashing import (
    FrameHash,
    VideoHash,
    VideoLimits,
    compare_videos,
    hash_media,
    write_vpdq,
)
from leeward.model import BankSettings, BanksSettings, NewEntry, Provenance
from leeward.pipeline import Matcher, MatchQuery, media_query
from leeward.store.tables import (
    add_entries,
    begin_act,
    count_banks,
    finish_act,
    frames_of,
    get_bank,
    listed_entries,
    open_tables,
)
from tests.hashing.test_video import scene, video
from tests.pipeline.test_match import INNOCENT, PILOTS, add, make, withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leeward.connectors import ExportForm
    from leeward.store.tables import Tables


def looked(data: bytes) -> VideoHash:
    found = hash_media(data, video=VideoLimits()).video
    assert found is not None
    return found


def asked(data: bytes, **limits: int) -> MatchQuery:
    return media_query(hash_media(data, video=VideoLimits(**limits)))


def list_video(tables: Tables, bank: str, frames: Sequence[FrameHash]) -> None:
    with tables.begin() as connection:
        act = begin_act(connection, get_bank(connection, bank), "add", "Ada")
        add_entries(connection, act, [video_entry(frames, Provenance(exchange="pilots"))])
        finish_act(connection, act)


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as opened:
        make(opened, "pilots", PILOTS)
        yield opened


CLIP = scene(4, 40)


def test_a_known_clip_is_found_in_an_upload_and_the_shares_are_named(
    tables: Tables, tmp_path: Path
) -> None:
    clip = looked(video(CLIP))
    longer = video(scene(5, 30) + CLIP + scene(6, 30))
    matcher = Matcher(tables, tmp_path)
    assert matcher.match([asked(longer)])[0].status == "unmatched"
    list_video(tables, "pilots", clip.frames)
    list_video(tables, "pilots", clip.frames)  # once more changes nothing
    matcher.refresh()
    (found,) = matcher.match([asked(longer)])
    (match,) = found.matches
    expected = compare_videos(looked(longer).frames, clip.frames)
    assert match.video is not None
    assert (match.video.query_share, match.video.bank_share) == expected[:2]
    assert (match.video.query_frames, match.video.bank_frames) == expected[2:]
    assert (match.algorithm, match.look, match.distance) == ("vpdq", None, 0)
    assert match.may_follow == ("open_case",)  # a likeness of videos never acts by itself
    assert matcher.match([asked(video(scene(7, 60)))])[0].status == "unmatched"
    withdraw(tables, "pilots", 1)
    matcher.refresh()
    assert matcher.match([asked(longer)])[0].status == "unmatched"
    assert Matcher(tables, tmp_path).match([asked(longer)])[0].status == "unmatched"


def test_what_is_built_from_the_store_is_what_was_followed(tables: Tables, tmp_path: Path) -> None:
    list_video(tables, "pilots", looked(video(CLIP)).frames)
    (found,) = Matcher(tables, tmp_path).match([asked(video(CLIP))])
    assert found.status == "matched"
    with tables.read() as connection:
        (count,) = count_banks(connection)
        assert (count.algorithm, count.standing) == ("vpdq", 1)
        kept = frames_of(connection, [1])[1]
    assert write_vpdq(kept) == write_vpdq(looked(video(CLIP)).frames)


def test_shares_that_are_too_small_are_no_match(tables: Tables, tmp_path: Path) -> None:
    clip = looked(video(CLIP + scene(9, 40)))
    list_video(tables, "pilots", clip.frames)
    half = asked(video(CLIP))
    for percent, status in ((80, "unmatched"), (40, "matched")):
        settings = BanksSettings(video_bank_percent=percent)
        assert Matcher(tables, tmp_path, settings=settings).match([half])[0].status == status
    strict = BanksSettings(video_bank_percent=40, video_query_percent=90)
    longer = asked(video(CLIP + scene(8, 60)))
    assert Matcher(tables, tmp_path, settings=strict).match([longer])[0].status == "unmatched"


def test_one_frame_of_a_video_is_a_known_picture(tables: Tables, tmp_path: Path) -> None:
    upload = video(scene(5, 30) + CLIP)
    frame = next(frame for frame in looked(upload).frames if frame.number >= 30)
    add(tables, "pilots", frame.pdq)
    (found,) = Matcher(tables, tmp_path).match([asked(upload)])
    (match,) = found.matches  # however many frames are near it
    assert match.algorithm == "pdq"
    assert match.look is not None
    assert int(match.look.removeprefix("frame ")) >= 30


def test_a_known_opening_does_not_hide_what_comes_after(tables: Tables, tmp_path: Path) -> None:
    make(tables, "innocent", INNOCENT)
    opening = scene(5, 30)
    list_video(tables, "innocent", looked(video(opening)).frames)
    list_video(tables, "pilots", looked(video(CLIP)).frames)
    matcher = Matcher(tables, tmp_path)
    (found,) = matcher.match([asked(video(opening + CLIP))])
    assert {(m.bank, m.suppressed) for m in found.matches} == {
        ("innocent", False),
        ("pilots", False),
    }
    assert found.accuses
    list_video(tables, "pilots", looked(video(opening)).frames)
    matcher.refresh()
    (found,) = matcher.match([asked(video(opening))])
    assert {(m.bank, m.suppressed) for m in found.matches} == {
        ("innocent", False),
        ("pilots", True),
    }


def test_a_long_video_is_compared_in_part_and_says_so(tables: Tables, tmp_path: Path) -> None:
    list_video(tables, "pilots", looked(video(CLIP)).frames)
    query = asked(video(scene(5, 60) + CLIP), max_hashed=4)
    (found,) = Matcher(tables, tmp_path).match([query])
    assert found.status == "abstained"
    assert found.abstained == "only the first part of the video was compared"
    still = asked(video([CLIP[0]] * 60))
    assert len(still.looks) <= len(still.weights) <= 7
    flat = asked(video([np.full((96, 128, 3), 90, np.uint8)] * 20))
    assert (flat.looks, flat.abstained) == ((), "no frame of the video has a PDQ quality of 50")


def frame(number: int, seed: int, flips: int, quality: int) -> FrameHash:
    bits = np.random.default_rng(seed).integers(0, 2, 256, dtype=np.uint8)
    bits[:flips] ^= 1
    return FrameHash(number, quality, np.packbits(bits).tobytes(), float(number))


FRAMES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([0, 3, 40]), st.sampled_from([20, 50, 90])),
    min_size=1,
    max_size=12,
).map(lambda rows: [frame(n, *row) for n, row in enumerate(rows)])


@given(query=FRAMES, known=st.lists(FRAMES, min_size=1, max_size=4), whole=st.booleans())
def test_the_index_finds_what_comparing_each_with_each_does(
    query: list[FrameHash],
    known: list[list[FrameHash]],
    whole: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("videos")
    good = [frames for frames in known if any(f.quality >= 50 for f in frames)]
    settings = BanksSettings(video_bank_percent=60, video_query_percent=30)
    hashed = VideoHash(tuple(query), 64, 64, "video/mp4", len(query), whole)
    with open_tables(f"sqlite:///{folder}/leeward.db") as tables:
        make(tables, "pilots", BankSettings(meaning="illegal_verified", source="us", distance=31))
        texts = []
        for frames in good:
            list_video(tables, "pilots", frames)
            texts += [] if write_vpdq(frames) in texts else [write_vpdq(frames)]
        base = hash_media(b"boat")
        asked_ = media_query(type(base)(base.digests, video=hashed))
        (found,) = Matcher(tables, folder, settings=settings).match([asked_])
        with tables.read() as connection:
            stored = frames_of(connection, range(1, len(texts) + 1))
    expected = {}
    for entry, frames in stored.items():
        shared = compare_videos(query, frames)
        if shared.query_frames and shared.matches(query=0.3, bank=0.6) and shared.query_share:
            expected[entry] = tuple(shared)
    told = {
        match.entry: (
            match.video.query_share,
            match.video.bank_share,
            match.video.query_frames,
            match.video.bank_frames,
        )
        for match in found.matches
        if match.video is not None
    }
    assert told == expected


def read(path: Path, text: str) -> list[NewEntry]:
    path.write_text(text)
    with open_input(path) as opened:
        (part,) = BankFile(opened, None, BankDefaults()).parts()
    assert part.bad == []
    return part.entries


def test_videos_leave_and_come_back_in_every_form(tables: Tables, tmp_path: Path) -> None:
    frames = looked(video(CLIP)).frames
    list_video(tables, "pilots", frames)
    with tables.read() as connection:
        rows = list(listed_entries(connection, "pilots", values=True))
        bare = list(listed_entries(connection, "pilots"))
    assert [row.frames for row in bare] == [()]
    ours: tuple[ExportForm, ...] = ("csv", "jsonl")
    theirs: tuple[ExportForm, ...] = ("hma", "threatexchange")
    for form in ours:
        text = "".join(write_bank(rows, form, values=True))
        (entry,) = read(tmp_path / f"list.{form}", text)
        assert (entry.value, entry.frames.decode()) == (rows[0].value, write_vpdq(frames))
    for form in theirs:
        text = "".join(write_bank(rows, form, values=True))
        (entry,) = read(tmp_path / f"list.{form}", text)
        assert len(entry.frames.splitlines()) == len(frames)
    line = "vpdq " + write_vpdq(frames, end=";")
    (entry,) = read(tmp_path / "list.txt", line + "\n")
    assert entry.value == rows[0].value
    assert "".join(write_bank(rows, "pdq", values=True)) == ""
    cells = list(csv.DictReader(io.StringIO("".join(write_bank(bare, "csv", values=False)))))
    assert cells[0]["value"] == ""


@pytest.mark.parametrize(
    "text", ["vpdq ", "vpdq boat", "vpdq 0,10,%s,0.0" % ("0" * 64), 'vpdq ["boat"]', "vpdq [1]"]
)
def test_what_is_no_video_is_named_by_its_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{text}\n")
    with open_input(tmp_path / "list.txt") as opened:
        (part,) = BankFile(opened, None, BankDefaults()).parts()
    assert (part.entries, [bad.line for bad in part.bad]) == ([], [1])
    many = [frame(n, n, 0, 90) for n in range(1_001)]
    with pytest.raises(InputError):
        video_entry(many, Provenance())
