"""Labels: put by a named person, kept for ever, noted in the audit chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.errors import UsageError
from leeward.model import Label
from leeward.store.tables import audit_entries, labels_since, list_labels, put_label

if TYPE_CHECKING:
    from leeward.store.tables import Tables


def test_a_label_is_what_signals_get_and_the_audit_chain_has_it(tables: Tables) -> None:
    with tables.begin() as connection:
        first = put_label(connection, "account", "at://ada", "innocent", "Bo", "seen", since=7)
        put_label(
            connection,
            "tag",
            "#OldHarbour",
            "offender",
            "Bo",
            "again",
            since=9,
            weight=0.25,
            case="c1",
        )
    with tables.read() as connection:
        rows = list_labels(connection)
        later = labels_since(connection, first.id)
        entries = list(audit_entries(connection))
    assert rows[0].label == Label(kind="account", subject="at://ada", label="innocent", since=7)
    assert later == rows[1:]
    assert later[0].label.subject == "oldharbour"
    assert (later[0].label.weight, later[0].label.case) == (0.25, "c1")
    assert [entry.verb for entry in entries] == ["label.put", "label.put"]
    assert [entry.actor for entry in entries] == ["Bo", "Bo"]
    assert "ada" not in repr(rows)


def test_the_last_labels_of_a_subject_are_listed_oldest_first(tables: Tables) -> None:
    with tables.begin() as connection:
        for since in range(5):
            who = "at://ada" if since % 2 == 0 else "at://bo"
            put_label(connection, "account", who, "offender", "Bo", "seen", since=since)
    with tables.read() as connection:
        found = list_labels(connection, subject="at://ada", most=2)
    assert [row.label.since for row in found] == [2, 4]


@pytest.mark.parametrize(
    "given",
    [{"weight": 0.0}, {"weight": 1.5}, {"weight": 1e-9}, {"weight": float("nan")}, {"case": " "}],
)
def test_a_label_that_says_nothing_is_refused(tables: Tables, given: dict[str, float]) -> None:
    with pytest.raises(UsageError), tables.begin() as connection:
        put_label(connection, "post", "at://ada/1", "offender", "Bo", "seen", since=0, **given)  # type: ignore[arg-type]  # wrong on purpose
