"""Removing what the settings do not keep."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from leeward.pipeline._erasure import kept_by_holds
from leeward.store import Expired, expire, read_settings

if TYPE_CHECKING:
    from leeward.store import Writer
    from leeward.store.tables import Tables

__all__ = ["retain"]


def retain(writer: Writer, tables: Tables, *, apply: bool) -> Expired:
    """Remove events past the age that ``[retention]`` gives their kind; what a hold covers stays.

    Args:
        writer: The log's writer.
        tables: Where the holds are.
        apply: Remove them; otherwise only count.
    """
    ages = read_settings(writer.layout.data).retention.ages()
    micros = {str(kind): seconds * 1_000_000 for kind, seconds in ages.items()}
    now = time.time_ns() // 1_000
    return expire(writer, micros, now, partial(kept_by_holds, tables), apply=apply)
