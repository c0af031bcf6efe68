"""The audit chain: every act in it, and no change of it unseen."""

from __future__ import annotations

import hashlib
import json
import math
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from leeward.errors import InputError, StoreError, UsageError
from leeward.store.tables import (
    GENESIS,
    AuditHead,
    Tables,
    audit_entries,
    create_key,
    head_of,
    open_tables,
    read_anchor,
    record,
    verify_audit,
    write_anchor,
)
from leeward.store.tables._schema import audit, audit_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

ENTRIES = 6


def fill(connection: Connection, entries: int = ENTRIES) -> AuditHead:
    for number in range(1, entries + 1):
        details = {"berth": number}
        head = record(connection, "Ada", "boat.moor", f"boat:{number}", details, at=number)
    return head


def digest_by_hand(row: Any) -> str:
    """The digest as the module's docstring states it, with the standard library only."""
    fields = ["leeward.audit.1", *list(row)[:7]]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def rows_of(connection: Connection) -> list[Any]:
    return list(connection.execute(select(audit).order_by(audit.c.seq)))


def test_the_chain_is_what_its_description_says(tables: Tables) -> None:
    with tables.begin() as connection:
        record(connection, "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", "boat.moor", 'a"\\/b', at=1)
        record(connection, "Ada", "boat.moor", "\N{ANCHOR}", {"b": "\n\x00\x7f", "a": [1.5, None]})
        rows = rows_of(connection)
    assert [row.seq for row in rows] == [1, 2]
    assert [row.digest for row in rows] == [digest_by_hand(row) for row in rows]
    assert [row.prev_digest for row in rows] == [GENESIS, rows[0].digest]
    assert json.loads(rows[1].details) == {"a": [1.5, None], "b": "\n\x00\x7f"}


def test_a_sound_chain_has_no_faults(tables: Tables) -> None:
    with tables.read() as connection:
        assert verify_audit(connection) == (0, (0, GENESIS), ())
    with tables.begin() as connection:
        head = fill(connection)
    with tables.read() as connection:
        report = verify_audit(connection, AuditHead(0, GENESIS))
        assert report.sound
        assert report == (ENTRIES, head, ())
        assert head_of(connection) == head
        assert [entry.details["berth"] for entry in audit_entries(connection, after=4)] == [5, 6]


def test_an_act_that_is_undone_leaves_no_entry(tables: Tables) -> None:
    def interrupted() -> None:
        with tables.begin() as connection:
            create_key(connection, "gateway", ["match"], "Ada")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with tables.begin() as connection:
        assert record(connection, "Ada", "boat.moor", "boat:1").seq == 1


def test_an_entry_cannot_be_changed_by_a_reader(tables: Tables) -> None:
    with pytest.raises(StoreError), tables.read() as connection:
        record(connection, "Ada", "boat.moor", "boat:1")
    with tables.begin() as connection, pytest.raises(DBAPIError):
        connection.execute(insert(audit).values(seq=1))


# --- tampering ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", 9_999),
        ("actor", "Grace"),
        ("verb", "boat.sink"),
        ("subject", "boat:other"),
        ("details", '{"berth": 3}'),
        ("prev_digest", "1" * 64),
        ("digest", "2" * 64),
        ("seq", 77),
    ],
)
def test_a_changed_entry_is_found(tables: Tables, column: str, value: object) -> None:
    with tables.begin() as connection:
        fill(connection)
        connection.execute(update(audit).where(audit.c.seq == 3).values({column: value}))
    with tables.read() as connection:
        report = verify_audit(connection)
    assert not report.sound
    assert report.faults[0].seq in {3, 4}


def test_an_entry_whose_digest_was_made_anew_is_found_at_the_next(tables: Tables) -> None:
    with tables.begin() as connection:
        fill(connection)
        connection.execute(update(audit).where(audit.c.seq == 3).values(actor="Grace"))
        forged = digest_by_hand(rows_of(connection)[2])
        connection.execute(update(audit).where(audit.c.seq == 3).values(digest=forged))
    with tables.read() as connection:
        assert verify_audit(connection).faults == ((4, "does not follow from 3"),)


def test_a_missing_entry_is_found(tables: Tables) -> None:
    with tables.begin() as connection:
        fill(connection)
        connection.execute(delete(audit).where(audit.c.seq == 3))
    with tables.read() as connection:
        assert verify_audit(connection).faults == ((4, "does not come next after 2"),)


def test_two_entries_that_changed_places_are_found(tables: Tables) -> None:
    with tables.begin() as connection:
        fill(connection)
        for old, new in ((3, -1), (4, 3), (-1, 4)):
            connection.execute(update(audit).where(audit.c.seq == old).values(seq=new))
    with tables.read() as connection:
        faults = verify_audit(connection).faults
    assert {fault.seq for fault in faults} == {3, 4, 5}


def test_an_end_that_was_cut_off_is_found_by_the_head(tables: Tables) -> None:
    with tables.begin() as connection:
        fill(connection)
        connection.execute(delete(audit).where(audit.c.seq > 4))
    with tables.read() as connection:
        reason = "is the last entry, but not the recorded head"
        assert verify_audit(connection).faults == ((4, reason),)


def cut_off_with_head(connection: Connection, last: int) -> None:
    connection.execute(delete(audit).where(audit.c.seq > last))
    rows = rows_of(connection)
    head = {"seq": last, "digest": rows[-1].digest if rows else GENESIS}
    connection.execute(update(audit_head).values(head))


@pytest.mark.parametrize("last", [0, 4])
def test_an_end_that_was_cut_off_with_its_head_is_found_by_an_anchor(
    tables: Tables, tmp_path: Path, last: int
) -> None:
    anchor = tmp_path / "anchor"
    with tables.begin() as connection:
        write_anchor(anchor, fill(connection))
        cut_off_with_head(connection, last)
    with tables.read() as connection:
        assert verify_audit(connection).sound
        report = verify_audit(connection, read_anchor(anchor))
    assert report.faults == ((ENTRIES, "is not the entry that the anchor names"),)


def test_a_chain_that_was_written_anew_is_found_by_an_anchor(tables: Tables) -> None:
    with tables.begin() as connection:
        head = fill(connection)
        cut_off_with_head(connection, 0)
        for number in range(ENTRIES):
            record(connection, "Grace", "boat.moor", f"boat:{number}", at=number)
    with tables.read() as connection:
        assert verify_audit(connection).sound
        assert not verify_audit(connection, head).sound


def test_an_older_anchor_still_fits_a_chain_that_has_grown(tables: Tables) -> None:
    with tables.begin() as connection:
        old = fill(connection)
        fill(connection)
    with tables.read() as connection:
        assert verify_audit(connection, old).sound


def test_a_chain_in_ruins_is_reported_within_bounds(tables: Tables) -> None:
    with tables.begin() as connection:
        fill(connection, 300)
        connection.execute(update(audit).values(actor="Grace"))
    with tables.read() as connection:
        report = verify_audit(connection)
    assert report.entries == 300
    assert 100 <= len(report.faults) <= 103


@pytest.fixture(scope="module")
def one_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("audit")
    with open_tables(f"sqlite:///{folder / 'leeward.db'}") as opened:
        with opened.begin() as connection:
            fill(connection)
        yield opened


NAMES = [column.name for column in audit.columns]
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=70),
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.binary(max_size=70),
    st.floats(allow_nan=False),
)


@given(st.integers(1, ENTRIES), st.sampled_from(NAMES), VALUES)
def test_any_change_of_one_value_is_found(
    one_chain: Tables, seq: int, name: str, value: object
) -> None:
    """SQLite takes a value of any type in any column, which is the harder case."""
    with one_chain.begin() as connection, connection.begin_nested() as undo:
        before = rows_of(connection)
        try:
            change = f"UPDATE audit SET {name} = ? WHERE seq = ?"
            connection.exec_driver_sql(change, (value, seq))
        except IntegrityError:  # the place of another entry, or no place at all
            assume(False)
        changed = list(map(tuple, before)) != list(map(tuple, rows_of(connection)))
        assert verify_audit(connection).sound is not changed
        undo.rollback()


class ChainUnderAttack(RuleBasedStateMachine):
    """Entries are appended, and at times someone tampers: the check must tell which is which.

    The model is a list of the rows as they were written. The attacker can do anything to the
    entries, and leaves the head and the anchor alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.tables = open_tables(f"sqlite:///{self.folder.name}/leeward.db")
        self.written: list[tuple[Any, ...]] = []

    @rule(actor=st.sampled_from(["Ada", "Grace"]), berth=st.integers(0, 9))
    def append(self, actor: str, berth: int) -> None:
        with self.tables.begin() as connection:
            fresh = record(connection, actor, "boat.moor", "boat:1", {"berth": berth})
            row = connection.execute(select(audit).where(audit.c.seq == fresh.seq)).one()
        self.written.append(tuple(row))

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def take_out(self, data: st.DataObject) -> None:
        seq = data.draw(st.integers(1, len(self.written)))
        self.tamper(delete(audit).where(audit.c.seq == seq))

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def forge_with_a_right_digest(self, data: st.DataObject) -> None:
        seq = data.draw(st.integers(1, len(self.written)))
        values = dict(zip(NAMES, self.written[seq - 1], strict=True)) | {"actor": "Mallory"}
        values["digest"] = digest_by_hand(list(values.values()))
        self.tamper(update(audit).where(audit.c.seq == seq).values(values))

    @precondition(lambda self: len(self.written) > 1)
    @rule(data=st.data())
    def exchange_two(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(1, len(self.written) - 1))
        moves = ((first, -1), (first + 1, first), (-1, first + 1))
        self.tamper(*(update(audit).where(audit.c.seq == a).values(seq=b) for a, b in moves))

    @rule()
    def put_one_at_the_end(self) -> None:
        last = self.written[-1][-1] if self.written else GENESIS
        row = [len(self.written) + 1, 1, "Mallory", "boat.moor", "boat:1", "{}", last]
        values = dict(zip(NAMES, [*row, digest_by_hand(row)], strict=True))
        self.tamper(insert(audit).values(values))

    def tamper(self, *statements: Any) -> None:
        with self.tables.begin() as connection, connection.begin_nested() as undo:
            for statement in statements:
                connection.execute(statement)
            assert not verify_audit(connection).sound
            undo.rollback()

    @invariant()
    def what_was_written_stands(self) -> None:
        with self.tables.read() as connection:
            report = verify_audit(connection)
            assert report.sound
            assert list(map(tuple, rows_of(connection))) == self.written

    def teardown(self) -> None:
        self.tables.close()
        self.folder.cleanup()


TestChainUnderAttack = ChainUnderAttack.TestCase
TestChainUnderAttack.settings = settings(
    max_examples=max(5, settings().max_examples // 10), stateful_step_count=20
)


# --- what may be recorded ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "verb", "subject", "details"),
    [
        ("", "boat.moor", "boat:1", {}),
        ("Ada\nGrace", "boat.moor", "boat:1", {}),
        ("Ada", "Boat", "boat:1", {}),
        ("Ada", "boat.moor.twice", "boat:1", {}),
        ("Ada", "boat.moor", "", {}),
        ("Ada", "boat.moor", "boat:1", {"length": object()}),
        ("Ada", "boat.moor", "boat:1", {"name": "\ud800"}),
        ("Ada", "boat.moor", "boat:1", {"name": "a" * 70_000}),
        ("Ada", "boat.moor", "boat:1", {"length": math.nan}),
        ("Ada", "boat.moor", "boat:1", {"length": [{"in": math.inf}]}),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    tables: Tables, actor: str, verb: str, subject: str, details: dict[str, Any]
) -> None:
    with pytest.raises(UsageError), tables.begin() as connection:
        record(connection, actor, verb, subject, details)
    with tables.read() as connection:
        assert verify_audit(connection).entries == 0


# --- the anchor --------------------------------------------------------------------------------


def test_an_anchor_gives_back_the_head_that_was_put_in(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    for head in (AuditHead(0, GENESIS), AuditHead(12, "ab" * 32)):
        write_anchor(anchor, head)
        assert read_anchor(anchor) == head
    assert [path.name for path in tmp_path.iterdir()] == ["anchor"]


@pytest.mark.parametrize("held", [b"", b"12", b"12 abc\n", b"x " + b"a" * 64, b"\xff" * 70])
def test_a_file_that_is_no_anchor_is_refused(tmp_path: Path, held: bytes) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_bytes(held)
    with pytest.raises(InputError, match="not an anchor"):
        read_anchor(anchor)


def test_an_anchor_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="anchor is not there"):
        read_anchor(tmp_path / "anchor")
    with pytest.raises(StoreError, match="Is a directory"):
        read_anchor(tmp_path)
    with pytest.raises(StoreError, match="No such file"):
        write_anchor(tmp_path / "missing" / "anchor", AuditHead(0, GENESIS))
