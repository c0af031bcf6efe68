"""Entries that come, go and come again: the tables against a model that is a list and a loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from leeward.model import BankSettings, NewEntry, Provenance
from leeward.store.tables import (
    Tables,
    add_entries,
    bank_changes,
    begin_act,
    count_banks,
    create_bank,
    entry_arrays,
    finish_act,
    get_bank,
    get_entries,
    last_change,
    open_tables,
    withdraw_entries,
)
from leeward.store.tables._schema import bank_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    Value = tuple[str, bytes]

VALUES: list[Value] = [("pdq", bytes([n]) * 32) for n in range(4)]
VALUES += [("sha256", bytes([0]) * 32), ("md5", bytes([0]) * 16)]
NAMES = [None, "a", "b"]
MEMBERS = ["north", "south"]


@dataclass
class Told:
    """A listing in the model."""

    member: str
    name: str | None
    classification: str | None
    at: int | None
    act: int
    stands: bool = True


@dataclass
class Model:
    """What a bank holds, told as plainly as can be."""

    entries: dict[Value, list[Told]] = field(default_factory=dict)

    def add(self, act: int, given: list[NewEntry], *, relist: bool) -> None:
        last: dict[tuple[Value, str, str | None], NewEntry] = {}
        for entry in given:  # of two statements of one batch the last one counts
            key = (entry.algorithm, entry.value), entry.provenance.member
            last[*key, entry.provenance.external_id] = entry
        for (value, member, name), entry in last.items():
            told = Told(member, name, entry.provenance.classification, entry.provenance.at, act)
            before = self.entries.setdefault(value, [])
            same = [x for x in before if (x.member, x.name) == (member, name)]
            newest = same[-1] if same else None
            if newest is None:
                before.append(told)
            elif newest.stands:
                if newest.classification != told.classification:
                    newest.stands = False
                    before.append(told)
            elif relist or (told.at is not None and (newest.at is None or told.at > newest.at)):
                before.append(told)

    def withdraw(self, of: Callable[[Value, Told], bool]) -> None:
        for value, listings in self.entries.items():
            for told in listings:
                if told.stands and of(value, told):
                    told.stands = False

    def standing(self) -> set[Value]:
        return {v for v, listings in self.entries.items() if any(x.stands for x in listings)}


@st.composite
def new_entry(draw: st.DrawFn) -> NewEntry:
    algorithm, value = draw(st.sampled_from(VALUES))
    provenance = Provenance(
        exchange="pilots",
        member=draw(st.sampled_from(MEMBERS)),
        external_id=draw(st.sampled_from(NAMES)),
        classification=draw(st.sampled_from([None, "A1", "B2"])),
        at=draw(st.sampled_from([None, 1, 2, 3])),
    )
    return NewEntry(algorithm, value, provenance)


ADD = st.tuples(st.just("add"), st.lists(new_entry(), max_size=8), st.booleans())
WITHDRAW = st.tuples(
    st.just("withdraw"),
    st.one_of(
        st.tuples(st.just("values"), st.sampled_from(VALUES)),
        st.tuples(st.just("external_ids"), st.sampled_from(["a", "b"])),
        st.tuples(st.just("acts"), st.integers(0, 3)),
        st.tuples(st.just("entries"), st.sampled_from(VALUES)),
    ),
    st.sampled_from([None, *MEMBERS]),
)


class Follower:
    """An index in another process: it has seen the feed up to a place, and holds a set of ids."""

    def __init__(self, connection: Connection) -> None:
        self.seen = last_change(connection)
        self.ids: set[int] = set()

    def follow(self, connection: Connection) -> None:
        while changes := bank_changes(connection, self.seen, limit=2):
            for change in changes:
                assert change.seq == self.seen + 1
                self.seen = change.seq
                span = set(range(change.first, change.last + 1))
                if change.kind == "added":
                    self.ids |= {
                        int(number)
                        for algorithm in ("pdq", "sha256", "md5")
                        for part in entry_arrays(
                            connection, algorithm, after=change.first - 1, until=change.last
                        )
                        for number in part.ids
                    }
                elif change.kind == "withdrawn":
                    self.ids -= span


class Machine:
    """The tables and the model side by side."""

    def __init__(self, tables: Tables, name: str) -> None:
        self.tables = tables
        self.name = name
        self.model = Model()
        self.acts: list[int] = []
        with tables.begin() as connection:
            bank = BankSettings(meaning="exploitative", source="made up")
            self.bank = create_bank(connection, name, bank, "Ada")
            self.follower = Follower(connection)

    def add(self, given: list[NewEntry], relist: bool) -> None:
        with self.tables.begin() as connection:
            act = begin_act(connection, get_bank(connection, self.name), "add", "Ada")
            added = add_entries(connection, act, given, relist=relist)
            done = finish_act(connection, act)
        assert (done.added, done.listed, done.known, done.kept_out) == added
        assert added.listed + added.known + added.kept_out == len(given)
        self.acts.append(act.id)
        self.model.add(act.id, given, relist=relist)

    def withdraw(self, which: tuple[str, Any], member: str | None) -> None:
        kind, what = which
        of: Callable[[Value, Told], bool]
        if kind == "acts":
            if what >= len(self.acts):
                return
            what = self.acts[what]
            of = lambda _, told: told.act == what  # noqa: E731 - one of three of a kind
        elif kind == "external_ids":
            of = lambda _, told: told.name == what  # noqa: E731
        else:
            of = lambda value, _: value == which[1]  # noqa: E731
        if kind == "entries":
            with self.tables.read() as connection:
                ids = {v: number for number, v in self._values(connection).items()}
            if what not in ids:
                return
            what = ids[what]
        chosen: dict[str, Any] = {kind: [what]}
        before = len(self.model.standing())
        self.model.withdraw(lambda value, told: of(value, told) and member in {None, told.member})
        with self.tables.begin() as connection:
            done = withdraw_entries(connection, self.name, "Ada", "why", member=member, **chosen)
        assert done.entries == before - len(self.model.standing())

    def check(self) -> None:
        with self.tables.read() as connection:
            self.follower.follow(connection)
            values = self._values(connection)
            counts = count_banks(connection, self.name)
            entries = get_entries(connection, list(values))
            columns = bank_entry.c["id", "listed"]
            listed = {row.id: row.listed for row in connection.execute(select(*columns))}
        assert set(values.values()) == self.model.standing()
        # Other banks share the feed and the numbers, but not this bank's ids.
        assert self.follower.ids == set(values)
        assert {c.algorithm: (c.entries, c.standing) for c in counts} == {
            algorithm: (
                sum(v[0] == algorithm for v in self.model.entries),
                sum(v[0] == algorithm for v in self.model.standing()),
            )
            for algorithm in {v[0] for v in self.model.entries}
        }
        for entry in entries:
            told = self.model.entries[entry.algorithm, entry.value]
            assert listed[entry.id] == sum(x.stands for x in told)
            mine = [
                (x.provenance.member, x.provenance.external_id, x.provenance.classification,
                 x.provenance.at, x.withdrawn_at is None)
                for x in entry.listings
            ]  # fmt: skip
            theirs = [(x.member, x.name, x.classification, x.at, x.stands) for x in told]
            assert mine == theirs

    def _values(self, connection: Connection) -> dict[int, Value]:
        return {
            int(number): (algorithm, value.tobytes())
            for algorithm in ("pdq", "sha256", "md5")
            for part in entry_arrays(connection, algorithm)
            for number, bank, value in zip(*part, strict=True)
            if bank == self.bank.id
        }


@pytest.fixture
def machines(new_database: Callable[[], str]) -> Iterator[Callable[[], Machine]]:
    """Makes banks, all in one database: making a database takes longer than a test."""
    with open_tables(new_database()) as tables:
        numbers = count(1)
        yield lambda: Machine(tables, f"bank-{next(numbers)}")


@settings(max_examples=60)
@given(st.lists(st.one_of(ADD, ADD, WITHDRAW), max_size=8))
def test_the_tables_hold_what_the_plain_model_holds(
    machines: Callable[[], Machine], steps: list[tuple[Any, ...]]
) -> None:
    machine = machines()
    for kind, *arguments in steps:
        getattr(machine, kind)(*arguments)
        machine.check()
