"""What a running server does beside receiving survives whatever goes wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from leeward.pipeline import Housekeeper, _housekeeping
from leeward.store import Log, Writer
from leeward.store.tables import ask_erasure, list_erasures, open_tables
from tests.cli.conftest import boat_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from leeward.errors import LeewardError


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_fault_is_shown_without_content_and_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    from leeward.model import Event

    def fail(*_: object) -> None:
        raise ValueError("canary-8812")

    monkeypatch.setattr(_housekeeping, "_LOOK", 0.02)
    monkeypatch.setattr(_housekeeping, "_AGAIN", 0.0)
    reported: list[LeewardError] = []
    url = f"sqlite:///{tmp_path / 'leeward.db'}"
    with Writer.open(tmp_path) as writer, open_tables(url) as tables:
        writer.append([msgspec.convert(boat_event(1, "boat:3"), Event)])
        with tables.begin() as connection:
            ask_erasure(connection, "boat:3", "Ada")
        keeper = Housekeeper(writer, tables, reported.append)
        with monkeypatch.context() as broken:
            broken.setattr(_housekeeping, "carry_out", fail)
            keeper.start()
            wait_for(lambda: bool(keeper.trouble))
        assert "canary" not in "".join(map(str, reported))
        assert keeper.trouble == {"_erase": "erasing a person fails"}

        def done() -> bool:
            with tables.read() as connection:
                return bool(list_erasures(connection, done=True))

        wait_for(done)
        wait_for(lambda: not keeper.trouble)
        keeper.stop()
    with Log(tmp_path) as log:
        assert log.of(account="boat:3") == []
