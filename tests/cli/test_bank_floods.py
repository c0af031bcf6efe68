"""What a person sees of a flood, and what a folder that has banks only says of itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from leeward.store.tables import (
    FloodRule,
    control_floods,
    count_matches,
    open_tables,
    sync_lock,
)
from tests.cli.test_bank import value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

RULE = FloodRule(matches=10, window=3_600, times=10)


@pytest.fixture
def folder(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without a log; the first of two entries of a bank floods."""
    monkeypatch.setenv("LEEWARD_AS", "Ada")
    monkeypatch.setenv("LEEWARD_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    run("bank", "create", "harbour", "--meaning", "exploitative", "--source", "a list")
    (tmp_path / "list.txt").write_text(f"{value(1)}\n{value(2)}\n")
    assert run("bank", "import", "harbour", tmp_path / "list.txt").code == 0
    now = time.time_ns() // 1_000
    with (
        open_tables(f"sqlite:///{tmp_path}/data/leeward.db") as tables,
        tables.begin() as connection,
    ):
        count_matches(connection, {(1, 1): 12}, RULE, now)
        control_floods(connection, {(1, 1): 12}, RULE, now)
    return tmp_path


def test_a_flood_is_an_alert_until_a_person_resumes_the_entry(folder: Path, run: Run) -> None:
    shown = run("bank", "show", "harbour")
    for said in (shown, run("status")):
        assert "the bank harbour, entry 1, floods since" in said.out
        assert "12 matches in 1 hour, where 0 are usual; it is paused" in said.out
        assert "leeward bank resume harbour --entry 1" in said.out
    (flood,) = run("bank", "show", "harbour", "--json").json["floods"]
    assert (flood["entry"], flood["matches"], flood["paused"]) == (1, 12, True)
    said = run("bank", "resume", "harbour", "--entry", "1", "--reason", "looked at all twelve")
    assert said.out == "1 entry is in force\n"
    assert run("status", "--json").json["floods"] == []
    assert "floods since" not in run("bank", "show", "harbour").out


def test_a_folder_with_banks_only_has_a_status(folder: Path, run: Run) -> None:
    said = run("status")
    assert said.code == 0
    assert "there is no event log here" in said.out
    assert "banks       harbour" in said.out
    body = run("status", "--json").json
    assert (body["log"], body["banks"]) == (False, ["harbour"])
    assert "events" not in body


def test_a_folder_without_anything_has_none(tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    said = run("status", "--data", tmp_path / "empty")
    assert said.code == 1
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_sync_waits_for_nobody_and_says_why_it_does_nothing(folder: Path, run: Run) -> None:
    data = folder / "data"
    (data / "lists").mkdir()
    (data / "lists" / "boats.txt").write_text(f"{value(3)}\n")
    (data / "leeward.toml").write_text(
        '[exchanges.pilots]\nkind = "files"\nbank = "harbour"\npath = "lists"\n'
    )
    with (
        open_tables(f"sqlite:///{data}/leeward.db") as tables,
        sync_lock(tables, "harbour", "pilots"),
    ):
        said = run("bank", "sync")
        assert said.code == 1
        assert "another sync of this exchange is under way" in said.err + said.out
    assert run("bank", "sync").code == 0
