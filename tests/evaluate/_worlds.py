"""Worlds for tests: made by hand, and simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from leeward.evaluate import RING, World
from leeward.network import Graph, Range
from leeward.pipeline import ingest
from leeward.simulate import simulate
from leeward.store import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.evaluate import Searched

NO_GRAPH = cast("Graph", None)


def world_of(roles: list[str], oracle: list[float] | None = None) -> World:
    """A world without acts: its accounts are the nodes from 0, its items those from 0, too."""
    words = np.array(roles, np.str_)
    ring = np.isin(words, RING)
    return World(
        NO_GRAPH,
        np.arange(len(roles), dtype=np.int32),
        words,
        np.arange(len(roles)),
        ring,
        ring.copy(),
        np.zeros(len(roles)) if oracle is None else np.array(oracle),
        None,
    )


def simulated(folder: Path, accounts: int = 2_000, **more: Any) -> Path:
    """A folder as :func:`leeward.evaluate.open_world` opens it."""
    simulate(folder / "platform", accounts=accounts, ring=accounts // 70, seed=1, **more)
    with Writer.open(folder / "data") as writer:
        ingest([folder / "platform" / "events.parquet"], writer)
    return folder


class _Found:
    """What a milestone knows of its search."""

    def __init__(self, size: float, seeds: list[int], accounts: int) -> None:
        self.size = Range(size, size, size)
        self.seeds = np.isin(np.arange(accounts), seeds)


def found_size(size: float, seeds: list[int], accounts: int) -> Searched:
    """A search that knows how large the ring is, and nothing else."""
    return cast("Searched", _Found(size, seeds, accounts))
