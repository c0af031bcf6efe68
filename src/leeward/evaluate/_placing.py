"""Seeds for an evaluation: members, some of them wrong, or anybody at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.evaluate._trial import RING

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.evaluate._world import World

    Int64 = npt.NDArray[np.int64]

__all__ = ["placebo", "seeds_of"]


def seeds_of(world: World, count: int, wrong: int, draw: int) -> Int64:
    """Places of accounts to begin with: members that act, and some who are no members.

    The first of a draw stay the same when more are drawn, so that more seeds are more of the same.

    Args:
        world: The platform.
        count: How many.
        wrong: How many of them are no members.
        draw: Of the random numbers.
    """
    rng = np.random.default_rng((draw, 1))
    acting = np.isin(world.roles, RING[:-1])[world.by_name]
    members = rng.permutation(world.by_name[acting])
    others = rng.permutation(world.by_name[~world.ring[world.by_name]])
    return np.concatenate([members[: count - wrong], others[:wrong]])


def placebo(world: World, count: int, draw: int) -> Int64:
    """Places of accounts drawn from all: nobody's network, but for what chance brings together."""
    rng = np.random.default_rng((draw, 2))
    return rng.permutation(world.by_name)[:count]
