"""Flood control through HTTP: uploads that match one entry a thousandfold pause it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from leeward.cli import main
from leeward.model import BankSettings
from leeward.store.tables import (
    FLOOD_ACTOR,
    create_bank,
    list_floods,
    open_tables,
    paused_entries,
    resume_entries,
    verify_audit,
)
from tests.server._running import Running, make_key, wait_until
from tests.server.test_http_match import Asking, add, value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOOD = 1_000
PILOTS = BankSettings(
    meaning="illegal_verified",
    source="the pilots",
    automation_distance=20,
    causes=frozenset({"open_case", "hide"}),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    with open_tables(f"sqlite:///{tmp_path}/data/leeward.db") as tables, tables.begin() as db:
        create_bank(db, "pilots", PILOTS, "Ada")
    add(tmp_path / "data", ("pdq", value(1)))
    add(tmp_path / "data", ("sha256", bytes(range(32))))
    return tmp_path / "data"


@pytest.fixture
def started(data: Path, tmp_path: Path) -> Iterator[Any]:
    """Starts servers on one data folder, and ends what is left of them."""
    running: list[Running] = []

    def start() -> Asking:
        running.append(Running(data, tmp_path / "output"))
        asking = Asking(running[-1])
        wait_until(lambda: asking.status(value(2)) == "unmatched")
        return asking

    yield start
    for server in running:
        server.close()


def uploads(asking: Asking, first: int, count: int) -> None:
    """So many clients at four doors, each with a picture that is near the first entry's."""

    def send(numbers: range) -> None:
        for number in numbers:
            flipped = {number % 256, number * 7 % 256, (number // 256 + 1) * 31 % 256}
            answer = asking.hashes({"pdq": value(1, *sorted(flipped)).hex()})
            assert answer.json()["results"][0]["status"] == "matched"

    lanes = [range(first + lane, first + count, 4) for lane in range(4)]
    threads = [threading.Thread(target=send, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def result(asking: Asking, **item: str) -> Any:
    return asking.hashes(item).json()["results"][0]


def test_an_entry_that_a_thousand_uploads_match_is_paused(
    data: Path, started: Any, run_status: Any
) -> None:
    """Over a restart; then a match is a person's task, and the very file still hides."""
    asking = started()
    uploads(asking, 0, FLOOD - 100)
    assert result(asking, pdq=value(1).hex())["may_follow"] == ["hide", "open_case"]
    assert asking.server.stop() == 0
    asking = started()
    uploads(asking, FLOOD - 100, 100)
    wait_until(lambda: bool(result(asking, pdq=value(1).hex())["needs_person"]))
    paused = result(asking, pdq=value(1).hex())
    assert (paused["status"], paused["may_follow"]) == ("matched", [])
    assert paused["matches"][0]["withheld"] == "entry_paused"
    exact = result(asking, sha256=bytes(range(32)).hex())
    assert exact["may_follow"] == ["hide", "open_case"]

    reader = make_key(data, "reader", "metrics:read")
    headers = {"authorization": f"Bearer {reader}"}
    wait_until(
        lambda: (
            "leeward_match_floods 1.0" in asking.server.client.get("/metrics", headers=headers).text
        )
    )
    figures = asking.server.client.get("/metrics", headers=headers).text
    assert "leeward_match_paused_entries 1.0" in figures
    (alert,) = run_status(data)
    assert "the bank pilots, entry 1, floods since" in alert
    assert "it is paused" in alert

    with open_tables(f"sqlite:///{data}/leeward.db") as tables:
        with tables.read() as db:
            (flood,) = list_floods(db)
            (why,) = paused_entries(db).values()
            assert verify_audit(db).faults == ()
        assert (why.by, why.why) == (FLOOD_ACTOR, flood.why)
        assert flood.matches >= FLOOD
        with tables.begin() as db:
            resume_entries(db, "pilots", [1], "Bo", "looked at twenty of them")
    wait_until(lambda: result(asking, pdq=value(1).hex())["may_follow"] == ["hide", "open_case"])
    uploads(asking, 0, 200)
    wait_until(
        lambda: (
            "leeward_match_floods 0.0" in asking.server.client.get("/metrics", headers=headers).text
        )
    )
    assert result(asking, pdq=value(1).hex())["may_follow"] == ["hide", "open_case"]


@pytest.fixture
def run_status(capfd: pytest.CaptureFixture[str]) -> Any:
    """What ``leeward status`` begins with."""

    def alerts(data: Path) -> Any:
        capfd.readouterr()
        with pytest.raises(SystemExit):
            main(["status", "--data", str(data), "--json"])
        return json.loads(capfd.readouterr().out)["alerts"]

    return alerts
