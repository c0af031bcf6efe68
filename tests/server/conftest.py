from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.server._running import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a server on a free port, over the folder `data` unless another is named."""
    started: list[Running] = []

    def begin(folder: str = "data", **settings: dict[str, Any]) -> Running:
        started.append(Running(tmp_path / folder, tmp_path / "output", **settings))
        return started[-1]

    yield begin
    for running in started:
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the tests of a module that do not disturb each other."""
    folder = tmp_path_factory.mktemp("server")
    running = Running(folder / "data", folder / "output", server={"max_body_bytes": 1 << 20})
    assert running.url, running.output.read_text()
    yield running
    running.close()
