"""Exchanges into a bank of the real tables: what stands, what people decided, what is on record."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from leeward.connectors import ExchangeItem, Page, ToldOpinion, Withdrawal
from leeward.errors import InputError
from leeward.model._bank_entry import MAX_LICENSED
from leeward.pipeline import SyncedBank, sync
from leeward.store.tables import (
    add_entries,
    audit_entries,
    bank_changes,
    begin_act,
    finish_act,
    get_bank,
    list_acts,
    list_feedback,
    list_sync_states,
    verify_audit,
    withdraw_entries,
)
from tests.pipeline._bank_sink import listed, make_bank
from tests.pipeline._exchange_worlds import pdq
from tests.pipeline._written_pages import MARK, Pages, items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.store.tables import Tables


def one(key: int, *values: int, **more: Any) -> ExchangeItem:
    hashes = tuple(("pdq", pdq(value)) for value in values)
    return ExchangeItem(member="m", external_id=f"boat{key}", hashes=hashes, **more)


def page(*stated: ExchangeItem, gone: Sequence[int] = (), whole: bool = False) -> Pages:
    """An exchange that says this and no more."""
    gone_items = tuple(Withdrawal(member="m", external_id=f"boat{key}") for key in gone)
    return Pages(
        Page(items=stated, withdrawals=gone_items, checkpoint=MARK, whole=whole, last=True)
    )


def values(tables: Tables) -> set[bytes]:
    """What matches."""
    return {row[3] for row in listed(tables, "quay")}


def test_what_a_person_withdrew_stays_withdrawn_and_what_the_exchange_withdrew_comes_back(
    tables: Tables,
) -> None:
    bank = make_bank(tables)
    sync(page(one(1, 1), one(2, 2), one(3, 3, 4)), bank)
    with tables.begin() as connection:
        withdraw_entries(connection, "harbour", "Ada", "a holiday", external_ids=["boat1"])
        withdraw_entries(connection, "harbour", "Ada", "a gull", values=[("pdq", pdq(3))])
    sync(page(gone=[2]), bank)
    assert values(tables) == {pdq(4)}

    report = sync(page(one(1, 1, at=2**50), one(2, 2), one(3, 3, 4)), bank)
    assert values(tables) == {pdq(2), pdq(4)}
    assert (report.added, report.repeated, report.kept_out) == (1, 1, 2)
    # Not by way of a withdrawal either, and not under another name.
    sync(page(gone=[1, 3]), bank)
    sync(page(one(1, 1), one(3, 3, 4), one(9, 1)), bank)
    assert values(tables) == {pdq(2), pdq(4)}


def test_a_listing_that_a_person_withdrew_does_not_keep_others_from_naming_the_value(
    tables: Tables,
) -> None:
    bank = make_bank(tables)
    sync(page(one(1, 1), one(2, 1)), bank)
    with tables.begin() as connection:
        withdraw_entries(connection, "harbour", "Ada", "a slip", external_ids=["boat1"])
    sync(page(gone=[2]), bank)
    assert values(tables) == set()
    sync(page(one(1, 1), one(2, 1)), bank)
    assert [row[1] for row in listed(tables, "quay")] == ["boat2"]


def test_a_person_brings_back_what_a_person_withdrew(tables: Tables) -> None:
    bank = make_bank(tables)
    sync(page(one(1, 1)), bank)
    with tables.begin() as connection:
        withdraw_entries(connection, "harbour", "Ada", "a gull", entries=[1])
    with tables.begin() as connection:
        act = begin_act(connection, get_bank(connection, "harbour"), "add", "Bo Example")
        add_entries(connection, act, one(1, 1).entries("quay"), relist=True)
        finish_act(connection, act)
    sync(page(gone=[1]), bank)
    sync(page(one(1, 1)), bank)
    assert values(tables) == {pdq(1)}


def test_an_item_that_is_named_by_the_hash_of_its_file_follows_its_exchange(
    tables: Tables,
) -> None:
    """Such a name is kept once only, as the value. The other values of the item have it still."""
    digest = bytes(range(16))
    bank = make_bank(tables)

    def item(*hashes: tuple[str, bytes]) -> ExchangeItem:
        return ExchangeItem(member="m", external_id=digest.hex(), hashes=hashes)

    both = item(("md5", digest), ("pdq", pdq(1)))
    sync(page(both, whole=True), bank)
    assert sync(page(both, whole=True), bank).repeated == 2
    assert values(tables) == {digest, pdq(1)}
    sync(page(item(("pdq", pdq(1)))), bank)
    assert values(tables) == {pdq(1)}
    sync(page(both), bank)
    gone = Withdrawal(member="m", external_id=digest.hex())
    sync(Pages(Page(withdrawals=(gone,), checkpoint=MARK, last=True)), bank)
    assert values(tables) == set()


def test_a_sync_leaves_other_banks_and_other_exchanges_alone(tables: Tables) -> None:
    bank, other = make_bank(tables), make_bank(tables, "pier")
    sync(page(one(1, 1)), bank)
    sync(page(one(1, 1)), other)
    jetty = page(one(1, 1), one(2, 2))
    jetty.name = "jetty"
    sync(jetty, bank)
    sync(page(gone=[1]), bank)
    assert sync(page(one(7, 7), whole=True), bank).withdrawn == 0

    assert len(listed(tables, "quay", "pier")) == 1
    assert len(listed(tables, "jetty")) == 2


def test_the_longest_value_of_a_licensed_algorithm_fits_into_the_tables(tables: Tables) -> None:
    """Octets of chance: PostgreSQL would compress others before it finds them too long."""
    longest = ("licensed", secrets.token_bytes(MAX_LICENSED))
    bank = make_bank(tables)
    sync(page(ExchangeItem(member="m", external_id="boat", hashes=(longest,))), bank)
    assert values(tables) == {longest[1]}


def test_opinions_of_members_are_kept_once_and_counted_in_the_audit_chain(tables: Tables) -> None:
    bank = make_bank(tables)
    told = (
        ToldOpinion(member="north", opinion="affirmative"),
        ToldOpinion(member="south", opinion="negative", algorithm="md5"),
        ToldOpinion(member="south", opinion="negative", algorithm="pdq", reasons="a buoy"),
    )
    for _ in range(2):
        sync(page(one(1, 1, told=told)), bank)
    with tables.read() as connection:
        kept = list_feedback(connection, "harbour")
        entries = list(audit_entries(connection))
    assert [(each.by, each.opinion, each.reasons, each.given) for each in kept] == [
        ("north", "affirmative", None, False),
        ("south", "negative", "a buoy", False),
    ]
    received = [each.details for each in entries if each.verb == "bank.feedback_received"]
    assert received == [{"act": 1, "opinions": 2}]


def test_the_audit_chain_counts_what_a_sync_did_and_nothing_where_it_did_nothing(
    tables: Tables,
) -> None:
    bank = make_bank(tables)
    sync(page(one(1, 1), one(2, 2)), bank)
    sync(page(), bank, clock=lambda: 2_000_000_000)
    with tables.read() as connection:
        entries = [e for e in audit_entries(connection) if e.verb.startswith("bank.sync")]
        states = list_sync_states(connection)
        assert not verify_audit(connection).faults
    assert [entry.verb for entry in entries] == ["bank.sync_begin", "bank.sync"]
    assert entries[1].details["added"] == 2
    assert [(s.bank, s.exchange, s.through, s.completed_at) for s in states] == [
        ("harbour", "quay", MARK.through, 2_000_000_000_000_000)
    ]


def test_a_sync_that_broke_off_is_ended_by_the_next_one(tables: Tables) -> None:
    bank = make_bank(tables)
    with pytest.raises(InputError, match="without a last one"):
        sync(Pages(Page(items=items(1), checkpoint=MARK)), bank)
    with tables.read() as connection:
        assert len(list_acts(connection, "harbour", unfinished=True)) == 1
        assert list_sync_states(connection)[0].completed_at is None

    sync(page(one(2, 2)), SyncedBank(tables, "harbour", "Bo Example"))
    with tables.read() as connection:
        assert not list_acts(connection, "harbour", unfinished=True)
        ended = [e.details for e in audit_entries(connection) if e.verb == "bank.sync"]
    assert [each.get("interrupted") for each in ended] == [True, None]


def test_a_statement_that_repeats_what_stands_changes_nothing_in_the_feed(tables: Tables) -> None:
    bank = make_bank(tables)
    sync(page(one(1, 1), one(2, 2)), bank)
    with tables.read() as connection:
        before = list(bank_changes(connection, 0))
    assert sync(page(one(1, 1), one(2, 2)), bank).repeated == 2
    with tables.read() as connection:
        assert list(bank_changes(connection, 0)) == before
