"""Copying out and in again, from each database into each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leeward.errors import AlreadyExists, Corrupt, NewerFormat
from leeward.store.tables import (
    CopiedRow,
    Tables,
    ask_erasure,
    create_key,
    dump,
    finish_erasure,
    list_holds,
    load,
    open_tables,
    place_hold,
    record,
    release_hold,
    verify_audit,
    verify_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def fill(tables: Tables) -> str:
    """A row of every kind, with every column set at least once; returns a key."""
    with tables.begin() as connection:
        _, secret = create_key(connection, "gateway", ["match"], "Ada")
        first = place_hold(connection, "boat:1", "Report\nof a year", "Ada", expires_at=2**52)
        place_hold(connection, "boat:\N{ANCHOR}", "Report", "Ada")
        release_hold(connection, first.id, "Grace", "Withdrawn")
        asked = ask_erasure(connection, "boat:2", "Ada")
        finish_erasure(connection, asked.id, "Ada", events=1, kept_for_hold=0, proof={"left": 0})
        ask_erasure(connection, "boat:3", "Ada")
    return secret


def test_a_copy_comes_in_as_it_went_out(tables: Tables, new_database: Callable[[], str]) -> None:
    secret = fill(tables)
    copy = list(dump(tables))
    with load(new_database(), copy) as restored:
        assert list(dump(restored)) == copy
        with restored.read() as connection:
            assert verify_audit(connection).sound
            assert verify_key(connection, secret) is not None


def test_a_copy_goes_from_either_database_into_sqlite(tables: Tables, tmp_path: Path) -> None:
    fill(tables)
    copy = list(dump(tables))
    with load(f"sqlite:///{tmp_path / 'other.db'}", copy) as restored:
        assert list(dump(restored)) == copy


@pytest.mark.postgresql
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_copy_goes_from_sqlite_into_postgresql(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    with open_tables(f"sqlite:///{tmp_path / 'other.db'}") as other:
        fill(other)
        copy = list(dump(other))
    with load(new_database(), copy) as restored:
        assert list(dump(restored)) == copy


def test_numbering_goes_on_after_the_rows_that_came_in(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    fill(tables)
    with load(new_database(), dump(tables)) as restored, restored.begin() as connection:
        before = [hold.id for hold in list_holds(connection, released=True)]
        after = place_hold(connection, "boat:9", "Report", "Ada").id
        create_key(connection, "second", ["match"], "Ada")
        ask_erasure(connection, "boat:9", "Ada")
    assert before == [1, 2]
    assert after == 3


def test_an_empty_copy_leaves_a_database_that_works(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    with load(new_database(), dump(tables)) as restored, restored.begin() as connection:
        assert place_hold(connection, "boat:1", "Report", "Ada").id == 1
        assert record(connection, "Ada", "boat.moor", "boat:1").seq == 2


def test_a_copy_may_come_into_tables_that_were_opened_but_are_empty(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    fill(tables)
    copy = list(dump(tables))
    target = new_database()
    open_tables(target).close()
    with load(target, copy) as restored:
        assert list(dump(restored)) == copy


def test_a_database_that_holds_something_is_left_as_it_is(
    tables: Tables, new_database: Callable[[], str]
) -> None:
    fill(tables)
    copy = list(dump(tables))
    with open_tables(new_database()) as filled:
        with filled.begin() as connection:
            place_hold(connection, "boat:1", "Report", "Ada")
        before = list(dump(filled))
        with pytest.raises(AlreadyExists, match="already holds"):
            load(filled.url, copy)
        assert list(dump(filled)) == before


def change(copy: list[CopiedRow], place: int, **values: Any) -> list[CopiedRow]:
    old = copy[place]
    return [*copy[:place], CopiedRow(old.table, old.row | values), *copy[place + 1 :]]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda copy: [], Corrupt),
        (lambda copy: copy[1:], Corrupt),
        (lambda copy: copy[:-1], Corrupt),
        (lambda copy: copy[:3], Corrupt),
        (lambda copy: [*copy[:3], copy[-1]], Corrupt),
        (lambda copy: [*copy[:3], CopiedRow("boats", {"id": 1}), *copy[3:]], Corrupt),
        (lambda copy: change(copy, 1, colour="red"), Corrupt),
        (lambda copy: change(copy, 0, version_num="9999"), NewerFormat),
    ],
)
def test_a_copy_that_is_not_whole_leaves_the_database_empty(
    tables: Tables,
    new_database: Callable[[], str],
    spoil: Callable[[list[CopiedRow]], list[CopiedRow]],
    error: type[Exception],
) -> None:
    fill(tables)
    copy = list(dump(tables))
    target = new_database()
    with pytest.raises(error):
        load(target, spoil(copy))
    with load(target, copy) as restored:
        assert list(dump(restored)) == copy


def test_a_copy_shows_one_moment_while_others_write(tables: Tables) -> None:
    fill(tables)
    before = list(dump(tables))
    running = dump(tables)
    seen = [next(running)]
    with tables.begin() as connection:
        place_hold(connection, "boat:late", "Report", "Ada")
    seen.extend(running)
    assert seen == before
