"""Flood control: an entry that suddenly matches a thousandfold waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from leeward.errors import UsageError
from leeward.model import BankSettings, NewEntry, Provenance
from leeward.store.tables import (
    FLOOD_ACTOR,
    WHOLE_BANK,
    FloodRule,
    Tables,
    add_entries,
    audit_entries,
    begin_act,
    control_floods,
    count_matches,
    create_bank,
    finish_act,
    fold_matches,
    get_bank,
    list_floods,
    match_rates,
    open_tables,
    paused_entries,
    resume_bank,
    resume_entries,
    withdraw_entries,
)
from leeward.store.tables._schema import bank_match

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import Meaning
    from leeward.store.tables import Flood

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
START = 20_000 * DAY
RULE = FloodRule(matches=1_000, window=3_600, times=10)


def bank_of(
    tables: Tables, entries: int, meaning: Meaning = "exploitative", algorithm: str = "pdq"
) -> int:
    """A bank with some entries; its number."""
    octets = {"pdq": 32, "sha256": 32, "md5": 16}[algorithm]
    with tables.begin() as connection:
        made = create_bank(connection, meaning, BankSettings(meaning=meaning, source="us"), "Ada")
        act = begin_act(connection, made, "import", "Ada", origin="list.csv")
        values = [number.to_bytes(octets, "big") for number in range(1, entries + 1)]
        add_entries(connection, act, [NewEntry(algorithm, v, Provenance()) for v in values])
        finish_act(connection, act)
        return made.id


def matched(tables: Tables, bank: int, at: int, **counts: int) -> list[Flood]:
    """So many matches of entries ``e1``, ``e2`` ... at a moment; the floods that are new."""
    keys = {(bank, int(name[1:])): count for name, count in counts.items()}
    with tables.begin() as connection:
        count_matches(connection, keys, RULE, at)
    with tables.begin() as connection:
        return control_floods(connection, keys, RULE, at)


def paused(tables: Tables) -> list[int]:
    with tables.read() as connection:
        return list(paused_entries(connection))


def waiting(tables: Tables) -> list[Flood]:
    with tables.read() as connection:
        return list_floods(connection)


def test_an_entry_that_matches_a_thousandfold_is_paused_and_said_so(tables: Tables) -> None:
    bank = bank_of(tables, 2)
    assert matched(tables, bank, START, e1=999, e2=5) == []
    (flood,) = matched(tables, bank, START + SECOND, e1=1)
    assert (flood.bank, flood.entry, flood.matches, flood.paused) == (
        "exploitative",
        1,
        1_000,
        True,
    )
    assert flood.why == "1,000 matches in 1 hour, where 0 are usual"
    with tables.read() as connection:
        (why,) = paused_entries(connection).values()
        *_, last = audit_entries(connection)
    assert (why.by, why.why) == (FLOOD_ACTOR, flood.why)
    assert (last.actor, last.verb, last.subject) == (
        FLOOD_ACTOR,
        "bank.pause_entry",
        "bank:exploitative",
    )
    assert last.details["named"] == [1]


def test_what_always_matches_much_is_no_flood(tables: Tables) -> None:
    """A popular picture is known as such: it floods at ten times what is usual of it."""
    bank = bank_of(tables, 1)
    for hour in range(48):
        assert matched(tables, bank, START + hour * HOUR, e1=400) == []
    assert matched(tables, bank, START + 48 * HOUR, e1=3_000) == []
    assert [f.entry for f in matched(tables, bank, START + 48 * HOUR + SECOND, e1=1_500)] == [1]


def test_matches_long_ago_are_none_of_a_flood(tables: Tables) -> None:
    bank = bank_of(tables, 1)
    for hour in range(0, 20, 2):
        assert matched(tables, bank, START + hour * HOUR, e1=600) == []
    assert paused(tables) == []


def test_two_processes_add_up(tables: Tables) -> None:
    """Each counts its own, and the one that sees both together over the floor pauses."""
    bank = bank_of(tables, 1)
    with open_tables(tables.url) as other:
        assert matched(tables, bank, START, e1=600) == []
        assert len(matched(other, bank, START + SECOND, e1=400)) == 1
        assert matched(tables, bank, START + 2 * SECOND, e1=400) == []
    assert paused(tables) == [1]


def test_who_is_resumed_is_not_paused_again_at_once(tables: Tables) -> None:
    """What a person has looked at is the new measure, the most that the flood came to."""
    bank = bank_of(tables, 1)
    matched(tables, bank, START, e1=1_000)
    assert matched(tables, bank, START + 60 * SECOND, e1=2_000) == []
    assert [flood.matches for flood in waiting(tables)] == [3_000]
    with tables.begin() as connection:
        resume_entries(connection, "exploitative", [1], "Bo", "looked", at=START + 90 * SECOND)
    assert waiting(tables) == []
    later = START + HOUR // 2
    assert matched(tables, bank, later, e1=29_000) == []
    assert paused(tables) == []
    assert len(matched(tables, bank, later + SECOND, e1=1_000)) == 1
    assert paused(tables) == [1]


@pytest.mark.parametrize(
    ("meaning", "algorithm"),
    [("illegal_verified", "sha256"), ("exploitative", "md5"), ("protected_photograph", "pdq")],
)
def test_a_flood_cannot_switch_off_what_somebody_would_gain_from(
    tables: Tables, meaning: Meaning, algorithm: str
) -> None:
    """The very file stays refused, a child's photograph protected; a person is told as loudly."""
    bank = bank_of(tables, 1, meaning, algorithm)
    (flood,) = matched(tables, bank, START, e1=5_000)
    assert not flood.paused
    assert paused(tables) == []
    with tables.read() as connection:
        *_, last = audit_entries(connection)
    assert (last.actor, last.verb) == (FLOOD_ACTOR, "bank.flood")
    with tables.begin() as connection:
        assert resume_entries(connection, meaning, [1], "Bo", "seen", at=START + SECOND) == 1
    assert waiting(tables) == []


def test_known_innocent_pictures_may_be_as_popular_as_they_are(tables: Tables) -> None:
    bank = bank_of(tables, 1, "known_innocent")
    assert matched(tables, bank, START, e1=5_000) == []


def test_entries_that_flood_together_are_said_of_their_bank(tables: Tables) -> None:
    bank = bank_of(tables, 12)
    found = matched(tables, bank, START, **{f"e{number}": 1_000 for number in range(1, 13)})
    assert len(found) == 13
    whole = found[-1]
    assert whole.entry is None
    assert not whole.paused
    assert whole.why == "12 entries flood at once; all of them came with import 1"
    assert paused(tables) == list(range(1, 13))
    with tables.begin() as connection:
        resume_bank(connection, "exploitative", "Bo", "a wrong list, withdrawn", at=START + 1)
        with pytest.raises(UsageError):
            resume_bank(connection, "exploitative", "Bo", "again", at=START + 2)
        assert get_bank(connection, "exploitative").version == 1
    assert len(waiting(tables)) == 12


def test_a_bank_floods_as_a_whole_without_any_entry_that_does(tables: Tables) -> None:
    bank = bank_of(tables, 1)
    assert matched(tables, bank, START, **{f"e{WHOLE_BANK}": 9_999, "e1": 5}) == []
    (flood,) = matched(tables, bank, START + 1, **{f"e{WHOLE_BANK}": 1})
    assert (flood.entry, flood.matches) == (None, 10_000)
    with tables.read() as connection:
        assert get_bank(connection, "exploitative").paused is None


def test_a_flood_of_what_was_withdrawn_waits_for_nobody(tables: Tables) -> None:
    bank = bank_of(tables, 1)
    matched(tables, bank, START, e1=1_000)
    with tables.begin() as connection:
        withdraw_entries(connection, "exploitative", "Bo", "a greeting card", entries=[1])
    assert waiting(tables) == []
    with tables.read() as connection:
        assert len(list_floods(connection, ended=True)) == 1


def naive(past: list[tuple[int, int]], at: int, rule: FloodRule) -> tuple[int, float]:
    """Recent and usual matches of one entry, from every single count that there was."""
    window = rule.window * SECOND
    slots = [(moment // rule.slot * rule.slot, count) for moment, count in past]
    recent = sum(count for moment, count in slots if moment >= at - window)
    before = sum(count for moment, count in slots if moment < at - window)
    first = min(moment // DAY * DAY for moment, _ in slots)
    return recent, before * window / max(window, at - window - first)


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 3 * 3_600), st.integers(1, 2), st.integers(1, 2_000)),
        min_size=1,
        max_size=25,
    ),
    folds=st.sets(st.integers(0, 24)),
)
def test_rates_are_those_of_a_naive_counter(
    steps: list[tuple[int, int, int]], folds: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever was folded into days meanwhile, and however the matches came."""
    folder: Path = tmp_path_factory.mktemp("floods")
    past: dict[int, list[tuple[int, int]]] = {1: [], 2: []}
    at = START + 7 * HOUR
    with open_tables(f"sqlite:///{folder}/leeward.db") as tables:
        for number, (seconds, entry, count) in enumerate(steps):
            at += seconds * SECOND
            past[entry].append((at, count))
            with tables.begin() as connection:
                count_matches(connection, {(1, entry): count}, RULE, at)
                if number in folds:
                    fold_matches(connection, RULE, at)
                rates = match_rates(connection, [(1, 1), (1, 2)], RULE, at)
            for one, counts in past.items():
                recent, usual = naive(counts, at, RULE) if counts else (0, 0.0)
                assert ((1, one) in rates) == (recent >= RULE.matches)
                if (1, one) in rates:
                    rate = rates[1, one]
                    assert rate.recent == recent
                    assert rate.usual == pytest.approx(usual)
                    assert rate.floods == (recent >= 10 * usual)


def test_counts_are_folded_into_days_and_forgotten_after_four_weeks(tables: Tables) -> None:
    bank = bank_of(tables, 1)

    def rows() -> list[tuple[int, int]]:
        with tables.read() as connection:
            columns = bank_match.c["days", "matches"]
            return sorted((row.days, row.matches) for row in connection.execute(select(*columns)))

    for hour in range(60):
        matched(tables, bank, START + hour * HOUR, e1=7)
    for _ in range(2):
        with tables.begin() as connection:
            fold_matches(connection, RULE, START + 60 * HOUR)
        assert rows() == [(0, 7), (0, 7), (1, 10 * 7), (1, 24 * 7), (1, 24 * 7)]
    with tables.begin() as connection:
        rates = match_rates(connection, [(bank, 1)], FloodRule(1, 3_600, 1), START + 60 * HOUR)
        assert rates[bank, 1].usual == pytest.approx(7, rel=0.05)
        fold_matches(connection, RULE, START + 40 * DAY)
    assert rows() == []
