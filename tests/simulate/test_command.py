"""``leeward simulate`` at a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from leeward.cli import main
from leeward.cli._simulate import simulate as command
from leeward.simulate import ATTACKS, STRUCTURES, simulate

if TYPE_CHECKING:
    from pathlib import Path


def ended(*arguments: object) -> object:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def test_the_command_writes_three_files_and_says_what_to_do_next(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = ended("simulate", out, "--accounts", 300, "--ring", 12, "--seed", 7)
    said = capfd.readouterr().out
    assert code == 0
    assert {"events.parquet", "truth.parquet", "tainted.parquet"} == {p.name for p in out.iterdir()}
    assert "a ring of 12 in 1 cell;" in said
    assert said.endswith(f"next: leeward ingest {out}/events.parquet --data data\n")


def test_the_answer_in_json_counts_what_is_in_the_files(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ("--accounts", 300, "--ring", 12, "--structure", "trade", "--json")
    assert ended("simulate", tmp_path / "out", *options) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["events"] == pq.read_metadata(told["files"][0]).num_rows
    assert told["accounts"] == pq.read_metadata(told["files"][1]).num_rows == 300
    assert sum(told["tainted"].values()) == pq.read_metadata(told["files"][2]).num_rows


def test_lines_can_be_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = ("--accounts", 200, "--ring", 8, "--events-per-account", 10, "--format", "jsonl")
    assert ended("simulate", tmp_path / "out", *options) == 0
    assert "events.jsonl" in capfd.readouterr().out
    lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    assert {"account", "post", "like"} <= {json.loads(line)["kind"] for line in lines}


def test_an_attack_can_be_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    size = ("--accounts", 300, "--ring", 12)
    assert ended("simulate", tmp_path / "calm", *size) == 0
    assert ended("simulate", tmp_path / "out", *size, "--attack", "flood") == 0
    assert "a ring of 13 in 1 cell;" in capfd.readouterr().out
    for name in ("calm", "out"):
        simulate(tmp_path / f"{name} again", accounts=300, ring=12,
                 attack="flood" if name == "out" else "none")  # fmt: skip
        for path in (tmp_path / name).iterdir():
            assert path.read_bytes() == (tmp_path / f"{name} again" / path.name).read_bytes()


@pytest.mark.parametrize(("option", "offered"), [("structure", STRUCTURES), ("attack", ATTACKS)])
def test_everything_that_the_room_knows_can_be_chosen(option: str, offered: dict[str, str]) -> None:
    (found,) = (one for one in command.params if one.name == option)
    assert list(offered) == list(getattr(found.type, "choices", ()))


def test_a_wish_that_cannot_be_met_is_a_usage_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ended("simulate", tmp_path / "out", "--accounts", 300, "--ring", 100) == 2
    assert "next:  ask for 2,000 accounts, or a ring of 15" in capfd.readouterr().err


def test_what_stands_there_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("keel")
    assert ended("simulate", tmp_path, "--accounts", 300, "--ring", 12) == 1
    assert "replaces nothing" in capfd.readouterr().err
    assert (tmp_path / "mine").read_text() == "keel"
