"""Platforms small enough to be read as plain Python, made once for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.simulate import ATTACKS, STRUCTURES, Attack, Structure, simulate
from tests.simulate._platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Structure], Platform]:
    """A platform by structure; made when it is first asked for."""
    made: dict[str, Platform] = {}

    def one(structure: Structure) -> Platform:
        if structure not in made:
            folder = tmp_path_factory.mktemp("simulated") / structure
            summary = simulate(folder, accounts=4_000, ring=150, seed=5, structure=structure)
            made[structure] = Platform(folder, summary, structure)
        return made[structure]

    return one


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Attack], Platform]:
    """The platform ``shared_posts`` under an attack; made when it is first asked for."""
    made: dict[str, Platform] = {}

    def one(attack: Attack) -> Platform:
        if attack not in made:
            folder = tmp_path_factory.mktemp("attacked") / attack
            summary = simulate(folder, accounts=4_000, ring=150, seed=5, attack=attack)
            made[attack] = Platform(folder, summary, "shared-posts")
        return made[attack]

    return one


@pytest.fixture(params=[attack for attack in ATTACKS if attack != "none"])
def under_attack(
    request: pytest.FixtureRequest, attacked: Callable[[Attack], Platform]
) -> Platform:
    """Each attack in turn."""
    return attacked(request.param)


@pytest.fixture(params=STRUCTURES)
def platform(
    request: pytest.FixtureRequest, platforms: Callable[[Structure], Platform]
) -> Platform:
    """Each structure in turn."""
    return platforms(request.param)


@pytest.fixture
def shared_posts(platforms: Callable[[Structure], Platform]) -> Platform:
    """One platform, where the structure does not matter."""
    return platforms("shared-posts")
