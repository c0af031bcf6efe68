"""The book of erasures: asked for, done, and found again after an interruption."""

from __future__ import annotations

import pytest

from leeward.errors import UsageError
from leeward.store.tables import (
    Tables,
    ask_again,
    ask_erasure,
    audit_entries,
    finish_erasure,
    list_erasures,
    pause_erasure,
)

BOAT = "https://harbour.example/@boat"


def test_an_erasure_is_asked_for_and_finished(tables: Tables) -> None:
    with tables.begin() as connection:
        asked = ask_erasure(connection, BOAT, "Ada", at=10)
        assert list_erasures(connection, done=False) == [asked]
        proof = {"scanned": 120, "left": 0}
        done = finish_erasure(
            connection, asked.id, "Grace", events=7, kept_for_hold=2, proof=proof, at=20
        )
        assert list_erasures(connection, done=False) == []
        assert list_erasures(connection, done=True) == list_erasures(connection) == [done]
    assert done == (asked.id, BOAT, 10, "Ada", 20, 7, 2, proof)


def test_a_later_backup_asks_for_the_erasures_that_it_does_not_know(tables: Tables) -> None:
    with tables.begin() as connection:
        first, second = (ask_erasure(connection, f"boat:{n}", "Ada") for n in range(2))
        assert list_erasures(connection, after=first.id) == [second]


def test_an_erasure_is_finished_once(tables: Tables) -> None:
    with tables.begin() as connection:
        asked = ask_erasure(connection, BOAT, "Ada")
        finish_erasure(connection, asked.id, "Ada", events=0, kept_for_hold=0, proof={})
        with pytest.raises(UsageError, match="no unfinished erasure"):
            finish_erasure(connection, asked.id, "Ada", events=0, kept_for_hold=0, proof={})


@pytest.mark.parametrize(("events", "kept"), [(-1, 0), (1, -1), (1, 2)])
def test_counts_that_do_not_fit_are_refused(tables: Tables, events: int, kept: int) -> None:
    with tables.begin() as connection:
        asked = ask_erasure(connection, BOAT, "Ada")
        with pytest.raises(UsageError, match="do not fit together"):
            finish_erasure(connection, asked.id, "Ada", events=events, kept_for_hold=kept, proof={})


def test_both_steps_are_in_the_audit_chain(tables: Tables) -> None:
    with tables.begin() as connection:
        asked = ask_erasure(connection, BOAT, "Ada", at=10)
        finish_erasure(connection, asked.id, "Grace", events=7, kept_for_hold=2, proof={}, at=20)
        found = [entry[1:6] for entry in audit_entries(connection)]
    finish = {"erasure": asked.id, "events": 7, "kept_for_hold": 2}
    assert found == [
        (10, "Ada", "erasure.ask", BOAT, {"erasure": asked.id}),
        (20, "Grace", "erasure.finish", BOAT, finish),
    ]


def test_an_erasure_does_not_show_whom_it_concerns(tables: Tables) -> None:
    with tables.begin() as connection:
        asked = ask_erasure(connection, BOAT, "Ada")
    assert repr(asked) == f"<Erasure {asked.id} asked>"


def test_the_counts_of_runs_that_a_hold_stopped_are_added(tables: Tables) -> None:
    with tables.begin() as connection:
        asked = ask_erasure(connection, BOAT, "Ada")
        paused = pause_erasure(connection, asked.id, "Ada", events=7, kept_for_hold=2, withheld=3)
        assert (paused.done_at, paused.proof) == (None, {"withheld": 3})
        assert ask_again(connection, asked.id, "Grace").proof is None
        done = finish_erasure(connection, asked.id, "Grace", events=3, kept_for_hold=0, proof={})
        verbs = [entry.verb for entry in audit_entries(connection)]
    assert (done.events, done.kept_for_hold) == (10, 2)
    assert verbs == ["erasure.ask", "erasure.pause", "erasure.ask", "erasure.finish"]
