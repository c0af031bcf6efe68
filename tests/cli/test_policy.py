"""``leeward policy``: what a policy's author sees, and how the command ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.model import Event
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


# --- on a data folder --------------------------------------------------------------------------

_TIDES = """\
policy: tides
version: 1
about: Who writes about the tide.
stands_on: Harbour rules, 2.
severity: low
rules:
  - rule: named
    about: A post names it.
    when: event.kind == "post" and lexicon.hit
    if_abstained: abstain
    subject: account
    causes: [open_case]
    daily_quota: 30
"""


@pytest.fixture
def scored(data: Path) -> Path:
    """A hundred posts of five boats, looked at by a lexicon, with one policy in force."""
    from leeward.model import Finding
    from leeward.pipeline import detectors, keep_versions, policies_in_force, readable
    from leeward.policy import RowReader, compile_policies, event_schema, judge
    from leeward.store import Covered, Log, Scored, Writer, read_settings

    (data / "list.csv").write_text("term,class\ntide,boats\n")
    (data / "leeward.toml").write_text('[signals.lexicon]\npath = "list.csv"\n')
    (data / "policies").mkdir()
    (data / "policies" / "tides.yaml").write_text(_TIDES)
    settings = read_settings(data)
    policies = policies_in_force(data, event_schema(readable(data, settings)))
    keep_versions(data, policies)
    version = next(one.version for one in detectors(data, settings) if one.name == "lexicon")
    with Log(data) as log:
        events = sorted((e for n in range(5) for e in log.of(account=f"boat:{n}")), key=_seq)
    found = {
        _seq(event): Finding(
            seq=_seq(event), signal="lexicon", version=version, subject=event.object,
            outcome="hit", at=1, score=1.0,
        )
        for event in events[::2]
    }  # fmt: skip
    compiled = compile_policies(policies)
    pairs = [
        (event, {"lexicon": found[_seq(event)]} if _seq(event) in found else {}) for event in events
    ]
    verdicts = judge(compiled, RowReader(compiled, looked={"lexicon"}), pairs)
    covered = (
        Covered("signal", "lexicon", version, 1, 100),
        Covered("policy", "tides", "1", 1, 100),
    )
    with Writer.open(data) as writer:
        assert writer.add_scored(
            Scored(
                findings=tuple(found.values()),
                verdicts=tuple(verdicts),
                coverage=covered,
                through=100,
            ),
            rewritten=0,
        )
    return data


def _seq(event: Event) -> int:
    return event.seq or 0


def test_the_policies_in_force_are_checked_and_tested_where_no_file_is_named(
    run: Run, scored: Path
) -> None:
    assert run("policy", "check", "--data", scored).out == "1 file, 1 rule: nothing is wrong\n"
    assert "no case shows that `named` hits" in run("policy", "test", "--data", scored).out
    assert run("policy", "check").code == 2
    (scored / "policies" / "tides.yaml").unlink()
    said = run("policy", "check", "--data", scored)
    assert said.code == 2
    assert "no policy is in force here" in said.err


def test_a_version_that_judged_with_other_rules_does_not_check(
    run: Run, scored: Path, tmp_path: Path
) -> None:
    changed = _TIDES.replace("daily_quota: 30", "daily_quota: 31")
    file = scored / "policies" / "tides.yaml"
    file.write_text(changed)
    kept = scored / "policies" / ".versions" / "tides@1.yaml"
    before = kept.read_text()
    said = run("policy", "check", "--data", scored)
    assert said.code == 2
    assert "version 1 of the policy tides judged with other rules" in said.err
    assert "write `version: 2`" in said.err
    assert kept.read_text() == before
    other = tmp_path / "tides.yaml"
    other.write_text(changed)
    assert run("policy", "check", other, "--data", scored).code == 2
    kept.with_name("tides@2.yaml").write_text(before)
    assert "write `version: 3`" in run("policy", "check", "--data", scored).err
    file.write_text(changed.replace("version: 1", "version: 3"))
    assert run("policy", "check", "--data", scored).code == 0


def test_a_signal_that_cannot_be_read_stops_no_backtest(run: Run, scored: Path) -> None:
    (scored / "leeward.toml").write_text(
        '[signals.lexicon]\npath = "list.csv"\n[signals.rare-text]\n'
    )
    said = run("policy", "backtest", "--data", scored)
    assert said.code == 0, said.err
    assert "named: 50 hits on " in said.out
    (scored / "list.csv").unlink()
    said = run("policy", "backtest", "--data", scored)
    assert "named: 50 hits on " in said.out, said.err


def test_a_backtest_says_what_a_policy_would_have_done(
    run: Run, scored: Path, tmp_path: Path
) -> None:
    wider = tmp_path / "wider.yaml"
    other = _TIDES.replace("version: 1", "version: 2").replace("lexicon.hit", "lexicon.miss")
    wider.write_text(other)
    page = tmp_path / "past.html"
    arguments = (wider, "--against", "in-force", "--data", scored)
    said = run("policy", "backtest", *arguments, "--page", page)
    assert said.code == 0, said.err
    assert "named: 50 hits on " in said.out
    assert "the quota of 30 a day would have cut 20 verdicts on 1 day" in said.out
    assert page.stat().st_mode & 0o777 == 0o600

    body = run("policy", "backtest", *arguments, "--json", "--sample", 1).json
    (rule,) = body["policies"][0]["rules"]
    assert (rule["hits"], rule["changed"]["newly_events"]) == (50, 50)
    assert rule["changed"]["no_longer_events"] == 50
    assert [one["of"] for one in rule["samples"]] == ["newly", "no longer"]
    assert body["signals"] == [
        {"signal": "lexicon", "version": body["signals"][0]["version"], "events": 100, "share": 1.0}
    ]


def test_what_a_backtest_cannot_compare_with_is_named(run: Run, scored: Path) -> None:
    said = run("policy", "backtest", "--against", "older.yaml", "--data", scored)
    assert (said.code, "there is no such file" in said.err) == (2, True)


def test_a_subject_is_explained_in_words_and_in_json(run: Run, scored: Path) -> None:
    from leeward.model import Finding
    from leeward.store import Writer

    said = run("policy", "explain", "boat:0", "--data", scored, "--last", 1)
    assert "tides version 1, rule named" in said.out
    assert 'its condition: event.kind == "post" and lexicon.hit' in said.out
    assert "it stands on: Harbour rules, 2." in said.out
    assert "said hit with the score 1 of boat:0/post/" in said.out
    lines = run("policy", "explain", "boat:0", "--data", scored, "--json").lines
    assert {line["verdict"]["subject"] for line in lines} == {"boat:0"}
    assert all(line["findings"][0]["outcome"] == "hit" for line in lines)
    assert "the findings behind it:\n" in said.out
    seq = lines[0]["verdict"]["seq"]
    with Writer.open(scored) as writer:
        later = Finding(
            seq=seq, signal="lexicon", version="later", subject="boat:0", outcome="hit",
            at=2, score=3.0,
        )  # fmt: skip
        assert writer.add_findings([later])
    said = run("policy", "explain", "boat:0", "--data", scored, "--last", 1)
    assert "the findings behind it, of each signal one of these:\n" in said.out
    nobody = run("policy", "explain", "boat:77", "--data", scored)
    assert nobody.out == "there is no verdict on this subject\n"


def test_without_a_shadow_there_is_no_difference(run: Run, scored: Path, tmp_path: Path) -> None:
    said = run("policy", "difference", "--data", scored)
    assert said.code == 2
    assert "no policy runs in shadow mode" in said.err
    shadow = _TIDES.replace("version: 1", "version: 2\nshadow: true")
    (scored / "policies" / "next.yaml").write_text(shadow)
    said = run("policy", "difference", "--data", scored, "--page", tmp_path / "page.html")
    assert said.code == 0, said.err
    assert "tides version 2 in shadow mode, beside tides version 1" in said.out
    assert (tmp_path / "page.html").is_file()
    body = run("policy", "difference", "--data", scored, "--json").json
    assert body["policies"][0]["subjects"]["shadow"] == 0


def test_ready_made_policies_are_listed_and_printed(run: Run, tmp_path: Path) -> None:
    from leeward.policy import READY, ready_policy

    assert [line["policy"] for line in run("policy", "ready", "--json").lines] == list(READY)
    assert run("policy", "ready", READY[0]).out == ready_policy(READY[0])
    assert run("policy", "ready", "none").code == 2
