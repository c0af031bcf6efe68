"""Known videos in the tables: their frames are kept, read back, taken out and copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.connectors import video_entry
from leeward.hashing import FrameHash
from leeward.model import BankSettings, NewEntry, Provenance
from leeward.store.tables import (
    Tables,
    add_entries,
    begin_act,
    count_banks,
    create_bank,
    dump,
    finish_act,
    frame_arrays,
    frames_of,
    get_bank,
    listed_entries,
    load,
    withdraw_entries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def frames(seed: int, count: int, quality: int = 80) -> list[FrameHash]:
    """Made-up frames; every third is too flat to be compared."""
    rng = np.random.default_rng(seed)
    return [
        FrameHash(25 * n, 20 if n % 3 == 2 else quality, rng.bytes(32), n + 0.04)
        for n in range(count)
    ]


def listed(tables: Tables, *videos: Sequence[FrameHash]) -> None:
    with tables.begin() as connection:
        settings = BankSettings(meaning="exploitative", source="us")
        act = begin_act(
            connection, create_bank(connection, "harbour", settings, "Ada"), "add", "Ada"
        )
        entries = [video_entry(video, Provenance(member="north")) for video in videos]
        entries += [video_entry(video, Provenance(member="south")) for video in videos]
        done = add_entries(connection, act, [*entries, NewEntry("pdq", bytes(32), Provenance())])
        finish_act(connection, act)
    assert (done.added, done.listed) == (len(videos) + 1, 2 * len(videos) + 1)


def test_frames_are_kept_once_for_each_video(tables: Tables) -> None:
    films = frames(1, 7), frames(2, 3)
    listed(tables, *films)
    with tables.read() as connection:
        kept = frames_of(connection, [1, 2, 3])
        assert sorted(kept.values(), key=len, reverse=True) == list(films)
        arrays = {each.entry: each.values for each in frame_arrays(connection)}
        for entry, known in kept.items():
            good = b"".join(frame.pdq for frame in known if frame.quality >= 50)
            assert arrays[entry].tobytes() == good
        out = list(listed_entries(connection, "harbour", values=True))
        assert [list(row.frames) for row in out if row.entry in kept] == [
            kept[row.entry] for row in out if row.entry in kept
        ]
        assert {(c.algorithm, c.standing) for c in count_banks(connection)} == {
            ("pdq", 1),
            ("vpdq", 2),
        }
    assert "frames" not in repr(out[0])


def test_a_video_that_was_withdrawn_matches_no_more_and_may_come_back(tables: Tables) -> None:
    film = frames(1, 4)
    listed(tables, film)
    with tables.begin() as connection:
        (entry,) = (each.entry for each in frame_arrays(connection))
        value = video_entry(film, Provenance()).value
        withdraw_entries(connection, "harbour", "Ada", "a mistake", values=[("vpdq", value)])
        assert list(frame_arrays(connection)) == []
        act = begin_act(connection, get_bank(connection, "harbour"), "add", "Ada")
        again = [video_entry(film, Provenance(member="north"))]
        assert add_entries(connection, act, again, relist=True).added == 1
        finish_act(connection, act)
        assert [each.entry for each in frame_arrays(connection, after=entry - 1, until=entry)] == [
            entry
        ]
        assert len(frames_of(connection, [entry])[entry]) == 4


def test_frames_are_in_a_copy_of_the_tables(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    listed(tables, frames(1, 5))
    rows = list(dump(tables))
    with load(new_database(), rows) as copied, tables.read() as one, copied.read() as other:
        assert frames_of(one, [1, 2]) == frames_of(other, [1, 2]) != {}
