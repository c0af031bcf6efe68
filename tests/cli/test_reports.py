"""What commands tell of their work: in full, in the right unit, and about the right folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

import leeward.cli._ingest as ingest_command
from leeward.cli._options import stamp
from leeward.store import Log, Writer
from leeward.store.tables import SCOPES
from tests.cli.conftest import boat_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]

MAP = """
source = "harbour"
[fields]
object = "call/{call}"
actor = "boat/{boat}"
at = { column = "time", unit = "%s" }
"""


# --- rates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [0, 1, 30, 59.5])
def test_a_steady_rate_is_told_as_it_is_at_any_second_of_a_minute(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, second: float
) -> None:
    """Two events a second for over a day; the tables of rates count by the minute."""
    minute = 40_000_000
    with Writer.open(data) as writer, writer.transaction() as hot:
        hot.db.execute("DELETE FROM rate")
        for past in range(1, 1_441):
            hot.db.execute("INSERT INTO rate VALUES (?, 120)", (minute - past,))
        hot.db.execute("INSERT INTO rate VALUES (?, ?)", (minute, round(2 * second)))
    monkeypatch.setattr("leeward.store._log.time.time", lambda: minute * 60 + second)
    rates = run("status", "--data", data, "--json").json["per_second"]
    assert rates == pytest.approx({"minute": 2, "hour": 2, "day": 2})


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("micros", "expected"),
    [
        (None, None),
        (0, "1970-01-01 00:00:00Z"),
        (-1, "1969-12-31 23:59:59Z"),
        (253_402_300_799_999_999, "9999-12-31 23:59:59Z"),
        (253_402_300_800_000_000, "after the year 9999"),
        (2**63 - 1, "after the year 9999"),
        (10**40, "after the year 9999"),
        (-(2**63), "before the year 1"),
    ],
)
def test_every_time_can_be_shown(micros: int | None, expected: str | None) -> None:
    assert stamp(micros) == expected


def test_the_clock_of_a_hold_is_bounded(run: Run, data: Path) -> None:
    place = ("hold", "place", "boat:1", "--basis", "a letter", "--data", data, "--days")
    assert run(*place, 3_000_000).code == 2
    assert run(*place, 36_501).code == 2
    assert run(*place, 36_500).code == 0
    assert "21" in run("hold", "list", "--data", data, "--json").lines[0]["clock"]


# --- the quarantine ----------------------------------------------------------------------------


@pytest.fixture
def mixed(run: Run, tmp_path: Path) -> Path:
    """A data folder with a table's row in quarantine first, and a line that can enter behind it."""
    (tmp_path / "calls.csv").write_text("call,boat,time\n1,gull,2026-01-02T10:00:00Z\n")
    (tmp_path / "calls.toml").write_text(MAP % "s")
    (tmp_path / "bad.jsonl").write_text('{"keel": 1}\n')
    folder = tmp_path / "data"
    run("ingest", tmp_path / "calls.csv", "--map", tmp_path / "calls.toml", "--data", folder)
    run("ingest", tmp_path / "bad.jsonl", "--data", folder)
    with Writer.open(folder) as writer, writer.transaction() as hot:
        raw = json.dumps(boat_event(1)).encode()
        hot.db.execute("UPDATE quarantine SET raw = ? WHERE format = 'leeward'", (raw,))
    return folder


def test_rows_of_tables_wait_for_their_map_and_do_not_stop_a_replay(run: Run, mixed: Path) -> None:
    first = run("quarantine", "replay", "--data", mixed, "--json")
    assert first.code == 0
    assert (1, 1, 1) == tuple(first.json[name] for name in ("replayed", "waiting", "unmapped"))
    (mixed.parent / "calls.toml").write_text(MAP % "rfc3339")
    map_ = mixed.parent / "calls.toml"
    then = run("quarantine", "replay", "--map", map_, "--data", mixed, "--json").json
    assert (1, 0, 0) == tuple(then[name] for name in ("replayed", "waiting", "unmapped"))


def test_a_row_that_an_erasure_emptied_is_not_said_to_need_a_map(run: Run, mixed: Path) -> None:
    with Writer.open(mixed) as writer, writer.transaction() as hot:
        hot.db.execute("UPDATE quarantine SET raw = x'' WHERE format = 'table'")
    done = run("quarantine", "replay", "--data", mixed, "--json").json
    assert (1, 1, 0) == tuple(done[name] for name in ("replayed", "waiting", "unmapped"))


# --- the audit chain ---------------------------------------------------------------------------


def test_the_audit_list_tells_the_details(run: Run, data: Path) -> None:
    run("hold", "place", "boat:1", "--basis", "a letter of May", "--data", data)
    (entry,) = run("audit", "list", "--data", data, "--json").lines
    assert entry["details"]["basis"] == "a letter of May"
    said = run("audit", "list", "--data", data)
    assert said.out.splitlines()[0].split()[-1] == "details"
    assert '"basis":"a letter of May"' in said.out


# --- an ingest that ends early -----------------------------------------------------------------


@pytest.fixture
def cut_short(tmp_path: Path) -> tuple[Path, Path]:
    """A sound file with a bad line, and one that cannot be read."""
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    first.write_text("".join(json.dumps(boat_event(n)) + "\n" for n in range(3)) + "{}\n")
    second.write_bytes(b"\x1f\x8b no gzip, after all")
    return first, second


def test_a_failed_ingest_tells_what_is_stored(run: Run, cut_short: tuple[Path, Path]) -> None:
    data = cut_short[0].parent / "data"
    said = run("ingest", *cut_short, "--data", data)
    assert (said.code, said.out) == (1, "")
    before, _, after = said.err.partition("error: ")
    assert "3  accepted" in before
    assert "1  quarantined" in before
    assert "b.jsonl.gz" in after
    with Log(data) as log:
        assert log.status().events == 3


def test_a_failed_ingest_tells_it_in_json_beside_the_error(
    run: Run, cut_short: tuple[Path, Path]
) -> None:
    said = run("ingest", *cut_short, "--data", cut_short[0].parent / "data", "--json")
    told = json.loads(said.err)
    assert (said.code, said.out, told["error"]["type"]) == (1, "", "InputError")
    assert (told["summary"]["accepted"], told["summary"]["files"]) == (3, 1)
    assert told["summary"]["adds_up"]


def test_an_ingest_that_stored_nothing_tells_only_the_error(run: Run, tmp_path: Path) -> None:
    said = run("ingest", tmp_path / "nothing.jsonl", "--data", tmp_path / "data", "--json")
    assert (said.code, list(json.loads(said.err))) == (2, ["error"])


@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupted_ingest_tells_what_is_stored(tmp_path: Path, as_json: bool) -> None:
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "leeward", "ingest", "-", "--data", str(folder)]
    child = subprocess.Popen(
        [*command, "--json"] if as_json else command,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    # The end of the input never comes, so the child cannot end before the signal.
    lines = (json.dumps(boat_event(n)) + "\n" for n in range(40_000))
    child.stdin.write("".join(lines))
    child.stdin.flush()
    _wait_until(lambda: _events(folder) > 0)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    stored = _events(folder)
    if as_json:
        told = json.loads(err)
        assert (told["error"]["type"], told["summary"]["accepted"]) == ("Interrupted", stored)
    else:
        assert f"{stored:,}  accepted" in err
        assert err.splitlines()[-1] == "interrupted"


def test_progress_is_plain_lines_where_stderr_is_no_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(boat_event(1)) + "\n")
    for every, expected in ((10.0, 0), (0.0, 2)):
        monkeypatch.setattr(ingest_command, "_EVERY_SECONDS", every)
        said = run("ingest", tmp_path / "in.jsonl", "--data", tmp_path / f"data {every}")
        assert said.code == 0
        assert not {"\r", "\x1b"} & set(said.err)
        assert len(said.err.splitlines()) == expected
    assert said.err.startswith("1 records, 1 accepted, ")


def _events(folder: Path) -> int:
    from leeward.errors import LeewardError

    try:
        with Log(folder) as log:
            return log.status().events
    except LeewardError:
        return 0


def _wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


# --- the right folder --------------------------------------------------------------------------

ON_A_LOG: list[list[str]] = [
    ["hold", "list"],
    ["hold", "place", "boat:1", "--basis", "a letter"],
    ["key", "list"],
    ["key", "revoke", "gateway"],
    ["audit", "list"],
    ["audit", "verify"],
]


@pytest.mark.parametrize("arguments", ON_A_LOG, ids=" ".join)
@pytest.mark.parametrize("settings", [False, True])
def test_a_command_on_a_wrong_folder_leaves_nothing_there(
    run: Run, tmp_path: Path, arguments: list[str], settings: bool
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / ("leeward.toml" if settings else "to-ada.txt")).write_text("")
    said = run(*arguments, "--data", folder, "--json")
    assert (said.code, json.loads(said.err)["error"]["type"]) == (1, "NotALog")
    assert json.loads(said.err)["error"]["hint"]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("names", [[], ["leeward.toml"], ["leeward.toml", "cert.pem"]])
def test_a_key_can_be_made_before_the_first_ingest(
    run: Run, tmp_path: Path, names: list[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("")
    assert run("key", "create", "gateway", "--scope", "match", "--data", folder).code == 0
    assert run("key", "list", "--data", folder, "--json").lines[0]["name"] == "gateway"
    assert run("hold", "list", "--data", folder).code == 0


def test_a_key_is_not_made_among_other_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "to-ada.txt").write_text("ahoy")
    said = run("key", "create", "gateway", "--scope", "match", "--data", tmp_path, "--json")
    assert (said.code, json.loads(said.err)["error"]["type"]) == (1, "NotALog")
    assert [path.name for path in tmp_path.iterdir()] == ["to-ada.txt"]


def test_the_scopes_are_those_of_the_tables(run: Run, data: Path) -> None:
    """The command has no list of its own, and loads the database for none but its own help."""
    said = run("key", "create", "--help")
    assert all(scope in said.out for scope in SCOPES)
    for scope in SCOPES:
        assert run("key", "create", scope, "--scope", scope, "--data", data).code == 0
    code = (
        "import sys; from leeward.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    assert done.stdout.decode().splitlines()[-1] == "False"


def test_a_mistake_in_the_command_line_is_json_too(run: Run, data: Path) -> None:
    said = run("key", "create", "x", "--scope", "everything", "--data", data, "--json")
    error: dict[str, Any] = json.loads(said.err)["error"]
    assert (said.code, error["type"], error["hint"]) == (2, "UsageError", "see --help")
    assert all(scope in error["message"] for scope in SCOPES)
