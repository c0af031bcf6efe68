"""``leeward score`` and ``leeward label``: what is found, found again, and who concludes what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

import pytest

from leeward.cli._label import LABEL_WORDS, LABELLED_KINDS
from leeward.model import LabelledKind, LabelWord
from tests.cli.conftest import boat_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

HEAD = "term,class,severity\n"
SETTINGS = """
[signals.harbour-words]
kind = "lexicon"
path = "words.csv"
"""


@pytest.fixture
def data(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of twenty posts of which every fourth has a word of the list."""
    monkeypatch.setenv("LEEWARD_AS", "Ada")
    monkeypatch.setenv("LEEWARD_DATA", str(tmp_path / "data"))
    texts = ["a blorvane at sea" if n % 4 == 0 else f"the dredger {n}" for n in range(20)]
    lines = [json.dumps(boat_event(n, text=text)) for n, text in enumerate(texts)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert run("ingest", tmp_path / "log.jsonl").code == 0
    folder = tmp_path / "data"
    (folder / "leeward.toml").write_text(SETTINGS)
    (folder / "words.csv").write_text(f"{HEAD}blorvane,boats,high\n")
    return folder


def test_events_are_scored_once_and_the_speed_is_told(data: Path, run: Run) -> None:
    assert "scoring     up to 0, 20 events behind" in run("status").out
    said = run("score", "--json")
    assert said.code == 0
    assert (said.json["events"], said.json["findings"], said.json["through"]) == (20, 5, 20)
    assert "events/s" in said.err
    again = run("score")
    assert "0 events scored" in again.out
    assert "scoring     up to 20, 0 events behind" in run("status").out
    assert (data / "signals").stat().st_mode & 0o777 == 0o700


def test_a_new_list_looks_at_the_past_when_it_is_told_to_and_only_once(
    data: Path, run: Run
) -> None:
    assert run("score").code == 0
    (data / "words.csv").write_text(f"{HEAD}dredger,boats,low\n")
    assert run("score", "--json").json["findings"] == 0
    first = run("score", "--again", "harbour-words", "--json").json
    assert (first["events"], first["findings"]) == (20, 15)
    second = run("score", "--again", "harbour-words", "--json").json
    assert (second["events"], second["findings"]) == (0, 0)


def test_a_signal_with_a_memory_has_nothing_to_look_at_again(data: Path, run: Run) -> None:
    assert data.exists()
    assert run("score").code == 0
    said = run("score", "--again", "template", "--again", "account-context", "--json")
    assert [line["events"] for line in said.lines] == [0, 0]


def test_a_list_that_cannot_be_used_is_told_without_its_terms(data: Path, run: Run) -> None:
    (data / "words.csv").write_text("secretword\nanother\n")
    said = run("score")
    assert said.code == 0
    assert "ALERT signals.harbour-words" in said.out
    status = run("status")
    assert "ALERT scoring: signals.harbour-words" in status.out
    assert "secretword" not in said.out + said.err + status.out
    unknown = run("score", "--again", "harbour-words")
    assert unknown.code == 2
    missing = run("score", "--again", "garden-words")
    assert missing.code == 2
    assert "no such signal" in missing.err


def test_a_label_holds_from_the_end_of_the_log_and_is_in_the_audit_chain(
    data: Path, run: Run
) -> None:
    assert data.exists()
    said = run("label", "add", "account:boat:1", "innocent", "--reason", "a known pilot")
    assert "label 1 holds from place 21 of the log on" in said.out
    said = run("label", "add", "tag:#OldHarbour", "offender", "--reason", "turned", "--case", "c7")
    assert said.code == 0
    rows = run("label", "list", "--json").lines
    assert [(row["kind"], row["subject"], row["by"]) for row in rows] == [
        ("account", "boat:1", "Ada"),
        ("tag", "oldharbour", "Ada"),
    ]
    assert [row["id"] for row in run("label", "list", "--last", 1, "--json").lines] == [2]
    assert "label.put" in run("audit", "list").out
    assert run("audit", "verify").code == 0


def test_the_words_of_the_command_are_those_of_the_model() -> None:
    assert set(LABEL_WORDS) == set(get_args(LabelWord))
    assert set(LABELLED_KINDS) == set(get_args(LabelledKind))
