"""Removing what the settings do not keep."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from leeward.pipeline._erasure import kept_by_holds
from leeward.pipeline._fetch_forget import expire_fetched
from leeward.pipeline._media_map import tidy_media
from leeward.store import Expired, Log, expire, read_settings
from leeward.store.tables import record

if TYPE_CHECKING:
    from leeward.store import Writer
    from leeward.store.tables import Tables

__all__ = ["retain"]


def retain(writer: Writer, tables: Tables, by: str, *, apply: bool) -> Expired:
    """Remove events past the age that ``[retention]`` gives their kind; what a hold covers stays.

    Args:
        writer: The log's writer.
        tables: Where the holds are, and the audit chain.
        by: Who acts.
        apply: Remove them, which is noted in the audit chain; otherwise only count.
    """
    ages = read_settings(writer.layout.data).retention.ages()
    micros = {str(kind): seconds * 1_000_000 for kind, seconds in ages.items()}
    now = time.time_ns() // 1_000
    done = expire(writer, micros, now, partial(kept_by_holds, tables), apply=apply)
    if apply:
        # Also where nothing was removed: the run before this may have ended in between.
        with Log(writer.layout.data) as log:
            expire_fetched(log, tables, micros, now)
            if done.removed:
                tidy_media(tables, log, writer.layout.data)
    if apply and done.removed:
        with tables.begin() as connection:
            record(connection, by, "retention.apply", "log", done._asdict())
    return done
