"""A simulated platform that stands ready to be searched, with the truth about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.errors import InputError
from leeward.evaluate._ceiling import ceiling, read_tainted
from leeward.evaluate._cost import Cost, measured
from leeward.evaluate._trial import RING, read_truth
from leeward.network import Node
from leeward.pipeline import interaction_graph
from leeward.store import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from leeward.network import Graph

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]
    Words = npt.NDArray[np.str_]

__all__ = ["SHIELDED", "World", "open_world", "order_of"]

SHIELDED: Final = ("child", "family", "school", "critic", "flagger")
"""The roles for which only protective actions may exist."""


class World(NamedTuple):
    """A platform and the truth about it.

    Attributes:
        graph: Its interaction graph.
        accounts: (accounts) The nodes of the accounts that are in the truth, ascending.
        roles: (accounts) Their roles.
        by_name: (accounts) Their places in the order of their names: nodes are numbered otherwise
            in each log, and draws must not depend on that.
        ring: (accounts) Who belongs to the ring.
        tainted: (nodes) The items that the ring made as a ring.
        oracle: (accounts) What an oracle thinks of each that knows all tainted items.
        building: What building the graph cost; None where it had been saved without that.
    """

    graph: Graph
    accounts: Int32
    roles: Words
    by_name: Int64
    ring: Bools
    tainted: Bools
    oracle: Doubles
    building: Cost | None


def open_world(
    folder: Path, *, oracle: bool = True, progress: Callable[[str], None] = lambda _: None
) -> World:
    """Open a platform: a folder with ``platform`` as it was simulated, and its log in ``data``.

    The graph, what it cost and the oracle's opinion are kept in the folder.

    Args:
        folder: Where it is.
        oracle: Ask the oracle, which needs scikit-learn and takes minutes for a million accounts.
            Without it nobody has an opinion.
        progress: Told what happens.

    Raises:
        InputError: The folder holds something else.
        DependencyDown: The oracle needs scikit-learn.
    """
    with Log(folder / "data") as log:
        built = folder / "graph.json"
        if built.exists():
            building = msgspec.json.decode(built.read_bytes(), type=Cost | None)
            graph = interaction_graph(log)
        else:
            progress("building the graph")
            graph, building = measured(lambda: interaction_graph(log))
            built.write_bytes(msgspec.json.encode(building))
        truth = read_truth(folder / "platform" / "truth.parquet")
        nodes = read_tainted(folder / "platform" / "tainted.parquet", graph, log.hasher)
    accounts, roles, by_name = _roles(graph, truth)
    ring = np.isin(roles, RING)
    tainted = np.zeros(len(graph.kind), np.bool_)
    tainted[nodes] = True
    opinions = np.zeros(len(accounts))
    if oracle:
        opinions = _kept(
            folder / "oracle.npy",
            len(accounts),
            lambda: ceiling(graph, accounts, ring, nodes).probabilities,
            progress,
        )
    return World(graph, accounts, roles, by_name, ring, tainted, opinions, building)


def _roles(graph: Graph, truth: dict[str, str]) -> tuple[Int32, Words, Int64]:
    """The accounts of the graph that are in the truth, their roles and the order of their names."""
    nodes = np.flatnonzero((graph.kind == Node.ACCOUNT) & (graph.named >= 0)).astype(np.int32)
    names = graph.names.take(pa.array(graph.named[nodes]))
    roles = np.array([truth.get(name, "") for name in names.to_pylist()], np.str_)
    known = roles != ""
    return nodes[known], roles[known], order_of(names.filter(pa.array(known)))


def order_of(names: pa.Array) -> Int64:
    """The places of names in their order."""
    order: Int64 = pc.sort_indices(names).to_numpy().astype(np.int64)
    return order


def _kept(
    file: Path, length: int, make: Callable[[], Doubles], progress: Callable[[str], None]
) -> Doubles:
    if not file.exists():
        progress("asking the oracle")
        np.save(file, make())
    try:
        kept: Doubles = np.load(file)
    except ValueError:
        kept = np.empty(0)
    if kept.shape != (length,):
        raise InputError(
            "what is kept of the oracle is of another platform",
            where=str(file),
            hint="delete this file; it is made again",
        )
    return kept
