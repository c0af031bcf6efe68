"""Pictures against the banks: what is near, who listed it, and what may follow."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leeward.pipeline._match as match_module
import leeward.pipeline._match_floods as floods_module
from leeward.errors import InputError, StoreError
from leeward.hashing import Digests, Hashed, PictureHash, View
from leeward.model import (
    BankMatch,
    BankSettings,
    BanksSettings,
    NewEntry,
    Provenance,
    settle_matches,
)
from leeward.pipeline import Matcher, MatchQuery, hash_query, media_query
from leeward.store.tables import (
    add_entries,
    begin_act,
    change_bank,
    create_bank,
    finish_act,
    get_bank,
    list_floods,
    open_tables,
    pause_bank,
    pause_entries,
    resume_entries,
    withdraw_entries,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leeward.store.tables import Tables

PILOTS = BankSettings(meaning="illegal_verified", source="the pilots")
INNOCENT = BankSettings(meaning="known_innocent", source="reviews")


def value(seed: int, *flipped: int) -> bytes:
    """A made-up PDQ value, some of its bits turned over."""
    bits = np.random.default_rng(seed).integers(0, 2, 256, dtype=np.uint8)
    bits[list(flipped)] ^= 1
    return np.packbits(bits).tobytes()


def look(seed: int, *flipped: int) -> MatchQuery:
    return MatchQuery((value(seed, *flipped),))


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as opened:
        with opened.begin() as connection:
            create_bank(connection, "pilots", PILOTS, "Ada")
        yield opened


def add(tables: Tables, bank: str, *values: bytes, algorithm: str = "pdq", **told: Any) -> None:
    who = Provenance(exchange="pilots", member="north", **told)
    with tables.begin() as connection:
        act = begin_act(connection, get_bank(connection, bank), "add", "Ada")
        add_entries(connection, act, [NewEntry(algorithm, v, who) for v in values])
        finish_act(connection, act)


def make(tables: Tables, name: str, settings: BankSettings) -> None:
    with tables.begin() as connection:
        create_bank(connection, name, settings, "Ada")


def withdraw(tables: Tables, bank: str, *entries: int) -> None:
    with tables.begin() as connection:
        withdraw_entries(connection, bank, "Ada", "a test", entries=entries)


def test_a_match_says_where_how_near_who_and_what_may_follow(
    tables: Tables, tmp_path: Path
) -> None:
    add(tables, "pilots", value(1), classification="A1", external_id="secret name", at=1_000_000)
    result = Matcher(tables, tmp_path).match([look(1, 0, 100, 255)])[0]
    (match,) = result.matches
    assert (result.status, result.matches_total, result.accuses) == ("matched", 1, True)
    assert (match.bank, match.entry, match.algorithm, match.distance) == ("pilots", 1, "pdq", 3)
    assert list(msgspec.to_builtins(match.listings)) == [
        {"exchange": "pilots", "member": "north", "classification": "A1", "at": 1_000_000}
    ]
    assert result.may_follow == match.may_follow == ("open_case",)
    answer = msgspec.json.encode(result)
    assert value(1).hex().encode() not in answer
    assert b"secret name" not in answer  # exchanges may name items by their hash


def test_what_is_far_is_unmatched_and_no_bank_is_reached(tables: Tables, tmp_path: Path) -> None:
    add(tables, "pilots", value(1))
    matcher = Matcher(tables, tmp_path)
    assert matcher.match([look(2)])[0].status == "unmatched"
    assert matcher.match([look(1, *range(31))])[0].status == "matched"
    assert matcher.match([look(1, *range(32))])[0].status == "unmatched"


def test_each_bank_has_its_own_distance(tables: Tables, tmp_path: Path) -> None:
    make(tables, "wide", msgspec.structs.replace(PILOTS, distance=60))
    make(tables, "narrow", msgspec.structs.replace(PILOTS, distance=0))
    for bank in ("pilots", "wide", "narrow"):
        add(tables, bank, value(1))
    matcher = Matcher(tables, tmp_path)
    for flipped, banks in ((0, 3), (1, 2), (31, 2), (32, 1), (60, 1), (61, 0)):
        assert matcher.match([look(1, *range(flipped))])[0].matches_total == banks


def test_a_match_within_the_automation_distance_may_act(tables: Tables, tmp_path: Path) -> None:
    acting = msgspec.structs.replace(
        PILOTS, automation_distance=4, causes=frozenset({"hide", "open_case"})
    )
    with tables.begin() as connection:
        change_bank(connection, "pilots", acting, "Ada")
    add(tables, "pilots", value(1))
    add(tables, "pilots", bytes(16), algorithm="md5")
    matcher = Matcher(tables, tmp_path)
    near, far = matcher.match([look(1, *range(4)), look(1, *range(5))])
    assert near.may_follow == ("hide", "open_case")
    assert (far.may_follow, far.matches[0].withheld) == (("open_case",), "beyond_automation")
    assert matcher.match([hash_query({"md5": "00" * 16})])[0].may_follow == ("hide", "open_case")


def test_a_known_innocent_picture_suppresses(tables: Tables, tmp_path: Path) -> None:
    make(tables, "innocent", INNOCENT)
    add(tables, "pilots", value(1))
    add(tables, "innocent", value(1, 0))
    nearer, further = Matcher(tables, tmp_path).match([look(1, 0), look(1)])
    assert (nearer.may_follow, nearer.accuses, nearer.matches_total) == ((), False, 2)
    assert [(m.bank, m.suppressed) for m in nearer.matches] == [
        ("innocent", False),
        ("pilots", True),
    ]
    assert further.accuses


def test_a_pause_leaves_a_task_for_a_person(tables: Tables, tmp_path: Path) -> None:
    add(tables, "pilots", value(1))
    add(tables, "pilots", value(2))
    matcher = Matcher(tables, tmp_path)
    with tables.begin() as connection:
        pause_entries(connection, "pilots", [1], "Ada", "a greeting card")
    matcher.refresh()
    first, second = matcher.match([look(1), look(2)])
    assert (first.may_follow, first.needs_person) == ((), True)
    assert first.matches[0].withheld == "entry_paused"
    assert (second.may_follow, second.needs_person) == (("open_case",), False)
    with tables.begin() as connection:
        resume_entries(connection, "pilots", [1], "Ada", "looked at it")
        pause_bank(connection, "pilots", "Ada", "a flood")
    matcher.refresh()
    assert matcher.match([look(1)])[0].matches[0].withheld == "bank_paused"


def test_digests_are_found_in_all_banks(tables: Tables, tmp_path: Path) -> None:
    make(tables, "gardens", PILOTS)
    for bank in ("pilots", "gardens"):
        add(tables, bank, bytes(range(20)), algorithm="sha1")
    matcher = Matcher(tables, tmp_path)
    found, none = matcher.match(
        [hash_query({"sha1": bytes(range(20)).hex()}), hash_query({"sha1": "ff" * 20})]
    )
    assert [(m.bank, m.algorithm, m.distance) for m in found.matches] == [
        ("pilots", "sha1", 0),
        ("gardens", "sha1", 0),
    ]
    assert none.status == "unmatched"


def test_every_look_of_a_picture_is_matched_and_counts_once(tables: Tables, tmp_path: Path) -> None:
    add(tables, "pilots", value(1))
    exact = Digests(bytes(32), bytes(20), bytes(16), 10)
    views = (View("frame", 3, value(1, 7), 90), View("frame", 4, value(1, 7, 8), 90))
    picture = PictureHash(value(9), 90, 10, 10, "image/gif", frames=5, views=views)
    result = Matcher(tables, tmp_path).match([media_query(Hashed(exact, picture))])[0]
    assert [(m.entry, m.distance) for m in result.matches] == [(1, 1)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quality": 49}, "quality is below 50"),
        ({"damaged": True}, "damaged"),
        (None, "a boat made of sand"),
    ],
)
def test_what_could_not_be_compared_is_never_clear(
    tables: Tables, tmp_path: Path, changes: dict[str, Any] | None, words: str
) -> None:
    exact = Digests(bytes(32), bytes(20), bytes(16), 10)
    hashed = Hashed(exact, refused="a boat made of sand")
    if changes is not None:
        sound = PictureHash(value(1), 90, 10, 10, "image/png")
        hashed = Hashed(exact, msgspec.structs.replace(sound, **changes))
    matcher = Matcher(tables, tmp_path)
    result = matcher.match([media_query(hashed)])[0]
    assert result.status == "abstained"
    assert words in (result.abstained or "")
    make(tables, "innocent", INNOCENT)
    add(tables, "innocent", bytes(20), algorithm="sha1")
    add(tables, "pilots", bytes(16), algorithm="md5")
    matcher.refresh()
    again = matcher.match([media_query(hashed)])[0]
    assert again.status == "matched"
    assert words in (again.abstained or "")
    withdraw(tables, "pilots", 2)
    matcher.refresh()
    assert matcher.match([media_query(hashed)])[0].status == "abstained"


def test_a_low_quality_is_not_searched_for(tables: Tables, tmp_path: Path) -> None:
    add(tables, "pilots", value(1))
    matcher = Matcher(tables, tmp_path)
    digits = value(1).hex()
    results = matcher.match([hash_query({"pdq": digits}, quality) for quality in (None, 50, 49)])
    assert [result.status for result in results] == ["matched", "matched", "abstained"]


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33, "ab " * 32])
def test_a_value_that_is_none_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(InputError) as refused:
        hash_query({"pdq": text})
    assert refused.value.where == "pdq"
    assert not text or text not in str(refused.value)


def test_a_flood_of_matches_is_named_in_part_and_counted_in_full(
    tables: Tables, tmp_path: Path
) -> None:
    near = [value(1, a, b) for a in range(60) for b in range(a)]
    add(tables, "pilots", *near, value(1))
    result = Matcher(tables, tmp_path).match([look(1)], most=7)[0]
    assert result.matches_total == len(near) + 1
    assert [match.distance for match in result.matches] == [0, 2, 2, 2, 2, 2, 2]


def test_what_another_process_adds_or_withdraws_is_followed(tables: Tables, tmp_path: Path) -> None:
    """The generous limit is for the slowest machine."""
    with Matcher(tables, tmp_path) as matcher:
        matcher.follow()
        with open_tables(f"sqlite:///{tmp_path}/leeward.db") as other:
            make(other, "gardens", PILOTS)
            add(other, "gardens", value(5))
            _until(matcher, look(5), "matched")
            withdraw(other, "gardens", 1)
            _until(matcher, look(5), "unmatched")
            add(other, "gardens", value(6))
            _until(matcher, look(6), "matched")


def _until(matcher: Matcher, query: MatchQuery, status: str) -> None:
    end = time.monotonic() + 30
    while matcher.match([query])[0].status != status:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_banks_that_cannot_be_followed_are_not_matched_for_long(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_module, "STALE_SECONDS", -1.0)
    matcher = Matcher(tables, tmp_path)
    assert matcher.match([look(1)])[0].status == "unmatched"
    with matcher:
        matcher.follow()
        with pytest.raises(StoreError, match="could not be read"):
            matcher.match([look(1)])


def snapshots(folder: Path) -> list[Path]:
    return sorted((folder / "match").glob("*.index"))


def test_a_snapshot_is_opened_and_what_came_after_it_is_followed(
    tables: Tables, tmp_path: Path
) -> None:
    add(tables, "pilots", value(1))
    add(tables, "pilots", value(2))
    Matcher(tables, tmp_path)
    (saved,) = snapshots(tmp_path)
    assert saved.stat().st_mode & 0o777 == 0o600
    add(tables, "pilots", value(3))
    withdraw(tables, "pilots", 1)
    said: list[str] = []
    matcher = Matcher(tables, tmp_path, said.append)
    results = matcher.match([look(1), look(2), look(3)])
    assert [result.status for result in results] == ["unmatched", "matched", "matched"]
    assert said == []


@pytest.mark.parametrize("damage", ["bits", "short", "empty", "foreign"])
def test_a_damaged_snapshot_is_told_and_built_anew(
    tables: Tables, tmp_path: Path, damage: str
) -> None:
    add(tables, "pilots", *(value(seed) for seed in range(200)))
    Matcher(tables, tmp_path)
    (saved,) = snapshots(tmp_path)
    content = bytearray(saved.read_bytes())
    if damage == "bits":
        at = content.find(content[-4096:]) + 10
        content[at] ^= 255
        content[len(content) // 2] ^= 255
    whole = {
        "bits": bytes(content),
        "short": bytes(content[:5000]),
        "empty": b"",
        "foreign": b"a boat " * 999,
    }
    saved.write_bytes(whole[damage])
    said: list[str] = []
    matcher = Matcher(tables, tmp_path, said.append)
    assert len(said) == 1
    assert "built anew" in said[0]
    assert {r.status for r in matcher.match([look(s) for s in range(200)])} == {"matched"}
    assert len(snapshots(tmp_path)) == 1
    Matcher(tables, tmp_path, said.append)
    assert len(said) == 1


def test_the_snapshot_of_another_store_is_not_used(tables: Tables, tmp_path: Path) -> None:
    add(tables, "pilots", value(1))
    Matcher(tables, tmp_path)
    (saved,) = snapshots(tmp_path)
    other = tmp_path / "other"
    (other / "match").mkdir(parents=True)
    (other / "match" / saved.name).write_bytes(saved.read_bytes())
    said: list[str] = []
    with open_tables(f"sqlite:///{other}/leeward.db") as theirs:
        make(theirs, "pilots", PILOTS)
        add(theirs, "pilots", value(2))
        matcher = Matcher(theirs, other, said.append)
        results = matcher.match([look(1), look(2)])
    assert [result.status for result in results] == ["unmatched", "matched"]
    assert len(said) == 1


def test_a_folder_that_takes_no_snapshot_is_told_and_matches(
    tables: Tables, tmp_path: Path
) -> None:
    add(tables, "pilots", value(1))
    (tmp_path / "match").write_text("a file stands where the folder should")
    said: list[str] = []
    assert Matcher(tables, tmp_path, said.append).match([look(1)])[0].status == "matched"
    assert len(said) == 1
    assert "was not written" in said[0]


def test_much_change_makes_a_new_snapshot(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_module, "_UNTIDY", 50)
    add(tables, "pilots", value(1))
    with Matcher(tables, tmp_path) as matcher:
        before = snapshots(tmp_path)
        matcher.follow()
        add(tables, "pilots", *(value(seed) for seed in range(100)))
        end = time.monotonic() + 30
        while snapshots(tmp_path) == before or len(snapshots(tmp_path)) > 1:
            assert time.monotonic() < end
            time.sleep(0.02)
    said: list[str] = []
    assert len(Matcher(tables, tmp_path, said.append)) == 100
    assert said == []


def test_threads_match_while_entries_come_and_go(tables: Tables, tmp_path: Path) -> None:
    add(tables, "pilots", value(1))
    faults: list[object] = []
    done = threading.Event()
    with Matcher(tables, tmp_path) as matcher:
        matcher.follow()

        def ask() -> None:
            try:
                while not done.is_set():
                    result = matcher.match([look(1)])[0]
                    assert result.status == "matched"
                    assert result.matches[0].entry == 1
            except BaseException as error:  # told to the test's own thread
                faults.append(error)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for seed in range(2, 22):
            add(tables, "pilots", value(seed))
            withdraw(tables, "pilots", seed)
        done.set()
        for thread in threads:
            thread.join()
    assert faults == []


@settings(max_examples=25, deadline=None)
@given(
    entries=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 40), st.booleans()), min_size=1, max_size=40
    ),
    flips=st.lists(st.integers(0, 40), min_size=1, max_size=4),
)
def test_the_answer_is_that_of_comparing_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    entries: Sequence[tuple[int, int, bool]],
    flips: Sequence[int],
) -> None:
    """Three banks of unlike distance and meaning; entries some bits away, some of them paused."""
    folder = tmp_path_factory.mktemp("match")
    banks = {
        "pilots": PILOTS,
        "narrow": BankSettings(meaning="exploitative", source="x", distance=12),
        "innocent": INNOCENT,
    }
    names = list(banks)
    with open_tables(f"sqlite:///{folder}/leeward.db") as tables:
        for name, settings_ in banks.items():
            make(tables, name, settings_)
        kept: dict[tuple[int, int], bool] = {}
        for bank, away, paused in entries:
            kept.setdefault((bank, away), paused)
        for (bank, away), paused in kept.items():
            add(tables, names[bank], value(3, *range(away)))
            if paused:
                with tables.begin() as connection:
                    number = list(kept).index((bank, away)) + 1
                    pause_entries(connection, names[bank], [number], "Ada", "x")
        results = Matcher(tables, folder).match([look(3, *range(n)) for n in flips], most=1_000)
        with tables.read() as connection:
            made = [get_bank(connection, name) for name in names]
    for flipped, result in zip(flips, results, strict=True):
        settled = settle_matches(
            BankMatch(
                bank=made[bank],
                entry=place + 1,
                algorithm="pdq",
                distance=abs(flipped - away),
                paused=kept[bank, away],
            )
            for place, (bank, away) in enumerate(kept)
        )
        expected = {(s.match.entry, int(s.match.distance), False) for s in settled.standing}
        expected |= {(m.entry, int(m.distance), True) for m in settled.suppressed}
        assert expected == {(m.entry, m.distance, m.suppressed) for m in result.matches}
        assert result.matches_total == len(expected)
        assert set(result.may_follow) == settled.causes
        assert (result.accuses, result.needs_person) == (settled.accuses, settled.needs_person)


def test_matches_are_counted_only_by_who_was_told_to(tables: Tables, tmp_path: Path) -> None:
    """Who tries something out, or looks back at what is long known, must not pause anything."""
    make(tables, "harbour", BankSettings(meaning="exploitative", source="us"))
    make(tables, "innocent", INNOCENT)
    add(tables, "harbour", value(1))
    add(tables, "innocent", value(2), value(3))
    add(tables, "harbour", value(3))
    few = BanksSettings(flood_matches=5)
    for counts, floods in ((False, 0), (True, 1)):
        notes: list[str] = []
        with Matcher(tables, tmp_path, notes.append, few, counts=counts) as matcher:
            for _ in range(3):
                matcher.match([look(1), look(1, 5), look(2), look(3)])
        with tables.read() as connection:
            found = list_floods(connection)
        assert [(flood.bank, flood.matches) for flood in found] == [("harbour", 6)] * floods
        assert len(notes) == floods


def test_matches_are_kept_while_the_store_does_not_answer(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tables, "pilots", value(1))
    matcher = Matcher(tables, tmp_path, settings=BanksSettings(flood_matches=2), counts=True)
    matcher.match([look(1)])

    def refuse(*_: object) -> None:
        raise StoreError("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(floods_module, "count_matches", refuse)
        matcher.close()
    matcher.match([look(1)])
    matcher.close()
    with tables.read() as connection:
        assert [flood.matches for flood in list_floods(connection)] == [2]
