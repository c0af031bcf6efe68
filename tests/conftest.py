"""What every room's tests share: how many rounds, and where the data lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = os.environ.get("LEEWARD_TEST_FULL") == "1"
CI = os.environ.get("CI") == "true"

# The examples of a round do not depend on the clock of a busy machine, so neither do failures.
settings.register_profile(
    "fast",
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("full", settings.get_profile("fast"), max_examples=1_000)
settings.load_profile("full" if FULL else "fast")


def absent(what: str) -> None:
    """Skip the test for something that this machine lacks; on CI nothing may lack."""
    if CI:
        pytest.fail(f"{what}, and CI must have it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], int]:
    """``rounds(full, reduced)``: how often to repeat; ``make test-slow`` asks for the full."""
    return lambda full, reduced: full if FULL else reduced


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded input beside the project, which is read in place."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        absent("../shared/data is absent")
    return folder
