"""What the interaction graph reads of the media map.

Both follow one rule, so of most pictures the graph knows by itself what the map says. What events
do not say are hashes that were fetched later, and clusters that a person merged.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from leeward.model import Domain
from leeward.network import Joins
from leeward.store import read_settings
from leeward.store.tables import database_url, joined_names, joined_values, open_tables

if TYPE_CHECKING:
    from leeward.store import Log

__all__ = ["media_joins"]


def media_joins(log: Log) -> Joins | None:
    """What is one picture by the media map of a log; None where it has no tables.

    Raises:
        LeewardError: The tables cannot be read.
    """
    data = log.layout.data
    url = database_url(read_settings(data).tables, data, os.environ)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return None
    with open_tables(url) as tables, tables.read() as connection:
        names, values = joined_names(connection), joined_values(connection)
    texts = pa.array([value.hex() for value, _ in values], pa.string())
    keys = np.array([key for key, _ in names], np.int64).astype(np.uint64)
    pictures = [number for _, number in names] + [number for _, number in values]
    return Joins(
        np.concatenate([keys, log.hasher.keys(texts, Domain.PDQ)]), np.array(pictures, np.int64)
    )
