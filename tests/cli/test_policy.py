"""``leeward policy``: what a policy's author sees, and how the command ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

_POLICY = """\
policy: boats
version: 2
about: Boats that race.
stands_on: Harbour rules, 1.
severity: low
rules:
  - rule: racing
    when: event.kind == "post" and tide.score > 2
    if_abstained: abstain
    subject: account
    causes: [open_case]
    daily_quota: 5
cases:
  - case: high water
    given:
      event.kind: post
      tide: hit 3
    expect:
      racing: hit
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "boats.yaml").write_text(_POLICY)
    (tmp_path / "signals.toml").write_text('[tide]\nabout = "high water"\n')
    return tmp_path / "boats.yaml", tmp_path / "signals.toml"


def test_a_policy_that_holds_is_counted(run: Run, files: tuple[Path, Path]) -> None:
    policy, signals = files
    said = run("policy", "check", policy, "--signals", signals)
    assert (said.code, said.out, said.err) == (0, "1 file, 1 rule: nothing is wrong\n", "")
    assert run("policy", "check", policy, "--signals", signals, "--json").json == {
        "policies": [{"policy": "boats", "version": 2, "rules": 1}]
    }


def test_what_is_wrong_in_several_files_is_told_at_once(run: Run, files: tuple[Path, Path]) -> None:
    policy, signals = files
    other = policy.with_name("other.yaml")
    other.write_text(_POLICY.replace("event.kind", "event.knd", 1))
    policy.write_text(_POLICY.replace("tide.score", "tied.score"))
    said = run("policy", "check", policy, other, "--signals", signals)
    assert said.code == 2
    assert said.out == ""
    assert f"{policy}:8:36" in said.err
    assert "did you mean `event.kind`?" in said.err
    assert "error: 2 problems in 2 files" in said.err


def test_problems_are_objects_for_an_editor(run: Run, files: tuple[Path, Path]) -> None:
    import json

    policy, _ = files
    said = run("policy", "check", policy, "--json")
    body = json.loads(said.err)
    assert (said.code, said.out) == (2, "")
    assert body["error"]["type"] == "PolicyError"
    assert [(one["line"], one["column"]) for one in body["problems"]] == [(8, 36), (17, 7)]


def test_cases_that_end_as_expected_end_with_0(run: Run, files: tuple[Path, Path]) -> None:
    policy, signals = files
    said = run("policy", "test", policy, "--signals", signals)
    assert (said.code, said.out) == (0, "boats: 1 case, all as expected\n")


def test_a_case_that_ends_otherwise_ends_with_1_and_says_why(
    run: Run, files: tuple[Path, Path]
) -> None:
    policy, signals = files
    policy.write_text(_POLICY.replace("> 2", "> 20"))
    said = run("policy", "test", policy, "--signals", signals)
    assert said.code == 1
    assert "racing: expected hit, came out as no, because" in said.out
    assert "tide.score > 20  is false; tide.score is 3" in said.out
    (line,) = run("policy", "test", policy, "--signals", signals, "--json").lines
    assert (line["policy"], line["failed"], line["never_hit"]) == ("boats", 1, ["racing"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tide", "not TOML"),
        ("tide = 3\n", "signals.toml: [tide]"),
        ("[tide]\n", "missing required field `about`"),
        ('[tide]\nabout = "x"\nmay = ["ban"]\n', "not one of the words"),
        ('[tide]\nabout = "x"\nmay = ["open_case"]\n', "without a person's look"),
        ('[Tide]\nabout = "x"\n', "cannot stand in a condition"),
    ],
)
def test_a_list_of_signals_that_is_none_is_refused(
    run: Run, files: tuple[Path, Path], text: str, words: str
) -> None:
    policy, signals = files
    signals.write_text(text)
    said = run("policy", "check", policy, "--signals", signals)
    assert said.code == 2
    assert words in said.err


def test_two_policies_of_one_name_do_not_run_together(run: Run, files: tuple[Path, Path]) -> None:
    policy, signals = files
    again = policy.with_name("again.yaml")
    again.write_text(_POLICY)
    said = run("policy", "check", policy, again, "--signals", signals)
    assert said.code == 2
    assert "two policies have one name" in said.err


def test_a_file_that_is_no_text_is_refused(run: Run, files: tuple[Path, Path]) -> None:
    policy, signals = files
    policy.write_bytes(b"\xff\xfe")
    said = run("policy", "check", policy, "--signals", signals)
    assert (said.code, said.out) == (2, "")
    assert "not UTF-8" in said.err
