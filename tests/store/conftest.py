"""A data folder, and sizes at which few events go down every path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store._helpers import shrink

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a log can be made."""
    return tmp_path / "data"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, parts, groups, windows and fan-in."""
    shrink(monkeypatch.setattr)
