"""``leeward evaluate``: what it says, what it writes, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import leeward.network
from leeward.evaluate import Measured, read_rows
from tests.evaluate._stand_in import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

SMALL = ("--accounts", 2_000, "--draws", 1, "--answers", 60, "--no-fraudar")
USUAL = ("evaluate", "discovery", *SMALL)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is under test here, and not the search."""
    monkeypatch.setattr(leeward.network, "search", stand_in, raising=False)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Platforms are simulated once."""
    return tmp_path_factory.mktemp("worlds")


def test_it_prints_the_goals_and_writes_all_that_was_measured(
    run: Run, worlds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = run(*USUAL, "--structure", "migrating", "--worlds", worlds, "--out", out)
    assert (0, "") == (said.code, said.err)
    lines = said.out.splitlines()
    assert lines[0].startswith("| figure | accounts | goal | reached | sd over draws |")
    assert any("structures held out | 2,000 | ≥ 0.700 |" in line for line in lines)
    assert f"written: {out / 'rows.jsonl'}" in lines
    assert (out / "report.md").read_text().splitlines()[0] == lines[0]
    rows = read_rows(out / "rows.jsonl")
    assert {row.setting.structure for row in rows} == {"migrating"}
    assert {row.setting.accounts for row in rows} == {2_000}
    assert (out / "precision-recall-migrating-world-1-2000-accounts.svg").exists()


def test_what_was_measured_before_an_interruption_is_kept_and_reported(
    run: Run, worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def broken_off(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return stand_in(*args, **kwargs)

    monkeypatch.setattr(leeward.network, "search", broken_off)
    usual = ("evaluate", "discovery", "--accounts", 2_000, "--draws", 2, "--answers", 0)
    kept = ("--no-fraudar", "--no-oracle", "--worlds", worlds, "--out", tmp_path)
    assert run(*usual, "--structure", "migrating", *kept).code == 130
    rows = read_rows(tmp_path / "rows.jsonl")
    assert {row.setting.draw for row in rows if row.setting.seeds} == {0}
    assert not (tmp_path / "report.md").exists()
    said = run("evaluate", "report", tmp_path)
    assert said.code == 0
    assert "structures held out | 2,000 |" in said.out


def test_a_report_is_made_of_several_evaluations(run: Run, worlds: Path, tmp_path: Path) -> None:
    usual = (*USUAL, "--answers", 0, "--worlds", worlds)
    each = [tmp_path / name for name in ("migrating", "trade")]
    for out in each:
        assert run(*usual, "--structure", out.name, "--out", out).code == 0
    whole = run("evaluate", "report", *each, each[0] / "rows.jsonl", "--out", tmp_path / "both")
    assert (0, "") == (whole.code, whole.err)
    assert whole.out.startswith((tmp_path / "both" / "report.md").read_text())
    rows = read_rows(tmp_path / "both" / "rows.jsonl")
    assert rows == [row for out in each for row in read_rows(out / "rows.jsonl")]
    goals = [line["goal"]["words"] for line in run("evaluate", "report", *each, "--json").lines]
    assert "average precision over the oracle's, structures developed on" in goals
    assert "average precision over the oracle's, structures held out" in goals


def test_a_report_of_what_was_not_measured_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("evaluate", "report").code == 2
    said = run("evaluate", "report", tmp_path)
    assert said.code == 1
    assert f"{tmp_path / 'rows.jsonl'}" in said.err


def test_with_json_each_line_is_a_figure_or_a_goal(run: Run, worlds: Path) -> None:
    said = run(
        *USUAL, "--structure", "migrating", "--attack", "flags", "--worlds", worlds, "--json"
    )
    assert (0, "") == (said.code, said.err)
    measured = [line["measured"] for line in said.lines if "measured" in line]
    rows = msgspec.convert(measured, list[Measured])
    assert {row.setting.attack for row in rows} == {"none", "flags"}
    goals: list[dict[str, Any]] = [line["goal"] for line in said.lines if "goal" in line]
    assert len(goals) + len(rows) == len(said.lines)
    assert "average precision over the oracle's, under attack" in {one["words"] for one in goals}


def test_kept_platforms_are_used_again_and_others_are_not_left_behind(
    run: Run, worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = (*USUAL, "--structure", "migrating", "--answers", 0, "--no-oracle")
    first = run(*usual, "--worlds", worlds, "--json").lines
    events = worlds / "migrating-none-2000-1" / "platform" / "events.parquet"
    made = events.stat().st_mtime_ns
    again = run(*usual, "--worlds", worlds, "--json").lines
    assert events.stat().st_mtime_ns == made
    clocked = ("seconds", "peak memory")

    def told(lines: list[Any]) -> list[Any]:
        rows = [line["measured"] for line in lines if "measured" in line]
        return [row for row in rows if row["figure"] not in clocked]

    assert told(first) == told(again)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(*usual).code == 0
    assert [*tmp_path.iterdir()] == []


def test_a_kept_platform_that_was_left_half_made_is_completed(run: Run, worlds: Path) -> None:
    usual = (*USUAL, "--structure", "trade", "--answers", 0, "--no-oracle", "--worlds", worlds)
    assert run(*usual).code == 0
    (worlds / "trade-none-2000-1" / "ingested").unlink()
    rows = [line["measured"] for line in run(*usual, "--json").lines if "measured" in line]
    (events,) = [row["value"] for row in rows if row["figure"] == "events"]
    import pyarrow.parquet as pq

    platform = worlds / "trade-none-2000-1" / "platform" / "events.parquet"
    assert events == pq.read_metadata(platform).num_rows


def test_real_posts_are_measured_where_they_are_given(run: Run, shared_data: Path) -> None:
    posts = shared_data / "german_elections" / "posts.csv.gz"
    said = run("evaluate", "discovery", "--no-platforms", "--german", posts, "--draws", 1)
    assert (0, "") == (said.code, said.err)
    assert "real posts (german_elections): average precision | 31,642 | ≥ 0.600 |" in said.out


@pytest.mark.parametrize(
    "wrong",
    [
        ("--structure", "canary"),
        ("--attack", "none"),
        ("--accounts", 10),
        ("--seeds", 0),
        ("--wrong", 10),
        ("--draws", 0),
        ("--answers", -1),
        ("--error", 0.5),
        ("--error", "nan"),
        ("--no-platforms",),
        ("--german", "/nowhere/posts.csv.gz"),
    ],
)
def test_a_bad_option_is_a_matter_of_usage(run: Run, wrong: tuple[object, ...]) -> None:
    said = run("evaluate", "discovery", *wrong)
    assert said.code == 2
    assert said.out == ""
    assert run("evaluate", "discovery", *wrong, "--json").code == 2


def test_posts_that_are_none_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("name\ncanary\n")
    said = run("evaluate", "discovery", "--no-platforms", "--german", tmp_path / "posts.csv")
    assert said.code == 1
    assert "german_elections" in said.err
    assert "canary" not in said.err


def test_priors_prints_a_line_for_each_way(run: Run, worlds: Path) -> None:
    usual = ("evaluate", "priors", "--accounts", 2_000, "--structure", "migrating", "--draws", 1)
    said = run(*usual, "--worlds", worlds)
    assert (0, "") == (said.code, said.err)
    lines = said.out.splitlines()
    assert lines[0].startswith("| structure | accounts | world | draws | way | average precision |")
    ways = [line.split(" | ")[4] for line in lines[2:]]
    assert ["search", "with findings", "with planted findings, too"] == ways
    as_json = run(*usual, "--plants", 0, "--threads", 0.5, 0, "--worlds", worlds, "--json")
    methods = {line["measured"]["method"] for line in as_json.lines}
    assert {"search", "with findings"} == methods


def test_priors_refuses_a_share_beyond_one(run: Run) -> None:
    said = run("evaluate", "priors", "--tags", 2, 0)
    assert (2, "") == (said.code, said.out)
    assert "a rate lies from 0 to 1" in said.err
