"""The settings file: what may stand in it, what is in force, and what a mistake is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import NoPermission, SettingsError
from leeward.model import Age, Kind, Settings, in_force, settings_of
from leeward.store import SETTINGS_FILE, read_settings

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = """
[log]
seal_events = 1_000
queue_events = 2_000
quarantine_bytes = 3_000

[retention]
like = "36h"
post = "90d"

[server]
host = "::1"
port = 0
max_body_bytes = 5_000
key_cache_seconds = 0

[tables]
url = "postgresql+psycopg://harbour@db.example:5433/boats"
password_env = "HARBOUR_PASSWORD"

[banks]
flood_matches = 10
flood_window = "2h"
flood_times = 3
positions = "one"
video_bank_percent = 50
video_query_percent = 20

[fetch]
max_age = "2d"
workers = 3
hashers = 2
attempts = 4
first_wait = "1m"
longest_wait = "1h"
waiting = 500

[scoring]
on = false
"""


def read(folder: Path, text: str) -> Settings:
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return read_settings(folder)


def refused(folder: Path, text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    assert str(folder / SETTINGS_FILE) in str(caught.value.where)
    return caught.value


# --- what is in force --------------------------------------------------------------------------


def test_without_a_file_the_defaults_are_in_force(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert settings == Settings()
    assert {line.origin for line in in_force(settings)} == {"default"}
    values = {line.key: line.value for line in in_force(settings)}
    assert values["log.quarantine_bytes"] == 2**30
    assert values["log.seal_events"] == 500_000
    assert values["retention.post"] is None
    assert (values["server.host"], values["server.port"]) == ("127.0.0.1", 8480)
    assert values["tables.url"] == "sqlite:///leeward.db"


def test_a_folder_that_is_not_there_has_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "missing") == Settings()


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path, EVERYTHING)
    assert settings.log.seal_events == 1_000
    assert settings.retention.ages() == {"like": 36 * 3_600, "post": 90 * 86_400}
    assert settings.server.host == "::1"
    assert settings.tables.password_env == "HARBOUR_" + "PASSWORD"
    lines = in_force(settings)
    unset = {line.key for line in lines if line.origin == "default"}
    kinds = {"account", "media", "repost", "follow", "hashtag", "poll", "flag"}
    assert unset == {f"retention.{kind}" for kind in kinds}
    assert ("retention.post", "90d", "file") in lines
    assert len(lines) == 32


def test_a_value_that_equals_the_default_is_still_the_files(tmp_path: Path) -> None:
    lines = in_force(read(tmp_path, "[server]\nport = 8480\n"))
    assert [line for line in lines if line.origin == "file"] == [("server.port", 8480, "file")]


def test_what_is_in_force_can_be_written_as_json() -> None:
    lines = in_force(Settings())
    assert json.loads(json.dumps(lines)) == [list(line) for line in lines]


def test_a_signal_is_named_and_its_kind_is_one_that_there_is(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[signals.harbour-words]\nkind = 'lexicon'\npath = 'words.csv'\n"
        "[signals.template]\non = false\n",
    )
    assert settings.signals["harbour-words"].path == "words.csv"
    assert not settings.signals["template"].on
    lines = [line for line in in_force(settings) if line.key.startswith("signals.")]
    assert ("signals.template.on", "false", "file") in lines
    error = refused(tmp_path, "[signals.harbour-words]\nkind = 'mooring'\n")
    assert "lexicon" in str(error)
    assert "mooring" not in str(error)


def test_an_exchange_is_in_force_with_what_concerns_it(tmp_path: Path) -> None:
    text = """
[exchanges.pier-2]
kind = "ncmec"
bank = "boats"
address = "https://ada:s3cret@pier.example/lists"
user_env = "PIER_USER"
password_env = "PIER_PASSWORD"
members = ["north", "south"]
allowed_age = "90m"

[exchanges.jetty]
kind = "files"
"""
    settings = read(tmp_path, text)
    assert settings.exchanges["pier-2"].allowed_age == 5_400
    lines = [line for line in in_force(settings) if line.key.startswith("exchanges")]
    assert [(key.rpartition(".")[2], value, origin) for key, value, origin in lines] == [
        ("kind", "ncmec", "file"),
        ("bank", "boats", "file"),
        ("address", "https://ada:***@pier.example/lists", "file"),
        ("user_env", "PIER_USER", "file"),
        ("password_env", "PIER_PASSWORD", "file"),
        ("members", '["north","south"]', "file"),
        ("allowed_age", "90m", "file"),
        ("kind", "files", "file"),
        ("allowed_age", "1d", "default"),
    ]
    assert "s3cret" not in repr(settings)


def test_every_kind_of_event_has_its_retention() -> None:
    ages = dict.fromkeys(get_args(Kind), "1d")
    assert settings_of({"retention": ages}).retention.ages() == dict.fromkeys(ages, 86_400)


# --- ages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("15m", 900), ("36h", 129_600), ("90d", 7_776_000), ("2w", 1_209_600)],
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert Age.parse(text) == seconds


@given(st.integers(1, 10**9 - 1))
def test_an_age_is_shown_as_it_can_be_written(seconds: int) -> None:
    assert Age.parse(str(Age(seconds))) == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "d", "0d", "-1d", "1.5d", "90 d", "90D", "1y", "٣d", "90d\n", "1" * 10 + "d"]
)
def test_anything_else_is_no_age(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, f"[retention]\npost = {json.dumps(text)}\n")
    assert error.message == (
        "the setting `retention.post` cannot be used: "
        "expected a number and a unit (w, d, h, m or s), as `90d`"
    )


@pytest.mark.parametrize("value", ["90", "true", "1.5", "[]", "{}", "2026-01-02"])
def test_an_age_is_text(tmp_path: Path, value: str) -> None:
    error = refused(tmp_path, f"[retention]\npost = {value}\n")
    assert error.message.startswith("the setting `retention.post` cannot be used: expected a num")


# --- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[log]\nseal_event = 5\n",
            "`log.seal_event` is not a setting",
            "did you mean `log.seal_events`?",
        ),
        (
            "[tables]\nzzz = 5\n",
            "`tables.zzz` is not a setting",
            "[tables] has: url, password_env",
        ),
        (
            "[ferry]\nlength = 5\n",
            "`ferry` is not a setting",
            (
                "the groups are: [log], [retention], [server], [tables], [banks], [fetch], "
                "[scoring], [exchanges], [origins], [signals]"
            ),
        ),
        (
            "[sever]\nport = 5\n",
            "`sever` is not a setting",
            "did you mean [server]?",
        ),
        (
            '[log]\n"two\\nlines" = 5\n',
            "a key is not a setting",
            "[log] has: seal_events, queue_events, quarantine_bytes",
        ),
        (
            "given = []\n",
            "`given` is not a setting",
            (
                "the groups are: [log], [retention], [server], [tables], [banks], [fetch], "
                "[scoring], [exchanges], [origins], [signals]"
            ),
        ),
        (
            "[log]\nseal_events = '5'\n",
            "the setting `log.seal_events` cannot be used: expected `int`, got `str`",
            "correct its value, or take the line out to get the default",
        ),
        (
            "[log]\nseal_events = 0\n",
            "the setting `log.seal_events` cannot be used: expected `int` >= 1",
            "correct its value, or take the line out to get the default",
        ),
        (
            "[server]\nport = 70_000\n",
            "the setting `server.port` cannot be used: expected `int` <= 65535",
            "correct its value, or take the line out to get the default",
        ),
        (
            "[exchanges.pier]\nkind = 'files'\nallowed = '2h'\n",
            "`exchanges.pier.allowed` is not a setting",
            "did you mean `exchanges.pier.allowed_age`?",
        ),
        (
            "[exchanges.pier]\nkind = 's3cret'\n",
            (
                "the setting `exchanges.pier.kind` cannot be used: "
                "expected one of ncmec, stopncii, threatexchange, arachnid, files"
            ),
            "correct its value, or take the line out to get the default",
        ),
        (
            "[exchanges.pier]\nbank = 'harbour'\n",
            "the setting `exchanges.pier` cannot be used: object missing required field `kind`",
            "correct its value, or take the line out to get the default",
        ),
        (
            "[exchanges.'Pier 2']\nkind = 'files'\n",
            (
                "the setting `exchanges` cannot be used: "
                "expected names of at most 64 small letters, digits, - and _"
            ),
            "correct its value, or take the line out to get the default",
        ),
        (
            "[exchanges]\npier = 5\n",
            "the setting `exchanges.pier` cannot be used: expected `object`, got `int`",
            "correct its value, or take the line out to get the default",
        ),
        (
            "exchanges = 5\n",
            "the setting `exchanges` cannot be used: expected `object`, got `int`",
            "correct its value, or take the line out to get the default",
        ),
        (
            "log = 5\n",
            "the setting `log` cannot be used: expected `object`, got `int`",
            "correct its value, or take the line out to get the default",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_to_do(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    error = refused(tmp_path, text)
    assert (error.message, error.hint) == (message, hint)
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"[log]\nseal_events = s3cret\n", ", line 2, column 15"),
        (b"[log]\nseal_events = 5\nseal_events = 6\n", ", line 3, column 16"),
        (b"[log]\n'seal", ", end of document"),
        (b"[log]\n=\n", ", line 2, column 1"),
        (b"[log]\nseal_events = \xff\n", ", line 2"),
    ],
)
def test_a_file_that_is_not_toml_is_named_with_the_line(
    tmp_path: Path, raw: bytes, place: str
) -> None:
    path = tmp_path / SETTINGS_FILE
    path.write_bytes(raw)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path)
    assert caught.value.where == f"{path}{place}"
    assert "s3cret" not in str(caught.value)


@given(st.text(max_size=60), st.text(max_size=10))
def test_no_mistake_shows_a_value(
    tmp_path_factory: pytest.TempPathFactory, value: str, key: str
) -> None:
    """Whatever is put into a setting that cannot take it, the message does not quote it."""
    folder = tmp_path_factory.getbasetemp()
    canary = "s3cret-canary"
    for line in (
        f"password_env = {json.dumps(canary + value)}",
        f"{json.dumps(key)} = {json.dumps(canary + value)}",
        f"url = [{json.dumps(canary + value)}]",
        f"url = {canary}{value}",
    ):
        try:
            read(folder, f"[tables]\n{line}\n")
        except SettingsError as error:
            assert canary not in str(error)  # noqa: PT017 -- some of these lines are sound
    (folder / SETTINGS_FILE).unlink()


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).mkdir()
    with pytest.raises(SettingsError, match="the settings are a folder"):
        read_settings(tmp_path)


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the system's refusal is played."""

    def refuse(_: Path) -> bytes:
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(NoPermission, match="cannot be read"):
        read_settings(tmp_path)


# --- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://harbour:s3cret@db/boats", "postgresql://harbour:***@db/boats"),
        ("postgresql://harbour:s3/cr@s3cret@db/boats", "postgresql://harbour:***@db/boats"),
        ("postgresql://harbour@db/boats", "postgresql://harbour@db/boats"),
        ("postgresql://:s3cret@/boats", "postgresql://:***@/boats"),
        (
            "postgresql://db/boats?sslmode=require&PassWord=s3cret&sslpassword=s3cret&a=b",
            "postgresql://db/boats?sslmode=require&PassWord=***&sslpassword=***&a=b",
        ),
        ("sqlite:////srv/harbour@home/boats.db", "sqlite:////srv/harbour@home/boats.db"),
    ],
)
def test_a_password_in_the_address_is_never_shown(tmp_path: Path, url: str, shown: str) -> None:
    settings = read(tmp_path, f"[tables]\nurl = {json.dumps(url)}\n")
    assert ("tables.url", shown, "file") in in_force(settings)
    for text in (repr(settings), str(settings), repr(settings.tables), f"{settings!r}"):
        assert shown in text
        assert "s3cret" not in text
