"""Transactions: what stands together, who waits, and what a failing database is called."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select, text

from leeward.errors import DependencyDown, OutOfSpace, StoreError
from leeward.store.tables import (
    Tables,
    create_key,
    head_of,
    list_holds,
    list_keys,
    open_tables,
    place_hold,
    record,
    verify_audit,
)


def test_several_acts_stand_or_fall_together(tables: Tables) -> None:
    def interrupted() -> None:
        with tables.begin() as connection:
            create_key(connection, "gateway", ["match"], "Ada")
            place_hold(connection, "boat:1", "Report", "Ada")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with tables.read() as connection:
        assert list_keys(connection) == []
        assert list_holds(connection) == []
        assert head_of(connection).seq == 0


def test_a_reader_sees_one_moment(tables: Tables) -> None:
    with tables.read() as reading:
        assert list_holds(reading) == []
        with tables.begin() as connection:
            place_hold(connection, "boat:1", "Report", "Ada")
        assert list_holds(reading) == []
    with tables.read() as reading:
        assert len(list_holds(reading)) == 1


def test_threads_share_the_tables(tables: Tables) -> None:
    def append(number: int) -> int:
        with tables.begin() as connection:
            return record(connection, "Ada", "boat.moor", f"boat:{number}").seq

    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(append, range(60)))
    assert sorted(places) == list(range(1, 61))
    with tables.read() as connection:
        assert verify_audit(connection).sound


def test_a_writer_that_never_ends_is_named_to_the_next(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leeward.store.tables._tables.BUSY_SECONDS", 0.2)
    with open_tables(tables.url) as other, tables.begin() as connection:
        record(connection, "Ada", "boat.moor", "boat:1")
        with pytest.raises(StoreError, match="kept the tables locked"), other.begin() as waiting:
            record(waiting, "Grace", "boat.moor", "boat:2")


def test_an_error_of_the_database_shows_no_row(tables: Tables) -> None:
    statement = text("INSERT INTO audit_head (id, seq, digest) VALUES (1, 0, 's3cret')")
    with pytest.raises(StoreError) as caught, tables.begin() as connection:
        connection.execute(statement)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
def test_a_full_disk_undoes_the_transaction_alone(tables: Tables) -> None:
    """SQLite's own bound on the size of its file stands in for the end of the disk."""

    def fill(most_pages: int) -> None:
        with tables.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {most_pages}")
            for number in range(200):
                place_hold(connection, f"boat:{number}", "Report " * 500, "Ada")

    with tables.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    with pytest.raises(OutOfSpace, match="the disk is full"):
        fill(pages + 20)
    with tables.read() as connection:
        assert list_holds(connection) == []
    fill(1_000_000)
    with tables.read() as connection:
        assert len(list_holds(connection)) == 200
        assert verify_audit(connection).sound


@pytest.mark.postgresql
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_server_that_ends_a_session_is_used_again_when_it_is_back(
    server: Engine, tables: Tables
) -> None:
    def interrupted() -> None:
        with tables.begin() as connection:
            session = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with server.connect() as other:
                other.execute(select(func.pg_terminate_backend(session)))
            place_hold(connection, "boat:1", "Report", "Ada")

    with pytest.raises(DependencyDown, match="does not answer"):
        interrupted()
    with tables.begin() as connection:
        place_hold(connection, "boat:1", "Report", "Ada")
        assert len(list_holds(connection)) == 1
