"""Exchanges as an operator's settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from leeward.connectors import open_exchange, open_lookup
from leeward.errors import SettingsError, UsageError
from leeward.model import ExchangeSettings
from tests.connectors._exchange_servers import (
    PASSWORD,
    USER,
    GraphServer,
    NcmecServer,
    ShieldServer,
    StopNciiServer,
)

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {
    "USER": USER,
    "PASSWORD": f"{PASSWORD}\n",
    "KEY": PASSWORD,
    "FETCH": "key-of-FetchHashes",
    "TOKEN": GraphServer.token,
    "BLANK": " \n",
    "ODD": "boat\nhouse-9",
}
KEYS = {"key_env": "KEY", "fetch_key_env": "FETCH"}
TOKEN = {"token_env": "TOKEN"}
PAIR = {"user_env": "USER", "password_env": "PASSWORD"}


def of(**given: Any) -> ExchangeSettings:
    return msgspec.convert(given, ExchangeSettings)


def test_each_kind_is_opened_with_its_secrets_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"algorithm,value\nmd5,{'0f' * 16}\n")
    with NcmecServer() as ncmec, StopNciiServer() as stopncii, GraphServer() as graph:
        opened = [
            of(kind="ncmec", address=ncmec.address, **PAIR),
            of(kind="stopncii", address=stopncii.address, **KEYS),
            of(kind="threatexchange", address=graph.address, group="4242", **TOKEN),
            of(kind="files", path="list.csv"),
        ]
        for settings in opened:
            exchange = open_exchange("pier", settings, tmp_path, SECRETS)
            assert exchange.name == "pier"
            assert list(exchange.pages(None))[-1].last
            exchange.close()


def test_a_look_up_service_is_opened_for_questions_only(tmp_path: Path) -> None:
    with ShieldServer() as server:
        settings = of(kind="arachnid", address=server.address, **PAIR)
        lookup = open_lookup("shield", settings, SECRETS)
        assert lookup.look_up_media(b"waves", "image/png").kind == "unknown"
        lookup.close()

        with pytest.raises(SettingsError, match="gives no list"):
            open_exchange("shield", settings, tmp_path, SECRETS)
    with pytest.raises(SettingsError, match="answers no questions"):
        open_lookup("lists", of(kind="files", path="x"), SECRETS)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"kind": "ncmec", **PAIR}, "address"),
        ({"kind": "ncmec", "address": "ngo", "user_env": "USER"}, "password_env"),
        ({"kind": "ncmec", "address": "ngo", **PAIR, "password_env": "NONE"}, "password_env"),
        ({"kind": "ncmec", "address": "ngo", **PAIR, "password_env": "BLANK"}, "password_env"),
        ({"kind": "ncmec", "address": "ngo", **PAIR, "password_env": "ODD"}, "password_env"),
        ({"kind": "ncmec", "address": "ngo", **PAIR, "proxy_env": "NONE"}, "proxy_env"),
        ({"kind": "threatexchange", "token_env": "TOKEN"}, "group"),
        ({"kind": "files"}, "path"),
    ],
)
def test_what_is_missing_is_named_and_no_value_is(
    given: dict[str, Any], key: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        open_exchange("pier", of(**given), tmp_path, SECRETS)
    assert caught.value.where == f"exchanges.pier.{key}"
    assert not any(value.strip() and value in str(caught.value) for value in SECRETS.values())


def test_a_list_of_ncmec_is_known_by_its_name(tmp_path: Path) -> None:
    exchange = open_exchange("pier", of(kind="ncmec", address="ngo", **PAIR), tmp_path, SECRETS)
    exchange.close()
    with pytest.raises(UsageError):
        open_exchange("pier", of(kind="ncmec", address="harbour", **PAIR), tmp_path, SECRETS)


def test_a_secret_itself_is_no_setting() -> None:
    with pytest.raises(msgspec.ValidationError):
        of(kind="ncmec", password=PASSWORD)
    with pytest.raises(msgspec.ValidationError):
        of(kind="ncmec", password_env=PASSWORD)
