"""Holds: what must not be deleted, and how that ends."""

from __future__ import annotations

import pytest

from leeward.errors import UsageError
from leeward.store.tables import (
    Tables,
    audit_entries,
    list_holds,
    open_holds,
    place_hold,
    release_hold,
)

BOAT = "https://harbour.example/@boat"


def test_a_hold_stays_open_after_its_clock_has_run_out(tables: Tables) -> None:
    """The clock was over at 20, long before now; only a person's release ends a hold."""
    with tables.begin() as connection:
        placed = place_hold(connection, BOAT, "Preservation request 7", "Ada", at=10, expires_at=20)
        assert open_holds(connection, [BOAT]) == {BOAT: [placed]}
        released = release_hold(connection, placed.id, "Grace", "Withdrawn by the court", at=30)
        assert open_holds(connection, [BOAT]) == {}
    assert (released.released_at, released.released_by) == (30, "Grace")


def test_a_subject_is_free_only_when_its_last_hold_is_released(tables: Tables) -> None:
    with tables.begin() as connection:
        first = place_hold(connection, BOAT, "Report of one year", "Ada")
        second = place_hold(connection, BOAT, "Renewed for 90 days", "Ada")
        assert open_holds(connection, [BOAT]) == {BOAT: [first, second]}
        release_hold(connection, first.id, "Ada", "The year is over")
        assert open_holds(connection, [BOAT]) == {BOAT: [second]}
        release_hold(connection, second.id, "Ada", "Not renewed")
        assert open_holds(connection, [BOAT]) == {}
        assert [hold.id for hold in list_holds(connection, released=True)] == [first.id, second.id]


def test_open_holds_are_found_among_very_many_subjects(tables: Tables) -> None:
    subjects = [f"https://harbour.example/@{number}" for number in range(70_000)]
    held = subjects[::1_777]
    with tables.begin() as connection:
        for subject in held:
            place_hold(connection, subject, "Report", "Ada")
        assert open_holds(connection, subjects).keys() == set(held)
        assert open_holds(connection, []) == {}


def test_the_holds_of_one_subject_are_listed(tables: Tables) -> None:
    with tables.begin() as connection:
        placed = place_hold(connection, BOAT, "Report", "Ada")
        place_hold(connection, "https://harbour.example/p/1", "Report", "Ada")
        assert list_holds(connection, subject=BOAT) == [placed]
        assert len(list_holds(connection)) == 2


def test_the_longest_subject_that_an_event_may_name_can_be_held(tables: Tables) -> None:
    longest = "https://harbour.example/" + "\N{ANCHOR}" * 2_024
    assert len(longest) == 2_048
    with tables.begin() as connection:
        placed = place_hold(connection, longest, "Report", "Ada")
        assert open_holds(connection, [longest]) == {longest: [placed]}


def test_a_hold_is_released_once(tables: Tables) -> None:
    with tables.begin() as connection:
        placed = place_hold(connection, BOAT, "Report", "Ada")
        release_hold(connection, placed.id, "Ada", "Done")
        with pytest.raises(UsageError, match="no open hold"):
            release_hold(connection, placed.id, "Ada", "Done")
        assert len(list(audit_entries(connection))) == 2


@pytest.mark.parametrize(
    ("subject", "basis", "by", "expires_at"),
    [
        ("", "Report", "Ada", None),
        ("a" * 2_049, "Report", "Ada", None),
        (BOAT, "", "Ada", None),
        (BOAT, "a" * 4_001, "Ada", None),
        (BOAT, "Report", "", None),
        (BOAT, "Report", "a" * 201, None),
        (BOAT, "Report", "Ada", 10),
        ("\ud800", "Report", "Ada", None),
    ],
)
def test_a_hold_that_cannot_be_placed_leaves_nothing(
    tables: Tables, subject: str, basis: str, by: str, expires_at: int | None
) -> None:
    with pytest.raises(UsageError), tables.begin() as connection:
        place_hold(connection, subject, basis, by, expires_at=expires_at, at=10)
    with tables.read() as connection:
        assert list_holds(connection, released=True) == []
        assert list(audit_entries(connection)) == []


def test_placing_and_releasing_are_in_the_audit_chain(tables: Tables) -> None:
    with tables.begin() as connection:
        placed = place_hold(connection, BOAT, "Line 1\nline 2", "Ada", at=10, expires_at=20)
        release_hold(connection, placed.id, "Grace", "Withdrawn", at=30)
        found = [entry[1:6] for entry in audit_entries(connection, subject=BOAT)]
    placing = {"hold": placed.id, "basis": "Line 1\nline 2", "keeps": "content", "expires_at": 20}
    assert found == [
        (10, "Ada", "hold.place", BOAT, placing),
        (30, "Grace", "hold.release", BOAT, {"hold": placed.id, "reason": "Withdrawn"}),
    ]


def test_a_hold_does_not_show_whom_it_concerns(tables: Tables) -> None:
    with tables.begin() as connection:
        placed = place_hold(connection, BOAT, "Report 12", "Ada")
        entry = next(audit_entries(connection))
    assert repr(placed) == f"<Hold {placed.id} open>"
    assert repr(entry) == "<AuditEntry 1 hold.place>"
