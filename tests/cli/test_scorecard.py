"""``leeward signal scorecard``: what it shows, what it learns, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.signals import Scorecard
from leeward.store import Log, Writer
from leeward.store.tables import open_tables, put_label
from tests.network._harbour import harbour
from tests.pipeline.test_discover import sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,200 people, of whom thirty are labelled after the last event."""
    folder = tmp_path_factory.mktemp("data")
    with Writer.open(folder) as writer:
        writer.append(sent(harbour()))
    with Log(folder) as log:
        last = log.last_seq()
    with open_tables(f"sqlite:///{folder}/leeward.db") as tables, tables.begin() as connection:
        for i in range(25):
            put_label(connection, "account", f"ring/{i}", "offender", "Ada", "a test", since=last)
        for i in range(15):
            put_label(
                connection, "account", f"account/{i}", "innocent", "Ada", "a test", since=last
            )
    return folder


def test_it_shows_what_was_set_by_hand(run: Run) -> None:
    said = run("signal", "scorecard", "show", "account")
    assert (0, "") == (said.code, said.err)
    assert "account" in said.out.splitlines()[0]
    assert "set by hand" in said.out.splitlines()[0]
    assert "  minors_contacted (opens nothing alone)" in said.out.splitlines()
    assert "no threshold for a precision of 90%" in said.out


def test_it_learns_from_labels_and_shows_what_it_learnt(
    run: Run, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "account.json"
    said = run("signal", "scorecard", "train", "account", "--data", data, "--out", out, "--json")
    assert said.code == 0, said.err
    (body,) = said.lines
    assert (body["trained"]["offenders"], body["trained"]["innocents"]) == (25, 15)
    assert body["threshold"]["score"] is None
    card = Scorecard.read(out)
    assert card.version == body["version"]
    assert out.stat().st_mode & 0o777 == 0o600
    shown = run("signal", "scorecard", "show", "account", "--file", out)
    assert "trained from 25 confirmed subjects, 15 innocent and" in shown.out


def test_a_file_of_another_kind_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(Scorecard.cautious("tag").encode())
    said = run("signal", "scorecard", "show", "media", "--file", tmp_path / "card.json")
    assert (2, "") == (said.code, said.out)
    assert "another kind of subject: tag" in said.err


def test_too_few_labels_are_told(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "tag.json"
    said = run("signal", "scorecard", "train", "tag", "--data", data, "--out", out)
    assert (2, "") == (said.code, said.out)
    assert "are too few to learn from" in said.err
    assert not out.exists()
