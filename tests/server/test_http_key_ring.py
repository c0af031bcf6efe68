"""The cache of keys: how often the tables are asked."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from leeward.errors import Overloaded, StoreError
from leeward.server import _keys
from leeward.server._answers import Problem
from leeward.server._keys import KeyRing
from leeward.store.tables import create_key, open_tables, revoke_key, verify_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leeward.store.tables import Tables


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:///{tmp_path}/leeward.db") as opened:
        yield opened


def asking(secret: str) -> Request:
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    return Request({"type": "http", "headers": headers})


def made(tables: Tables, name: str) -> str:
    with tables.begin() as connection:
        return create_key(connection, name, ["events:write"], by="tests")[1]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    verify = verify_key

    def count(connection: Any, secret: str) -> Any:
        asked.append(secret)
        return verify(connection, secret)

    monkeypatch.setattr(_keys, "verify_key", count)
    return asked


async def _denied(ring: KeyRing, secret: str) -> None:
    with pytest.raises(Problem) as caught:
        await ring.require(asking(secret), "events:write")
    assert caught.value.status == 401


def test_a_key_is_looked_up_once_however_many_ask(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = made(tables, "gateway")
    asked = counted(monkeypatch)

    async def run() -> None:
        ring = KeyRing(tables, 60)
        keys = await asyncio.gather(
            *(ring.require(asking(secret), "events:write") for _ in range(100))
        )
        assert {key.name for key in keys} == {"gateway"}
        assert (await ring.require(asking(secret), "events:write")).name == "gateway"
        ring.close()

    asyncio.run(run())
    assert asked == [secret]


def test_a_wrong_key_is_remembered_too(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch)

    async def run() -> None:
        ring = KeyRing(tables, 60)
        for _ in range(5):
            await _denied(ring, "wrong")
        ring.close()

    asyncio.run(run())
    assert asked == ["wrong"]


def test_with_no_time_to_stand_every_request_asks(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = made(tables, "gateway")
    asked = counted(monkeypatch)

    async def run() -> None:
        ring = KeyRing(tables, 0)
        for _ in range(3):
            await ring.require(asking(secret), "events:write")
        ring.close()

    asyncio.run(run())
    assert asked == [secret] * 3


def test_a_revoked_key_is_refused_once_the_answer_is_old(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = made(tables, "gateway")
    now = 1_000.0
    monkeypatch.setattr(_keys, "time", SimpleNamespace(monotonic=lambda: now))

    async def run() -> None:
        nonlocal now
        ring = KeyRing(tables, 10)
        key = await ring.require(asking(secret), "events:write")
        with tables.begin() as connection:
            revoke_key(connection, key.prefix, by="tests")
        now += 9.9
        await ring.require(asking(secret), "events:write")
        now += 0.1
        await _denied(ring, secret)
        ring.close()

    asyncio.run(run())


def test_a_flood_of_wrong_keys_stays_bounded(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are refused, the rest told to come again; nothing is remembered beyond the bound."""
    monkeypatch.setattr(_keys, "KEPT", 10)

    async def run() -> None:
        ring = KeyRing(tables, 60)
        answers = await asyncio.gather(
            *(ring.require(asking(f"wrong {n}"), "events:write") for n in range(1_000)),
            return_exceptions=True,
        )
        assert {type(answer) for answer in answers} == {Problem, Overloaded}
        assert sum(isinstance(answer, Problem) for answer in answers) == _keys.WAITING
        assert len(ring._known) == 10
        ring.close()

    asyncio.run(run())


def test_tables_that_do_not_answer_let_nobody_in(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = made(tables, "gateway")

    def fail(*_: object) -> None:
        raise StoreError("the tables do not answer")

    monkeypatch.setattr(_keys, "verify_key", fail)

    async def run() -> None:
        ring = KeyRing(tables, 60)
        for _ in range(2):
            with pytest.raises(StoreError):
                await ring.require(asking(secret), "events:write")
        ring.close()

    asyncio.run(run())
