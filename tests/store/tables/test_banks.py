"""Hash banks in the tables: versions, listings, pauses, feedback, exports, and the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from leeward.errors import AlreadyExists, ApprovalRequired, Corrupt, UsageError
from leeward.model import BankSettings, NewEntry, Provenance
from leeward.store.tables import (
    Act,
    Added,
    BankCount,
    ImportBatch,
    Tables,
    add_entries,
    audit_entries,
    bank_changes,
    bank_history,
    begin_act,
    begin_export,
    change_bank,
    count_banks,
    create_bank,
    dump,
    entry_arrays,
    finish_act,
    get_bank,
    get_entries,
    import_entries,
    last_change,
    list_acts,
    list_banks,
    list_feedback,
    list_permissions,
    listed_entries,
    load,
    look_up,
    note_feedback_sent,
    open_tables,
    pause_bank,
    pause_entries,
    paused_entries,
    permit_values,
    put_feedback,
    resume_bank,
    resume_entries,
    revoke_permissions,
    withdraw_entries,
)
from leeward.store.tables._banks_rows import ranges

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

SETTINGS = BankSettings(meaning="illegal_verified", source="a list of harbours", review=2)


def value(number: int, octets: int = 32) -> bytes:
    """A made-up value."""
    return np.random.default_rng(number).bytes(octets)


def told(member: str = "north", external_id: str | None = None, **more: Any) -> Provenance:
    return Provenance(exchange="pilots", member=member, external_id=external_id, **more)


def pdq(number: int, provenance: Provenance | None = None) -> NewEntry:
    return NewEntry("pdq", value(number), provenance or told())


def put(connection: Connection, *entries: NewEntry, name: str = "harbour", **how: Any) -> Added:
    act = begin_act(connection, get_bank(connection, name), "add", "Ada")
    added = add_entries(connection, act, entries, **how)
    finish_act(connection, act)
    return added


def numbers(connection: Connection, algorithm: str = "pdq") -> list[int]:
    """The entries that match."""
    return [int(i) for part in entry_arrays(connection, algorithm) for i in part.ids]


@pytest.fixture
def harbour(tables: Tables) -> Tables:
    with tables.begin() as connection:
        create_bank(connection, "harbour", SETTINGS, "Ada", at=10)
    return tables


# --- banks -------------------------------------------------------------------------------------


def test_every_change_of_a_bank_is_a_version_that_can_be_looked_up(harbour: Tables) -> None:
    tighter = msgspec.structs.replace(SETTINGS, distance=20)
    with harbour.begin() as connection:
        change_bank(connection, "harbour", tighter, "Bo", reason="false matches", at=20)
        pause_bank(connection, "harbour", "Bo", "a flood", at=30)
        resume_bank(connection, "harbour", "Ada", "looked at", at=40)
    with harbour.read() as connection:
        versions = bank_history(connection, "harbour")
        assert versions[-1] == get_bank(connection, "harbour")
        assert [versions[-1]] == list_banks(connection)
    assert [v.version for v in versions] == [1, 2, 3, 4]
    assert [v.settings.distance for v in versions] == [31, 20, 20, 20]
    assert [v.paused is not None for v in versions] == [False, False, True, False]
    assert [v.changed_by for v in versions] == ["Ada", "Bo", "Bo", "Ada"]
    assert {(v.created_at, v.created_by) for v in versions} == {(10, "Ada")}
    assert (versions[1].reason, versions[2].paused) == ("false matches", versions[2].paused)


def test_the_same_settings_again_are_no_new_version(harbour: Tables) -> None:
    with harbour.begin() as connection:
        assert change_bank(connection, "harbour", SETTINGS, "Bo").version == 1
        assert len(list(audit_entries(connection))) == 1


def test_a_name_is_taken_once(harbour: Tables) -> None:
    with pytest.raises(AlreadyExists), harbour.begin() as connection:
        create_bank(connection, "harbour", SETTINGS, "Ada")


def test_a_bank_that_is_not_there_is_said_to_be_missing(tables: Tables) -> None:
    for act in (
        lambda c: get_bank(c, "harbour"),
        lambda c: bank_history(c, "harbour"),
        lambda c: change_bank(c, "harbour", SETTINGS, "Ada"),
        lambda c: pause_bank(c, "harbour", "Ada", "why"),
        lambda c: list(listed_entries(c, "harbour")),
        lambda c: list_feedback(c, "harbour"),
        lambda c: begin_export(c, "harbour", "Ada", values=False, form="csv"),
    ):
        with pytest.raises(UsageError, match="no bank of that name"), tables.begin() as connection:
            act(connection)


def test_who_changes_a_bank_is_in_the_audit_chain(harbour: Tables) -> None:
    tighter = msgspec.structs.replace(SETTINGS, distance=20)
    with harbour.begin() as connection:
        change_bank(connection, "harbour", tighter, "Bo", reason="why not")
        pause_bank(connection, "harbour", "Cy", "a flood")
        with pytest.raises(UsageError, match="paused already"):
            pause_bank(connection, "harbour", "Cy", "a flood")
        resume_bank(connection, "harbour", "Cy", "done")
        with pytest.raises(UsageError, match="not paused"):
            resume_bank(connection, "harbour", "Cy", "done")
        entries = list(audit_entries(connection, subject="bank:harbour"))
    assert [(e.actor, e.verb) for e in entries] == [
        ("Ada", "bank.create"),
        ("Bo", "bank.change"),
        ("Cy", "bank.pause"),
        ("Cy", "bank.resume"),
    ]
    assert entries[1].details == {"distance": [31, 20], "reason": "why not", "version": 2}


# --- listings ----------------------------------------------------------------------------------


def test_a_value_matches_while_one_member_lists_it(harbour: Tables) -> None:
    with harbour.begin() as connection:
        assert put(connection, pdq(1, told("north", "a"))) == Added(1, 1, 0, 0)
        assert put(connection, pdq(1, told("south", "b"))) == Added(0, 1, 0, 0)
        assert numbers(connection) == [1]
        first = withdraw_entries(connection, "harbour", "Ada", "why", external_ids=["a"])
        assert (first, numbers(connection)) == ((1, 0), [1])
        second = withdraw_entries(connection, "harbour", "Ada", "why", external_ids=["b"])
        assert (second, numbers(connection)) == ((1, 1), [])
        [entry] = get_entries(connection, [1])
    assert [listing.provenance.member for listing in entry.listings] == ["north", "south"]
    assert [listing.withdrawn_by for listing in entry.listings] == ["Ada", "Ada"]
    assert not entry.stands


def test_the_same_import_again_adds_nothing(harbour: Tables) -> None:
    batch = ImportBatch(
        [pdq(n, told("north", str(n), classification="A1", at=5)) for n in range(9)]
    )
    acts = [import_entries(harbour, "harbour", [batch], "Ada", origin="list.csv") for _ in range(2)]
    assert [(act.added, act.listed, act.known) for act in acts] == [(9, 9, 0), (0, 0, 9)]
    with harbour.read() as connection:
        assert numbers(connection) == list(range(1, 10))
        assert last_change(connection) == 2  # the bank, and nine entries in one row


def test_what_was_withdrawn_stays_so_until_it_is_stated_anew(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north", "a", at=5)), pdq(2))
        withdraw_entries(connection, "harbour", "Ada", "a false match", entries=[1, 2])
        again = [pdq(1, told("north", "a", at=5)), pdq(2)]
        assert put(connection, *again) == Added(0, 0, 0, 2)
        assert numbers(connection) == []
        assert put(connection, pdq(1, told("north", "a", at=6))) == Added(1, 1, 0, 0)
        assert put(connection, pdq(2), relist=True) == Added(1, 1, 0, 0)
        # The numbers stay: cases and feedback speak of them.
        assert len(numbers(connection)) == 2


def test_another_classification_takes_the_place_of_the_old_one(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north", "a", classification="B1")))
        feed = last_change(connection)
        put(connection, pdq(1, told("north", "a", classification="A1")))
        assert last_change(connection) == feed  # it matched before, and does
        [entry] = get_entries(connection, [1])
        withdraw_entries(connection, "harbour", "Ada", "why", external_ids=["a"])
        assert numbers(connection) == []
    shown = [(x.provenance.classification, x.withdrawn_at is None) for x in entry.listings]
    assert shown == [("B1", False), ("A1", True)]


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ({"entries": [1]}, 4),
        ({"external_ids": ["x"]}, 3),
        ({"external_ids": ["x"], "member": "south"}, 4),
        ({"external_ids": ["x"], "exchange": "elsewhere"}, 5),
        ({"values": [("pdq", value(1)), ("md5", value(1)[:16])]}, 4),
        ({"values": [("sha256", value(1))]}, 5),
        ({"acts": [1]}, 3),
        ({"acts": [1, 2], "entries": [1]}, 0),
    ],
)
def test_withdrawals_are_by_number_by_name_by_value_or_by_import(
    harbour: Tables, which: dict[str, Any], left: int
) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north", "x")), pdq(2, told("north")))
        south = NewEntry("sha256", value(3), told("south", "x"))
        put(connection, south, pdq(4), NewEntry("md5", value(5, 16), told()))
        withdraw_entries(connection, "harbour", "Ada", "why", **which)
        counts = count_banks(connection)
        assert sum(c.standing for c in counts) == left
        assert sum(c.entries for c in counts) == 5
        listed = list(listed_entries(connection, "harbour"))
    assert len(listed) == left


def test_a_withdrawal_must_say_of_what(harbour: Tables) -> None:
    with pytest.raises(UsageError, match="nothing says"), harbour.begin() as connection:
        withdraw_entries(connection, "harbour", "Ada", "why")


def test_an_item_that_is_named_by_its_hash_keeps_no_copy_of_it(harbour: Tables) -> None:
    """StopNCII has no other name for an item."""
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north", value(1).hex().upper())))
        [entry] = get_entries(connection, [1])
    assert entry.listings[0].provenance.external_id is None


def test_banks_do_not_share_entries(harbour: Tables) -> None:
    with harbour.begin() as connection:
        create_bank(connection, "garden", SETTINGS, "Ada")
        put(connection, pdq(1))
        put(connection, pdq(1), name="garden")
        withdraw_entries(connection, "harbour", "Ada", "why", values=[("pdq", value(1))])
        assert look_up(connection, "pdq", [value(9), value(1)]) == [(1, 2, 2, False)]
        assert count_banks(connection) == [
            BankCount("harbour", "pdq", 1, 0, 0),
            BankCount("garden", "pdq", 1, 1, 0),
        ]


def test_values_come_out_as_columns_for_an_index(harbour: Tables) -> None:
    wanted = {value(n) for n in range(50)}
    with harbour.begin() as connection:
        put(connection, *(pdq(n) for n in range(50)), NewEntry("sha1", value(1, 20), told()))
        parts = list(entry_arrays(connection, "pdq", rows=7))
        [digests] = entry_arrays(connection, "sha1")
        [some] = entry_arrays(connection, "pdq", after=10, until=12)
    assert len(parts) == 8
    ids = np.concatenate([part.ids for part in parts])
    values = np.concatenate([part.values for part in parts])
    assert (ids.dtype, values.dtype) == (np.dtype(np.uint64), np.dtype(np.uint8))
    assert values.shape == (50, 32)
    assert (np.diff(ids.astype(np.int64)) > 0).all()
    assert {row.tobytes() for row in values} == wanted
    assert digests.values.shape == (1, 20)
    assert list(some.ids) == [11, 12]
    assert value(1).hex() not in repr(parts)


# --- pauses ------------------------------------------------------------------------------------


def test_a_paused_entry_goes_on_matching_and_says_why_it_is_paused(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1), pdq(2))
        assert pause_entries(connection, "harbour", [2, 2], "Bo", "a flood", at=50) == 1
        assert pause_entries(connection, "harbour", [2], "Bo", "a flood") == 0
        assert numbers(connection) == [1, 2]
        assert look_up(connection, "pdq", [get_entries(connection, [2])[0].value])[0].paused
        [(entry, why)] = paused_entries(connection, "harbour").items()
        assert (entry, why.at, why.by, why.why) == (2, 50, "Bo", "a flood")
        assert count_banks(connection, "harbour")[0].paused == 1
        assert resume_entries(connection, "harbour", [1, 2], "Ada", "fine") == 1
        assert paused_entries(connection) == {}
        verbs = [e.verb for e in audit_entries(connection)][-2:]
    assert verbs == ["bank.pause_entry", "bank.resume_entry"]


def test_an_entry_of_another_bank_is_not_paused(harbour: Tables) -> None:
    with harbour.begin() as connection:
        create_bank(connection, "garden", SETTINGS, "Ada")
        put(connection, pdq(1))
    with pytest.raises(UsageError, match="not in this bank"), harbour.begin() as connection:
        pause_entries(connection, "garden", [1], "Bo", "a flood")


# --- the feed ----------------------------------------------------------------------------------


def test_the_feed_tells_all_that_an_index_must_follow(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, *(pdq(n) for n in range(5)))
        withdraw_entries(connection, "harbour", "Ada", "why", entries=[1, 2, 4])
        pause_entries(connection, "harbour", [3], "Ada", "why")
        put(connection, *(pdq(n) for n in range(6)), relist=True)
        pause_bank(connection, "harbour", "Ada", "why")
        changes = bank_changes(connection, 0)
        assert bank_changes(connection, 3, limit=2) == changes[3:5]
        assert last_change(connection) == len(changes)
    assert [change.seq for change in changes] == list(range(1, len(changes) + 1))
    assert [(change.kind, change.first, change.last) for change in changes] == [
        ("bank", 1, 1),
        ("added", 1, 5),
        ("withdrawn", 1, 2),
        ("withdrawn", 4, 4),
        ("paused", 3, 3),
        ("added", 6, 6),
        ("added", 1, 2),
        ("added", 4, 4),
        ("bank", 1, 1),
    ]


@pytest.mark.parametrize(
    ("ids", "spans"),
    [([], []), ([3], [(3, 3)]), ([2, 1, 3, 7, 3], [(1, 3), (7, 7)]), ([9, 7], [(7, 7), (9, 9)])],
)
def test_neighbours_are_told_together(ids: list[int], spans: list[tuple[int, int]]) -> None:
    assert ranges(ids) == spans


# --- feedback ----------------------------------------------------------------------------------


def test_feedback_waits_until_the_exchange_has_taken_it(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north", "a")))
        mine = put_feedback(connection, "harbour", 1, "negative", "Ada", reasons="a boat", at=60)
        put_feedback(connection, "harbour", 1, "affirmative", "Ada", received_from="south")
        assert list_feedback(connection, "harbour", unsent=True) == [mine]
        note_feedback_sent(connection, mine.id, at=70)
        note_feedback_sent(connection, mine.id, at=80)
        assert list_feedback(connection, "harbour", unsent=True) == []
        given, received = list_feedback(connection, "harbour", entry=1)
        details = [e.details for e in audit_entries(connection)][-2]
    assert (given.sent_at, given.by, given.given) == (70, "Ada", True)
    assert (received.sent_at, received.by, received.given) == (None, "south", False)
    assert details == {"entry": 1, "listing": 1, "feedback": mine.id, "opinion": "negative"}


def test_feedback_on_one_of_many_listings_says_which(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north")), pdq(1, told("south")))
        with pytest.raises(UsageError, match="more than one listing"):
            put_feedback(connection, "harbour", 1, "negative", "Ada")
        with pytest.raises(UsageError, match="no listing"):
            put_feedback(connection, "harbour", 1, "negative", "Ada", listing=3)
        with pytest.raises(UsageError, match="no entry"):
            put_feedback(connection, "harbour", 2, "negative", "Ada")
        with pytest.raises(UsageError, match="opinion"):
            put_feedback(connection, "harbour", 1, "perhaps", "Ada", listing=2)  # type: ignore[arg-type]
        assert put_feedback(connection, "harbour", 1, "negative", "Ada", listing=2).listing == 2


# --- exports -----------------------------------------------------------------------------------


def test_values_leave_only_with_what_somebody_else_permitted(harbour: Tables) -> None:
    def export(at: int, by: str = "Bo", reason: str | None = "for the ferry") -> None:
        with harbour.begin() as connection:
            begin_export(connection, "harbour", by, values=True, form="csv", reason=reason, at=at)

    day = 86_400_000_000
    with pytest.raises(ApprovalRequired):
        export(100)
    with pytest.raises(UsageError, match="themselves"), harbour.begin() as connection:
        permit_values(connection, "harbour", "Bo", "Bo")
    with harbour.begin() as connection:
        permit_values(connection, "harbour", "Bo", "Ada", 2, at=100)
    export(100 + day)
    for at, by in ((100 + 2 * day, "Bo"), (100, "Cy")):
        with pytest.raises(ApprovalRequired):
            export(at, by)
    with pytest.raises(UsageError, match="what the values are for"):
        export(100, reason=None)
    with harbour.begin() as connection:
        assert revoke_permissions(connection, "harbour", "Bo", "Ada", at=101 + day) == 1
        assert list_permissions(connection, "harbour")[0].revoked_by == "Ada"
    with pytest.raises(ApprovalRequired):
        export(102 + day)
    with harbour.read() as connection:
        exports = [e for e in audit_entries(connection) if e.verb == "bank.export"]
    assert [(e.actor, e.details["values"], e.details["permission"]) for e in exports] == [
        ("Bo", True, 1)
    ]


def test_an_export_has_no_values_unless_they_are_asked_for(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1, told("north", "a", classification="A1", at=7)))
        [bare] = listed_entries(connection, "harbour")
        [whole] = listed_entries(connection, "harbour", values=True)
    assert (bare.value, whole.value) == (None, value(1))
    assert bare.provenance == told("north", "a", classification="A1", at=7)
    assert value(1).hex() not in repr(whole)


# --- secrets and copies ------------------------------------------------------------------------


def test_no_value_is_in_the_audit_chain(harbour: Tables) -> None:
    with harbour.begin() as connection:
        put(connection, pdq(1), pdq(2))
        withdraw_entries(connection, "harbour", "Ada", "why", values=[("pdq", value(1))])
        pause_entries(connection, "harbour", [2], "Ada", "why")
        chain = repr([tuple(entry) for entry in audit_entries(connection)])
    for number in (1, 2):
        assert value(number).hex() not in chain
        assert repr(value(number))[2:-1] not in chain


def test_an_import_is_in_the_audit_chain_when_it_begins_and_when_it_ends(harbour: Tables) -> None:
    batches = [ImportBatch([pdq(1), pdq(2)], refused=3), ImportBatch([pdq(2)])]
    act = import_entries(
        harbour, "harbour", batches, "Ada", origin="list.csv", digest=lambda: "d" * 64
    )
    with harbour.read() as connection:
        begin, end = list(audit_entries(connection))[1:]
        assert list_acts(connection, "harbour", unfinished=True) == []
    assert (begin.verb, end.verb) == ("bank.import_begin", "bank.import")
    assert begin.details == {"act": act.id, "origin": "list.csv", "version": 1}
    assert end.details == {
        "act": act.id,
        "origin": "list.csv",
        "sha256": "d" * 64,
        "added": 2,
        "listed": 2,
        "known": 1,
        "kept_out": 0,
        "refused": 3,
    }


def test_an_import_that_fails_half_way_shows_and_is_finished_by_the_same_import(
    harbour: Tables,
) -> None:
    batches = [ImportBatch([pdq(n) for n in range(k, k + 10)]) for k in range(0, 50, 10)]

    def cut() -> Any:
        yield from batches[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_entries(harbour, "harbour", cut(), "Ada", origin="list.csv")
    with harbour.read() as connection:
        [left] = list_acts(connection, "harbour", unfinished=True)
        assert (left.added, len(numbers(connection))) == (20, 20)
    done = import_entries(harbour, "harbour", batches, "Ada", origin="list.csv")
    assert (done.added, done.known) == (30, 20)
    with harbour.read() as connection:
        assert numbers(connection) == list(range(1, 51))


def fill(tables: Tables) -> None:
    """A row of every kind."""
    with tables.begin() as connection:
        create_bank(connection, "harbour", SETTINGS, "Ada")
        put(connection, pdq(1, told("north", "a")), pdq(2), NewEntry("md5", value(3, 16), told()))
        put_feedback(connection, "harbour", 1, "negative", "Ada")
        withdraw_entries(connection, "harbour", "Ada", "why", entries=[2])
        pause_entries(connection, "harbour", [1], "Ada", "why")
        permit_values(connection, "harbour", "Bo", "Ada")


def test_banks_are_in_a_copy_of_the_tables(
    tables: Tables, new_database: Callable[[], str], tmp_path: Path
) -> None:
    fill(tables)
    copy = list(dump(tables))
    body = msgspec.json.encode([(str(name), row) for name, row in copy])  # as a backup has them
    rows = msgspec.json.decode(body, type=list[tuple[str, dict[str, str | int | None]]])
    for target in (new_database(), f"sqlite:///{tmp_path / 'other.db'}"):
        with load(target, rows) as restored:
            assert list(dump(restored)) == copy
            with restored.begin() as connection:
                before = numbers(connection)
                put(connection, pdq(9))
                assert numbers(connection) == [*before, 4]
                assert create_bank(connection, "garden", SETTINGS, "Ada").id == 2


def test_a_copy_whose_octets_are_damaged_is_refused(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    fill(tables)
    rows = [
        (name, row | {"value": "not base64!"} if name == "bank_entry" else row)
        for name, row in dump(tables)
    ]
    with pytest.raises(Corrupt, match="octets"):
        load(new_database(), rows)


def test_an_act_says_whose_it_is(harbour: Tables) -> None:
    with harbour.begin() as connection:
        act = begin_act(
            connection, get_bank(connection, "harbour"), "add", "Ada", why="found", at=5
        )
        assert act == Act(1, 1, "add", 5, "Ada", "found")
        for name, by in (("", ""), ("list.csv", "")):
            with pytest.raises(UsageError):
                begin_act(connection, get_bank(connection, "harbour"), "add", by, origin=name)


def test_tables_of_the_first_revision_keep_their_rows(new_database: Callable[[], str]) -> None:
    from sqlalchemy import insert, select

    from leeward.store.tables import list_holds, verify_audit
    from leeward.store.tables._audit import head_of, record
    from leeward.store.tables._migrate import HEAD, revision_of, upgrade
    from leeward.store.tables._schema import hold
    from leeward.store.tables._tables import connect

    address = new_database()
    with connect(address) as old, old.begin() as connection:
        upgrade(connection, "0001")
        row = {"subject": "boat:1", "basis": "Report", "keeps": "content"}
        connection.execute(insert(hold).values(**row, placed_at=1, placed_by="Ada"))
        record(connection, "Ada", "hold.place", "boat:1")
        head = head_of(connection)
    with open_tables(address) as tables, tables.begin() as connection:
        assert revision_of(connection) == HEAD
        assert [found.subject for found in list_holds(connection)] == ["boat:1"]
        assert verify_audit(connection, head).sound
        assert connection.execute(select(hold.c.id)).scalar_one() == 1
        create_bank(connection, "harbour", SETTINGS, "Ada")
        put(connection, pdq(1))
        assert numbers(connection) == [1]
