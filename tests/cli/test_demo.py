"""``leeward demo``: a platform simulated, searched and drawn, in a folder that is its own."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from leeward.cli._demo import demo
from leeward.evaluate import RING
from leeward.pipeline import RANKING_SCHEMA
from leeward.simulate import STRUCTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

SMALL = ("--accounts", 500, "--ring", 20, "--seeds", 5)
MADE = {"platform", "data", "seeds.txt", "ranking.parquet", "demo.html", "leeward-demo.txt"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_makes_everything_and_replaces_it_the_second_time(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "demo"
    first = run("demo", *SMALL, "--out", out)
    assert first.code == 0
    assert {path.name for path in out.iterdir()} == MADE
    assert {path.name for path in out.parent.iterdir()} == {"demo"}
    for name in ("seeds.txt", "ranking.parquet", "demo.html"):
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o600
    assert pq.read_schema(out / "ranking.parquet") == RANKING_SCHEMA
    assert "simulating 500 accounts, 20 of them in a hidden ring ..." in first.err
    assert "searching from 5 confirmed accounts ..." in first.err
    _reads_well(first.out, out)
    _is_true(out)

    second = run("demo", *SMALL, "--seed", 2, "--out", out, "--json")
    assert (0, "") == (second.code, second.err)
    assert {path.name for path in out.iterdir()} == MADE
    judged = second.json["judged"]
    assert judged["hidden"] == 15
    assert [10, 15, 20] == [at["k"] for at in judged["found_at"]]
    assert {"accused", "right", "precision", "recall"} == {*judged["two_hop"]}
    assert judged["above_line"]["right"] <= judged["above_line"]["of"]
    for name in ("page", "ranking", "seeds", "data"):
        assert str(out) in second.json[name]

    kept = contents(out)
    for options in (("--ring", 30), ("--accounts", 200), ("--seed", 2**63)):
        refused = run("demo", *SMALL, *options, "--out", out)
        assert refused.code == 2
        assert "next:" in refused.err
    assert contents(out) == kept
    assert {path.name for path in out.parent.iterdir()} == {"demo"}

    (out / "notes.txt").write_text("mine")
    refused = run("demo", *SMALL, "--out", out)
    assert (1, "") == (refused.code, refused.out)
    assert "no demo made" in refused.err
    assert contents(out) == {**kept, str(out / "notes.txt"): b"mine"}


def _reads_well(text: str, out: Path) -> None:
    """Every line is one of these."""
    uri = r"\S+"
    lines = [
        r"",
        r"15 accounts of the ring were to be found\. In the ranking,",
        r"  of the first +\d+ +\d+ are of the ring \(\d+%\)",
        r"Two hops over reposts would have accused \d+ accounts; \d+ of .* ring \(\d+\.\d%\)\.",
        r"From the seeds alone, not knowing the truth, discovery says:",
        r"  [A-Z].+\.",
        r"In truth 20 accounts belong to the ring(; of the \d+ above the line \d+ (does|do))?\.",
        r"The first that were found, and what says most for them \(\+3: .* likelier\):",
        rf" +\d+  {uri}  \([+-]\d+\.\d, (above the line|suspect|ask first|below)\)",
        r" +\(\+\d+\.\d\) (posted|reposted|liked|used|stands) .+",
        rf"page: {re.escape(str(out))}/demo\.html \(made in \d+ s; open it in a browser\)",
        r"next: leeward discover --data \S+ --seeds \S+ --out ranking\.csv",
    ]
    for line in text.splitlines():
        assert any(re.fullmatch(pattern, line) for pattern in lines), line


def _is_true(out: Path) -> None:
    """The seeds are of the ring, and stand in the ranking as such."""
    truth = pq.read_table(out / "platform" / "truth.parquet").to_pylist()
    roles = {row["account"]: row["role"] for row in truth}
    seeds = [line.removeprefix("account:") for line in (out / "seeds.txt").read_text().split()]
    assert len(seeds) == 5
    assert {roles[seed] for seed in seeds} <= {*RING}
    rows = pq.read_table(out / "ranking.parquet").to_pylist()
    told = {row["account"] for row in rows if row["tier"] == "seed" or row["shield"]}
    assert {*seeds} <= told


def test_the_next_command_that_it_names_works(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("demo", *SMALL, "--out", "here")
    command = said.out.splitlines()[-1].removeprefix("next: leeward ").split()
    again = run(*command)
    assert again.code == 0
    assert (tmp_path / "ranking.csv").exists()


@pytest.mark.parametrize(
    "names", [["notes.txt"], ["data"], ["data", "seeds.txt", "ranking.parquet"], [".hidden"]]
)
def test_a_folder_that_no_demo_made_is_left_alone(
    run: Run, tmp_path: Path, names: list[str]
) -> None:
    """A log of somebody's own has the same names as that of a demo."""
    out = tmp_path / "work"
    for name in names:
        file = out / name if "." in name else out / name / "log" / "hot.db"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
    before = contents(tmp_path)
    said = run("demo", *SMALL, "--out", out)
    assert (1, "") == (said.code, said.out)
    assert "--out" in said.err
    assert contents(tmp_path) == before


def test_an_empty_folder_will_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("demo", *SMALL, "--out", tmp_path / "empty").code == 0


def test_a_place_that_cannot_be_written_is_an_error_of_ours(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = run("demo", *SMALL, "--out", tmp_path / "file" / "demo", "--json")
    assert said.code == 1
    assert "unexpected" not in said.err
    assert json.loads(said.err)["error"]["hint"]
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_more_seeds_than_the_ring_has_are_all_there_are(run: Run, tmp_path: Path) -> None:
    said = run("demo", *SMALL, "--seeds", 1_000, "--out", tmp_path / "demo", "--json")
    assert said.code == 0
    assert said.json["judged"]["hidden"] < 15


def test_it_offers_every_structure() -> None:
    (option,) = (option for option in demo.params if option.name == "structure")
    assert list(STRUCTURES) == list(getattr(option.type, "choices", ()))
