"""Restoring tables that lie in a database of their own, outside of the data folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from leeward.errors import AlreadyExists, StoreError
from leeward.store import Log, Writer, backup, restore
from leeward.store.tables import create_key, list_keys, open_tables
from tests.store._helpers import batch
from tests.store._steps import arm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import URL


@pytest.fixture
def used(address: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> URL:
    """The database of a log of ten events; it holds a key."""
    url = make_url(address)
    monkeypatch.setenv("HARBOUR", url.password or "unused")
    bare = url._replace(password=None).render_as_string()
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
    (data / "leeward.toml").write_text(f'[tables]\nurl = "{bare}"\npassword_env = "HARBOUR"\n')
    _add_key(url, "gateway")
    return url


@pytest.fixture
def copy(used: URL, data: Path, tmp_path: Path) -> Path:
    """A backup of that log."""
    backup(data, tmp_path / "copy")
    return tmp_path / "copy"


def _add_key(url: URL, name: str) -> None:
    with open_tables(url) as tables, tables.begin() as connection:
        create_key(connection, name, ["events:write"], by="Ada")


def _keys(url: URL) -> set[str]:
    with open_tables(url) as tables, tables.begin() as connection:
        return {key.name for key in list_keys(connection)}


def _events(data: Path) -> int:
    with Log(data) as log:
        return log.status().events


@pytest.fixture
def empty(copy: Path, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> URL:
    """Another database, which is what the settings mean on the machine of the restore."""
    url = make_url(new_database())
    monkeypatch.setattr("leeward.store._restore.database_url", lambda *_: url)
    return url


def test_an_empty_database_gets_the_rows(copy: Path, empty: URL, tmp_path: Path) -> None:
    restore(copy, tmp_path / "back")
    assert (_events(tmp_path / "back"), _keys(empty)) == (10, {"gateway"})


def test_a_restore_that_failed_behind_the_database_can_be_repeated(
    copy: Path, empty: URL, tmp_path: Path
) -> None:
    """No transaction spans the database and the folder."""

    def broken_disk() -> None:
        assert _keys(empty) == {"gateway"}
        raise OSError(5, "Input/output error")

    with pytest.MonkeyPatch.context() as patch:
        arm("pathlib:Path.rename", 1, broken_disk, patch.setattr)
        with pytest.raises(StoreError, match="Input/output"):
            restore(copy, tmp_path / "back")
    assert not list((tmp_path / "back").iterdir())

    restore(copy, tmp_path / "back")

    assert (_events(tmp_path / "back"), _keys(empty)) == (10, {"gateway"})
    _add_key(empty, "ferry")  # and numbering goes on


def test_a_database_that_has_outlived_the_log_unchanged_is_taken(
    copy: Path, used: URL, tmp_path: Path
) -> None:
    """As is one that was filled by a restore that was killed."""
    restore(copy, tmp_path / "back")
    assert (_events(tmp_path / "back"), _keys(used)) == (10, {"gateway"})


def test_a_database_with_other_rows_is_never_touched(copy: Path, used: URL, tmp_path: Path) -> None:
    _add_key(used, "ferry")
    with pytest.raises(AlreadyExists, match="already holds") as caught:
        restore(copy, tmp_path / "back")
    assert caught.value.hint
    assert not list((tmp_path / "back").iterdir())
    assert _keys(used) == {"gateway", "ferry"}
