"""What the commands do, and how they end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from leeward.store import Log, Writer
from tests.cli.conftest import boat_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Said

    Run = Callable[..., Said]


def test_an_ingest_adds_up(run: Run, tmp_path: Path) -> None:
    lines = [json.dumps(boat_event(n)) for n in (1, 2, 2)] + ['{"id": "keel"}', "not json"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    said = run("ingest", tmp_path / "in.jsonl", "--data", tmp_path / "data", "--json")
    counts = said.json
    assert said.code == 0
    assert (2, 1) == (counts["accepted"], counts["repeated"])
    assert sum(counts["quarantined"].values()) == 2
    assert counts["adds_up"]


def test_the_same_file_again_changes_nothing(run: Run, data: Path) -> None:
    again = run("ingest", data.parent / "one.jsonl", "--data", data, "--json").json
    assert (0, 50) == (again["accepted"], again["skipped"])


def test_status_shows_sizes_settings_and_alerts(run: Run, data: Path) -> None:
    (data / "leeward.toml").write_text("[log]\nseal_events = 1234\n")
    (data.parent / "bad.jsonl").write_text('{"keel": 1}\n')
    run("ingest", data.parent / "bad.jsonl", "--data", data)
    said = run("status", "--data", data)
    assert "events      100" in said.out
    assert "log.seal_events = 1234  (file)" in said.out
    assert "ALERT 1 item in quarantine" in said.out
    assert run("status", "--data", data, "--json").json["quarantine"]["waiting"] == 1


def test_what_waits_in_quarantine_is_listed_without_its_bytes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": "canary-7431"}\n')
    run("ingest", tmp_path / "bad.jsonl", "--data", tmp_path / "data")
    said = run("quarantine", "list", "--data", tmp_path / "data")
    assert "bad.jsonl" in said.out
    assert "canary" not in said.out + said.err


def test_a_quarantined_line_enters_after_a_fix(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fix here is a larger bound, as a new version might bring."""
    import leeward.connectors._native as native

    (tmp_path / "in.jsonl").write_text(json.dumps(boat_event(1)) + "\n")
    decode = native.NativeLines.decode
    with monkeypatch.context() as broken:
        broken.setattr(native.NativeLines, "decode", _refuse_everything)
        run("ingest", tmp_path / "in.jsonl", "--data", tmp_path / "data")
    assert native.NativeLines.decode is decode
    first = run("quarantine", "replay", "--data", tmp_path / "data", "--json").json
    again = run("quarantine", "replay", "--data", tmp_path / "data", "--json").json
    assert (1, 0) == (first["replayed"], first["waiting"])
    assert (0, 0) == (again["replayed"], again["waiting"])
    with Log(tmp_path / "data") as log:
        assert len(log.of(account="boat:1")) == 1


def _refuse_everything(_: object, lines: bytes, first_line: int = 1) -> object:
    from collections import Counter

    from leeward.connectors import Decoded
    from leeward.model import admit_events
    from leeward.store import Refused

    refused = [
        Refused(first_line + n, "$", "is too large", line)
        for n, line in enumerate(lines.splitlines())
    ]
    return Decoded(admit_events([]).batch, refused, Counter(), Counter(), len(refused))


def test_a_discarded_item_is_gone_and_on_record(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{not json\n")
    folder = tmp_path / "data"
    run("ingest", tmp_path / "bad.jsonl", "--data", folder)
    number = run("quarantine", "list", "--data", folder, "--json").lines[0]["id"]
    said = run(
        "quarantine", "discard", number, "--reason", "a test", "--as", "Ada", "--data", folder
    )
    assert (0, "1 discarded\n") == (said.code, said.out)
    assert run("quarantine", "list", "--data", folder).out == "nothing waits in quarantine\n"
    entry = run("audit", "list", "--data", folder, "--json").lines[-1]
    assert ("Ada", "quarantine.discard") == (entry["actor"], entry["verb"])


def test_erasing_a_person_leaves_the_others(run: Run, data: Path) -> None:
    said = run("erase", "account:boat:3", "--data", data, "--as", "Ada", "--json")
    assert said.code == 0
    assert (20, 0) == (said.json["events"], said.json["proof"]["content"])
    with Log(data) as log:
        assert log.of(account="boat:3") == []
        assert len(log.of(account="boat:2")) == 20
    assert run("audit", "verify", "--data", data).code == 0


def test_a_dry_run_erases_nothing(run: Run, data: Path) -> None:
    said = run("erase", "boat:3", "--dry-run", "--data", data)
    assert said.out == "20 events hold text or profile of this account\n"
    with Log(data) as log:
        assert len(log.of(account="boat:3")) == 20


def test_a_hold_on_content_stops_an_erasure_until_it_is_released(run: Run, data: Path) -> None:
    run("hold", "place", "boat:3", "--basis", "a letter", "--data", data, "--as", "Ada")
    stopped = run("erase", "boat:3", "--data", data, "--as", "Bo")
    assert stopped.code == 4
    assert "a hold keeps 20 events" in stopped.err
    with Log(data) as log:
        assert len(log.of(account="boat:3")) == 20
    run("hold", "release", 1, "--reason", "withdrawn", "--data", data, "--as", "Ada")
    assert run("erase", "boat:3", "--data", data, "--as", "Bo").code == 0
    with Log(data) as log:
        assert log.of(account="boat:3") == []


def test_a_hold_on_the_skeleton_keeps_who_and_when_without_the_text(run: Run, data: Path) -> None:
    run("hold", "place", "boat:3", "--basis", "a letter", "--keep", "skeleton", "--data", data)
    said = run("erase", "boat:3", "--data", data, "--json").json
    assert (20, 20, 0) == (said["events"], said["skeletons"], said["proof"]["content"])
    with Log(data) as log:
        bare = log.of(account="boat:3")[0]
    assert (None, None, (), None) == (bare.text, bare.folded, bare.tags, bare.extra)
    assert bare.object.startswith("boat:3/post/")


def test_retention_counts_first_and_removes_when_told(run: Run, data: Path) -> None:
    (data / "leeward.toml").write_text('[retention]\npost = "1s"\n')
    run("hold", "place", "boat:1", "--basis", "a letter", "--data", data)
    time.sleep(1.1)  # until the posts are past their second
    counted = run("retain", "--data", data, "--json").json
    assert ({"post": 80}, 20, False) == (counted["removed"], counted["held"], counted["applied"])
    run("retain", "--data", data, "--apply", "--as", "Ada")
    entry = run("audit", "list", "--data", data, "--json").lines[-1]
    assert (entry["actor"], entry["verb"]) == ("Ada", "retention.apply")
    assert entry["details"] == {"removed": {"post": 80}, "held": 20}
    with Log(data) as log:
        assert log.status().events == 20


def test_a_backup_comes_back_with_its_tables_and_settings(run: Run, data: Path) -> None:
    (data / "leeward.toml").write_text("[log]\nseal_events = 4321\n")
    run("key", "create", "gateway", "--scope", "events:write", "--data", data)
    copy, back = data.parent / "copy", data.parent / "back"
    assert run("backup", copy, "--data", data).code == 0
    assert run("restore", copy, "--data", back).code == 0
    with Log(data) as old, Log(back) as new:
        assert [e.id for e in old.of(tag="tide", last=200)] == [
            e.id for e in new.of(tag="tide", last=200)
        ]
        assert new.verify() == 1
    assert run("key", "list", "--data", back, "--json").lines[0]["name"] == "gateway"
    assert "4321" in run("status", "--data", back).out


def test_an_erasure_reaches_the_backup_with_its_next_run(run: Run, data: Path) -> None:
    copy = data.parent / "copy"
    run("backup", copy, "--data", data)
    run("erase", "boat:3", "--data", data)
    run("backup", copy, "--data", data)
    run("restore", copy, "--data", data.parent / "back")
    with Log(data.parent / "back") as log:
        assert log.of(account="boat:3") == []
        assert log.status().events == 80


@pytest.mark.parametrize("name", ["hot.db", "tables.jsonl.zst", "events.parquet"])
def test_a_damaged_backup_restores_nothing(run: Run, data: Path, name: str) -> None:
    copy = data.parent / "copy"
    run("backup", copy, "--data", data)
    victim = next(copy.rglob(name))
    body = bytearray(victim.read_bytes())
    body[len(body) // 2] ^= 1
    victim.write_bytes(body)
    said = run("restore", copy, "--data", data.parent / "back")
    assert said.code == 1
    assert str(victim) in said.err
    assert not any((data.parent / "back").iterdir())


def test_a_backup_never_overwrites_something_else(run: Run, data: Path) -> None:
    (data.parent / "letters").mkdir()
    (data.parent / "letters" / "to-ada.txt").write_text("ahoy")
    said = run("backup", data.parent / "letters", "--data", data)
    assert (1, True) == (said.code, "not a backup of this log" in said.err)
    assert (data.parent / "letters" / "to-ada.txt").read_text() == "ahoy"


def test_a_key_is_shown_once_and_can_be_revoked(run: Run, data: Path) -> None:
    made = run("key", "create", "gateway", "--scope", "events:write", "--data", data, "--json")
    secret = made.json["key"]
    listed = run("key", "list", "--data", data)
    assert secret.startswith("lw_")
    assert secret not in listed.out
    assert run("key", "revoke", "gateway", "--data", data).code == 0
    assert run("key", "list", "--data", data, "--json").lines[0]["revoked"]
    assert not any(secret.encode() in p.read_bytes() for p in data.rglob("*") if p.is_file())


def test_the_audit_chain_shows_a_change(run: Run, data: Path) -> None:
    import sqlite3

    run("hold", "place", "boat:1", "--basis", "a letter", "--data", data)
    assert run("audit", "verify", "--data", data).code == 0
    with sqlite3.connect(data / "leeward.db") as db:
        db.execute("UPDATE audit SET actor = 'Somebody Else' WHERE seq = 1")
    db.close()
    said = run("audit", "verify", "--data", data)
    assert (1, True) == (said.code, "entry 1" in said.err)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["status", "--data", "{tmp}/nowhere"], 1, "no event log here"),
        (["ingest", "{tmp}/nothing.jsonl", "--data", "{tmp}/d"], 2, "no such file"),
        (["ingest", "--data", "{tmp}/d"], 2, "Missing argument"),
        (["sail"], 2, "No such command"),
        (["key", "create", "x", "--scope", "everything", "--data", "{tmp}"], 2, "events:write"),
        (["restore", "{tmp}", "--data", "{tmp}/d"], 1, "no finished backup"),
    ],
)
def test_an_error_says_what_to_do_and_ends_with_its_code(
    run: Run, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    said = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert (code, "") == (said.code, said.out)
    assert words.lower() in said.err.lower()


def test_an_error_is_json_where_json_was_asked_for(run: Run, tmp_path: Path) -> None:
    said = run("status", "--data", tmp_path / "nowhere", "--json")
    error = json.loads(said.err)["error"]
    assert ("NotALog", True) == (error["type"], bool(error["hint"]))


def test_a_second_writer_is_told_who_writes(run: Run, data: Path) -> None:
    with Writer.open(data):
        said = run("seal", "--data", data)
    assert said.code == 1
    assert f"process {os.getpid()}" in said.err


def test_a_missing_database_server_ends_with_three(run: Run, data: Path) -> None:
    (data / "leeward.toml").write_text(
        '[tables]\nurl = "postgresql+psycopg://ada@127.0.0.1:1/boats"\n'
    )
    said = run("key", "list", "--data", data)
    assert said.code == 3
    assert "Traceback" not in said.err


def test_an_unexpected_fault_shows_no_content(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("canary-9944")

    monkeypatch.setattr("leeward.store.Log.status", fail)
    said = run("status", "--data", data)
    assert said.code == 1
    assert "fault in Leeward" in said.err
    assert "canary" not in said.err


def test_an_interrupted_ingest_is_finished_by_the_same_command(run: Run, tmp_path: Path) -> None:
    """SIGINT in the middle ends with 130; the second run adds exactly the rest."""
    count = 60_000
    with (tmp_path / "in.jsonl").open("w") as file:
        for number in range(count):
            file.write(json.dumps(boat_event(number, f"boat:{number % 97}")) + "\n")
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "leeward", "ingest", "-", "--data", str(folder), "--json"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stderr is not None
    body = (tmp_path / "in.jsonl").read_bytes()
    # The child is left waiting for the rest of its input, so it cannot end before the signal.
    child.stdin.write(body[: len(body) * 3 // 4])
    child.stdin.flush()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _last_seq(folder):
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    child.stdin.close()
    assert child.wait(60) == 130
    child.stderr.close()
    before = _last_seq(folder)
    assert 0 < before < count
    rest = run("ingest", tmp_path / "in.jsonl", "--data", folder, "--json").json
    assert rest["adds_up"]
    assert (count, before + rest["accepted"]) == (_last_seq(folder), count)


def _last_seq(folder: Path) -> int:
    from leeward.errors import LeewardError

    try:
        with Log(folder) as log:
            return log.status().last_seq
    except LeewardError:
        return 0


@contextlib.contextmanager
def serving(data: Path) -> Iterator[None]:
    """A server of this data folder, as a process of its own."""
    command = [sys.executable, "-m", "leeward", "serve", "--data", str(data), "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        for line in server.stderr:
            if "listening on" in line:
                break
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        server.stderr.close()


def test_a_running_server_carries_an_erasure_out(run: Run, data: Path) -> None:
    with serving(data):
        said = run("erase", "boat:3", "--data", data, "--as", "Ada", "--json")
        assert (0, 20) == (said.code, said.json["events"])
        with Log(data) as log:
            assert log.of(account="boat:3") == []


def test_erasing_a_person_takes_the_profile_that_somebody_else_wrote(
    run: Run, tmp_path: Path
) -> None:
    """An administrator's act on an account describes that account; here it is sealed already."""
    profile = boat_event(1, "harbour-master", "a profile") | {
        "id": "harbour:boat:3@2#update",
        "kind": "account",
        "op": "update",
        "object": "boat:3",
    }
    (tmp_path / "in.jsonl").write_text(json.dumps(profile) + "\n")
    folder = tmp_path / "data"
    run("ingest", tmp_path / "in.jsonl", "--data", folder)
    run("seal", "--data", folder)
    said = run("erase", "boat:3", "--data", folder, "--json")
    assert (0, 1, 0) == (said.code, said.json["events"], said.json["proof"]["content"])


def test_what_an_erasure_emptied_still_waits_after_a_replay(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"actor": "boat:3", "text": "ahoy"}\n')
    folder = tmp_path / "data"
    run("ingest", tmp_path / "bad.jsonl", "--data", folder)
    run("erase", "boat:3", "--data", folder)
    replayed = run("quarantine", "replay", "--data", folder, "--json").json
    assert (0, 1) == (replayed["replayed"], replayed["waiting"])
    assert run("quarantine", "list", "--data", folder, "--json").lines[0]["bytes"] == 0


def test_a_hold_is_in_force_with_the_kind_before_its_uri(run: Run, data: Path) -> None:
    assert run("hold", "place", "account:boat:3", "--basis", "a letter", "--data", data).code == 0
    assert run("erase", "boat:3", "--data", data).code == 4
    with Log(data) as log:
        assert len(log.of(account="boat:3")) == 20


def test_a_hold_on_what_nobody_names_is_remarked_upon(run: Run, data: Path) -> None:
    said = run("hold", "place", "boat:33", "--basis", "a letter", "--data", data)
    assert (said.code, "no event in the log names this URI" in said.err) == (0, True)
    assert run("hold", "place", "boat:3", "--basis", "a letter", "--data", data).err == ""


@pytest.mark.parametrize("subject", ["boat:99", "post:boat:3/post/3", "tag:tide"])
def test_what_is_no_account_here_cannot_be_erased(run: Run, data: Path, subject: str) -> None:
    assert run("erase", subject, "--data", data).code == 2
    assert run("audit", "list", "--data", data).out == "the audit chain is empty\n"


def test_the_counts_of_an_erasure_in_two_runs_add_up(run: Run, data: Path) -> None:
    run("hold", "place", "post:boat:3/post/3", "--basis", "a letter", "--data", data)
    assert run("erase", "boat:3", "--data", data).code == 4
    run("hold", "release", 1, "--reason", "withdrawn", "--data", data)
    assert run("erase", "boat:3", "--data", data, "--json").json["events"] == 20


def test_a_running_server_says_that_a_hold_stops_an_erasure(run: Run, data: Path) -> None:
    run("hold", "place", "boat:3", "--basis", "a letter", "--data", data)
    with serving(data):
        assert run("erase", "boat:3", "--data", data).code == 4
        run("hold", "release", 1, "--reason", "withdrawn", "--data", data)
        assert run("erase", "boat:3", "--data", data, "--json").json["events"] == 20
