"""``leeward bank sync``: from exchanges into banks, as an operator sees it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import boat_event
from tests.connectors._exchange_servers import PASSWORD, USER, Answer, Clock, NcmecServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


def value(number: int) -> str:
    """A made-up PDQ value."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" * 4


def lines(numbers: range) -> str:
    return "algorithm,value\n" + "".join(f"pdq,{value(n)}\n" for n in numbers)


@pytest.fixture
def folder(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a log, the bank `harbour` and the exchange `pilots` of one file."""
    data = tmp_path / "data"
    monkeypatch.setenv("LEEWARD_AS", "Ada Example")
    monkeypatch.setenv("LEEWARD_DATA", str(data))
    (tmp_path / "one.jsonl").write_text(json.dumps(boat_event(1)) + "\n")
    assert run("ingest", tmp_path / "one.jsonl").code == 0
    made = run("bank", "create", "harbour", "--meaning", "illegal_verified", "--source", "a list")
    assert made.code == 0
    (data / "pilots.csv").write_text(lines(range(1, 4)))
    settings(data, PILOTS)
    return data


PILOTS = '[exchanges.pilots]\nkind = "files"\nbank = "harbour"\npath = "pilots.csv"\n'


def settings(data: Path, *tables: str) -> None:
    (data / "leeward.toml").write_text("\n".join(tables))


@pytest.fixture
def ncmec(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NcmecServer]:
    """A server that lists two pictures; the settings name it `hotline`."""
    monkeypatch.setenv("HOTLINE_USER", USER)
    monkeypatch.setenv("HOTLINE_PASSWORD", PASSWORD)
    with NcmecServer(Clock(time.time() - 3_600)) as server:
        for number in (11, 12):
            server.put("42", f"boat{number}", {"pdq": value(number)})
        server.clock.now = time.time()
        hotline = f"""[exchanges.hotline]
kind = "ncmec"
bank = "harbour"
address = "{server.address}"
user_env = "HOTLINE_USER"
password_env = "HOTLINE_PASSWORD"
"""
        settings(folder, PILOTS, hotline)
        yield server


def test_a_list_is_read_and_followed(folder: Path, run: Run) -> None:
    said = run("bank", "sync")
    assert said.code == 0
    assert said.out.startswith("pilots: 3 added, 0 withdrawn, 0 repeated; read until 20")
    (folder / "pilots.csv").write_text(lines(range(2, 6)))
    row = run("bank", "sync", "pilots", "--json").json["exchanges"][0]
    assert (row["added"], row["withdrawn"], row["repeated"]) == (2, 1, 2)
    assert (row["exchange"], row["bank"], row["whole"]) == ("pilots", "harbour", True)
    shown = run("bank", "show", "harbour", "--json").json
    assert [count["standing"] for count in shown["counts"]] == [4]
    verbs = [each["verb"] for each in run("audit", "list", "--json").lines]
    assert verbs.count("bank.sync") == 2


def test_an_exchange_is_read_with_secrets_from_the_environment_and_hears_what_a_person_found(
    ncmec: NcmecServer, run: Run
) -> None:
    row = run("bank", "sync", "hotline", "--json").json["exchanges"][0]
    assert row["added"] == 2
    said = run("bank", "feedback", "harbour", "--entry", 1, "--opinion", "affirmative")
    assert said.code == 0
    assert "feedback" not in run("bank", "sync", "hotline", "--json").json["exchanges"][0]
    assert not ncmec.feedback

    for sent in ([1], []):
        row = run("bank", "sync", "hotline", "--feedback", "--json").json["exchanges"][0]
        assert row["feedback"] == {"sent": sent, "refused": []}
    assert len(ncmec.feedback) == 1


def test_one_that_is_down_does_not_keep_the_others_from_being_read(
    ncmec: NcmecServer, run: Run
) -> None:
    ncmec.faults.extend([Answer(b"", 403)] * 9)
    said = run("bank", "sync")
    assert said.code == 3
    assert said.out == ""
    assert "pilots: 3 added" in said.err
    assert "hotline: failed: " in said.err
    again = run("bank", "sync", "--json")
    told = json.loads(again.err)
    assert again.code == 3
    assert told["error"]["type"] == "DependencyDown"
    assert ["error" in row for row in told["exchanges"]] == [False, True]
    assert PASSWORD not in said.err + again.err


def test_a_list_that_lost_most_of_its_lines_needs_a_person(folder: Path, run: Run) -> None:
    (folder / "pilots.csv").write_text(lines(range(1, 301)))
    assert run("bank", "sync").code == 0
    (folder / "pilots.csv").write_text(lines(range(1, 11)))
    refused = run("bank", "sync", "--json")
    assert refused.code == 4
    assert "290 of 300" in json.loads(refused.err)["error"]["message"]

    row = run("bank", "sync", "--allow-mass-withdrawal", "--json").json["exchanges"][0]
    assert row["withdrawn"] == 290


def test_what_a_person_withdrew_is_told_and_stays_so(folder: Path, run: Run) -> None:
    run("bank", "sync")
    run("bank", "withdraw", "harbour", "--entry", 1, "--reason", "a gull")
    (folder / "pilots.csv").write_text(lines(range(1, 5)))
    assert "pilots: 1 stay withdrawn, as a person decided" in run("bank", "sync").out


@pytest.mark.parametrize(
    ("table", "names", "problem"),
    [
        ("", (), "the settings name no exchange"),
        (PILOTS, ("ferry",), "no such exchange"),
        (PILOTS.replace('bank = "harbour"\n', ""), (), "which bank"),
        (PILOTS.replace("harbour", "pier"), (), "no bank of that name"),
        ('[exchanges.shield]\nkind = "arachnid"\n', (), "the settings name no exchange"),
        (PILOTS + 'proxy = "x"\n', (), "exchanges.pilots.proxy"),
    ],
)
def test_what_is_not_set_up_is_named(
    folder: Path, run: Run, table: str, names: tuple[str, ...], problem: str
) -> None:
    settings(folder, table)
    said = run("bank", "sync", *names)
    assert said.code == 2
    assert problem in said.err


def test_an_exchange_that_is_not_read_any_more_is_an_alert(folder: Path, run: Run) -> None:
    alert = "ALERT the exchange pilots has never been read to its end; see `leeward bank sync`"
    assert alert in run("status").out
    run("bank", "sync")
    status = run("status")
    assert "ALERT" not in status.out
    assert "exchange    pilots into harbour, last read to its end: 20" in status.out
    assert "exchanges.pilots.allowed_age = 1d" in status.out
    settings(folder, PILOTS + 'allowed_age = "1s"\n')
    time.sleep(1.1)
    body = run("status", "--json").json
    assert body["exchanges"][0]["stale"]
    assert body["alerts"] == [
        "the exchange pilots was last read to its end 1 s ago; see `leeward bank sync`"
    ]
