"""Clusters of messages, row by row and as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.signals._behaviour_rows import DELETE
from leeward.signals._behaviour_saved import One, restored
from leeward.signals._behaviour_table import pack, roomy
from leeward.signals._templates_clusters import Clusters, compare, new_clusters, reband
from leeward.signals._templates_hash import signatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from leeward.signals._behaviour_rows import Rows

    Array = npt.NDArray[Any]
    Longs = npt.NDArray[np.int64]

__all__ = ["COPIES", "cluster_arrays", "cluster_rows", "restored_clusters"]

COPIES: Final = 8
"""Messages of others that the evidence names."""


def cluster_rows(
    clusters: Clusters, batch: pa.RecordBatch, rows: Rows, begin: int, end: int
) -> tuple[Clusters, Longs, Longs]:
    """Take the messages of some rows.

    Returns:
        The memory; how many accounts sent one alike, by row of the batch, -1 where there is
        nothing to compare; by row from ``begin`` on the numbers, plus one, of the last messages of
        other accounts, 0 for none.
    """
    signs, asked = signatures(batch)
    asked = asked & (rows.op != DELETE)
    accounts = np.full(len(rows.seq), -1, np.int64)
    others = np.zeros((end - begin, COPIES), np.int64)
    clusters = clusters._replace(groups=roomy(clusters.groups, end - begin))
    compare(clusters, begin, end, signs, asked, rows.actor, rows.at, accounts, others)
    return clusters, accounts, others


def cluster_arrays(clusters: Clusters) -> Iterator[Array]:
    """What is remembered, the oldest message first."""
    slots = _slots(int(clusters.total[0]), len(clusters.signs))
    yield clusters.total
    yield clusters.signs[slots]
    yield clusters.facts[slots]
    yield from pack(clusters.groups)


def restored_clusters(clusters: Clusters, arrays: Iterator[Array]) -> Clusters:
    """A memory like the one given, holding what :func:`cluster_arrays` gave.

    Raises:
        ValueError: The arrays are not those of such a memory.
    """
    total, signs, facts = next(arrays), next(arrays), next(arrays)
    groups = restored(One(clusters.groups), arrays).table
    made = new_clusters(len(clusters.signs))
    slots = _slots(int(total[0]), len(made.signs))
    made.total[0] = total[0]
    made.signs[slots] = signs
    made.facts[slots] = facts
    made = made._replace(groups=groups)
    reband(made)
    return made


def _slots(total: int, most: int) -> Longs:
    slots: Longs = np.arange(max(0, total - most), total, dtype=np.int64) % most
    return slots
