"""``leeward bank``: what it does, what it says, and that it never says a hash value."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from leeward.cli._bank import CAUSE_WORDS, MEANING_WORDS
from leeward.model import CAUSES, MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


def value(number: int) -> str:
    """A made-up PDQ value."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" * 4


def rows(numbers: range, member: str = "north") -> str:
    head = "algorithm,value,exchange,member,external_id\n"
    return head + "".join(f"pdq,{value(n)},pilots,{member},{member}-{n}\n" for n in numbers)


@pytest.fixture
def folder(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder with the bank `harbour`; Ada acts."""
    monkeypatch.setenv("LEEWARD_AS", "Ada")
    monkeypatch.setenv("LEEWARD_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    made = run("bank", "create", "harbour", "--meaning", "illegal_verified", "--source", "a list")
    assert made.code == 0
    return tmp_path


@pytest.fixture
def filled(folder: Path, run: Run) -> Path:
    """Nine values of two members; the fifth is listed by both."""
    (folder / "north.csv").write_text(rows(range(1, 6)))
    (folder / "south.csv").write_text(rows(range(5, 10), "south"))
    said = run("bank", "import", "harbour", folder / "north.csv", folder / "south.csv")
    assert said.code == 0
    return folder


def test_the_words_of_the_options_are_those_of_the_model() -> None:
    assert (MEANING_WORDS, CAUSE_WORDS) == (MEANINGS, CAUSES)


def test_a_bank_is_made_changed_and_explained(folder: Path, run: Run) -> None:
    changed = run(
        *("bank", "change", "harbour", "--distance", 24, "--cause", "hide", "--cause", "open_case"),
        *("--automation-distance", 6, "--reason", "agreed on Monday", "--json"),
    ).json
    assert (2, 24, 6) == (changed["version"], changed["distance"], changed["automation_distance"])
    assert ["hide", "open_case"] == changed["causes"]
    off = run("bank", "change", "harbour", "--no-automation", "--json").json
    assert (3, 24, None) == (off["version"], off["distance"], off["automation_distance"])
    shown = run("bank", "show", "harbour", "--versions", "--json").json
    assert [31, 24, 24] == [version["distance"] for version in shown["versions"]]
    assert shown["versions"][1]["reason"] == "agreed on Monday"
    text = run("bank", "show", "harbour", "--versions").out
    assert "version 2" in text
    assert "by itself within 6 bits" in text


def test_another_meaning_brings_its_usual_causes(folder: Path, run: Run) -> None:
    said = run("bank", "change", "harbour", "--meaning", "protected_photograph", "--json").json
    assert said["causes"] == ["protect"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "harbour", "--meaning", "exploitative", "--source", "x"], 1, "of that name"),
        (["create", "x", "--meaning", "boats", "--source", "x"], 2, "exploitative"),
        (["create", "X", "--meaning", "exploitative", "--source", "x"], 2, "name cannot be used"),
        (["change", "harbour", "--automation-distance", "5"], 2, "no effect"),
        (["change", "harbour", "--cause", "protect"], 2, "may not cause protect"),
        (["show", "garden"], 2, "leeward bank list"),
        (["resume", "harbour", "--reason", "x"], 2, "not paused"),
        (["import", "harbour", "nowhere.csv"], 2, "no such file"),
        (["import", "garden", "{tmp}/list"], 2, "no bank of that name"),
        (["withdraw", "harbour", "--reason", "x"], 2, "--entry"),
        (["export", "harbour", "{tmp}/out", "--values", "--reason", "x"], 4, "leeward bank permit"),
        (["export", "harbour", "{tmp}/out", "--format", "pdq"], 2, "hash values"),
        (["export", "harbour", "{tmp}/list"], 1, "a file of that name"),
        (["export", "harbour", "{tmp}/no/such/folder"], 1, "cannot be written"),
        (["permit", "harbour", "Ada"], 2, "themselves"),
        (["feedback", "harbour", "--opinion", "negative"], 2, "which entry"),
        (["pause", "harbour", "--entry", "9", "--reason", "x"], 2, "not in this bank"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    folder: Path, run: Run, arguments: list[str], code: int, words: str
) -> None:
    (folder / "list").write_text(value(1))
    said = run("bank", *(argument.format(tmp=folder) for argument in arguments))
    assert (said.code, said.out) == (code, "")
    assert words.lower() in said.err.lower()
    assert not (folder / "out").exists()


def test_an_import_counts_and_a_repeat_adds_nothing(filled: Path, run: Run) -> None:
    again = run("bank", "import", "harbour", filled / "north.csv", "--json").json
    assert (0, 0, 5, 0) == tuple(again[name] for name in ("added", "listed", "known", "refused"))
    [listed] = run("bank", "list", "--json").lines
    assert (9, "illegal_verified") == (listed["entries"], listed["meaning"])
    assert "pdq      9 of 9 values match" in run("bank", "show", "harbour").out


def test_bad_lines_are_named_and_the_others_kept(folder: Path, run: Run) -> None:
    (folder / "list").write_text(f"{value(1)}\n{value(2)[:-1]}\n{value(3)},20,a.jpg\n{value(4)}\n")
    said = run("bank", "import", "harbour", folder / "list")
    assert said.code == 0
    assert "list, line 2: has not the 64 digits of pdq" in said.err
    assert "list, line 3: has a quality below 50" in said.err
    assert "2  values match from now on" in said.out
    body = run("bank", "import", "harbour", folder / "list", "--json").json
    assert body["bad"] == [
        {"file": "list", "line": 2, "reason": "has not the 64 digits of pdq"},
        {"file": "list", "line": 3, "reason": "has a quality below 50"},
    ]


def test_a_strict_import_takes_all_or_nothing(folder: Path, run: Run) -> None:
    (folder / "good").write_text(value(1))
    (folder / "bad").write_text(f"{value(2)}\nahoy\n")
    said = run("bank", "import", "harbour", folder / "good", folder / "bad", "--strict")
    assert said.code == 1
    assert "nothing was imported" in said.err
    assert "bad, line 2" in said.err
    told = run("bank", "import", "harbour", folder / "bad", "--strict", "--json")
    assert json.loads(told.err)["bad"][0]["line"] == 2
    assert run("bank", "list", "--json").lines[0]["entries"] == 0
    assert run("bank", "import", "harbour", folder / "good", "--strict").code == 0
    assert run("bank", "list", "--json").lines[0]["entries"] == 1


def test_values_are_added_by_hand_from_standard_input(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.TextIOWrapper(io.BytesIO(f"{value(1)}\nmd5 {'0f' * 16}\n".encode()))
    monkeypatch.setattr("sys.stdin", lines)
    said = run("bank", "add", "harbour", "--reason", "case 12", "--json")
    assert (0, 2) == (said.code, said.json["added"])
    entry = run("audit", "list", "--json").lines[-1]
    assert ("Ada", "bank.add", "case 12") == (
        entry["actor"],
        entry["verb"],
        entry["details"]["reason"],
    )


def test_adding_by_hand_is_all_or_nothing(folder: Path, run: Run) -> None:
    (folder / "list").write_text(f"{value(1)}\nahoy\n")
    said = run("bank", "add", "harbour", "--from", folder / "list")
    assert (1, True) == (said.code, "list, line 2" in said.err)
    assert run("bank", "list", "--json").lines[0]["entries"] == 0


def test_a_member_withdraws_and_what_another_lists_still_matches(filled: Path, run: Run) -> None:
    said = run(
        *("bank", "withdraw", "harbour", "--import", 1, "--member", "north"),
        *("--reason", "withdrawn by north", "--json"),
    ).json
    assert said == {"listings": 5, "entries": 4}
    assert run("bank", "list", "--json").lines[0]["entries"] == 5
    again = run("bank", "import", "harbour", filled / "north.csv").out
    assert "5  were withdrawn before and stay so (--relist)" in again
    back = run("bank", "import", "harbour", filled / "north.csv", "--relist", "--json").json
    assert (4, 5) == (back["added"], back["listed"])


def test_a_withdrawal_by_value_takes_the_value_from_a_file(filled: Path, run: Run) -> None:
    (filled / "wrong").write_text(f"{value(5)}\n{value(6)}\n")
    said = run(
        *("bank", "withdraw", "harbour", "--values", filled / "wrong"),
        *("--reason", "boats", "--json"),
    ).json
    assert said == {"listings": 3, "entries": 2}


def test_a_flood_is_paused_and_seen(filled: Path, run: Run) -> None:
    assert run("bank", "pause", "harbour", "--entry", 3, "--reason", "a greeting card").code == 0
    shown = run("bank", "show", "harbour")
    assert "9 of 9 values match, 1 paused" in shown.out
    assert "entry 3: a greeting card" in shown.out
    assert run("bank", "pause", "harbour", "--reason", "the whole list").code == 0
    assert "ALERT    paused since" in run("bank", "show", "harbour").out
    assert run("bank", "list", "--json").lines[0]["paused"]
    assert run("bank", "resume", "harbour", "--reason", "fine").code == 0
    assert run("bank", "resume", "harbour", "--entry", 3, "--reason", "fine").code == 0
    assert run("bank", "show", "harbour", "--json").json["paused_entries"] == []


def test_feedback_is_kept_and_listed(filled: Path, run: Run) -> None:
    assert run("bank", "feedback", "harbour").out == "there is no feedback\n"
    given = run(
        *("bank", "feedback", "harbour", "--entry", 2, "--opinion", "negative"),
        *("--reasons", "a harbour at night", "--json"),
    )
    assert given.json["by"] == "Ada"
    [row] = run("bank", "feedback", "harbour", "--json").lines
    assert (2, "negative", None) == (row["entry"], row["opinion"], row["sent"])


def test_an_export_is_readable_by_its_owner_only_and_has_no_values(filled: Path, run: Run) -> None:
    said = run("bank", "export", "harbour", filled / "out.csv", "--json")
    assert said.json["listings"] == 10
    text = (filled / "out.csv").read_text()
    assert text.splitlines()[1].startswith("1,pdq,,pilots,north,north-")
    assert not any(value(n) in text for n in range(10))
    assert stat.S_IMODE((filled / "out.csv").stat().st_mode) == 0o600
    assert [path.name for path in filled.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("form", ["csv", "jsonl", "threatexchange", "hma", "pdq"])
def test_permitted_values_leave_and_come_in_elsewhere(filled: Path, run: Run, form: str) -> None:
    run("bank", "permit", "harbour", "Bo", "--days", 2)
    out = filled / "out"
    told = ("--values", "--reason", "for the pilots", "--format", form, "--as", "Bo")
    assert run("bank", "export", "harbour", out, *told).code == 0
    run("bank", "create", "garden", "--meaning", "exploitative", "--source", "harbour")
    assert run("bank", "import", "garden", out, "--json").json["added"] == 9
    last = run("audit", "list", "--json").lines[-5:]
    exported = next(entry for entry in last if entry["verb"] == "bank.export")
    assert ("Bo", True) == (exported["actor"], exported["details"]["values"])
    assert run("bank", "permit", "harbour", "Bo", "--revoke").code == 0
    assert run("bank", "export", "harbour", filled / "more", *told).code == 4


def test_an_export_to_standard_output_is_only_data(filled: Path, run: Run) -> None:
    said = run("bank", "export", "harbour", "-", "--format", "jsonl")
    assert said.err == ""
    assert len(said.lines) == 10


def test_no_command_shows_a_value(filled: Path, run: Run) -> None:
    """Nor does the audit chain; the database alone holds them, as octets."""
    for arguments in (
        ["bank", "list"],
        ["bank", "show", "harbour", "--versions"],
        ["bank", "import", "harbour", str(filled / "north.csv")],
        ["bank", "pause", "harbour", "--entry", "1", "--reason", "x"],
        ["bank", "withdraw", "harbour", "--entry", "2", "--reason", "x"],
        ["bank", "feedback", "harbour", "--entry", "1", "--opinion", "negative"],
        ["bank", "feedback", "harbour"],
        ["bank", "export", "harbour", "-"],
        ["audit", "list"],
    ):
        for extra in ([], ["--json"]):
            said = run(*arguments, *extra)
            assert not any(value(n) in said.out + said.err for n in range(10)), arguments


def test_banks_are_in_a_backup(filled: Path, run: Run) -> None:
    (filled / "one.jsonl").write_text("")
    run("ingest", filled / "one.jsonl")
    copy = filled / "copy"
    assert run("backup", copy).code == 0
    assert run("restore", copy, "--data", filled / "back").code == 0
    assert run("bank", "list", "--data", filled / "back", "--json").lines[0]["entries"] == 9


def test_an_interrupted_import_is_seen_and_finished_by_the_same_command(
    folder: Path, run: Run
) -> None:
    count = 120_000
    body = "".join(f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}" * 4 + "\n" for n in range(count))
    (folder / "list").write_text(body)
    command = [sys.executable, "-m", "leeward", "bank", "import", "harbour", "-"]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    # The child is left waiting for the rest of its input, so it cannot end before the signal.
    child.stdin.write(body[: len(body) * 3 // 4].encode())
    child.stdin.flush()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not run("bank", "list", "--json").lines[0]["entries"]:
        time.sleep(0.1)
    os.kill(child.pid, signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    before = run("bank", "list", "--json").lines[0]["entries"]
    assert 0 < before < count
    assert "the import of - by Ada was not finished" in run("bank", "show", "harbour").out
    rest = run("bank", "import", "harbour", folder / "list", "--json").json
    assert (count - before, before) == (rest["added"], rest["known"])
