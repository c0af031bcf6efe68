"""Scoring comes to the same, however the log is cut, and whatever happens to the process."""

from __future__ import annotations

import multiprocessing
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from leeward.model import Finding
from leeward.pipeline import carry_out
from leeward.pipeline._scoring_job import ScoringJob
from leeward.pipeline._scoring_run import score
from leeward.store import (
    Covered,
    Log,
    Writer,
    backup,
    read_settings,
    restore,
    scoring_standing,
    verdicts_of,
)
from leeward.store.tables import ask_erasure, open_tables
from tests.pipeline._scorer import score_often
from tests.pipeline._scoring_worlds import (
    boats,
    installed,
    label,
    outcome,
    remembered,
    write_policy,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.pipeline._scoring_run import ScoredSoFar

EVENTS = 600


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)


def world(data: Path) -> Path:
    """A log with labels ahead of the scorer, a policy, and some rows sealed."""
    with Writer.open(data) as writer:
        writer.append(boats(0, EVENTS // 2))
        writer.seal()
        for first in range(EVENTS // 2, EVENTS, 50):
            writer.append(boats(first, first + 50))
    for skipper, since in ((1, 100), (4, 351), (1, 352), (9, EVENTS - 1)):
        label(data, skipper, since)
    write_policy(data)
    return data


def run(data: Path) -> ScoredSoFar:
    """Score all of it."""
    with Writer.open(data) as writer:
        return score(writer, data, read_settings(data))


@pytest.fixture
def uninterrupted(tmp_path: Path) -> dict[str, object]:
    """What a run comes to that nothing disturbs."""
    data = world(tmp_path / "undisturbed")
    done = run(data)
    assert (done.events, done.replayed, done.through) == (EVENTS, 0, EVENTS)
    found = outcome(data)
    assert len(found["findings"]) > 100
    assert len(found["verdicts"]) > 20
    return found


@pytest.mark.parametrize("most", [1, 7, 64])
def test_the_split_into_parts_does_not_matter(
    tmp_path: Path, uninterrupted: dict[str, object], most: int
) -> None:
    data = world(tmp_path / "data")
    rng = random.Random(most)  # noqa: S311 - not a secret
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        while (step := job.step(rng.randint(1, most))) is not None:
            assert step.scored is not None
            assert writer.add_scored(step.scored, rewritten=step.rewritten) is not None
        job.save()
    assert outcome(data) == uninterrupted


@pytest.mark.slow
def test_kill_9_at_random_moments_changes_nothing(
    tmp_path: Path, uninterrupted: dict[str, object], rounds: Callable[[int, int], int]
) -> None:
    rng = random.Random(5)  # noqa: S311 - not a secret
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.pipeline._scorer"])
    killed = 0
    for number in range(rounds(30, 3)):
        data = world(tmp_path / str(number))
        done = False
        while not done:
            ours, theirs = processes.Pipe()
            process = processes.Process(target=score_often, args=(data, killed, theirs))
            process.start()
            theirs.close()
            for _ in range(rng.randint(1, 12)):
                done = done or ours.recv_bytes() == b"done"
            time.sleep(rng.uniform(0, 0.01))
            process.kill()
            process.join()
            killed += not done
        assert outcome(data) == uninterrupted
    assert killed > number


def test_a_damaged_memory_is_known_told_and_made_again(
    tmp_path: Path, uninterrupted: dict[str, object]
) -> None:
    data = world(tmp_path / "data")
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        for _ in range(5):
            step = job.step(50)
            assert step is not None
            assert step.scored is not None
            writer.add_scored(step.scored, rewritten=step.rewritten)
        job.save()
    path = data / "signals" / "state-scoring.bin"
    assert path.stat().st_mode & 0o777 == 0o600
    body = bytearray(path.read_bytes())
    body[-3] ^= 1
    path.write_bytes(body)

    done = run(data)

    assert any("damaged" in words for words in done.broken)
    assert done.replayed == 250
    assert outcome(data) == uninterrupted


def test_a_memory_ahead_of_what_is_stored_is_not_used(
    tmp_path: Path, uninterrupted: dict[str, object]
) -> None:
    """As after a restore of an older backup beside a newer folder of signals."""
    data = world(tmp_path / "data")
    run(data)
    memory = (data / "signals" / "state-scoring.bin").read_bytes()
    again = world(tmp_path / "again")
    (again / "signals").mkdir()
    (again / "signals" / "state-scoring.bin").write_bytes(memory)

    run(again)

    assert outcome(again) == uninterrupted


def test_a_new_version_looks_at_everything_and_the_old_findings_stay(
    tmp_path: Path, uninterrupted: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = world(tmp_path / "data")
    run(data)
    installed(monkeypatch, moorings="2")

    done = run(data)

    assert (done.events, done.replayed) == (0, EVENTS)
    findings = outcome(data)["findings"]
    assert [row for row in findings if row["version"] != "2"] == uninterrupted["findings"]
    versions = {row["version"] for row in findings}
    assert versions == {"1", "2", "7"}
    with Log(data) as log:
        assert Covered("signal", "moorings", "2", 1, EVENTS) in log.coverage()
    assert outcome(data)["verdicts"] == uninterrupted["verdicts"]  # the past is not judged again


def test_a_label_that_comes_late_holds_from_where_it_was_heard_of_also_in_a_replay(
    tmp_path: Path,
) -> None:
    data = world(tmp_path / "data")
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:

        def go(times: int, most: int) -> None:
            for _ in range(times):
                step = job.step(most)
                if step is not None and step.scored is not None:
                    writer.add_scored(step.scored, rewritten=step.rewritten)

        go(4, 50)
        label(data, 3, since=120)  # scoring is at 200 by now
        label(data, 3, since=450)
        go(1_000, 50)
        live = remembered(job)
    with Log(data) as log, log._hot() as hot:
        told = dict(hot.db.execute("SELECT label, since FROM told").fetchall())
    assert told == {1: 100, 2: 351, 3: 352, 4: EVENTS - 1, 5: 200, 6: 450}
    before = outcome(data)

    assert before["memory"] is None  # nothing was saved: all is replayed
    run(data)
    after = outcome(data)

    assert after["memory"] == (EVENTS, live)
    assert {**after, "memory": None} == before


def test_what_is_erased_while_it_is_scored_is_in_no_finding_and_no_memory(tmp_path: Path) -> None:
    data = world(tmp_path / "data")
    with (
        Writer.open(data) as writer,
        ScoringJob(data, read_settings(data)) as job,
        open_tables(f"sqlite:///{data}/leeward.db") as tables,
    ):
        for _ in range(6):
            step = job.step(50)
            assert step is not None
            assert step.scored is not None
            assert writer.add_scored(step.scored, rewritten=step.rewritten) is not None
        job.save()
        read = job.step(50)
        assert read is not None
        assert read.scored is not None
        with tables.begin() as connection:
            request = ask_erasure(connection, "skipper:0", "Ada")
        assert carry_out(writer, tables, request, "Ada").proof.clean
        assert writer.add_scored(read.scored, rewritten=read.rewritten) is None
        job.scorer.begin()
        while (step := job.step(50)) is not None:
            if step.scored is not None:
                assert writer.add_scored(step.scored, rewritten=step.rewritten) is not None
        live = remembered(job)
    assert all(b"skipper:0" not in memory for _, memory in live.values())
    with Log(data) as log:
        assert not [b for b in log.findings() if "skipper:0" in b["subject"].to_pylist()]
        assert not verdicts_of(log, "skipper:0")
    (data / "signals" / "state-scoring.bin").unlink()
    run(data)
    assert outcome(data)["memory"] == (EVENTS, live)


def test_a_quota_stops_a_rule_and_says_so_once_a_day(
    tmp_path: Path, uninterrupted: dict[str, object]
) -> None:
    data = world(tmp_path / "data")
    write_policy(data, quota=5)
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        while (step := job.step(40)) is not None:  # the counts live on from part to part
            assert step.scored is not None
            writer.add_scored(step.scored, rewritten=step.rewritten)
    verdicts = outcome(data)["verdicts"]

    assert [row["outcome"] for row in verdicts] == ["hit"] * 5 + ["overflow"]
    full = uninterrupted["verdicts"]
    assert isinstance(full, list)
    assert [row["seq"] for row in verdicts] == [row["seq"] for row in full[:6]]
    with Log(data) as log:
        (said,) = verdicts_of(log, "moorings/crowded")
    assert said.causes == ("open_case",)
    assert said.subject_kind == "rule"


def test_a_policy_judges_from_when_it_is_in_force(tmp_path: Path) -> None:
    data = world(tmp_path / "data")
    policy = data / "policies" / "moorings.yaml"
    text = policy.read_text()
    policy.unlink()
    with Writer.open(data) as writer, ScoringJob(data, read_settings(data)) as job:
        for part in range(12):
            if part == 6:
                policy.write_text(text)
                job._in_force.refresh(now=True)
                job._in_force.refresh(now=True)
                job.scorer.rules = job._in_force.rules
            step = job.step(50)
            assert step is not None
            assert step.scored is not None
            writer.add_scored(step.scored, rewritten=step.rewritten)
    found = outcome(data)
    assert min(row["seq"] for row in found["verdicts"]) > 300
    assert Covered("policy", "moorings", "1", 301, EVENTS) in found["coverage"]


def test_verdicts_live_through_sealing_backup_and_restore(
    tmp_path: Path, uninterrupted: dict[str, object]
) -> None:
    data = world(tmp_path / "data")
    run(data)
    with Writer.open(data) as writer:
        writer.seal()
        writer.append(boats(EVENTS, EVENTS + 1))
    run(data)
    backup(data, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    for folder in (data, tmp_path / "restored"):
        with Log(folder) as log:
            assert log.verify()
            rows = [row for batch in log.verdicts() for row in batch.to_pylist()]
        expected = uninterrupted["verdicts"]
        assert isinstance(expected, list)
        seqs = [row["seq"] for row in rows]
        assert seqs[: len(expected)] == [row["seq"] for row in expected]
    assert list((data / "log" / "verdicts").glob("*.parquet"))


LATE_POLICY = """\
policy: matches
version: 1
about: Pictures of boats that are in the harbour master's bank.
stands_on: Harbour rules, 4.3.
severity: high
rules:
  - rule: known
    about: A match, or a skipper who moors often.
    when: bank_match.hit or (moorings.hit and moorings.score >= 15)
    if_abstained: open_case
    subject: post
    causes: [open_case]
    daily_quota: 1000
"""


def test_a_rule_about_hash_banks_waits_until_they_have_looked_and_judges_again_what_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = [0]
    monkeypatch.setattr("leeward.pipeline._scoring_job.banks_through", lambda *_: lambda: looked[0])
    data = world(tmp_path / "data")
    (data / "policies" / "matches.yaml").write_text(LATE_POLICY)

    def match(seq: int) -> Finding:
        return Finding(
            seq=seq,
            signal="bank-match",
            version="1",
            subject=f"boat:{seq - 1}",
            outcome="hit",
            score=0.0,
            at=0,
        )

    def said() -> list[int]:
        with Log(data) as log:
            return [s for b in log.verdicts(policy="matches") for s in b["seq"].to_pylist()]

    often = sorted(row["seq"] for row in _scores(data, tmp_path, 15.0))
    with Writer.open(data) as writer:
        score(writer, data, read_settings(data))
        assert said() == []
        writer.add_findings([match(7)])
        looked[0] = 300
        score(writer, data, read_settings(data))
        assert said() == sorted({7, *(seq for seq in often if seq <= 300)})
        writer.add_findings([match(7), match(9), match(often[0]), match(500)])
        score(writer, data, read_settings(data))
        assert said() == sorted({7, 9, *(seq for seq in often if seq <= 300)})
        looked[0] = EVENTS
        score(writer, data, read_settings(data))
    assert sorted(said()) == sorted({7, 9, 500, *often})
    with Log(data) as log:
        spent = scoring_standing(log).spent
    assert spent["matches/known"][1] == len(said())


def _scores(data: Path, tmp_path: Path, least: float) -> list[dict[str, Any]]:
    """The findings of moorings from a score on, in a log of the same events."""
    other = world(tmp_path / "other")
    run(other)
    rows = outcome(other)["findings"]
    return [row for row in rows if row["signal"] == "moorings" and row["score"] >= least]
