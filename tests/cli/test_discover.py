"""``leeward discover``: what it says, what it writes, and how it ends."""

from __future__ import annotations

import json
import re
import stat
import sys
from typing import TYPE_CHECKING

import msgspec
import pyarrow.parquet as pq
import pytest

from leeward.pipeline import RANKING_SCHEMA
from tests.network._events import event
from tests.network._harbour import harbour
from tests.network._quay import quay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.model import Event
    from tests.cli.conftest import Said

    Run = Callable[..., Said]


def ingested(run: Run, folder: Path, events: list[Event]) -> Path:
    """A data folder with some events."""
    sent = [msgspec.structs.replace(e, seq=None, seen=None) for e in events]
    (folder / "in.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, sent)))
    assert run("ingest", folder / "in.jsonl", "--data", folder / "data").code == 0
    return folder / "data"


@pytest.fixture
def here(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log in ``data`` and two seeds in ``seeds.txt``, where one works."""
    ingested(run, tmp_path, quay())
    (tmp_path / "in.jsonl").unlink()
    (tmp_path / "seeds.txt").write_text("# confirmed\naccount:ada\nben\toffender\t1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


USUAL = ("discover", "--data", "data", "--seeds", "seeds.txt", "--out")


def test_it_says_what_it_found(run: Run, here: Path) -> None:
    said = run(*USUAL, "ranking.parquet")
    assert (0, "") == (said.code, said.err)
    lines = said.out.splitlines()
    assert lines[0].startswith("Nothing could be checked: that takes at least 4 confirmed")
    assert lines[2:6] == [
        "",
        "         127  events of 39 accounts",
        "           2  seeds",
        "          39  accounts with a score",
    ]
    assert "          37  accounts that two hops over reposts would accuse" in lines
    assert said.out.count("Nothing could be checked") == 1
    assert lines[-1] == "ranking: ranking.parquet"
    assert "minor" not in said.out
    assert pq.read_schema("ranking.parquet") == RANKING_SCHEMA


def test_each_of_the_first_ten_comes_with_what_weighs_most(run: Run, here: Path) -> None:
    said = run(*USUAL, "ranking.json")
    rows = json.loads((here / "ranking.json").read_bytes())
    expected = []
    others = [row for row in rows if row["tier"] != "seed"][:10]
    wide = max(len(row["tier"]) for row in others)
    for row in others:
        head = f"{row['rank']:>5}  {row['tier']:<{wide}}  {row['account']}  ({row['score']:+.1f})"
        own = [one for one in row["evidence"] if one["kind"] != "base rate"]
        pieces = [one for one in own if abs(one["weight"]) >= 0.05][:2]
        expected += [head, *(f"{one['weight']:+.1f}|{one['words']}" for one in pieces)]
    text = said.out.splitlines()
    begin = text.index(expected[0])
    shown = [
        line if line[4] != " " else line.strip().replace("(", "", 1).replace(") ", "|", 1)
        for line in text[begin : begin + len(expected)]
    ]
    assert shown == expected


def test_what_may_be_relied_on_stands_first(run: Run, tmp_path: Path) -> None:
    data = ingested(run, tmp_path, harbour())
    (tmp_path / "seeds.txt").write_text("".join(f"ring/{i}\n" for i in range(10)))
    usual = ("discover", "--data", data, "--seeds", tmp_path / "seeds.txt", "--out")
    said = run(*usual, tmp_path / "r.csv")
    first, second, *rest = said.out.splitlines()
    assert re.fullmatch(r"Of your own 10 seeds it would have found \d+ in the first \S+, .*", first)
    assert re.fullmatch(r"About \S+ accounts are estimated .* from \S+ to \S+\.", second)
    assert "" in rest[:2]
    listed = re.compile(r" +\d+  (suspect|ask first|above the line) ")
    row = next(line for line in rest if listed.match(line))
    assert re.search(r"\([+-]\d+\.\d, (<1%|\d+%|>99%)\)$", row)
    figures = run(*usual, tmp_path / "r.csv", "--json").json["figures"]
    assert {"found", "of", "within"} == {*figures["own"]}
    assert {"estimate", "low", "high"} == {*figures["size"]}
    assert figures["abstained"] is None


def test_priors_are_read_from_a_file(run: Run, here: Path) -> None:
    text = "source,subject,log_odds\nharbour watch,account:gale,2.5\nwatch,canary,-1\n"
    (here / "priors.csv").write_text(text)
    said = run(*USUAL, "r.json", "--priors", "priors.csv")
    assert said.code == 0
    assert "1  prior, 1 more is not in the log" in said.out
    assert "note: 1 of 2 priors is about what is not in the log and was left out." in said.out
    assert "canary" not in said.out
    rows = {row["account"]: row for row in json.loads((here / "r.json").read_bytes())}
    pieces = {piece["kind"]: piece for piece in rows["gale"]["evidence"]}
    assert pieces["priors"]["weight"] == 2.5
    assert pieces["priors"]["words"] == "said that it belongs: harbour watch"


@pytest.mark.parametrize(
    ("text", "code", "problem"),
    [
        ("subject,log_odds,source\nada,1,watch\ncanary,30,watch\n", 1, "priors.csv, line 3"),
        ("subject,log_odds,source\ncanary,1\n", 1, "priors.csv, line 2"),
        ("subject,source\ncanary,watch\n", 1, "no column log_odds"),
    ],
)
def test_priors_that_cannot_be_used_end_it(
    run: Run, here: Path, text: str, code: int, problem: str
) -> None:
    (here / "priors.csv").write_text(text)
    said = run(*USUAL, "r.json", "--priors", "priors.csv")
    assert (code, "") == (said.code, said.out)
    assert problem in said.err
    assert "next:" in said.err
    assert "canary" not in said.err
    assert not (here / "r.json").exists()


def test_json_is_one_object(run: Run, here: Path) -> None:
    said = run(*USUAL, "ranking.json", "--page", "page.html", "--limit", 5, "--json")
    assert (0, "") == (said.code, said.err)
    assert {"figures", "notes", "ranking", "page"} == {*said.json}
    figures = said.json["figures"]
    assert (2, 39) == (figures["seeds"], figures["scored"])
    assert (figures["own"], figures["size"], figures["abstained"]) == (None, None, None)
    assert ("ranking.json", "page.html") == (said.json["ranking"], said.json["page"])
    rows = json.loads((here / "ranking.json").read_bytes())
    assert [1, 2, 3, 4, 5] == [row["rank"] for row in rows]
    assert run(*USUAL, "r.csv", "--json").json["page"] is None


def test_only_the_owner_may_read_what_it_writes(run: Run, here: Path) -> None:
    run(*USUAL, "ranking.csv", "--page", "page.html")
    for name in ("ranking.csv", "page.html"):
        assert stat.S_IMODE((here / name).stat().st_mode) == 0o600
    text = (here / "page.html").read_text() + (here / "ranking.csv").read_text()
    assert "cleo" in text
    assert "minor" not in text.lower()


def test_shields_are_read_from_a_file(run: Run, here: Path) -> None:
    (here / "shields.txt").write_text(
        "\ufeff# people who helped\naccount:cleo\treporter\n\ngale\t critic \nnobody\tchild\n"
    )
    said = run(*USUAL, "r.json", "--shields", "shields.txt")
    assert said.code == 0
    assert "note: 1 of 3 shields names an account that is not in the log." in said.out
    rows = {row["account"]: row for row in json.loads((here / "r.json").read_bytes())}
    assert ("shielded", "reporter") == (rows["cleo"]["tier"], rows["cleo"]["shield"])
    assert ("shielded", "critic") == (rows["gale"]["tier"], rows["gale"]["shield"])


@pytest.mark.parametrize("line", ["canary", "canary\t", "\treporter", "canary\ta\tb"])
def test_a_bad_line_of_shields_is_named(run: Run, here: Path, line: str) -> None:
    (here / "shields.txt").write_text(f"cleo\treporter\n{line}\n")
    said = run(*USUAL, "r.json", "--shields", "shields.txt")
    assert said.code == 1
    assert "shields.txt, line 2" in said.err
    assert "canary" not in said.err
    assert not (here / "r.json").exists()


def test_unknown_seeds_are_counted(run: Run, here: Path) -> None:
    (here / "seeds.txt").write_text("ada\nben\ncanary\n")
    said = run(*USUAL, "r.csv")
    assert said.code == 0
    assert "2  seeds, 1 more is not in the log" in said.out
    assert "canary" not in said.out


@pytest.mark.parametrize(
    ("seeds", "code", "problem"),
    [
        ("canary\n", 2, "the log knows none of the offending seeds"),
        ("", 2, "no seed is given"),
        ("ada\tinnocent\n", 2, "all seeds are given as innocent"),
        ("ada\n\ncanary\tguilty\n", 1, "seeds.txt, line 3"),
        ("ada\ncanary\t\t-1\n", 1, "seeds.txt, line 2"),
        ("ada\noffender\nada\tinnocent\n", 1, "seeds.txt, line 3"),
    ],
)
def test_seeds_that_cannot_be_used_end_it(
    run: Run, here: Path, seeds: str, code: int, problem: str
) -> None:
    (here / "seeds.txt").write_text(seeds)
    said = run(*USUAL, "r.csv")
    assert (code, "") == (said.code, said.out)
    assert problem in said.err
    assert "next:" in said.err
    assert "canary" not in said.err
    assert not (here / "r.csv").exists()


def test_a_file_of_an_editor_with_a_mark_at_its_beginning_is_read(run: Run, here: Path) -> None:
    (here / "seeds.txt").write_bytes(b"\xef\xbb\xbfaccount:ada\r\nben\r\n")
    assert run(*USUAL, "r.csv", "--json").json["figures"]["seeds"] == 2


def test_a_file_that_is_no_text_is_refused(run: Run, here: Path) -> None:
    (here / "seeds.txt").write_bytes("account:ada\n".encode("utf-16"))
    said = run(*USUAL, "r.csv")
    assert said.code == 1
    assert "UTF-8" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("--data", "nowhere", "--seeds", "seeds.txt", "--out", "r.csv"), 1, "no event log"),
        (("--data", "data", "--seeds", "none.txt", "--out", "r.csv"), 2, "none.txt"),
        (("--data", "data", "--seeds", "seeds.txt"), 2, "--out"),
        (("--data", "data", "--seeds", "seeds.txt", "--out", "r.txt"), 2, ".parquet, .csv, .json"),
        (("--data", "data", "--seeds", "seeds.txt", "--out", "no/r.csv"), 2, "no such folder"),
        (
            ("--data", "data", "--seeds", "seeds.txt", "--out", "r.csv", "--page", "no/p.html"),
            2,
            "no such folder",
        ),
        (("--data", "data", "--seeds", "seeds.txt", "--out", "r.csv", "--limit", "0"), 2, "limit"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_done(
    run: Run, here: Path, arguments: tuple[str, ...], code: int, problem: str
) -> None:
    before = sorted(here.rglob("*"))
    said = run("discover", *arguments)
    assert (code, "") == (said.code, said.out)
    assert problem in said.err
    assert sorted(here.rglob("*")) == before
    as_json = run("discover", *arguments, "--json")
    assert (code, "") == (as_json.code, as_json.out)
    assert json.loads(as_json.err)["error"]["message"]


def test_a_terminal_is_told_of_progress_and_left_clean(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as terminal:
        terminal.setattr(sys.stderr, "isatty", lambda: True)
        said = run(*USUAL, "r.csv")
        silent = run(*USUAL, "r.csv", "--json")
    assert "searching" in said.err
    assert said.err.endswith("\r\x1b[K")
    assert "\x1b" not in said.out
    assert silent.err == ""


def test_an_error_stands_on_a_line_of_its_own(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "seeds.txt").write_text("nobody\n")
    with monkeypatch.context() as terminal:
        terminal.setattr(sys.stderr, "isatty", lambda: True)
        said = run(*USUAL, "r.csv")
    assert "\r\x1b[Kerror: the log knows none" in said.err


def test_names_cannot_command_the_terminal(run: Run, tmp_path: Path) -> None:
    """Names may turn the direction of a line, or begin a command of a terminal."""
    odd = "cleo\u202e\x9b2J"
    data = ingested(
        run,
        tmp_path,
        [
            event("post", 1, "ada", "p/1", tags=("re\u202eef",)),
            event("repost", 2, odd, target="p/1"),
            event("post", 3, odd, "p/3", tags=("re\u202eef",)),
        ],
    )
    (tmp_path / "seeds.txt").write_text("ada\n")
    out = tmp_path / "r.json"
    said = run("discover", "--data", data, "--seeds", tmp_path / "seeds.txt", "--out", out)
    assert said.code == 0
    assert "cleo<U+202E><U+009B>2J" in said.out
    assert all(c.isprintable() or c == "\n" for c in said.out)
    assert odd in {row["account"] for row in json.loads(out.read_bytes())}
