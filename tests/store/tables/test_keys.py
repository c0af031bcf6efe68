"""API keys: made, listed, revoked, and checked at the door."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, select

from leeward.errors import AlreadyExists, UsageError
from leeward.store.tables import (
    SCOPES,
    Tables,
    audit_entries,
    create_key,
    list_keys,
    note_use,
    open_tables,
    revoke_key,
    verify_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_key_opens_the_door_until_it_is_revoked(tables: Tables) -> None:
    with tables.begin() as connection:
        key, secret = create_key(connection, "gateway", ["match", "events:write"], "Ada", at=5)
    with tables.read() as connection:
        assert verify_key(connection, secret) == key
        assert list_keys(connection) == [key]
    assert key.scopes == {"match", "events:write"}
    assert (key.created_at, key.created_by, key.revoked_at) == (5, "Ada", None)

    with tables.begin() as connection:
        revoked = revoke_key(connection, "gateway", "Grace", at=9)
    with tables.read() as connection:
        assert verify_key(connection, secret) is None
        assert list_keys(connection) == []
        assert list_keys(connection, revoked=True) == [revoked]
    assert (revoked.revoked_at, revoked.revoked_by) == (9, "Grace")


def test_the_whole_key_is_stored_nowhere(tables: Tables) -> None:
    with tables.begin() as connection:
        key, secret = create_key(connection, "gateway", ["match"], "Ada")
    assert re.fullmatch(r"lw_[a-z0-9]{8}_[A-Za-z0-9]{43}", secret)
    assert secret.startswith(f"{key.prefix}_")
    stored = MetaData()
    with tables.read() as connection:
        stored.reflect(connection)
        rows = [row for table in stored.sorted_tables for row in connection.execute(select(table))]
        digests = connection.execute(select(stored.tables["api_key"].c.digest)).scalars().all()
    assert secret.rpartition("_")[2] not in str(rows)
    assert digests == [hashlib.sha256(secret.encode()).hexdigest()]
    assert secret not in repr(key)


def test_a_key_with_one_sign_changed_does_not_open(tables: Tables) -> None:
    with tables.begin() as connection:
        _, secret = create_key(connection, "gateway", ["match"], "Ada")
        for place in range(len(secret)):
            changed = secret[:place] + ("x" if secret[place] != "x" else "y") + secret[place + 1 :]
            assert verify_key(connection, changed) is None, place


@pytest.fixture(scope="module")
def one_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("keys")
    with open_tables(f"sqlite:///{folder / 'leeward.db'}") as opened:
        with opened.begin() as connection:
            create_key(connection, "gateway", ["match"], "Ada")
        yield opened


@given(sent=st.text(max_size=80))
def test_anything_may_be_sent_as_a_key(one_key: Tables, sent: str) -> None:
    with one_key.read() as connection:
        assert verify_key(connection, sent) is None


def test_two_keys_in_force_cannot_share_a_name(tables: Tables) -> None:
    with tables.begin() as connection:
        create_key(connection, "gateway", ["match"], "Ada")
        with pytest.raises(AlreadyExists, match="name is in force"):
            create_key(connection, "gateway", ["match"], "Ada")
        revoke_key(connection, "gateway", "Ada")
        second, _ = create_key(connection, "gateway", ["match"], "Ada")
    with tables.read() as connection:
        assert list_keys(connection) == [second]


def test_a_key_is_revoked_by_its_prefix(tables: Tables) -> None:
    with tables.begin() as connection:
        key, _ = create_key(connection, "gateway", ["match"], "Ada")
        assert revoke_key(connection, key.prefix, "Ada").id == key.id
        with pytest.raises(UsageError, match="no key in force"):
            revoke_key(connection, key.prefix, "Ada")


def test_a_whole_key_pasted_by_mistake_is_not_repeated(tables: Tables) -> None:
    with tables.begin() as connection:
        _, secret = create_key(connection, "gateway", ["match"], "Ada")
        with pytest.raises(UsageError) as caught:
            revoke_key(connection, secret, "Ada")
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "scopes", "by", "said"),
    [
        ("", ["match"], "Ada", "the key's name is empty"),
        ("a" * 129, ["match"], "Ada", "longer than 128"),
        ("two\nlines", ["match"], "Ada", "line break"),
        ("lw_gateway", ["match"], "Ada", "begins as a prefix"),
        ("gateway", [], "Ada", "one or more known scopes"),
        ("gateway", ["everything"], "Ada", "one or more known scopes"),
        ("gateway", ["match"], " ", "the person who acts is empty"),
        ("gateway", ["match"], "A\x00da", "control character"),
    ],
)
def test_a_key_that_cannot_be_made_leaves_nothing(
    tables: Tables, name: str, scopes: list[str], by: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said), tables.begin() as connection:
        create_key(connection, name, scopes, by)
    with tables.read() as connection:
        assert list_keys(connection, revoked=True) == []
        assert list(audit_entries(connection)) == []


def test_every_scope_of_the_contract_can_be_given(tables: Tables) -> None:
    with tables.begin() as connection:
        key, secret = create_key(connection, "all", SCOPES, "Ada")
        assert verify_key(connection, secret) == key
    assert key.scopes == {"events:write", "match", "reports:write", "cases:read", "metrics:read"}


def test_the_last_use_is_seen_in_the_list(tables: Tables) -> None:
    with tables.begin() as connection:
        key, _ = create_key(connection, "gateway", ["match"], "Ada", at=5)
        note_use(connection, key, at=77)
        assert [listed.last_used_at for listed in list_keys(connection)] == [77]


def test_making_and_revoking_are_in_the_audit_chain(tables: Tables) -> None:
    with tables.begin() as connection:
        key, _ = create_key(connection, "gateway", ["match"], "Ada", at=5)
        revoke_key(connection, "gateway", "Grace", at=9)
        found = [entry[1:6] for entry in audit_entries(connection)]
    assert found == [
        (5, "Ada", "key.create", key.prefix, {"name": "gateway", "scopes": ["match"]}),
        (9, "Grace", "key.revoke", key.prefix, {"name": "gateway"}),
    ]
